"""The rows of every report, in pieces of any number: what the page shows and what is written into files.

A report has a main table and others that go with it; each is asked for by its name, `rows(view, name, filters)`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from data import agent_questions, call_rows, calls, journeys, memory
from data.call_filters import CallFilters, Sort
from data.calls import NEWEST
from data.filters import Filters
from data.measures import SUMS
from data.view import View

# The tables of each report; the first is the one that a file of one table has.
TABLES = {
    "general": ("metrics", "outcomes", "queues", "agents", "days"),
    "calls": ("calls", "outcomes"),
    "queues": ("queues",),
    "agents": ("agents",),
    "daily": ("days",),
    "hourly": ("hours",),
    "intervals": ("intervals",),
    "events": ("events",),
}
TYPES = tuple(TABLES)
UNITS = {"legs": "calls", "calls": "journeys"}  # what a row of the list of calls is
SORTS = {"calls": calls.SORTS, "journeys": journeys.SORTS}
# Reports about the calls of a list, which may be narrowed further than the common filters.
NARROW = frozenset({"calls", "events"})


@dataclass(frozen=True)
class Rows:
    """`count` rows; `pieces(size)` gives them as frames of at most `size`. `total` has the value below a column by
    its key, `constants` what is added to rates that are computed from the columns (`wrapup`, seconds)."""

    count: int
    pieces: Callable[[int], Iterator[pd.DataFrame]]
    total: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)

    def head(self, count: int) -> pd.DataFrame:
        """The first rows; an empty frame when there are none."""
        return next(self.pieces(count), pd.DataFrame())


def tables(report: str, unit: str = "legs") -> tuple[str, ...]:
    """The tables of a report; the list of calls may be one of journeys."""
    return tuple(UNITS[unit] if name == "calls" else name for name in TABLES[report])


def rows(view: View, table: str, filters: CallFilters, sort: Sort = NEWEST) -> Rows:
    """The rows of a table (`tables`); `sort` is the order of a list of calls."""
    return _LISTED[table](view, filters, sort) if table in _LISTED else _ASKED[table](view, filters)


def totals(view: View, report: str, filters: CallFilters) -> dict[str, float | int | None]:
    """Every total of what a report is about."""
    return calls.totals(view, filters) if report in NARROW else view.totals(filters.common)


def _whole(frame: pd.DataFrame, total: Mapping[str, Any], **constants: float) -> Rows:
    def pieces(size: int) -> Iterator[pd.DataFrame]:
        for start in range(0, len(frame), size):
            yield frame.iloc[start:start + size]
    return Rows(len(frame), pieces, total, constants)


def _counted(ask: Callable[[View, Filters], pd.DataFrame]) -> Callable[[View, CallFilters], Rows]:
    """A table of sums by queue, day, hour or interval: below it stand the totals of the period."""
    def asked(view: View, filters: CallFilters) -> Rows:
        total = view.totals(filters.common)
        rest = sum(total[name] or 0 for name in ("withdrawn", "interrupted", "unknown"))
        frame = ask(view, filters.common)
        frame = frame.assign(others=frame["withdrawn"] + frame["interrupted"] + frame["unknown"])
        sums = {name: int(frame[name].sum()) for name in SUMS}  # those that the totals leave out
        return _whole(frame, {**sums, **total, "others": rest}, wrapup=view.snapshot.site.wrapup)
    return asked


def _pieces(places: Any, read: Callable[[Any], pd.DataFrame]) -> Callable[[int], Iterator[pd.DataFrame]]:
    def pieces(size: int) -> Iterator[pd.DataFrame]:
        for start in range(0, len(places), size):
            if start:
                memory.let_go()  # of a long list as much is held at its end as at its beginning
            yield read(places[start:start + size])
    return pieces


def _calls(view: View, filters: CallFilters, sort: Sort) -> Rows:
    places, chosen = calls.order(view, filters, sort), call_rows.chosen(view, filters).rows
    seconds = {name: chosen.number(name) for name in ("wait", "talk")}
    return Rows(len(places), _pieces(places, lambda some: calls.read(view, some)),
                {name: int(values[values >= 0].sum()) for name, values in seconds.items()})


def _journeys(view: View, filters: CallFilters, sort: Sort) -> Rows:
    numbers, found = journeys.order(view, filters, sort), journeys.gathered(view, filters)
    seconds = {name: getattr(found, name)[numbers] for name in ("wait", "talk")}
    total = {name: int(values[values >= 0].sum()) for name, values in seconds.items()}

    def read(some: Any) -> pd.DataFrame:
        frame = journeys.read(view, found, some)
        return frame.assign(**{name: [" → ".join(words) for words in frame[name]]
                               for name in ("queue_names", "agent_names")})
    return Rows(len(numbers), _pieces(numbers, read), {**total, "legs": int(found.legs[numbers].sum())})


def _outcomes(view: View, filters: CallFilters) -> Rows:
    total = calls.totals(view, filters)
    offered = total["offered"] or 0
    names = ("answered", "abandoned", "timeout", "exit_key", "exit_empty", "withdrawn", "in_progress", "interrupted",
             "unknown")
    frame = pd.DataFrame({"outcome": names, "count": [total[name] for name in names]})
    frame["share"] = 100.0 * frame["count"] / offered if offered else float("nan")
    return _whole(frame, {"count": offered, "share": 100.0 if offered else None})


def _events(view: View, filters: CallFilters) -> Rows:
    frame = calls.dispositions(view, filters)
    whole = int(frame["count"].sum())
    frame = frame.assign(share=100.0 * frame["count"] / whole if whole else float("nan"))
    return _whole(frame, {"count": whole, "share": 100.0 if whole else None})


def _agents(view: View, filters: CallFilters) -> Rows:
    """Everybody with calls or time. `busy` and `ready` are the seconds that an occupancy can be computed from."""
    frame = agent_questions.by_agent(view, filters.common)
    waits = view.by_agent(filters.common)[["agent", "asa_sum", "asa_count", "talks"]]
    frame = frame.merge(waits, "left", "agent").fillna({"asa_sum": 0, "asa_count": 0, "talks": 0})
    frame = frame.merge(agent_questions.staffing(view, filters.common), "left", "agent")
    frame = frame.assign(asa=frame["asa_sum"] / frame["asa_count"].where(frame["asa_count"] > 0))
    sums: dict[str, Any] = {name: int(frame[name].sum()) for name in (
        "answered", "transferred", "missed", "ended_by_agent", "talk_total", "talks", "asa_sum", "asa_count", "busy",
        "ready", "login", "pause")}
    frame["share"] = 100.0 * frame["answered"] / sums["answered"] if sums["answered"] else float("nan")
    for name, over, under, scale in (("avg_talk", "talk_total", "talks", 1), ("asa", "asa_sum", "asa_count", 1),
                                     ("occupancy", "busy", "ready", 100)):
        sums[name] = scale * sums[over] / sums[under] if sums[under] else None
    return _whole(frame, {**sums, "share": 100.0 if sums["answered"] else None})


def _metrics(view: View, filters: CallFilters) -> Rows:
    """A row a metric: `metric`, its value in the period and in the one before."""
    now, before = view.totals(filters.common), view.totals(filters.common.previous(view.now()))
    frame = pd.DataFrame({"metric": list(now), "value": list(now.values()), "before": [before[n] for n in now]},
                         dtype=object)
    return Rows(len(frame), lambda size: iter([frame]))  # whole, however small: they are shown in another order


_LISTED: dict[str, Callable[[View, CallFilters, Sort], Rows]] = {"calls": _calls, "journeys": _journeys}
_ASKED: dict[str, Callable[[View, CallFilters], Rows]] = {
    "metrics": _metrics, "outcomes": _outcomes, "events": _events, "agents": _agents,
    "queues": _counted(lambda view, filters: view.by_queue(filters)),
    "days": _counted(lambda view, filters: view.by_day(filters)),
    "hours": _counted(lambda view, filters: view.by_hour(filters)),
    "intervals": _counted(lambda view, filters: view.by_interval(filters)),
}
