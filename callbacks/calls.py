"""Llamadas: the address says which calls, the list asks for rows as it is scrolled, a click opens one of them."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks import journey
from callbacks.journey import Recorded
from callbacks.shell import changed, nothing_read
from data import call_events, call_filters, calls, journeys
from data.call_filters import EVERYBODY, NONE, CallFilters, Sort
from data.call_rows import rings
from data.filters import BadFilter
from i18n import duration, number, text, weekday
from layouts import calls as page
from layouts import journey as journey_page
from layouts import shell
from layouts.calls import BLOCK, SPANS, ids
from layouts.parts import failure, here, no_calls, notice
from render import addresses, call_rows
from render.agent_cards import UNKNOWN
from render.call_rows import ENDED_BY, UNITS
from render.words import OUTCOMES, mark

Site = Mapping[str, Any]

SWITCHES = (("has_recording", mark("With recording")), ("transferred", mark("Transferred")),
            ("short", mark("Short abandons")), ("within_sl", mark("Within the service level")))
OFTEN = ("answered", "abandoned", "timeout", "exit_key", "exit_empty", "in_progress")
LOST = (("lost", "true"), ("recovered", "false"))
QUESTIONS = {"legs": calls, "calls": journeys}
_FAR = 1 << 40  # rows: more than there will ever be
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):([0-5]\d)|(\d{1,7})")


def asked(site: Site | None, now: Any) -> CallFilters:
    """The filters of the list as its address says them; nothing happens before the address was read."""
    if not site:
        raise PreventUpdate
    return call_filters.parse(parse_qs(site["query"]), now.today(), site["default"])


def unit_of(query: str) -> str:
    """legs or calls: what a row is."""
    return "calls" if parse_qs(query).get("unit") == ["calls"] else "legs"


def order_of(request: Mapping[str, Any], unit: str) -> Sort:
    """The order that the grid asks for; columns nobody may sort by are passed over."""
    known, model, found = QUESTIONS[unit].SORTS, request.get("sortModel"), dict[str, bool]()
    for one in model if isinstance(model, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("colId"), str) and one["colId"] in known:
            found.setdefault(one["colId"], one.get("sort") == "desc")
    return tuple(found.items())[:call_filters.SORTS] or calls.NEWEST


def rows_of(request: Mapping[str, Any]) -> tuple[int, int]:
    """First row and the one behind the last that the grid asks for, however much somebody else asks for."""
    start, stop = (int(row) if isinstance(row, int | float) and 0 <= row < _FAR else 0 for row in (
        request.get("startRow"), request.get("endRow")))
    return start, min(max(stop, start), start + 5 * BLOCK)


def seconds(word: str) -> str | None:
    """`1:30` or `90` as seconds; None for what is neither. An empty word is no limit."""
    found = _CLOCK.fullmatch(word.strip())
    if not word.strip():
        return ""
    if not found:
        return None
    hours, minutes, rest, plain = (int(part or 0) for part in found.groups())
    return str(plain + hours * 3600 + minutes * 60 + rest)


def typed(query: str) -> dict[str, Any]:
    """What the fields show for an address, even for one that cannot be understood."""
    given = parse_qs(query)

    def first(name: str) -> str:
        return given.get(name, [""])[0].strip()

    def span(word: str) -> str:
        return duration(int(word)) if re.fullmatch("[0-9]{1,9}", word) else word
    return {"q": first("q"), "did": ", ".join(word.strip() for word in given.get("did", ())),
            "ended_by": [word for word in given.get("ended_by", ()) if word in ENDED_BY],
            **{name: span(first(name)) for name, _ in SPANS}}


# -- what narrows the list -------------------------------------------------------------------------


def show_bar(view: Callable, who: Callable, links: Callable, filters: Site | None) -> dict:
    """The controls as the address says, and a grid of the right kind."""
    now, lang = view(), who().language
    try:
        chosen = asked(filters, now)
    except BadFilter:
        chosen = None
    query = filters["query"]
    unit = unit_of(query)
    base = addresses.page(filters["prefix"], filters["path"])
    hrefs = {name: f"{base}?{changed(query, unit=None if name == 'legs' else name)}" for name in UNITS}
    return {
        "unit": page.units(lang, hrefs, unit), "chips": _chips(lang, base, query, chosen) if chosen else [],
        "words": typed(query),
        "exports": page.exports(lang, links(lang, chosen, unit)) if chosen and who().can("downloads") else []}


def show_note(view: Callable, who: Callable, filters: Site | None, version: int | None) -> Any:
    """What stands in the place of the list when it cannot be shown or would be empty; None when there are calls."""
    now, lang = view(), who().language
    try:
        chosen = asked(filters, now)
        if calls.total(now, chosen):
            return None
    except BadFilter as error:
        words = text(lang, "The address asks for something that cannot be understood: {parameter} {reason}.",
                     parameter=error.parameter, reason=text(lang, error.reason))
        return failure(lang, words, here(text(lang, "Show this page without filters"),
                                         addresses.page(filters["prefix"], filters["path"]), className="button"))
    base, query = addresses.page(filters["prefix"], filters["path"]), filters["query"]
    unread = nothing_read(now, lang)
    if unread is not None:
        return unread
    others = 0 if chosen.plain else calls.total(now, CallFilters(**vars(chosen.common)))
    if others:
        body = text(lang, "One queue visit of this period is left out.") if others == 1 else text(
            lang, "{count} queue visits of this period are left out.", count=number(lang, others))
        return notice("quiet", "funnel", text(lang, "No call matches these filters"), body, here(
            text(lang, "Remove all"), f"{base}?{_without(query, chosen)}", className="button"))
    nearest = now.nearest(chosen.common)
    day = nearest.isoformat() if nearest else None
    return no_calls(lang, nearest, f"{base}?{changed(_without(query, chosen), start_date=day, end_date=day)}")


def _without(query: str, chosen: CallFilters) -> str:
    """The address without anything that narrows beyond the common filters."""
    return changed(query, **dict.fromkeys(name for name, _ in chosen.own()))


def show_grid(who: Callable, filters: Site | None, made: Site | None) -> dict:
    """A grid with the columns of the unit; the one that is there stays while that is the same."""
    if not filters:
        raise PreventUpdate
    lang, unit = who().language, unit_of(filters["query"])
    if made and made["unit"] == unit:
        raise PreventUpdate
    return {"list": page.grid(lang, unit, who().can("recordings")), "made": {"unit": unit},
            "columns": page.columns(lang, unit)}


def _chips(lang: str, base: str, query: str, chosen: CallFilters) -> list:
    """Filters to switch with a click, and those that came with a link."""
    def href(**values: Any) -> str:
        return f"{base}?{changed(query, **values)}"

    known = []
    roles = {one.key: one for one in OUTCOMES}
    for key in (*OFTEN, *(one for one in chosen.outcomes if one not in OFTEN)):
        on = key in chosen.outcomes
        rest = [one for one in chosen.outcomes if one != key] if on else [*chosen.outcomes, key]
        known.append((text(lang, roles[key].label), roles[key].role, href(outcome=rest), on))
    for name, words in SWITCHES:
        on = getattr(chosen, name) is True
        known.append((text(lang, words), "", href(**{name: None if on else "true"}), on))
    on = chosen.lost is True and chosen.recovered is False
    known.append((text(lang, "To be called back"), "", href(**{n: None if on else v for n, v in LOST}), on))
    given = [(words, href(**dict.fromkeys(names))) for words, names in _given(lang, chosen, on)]
    several = sum(on for *_, on in known) + len(given) > 1
    return page.chips(lang, known, given, f"{base}?{_without(query, chosen)}" if several else None)


def _given(lang: str, chosen: CallFilters, to_call: bool) -> list[tuple[str, tuple[str, ...]]]:
    """Filters that no switch shows, in words, with the names that they have in the address."""
    found: list[tuple[str, tuple[str, ...]]] = []
    if chosen.q:
        found.append((text(lang, "Search: {words}", words=chosen.q), ("q",)))
    if chosen.caller:
        found.append((text(lang, "Number: {number}", number=chosen.caller), ("caller",)))
    if chosen.callid:
        found.append((text(lang, "Call id: {callids}", callids=chosen.callid), ("callid",)))
    if chosen.dids:
        found.append((f"DID: {', '.join(text(lang, UNKNOWN) if d == NONE else d for d in chosen.dids)}", ("did",)))
    if chosen.ended_by:
        found.append((text(lang, "Ended by: {who}", who=", ".join(text(lang, ENDED_BY[w]) for w in chosen.ended_by)),
                      ("ended_by",)))
    if chosen.missed_by:
        found.append((text(lang, "Missed by: {who}", who=", ".join(
            text(lang, "anybody") if a == EVERYBODY else call_rows.plain(a) for a in chosen.missed_by)),
                      ("missed_by",)))
    for words, names, span in ((mark("Wait: {span}"), ("min_wait", "max_wait"), chosen.waits),
                               (mark("Talk: {span}"), ("min_talk", "max_talk"), chosen.talks)):
        if span != (None, None):
            found.append((text(lang, words, span=_span(*span)), names))
    if chosen.positions != (None, None):
        low, high = chosen.positions
        place = f"≤ {high}" if low is None else f"≥ {low}" if high is None else f"{low}" if low == high else (
            f"{low} – {high}")
        place = text(lang, UNKNOWN) if high == 0 else place
        found.append((text(lang, "Left at place {places}", places=place), ("min_position", "max_position")))
    if chosen.weekdays:
        found.append((", ".join(weekday(lang, one) for one in chosen.weekdays), ("weekday",)))
    if chosen.hours:
        found.append((", ".join(f"{one:02}:00–{one + 1:02}:00" for one in chosen.hours), ("hour",)))
    said = dict(chosen.own())
    if "from" in said or "to" in said:
        found.append((f"{said.get('from', '…')} – {said.get('to', '…')}", ("from", "to")))
    for name, words in (("has_recording", mark("Without recording")), ("transferred", mark("Not transferred")),
                        ("short", mark("No short abandons")), ("within_sl", mark("Not within the service level"))):
        if getattr(chosen, name) is False:
            found.append((text(lang, words), (name,)))
    if not to_call:
        for name, yes, no in (("lost", mark("Lost"), mark("Not lost")),
                              ("recovered", mark("Recovered"), mark("Not recovered"))):
            if getattr(chosen, name) is not None:
                found.append((text(lang, yes if getattr(chosen, name) else no), (name,)))
    return found


def _span(low: int | None, high: int | None) -> str:
    if low is None:
        return f"≤ {duration(high)}"
    return f"≥ {duration(low)}" if high is None else f"{duration(low)} – {duration(high)}"


def narrow(filters: Site | None, given: Site | None) -> str:
    """The address after somebody wrote in some of the fields (`given`, by name) or chose; a word that cannot be a
    duration changes nothing, nor does a maximum below its minimum or one that the address says already."""
    if not filters or not isinstance(given, Mapping):
        raise PreventUpdate
    shown, moved = typed(filters["query"]), dict[str, Any]()
    for name, said in shown.items():
        word = given.get(name)
        word = word.strip() if isinstance(word, str) else word
        if word == said or not isinstance(word, type(said)):
            continue
        if name == "did":
            word = [one.strip() for one in word.split(",") if one.strip()]
        elif name == "ended_by":
            word = [one for one in word if isinstance(one, str) and one in ENDED_BY]
        elif name != "q":
            word = seconds(word)
            if word is None:
                continue
        moved[name] = word or None
    for pair in (("min_wait", "max_wait"), ("min_talk", "max_talk")):
        low, high = (moved[name] if name in moved else seconds(shown[name]) for name in pair)
        if low and high and int(low) > int(high):
            moved = {name: word for name, word in moved.items() if name not in pair}
    query = changed(filters["query"], **moved)
    if query == changed(filters["query"]):
        raise PreventUpdate
    return f"?{query}" if query else ""


# -- the list --------------------------------------------------------------------------------------


def show_count(view: Callable, who: Callable, filters: Site | None, version: int | None) -> list:
    """How many there are, and in one sentence why visits and calls are not the same number."""
    now, lang = view(), who().language
    try:
        chosen = asked(filters, now)
        found = journeys.count(now, chosen)
        removed = calls.excluded_internal(now, chosen)
        rang = rings(now, chosen)
    except BadFilter:
        return []
    legs, whole, several = found["legs"], found["calls"], found["several"]
    if not legs:
        return []
    if legs == 1:
        said = text(lang, "One queue visit of one call.")
    elif whole == 1:
        said = text(lang, "{legs} queue visits of one call.", legs=number(lang, legs))
    else:
        said = text(lang, "{legs} queue visits of {calls} calls.", legs=number(lang, legs), calls=number(lang, whole))
    if several == 1:
        said += " " + text(lang, "One call visited a queue more than once: every visit counts for its queue, "
                           "a customer lives one call.")
    elif several:
        said += " " + text(lang, "{several} calls visited a queue more than once: every visit counts for its queue, "
                           "a customer lives one call.", several=number(lang, several))
    if rang:
        said += " " + (text(lang, "A phone rang in vain once.") if rang == 1 else text(
            lang, "A phone rang in vain {count} times.", count=number(lang, rang)))
    if removed:
        said += " " + text(lang, "The origin filter leaves out {removed}.", removed=number(lang, removed))
    return [said]


def show_rows(view: Callable, who: Callable, recorded: Recorded, request: Site | None, filters: Site | None,
              version: int | None = None) -> dict:
    """A block of the list."""
    if not isinstance(request, Mapping):
        raise PreventUpdate
    now, lang = view(), who().language
    unit = unit_of((filters or {}).get("query", ""))
    try:
        found, total = QUESTIONS[unit].page(now, asked(filters, now), order_of(request, unit), *rows_of(request))
    except BadFilter:
        return {"rowData": [], "rowCount": 0}
    audio = recorded(now, call_rows.callids(found)) if who().can("recordings") else frozenset()
    make = call_rows.legs if unit == "legs" else call_rows.calls
    return {"rowData": make(lang, found, audio, now.snapshot.site.options.short_abandon), "rowCount": total}


def show_total(view: Callable, filters: Site | None, version: int | None) -> dict:
    """How many legs and rows the list has now, for the browser: it asks again when they became more, and in the
    running day with every `mark`, because calls that go on change too."""
    now = view()
    try:
        chosen = asked(filters, now)
        found = journeys.count(now, chosen)
        return {"query": filters["query"], "total": found["legs"], "rows": found[unit_of(filters["query"])],
                "mark": now.version if chosen.end >= now.today() else None}
    except BadFilter:
        raise PreventUpdate from None


# -- one call --------------------------------------------------------------------------------------


def show_panel(view: Callable, who: Callable, recorded: Recorded, records: journey.Records, chosen: Site | None,
               filters: Site | None, shown: Site | None, version: int | None) -> dict:
    """The call of the row that was clicked, beside the list; one that goes on is told anew when the log has grown."""
    if not chosen:
        return {"panel": None, "shown": None}
    if shown == chosen:
        raise PreventUpdate
    now, lang = view(), who().language
    found = call_events.journey(now, str(chosen["callid"]))
    if found is None:
        return {"panel": journey_page.gone(lang), "shown": None}
    query = filters["query"] if filters else ""
    href = addresses.page(filters["prefix"] if filters else "/", f"/calls/{quote(found.callid, safe='')}", query)
    return {"panel": journey_page.panel(
        lang, journey.told(now, lang, found, records), journey.audible(now, who, recorded, found), href,
        int(chosen["index"]), int(chosen["rows"])), "shown": chosen if journey.over(found) else None}


def register(on: Callable, view: Callable, who: Callable, recorded: Recorded, links: Callable,
             records: journey.Records = journey.unknown) -> None:
    """Wires the page. `recorded(view, callids)` says which of them have audio; `links(lang, filters, unit)` gives
    words and addresses of downloads."""
    filters, version = Input(shell.ids.filters, "data"), Input(shell.ids.version, "data")
    said = State(shell.ids.filters, "data")
    on(output={"unit": Output(ids.unit, "children"), "chips": Output(ids.chips, "children"),
               "words": Output(ids.words, "data"), "exports": Output(ids.exports, "children")},
       inputs={"filters": filters})(partial(show_bar, view, who, links))
    on(output=Output(ids.note, "children"), inputs={"filters": filters, "version": version})(
        partial(show_note, view, who))
    on(output={"list": Output(ids.list, "children"), "made": Output(ids.made, "data"),
               "columns": Output(ids.columns, "children")},
       inputs={"filters": filters, "made": State(ids.made, "data")})(partial(show_grid, who))
    on(output=Output(ids.address, "data"),
       inputs={"given": Input(ids.typed, "data"), "filters": said}, prevent_initial_call=True)(narrow)
    on(output=Output(ids.count, "children"), inputs={"filters": filters, "version": version})(
        partial(show_count, view, who))
    on(output=Output(ids.grid, "getRowsResponse"),
       inputs={"request": Input(ids.grid, "getRowsRequest"), "filters": said,
               "version": State(shell.ids.version, "data")})(partial(show_rows, view, who, recorded))
    on(output=Output(ids.total, "data"), inputs={"filters": filters, "version": version})(partial(show_total, view))
    on(output={"panel": Output(ids.panel, "children"), "shown": Output(ids.shown, "data")},
       inputs={"chosen": Input(ids.chosen, "data"), "filters": said, "shown": State(ids.shown, "data"),
               "version": version}, prevent_initial_call=True)(partial(show_panel, view, who, recorded, records))


def register_clientside(app: Dash) -> None:
    """What the browser does with the grid: `assets/b-app/calls.js`."""
    app.clientside_callback(ClientsideFunction("calls", "ready"), Output(ids.ready, "data"), Input(ids.made, "data"))
    app.clientside_callback(ClientsideFunction("calls", "reload"), Output(ids.ready, "data", allow_duplicate=True),
                            Input(shell.ids.filters, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction("calls", "go"), Output(ids.ready, "data", allow_duplicate=True),
                            Input(ids.address, "data"), prevent_initial_call=True)
    for name in (ids.chips, ids.unit, ids.panel):
        app.clientside_callback(ClientsideFunction("calls", "drawn"),
                                Output(ids.ready, "data", allow_duplicate=True), Input(name, "children"),
                                prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction("calls", "fill"), *(
        Output(name, "value") for name in (ids.ended_by, ids.search, ids.did, *(one for _, one in SPANS))),
        Input(ids.words, "data"))
    app.clientside_callback(ClientsideFunction("calls", "ended"), Output(ids.ready, "data", allow_duplicate=True),
                            Input(ids.ended_by, "value"), State(ids.words, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction("calls", "grown"), Output(ids.seen, "data"), Input(ids.total, "data"),
                            State(ids.seen, "data"))
