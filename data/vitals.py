"""How the service is: well, hindered by something that somebody has to mend, or unable to answer; and its figures.

Nothing here says anything of a call, a number or a person: `/health` is open to everybody.
"""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data import book_open, sources, store
from data.issabel import Issabel
from data.queue_table import NO_LOG_TABLE, NO_NUMBERS, NOT_A_LOG
from data.snapshot import IMPORTING
from data.store import Store

ROOM = 100 * 2**20  # bytes of free disk below which soon nothing can be kept
SHARE = 100  # one line in so many may be unreadable before somebody should look
SILENT = 120.0  # seconds without a sign of life after which nobody reads the log
HOUR = 3600.0

STALE = "Nothing was written to the log for a long time"
LOW = "The disk is almost full"
NOBODY = "No process reads the log"
REJECTED = "More than one line in a hundred is no event of a queue log"
DATABASE = "Issabel's databases do not answer"
ASTERISK = "Asterisk's manager interface does not answer"
UNREADABLE = "The store cannot be read"
PEOPLE = "The users cannot be read"

# What is said of a problem of the log or of the store. Whatever else a source says of itself is log_unreadable.
CODES = {
    sources.MISSING: "log_missing", NO_LOG_TABLE: "log_missing", sources.DENIED: "log_denied",
    sources.FOLDER: "log_unreadable", sources.UNREADABLE: "log_unreadable", NO_NUMBERS: "log_unreadable",
    NOT_A_LOG: "log_unreadable", sources.COPY_UNREADABLE: "log_copy_unreadable", IMPORTING: "importing",
    book_open.FULL: "disk_full", book_open.READ_ONLY: "read_only", book_open.DAMAGED: "store_damaged",
    store.DAMAGED: "store_damaged", book_open.NEWER: "store_newer", book_open.UNUSABLE: "store_unusable"}
# Without having read anything, these mean that nothing can be answered at all.
FATAL = ("store_damaged", "store_newer", "store_unusable")
# Every reason there is; DOWN are those with which the service is of no use.
DOWN = ("store_unreadable", "users_unreadable")
REASONS = (*dict.fromkeys(CODES.values()), "log_stale", "disk_low", "ingester_dead", "rejected_lines", "database_away",
           "ami_away", *DOWN)


@dataclass(frozen=True)
class Reason:
    """Why the service is not well: a `code` for programs, a sentence for people."""

    code: str
    message: str


class Vitals:
    """The state of one process of the service and of what all of them share."""

    def __init__(self, folder: Path, known: Store, issabel: Issabel, people: Callable[[], bool],
                 asterisk: Callable[[], str | None], log: Path | None, stale: float, refresh: float,
                 clock: Callable[[], float] = time.time):
        """`people()`: can the users be read; `asterisk()`: state of that connection, None where none was set; `log`:
        the live file, None for a table; `stale`: seconds without a new line that are too long; `refresh`: between
        two looks."""
        self.folder, self.store, self.issabel = folder, known, issabel
        self.people, self.asterisk, self.log, self.stale, self.clock = people, asterisk, log, stale, clock
        self.silent = SILENT + 3 * refresh
        self._began = clock()

    # -- health ----------------------------------------------------------------------------------

    def health(self) -> dict[str, Any]:
        """What `/health` answers: `status` ok, reading (a first import), degraded or down, and `reasons`."""
        found = self.reasons()
        codes = {one.code for one in found}
        status = "down" if codes & set(DOWN) else "degraded" if codes - {"importing"} else (
            "reading" if codes else "ok")
        asterisk = self.asterisk()
        return {**self.store.health(), "status": status, "reasons": [vars(one) for one in found],
                **({"ami": asterisk} if asterisk else {})}

    def reasons(self) -> list[Reason]:
        """Everything that is not as it should be, the worst first."""
        found = [Reason("users_unreadable", PEOPLE)] if not self.people() else []
        problem = self.store.health()["problem"]
        if problem:
            code = CODES.get(problem, "log_unreadable")
            if code in FATAL and not self.store.counts()["lines"]:
                found.append(Reason("store_unreadable", UNREADABLE))
            found.append(Reason(code, problem))
        found += self._folder({one.code for one in found})
        if self._dead(problem):
            found.append(Reason("ingester_dead", NOBODY))
        age = self.log_age()
        if age is not None and age > self.stale and not problem:
            found.append(Reason("log_stale", STALE))
        counts = self.store.counts()
        if counts["rejected"] * SHARE > counts["lines"]:
            found.append(Reason("rejected_lines", REJECTED))
        if self.database_up() is False:
            found.append(Reason("database_away", DATABASE))
        if self.asterisk() not in (None, "ok", "connecting"):
            found.append(Reason("ami_away", ASTERISK))
        return found

    def _folder(self, said: set[str]) -> list[Reason]:
        """What the disk itself says, where the one that reads the log has not found out yet."""
        found = []
        try:
            closed = book_open.unwritable(self.folder) or not os.access(self.folder, os.W_OK | os.X_OK)
            if closed and "read_only" not in said:
                found.append(Reason("read_only", book_open.READ_ONLY))
            if not closed and "disk_full" not in said and self.free() < ROOM:
                found.append(Reason("disk_low", LOW))
        except OSError:
            found.append(Reason("store_unreadable", UNREADABLE))
        return found

    def _dead(self, problem: str | None) -> bool:
        if problem and CODES.get(problem) not in (None, "importing"):
            return False  # said already, and perhaps the reason
        return self.clock() - self._began > self.silent and not self.ingester_alive()

    # -- figures ---------------------------------------------------------------------------------

    def ingester_alive(self) -> bool:
        """Whether some process has looked at the log lately."""
        at = self.store.beat.at()
        return at is not None and self.clock() - at < self.silent

    def log_age(self) -> float | None:
        """Seconds since the log was written to, or since its newest line; None without either."""
        newest = self.store.view().snapshot.data_until
        moments = [] if newest is None else [float(newest)]
        written = self._written()
        if written is not None:
            moments.append(written)
        return max(self.clock() - max(moments), 0.0) if moments else None

    def lag(self) -> float:
        """Seconds for which something in the log has been waiting to be read; 0 when everything was looked at. A table
        does not tell."""
        written, looked = self._written(), self.store.beat.at()
        if written is None or (looked is not None and written <= looked):
            return 0.0
        return max(self.clock() - max(written, looked or 0.0), 0.0)

    def _written(self) -> float | None:
        try:
            return self.log.stat().st_mtime if self.log else None
        except OSError:
            return None

    def free(self) -> int:
        """Bytes of the disk that are free."""
        return shutil.disk_usage(self.folder).free

    def database_up(self) -> bool | None:
        """Whether Issabel's databases answer; None where none are set."""
        return None if self.issabel.database is None else not self.issabel.database.problem

    def sizes(self) -> dict[str, int]:
        """Bytes on the disk: `store`, `users`, `exports`, `audio` and everything `other` in the data folder."""
        parts = {"store": ("store", "store-mysql"), "users": ("app.db", "app.db-wal", "app.db-shm", "backups"),
                 "exports": ("exports",), "audio": ("audio",)}
        place = {name: kind for kind, names in parts.items() for name in names}
        found = dict.fromkeys((*parts, "other"), 0)
        for path, size in _files(self.folder):
            found[place.get(path.relative_to(self.folder).parts[0], "other")] += size
        return found


def _files(folder: Path) -> list[tuple[Path, int]]:
    found = []
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                found.append((Path(path, name), os.lstat(os.path.join(path, name)).st_blocks * 512))  # noqa: PTH118
            except OSError:
                continue
    return found
