"""Reportes: the address says which report; the page shows what its files hold."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from dash import Input, Output
from dash.exceptions import PreventUpdate

from callbacks.dashboard import show_empty
from callbacks.shell import Site, changed
from data.call_filters import parse
from data.filters import INTERVALS, BadFilter
from data.reports import TYPES
from data.snapshot import IMPORTING
from i18n import text
from layouts import dashboard, shell
from layouts import reports as page
from layouts.parts import failure
from layouts.reports import ids
from render import addresses, exports
from render.exports import ENDINGS, Asked, Letterhead
from render.reports import Part, report
from render.tables import kinds, shown

ROWS = 50  # of a table on the page; the files have all of them


def chosen(site: Site | None) -> str:
    """The report that the address asks for."""
    if not site:
        raise PreventUpdate
    kind = (parse_qs(site["query"]).get("type") or ["general"])[0]
    return kind if kind in TYPES else "general"


def asked(site: Site, now: Any, lang: str) -> Asked:
    """What the report is about, as its files would be asked for; the period of the page in days."""
    values = parse_qs(site["query"])
    filters = parse(values, now.today(), site["default"])
    days = {"start_date": [filters.start.isoformat()], "end_date": [filters.end.isoformat()]}
    return exports.asked(chosen(site), "excel", {**{k: v for k, v in values.items() if k != "period"}, **days},
                         now.today(), lang)


def show_bar(view: Callable, who: Callable, site: Site | None) -> dict:
    """The choice of report, of interval where there is one, and the files."""
    kind, lang, now = chosen(site), who().language, view()
    here = addresses.page(site["prefix"], site["path"])
    hrefs = {name: f"{here}?{changed(site['query'], type=name)}" for name in TYPES}
    try:
        wanted = asked(site, now, lang)
    except BadFilter:
        return {"kinds": page.kinds(lang, hrefs, kind), "files": [], "interval": None}
    lengths = {minutes: f"{here}?{changed(site['query'], interval=str(minutes))}" for minutes in INTERVALS}
    pairs = [*wanted.filters.pairs(), *([("unit", wanted.unit)] if wanted.unit != "legs" else [])]
    saved = {form: addresses.export(site["prefix"], kind, form, pairs) for form in ENDINGS}
    switch = dashboard.interval_switch(lang, lengths, wanted.filters.interval) if kind == "intervals" else None
    return {"kinds": page.kinds(lang, hrefs, kind), "interval": switch,
            "files": page.files(lang, saved if who().can("downloads") else None)}


def show_report(view: Callable, who: Callable, letterhead: Letterhead, site: Site | None, theme: str | None) -> dict:
    """The report itself, or why there is none."""
    kind, lang, now = chosen(site), who().language, view()
    try:
        wanted = asked(site, now, lang)
    except BadFilter as error:
        words = text(lang, "The address asks for something that cannot be understood: {parameter} {reason}.",
                     parameter=error.parameter, reason=text(lang, error.reason))
        return {"empty": failure(lang, words), "preview": []}
    fresh = now.freshness()
    if fresh["data_until"] is None or fresh["cause"] == IMPORTING:
        return {"empty": show_empty(view, who, site, None), "preview": []}
    made = report(now, lang, kind, wanted.filters, letterhead.company, now.now(), theme, prefix=site["prefix"],
                  unit=wanted.unit)
    empty = None if made.now["offered"] else show_empty(view, who, site, None)
    return {"empty": empty, "preview": [] if empty else page.preview(lang, made, [
        in_words(lang, part) for part in made.parts])}


def in_words(lang: str, part: Part) -> tuple:
    """Columns, the first rows and the totals of a table, as they are read."""
    columns = part.columns
    values = next(part.pieces(lang, ROWS), [[] for _ in columns])
    cells = [[shown(lang, kind, value) for kind, value in zip(
        kinds(part.table, column, len(found)), found, strict=True)] for column, found in zip(
            columns, values, strict=True)]
    below = [value if isinstance(value, str) else "" if value is None and not column.ratio else shown(
        lang, column.kind, value) for column, value in zip(columns, part.below(lang), strict=False)]
    return columns, list(zip(*cells, strict=True)), below


def register(on: Callable, view: Callable, who: Callable, letterhead: Letterhead) -> None:
    """Wires the page. `on` behaves like `app.callback`; `view()` and `who()` belong to the current request."""
    site = Input(shell.ids.filters, "data")
    on(output={"kinds": Output(ids.kinds, "children"), "files": Output(ids.files, "children"),
               "interval": Output(ids.interval, "children")}, inputs={"site": site})(partial(show_bar, view, who))
    on(output={"empty": Output(ids.empty, "children"), "preview": Output(ids.preview, "children")},
       inputs={"site": site, "theme": Input(shell.ids.theme, "data")})(
        partial(show_report, view, who, letterhead))
