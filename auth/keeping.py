"""What has to be done once in a while: old lines of the audit go, the note beside the database is written anew, and
a copy of the database is kept."""

import datetime as dt
import logging
import sqlite3
import threading
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from auth import audit
from auth.audit import Verdict
from auth.database import path_of, snapshot
from auth.marker import Marker
from auth.models import AuditHead, Setting
from auth.people import User
from auth.users import UserStore

log = logging.getLogger(__name__)

EVERY = 3600.0
COPIES = 7
RETENTION = "audit_retention_days"
CLOCK = "clock_seen"
LEAP, STEADY = 2 * 86_400.0, 7 * 86_400.0  # a service may be off for a weekend
# Two years: long enough for a quarrel about a call, short enough for a disk.
DAYS, FEWEST, MOST = 730, 30, 3650


def follow(users: UserStore, stop: threading.Event) -> None:
    """Keeps house until `stop` is set."""
    while not stop.is_set():
        try:
            keep(users)
        except (SQLAlchemyError, OSError, sqlite3.Error) as error:  # a disk that is full or read-only, most often
            log.warning("the users could not be looked after this time: %s", error)
        stop.wait(EVERY)


def keep(users: UserStore) -> None:
    """One round."""
    days, now = int(users.setting(RETENTION, DAYS)), users.clock()
    with users.writing() as session:
        if _steady(session, now):
            audit.trim(session, now, days)
    remember(users)
    copy(users)


def _steady(session: Session, now: float) -> bool:
    """Whether the clock has gone on without a leap for a week, as far as these rounds have seen it: by a clock that
    jumped for a while nothing is old."""
    found = session.get(Setting, CLOCK)
    told = found.value if found else {"since": now, "seen": now}
    if not -LEAP <= now - told["seen"] <= LEAP:
        told = {"since": now, "seen": now}
    session.merge(Setting(name=CLOCK, value={**told, "seen": now}))
    return bool(now - told["since"] >= STEADY)


def remember(users: UserStore) -> None:
    """Writes down outside of the database how far the audit goes, so that lines cut off its end are missed."""
    with users.reading() as session:
        newest = session.get(AuditHead, 1)
    if newest is not None:
        users.marker.write(newest.last, newest.seal)


def verify(users: UserStore) -> Verdict:
    """Goes through the whole chain of the audit."""
    known = users.marker.known()
    with users.reading() as session:
        return audit.verify(session, known)


def verified(url: str, folder: Path) -> Verdict | None:
    """The same for an installation that may be running or not; None when nobody was ever let in. Unusable."""
    if not Marker(folder / "people.json").there():
        return None
    users = UserStore(url, folder=folder, begin=False)
    try:
        return verify(users)
    finally:
        users.close()


def copy(users: UserStore) -> Path | None:
    """Today's copy of a SQLite database in `backups` beside it, the newest seven kept; None for other databases."""
    path = path_of(users.url)
    if path is None:
        return None
    folder = path.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    day = dt.datetime.fromtimestamp(users.clock(), dt.UTC).date()
    target = folder / f"{path.stem}-{day}.db"
    if not target.exists():
        snapshot(path, target)
        for old in sorted(folder.glob(f"{path.stem}-*.db"))[:-COPIES]:
            old.unlink()
    return target


def retain(users: UserStore, days: int, *, by: User | None = None, address: str = "") -> int:
    """Keeps the audit for that many days from now on; how many lines went at once."""
    users.choose(RETENTION, days, by=by, address=address)
    with users.writing() as session:
        gone = audit.trim(session, users.clock(), days, asked=True)
    remember(users)
    return gone
