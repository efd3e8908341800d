"""The database of people and audit: opened, brought to this version, protected, copied."""

import errno
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from auth import standin, upgrade

BUSY_SECONDS = 10
ONLY_ADDED = "the audit is only ever added to"
# What may be deleted from the audit is only what a cut speaks of; the cut itself stays, and is a line of the audit.
OLD = "(SELECT COALESCE(MAX(up_to), 0) FROM audit_cuts)"
SQLITE = "CREATE TRIGGER IF NOT EXISTS {name} BEFORE {verb} ON {table} {when} BEGIN SELECT RAISE(ABORT, '{words}'); END"
MARIADB = ("CREATE TRIGGER IF NOT EXISTS {name} BEFORE {verb} ON {table} FOR EACH ROW "
           "IF {when} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{words}'; END IF")
TRIGGERS = (("audit_stays", "UPDATE", "audit", "1 = 1"), ("audit_lines_stay", "DELETE", "audit", f"OLD.id > {OLD}"),
            ("audit_cuts_stay", "UPDATE", "audit_cuts", "1 = 1"),
            ("audit_cuts_are_kept", "DELETE", "audit_cuts", "1 = 1"))

NOT_KEPT = "Nothing can be kept on the server right now: its disk is full or may not be written."
# What SQLite says then; its errors reach us with and without their numbers.
DISK = ("disk is full", "readonly database", "unable to open database file", "disk I/O error")


class Unusable(Exception):
    """The database cannot be used; the message is one sentence with what to do."""


def unkept(error: Exception) -> bool:
    """Whether something failed because nothing can be written: the disk is full or read-only."""
    if isinstance(error, DatabaseError | sqlite3.Error):
        return any(words in str(error) for words in DISK)
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def path_of(url: str) -> Path | None:
    """The file of a SQLite address; None for other databases and for one in memory."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or address.database in (None, "", ":memory:"):
        return None
    return Path(str(address.database))


def connect(url: str, foreign_keys: bool = True) -> Engine:
    """An engine for any SQLAlchemy address. A SQLite file is made 0600 in a folder of 0700, in WAL mode."""
    address = make_url(url)
    more: dict[str, Any]
    if address.get_backend_name() != "sqlite":
        if address.drivername in ("mysql", "mariadb"):
            address = address.set(drivername="mysql+pymysql")
        # Without the timeouts a server that accepts and stays silent would be waited for for ever.
        more = {"connect_timeout": 5, "read_timeout": 30, "write_timeout": 30, "charset": "utf8mb4"} if (
            address.get_driver_name() == "pymysql") else {}
        return create_engine(address, pool_pre_ping=True, pool_recycle=1800, connect_args=more)
    path = path_of(url)
    more = {} if path else {"poolclass": StaticPool}
    if path:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = standin.place(path)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            path.chmod(0o600)
        except (OSError, sqlite3.Error) as error:
            raise Unusable(f"The users in {path} cannot be opened: {error}.") from None
        address = address.set(database=str(path))
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **more)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late to be a write lock
        for pragma in ("journal_mode=WAL", f"foreign_keys={'ON' if foreign_keys else 'OFF'}", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A reader that turns writer half-way fails at once when another wrote meanwhile; asking for the
        # write lock first makes it wait its turn instead.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def prepare(engine: Engine, url: str) -> None:
    """Tables of this version and triggers; Unusable when the database is damaged, away or of a newer version."""
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                if found != "ok":
                    raise Unusable(_damaged(url, str(found)))
            before = upgrade.step(connection)
            if not before:
                upgrade.begin(connection)
        if before not in ("", upgrade.HEAD):
            _bring(url, before)
        with engine.begin() as connection:
            _protect(connection)
    except upgrade.Newer as error:
        raise Unusable(_newer(url, str(error))) from None
    except DatabaseError as error:
        raise Unusable(_damaged(url, str(error.orig))) from None
    except SQLAlchemyError as error:
        raise Unusable(_damaged(url, type(error).__name__)) from None


def _bring(url: str, before: str) -> None:
    path, copy = path_of(url), None
    if path is not None:
        copy = path.parent / "backups" / upgrade.name_of_copy(before, time.time())
        try:
            snapshot(path, copy)
        except (OSError, sqlite3.Error) as error:
            raise Unusable(f"The users in {path} are of an older version and cannot be copied to {copy.parent} before "
                           f"they are changed ({error}): free some space, or give the folder back, and start again."
                           ) from None
    engine = connect(url, foreign_keys=False)
    try:
        upgrade.bring(engine.execution_options(writes=True), copy)
    finally:
        engine.dispose()


def snapshot(path: Path, target: Path) -> None:
    """The SQLite file at `path` as it is at this moment, whoever works with it, as one file without companions."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.parent / f".{target.stem}.{os.getpid()}.draft"
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as kept:
            source.backup(kept)
            kept.execute("PRAGMA journal_mode=DELETE")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _newer(url: str, steps: str) -> str:
    path = path_of(url)
    place, copy = (path, f"put the copy of {path.parent / 'backups'} from before in its place") if path else (
        f"the database {make_url(url).database}", "put a copy from before in its place")
    return (f"The users in {place} were written by a newer version of the program (step {steps}, this one knows "
            f"{upgrade.HEAD}): install that version again, or {copy}.")


def _damaged(url: str, why: str) -> str:
    path = path_of(url)
    if path is None:
        return f"The database of the users at {make_url(url).render_as_string()} cannot be used: {why}."
    if "locked" in why:
        return f"The users in {path} are held by another program: end it, or try again in a moment."
    if "is full" in why:
        return f"The disk of {path} is full: free some space and start again."
    return (f"The users in {path} cannot be read ({why.splitlines()[0]}): put the newest copy of "
            f"{path.parent / 'backups'} in its place, or move the file away and run `python app.py users recover`.")


def gone(url: str) -> str:
    """What to say of a database without people where there were some."""
    path = path_of(url)
    place, copy = (path, f"the newest copy of {path.parent / 'backups'}") if path else (
        f"the database {make_url(url).database}", "a copy of it")
    return (f"There were users here, and {place} holds none: put {copy} in its place, or begin again with "
            "`python app.py users recover`.")


def _protect(connection: Connection) -> None:
    form = SQLITE if connection.dialect.name == "sqlite" else MARIADB
    if connection.dialect.name not in ("sqlite", "mysql", "mariadb"):
        return
    for name, verb, table, when in TRIGGERS:
        condition = when if form is MARIADB else "" if when == "1 = 1" else f"WHEN {when}"
        connection.exec_driver_sql(form.format(name=name, verb=verb, table=table, when=condition, words=ONLY_ADDED))
