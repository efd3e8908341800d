"""The page behind an invitation: choosing a password, once."""

from typing import Any

from flask import redirect, request

from auth import forms, guard, marks
from auth.guard import address, gate
from auth.invitations import Gone
from auth.passwords import WeakPassword
from i18n import text

NOT_GOOD = "This link was used already, or it is too old. Ask your administrator for another one."
NOT_TWICE = "The two new passwords are not the same."


@marks.public
def invitation(token: str) -> Any:
    """The form, and what it sends. Looking at it uses nothing up: some mail programs look at every link."""
    who = gate().invitations.who(token)
    if who is None:
        return forms.show("gone", 404, error=text(guard.language(), NOT_GOOD))
    if request.method != "POST":
        return forms.show("invitation", username=who.username)
    chosen = request.form.get("new_password", "")
    if chosen != request.form.get("repeat_password", ""):
        return forms.show("invitation", 400, error=text(guard.language(), NOT_TWICE), username=who.username)
    try:
        made = gate().invitations.accept(token, chosen, address())
    except WeakPassword as error:
        return forms.show("invitation", 400, error=text(guard.language(), str(error)), username=who.username)
    except Gone:
        return forms.show("gone", 404, error=text(guard.language(), NOT_GOOD))
    if made.second_factor:
        return redirect(gate().prefix + "login", 303)  # the link replaces the password, not the telephone
    gate().users.entered(made.id, address(), invited=True)
    forms.enter(made, False)
    return redirect(gate().prefix, 303)
