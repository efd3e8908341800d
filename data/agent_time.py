"""The time of people: connected, on pause, busy; always the union, so that nobody is counted twice in one second.

Time is not filtered by the origin of calls: whoever talks to a colleague is busy too. With queues chosen it is the time
spent in those queues. Nothing is known beyond the newest line of the log: there every open span ends.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd

from data import calendar, frames, spans
from data.filters import Filters
from data.runs import between
from data.shifts import GLOBAL, Stretch
from data.tally import Tally

LOOK_BACK = 6 * 3600  # a call that was answered may have entered this long before


def bounds(view: Tally, filters: Filters) -> tuple[int, int]:
    """First second of the range and first one after it, as far as anything is known."""
    start, end = calendar.bounds(filters, view.zone)
    return start, max(min(end, now(view)), start)


def now(view: Tally) -> int:
    """The moment up to which anything is known."""
    until = view.snapshot.data_until
    return int(view.clock()) if until is None else min(until, int(view.clock()))


def chosen(view: Tally, filters: Filters) -> np.ndarray:
    """bool per person of snapshot.persons: asked about, and known to this user."""
    people = view.snapshot.persons
    mine = np.ones(len(people), dtype=bool)
    if view.queues_allowed is not None:
        mine &= np.isin(people, [key for key, _ in view.agents()])  # type: ignore[attr-defined]
    return mine & np.isin(people, filters.agents) if filters.agents else mine


def counts(view: Tally, filters: Filters, queue: str) -> bool:
    """Whether sessions and pauses of a queue count under these filters; those for all queues always do."""
    wanted = {name.casefold() for name in filters.queues}
    return queue in GLOBAL or (view.mine(queue) and (not wanted or queue.casefold() in wanted))


def _stretch(view: Tally, filters: Filters, kind: int, reasons: Collection[str] | None = None) -> Stretch:
    shot = view.snapshot
    shifts = shot.shifts[kind]
    mine = chosen(view, filters)
    person = np.array([shot.person[shot.who.identity(name)] for name in shifts.agents], dtype=np.int64)
    person = np.where(mine[person], person, -1)
    start, end = bounds(view, filters)
    return shifts.among(start, end, now(view), person, lambda queue: counts(view, filters, queue), reasons)


def sessions(view: Tally, filters: Filters) -> Stretch:
    """Sessions that touch the range, each queue its own."""
    return _stretch(view, filters, 0)


def pauses(view: Tally, filters: Filters, reasons: Collection[str] | None = None) -> Stretch:
    """Pauses that touch the range, each queue its own."""
    return _stretch(view, filters, 1, reasons)


def online(view: Tally, filters: Filters) -> pd.DataFrame:
    """Connected in at least one queue: `who` (number of snapshot.persons), `start`, `end` within the range."""
    return view.answer("online", filters, lambda: spans.union(sessions(view, filters).spans(*bounds(view, filters))))


def resting(view: Tally, filters: Filters) -> pd.DataFrame:
    """On pause in at least one queue."""
    return view.answer("resting", filters, lambda: spans.union(pauses(view, filters).spans(*bounds(view, filters))))


def paused(view: Tally, filters: Filters) -> pd.DataFrame:
    """On pause while connected; of those who leave no session in the log, every pause."""
    def make() -> pd.DataFrame:
        inside, rest = online(view, filters), resting(view, filters)
        static = rest[~rest["who"].isin(inside["who"].unique())]
        return pd.concat([spans.common(rest, inside), static], ignore_index=True)
    return view.answer("paused", filters, make)


def talks(view: Tally, filters: Filters) -> pd.DataFrame:
    """Every call of these people that touches the range, whatever its origin: `who`, `start` (when it was answered, the
    beginning of the range at the earliest), `end`, ordered as the legs are."""
    shot, (start, end) = view.snapshot, bounds(view, filters)
    queues, mine = view.codes(filters), chosen(view, filters)
    person = np.where(mine[:len(shot.agent_spelling.names)], np.arange(len(shot.agent_spelling.names)), -1)
    rows = between(shot.legs, "enter", start - LOOK_BACK, end)
    agent, queue = rows.number("agent"), rows.number("queue")
    connect, talk = rows.number("connect"), rows.number("talk")
    going = (rows.number("outcome") == frames.OUTCOME["in_progress"]) & (connect >= 0)
    finish = np.where(going, now(view), connect + talk)
    good = (agent >= 0) & (connect >= 0) & ((talk >= 0) | going) & (connect < end) & (finish > start)
    if len(queues) < len(shot.queue_words.texts):
        good &= np.isin(queue, queues)
    keep = np.flatnonzero(good)
    who = person[shot.agent_spelling.of[agent[keep]]] if len(keep) else np.empty(0, np.int64)
    known = who >= 0
    keep, who = keep[known], who[known]
    return pd.DataFrame({"who": who, "start": np.maximum(connect[keep].astype(np.int64), start),
                         "end": finish[keep].astype(np.int64)}, copy=False)


def busy(view: Tally, filters: Filters) -> pd.DataFrame:
    """Talking, or working after a call for the configured seconds."""
    def make() -> pd.DataFrame:
        table, (_, end) = talks(view, filters), bounds(view, filters)
        table["end"] = np.minimum(table["end"] + view.snapshot.site.wrapup, end)
        return spans.union(table)
    return view.answer("busy", filters, make)


def seconds(table: pd.DataFrame, people: int) -> np.ndarray:
    """int64 seconds per person."""
    return np.bincount(table["who"].to_numpy(dtype=np.int64), weights=table["end"] - table["start"],
                       minlength=people).astype(np.int64)
