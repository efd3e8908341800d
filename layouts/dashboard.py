"""Resumen: the period in six numbers, and where to look for the cause."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from data.filters import INTERVALS
from i18n import text
from layouts.parts import avatar, bullet, card, here, hidden, info, kpi_card, skeleton
from layouts.still import Still
from render.cards import AgentRow, Kpi, QueueRow, Share
from render.charts import graph_config
from render.words import METRICS


class ids:
    """Components of this page; callbacks take their ids from here."""

    empty = "dashboard-empty"
    kpis = "dashboard-kpis"
    volume = "dashboard-volume"
    volume_note = "dashboard-volume-note"
    volume_title = "dashboard-volume-title"
    volume_legend = "dashboard-volume-legend"
    interval = "dashboard-interval"
    heat = "dashboard-heat"
    heat_note = "dashboard-heat-note"
    heat_caption = "dashboard-heat-caption"
    outcomes = "dashboard-outcomes"
    queues = "dashboard-queues"
    agents = "dashboard-agents"


def layout(lang: str, **_: str) -> Component:
    """The page as it looks before its numbers arrive; query parameters are accepted and read elsewhere."""
    def graph(name: str, note: str, extra: str) -> Component:
        # The note comes first: while it says something, the style sheet hides the graph after it.
        return html.Div([html.Div(skeleton(), id=note, className="graph-note"),
                         dcc.Graph(id=name, className=f"graph {extra}", config=graph_config(lang),
                                   figure={"data": [], "layout": {"xaxis": {"visible": False},
                                                                  "yaxis": {"visible": False}}})])
    return html.Div([
        html.Div(id=ids.empty, className="page-note"),
        html.Div(skeleton("kpi", 6), id=ids.kpis, className="kpis"),
        html.Div([
            card(text(lang, "Calls by interval"), [html.Div(id=ids.volume_legend, className="legend"),
                                                   graph(ids.volume, ids.volume_note, "tall")], extra="wide-8",
                 caption=html.Span(id=ids.volume_title, children=text(lang, "Stacked by outcome; line: service level")),
                 tools=html.Div(id=ids.interval)),
            card(text(lang, "Outcomes"), html.Div(skeleton("row", 9), id=ids.outcomes), extra="wide-4",
                 caption=text(lang, "How the offered calls ended")),
            card(text(lang, "Intensity by weekday and hour"), graph(ids.heat, ids.heat_note, "middle"), extra="wide-4",
                 caption=html.Span("\u00a0", id=ids.heat_caption)),
            card(text(lang, "Performance by queue"), html.Div(skeleton("row", 6), id=ids.queues), extra="wide-8",
                 caption=text(lang, "Service level against the target of each queue")),
            card(text(lang, "Top 5 agents"), html.Div(skeleton("row", 2), id=ids.agents), extra="wide-12",
                 caption=text(lang, "Those who answered most calls in the period"))],
            className="grid")], className="dashboard")


def kpis(lang: str, cards: Sequence[Kpi], against: str) -> list[Component]:
    """The row of KPI cards."""
    return [kpi_card(lang, kpi, against) for kpi in cards]


def interval_switch(lang: str, hrefs: dict[int, str], current: int) -> Component:
    """15, 30 or 60 minutes as links."""
    return html.Nav([here([html.Span(str(minutes)), hidden(text(lang, "minutes"))], hrefs[minutes],
                          className="active" if minutes == current else "",
                          **({"aria-current": "true"} if minutes == current else {})) for minutes in INTERVALS]
                    + [html.Span("min", className="quiet")],
                    className="segments small", **{"aria-label": text(lang, "Length of the intervals")})


def outcomes(lang: str, rows: Sequence[Share], offered: str, offered_href: str) -> list[Component]:
    """The identity, visible: one bar of parts, then offered = the sum of every outcome, each a link."""
    bar = html.Div([html.Span(className=f"part role-{r.role}", style={"flexGrow": f"{r.width:.3f}"}, key=r.label)
                    for r in rows if r.width > 0], className="parts", **{"aria-hidden": "true"})
    lines = [html.Li(dcc.Link([
        html.Span(className=f"swatch role-{r.role}"),
        html.Span([html.Span("=" if i == 0 else "+", className="sign", **{"aria-hidden": "true"}), r.label],
                  title=r.hint, className="name"),
        html.Span(r.count, className="count"), html.Span(r.share, className="share")], href=r.href),
        className="zero" if r.width == 0 else "", key=r.label) for i, r in enumerate(rows)]
    total = html.Li(dcc.Link([html.Span(className="swatch none"), html.Span(text(lang, "Offered"), className="name"),
                              html.Span(offered, className="count"), html.Span("100 %", className="share")],
                             href=offered_href), className="total")
    return [bar, html.Ul([total, *lines], className="identity")]


def _head(lang: str, words: str, definition: str | None) -> list[Any]:
    """The words of a column; its ⓘ never stands alone in a line, it stays with the last word."""
    if not definition:
        return [words]
    *rest, last = words.split(" ")
    return [" ".join([*rest, ""]), html.Span([last, info(lang, definition)], className="together")]


def queues(lang: str, rows: Sequence[QueueRow]) -> Component:
    """A row a queue: the name leads to its calls, each count to exactly those."""
    said = {m.key: text(lang, m.definition) for m in METRICS}
    heads = [("", text(lang, "Queue"), ""), ("number wide", text(lang, "Offered"), "offered"),
             ("number wide", text(lang, "Answered"), "answered"), ("number", text(lang, "Abandoned"), "abandoned"),
             ("number level", text(lang, "Service level"), "sl_pct"), ("number wide", text(lang, "ASA (m:ss)"), "asa"),
             ("number wide", text(lang, "AHT (m:ss)"), "aht")]
    return Still(html.Div(html.Table([
        html.Thead(html.Tr([html.Th(_head(lang, words, said.get(key)), className=kind, scope="col")
                            for kind, words, key in heads])),
        html.Tbody([html.Tr([
            html.Th(dcc.Link(r.name, href=r.hrefs["offered"]), scope="row"),
            html.Td(dcc.Link(r.offered, href=r.hrefs["offered"]), className="number wide"),
            html.Td(dcc.Link(r.answered, href=r.hrefs["answered"]), className="number wide"),
            html.Td(dcc.Link([r.abandoned, " ", html.Small(r.abandon_share)], href=r.hrefs["abandoned"]),
                    className="number"),
            html.Td(dcc.Link(bullet(lang, r.level, r.level_words, r.target), href=r.hrefs["level"]),
                    className="number level"),
            html.Td(dcc.Link(r.wait, href=r.hrefs["answered"]), className="number wide"),
            html.Td(dcc.Link(r.handle, href=r.hrefs["answered"]), className="number wide")], key=r.key)
            for r in rows])],
        className="figures"), className="scroll"))


def agents(lang: str, rows: Sequence[AgentRow]) -> Component:
    """The five who answered most, as small cards in their order."""
    return Still(html.Ol([html.Li([
        avatar(r.initials),
        html.Div([html.Strong(dcc.Link(r.name, href=r.href, title=r.name)),
                  dcc.Link(text(lang, "Answered: {count}", count=r.answered), href=r.calls, className="count")],
                 className="agent-words"),
        html.Dl([html.Div([html.Dt(words), html.Dd(amount)]) for words, amount in (
            (text(lang, "Talk time"), r.talk), (text(lang, "Average talk"), r.average),
            (text(lang, "Missed"), r.missed))], className="agent-more"),
        html.Span(html.Span(style={"width": f"{r.share:.1f}%"}), className="agent-bar", **{"aria-hidden": "true"})],
        key=r.calls) for r in rows], className="agents"))
