"""Tokens of the API: what is no token of ours, rotation, reuse, and what ends them."""

import base64
import json

import jwt
import pytest

from auth.tokens import AUDIENCE, ISSUER, InvalidToken, Tokens
from tests.auth.conftest import PASSWORD, SECRET


@pytest.fixture
def tokens(staff):
    return Tokens(SECRET, staff, 60)


@pytest.fixture
def issued(tokens, staff):
    return tokens.issue(staff.get("manager"), "192.0.2.1")


def claims(issued):
    return jwt.decode(issued["access_token"], options={"verify_signature": False})


def refused(function, *arguments):
    with pytest.raises(InvalidToken):
        function(*arguments)


def test_what_is_issued(tokens, issued):
    assert set(issued) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 3600)
    who = tokens.user_of(issued["access_token"])
    assert (who.username, who.can("calls"), who.can("admin")) == ("manager", True, False)


def test_an_access_token_ends_after_its_minutes(tokens, issued, clock):
    clock.now += 3599
    assert tokens.user_of(issued["access_token"])
    clock.now += 1
    refused(tokens.user_of, issued["access_token"])
    assert tokens.refresh(issued["refresh_token"])


def test_a_refresh_token_ends_after_thirty_days(tokens, issued, clock):
    clock.now += 30 * 86400
    refused(tokens.refresh, issued["refresh_token"])


def test_neither_kind_is_the_other(tokens, issued):
    refused(tokens.user_of, issued["refresh_token"])
    refused(tokens.refresh, issued["access_token"])


def test_a_refresh_token_used_twice_ends_the_family(tokens, issued, staff):
    second = tokens.refresh(issued["refresh_token"])
    third = tokens.refresh(second["refresh_token"])
    assert tokens.user_of(third["access_token"])
    refused(tokens.refresh, issued["refresh_token"])
    for pair in (issued, second, third):
        refused(tokens.user_of, pair["access_token"])
        refused(tokens.refresh, pair["refresh_token"])
    assert "token_reused" in {line["action"] for line in staff.audit()}


def test_families_do_not_touch_each_other(tokens, issued, staff):
    other = tokens.issue(staff.get("manager"))
    assert tokens.revoke(issued["refresh_token"])
    assert not tokens.revoke(issued["refresh_token"])
    assert not tokens.revoke("x.y.z")
    refused(tokens.user_of, issued["access_token"])
    refused(tokens.refresh, issued["refresh_token"])
    assert tokens.user_of(other["access_token"])


def test_a_new_password_and_a_disabled_account_end_every_token(tokens, issued, staff):
    staff.change_password(staff.get("manager"), PASSWORD, "otra frase distinta")
    refused(tokens.user_of, issued["access_token"])
    refused(tokens.refresh, issued["refresh_token"])
    viewer = tokens.issue(staff.get("viewer"))
    staff.disable("viewer")
    refused(tokens.user_of, viewer["access_token"])
    staff.update("viewer", active=True)
    refused(tokens.user_of, viewer["access_token"])
    refused(tokens.refresh, viewer["refresh_token"])


@pytest.mark.parametrize("change", [
    {"exp": None}, {"iat": None}, {"jti": None}, {"sub": None}, {"iss": None}, {"aud": None}, {"typ": None},
    {"fam": None}, {"typ": "id"}, {"aud": "other"}, {"iss": "other"}, {"sub": "1"}, {"sub": "9999"}, {"fam": "x"},
    {"fam": 7}, {"fam": ["x"]}, {"exp": 10**18}, {"exp": "soon"}, {"exp": 1.5e300}, {"iat": 10**12}, {"iat": "x"},
    {"exp": 1}, {"exp": True}, {"jti": 5}])
def test_claims_that_are_not_ours_though_the_signature_is(tokens, issued, change):
    forged = {name: value for name, value in {**claims(issued), **change}.items() if value is not None}
    refused(tokens.user_of, jwt.encode(forged, tokens.key, "HS256"))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms_with_the_right_key(tokens, issued, algorithm):
    key = tokens.key * 2
    refused(tokens.user_of, jwt.encode(claims(issued), key, algorithm))


def test_no_algorithm_no_signature_a_foreign_key_and_rubbish(tokens, issued):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    body, (head, middle, signature) = claims(issued), issued["access_token"].split(".")
    for token in ("", ".", "..", "x.y.z", "a" * 10_000, f"{part({'alg': 'none'})}.{part(body)}.",
                  f"{part({'alg': 'None', 'typ': 'JWT'})}.{part(body)}.{signature}", f"{head}.{middle}.",
                  f"{head}.{part({**body, 'sub': '1'})}.{signature}", f"{head}.{middle}.{signature[::-1]}",
                  jwt.encode(body, b"another key that is long enough!", "HS256"),
                  jwt.encode(body, SECRET, "HS256"),
                  jwt.encode(body, tokens.key, "HS256", headers={"crit": ["x"], "x": 1}), "\ud800.é.ñ",
                  f"{part({'alg': 'HS256'})}.{'[' * 5000}.{signature}"):
        refused(tokens.user_of, token)
    assert body["iss"] == ISSUER
    assert body["aud"] == AUDIENCE


def test_the_api_takes_the_token_and_then_the_token_alone(site, client_of):
    token = site.tokens.issue(site.users.get("viewer"))["access_token"]
    stranger, head = site.server.test_client(), {"Authorization": f"Bearer {token}"}
    assert stranger.get("/api/me", headers=head).json["user"] == "viewer"
    assert stranger.get("/api/calls", headers=head).status_code == 403
    # Neither a better cookie nor a worse token gives more than the token is worth.
    assert client_of("admin").get("/api/calls", headers=head).status_code == 403
    for wrong in ("Bearer", "Bearer ", "Bearer x", "bearer x.y.z"):
        answer = client_of("admin").get("/api/me", headers={"Authorization": wrong})
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    site.tokens.revoke(token)
    assert stranger.get("/api/me", headers=head).status_code == 401
