"""Llamadas: the list of calls, what narrows it, and the side panel with one call."""

from collections.abc import Sequence
from typing import Any

import dash_ag_grid
from dash import dcc, html
from dash.development.base_component import Component

from i18n import text
from layouts.parts import here, hidden, icon, skeleton
from render.call_rows import ENDED_BY, UNITS, Column


class ids:
    """Components of this page; callbacks take their ids from here."""

    search = "calls-search"
    words = "calls-words"
    typed = "calls-typed"
    count = "calls-count"
    chips = "calls-chips"
    unit = "calls-unit"
    list = "calls-list"
    made = "calls-made"
    grid = "calls-grid"
    note = "calls-note"
    exports = "calls-exports"
    columns = "calls-columns"
    min_wait = "calls-min-wait"
    max_wait = "calls-max-wait"
    min_talk = "calls-min-talk"
    max_talk = "calls-max-talk"
    did = "calls-did"
    ended_by = "calls-ended-by"
    chosen = "calls-chosen"
    panel = "calls-panel"
    shown = "calls-shown"
    news = "calls-news"
    total = "calls-total"
    seen = "calls-seen"
    ready = "calls-ready"
    address = "calls-address"


SPANS = (("min_wait", ids.min_wait), ("max_wait", ids.max_wait), ("min_talk", ids.min_talk),
         ("max_talk", ids.max_talk))
BLOCK = 100  # rows of a request
DURATION = r"\s*((\d+:)?\d{1,3}:[0-5]\d|\d{1,7})?\s*"  # as callbacks.calls.seconds reads it
# The grid in the tones of the program: variables of the style sheet, so that both themes are one.
THEME = """themeQuartz.withParams({
  accentColor: 'var(--brand)', backgroundColor: 'var(--card)', foregroundColor: 'var(--ink)',
  borderColor: 'var(--line)', browserColorScheme: 'inherit', chromeBackgroundColor: 'var(--card)',
  headerBackgroundColor: 'var(--card)',
  headerTextColor: 'var(--quiet)', headerFontWeight: 560, headerFontSize: 12.5, fontFamily: 'inherit', fontSize: 13,
  cellHorizontalPadding: 10,
  rowHoverColor: 'var(--hover)', oddRowBackgroundColor: 'var(--card)', wrapperBorder: false, wrapperBorderRadius: 0,
  headerRowBorder: '1px solid var(--line)', rowBorder: '1px solid var(--line)', columnBorder: false, spacing: 6,
  headerColumnResizeHandleColor: 'var(--line)'})"""


def layout(lang: str, **_: str) -> Component:
    """The page before its calls arrive; query parameters are read by its callbacks."""
    return html.Div([
        html.Div([
            html.Div([icon("search"), dcc.Input(
                id=ids.search, type="search", maxLength=256, autoComplete="off", value="",
                placeholder=text(lang, "Number, agent, queue or call id"))], className="search", role="search"),
            html.Div(id=ids.unit),
            html.Details([
                html.Summary([icon("funnel"), html.Span(text(lang, "More filters")), icon("chevron-down", "small")],
                             className="tool"),
                html.Div(_more(lang), className="pop more-filters")], className="menu"),
            html.Details([
                html.Summary([icon("grid-3x3-gap"), html.Span(text(lang, "Columns")), icon("chevron-down", "small")],
                             className="tool"),
                html.Div(id=ids.columns, className="pop columns")], className="menu"),
            html.Div(id=ids.exports, className="exports")], className="calls-bar"),
        html.Div(id=ids.chips, className="chips", role="group", **{"aria-label": text(lang, "Narrow the list")}),
        html.P(id=ids.count, className="calls-count", role="status"),
        html.Button([icon("arrow-up"), text(lang, "New calls: show them")], id=ids.news, className="news",
                    type="button", hidden=True),
        html.Div(id=ids.note),
        html.Div(html.Div(skeleton("row", 12), className="panel"), id=ids.list, className="calls-list"),
        html.Aside(id=ids.panel, className="side-panel", tabIndex="-1", **{"aria-label": text(lang, "The call")}),
        *(dcc.Store(id=name) for name in (ids.words, ids.typed, ids.made, ids.chosen, ids.shown, ids.total,
                                             ids.seen, ids.ready, ids.address))],
        className="calls")


def _more(lang: str) -> list[Component]:
    # Without `debounce`, with which a fast writer gets letters in the wrong order; `assets/b-app/calls.js` waits.
    def field(name: str, words: str) -> Component:
        return html.Label([html.Span(words), dcc.Input(id=name, type="text", placeholder="m:ss", pattern=DURATION,
                                                       maxLength=9, autoComplete="off", value="")])
    wrong: dict[str, str] = {"data-wrong": text(lang, "The maximum is less than the minimum")}
    return [
        html.Fieldset([html.Legend(text(lang, "Wait")), field(ids.min_wait, text(lang, "at least")),
                       field(ids.max_wait, text(lang, "at most"))], **wrong),
        html.Fieldset([html.Legend(text(lang, "Talk")), field(ids.min_talk, text(lang, "at least")),
                       field(ids.max_talk, text(lang, "at most"))], **wrong),
        html.P(text(lang, "Minutes and seconds (1:30), or seconds (90)"), className="quiet"),
        html.Label([html.Span("DID"), dcc.Input(id=ids.did, type="text", maxLength=256, autoComplete="off",
                                                   value="")]),
        html.Div([html.Span(text(lang, "Ended by")), dcc.Dropdown(
            id=ids.ended_by, multi=True, searchable=False, value=[], placeholder=text(lang, "Anybody"), labels={
                "select_all": text(lang, "Select all"), "deselect_all": text(lang, "Select none"),
                "selected_count": text(lang, "Chosen: {count}", count="{num_selected}"),
                "clear_selection": text(lang, "Clear selection")},
            options=[{"label": text(lang, words), "value": key} for key, words in ENDED_BY.items()])],
                 role="group", **{"aria-label": text(lang, "Ended by")})]


def units(lang: str, hrefs: dict[str, str], current: str) -> Component:
    """The switch between the view of the queue and that of the customer."""
    said = {"legs": text(lang, "Queue visits"), "calls": text(lang, "Calls")}
    return html.Nav([here(said[unit], hrefs[unit], className="active" if unit == current else "", **{
        "data-chip": unit, **({"aria-current": "true"} if unit == current else {})}) for unit in said],
                    className="segments", **{"aria-label": text(lang, "A row is")})


def chips(lang: str, known: Sequence[tuple[str, str, str, bool]], given: Sequence[tuple[str, str]],
          reset: str | None) -> list[Component]:
    """`known` filters to switch: words, colour role, address when clicked, whether it is on. `given`: those that came
    with a link, with the address without each. `reset` is the address without any."""
    found = [here([html.Span(className=f"swatch role-{role}") if role else None, words, icon("x-lg", "small") if on
                   else None], href, className="chip on" if on else "chip",
                  **{"aria-pressed": "true" if on else "false", "role": "button", "data-chip": words})
             for words, role, href, on in known]
    found += [here([words, icon("x-lg", "small"), hidden(text(lang, "Remove this filter"))], href,
                   className="chip on given") for words, href in given]
    return found + ([here(text(lang, "Remove all"), reset, className="chip reset")] if reset else [])


def columns(lang: str, unit: str) -> list[Component]:
    """A box for every column; the browser shows, hides and remembers (`assets/b-app/calls.js`)."""
    return [html.Label([html.Button(type="button", role="switch", **{"data-column": one.field, "aria-checked": str(
        not one.extra).lower()}), html.Span(text(lang, one.label))]) for one in UNITS[unit]]


def exports(lang: str, hrefs: Sequence[tuple[str, str]]) -> list[Component]:
    """Downloads of exactly what is filtered."""
    return [html.A([icon("download"), html.Span(words)], href=href, className="tool", download="",
                   title=text(lang, "Exactly the calls of this list")) for words, href in hrefs]


def grid(lang: str, unit: str, audio: bool) -> Component:
    """The list itself: rows are asked for as somebody scrolls."""
    shown = [one for one in UNITS[unit] if audio or one.kind != "audio"]
    return dash_ag_grid.AgGrid(
        id=ids.grid, rowModelType="infinite", columnDefs=[_definition(lang, one) for one in shown],
        defaultColDef={"resizable": True, "sortable": False, "wrapHeaderText": True},
        dashGridOptions={
            "theme": {"function": THEME}, "cacheBlockSize": BLOCK, "maxBlocksInCache": 30,
            "tooltipShowDelay": 400, "tooltipShowMode": "whenTruncated",
            # Two blocks asked for at once lose one, and its rows stay blank for ever.
            "maxConcurrentDatasourceRequests": 1, "infiniteInitialRowCount": 1, "rowHeight": 44, "headerHeight": 42,
            "animateRows": False,
            "rowClassRules": {"opened": "callsOpened(params.data)"},
            "suppressDragLeaveHidesColumns": True, "multiSortKey": "ctrl",
            "localeText": {"loadingOoo": text(lang, "Loading…"), "noRowsToShow": text(lang, "No calls"),
                           "loadingError": text(lang, "Not loaded"),
                           "ariaSortableColumn": text(lang, "Press Enter to sort")}},
        className="", style={"height": "100%", "width": "100%"})


def _definition(lang: str, one: Column) -> dict[str, Any]:
    found: dict[str, Any] = {"field": one.field, "colId": one.sort or one.field, "headerName": text(lang, one.label),
                             "width": one.width, "hide": one.extra, "sortable": bool(one.sort)}
    if one.field in ("queue", "agent"):
        found |= {"flex": 1 if one.field == "queue" else 1.3, "minWidth": one.width}
    if one.kind == "text":
        found["tooltipField"] = one.field
    if one.kind == "number":
        found |= {"cellClass": "figure-cell", "headerClass": "figure-head"}
    renderers = {"outcome": "CallOutcome", "audio": "CallAudio", "caller": "CallNumber"}
    if one.kind in renderers:
        found["cellRenderer"] = renderers[one.kind]
        found["cellRendererParams"] = {"listen": text(lang, "Listen"), "moved": text(lang, "Transferred"),
                                       "short": text(lang, "short")}
    if one.field == "enter":
        found |= {"pinned": "left", "lockPinned": True}
    if one.kind == "audio":
        found |= {"pinned": "right", "lockPinned": True, "resizable": False}
    return found
