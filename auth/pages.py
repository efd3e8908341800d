"""Sign in, sign out, change the password: plain pages that need nothing of Dash and no script."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, make_response, redirect, render_template, request, session
from flask_login import current_user, login_user, logout_user
from markupsafe import Markup, escape

from auth import browser, guard, marks
from auth.guard import address, gate
from auth.users import FIRST as FIRST_USER
from auth.users import FIRST_PASSWORD, LANGUAGES, THEMES, Throttled, User, UserStore, WeakPassword, WrongCredentials
from i18n import duration, text

YEAR = 31_536_000
STATIC = Path(__file__).parent / "static"

INVENTED = "Demonstration center: the calls are invented."
WRONG = "The user or the password is not right."
WRONG_CURRENT = "The current password is not right."
NOT_TWICE = "The two new passwords are not the same."
FIRST = "First sign-in: user {username}, password {password}. It has to be changed at once."
WAIT = "Too many attempts. Try again in {wait}."


def register(server: Flask, users: UserStore, *, prefix: str = "/", language: str = "es",
             title: str = "Call Center Analytics", demo: dict[str, str] | str | None = None) -> None:
    """Adds `login`, `logout`, `password` and `language` below `prefix`. `guard.install` comes first.

    `demo`: what to say of a demonstration, a text id or `{"text", "username", "password"}`; the credentials are
    shown only as long as nobody has changed that first password.
    """
    server.extensions["gate"].language = language
    if isinstance(demo, str):
        demo = {"text": demo}
    server.extensions["auth_pages"] = {"title": title, "demo": demo, "users": users}
    blueprint = Blueprint("auth", __name__, template_folder="templates", static_folder="static",
                          static_url_path="/sign-in", url_prefix=prefix.rstrip("/") or None)
    for path, name, view in (("/login", "login", login), ("/logout", "logout", logout),
                             ("/password", "password", password)):
        blueprint.add_url_rule(path, name, view, methods=["GET", "POST"])
    blueprint.add_url_rule("/language", "language", choose_language, methods=["POST"])
    server.register_blueprint(blueprint)
    marks.declare(server, "auth.static", None, open=True)
    server.extensions["gate"].change_page = change_first


@cache
def version() -> str:
    """Changes with the files of these pages, so that browsers may keep it for a year."""
    return hashlib.sha256(b"".join(p.read_bytes() for p in sorted(STATIC.iterdir()))).hexdigest()[:12]


def _show(name: str, status: int = 200, **values: Any) -> Response:
    """A page of this folder in the reader's language and theme."""
    lang, here = guard.language(), current_app.extensions["auth_pages"]
    theme = request.cookies.get("theme")

    def words(msg: str, **more: object) -> str:
        return text(lang, msg, **more)

    return make_response(render_template(
        f"auth/{name}.html", t=words, lang=lang, theme=theme if theme in THEMES else None, title=here["title"],
        prefix=gate().prefix, version=version(), languages=LANGUAGES, path=request.full_path.rstrip("?"), **values),
        status)


def _next() -> str:
    return browser.local(request.values.get("next"), gate().prefix)


def _enter(who: User, remember: bool) -> None:
    """A new session under a new id, whatever the browser had before."""
    if old := session.get("_user_id"):
        gate().visits.end(old, by=who, address=address())
    session.clear()
    sid = gate().visits.open(who, address=address(), browser=request.headers.get("User-Agent", ""), remember=remember)
    session.permanent = remember
    opened = gate().visits.user_of(sid)
    if opened:
        login_user(opened)


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
            return redirect(_next())
        return _show("login", next=_next(), demo=_demo())
    username, typed = request.form.get("username", ""), request.form.get("password", "")
    try:
        who = gate().users.verify(username, typed, address())
    except (WrongCredentials, Throttled) as error:
        return _again("login", error, WRONG, next=_next(), demo=_demo(), username=username)
    _enter(who, request.form.get("remember") == "1")
    return redirect(gate().prefix + "password" if who.must_change else _next(), 303)


def _again(name: str, error: Exception, wrong: str, **values: Any) -> Response:
    """The form again, with what was wrong in words."""
    if isinstance(error, Throttled):
        words = text(guard.language(), WAIT, wait=duration(error.seconds))
        response = _show(name, 429, error=words, **values)
        response.headers["Retry-After"] = str(error.seconds)
        return response
    return _show(name, 401, error=text(guard.language(), wrong), **values)


@marks.public
def logout() -> Any:
    """Asks on GET, signs out on POST: nobody is signed out by a link or a picture of another site."""
    if not current_user.is_authenticated:
        session.clear()
        return redirect(gate().prefix + "login", 303)
    if request.method != "POST":
        return _show("logout", username=current_user.username)
    gate().visits.end(current_user.session or "", by=current_user._get_current_object(), address=address())
    logout_user()
    session.clear()
    return redirect(gate().prefix + "login", 303)


def change_first(who: User) -> Response:
    """The form in place of the page that was asked for, with the refusal's status and code."""
    response = _show("password", 403, username=who.username, must_change=True)
    response.headers["X-Error-Code"] = "password_change_required"
    return response


@marks.route(None, changing=True)
def password() -> Any:
    """The form, and what it sends; afterwards every other session of the user has ended."""
    who = current_user._get_current_object()
    if request.method != "POST":
        return _show("password", username=who.username, must_change=who.must_change)
    current, new = request.form.get("current_password", ""), request.form.get("new_password", "")
    values = {"username": who.username, "must_change": who.must_change}
    if new != request.form.get("repeat_password", ""):
        return _show("password", 400, error=text(guard.language(), NOT_TWICE), **values)
    try:
        changed = gate().users.change_password(who, current, new, address())
    except WeakPassword as error:
        return _show("password", 400, error=text(guard.language(), str(error)), **values)
    except (WrongCredentials, Throttled) as error:
        return _again("password", error, WRONG_CURRENT, **values)
    remembered = session.permanent
    session.clear()
    _enter(changed, remembered)
    return redirect(gate().prefix, 303)


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
    response = redirect(_next(), 303)
    response.set_cookie("lang", wanted, max_age=YEAR, path=gate().prefix, samesite="Lax", secure=request.is_secure)
    return response
