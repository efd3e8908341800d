"""Issabel's databases as the rest of the house sees them: names, call records, and what is wrong with them.

Everything here is optional: without a database, or while it is away, nobody waits and nothing fails; what was known
stays known.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from data import issabel_names
from data.cdr import CallRecord, Cdr
from data.issabel_names import IssabelNames, Part
from data.mysql import SHAPE, Access, Database, DatabaseError

log = logging.getLogger(__name__)

EVERY = 60.0  # seconds between two looks at the names
PULSE = 10.0  # between two looks whether the server is there
NO_INDEX = "The table of the call records has no index by call"


class Issabel:
    """The databases behind `access` (None: there are none); names are kept in `folder`, times are those of `zone`."""

    def __init__(self, access: Access | None, folder: Path, zone: ZoneInfo, database: Database | None = None):
        self.folder = folder
        self.database = database or (Database(access) if access else None)
        self.cdr = Cdr(self.database, zone) if self.database else None
        self.names = issabel_names.load(folder) if self.database else IssabelNames()
        self.parts: list[Part] = []  # how each table answered last
        self._told = ""

    def another(self) -> Database:
        """The same server for who follows a table: patient, tried again soon, in nobody's way."""
        assert self.database is not None
        return Database(self.database.access, patience=20.0, most=2, longest=5.0)

    def refresh(self, keep: bool = True) -> IssabelNames:
        """Reads the names, and how the tables are; what is known afterwards, kept for later where `keep`. Nothing is
        raised."""
        if self.database is None or self.cdr is None:
            return self.names
        try:
            fresh, parts = issabel_names.read(self.database, self.names)
            parts.insert(0, self._records())
        except DatabaseError as error:
            self._say(f"{error}")
            return self.names
        self.parts = parts
        self._say("; ".join(f"{part.table}: {part.words}" for part in parts if part.words))
        if not fresh.same(self.names):
            self.names = issabel_names.keep(self.folder, fresh, self._say) if keep else fresh
        return self.names

    def _records(self) -> Part:
        assert self.database is not None and self.cdr is not None
        try:
            shape = self.cdr.probe(trial=True)
        except DatabaseError as error:
            if self.database.problem:
                raise
            return Part(self.cdr.table, error.words, error.detail)
        if "uniqueid" not in shape.indexed:
            return Part(self.cdr.table, NO_INDEX if "uniqueid" in shape.columns else SHAPE)
        return Part(self.cdr.table)

    def _say(self, words: str) -> None:
        """Into the log of the program, once for every change."""
        if words != self._told:
            self._told = words
            log.warning("Issabel's databases: %s", words) if words else log.info("Issabel's databases answer")

    def run(self, stop: threading.Event, changed: Callable[[IssabelNames], None], every: float = EVERY) -> None:
        """Looks again and again until `stop`; `changed` gets names that are new."""
        if self.database is None:
            return
        self.database.tended = True
        told, due = self.names, 0.0
        while not stop.is_set():
            try:
                if self.database.problem or time.monotonic() >= due:
                    due = time.monotonic() + every
                    if self.refresh() is not told:
                        changed(self.names)
                        told = self.names
                else:
                    self._look()
            except Exception:
                log.exception("the names of Issabel could not be taken this time")
            stop.wait(min(max(self.database.away, 0.1), every) if self.database.problem else min(PULSE, every))

    def _look(self) -> None:
        """Notices a server that went away although nobody asks it anything."""
        assert self.database is not None
        try:
            self.database.ask("SELECT 1", trial=True)
        except DatabaseError as error:
            self._say(f"{error}")

    # -- what pages ask --------------------------------------------------------------------------

    def hint(self) -> str:
        """What is wrong, as an English message id; "" when nothing is or nobody wants a database. The call center
        module is not installed everywhere."""
        if self.database is None:
            return ""
        mine = f"{self.database.access.callcenter}."
        return self.database.problem or next(
            (part.words for part in self.parts if part.words and not part.table.startswith(mine)), "")

    def named(self, callid: str) -> list[str]:
        """Names of recordings as the call records hold them; [] where they know nothing or cannot be asked."""
        try:
            return self.cdr.recordings([callid]) if self.cdr else []
        except DatabaseError:
            return []

    def call(self, callids: Sequence[str], enter: int, number: str | None, since: int | None, window: int,
             internal: Callable[[str], bool]) -> CallRecord | None:
        """What the records know of a call (see cdr.Cdr.call); None where they cannot be asked."""
        try:
            return self.cdr.call(callids, enter, number, since, window, internal) if self.cdr else None
        except DatabaseError:
            return None
