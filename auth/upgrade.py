"""The database of people brought to what this version of the program expects, a step (`auth.migrations`) at a time.

It happens by itself at the first start of a new version. A SQLite file is copied before, so that the older version can
be put back; one that a newer version wrote is not touched.
"""

import datetime as dt
import logging
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from auth.models import Base

HEAD = "0002"  # the newest step; a database that is made today begins there
STEPS = ("0001", HEAD)
FIRST = STEPS[0]  # what a database without a note of its step is: the first release kept none
PATIENCE = 60  # seconds that another process's upgrade is waited for on MariaDB
LOCK = "call_center_analytics_upgrade"
VERSIONS = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"

log = logging.getLogger(__name__)


class Newer(Exception):
    """The database is of a later version of the program; the message is its step."""


def step(connection: Connection) -> str:
    """The step at which the database is; "" when nothing was ever kept in it. Newer."""
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
        if [number for number in found if number not in STEPS]:
            raise Newer(", ".join(sorted(found)))
        if found:
            return found[0]
    return FIRST if "users" in tables else ""


def begin(connection: Connection) -> None:
    """Everything as it is today, in a database in which nothing is."""
    Base.metadata.create_all(connection)
    if "alembic_version" not in inspect(connection).get_table_names():
        connection.exec_driver_sql(VERSIONS)
    connection.execute(text("INSERT INTO alembic_version VALUES (:step)"), {"step": HEAD})


def bring(engine: Engine, copy: Path | None) -> None:
    """Goes from the step at which the database is to the newest one: on SQLite all of it or nothing. `engine` must not
    check foreign keys, for tables are made again. `copy` is where the file as it was was kept."""
    began = time.monotonic()
    with engine.begin() as connection:
        locked = engine.dialect.name != "sqlite"  # SQLite gives the write lock with the transaction itself
        if locked:
            connection.exec_driver_sql(f"SELECT GET_LOCK('{LOCK}', {PATIENCE})")
        try:
            before = step(connection)
            if before == HEAD:
                return  # another process was faster
            _run(connection, before)
            if not locked and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise AssertionError("rows would belong to nobody")
        finally:
            if locked:
                connection.exec_driver_sql(f"SELECT RELEASE_LOCK('{LOCK}')")
    log.warning("the users were brought from step %s to %s in %.1f s%s", before, HEAD, time.monotonic() - began,
                f"; as they were they are kept in {copy}" if copy else "; no copy was made of this database")


def _run(connection: Connection, before: str) -> None:
    from alembic import command  # only who has something to do waits for its import
    from alembic.config import Config

    chosen = Config()
    chosen.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    chosen.attributes["connection"] = connection
    if "alembic_version" not in inspect(connection).get_table_names():
        command.stamp(chosen, before)
    command.upgrade(chosen, HEAD)


def name_of_copy(before: str, now: float) -> str:
    """What the file as it was is called among the daily copies."""
    return f"before-{HEAD}-was-{before}-{dt.datetime.fromtimestamp(now, dt.UTC):%Y%m%d-%H%M%S}.db"
