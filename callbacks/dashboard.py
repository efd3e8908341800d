"""Resumen: each question of the page asked once, answered from the view, drawn by render."""

from collections.abc import Callable
from functools import partial
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State

from callbacks.shell import Site, asked, changed, nothing_read
from data.filters import INTERVALS, Filters
from i18n import day, number, text
from layouts import dashboard
from layouts.dashboard import ids
from layouts.parts import legend, no_calls, nothing
from layouts.shell import ids as shell
from render import addresses, cards, charts

# Up to here the hours of a day can be told apart in one chart; longer periods are drawn by day.
DAYS_BY_INTERVAL = 3
BLANK = {"data": [], "layout": charts.layout("light", xaxis={"visible": False}, yaxis={"visible": False})}


def minutes(filters: Filters) -> int | None:
    """The length of a bar, or None when a bar is a day."""
    return filters.interval if filters.days <= DAYS_BY_INTERVAL else None


def series(view: Any, filters: Filters) -> Any:
    """The frame behind chart and sparklines."""
    return view.by_interval(filters) if minutes(filters) else view.by_day(filters)


def show_empty(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """What stands in the place of the cards when there is nothing to show; None when there is."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    unread = nothing_read(now, lang)
    if unread is not None:
        return unread
    if now.totals(chosen)["offered"]:
        return None
    nearest = now.nearest(chosen)
    query = changed(filters["query"], start_date=nearest.isoformat(), end_date=nearest.isoformat()) if nearest else ""
    return no_calls(lang, nearest, addresses.page(filters["prefix"], filters["path"], query))


def show_kpis(view: Callable, who: Callable, filters: Site | None, version: int | None) -> list:
    """Six numbers against the period before, each with its line."""
    now, lang = view(), who().language
    chosen, moment = asked(filters, now.today()), now.now()
    past = chosen.previous(moment)
    found = cards.kpis(lang, filters["prefix"], chosen, now.totals(chosen), now.totals(past), series(now, chosen),
                       moment)
    return dashboard.kpis(lang, found, cards.before_words(lang, past))


def show_volume(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """Calls by interval or by day, stacked by outcome, and the choice of interval where there is one."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    length, frame = minutes(chosen), series(now, chosen)
    page = addresses.page(filters["prefix"], filters["path"])
    hrefs = {m: f"{page}?{changed(filters['query'], interval=str(m))}" for m in INTERVALS}
    switch = dashboard.interval_switch(lang, hrefs, chosen.interval) if length else None
    if not now.totals(chosen)["offered"]:
        return {"figure": BLANK, "note": nothing(lang), "caption": "", "switch": switch, "legend": []}
    stacked = text(lang, "By day, stacked by outcome; line: service level") if not length else text(
        lang, "Stacked by outcome; line: service level")
    figure = charts.volume(frame, lang, theme, length, addresses.calls(filters["prefix"], chosen))
    return {"figure": figure, "note": None, "switch": switch, "legend": legend(charts.legend(figure)),
            "caption": f"{stacked} · {charts.spoken(frame, lang)}"}


def show_heat(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """Calls a day by weekday and hour; a short period shows the eight weeks before its end, and says so."""
    now, lang = view(), who().language
    chosen = addresses.weeks(asked(filters, now.today()))
    caption = text(lang, "Daily average, {start} to {end}", start=day(lang, chosen.start),
                   end=day(lang, chosen.end))
    if not now.totals(chosen)["offered"]:
        return {"figure": BLANK, "note": nothing(lang), "caption": caption}
    figure = charts.weekday_hours(now.by_weekday_hour(chosen), lang, theme, addresses.calls(filters["prefix"], chosen))
    return {"figure": figure, "note": None, "caption": caption}


def show_outcomes(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """The identity: offered and everything it is made of."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    totals = now.totals(chosen)
    rows = cards.outcomes(lang, filters["prefix"], chosen, totals)
    return dashboard.outcomes(lang, rows, number(lang, totals["offered"]), addresses.calls(filters["prefix"], chosen))


def show_queues(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """The busiest queues."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    rows = cards.queues(lang, filters["prefix"], chosen, now.by_queue(chosen))
    return dashboard.queues(lang, rows) if rows else nothing(lang)


def show_agents(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """The five agents who answered most."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    rows = cards.agents(lang, filters["prefix"], chosen, now.by_agent(chosen))
    return dashboard.agents(lang, rows) if rows else nothing(lang)


def register(on: Callable, view: Callable, who: Callable) -> None:
    """Wires the page. `on` behaves like `app.callback`; `view()` and `who()` belong to the current request."""
    asking = {"filters": Input(shell.filters, "data"), "version": Input(shell.version, "data")}
    drawing = {**asking, "theme": Input(shell.theme, "data")}
    for name, answer in ((ids.empty, show_empty), (ids.kpis, show_kpis), (ids.outcomes, show_outcomes),
                         (ids.queues, show_queues), (ids.agents, show_agents)):
        on(output=Output(name, "children"), inputs=asking)(partial(answer, view, who))
    on(output={"figure": Output(ids.volume, "figure"), "note": Output(ids.volume_note, "children"),
               "caption": Output(ids.volume_title, "children"), "switch": Output(ids.interval, "children"),
               "legend": Output(ids.volume_legend, "children")},
       inputs=drawing)(partial(show_volume, view, who))
    on(output={"figure": Output(ids.heat, "figure"), "note": Output(ids.heat_note, "children"),
               "caption": Output(ids.heat_caption, "children")},
       inputs=drawing)(partial(show_heat, view, who))


def register_clientside(app: Dash) -> None:
    """A bar or a cell opens the calls behind it; the function is in `assets/b-app/app.js`."""
    for graph in (ids.volume, ids.heat):
        app.clientside_callback(
            ClientsideFunction("dashboard", "open_calls"),
            [Output(shell.go, "href", allow_duplicate=True), Output(graph, "clickData")],
            Input(graph, "clickData"), State(graph, "figure"), prevent_initial_call=True)
