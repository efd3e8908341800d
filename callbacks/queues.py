"""Colas: each question of the page asked once, answered from the view, drawn by render."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State

from callbacks.dashboard import BLANK, show_empty
from callbacks.shell import Site, asked, changed
from data import queue_questions
from data.filters import INTERVALS, Filters
from i18n import day, duration, number, text
from layouts import queues
from layouts.dashboard import interval_switch
from layouts.parts import legend, nothing
from layouts.queues import ids
from layouts.shell import ids as shell
from render import addresses, charts, queue_cards, queue_charts


def minutes(filters: Filters) -> int | None:
    """The length of an interval of the charts, or None when there would be too many: then it is a day."""
    count = filters.days * 24 * 60 // filters.interval
    return filters.interval if count <= queue_charts.MOST_POINTS else None


def series(view: Any, filters: Filters) -> Any:
    """The totals of every interval, or of every day."""
    return view.by_interval(filters) if minutes(filters) else view.by_day(filters)


def here(filters: Site) -> Callable[[list[str]], str]:
    """The address of this page with these queues instead of those chosen."""
    return lambda chosen: addresses.page(filters["prefix"], filters["path"], changed(filters["query"], queue=chosen))


def show_table(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """Every queue of the period, the chosen ones marked, and their total, against the period before."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    every, past = replace(chosen, queues=()), chosen.previous(now.now())
    rows = queue_cards.queues(lang, filters["prefix"], here(filters), chosen, now.by_queue(every),
                              now.by_queue(replace(past, queues=())), queue_questions.lines(now, every))
    total = queue_cards.total(lang, filters["prefix"], here(filters), chosen, now.totals(chosen), now.totals(past))
    return queues.table(lang, rows, total) if rows else nothing(lang)


def show_levels(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """Service level by threshold; the threshold is marked where all queues shown have the same."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    shown = now.by_queue(chosen)
    if not len(shown):
        return {"figure": BLANK, "note": nothing(lang)}
    thresholds, targets = set(shown["threshold"]), set(shown["sl_target"])
    figure = queue_charts.service_levels(
        queue_questions.service_levels(now, chosen), lang, theme, thresholds.pop() if len(thresholds) == 1 else None,
        targets.pop() if len(targets) == 1 else None, addresses.calls(filters["prefix"], chosen))
    return {"figure": figure, "note": None}


def show_causes(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """Why calls were lost."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    return queues.causes(lang, queue_cards.causes(lang, filters["prefix"], chosen,
                                                  queue_questions.causes(now, chosen)))


def show_volume(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """Calls by interval over any span, and the choice of interval."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    length = minutes(chosen)
    hrefs = {n: f"?{changed(filters['query'], interval=str(n))}" for n in INTERVALS}
    switch = interval_switch(lang, {n: addresses.page(filters["prefix"], filters["path"]) + href
                                    for n, href in hrefs.items()}, chosen.interval)
    if not now.totals(chosen)["offered"]:
        return {"figure": BLANK, "note": nothing(lang), "caption": "\u00a0", "switch": switch, "legend": None}
    frame = series(now, chosen)
    figure = queue_charts.intervals(frame, lang, theme, length, addresses.calls(filters["prefix"], chosen))
    note = text(lang, "By day: the period is too long for intervals of {minutes} minutes",
                minutes=chosen.interval) if length is None else charts.spoken(frame, lang)
    return {"figure": figure, "note": None, "caption": note, "switch": switch, "legend": legend(charts.legend(figure))}


def show_waits(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """How long callers waited, with what half and nine in ten of them did not exceed."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    if not now.totals(chosen)["offered"]:
        return {"figure": BLANK, "note": nothing(lang), "caption": "\u00a0"}
    marks = {name: duration(value) for name, value in queue_questions.percentiles(now, chosen).items()}
    caption = text(lang, "P50 / P90: answered {p50_wait} / {p90_wait} · lost {p50_lost} / {p90_lost}", **marks)
    return {"figure": queue_charts.waits(queue_questions.waits(now, chosen), lang, theme,
                                         addresses.calls(filters["prefix"], chosen)),
            "note": None, "caption": caption}


def show_lost(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """Losses over time: by hour up to three days, by day beyond."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    length = 60 if chosen.days <= queue_questions.LINE_DAYS else None
    frame = now.by_interval(replace(chosen, interval=60)) if length else now.by_day(chosen)
    figure = queue_charts.lost(frame, lang, theme, length, addresses.calls(filters["prefix"], chosen))
    if not figure["data"]:
        return {"figure": BLANK, "note": nothing(lang), "legend": None}
    return {"figure": figure, "note": None, "legend": legend(charts.legend(figure))}


def show_waiting(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """Callers waiting at once."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    length = minutes(chosen) or 60
    frame = queue_questions.waiting_intervals(now, replace(chosen, interval=length))
    frame = frame[frame["start"] <= now.now()]
    if not len(frame) or not frame["most"].max():
        return {"figure": BLANK, "note": nothing(lang), "caption": "\u00a0"}
    top = frame.loc[frame["most"].idxmax()]
    caption = text(lang, "Most at once: {count} ({when})", count=number(lang, top["most"]),
                   when=f"{day(lang, top['start'])} {top['start']:%H:%M}")
    return {"figure": queue_charts.waiting(frame, lang, theme), "note": None, "caption": caption}


def show_numbers(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """The numbers dialled."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    rows = queue_cards.numbers(lang, filters["prefix"], chosen, queue_questions.by_did(now, chosen))
    return queues.numbers(lang, rows) if rows else nothing(lang)


def show_positions(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """Where callers gave up."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    rows = queue_cards.positions(lang, filters["prefix"], chosen, queue_questions.positions(now, chosen),
                                 queue_questions.POSITIONS)
    return queues.positions(lang, rows) if rows else nothing(lang)


def show_intervals(view: Callable, who: Callable, filters: Site | None, version: int | None) -> dict:
    """The intervals of the day with calls and the time of agents, and their sum."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    caption = text(lang, "Intervals of {minutes} minutes; calls by when they came in, time of agents cut at the border",
                   minutes=chosen.interval)
    if chosen.days > 1:
        caption = text(lang, "{caption}; {days} days added up", caption=caption, days=number(lang, chosen.days))
    rows = queue_cards.intervals(lang, filters["prefix"], chosen, queue_questions.by_time_of_day(now, chosen))
    return {"table": queues.intervals(lang, rows) if len(rows) > 1 else nothing(lang), "caption": caption}


def register(on: Callable, view: Callable, who: Callable) -> None:
    """Wires the page. `on` behaves like `app.callback`; `view()` and `who()` belong to the current request."""
    asking = {"filters": Input(shell.filters, "data"), "version": Input(shell.version, "data")}
    drawing = {**asking, "theme": Input(shell.theme, "data")}
    for name, answer in ((ids.empty, show_empty), (ids.table, show_table), (ids.causes, show_causes),
                         (ids.numbers, show_numbers), (ids.positions, show_positions)):
        on(output=Output(name, "children"), inputs=asking)(partial(answer, view, who))
    for graph, note, more, answer in (
            (ids.levels, ids.levels_note, {}, show_levels),
            (ids.volume, ids.volume_note, {"caption": ids.volume_caption, "switch": ids.interval,
                                           "legend": ids.volume_legend}, show_volume),
            (ids.waits, ids.waits_note, {"caption": ids.waits_caption}, show_waits),
            (ids.lost, ids.lost_note, {"legend": ids.lost_legend}, show_lost),
            (ids.waiting, ids.waiting_note, {"caption": ids.waiting_caption}, show_waiting)):
        on(output={"figure": Output(graph, "figure"), "note": Output(note, "children"),
                   **{name: Output(place, "children") for name, place in more.items()}},
           inputs=drawing)(partial(answer, view, who))
    on(output={"table": Output(ids.intervals, "children"), "caption": Output(ids.intervals_caption, "children")},
       inputs=asking)(partial(show_intervals, view, who))


def register_clientside(app: Dash) -> None:
    """A bar or a point opens the calls behind it; the function is in `assets/b-app/app.js`."""
    for graph in (ids.levels, ids.volume, ids.waits, ids.lost):
        app.clientside_callback(
            ClientsideFunction("dashboard", "open_calls"),
            [Output(shell.go, "href", allow_duplicate=True), Output(graph, "clickData")],
            Input(graph, "clickData"), State(graph, "figure"), prevent_initial_call=True)
