"""Mi cuenta: who one is here, one's own sessions and keys, and the ways to password and second factor."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from auth.keys import Shown
from auth.people import User
from i18n import moment, text
from layouts.parts import avatar, card, hidden, icon, skeleton
from layouts.shell import ROLE_WORDS
from layouts.users import PERMISSION_WORDS, queues
from render.addresses import page
from render.cards import initials
from render.words import mark


class ids:
    """Components of this page; callbacks take their ids from here."""

    me = "account-me"
    sessions = "account-sessions"
    keys = "account-keys"
    act = "account-act"
    done = "account-done"
    said = "account-said"
    name = "account-name"
    permissions = "account-permissions"
    days = "account-days"
    make = "account-make"


DAYS = ((30, mark("30 days")), (90, mark("90 days")), (365, mark("1 year")), (0, mark("Without an end")))
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung"), ("Firefox/", "Firefox"),
            ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Macintosh", "Mac"),
           ("Linux", "Linux"))


def layout(lang: str, **_: str) -> Component:
    """The page before its parts arrive."""
    return html.Div([
        html.Div(html.Section(skeleton("row", 4), className="panel"), id=ids.me),
        html.Div(id=ids.said, role="status"),
        html.Div(id=ids.sessions), html.Div(id=ids.keys), dcc.Store(id=ids.act), dcc.Store(id=ids.done)],
        className="accounts account no-filters")


def me(lang: str, who: User, prefix: str, names: dict[str, str]) -> Component:
    """Who one is here and what one may do."""
    may = [html.Span(text(lang, words), className="chip static") for name, (words, _) in PERMISSION_WORDS.items()
           if name in who.permissions]
    factor = text(lang, "On") if who.second_factor else text(lang, "Off")
    return html.Section([
        html.Div([avatar(initials(who.username)), html.Div([
            html.H2(who.username), html.P(text(lang, ROLE_WORDS[who.role]) if who.role in ROLE_WORDS else who.role,
                                          className="caption")])], className="whoami"),
        html.Dl([
            html.Div([html.Dt(text(lang, "May do")), html.Dd(html.Div(may, className="chips") if may else
                                                             text(lang, "nothing yet"))]),
            html.Div([html.Dt(text(lang, "Queues")), html.Dd(queues(lang, who.queues, names))]),
            html.Div([html.Dt(text(lang, "Password")), html.Dd(html.A(
                [icon("key"), html.Span(text(lang, "Change password"))], href=page(prefix, "/password"),
                className="tool"))]),
            html.Div([html.Dt(text(lang, "Second factor")), html.Dd([
                html.Span([icon("check2" if who.second_factor else "x-lg"), factor],
                          className=f"state {'good' if who.second_factor else 'off'}"),
                html.A([icon("shield-lock"), html.Span(text(lang, "Change") if who.second_factor else
                                                       text(lang, "Switch it on"))],
                       href=page(prefix, "/second-factor"), className="tool")])])], className="account-facts")],
        className="panel")


def browser(lang: str, told: str) -> str:
    """`Chrome · Windows` from what a browser says of itself."""
    found = [name for sign, name in BROWSERS if sign in told][:1] + [name for sign, name in SYSTEMS if sign in told][:1]
    return " · ".join(found) or re.sub(r"[^\w./ -]", "", told)[:40] or text(lang, "Unknown browser")


def sessions(lang: str, found: Sequence[tuple[dict[str, Any], dt.datetime, dt.datetime]]) -> Component:
    """Every open session with its first and last moment."""
    rows = [html.Tr([
        html.Th([browser(lang, one["browser"]),
                 html.Small(text(lang, "this one"), className="note-tag") if one["mine"] else None,
                 html.Small(text(lang, "30 days"), className="note-tag quiet") if one["remembered"] else None],
                scope="row"),
        html.Td(one["address"]), html.Td(moment(lang, began, seconds=False), className="wide quiet"),
        html.Td(moment(lang, seen, seconds=False), className="quiet"),
        html.Td(None if one["mine"] else html.Button(
            [icon("box-arrow-right"), html.Span(text(lang, "End"))], className="tool", type="button",
            **{"data-account": "session", "data-name": one["id"]}))]) for one, began, seen in found]
    head = html.Thead(html.Tr([html.Th(words, scope="col", className=extra) for words, extra in (
        (text(lang, "Browser"), ""), (text(lang, "Address"), ""), (text(lang, "Signed in"), "wide"),
        (text(lang, "Last seen"), ""), (hidden(text(lang, "End")), ""))]))
    tools = html.Button([icon("box-arrow-right"), html.Span(text(lang, "End all others"))], className="tool",
                        type="button", **{"data-account": "others", "data-name": ""}) if len(rows) > 1 else None
    return card(text(lang, "Open sessions"), html.Div(html.Table([head, html.Tbody(rows)], className="figures"),
                                                      className="scroll"), tools=tools,
                caption=text(lang, "One you do not know? End it and change the password."))


def keys(lang: str, who: User, found: Sequence[tuple[Shown, dt.datetime | None, dt.datetime | None]]) -> Component:
    """The keys of programs, and the form for another one."""
    rows = [html.Tr([
        html.Th([one.name, html.Small(f"{one.start}…", className="quiet")], scope="row"),
        html.Td(", ".join(text(lang, PERMISSION_WORDS[p][0]) for p in one.permissions if p in PERMISSION_WORDS),
                className="limit"),
        html.Td(moment(lang, until, seconds=False) if until else text(lang, "Without an end"), className="wide quiet"),
        html.Td(moment(lang, seen, seconds=False) if seen else text(lang, "never"), className="quiet"),
        html.Td(html.Button([icon("x-lg"), html.Span(text(lang, "End"))], className="tool", type="button",
                            **{"data-account": "key", "data-name": str(one.id)}))]) for one, until, seen in found]
    head = html.Thead(html.Tr([html.Th(words, scope="col", className=extra) for words, extra in (
        (text(lang, "Program"), ""), (text(lang, "May do"), ""), (text(lang, "Until"), "wide"),
        (text(lang, "Last used"), ""), (hidden(text(lang, "End")), ""))]))
    table = html.Div(html.Table([head, html.Tbody(rows)], className="figures"), className="scroll") if rows else None
    form = html.Details([
        html.Summary([icon("key"), html.Span(text(lang, "New key"))], className="tool"),
        html.Div([
            html.Div([html.Label(text(lang, "Program"), htmlFor=ids.name), dcc.Input(
                id=ids.name, type="text", maxLength=64, autoComplete="off", value="", placeholder="CRM")],
                className="field"),
            html.Fieldset([html.Legend(text(lang, "May do")), dcc.Checklist(
                id=ids.permissions, value=[], className="permissions", options=[
                    {"label": html.Span([html.Strong(text(lang, words)), html.Small(text(lang, hint))]), "value": name}
                    for name, (words, hint) in PERMISSION_WORDS.items() if name in who.permissions])]),
            html.Div([html.Label(text(lang, "Until"), htmlFor=ids.days), dcc.Dropdown(
                id=ids.days, clearable=False, searchable=False, value=90,
                options=[{"label": text(lang, words), "value": n} for n, words in DAYS])], className="field"),
            html.Div(html.Button(text(lang, "Make the key"), id=ids.make, type="button", className="button primary"),
                     className="buttons")], className="form")], className="new-key")
    return card(text(lang, "Keys of the API"), [table, form], caption=text(
        lang, "A program shows its key instead of your password, and may do what you choose for it."))


def made(lang: str, name: str, token: str) -> Component:
    """A new key, shown this once."""
    return html.Div([
        html.Strong(text(lang, "Key for {program}", program=name)),
        html.P(text(lang, "Copy it now: it is not shown again. A program sends it as “Authorization: Bearer …”.")),
        html.Div([html.Code(token), html.Button([icon("link-45deg"), html.Span(text(lang, "Copy"))], className="tool",
                                                type="button", **{"data-copy-text": token,
                                                                  "data-done": text(lang, "Copied")})],
                 className="secret")], className="said note")
