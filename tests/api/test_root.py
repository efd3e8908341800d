"""`/health`, `/api`, the description, and the one shape of every failure."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import abort

import app as house
import config
from api import errors, root
from api import server as servers


def build(health=None, prefix="/"):
    """A server with the description, the service's own endpoints, and some that fail; without the gate."""
    server = servers.create_server("Centre", "9.9", prefix)
    root.register(server, health or (lambda: {"status": "ok", "log_age": 2, "rejected": {"FULL": 1}}), "Centre", "9.9",
                  prefix)
    servers.register(server, prefix)

    @server.route(f"{prefix}api/fails")
    def fails():
        raise RuntimeError("the secret of the house")

    @server.route(f"{prefix}api/stops/<int:status>")
    def stops(status):
        abort(status)

    @server.route(f"{prefix}page")
    def page():
        raise RuntimeError("the secret of the house")

    return server.test_client()


@pytest.mark.parametrize(("status", "code"), [("ok", 200), ("degraded", 200), ("down", 503)])
def test_health_says_what_it_was_told_and_a_dead_service_is_a_503(status, code):
    answer = build(lambda: {"status": status, "log_age": None}).get("/health")
    assert (answer.status_code, answer.json) == (
        code, {"name": "Centre", "release": "9.9", "status": status, "log_age": None})


def test_the_list_of_what_there_is():
    data = build().get("/api").json["data"]
    assert (data["name"], data["version"]) == ("Centre", "9.9")
    assert [(row["method"], row["path"]) for row in data["endpoints"]] == [("GET", "/api"), ("GET", "/health")]


@pytest.mark.parametrize(("status", "code"), [
    (400, "bad_request"), (401, "unauthorized"), (403, "forbidden"), (404, "not_found"), (405, "method_not_allowed"),
    (413, "too_large"), (415, "unsupported_media_type"), (416, "range_not_satisfiable"), (422, "invalid_parameter"),
    (429, "too_many_requests"), (500, "internal_error"), (503, "unavailable")])
def test_every_failure_has_the_one_shape(status, code):
    answer = build().get(f"/api/stops/{status}")
    assert answer.status_code == status
    assert set(answer.json) == {"success", "error"}
    assert (answer.json["success"], answer.json["error"]["code"]) == (False, code)
    assert answer.json["error"]["message"]


def test_what_was_not_foreseen_says_a_number_and_nothing_of_the_inside(caplog):
    answer = build().get("/api/fails")
    assert (answer.status_code, answer.json["error"]["code"]) == (500, "internal_error")
    number = answer.json["error"]["message"].split()[-1].strip(").")
    assert "secret" not in answer.text
    assert number in caplog.text
    assert "the secret of the house" in caplog.text
    page = build().get("/page")
    assert (page.status_code, page.mimetype) == (500, "text/plain")
    assert "secret" not in page.text


def test_a_wrong_method_names_the_right_ones():
    answer = build().delete("/api")
    assert (answer.status_code, answer.json["error"]["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_success_has_data_and_meta():
    server = servers.create_server("Centre", "9.9")
    with server.test_request_context():
        assert errors.success([1]).json == {"success": True, "data": [1], "meta": {}}
        assert errors.success({"a": None}, {"page": 2}).json == {
            "success": True, "data": {"a": None}, "meta": {"page": 2}}


def test_below_a_prefix_addresses_that_are_named_exist(tmp_path):
    log = tmp_path / "queue_log"
    log.write_text("")
    application = house.create_app(config.load(QUEUE_LOG_PATH=log, DATA_DIR=tmp_path / "var", TIMEZONE="UTC",
                                               URL_PREFIX="/analytics/"))
    application.users.set_password("admin", "una frase larga y nueva", must_change=False)
    client = application.server.test_client()
    tokens = client.post("/analytics/api/auth/login", json={
        "username": "admin", "password": "una frase larga y nueva"}).json["data"]
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    described = client.get("/analytics/api/openapi.json", headers=headers).json
    assert set(described["components"]["securitySchemes"]) == {"bearer", "cookie"}
    base = described["servers"][0]["url"].rstrip("/")
    for path, methods in described["paths"].items():
        if "get" in methods and "{" not in path:
            assert client.get(base + path, headers=headers).status_code == 200, path
    # Another process of the same service has made the page that names these.
    for name in ("dash_ag_grid/dash_ag_grid.min.js", "dash/dash-renderer/build/dash_renderer.min.js"):
        assert client.get(f"/analytics/_dash-component-suites/{name}", headers=headers).status_code == 200


def test_the_readers_of_the_description_come_from_this_machine():
    client = build()
    for page, files in (("/api/docs", 3), ("/api/redoc", 2)):
        body = client.get(page).text
        assert "//" not in body.replace("<!DOCTYPE html>", "")
        found = [part.split('"')[0] for part in body.replace('href="', 'src="').split('src="')[1:]]
        local = [name for name in found if not name.startswith("data:")]
        assert len(local) == files
        for name in local:
            with client.get(f"/api/{name}") as answer:
                assert answer.status_code == 200, name
    for name in ("../server.py", "..%2fserver.py", "%2e%2e/server.py", "%2fetc%2fpasswd"):
        assert client.get(f"/api/docs/own/{name}", follow_redirects=True).status_code == 404


def test_the_first_requests_may_come_at_once(tmp_path):
    together = threading.Barrier(6)

    def ask(application):
        client = application.server.test_client()
        together.wait()
        return client.get("/health").status_code

    (tmp_path / "queue_log").touch()
    settings = config.load(QUEUE_LOG_PATH=tmp_path / "queue_log", DATA_DIR=tmp_path / "var")
    pace = sys.getswitchinterval()
    for _ in range(4):
        application = house.create_app(settings)
        sys.setswitchinterval(1e-6)
        try:
            with ThreadPoolExecutor(6) as pool:
                assert set(pool.map(ask, [application] * 6)) == {200}
        finally:
            sys.setswitchinterval(pace)
            application.store.book.close()
