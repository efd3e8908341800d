"""The gate: strangers, roles, callbacks, forged bodies, routes that nobody declared."""

import copy

import pytest

from tests.auth.conftest import HELLO, PASSWORD, POST, ROLES, ROWS, build, call, enter, prop

INSIDE = ["/_dash-layout", "/_dash-dependencies", "/_reload-hash", "/_favicon.ico", "/assets/app.css",
          "/_dash-component-suites/dash/deps/react.js", "/api/calls", "/api/nothing"]


@pytest.mark.parametrize("path", ["/", "/calls", "/any/path?queue=ventas", "/undeclared"])
def test_a_stranger_who_opens_a_page_is_sent_to_the_sign_in(site, path):
    answer = site.server.test_client().get(path)
    assert answer.status_code == 302
    expected = "/login" + {"/": "", "/calls": "?next=/calls", "/undeclared": "?next=/undeclared"}.get(
        path, "?next=/any/path%3Fqueue%3Dventas")
    assert answer.headers["Location"] == expected


@pytest.mark.parametrize("path", INSIDE)
def test_a_stranger_gets_nothing_else(site, path):
    answer = site.server.test_client().get(path)
    assert answer.status_code == 401
    assert answer.json == {"success": False, "error": {"code": "unauthorized", "message": "Primero inicie sesión."}}


@pytest.mark.parametrize("body", [HELLO, ROWS, {}, []])
def test_a_stranger_calls_no_callback(site, body):
    assert site.server.test_client().post(POST, json=body).status_code == 401


@pytest.mark.parametrize("headers", [{"Accept": "text/event-stream"}, {"Sec-Fetch-Dest": "audio"},
                                     {"Accept": "application/json"}])
def test_what_is_not_a_person_reading_is_not_sent_to_the_sign_in(site, headers):
    assert site.server.test_client().get("/calls", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/health", "/login", "/sign-in/auth.css", "/sign-in/mark.svg"])
def test_open_to_everybody(site, path):
    assert site.server.test_client().get(path, buffered=True).status_code == 200


def test_nothing_outside_of_the_static_folder_is_served(site):
    for path in ("/sign-in/../users.py", "/sign-in/%2e%2e/users.py", "/sign-in/..%2fusers.py"):
        assert site.server.test_client().get(path).status_code in (302, 404)


@pytest.mark.parametrize(("role", "calls", "administers"), [("admin", 200, 200), ("manager", 200, 403),
                                                            ("supervisor", 200, 403), ("viewer", 403, 403)])
def test_each_role_through_each_kind_of_door(client_of, role, calls, administers):
    client = client_of(role)
    assert client.get("/").status_code == 200
    assert client.get("/_dash-layout").status_code == 200
    assert client.get("/api/me").json["user"] == role
    assert client.get("/api/calls").status_code == calls
    assert client.post("/api/users").status_code == administers
    assert client.get("/undeclared").status_code == 403
    assert client.post(POST, json=HELLO).json["response"]["hello"]["children"] == "hello Ana"
    answer = client.post(POST, json=ROWS)
    assert answer.status_code == calls
    if calls == 200:
        assert answer.json["response"]["calls-count"]["children"] == "count 2"
    else:
        assert answer.json["error"]["code"] == "forbidden"


def router(path):
    return call(".._pages_content.children..._pages_store.data..",
                [prop("_pages_content", "children"), prop("_pages_store", "data")],
                [prop("_pages_location", "pathname", path), prop("_pages_location", "search", "?x=1")],
                changed=["_pages_location.pathname"])


@pytest.mark.parametrize(("role", "shown"), [("manager", "calls page"), ("viewer", "no permission")])
def test_a_page_shows_itself_only_with_its_permission(client_of, role, shown):
    answer = client_of(role).post(POST, json=router("/calls"))  # the very first request this process answers
    assert answer.status_code == 200
    assert answer.json["response"]["_pages_content"]["children"]["props"]["children"] == shown


def test_a_refusal_is_in_the_audit(client_of, site):
    client_of("viewer").get("/api/calls")
    line = site.users.audit(1)[0]
    assert (line["action"], line["username"], line["target"], line["detail"]) == (
        "refused", "viewer", "/api/calls", {"needs": "calls"})


def test_every_callback_of_the_app_has_a_permission(site):
    assert {"hello.children", "..calls-rows.children...calls-count.children.."} < set(
        site.server.extensions["doors"].callbacks)
    served = {key for key, spec in site.app.callback_map.items() if "callback" in spec}
    assert served == set(site.server.extensions["doors"].callbacks)


def test_patterns_and_duplicates_are_known_by_the_name_dash_gave_them(client_of, site):
    name = next(key for key in site.app.callback_map if key.startswith("calls-rows.children@"))
    row = {"type": "row", "index": 7}
    body = call(name, prop("calls-rows", "children"), [[prop(row, "n_clicks", 3)]],
                changed=['{"index":7,"type":"row"}.n_clicks'])
    assert client_of("manager").post(POST, json=body).json["response"]["calls-rows"]["children"] == "clicked [3]"
    assert client_of("viewer").post(POST, json=body).status_code == 403
    body["inputs"] = [[prop({"type": "other", "index": 7}, "n_clicks", 3)]]
    assert client_of("manager").post(POST, json=body).status_code == 400


@pytest.mark.parametrize("output", ["nothing.children", "theme.data", "", "..calls-rows.children..",
                                    "calls-rows.children"])
def test_a_callback_nobody_declared_is_refused_even_to_an_administrator(client_of, output):
    body = {**copy.deepcopy(HELLO), "output": output}
    assert client_of("admin").post(POST, json=body).status_code == 403


FORGED = [
    None, [], {}, "text", 1, {"output": 1}, {"output": None}, {"output": ["hello.children"]},
    {"output": "hello.children"},
    {**HELLO, "inputs": None}, {**HELLO, "inputs": {}}, {**HELLO, "inputs": []}, {**HELLO, "inputs": [None]},
    {**HELLO, "inputs": [{}]}, {**HELLO, "inputs": [[]]}, {**HELLO, "inputs": [prop("zzz", "value", 1)]},
    {**HELLO, "inputs": [prop("name", "other", 1)]}, {**HELLO, "inputs": HELLO["inputs"] * 2},
    {**HELLO, "inputs": [[prop("name", "value")]]}, {**HELLO, "state": [prop("more", "value")]},
    {**HELLO, "state": "x"}, {**HELLO, "changedPropIds": "x"}, {**HELLO, "changedPropIds": [1]},
    {**HELLO, "outputs": []}, {**HELLO, "outputs": [prop("hello", "children")]},
    {**HELLO, "outputs": prop("calls-rows", "children")}, {**HELLO, "outputs": None}, {**HELLO, "outputs": {}},
    {**ROWS, "outputs": ROWS["outputs"][:1]}, {**ROWS, "outputs": ROWS["outputs"][0]},
]


@pytest.mark.parametrize("body", FORGED, ids=range(len(FORGED)))
def test_a_forged_body_is_a_400_and_never_a_500(client_of, body):
    answer = client_of("admin").post(POST, json=body)
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "malformed"


@pytest.mark.parametrize(("data", "kind"), [(b"{", "application/json"), (b"\xff\xfe", "application/json"), (b"", ""),
                                            (b"output=hello.children", "application/x-www-form-urlencoded"),
                                            (b'{"output": "hello.children"}', "text/plain")])
def test_a_body_that_is_no_json_is_a_400(client_of, data, kind):
    assert client_of("admin").post(POST, data=data, content_type=kind).status_code == 400


def test_a_body_over_a_megabyte_is_refused(client_of):
    big = {**HELLO, "inputs": [prop("name", "value", "x" * 1_100_000)]}
    assert client_of("admin").post(POST, json=big).status_code in (400, 413)


def test_one_output_cannot_be_taken_over_by_a_second_callback(site):
    from dash import Input, Output

    from auth import guard
    with pytest.raises(ValueError, match="has a callback already"):
        guard.callback(site.app, None)(Output("hello", "children"), Input("name", "title"))(lambda title: title)


def test_until_the_first_password_is_changed_nothing_else_can_be_done(users):
    client = build(users).server.test_client()
    assert enter(client, "admin", "admin123").headers["Location"] == "/password"
    answer = client.get("/calls")
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "password_change_required")
    assert b'name="new_password"' in answer.data
    for answer in (client.get("/api/calls"), client.get("/_dash-layout"), client.post(POST, json=HELLO),
                   client.post("/api/users"), client.get("/assets/app.css")):
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "password_change_required")
    assert client.post("/api/auth/password").status_code == 200
    assert client.get("/password").status_code == 200
    answer = client.post("/password", data={"current_password": "admin123", "new_password": PASSWORD,
                                            "repeat_password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/api/calls").status_code == 200
    assert enter(build(users).server.test_client(), "admin", "admin123").status_code == 401


def test_an_address_of_the_api_that_does_not_exist_is_404_and_not_a_page(client_of):
    answer = client_of("viewer").get("/api/nothing")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")


def test_failures_of_the_api_are_made_by_the_api(staff):
    site = build(staff, api_error=lambda status, code, message: ({"mine": code}, status))
    assert site.server.test_client().get("/api/calls").json == {"mine": "unauthorized"}
    assert site.server.test_client().post(POST, json=HELLO).json["error"]["code"] == "unauthorized"


def test_below_a_prefix(staff):
    client = build(staff, prefix="/analytics/").server.test_client()
    assert client.get("/analytics/calls").headers["Location"] == "/analytics/login?next=/analytics/calls"
    assert client.get("/analytics/health").status_code == 200
    answer = enter(client, "viewer", prefix="/analytics/", next="/analytics/calls?queue=1")
    assert answer.headers["Location"] == "/analytics/calls?queue=1"
    assert "Path=/analytics/" in answer.headers["Set-Cookie"]
    assert client.get("/analytics/").status_code == 200
    assert client.get("/analytics/api/calls").status_code == 403
    assert client.get("/analytics/assets/nothing.css").status_code == 404
    assert client.post("/analytics/_dash-update-component", json=HELLO).status_code == 200


def test_two_programs_in_one_process_do_not_know_each_other(staff):
    first, second = build(staff), build(staff, prefix="/two/")
    one, two = first.server.test_client(), second.server.test_client()
    enter(one, "manager")
    enter(two, "manager", prefix="/two/")
    for client, path in ((one, POST), (two, "/two" + POST)):
        assert client.post(path, json=ROWS).json["response"]["calls-rows"]["children"] == "rows x"
    assert set(first.server.extensions["doors"].callbacks) == set(second.server.extensions["doors"].callbacks)
    assert first.server.extensions["doors"] is not second.server.extensions["doors"]


def test_when_the_users_cannot_be_read_everything_is_refused(client_of, site):
    client = client_of("admin")
    with site.users.writer.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE sessions RENAME TO gone")
    answer = client.get("/api/calls")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "unavailable")


def test_a_permission_given_or_taken_counts_at_once(client_of, site):
    client = client_of("viewer")
    assert client.get("/api/calls").status_code == 403
    site.users.update("viewer", given=["calls"])
    assert client.get("/api/calls").status_code == 200
    site.users.update("viewer", taken=["calls"])
    assert client.get("/api/calls").status_code == 403


def test_roles_of_these_tests_are_those_of_the_program():
    from auth.permissions import ROLES as known
    assert set(ROLES) == set(known)
