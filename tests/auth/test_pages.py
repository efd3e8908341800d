"""Sessions, the sign-in pages, forms from other sites, headers, languages."""

import re

import pytest

from auth.browser import local
from auth.guard import COOKIE
from auth.visits import IDLE, LONGEST, REMEMBERED
from i18n import text
from tests.auth.conftest import HELLO, PASSWORD, POST, build, enter

NEW = "otra frase distinta"
EVIL = "https://evil.example"


def replay(site, cookie):
    """What a copy of somebody's cookie is worth now."""
    thief = site.server.test_client()
    thief.set_cookie(COOKIE, cookie)
    return thief.get("/api/me").status_code


def cookie_of(client):
    return client.get_cookie(COOKIE).value


def test_a_copied_cookie_is_worth_nothing_after_signing_out(site, client_of):
    client = client_of("manager")
    copied = cookie_of(client)
    assert replay(site, copied) == 200
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert replay(site, copied) == 401
    assert client.get("/api/me").status_code == 401


def test_a_get_signs_nobody_out(client_of):
    client = client_of("manager")
    page = client.get("/logout")
    assert (page.status_code, 'method="post" action="/logout"' in page.text) == (200, True)
    assert client.get("/api/me").status_code == 200


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(site, client_of):
    here, there = client_of("manager"), client_of("manager")
    copied = cookie_of(here)
    answer = here.post("/password", data={"current_password": PASSWORD, "new_password": NEW, "repeat_password": NEW})
    assert answer.status_code == 303
    assert here.get("/api/me").status_code == 200
    assert there.get("/api/me").status_code == 401
    assert replay(site, copied) == 401


def test_disabling_a_user_ends_the_sessions_at_once_and_for_good(site, client_of):
    client = client_of("manager")
    site.users.disable("manager")
    assert client.get("/api/me").status_code == 401
    assert client.post(POST, json=HELLO).status_code == 401
    site.users.update("manager", active=True)
    assert client.get("/api/me").status_code == 401


def test_signing_in_gives_a_new_session_whatever_cookie_was_there(site, client_of):
    client = client_of("manager")
    before = cookie_of(client)
    assert enter(client, "viewer").status_code == 303
    assert cookie_of(client) != before
    assert replay(site, before) == 401
    forged = site.server.test_client()
    forged.set_cookie(COOKIE, "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")
    assert forged.get("/api/me").status_code == 401


def test_a_session_ends_when_nobody_uses_it_and_after_a_week_anyway(site, client_of, clock):
    client = client_of("manager")
    clock.now += IDLE - 1
    assert client.get("/api/me").status_code == 200
    clock.now += IDLE - 1
    assert client.get("/api/me").status_code == 200
    clock.now += IDLE
    assert client.get("/api/me").status_code == 401
    client = client_of("manager")
    for _ in range(int(LONGEST / 36000)):
        clock.now += 36000
        last = client.get("/api/me").status_code
    assert last == 200
    clock.now += LONGEST % 36000
    assert client.get("/api/me").status_code == 401


def test_a_remembered_session_lasts_thirty_days_and_can_be_ended(site, clock):
    client = site.server.test_client()
    answer = enter(client, "manager", remember="1")
    assert "Expires=" in answer.headers["Set-Cookie"]
    clock.now += REMEMBERED - 1
    assert client.get("/api/me").status_code == 200
    client.post("/logout")
    assert client.get("/api/me").status_code == 401


def test_the_cookie_is_hidden_from_scripts_and_secure_where_it_can_be(site):
    plain = enter(site.server.test_client(), "manager").headers["Set-Cookie"]
    assert re.fullmatch(r"cca_session=[^;]+; HttpOnly; Path=/; SameSite=Lax", plain)
    tls = site.server.test_client().post("https://localhost/login", data={"username": "manager", "password": PASSWORD})
    assert "; Secure;" in tls.headers["Set-Cookie"]
    assert tls.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_wrong_credentials_are_told_in_words_and_waits_too(site, clock):
    client = site.server.test_client()
    for name in ("manager", "nobody"):
        answer = enter(client, name, "wrong")
        assert answer.status_code == 401
        assert text("es", "The user or the password is not right.") in answer.text
        assert f'value="{name}"' in answer.text
    for _ in range(4):
        enter(client, "manager", "wrong")
    answer = enter(client, "manager")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert "Vuelva a intentarlo en 0:30." in answer.text
    clock.now += 30
    assert enter(client, "manager").status_code == 303


def test_what_was_typed_comes_back_as_text(site):
    answer = enter(site.server.test_client(), '"><script>alert(1)</script>', "wrong")
    assert "<script" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text


@pytest.mark.parametrize(("data", "status", "words"), [
    ({"current_password": "wrong", "new_password": NEW, "repeat_password": NEW}, 401,
     "The current password is not right."),
    ({"current_password": PASSWORD, "new_password": NEW, "repeat_password": NEW + "x"}, 400,
     "The two new passwords are not the same."),
    ({"current_password": PASSWORD, "new_password": "corta", "repeat_password": "corta"}, 400,
     "Use at least 10 characters."),
    ({}, 401, "The current password is not right.")])
def test_a_refused_password_says_why(client_of, data, status, words):
    client = client_of("manager")
    answer = client.post("/password", data=data)
    assert (answer.status_code, text("es", words) in answer.text) == (status, True)
    assert client.get("/api/me").status_code == 200


BAD = ["https://e/", "//e", "/\\e", "/%5ce", "/%09/e", "/\t/e", "javascript:alert(1)", "http:e", "@e", "/%2f%2fe",
       "///e", "/%252f%252fe", "\\\\e", "/\r\nSet-Cookie:x", " /x", "", "e", "https:/e", "/%0d%0ax", "/" + "x" * 3000]


@pytest.mark.parametrize("target", BAD)
def test_a_sign_in_never_leads_elsewhere(site, target):
    client = site.server.test_client()
    assert enter(client, "manager", next=target).headers["Location"] == "/"
    assert client.get("/login", query_string={"next": target}).headers["Location"] == "/"


@pytest.mark.parametrize("target", ["/", "/calls", "/calls?queue=ventas&agent=a%20b", "/calls/1700000000.12"])
def test_a_sign_in_leads_back(site, target):
    assert enter(site.server.test_client(), "manager", next=target).headers["Location"] == target


def test_below_a_prefix_nothing_outside_of_it():
    assert local("/analytics/calls", "/analytics/") == "/analytics/calls"
    for target in ("/calls", "/", "/analyticsx", "/analytics//e\\", None):
        assert local(target, "/analytics/") == "/analytics/"


FOREIGN = [{"Origin": EVIL}, {"Origin": "null"}, {"Origin": "http://localhost.evil.example"}, {"Origin": "http://["},
           {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
           {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, {"Origin": "http://localhost:9999"}]


@pytest.mark.parametrize("headers", FOREIGN)
def test_forms_and_callbacks_of_other_sites_are_refused(site, client_of, headers):
    client = client_of("admin")
    for answer in (client.post(POST, json=HELLO, headers=headers), client.post("/api/users", headers=headers),
                   client.post("/logout", headers=headers), client.post("/language", headers=headers),
                   site.server.test_client().post("/login", headers=headers)):
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "foreign_origin")
    assert client.get("/api/me").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"},
                                     {"Sec-Fetch-Site": "none"}])
def test_our_own_forms_are_not(client_of, headers):
    assert client_of("admin").post("/api/users", headers=headers).status_code == 200


def test_a_token_needs_no_origin_and_a_known_site_may_call(staff):
    site = build(staff, origins=["https://crm.example.com"])
    head = {"Authorization": "Bearer " + site.tokens.issue(staff.get("admin"))["access_token"]}
    assert site.server.test_client().post("/api/users", headers={**head, "Origin": EVIL}).status_code == 200
    client = site.server.test_client()
    enter(client, "admin")
    assert client.post("/api/users", headers={"Origin": "https://crm.example.com"}).status_code == 200
    assert client.post("/api/users", headers={"Origin": EVIL}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/login", "/health", "/api/me", "/api/nothing", "/nothing", "/undeclared",
                                  "/_dash-layout", "/assets/nothing.css", "/logout", "/password"])
def test_every_answer_has_the_headers(site, client_of, path):
    for client in (client_of("viewer"), site.server.test_client()):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        script = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "unsafe" not in script


def test_the_policy_allows_the_inline_scripts_of_dash_and_no_others(site, client_of):
    page = client_of("viewer").get("/")
    assert site.app.csp_hashes()
    for one in site.app.csp_hashes():
        assert one in page.headers["Content-Security-Policy"]


def test_files_of_ours_may_be_kept_and_pages_may_not(client_of, site):
    client = client_of("viewer")
    page = client.get("/").text
    script = re.search(r'src="(/_dash-component-suites/[^"]+)"', page)[1]
    assert "no-store" not in client.get(script, buffered=True).headers.get("Cache-Control", "")
    stranger = site.server.test_client()
    style = re.search(r'href="(/sign-in/auth.css[^"]+)"', stranger.get("/login").text)[1]
    assert stranger.get(style, buffered=True).headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_sign_in_needs_no_script_and_nothing_from_elsewhere(site):
    page = site.server.test_client().get("/login").text
    assert "<script" not in page
    assert re.findall(r"https?://", page) == []
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert address.startswith("/sign-in/")


def test_spanish_first_and_the_choice_is_kept(site):
    client = site.server.test_client()
    page = client.get("/login")
    assert '<html lang="es">' in page.text
    assert "Iniciar sesión" in page.text
    answer = client.post("/language", data={"lang": "en", "next": "/login?next=/calls"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/calls")
    assert "Sign in" in client.get("/login").text
    enter(client, "manager")
    assert client.get("/api/me").json["language"] == "en"
    assert client.post("/language", json={"lang": "es"}).status_code == 303
    assert site.users.get("manager").language == "es"
    other = site.server.test_client()
    enter(other, "manager")
    assert other.get("/api/me").json["language"] == "es"
    other.set_cookie("lang", "en")
    assert other.get("/api/me").json["language"] == "en"
    for wrong in ({"lang": "fr"}, {}, {"lang": ["es"]}, []):
        assert client.post("/language", json=wrong).status_code == 422


def test_the_theme_of_the_program_holds_here_too(site):
    client = site.server.test_client()
    assert "data-theme" not in client.get("/login").text
    client.set_cookie("theme", "dark")
    assert 'data-theme="dark"' in client.get("/login").text
    client.set_cookie("theme", '"><script>')
    assert "data-theme" not in client.get("/login").text


def test_the_demonstration_tells_its_first_password_until_it_is_changed(users):
    client = build(users).server.test_client()
    page = client.get("/login").text
    assert text("es", "Demonstration center: the calls are invented.") in page
    assert "<code>admin</code>" in page
    assert "<code>admin123</code>" in page
    users.set_password("admin", PASSWORD, must_change=False)
    page = client.get("/login").text
    assert text("es", "Demonstration center: the calls are invented.") in page
    assert "admin123" not in page
