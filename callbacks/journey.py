"""One call, found by the address of its page."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from data import call_events, call_filters, journeys
from data.filters import BadFilter
from layouts import journey as page
from layouts import shell
from layouts.journey import ids
from render import addresses
from render.journey import story

Site = Mapping[str, Any]
Recorded = Callable[[Any, list[str]], set[str]]
Records = Callable[[Any, Any], Any]


def unknown(*_: Any) -> None:
    """What call records say where there are none."""


def show_page(view: Callable, who: Callable, recorded: Recorded, records: Records, callid: str | None,
              filters: Site | None, shown: list | None, version: int | None) -> dict:
    """The call of an address. `shown` is what the page shows already, once that is over and does not change."""
    now, lang = view(), who().language
    if not callid or not filters or shown == [callid, filters["query"]]:
        raise PreventUpdate
    found = call_events.journey(now, callid)
    if found is None:
        return {"body": page.gone(lang), "shown": None}
    prefix, query = filters["prefix"], filters["query"]
    before, after, place = neighbours(now, filters, found.callid)

    def href(other: str | None) -> str | None:
        return None if other is None else addresses.page(prefix, f"/calls/{quote(other, safe='')}", query)
    body = page.page(lang, told(now, lang, found, records), audible(now, who, recorded, found),
                     addresses.page(prefix, "/calls", query), href(before), href(after), place)
    return {"body": body, "shown": [callid, query] if over(found) else None}


def neighbours(now: Any, filters: Site, callid: str) -> tuple[str | None, str | None, tuple[int, int] | None]:
    """The calls before and after this one in the list of the address, newest first, and its place there."""
    try:
        chosen = call_filters.parse(parse_qs(filters["query"]), now.today(), filters["default"])
        return journeys.around(now, chosen, callid)
    except BadFilter:
        return None, None, None


def told(now: Any, lang: str, found: Any, records: Records = unknown) -> Any:
    """The call in the reader's words."""
    return story(lang, found, dict(now.queues()), now.moment, now.now(), records(now, found),
                 now.snapshot.site.did_label, now.snapshot.site.options.short_abandon)


def over(found: Any) -> bool:
    """Whether nothing goes on in the call any more."""
    return not found.call["end"].isna().any()


def audible(now: Any, who: Callable, recorded: Recorded, found: Any) -> list[str]:
    """Under which of its callids there is something to hear that this user may hear."""
    there = recorded(now, list(found.callids)) if who().can("recordings") else frozenset()
    return [callid for callid in found.callids if callid in there]


def register(on: Callable, view: Callable, who: Callable, recorded: Recorded, records: Records = unknown) -> None:
    """Wires the page. `recorded(view, callids)` says which of them have audio, `records(view, journey)` what the call
    records know."""
    on(output={"body": Output(ids.body, "children"), "shown": Output(ids.shown, "data")},
       inputs={"callid": Input(ids.callid, "data"), "filters": Input(shell.ids.filters, "data"),
               "shown": State(ids.shown, "data"), "version": Input(shell.ids.version, "data")})(
                   partial(show_page, view, who, recorded, records))


def register_clientside(app: Dash) -> None:
    """What the browser does with a call that was drawn anew: `assets/b-app/calls.js`."""
    app.clientside_callback(ClientsideFunction("calls", "drawn"), Output(ids.ready, "data"),
                            Input(ids.body, "children"))
