"""Registro: who did what, when and from where, with what narrows it and for how long it is kept."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from i18n import number, text
from layouts.parts import here, hidden, icon, skeleton
from layouts.users import tabs
from render.audit import COLUMNS, GROUPS, Kind
from render.words import mark


class ids:
    """Components of this page; callbacks take their ids from here."""

    list = "audit-list"
    chips = "audit-chips"
    keep = "audit-keep"
    days = "audit-days"
    save = "audit-save"
    check = "audit-check"
    said = "audit-said"
    done = "audit-done"


# What the form has in the address; the names are those of the page, so that its days are not the days of the calls.
FIELDS = ("who", "address", "target", "from", "to")
RETENTIONS = ((90, mark("90 days")), (180, mark("6 months")), (365, mark("1 year")), (730, mark("2 years")),
              (1825, mark("5 years")), (3650, mark("10 years")))


def layout(lang: str, prefix: str, **query: str) -> Component:
    """The page before its lines arrive; the form has what its address says."""
    def field(name: str, words: str, kind: str = "text") -> Component:
        return html.Label([html.Span(words), dcc.Input(
            id=f"audit-{name}", name=name, type=kind, maxLength=64 if kind == "text" else None, autoComplete="off",
            value=str(query.get(name, ""))[:64])], className="field")
    return html.Div([
        tabs(lang, prefix, "/users/audit"),
        html.Div(id=ids.chips, className="chips", role="group", **{"aria-label": text(lang, "Narrow the list")}),
        html.Form([field("who", text(lang, "Person")), field("address", text(lang, "Address")),
                   field("target", text(lang, "Of what")), field("from", text(lang, "From"), "date"),
                   field("to", text(lang, "To"), "date"),
                   dcc.Input(id="audit-kind", name="kind", type="hidden", value=str(query.get("kind", ""))[:64]),
                   html.Button([icon("search"), html.Span(text(lang, "Search"))], type="submit", className="tool")],
                  method="GET", className="audit-form", **{"data-search": ""}),
        html.Section(html.Div(skeleton("row", 12), className="panel-body"), id=ids.list, className="panel audit-list"),
        html.Section([
            html.Div([html.Div([
                html.H2(text(lang, "Keeping the audit")), html.P(text(
                    lang, "Every line is sealed together with the one before it: a line that was changed or removed "
                    "is found."), className="caption")])], className="card-head"),
            html.Div(id=ids.keep, className="keep"),
            html.Div(id=ids.said, role="status")], className="panel"),
        dcc.Store(id=ids.done)], className="accounts no-filters")


def chips(lang: str, hrefs: Mapping[str, str], current: str) -> list[Component]:
    """The groups of lines as links; `""` is all of them."""
    known = [("", text(lang, "Everything")), *((str(n), text(lang, words)) for n, (words, _) in enumerate(GROUPS))]
    return [here(words, hrefs[name], className="chip on" if name == current else "chip",
                 **({"aria-current": "true"} if name == current else {})) for name, words in known]


def lines(lang: str, rows: Sequence[Sequence[Any]], kinds: Sequence[Kind], total: int, export: str,
          older: str | None, newest: str | None) -> list[Component]:
    """A page of lines. A row: number, time, person, address, what, of what, details."""
    head = html.Div([html.Div([html.H2(text(lang, "Audit")),
                               html.P(text(lang, "{count} lines", count=number(lang, total)), className="caption")]),
                     html.A([icon("download"), html.Span("CSV")], href=export, className="tool", download="")],
                    className="card-head")
    if not rows:
        return [head, html.Div([icon("inbox"), text(lang, "No line matches these filters.")], className="nothing")]
    table = html.Table([
        html.Thead(html.Tr([html.Th(text(lang, words), scope="col", className=_extra(n))
                            for n, words in enumerate(COLUMNS)])),
        html.Tbody([html.Tr([_cell(lang, n, cell, kind) for n, cell in enumerate(row)])
                    for row, kind in zip(rows, kinds, strict=True)])], className="figures audit-table")
    return [head, html.Div(table, className="scroll"), html.Nav([
        here([icon("chevron-left"), html.Span(text(lang, "Newest"))], newest, className="tool") if newest else None,
        here([html.Span(text(lang, "Older")), icon("chevron-right")], older, className="tool") if older else None],
        className="pages", **{"aria-label": text(lang, "Pages of the audit")})]


def _extra(n: int) -> str:
    return {0: "number wide", 3: "wide"}.get(n, "")


def _cell(lang: str, n: int, cell: Any, kind: Kind) -> Component:
    if n == 4:
        return html.Td(html.Span([icon(kind.icon), cell], className=f"what {kind.tone}"))
    # On a phone, where the heads are not shown, every value has its own.
    return html.Td(cell, className=f"{_extra(n)} cell-{n}".strip(), **{"data-label": text(lang, COLUMNS[n])})


def keep(lang: str, days: int) -> list[Component]:
    """For how long lines are kept, and whether they are all there."""
    known = [(n, text(lang, words)) for n, words in RETENTIONS]
    if days not in dict(known):
        known.append((days, text(lang, "{count} days", count=number(lang, days))))
    return [
        html.Div([html.Label(text(lang, "Keep lines for"), htmlFor=ids.days), html.Div([
            dcc.Dropdown(id=ids.days, clearable=False, searchable=False, value=days,
                         options=[{"label": words, "value": n} for n, words in known]),
            html.Button(text(lang, "Save"), id=ids.save, type="button", className="tool")], className="beside"),
            html.Small(text(lang, "Older lines go at once when you save, and from then on every hour."),
                       className="quiet")], className="field"),
        html.Div([html.Span(text(lang, "Is every line as it was written?"), className="label"), html.Div(html.Button(
            [icon("shield-lock"), html.Span(text(lang, "Check the chain"))], id=ids.check, type="button",
            className="tool"), className="beside"),
            html.Small([text(lang, "In the shell:"), " ", html.Code("python app.py users check"), hidden(".")],
                       className="quiet")], className="field")]
