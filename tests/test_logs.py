"""What the program writes of itself: one object a line, the request it belongs to, and nobody's number."""

import io
import json
import logging
import os
import re
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from http.client import HTTPConnection
from pathlib import Path

import pytest

import app as house
import config
import logs
from tests.api.conftest import PASSWORD, lines
from tests.browsing import free_port, ready

ROOT = Path(__file__).parent.parent
NUMBERS = ("3001112222", "3003334444", "6017000000", "+573009998877", "573009998877", "2125550100")
KEY = "cca_Zx8Qm3Lw0pYt6Rb2Vn5Kd7Hs1Jf4Gc9Ae0Ui"


@pytest.fixture
def written():
    """`written(form, level)`: a stream with everything that is said from then on; afterwards all is as before."""
    root, before = logging.getLogger(), (logging.getLogger().handlers[:], logging.getLogger().level)
    hooks = sys.excepthook, logs.threading.excepthook
    made = []

    def begin(form="json", level="info"):
        stream = io.StringIO()
        made.append(logs.setup(form, level, stream))
        return stream
    yield begin
    logging.captureWarnings(False)
    root.handlers[:], root.level = before
    sys.excepthook, logs.threading.excepthook = hooks
    logs.REQUEST.set("")


@pytest.mark.parametrize("said, shown", [
    ("/api/calls/list?q=3001112222&sort=enter failed", "/api/calls/list?... failed"),
    ("KeyError: '3001112222'", "KeyError: '***'"), ("+573001112222 called", "*** called"),
    ("%2B573001112222", "***"), ("dial 300 111 2222 now", "dial *** now"), ("300-111-2222", "***"),
    ("(601) 700 0000", "***"), ("Authorization: Bearer abc.def.ghi", "Authorization: Bearer ***"),
    ("Cookie: cca_session=abcdef", "Cookie: ***"), ("GET /kiosk/abcdef/x", "GET /kiosk/***"),
    ("/invitation/aBcDeF-123", "/invitation/***"), (f"key {KEY}", "key ***"),
    ("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "***"), ("0123456789abcdef0123456789abcdef", "***"),
    # What is needed to find a mistake stays.
    ("call 1772514000.12 of queue 600", "call 1772514000.12 of queue 600"), ("2026-03-03 09:00:00,123", None),
    ("2026-03-03 2026-03-04", None), ("192.168.100.200:5038", None), ("line 123, in show", None), ("12345 lines", None),
    ("extension 1001", None), ("took 12.345 s", None), ("File \"/opt/cca/data/store.py\", line 99", None),
    ("is it there? yes", None)])
def test_what_nobody_may_read_in_a_log_is_taken_out(said, shown):
    assert logs.hidden(said) == (said if shown is None else shown)


def test_a_line_is_an_object_with_its_request_and_the_traceback(written):
    stream = written()
    logs.REQUEST.set("bcdfghjkmn")
    try:
        raise RuntimeError("caller 3001112222")
    except RuntimeError:
        logging.getLogger("data.calls").exception("no call of %s", "3001112222",
                                                  extra={"user_id": 7, "more": ["3001112222"]})
    found = json.loads(stream.getvalue())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", found.pop("time"))
    trace = found.pop("exc_info")
    assert trace.startswith("Traceback")
    assert trace.endswith("RuntimeError: caller ***")
    assert found == {"level": "ERROR", "logger": "data.calls", "message": "no call of ***", "request_id": "bcdfghjkmn",
                     "user_id": 7, "more": ["***"]}


def test_text_is_the_same_for_eyes(written):
    stream = written("text")
    logs.REQUEST.set("bcdfghjkmn")
    logging.getLogger("data.calls").warning("no call of %s", "3001112222")
    logs.REQUEST.set("")
    logging.getLogger("data.calls").debug("not wanted")
    logging.getLogger("data.calls").warning("outside")
    assert [line[24:] for line in stream.getvalue().splitlines()] == [
        "WARNING data.calls no call of *** [bcdfghjkmn]", "WARNING data.calls outside"]


def test_what_nobody_caught_is_said_the_same_way(written):
    stream = written()
    thread = logs.threading.Thread(target=lambda: {}["3001112222"], name="follow")
    thread.start()
    thread.join()
    try:
        raise ValueError("3001112222")
    except ValueError:
        sys.excepthook(*sys.exc_info())
    logging.getLogger("gunicorn.error").error("Error handling request GET /api/calls/list?q=3001112222")
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["message"] for one in found] == ["a thread ended: follow", "the program ends",
                                                 "Error handling request GET /api/calls/list?..."]
    assert "3001112222" not in stream.getvalue()


def test_setting_it_up_twice_says_everything_once(written):
    written()
    stream = written()
    logging.getLogger("x").warning("once")
    assert len(stream.getvalue().splitlines()) == 1


def test_numbers_of_requests_are_no_words_and_no_digits():
    found = {logs.number() for _ in range(500)}
    assert len(found) == 500
    assert all(re.fullmatch("[bcdfghjkmnpqrstvwxz]{10}", one) and logs.hidden(one) == one for one in found)


def test_a_failure_shows_the_number_of_its_request(written, tmp_path):
    (tmp_path / "queue_log").write_text(lines())
    application = house.create_app(config.load(QUEUE_LOG_PATH=tmp_path / "queue_log", DATA_DIR=tmp_path / "var",
                                               TIMEZONE="America/Bogota"))
    application.store.refresh()
    ana = application.users.add("ana", PASSWORD, "manager")
    stream, client = written(), application.server.test_client()
    token = client.post("/api/auth/login", json={"username": "ana", "password": PASSWORD}).json["data"]["access_token"]
    application.server.view_functions["calls.statistics"] = lambda **_: {}["3001112222"]
    answer = client.get("/api/calls/statistics?caller=3001112222", headers={"Authorization": f"Bearer {token}"})
    number = answer.headers["X-Request-ID"]
    assert (answer.status_code, number in answer.json["error"]["message"]) == (500, True)
    mine = [one for one in map(json.loads, stream.getvalue().splitlines()) if one["request_id"] == number]
    assert [one["logger"] for one in mine] == ["api.errors", "requests"]
    assert "Traceback" in mine[0]["exc_info"]
    request = mine[1]
    assert (request["level"], request["endpoint"], request["method"], request["status"], request["user_id"]) == (
        "ERROR", "calls.statistics", "GET", 500, ana.id)
    assert request["duration_ms"] >= 0
    assert "3001112222" not in stream.getvalue()
    assert token not in stream.getvalue()


def test_a_whole_session_with_numbers_in_its_addresses_leaves_none_in_the_log(tmp_path):
    """The real server, everything it says on standard error: pages, callbacks, API, exports, recordings, failures,
    malformed requests; in both forms."""
    (tmp_path / "queue_log").write_text(lines())
    for form in ("json", "text"):
        said = session(tmp_path, form)
        for number in (*NUMBERS, PASSWORD, KEY, "%2B57300", "q=", "?"):
            assert number not in said, number
        assert "calls.listed" in said
        if form == "json":
            found = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
            assert len([one for one in found if one["logger"] == "requests"]) > 20
            assert {one["user_id"] for one in found if one.get("endpoint") == "calls.listed"} == {2, None}
            other = [line for line in said.splitlines() if not line.startswith("{")]
            assert all("http://127.0.0.1" in line or "sign-in" in line for line in other), other  # the greeting


def session(folder, form):
    port, log = free_port(), folder / f"{form}.log"
    env = {**{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
           "DATA_DIR": str(folder / form), "QUEUE_LOG_PATH": str(folder / "queue_log"), "SERVER_PORT": str(port),
           "TIMEZONE": "America/Bogota", "LOG_FORMAT": form, "LOG_LEVEL": "debug"}
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, str(ROOT / "app.py")], cwd=folder, env=env, stdout=output,
                                   stderr=subprocess.STDOUT)
    try:
        ready(process, f"http://127.0.0.1:{port}/health", log)
        subprocess.run([sys.executable, str(ROOT / "app.py"), "users", "add", "ana", "--role", "admin",
                        "--password-stdin"], cwd=folder, env=env, input=PASSWORD, text=True, check=True,
                       capture_output=True)
        connection = HTTPConnection("127.0.0.1", port, timeout=60)

        def ask(method, path, body=None, **headers):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.getheader("Set-Cookie")
        form_type = {"Content-Type": "application/x-www-form-urlencoded"}
        for password in ("2125550100", PASSWORD):
            _, _, cookie = ask("POST", "/login?next=/calls?q=3001112222", urllib.parse.urlencode({
                "username": "ana", "password": password}), **form_type)
        mine = {"Cookie": cookie.split(";")[0]}
        for number in NUMBERS:
            quoted = urllib.parse.quote(number)
            for path in (f"/calls?q={quoted}", f"/calls/{quoted}.1", f"/api/calls/list?q={quoted}",
                         f"/api/calls/list?caller={quoted}&sort={quoted}", f"/api/calls/{quoted}",
                         f"/api/recordings/{quoted}", f"/api/recordings/stream/{quoted}.9", f"/agents/{quoted}",
                         f"/api/reports/export/calls/csv?q={quoted}", f"/api/queues/statistics?queue={quoted}",
                         f"/nothing/{quoted}", f"/kiosk/{quoted}", f"/invitation/{quoted}", f"/metrics?{quoted}=1"):
                ask("GET", path, **mine)
            ask("POST", f"/_dash-update-component?x={quoted}", json.dumps({"output": number, "inputs": []}),
                **mine, **{"Content-Type": "application/json"})
            ask("PUT", "/api/live/thresholds", json.dumps({number: number}), **mine,
                **{"Content-Type": "application/json"})
            ask("GET", f"/api/calls/list?q={quoted}", Authorization=f"Bearer {KEY}")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health?{quoted}", timeout=30) as answer:
                answer.read()
        for line in (b"GET /calls/3001112222 HTTP/9.9\r\n\r\n", b"CALL 3001112222\r\n\r\n",
                     b"GET / HTTP/1.1\r\n3001112222 3001112222\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
                raw.sendall(line)
                raw.recv(1000)
        connection.close()
    finally:
        process.terminate()
        process.wait(timeout=20)
    return log.read_text()
