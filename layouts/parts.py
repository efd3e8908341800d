"""Pieces every page is made of: icons, cards, KPI cards, bullets, and the three kinds of empty."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from i18n import day, percent, text
from render.cards import Delta, Kpi
from render.charts import Key

Children = Any
ARROWS = {"up": "arrow-up", "down": "arrow-down", "level": "dash"}


def icon(name: str, extra: str = "") -> Component:
    """A drawing beside words (it says nothing itself); `name` must be a line of `assets/icons.txt`."""
    return html.I(className=f"icon icon-{name} {extra}".strip(), **{"aria-hidden": "true"})


def hidden(words: str) -> Component:
    """Words for those who listen to the page."""
    return html.Span(words, className="visually-hidden")


def info(lang: str, definition: str) -> Component:
    """The ⓘ of a metric: opens its definition on hover, focus or touch (`assets/b-app/app.js`)."""
    return html.Button(icon("info-circle"), className="info", type="button", **{
        "aria-label": text(lang, "Definition: {definition}", definition=definition), "data-tip": definition})


def card(title: str, body: Children, *, caption: Children = None, tools: Children = None, extra: str = "",
         name: str = "") -> Component:
    """A titled card. `caption` is the quiet line under the title, `tools` stands right of it; `name` is an id."""
    head = html.Div([html.Div([html.H2(title), html.P(caption, className="caption") if caption is not None else None]),
                     html.Div(tools, className="tools") if tools is not None else None], className="card-head")
    inside = body if isinstance(body, list) else [body]
    return html.Section([head, *inside], className=f"panel {extra}".strip(), **({"id": name} if name else {}),
                        **{"aria-label": title})


def legend(keys: Sequence[Key]) -> list[Component]:
    """Name, colour and manner of each series of a graph."""
    return [html.Span([swatch(key), key.name]) for key in keys]


def swatch(key: Key) -> Component:
    """The mark of a series, drawn as the series is."""
    line = {"bar": "", "point": " point", "solid": " stroke"}.get(key.drawn, f" stroke {key.drawn}")
    return html.Span(className=f"swatch role-{key.role}{line}",
                     **({"style": {"opacity": f"{key.strength:g}"}} if key.strength < 1 else {}))


def skeleton(kind: str = "block", count: int = 1) -> Component:
    """The grey shape of what is coming, for the first load only."""
    return html.Div([html.Div(className=f"skeleton skeleton-{kind}") for _ in range(count)], className="skeletons",
                    **{"aria-hidden": "true"})


def delta(lang: str, change: Delta | None, against: str, before: str = "") -> Component:
    """A difference with arrow, words and colour; without one, the value before, or an empty line of equal height."""
    if change is None:
        words = text(lang, "before: {value}", value=before) if before else ""
        return html.Span(words, className="delta neutral", title=against if before else None)
    spoken = {"good": text(lang, "better"), "bad": text(lang, "worse"),
              "neutral": text(lang, "neither better nor worse")}
    way = {"up": text(lang, "up"), "down": text(lang, "down"), "level": text(lang, "the same")}
    return html.Span([
        html.Span([icon(ARROWS[change.way]), hidden(way[change.way]), change.words, hidden(spoken[change.tone])],
                  className=f"change {change.tone}"),
        html.Span(text(lang, "vs. previous"), className="versus")], className="delta", title=against)


def kpi_card(lang: str, kpi: Kpi, against: str) -> Component:
    """One number: the whole card leads to its calls, if it has any; the ⓘ explains it. `against` says the days compared
    with."""
    line = html.Div(className="spark", style={"maskImage": kpi.line, "WebkitMaskImage": kpi.line}) if kpi.line else None
    return html.Div([
        html.Div([icon(kpi.metric.icon), dcc.Link(kpi.label, href=kpi.href, className="cover") if kpi.href else
                  html.Span(kpi.label, className="cover-not"),
                  info(lang, kpi.definition)], className="kpi-label"),
        html.Div([html.Span(kpi.value, className="figure long" if len(kpi.value) > 6 else "figure"),
                  html.Span(kpi.unit, className="unit")], className="kpi-value"),
        delta(lang, kpi.delta, text(lang, "Compared with {days}", days=against), kpi.before),
        line], className=f"panel kpi role-{kpi.metric.role}", key=kpi.metric.key)


def bullet(lang: str, level: float | None, words: str, target: float | None) -> Component:
    """A service level (0–100) against its target: bar, tick, number, and a mark when the target is missed."""
    if level is None:
        return html.Span(words, className="bullet-words quiet")
    missed = target is not None and level < target
    goal = text(lang, "Target {target}", target=percent(lang, target, 0)) if target is not None else ""
    said = [goal, text(lang, "below target") if missed else text(lang, "target met")] if goal else []
    bar = html.Span([html.Span(className="bullet-fill", style={"width": f"{level:.1f}%"}),
                     html.Span(className="bullet-tick", style={"left": f"{target:.1f}%"}) if goal else None],
                    className="bullet-bar", **{"aria-hidden": "true"})
    return html.Span([bar, html.Span([icon("exclamation-triangle", "alarm") if missed else None, words],
                                     className="bullet-words"), hidden(" · ".join(said))],
                     className="bullet missed" if missed else "bullet", title=" · ".join(said) or None)


def avatar(initials: str) -> Component:
    """Two letters in a disc."""
    return html.Span(initials, className="avatar", **{"aria-hidden": "true"})


def here(children: Children, href: str, **more: Any) -> Component:
    """A link that changes only the filters of this page; without script it is an ordinary link."""
    return html.A(children, href=href, **{"data-here": "", **more})


def notice(kind: str, drawing: str, title: str, body: Children = None, action: Children = None) -> Component:
    """A message in the place of content. `kind` is quiet, warning or danger."""
    return html.Div([html.Span(icon(drawing), className="notice-icon"),
                     html.Div([html.Strong(title), html.P(body) if body is not None else None, action])],
                    className=f"notice {kind}", role="alert" if kind == "danger" else "status")


def no_calls(lang: str, nearest: dt.date | None = None, href: str = "") -> Component:
    """Empty, first kind: nothing happened in this period; leads to the nearest day on which something did."""
    action = here([text(lang, "Go to {day}", day=day(lang, nearest)), icon("arrow-right")], href,
                  className="button") if nearest and href else None
    body = text(lang, "The nearest day with calls is {day}.", day=day(lang, nearest)) if nearest else text(
        lang, "Nothing matches these filters.")
    return notice("quiet", "inbox", text(lang, "No calls in this period"), body, action)


def nothing(lang: str) -> Component:
    """The same in a card that stands among others with content."""
    return html.Div([icon("inbox"), text(lang, "No calls in this period")], className="nothing")


def missing(lang: str, days: Sequence[dt.date] = ()) -> Component:
    """Empty, second kind: the log of these days was never read; of no day at all when `days` is empty."""
    if days:
        return notice("warning", "database-exclamation", text(lang, "Data is missing"), text(
            lang, "The log of these days was not found: {days}.", days=", ".join(day(lang, d) for d in days)))
    return notice("warning", "database-exclamation", text(lang, "There is no data yet"), text(
        lang, "No line of the queue log has been read. As soon as the first call enters a queue it appears here. "
        "If there should be calls already, run “python app.py doctor” on the server: it says what to mend."))


def unread(lang: str, cause: str) -> Component:
    """Nothing can be shown because the log cannot be read; `cause` says why, in the reader's words."""
    return failure(lang, text(lang, "{cause}. Run “python app.py doctor” on the server: it says what to mend.",
                              cause=cause))


def reading(lang: str) -> Component:
    """The history is being read for the first time: no calls yet, and no reason to worry."""
    return notice("quiet", "hourglass-split", text(lang, "Reading the history"), text(
        lang, "The history of the log is being read for the first time. The calls appear here as soon as they are "
        "read; this page may stay open."))


def not_found(lang: str, href: str) -> Component:
    """An address that leads nowhere; `href` is the way back."""
    return notice("quiet", "question-circle", text(lang, "This page does not exist here"), text(
        lang, "The address may be misspelled, or from another version of the program."),
        dcc.Link([text(lang, "Go to the summary"), icon("arrow-right")], href=href, className="button"))


def forbidden(lang: str, why: str, place: str, href: str) -> Component:
    """A page that this person may not open; `href` leads to the first one that he may, called `place`."""
    return html.Div(notice("warning", "shield-lock", text(lang, "No access to this page"), why, dcc.Link(
        [text(lang, "Go to {page}", page=place), icon("arrow-right")], href=href, className="button")),
        className="accounts no-filters")


def failure(lang: str, what: str, action: Children = None) -> Component:
    """Empty, third kind: something went wrong; `what` says it and what to do, already in the reader's words."""
    return notice("danger", "exclamation-octagon", text(lang, "This could not be shown"), what, action)
