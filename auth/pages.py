"""Sign in, sign out, change the password: plain pages that need nothing of Dash and no script."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, redirect, request, send_from_directory, session
from flask_login import current_user, logout_user
from markupsafe import Markup, escape

from auth import code_pages, forms, guard, invite_page, marks
from auth.guard import address, gate
from auth.users import FIRST as FIRST_USER
from auth.users import (
    FIRST_PASSWORD,
    LANGUAGES,
    CodeNeeded,
    Throttled,
    User,
    UserStore,
    WeakPassword,
    WrongCredentials,
)
from i18n import text

YEAR = 31_536_000
FONTS = ("inter-latin.woff2", "inter-latin-ext.woff2")

INVENTED = "Demonstration center: the calls are invented."
WRONG = "The user or the password is not right."
WRONG_CURRENT = "The current password is not right."
NOT_TWICE = "The two new passwords are not the same."
FIRST = "First sign-in: user {username}, password {password}. It has to be changed at once."


def register(server: Flask, users: UserStore, *, prefix: str = "/", language: str = "es",
             title: str = "Call Center Analytics", demo: dict[str, str] | str | None = None,
             fonts: Path | None = None) -> None:
    """Adds `login`, `logout`, `password`, `second-factor`, `invitation` and `language` below `prefix`.
    `guard.install` comes first. `fonts` is the folder with the program's typeface.

    `demo`: what to say of a demonstration, a text id or `{"text", "username", "password"}`; the credentials are
    shown only as long as nobody has changed that first password.
    """
    server.extensions["gate"].language = language
    if isinstance(demo, str):
        demo = {"text": demo}
    server.extensions["gate"].factors.issuer = title
    server.extensions["auth_pages"] = {"title": title, "demo": demo, "users": users, "fonts": fonts}
    blueprint = Blueprint("auth", __name__, template_folder="templates", static_folder="static",
                          static_url_path="/sign-in", url_prefix=prefix.rstrip("/") or None)
    for path, name, view in (("/login", "login", login), ("/logout", "logout", logout),
                             ("/password", "password", password), ("/login/code", "code", code_pages.code),
                             ("/second-factor", "second_factor", code_pages.second_factor),
                             ("/invitation/<token>", "invitation", invite_page.invitation)):
        blueprint.add_url_rule(path, name, view, methods=["GET", "POST"])
    blueprint.add_url_rule("/sign-in/fonts/<name>", "font", font)
    blueprint.add_url_rule("/language", "language", choose_language, methods=["POST"])
    server.register_blueprint(blueprint)
    marks.declare(server, "auth.static", None, open=True)
    server.extensions["gate"].change_page = change_first


def _demo() -> tuple[str, Markup | None] | None:
    """What the sign-in page says of the demonstration, and with which user, until that one was changed."""
    here, lang = current_app.extensions["auth_pages"], guard.language()
    demo: dict[str, str] | None = here["demo"]
    if demo is None:
        return None
    words = text(lang, demo.get("text") or INVENTED)
    if not here["users"].waiting_for_first():
        return words, None
    code = Markup("<code>{}</code>")
    return words, escape(text(lang, FIRST)).format(
        username=code.format(demo.get("username", FIRST_USER)),
        password=code.format(demo.get("password", FIRST_PASSWORD)))


@marks.public
def login() -> Any:
    """The form, and what it sends."""
    if request.method != "POST":  # HEAD too: asking must change nothing
        if current_user.is_authenticated:
            return redirect(forms.afterwards())
        return forms.show("login", next=forms.afterwards(), demo=_demo())
    username, typed = request.form.get("username", ""), request.form.get("password", "")
    try:
        who = gate().users.verify(username, typed, address())
    except CodeNeeded as error:
        return code_pages.ask(error.who, request.form.get("remember") == "1", forms.afterwards())
    except (WrongCredentials, Throttled) as error:
        return forms.again("login", error, WRONG, next=forms.afterwards(), demo=_demo(), username=username)
    forms.enter(who, request.form.get("remember") == "1")
    return redirect(gate().prefix + "password" if who.must_change else forms.afterwards(), 303)


@marks.public
def logout() -> Any:
    """Asks on GET, signs out on POST: nobody is signed out by a link or a picture of another site."""
    if not current_user.is_authenticated:
        session.clear()
        return redirect(gate().prefix + "login", 303)
    if request.method != "POST":
        return forms.show("logout", username=current_user.username)
    gate().visits.end(current_user.session or "", by=current_user._get_current_object(), address=address())
    logout_user()
    session.clear()
    return redirect(gate().prefix + "login", 303)


def change_first(who: User) -> Response:
    """The form in place of the page that was asked for, with the refusal's status and code."""
    response = forms.show("password", 403, username=who.username, must_change=True)
    response.headers["X-Error-Code"] = "password_change_required"
    return response


@marks.route(None, changing=True)
def password() -> Any:
    """The form, and what it sends; afterwards every other session of the user has ended."""
    who = current_user._get_current_object()
    if request.method != "POST":
        return forms.show("password", username=who.username, must_change=who.must_change)
    current, new = request.form.get("current_password", ""), request.form.get("new_password", "")
    values = {"username": who.username, "must_change": who.must_change}
    if new != request.form.get("repeat_password", ""):
        return forms.show("password", 400, error=text(guard.language(), NOT_TWICE), **values)
    try:
        changed = gate().users.change_password(who, current, new, address())
    except WeakPassword as error:
        return forms.show("password", 400, error=text(guard.language(), str(error)), **values)
    except (WrongCredentials, Throttled) as error:
        return forms.again("password", error, WRONG_CURRENT, **values)
    remembered = session.permanent
    session.clear()
    forms.enter(changed, remembered)
    return redirect(gate().prefix, 303)


@marks.public
def font(name: str) -> Response:
    """The typeface of the program, which these pages need before anybody has signed in."""
    folder = current_app.extensions["auth_pages"]["fonts"]
    if folder is None or name not in FONTS:
        abort(404)
    return send_from_directory(folder, name, max_age=YEAR)


def _json() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


@marks.public
def choose_language() -> Any:
    """Keeps the language in this browser, and for the user who is signed in."""
    wanted = request.form.get("lang") or _json().get("lang")
    if wanted not in LANGUAGES:
        return gate().fail(422, "invalid", guard.MALFORMED)
    if current_user.is_authenticated:
        gate().users.prefer(current_user.id, wanted)
    response = redirect(forms.afterwards(), 303)
    response.set_cookie("lang", wanted, max_age=YEAR, path=gate().prefix, samesite="Lax", secure=request.is_secure)
    return response
