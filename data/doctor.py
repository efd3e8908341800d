"""The examination of an installation: what is wrong with the data, and the command that mends it."""

import logging
import os
import pwd
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from data import doctor_log, doctor_site
from data.book_open import BookError
from data.finding import OK, WRONG, Finding, quoted
from data.issabel import Issabel
from data.recordings import Recordings
from data.store import Store

if TYPE_CHECKING:
    from config import Settings

AREAS = ("log", "rotation", "lines", "calls", "names", "recordings", "zone", "database", "folder", "audit",
         "browser")
FAILED = "This could not be examined: {detail}"
AUDIT = "The audit has {lines} lines, none changed and none missing"
NO_AUDIT = "Nobody has signed in yet: the audit begins with the first one"

log = logging.getLogger(__name__)


class Verdict(Protocol):
    """How many lines of the audit were looked at, and what is wrong with which: an English message id."""

    @property
    def lines(self) -> int: ...
    @property
    def wrong(self) -> str | None: ...
    @property
    def line(self) -> int: ...


def examine(settings: "Settings", store: Store | None, issabel: Issabel, recordings: Recordings | None,
            lang: str = "es", clock: Callable[[], float] = time.time,
            verify: Callable[[], Verdict | None] = lambda: None) -> list[Finding]:
    """Everything there is to say, in the order of AREAS; nothing is changed and nothing is raised. `store` None: there
    is none yet. `verify` goes through the audit; None while there is none."""
    path, now = settings.QUEUE_LOG_PATH, clock()
    table = settings.QUEUE_LOG_TABLE if settings.QUEUE_LOG_SOURCE == "mysql" and not settings.DEMO else None
    looks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("database", lambda: doctor_site.base(issabel)),
        ("folder", lambda: doctor_site.folder(settings.DATA_DIR, store)),
        ("audit", lambda: chain(verify(), settings.DATA_DIR)),
        ("browser", doctor_site.browser),
        ("log", lambda: doctor_log.source(store, path, table, issabel.database, now))]
    if table is None:
        looks.append(("rotation", lambda: doctor_log.copies(path)))
    if store is not None and recordings is not None:
        known, kept = store, recordings
        looks += [("rotation", lambda: doctor_log.days(known, path)), ("lines", lambda: doctor_log.lines(known, path)),
                  ("calls", lambda: doctor_log.calls(known, now)),
                  ("names", lambda: doctor_site.names(known, issabel, settings.DATA_DIR)),
                  ("recordings", lambda: doctor_site.sound(known, issabel, kept)),
                  ("zone", lambda: doctor_site.zone(known, issabel, kept, lang))]
    found: list[Finding] = []
    for area, look in looks:
        try:
            found += look()
        except Exception as error:  # one look that fails must not hide the others
            log.exception("the examination of %s failed", area)
            found.append(Finding(area, WRONG, FAILED, {"detail": f"{type(error).__name__}: {error}"[:200]},
                                 "python app.py doctor"))
    return sorted(found, key=lambda one: AREAS.index(one.area))


def chain(verdict: Verdict | None, folder: Path) -> Iterator[Finding]:
    """Is the audit what was written."""
    if verdict is None:
        yield Finding("audit", OK, NO_AUDIT)
    elif verdict.wrong:
        yield Finding("audit", WRONG, verdict.wrong, {"line": verdict.line}, f"ls -l {quoted(folder / 'backups')}")
    else:
        yield Finding("audit", OK, AUDIT, {"lines": verdict.lines})


def closed(error: BookError) -> Finding:
    """A store that cannot be opened."""
    return Finding("folder", WRONG, doctor_site.STORE_WRONG, {"cause": error.words}, "python app.py ingest --once")


def as_owner(folder: Path) -> None:
    """Root looks with the eyes of whom the data belongs to: what he may read is what matters, and no file of root's is
    left behind."""
    try:
        owner = folder.stat().st_uid
        person = pwd.getpwuid(owner)
    except (OSError, KeyError):
        return
    if os.geteuid() == 0 and owner != 0:
        os.initgroups(person.pw_name, person.pw_gid)
        os.setegid(person.pw_gid)
        os.seteuid(owner)
