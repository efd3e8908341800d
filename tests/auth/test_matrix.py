"""Every door of the whole program, found in the program itself, tried by every kind of person.

A route or callback that has no line in the tables below fails the test: who adds one says who may use it.
"""

import re
from types import SimpleNamespace

import pytest

import app as house
import config
from auth.permissions import ROLES, Permission
from tests.api.conftest import DAY, PASSWORD
from tests.auth.conftest import call, prop

OPEN, ANYBODY, CHANGING = "open", None, "changing"

# What each endpoint needs: nothing, to be signed in, to be signed in (password change due or not), a permission.
ROUTES = {
    "auth.static": OPEN, "auth.login": OPEN, "auth.logout": OPEN, "auth.language": OPEN, "auth.password": CHANGING,
    "auth.font": OPEN, "auth.code": OPEN, "auth.invitation": OPEN, "auth.second_factor": ANYBODY,
    "root.health_check": OPEN, "root.index": ANYBODY, "metrics": "admin",
    "api_auth.login": OPEN, "api_auth.refresh": OPEN, "api_auth.logout": CHANGING, "api_auth.password": CHANGING,
    "api_auth.me": ANYBODY,
    "api_description": ANYBODY, "api_swagger": ANYBODY, "api_redoc": ANYBODY, "api_files": ANYBODY,
    "calls.statistics": "calls", "calls.intervals": "calls", "calls.daily_summary": "calls",
    "calls.hourly_distribution": "calls", "calls.listed": "calls", "calls.journey": "calls", "calls.by_agent": "calls",
    "calls.disposition_summary": "calls", "dashboard.summary": "dashboard",
    "recordings.files": "recordings", "recordings.stream": "recordings", "recordings.waveform": "recordings",
    "recordings.download": "downloads",
    **dict.fromkeys((f"queues.{name}" for name in (
        "listed", "statistics", "service_level", "waits", "causes", "dids", "positions", "waiting", "intervals")),
        "queues"),
    **dict.fromkeys((f"agents.{name}" for name in (
        "listed", "statistics", "comparison", "pauses", "intervals", "timeline", "sessions")), "agents"),
    "live.board_of_now": "dashboard", "live.thresholds": "dashboard", "live.set_thresholds": "admin",
    "kiosks.list_kiosks": "admin", "kiosks.make_kiosk": "admin", "kiosks.revoke_kiosk": "admin",
    "kiosk_board": OPEN, "kiosk_page": OPEN, "kiosk_files": OPEN,
    "realtime.queues": "queues", "realtime.agents": "agents",
    # Who may save but has no right to reports is refused by the views themselves: tests/api/test_reports.py.
    **{f"reports.{name}": "downloads" for name in ("export", "begin_job", "list_jobs", "show_job", "job_file",
                                                   "cancel_job")},
    **{f"users.{name}": "admin" for name in ("listed", "added", "one", "changed", "removed", "invitation")},
    **{f"audit.{name}": "admin" for name in ("lines", "export", "check", "retention")},
    **{f"account.{name}": ANYBODY for name in ("sessions", "end_session", "keys", "new_key", "end_key")},
    "_dash_assets.static": ANYBODY, "/_dash-layout": ANYBODY, "/_dash-dependencies": ANYBODY,
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": ANYBODY,
    "/_dash-update-component": ANYBODY, "/_reload-hash": ANYBODY, "/_favicon.ico": ANYBODY, "/": ANYBODY,
    "/<path:path>": ANYBODY,
}
# The same for callbacks, by the first thing they fill. Those that run in the browser alone are nobody's.
CALLBACKS = {
    "shell-url.search": ANYBODY, "shell-segments.children": ANYBODY, "shell-excluded.children": ANYBODY,
    "shell-rail.children": ANYBODY, "shell-version.data": ANYBODY, "_pages_content.children": ANYBODY,
    "dashboard-empty.children": "dashboard", "dashboard-kpis.children": "dashboard",
    "dashboard-outcomes.children": "dashboard", "dashboard-queues.children": "dashboard",
    "dashboard-agents.children": "dashboard", "dashboard-volume.figure": "dashboard",
    "dashboard-heat.figure": "dashboard",
    **dict.fromkeys((f"queues-{name}" for name in (
        "empty.children", "table.children", "causes.children", "numbers.children", "positions.children",
        "intervals.children", "levels.figure", "volume.figure", "waits.figure", "lost.figure", "waiting.figure")),
        "queues"),
    **dict.fromkeys((f"agents-{name}" for name in (
        "empty.children", "kpis.children", "reasons.children", "table.children", "comparison.children",
        "names.children", "gantt.figure", "hours.figure", "pauses.figure")), "agents"),
    **dict.fromkeys((f"agent-{name}" for name in (
        "head.children", "kpis.children", "calls.children", "reasons.children", "sessions.children", "pauses.children",
        "gantt.figure", "trend.figure", "hours.figure")), "agents"),
    "agents-names-said.children": "admin", "health-verdict.children": "admin",
    "calls-unit.children": "calls", "calls-list.children": "calls", "calls-count.children": "calls",
    "calls-grid.getRowsResponse": "calls", "calls-total.data": "calls", "calls-panel.children": "calls",
    "users-list.children": "admin", "users-panel.children": "admin", "users-permissions.value": "admin",
    "users-said.children": "admin", "audit-chips.children": "admin", "audit-keep.children": "admin",
    "audit-said.children": "admin", "account-me.children": ANYBODY, "account-said.children": ANYBODY,
    "calls-address.data": "calls", "calls-note.children": "calls", "journey-body.children": "calls",
    "reports-kinds.children": "reports", "reports-empty.children": "reports",
}
IN_THE_BROWSER = {"live.data-asked", "shell-theme.data", "shell-go.href", "_pages_dummy.children",
                  "calls-ready.data", "calls-seen.data", "calls-ended-by.value", "journey-ready.data"}

# What an endpoint answers to who may use it, where that is not 200; bodies are empty, so no more is changed
# than that a session of its own ends by signing out.
ANSWERS = {
    ("auth.login", "POST"): 401, ("auth.logout", "POST"): 303, ("auth.password", "POST"): 401,
    ("auth.language", "POST"): 422, ("api_auth.login", "POST"): 422, ("api_auth.refresh", "POST"): 422,
    ("api_auth.password", "POST"): 422,
    ("live.set_thresholds", "PUT"): 422, ("kiosks.make_kiosk", "POST"): 422, ("kiosk_board", "GET"): 401,
    ("kiosks.revoke_kiosk", "DELETE"): 404,
    # There is no such call; what those who may hear them are told is in tests/api/test_recordings.py.
    **{(f"recordings.{name}", "GET"): 404 for name in ("files", "stream", "waveform", "download")},
    ("reports.begin_job", "POST"): 202, ("reports.show_job", "GET"): 404, ("reports.job_file", "GET"): 404,
    ("reports.cancel_job", "DELETE"): 404,
    ("auth.code", "GET"): 303, ("auth.code", "POST"): 303, ("auth.invitation", "GET"): 404,
    ("auth.invitation", "POST"): 404, ("auth.second_factor", "POST"): 303,
    ("users.added", "POST"): 422, ("users.changed", "PUT"): 422, ("audit.retention", "PUT"): 422,
    ("account.new_key", "POST"): 422,
    **{(f"users.{name}", method): 404 for name, method in (("one", "GET"), ("removed", "DELETE"),
                                                           ("invitation", "POST"))},
    **{(f"account.{name}", "DELETE"): 404 for name in ("end_session", "end_key")},
    ("/_dash-update-component", "POST"): 400, ("/_dash-update-component", "OPTIONS"): 400,
}
PAGES = {"auth.password", "auth.second_factor", "/", "/<path:path>"}
FILLED = {
    "auth.font": "/sign-in/fonts/inter-latin.woff2", "auth.invitation": "/invitation/nothing",
    **{f"users.{name}": "/api/users/999999" for name in ("one", "changed", "removed")},
    "users.invitation": "/api/users/999999/invitation", "account.end_key": "/api/auth/keys/999999",
    "account.end_session": "/api/auth/sessions/0123456789abcdef",
    "calls.journey": "/api/calls/1.1", "kiosks.revoke_kiosk": "/api/kiosks/0", "kiosk_files":
    "/kiosk/files/b-app/live.js",
    **dict.fromkeys(("reports.export", "reports.begin_job"), "/api/reports/export/general/csv"),
    **dict.fromkeys(("reports.show_job", "reports.cancel_job"), "/api/reports/jobs/nothing"),
    "reports.job_file": "/api/reports/jobs/nothing/file",
    "auth.static": "/sign-in/auth.css", "api_files": "/api/docs/own/swagger.js", "_dash_assets.static":
    "/assets/b-app/app.js", "/<path:path>": "/calls",
    "agents.sessions": "/api/agents/Beatriz/sessions",
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>":
    "/_dash-component-suites/dash/deps/react@18.3.1.min.js",
}
SINGLE = {f"{how}-{p}" for how in ("no", "only") for p in map(str, Permission)}  # tried with the methods there are
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
EVERYTHING = frozenset(map(str, Permission))


def account(role, **more):
    """Role, more about the account, and the permissions it comes to."""
    may = {str(p) for p in ROLES[role]} | set(more.get("given", ()))
    return role, more, may - set(more.get("taken", ()))


PERSONS = {
    "anonymous": None,
    "bare": account("viewer", taken=["dashboard"]),
    **{role: account(role) for role in ROLES if role != "admin"},
    "limited": account("supervisor", queues=["Soporte"]),
    "without-queues": account("supervisor", queues=[]),
    "boss": account("admin"),
    # An administrator without one permission each, and somebody who has that permission and nothing else.
    **{f"no-{p}": account("admin", taken=[p]) for p in sorted(EVERYTHING)},
    **{f"only-{p}": account("viewer", taken=["dashboard"], given=[p]) for p in sorted(EVERYTHING - {"dashboard"})},
    "due": account("admin", must_change=True),
    "disabled": ("admin", {}, set()),
}
NOTHING = {"without-queues"}  # may open everything of a supervisor, and sees no call at all
STRANGERS = {"anonymous", "disabled"}
RANGE = "start_date=2026-03-03&end_date=2026-03-03&origin=all"
FOREIGN = ("Cobranza", "Mora Grave", "Zoraida", "3009998888", "6018887777")
OWN = ("Soporte", "Beatriz", "3001112222", "6017000000")


def lines():
    def answered(enter, callid, queue, caller, did, agent):
        return [f"{enter}|{callid}|{queue}|NONE|DID|{did}", f"{enter}|{callid}|{queue}|NONE|ENTERQUEUE||{caller}|1",
                f"{enter + 10}|{callid}|{queue}|{agent}|CONNECT|10|{callid}9|4",
                f"{enter + 110}|{callid}|{queue}|{agent}|COMPLETEAGENT|10|100|1"]
    return "\n".join([*answered(DAY, "1.1", "Soporte", "3001112222", "6017000000", "Beatriz"),
                      *answered(DAY + 600, "1.2", "Cobranza", "3009998888", "6018887777", "Zoraida")]) + "\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The program over two queues, and `browser(name)`: a fresh client with a fresh session of that person."""
    folder = tmp_path_factory.mktemp("matrix")
    (folder / "queue_log").write_text(lines())
    (folder / "var").mkdir()
    (folder / "var" / "names.csv").write_text("kind,key,name\nqueue,Cobranza,Mora Grave\n")
    app = house.create_app(config.load(QUEUE_LOG_PATH=folder / "queue_log", DATA_DIR=folder / "var",
                                       TIMEZONE="America/Bogota"))
    app.store.refresh()
    for name, person in PERSONS.items():
        if person:
            app.users.add(name, PASSWORD, person[0], **person[1])
    app.users.disable("disabled")
    signer = app.server.session_interface.get_signing_serializer(app.server)
    count = iter(range(1, 65_000))

    def browser(name):
        number = next(count)
        client = app.server.test_client()
        client.environ_base["REMOTE_ADDR"] = f"10.0.{number // 250}.{number % 250 + 1}"  # no throttle in the way
        if PERSONS[name]:
            sid = app.server.extensions["gate"].visits.open(app.users.get(name))
            client.set_cookie("cca_session", signer.dumps({"_user_id": sid, "_fresh": True}))
        return client

    assert browser("manager").get("/").status_code == 200  # with its first page Dash adds its own callbacks
    return SimpleNamespace(app=app, server=app.server, browser=browser)


def address(rule):
    return FILLED.get(rule.endpoint, rule.rule)


def expected(endpoint, method, path, name):
    """The status for this person at what the address leads to; endpoint None: the method does not exist there."""
    needs = ROUTES.get(endpoint, ANYBODY)
    api = path.startswith("/api")
    if endpoint is None and path == "/health":
        return 405  # open whatever the method
    if needs is not OPEN and not (method == "OPTIONS" and api):
        if name in STRANGERS:
            page = endpoint in PAGES and method in ("GET", "HEAD") and not api and not path.startswith("/_")
            return 302 if page else 401
        if name == "due" and needs is not CHANGING and not path.startswith(("/api/auth/logout", "/api/auth/password")):
            return 403
    if endpoint is None:
        return 405
    if method == "OPTIONS":
        return ANSWERS.get((endpoint, method), 200)
    if endpoint == "/<path:path>" and api:
        return 404
    if endpoint in ("auth.login", "auth.logout") and method in ("GET", "HEAD"):
        return {("auth.login", False): 302, ("auth.logout", True): 303}.get((endpoint, name in STRANGERS), 200)
    if needs not in (OPEN, ANYBODY, CHANGING) and needs not in PERSONS[name][2]:
        return 403
    if endpoint in ("reports.export", "reports.begin_job") and "reports" not in PERSONS[name][2]:
        return 403
    if name in NOTHING and endpoint in ("calls.journey", "agents.sessions"):
        return 404
    return ANSWERS.get((endpoint, method if method != "HEAD" else "GET"), 200)


def led_to(server, path, method):
    """The endpoint an address and a method lead to; None when there is none for the method."""
    from werkzeug.exceptions import MethodNotAllowed
    try:
        return server.url_map.bind("localhost").match(path, method)[0]
    except MethodNotAllowed:
        return None


def test_every_route_is_in_the_table(site):
    assert {rule.endpoint for rule in site.server.url_map.iter_rules()} == set(ROUTES)


def test_every_callback_is_in_the_table(site):
    served = {first(key) for key, spec in site.app.callback_map.items() if "callback" in spec}
    assert served == set(CALLBACKS)
    assert {first(key) for key, spec in site.app.callback_map.items() if "callback" not in spec} == IN_THE_BROWSER


@pytest.mark.parametrize("name", PERSONS)
def test_every_route_with_every_method(site, name):
    wrong, told, seen = [], [], 0
    for rule in site.server.url_map.iter_rules():
        path = address(rule)
        for method in METHODS if name not in SINGLE else sorted(rule.methods - {"HEAD", "OPTIONS"}):
            endpoint = led_to(site.server, path, method)
            with site.browser(name).open(path, method=method, query_string=RANGE) as answer:
                body, seen = answer.get_data().decode("utf-8", "replace"), seen + 1
            if answer.status_code != expected(endpoint, method, path, name):
                wrong.append((method, path, answer.status_code, expected(endpoint, method, path, name)))
            hidden = FOREIGN if name == "limited" else (*FOREIGN, *OWN) if name in {
                *STRANGERS, *NOTHING, "due", "bare"} else ()
            told += [(method, path, word) for word in hidden if word in body]
            if method == "OPTIONS" and answer.status_code == 200:
                assert body == "", path
            if name in STRANGERS and answer.status_code == 200 and method in ("GET", "POST"):
                assert ROUTES[endpoint] is OPEN, path
    assert (wrong, told) == ([], [])
    assert seen == len(ROUTES) * len(METHODS) or (name in SINGLE and seen >= len(ROUTES))


def test_the_data_is_there_for_who_may_see_it(site):
    """What the matrix finds hidden is really served to others."""
    everything = site.browser("manager").get("/api/dashboard/summary", query_string=RANGE).get_data(as_text=True)
    assert "Cobranza" in everything
    assert "Mora Grave" in everything
    assert "Soporte" in everything
    own = site.browser("limited").get("/api/dashboard/summary", query_string=RANGE)
    assert [row["queue"] for row in own.json["data"]["queues"]] == ["Soporte"]
    assert own.json["data"]["totals"]["offered"] == 1


VALUES = {
    "shell-filters.data": {"query": RANGE, "path": "/", "default": "today", "prefix": "/", "dates": None},
    "shell-site.data": {"prefix": "/", "pages": ["/"]}, "shell-url.search": f"?{RANGE}", "shell-url.pathname": "/",
    "shell-version.data": 0, "shell-tick.n_intervals": 1, "shell-theme.data": "light",
    # A call that went through a queue of somebody else.
    "calls-grid.getRowsRequest": {"startRow": 0, "endRow": 100, "sortModel": [], "filterModel": {}},
    "calls-chosen.data": {"callid": "1.2", "index": 0, "rows": 2}, "journey-callid.data": "1.2",
    "_pages_location.pathname": "/", "_pages_location.search": f"?{RANGE}",
}


def names(key):
    return key[2:-2].split("...") if key.startswith("..") else [key]


def first(key):
    """`a.b` of `..a.b@hash...c.d..`"""
    return re.sub("@.*", "", names(key)[0])


def body(key, spec, values=VALUES, **over):
    """What a browser sends for this callback, with these values where the properties have one."""
    def filled(wanted):
        return [prop(one["id"], one["property"], {**values, **over}.get(f"{one['id']}.{one['property']}"))
                for one in wanted]
    outputs = [prop(*re.sub("@.*", "", name).rsplit(".", 1)) for name in names(key)]
    outputs = [{"id": o["id"], "property": o["property"]} for o in outputs]
    return call(key, outputs if key.startswith("..") else outputs[0], filled(spec["inputs"]), filled(spec["state"]))


@pytest.mark.parametrize("name", PERSONS)
def test_every_callback(site, name):
    wrong, told, seen = [], [], ""
    for key, spec in site.app.callback_map.items():
        answer = site.browser(name).post("/_dash-update-component", json=body(key, spec))
        seen += answer.get_data(as_text=True)
        needs = CALLBACKS.get(first(key))
        if name in STRANGERS:
            status = {401}
        elif name == "due" or first(key) in IN_THE_BROWSER or (needs and needs not in PERSONS[name][2]):
            status = {403}
        else:
            status = {200, 204}
        if answer.status_code not in status:
            wrong.append((key, answer.status_code, status))
    hidden = FOREIGN if name == "limited" else (*FOREIGN, *OWN) if name in {*STRANGERS, *NOTHING, "due"} else ()
    told = [word for word in hidden if word in seen]
    assert (wrong, told) == ([], [])
    if name in ("manager", "boss", "viewer"):
        assert "Zoraida" in seen and "Mora Grave" in seen  # noqa: PT018  so there was something to hide
    if name == "limited":
        assert "Beatriz" in seen


@pytest.mark.parametrize("value, known", [(41, 41), (0, 0), (None, 0), ("41", 0), (1e300, 0), ([41], 0), ({"a": 1}, 0)])
def test_no_process_tells_a_page_less_than_it_has_seen(site, monkeypatch, value, known):
    waited = []
    monkeypatch.setattr(site.app.store, "reach", waited.append)
    count = 0
    for key, spec in site.app.callback_map.items():
        asks = [one["id"] == "shell-version" for one in (*spec["inputs"], *spec["state"])]
        if any(asks) and first(key) in CALLBACKS and CALLBACKS[first(key)] in (ANYBODY, "calls", "dashboard"):
            waited.clear()
            sent = body(key, spec, **{"shell-version.data": value})
            assert site.browser("boss").post("/_dash-update-component", json=sent).status_code in (200, 204), key
            assert set(waited) == {known}, key
            count += 1
    assert count > 12


@pytest.mark.parametrize("asked", ["queue=Cobranza", "queue=Soporte&queue=Cobranza", "agent=Zoraida", "queue=%2A",
                                   "queue=Cobranza%00Soporte", "queue=", "queue=_", "queue=%25", "queue=cobranza"])
def test_asking_for_a_foreign_queue_answers_as_if_it_did_not_exist(site, asked):
    query = f"{RANGE}&{asked}"
    there, nowhere = (site.browser("limited").get("/api/dashboard/summary", query_string=q).json["data"]
                      for q in (query, query.replace("obranza", "obranzb").replace("Zoraida", "Zoraidb")))
    assert there == nowhere
    assert {row["queue"] for row in there["queues"]} <= {"Soporte"}
    for key, spec in site.app.callback_map.items():
        page = first(key).split("-")[0]
        if first(key) in CALLBACKS and page in ("dashboard", "queues", "agents", "agent"):
            path = {"agent": "/agents/Zoraida"}.get(page, "/")
            filters = {**VALUES["shell-filters.data"], "query": query, "path": path}
            sent = body(key, spec, **{"shell-filters.data": filters})
            text = site.browser("limited").post("/_dash-update-component", json=sent).get_data(as_text=True)
            assert "Mora Grave" not in text
            assert "3009998888" not in text
            assert '"Zoraida"' not in text
