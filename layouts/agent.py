"""One agent: the day as it went, sessions, pauses, calls, and the agent's own past."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from i18n import text
from layouts.parts import avatar, card, icon, notice, skeleton
from layouts.queues import graph


class ids:
    """Components of this page; callbacks take their ids from here."""

    head = "agent-head"
    kpis = "agent-kpis"
    gantt = "agent-gantt"
    gantt_note = "agent-gantt-note"
    gantt_legend = "agent-gantt-legend"
    gantt_caption = "agent-gantt-caption"
    trend = "agent-trend"
    trend_note = "agent-trend-note"
    trend_legend = "agent-trend-legend"
    trend_caption = "agent-trend-caption"
    hours = "agent-hours"
    hours_note = "agent-hours-note"
    hours_legend = "agent-hours-legend"
    calls = "agent-calls"
    sessions = "agent-sessions"
    pauses = "agent-pauses"
    reasons = "agent-reasons"


def layout(lang: str, **_: str) -> Component:
    """The page as it looks before its numbers arrive; the agent and query parameters are read elsewhere."""
    def legend(name: str) -> Component:
        return html.Div(id=name, className="legend")
    return html.Div([
        html.Div(id=ids.head, className="agent-head"),
        html.Div(skeleton("kpi", 6), id=ids.kpis, className="kpis"),
        html.Div([
            card(text(lang, "As it went"), graph(lang, ids.gantt, ids.gantt_note, "gantt", legend(ids.gantt_legend)),
                 extra="wide-12", caption=html.Span(id=ids.gantt_caption, children="\u00a0")),
            card(text(lang, "Against the own past"), graph(
                lang, ids.trend, ids.trend_note, "middle", legend(ids.trend_legend)), extra="wide-6",
                caption=html.Span(id=ids.trend_caption, children="\u00a0")),
            card(text(lang, "Hour by hour"), graph(
                lang, ids.hours, ids.hours_note, "middle", legend(ids.hours_legend)), extra="wide-6",
                caption=text(lang, "How an average day was spent; line: calls answered")),
            card(text(lang, "Last calls"), html.Div(skeleton("row", 8), id=ids.calls), extra="wide-8",
                 caption=text(lang, "The newest answered calls of the period; a row opens the call")),
            card(text(lang, "Pauses by reason"), html.Div(skeleton("row", 4), id=ids.reasons), extra="wide-4",
                 caption=text(lang, "A pause in several queues counts once")),
            card(text(lang, "Sessions"), html.Div(skeleton("row", 4), id=ids.sessions), extra="wide-6",
                 caption=text(lang, "Queue by queue; the time connected is their union")),
            card(text(lang, "Pauses"), html.Div(skeleton("row", 4), id=ids.pauses), extra="wide-6",
                 caption=text(lang, "Newest first"))],
            className="grid")], className="agent-page dashboard")


def head(lang: str, name: str, initials: str, back: str, calls: str) -> Component:
    """Who it is, the way back to the team, and all calls of the period."""
    return html.Div([
        avatar(initials), html.H2(name),
        html.Span([dcc.Link([icon("telephone"), text(lang, "Calls")], href=calls, className="tool"),
                   dcc.Link([icon("people"), text(lang, "The whole team")], href=back, className="tool")],
                  className="agent-tools")], className="agent-title")


def nobody(lang: str, name: str, back: str) -> Component:
    """Nobody is called so, or not for this user."""
    return notice("quiet", "question-circle", text(lang, "Nobody is called so"), text(
        lang, "The log has no agent “{name}”.", name=name), dcc.Link(
            [text(lang, "The whole team"), icon("arrow-right")], href=back, className="button"))


def nothing(lang: str, words: str) -> Component:
    """Why a card is empty."""
    return html.Div([icon("inbox"), words], className="nothing")


def listing(heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]], hrefs: Sequence[str] = ()) -> Component:
    """A plain table: class and words of the heads, rows of words; `hrefs` has where each row leads."""
    def cell(words: Any, i: int) -> Any:
        return dcc.Link(words, href=hrefs[i]) if hrefs else words
    return html.Div(html.Table([
        html.Thead(html.Tr([html.Th(words, className=kind, scope="col") for kind, words in heads])),
        html.Tbody([html.Tr([html.Td(cell(words, i), className=kind, title=words if kind == "queues-cell" else None)
                             for words, (kind, _) in zip(row, heads, strict=True)], key=str(i))
                    for i, row in enumerate(rows)])], className="figures listing"),
        className="scroll tall-scroll")
