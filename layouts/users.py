"""Usuarios: who may come in, and the panel in which a person is added or changed."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from auth.people import LANGUAGES, User
from auth.permissions import ROLES
from i18n import moment, number, text
from i18n import one as one_of
from layouts.parts import avatar, hidden, icon, skeleton
from layouts.shell import ROLE_WORDS
from render.addresses import page
from render.cards import initials
from render.words import UNSAVED, mark


class ids:
    """Components of this page; callbacks take their ids from here."""

    list = "users-list"
    panel = "users-panel"
    chosen = "users-chosen"
    done = "users-done"
    act = "users-act"
    said = "users-said"
    kept = "users-kept"
    username = "users-username"
    role = "users-role"
    permissions = "users-permissions"
    limited = "users-limited"
    queues = "users-queues"
    language = "users-language"
    active = "users-active"
    save = "users-save"
    number = "users-number"


PERMISSION_WORDS = {
    "dashboard": (mark("Summary and live"), mark("Key numbers, without single calls")),
    "calls": (mark("Calls"), mark("The list of calls and what happened in each")),
    "recordings": (mark("Listen"), mark("Recordings of calls, in the browser")),
    "downloads": (mark("Download"), mark("Recordings and files with numbers")),
    "numbers": (mark("Full numbers"), mark("Otherwise the middle of a number is masked")),
    "queues": (mark("Queues"), mark("Numbers of each queue")),
    "agents": (mark("Agents"), mark("Sessions, pauses and calls of each agent")),
    "reports": (mark("Reports"), mark("Reports on the page and as files")),
    "admin": (mark("Administer"), mark("People, audit and settings")),
}
TONGUES = {"es": "Español", "en": "English"}


@dataclass(frozen=True)
class Person:
    """A row of the list: the account, its last sign-in, and until when its link for a password is good."""

    user: User
    seen: dt.datetime | None
    invited: dt.datetime | None


def layout(lang: str, prefix: str, **_: str) -> Component:
    """The page before its people arrive."""
    return html.Div([
        tabs(lang, prefix, "/users"),
        html.Section(html.Div(skeleton("row", 8), className="panel-body"), id=ids.list, className="panel account-list"),
        html.Aside(id=ids.panel, className="side-panel", **{"aria-label": text(lang, "The person")}),
        *(dcc.Store(id=name) for name in (ids.chosen, ids.done, ids.act))], className="accounts no-filters")


def tabs(lang: str, prefix: str, current: str) -> Component:
    """The pages of an administrator, side by side."""
    known = (("/users", "people", text(lang, "People")), ("/users/audit", "clock-history", text(lang, "Audit")),
             ("/data-health", "heart-pulse", text(lang, "Data health")))
    return html.Nav([dcc.Link([icon(drawing), words], href=page(prefix, path),
                              className="active" if path == current else "") for path, drawing, words in known],
                    className="segments account-tabs", **{"aria-label": text(lang, "Users")})


# -- the list --------------------------------------------------------------------------------------


def people(lang: str, found: Sequence[Person], me: int, names: dict[str, str]) -> list[Component]:
    """Everybody; `names` are those of the queues."""
    active = sum(one.user.active and not one.invited for one in found)
    words = one_of(lang, "{active} active of {count}") if active == 1 else text(lang, "{active} active of {count}")
    return [
        html.Div([html.Div([html.H2(text(lang, "People who may sign in")),
                            html.P(words.format(active=number(lang, active), count=number(lang, len(found))),
                                   className="caption")]),
                  html.Button([icon("people"), html.Span(text(lang, "Add a person"))], type="button",
                              className="button primary", **{"data-person": "0"})], className="card-head"),
        html.Div(html.Table([
            html.Thead(html.Tr([html.Th(text(lang, words), scope="col", className=extra) for words, extra in (
                (mark("Person"), ""), (mark("Role"), ""), (mark("Queues"), "wide"), (mark("Last sign-in"), "wide"),
                (mark("State"), ""))] + [html.Th(hidden(text(lang, "Change")), scope="col")])),
            html.Tbody([_row(lang, one, me, names) for one in found])], className="figures account-table"),
            className="scroll")]


def _row(lang: str, one: Person, me: int, names: dict[str, str]) -> Component:
    who = one.user
    own = html.Small(text(lang, "you"), className="note-tag") if who.id == me else None
    return html.Tr([
        html.Th([avatar(initials(who.username)), html.Span([who.username, own], className="name")], scope="row",
                className="person"),
        html.Td([text(lang, ROLE_WORDS[who.role]) if who.role in ROLE_WORDS else who.role, *_apart(lang, who)]),
        html.Td(queues(lang, who.queues, names), className="wide limit"),
        html.Td(moment(lang, one.seen, seconds=False) if one.seen else "—", className="wide quiet"),
        html.Td(html.Div(states(lang, one), className="states")),
        html.Td(html.Button([icon("gear"), hidden(text(lang, "Change {user}", user=who.username))], className="tool",
                            type="button", title=text(lang, "Change"), **{"data-person": str(who.id)}))],
        className="" if who.active else "off")


def _apart(lang: str, who: User) -> list[Component]:
    """What somebody has beyond the role, and lacks of it."""
    usual = ROLES.get(who.role, frozenset())
    found = [("+", p) for p in sorted(who.permissions - usual)] + [("−", p) for p in sorted(usual - who.permissions)]
    return [html.Small(f"{sign} {text(lang, PERMISSION_WORDS[name][0])}", className="apart") for sign, name in found]


def queues(lang: str, limit: Collection[str] | None, names: dict[str, str]) -> Any:
    """The queues of a person in words."""
    if limit is None:
        return html.Span(text(lang, "All queues"), className="quiet")
    if not limit:
        return text(lang, "No queue")
    return ", ".join(names.get(queue, queue) for queue in sorted(limit))


def states(lang: str, one: Person) -> list[Component]:
    """What is to be known of an account at first sight."""
    def state(tone: str, drawing: str, words: str) -> Component:
        return html.Span([icon(drawing), words], className=f"state {tone}")
    who, found = one.user, []
    if not who.active:
        found.append(state("off", "x-lg", text(lang, "Disabled")))
    elif one.invited:
        found.append(state("warn", "hourglass-split", text(lang, "Invited")))
    elif who.must_change:
        found.append(state("warn", "key", text(lang, "New password due")))
    else:
        found.append(state("good", "check2", text(lang, "Active")))
    if who.second_factor:
        found.append(state("good", "shield-lock", text(lang, "Second factor")))
    return found


# -- the panel -------------------------------------------------------------------------------------


def panel(lang: str, one: Person | None, me: int, known: Sequence[tuple[str, str]]) -> list[Component]:
    """The form for a person; None for a new one. `known` are the queues with their names."""
    who = one.user if one else None
    title = who.username if who else text(lang, "Add a person")
    limit = sorted(who.queues) if who and who.queues is not None else []
    choices = [{"label": name, "value": queue} for queue, name in known]
    choices += [{"label": queue, "value": queue} for queue in limit if queue not in dict(known)]
    return [
        html.Div([html.H2(title, className="place"),
                  html.Button([icon("x-lg"), hidden(text(lang, "Close"))], className="tool", type="button",
                              title=text(lang, "Close"), **{"data-person": "close"})], className="tools-row"),
        dcc.Store(id=ids.number, data=who.id if who else 0),
        html.Div([
            html.Div(id=ids.said, role="status"),
            html.Div(text(lang, UNSAVED), id=ids.kept, className="said note", role="status",
                     hidden=True),
            None if who else _field(lang, text(lang, "User"), dcc.Input(
                id=ids.username, type="text", maxLength=64, autoComplete="off", value="", spellCheck=False),
                text(lang, "2 to 64 letters, digits, or . _ - @")),
            dcc.Input(id=ids.username, type="hidden", value=who.username) if who else None,
            _field(lang, text(lang, "Role"), dcc.Dropdown(
                id=ids.role, clearable=False, searchable=False, value=who.role if who else "viewer",
                options=[{"label": text(lang, ROLE_WORDS[role]), "value": role} for role in ROLES])),
            html.Fieldset([
                html.Legend(text(lang, "May do")), dcc.Checklist(
                    id=ids.permissions, value=sorted(who.permissions if who else ROLES["viewer"]),
                    options=[{"label": html.Span([html.Strong(text(lang, words)), html.Small(text(lang, hint))]),
                              "value": name} for name, (words, hint) in PERMISSION_WORDS.items()],
                    className="permissions"),
                html.Small(text(lang, "A role is a usual set of these; tick and untick what differs for this person."),
                           className="quiet")]),
            html.Fieldset([
                html.Legend(text(lang, "Queues")), dcc.RadioItems(
                    id=ids.limited, value="some" if who and who.queues is not None else "all", className="radios",
                    options=[{"label": text(lang, "All queues"), "value": "all"},
                             {"label": text(lang, "Only these:"), "value": "some"}]),
                dcc.Dropdown(id=ids.queues, multi=True, value=limit, options=choices,
                             placeholder=text(lang, "Choose queues"), labels={
                                 "search": text(lang, "Search"), "select_all": text(lang, "Select all"),
                                 "deselect_all": text(lang, "Select none"),
                                 "selected_count": text(lang, "Chosen: {count}", count="{num_selected}"),
                                 "clear_search": text(lang, "Clear search"),
                                 "clear_selection": text(lang, "Clear selection"),
                                 "no_options_found": text(lang, "Nothing found")}),
                html.Small(text(lang, "The limit holds in every page, export, recording and answer of the API."),
                           className="quiet")]),
            _field(lang, text(lang, "Language"), dcc.Dropdown(
                id=ids.language, clearable=True, searchable=False, value=who.language if who else None,
                placeholder=text(lang, "That of the installation"),
                options=[{"label": TONGUES[code], "value": code} for code in LANGUAGES])),
            dcc.Checklist(id=ids.active, value=["active"] if who is None or who.active else [], className="radios",
                          options=[{"label": text(lang, "May sign in"), "value": "active",
                                    "disabled": who is None or who.id == me}]),
            html.Div(html.Button(text(lang, "Save") if who else text(lang, "Add and make a link"), id=ids.save,
                                 type="button", className="button primary"), className="buttons"),
            None if who else html.P(text(lang, "The person chooses the password through a link that works once and for "
                                         "72 hours. You see it after adding."), className="quiet"),
        ], className="form"),
        _doors(lang, one, me) if one else None]


def _field(lang: str, words: str, control: Component, hint: str = "") -> Component:
    return html.Div([html.Label(words, htmlFor=control.id), control, html.Small(hint, className="quiet") if hint else
                     None], className="field")


def _doors(lang: str, one: Person, me: int) -> Component:
    """What is done to an account at once, each behind a second click."""
    who = one.user
    own = who.id == me

    def act(name: str, drawing: str, words: str, warning: str, sure: str) -> Component:
        return html.Details([html.Summary([icon(drawing), html.Span(words)]),
                             html.P(warning), html.Button(sure, type="button", className="button danger",
                                                          **{"data-act": name, "data-number": str(who.id)})],
                            className="act")
    return html.Div([
        html.H3(text(lang, "Password and sessions")),
        None if own else act(
            "invite", "link-45deg", text(lang, "Reset the password with a link"),
            text(lang, "Password, sessions, tokens and keys of this person end at once; the link works once and for 72 "
                 "hours."), text(lang, "Make the link")),
        act("sessions", "box-arrow-right", text(lang, "End the sessions"),
            text(lang, "In every browser a new sign-in is needed; yours here stays."), text(lang, "End the sessions")),
        act("factor", "shield-lock", text(lang, "Switch the second factor off"),
            text(lang, "For who lost the telephone and the recovery codes."), text(lang, "Switch it off")
            ) if who.second_factor and not own else None,
        None if own else act(
            "remove", "x-lg", text(lang, "Remove"),
            text(lang, "The account is gone for good; what it did stays in the audit. To keep somebody out for a "
                 "while, untick “May sign in” instead."), text(lang, "Remove for good"))], className="doors")


def saved(words: str) -> Component:
    return html.Div([icon("check2"), words], className="said good")


def wrong(words: str) -> Component:
    return html.Div([icon("exclamation-triangle"), words], className="said bad", role="alert")


def link(lang: str, username: str, path: str, until: dt.datetime, alone: bool = False) -> Component:
    """The link for a password, shown this once; the browser puts its own address before it. `alone` stands in place of
    the form."""
    return html.Div([
        html.Strong(text(lang, "Link for {user}", user=username)),
        html.P(text(lang, "Send it to that person only. It works once, until {moment}; it is not shown again.",
                    moment=moment(lang, until, seconds=False))),
        html.Div([html.Code(path, **{"data-origin": path}),
                  html.Button([icon("link-45deg"), html.Span(text(lang, "Copy link"))], className="tool", type="button",
                              **{"data-copy": path, "data-done": text(lang, "Copied")})], className="secret")],
        className="said note alone" if alone else "said note")


