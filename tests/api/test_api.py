"""The REST door: shape, numbers, filters, permissions."""

import pytest

RANGE = {"start_date": "2026-03-03", "end_date": "2026-03-03"}


def test_health_is_open_and_says_nothing_about_calls(client):
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    assert answer.json["version"] == 1
    assert answer.json["bad_lines"] == 0
    assert "offered" not in answer.get_data(as_text=True)


def test_totals_of_a_day(client, bearer):
    answer = client.get("/api/calls/statistics", query_string=RANGE, headers=bearer())
    data = answer.json["data"]
    assert answer.json["success"] is True
    assert {k: data[k] for k in ("offered", "answered", "abandoned", "sl_pct", "abandon_pct", "asa", "avg_talk",
                                 "talk_total", "recovered", "lost_unrecovered", "longest_wait", "max_talk")} == {
        "offered": 3, "answered": 2, "abandoned": 1, "sl_pct": 33.33, "abandon_pct": 33.33, "asa": 20, "avg_talk": 60,
        "talk_total": 120, "recovered": 1, "lost_unrecovered": 0, "longest_wait": 40, "max_talk": 100}
    assert answer.json["meta"] == {
        "start_date": "2026-03-03", "end_date": "2026-03-03", "queue": [], "agent": [], "origin": "external",
        "interval": 60, "timezone": "America/Bogota", "data_until": "2026-03-03T11:00:05-05:00", "excluded_internal": 1}


def test_a_day_without_calls_has_no_rates(client, bearer):
    data = client.get("/api/calls/statistics", query_string={"start_date": "2026-03-04", "end_date": "2026-03-04"},
                      headers=bearer()).json["data"]
    assert (data["offered"], data["sl_pct"], data["asa"], data["longest_wait"]) == (0, None, None, None)


@pytest.mark.parametrize("extra, offered", [
    ({"origin": "all"}, 4), ({"origin": "internal"}, 1), ({"queue": "600"}, 3), ({"queue": "601"}, 0),
    ({"agent": "Ana Gómez"}, 1), ({"agent": ["Ana Gómez", "Luis Pérez"]}, 2)])
def test_filters_keep_what_they_say(client, bearer, extra, offered):
    data = client.get("/api/calls/statistics", query_string={**RANGE, **extra}, headers=bearer()).json["data"]
    assert data["offered"] == offered


@pytest.mark.parametrize("interval", ["15", "30", "60"])
def test_intervals_add_up_to_the_day(client, bearer, interval):
    rows = client.get("/api/calls/intervals", query_string={**RANGE, "interval": interval},
                      headers=bearer()).json["data"]["intervals"]
    assert len(rows) == 24 * 60 // int(interval)
    assert rows[0]["start"] == "2026-03-03T00:00:00-05:00"
    assert sum(row["offered"] for row in rows) == 3
    assert sum(row["talk_total"] for row in rows) == 120


def test_hours_are_all_24_and_days_all_of_the_range(client, bearer):
    headers = bearer()
    hours = client.get("/api/calls/hourly-distribution", query_string=RANGE, headers=headers).json["data"]["hours"]
    assert [row["hour"] for row in hours] == list(range(24))
    assert (hours[9]["offered"], hours[10]["offered"]) == (2, 1)
    days = client.get("/api/calls/daily-summary", query_string={"start_date": "2026-03-01", "end_date": "2026-03-05"},
                      headers=headers).json["data"]["days"]
    assert [(row["date"], row["offered"]) for row in days] == [
        ("2026-03-01", 0), ("2026-03-02", 0), ("2026-03-03", 3), ("2026-03-04", 0), ("2026-03-05", 0)]


def test_the_summary_is_the_page(client, bearer):
    data = client.get("/api/dashboard/summary", query_string=RANGE, headers=bearer("leo")).json["data"]
    assert data["totals"]["offered"] == sum(row["offered"] for row in data["queues"]) == 3
    assert sum(row["offered"] for row in data["hours"]) == 3
    assert data["live"] == {"waiting": 0, "longest_wait": None, "talking": 0}


@pytest.mark.parametrize("extra, names", [
    ({"start_date": "yesterday"}, "start_date"), ({"end_date": "2026-13-01"}, "end_date"),
    ({"start_date": "2026-03-05", "end_date": "2026-03-01"}, "end_date"), ({"origin": "mars"}, "origin"),
    ({"interval": "7"}, "interval"), ({"period": "last_7000"}, "period"),
    ({"start_date": "1000-01-01", "end_date": "2026-01-01"}, "start_date")])
def test_bad_values_are_named(client, bearer, extra, names):
    answer = client.get("/api/calls/statistics", query_string=extra, headers=bearer())
    assert answer.status_code == 422
    assert answer.json["success"] is False
    assert answer.json["error"]["message"].startswith(names)


def test_everything_is_refused_unless_granted(client, bearer):
    assert client.get("/api/calls/statistics").status_code == 401
    assert client.get("/api").status_code == 401
    assert client.get("/api/calls/statistics", headers=bearer("leo")).status_code == 403
    assert client.get("/api/dashboard/summary", headers=bearer("leo")).status_code == 200


def test_a_person_limited_to_a_queue_sees_no_other(client, bearer):
    headers = bearer("eva")
    for extra in ({}, {"queue": "600"}, {"origin": "all"}):
        answer = client.get("/api/calls/statistics", query_string={**RANGE, **extra}, headers=headers)
        assert answer.json["data"]["offered"] == 0
    summary = client.get("/api/dashboard/summary", query_string=RANGE, headers=headers)
    assert "600" not in [row["queue"] for row in summary.json["data"]["queues"]]


@pytest.mark.parametrize("method, path, status, code", [
    ("get", "/api/nothing", 404, "not_found"), ("post", "/api/calls/statistics", 405, "method_not_allowed"),
    ("delete", "/api/dashboard/summary", 405, "method_not_allowed")])
def test_failures_have_one_shape(client, bearer, method, path, status, code):
    answer = getattr(client, method)(path, headers=bearer())
    assert answer.status_code == status
    assert answer.json["success"] is False
    assert answer.json["error"]["code"] == code


def test_the_description_names_every_endpoint(client, bearer):
    headers = bearer("leo")
    described = client.get("/api/openapi.json", headers=headers).json
    assert described["openapi"].startswith("3.")
    listed = client.get("/api", headers=headers).json["data"]
    assert listed["name"] == "Call Center Analytics"
    assert {row["path"] for row in listed["endpoints"]} == set(described["paths"])
    assert {"/health", "/api", "/api/auth/login", "/api/calls/statistics", "/api/dashboard/summary"} <= set(
        described["paths"])
    for path in ("/api/docs", "/api/redoc", "/api/docs/swagger/js/swagger-ui-bundle.js",
                 "/api/docs/redoc/js/redoc.standalone.js", "/api/docs/own/swagger.js"):
        with client.get(path, headers=headers) as answer:
            assert answer.status_code == 200
        assert client.get(path).status_code in (302, 401)


def test_signing_in_by_the_api(client):
    wrong = client.post("/api/auth/login", json={"username": "ana", "password": "no"})
    assert (wrong.status_code, wrong.json["error"]["code"]) == (401, "wrong_credentials")
    assert client.post("/api/auth/login", json={"username": "ana"}).status_code == 422
    assert client.post("/api/auth/login", data="{", content_type="application/json").status_code == 422
    first = client.post("/api/auth/login", json={"username": "ana", "password": "una frase larga y nueva"}).json["data"]
    assert first["token_type"] == "Bearer"
    assert first["expires_in"] == 3600
    assert first["user"]["role"] == "manager"
    again = client.post("/api/auth/refresh", json={"refresh_token": first["refresh_token"]}).json["data"]
    assert again["access_token"] != first["access_token"]
    assert client.post("/api/auth/refresh", json={"refresh_token": first["refresh_token"]}).status_code == 401
    me = client.get("/api/auth/me", headers={"Authorization": f"Bearer {again['access_token']}"})
    assert me.status_code == 401  # a refresh token used twice ends its whole family


def test_the_first_password_must_be_changed_first(client):
    tokens = client.post("/api/auth/login", json={"username": "admin", "password": "admin123"}).json["data"]
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    refused = client.get("/api/dashboard/summary", headers=headers)
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "password_change_required")
    weak = client.post("/api/auth/password", headers=headers,
                       json={"current_password": "admin123", "new_password": "admin"})
    assert weak.status_code == 422
    done = client.post("/api/auth/password", headers=headers,
                       json={"current_password": "admin123", "new_password": "una frase de verdad"})
    assert done.status_code == 200
    fresh = client.post("/api/auth/login", json={"username": "admin", "password": "una frase de verdad"}).json["data"]
    assert client.get("/api/dashboard/summary", headers={
        "Authorization": f"Bearer {fresh['access_token']}"}).status_code == 200


def test_two_applications_in_one_process(made, tmp_path, client, bearer):
    import app as house
    import config
    empty = tmp_path / "other_log"
    empty.write_text("")
    other = house.create_app(config.load(QUEUE_LOG_PATH=empty, DATA_DIR=tmp_path / "other", TIMEZONE="UTC"))
    other.store.refresh()
    assert other.server.test_client().get("/api/calls/statistics", headers=bearer()).status_code == 401
    assert client.get("/api/calls/statistics", query_string=RANGE, headers=bearer()).json["data"]["offered"] == 3


def test_a_listed_site_may_read_the_api_and_no_other(tmp_path, made, bearer):
    import app as house
    import config
    log = tmp_path / "queue_log"
    log.write_text("")
    other = house.create_app(config.load(QUEUE_LOG_PATH=log, DATA_DIR=tmp_path / "var", TIMEZONE="UTC",
                                         CORS_ORIGINS="https://crm.example.com"))
    client = other.server.test_client()
    asked = client.options("/api/calls/statistics", headers={
        "Origin": "https://crm.example.com", "Access-Control-Request-Method": "GET"})
    assert asked.headers["Access-Control-Allow-Origin"] == "https://crm.example.com"
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in asked.headers
    for origin in ("https://evil.example.com", "null", "https://crm.example.com.evil.org"):
        refused = client.get("/api/calls/statistics", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_a_week_is_no_day(client, bearer):
    answer = client.get("/api/calls/statistics", query_string={"start_date": "2026-W10-2"}, headers=bearer())
    assert answer.status_code == 422
