"""Names and call records of Issabel's databases, version 4 and 5, every grant, and whatever a server may send."""

import csv
import datetime as dt
import json
import re
import threading
from zoneinfo import ZoneInfo

import pytest

from data import analysis, cdr, issabel, issabel_names, mysql
from data.cdr import Cdr
from data.filters import Filters
from data.issabel import Issabel
from data.issabel_names import IssabelNames
from data.mysql import Database
from data.rules import Options
from data.site import Site
from data.store import Store
from tests.mariadb import VERSION_5

pytestmark = pytest.mark.xdist_group("mariadb")
NEW_YORK, BOGOTA = ZoneInfo("America/New_York"), ZoneInfo("America/Bogota")
ISSABEL = "logs/01_issabel4_centos7_ast16"
EXTENSION = Options().internal_re


@pytest.fixture
def of(mariadb, tmp_path):
    """Makes Issabels whose database is closed at the end."""
    made: list[Database] = []

    def make(user="least", zone=BOGOTA, folder=tmp_path, **access) -> Issabel:
        to = mariadb.access(user, **access)
        made.append(Database(to, patience=2.0, connect=1.0, rest=0.0))
        return Issabel(to, folder, zone, made[-1])
    yield make
    for one in made:
        one.close()


def fill(mariadb) -> None:
    run = mariadb.run
    run("INSERT INTO asterisk.queues_config (extension, descr) VALUES (%s, %s)",
        [("600", "Ventas"), ("601", "Soporte <b>técnico</b> 😀"), ("602", "  "), ("603", "Cobranza\n\tnorte")])
    run("INSERT INTO asterisk.queues_details (id, keyword, data) VALUES (%s, %s, %s)",
        [("600", "servicelevel", "60"), ("601", "servicelevel", "0"), ("602", "servicelevel", "30; DROP"),
         ("603", "servicelevel", "45"), ("600", "member", "Local/1001@from-queue/n,0")])
    run("INSERT INTO asterisk.users (extension, name, password) VALUES (%s, %s, 'secret')",
        [("1001", "Juan Pérez"), ("1002", "1001"), ("1003", "Recepción"), ("1004", "Recepción"), ("1005", None),
         ("1006", "SIP/1001"), ("1007", "NONE")])
    run("INSERT INTO asterisk.devices (id, tech, dial, user, description) VALUES (%s, 'sip', %s, %s, %s)",
        [("1001", "SIP/1001", "1001", "otro"), ("2001", "SIP/2001", "1001", ""),
         ("2002", "SIP/2002", "none", "Bodega")])
    run("INSERT INTO asterisk.incoming (extension, cidnum, description, destination) VALUES (%s, '', %s, '')",
        [("6015550600", "Línea de ventas"), ("", "cualquiera")])
    run("INSERT INTO call_center.agent (type, number, name, password, estatus) VALUES (%s, %s, %s, 'secret', %s)",
        [("Agent", "9001", "Ana vieja", "I"), ("Agent", "9001", "Ana Gómez", "A"), ("SIP", "3001", "Luis Ríos", "A"),
         ("SIP", "1001", "Otro Nombre", "A")])


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["least", "full"])
def test_names_are_read_with_either_grant(mariadb, of, user):
    fill(mariadb)
    found = of(user)
    names = found.refresh()
    assert names.queues == {"600": "Ventas", "601": "Soporte <b>técnico</b> 😀", "603": "Cobranza norte"}
    assert names.levels == {"600": 60, "603": 45}
    # Two telephones of one user are one person; what is a number, an interface or said of two extensions names nobody.
    assert names.people == {"1001": "Juan Pérez", "2001": "Juan Pérez", "2002": "Bodega", "3001": "Luis Ríos",
                            "Agent/9001": "Ana Gómez"}
    assert names.twice == {"Recepción": ["1003", "1004"]}
    assert names.dids == {"6015550600": "Línea de ventas"}
    assert [part.words for part in found.parts] == [""] * 7
    assert found.hint() == ""


def test_one_extension_with_one_telephone_is_one_person(mariadb, of):
    mariadb.run("INSERT INTO asterisk.users (extension, name) VALUES ('1001', 'Juan Pérez')")
    mariadb.run("INSERT INTO asterisk.devices (id, user, description) VALUES ('1001', '1001', 'x')")
    assert of().refresh().people == {"1001": "Juan Pérez"}


@pytest.mark.parametrize("statement,missing,said", [
    ("DROP TABLE asterisk.users", "asterisk.users", mysql.NO_TABLE),
    ("DROP DATABASE call_center", "call_center.agent", mysql.NO_TABLE),
    ("DROP TABLE asteriskcdrdb.cdr", "asteriskcdrdb.cdr", mysql.NO_TABLE),
    ("ALTER TABLE asterisk.queues_config DROP COLUMN descr", "asterisk.queues_config", mysql.SHAPE),
    ("ALTER TABLE asteriskcdrdb.cdr DROP INDEX IDX_UNIQUEID", "asteriskcdrdb.cdr", issabel.NO_INDEX)])
def test_what_is_missing_is_said_and_the_rest_is_read(mariadb, of, statement, missing, said):
    fill(mariadb)
    mariadb.run(statement)
    found = of("full")
    names = found.refresh()
    assert {part.table: part.words for part in found.parts if part.words} == {missing: said}
    assert found.hint() == ("" if missing.startswith("call_center") else said)
    assert bool(names.queues) == (missing != "asterisk.queues_config")
    assert found.named("1658129428.1048") == []


def test_a_user_without_grants_is_told_so(mariadb, of):
    found = of("none")
    found.refresh()
    assert {part.words for part in found.parts} == {mysql.DENIED}
    assert found.hint() == mysql.DENIED


def test_names_stay_while_the_database_is_away_and_over_a_restart(mariadb, of, tunnel, tmp_path):
    fill(mariadb)
    found = of(port=tunnel.port)
    names = found.refresh()
    assert (names.revision, json.loads((tmp_path / issabel_names.FILE).read_text())["revision"]) == (1, 1)
    tunnel.close()
    assert found.refresh() is names
    assert found.hint() in (mysql.AWAY, mysql.LOST)
    again = of(port=tunnel.port)
    assert again.names == names
    tunnel.open()
    assert again.refresh() == names
    assert again.hint() == ""
    mariadb.run("UPDATE asterisk.queues_config SET descr = 'Ventas web' WHERE extension = '600'")
    assert again.refresh().queues["600"] == "Ventas web"
    assert again.names.revision == 2
    mariadb.run("DROP TABLE asterisk.queues_config")
    assert again.refresh().queues["600"] == "Ventas web"


def test_a_thread_that_looks_again_finds_the_server_when_it_is_back(mariadb, of, tunnel):
    fill(mariadb)
    tunnel.close()
    found, stop, told = of(port=tunnel.port), threading.Event(), threading.Event()
    looking = threading.Thread(target=found.run, args=(stop, lambda names: told.set(), 0.05))
    looking.start()
    try:
        assert not told.wait(0.3)
        assert found.hint() == mysql.AWAY
        tunnel.open()
        assert told.wait(10)
        assert found.names.queues["600"] == "Ventas"
    finally:
        stop.set()
        looking.join(10)
    assert not looking.is_alive()


def test_a_million_names_are_cut_and_cost_a_bounded_time(mariadb, of):
    mariadb.run("INSERT INTO asterisk.users (extension, name) SELECT seq, CONCAT('Agente <i>😀</i> ', "
                "CHAR(65 + seq % 26), seq) FROM seq_1_to_1000000", database="asterisk")
    mariadb.run("INSERT INTO asterisk.queues_config (extension, descr) SELECT seq, REPEAT('x', 35) FROM seq_1_to_3000",
                database="asterisk")
    found = of()
    names = found.refresh()
    assert len(names.people) == issabel_names.MOST
    assert len(names.queues) == 3000
    assert next(part for part in found.parts if part.table == "asterisk.users").full
    site = Site(BOGOTA, Options()).with_issabel(names)
    assert site.queue_label("7") == "7 " + "x" * 35


@pytest.mark.parametrize("typed,name", [
    ("  Ana \r\n Gómez\t", "Ana Gómez"), ("\u202eoiram", "oiram"), ("a" * 500, "a" * 79 + "…"), (None, ""),
    ("<script>alert(1)</script>", "<script>alert(1)</script>"), ("😀" * 10, "😀" * 10), ("\0\0x", "x")])
def test_what_was_typed_becomes_a_name_in_one_line(typed, name):
    assert issabel_names.cleaned(typed) == name


def test_a_file_of_names_that_is_damaged_names_nobody(tmp_path):
    for words in ("", "{", "[]", '{"queues": {}}', "\0" * 50):
        (tmp_path / issabel_names.FILE).write_text(words)
        assert issabel_names.load(tmp_path) == IssabelNames()


def test_names_reach_the_store_without_reading_the_log_again(tmp_path):
    ts = 1_772_514_000
    log = tmp_path / "queue_log"
    log.write_text(f"{ts}|1.1|600|NONE|DID|6015550600\n{ts}|1.1|600|NONE|ENTERQUEUE||3001112222|1\n"
                   f"{ts + 30}|1.1|600|SIP/1001|CONNECT|30|1.2|4\n{ts + 90}|1.1|600|SIP/1001|COMPLETECALLER|30|60|1\n")
    plain = Site(BOGOTA, Options(), queue_names={"601": "Escrita a mano"})
    store = Store(log, tmp_path / "store", plain, lambda: ts + 1_000.0)
    store.refresh()
    version, whole = store.version, store.view().totals(filters := _day(ts))
    assert whole["sl_pct"] == 0.0
    assert store.view().agents() == [("1001", "1001")]
    names = IssabelNames({"600": "Ventas", "601": "Base"}, {"600": 60}, {"1001": "Juan Pérez"}, {"6015550600": "Línea"},
                         {}, 3)
    store.know(plain.with_issabel(names))
    store.refresh()
    assert store.version > version
    assert store.view().queues() == [("600", "600 Ventas")]
    assert store.view().agents() == [("Juan Pérez", "Juan Pérez (1001)")]
    assert store.view().totals(filters)["sl_pct"] == 100.0
    assert store.site.queue_label("601") == "601 Escrita a mano"
    assert store.site.did_label("6015550600") == "6015550600 Línea"
    store.rename({"1001": "Juan de la Calle"})  # what was written by hand comes first
    assert store.view().agents() == [("Juan de la Calle", "Juan de la Calle (1001)")]


def _day(ts: int) -> Filters:
    day = dt.datetime.fromtimestamp(ts, BOGOTA).date()
    return Filters(day, day, origin="all")


# -- call records ----------------------------------------------------------------------------------


@pytest.fixture
def lab(mariadb, shared):
    """The calls that were recorded beside the telephones, on Issabel 5's table."""
    mariadb.load((shared / "lab16/mysql/cdr_v16.sql").read_text(), "asteriskcdrdb")
    mariadb.run("DROP TABLE asteriskcdrdb.cdr")
    mariadb.run("RENAME TABLE asteriskcdrdb.cdr_16 TO asteriskcdrdb.cdr")
    return mariadb


def live_legs(shared) -> list[dict]:
    return analysis.analyze([shared / f"{ISSABEL}/queue_log{n}" for n in (
        "-20220707", "-20220801", "-20220901", "-20221005", "")], sections=["legs"])["legs"]


def test_every_queue_call_of_an_issabel_4_joins_its_records(mariadb, of, shared):
    mariadb.cdr(shared / f"{ISSABEL}/cdr.csv")
    found, legs = of(zone=NEW_YORK), live_legs(shared)
    joined = 0
    for leg in legs:
        rows = found.cdr.rows([leg["callid"]])
        assert any(row.app == "Queue" and row.number == leg["queue"] for row in rows)
        assert all(row.start is not None and -1 <= leg["enter"] - rows[0].start <= 96 for row in rows[:1])
        joined += 1
    assert joined == 33
    many = {leg["callid"]: len(found.cdr.rows([leg["callid"]])) for leg in legs}
    assert sorted(many.values()).count(3) == 20
    with (shared / f"{ISSABEL}/cdr.csv").open(newline="") as file:
        named = [row for row in csv.DictReader(file) if row["recordingfile"]]
    for row in named[:20]:
        assert row["recordingfile"] in found.named(row["uniqueid"])


def test_what_was_before_the_queue_is_told_once(mariadb, of, shared):
    """Two rows of one telephone that rang on two lines are one stretch."""
    mariadb.cdr(shared / f"{ISSABEL}/cdr.csv")
    told = of(zone=NEW_YORK).call(["1658129428.1048"], 1658129431, None, None, 0, bool)
    assert [(part.kind, part.what, part.seconds, part.answered) for part in told.parts] == [
        ("extension", "1002", 2, False)]
    assert (told.before, told.rows, told.backs) == (3, 3, None)


def test_every_query_on_version_4_uses_an_index(mariadb, of, shared):
    mariadb.cdr(shared / f"{ISSABEL}/cdr.csv")
    fill(mariadb)
    for number in range(300):  # tables of a few rows are read whole by any server
        mariadb.run(f"INSERT INTO asterisk.queues_details (id, keyword, data) VALUES ('{number + 1000}', 'x', 'y')")
    found = of("full", NEW_YORK)
    asked: list[tuple] = []
    ask = found.database.ask
    found.database.ask = lambda sql, values=(), **more: asked.append((sql, values)) or ask(sql, values, **more)
    found.refresh()
    found.call(["1658129428.1048"], 1658129431, "3001112222", 1658129500, 86_400, bool)
    own = [(sql, values) for sql, values in asked if "information_schema" not in sql and "incoming" not in sql]
    assert {table for sql, _ in own for table in ("cdr", "cel", "users", "devices", "agent", "queues_config",
                                                   "queues_details") if f".{table} " in sql} == {
        "cdr", "cel", "users", "devices", "agent", "queues_config", "queues_details"}
    for sql, values in own:
        plan = ask(f"EXPLAIN {sql}", values)[0]
        assert plan[3] != "ALL", sql
        assert plan[5] or plan[9] and "const" in str(plan[9]), (sql, plan)
    assert not any("calldate" in sql.split("WHERE")[1] for sql, _ in own if ".cdr " in sql)


def test_a_table_without_an_index_is_left_alone(mariadb, of, shared):
    mariadb.cdr(shared / f"{ISSABEL}/cdr.csv")
    mariadb.run("ALTER TABLE asteriskcdrdb.cdr DROP INDEX IDX_UNIQUEID")
    found = of(zone=NEW_YORK)
    assert found.named("1658129428.1048") == []
    assert found.call(["1658129428.1048"], 1658129431, "3001112222", 1658129500, 86_400, bool).backs is None


def test_the_legs_of_a_call_are_found_by_what_links_them(lab, of):
    found = of("full")
    rows = found.cdr.rows(["issabel01-1795347412.24"])
    assert {row.uniqueid for row in rows} == {"issabel01-1795347412.24", "issabel01-1795347412.26"}
    assert found.named("issabel01-1795347412.24") == ["q-600-3001112233-20261122-063652-issabel01-1795347412.24.wav"]


def test_a_transfer_a_survey_and_no_ringing_of_agents(lab, of):
    """102 talked first, then 110 was reached; the poll at the end of another call."""
    found = of("full")
    moved = found.call(["issabel01-1795347450.52"], 1795347450, None, None, 0, bool)
    assert [(part.kind, part.what, part.seconds, part.answered) for part in moved.parts] == [
        ("extension", "110", 16, True)]
    asked = found.call(["issabel01-1795347411.20"], 1795347411, None, None, 0, bool)
    assert [part.kind for part in asked.parts] == ["survey"]
    assert asked.did == "6015550600"
    assert asked.files == ("q-600-3092402660-20261122-063651-issabel01-1795347411.20.wav",)


def test_legs_on_version_4_are_found_by_the_channel_events(mariadb, of):
    insert = ("INSERT INTO asteriskcdrdb.cdr (calldate, uniqueid, recordingfile, lastapp, dst) "
              "VALUES (%s, %s, %s, %s, %s)")
    mariadb.run(insert, [("2026-03-03 00:00:00", "1772514000.1", "", "Queue", "600"),
                         ("2026-03-03 00:00:05", "1772514005.2", "exten-1001-1-20260303-000005-1772514005.2.wav",
                          "Dial", "1001"), ("2026-03-03 00:00:05", "1772514009.3", "foreign.wav", "Dial", "1001")])
    found = of()
    assert found.named("1772514000.1") == []
    columns = ("eventtype", "eventtime", "cid_name", "cid_num", "cid_ani", "cid_rdnis", "cid_dnid", "exten", "context",
               "channame", "appname", "appdata", "amaflags", "accountcode", "uniqueid", "linkedid", "peer",
               "userdeftype", "userfield")
    mariadb.run(f"INSERT INTO asteriskcdrdb.cel ({','.join(columns)}) VALUES ({','.join(['%s'] * len(columns))})", [
        ("CHAN_START", "2026-03-03 00:00:00", *[""] * 10, 3, "", unique, "1772514000.1", "", "", "")
        for unique in ("1772514000.1", "1772514005.2")])
    assert found.named("1772514000.1") == ["exten-1001-1-20260303-000005-1772514005.2.wav"]


def test_calls_back_to_a_lost_number_are_found_on_version_5_only(mariadb, of):
    def put(when, source, number, seconds, talked, unique):
        mariadb.run("INSERT INTO asteriskcdrdb.cdr (calldate, src, cnum, dst, duration, billsec, disposition, "
                    "uniqueid) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", [
                        (when, source, source, number, seconds, talked, "ANSWERED" if talked else "NO ANSWER", unique)])
    lost = 1_772_550_000  # 10:00 in Bogota
    put("2026-03-03 09:59:00", "1001", "3001112222", 9, 5, "1772549940.1")  # before
    put("2026-03-03 10:05:00", "1001", "93001112222", 20, 0, "1772550300.2")
    put("2026-03-03 10:05:20", "1001", "93001112222", 60, 45, "1772550300.2")  # the same call on another trunk
    put("2026-03-03 11:00:00", "1002", "573001112222", 30, 0, "1772553600.3")
    put("2026-03-03 11:10:00", "3009998888", "3001112222", 30, 9, "1772554200.4")  # not from an extension
    put("2026-03-03 11:20:00", "1001", "3001113333", 30, 9, "1772554800.5")  # another number
    put("2026-03-04 10:00:01", "1001", "3001112222", 30, 9, "1772636401.6")  # too late
    inside = re.compile(EXTENSION).match
    asked = (["1772549900.9"], lost - 30, "+573001112222", lost, 86_400, inside)
    found = of()
    assert found.call(*asked).backs is None  # no index by which they could be found
    mariadb.run(VERSION_5)
    found.refresh()
    backs = found.call(*asked).backs
    assert [(one.extension, one.number, one.talked, one.answered, one.start - lost) for one in backs] == [
        ("1001", "93001112222", 45, True, 300), ("1002", "573001112222", 0, False, 3600)]
    assert found.call(["1.1"], lost, "anonymous", lost, 86_400, inside).backs == ()
    row, = mariadb.run("EXPLAIN SELECT uniqueid FROM asteriskcdrdb.cdr WHERE calldate >= '2026-03-03 10:00:00' AND "
                       "calldate <= '2026-03-04 10:00:00' AND dst LIKE '%001112222'")
    assert row[4] and "calldate" in row[4]


def test_dates_of_zeros_and_odd_rows_are_no_obstacle(mariadb, of):
    mariadb.run("INSERT INTO asteriskcdrdb.cdr (uniqueid, lastapp, recordingfile, userfield) VALUES (%s, %s, %s, %s)",
                [("1772514000.1", "Dial", "deleted", ""), ("1772514000.1", "<b>", "", "audio:viejo.wav")])
    told = of().call(["1772514000.1", "no such id", ""], 1772514020, None, None, 0, bool)
    assert told.parts == ()
    assert told.files == ("deleted", "audio:viejo.wav")
    assert told.before == 20


def test_without_a_database_nothing_is_asked_and_nothing_is_said(tmp_path):
    nobody = Issabel(None, tmp_path, BOGOTA)
    assert nobody.refresh() == IssabelNames()
    assert (nobody.hint(), nobody.named("1.1"), nobody.call(["1.1"], 0, None, None, 0, bool)) == ("", [], None)
    nobody.run(threading.Event(), lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_kinds_of_stretches():
    def record(context, app, channel="SIP/trunk-1", other="", number="s", data="", talked=0):
        return cdr.Record(1_772_514_000, 10, talked, talked > 0, "1.1", "", "300", number, context, channel, other, app,
                          data, "", "")
    kinds = [record("ivr-13", "BackGround"), record("app-announcement-23", "Playback"), record("ext-local", "VoiceMail",
             data="1002@default,u"), record("ext-group", "Dial", number="700"), record("ext-local", "Dial",
             other="PJSIP/1004-0000001", talked=5), record("from-internal", "Dial", other="SIP/troncal-1",
             number="3001112222"), record("ext-encuesta", "Read"), record("from-internal", "Hangup"),
             record("ext-queues", "Queue"), record("from-internal", "Dial", "Local/102@from-queue-2;2", "SIP/102-1")]
    assert [(part.kind, part.what) for part in cdr.parts(kinds)] == [
        ("menu", "13"), ("message", "23"), ("voicemail", "1002"), ("group", "700"), ("extension", "1004"),
        ("outside", "3001112222"), ("survey", "")]
    assert isinstance(Cdr(None, BOGOTA), Cdr)
