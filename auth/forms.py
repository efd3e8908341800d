"""What the plain pages share: how one is shown, how somebody enters, where it leads afterwards."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, current_app, make_response, render_template, request, session
from flask_login import login_user

from auth import browser, guard
from auth.guard import address, gate
from auth.people import LANGUAGES, THEMES, User
from auth.throttle import Throttled
from i18n import duration, text

STATIC = Path(__file__).parent / "static"
WAIT = "Too many attempts. Try again in {wait}."


@cache
def version() -> str:
    """Changes with the files of these pages, so that browsers may keep it for a year."""
    return hashlib.sha256(b"".join(p.read_bytes() for p in sorted(STATIC.iterdir()))).hexdigest()[:12]


def show(name: str, status: int = 200, **values: Any) -> Response:
    """A page of this folder in the reader's language and theme."""
    lang, here = guard.language(), current_app.extensions["auth_pages"]
    theme = request.cookies.get("theme")

    def words(msg: str, **more: object) -> str:
        return text(lang, msg, **more)

    return make_response(render_template(
        f"auth/{name}.html", t=words, lang=lang, theme=theme if theme in THEMES else None, title=here["title"],
        prefix=gate().prefix, version=version(), languages=LANGUAGES, path=request.full_path.rstrip("?"), **values),
        status)


def again(name: str, error: Exception, wrong: str, **values: Any) -> Response:
    """The form again, with what was wrong in words."""
    if isinstance(error, Throttled):
        words = text(guard.language(), WAIT, wait=duration(error.seconds))
        response = show(name, 429, error=words, **values)
        response.headers["Retry-After"] = str(error.seconds)
        return response
    return show(name, 401, error=text(guard.language(), wrong), **values)


def afterwards() -> str:
    """Where the form says that it should lead, if that is a page of this program."""
    return browser.local(request.values.get("next"), gate().prefix)


def enter(who: User, remember: bool) -> None:
    """A new session under a new id, whatever the browser had before."""
    if old := session.get("_user_id"):
        gate().visits.end(old, by=who, address=address())
    session.clear()
    sid = gate().visits.open(who, address=address(), browser=request.headers.get("User-Agent", ""), remember=remember)
    session.permanent = remember
    opened = gate().visits.user_of(sid)
    if opened:
        login_user(opened)
