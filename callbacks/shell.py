"""The frame: filters in the address and back, navigation, freshness, origin count, and what to say on failure."""

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, no_update, set_props
from dash.exceptions import MissingCallbackContextException, PreventUpdate

import logs
from data.filters import PERIODS, BadFilter, Filters, parse, period
from data.snapshot import IMPORTING
from i18n import clock, day, number, text
from layouts import shell
from layouts.parts import failure, here, missing, notice, reading, unread
from layouts.shell import ids
from render.addresses import UNSAID, page

log = logging.getLogger(__name__)
Site = Mapping[str, Any]
Hint = Callable[[], tuple[str, str]]
FILTERS = ("period", "start_date", "end_date", "queue", "agent", "origin", "interval")


def asked(site: Site | None, today: dt.date) -> Filters:
    """The filters of the page as its address says them; nothing happens before the address was read."""
    if not site:
        raise PreventUpdate
    return parse(parse_qs(site["query"]), today, site["default"])


def nothing_read(now: Any, lang: str) -> Any:
    """What stands in the place of a page as long as no line of the log was read; None once there is one."""
    fresh = now.freshness()
    if fresh["data_until"] is not None:
        return None
    if fresh["cause"] == IMPORTING:
        return reading(lang)
    return missing(lang) if fresh["state"] == "empty" else unread(lang, text(lang, fresh["cause"]))


def seen() -> int:
    """The version of the store that the page which asks has seen; 0 when it is no page that asks, or none yet."""
    try:
        known = {**ctx.states, **ctx.inputs}.get(f"{ids.version}.data")
    except (MissingCallbackContextException, LookupError):  # the latter in a thread that has not answered a page yet
        return 0
    return known if isinstance(known, int) else 0


def relative(path: str | None, prefix: str) -> str:
    """`/analytics/calls` without the prefix `/analytics/`: `/calls`."""
    return "/" + (path or "/").removeprefix(prefix.rstrip("/")).strip("/")


def kept(query: str) -> dict[str, list[str]]:
    """The filters of a query string; what else a page has in its address stays behind when the page changes."""
    return {name: values for name, values in parse_qs(query).items() if name in FILTERS}


def changed(query: str, **values: str | Sequence[str] | None) -> str:
    """`query` with some filters replaced; None, nothing, and what goes without saying leave the address.

    Naming a period removes own dates and the other way round.
    """
    given = {**parse_qs(query), **{k: [v] if isinstance(v, str) else list(v or ()) for k, v in values.items()}}
    if values.get("period"):
        given.pop("start_date", None)
        given.pop("end_date", None)
    elif values.get("start_date"):
        given.pop("period", None)
    return urlencode([(k, v) for k, several in given.items() for v in several if UNSAID.get(k) != v])


def options(known: Sequence[tuple[str, str]], chosen: Sequence[str]) -> list[dict[str, str]]:
    """Choices of a list. A chosen value that is not known stays a choice: dropping it would widen the question."""
    names = dict(known)
    return [{"label": label, "value": key} for key, label in known] + [
        {"label": key, "value": key} for key in chosen if key not in names]


def show_filters(view: Callable, who: Callable, address: dict, controls: dict, last: Site | None, site: Site) -> dict:
    """Address and controls follow each other; whichever differs from what was last understood is the one that moved.

    `address` has `search` and `path`; `controls` has queues, agents, origin, start, end. `last` is the previous
    `filters` store: query, path, default, prefix and the dates shown. Answers search, filters, controls, notice.
    """
    still = dict.fromkeys(("search", "filters", "queues", "queue_options", "agents", "agent_options", "origin", "start",
                           "end", "notice"), no_update)
    lang, today = who().language, view().today()
    query = (address["search"] or "").lstrip("?")
    path = relative(address["path"], site["prefix"])
    place = shell.entry(path)
    default = place.default if place else "last_7"
    if last and query == last["query"] and path == last["path"]:
        moved = {"queue": controls["queues"], "agent": controls["agents"], "origin": controls["origin"]}
        if controls["start"] and controls["end"] and [controls["start"], controls["end"]] != last["dates"]:
            moved |= {"start_date": controls["start"], "end_date": controls["end"]}
        query = changed(query, **moved)
        if query == changed(last["query"]):
            raise PreventUpdate
    try:
        filters = parse(parse_qs(query), today, default)
    except BadFilter as error:
        words = text(lang, "The address asks for something that cannot be understood: {parameter} {reason}.",
                     parameter=error.parameter, reason=text(lang, error.reason))
        return still | {"notice": failure(lang, words, here(text(lang, "Show this page without filters"),
                                                            page(site["prefix"], path), className="button"))}
    dates = [filters.start.isoformat(), filters.end.isoformat()]
    filtered = place and place.permission not in ("", "admin")  # other pages have no filter bar
    return still | {
        "search": f"?{query}" if query else "",
        "notice": strange(view(), lang, filters, query, page(site["prefix"], path)) if filtered else None,
        "filters": {"query": query, "path": path, "default": default, "prefix": site["prefix"], "dates": dates},
        "queues": list(filters.queues), "queue_options": options(view().queues(), filters.queues),
        "agents": list(filters.agents), "agent_options": options(view().agents(), filters.agents),
        "origin": filters.origin, "start": dates[0], "end": dates[1]}


def strange(now: Any, lang: str, filters: Filters, query: str, address: str) -> Any:
    """What to say when a filter names only queues that this person does not see, whether they exist or not; None when
    one of them is seen (a colleague's link shows that one), or not all of the log has been read yet."""
    known = {queue.casefold() for queue, _ in now.queues()}
    names = [queue for queue in filters.queues if queue.casefold() not in known]
    fresh = now.freshness()
    if not names or len(names) < len(filters.queues) or fresh["data_until"] is None or fresh["cause"] == IMPORTING:
        return None
    rest = changed(query, queue=[])
    title, body = (text(lang, "The filter names a queue that is not there for you"), text(
        lang, "{queues}: no such queue among those that you see. Nothing of it is shown or counted.", queues=names[0]))
    if len(names) > 1:
        title, body = (text(lang, "The filter names queues that are not there for you"), text(
            lang, "{queues}: no such queues among those that you see. Nothing of them is shown or counted.",
            queues=", ".join(names)))
    return notice("warning", "funnel", title, body, here(text(lang, "Remove it from the filter"), f"{address}?{rest}",
                                                         className="button"))


def named(query: str, default: str, today: dt.date) -> str:
    """The named period of an address, or that of its own dates as long as they are those of one; "" for others. Of
    several with the same days one that is asked for most."""
    given = parse_qs(query)
    if "period" in given or not {"start_date", "end_date"} & given.keys():
        return given.get("period", [default])[0]
    chosen = parse(given, today, default)
    same = [name for name in PERIODS if period(name, today) == (chosen.start, chosen.end)]
    return next((name for name in same if name in shell.SHORT_WORDS), same[0] if same else "")


def show_period(view: Callable, who: Callable, filters: Site | None) -> dict:
    """The period in words, the links to the other ones, and the address that gives someone else the same view."""
    chosen, lang = asked(filters, view().today()), who().language
    here_page = page(filters["prefix"], filters["path"])
    hrefs = {name: f"{here_page}?{changed(filters['query'], period=name)}" for name in PERIODS}
    current = named(filters["query"], filters["default"], view().today())
    # Whoever opens the link tomorrow sees the same days; what else narrows the page goes with them.
    dates = {"start_date": chosen.start.isoformat(), "end_date": chosen.end.isoformat()}
    words = day(lang, chosen.start) if chosen.days == 1 else f"{day(lang, chosen.start)} – {day(lang, chosen.end)}"
    return {"segments": shell.segments(lang, hrefs, current), "presets": shell.presets(lang, hrefs, current),
            "words": words, "copy": f"{here_page}?{changed(filters['query'], **dates)}"}


def show_excluded(view: Callable, who: Callable, filters: Site | None, version: int | None) -> str:
    """How many legs the origin filter removed; nothing when it removed none."""
    chosen, lang = asked(filters, view().today()), who().language
    count = view().excluded_internal(chosen) if chosen.origin != "all" else 0
    if not count:
        return ""
    if chosen.origin == "internal":
        return text(lang, "External left out: {count}", count=number(lang, count))
    return text(lang, "Internal left out: {count}", count=number(lang, count))


def show_navigation(who: Callable, path: str | None, filters: Site | None, site: Site) -> dict:
    """Rail and tabs with the current page marked and the filters in every link; the title of the page."""
    lang, current = who().language, shell.entry(relative(path, site["prefix"]))
    query = urlencode(kept(filters["query"]), doseq=True) if filters else ""
    found = shell.links(lang, site["prefix"], site["pages"], current.path if current else "", query)
    return {"rail": found, "tabs": found, "title": text(lang, current.label) if current else ""}


def no_hint() -> tuple[str, str]:
    """Nothing is wrong beside the log."""
    return "", ""


def show_freshness(view: Callable, who: Callable, ticks: int | None, version: int | None, pulse: str | None,
                   hint: Hint = no_hint) -> dict:
    """Version of the store and age of the data, and what is wrong beside it; says nothing at all when nothing
    changed."""
    now, lang = view(), who().language
    fresh, moment = now.freshness(), now.now()
    beside, href = hint()
    sign = f"{now.version} {fresh['data_until']} {fresh['state']} {fresh['cause']} {moment:%Y%m%d} {beside}".rstrip()
    if sign == pulse:
        raise PreventUpdate
    until = fresh["data_until"]
    words = "" if until is None else clock(lang, until) if until.date() == moment.date() else (
        f"{day(lang, until)} {clock(lang, until)}")
    offset = moment.utcoffset() or dt.timedelta()
    return {"version": no_update if now.version == version else now.version, "pulse": sign,
            "fresh": shell.freshness(
                lang, fresh["state"], words, None if fresh["age"] is None else int(fresh["age"]),
                text(lang, fresh["cause"]) if fresh["cause"] else "", fresh.get("share"),
                {"epoch": int(moment.timestamp()), "offset": int(offset.total_seconds())},
                text(lang, beside) if beside else "", href)}


def on_error(language: Callable[[], str]) -> Callable[[Exception], None]:
    """What the program does when a callback fails: a line in the log, a message with its number on the page.

    The page keeps what it showed. `language` gives the reader's language.
    """
    def say(error: Exception) -> None:
        number_of_error = logs.request_id()
        log.error("callback failed, error %s", number_of_error, exc_info=error)
        lang = language()
        set_props(ids.toast, {"children": failure(lang, text(
            lang, "Something failed on the server (error {id}). What you see is the last good answer; try again, and "
            "if it stays tell your administrator this number.", id=number_of_error))})
    return say


def register(on: Callable, view: Callable, who: Callable, hint: Hint = no_hint) -> None:
    """Wires the shell. `on` behaves like `app.callback`; `view()` and `who()` belong to the current request."""
    on(output={"search": Output(ids.url, "search"), "filters": Output(ids.filters, "data"),
               "queues": Output(ids.queues, "value"), "queue_options": Output(ids.queues, "options"),
               "agents": Output(ids.agents, "value"), "agent_options": Output(ids.agents, "options"),
               "origin": Output(ids.origin, "value"), "start": Output(ids.range, "start_date"),
               "end": Output(ids.range, "end_date"), "notice": Output(ids.notice, "children")},
       inputs={"address": {"search": Input(ids.url, "search"), "path": Input(ids.url, "pathname")},
               "controls": {"queues": Input(ids.queues, "value"), "agents": Input(ids.agents, "value"),
                            "origin": Input(ids.origin, "value"), "start": Input(ids.range, "start_date"),
                            "end": Input(ids.range, "end_date")},
               "last": State(ids.filters, "data"), "site": State(ids.site, "data")})(partial(show_filters, view, who))
    on(output={"segments": Output(ids.segments, "children"), "presets": Output(ids.presets, "children"),
               "words": Output(ids.range_words, "children"), "copy": Output(ids.copy, "data-copy")},
       inputs={"filters": Input(ids.filters, "data")})(partial(show_period, view, who))
    on(output=Output(ids.excluded, "children"),
       inputs={"filters": Input(ids.filters, "data"), "version": Input(ids.version, "data")},
       )(partial(show_excluded, view, who))
    on(output={"rail": Output(ids.rail, "children"), "tabs": Output(ids.tabs, "children"),
               "title": Output(ids.title, "children")},
       inputs={"path": Input(ids.url, "pathname"), "filters": Input(ids.filters, "data"),
               "site": State(ids.site, "data")})(partial(show_navigation, who))
    on(output={"version": Output(ids.version, "data"), "pulse": Output(ids.pulse, "data"),
               "fresh": Output(ids.fresh, "children")},
       inputs={"ticks": Input(ids.tick, "n_intervals"), "version": State(ids.version, "data"),
               "pulse": State(ids.pulse, "data")})(partial(show_freshness, view, who, hint=hint))


def register_clientside(app: Dash) -> None:
    """Wires what the browser does alone; the functions are in `assets/b-app/app.js`."""
    app.clientside_callback(ClientsideFunction("shell", "theme"), Output(ids.theme, "data"),
                            Input(ids.theme_switch, "n_clicks"))
