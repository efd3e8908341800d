"""`/metrics`: what Prometheus reads, who may read it, and that nothing of a call is in it."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import app as house
import config
from api.traffic import named
from data import counting
from data.vitals import REASONS
from tests.api.conftest import PASSWORD, lines
from tests.browsing import free_port, ready

TOKEN = "a-token-that-only-prometheus-knows"
ROOT = Path(__file__).parent.parent.parent


def made_in(folder, **more):
    log = folder / "queue_log"
    log.write_text(lines() + "no event\n")
    application = house.create_app(config.load(QUEUE_LOG_PATH=log, DATA_DIR=folder / "var", TIMEZONE="America/Bogota",
                                               METRICS_TOKEN=TOKEN, **more))
    application.store.refresh()
    application.users.add("ana", PASSWORD, "manager")
    application.users.add("jefa", PASSWORD, "admin")
    return application


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    return made_in(tmp_path_factory.mktemp("metrics"))


def signed_in(client, name):
    answer = client.post("/api/auth/login", json={"username": name, "password": PASSWORD})
    return answer.json["data"]["access_token"]


def read(client, token=TOKEN):
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"} if token else {})
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


def samples(text):
    """Every sample as the library's own parser reads it: (name, labels without brackets) -> value."""
    return {(one.name, ",".join(f"{k}={v}" for k, v in sorted(one.labels.items()))): one.value
            for family in text_string_to_metric_families(text) for one in family.samples}


def test_the_answer_is_what_prometheus_reads(watched):
    client = watched.server.test_client()
    client.get("/health")
    client.get("/api/calls/list?q=3001112222")
    client.get("/nowhere/3001112222", headers={"Sec-Fetch-Dest": "empty"})
    found = samples(read(client))
    said = {name: found[name, ""] for name in (
        "ccanalytics_log_lines", "ccanalytics_log_lines_rejected", "ccanalytics_legs", "ccanalytics_ingester_alive",
        "ccanalytics_ingest_lag_seconds", "ccanalytics_store_version")}
    counts = watched.store.counts()
    assert said == {"ccanalytics_log_lines": 15, "ccanalytics_log_lines_rejected": 1, "ccanalytics_legs": 4,
                    "ccanalytics_ingester_alive": 1, "ccanalytics_ingest_lag_seconds": 0,
                    "ccanalytics_store_version": counts["version"]}
    assert found["ccanalytics_http_requests_total", "endpoint=calls.listed,method=GET,status=401"] >= 1
    assert found["ccanalytics_http_requests_total", "endpoint=root.health_check,method=GET,status=200"] >= 1
    assert found["ccanalytics_http_request_duration_seconds_count", "endpoint=calls.listed"] >= 1
    assert found["ccanalytics_build_info", f"python={sys.version.split()[0]},version={house.VERSION}"] == 1
    assert found["ccanalytics_memory_resident_bytes", "process=server"] > 10**7
    assert found["ccanalytics_disk_bytes", "part=store"] > 0
    assert found["ccanalytics_disk_free_bytes", ""] > 0
    assert {key[1].removeprefix("reason=") for key in found if key[0] == "ccanalytics_problem"} == set(REASONS)
    assert not any(name in ("ccanalytics_mysql_up", "ccanalytics_ami_up") for name, _ in found)


def test_failed_sign_ins_are_counted_by_their_reason(watched):
    client = watched.server.test_client()

    def refused():
        return samples(read(client))["ccanalytics_sign_in_failures_total", "reason=login_failed"]
    before = refused()
    for _ in range(3):
        assert client.post("/api/auth/login", json={"username": "ana", "password": "not hers"}).status_code == 401
    assert client.post("/api/auth/login", json={"username": "ana", "password": PASSWORD}).status_code == 200
    assert refused() == before + 3


def test_reports_are_counted_by_their_state(watched):
    client = watched.server.test_client()
    from data.jobs import Jobs
    jobs = Jobs(Path(watched.store.book.folder).parent / "exports")
    before = samples(read(client))["ccanalytics_exports", "state=waiting"]
    jobs.submit("1", {})
    assert samples(read(client))["ccanalytics_exports", "state=waiting"] == before + 1


def test_who_may_read_it(watched, tmp_path):
    client = watched.server.test_client()
    for token in (None, "", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\N{SNOWMAN}".encode().decode("latin-1")):
        answer = client.get("/metrics", headers={} if token is None else {"Authorization": f"Bearer {token}"})
        assert (answer.status_code, "ccanalytics" in answer.text) == (401, False)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.get(f"/metrics?token={TOKEN}").status_code == 401
    assert client.get("/api/users", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 401
    for name, status in (("ana", 403), ("jefa", 200)):
        token = signed_in(client, name)
        assert client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == status
    (tmp_path / "queue_log").write_text("")
    without = house.create_app(config.load(QUEUE_LOG_PATH=tmp_path / "queue_log", DATA_DIR=tmp_path / "var",
                                           TIMEZONE="UTC")).server.test_client()
    for header in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}, {"Authorization": f"Bearer {TOKEN}"}):
        assert without.get("/metrics", headers=header).status_code == 401


def test_nothing_of_a_call_or_a_person_is_in_it(watched):
    client = watched.server.test_client()
    token = signed_in(client, "jefa")
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/api/calls/list?q=3001112222&start_date=2026-03-03&end_date=2026-03-03", "/api/calls/1.1",
                 "/api/agents/Ana%20G%C3%B3mez/sessions", "/api/queues/statistics?queue=600", "/nothing/here"):
        client.get(path, headers=headers)
    client.open("/health", method="BREW")
    text = read(client)
    for word in ("3001112222", "3003334444", "6017000000", "Ana", "Luis", '"600"', "1.1\"", "jefa", "BREW", "/api",
                 "nothing"):
        assert word not in text, word


def test_labels_are_names_of_endpoints_and_no_more_than_there_are(watched):
    client = watched.server.test_client()
    for number in range(50):
        client.get(f"/api/calls/{number}.1")
        client.get(f"/api/no/such/{number}")
        client.get(f"/calls/{number}")
        client.open("/health", method=f"M{number}")
    rules = {named(rule.endpoint, "/") for rule in watched.server.url_map.iter_rules()} | {"none"}
    found = {labels for name, labels in samples(read(client)) if name == "ccanalytics_http_requests_total"}
    endpoints = {re.match("endpoint=([^,]*)", labels)[1] for labels in found}
    assert endpoints <= rules
    assert len(found) < 60
    assert {re.search("method=([^,]*)", labels)[1] for labels in found} <= {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}


@pytest.mark.parametrize("endpoint, prefix, name", [
    (None, "/", "none"), ("calls.listed", "/", "calls.listed"), ("/", "/", "page"), ("/<path:path>", "/", "page"),
    ("/analytics/<path:path>", "/analytics/", "page"), ("/analytics/_dash-layout", "/analytics/", "_dash-layout"),
    ("/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>", "/", "_dash-component-suites"),
    ("_dash_assets.static", "/analytics/", "_dash_assets.static")])
def test_an_endpoint_has_a_short_name(endpoint, prefix, name):
    assert named(endpoint, prefix) == name


def test_the_counts_of_all_processes_are_one_sum_that_never_falls(tmp_path):
    """Two workers of the real server: whichever answers, it answers for both; a worker that is killed takes nothing
    away."""
    port, log = free_port(), tmp_path / "server.log"
    (tmp_path / "queue_log").write_text(lines())
    env = {**{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
           "DATA_DIR": str(tmp_path / "var"), "QUEUE_LOG_PATH": str(tmp_path / "queue_log"), "SERVER_PORT": str(port),
           "WORKERS": "2", "METRICS_TOKEN": TOKEN, "TIMEZONE": "UTC", "LOG_FORMAT": "json"}
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, str(ROOT / "app.py")], cwd=tmp_path, env=env, stdout=output,
                                   stderr=subprocess.STDOUT)

    def ask(path):
        """A connection of its own: any worker may take it."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def asked():
        return samples(ask("/metrics"))["ccanalytics_http_requests_total", "endpoint=root.index,method=GET,status=401"]
    try:
        ready(process, f"http://127.0.0.1:{port}/health", log)
        for _ in range(40):
            ask("/api")
        assert [asked() for _ in range(10)] == [40] * 10
        found = samples(ask("/metrics"))
        assert [found["ccanalytics_processes", f"process={kind}"] for kind in ("server", "worker")] == [1, 2]
        folder = counting.place(tmp_path / "var")
        both = {int(path.stem.rpartition("_")[2]) for path in folder.glob("counter_*.db")}
        assert len(both) == 2
        os.kill(min(both), 9)
        deadline = time.monotonic() + 60
        while samples(ask("/metrics"))["ccanalytics_processes", "process=worker"] < 2:
            assert time.monotonic() < deadline
        ask("/api")
        assert [asked() for _ in range(6)] == [41] * 6
        run = subprocess.run([sys.executable, str(ROOT / "app.py"), "health"], cwd=tmp_path, env=env, text=True,
                             capture_output=True, timeout=60)
        said = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10).read())
        # The calls of this log are old, but the file has just been written.
        assert (run.returncode, run.stdout, said["status"], said["reasons"]) == (0, "ok\n", "ok", [])
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert not folder.exists()
    run = subprocess.run([sys.executable, str(ROOT / "app.py"), "health"], cwd=tmp_path, env=env, text=True,
                         capture_output=True, timeout=60)
    assert (run.returncode, run.stdout[:20]) == (1, "down: no answer on p")
    assert all(json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))


def test_the_folder_of_the_counts_is_ours_alone(tmp_path):
    memory, var = tmp_path / "memory", tmp_path / "var"
    memory.mkdir()
    var.mkdir()
    place = counting.place(var, memory)
    assert (place.parent, place.stat().st_mode & 0o777) == (memory, 0o700)
    assert counting.place(var, memory) == place
    place.chmod(0o777)  # somebody else may have made it
    assert counting.place(var, memory) == var / "metrics"
    place.rmdir()
    place.symlink_to(tmp_path)
    assert counting.place(var, memory) == var / "metrics"
    assert counting.place(tmp_path / "nowhere", tmp_path / "neither") is None


def test_what_the_dead_have_counted_goes_when_it_is_too_much(tmp_path):
    place = counting.place(tmp_path, tmp_path)
    alive = [place / f"counter_{os.getpid()}.db", place / f"histogram_{os.getpid()}.db"]
    for path in (*alive, *(place / f"counter_{2**22 + number}.db" for number in range(counting.MOST - 2))):
        path.touch()
    counting.place(tmp_path, tmp_path)
    assert len(list(place.iterdir())) == counting.MOST
    (place / f"counter_{2**23}.db").touch()
    counting.place(tmp_path, tmp_path)
    assert sorted(place.iterdir()) == alive
    counting.forget(place)
    assert not place.exists()
