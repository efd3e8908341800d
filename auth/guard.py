"""The gate in front of everything: what is not granted is refused, before Dash or any view sees the request.

`install` it before `Dash(server=…)` is made. The server needs its `secret_key`.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from flask import Flask, Request, Response, current_app, g, jsonify, redirect, request
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, current_user
from flask_login.mixins import AnonymousUserMixin
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from auth import browser, dispatch
from auth.database import NOT_KEPT, unkept
from auth.factors import Factors
from auth.invitations import Invitations
from auth.keys import PREFIX, Keys
from auth.marks import Door, callback, declare, doors, page, public, route
from auth.permissions import Permission
from auth.tokens import InvalidToken, Tokens
from auth.users import LANGUAGES, User, UserStore, seen_by
from auth.visits import REMEMBERED, Visits
from i18n import text

__all__ = ["Gate", "callback", "declare", "gate", "install", "page", "public", "route"]

log = logging.getLogger(__name__)
Failure = Callable[[int, str, str], Any]

MEGABYTE = 1_048_576
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
COOKIE = "cca_session"
SIGNED_IN = Door()
# What Dash itself serves, by the ends of its addresses; all of it to anybody signed in.
DASH = ("", "<path:path>", "_dash-layout", "_dash-dependencies", "_dash-update-component", "_reload-hash",
        "_favicon.ico", "_dash-component-suites/<string:package_name>/<path:fingerprinted_path>")
# What only a person may do: a program that found a key must not make itself another, or lock its owner out.
FOR_PEOPLE = ("api/auth/password", "api/auth/logout", "api/auth/sessions", "api/auth/keys", "api/users", "api/audit")
# Addresses of the API that somebody who first has to change the password needs for doing so.
WHILE_CHANGING = ("api/auth/password", "api/auth/logout")

UNAUTHORIZED = "Sign in first."
CHANGE_FIRST = "Change your password first."
FORBIDDEN = "Your user has no permission for this."
NO_KEYS = "A key of the API cannot do this: it takes a person who signed in."
FOREIGN = "The request came from another site."
MALFORMED = "The request is malformed."
NOT_FOUND = "There is nothing at this address."
UNAVAILABLE = "The users cannot be read right now. Try again in a moment."


class Nobody(AnonymousUserMixin):
    """Whoever has not signed in."""

    id = None
    username = role = ""
    permissions: frozenset[Permission] = frozenset()
    queues: frozenset[str] = frozenset()
    must_change = False

    @property
    def language(self) -> str:
        return language()

    def can(self, permission: Permission | str) -> bool:
        return False


class SessionCookie(SecureCookieSessionInterface):
    """The signed cookie, marked Secure whenever the request came over https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure or bool(app.config["SESSION_COOKIE_SECURE"])


def _plain(status: int, code: str, message: str) -> Response:
    """A failure in the shape the API uses."""
    response = jsonify(success=False, error={"code": code, "message": message})
    response.status_code = status
    return response


@dataclass
class Gate:
    """What the gate of one server knows."""

    server: Flask
    users: UserStore
    prefix: str = "/"
    tokens: Tokens | None = None
    api_error: Failure = _plain
    csp_hashes: Callable[[], Iterable[str]] = tuple
    open_paths: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    language: str = "es"
    # What a person sees who first has to change the password, whatever page was asked for.
    change_page: Callable[[User], Any] | None = None
    visits: Visits = field(init=False)
    keys: Keys = field(init=False)
    factors: Factors = field(init=False)
    invitations: Invitations = field(init=False)

    def __post_init__(self) -> None:
        self.visits, self.keys = Visits(self.users), Keys(self.users)
        self.factors, self.invitations = Factors(self.users), Invitations(self.users)

    def under(self, path: str, *names: str) -> bool:
        """Whether a path of a request is one of these below the prefix, or below one of these."""
        inner = path.removeprefix(self.prefix)
        return path.startswith(self.prefix) and any(inner == name or inner.startswith(f"{name}/") for name in names)

    def fail(self, status: int, code: str, message: str) -> Any:
        """The refusal, in the shape of the API for the API and in words for everybody."""
        make = self.api_error if self.under(request.path, "api") else _plain
        return make(status, code, text(language(), message))

    # -- who is it -------------------------------------------------------------------------------

    def of_session(self, sid: str) -> User | None:
        """Flask-Login's loader. A request with a token is judged by its token alone."""
        return None if bearer(request) is not None else self._seen(self.visits.user_of(sid))

    def of_request(self, asked: Request) -> User | None:
        """Flask-Login's loader for requests with a token."""
        token = bearer(asked)
        if token is None or self.tokens is None:
            return None
        if token.startswith(PREFIX):
            return self._seen(self.keys.user_of(token, address())) if self.under(asked.path, "api") else None
        try:
            return self._seen(self.tokens.user_of(token))
        except InvalidToken:
            return None

    def _seen(self, who: User | None) -> User | None:
        return who and seen_by(who, language=chosen(request), default=self.language)

    # -- the decision ----------------------------------------------------------------------------

    def check(self) -> Any:
        """None lets the request through; anything else is the answer instead."""
        door = self.door()
        if request.method not in SAFE and bearer(request) is None and self._foreign():
            return self.fail(403, "foreign_origin", FOREIGN)
        if door is not None and (door.open or door.known(bearer(request))):
            return None
        if request.method == "OPTIONS" and self.under(request.path, "api") and getattr(
                request.url_rule, "provide_automatic_options", False):
            return None  # what a browser asks before it sends a token; Flask answers with the methods alone
        try:
            who = current_user._get_current_object()
        except SQLAlchemyError:
            log.exception("the users cannot be read")
            return self.fail(503, "unavailable", UNAVAILABLE)
        if not who.is_authenticated:
            return self._stranger()
        if who.must_change and not (door and door.changing) and not self.under(request.path, *WHILE_CHANGING):
            if self.is_page() and self.change_page is not None:
                return self.change_page(who)
            return self.fail(403, "password_change_required", CHANGE_FIRST)
        if who.key and request.method not in SAFE and self.under(request.path, *FOR_PEOPLE):
            return self.fail(403, "key_not_enough", NO_KEYS)
        return self._decide(who, door)

    def _decide(self, who: User, door: Door | None) -> Any:
        endpoint = request.endpoint
        if endpoint is None:
            return None  # Flask's own 404 or 405
        if endpoint == f"{self.prefix}<path:path>" and self.under(request.path, "api"):
            return self.fail(404, "not_found", NOT_FOUND)
        needed = door.permission if door else None
        if endpoint == f"{self.prefix}_dash-update-component":
            try:
                needed = dispatch.needs(doors(self.server), request.get_json(silent=True))
            except dispatch.Malformed:
                return self.fail(400, "malformed", MALFORMED)
            except dispatch.Unknown:
                return self._refuse(who, "callback")
        if door is None or (needed is not None and not who.can(needed)):
            return self._refuse(who, needed or endpoint)
        return None

    def door(self) -> Door | None:
        """What this request needs; None when nobody declared it."""
        if request.path in self.open_paths:
            return Door(open=True, changing=True)
        endpoint = request.endpoint
        if endpoint is None:
            return None
        inner = endpoint.removeprefix(self.prefix)
        if endpoint.startswith(self.prefix) and inner in DASH or endpoint.endswith("dash_assets.static"):
            return SIGNED_IN
        return doors(self.server).of(self.server, endpoint)

    def _foreign(self) -> bool:
        # A program that signs in to the API carries no cookie yet, and may well be another site's page.
        borrowed = COOKIE in request.cookies or not self.under(request.path, "api")
        return borrowed and browser.foreign(request, self.origins)

    def _refuse(self, who: User, what: str) -> Any:
        self.users.record("refused", by=who, address=address(), target=request.path, needs=str(what))
        return self.fail(403, "forbidden", FORBIDDEN)

    def _stranger(self) -> Any:
        if self.is_page() and bearer(request) is None:
            wanted = request.full_path if request.query_string else request.path
            more = "" if wanted == self.prefix else f"?next={quote(browser.local(wanted, self.prefix), safe='/')}"
            return redirect(f"{self.prefix}login{more}")
        response = self.server.make_response(self.fail(401, "unauthorized", UNAUTHORIZED))
        if self.under(request.path, "api", "metrics"):
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    def is_page(self) -> bool:
        """Whether a person is looking at an address, and not a script, a player or a program at its data."""
        inner = request.path.removeprefix(self.prefix)
        if request.method not in ("GET", "HEAD") or self.under(request.path, "api") or inner.startswith(
                ("_dash", "_reload", "_favicon", "assets/", "metrics")):
            return False
        accepted = request.headers.get("Accept")
        return (request.headers.get("Sec-Fetch-Dest", "document") == "document"
                and (not accepted or request.accept_mimetypes.accept_html))

    def unavailable(self, error: OperationalError) -> Any:
        """The database is locked, full or away: nothing was done, and no more is said of why."""
        log.error("the users cannot be used: %s", error.orig)
        return self.fail(503, "unavailable", NOT_KEPT if unkept(error) else UNAVAILABLE)

    def dress(self, response: Response) -> Response:
        """Headers of every answer."""
        endpoint = request.endpoint or ""
        asset = endpoint.endswith("dash_assets.static") or "_dash-component-suites" in endpoint or (
            endpoint in ("auth.static", "auth.font"))
        return browser.dress(request, response, self.csp_hashes(), asset=asset)


def bearer(asked: Request) -> str | None:
    """The token of an `Authorization: Bearer` header; None without one."""
    kind, _, token = asked.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def address() -> str:
    """Where the request comes from, as the server sees it."""
    return request.remote_addr or ""


def gate() -> Gate:
    """The gate of the server that answers this request."""
    found: Gate = current_app.extensions["gate"]
    return found


def chosen(asked: Request) -> str | None:
    """The language chosen in this browser."""
    value = asked.cookies.get("lang")
    return value if value in LANGUAGES else None


def language() -> str:
    """The language of this request: the browser's choice, the user's, the installation's."""
    who = g.get("_login_user")
    return chosen(request) or (who.language if isinstance(who, User) else None) or gate().language


def install(server: Flask, users: UserStore, *, prefix: str = "/", tokens: Tokens | None = None,
            csp_hashes: Callable[[], Iterable[str]] = tuple, api_error: Failure = _plain, language: str = "es",
            public: Collection[str] = ("health",), origins: Collection[str] = (),
            secure_cookies: bool = False) -> Gate:
    """Puts the gate in front of `server`; before `Dash(server=…)`, so that it is asked first.

    `public`: paths below `prefix` that are open to everybody. `origins`: other sites whose pages may call the
    API. `csp_hashes`: gives the inline scripts of today, such as `app.csp_hashes`. `api_error(status, code,
    message)` makes the refusals below `<prefix>api`. `secure_cookies`: mark cookies Secure even over http.
    """
    made = Gate(server, users, prefix, tokens, api_error, csp_hashes, frozenset(prefix + p for p in public),
                frozenset(origins), language)
    server.extensions["gate"] = made
    server.config.update(
        SESSION_COOKIE_NAME=COOKIE, SESSION_COOKIE_PATH=prefix, SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=secure_cookies, SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=REMEMBERED))
    if server.config.get("MAX_CONTENT_LENGTH") is None:
        server.config["MAX_CONTENT_LENGTH"] = MEGABYTE
    server.session_interface = SessionCookie()
    manager = LoginManager()
    manager.anonymous_user = Nobody
    # Tied to the address, people would be thrown out whenever their network changes.
    manager.session_protection = None
    manager.user_loader(made.of_session)
    manager.request_loader(made.of_request)
    manager.init_app(server, add_context_processor=False)
    server.before_request(made.check)
    server.register_error_handler(OperationalError, made.unavailable)
    server.after_request(made.dress)
    return made
