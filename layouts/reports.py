"""Reportes: which report, how to take it along, and the report itself as the preview."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from i18n import text
from layouts import dashboard
from layouts.parts import card, here, icon, legend, skeleton
from layouts.still import Still
from render.charts import graph_config
from render.report_charts import Picture
from render.reports import Report, counted
from render.tables import NUMBERS, Column
from render.words import mark


class ids:
    """Components of this page; callbacks take their ids from here."""

    kinds = "reports-kinds"
    files = "reports-files"
    interval = "reports-interval"
    empty = "reports-empty"
    preview = "reports-preview"
    jobs = "reports-jobs"


KINDS = {
    "general": ("speedometer2", mark("General"), mark("Everything on a few pages")),
    "calls": ("telephone", mark("Calls"), mark("Every call with its numbers")),
    "queues": ("collection", mark("Queues"), mark("A row a queue")),
    "agents": ("person-badge", mark("Agents"), mark("A row an agent")),
    "daily": ("calendar3", mark("Daily"), mark("A row a day")),
    "hourly": ("clock-history", mark("By hour"), mark("The day's curve")),
    "intervals": ("hourglass-split", mark("By interval"), mark("15, 30 or 60 minutes")),
    "events": ("inbox", mark("Events"), mark("How each call ended in the log")),
}
FILES = (("excel", "Excel"), ("pdf", "PDF"), ("csv", "CSV"))


def layout(lang: str, **_: str) -> Component:
    """The page before the report arrives; query parameters are read by its callbacks."""
    words = {"waiting": text(lang, "Waiting"), "running": text(lang, "Being made"), "done": text(lang, "Ready"),
             "failed": text(lang, "Failed"), "cancelled": text(lang, "Cancelled"), "rows": text(lang, "rows"),
             "cancel": text(lang, "Cancel"), "save": text(lang, "Save"), "remove": text(lang, "Remove"),
             "refused": text(lang, "The report could not be asked for. Try again.")}
    return html.Div([
        html.Nav(skeleton("row", 2), id=ids.kinds, className="report-kinds", **{"aria-label": text(lang, "Reports")}),
        html.Div([html.Div(id=ids.interval), html.Div(id=ids.files, className="report-files")], className="report-bar"),
        html.Div(id=ids.jobs, className="report-jobs", role="status", **{f"data-{k}": v for k, v in words.items()}),
        html.Div(id=ids.empty, className="page-note"),
        html.Article(skeleton("block", 2), id=ids.preview, className="report")], className="dashboard reports")


def kinds(lang: str, hrefs: dict[str, str], current: str) -> list[Component]:
    """The reports that there are, as links that change the address."""
    return [here([icon(drawing), html.Span([html.Strong(text(lang, words)), html.Small(text(lang, note))])],
                 hrefs[key], className="active" if key == current else "",
                 **({"aria-current": "true"} if key == current else {}))
            for key, (drawing, words, note) in KINDS.items()]


def files(lang: str, hrefs: dict[str, str] | None) -> list[Component]:
    """The report as files; without the right to take it along, why not. The browser makes progress of the first two
    (`assets/b-app/reports.js`); without script they are ordinary links."""
    if hrefs is None:
        return [html.Span([icon("info-circle"), text(lang, "Your user may look at reports but not save them.")],
                          className="quiet")]
    return [html.A([icon("download"), html.Span(words)], href=hrefs[form], download="", className="tool", **(
        {} if form == "csv" else {"data-job": ""})) for form, words in FILES]


def preview(lang: str, report: Report, shown: Sequence[tuple[Sequence[Column], Sequence[Sequence[str]], Sequence[str]]]
            ) -> list[Component]:
    """The report: head, key numbers, pictures, tables. `shown`: columns, rows and totals of each table in words."""
    head = Still(html.Header([
        html.Div([html.P(report.company, className="company") if report.company else None, html.H2(report.title),
                  html.P(report.period, className="caption")]),
        html.Dl([html.Div([html.Dt(label), html.Dd(html.Bdi(words))])
                 for label, words in [*report.filters[1:], *report.about]])], className="panel report-head"))
    numbers = html.Div(dashboard.kpis(lang, report.kpis, report.before), className="kpis")
    drawn = html.Div([_picture(lang, picture) for picture in report.pictures], className="grid")
    tables = [card(part.title, _table(lang, columns, rows, below), caption=_caption(lang, report, number, len(rows)),
                   extra="report-table")
              for number, (part, (columns, rows, below)) in enumerate(zip(report.parts, shown, strict=True))]
    terms = Still(html.Details([
        html.Summary([icon("info-circle"), text(lang, "Definitions"), icon("chevron-down", "small")]),
        html.Dl([html.Div([html.Dt(label), html.Dd(words)]) for label, words in report.terms])],
        className="panel report-terms")) if report.terms else None
    return [head, numbers, drawn, *tables, terms]


def _picture(lang: str, picture: Picture) -> Component:
    keys = html.Div(legend(picture.legend), className="legend") if picture.legend else None
    graph = dcc.Graph(figure=picture.figure, config=graph_config(lang), className="graph middle")
    return card(picture.title, [keys, graph], caption=picture.note, extra="wide-6")


def _caption(lang: str, report: Report, number: int, shown: int) -> str:
    part = report.parts[number]
    words = counted(lang, part)
    if part.rows.count > shown:
        words += " · " + text(lang, "The first {count} are shown; the files have all of them", count=shown)
    return " · ".join([words, *(text(lang, note) for note in part.table.notes)])


def _table(lang: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], below: Sequence[str]) -> Component:
    def kind(column: Column) -> str:
        return "number" if column.kind in NUMBERS else "words"
    head = html.Thead(html.Tr([html.Th(text(lang, column.label), className=kind(column), scope="col",
                                       title=text(lang, column.definition) if column.definition else None)
                               for column in columns]))
    body = html.Tbody([html.Tr([_cell(column, words, kind(column), i == 0) for i, (column, words) in enumerate(
        zip(columns, row, strict=True))]) for row in rows])
    foot = html.Tfoot(html.Tr([_cell(column, words, kind(column), i == 0) for i, (column, words) in enumerate(
        zip(columns, below, strict=True))])) if below else None
    return Still(html.Div(html.Table([head, body, foot], className="figures"), className="scroll", tabIndex="0"))


def _cell(column: Column, words: str, kind: str, first: bool) -> Component:
    made: Any = html.Th if first else html.Td
    # Of its own direction: a mark that turns a name around turns nothing else.
    inside = words if kind == "number" else html.Bdi(words)
    return made(inside, className=f"{kind} long" if len(words) > 60 else kind, **({"scope": "row"} if first else {}))
