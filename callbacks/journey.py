"""One call, found by the address of its page."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote

from dash import Input, Output, ctx, no_update
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


def show_page(view: Callable, who: Callable, recorded: Recorded, callid: str | None, filters: Site | None,
              version: int | None) -> Any:
    """The call of an address."""
    now, lang = view(), who().language
    if not callid or not filters:
        raise PreventUpdate
    found = call_events.journey(now, callid)
    if found is None:
        return page.gone(lang)
    if ctx.triggered_id == shell.ids.version and not found.call["end"].isna().any():
        return no_update  # what is over does not change
    prefix, query = filters["prefix"], filters["query"]
    before, after, place = neighbours(now, filters, found.callid)

    def href(other: str | None) -> str | None:
        return None if other is None else addresses.page(prefix, f"/calls/{quote(other, safe='')}", query)
    return page.page(lang, told(now, lang, found), audible(now, who, recorded, found),
                             addresses.page(prefix, "/calls", query), href(before), href(after), place)


def neighbours(now: Any, filters: Site, callid: str) -> tuple[str | None, str | None, tuple[int, int] | None]:
    """The calls before and after this one in the list of the address, newest first, and its place there."""
    try:
        chosen = call_filters.parse(parse_qs(filters["query"]), now.today(), filters["default"])
        return journeys.around(now, chosen, callid)
    except BadFilter:
        return None, None, None


def told(now: Any, lang: str, found: Any) -> Any:
    """The call in the reader's words."""
    return story(lang, found, dict(now.queues()), now.moment, now.now())


def audible(now: Any, who: Callable, recorded: Recorded, found: Any) -> bool:
    """Whether there is something to hear that this user may hear."""
    return who().can("recordings") and bool(recorded(now, list(found.callids)))


def register(on: Callable, view: Callable, who: Callable, recorded: Recorded) -> None:
    """Wires the page. `recorded(view, callids)` says which of them have audio."""
    on(output=Output(ids.body, "children"),
       inputs={"callid": Input(ids.callid, "data"), "filters": Input(shell.ids.filters, "data"),
               "version": Input(shell.ids.version, "data")})(partial(show_page, view, who, recorded))
