"""Agentes: each question of the page asked once, answered from the view, drawn by render."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State

from callbacks.dashboard import BLANK, show_empty
from callbacks.shell import Site, asked, changed
from data import agent_comparison, agent_day, agent_questions, agent_time, aliases, calendar, queue_questions
from data.filters import Filters
from i18n import day, number, text
from layouts import agents
from layouts.agents import dots, ids
from layouts.parts import legend, nothing
from layouts.shell import ids as shell
from render import addresses, agent_cards, agent_charts, cards, charts, gantt

CALLERS = 300  # seconds of a step of the line of callers waiting
MANY, SMALL_ROW = 70, 14  # so many people get lower rows


def more_of(filters: Site, name: str, default: str) -> str:
    """What the address says beyond the filters."""
    return parse_qs(filters["query"]).get(name, [default])[-1]


def link(filters: Site, **values: str) -> str:
    """This page with some of its address replaced."""
    return addresses.page(filters["prefix"], filters["path"], changed(filters["query"], **values))


def show_kpis(view: Callable, who: Callable, filters: Site | None, version: int | None) -> list:
    """The team in six numbers against the period before."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    past = chosen.previous(now.now())
    found = agent_cards.kpis(lang, filters["prefix"], chosen, agent_questions.team(now, chosen),
                             agent_questions.team(now, past), agent_questions.by_day(now, chosen))
    return agents.kpis(lang, found, cards.before_words(lang, past))


def show_table(view: Callable, who: Callable, filters: Site | None, version: int | None) -> dict:
    """Everybody, in the order that the address asks for, and the team."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    frame = agent_questions.by_agent(now, chosen)
    if not len(frame):
        return {"table": nothing(lang), "more": None}
    order = more_of(filters, "sort", "-answered")
    order = order if order.removeprefix("-") in agent_cards.SORTS else "-answered"
    hrefs = {key: link(filters, sort=key if order == f"-{key}" or (key == "name" and order != key) else f"-{key}")
             for key in agent_cards.SORTS}
    most = None if more_of(filters, "all", "") else agent_cards.SHOWN
    rows = agent_cards.people(lang, filters["prefix"], chosen, agent_cards.ordered(frame, order), most)
    total = agent_cards.everybody(lang, filters["prefix"], chosen, agent_questions.team(now, chosen))
    return {"table": agents.table(lang, rows, total, order, hrefs),
            "more": agents.more(lang, len(rows), len(frame), link(filters, all="1"))}


def the_day(filters: Site, chosen: Filters, today: dt.date) -> dt.date:
    """The day that is drawn: the one of the address, else the last of the period that has begun."""
    last = max(min(chosen.end, today), chosen.start)
    try:
        return dt.date.fromisoformat(more_of(filters, "day", last.isoformat()))
    except ValueError:
        return last


def show_gantt(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """A day of everybody with the callers who waited above."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    drawn = the_day(filters, chosen, now.today())
    one = replace(chosen, start=drawn, end=drawn)
    frame = agent_day.timeline(now, one)
    rows = gantt.by_person(frame)
    start, end = calendar.bounds(one, now.zone)
    edges = np.append(np.arange(start, agent_time.now(now) if end > agent_time.now(now) > start else end, CALLERS), end)
    callers = replace(one, agents=())  # whoever waits or gives up has no agent yet
    above = gantt.Above(queue_questions.waiting(now, callers, edges).assign(at=edges[:-1]),
                        queue_questions.gave_up(now, callers, start, end))
    queues = [name for _, name in now.queues()]
    near = [drawn + dt.timedelta(days=n) for n in (-1, 1)]
    hrefs = [(day(lang, d), link(filters, day=d.isoformat())) for d in near]
    words = day(lang, drawn)
    caption = text(lang, "Who was there, on the phone or on pause when people waited: {day} · gave up: {count}",
                   day=words, count=number(lang, len(above.gone)))
    answer = {"caption": caption,
              "days": agents.days(lang, hrefs[0], words, hrefs[1] if near[1] <= now.today() else None)}
    if not len(frame):
        return answer | {"figure": BLANK, "note": nothing(lang), "legend": None, "style": {}}
    figure = gantt.figure(frame, rows, frame["name"], (start, end), lang, theme, now.zone, queues, above,
                          SMALL_ROW if len(rows.labels) > MANY else gantt.ROW)
    return answer | {"figure": figure, "note": None, "legend": dots(gantt.legend(frame, lang, theme, queues, above)),
                     "style": {"height": f"{figure['layout']['height']}px"}}


def show_comparison(view: Callable, who: Callable, filters: Site | None, version: int | None) -> dict:
    """Everybody against colleagues with the same queues and hours."""
    now, lang = view(), who().language
    chosen = asked(filters, now.today())
    ends = None if more_of(filters, "all", "") else agent_cards.SHOWN // 2
    rows, few = agent_cards.comparison(lang, filters["prefix"], chosen, agent_comparison.compare(now, chosen), ends)
    caption = text(lang, "Talk against what colleagues took in the same queues at the same hours; not ranked for fewer "
                         "than {least} such calls: {count}", least=agent_comparison.LEAST, count=number(lang, few))
    return {"table": agents.comparison(lang, rows) if rows else nothing(lang), "caption": caption}


def show_hours(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """An average day of the team, hour by hour."""
    now = view()
    return hours(now, who().language, asked(filters, now.today()), filters["prefix"], theme)


def hours(now: Any, lang: str, chosen: Filters, prefix: str, theme: str | None) -> dict:
    """The same of any filters; hours that have not begun do not count."""
    days = calendar.begun(chosen, now.newest()).sum(axis=0)
    figure = agent_charts.hours(agent_questions.by_hour(now, chosen), lang, theme, days,
                                addresses.calls(prefix, chosen))
    if not figure["data"][0]["x"]:
        return {"figure": BLANK, "note": nothing(lang), "legend": None}
    return {"figure": figure, "note": None, "legend": legend(charts.legend(figure))}


def show_reasons(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """Pauses by reason."""
    now, lang = view(), who().language
    rows = agent_cards.reasons(lang, agent_questions.reasons(
        agent_questions.pause_reasons(now, asked(filters, now.today()))))
    return agents.reasons(lang, rows) if rows else nothing(lang)


def show_pauses(view: Callable, who: Callable, filters: Site | None, version: int | None, theme: str | None) -> dict:
    """Who was on pause, by reason."""
    now, lang = view(), who().language
    frame = agent_questions.pause_reasons(now, asked(filters, now.today()))
    if not len(frame):
        return {"figure": BLANK, "note": nothing(lang), "legend": None, "style": {}}
    figure = agent_charts.pauses(frame, lang, theme)
    return {"figure": figure, "note": None, "legend": legend(charts.legend(figure)),
            "style": {"height": f"{figure['layout']['height']}px"}}


def show_names(view: Callable, who: Callable, names: Callable, site: Site | None) -> Any:
    """The table of names, for administrators; nothing for everybody else."""
    if not who().can("admin"):
        return None
    shot = view().snapshot
    return agents.names(who().language, aliases.lines(names()), aliases.loose(shot.persons, shot.extensions))


def save_names(who: Callable, rename: Callable[[Mapping[str, str]], None], clicks: int | None,
               words: str | None) -> Any:
    """Keeps the names, or says which line cannot be kept."""
    lang = who().language
    if not clicks:
        return None
    try:
        rename(aliases.parse(words or ""))
    except aliases.BadAlias as error:
        return agents.said(lang, text(lang, "Not saved: “{text}” {reason}", text=error.text,
                                      reason=text(lang, error.reason)), False)
    except OSError:
        return agents.said(lang, text(lang, "Not saved: the folder of the data cannot be written"), False)
    return agents.said(lang, text(lang, "Saved; it holds already"), True)


def register(on: Callable, view: Callable, who: Callable, names: Callable[[], Mapping[str, str]]) -> None:
    """Wires the page. `on` behaves like `app.callback`; `view()` and `who()` belong to the current request, `names()`
    are the texts that an administrator put under other names."""
    asking = {"filters": Input(shell.filters, "data"), "version": Input(shell.version, "data")}
    drawing = {**asking, "theme": Input(shell.theme, "data")}
    for name, answer in ((ids.empty, show_empty), (ids.kpis, show_kpis), (ids.reasons, show_reasons)):
        on(output=Output(name, "children"), inputs=asking)(partial(answer, view, who))
    for outputs, answer in (({"table": ids.table, "more": ids.more}, show_table), (
            {"table": ids.comparison, "caption": ids.comparison_caption}, show_comparison)):
        on(output={name: Output(place, "children") for name, place in outputs.items()}, inputs=asking)(
            partial(answer, view, who))
    for graph, note, places, more, answer in (
            (ids.gantt, ids.gantt_note, {"legend": ids.gantt_legend, "caption": ids.gantt_caption,
                                         "days": ids.gantt_days}, ("style",), show_gantt),
            (ids.hours, ids.hours_note, {"legend": ids.hours_legend}, (), show_hours),
            (ids.pauses, ids.pauses_note, {"legend": ids.pauses_legend}, ("style",), show_pauses)):
        on(output={"figure": Output(graph, "figure"), "note": Output(note, "children"),
                   **{name: Output(place, "children") for name, place in places.items()},
                   **{name: Output(graph, name) for name in more}}, inputs=drawing)(partial(answer, view, who))
    on(output=Output(ids.names, "children"), inputs={"site": Input(shell.site, "data")})(
        partial(show_names, view, who, names))


def register_saving(on: Callable, who: Callable, rename: Callable[[Mapping[str, str]], None]) -> None:
    """Wires what only administrators may do."""
    on(output=Output(ids.names_said, "children"),
       inputs={"clicks": Input(ids.names_save, "n_clicks"), "words": State(ids.names_text, "value")},
       prevent_initial_call=True)(partial(save_names, who, rename))


def register_clientside(app: Dash) -> None:
    """A bar opens the calls behind it, a call of the day its journey; the functions are in `assets/b-app`."""
    for graph, name in ((ids.hours, "dashboard"), (ids.gantt, "people")):
        app.clientside_callback(
            ClientsideFunction(name, "open_calls" if name == "dashboard" else "open_call"),
            [Output(shell.go, "href", allow_duplicate=True), Output(graph, "clickData")],
            Input(graph, "clickData"), State(graph, "figure"), prevent_initial_call=True)
