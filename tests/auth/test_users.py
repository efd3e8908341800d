"""Accounts: the first start, passwords, waits after failures, what the audit keeps, the files on disk."""

import stat

import pytest
from sqlalchemy.exc import DatabaseError

from auth import passwords, permissions
from auth.passwords import WeakPassword, cheap
from auth.permissions import Permission
from auth.users import BadUser, Throttled, UserStore, WrongCredentials
from tests.auth.conftest import PASSWORD

HERE, THERE = "192.0.2.1", "198.51.100.7"


def fail(users, name, address, times=1):
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            users.verify(name, "not this one", address)


def test_permissions_are_those_of_the_role_plus_given_minus_taken():
    assert permissions.effective("viewer") == {Permission.DASHBOARD}
    assert permissions.effective("viewer", ["calls", "fly"]) == {"dashboard", "calls"}
    assert permissions.effective("supervisor", ["downloads"], ["recordings", "numbers"]) == {
        "dashboard", "calls", "queues", "agents", "reports", "downloads"}
    assert permissions.effective("admin") == set(Permission)
    assert permissions.effective("nobody knows") == frozenset()


def test_the_roles_are_those_promised():
    desk = {"dashboard", "calls", "numbers", "queues", "agents", "reports"}
    assert {
        "admin": {*desk, "recordings", "downloads", "admin"}, "manager": {*desk, "downloads"},
        "supervisor": {*desk, "recordings"}, "viewer": {"dashboard"}} == permissions.ROLES


def test_the_first_start_makes_an_administrator_who_has_to_change_the_password(users):
    admin = users.verify("Admin", "admin123", HERE)
    assert (admin.username, admin.role, admin.must_change, admin.queues) == ("admin", "admin", True, None)
    assert users.waiting_for_first()
    users.change_password(admin, "admin123", PASSWORD, HERE)
    assert not users.waiting_for_first()
    assert not users.verify("admin", PASSWORD, HERE).must_change


def test_a_second_start_changes_nothing(users, clock):
    users.set_password("admin", PASSWORD, must_change=False)
    again = UserStore(str(users.engine.url), clock=clock, hasher=cheap())
    assert [u.username for u in again.list()] == ["admin"]
    assert again.verify("admin", PASSWORD).id == 1
    again.close()


def test_the_database_is_for_nobody_else_on_the_machine(users, tmp_path):
    folder = tmp_path / "data"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}


def test_unknown_wrong_and_disabled_look_the_same(staff):
    staff.disable("viewer")
    for name, password in (("nobody", PASSWORD), ("manager", "wrong"), ("viewer", PASSWORD), ("viewer", "wrong"),
                           ("", ""), ("a\x00b", "\ud800"), ("x" * 5000, "y" * 5000)):
        with pytest.raises(WrongCredentials) as caught:
            staff.verify(name, password, HERE + name[:1])
        assert str(caught.value) == ""


def test_an_unknown_user_costs_a_hash_too(staff):
    looked_at = []

    class Counting(passwords.PasswordHasher):
        def verify(self, hash, password):  # noqa: A002
            looked_at.append(password)
            return super().verify(hash, password)

    staff.hashes.hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    fail(staff, "nobody", HERE)
    fail(staff, "manager", HERE)
    assert len(looked_at) == 2


def test_after_five_failures_waits_that_grow(staff, clock):
    fail(staff, "manager", HERE, 5)
    for wait in (30, 60, 120, 240, 480, 900, 900):
        with pytest.raises(Throttled) as caught:
            staff.verify("MANAGER", PASSWORD, HERE)
        assert caught.value.seconds == wait
        clock.now += wait
        fail(staff, "manager", HERE)


def test_nobody_locks_a_colleague_out_from_elsewhere(staff):
    fail(staff, "manager", HERE, 5)
    assert staff.verify("manager", PASSWORD, THERE).username == "manager"
    assert staff.verify("supervisor", PASSWORD, HERE).username == "supervisor"


def test_one_address_cannot_try_a_password_on_everybody(staff, clock):
    for number in range(30):
        fail(staff, f"user{number}", HERE)
    with pytest.raises(Throttled):
        staff.verify("manager", PASSWORD, HERE)
    assert staff.verify("manager", PASSWORD, THERE)
    clock.now += 30
    assert staff.verify("manager", PASSWORD, HERE)


def test_an_own_account_buys_no_more_tries_on_others(staff):
    for number in range(30):
        fail(staff, f"user{number}", HERE)
        if number < 29:
            staff.verify("viewer", PASSWORD, HERE)
    with pytest.raises(Throttled):
        staff.verify("viewer", PASSWORD, HERE)


def test_the_right_password_cleans_the_account(staff):
    for _ in range(3):
        fail(staff, "manager", HERE, 4)
        staff.verify("manager", PASSWORD, HERE)
    fail(staff, "manager", HERE, 4)


def test_waits_are_shared_by_workers_and_survive_a_restart(staff, clock):
    fail(staff, "manager", HERE, 3)
    other = UserStore(str(staff.engine.url), clock=clock, hasher=cheap())
    fail(other, "manager", HERE, 2)
    with pytest.raises(Throttled):
        staff.verify("manager", PASSWORD, HERE)
    other.close()


def test_a_wait_refuses_before_the_hash(staff):
    fail(staff, "manager", HERE, 5)
    staff.hashes = None  # looking at a password now would be an error
    with pytest.raises(Throttled):
        staff.verify("manager", PASSWORD, HERE)


@pytest.mark.parametrize(("password", "why"), [
    ("short", passwords.TOO_SHORT), ("nueve9999", passwords.TOO_SHORT), ("x" * 257, passwords.TOO_LONG),
    ("Password123", passwords.TOO_COMMON), ("qwertyuiop", passwords.TOO_COMMON), ("1234567890", passwords.TOO_COMMON),
    ("aaaaaaaaaaaa", passwords.TOO_COMMON), ("Contraseña2024", passwords.TOO_COMMON),
    ("issabel2024", passwords.TOO_COMMON), ("Administrador1", passwords.TOO_COMMON),
    ("abcabcabcabc", passwords.TOO_COMMON), ("MariaFernanda", passwords.TOO_NEAR),
    ("mariafernanda99", passwords.TOO_NEAR),
])
def test_passwords_that_are_refused(password, why):
    with pytest.raises(WeakPassword) as caught:
        passwords.check(password, "mariafernanda")
    assert str(caught.value) == why


@pytest.mark.parametrize("password", ["un tren que llega tarde", "kX9#mq2!vL", "ñandú-al-galope", "ключ от двери",
                                      "solo letras minusculas", "w" * 200 + "xyz", "9275018364"])
def test_passwords_that_may_be_used(users, password):
    users.add("ana", password)
    assert users.verify("ana", password).username == "ana"


def test_a_long_password_is_never_cut(users):
    users.add("ana", "un tren " * 31 + "a")
    fail(users, "ana", HERE)
    with pytest.raises(WrongCredentials):
        users.verify("ana", "un tren " * 31 + "b", HERE)


def test_a_change_needs_the_current_password_and_a_new_one(staff):
    manager = staff.get("manager")
    with pytest.raises(WrongCredentials):
        staff.change_password(manager, "wrong", "otra frase distinta")
    for new, why in ((PASSWORD, passwords.SAME_AS_BEFORE), ("manager", passwords.TOO_SHORT)):
        with pytest.raises(WeakPassword) as caught:
            staff.change_password(manager, PASSWORD, new)
        assert str(caught.value) == why
    changed = staff.change_password(manager, PASSWORD, "otra frase distinta")
    assert changed.epoch == manager.epoch + 1
    assert staff.verify("manager", "otra frase distinta").id == manager.id


def test_usernames_are_one_whatever_their_capitals(users):
    users.add("Ana.Pérez", PASSWORD)
    with pytest.raises(BadUser, match="already"):
        users.add("ana.pÉREZ", PASSWORD)
    assert users.verify("ANA.PÉREZ", PASSWORD).username == "Ana.Pérez"


@pytest.mark.parametrize("values", [
    {"username": "a"}, {"username": "a b"}, {"username": "a\nb"}, {"username": "x" * 65}, {"username": "<script>"},
    {"role": "king"}, {"given": ["fly"]}, {"taken": ["fly"]}, {"language": "fr"}])
def test_accounts_that_cannot_be_made(users, values):
    with pytest.raises(BadUser):
        users.add(**{"username": "ana", "password": PASSWORD, **values})
    assert len(users.list()) == 1


def test_the_last_administrator_stays(staff):
    for change in ({"active": False}, {"role": "viewer"}, {"taken": ["admin"]}):
        with pytest.raises(BadUser, match="administrator"):
            staff.update("admin", **change)
    assert staff.verify("admin", PASSWORD).can("admin")
    staff.update("manager", role="admin")
    assert staff.disable("admin").active is False


def test_a_limit_to_queues(users):
    assert users.add("ana", PASSWORD, queues=["ventas", "soporte", "ventas"]).queues == {"ventas", "soporte"}
    assert users.update("ana", queues=[]).queues == frozenset()
    assert users.update("ana", queues=None).queues is None


def test_nothing_but_the_named_fields_can_be_changed(users):
    for name in ("password", "epoch", "id", "must_change"):
        with pytest.raises(BadUser):
            users.update("admin", **{name: 7})
    for wrong in ({"theme": "blink"}, {"active": "no"}, {"active": None}, {"language": "fr"}):
        with pytest.raises(BadUser, match=next(iter(wrong))):
            users.update("admin", **wrong)
    assert users.update("admin", theme="dark").theme == "dark"


def test_what_happened_is_kept_and_cannot_be_rewritten(staff):
    fail(staff, "intruder\nadmin signed in", HERE)
    staff.verify("manager", PASSWORD, THERE)
    newest, before = staff.audit(2)
    assert (newest["action"], newest["username"], newest["address"]) == ("login", "manager", THERE)
    assert before["action"] == "login_failed"
    assert before["username"] == "intruder\N{REPLACEMENT CHARACTER}admin signed in"
    for statement in ("DELETE FROM audit", "UPDATE audit SET username = 'x'"):
        with pytest.raises(DatabaseError, match="only ever added to"), staff.writer.begin() as connection:
            connection.exec_driver_sql(statement)
    assert staff.audit(2) == [newest, before]


def test_no_password_is_in_the_audit_or_in_a_user(staff):
    staff.change_password(staff.get("manager"), PASSWORD, "otra frase distinta")
    told = repr(staff.audit(1000)) + repr(staff.list())
    assert PASSWORD not in told
    assert "argon2" not in told


def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(staff, clock):
    other = UserStore(str(staff.engine.url), clock=clock,
                      hasher=passwords.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    other.verify("manager", PASSWORD)
    with other.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT password FROM users WHERE key = 'manager'").scalar()
    assert "$m=16,t=2,p=1$" in kept
    assert other.verify("manager", PASSWORD)
    other.close()
