"""Who may sign in, in words, and where somebody is sent on who may not open a page."""

import datetime as dt

import pytest

from auth.people import User
from auth.permissions import ROLES
from layouts import parts, shell, users
from tests.layouts.test_parts import classes, hrefs, words

LATER = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


def person(number, **given):
    held = {"id": number, "username": f"user{number}", "role": "viewer", "permissions": ROLES["viewer"],
            "language": "es", "active": True, **given}
    return User(**{name: value for name, value in held.items() if name in User.__dataclass_fields__})


@pytest.mark.parametrize(("lang", "invited", "said"), [
    ("es", (True, False), "1 activa de 2"), ("es", (False, False), "2 activas de 2"), ("es", (True, True),
                                                                                      "0 activas de 2"),
    ("en", (True, False), "1 active of 2")])
def test_who_is_only_invited_is_not_active_yet(lang, invited, said):
    found = [users.Person(person(number), None, LATER if waits else None) for number, waits in enumerate(invited, 1)]
    assert said in " ".join(words(part) for part in users.people(lang, found, 1, {}))


@pytest.mark.parametrize(("role", "path", "name"), [("viewer", "/live", "En vivo"), ("admin", "/live", "En vivo"),
                                                    ("", "/account", "Mi cuenta")])
def test_a_page_that_is_not_allowed_leads_to_the_first_one_that_is(role, path, name):
    found, label = shell.first("es", {"/live", "/", "/calls", "/users"}, ROLES.get(role, frozenset()))
    assert (found, label) == (path, name)
    page = parts.forbidden("es", "Por eso.", label, f"/x{found}")
    assert words(page) == f"Sin acceso a esta página Por eso. Ir a {name}"
    assert hrefs(page) == [f"/x{path}"] and "no-filters" in classes(page)
