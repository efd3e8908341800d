"""The audit: nothing changes or disappears unseen, nobody fills the disk with it, old lines go in the open."""

import csv
import datetime as dt
import io
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy.exc import DatabaseError

from auth import audit, keeping
from auth.audit import FROM_ALL, FROM_ONE, Wanted
from auth.database import path_of
from auth.passwords import cheap
from auth.users import Throttled, UserStore, WrongCredentials
from render import audit as words
from tests.auth.conftest import NOON, PASSWORD

HERE = "192.0.2.1"
DAY = 86400.0


@pytest.fixture
def kept(tmp_path, clock):
    """A store with its note beside the database, and twenty lines about exports."""
    store = UserStore(f"sqlite:///{tmp_path / 'app.db'}", clock=clock, hasher=cheap(), folder=tmp_path)
    for number in range(20):
        clock.now += DAY
        store.record("export", target=f"/report/{number}", rows=number)
    keeping.remember(store)
    yield store
    store.close()


def tamper(store, *statements):
    """What somebody with the file in his hands does: the triggers go first."""
    with closing(sqlite3.connect(path_of(store.url))) as file, file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            file.execute(statement)


def test_an_untouched_chain_is_whole(kept):
    found = keeping.verify(kept)
    assert (found.lines, found.wrong) == (21, None)


@pytest.mark.parametrize(("statement", "wrong", "line"), [
    ("UPDATE audit SET username = 'somebody else' WHERE id = 7", audit.CHANGED, 7),
    ("UPDATE audit SET at = at + 60 WHERE id = 7", audit.CHANGED, 7),
    ("UPDATE audit SET detail = '{\"rows\": 99}' WHERE id = 7", audit.CHANGED, 7),
    ("DELETE FROM audit WHERE id = 7", audit.MISSING, 7),
    ("DELETE FROM audit WHERE id <= 7", audit.MISSING, 1),
    ("DELETE FROM audit WHERE id > 18", audit.SHORT, 21),
    ("DELETE FROM audit", audit.SHORT, 21),
    ("UPDATE audit SET id = 99 WHERE id = 21", audit.MISSING, 21),
    ("INSERT INTO audit_cuts (up_to, at, seal, lines) SELECT 7, 0, seal, 7 FROM audit WHERE id = 7",
     audit.MISSING, 7)])
def test_what_was_done_to_the_file_is_found(kept, statement, wrong, line):
    tamper(kept, statement)
    found = keeping.verify(kept)
    assert (found.wrong, found.line) == (wrong, line)


def test_a_chain_sealed_anew_does_not_match_the_note_outside(kept):
    with kept.reading() as session:
        lines = list(audit.search(session, Wanted()))[::-1]
    before, changes = "", []
    for line in lines:
        fields = [getattr(line, name) for name in audit.FIELDS]
        fields[3] = "nobody"
        before = audit.seal(before, fields)
        changes.append(f"UPDATE audit SET username = 'nobody', seal = '{before}' WHERE id = {line.id}")
    tamper(kept, *changes, f"UPDATE audit_head SET seal = '{before}'")
    with kept.reading() as session:
        assert audit.verify(session).wrong is None  # within the database nothing tells
    assert keeping.verify(kept).wrong == audit.CHANGED


def test_a_restored_copy_lacks_the_newest_lines(kept, tmp_path):
    keeping.copy(kept)
    kept.record("export", target="after the copy")
    keeping.remember(kept)
    tamper(kept, "DELETE FROM audit WHERE id = 22", "UPDATE audit_head SET last = 21")
    assert keeping.verify(kept).wrong == audit.SHORT


def test_old_lines_go_through_a_cut_that_is_itself_a_line(kept):
    assert keeping.retain(kept, 30) == 0
    kept.clock.now += 25 * DAY
    gone = keeping.retain(kept, 30)
    assert gone == 15  # those of the first fifteen days; the first start is older than they are
    assert keeping.verify(kept).wrong is None
    newest = kept.audit(1)[0]
    assert (newest["action"], newest["detail"]["lines"], newest["detail"]["up_to"]) == ("audit_trimmed", gone, gone)
    assert min(line["id"] for line in kept.audit(1000)) == gone + 1
    with pytest.raises(DatabaseError, match="only ever added to"), kept.writer.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM audit WHERE id = {gone + 1}")
    with pytest.raises(DatabaseError, match="only ever added to"), kept.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_cuts")
    kept.record("export")
    assert keeping.verify(kept).wrong is None


def test_a_clock_that_jumps_does_not_empty_the_audit(kept, monkeypatch):
    """Neither at once nor while it stays wrong for days; what is old after a week without a leap goes in parts."""
    monkeypatch.setattr(audit, "AT_LEAST", 2)
    keeping.keep(kept)
    for leap in (100 * 365 * DAY, -100 * 365 * DAY, 3 * 365 * DAY):
        kept.clock.now += leap
        for _ in range(6):
            keeping.keep(kept)
            kept.clock.now += DAY
        assert len(kept.audit(1000)) == 21
    kept.clock.now += DAY
    keeping.keep(kept)
    assert len(kept.audit(1000)) == 21 - 2 + 1
    assert keeping.verify(kept).wrong is None


def test_every_writer_adds_to_the_same_chain(kept, clock):
    from concurrent.futures import ThreadPoolExecutor
    other = UserStore(kept.url, clock=clock, hasher=cheap())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: (kept, other)[n % 2].record("export", target=str(n)), range(60)))
    found = keeping.verify(kept)
    assert (found.lines, found.wrong) == (81, None)
    other.close()


# -- ten thousand wrong passwords --------------------------------------------------------------------


def guess(store, name, address):
    with pytest.raises((WrongCredentials, Throttled)) as caught:
        store.verify(name, "not this one", address)
    return caught.type


def size(store):
    with store.engine.connect() as connection:
        return {table: connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar()
                for table in ("audit", "login_failures", "audit_repeated")}


def test_ten_thousand_wrong_passwords_from_one_place(staff, clock):
    """They neither lock the right person out elsewhere nor fill the disk: nearly all are refused before the hash."""
    before, hashes = size(staff), 0
    for _ in range(10_000):
        hashes += guess(staff, "manager", HERE) is WrongCredentials
        clock.now += 0.05
    assert hashes <= 9  # five at once, then one after each wait of 30, 60, 120 s
    after = size(staff)
    assert after["login_failures"] == 2
    assert after["audit"] - before["audit"] <= 2 * FROM_ONE
    assert staff.verify("manager", PASSWORD, "198.51.100.7").username == "manager"
    clock.now += 3601
    guess(staff, "nobody", HERE)
    told = [line for line in staff.audit(10) if line["action"] == "repeated"]
    assert sum(line["detail"]["not_written"] for line in told) > 9_000
    assert {line["address"] for line in told} == {HERE}
    assert keeping.verify(staff).wrong is None


def test_wrong_passwords_from_everywhere_are_forgotten_again(staff, clock):
    """As many addresses as tries: each costs a hash, so their number is bounded by time; an hour later all is gone."""
    before = size(staff)
    for number in range(1500):
        guess(staff, f"user{number % 700}", f"10.{number // 250}.7.{number % 250}")
    after = size(staff)
    assert after["audit"] - before["audit"] <= FROM_ALL
    assert after["login_failures"] <= 3000
    assert staff.verify("manager", PASSWORD, "198.51.100.7").username == "manager"
    clock.now += 3601
    guess(staff, "nobody", HERE)
    assert size(staff)["login_failures"] == 2
    assert keeping.verify(staff).wrong is None


def test_one_customer_of_ipv6_is_one_address(staff):
    for number in range(5):
        guess(staff, "manager", f"2001:db8:7:7::{number:x}")
    assert guess(staff, "manager", "2001:db8:7:7:ffff::1") is Throttled
    assert guess(staff, "manager", "2001:db8:7:8::1") is WrongCredentials


# -- looking -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "found"), [
    (Wanted(who="SUPER"), 2), (Wanted(who="%"), 0), (Wanted(actions=("login",)), 1), (Wanted(target="call_7"), 1),
    (Wanted(target="call-7"), 0), (Wanted(address="192.0"), 3), (Wanted(since=NOON + 5), 2),
    (Wanted(until=NOON + 5, address="192"), 1), (Wanted(who="super", actions=("export", "login")), 1)])
def test_filters(staff, clock, wanted, found):
    supervisor = staff.get("supervisor")
    staff.verify("manager", PASSWORD, HERE)
    clock.now += 10
    staff.record("recording_listened", by=supervisor, address=HERE, target="call_7")
    staff.record("export", by=supervisor, address=HERE)
    with staff.reading() as session:
        lines = list(audit.search(session, wanted))
        assert (len(lines), audit.count(session, wanted)) == (found, found)


def test_as_csv_no_cell_is_a_formula(staff):
    staff.record("export", target="=HYPERLINK(\"http://evil.example\")", address="@x", rows=3)
    with staff.reading() as session:
        text = b"".join(words.written("es", dt.UTC, audit.search(session, Wanted()))).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert rows[0][:3] == ["Línea", "Hora", "Persona"]
    assert rows[1][3:] == ["'@x", "Exportó un reporte", "'=HYPERLINK(\"http://evil.example\")", "filas: 3"]
    assert len(rows) == 1 + len(staff.audit(1000))


def test_a_line_of_a_kind_nobody_knows_is_shown_too(staff):
    staff.record("made_up_later", thing=[1, 2])
    with staff.reading() as session:
        line = next(audit.search(session, Wanted(), 1))
    assert (words.label("es", line.action), words.detail("es", line)) == ("made_up_later", "thing: 1, 2")
