"""From every released DATA_DIR to today's, and back; databases of versions that do not exist yet."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

import app as house
import config
from auth import keeping, upgrade
from auth.models import Account, Base
from auth.passwords import cheap
from auth.permissions import Permission
from auth.users import Unusable, UserStore, WrongCredentials
from data import analysis, book_rows, dump
from tests.browsing import ROOT

PASSWORD = "un tren que llega tarde"
RELEASED = sorted((ROOT / "tests/released").glob("*.tar.gz"))


@pytest.fixture(params=RELEASED, ids=lambda path: path.name.removesuffix(".tar.gz"))
def left(request, tmp_path):
    """What a released version left behind: `folder`, its settings, what browser and program `kept`."""
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    kept = json.loads((tmp_path / "kept.json").read_text())
    return SimpleNamespace(folder=tmp_path / "var", log=tmp_path / "log/queue_log", kept=kept, place=tmp_path,
                           url=f"sqlite:///{tmp_path / 'var' / 'app.db'}")


def rows(path: Path) -> dict[str, list[tuple]]:
    """Every row of every table that people's actions wrote."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as con:
        names = [name for (name,) in con.execute(
            "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]
        return {name: con.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in names}


def columns(path: Path, table: str) -> list[str]:
    with closing(sqlite3.connect(path)) as con:
        return [row[1] for row in con.execute(f"PRAGMA table_info({table})")]


def differences(engine) -> list:
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)


def test_people_audit_sessions_and_tokens_are_kept(left):
    before = rows(left.folder / "app.db")
    had = {table: columns(left.folder / "app.db", table) for table in before}
    store = UserStore(left.url, clock=lambda: left.kept["moment"], hasher=cheap(), folder=left.folder)
    with closing(sqlite3.connect(left.folder / "app.db")) as con:
        for table, kept in before.items():
            order = ", ".join(had[table])
            found = con.execute(f"SELECT {order} FROM {table} ORDER BY 1").fetchall()
            assert found[:len(kept)] == kept, table
    assert differences(store.engine) == []
    assert {(who.username, who.role, who.queues, who.active) for who in store.list()} == {
        ("admin", "admin", None, True), ("ana", "manager", frozenset({"600", "601"}), True),
        ("luis", "viewer", None, True), ("ausente", "supervisor", None, False)}
    luis = store.get("luis")
    assert (luis.language, luis.permissions) == ("en", {Permission.CALLS})
    assert store.verify("ana", PASSWORD).username == "ana"
    with pytest.raises(WrongCredentials):
        store.verify("ausente", PASSWORD)
    with pytest.raises(WrongCredentials):
        store.verify("admin", "admin123")
    assert keeping.verify(store).wrong is None
    store.close()


def test_the_number_of_somebody_who_is_gone_is_nobody_elses_from_now_on(left):
    store = UserStore(left.url, hasher=cheap(), folder=left.folder)
    last = max(who.id for who in store.list())
    store.remove(last)
    assert store.add("nueva", PASSWORD, "viewer").id > last
    with store.reading() as session:
        assert session.execute(select(Account.username).where(Account.id == last)).first() is None
    store.close()


@pytest.fixture
def today(left, monkeypatch):
    """Today's program on that folder, its log read, at the moment when it was left."""
    made = house.create_app(config.load(QUEUE_LOG_PATH=left.log, DATA_DIR=left.folder, TIMEZONE="America/Bogota"))
    made.users.clock = lambda: left.kept["moment"]
    made.store.refresh()
    yield made
    made.store.book.close()
    made.users.close()


def test_whoever_was_inside_stays_inside(left, today):
    client = today.server.test_client()
    for name, value in left.kept["session"].items():
        client.set_cookie(name, value)
    answer = client.get("/api/auth/me")
    assert answer.json["data"]["username"] == "ana"
    assert {row["queue"] for row in client.get("/api/queues/list?start_date=2020-01-01").json["data"]["queues"]} == {
        "600", "601"}


def of(table: list[dict], names: tuple[str, ...]) -> list[tuple]:
    return sorted(tuple("" if row[name] is None else str(row[name]) for name in names) for row in table)


LEG = ("callid", "queue", "enter", "caller", "position", "outcome", "wait", "agent", "connect", "talk", "end")


def test_the_store_has_the_same_calls_and_names(left, today):
    with (left.place / "legs.csv").open(newline="") as file:
        said = list(csv.DictReader(file))
    found = dump._table(today.store, "legs", -1, 1 << 40).to_pylist()
    assert of(found, LEG) == of(said, LEG)
    files = sorted(left.log.parent.glob("queue_log-*"), key=lambda p: p.name) + [left.log]
    fresh = analysis.analyze(files, as_of=left.kept["moment"])
    assert of(found, LEG) == of(fresh["legs"], LEG)
    assert today.store.site.queue_label("600") == "600 Ventas de prueba"
    assert today.store.site.threshold("600") == 30
    assert today.store.problem == ""
    assert today.store.book.rows("PRAGMA user_version") == [(book_rows.SCHEMA,)]  # an older program refuses it


def test_of_the_stored_log_nothing_is_read_twice_or_lost(left, today):
    with left.log.open("a") as file:
        file.write(f"{left.kept['moment']}|9.9|600|NONE|ENTERQUEUE||3001112222|1\n")
    today.store.refresh()
    lines = b"".join(chunk.bytes() for chunk in today.store.book.order())
    assert lines.count(b"\n") == len(lines.splitlines())
    assert lines.endswith(b"|9.9|600|NONE|ENTERQUEUE||3001112222|1\n")
    assert sorted(lines.splitlines()) == sorted(analysis_lines(left.log))


def analysis_lines(log: Path) -> list[bytes]:
    import gzip
    found = []
    for path in log.parent.iterdir():
        raw = path.read_bytes()
        found += (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines()
    return found


def test_back_to_the_older_version_with_the_copy_that_was_kept(left):
    before = rows(left.folder / "app.db")
    store = UserStore(left.url, hasher=cheap(), folder=left.folder)
    store.add("nueva", PASSWORD, "viewer")
    store.close()
    (copy,) = (left.folder / "backups").glob("before-*.db")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert rows(copy) == before
    assert columns(copy, "users") == columns_of_first("users")
    copy.rename(left.folder / "app.db")  # as the guide says: in its place, and the older version is started
    assert rows(left.folder / "app.db") == before
    again = UserStore(left.url, hasher=cheap(), folder=left.folder)
    assert again.get("nueva") is None
    assert differences(again.engine) == []
    again.close()


def columns_of_first(table: str) -> list[str]:
    engine = create_engine("sqlite://")
    made_as_of(engine, "0001")
    with engine.connect() as connection:
        found = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
    engine.dispose()
    return found


def made_as_of(engine, step: str) -> None:
    """An empty database as the version of that step made it."""
    chosen = Config()
    chosen.set_main_option("script_location", str(ROOT / "auth/migrations"))
    with engine.begin() as connection:
        chosen.attributes["connection"] = connection
        command.upgrade(chosen, step)


def test_daily_copies_do_not_push_out_the_one_from_before(left):
    days = [left.kept["moment"] + n * 86_400 for n in range(10)]
    store = UserStore(left.url, clock=lambda: days[0], hasher=cheap(), folder=left.folder)
    while len(days) > 1:
        keeping.copy(store)
        days.pop(0)
    assert len(list((left.folder / "backups").glob("app-*.db"))) == keeping.COPIES
    assert len(list((left.folder / "backups").glob("before-*.db"))) == 1
    store.close()


def test_an_upgrade_that_fails_changes_nothing(left, monkeypatch):
    before = rows(left.folder / "app.db")
    with closing(sqlite3.connect(left.folder / "app.db", isolation_level=None)) as con:
        con.execute("CREATE VIEW audit_head AS SELECT 1 AS id")  # which the second step cannot make then
        with pytest.raises(Unusable, match="audit_head"):
            UserStore(left.url, hasher=cheap(), folder=left.folder)
        con.execute("DROP VIEW audit_head")
    assert rows(left.folder / "app.db") == before
    UserStore(left.url, hasher=cheap(), folder=left.folder).close()


def test_several_processes_start_at_once(left):
    code = ("import sys; sys.path.insert(0, sys.argv[2]); from auth.users import UserStore; "
            "print(len(UserStore(sys.argv[1]).list()))")
    running = [subprocess.Popen([sys.executable, "-c", code, left.url, str(ROOT)], stdout=subprocess.PIPE, text=True)
               for _ in range(3)]
    assert [process.communicate()[0].strip() for process in running] == ["4"] * 3
    store = UserStore(left.url, hasher=cheap(), folder=left.folder)
    assert differences(store.engine) == []
    store.close()


def test_what_is_made_today_is_what_the_steps_make(tmp_path):
    """The tables of a first start, and those that came a step at a time, are the same and at the same step."""
    fresh = UserStore(f"sqlite:///{tmp_path / 'fresh.db'}", hasher=cheap())
    assert differences(fresh.engine) == []
    grown = create_engine(f"sqlite:///{tmp_path / 'grown.db'}")
    made_as_of(grown, "head")
    assert differences(grown) == []
    for engine in (fresh.engine, grown):
        with engine.connect() as connection:
            assert upgrade.step(connection) == upgrade.HEAD
    fresh.close()
    grown.dispose()


def test_the_program_names_the_steps_that_there_are():
    from alembic.script import ScriptDirectory
    script = ScriptDirectory(str(ROOT / "auth/migrations"))
    assert tuple(reversed([step.revision for step in script.walk_revisions()])) == upgrade.STEPS
    assert script.get_heads() == [upgrade.HEAD]


@pytest.fixture
def url(mariadb_server):
    if mariadb_server.process is None:
        mariadb_server.start()
    mariadb_server.run("CREATE OR REPLACE USER older@'127.0.0.1' IDENTIFIED BY 'x'")
    for name in ("older", "fresh"):
        mariadb_server.run(f"DROP DATABASE IF EXISTS {name}")
        mariadb_server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        mariadb_server.run(f"GRANT ALL ON {name}.* TO older@'127.0.0.1'")
    return f"mysql+pymysql://older:x@127.0.0.1:{mariadb_server.port}/older"


def test_mariadb_goes_the_same_way(left, url, mariadb_server, tmp_path):
    """The rows of the first release, in its tables, in a real server."""
    engine = create_engine(url)
    made_as_of(engine, "0001")
    before = rows(left.folder / "app.db")
    for table in ("users", "sessions", "grants", "login_failures", "audit"):
        names = columns(left.folder / "app.db", table)
        marks = ", ".join(["%s"] * len(names))
        if before[table]:
            mariadb_server.run(f"INSERT INTO `{table}` (`{'`, `'.join(names)}`) VALUES ({marks})", before[table],
                               database="older")
    mariadb_server.run("DROP TABLE alembic_version", database="older")  # the first release had none
    clock = left.kept["moment"]
    stores = [UserStore(url, clock=lambda: clock, hasher=cheap(), folder=tmp_path / "x") for _ in range(2)]
    UserStore(url.removesuffix("older") + "fresh", hasher=cheap()).close()
    shapes = [mariadb_server.run("SELECT table_name, column_name, column_type, is_nullable, column_key FROM "
                                 f"information_schema.columns WHERE table_schema='{name}' ORDER BY 1, 2")
              for name in ("older", "fresh")]
    assert shapes[0] == shapes[1]
    assert len(shapes[0]) > 80
    assert stores[1].verify("ana", PASSWORD).queues == {"600", "601"}
    assert keeping.verify(stores[0]).wrong is None
    assert len(stores[0].audit(100)) == len(before["audit"]) + 1
    mariadb_server.run("UPDATE alembic_version SET version_num='0999'", database="older")
    with pytest.raises(Unusable, match="newer version"):
        UserStore(url, hasher=cheap(), folder=tmp_path / "x")
    with Session(engine) as session:
        assert session.query(Account).count() == 4
    for store in stores:
        store.close()
    engine.dispose()


def test_a_newer_database_is_refused_in_one_sentence_and_not_touched(tmp_path):
    folder = tmp_path / "var"
    UserStore(f"sqlite:///{folder / 'app.db'}", hasher=cheap(), folder=folder).close()
    with closing(sqlite3.connect(folder / "app.db", isolation_level=None)) as con:
        con.execute("UPDATE alembic_version SET version_num='0999'")
        con.execute("PRAGMA journal_mode=DELETE")
    before = (folder / "app.db").read_bytes()
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    for words in ((), ("users", "list")):
        done = subprocess.run([sys.executable, str(ROOT / "app.py"), *words], cwd=tmp_path, text=True, timeout=120,
                              capture_output=True, env={**keep, "DATA_DIR": str(folder)})
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1, done.stderr
        assert "were written by a newer version of the program" in done.stderr
    with closing(sqlite3.connect(folder / "app.db", isolation_level=None)) as con:
        con.execute("PRAGMA journal_mode=DELETE")
    assert (folder / "app.db").read_bytes()[100:] == before[100:]  # the header counts who opened it


def test_a_newer_store_is_said_and_not_touched(tmp_path):
    """The book itself: tests/data/test_book.py. Here: the program starts, says it, and shows nothing wrong."""
    log = tmp_path / "queue_log"
    log.write_text("1772514000|1.1|600|NONE|ENTERQUEUE||3001112222|1\n")
    settings = config.load(QUEUE_LOG_PATH=log, DATA_DIR=tmp_path / "var", TIMEZONE="America/Bogota")
    made = house.create_app(settings)
    made.store.refresh()
    made.store.book.close()
    made.users.close()
    with closing(sqlite3.connect(tmp_path / "var/store/book.db", isolation_level=None)) as con:
        con.execute("PRAGMA user_version=99")
    before = (tmp_path / "var/store/book.db").read_bytes()
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    for words in ((), ("ingest", "--once")):
        done = subprocess.run(
            [sys.executable, str(ROOT / "app.py"), *words], cwd=tmp_path, text=True, timeout=120, capture_output=True,
            env={**keep, "DATA_DIR": str(tmp_path / "var"), "QUEUE_LOG_PATH": str(log)})
        assert done.returncode == 2, done.stderr
        assert "newer version of the program" in done.stderr
        assert "Traceback" not in done.stderr
    assert (tmp_path / "var/store/book.db").read_bytes() == before
