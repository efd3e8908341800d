"""`/api/auth/*`: what ends a sign-in, what a new password does, who I am; all on one shape."""

import pytest

from tests.api.conftest import PASSWORD

NEW = "otra frase nueva y larga"
LOGIN, LOGOUT, ME = "/api/auth/login", "/api/auth/logout", "/api/auth/me"


@pytest.fixture
def tokens(client):
    def of(username="ana", password=PASSWORD):
        answer = client.post(LOGIN, json={"username": username, "password": password})
        assert answer.status_code == 200
        return answer.json["data"]
    return of


def head(pair):
    return {"Authorization": f"Bearer {pair['access_token']}"}


def refused(answer, status, code):
    assert (answer.status_code, answer.json["success"], answer.json["error"]["code"]) == (status, False, code)


@pytest.fixture
def browser(made):
    """Somebody signed in with a cookie."""
    def of(username="ana"):
        client = made.server.test_client()
        assert client.post("/login", data={"username": username, "password": PASSWORD}).status_code == 303
        return client
    return of


def test_who_i_am_and_what_i_may_do(client, tokens, browser):
    answer = client.get(ME, headers=head(tokens("eva"))).json
    assert answer["success"] is True
    assert answer["data"].pop("id") > 1
    assert answer["data"] == {
        "username": "eva", "role": "supervisor", "language": "es", "queues": ["601"], "password_change_required": False,
        "permissions": ["agents", "calls", "dashboard", "numbers", "queues", "recordings", "reports"]}
    assert browser().get(ME).json["data"]["queues"] is None


def test_nobody_is_nobody(client):
    refused(client.get(ME), 401, "unauthorized")
    refused(client.post(LOGOUT), 401, "unauthorized")
    refused(client.get(ME, headers={"Authorization": "Basic YW5hOng="}), 401, "unauthorized")


@pytest.mark.parametrize("more", [{}, {"json": {}}, {"json": {"refresh_token": None}}])
def test_signing_out_with_the_token_alone_ends_its_whole_sign_in_and_no_other(client, tokens, more):
    here, there = tokens(), tokens()
    answer = client.post(LOGOUT, headers=head(here), **more)
    assert (answer.status_code, answer.json["data"]) == (200, {"logged_out": True})
    refused(client.get(ME, headers=head(here)), 401, "unauthorized")
    refused(client.post("/api/auth/refresh", json={"refresh_token": here["refresh_token"]}), 401, "invalid_token")
    assert client.get(ME, headers=head(there)).status_code == 200


def test_signing_out_ends_the_refresh_token_it_names_too(client, tokens):
    here, there = tokens(), tokens()
    assert client.post(LOGOUT, headers=head(here), json={"refresh_token": there["refresh_token"]}).status_code == 200
    for pair in (here, there):
        refused(client.get(ME, headers=head(pair)), 401, "unauthorized")


def test_signing_out_with_a_cookie_ends_that_session(browser, made):
    client = browser()
    copied = client.get_cookie("cca_session").value
    assert client.post(LOGOUT).status_code == 200
    assert client.get(ME).status_code == 401
    thief = made.server.test_client()
    thief.set_cookie("cca_session", copied)
    assert thief.get(ME).status_code == 401
    assert made.users.audit(1)[0]["action"] == "logout"


def test_signing_out_takes_no_other_shape(client, tokens):
    pair = tokens()
    for body in (b"[]", b'"x"', b"{", b"null", b'{"refresh_token": 7}', b'{"refreshToken": "x"}',
                 b'{"refresh_token": "' + b"x" * 5000 + b'"}'):
        answer = client.post(LOGOUT, headers=head(pair), data=body, content_type="application/json")
        refused(answer, 422, "invalid_parameter")
    assert client.get(ME, headers=head(pair)).status_code == 200


def test_a_new_password_ends_every_sign_in_and_gives_a_program_a_new_one(made, client, tokens, browser):
    made.users.add("sol", PASSWORD, "viewer")
    here, there, page = tokens("sol"), tokens("sol"), browser("sol")
    answer = client.post("/api/auth/password", headers=head(here),
                         json={"current_password": PASSWORD, "new_password": NEW})
    assert (answer.status_code, answer.json["data"]["changed"]) == (200, True)
    for pair in (here, there):
        refused(client.get(ME, headers=head(pair)), 401, "unauthorized")
        refused(client.post("/api/auth/refresh", json={"refresh_token": pair["refresh_token"]}), 401, "invalid_token")
    assert page.get(ME).status_code == 401
    assert client.get(ME, headers=head(answer.json["data"])).json["data"]["username"] == "sol"
    refused(client.post(LOGIN, json={"username": "sol", "password": PASSWORD}), 401, "wrong_credentials")


def test_a_browser_that_changes_its_password_gets_no_token(made, browser):
    made.users.add("mar", PASSWORD, "viewer")
    client = browser("mar")
    answer = client.post("/api/auth/password", json={"current_password": PASSWORD, "new_password": NEW})
    assert answer.json["data"] == {"changed": True}
    assert client.get(ME).status_code == 401


@pytest.mark.parametrize(("body", "status", "code", "words"), [
    ({"current_password": "no", "new_password": NEW}, 403, "wrong_credentials", ""),
    ({"current_password": PASSWORD, "new_password": "corta"}, 422, "invalid_parameter",
     "new_password: Use al menos 10 caracteres."),
    ({"current_password": PASSWORD, "new_password": PASSWORD}, 422, "invalid_parameter", "new_password: "),
    ({"current_password": PASSWORD, "new_password": "password123"}, 422, "invalid_parameter", "new_password: "),
    ({"current_password": PASSWORD}, 422, "invalid_parameter", "new_password: "),
    ({"current_password": 7, "new_password": NEW}, 422, "invalid_parameter", "current_password: ")])
def test_a_refused_password_says_why_and_changes_nothing(client, tokens, body, status, code, words):
    pair = tokens("leo")
    answer = client.post("/api/auth/password", headers=head(pair), json=body)
    refused(answer, status, code)
    assert answer.json["error"]["message"].startswith(words)
    assert client.get(ME, headers=head(pair)).status_code == 200


def test_a_disabled_person_is_nobody_at_once(made, client, tokens):
    made.users.add("paz", PASSWORD, "viewer")
    pair = tokens("paz")
    made.users.disable("paz")
    refused(client.get(ME, headers=head(pair)), 401, "unauthorized")
    refused(client.post("/api/auth/refresh", json={"refresh_token": pair["refresh_token"]}), 401, "invalid_token")
    refused(client.post(LOGIN, json={"username": "paz", "password": PASSWORD}), 401, "wrong_credentials")


def test_too_many_failures_have_to_wait_and_are_told_how_long(client):
    place = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
    for _ in range(5):
        refused(client.post(LOGIN, json={"username": "ana", "password": "no"}, **place), 401, "wrong_credentials")
    answer = client.post(LOGIN, json={"username": "ana", "password": PASSWORD}, **place)
    refused(answer, 429, "too_many_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 30
    assert client.post(LOGIN, json={"username": "ana", "password": PASSWORD}).status_code == 200
