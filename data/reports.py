"""The rows of every report, in pieces of any number: what the page shows and what is written into files.

A report has a main table and others that go with it; each is asked for by its name, `rows(view, name, filters)`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from data import call_rows, calls
from data.call_filters import CallFilters
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


def rows(view: View, table: str, filters: CallFilters) -> Rows:
    """The rows of a table of TABLES."""
    return _ASKED[table](view, filters)


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


def _calls(view: View, filters: CallFilters) -> Rows:
    places = calls.order(view, filters)

    def pieces(size: int) -> Iterator[pd.DataFrame]:
        for start in range(0, len(places), size):
            yield calls.read(view, places[start:start + size])
    chosen = call_rows.chosen(view, filters).rows
    seconds = {name: chosen.number(name) for name in ("wait", "talk")}
    return Rows(len(places), pieces, {name: int(values[values >= 0].sum()) for name, values in seconds.items()})


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
    frame = view.by_agent(filters.common)
    frame = frame.assign(asa=frame["asa_sum"] / frame["asa_count"].where(frame["asa_count"] > 0))
    sums = {name: int(frame[name].sum()) for name in ("answered", "transferred", "missed", "ended_by_agent",
                                                      "talk_total", "talks", "asa_sum", "asa_count")}
    total: dict[str, Any] = {**sums, "share": 100.0 if sums["answered"] else None,
                             "avg_talk": sums["talk_total"] / sums["talks"] if sums["talks"] else None,
                             "asa": sums["asa_sum"] / sums["asa_count"] if sums["asa_count"] else None}
    frame["share"] = 100.0 * frame["answered"] / sums["answered"] if sums["answered"] else float("nan")
    return _whole(frame, total)


def _metrics(view: View, filters: CallFilters) -> Rows:
    """A row a metric: `metric`, its value in the period and in the one before."""
    now, before = view.totals(filters.common), view.totals(filters.common.previous())
    return _whole(pd.DataFrame({"metric": list(now), "value": list(now.values()),
                                "before": [before[name] for name in now]}, dtype=object), {})


_ASKED: dict[str, Callable[[View, CallFilters], Rows]] = {
    "metrics": _metrics, "outcomes": _outcomes, "events": _events, "agents": _agents, "calls": _calls,
    "queues": _counted(lambda view, filters: view.by_queue(filters)),
    "days": _counted(lambda view, filters: view.by_day(filters)),
    "hours": _counted(lambda view, filters: view.by_hour(filters)),
    "intervals": _counted(lambda view, filters: view.by_interval(filters)),
}
