"""One agent: each question of the page asked once, answered from the view, drawn by render."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import unquote

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks.agents import hours
from callbacks.dashboard import BLANK
from callbacks.shell import Site, asked
from data import agent_day, agent_questions, calendar
from data.filters import Filters
from i18n import clock, day, duration, text
from layouts import agent, agents
from layouts.agent import ids
from layouts.agents import dots
from layouts.parts import legend, nothing
from layouts.shell import ids as shell
from render import addresses, agent_cards, agent_charts, cards, charts, gantt
from render.call_rows import ENDED_BY

MOST_DAYS = 14  # rows of the drawing
TREND = 30  # days of the own past at least
LANES = ("connected", "talking", "ringing", "paused")


def person(filters: Site | None) -> str:
    """The agent whom the address names."""
    path = filters["path"] if filters else ""
    if not path.startswith("/agents/"):
        raise PreventUpdate
    return unquote(path.removeprefix("/agents/"))


def of(view: Any, filters: Site | None) -> Filters:
    """The filters of the page, narrowed to the agent of its address."""
    return replace(asked(filters, view.today()), agents=(person(filters),))


def show_head(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """Who it is; somebody whom the log does not know is told so."""
    now, lang = view(), who().language
    chosen, key = of(now, filters), person(filters)
    name = dict(now.agents()).get(key)
    back = addresses.page(filters["prefix"], "/agents", filters["query"])
    if name is None:
        return agent.nobody(lang, key, back)
    return agent.head(lang, name, cards.initials(name), back, addresses.calls(filters["prefix"], chosen))


def show_kpis(view: Callable, who: Callable, filters: Site | None, version: int | None) -> list:
    """The agent against the own period before."""
    now, lang = view(), who().language
    chosen = of(now, filters)
    past, metrics = chosen.previous(now.now()), [agent_cards.LOGIN, *agent_cards.TEAM[1:]]
    found = agent_cards.kpis(lang, filters["prefix"], chosen, agent_questions.team(now, chosen),
                             agent_questions.team(now, past), agent_questions.by_day(now, chosen), metrics)
    return agents.kpis(lang, found, cards.before_words(lang, past))


def show_gantt(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """A day in lanes of what was done, or up to MOST_DAYS days as a row each."""
    now, lang = view(), who().language
    chosen = of(now, filters)
    last = max(min(chosen.end, now.today()), chosen.start)
    first = max(chosen.start, last - dt.timedelta(days=MOST_DAYS - 1))
    drawn = replace(chosen, start=first, end=last)
    frame = agent_day.timeline(now, drawn)
    caption = day(lang, last) if first == last else text(lang, "{start} to {end}", start=day(lang, first),
                                                         end=day(lang, last))
    if not len(frame):
        return {"figure": BLANK, "note": nothing(lang), "legend": None, "caption": caption, "style": {}}
    if first == last:
        start, end = calendar.bounds(drawn, now.zone)
        lanes = {kind: i for i, kind in enumerate(LANES)} | {"missed": 2, "wrapup": 1}
        rows = gantt.Rows([text(lang, word) for word in gantt.LANES], lanes)
        key: list[Any] = frame["kind"].tolist()
    else:
        dates, edges = calendar.days(drawn, now.zone)
        frame, key = gantt.by_day(frame, edges.tolist())
        start, end = int(edges[-2]), int(edges[-1])
        rows = gantt.Rows([f"{d:%d/%m}" for d in dates], {i: i for i in range(len(dates))})
    queues = [name for _, name in now.queues()]
    figure = gantt.figure(frame, rows, key, (start, end), lang, theme, now.zone, queues, row=26)
    return {"figure": figure, "note": None, "caption": caption,
            "legend": dots(gantt.legend(frame, lang, theme, queues)),
            "style": {"height": f"{figure['layout']['height']}px"}}


def show_trend(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """Day by day, at least the last TREND days up to the end of the period."""
    now, lang = view(), who().language
    chosen = of(now, filters)
    last = max(min(chosen.end, now.today()), chosen.start)
    wide = replace(chosen, start=min(chosen.start, last - dt.timedelta(days=TREND - 1)), end=last)
    frame = agent_questions.by_day(now, wide)
    caption = text(lang, "{start} to {end}", start=day(lang, wide.start), end=day(lang, wide.end))
    if not frame["answered"].sum():
        return {"figure": BLANK, "note": nothing(lang), "legend": None, "caption": caption}
    figure = agent_charts.trend(frame, lang, theme, addresses.calls(filters["prefix"], wide))
    return {"figure": figure, "note": None, "caption": caption,
            "legend": legend(charts.legend(figure))}


def show_hours(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """An average day, hour by hour."""
    now = view()
    return hours(now, who().language, of(now, filters), filters["prefix"], theme)


def show_calls(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """The newest answered calls."""
    now, lang = view(), who().language
    frame = agent_day.last_calls(now, of(now, filters))
    if not len(frame):
        return nothing(lang)
    heads = [("", text(lang, "Date and time")), ("", text(lang, "Queue")), ("", text(lang, "Number")),
             ("number wide", text(lang, "Wait")), ("number", text(lang, "Talk time")), ("wide", text(lang, "Ended by"))]
    rows, hrefs = [], []
    for row in frame.to_dict("records"):
        ended = text(lang, ENDED_BY[row["end_by"]]) if row["end_by"] else text(lang, agent_cards.UNKNOWN)
        rows.append([f"{day(lang, row['enter'])} {clock(lang, row['enter'])}", row["queue"],
                     row["caller"] or text(lang, agent_cards.UNKNOWN), duration(row["wait"]), duration(row["talk"]),
                     ended])
        hrefs.append(addresses.call(filters["prefix"], row["callid"]))
    return agent.listing(heads, rows, hrefs)


def show_spans(view: Callable, who: Callable, kind: str, filters: Site | None, version: int | None) -> Any:
    """Sessions, or pauses, newest first."""
    now, lang = view(), who().language
    frame = agent_day.spans(now, of(now, filters), kind).iloc[::-1]
    if not len(frame):
        return agent.nothing(lang, text(lang, "No pauses in this period") if kind == "pauses" else text(
            lang, "No session in the log: a static member leaves none, so the time connected is not known"))
    rows = agent_cards.span_rows(lang, frame)[:agent_day.RECENT]
    heads = [("queues-cell", text(lang, "Queue")), *([("", text(lang, "Reason"))] if kind == "pauses" else []),
             ("", text(lang, "From")), ("", text(lang, "To")), ("number", text(lang, "Duration"))]
    return agent.listing(heads, [row if kind == "pauses" else [row[0], *row[2:]] for row in rows])


def show_reasons(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """Pauses by reason."""
    now, lang = view(), who().language
    rows = agent_cards.reasons(lang, agent_questions.reasons(agent_questions.pause_reasons(now, of(now, filters))),
                               team=False)
    return agents.reasons(lang, rows) if rows else nothing(lang)


def register(on: Callable, view: Callable, who: Callable) -> None:
    """Wires the page. `on` behaves like `app.callback`; `view()` and `who()` belong to the current request."""
    asking = {"filters": Input(shell.filters, "data"), "version": Input(shell.version, "data")}
    drawing = {**asking, "theme": Input(shell.theme, "data")}
    for name, answer in ((ids.head, show_head), (ids.kpis, show_kpis), (ids.calls, show_calls),
                         (ids.reasons, show_reasons)):
        on(output=Output(name, "children"), inputs=asking)(partial(answer, view, who))
    for name, kind in ((ids.sessions, "sessions"), (ids.pauses, "pauses")):
        on(output=Output(name, "children"), inputs=asking)(partial(show_spans, view, who, kind))
    for graph, note, places, more, answer in (
            (ids.gantt, ids.gantt_note, {"legend": ids.gantt_legend, "caption": ids.gantt_caption}, ("style",),
             show_gantt),
            (ids.trend, ids.trend_note, {"legend": ids.trend_legend, "caption": ids.trend_caption}, (), show_trend),
            (ids.hours, ids.hours_note, {"legend": ids.hours_legend}, (), show_hours)):
        on(output={"figure": Output(graph, "figure"), "note": Output(note, "children"),
                   **{name: Output(place, "children") for name, place in places.items()},
                   **{name: Output(graph, name) for name in more}}, inputs=drawing)(partial(answer, view, who))


def register_clientside(app: Dash) -> None:
    """A bar opens the calls behind it, a call of the day its journey; the functions are in `assets/b-app`."""
    for graph, name in ((ids.hours, "dashboard"), (ids.trend, "dashboard"), (ids.gantt, "people")):
        app.clientside_callback(
            ClientsideFunction(name, "open_calls" if name == "dashboard" else "open_call"),
            [Output(shell.go, "href", allow_duplicate=True), Output(graph, "clickData")],
            Input(graph, "clickData"), State(graph, "figure"), prevent_initial_call=True)
