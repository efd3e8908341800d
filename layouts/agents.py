"""Agentes: the team, everybody in a table, a fair comparison, pauses, hours, and a day second by second."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from i18n import text
from layouts.parts import card, here, hidden, icon, info, kpi_card, skeleton
from layouts.queues import graph
from layouts.still import Still
from render.agent_cards import COLUMNS, Cell, ComparisonRow, PersonRow, ReasonRow
from render.cards import Kpi
from render.gantt import Key


class ids:
    """Components of this page; callbacks take their ids from here."""

    empty = "agents-empty"
    kpis = "agents-kpis"
    table = "agents-table"
    more = "agents-more"
    comparison = "agents-comparison"
    comparison_caption = "agents-comparison-caption"
    hours = "agents-hours"
    hours_note = "agents-hours-note"
    hours_legend = "agents-hours-legend"
    reasons = "agents-reasons"
    pauses = "agents-pauses"
    pauses_note = "agents-pauses-note"
    pauses_legend = "agents-pauses-legend"
    gantt = "agents-gantt"
    gantt_note = "agents-gantt-note"
    gantt_legend = "agents-gantt-legend"
    gantt_caption = "agents-gantt-caption"
    gantt_days = "agents-gantt-days"
    names = "agents-names"
    names_text = "agents-names-text"
    names_save = "agents-names-save"
    names_said = "agents-names-said"


def layout(lang: str, **_: str) -> Component:
    """The page as it looks before its numbers arrive; query parameters are accepted and read elsewhere."""
    return html.Div([
        html.Div(id=ids.empty, className="page-note"),
        html.Div(skeleton("kpi", 6), id=ids.kpis, className="kpis"),
        html.Div([
            card(text(lang, "Agents"), html.Div(skeleton("row", 10), id=ids.table), extra="wide-12",
                 caption=text(lang, "A head orders the table; a name opens the agent, a count its calls"),
                 tools=html.Div(id=ids.more)),
            card(text(lang, "A day of the team"), graph(
                lang, ids.gantt, ids.gantt_note, "gantt", html.Div(id=ids.gantt_legend, className="legend")),
                extra="wide-12", caption=html.Span(id=ids.gantt_caption, children="\u00a0"),
                tools=html.Div(id=ids.gantt_days)),
            card(text(lang, "Fair comparison"), html.Div(skeleton("row", 8), id=ids.comparison), extra="wide-12",
                 caption=html.Span(id=ids.comparison_caption, children="\u00a0")),
            card(text(lang, "Hour by hour"), graph(
                lang, ids.hours, ids.hours_note, "middle", html.Div(id=ids.hours_legend, className="legend")),
                extra="wide-12", caption=text(lang, "How the team spent an average day; line: calls answered")),
            card(text(lang, "Pauses by reason"), html.Div(skeleton("row", 5), id=ids.reasons), extra="wide-4",
                 caption=text(lang, "Time of the whole team; a pause in several queues counts once")),
            card(text(lang, "Who was on pause"), graph(
                lang, ids.pauses, ids.pauses_note, "free-height", html.Div(id=ids.pauses_legend, className="legend")),
                extra="wide-8", caption=text(lang, "The agents with most time on pause, by reason")),
            html.Div(id=ids.names, className="wide-12 bare")],
            className="grid")], className="agents-page dashboard")


def kpis(lang: str, cards: Sequence[Kpi], against: str) -> list[Component]:
    """The strip of numbers."""
    return [kpi_card(lang, kpi, against) for kpi in cards]


def dots(series: Sequence[Key]) -> list[Component]:
    """Name, colour and shape of everything in a day of people."""
    return [html.Span([html.Span(className=f"swatch {key.shape}".rstrip(), style={"--role": key.colour}), key.name])
            for key in series]


def table(lang: str, rows: Sequence[PersonRow], total: PersonRow, order: str, hrefs: Mapping[str, str]) -> Component:
    """A row a person and everybody together; `order` is the column by which they stand (a minus: falling), `hrefs` the
    address for each column."""
    def head(key: str, label: str, kind: str, hint: str = "") -> Component:
        mine = order.removeprefix("-") == key
        mark = icon("arrow-down" if order.startswith("-") else "arrow-up", "small") if mine else None
        return html.Th([here([label, mark], hrefs[key]), info(lang, text(lang, hint)) if hint else None],
                       className=f"{kind}{' sorted' if mine else ''}", scope="col", **({
                           "aria-sort": "descending" if order.startswith("-") else "ascending"} if mine else {}))
    heads = [head("name", text(lang, "Agent"), "")] + [
        head(c.key, text(lang, c.label), f"number{' wide' if c.wide else ''}", c.hint) for c in COLUMNS]
    return Still(html.Div(html.Table([
        html.Thead(html.Tr(heads)), html.Tbody([_person(r) for r in rows]), html.Tfoot(_person(total))],
        className="figures people-table"), className="scroll tall-scroll"))


def _person(r: PersonRow) -> Component:
    name = dcc.Link(r.name, href=r.href) if r.href else r.name
    return html.Tr([html.Th(name, scope="row"), *map(_cell, r.cells)], key=r.href or "total")


def _cell(cell: Cell) -> Component:
    words = dcc.Link(cell.words, href=cell.href) if cell.href else cell.words
    bar = html.Span(html.Span(style={"width": f"{min(cell.width, 100):.1f}%"}, className=f"role-{cell.column.bar}"),
                    className="number-bar", **{"aria-hidden": "true"}) if cell.width >= 0 else None
    return html.Td([words, bar], className=f"number{' wide' if cell.column.wide else ''}")


def more(lang: str, shown: int, count: int, href: str) -> Component | None:
    """How to see the rest of a long table."""
    if count <= shown:
        return None
    return here(text(lang, "Show all {count}", count=count), href, className="tool")


def comparison(lang: str, rows: Sequence[ComparisonRow]) -> Component:
    """Everybody with enough calls against what was expected of these calls."""
    heads = [("number", "#", ""), ("", text(lang, "Agent"), ""), ("number wide", text(lang, "Answered"), ""),
             ("number wide", "P50", text(lang, "Half of the conversations were not longer.")),
             ("number wide", "P90", text(lang, "Nine in ten conversations were not longer.")),
             ("number", text(lang, "Average talk"), ""),
             ("number", text(lang, "Expected"), text(
                 lang, "What the colleagues took for calls of the same queues at the same hours.")),
             ("off", text(lang, "Difference"), text(
                 lang, "Average minus expected. Pale: within what chance alone explains (19 of 20 cases).")),
             ("number wide", text(lang, "Transferred"), text(
                 lang, "Share of the calls; in brackets what is expected of the same queues and hours.")),
             ("number wide", text(lang, "Missed"), text(lang, "Missed ÷ (missed + answered)."))]

    def line(r: ComparisonRow) -> Component:
        side = "more" if r.bar > 0 else "less"
        chance = None if r.apart else hidden(text(lang, "(may be chance)"))
        bar = html.Span(html.Span(className=side, style={"width": f"{abs(r.bar) / 2:.1f}%"}), className="off-bar",
                        **{"aria-hidden": "true"})
        return html.Tr([
            html.Td(r.rank, className="number quiet"), html.Th(dcc.Link(r.name, href=r.href), scope="row"),
            html.Td(dcc.Link(r.calls, href=r.calls_href), className="number wide"),
            html.Td(r.median, className="number wide"), html.Td(r.high, className="number wide"),
            html.Td(r.average, className="number"), html.Td(r.expected, className="number"),
            html.Td(html.Span([bar, html.Span([html.Span(r.difference), " ", html.Small(r.margin), chance],
                                              className="off-words")], className="off-cell"), className="off"),
            html.Td([r.transfers, " ", html.Small(f"({r.expected_transfers})")], className="number wide"),
            html.Td(r.missed, className="number wide")], key=r.href, className="" if r.apart else "chance")
    return Still(html.Div(html.Table([
        html.Thead(html.Tr([html.Th([label, info(lang, said) if said else None], className=kind, scope="col")
                            for kind, label, said in heads])),
        html.Tbody([line(r) for r in rows])], className="figures comparison-table"), className="scroll tall-scroll"))


def reasons(lang: str, rows: Sequence[ReasonRow]) -> Component:
    """Pauses by reason with their time."""
    return Still(html.Ul([html.Li(html.Div([
        html.Span([html.Span([r.label, html.Small(r.kind, className="tag") if r.kind else None], className="name"),
                   html.Span(r.seconds, className="count"), html.Span(r.share, className="share")],
                  className="bar-words"),
        html.Span(html.Span(style={"width": f"{r.width:.1f}%"}, className=f"role-{r.role}"), className="bar-line",
                  **{"aria-hidden": "true"}), html.Small(r.more)], className="bar-row"), key=f"{r.label} {r.kind}")
        for r in rows], className="bars"))


def days(lang: str, before: tuple[str, str], current: str, after: tuple[str, str] | None) -> Component:
    """The day that is drawn, and its neighbours: words and address each."""
    return html.Nav([here([icon("arrow-right", "back"), hidden(before[0])], before[1], title=before[0]),
                     html.Span(current, className="quiet"),
                     here([icon("arrow-right"), hidden(after[0])], after[1], title=after[0]) if after else None],
                    className="segments small", **{"aria-label": text(lang, "Day")})


def names(lang: str, lines: str, loose: Sequence[str]) -> Component:
    """The table of names that an administrator edits: a line a text of the log, with the person it stands for."""
    hint = text(lang, "One line each: the text as the log has it, or an extension, then = and the name of the person. "
                      "It holds at once, for the whole history; without the line everything is as before.")
    return card(text(lang, "Names"), [
        html.P(text(lang, "Without a person: {names}", names=", ".join(loose)), className="caption") if loose else None,
        dcc.Textarea(id=ids.names_text, value=lines, className="names-text", spellCheck=False,
                     placeholder="SIP/108 = Valentina Ríos"),
        html.Div([html.Button([icon("check2"), text(lang, "Save")], id=ids.names_save, className="button",
                              type="button"),
                  html.Span(id=ids.names_said, className="names-said", role="status")], className="names-foot")],
        caption=hint, extra="wide-12")


def said(lang: str, words: str, good: bool) -> Any:
    """What became of the names."""
    return html.Span([icon("check2" if good else "exclamation-triangle"), words], className="good" if good else "bad")
