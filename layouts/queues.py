"""Colas: a row a queue, and for those chosen: service level, waits, causes, hours, numbers dialled."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from i18n import text
from layouts.parts import bullet, card, delta, here, hidden, icon, info, legend, skeleton, swatch
from layouts.still import Still
from render.cards import Delta
from render.charts import Key, graph_config
from render.queue_cards import INTERVAL_HEADS, CauseRow, IntervalRow, NumberRow, QueueLine
from render.queue_charts import DASHES, LEVEL_ROLES, LEVEL_WORDS
from render.words import METRICS


class ids:
    """Components of this page; callbacks take their ids from here."""

    empty = "queues-empty"
    table = "queues-table"
    levels = "queues-levels"
    levels_note = "queues-levels-note"
    causes = "queues-causes"
    waits = "queues-waits"
    waits_note = "queues-waits-note"
    waits_caption = "queues-waits-caption"
    volume = "queues-volume"
    volume_note = "queues-volume-note"
    volume_caption = "queues-volume-caption"
    volume_legend = "queues-volume-legend"
    interval = "queues-interval"
    lost = "queues-lost"
    lost_note = "queues-lost-note"
    lost_legend = "queues-lost-legend"
    waiting = "queues-waiting"
    waiting_note = "queues-waiting-note"
    waiting_caption = "queues-waiting-caption"
    numbers = "queues-numbers"
    positions = "queues-positions"
    intervals = "queues-intervals"
    intervals_caption = "queues-intervals-caption"


BLANK = {"data": [], "layout": {"xaxis": {"visible": False}, "yaxis": {"visible": False}}}


def graph(lang: str, name: str, note: str, extra: str, keys: Any = None) -> Component:
    """A graph behind its note; while the note says something, the style sheet hides the graph."""
    drawing = [html.Div(skeleton(), id=note, className="graph-note"),
               dcc.Graph(id=name, className=f"graph {extra}", config=graph_config(lang), figure=BLANK)]
    return html.Div([keys, html.Div(drawing)] if keys is not None else drawing)


def layout(lang: str, **_: str) -> Component:
    """The page as it looks before its numbers arrive; query parameters are accepted and read elsewhere."""
    return html.Div([
        html.Div(id=ids.empty, className="page-note"),
        html.Div([
            card(text(lang, "Queues"), html.Div(skeleton("row", 7), id=ids.table), extra="wide-12",
                 caption=text(lang, "A queue chosen here is shown alone below; every count opens its calls")),
            card(text(lang, "Service level by threshold"),
                 graph(lang, ids.levels, ids.levels_note, "middle", levels_legend(lang)), extra="wide-8",
                 caption=text(lang, "Share of the calls answered within so many seconds, by four definitions")),
            card(text(lang, "Causes of loss"), html.Div(skeleton("row", 8), id=ids.causes), extra="wide-4",
                 caption=text(lang, "Calls that nobody answered, and how long they waited")),
            card(text(lang, "Calls by interval"), graph(
                lang, ids.volume, ids.volume_note, "tall", html.Div(id=ids.volume_legend, className="legend")),
                extra="wide-12", caption=html.Span(id=ids.volume_caption, children="\u00a0"),
                tools=html.Div(id=ids.interval)),
            card(text(lang, "How long they waited"), graph(
                lang, ids.waits, ids.waits_note, "middle", html.Div(legend([
                    Key(text(lang, "Answered"), "answered"), Key(text(lang, "Lost"), "abandoned")]),
                    className="legend")),
                extra="wide-6",
                caption=html.Span(id=ids.waits_caption, children="\u00a0")),
            card(text(lang, "Callers waiting"), graph(
                lang, ids.waiting, ids.waiting_note, "middle", html.Div(legend([
                    Key(text(lang, "Most at once"), "abandoned", "solid"),
                    Key(text(lang, "Average"), "other", "solid")]), className="legend")),
                extra="wide-6",
                caption=html.Span(id=ids.waiting_caption, children="\u00a0")),
            card(text(lang, "Losses over time"), graph(
                lang, ids.lost, ids.lost_note, "middle", html.Div(id=ids.lost_legend, className="legend")),
                extra="wide-8", caption=text(lang, "Share of the offered calls, by the way they were lost")),
            card(text(lang, "Where they gave up"), html.Div(skeleton("row", 5), id=ids.positions), extra="wide-4",
                 caption=text(lang, "Place in the queue when the caller hung up; 1 was next")),
            card(text(lang, "By number dialled"), html.Div(skeleton("row", 5), id=ids.numbers), extra="wide-12",
                 caption=text(lang, "The number (DID) through which the calls came in")),
            card(text(lang, "Intervals of the day"), html.Div(skeleton("row", 8), id=ids.intervals), extra="wide-12",
                 caption=html.Span(id=ids.intervals_caption, children="\u00a0"))],
            className="grid")], className="queues-page dashboard")


def levels_legend(lang: str) -> Component:
    """The four definitions, each with its ⓘ."""
    return html.Div([html.Span([
        swatch(Key(text(lang, label), LEVEL_ROLES[name], DASHES[name])), text(lang, label),
        info(lang, text(lang, said))])
        for name, (label, said) in LEVEL_WORDS.items()], className="legend")


def _change(lang: str, change: Delta | None) -> Any:
    return html.Small(delta(lang, change, ""), className="queue-change") if change else None


def head(lang: str, heads: Sequence[tuple[str, str, str]]) -> Component:
    """Heads of a table: class, words, key of the metric that explains them or ""."""
    said = {m.key: text(lang, m.definition) for m in METRICS}

    def words(label: str, key: str) -> list[Any]:
        if key not in said:
            return [label]
        *rest, last = label.split(" ")
        return [" ".join([*rest, ""]), html.Span([last, info(lang, said[key])], className="together")]
    return html.Thead(html.Tr([html.Th(words(label, key), className=kind, scope="col") for kind, label, key in heads]))


def table(lang: str, rows: Sequence[QueueLine], total: QueueLine) -> Component:
    """A row a queue, and all together. The name narrows the page to the queue, the numbers lead to the calls."""
    heads = [("", text(lang, "Queue"), ""), ("spark-cell wide", text(lang, "Over the period"), ""),
             ("number", text(lang, "Offered"), "offered"), ("number wide", text(lang, "Answered"), "answered"),
             ("number", text(lang, "Abandoned"), "abandoned"), ("number level", text(lang, "Service level"), "sl_pct"),
             ("number wide", text(lang, "ASA (m:ss)"), "asa"), ("number wide", text(lang, "Longest wait (m:ss)"), ""),
             ("number wide", text(lang, "AHT (m:ss)"), "aht")]
    body = [_queue(lang, row) for row in rows]
    return Still(html.Div(html.Table([head(lang, heads), html.Tbody(body), html.Tfoot(_queue(lang, total))],
                                     className="figures queue-table"), className="scroll"))


def _queue(lang: str, r: QueueLine) -> Component:
    name: list[Any] = [r.name]
    if r.chosen:
        name = [icon("check2"), r.name, hidden(text(lang, "(chosen)"))]
    label = here(name, r.here, title=text(lang, "Show all queues") if r.chosen or not r.key else text(
        lang, "Show only this queue"), **({"aria-current": "true"} if r.chosen else {}))
    line = html.Span(className="row-spark role-answered", style={
        "maskImage": r.line, "WebkitMaskImage": r.line}, **{"aria-hidden": "true"}) if r.line else None
    level = html.Span(r.level_words, className="bullet-words") if r.target is None else bullet(
        lang, r.level, r.level_words, r.target)
    longest = dcc.Link(r.longest, href=r.hrefs["longest"]) if "longest" in r.hrefs else r.longest
    return html.Tr([
        html.Th([label, html.Small(text(lang, "within {threshold}", threshold=r.threshold), className="quiet")
                 if r.threshold else None], scope="row"),
        html.Td(line, className="spark-cell wide"),
        html.Td([dcc.Link(r.offered, href=r.hrefs["offered"]), _change(lang, r.change)], className="number"),
        html.Td(dcc.Link([r.answered, " ", html.Small(r.answer_share)], href=r.hrefs["answered"]),
                className="number wide"),
        html.Td(dcc.Link([r.abandoned, " ", html.Small(r.abandon_share)], href=r.hrefs["abandoned"]),
                className="number"),
        html.Td([dcc.Link(level, href=r.hrefs["level"]), _change(lang, r.level_change)], className="number level"),
        html.Td(dcc.Link(r.wait, href=r.hrefs["answered"]), className="number wide"),
        html.Td(longest, className="number wide"),
        html.Td(dcc.Link(r.handle, href=r.hrefs["answered"]), className="number wide")],
        key=r.key or "total", className="chosen" if r.chosen else "")


def causes(lang: str, rows: Sequence[CauseRow]) -> Component:
    """Every cause with its bar; a row leads to its calls."""
    return Still(html.Ul([html.Li(dcc.Link([
        html.Span([html.Span(r.label, title=r.hint, className="name"), html.Span(r.count, className="count"),
                   html.Span(r.share, className="share")], className="bar-words"),
        html.Span(html.Span(style={"width": f"{r.width:.1f}%"}, className=f"role-{r.role}"), className="bar-line",
                  **{"aria-hidden": "true"}),
        html.Small(text(lang, "waited {wait} on average, nine in ten up to {high}", wait=r.wait, high=r.high))
        if r.width else None], href=r.href), key=r.label, className="" if r.width else "zero") for r in rows],
        className="bars"))


def numbers(lang: str, rows: Sequence[NumberRow]) -> Component:
    """The numbers dialled, a row each."""
    heads = [("", text(lang, "Number"), ""), ("number", text(lang, "Offered"), "offered"),
             ("number wide", text(lang, "Answered"), "answered"),
             ("number", text(lang, "Abandon rate"), "abandoned"), ("number", text(lang, "Service level"), "sl_pct"),
             ("number wide", text(lang, "ASA (m:ss)"), "asa")]
    return _rows(head(lang, heads), rows, [kind for kind, _, _ in heads[1:]])


def positions(lang: str, rows: Sequence[NumberRow]) -> Component:
    """How many gave up at each place."""
    heads = [("", text(lang, "Place"), ""), ("number", text(lang, "Abandoned"), ""),
             ("number", text(lang, "Average wait (m:ss)"), "")]
    return _rows(head(lang, heads), rows, [kind for kind, _, _ in heads[1:]])


def _linked(words: str, href: str) -> Any:
    return dcc.Link(words, href=href) if href else words


def _rows(heads: Component, rows: Sequence[NumberRow], kinds: Sequence[str]) -> Component:
    return Still(html.Div(html.Table([heads, html.Tbody([html.Tr([
        html.Th([_linked(r.label, r.href), html.Span(html.Span(style={"width": f"{r.width:.1f}%"}),
                                                  className="cell-bar", **{"aria-hidden": "true"})], scope="row"),
        *(html.Td(_linked(*one), className=kind) for one, kind in zip(r.cells, kinds, strict=True))], key=r.label)
        for r in rows])], className="figures"), className="scroll"))


def intervals(lang: str, rows: Sequence[IntervalRow]) -> Component:
    """A row an interval; the last one is their sum."""
    kinds = ["number", "number", "number wide", "number", "number wide", "number wide", "number wide", "number wide",
             "number wide"]
    heads = [("", text(lang, "Interval"), "")] + [
        (kind, text(lang, label), key) for kind, (_, label, key) in zip(kinds, INTERVAL_HEADS, strict=True)]

    def line(r: IntervalRow) -> Component:
        return html.Tr([html.Th([dcc.Link(r.label, href=r.href), html.Span(
            html.Span(style={"width": f"{r.width:.1f}%"}), className="cell-bar", **{"aria-hidden": "true"})
            if r.width else None], scope="row"), *(html.Td(_linked(*cell), className=kind) for cell, kind in zip(
                r.cells, kinds, strict=True))], key=r.label)
    return Still(html.Div(html.Table([head(lang, heads), html.Tbody([line(r) for r in rows[:-1]]),
                                      html.Tfoot(line(rows[-1]))], className="figures"),
                          className="scroll tall-scroll"))
