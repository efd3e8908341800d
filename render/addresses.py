"""Where a number leads: addresses of pages with exactly the filters behind it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote, urlencode

from data.call_filters import EVERYBODY
from data.filters import Filters

# What the API assumes when nothing is said; leaving it out keeps links short.
UNSAID = {"origin": "external", "interval": "60"}


def page(prefix: str, path: str, query: str = "") -> str:
    """`/analytics/calls?queue=600` from the prefix `/analytics/`, the path `/calls` and a query without `?`."""
    return prefix + path.lstrip("/") + (f"?{query}" if query else "")


def calls(prefix: str, filters: Filters, **extra: str | tuple[str, ...]) -> str:
    """The list of calls behind a number; `extra` narrows it (`outcome`, `from`, `to`, `weekday`, `queue`…).

    A word that is reserved in Python may be given with a trailing underscore (`from_`).
    """
    more = {name.rstrip("_"): value for name, value in extra.items() if value}
    pairs = [pair for pair in filters.pairs()
             if pair[0] not in more and pair[0] != "interval" and UNSAID.get(pair[0]) != pair[1]]
    for name, value in more.items():
        pairs += [(name, value)] if isinstance(value, str) else [(name, one) for one in value]
    return page(prefix, "/calls", urlencode(pairs))


def missed(prefix: str, filters: Filters, *agents: str) -> str:
    """The calls during which phones of these agents, or of anybody, rang in vain: attempts have no origin."""
    return calls(prefix, replace(filters, agents=()), missed_by=agents or EVERYBODY, origin="all")


def call(prefix: str, callid: str) -> str:
    """The journey of one call."""
    return page(prefix, "/calls/" + quote(callid, safe=""))


def agent(prefix: str, filters: Filters, key: str) -> str:
    """The page of one agent in the same period."""
    pairs = [p for p in filters.pairs() if p[0] in ("start_date", "end_date", "queue")]
    return page(prefix, "/agents/" + quote(key, safe=""), urlencode(pairs))


def slot(start: dt.datetime, end: dt.datetime) -> str:
    """Query fragment of the legs that entered from `start` until `end` (local, end excluded; 24:00 ends a day). On a
    day on which the clock is changed an hour may come twice: with their zone the moments say which one is meant."""
    last = end - dt.timedelta(microseconds=1)
    until = "24:00" if end.date() != start.date() else f"{end:%H:%M}"
    pairs = [("start_date", f"{start:%Y-%m-%d}"), ("end_date", f"{last:%Y-%m-%d}")]
    if end - start < dt.timedelta(hours=23):
        pairs += [("from", start.isoformat()), ("to", end.isoformat())] if _changes(start.date(), start.tzinfo) else [
            ("from", f"{start:%H:%M}"), ("to", until)]
    # As urlencode would write digits and these signs: a long chart has thousands of slots.
    return "&".join(f"{name}={value}" for name, value in pairs).replace(":", "%3A").replace("+", "%2B")


@lru_cache(4096)
def _changes(day: dt.date, zone: dt.tzinfo | None) -> bool:
    """Whether the clock is changed on that day; unknown without a zone."""
    first = dt.datetime.combine(day, dt.time(), zone)
    return first.utcoffset() != (first + dt.timedelta(days=1)).utcoffset()  # days are added by the calendar


def weeks(filters: Filters, least: int = 14, days: int = 56) -> Filters:
    """The range of a weekday pattern: the period itself, or the eight weeks up to its end when it is too short."""
    return filters if filters.days >= least else replace(filters, start=filters.end - dt.timedelta(days=days - 1))


def export(prefix: str, report: str, form: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The address of a report as a file (excel, pdf, csv), for exactly these filters."""
    query = urlencode([pair for pair in pairs if pair[0] not in UNSAID or UNSAID[pair[0]] != pair[1]])
    return page(prefix, f"/api/reports/export/{report}/{form}", query)


def exports(prefix: str, report: str, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Words and addresses of a report as files that programs read on."""
    return [(words, export(prefix, report, form, pairs)) for words, form in (("CSV", "csv"), ("Excel", "excel"))]
