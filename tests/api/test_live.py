"""The floor over HTTP: the live page's message, the two realtime answers, thresholds, and links for screens."""

import datetime as dt
import gzip
import json
import threading
import time

import pytest

import app as house
import config
from api.live import Boards
from data.filters import Filters
from data.thresholds import Thresholds
from tests.api.conftest import PASSWORD
from tests.browsing import around_noon


@pytest.fixture(scope="module")
def now():
    return int(time.time())


@pytest.fixture(scope="module")
def made(tmp_path_factory, now):
    """The application on a log of this minute, with ana (admin), sol (supervisor), eva (supervisor of 601 only), leo
    (viewer)."""
    folder = tmp_path_factory.mktemp("live")
    lines = [
        (3600, "MANAGER|600|Ana Gómez|ADDMEMBER|"), (3600, "MANAGER|601|Luis Pérez|ADDMEMBER|"),
        (900, "NONE|601|Luis Pérez|PAUSE|Almuerzo"),
        (80, "1.1|600|NONE|ENTERQUEUE||3001112222|1"), (70, "1.1|600|Ana Gómez|CONNECT|10|1.9|4"),
        (60, "1.2|600|NONE|ENTERQUEUE||3003334444|1"), (30, "1.3|601|NONE|ENTERQUEUE||3005556666|1"),
        (20, "1.4|601|NONE|ENTERQUEUE||205|2")]
    (folder / "queue_log").write_text("".join(f"{now - ago}|{rest}\n" for ago, rest in lines))
    (folder / "var").mkdir()
    (folder / "var" / "names.csv").write_text("kind,key,name\nqueue,600,Ventas\nagent,1001,Ana Gómez\n")
    application = house.create_app(config.load(QUEUE_LOG_PATH=folder / "queue_log", DATA_DIR=folder / "var",
                                               TIMEZONE=around_noon()))
    application.store.refresh()
    for name, role, queues in (("ana", "admin", None), ("sol", "supervisor", None), ("eva", "supervisor", ["601"]),
                               ("leo", "viewer", None)):
        application.users.add(name, PASSWORD, role, queues=queues)
    return application


@pytest.fixture
def board(client, bearer):
    def ask(who="sol", query="", **headers):
        answer = client.get(f"/api/live/board{query}", headers={**bearer(who), **headers})
        assert answer.status_code == 200
        return answer.json["data"]
    return ask


def test_the_message_of_the_page(board, now):
    found = board()
    assert [(w["queue"], w["number"], now - w["since"], w["position"]) for w in found["waiting"]] == [
        ("600", "3003334444", 60, 1), ("601", "3005556666", 30, 1), ("601", "205", 20, 2)]
    assert [(a["agent"], a["state"], now - a["since"], a["queue"], a["reason"]) for a in found["agents"]] == [
        ("Ana Gómez", "busy", 70, "600 Ventas", None), ("Luis Pérez", "paused", 900, None, "Almuerzo")]
    first = found["queues"][0]
    assert (first["queue"], first["name"], first["waiting"], first["available"], first["busy"]) == (
        "600", "600 Ventas", 1, 0, 1)
    assert first["limits"]["longest"] == [20, 60]
    assert found["source"] == {"kind": "log", "ami": None}
    assert (found["log"]["state"], now - found["log"]["until"]) == ("ok", 20)
    assert len(found["curve"]) == 24


def test_filters_narrow_the_message(board):
    found = board(query="?queue=601")
    assert ([q["queue"] for q in found["queues"]], [w["queue"] for w in found["waiting"]],
            [a["agent"] for a in found["agents"]]) == (["601"], ["601", "601"], ["Luis Pérez"])
    assert [a["agent"] for a in board(query="?agent=Ana%20G%C3%B3mez")["agents"]] == ["Ana Gómez"]
    todays = {q["queue"]: q["today"]["offered"] for q in board(query="?origin=all")["queues"]}
    assert todays == {"600": 2, "601": 2}
    assert {q["queue"]: q["today"]["offered"] for q in board()["queues"]} == {"600": 2, "601": 1}


def test_a_user_of_one_queue_sees_that_one(board):
    found = board("eva")
    assert [q["queue"] for q in found["queues"]] == ["601"]
    assert "Ana" not in json.dumps(found, ensure_ascii=False)
    assert [a["agent"] for a in found["agents"]] == ["Luis Pérez"]


def test_a_viewer_reads_masked_numbers(board):
    assert [w["number"] for w in board("leo")["waiting"]] == ["300***444", "300***666", "205"]


def test_who_has_the_message_is_told_so(client, bearer):
    headers = bearer("sol")
    first = client.get("/api/live/board", headers=headers)
    again = client.get("/api/live/board", headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert abs(float(again.headers["Server-Time"]) - time.time()) < 60
    other = client.get("/api/live/board", headers={**bearer("leo"), "If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200  # other numbers: another message


def test_it_travels_packed(client, bearer):
    plain = client.get("/api/live/board", headers=bearer("sol"))
    packed = client.get("/api/live/board", headers={**bearer("sol"), "Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.data)) == plain.json


def test_a_new_line_changes_it(made, client, bearer, now):
    headers = bearer("sol")
    before = client.get("/api/live/board", headers=headers)
    with made.store.follower.path.open("a") as log:
        log.write(f"{now}|1.5|602|NONE|ENTERQUEUE||3007778888|1\n{now + 1}|1.5|602|NONE|ABANDON|1|1|1\n")
    made.store.refresh()
    after = client.get("/api/live/board", headers={**headers, "If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert [q["queue"] for q in after.json["data"]["queues"]] == ["600", "601", "602"]


@pytest.mark.parametrize("query", ["origin=outer", "interval=7", "queue=%00", "origin=all&origin=all"])
def test_bad_questions_are_named(client, bearer, query):
    answer = client.get(f"/api/live/board?{query}", headers=bearer("sol"))
    if query == "queue=%00":
        assert answer.json["data"]["queues"] == []
    else:
        assert (answer.status_code, answer.json["success"]) == (422, False)
        assert answer.json["error"]["message"].startswith(query.split("=")[0])


def test_queues_realtime(client, bearer, now):
    answer = client.get("/api/queues/realtime?queue=600&queue=601", headers=bearer("sol"))
    data, meta = answer.json["data"], answer.json["meta"]
    ventas = data["queues"][0]
    assert {name: ventas[name] for name in ("queue", "name", "waiting", "talking", "agents_available", "agents_busy",
                                            "agents_paused", "offered", "answered", "abandoned", "sl_pct")} == {
        "queue": "600", "name": "600 Ventas", "waiting": 1, "talking": 1, "agents_available": 0, "agents_busy": 1,
        "agents_paused": 0, "offered": 2, "answered": 0, "abandoned": 0, "sl_pct": None}
    assert 60 <= ventas["longest_wait"] < 360
    assert [(w["queue"], w["position"], w["caller"]) for w in data["waiting"]] == [
        ("600", 1, "3003334444"), ("601", 1, "3005556666"), ("601", 2, "205")]
    assert dt.datetime.fromisoformat(data["waiting"][0]["since"]).timestamp() == now - 60
    assert (meta["source"], meta["ami"]) == ("log", None)


def test_agents_realtime(client, bearer):
    data = client.get("/api/agents/realtime", headers=bearer("sol")).json["data"]
    assert [(a["agent"], a["name"], a["state"], a["queue"], a["caller"], a["reason"]) for a in data["agents"]] == [
        ("Ana Gómez", "Ana Gómez (1001)", "busy", "600", "3001112222", None),
        ("Luis Pérez", "Luis Pérez", "paused", None, None, "Almuerzo")]
    assert data["agents"][1]["queues"][0]["paused"] is True
    assert (data["counts"]["busy"], data["counts"]["paused"], data["counts"]["available"]) == (1, 1, 0)
    assert [a["agent"] for a in client.get("/api/agents/realtime?queue=601", headers=bearer("sol")).json["data"][
        "agents"]] == ["Luis Pérez"]
    assert [a["agent"] for a in client.get("/api/agents/realtime", headers=bearer("eva")).json["data"]["agents"]] == [
        "Luis Pérez"]


@pytest.mark.parametrize("path", ["/api/queues/realtime", "/api/agents/realtime"])
def test_realtime_needs_its_permission(client, bearer, path):
    assert client.get(path).status_code == 401
    assert client.get(path, headers=bearer("leo")).status_code == 403


def test_thresholds_are_changed_by_administrators(client, bearer, board):
    assert client.put("/api/live/thresholds", json={"all": {}}, headers=bearer("sol")).status_code == 403
    wrong = client.put("/api/live/thresholds", json={"all": {"waiting": [3, 1]}}, headers=bearer("ana"))
    assert (wrong.status_code, "waiting" in wrong.json["error"]["message"]) == (422, True)
    good = client.put("/api/live/thresholds", json={"queues": {"600": {"waiting": [1, 2]}}}, headers=bearer("ana"))
    assert good.json["data"]["queues"] == {"600": {"waiting": [1, 2]}}
    assert {q["queue"]: q["limits"]["waiting"] for q in board()["queues"]}["600"] == [1, 2]
    kept = client.get("/api/live/thresholds", headers=bearer("leo")).json["data"]
    assert kept["queues"]["600"] == {"waiting": [1, 2]}


# -- screens ---------------------------------------------------------------------------------------


@pytest.fixture
def link(client, bearer):
    def make(**body):
        answer = client.post("/api/kiosks", json={"name": "Sala norte", "days": 7, **body}, headers=bearer("ana"))
        assert answer.status_code == 201
        found = answer.json["data"]
        return found, found["path"].partition("#")[2]
    return make


def show(client, token, kind="Kiosk"):
    return client.get("/api/kiosk/board?lang=es", headers={"Authorization": f"{kind} {token}"})


def test_a_link_shows_the_floor_with_masked_numbers(client, link):
    made, token = link()
    assert made["path"].startswith("/kiosk?lang=es#")
    answer = show(client, token)
    assert answer.status_code == 200
    assert [w["number"] for w in answer.json["data"]["waiting"]] == ["300***444", "300***666", "205"]


def test_a_link_of_one_queue_shows_that_one(client, link):
    found = show(client, link(queues=["601"])[1]).json["data"]
    assert {q["queue"] for q in found["queues"]} == {"601"}
    assert [a["agent"] for a in found["agents"]] == ["Luis Pérez"]


def test_a_link_opens_nothing_else(client, link):
    _, token = link()
    for kind in ("Kiosk", "Bearer"):
        for path in ("/api/live/board", "/api/calls/statistics", "/api/kiosks", "/api/queues/realtime", "/api"):
            assert client.get(path, headers={"Authorization": f"{kind} {token}"}).status_code == 401, (kind, path)
    assert show(client, token, "Bearer").status_code == 401
    assert client.get("/", headers={"Authorization": f"Kiosk {token}"}).status_code == 302


def test_a_revoked_link_is_worth_nothing_at_once(client, link, bearer):
    made, token = link()
    assert show(client, token).status_code == 200
    assert client.delete(f"/api/kiosks/{made['id']}", headers=bearer("ana")).status_code == 200
    answer = show(client, token)
    assert (answer.status_code, "revocado" in answer.json["error"]["message"]) == (401, True)
    assert client.delete(f"/api/kiosks/{made['id']}", headers=bearer("ana")).status_code == 404
    told = {k["id"]: k for k in client.get("/api/kiosks", headers=bearer("ana")).json["data"]["kiosks"]}
    assert told[made["id"]]["active"] is False


def test_an_expired_link_is_worth_nothing(made, client, link, monkeypatch):
    _, token = link(days=1)
    monkeypatch.setattr(made.users, "clock", lambda: time.time() + 86_401)
    assert show(client, token).status_code == 401


@pytest.mark.parametrize("bend", [
    lambda token: "", lambda token: "x", lambda token: token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"),
    lambda token: token + "x", lambda token: ".".join(["eyJhbGciOiJub25lIn0", token.split(".")[1], ""])])
def test_a_bent_link_is_worth_nothing(client, link, bend):
    _, token = link()
    assert show(client, bend(token)).status_code == 401


def test_a_token_of_a_person_is_no_link(client, bearer):
    assert show(client, bearer("ana")["Authorization"].split()[1]).status_code == 401


@pytest.mark.parametrize("body, field", [
    ({"name": "", "days": 3}, "nombre"), ({"name": "Sala", "days": 0}, "días"), ({"name": "Sala", "days": 400}, "días"),
    ({"name": "Sala", "days": "soon"}, "days"), ({"days": 3}, "name"), ({"name": "Sala", "queues": "600"}, "queues")])
def test_a_link_that_cannot_be_made_is_refused(client, bearer, body, field):
    answer = client.post("/api/kiosks", json=body, headers=bearer("ana"))
    assert (answer.status_code, answer.json["success"]) == (422, False)
    assert answer.json["error"]["message"].startswith(field)


def test_links_are_made_by_administrators_and_recorded(made, client, bearer, link):
    assert client.post("/api/kiosks", json={"name": "x", "days": 1}, headers=bearer("sol")).status_code == 403
    assert client.get("/api/kiosks", headers=bearer("sol")).status_code == 403
    told, _ = link(name="Sala <b>sur</b>")
    assert (told["created_by"], told["name"], told["last_seen"]) == ("ana", "Sala <b>sur</b>", None)
    lines = [row for row in made.users.audit(20) if row["action"] == "kiosk_made"]
    assert (lines[0]["username"], lines[0]["target"]) == ("ana", "Sala <b>sur</b>")


def test_the_list_tells_when_a_screen_was_seen_but_no_token(client, bearer, link):
    told, token = link()
    show(client, token)
    listed = client.get("/api/kiosks", headers=bearer("ana"))
    assert token.split(".")[2] not in listed.get_data(as_text=True)
    assert next(k for k in listed.json["data"]["kiosks"] if k["id"] == told["id"])["last_seen"]


def test_the_screens_page_has_no_data_and_no_foreign_files(client):
    answer = client.get("/kiosk?lang=en")
    page = answer.get_data(as_text=True)
    assert (answer.status_code, 'lang="en"' in page, "Waiting" in page) == (200, True, True)
    assert "Ventas" not in page
    assert "http" not in page.replace('http-equiv', "")
    for name in ("b-app/live.js", "b-app/live-draw.js", "b-app/live.css", "a-vendor/inter-latin.woff2"):
        with client.get(f"/kiosk/files/{name}") as file:
            assert file.status_code == 200


@pytest.mark.parametrize("name", ["../app.py", "b-app/app.js", "b-app/../../app.py", "%2e%2e/app.py", "",
                                  "b-app/live-admin.js"])
def test_a_screen_gets_no_other_file(client, name):
    assert client.get(f"/kiosk/files/{name}").status_code in (401, 404, 302)


def test_health_names_asterisk_only_where_it_is_asked(client, tmp_path):
    assert "ami" not in client.get("/health").json
    (tmp_path / "queue_log").write_text("")
    other = house.create_app(config.load(QUEUE_LOG_PATH=tmp_path / "queue_log", DATA_DIR=tmp_path / "var",
                                         TIMEZONE=around_noon(), AMI_HOST="127.0.0.1", AMI_USER="reader",
                                         AMI_SECRET="x"))
    assert other.server.test_client().get("/health").json["ami"] == "connecting"


def test_who_waited_for_a_message_takes_a_later_one_and_makes_no_older(made, tmp_path):
    """A busy center writes while many wait for the one message that is being made."""
    came, go, got = threading.Event(), threading.Event(), []
    first = [True]

    def heard():
        if first.pop() if first else False:
            came.set()
            assert go.wait(30)
    boards = Boards(Thresholds(tmp_path / "thresholds.json"), heard)
    view = made.store.view()
    asked = Filters(view.today(), view.today())
    early = threading.Thread(target=lambda: got.append(boards.get(view, "es", asked)))
    early.start()
    assert came.wait(30)
    late = boards.get(SameLater(view), "es", asked)
    go.set()
    early.join()
    assert got[0] is late
    assert boards.get(view, "es", asked) is not late  # who comes now sees what is so now, whatever its version


class SameLater:
    """The same view under another version."""

    def __init__(self, view):
        self.view = view

    def __getattr__(self, name):
        return getattr(self.view, name) + 1 if name == "version" else getattr(self.view, name)
