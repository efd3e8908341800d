"""What each door needs, said where the door is made: marks on views, permissions of callbacks and pages."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from dash import Dash
from flask import Flask
from flask_login import current_user

from auth.permissions import Permission

View = TypeVar("View", bound=Callable[..., Any])
MARK = "__door__"


@dataclass(frozen=True)
class Door:
    """What is needed to go through: nothing (`open`), to be somebody (no permission), or a permission."""

    permission: Permission | None = None
    open: bool = False
    # Whether somebody who first has to change the password may go through.
    changing: bool = False
    # Whoever sends this as a Bearer token may go through too; nobody where it is empty.
    token: str = ""

    def known(self, token: str | None) -> bool:
        """Whether that is the token of this door; takes as long whatever was sent."""
        return bool(self.token) and hmac.compare_digest((token or "").encode(), self.token.encode())


@dataclass
class Doors:
    """Everything declared on one server."""

    endpoints: dict[str, Door] = field(default_factory=dict)
    callbacks: dict[str, Permission | None] = field(default_factory=dict)
    apps: list[Dash] = field(default_factory=list)

    def of(self, server: Flask, endpoint: str) -> Door | None:
        """What an endpoint needs: as declared, or as marked on its view; None when nobody said."""
        declared = self.endpoints.get(endpoint)
        if declared is not None:
            return declared
        view: Any = server.view_functions.get(endpoint)
        while view is not None:
            mark = getattr(view, MARK, None)
            if isinstance(mark, Door):
                return mark
            view = getattr(view, "__wrapped__", None) or getattr(view, "func", None)
        return None


def doors(server: Flask) -> Doors:
    """What is declared on this server so far."""
    found: Doors = server.extensions.setdefault("doors", Doors())
    return found


def route(permission: Permission | None, *, changing: bool = False) -> Callable[[View], View]:
    """Marks a Flask view: who has `permission` may use it; None is anybody signed in.

    `changing`: also somebody who first has to change the password.
    """
    return _mark(Door(permission, changing=changing))


def public(view: View) -> View:
    """Marks a Flask view as open to everybody."""
    return _mark(Door(open=True, changing=True))(view)


def _mark(door: Door) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, MARK, door)
        return view
    return mark


def declare(server: Flask, endpoint: str, permission: Permission | None, *, open: bool = False,  # noqa: A002
            changing: bool = False, token: str = "") -> None:
    """The same for an endpoint by name, where the view is somebody else's; `token` opens it to a program as well."""
    doors(server).endpoints[endpoint] = Door(permission, open, changing or open, token)


def callback(app: Dash, permission: Permission | None) -> Callable[..., Any]:
    """`on`, which registers like `app.callback`; only who has `permission` may call what it registers."""
    known = doors(app.server)
    if app not in known.apps:
        known.apps.append(app)

    def on(*args: Any, **kwargs: Any) -> Callable[[View], View]:
        def register(function: View) -> View:
            before = set(app.callback_map)
            app.callback(*args, **kwargs)(function)
            made = set(app.callback_map) - before
            if len(made) != 1:
                # Dash itself would let the second silently take the place of the first.
                raise ValueError(f"{getattr(function, '__name__', function)!r}: that output has a callback already")
            known.callbacks[made.pop()] = permission
            return function
        return register
    return on


def page(permission: Permission | None, layout: Callable[..., Any], refused: Callable[..., Any]) -> Callable[..., Any]:
    """The layout for who has `permission` (None: anybody signed in), `refused(**query)` for the others; Dash asks at
    every visit."""
    @wraps(layout)
    def guarded(**query: Any) -> Any:
        may = current_user and (current_user.is_authenticated if permission is None else current_user.can(permission))
        return layout(**query) if may else refused(**query)
    return guarded
