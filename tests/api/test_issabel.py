"""The whole program beside Issabel's databases: what a call tells with them, and that it goes on without them."""

import datetime as dt
import threading
import time
from zoneinfo import ZoneInfo

import pytest

import app as house
import config
from tests.api.conftest import DAY, PASSWORD, lines
from tests.mariadb import VERSION_5

pytestmark = pytest.mark.xdist_group("mariadb")
ZONE = ZoneInfo("America/Bogota")
LOST, BACK, ANSWERED = f"{DAY + 600}.2", f"{DAY + 5000}.7", f"{DAY}.1"


def log() -> str:
    """The same calls, under callids that say when their channels were born."""
    text = lines()
    for number, birth in ((1, DAY), (2, DAY + 600), (3, DAY + 3600), (4, DAY + 7200)):
        text = text.replace(f"|1.{number}|", f"|{birth}.{number}|")
    return text


def local(second: int) -> str:
    return dt.datetime.fromtimestamp(second, ZONE).strftime("%Y-%m-%d %H:%M:%S")


@pytest.fixture
def site(mariadb, tunnel, tmp_path):
    """The program, its log and its database read once; `tunnel` leads to that."""
    mariadb.run(VERSION_5)
    columns = "calldate, uniqueid, cnum, dst, dcontext, lastapp, dstchannel, duration, billsec, did, disposition"
    mariadb.run(f"INSERT INTO asteriskcdrdb.cdr ({columns}) VALUES ({', '.join(['%s'] * 10)}, 'ANSWERED')", [
        (local(DAY - 20), ANSWERED, "3001112222", "s", "ivr-3", "BackGround", "", 20, 20, "6017000000"),
        (local(DAY), ANSWERED, "3001112222", "600", "ext-queues", "Queue", "", 110, 110, "6017000000"),
        (local(DAY + 111), ANSWERED, "3001112222", "900", "ext-local", "Dial", "SIP/1002-1", 40, 33, ""),
        (local(DAY + 5000), BACK, "1002", "93003334444", "from-internal", "Dial", "SIP/troncal-1", 90, 61, "")])
    for table, key, name, words in (("queues_config", "600", "descr", "<img src=x onerror=alert(1)> 😀"),
                                    ("users", "1002", "name", "Luis Pérez"),
                                    ("incoming", "6017000000", "description", "Línea ventas")):
        mariadb.run(f"INSERT INTO asterisk.{table} (extension, {name}) VALUES (%s, %s)", [(key, words)])
    (tmp_path / "queue_log").write_text(log())
    settings = config.load(QUEUE_LOG_PATH=tmp_path / "queue_log", DATA_DIR=tmp_path / "var", TIMEZONE="America/Bogota",
                           DB_HOST="127.0.0.1", DB_PORT=tunnel.port, DB_USER="least", DB_PASSWORD="lectura")
    app = house.create_app(settings)
    app.issabel.database.patience = app.issabel.database.connect = 1.0
    app.issabel.database.rest = 0.0
    app.store.refresh()
    app.store.know(house.open_site(settings, app.issabel) if app.issabel.refresh() else None)
    for name, role, more in (("ana", "manager", {}), ("sin", "manager", {"taken": ["numbers"]}),
                             ("eva", "supervisor", {"queues": ["601"]})):
        app.users.add(name, PASSWORD, role, **more)
    yield app
    app.issabel.database.close()


def asked(app, callid: str, who: str = "ana") -> dict:
    client = app.server.test_client()
    token = client.post("/api/auth/login", json={"username": who, "password": PASSWORD}).json["data"]["access_token"]
    answer = client.get(f"/api/calls/{callid}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 404), answer.json
    return answer.json["data"] if answer.status_code == 200 else {}


def test_a_call_tells_what_was_before_and_after_its_queue(site):
    told = asked(site, ANSWERED)["record"]
    assert (told["did"], told["calls_back"]) == ("6017000000", None)  # it was answered: nobody has to call back
    assert [(one["kind"], one["what"], one["seconds"], one["answered"], one["start"]) for one in told["parts"]] == [
        ("menu", "3", 20, False, "2026-03-03T08:59:40-05:00"),
        ("extension", "Luis Pérez (1002)", 40, True, "2026-03-03T09:01:51-05:00")]


def test_a_lost_call_tells_who_called_back(site):
    back, = asked(site, LOST)["record"]["calls_back"]
    assert (back["extension"], back["number"], back["talked"], back["answered"]) == (
        "Luis Pérez (1002)", "93003334444", 61, True)
    hidden, = asked(site, LOST, "sin")["record"]["calls_back"]
    assert hidden["number"] == "930***444"


def test_who_may_not_know_a_call_learns_nothing_of_its_records(site):
    assert asked(site, ANSWERED, "eva") == {}


def test_names_of_the_database_are_on_pages_as_they_were_typed(site):
    assert site.store.view().queues() == [("600", "600 <img src=x onerror=alert(1)> 😀")]
    assert site.store.site.did_label("6017000000") == "6017000000 Línea ventas"


@pytest.mark.parametrize("how", ["closed", "mute", "cut", "drip"])
def test_pages_answer_from_the_log_whatever_the_database_does(site, tunnel, how):
    assert asked(site, ANSWERED)["record"] is not None
    if how == "closed":
        tunnel.close()
    else:
        tunnel.how = how
    threads = threading.active_count()
    first = asked(site, ANSWERED)
    assert (first["record"], first["call"]["outcome"]) == (None, "answered")
    site.issabel.database._next = time.monotonic() + 60
    began = time.monotonic()
    for _ in range(5):
        again = asked(site, LOST)
        assert (again["record"], again["call"]["outcome"]) == (None, "abandoned")
    assert time.monotonic() - began < 5  # a question to the database would take its patience each time
    assert site.issabel.hint()
    assert site.store.view().queues()[0][1].startswith("600 <img")
    assert threading.active_count() <= threads + 2
    if how == "closed":
        tunnel.open()
    tunnel.how = "through"
    site.issabel.database._next = 0.0
    assert asked(site, LOST)["record"]["calls_back"]
    assert site.issabel.hint() == ""


def test_a_program_that_starts_without_its_database_finds_it_later(mariadb, tunnel, tmp_path):
    tunnel.close()
    (tmp_path / "queue_log").write_text(log())
    app = house.create_app(config.load(
        QUEUE_LOG_PATH=tmp_path / "queue_log", DATA_DIR=tmp_path / "var", TIMEZONE="America/Bogota",
        DB_HOST="127.0.0.1", DB_PORT=tunnel.port, DB_USER="least", DB_PASSWORD="lectura"))
    app.users.add("ana", PASSWORD, "manager")
    app.issabel.database.rest = 0.0
    app.store.refresh()
    app.issabel.refresh()
    assert app.issabel.hint()
    assert asked(app, ANSWERED)["call"]["outcome"] == "answered"
    tunnel.open()
    mariadb.run("INSERT INTO asterisk.queues_config (extension, descr) VALUES ('600', 'Ventas')")
    app.issabel.database._next = 0.0
    assert app.issabel.refresh().queues == {"600": "Ventas"}
    assert app.issabel.hint() == ""
    app.issabel.database.close()


def test_the_log_of_the_whole_program_may_be_a_table(mariadb, tmp_path):
    rows = []
    for line in log().splitlines():
        ts, callid, queue, agent, event, *data = line.split("|")
        rows.append((local(int(ts)), callid, queue, agent, event, *(data + [""] * 5)[:5]))
    mariadb.run("INSERT INTO asteriskcdrdb.queue_log (time, callid, queuename, agent, event, data1, data2, data3, "
                "data4, data5) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", rows)
    app = house.create_app(config.load(
        QUEUE_LOG_SOURCE="mysql", DATA_DIR=tmp_path / "var", TIMEZONE="America/Bogota", DB_HOST="127.0.0.1",
        DB_PORT=mariadb.port, DB_USER="full", DB_PASSWORD="lectura"))
    app.users.add("ana", PASSWORD, "manager")
    app.store.refresh()
    assert asked(app, ANSWERED)["call"]["outcome"] == "answered"
    client = app.server.test_client()
    assert client.get("/health").json["problem"] is None
    mariadb.run("DROP TABLE asteriskcdrdb.queue_log")
    app.store.refresh()
    assert client.get("/health").json["problem"] == "The table does not exist"
    app.store.follower.database.close()
