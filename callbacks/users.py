"""People: the list, the panel in which one is added or changed, and what is done to an account at once."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from dash import Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from auth.passwords import WeakPassword
from auth.people import NO_USER, BadUser, User
from auth.permissions import ROLES, Permission
from i18n import text
from layouts import users as page
from layouts.users import Person, ids
from render.addresses import page as address_of
from render.words import mark

ACTS = {"sessions": mark("The sessions were ended."), "factor": mark("The second factor is off."),
        "remove": mark("{user} was removed.")}


def person(view: Callable, door: Callable, who: User) -> Person:
    """An account with its moments in the time of the site."""
    until = door().invitations.open().get(who.id)
    return Person(who, None if who.last_login is None else view().moment(who.last_login),
                  None if until is None else view().moment(until))


def show_people(view: Callable, who: Callable, door: Callable, done: Any) -> list:
    """Everybody who may sign in."""
    now, invited = view(), door().invitations.open()
    found = [Person(one, None if one.last_login is None else now.moment(one.last_login),
                    now.moment(invited[one.id]) if one.id in invited else None) for one in door().users.list()]
    return page.people(who().language, found, who().id, dict(now.queues()))


def show_panel(view: Callable, who: Callable, door: Callable, chosen: Any) -> Any:
    """The form for the person that was clicked; 0 is a new one."""
    number = chosen.get("number") if isinstance(chosen, Mapping) else None
    if not isinstance(number, int):
        return None
    found = door().users.get(number) if number else None
    if number and found is None:
        return None
    one = person(view, door, found) if found else None
    return page.panel(who().language, one, who().id, view().queues())


def show_usual(role: Any) -> list[str]:
    """The permissions of a role, when another one is chosen."""
    if role not in ROLES:
        raise PreventUpdate
    return sorted(ROLES[role])


def values_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """What the form says, as an account is given it."""
    role, chosen = form["role"], form["permissions"]
    if role not in ROLES or not isinstance(chosen, list):
        raise PreventUpdate
    wanted = {p for p in chosen if p in list(Permission)}
    limit = form["queues"] if isinstance(form["queues"], list) else []
    return {"role": role, "given": sorted(wanted - ROLES[role]), "taken": sorted(ROLES[role] - wanted),
            "queues": limit if form["limited"] == "some" else None, "language": form["language"] or None}


def save(view: Callable, who: Callable, door: Callable, address: Callable, clicks: Any, number: Any,
         form: Mapping[str, Any]) -> dict:
    """Adds or changes somebody; a new one gets a link for the password."""
    if not clicks or not isinstance(number, int):
        raise PreventUpdate
    me, lang, users = who(), who().language, door().users
    values = values_of(form)
    try:
        if number:
            users.update(number, by=me, address=address(), **values,
                         **({} if number == me.id else {"active": form["active"] == ["active"]}))
            return {"said": page.saved(text(lang, "Saved.")), "done": {"saved": number, "click": clicks}}
        made = users.add(str(form["username"] or "").strip(), None, by=me, address=address(), **values)
        said = invitation(view, door, address, me, made, alone=True)
        return {"said": said, "done": {"added": made.id}}
    except BadUser as error:
        return {"said": page.wrong(_sentence(text(lang, error.words, **error.values))), "done": no_update}
    except WeakPassword as error:
        return {"said": page.wrong(text(lang, str(error))), "done": no_update}


def invitation(view: Callable, door: Callable, address: Callable, me: User, them: User, alone: bool = False) -> Any:
    """A new link for a password, in words."""
    token, until = door().invitations.make(them.id, by=me, address=address())
    path = address_of(door().prefix, f"/invitation/{token}")
    return page.link(me.language or "es", them.username, path, view().moment(until), alone)


def act(view: Callable, who: Callable, door: Callable, address: Callable, asked: Any) -> dict:
    """What is done at once to the account of the panel."""
    if not isinstance(asked, Mapping) or not isinstance(asked.get("number"), int):
        raise PreventUpdate
    me, lang, gate = who(), who().language, door()
    name, number = asked.get("act"), asked["number"]
    try:
        them = gate.users.get(number)
        if them is None:
            raise BadUser(NO_USER, name=number)
        if name == "invite" and number != me.id:
            return {"said": invitation(view, door, address, me, them), "done": dict(asked)}
        if name == "sessions":
            gate.visits.end_others(them, address(), by=me)
        elif name == "factor":
            gate.factors.switch_off(number, by=me, address=address())
        elif name == "remove":
            gate.users.remove(number, by=me, address=address())
        else:
            raise PreventUpdate
    except BadUser as error:
        return {"said": page.wrong(_sentence(text(lang, error.words, **error.values))), "done": no_update}
    return {"said": page.saved(text(lang, ACTS[name], user=them.username)), "done": dict(asked)}


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def register(on: Callable, view: Callable, who: Callable, door: Callable, address: Callable) -> None:
    """Wires the page. `door()` is the gate with its users, `address()` where the request comes from."""
    on(output=Output(ids.list, "children"), inputs={"done": Input(ids.done, "data")})(
        partial(show_people, view, who, door))
    on(output=Output(ids.panel, "children"), inputs={"chosen": Input(ids.chosen, "data")})(
        partial(show_panel, view, who, door))
    on(output=Output(ids.permissions, "value"), inputs={"role": Input(ids.role, "value")},
       prevent_initial_call=True)(show_usual)
    on(output={"said": Output(ids.said, "children"), "done": Output(ids.done, "data")},
       inputs={"clicks": Input(ids.save, "n_clicks"), "number": State(ids.number, "data"), "form": {
           "username": State(ids.username, "value"), "role": State(ids.role, "value"),
           "permissions": State(ids.permissions, "value"), "limited": State(ids.limited, "value"),
           "queues": State(ids.queues, "value"), "language": State(ids.language, "value"),
           "active": State(ids.active, "value")}}, prevent_initial_call=True)(
        partial(save, view, who, door, address))
    on(output={"said": Output(ids.said, "children", allow_duplicate=True),
               "done": Output(ids.done, "data", allow_duplicate=True)},
       inputs={"asked": Input(ids.act, "data")}, prevent_initial_call=True)(partial(act, view, who, door, address))
