"""Second factor, invitations, personal keys, sessions seen and ended, and a database that is gone."""

import json
import os
import subprocess
import sys

import pyotp
import pytest
from click.testing import CliRunner

from auth import keeping
from auth.cli import users_group
from auth.factors import WrongCode
from auth.passwords import cheap
from auth.people import BadUser
from auth.proxies import Proxies, networks
from auth.users import CodeNeeded, Throttled, Unusable, UserStore
from i18n import LANGUAGES, catalogue
from tests.api.conftest import PASSWORD as LONG
from tests.auth.conftest import PASSWORD, enter
from tests.browsing import ROOT

NEW = "otra frase distinta"


@pytest.fixture
def gate(site):
    return site.server.extensions["gate"]


def code_of(secret, clock, later=0):
    return pyotp.TOTP(secret.replace(" ", "")).at(int(clock.now) + later)


@pytest.fixture
def secret(gate, clock):
    """The manager has a second factor; its secret. The recovery codes are in `secret.codes`."""
    who = gate.users.get("manager")
    made, uri = gate.factors.draft(who)
    assert uri.startswith("otpauth://totp/")
    codes = gate.factors.switch_on(who, PASSWORD, code_of(made, clock))
    clock.now += 60
    return made, codes


# -- the second factor -------------------------------------------------------------------------------


def test_after_the_password_comes_a_code(site, secret, clock):
    client = site.server.test_client()
    answer = enter(client, "manager", next="/calls", remember="1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login/code")
    assert client.get("/api/me").status_code == 401  # the password alone opens nothing
    assert client.post("/login/code", data={"code": "000000"}).status_code == 401
    answer = client.post("/login/code", data={"code": code_of(secret[0], clock)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/calls")
    assert "Expires=" in answer.headers["Set-Cookie"]
    assert client.get("/api/me").json["user"] == "manager"


def test_a_code_works_once_and_so_does_a_recovery_code(gate, secret, clock):
    who = gate.users.get("manager")
    code = code_of(secret[0], clock)
    gate.factors.check(who.id, code)
    with pytest.raises(WrongCode):
        gate.factors.check(who.id, code)
    with pytest.raises(WrongCode):
        gate.factors.check(who.id, code_of(secret[0], clock, -90))
    typed = f" {secret[1][0].upper().replace('-', ' ')} "
    assert gate.factors.check(who.id, typed).username == "manager"
    assert gate.factors.left(who) == 9
    with pytest.raises(WrongCode):
        gate.factors.check(who.id, secret[1][0])
    assert [line["action"] for line in gate.users.audit(3)] == ["second_factor_failed", "login", "recovery_code_used"]


def test_codes_cannot_be_guessed_from_anywhere(gate, secret, clock):
    number = gate.users.get("manager").id
    for n in range(5):
        with pytest.raises(WrongCode):
            gate.factors.check(number, f"{n:06}", f"192.0.2.{n}")
    with pytest.raises(Throttled):
        gate.factors.check(number, code_of(secret[0], clock), "198.51.100.7")
    clock.now += 30
    assert gate.factors.check(number, code_of(secret[0], clock)).id == number


def test_who_waits_for_the_code_is_forgotten_after_five_minutes_and_a_new_password(site, secret, clock, gate):
    for spoil in (lambda: setattr(clock, "now", clock.now + 301),
                  lambda: gate.users.set_password("manager", NEW, must_change=False)):
        client = site.server.test_client()
        enter(client, "manager")
        spoil()
        answer = client.post("/login/code", data={"code": code_of(secret[0], clock)})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
        assert client.get("/api/me").status_code == 401


def test_switching_on_and_off_takes_the_password(client_of, gate, clock):
    client = client_of("manager")
    page = client.get("/second-factor")
    assert "<svg" in page.text
    secret = gate.factors.draft(gate.users.get("manager"))[0]
    for data, status in (({"password": "wrong", "code": code_of(secret, clock)}, 401),
                         ({"password": PASSWORD, "code": "000000"}, 400)):
        assert client.post("/second-factor", data={"switch": "on", **data}).status_code == status
    assert not gate.users.get("manager").second_factor
    page = client.post("/second-factor", data={"switch": "on", "password": PASSWORD, "code": code_of(secret, clock)})
    assert page.text.count("<li><code>") == 10
    assert gate.users.get("manager").second_factor
    assert secret not in client.get("/second-factor").text
    assert client.post("/second-factor", data={"switch": "off", "password": "wrong"}).status_code == 401
    assert client.post("/second-factor", data={"switch": "off", "password": PASSWORD}).status_code == 303
    assert not gate.users.get("manager").second_factor


def test_without_a_code_the_password_is_not_enough_for_the_store_either(gate, secret):
    with pytest.raises(CodeNeeded):
        gate.users.verify("manager", PASSWORD)


# -- invitations -------------------------------------------------------------------------------------


def test_an_invitation_is_good_once(site, gate):
    admin = gate.users.get("admin")
    them = gate.users.add("nueva", None, "viewer", by=admin)
    token, _ = gate.invitations.make(them.id, by=admin)
    client = site.server.test_client()
    assert "nueva" in client.get(f"/invitation/{token}").text
    for new, repeat in (("corta", "corta"), (NEW, NEW + "x"), ("nueva", "nueva")):
        assert client.post(f"/invitation/{token}", data={"new_password": new, "repeat_password": repeat}
                           ).status_code == 400
    answer = client.post(f"/invitation/{token}", data={"new_password": NEW, "repeat_password": NEW})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/api/me").json["user"] == "nueva"
    for again in (client.get, client.post):
        assert again(f"/invitation/{token}").status_code == 404
    assert gate.users.verify("nueva", NEW).id == them.id


def test_an_invitation_voids_what_opened_the_account_before(site, client_of, gate, clock):
    client = client_of("manager")
    _, key = gate.keys.make(gate.users.get("manager"), "CRM", ["calls"])
    first, _ = gate.invitations.make("manager")
    second, _ = gate.invitations.make("manager")
    assert client.get("/api/me").status_code == 401
    assert gate.keys.user_of(key) is None
    assert enter(site.server.test_client(), "manager").status_code == 401
    assert gate.invitations.who(first) is None
    assert gate.invitations.who(second).username == "manager"
    gate.users.disable("manager")
    assert gate.invitations.who(second) is None
    third, until = gate.invitations.make("viewer")
    clock.now = until
    assert gate.invitations.who(third) is None
    assert third not in json.dumps(gate.users.audit(100))


def test_an_invitation_replaces_no_second_factor(site, gate, secret):
    token, _ = gate.invitations.make("manager")
    client = site.server.test_client()
    answer = client.post(f"/invitation/{token}", data={"new_password": NEW, "repeat_password": NEW})
    assert answer.headers["Location"] == "/login"
    assert client.get("/api/me").status_code == 401


# -- keys --------------------------------------------------------------------------------------------


def test_a_key_may_what_was_chosen_and_its_owner_still_may(site, gate):
    who = gate.users.get("manager")
    shown, token = gate.keys.make(who, "CRM", ["calls"])
    head = {"Authorization": f"Bearer {token}"}
    client = site.server.test_client()
    assert client.get("/api/calls", headers=head).status_code == 200
    assert gate.keys.user_of(token).permissions == {"calls"}
    assert client.get("/", headers=head).status_code == 401  # a key is for the API
    gate.users.update("manager", taken=["calls"])
    assert client.get("/api/calls", headers=head).status_code == 403
    gate.users.update("manager", taken=[])
    gate.keys.end(who, shown.id, by=who)
    assert client.get("/api/calls", headers=head).status_code == 401


def test_a_key_makes_nobody_an_administrator(site, gate):
    _, token = gate.keys.make(gate.users.get("admin"), "script", ["admin"])
    client = site.server.test_client()
    head = {"Authorization": f"Bearer {token}"}
    for path in ("/api/users", "/api/auth/password", "/api/auth/keys"):
        answer = client.post(path, headers=head)
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "key_not_enough")


@pytest.mark.parametrize(("name", "permissions", "days"), [
    ("", ["calls"], None), (None, ["calls"], None), ("CRM", [], None), ("CRM", ["admin"], None), ("CRM", ["fly"], None),
    ("CRM", ["calls"], 0), ("CRM", ["calls"], 400), ("CRM", ["calls"], "7"), ("CRM", ["calls"], True)])
def test_keys_that_are_not_made(gate, name, permissions, days):
    with pytest.raises(BadUser):
        gate.keys.make(gate.users.get("manager"), name, permissions, days)
    assert gate.keys.list(gate.users.get("manager")) == []


def test_keys_end_with_their_time_and_with_the_account(gate, clock):
    who = gate.users.get("manager")
    _, short = gate.keys.make(who, "short", ["calls"], 30)
    _, long = gate.keys.make(who, "long", ["calls"])
    clock.now += 30 * 86400
    assert gate.keys.user_of(short) is None
    assert gate.keys.user_of(long).key == "long"
    gate.users.disable("manager")
    gate.users.update("manager", active=True)
    assert gate.keys.user_of(long) is None
    for strange in ("cca_", "cca_x", f"{long}x", "", "\ud800"):
        assert gate.keys.user_of(strange) is None


# -- sessions ----------------------------------------------------------------------------------------


def test_sessions_are_seen_and_ended_by_their_owner_alone(site, client_of, gate):
    here, there, other = client_of("manager"), client_of("manager"), client_of("viewer")
    manager, viewer = gate.users.get("manager"), gate.users.get("viewer")
    names = [one["id"] for one in gate.visits.list(manager)]
    assert len(names) == 2
    assert not gate.visits.end_one(viewer, names[0], by=viewer)
    assert gate.visits.end_others(manager) == 2
    assert [client.get("/api/me").status_code for client in (here, there, other)] == [401, 401, 200]


# -- a database that is gone -------------------------------------------------------------------------


def shell(folder, *words, **more):
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run([sys.executable, str(ROOT / "app.py"), *words], cwd=folder, text=True, capture_output=True,
                          env={**keep, "DATA_DIR": str(folder / "var")}, timeout=120, **more)


def test_a_deleted_database_brings_no_first_password_back(tmp_path):
    assert shell(tmp_path, "users", "add", "ana", "--role", "admin", "--password-stdin", input=LONG).returncode == 0
    for path in (tmp_path / "var").glob("app.db*"):
        path.unlink()
    for words in ((), ("users", "list"), ("users", "add", "eva")):  # serving, and both kinds of commands
        answer = shell(tmp_path, *words)
        assert answer.returncode == 2
        assert answer.stderr.startswith("There were users here, and ")
        assert "`python app.py users recover`" in answer.stderr
        assert answer.stderr.count("\n") == 1
    answer = shell(tmp_path, "users", "recover", "ana")
    made = answer.stdout.split("Password: ")[1].split()[0]
    store = UserStore(f"sqlite:///{tmp_path / 'var' / 'app.db'}", folder=tmp_path / "var")
    assert [who.username for who in store.list()] == ["ana"]
    assert store.verify("ana", made).must_change
    store.close()


@pytest.mark.parametrize("spoil", ["header", "zeroed", "page", "text", "empty"])
def test_a_damaged_database_is_said_to_be_one(tmp_path, spoil, clock):
    path = tmp_path / "app.db"
    url = f"sqlite:///{path}"
    store = UserStore(url, clock=clock, hasher=cheap(), folder=tmp_path)
    for number in range(300):
        store.record("export", target=str(number))
    keeping.copy(store)
    store.close()
    whole = bytearray(path.read_bytes())
    half = len(whole) // 8192 * 4096
    changed = {"header": bytes(100) + whole[100:], "zeroed": bytes(len(whole)), "text": b"hello" * 1000, "empty": b"",
               "page": whole[:half] + os.urandom(12288) + whole[half + 12288:]}[spoil]
    path.write_bytes(changed)
    for more in tmp_path.glob("app.db-*"):
        more.unlink()
    with pytest.raises(Unusable, match="users recover") as caught:
        UserStore(url, clock=clock, hasher=cheap(), folder=tmp_path)
    assert str(tmp_path / "backups") in str(caught.value)
    path.write_bytes(next((tmp_path / "backups").iterdir()).read_bytes())  # what the sentence says
    again = UserStore(url, clock=clock, hasher=cheap(), folder=tmp_path)
    assert len(again.audit(1000)) == 301
    assert keeping.verify(again).wrong is None
    again.close()


def test_seven_copies_are_kept(staff, clock, tmp_path):
    for _ in range(10):
        clock.now += 86400
        keeping.keep(staff)
    copies = sorted((tmp_path / "data" / "backups").iterdir())
    assert len(copies) == 7
    assert {path.stat().st_mode & 0o777 for path in copies} == {0o600}


def test_people_from_the_shell(users):
    group = users_group(lambda begin=True: users, lambda: "/analytics/")

    def run(*words):
        return CliRunner().invoke(group, words)

    users.add("ana", PASSWORD)
    token = run("invite", "ana").output.rsplit("/", 1)[1].strip()
    assert len(token) == 43
    assert run("check").output == "Audit: 3 lines, none changed or missing.\n"
    assert run("remove", "ana").exit_code == 0
    assert run("remove", "admin").stderr == "somebody has to stay administrator.\n"
    made = run("recover").output.split("Password: ")[1].split()[0]
    assert users.verify("admin", made).must_change


# -- proxies, words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("peer", "forwarded", "scheme", "seen"), [
    ("192.0.2.9", "203.0.113.5", "https", ("192.0.2.9", "http")),  # not a proxy of ours
    ("127.0.0.1", "203.0.113.5", "https", ("203.0.113.5", "https")),
    ("127.0.0.1", "1.1.1.1, 203.0.113.5, 10.0.0.7", "http", ("203.0.113.5", "http")),  # the first is invented
    ("127.0.0.1", "", "", ("127.0.0.1", "http")), ("127.0.0.1", "<script>", "ftp", ("127.0.0.1", "http")),
    ("127.0.0.1", "evil, 10.0.0.7", "https", ("10.0.0.7", "https")), ("", "203.0.113.5", "https", ("", "http"))])
def test_only_our_proxies_are_believed(peer, forwarded, scheme, seen):
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded, "HTTP_X_FORWARDED_PROTO": scheme,
               "wsgi.url_scheme": "http"}
    told = Proxies(lambda e, _: [e["REMOTE_ADDR"], e["wsgi.url_scheme"]], networks("127.0.0.1, 10.0.0.0/8"))
    assert tuple(told(environ, None)) == seen


def test_what_is_wrong_with_an_account_is_said_in_both_languages():
    import auth.keys
    import auth.people
    for module in (auth.people, auth.keys):
        for name, words in vars(module).items():
            if name.isupper() and isinstance(words, str) and " " in words:
                for lang in LANGUAGES:
                    assert catalogue(lang).get(words), words


def test_the_typeface_and_the_mark_are_those_of_the_program():
    assert (ROOT / "auth/static/mark.svg").read_bytes() == (ROOT / "assets/favicon.svg").read_bytes()
    import app as house
    import config
    server = house.create_app(config.load(QUEUE_LOG_PATH="/nowhere/queue_log")).server
    with server.test_client().get("/sign-in/fonts/inter-latin.woff2") as answer:
        assert answer.get_data() == (ROOT / "assets/a-vendor/inter-latin.woff2").read_bytes()
        assert answer.headers["Cache-Control"].startswith("public")
    assert server.test_client().get("/sign-in/fonts/bootstrap.min.css").status_code == 404
