"""One's own account: what is open in one's name, and how to end it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from dash import Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from auth.people import BadUser
from i18n import number, text
from layouts import account as page
from layouts.account import ids
from layouts.users import saved, wrong


def show(view: Callable, who: Callable, door: Callable, done: Any) -> dict:
    """The whole page."""
    now, me, lang, gate = view(), who(), who().language, door()
    return {
        "me": page.me(lang, me, gate.prefix, dict(now.queues())),
        "sessions": page.sessions(lang, [(one, now.moment(one["created"]), now.moment(one["seen"]))
                                         for one in gate.visits.list(me)]),
        "keys": page.keys(lang, me, [(one, now.moment(one.expires) if one.expires else None,
                                      now.moment(one.seen) if one.seen else None) for one in gate.keys.list(me)])}


def act(who: Callable, door: Callable, address: Callable, asked: Any) -> dict:
    """Ends a session, all others, or a key."""
    if not isinstance(asked, Mapping):
        raise PreventUpdate
    me, lang, gate, name = who(), who().language, door(), str(asked.get("name", ""))
    try:
        if asked.get("act") == "session":
            gate.visits.end_one(me, name, by=me, address=address())
            said = text(lang, "The session was ended.")
        elif asked.get("act") == "others":
            count = gate.visits.end_others(me, address())
            said = text(lang, "Sessions ended: {count}.", count=number(lang, count))
        elif asked.get("act") == "key" and name.isascii() and name.isdigit() and len(name) < 10:
            gate.keys.end(me, int(name), by=me, address=address())
            said = text(lang, "The key was ended.")
        else:
            raise PreventUpdate
    except BadUser as error:
        return {"said": wrong(text(lang, error.words, **error.values)), "done": no_update}
    return {"said": saved(said), "done": dict(asked)}


def make(who: Callable, door: Callable, address: Callable, clicks: Any, name: Any, permissions: Any, days: Any) -> dict:
    """A new key, shown this once."""
    if not clicks:
        raise PreventUpdate
    lang = who().language
    try:
        shown, token = door().keys.make(who(), name, permissions if isinstance(permissions, list) else (),
                                        days or None, address())
    except BadUser as error:
        words = text(lang, error.words, **error.values)
        return {"said": wrong(f"{words[:1].upper()}{words[1:]}."), "done": no_update}
    return {"said": page.made(lang, shown.name, token), "done": {"key": shown.id}}


def register(on: Callable, view: Callable, who: Callable, door: Callable, address: Callable) -> None:
    """Wires the page. `who()` is the current user, `door()` the gate, `address()` where the request comes from."""
    on(output={"me": Output(ids.me, "children"), "sessions": Output(ids.sessions, "children"),
               "keys": Output(ids.keys, "children")}, inputs={"done": Input(ids.done, "data")})(
        partial(show, view, who, door))
    on(output={"said": Output(ids.said, "children"), "done": Output(ids.done, "data")},
       inputs={"asked": Input(ids.act, "data")}, prevent_initial_call=True)(partial(act, who, door, address))
    on(output={"said": Output(ids.said, "children", allow_duplicate=True),
               "done": Output(ids.done, "data", allow_duplicate=True)},
       inputs={"clicks": Input(ids.make, "n_clicks"), "name": State(ids.name, "value"),
               "permissions": State(ids.permissions, "value"), "days": State(ids.days, "value")},
       prevent_initial_call=True)(partial(make, who, door, address))
