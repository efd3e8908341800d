"""The second factor on plain pages: the code after the password, and switching it on and off."""

from typing import Any

from flask import redirect, request, session
from flask_login import current_user
from markupsafe import Markup

from auth import factors, forms, guard, marks
from auth.factors import WrongCode
from auth.guard import address, gate
from auth.people import User, WrongCredentials
from auth.throttle import Throttled
from i18n import text

WAITING = "code_for"
MINUTES = 5

WRONG_CODE = "The code is not right, or it was used already."
WRONG_PASSWORD = "The current password is not right."  # noqa: S105


def ask(who: User, remember: bool, target: str) -> Any:
    """Remembers in the signed cookie that the password was right, and asks for the code."""
    session.clear()
    session[WAITING] = {"user": who.id, "epoch": who.epoch, "until": gate().users.clock() + MINUTES * 60,
                        "remember": remember, "next": target}
    return redirect(gate().prefix + "login/code", 303)


def _waiting() -> dict[str, Any] | None:
    found = session.get(WAITING)
    if not isinstance(found, dict) or gate().users.clock() >= found["until"]:
        return None
    who = gate().users.get(found["user"])
    return found if who and who.active and who.epoch == found["epoch"] else None


@marks.public
def code() -> Any:
    """The form for the code, and what it sends."""
    waiting = _waiting()
    if waiting is None:
        session.pop(WAITING, None)
        return redirect(gate().prefix + "login", 303)
    if request.method != "POST":
        return forms.show("code")
    try:
        who = gate().factors.check(waiting["user"], request.form.get("code", ""), address())
    except (WrongCode, Throttled) as error:
        return forms.again("code", error, WRONG_CODE)
    forms.enter(who, waiting["remember"])
    return redirect(gate().prefix + "password" if who.must_change else waiting["next"], 303)


@marks.route(None)
def second_factor() -> Any:
    """How to switch it on, or off when it is on."""
    who: User = current_user._get_current_object()
    if request.method != "POST":
        return forms.show("factor", **_state(who))
    typed, wanted = request.form.get("password", ""), request.form.get("switch")
    try:
        if wanted == "on" and not who.second_factor:
            made = gate().factors.switch_on(who, typed, request.form.get("code", ""), address())
            return forms.show("recovery", codes=made)
        if wanted == "off" and who.second_factor:
            gate().users.confirm(who.username, typed, address())
            gate().factors.switch_off(who.id, by=who, address=address())
    except WrongCode:
        return forms.show("factor", 400, error=text(guard.language(), WRONG_CODE), **_state(who))
    except (WrongCredentials, Throttled) as error:
        return forms.again("factor", error, WRONG_PASSWORD, **_state(who))
    return redirect(gate().prefix + "second-factor", 303)


def _state(who: User) -> dict[str, Any]:
    if who.second_factor:
        return {"username": who.username, "on": True, "left": gate().factors.left(who)}
    secret, uri = gate().factors.draft(who)
    spaced = " ".join(secret[n:n + 4] for n in range(0, len(secret), 4))
    return {"username": who.username, "on": False, "secret": spaced, "uri": uri,
            "picture": Markup(factors.picture(uri))}  # noqa: S704  drawn here, of squares alone
