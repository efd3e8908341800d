"""The doctor: every kind of trouble is made and found, with a command that mends it; a sound installation has none."""

import datetime as dt
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

import config
from auth import audit, keeping
from auth.users import UserStore
from data import doctor, doctor_log, doctor_site, mysql, queue_table, sources
from data.finding import NOTE, OK, WRONG, Finding, spoken
from data.issabel import Issabel
from data.mysql import Database
from data.opening import open_store
from data.recordings import Recordings
from i18n import LANGUAGES, text
from tests.browsing import ROOT

BOGOTA = ZoneInfo("America/Bogota")
NOW = int(dt.datetime(2026, 3, 31, 18, tzinfo=BOGOTA).timestamp())


def call(enter: int, queue: str = "Ventas", agent: str = "Ana Gómez", end: bool = True) -> str:
    callid = f"{enter}.1"
    lines = [f"{enter}|{callid}|{queue}|NONE|DID|6015550600", f"{enter}|{callid}|{queue}|NONE|ENTERQUEUE||3001112222|1",
             f"{enter + 5}|{callid}|{queue}|{agent}|CONNECT|5|{callid}9|4"]
    last = f"{enter + 65}|{callid}|{queue}|{agent}|COMPLETECALLER|5|60|1"
    return "\n".join([*lines, last] if end else lines) + "\n"


@pytest.fixture
def centre(tmp_path):
    """Four weeks with a call a day, sound in every way; what it finds."""
    folder = tmp_path / "log"
    folder.mkdir()
    log = folder / "queue_log"
    log.write_text("".join(call(NOW - day * 86_400 - 600) for day in range(27, -1, -1)))
    (tmp_path / "monitor").mkdir()
    (tmp_path / "var").mkdir(mode=0o700)
    made = SimpleNamespace(folder=tmp_path, log=log, access=None, more={}, store=None)

    def found(lang="es") -> list[Finding]:
        settings = config.load(QUEUE_LOG_PATH=log, DATA_DIR=tmp_path / "var", RECORDINGS_DIR=tmp_path / "monitor",
                               TIMEZONE="America/Bogota", **made.more)
        database = Database(made.access, patience=1.0, connect=1.0, rest=0.0) if made.access else None
        issabel = Issabel(made.access, tmp_path / "var", BOGOTA, database)
        if made.store is not None:
            made.store.book.close()
        made.store = open_store(settings, issabel)
        made.store.clock = lambda: float(NOW)
        made.store.refresh()
        kept = Recordings(tmp_path / "monitor", BOGOTA, issabel.named, lambda: float(NOW))
        answer = doctor.examine(settings, made.store, issabel, kept, lang, lambda: float(NOW))
        if database:
            database.close()
        return answer
    made.found = found
    return made


def bad(found: list[Finding]) -> dict[str, Finding]:
    """What is not in order, by its words; every one of them has a command."""
    wrong = {one.words: one for one in found if one.level != OK}
    assert all(one.command for one in wrong.values())
    return wrong


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sound_installation_has_nothing_to_mend(centre, lang):
    found = centre.found()
    assert set(bad(found)) <= {doctor_site.ZONE_OTHER, doctor_site.NO_BROWSER}
    assert {one.area for one in found} == set(doctor.AREAS)
    assert [one.area for one in found] == sorted((one.area for one in found), key=doctor.AREAS.index)
    for one in found:
        assert "{" not in spoken(lang, one)


def test_a_log_that_is_old_missing_or_closed(centre):
    centre.log.write_text(call(NOW - 3 * 86_400))
    assert bad(centre.found())[doctor_log.SILENT].level == NOTE
    centre.log.write_text(call(NOW - 8 * 86_400))
    old = bad(centre.found())[doctor_log.SILENT]
    assert (old.level, old.values["age"], old.command) == (WRONG, "7 d 23 h", 'asterisk -rx "logger show channels"')
    centre.log.unlink()
    gone = bad(centre.found())[doctor_log.BROKEN]
    assert gone.values["cause"] == sources.MISSING
    assert "QUEUE_LOG_PATH=" in gone.command
    centre.log.mkdir()
    assert bad(centre.found())[doctor_log.BROKEN].values["cause"] == sources.FOLDER


def test_a_log_without_a_line(centre):
    centre.log.write_text("")
    assert bad(centre.found())[doctor_log.EMPTY].level == NOTE


def test_days_that_are_missing_are_named_and_free_days_are_not(centre):
    start = dt.datetime(2026, 2, 2, 12, tzinfo=BOGOTA)  # a Monday
    absent = {dt.date(2026, 2, 18), dt.date(2026, 2, 25), dt.date(2026, 2, 26)}
    moments = [start + dt.timedelta(days=n) for n in range(56)]
    centre.log.write_text("".join(call(int(one.timestamp())) for one in moments
                                  if one.weekday() < 5 and one.date() not in absent))
    found = bad(centre.found())[doctor_log.GAPS]
    assert found.values["days"] == "18/02/2026, 25/02/2026-26/02/2026"
    assert found.command.startswith("cp -p ")


def test_lines_that_were_lost_are_told(centre):
    centre.found()
    centre.log.write_text(call(NOW - 60))  # replaced: nobody knows what was written between
    centre.found()
    centre.store.refresh()
    assert bad(centre.found())[doctor_log.LOST].values["what"] == sources.REPLACED


def test_lines_that_are_no_events_are_shown(centre):
    with centre.log.open("ab") as file:
        file.write(b"garbage\n<script>alert(1)</script>\n\0\0|x\n" + f"{NOW - 5}|1.1|600|NONE|NOTA|5\n".encode())
    found = centre.found()
    rejected = bad(found)[doctor_log.REJECTED]
    assert (rejected.level, rejected.values["bad"], rejected.samples[:2]) == (
        WRONG, 3, ("garbage", "<script>alert(1)</script>"))
    shown = subprocess.run(["bash", "-c", rejected.command], capture_output=True, text=True, check=True).stdout
    assert "garbage" in shown and "ENTERQUEUE" not in shown  # noqa: PT018
    assert next(one for one in found if one.words == doctor_log.UNKNOWN).values["names"] == "NOTA"


def test_calls_that_never_ended(centre):
    with centre.log.open("a") as file:
        file.write(call(NOW - 70_000, end=False) + call(NOW - 100, end=False))
    assert bad(centre.found())[doctor_log.UNENDED].values["count"] == 1


def test_who_has_no_name_and_how_to_give_him_one(centre):
    with centre.log.open("a") as file:
        file.write(call(NOW - 300, queue="600", agent="SIP/1001"))
    found = bad(centre.found())
    assert found[doctor_site.AGENTS_UNNAMED].values["names"] == "1001"
    assert found[doctor_site.QUEUES_UNNAMED].values["names"] == "600"
    for words in (doctor_site.AGENTS_UNNAMED, doctor_site.QUEUES_UNNAMED):
        subprocess.run(["bash", "-c", bad(centre.found())[words].command], check=True)
    assert (centre.folder / "var/names.csv").read_text() == (
        "kind,key,name,service_level\nagent,1001,NOMBRE,\nqueue,600,NOMBRE,\n")
    assert not {doctor_site.AGENTS_UNNAMED, doctor_site.QUEUES_UNNAMED} & set(bad(centre.found()))


def test_recordings_whose_clock_is_another(centre):
    for day in range(4):
        born = NOW - day * 86_400 - 600
        name = dt.datetime.fromtimestamp(born, dt.UTC).strftime("%Y%m%d-%H%M%S")
        (centre.folder / "monitor" / f"q-600-300-{name}-{born}.1.wav").write_bytes(b"RIFF")
    assert bad(centre.found())[doctor_site.ZONE_SOUND].values["hours"] == "+5"
    (centre.folder / "monitor").rename(centre.folder / "elsewhere")
    assert bad(centre.found())[doctor_site.SOUND_CLOSED].level == NOTE


def test_a_data_folder_that_others_can_read(centre):
    (centre.folder / "var").chmod(0o755)
    found = bad(centre.found())[doctor_site.FOLDER_OPEN]
    subprocess.run(["bash", "-c", found.command], check=True)
    assert doctor_site.FOLDER_OPEN not in bad(centre.found())


def test_a_look_that_fails_hides_no_other(centre, monkeypatch):
    monkeypatch.setattr(doctor_site, "browser", lambda: 1 / 0)
    found = centre.found()
    assert bad(found)[doctor.FAILED].values["detail"] == "ZeroDivisionError: division by zero"
    assert len(found) > 8


# -- with a database -------------------------------------------------------------------------------


@pytest.mark.xdist_group("mariadb")
def test_databases_that_answer_in_part_or_not_at_all(centre, mariadb):
    centre.access = mariadb.access("full")
    assert not [one for one in centre.found() if one.area == "database" and one.level != OK]
    mariadb.run("DROP TABLE asterisk.users")
    mariadb.run("ALTER TABLE asteriskcdrdb.cdr DROP INDEX IDX_UNIQUEID")
    mariadb.run("DROP DATABASE call_center")
    parts = {one.values["table"]: one for one in centre.found() if one.words == doctor_site.BASE_PART}
    assert {table: (one.level, one.values["cause"]) for table, one in parts.items()} == {
        "asteriskcdrdb.cdr": (WRONG, "The table of the call records has no index by call"),
        "asterisk.users": (WRONG, mysql.NO_TABLE), "call_center.agent": (OK, mysql.NO_TABLE)}
    assert parts["asteriskcdrdb.cdr"].command == "mysql -e 'ALTER TABLE asteriskcdrdb.cdr ADD INDEX (uniqueid)'"
    assert "GRANT SELECT (extension, name) ON asterisk.users TO 'full'@'127.0.0.1'" in parts["asterisk.users"].command
    centre.access = mariadb.access("nobody")
    refused = bad(centre.found())[doctor_site.BASE_WRONG]
    assert refused.values["cause"] == mysql.LOGIN
    assert "GRANT SELECT ON asteriskcdrdb.cdr" in refused.command
    assert "lectura" not in refused.command + str(refused.values)


@pytest.mark.xdist_group("mariadb")
def test_recordings_that_call_records_name_and_nobody_finds(centre, mariadb):
    centre.access = mariadb.access()
    for day in range(6):
        born = NOW - day * 86_400 - 600
        when = dt.datetime.fromtimestamp(born, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
        mariadb.run("INSERT INTO asteriskcdrdb.cdr (calldate, uniqueid, recordingfile, lastapp) "
                    "VALUES (%s, %s, %s, 'Queue')", [(when, f"{born}.1", "deleted" if day == 5 else f"q-{born}.1.wav")])
    (centre.folder / "monitor" / f"q-{NOW - 600}.1.wav").write_bytes(b"RIFF")
    found = bad(centre.found())
    assert (found[doctor_site.SOUND_LOST].values["count"], found[doctor_site.SOUND_LOST].values["seen"]) == (4, 5)
    assert found[doctor_site.ZONE_RECORDS].values["hours"] == "+5"


@pytest.mark.xdist_group("mariadb")
def test_a_log_in_a_table(centre, mariadb):
    centre.access = mariadb.access("full")
    centre.more = {"QUEUE_LOG_SOURCE": "mysql", "DB_HOST": "127.0.0.1", "DB_PORT": mariadb.port, "DB_USER": "full",
                   "DB_PASSWORD": "lectura"}
    mariadb.run("ALTER TABLE asteriskcdrdb.queue_log DROP COLUMN id")
    broken = bad(centre.found())[doctor_log.BROKEN]
    assert broken.values["cause"] == queue_table.NO_NUMBERS
    statement = broken.command.split("'")[1]
    mariadb.run(statement)
    mariadb.run("INSERT INTO asteriskcdrdb.queue_log (time, callid, queuename, agent, event, data1, data2, data3) "
                "VALUES ('2026-03-31 17:59:00', '1774997940.1', 'Ventas', 'NONE', 'ENTERQUEUE', '', '3001112222', '1')")
    found = centre.found()
    assert doctor_log.BROKEN not in bad(found)
    assert next(one for one in found if one.words == doctor_log.FRESH).values["age"] == "1:00"


# -- the command -----------------------------------------------------------------------------------


def run(folder: Path, **more: str) -> subprocess.CompletedProcess:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run([sys.executable, str(ROOT / "app.py"), "doctor"], cwd=folder, text=True, capture_output=True,
                          env={**keep, "DATA_DIR": str(folder / "var"), "TIMEZONE": "America/Bogota",
                               "QUEUE_LOG_PATH": str(folder / "queue_log"), "RECORDINGS_DIR": str(folder), **more})


def test_a_setting_is_changed_in_the_file_that_an_installed_service_reads(tmp_path):
    assert "echo QUEUE_LOG_PATH=/var/log/asterisk/queue_log >> .env" in run(tmp_path).stdout
    (tmp_path / "settings of it").touch()
    (tmp_path / ".env").symlink_to(tmp_path / "settings of it")
    assert f"QUEUE_LOG_PATH=/var/log/asterisk/queue_log >> '{tmp_path}/settings of it'" in run(tmp_path).stdout


def test_the_command_says_a_line_each_and_leaves_nothing_behind(tmp_path):
    now = int(dt.datetime.now().timestamp())
    (tmp_path / "queue_log").write_text(call(now - 120))
    done = run(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert all(line[:6] in ("OK    ", "NOTE  ", "WRONG ") for line in lines)
    assert all("  ->  " in line for line in lines if not line.startswith("OK"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["queue_log"]


def test_the_command_ends_with_1_when_something_is_wrong(tmp_path):
    done = run(tmp_path, LANGUAGE="es")
    assert done.returncode == 1
    wrong = [line for line in done.stdout.splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 1
    assert text("es", sources.MISSING) in wrong[0]
    assert "QUEUE_LOG_PATH=" in wrong[0]
    english = run(tmp_path, LANGUAGE="en", DB_HOST="127.0.0.1", DB_PORT="1", DB_USER="x", DB_PASSWORD="no-se-dice")
    assert "The database server does not answer" in english.stdout
    assert "no-se-dice" not in english.stdout + english.stderr


def test_the_audit_is_examined_with_everything_else(tmp_path):
    now = int(dt.datetime.now().timestamp())
    (tmp_path / "queue_log").write_text(call(now - 120))
    assert text("es", doctor.NO_AUDIT) in run(tmp_path).stdout
    users = UserStore(f"sqlite:///{tmp_path / 'var' / 'app.db'}", folder=tmp_path / "var")
    users.set_password("admin", "una frase larga y nueva", must_change=False)
    keeping.remember(users)
    users.close()
    whole = run(tmp_path)
    assert whole.returncode == 0
    assert text("es", doctor.AUDIT, lines=2) in whole.stdout
    with sqlite3.connect(tmp_path / "var" / "app.db") as con:
        for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            con.execute(f"DROP TRIGGER {name}")
        con.execute('UPDATE audit SET "at" = "at" + 1 WHERE id = 2')
    changed = run(tmp_path)
    assert changed.returncode == 1
    assert f"WRONG {text('es', audit.CHANGED, line=2)}" in changed.stdout
