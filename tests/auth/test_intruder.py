"""The whole program attacked from inside its own process: what was tried, and that it leads nowhere."""

import json
import logging
import socket
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, urlsplit

import jwt
import pytest
from playwright.sync_api import expect

import app as house
import config
from auth.secret import derive
from tests.api.conftest import PASSWORD, lines
from tests.auth.test_matrix import VALUES, body
from tests.browsing import around_noon, person, serving, sign_in

SECRET = "a secret of the tests, long enough to be one"
POST = "/_dash-update-component"
JSON = "application/json"
API = ("/api/calls/statistics", "/api/dashboard/summary")
LEAKS = ("Traceback", "File \"", "site-packages", "sqlalchemy", "werkzeug", str(Path(house.__file__).parent), "SECRET")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intruder")
    (folder / "queue_log").write_text(lines())
    app = house.create_app(config.load(QUEUE_LOG_PATH=folder / "queue_log", DATA_DIR=folder / "var",
                                       TIMEZONE="America/Bogota", SECRET_KEY=SECRET))
    app.store.refresh()
    app.users.add("ana", PASSWORD, "manager")
    app.users.add("leo", PASSWORD, "viewer")
    app.users.add("jefa", PASSWORD, "admin")
    signer = app.server.session_interface.get_signing_serializer(app.server)
    made = SimpleNamespace(app=app, server=app.server, users=app.users, signer=signer, count=0)

    def stranger():
        made.count += 1
        client = app.server.test_client()
        client.environ_base["REMOTE_ADDR"] = f"10.1.{made.count // 250}.{made.count % 250 + 1}"
        return client

    def inside(name="ana"):
        client = stranger()
        sid = app.server.extensions["gate"].visits.open(app.users.get(name))
        client.set_cookie("cca_session", signer.dumps({"_user_id": sid, "_fresh": True}))
        return client

    made.stranger, made.inside = stranger, inside
    inside().get("/")  # with its first page Dash adds its own callbacks
    return made


def quiet(answer):
    """The text of an answer, which tells nothing of the inside of the program."""
    text = answer.get_data().decode("utf-8", "replace")
    if answer.status_code >= 400:
        assert [word for word in LEAKS if word in text] == []
    return text


# -- bodies ------------------------------------------------------------------------------------------

BODIES = {
    "deep list": b"[" * 200_000, "deep object": b'{"username":' * 60_000, "deep and closed": b"[" * 9000 + b"]" * 9000,
    "a number of 5000 digits": b'{"username":' + b"9" * 5000 + b"}", "NaN": b'{"username":NaN,"output":NaN}',
    "half a surrogate": b'{"username":"\\ud800","password":"\\ud800","output":"\\ud800"}', "not UTF-8": b'{"a":"\xff"}',
    "UTF-16": '{"output":"a.b"}'.encode("utf-16"), "empty": b"", "null": b"null", "text": b'"{\\"username\\":1}"',
    "prototype": b'{"__proto__":{"role":"admin"},"constructor":1}',
    "NUL": b'{"username":"a\\u0000","password":"\\u0000"}',
    "twice": b'{"username":"ana","username":["ana"],"password":{}}', "list": b'[{"username":"ana"}]',
}


@pytest.mark.parametrize("data", BODIES.values(), ids=BODIES)
def test_no_body_makes_the_server_fail(site, data):
    for path in ("/api/auth/login", "/api/auth/refresh", "/language"):
        answer = site.stranger().post(path, data=data, content_type=JSON)
        assert answer.status_code in (401, 422), path
        quiet(answer)
    for path in (POST, "/api/auth/password", "/api/auth/logout"):
        answer = site.inside().post(path, data=data, content_type=JSON)
        # Nothing at all is a plain request to sign out.
        assert answer.status_code in ((200,) if path == "/api/auth/logout" and not data else (400, 403, 422)), path
        quiet(answer)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "",
                                  "multipart/form-data; boundary=" + "x" * 5000, "application/xml", "text/json"])
def test_only_json_is_json(site, kind):
    """A form of another site can send these kinds without asking; none of them signs in or calls anything."""
    sent = json.dumps({"username": "ana", "password": PASSWORD})
    assert site.stranger().post("/api/auth/login", data=sent, content_type=kind).status_code == 422
    key, spec = next(iter(site.app.callback_map.items()))
    assert site.inside().post(POST, data=json.dumps(body(key, spec)), content_type=kind).status_code == 400


@pytest.mark.parametrize(("path", "kind"), [
    ("/login", "application/x-www-form-urlencoded"), ("/login", "multipart/form-data; boundary=x"),
    ("/api/auth/login", JSON), ("/language", JSON), (POST, JSON)])
def test_more_than_a_megabyte_is_not_read(site, path, kind):
    for client in (site.stranger(), site.inside()):
        answer = client.post(path, data=b"a" * 1_100_000, content_type=kind)
        assert 400 <= answer.status_code < 500
        assert "Content-Security-Policy" in answer.headers


def test_a_name_of_a_million_letters_is_a_wrong_name(site):
    sent = {"username": "a" * 400_000, "password": "b" * 400_000}
    assert site.stranger().post("/login", data=sent).status_code in (401, 413)
    assert site.stranger().post("/api/auth/login", json=sent).status_code == 422


WRONG_VALUES = [None, 0, -1, 1e308, True, "x", "../", "<script>alert(1)</script>", [], {}, [[]], {"query": None},
                {"query": "period=zzz", "path": "/", "prefix": "/", "default": "today"},
                {"query": "queue=600", "path": "/", "prefix": "javascript:alert(1)//", "default": "nonsense"},
                ["\ud800"], "\ud800", {"__proto__": 1}]


@pytest.mark.parametrize("value", WRONG_VALUES, ids=range(len(WRONG_VALUES)))
def test_properties_of_the_wrong_type_break_no_callback(site, value, caplog):
    caplog.set_level(logging.CRITICAL + 1)  # half a surrogate in a kept line of the log cannot leave a test worker
    client = site.inside("jefa")
    known = [*VALUES, "users-chosen.data", "users-act.data", "users-number.data", "users-save.n_clicks",
             "users-role.value", "users-permissions.value", "users-queues.value",
             "users-language.value", "users-username.value",
             "users-active.value", "users-limited.value", "audit-save.n_clicks", "audit-days.value", "account-act.data",
             "account-make.n_clicks", "account-name.value", "account-permissions.value", "account-days.value"]
    for key, spec in site.app.callback_map.items():
        if "callback" in spec:
            sent = json.dumps(body(key, spec, dict.fromkeys(known, value)))
            answer = client.post(POST, data=sent, content_type=JSON)
            assert answer.status_code in (200, 204), key
            assert [word for word in ("Traceback", "File \"", "site-packages") if word in quiet(answer)] == []


# -- addresses ---------------------------------------------------------------------------------------

TRICKS = ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "..%5capp.py", "%2e%2e%2f%2e%2e%2fapp.py", "..%252fapp.py",
          "/etc/passwd", "%2fetc%2fpasswd", "....//app.py", "b-app/../../app.py", "b-app/%2e%2e/%2e%2e/app.py",
          "x%00.js", "%00", "C:%5cwindows", "~root", ".", "", "..%c0%afapp.py", "file:///etc/passwd"]
FOLDERS = ["/assets/", "/sign-in/", "/api/docs/own/", "/api/docs/swagger/", "/api/docs/redoc/", "/api/docs/own/../",
           "/_dash-component-suites/dash/", "/_dash-component-suites/", "/_dash-component-suites/plotly/../"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_path_leads_out_of_the_served_folders(site, folder):
    client = site.inside()
    for trick in TRICKS:
        with client.get(folder + trick) as answer:
            text = quiet(answer)
            assert answer.status_code in (200, 302, 308, 401, 404), trick
            assert "import " not in text, trick
            assert "root:" not in text, trick
            if answer.status_code == 200:  # the page that says there is nothing here
                assert "react-entry-point" in text, trick


@pytest.mark.parametrize("path", ["os/path.py", "dash/dash.py", "dash/%00", "nothing/x.js", "dash/deps/nothing.js",
                                  "flask/app.py", "dash/deps/../../dash.py"])
def test_only_component_files_are_component_files(site, path, caplog):
    answer = site.inside().get(f"/_dash-component-suites/{path}")
    assert answer.status_code == 404
    quiet(answer)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


DEBUG = ["/.git/HEAD", "/.git/config", "/.env", "/console", "/_mcp", "/__debugger__", "/server-status",
         "/var/secret_key",
         "/app.py", "/docs", "/openapi.json", "/admin", "/phpmyadmin/",
         "/?__debugger__=yes&cmd=resource&f=style.css",
         "/console?__debugger__=yes&cmd=1%2b1&frm=0", "/?debug=true", "/_alive_1", "/_dash-hot-reload"]


@pytest.mark.parametrize("path", DEBUG)
def test_there_is_nothing_to_debug_with(site, path):
    assert site.stranger().get(path).status_code in (302, 401)
    assert site.stranger().post(path).status_code == 401
    text = quiet(site.inside().get(path))
    assert "react-entry-point" in text  # the page of the program, which says that there is nothing
    for word in ("EVALEX", "[core]", "ref: refs", "DebuggedApplication"):
        assert word not in text
    assert site.inside().post(path, json={"jsonrpc": "2.0", "method": "tools/list", "id": 1}).status_code == 405


RAW = ["//evil.example", "//evil.example/..", "/\\evil.example", "//api/calls/statistics", "/./api/calls/statistics",
       "/api/../api/calls/statistics", "/health/../api", "/health/", "/health;x", "/login/../api", "/sign-in/../api",
       "*",
       "/API/calls/statistics", "/api/calls/statistics;x", "/api/calls/statistics/", "/%s%n", "/\r\nX-Evil: y", "",
       "\xff"]


@pytest.mark.parametrize("path", RAW)
def test_odd_spellings_of_an_address_open_nothing_and_lead_nowhere(site, path):
    answer = site.stranger().open("/", environ_overrides={"PATH_INFO": path, "REQUEST_URI": path, "RAW_URI": path})
    assert answer.status_code in (302, 401, 404)
    assert answer.headers.get("Location", "/login").startswith("/login")
    assert "offered" not in quiet(answer)
    assert "X-Evil" not in answer.headers


NEXT = ["https://evil.example/", "//evil.example", "/\\evil.example", "/%5cevil.example", "/%09/evil.example",
        "javascript:x",
        "http:evil.example", "@evil.example", "/%2f%2fevil.example", "/%252f%252fevil.example", "///evil.example",
        "/\t/evil.example", "\\\\evil.example", "/%0d%0aSet-Cookie: x=1", "/a\r\nX-Evil: y", " //evil.example",
        "data:,x"]


@pytest.mark.parametrize("target", NEXT)
def test_no_redirect_leaves_the_program(site, target):
    answers = [site.inside().get("/login", query_string={"next": target}),
               site.stranger().post("/login", data={"username": "leo", "password": PASSWORD, "next": target}),
               site.stranger().post("/language", data={"lang": "es", "next": target})]
    for answer in answers:
        assert answer.headers["Location"] == "/"
        assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example"}, {"Host": "evil.example:80@localhost"}, {"Host": "a b"}, {"Host": ""}, {"Host": "[::1"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example;proto=https"},
    {"X-Original-URL": "/health", "X-Rewrite-URL": "/health"}, {"X-Forwarded-Prefix": "//evil.example"},
    {"X-HTTP-Method-Override": "GET", "X-Forwarded-User": "admin", "Remote-User": "admin"}])
def test_headers_change_neither_who_nor_where(site, headers):
    for path in ("/", "/login", "/calls?x=1", "/health", *API, "/api/calls/statistics/"):
        answer = site.stranger().get(path, headers=headers)
        assert answer.status_code == {"/login": 200, "/health": 200, "/": 302, "/calls?x=1": 302}.get(path, 401)
        assert "evil.example" not in quiet(answer) + str(answer.headers)
        assert "Strict-Transport-Security" not in answer.headers


# -- questions ---------------------------------------------------------------------------------------

LETTERS = "x" * 1_000_000
BAD = {"queue": [f"queue={LETTERS}", "&".join(f"queue={n}" for n in range(1001))], "agent": [f"agent={LETTERS}"],
       "start_date": ["start_date=null", "start_date=2026-03-03%00", "start_date=1.0", "start_date=0000-00-00",
                      "start_date=[]",
                      "start_date=%EF%BC%92026-3-3", "start_date=2026-03-03&start_date=2026-03-04", "start_date=NaN",
                      f"start_date={LETTERS}", "start_date=1000-01-01&end_date=2026-01-01", "start_date=9999-12-31"],
       "end_date": ["end_date=2026-02-30", "end_date=2026-03-03&end_date=",
                    "start_date=2026-03-04&end_date=2026-03-03"],
       "period": ["period=today&period=yesterday", "period=constructor", "period[]=today&period=x"],
       "origin": ["origin=external&origin=all", "origin=%00", "origin=ALL", "origin=null"],
       "interval": ["interval=15.0", "interval=%D9%A1%D9%A5", "interval=-15", "interval=15&interval=60",
                    "interval=1e1"]}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_understood_is_named_and_not_guessed(site, name):
    client = site.inside()
    for query in BAD[name]:
        for path in API:
            answer = client.get(path, query_string=query)
            assert (answer.status_code, answer.json["error"]["code"]) == (422, "invalid_parameter"), query[:60]
            assert answer.json["error"]["message"].startswith(f"{name}:"), query[:60]
            assert len(quiet(answer)) < 300  # what was sent is not sent back


@pytest.mark.parametrize("query", ["queue[]=600", "queue[$ne]=600", "queue.x=1", "Queue=601", "queue%00=601",
                                   "__proto__=1",
                                   "&&&", "=", "&".join(f"x{n}=1" for n in range(5000)), "filters={}", "role=admin"])
def test_unknown_parameters_change_nothing(site, query):
    day = "start_date=2026-03-03&end_date=2026-03-03"
    client = site.inside()
    for path in API:
        assert client.get(path, query_string=f"{day}&{query}").json == client.get(path, query_string=day).json


@pytest.mark.parametrize("value", ["' OR 1=1 --", "%", "_", "*", "\\", ".*", "600'", "${7*7}", "{{7*7}}", "%00",
                                   "\u202e600", "600\n", "\xff", "６００", "600,601",
                                   "null", "[]", "-1", "<script>alert(1)</script>"])
def test_a_queue_or_agent_that_is_not_there_has_no_calls(site, value):
    client = site.inside()
    for name in ("queue", "agent"):
        answer = client.get("/api/calls/statistics", query_string={"start_date": "2026-03-03", name: value})
        assert (answer.status_code, answer.json["data"]["offered"]) == (200, 0)
        assert answer.mimetype == JSON  # so that a browser never reads what is repeated in `meta` as a page
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_endless_answer_is_refused_before_it_is_made(site):
    client = site.inside()
    query = {"start_date": "2010-01-01", "end_date": "2025-12-31", "interval": "15"}
    answer = client.get("/api/calls/intervals", query_string=query)
    assert answer.status_code == 422
    assert answer.json["error"]["message"].startswith("interval:")
    query["end_date"] = "2010-12-31"
    assert len(client.get("/api/calls/intervals", query_string=query).json["data"]["intervals"]) == 365 * 96


# -- tokens ------------------------------------------------------------------------------------------


def zoo(site):
    """Tokens that are not ours, by what is wrong with them; each would be ana's if it were believed."""
    client = site.stranger()
    good = client.post("/api/auth/login", json={"username": "ana", "password": PASSWORD}).json["data"]
    claims = jwt.decode(good["access_token"], options={"verify_signature": False})
    key = derive(SECRET, "api tokens 1")
    head, load, sign = good["access_token"].split(".")

    def made(secret=key, algorithm="HS256", headers=None, without=(), **more):
        return jwt.encode({k: v for k, v in {**claims, **more}.items() if k not in without}, secret, algorithm, headers)

    return good, {
        "none": jwt.encode(claims, None, "none"), "no signature": f"{head}.{load}.", "unsigned": f"{head}.{load}",
        "HS512": made(key * 2, "HS512"), "HS384": made(key * 2, "HS384"), "secret": made(SECRET.encode()),
        "other key": made(b"x" * 32), "kid": made(b"x" * 32, headers={"kid": "../../dev/null"}),
        "jwk": made(b"x" * 32, headers={"jwk": {"kty": "oct", "k": "eA"}}), "crit": made(headers={"crit": ["x"],
                                                                                                  "x": 1}),
        "refresh": good["refresh_token"], "typ": made(typ="session"), "aud": made(aud="x"), "iss": made(iss="x"),
        "sub of another": made(sub="1"), "sub": made(sub="1 OR 1=1"), "fam": made(fam="' OR 1=1 --"),
        "ended": made(iat=1, exp=2), "for ever": made(exp=10**18), "tomorrow": made(iat=claims["iat"] + 86400),
        "sign of another": f"{head}.{load}.{sign[::-1]}", "empty": "", "dots": "..", "huge": "a" * 100_000,
        "session": site.signer.dumps({"_user_id": "1"}), **{f"without {c}": made(without=(c,)) for c in claims},
        "exp is true": made(exp=True),
    }


def test_no_token_but_ours_is_believed(site):
    good, strange = zoo(site)
    client = site.stranger()
    for path in (*API, "/api", "/api/auth/me", "/"):
        assert client.get(path, headers={"Authorization": f"Bearer {good['access_token']}"}).status_code == 200
        for name, token in strange.items():
            answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401, name
            quiet(answer)
    for name, token in strange.items():
        if name != "refresh":
            answer = client.post("/api/auth/refresh", json={"refresh_token": token[:4096]})
            assert (answer.status_code, answer.json["error"]["code"]) == (401, "invalid_token"), name


def test_a_token_counts_nowhere_but_in_its_header(site):
    good, _ = zoo(site)
    token = good["access_token"]
    client = site.stranger()
    client.set_cookie("access_token", token)
    client.set_cookie("cca_session", token)
    client.set_cookie("remember_token", f"1|{'0' * 128}")
    assert client.get(f"{API[0]}?access_token={token}&token={token}&jwt={token}").status_code == 401
    for header in (f"Basic {token}", token, f"Token {token}", f"Bearer{token}", f"Bearer {token}, Bearer {token}"):
        assert client.get(API[0], headers={"Authorization": header}).status_code == 401
    assert site.inside().get(API[0], headers={"Authorization": "Bearer x"}).status_code == 401  # judged by it alone


# -- sessions ----------------------------------------------------------------------------------------


def test_a_session_is_new_at_every_sign_in_and_dead_after_it(site):
    client = site.inside("leo")
    planted = client.get_cookie("cca_session").value
    assert client.post("/login", data={"username": "ana", "password": PASSWORD}).status_code == 303
    fresh = client.get_cookie("cca_session").value
    assert fresh != planted
    replay = site.stranger()
    replay.set_cookie("cca_session", planted)
    assert replay.get("/api/auth/me").status_code == 401
    assert client.head("/logout").status_code == 200  # looking changes nothing
    assert client.get("/api/auth/me").json["data"]["username"] == "ana"
    assert client.post("/logout").status_code == 303
    replay.set_cookie("cca_session", fresh)
    assert replay.get("/api/auth/me").status_code == 401


@pytest.mark.parametrize("content", [{"_user_id": "1"}, {"_user_id": None}, {"_user_id": "admin"},
                                     {"_user_id": "' OR 1=1 --"}, {"_user_id": "x" * 3000}, {}])
def test_even_a_signed_cookie_needs_a_session_on_the_server(site, content):
    client = site.stranger()
    client.set_cookie("cca_session", site.signer.dumps(content))
    assert client.get("/api/auth/me").status_code == 401


# -- many tries, lines in logs -----------------------------------------------------------------------


def test_page_and_api_count_the_same_failures(site):
    client = site.stranger()
    for n in range(5):
        sent = {"username": " LEO ", "password": f"wrong {n}"}
        path, how = [("/login", {"data": sent}), ("/api/auth/login", {"json": sent})][n % 2]
        spoof = {"X-Forwarded-For": f"192.0.2.{n}", "X-Real-IP": f"192.0.2.{n}", "Forwarded": f"for=192.0.2.{n}"}
        assert client.post(path, headers=spoof, **how).status_code == 401
    right = {"username": "leo", "password": PASSWORD}
    for answer in (client.post("/login", data=right), client.post("/api/auth/login", json=right),
                   client.post("/api/auth/login", json=right, headers={"X-Forwarded-For": "192.0.2.99"})):
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 30
    assert site.stranger().post("/api/auth/login", json=right).status_code == 200  # leo himself, from where he sits


def test_the_current_password_cannot_be_tried_for_ever_either(site):
    client = site.inside("leo")
    tries = [client.post("/api/auth/password", json={"current_password": "wrong", "new_password": "algo nuevo y largo"})
             for _ in range(6)]
    assert [answer.status_code for answer in tries] == [403] * 5 + [429]


def test_who_exists_cannot_be_told(site):
    site.users.add("gone", PASSWORD, "admin")
    site.users.disable("gone")
    known, disabled, unknown = (site.stranger().post("/api/auth/login", json={"username": name, "password": "wrong"})
                                for name in ("ana", "gone", "nobody"))
    assert known.status_code == disabled.status_code == unknown.status_code == 401
    assert known.data == disabled.data == unknown.data


@pytest.mark.parametrize("name", ["a\nERROR forged line", "a\r\n[2026] fake", "a\x1b[2Jb", "a\u2028b",
                                  "a\u202egnp.exe", "\x00"])
def test_a_name_forges_no_line(site, name, caplog):
    caplog.set_level(logging.DEBUG)
    site.stranger().post("/login", data={"username": name, "password": "x"})
    site.stranger().post("/api/auth/login", json={"username": name, "password": "x"})
    kept = [line for line in site.users.audit(2) if line["action"] == "login_failed"]
    assert len(kept) == 2
    assert all(line["username"].isprintable() for line in kept)
    assert [r for r in caplog.records if "forged" in r.getMessage() or "fake" in r.getMessage()] == []


# -- other sites, headers ----------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example",
                                    "http://localhost:1",
                                    "http://[", ""])
def test_no_other_site_may_read_or_post(site, origin):
    for method, path in (("GET", API[0]), ("OPTIONS", API[0]), ("OPTIONS", POST), ("GET", "/health"), ("GET",
                                                                                                       "/login")):
        answer = site.inside().open(path, method=method, headers={"Origin": origin,
                                                                  "Access-Control-Request-Method": "POST"})
        assert [name for name, _ in answer.headers if name.startswith("Access-Control")] == []
    for path in (POST, "/logout", "/password", "/language", "/api/auth/password"):
        answer = site.inside().post(path, headers={"Origin": origin}, json={})
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "foreign_origin"), path
    assert site.stranger().post("/login", headers={"Origin": origin}).status_code == 403


def test_every_kind_of_answer_has_the_headers_and_is_not_kept(site, monkeypatch):
    answers = {
        200: site.inside().get("/"), 302: site.stranger().get("/"), 303: site.stranger().get("/logout"),
        401: site.stranger().get(API[0]), 403: site.inside("leo").get(API[0]), 404: site.inside().get("/assets/no.js"),
        405: site.inside().delete(API[0]), 422: site.inside().get(f"{API[0]}?origin=x"),
        400: site.inside().post(POST, json=[]), 413: site.stranger().post("/login", data={"a": "x" * 1_100_000})}

    def fail(*_):
        raise RuntimeError("the secret of the house")
    monkeypatch.setattr(site.app.store, "view", fail)
    answers[500] = site.inside().get(API[0])
    for status, answer in answers.items():
        assert answer.status_code == status
        assert "secret of the house" not in quiet(answer)
        assert {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
                "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin",
                "Cross-Origin-Opener-Policy": "same-origin"}.items() <= dict(answer.headers).items(), status
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-eval" not in policy
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
        assert answer.headers.get("X-Powered-By") is None


# -- the server itself, and what the log may hold ------------------------------------------------------

HIT = "<img src=x onerror=\"fetch('/hit');window.hit=1\">"
SCRIPT = "<script>window.hit=1;alert(1)</script>"
REVERSED = "\u202eseuqarbos"
BOLD = "<b>Ventas</b>&amp;"
LINK = "javascript:alert(1)"
FORMULA = "=HYPERLINK(\"http://evil.example\")"


def hostile(now):
    """A log whose queues and agents are markup, signs that turn the writing round, and a formula."""
    out = []
    pairs = [(SCRIPT, HIT), (HIT, SCRIPT), (REVERSED, f"{REVERSED} Ana"), (BOLD, FORMULA), (LINK, "\u2066Eva")]
    for n, (queue, agent) in enumerate(pairs):
        for k in range(5 - n):  # so that the order is known
            enter, callid = now - 900 + n * 20 + k, f"9.{n}{k}"
            out += [f"{enter}|{callid}|{queue}|NONE|ENTERQUEUE||{HIT}|1",
                    f"{enter + 1}|{callid}|{queue}|{agent}|CONNECT|1|x|1",
                    f"{enter + 9}|{callid}|{queue}|{agent}|COMPLETECALLER|1|8|1"]
    return "\n".join(sorted(out, key=lambda line: int(line.split("|")[0]))) + "\n"


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    (folder / "queue_log").write_text(hostile(int(time.time())))
    with serving(folder, QUEUE_LOG_PATH=str(folder / "queue_log"), TIMEZONE=around_noon()) as address:
        person(folder, "ana", "manager")
        yield SimpleNamespace(address=address, log=folder / "server.log")


def spoken(address, request):
    """Status line, headers and body that the server answers to these bytes."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=20) as line:
        line.sendall(request)
        heard = b""
        while piece := line.recv(65536):
            heard += piece
    head, _, text = heard.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    return int(status.split(" ")[1]), "\n".join(headers).lower(), text.decode("utf-8", "replace")


END = b"\r\nConnection: close\r\n\r\n"
BYTES = {
    "TRACE": (b"TRACE /login HTTP/1.1\r\nHost: x\r\nX-Echo: me" + END, {401}),
    "TRACE of a page": (b"TRACE / HTTP/1.1\r\nHost: x\r\nX-Echo: me" + END, {401}),
    "TRACK": (b"TRACK / HTTP/1.1\r\nHost: x\r\nX-Echo: me" + END, {401}),
    "CONNECT": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x" + END, {400, 401}),
    "a proxy's form": (b"GET http://evil.example/ HTTP/1.1\r\nHost: x" + END, {302}),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: x\r\nHost: evil.example" + END, {400}),
    "a line too long": (b"GET /?" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x" + END, {414}),
    "a header too long": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + END, {431}),
    "two lengths": (b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5" + END + b"abcd",
                    {400}),
    "length and pieces": (b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked" + END
                          + b"0\r\n\r\n", {400}),
    "length below nothing": (b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1" + END, {400}),
    "pieces without end": (b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                           b"Transfer-Encoding: chunked" + END
                           + (b"10000\r\n" + b"a" * 65536 + b"\r\n") * 20 + b"0\r\n\r\n", {413, 422}),
    "NUL in a header": (b"GET /login HTTP/1.1\r\nHost: x\r\nX: a\x00b" + END, {400}),
    "line end in the path": (b"GET /%0d%0aSet-Cookie:%20evil=1 HTTP/1.1\r\nHost: x" + END, {302}),
    "dots": (b"GET /assets/../../../etc/passwd HTTP/1.1\r\nHost: x" + END, {401}),
}


@pytest.mark.parametrize("name", BYTES)
def test_the_server_is_told_odd_things(live, name):
    request, statuses = BYTES[name]
    status, headers, text = spoken(live.address, request)
    assert status in statuses
    assert "x-echo" not in (headers + text).lower()
    assert "evil" not in headers.replace("next=", "")
    assert "root:" not in text
    assert "Traceback" not in text


def test_the_server_does_not_take_the_word_of_a_header_for_an_address(live):
    """From this machine, where a proxy of ours would stand: the waits of a guesser stay his."""
    sent = json.dumps({"username": "nobody", "password": "x"})
    statuses = []
    for n in range(6):
        head = ("POST /api/auth/login HTTP/1.1", "Host: x", "Content-Type: application/json",
                f"Content-Length: {len(sent)}", f"X-Forwarded-For: 192.0.2.{n}", f"X-Real-IP: 192.0.2.{n}")
        statuses.append(spoken(live.address, "\r\n".join(head).encode() + END + sent.encode())[0])
    assert statuses == [401] * 5 + [429]


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("width", [1440, 390])
def test_what_the_log_holds_is_shown_as_text(live, visit, width):
    page = visit(live.address, width)
    dialogs, asked = [], []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    sign_in(page, username="ana")
    queues, agents = page.locator("#dashboard-queues"), page.locator("#dashboard-agents")
    for place, words in ((queues, (SCRIPT, HIT, "seuqarbos", BOLD, LINK)),
                         (agents, (SCRIPT, HIT, "seuqarbos", FORMULA, "Eva"))):
        for word in words:
            expect(place).to_contain_text(word)
    page.goto(f"{live.address}/?period=today&origin=all&queue={quote(HIT)}&agent={quote(SCRIPT)}&x={quote(SCRIPT)}")
    expect(page.locator("#shell-queues")).to_contain_text(HIT)
    if width > 1000:  # on a phone the filters are folded
        page.locator("#shell-queues").click()
        expect(page.locator("[role=listbox]")).to_contain_text(SCRIPT)
    page.goto(f"{live.address}/?period={quote(HIT)}")
    expect(page.locator("#shell-notice")).not_to_be_empty()
    found = page.evaluate("""[window.hit || 0, document.querySelectorAll(
        '#shell img[onerror], #shell script, #shell b, #shell [href^="javascript:"]').length]""")
    assert (found, dialogs) == ([0, 0], [])
    assert [path for path in asked if path in ("/hit", "/x")] == []


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_a_name_that_turns_the_writing_round_turns_only_itself(live, visit):
    page = visit(live.address)
    sign_in(page, username="ana")
    expect(page.locator("#dashboard-queues")).to_contain_text("seuqarbos")
    rows = page.evaluate("""[...document.querySelectorAll('#dashboard-queues tbody tr')]
        .map(row => [...row.children].map(cell => Math.round(cell.getBoundingClientRect().left)))""")
    assert len(rows) >= 5
    assert all(row == sorted(row) for row in rows)
