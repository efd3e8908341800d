"""Sums made beforehand, so that a question costs the same for a day and for ten years.

`slots` holds one row per 15 minutes, queue and origin with every sum of `measures`; `days` the same per local day as
running totals (a range is the difference of two rows) with the answered waits by bucket, from which percentiles of
long ranges come; `people` one row per local day, queue, origin and agent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from data import calendar, measures
from data.measures import LARGEST, SUMS, indicators
from data.rules import Options
from data.runs import Run

SLOT = 900
THURSDAY = 3  # the day of the week of 1 January 1970, Monday being 0
# Upper edges of the wait buckets in seconds: exact to a minute, 5 s to 5 minutes, then coarser.
EDGES = np.concatenate([np.arange(0, 61), np.arange(65, 301, 5), np.arange(330, 901, 30), np.arange(1200, 7201, 600)])
PEOPLE = ("answered", "talks", "talk_total", "transferred", "asa_count", "asa_sum", "ended_by_agent")
_WIDTH = len(SUMS)


@dataclass
class Slots:
    """Parallel arrays ordered by `slot` (epoch // 900): `day` local day number, `hour` 0-167 of the local week,
    `queue`, `origin` (1 internal), `sums` int32 [SUMS, rows], `largest` int32 [LARGEST, rows]."""

    slot: np.ndarray
    day: np.ndarray
    hour: np.ndarray
    queue: np.ndarray
    origin: np.ndarray
    sums: np.ndarray
    largest: np.ndarray

    @classmethod
    def empty(cls) -> "Slots":
        slot, day, hour, queue, origin = (np.empty(0, dtype=np.int32) for _ in range(5))
        return cls(slot, day, hour, queue, origin, np.empty((_WIDTH, 0), dtype=np.int32),
                   np.empty((len(LARGEST), 0), dtype=np.int32))

    def take(self, rows: slice | np.ndarray) -> "Slots":
        return Slots(self.slot[rows], self.day[rows], self.hour[rows], self.queue[rows], self.origin[rows],
                     self.sums[:, rows], self.largest[:, rows])

    def between(self, first: int, last: int) -> "Slots":
        """Rows with first <= slot < last."""
        low, high = np.searchsorted(self.slot, (first, last))
        return self.take(slice(int(low), int(high)))


def join(*parts: Any) -> Any:
    """Rows of several tables of one kind, one after the other."""
    return type(parts[0])(*(np.concatenate(columns, axis=-1) for columns in zip(
        *(vars(part).values() for part in parts), strict=True)))


def add(where: np.ndarray, values: Sequence[np.ndarray] | np.ndarray, count: int) -> np.ndarray:
    """int64 [rows of values, count]: the columns of `values` added up by `where`."""
    found = np.empty((len(values), count), dtype=np.int64)
    for row, out in zip(values, found, strict=True):
        out[:] = np.bincount(where, weights=row, minlength=count)
    return found


def highest(where: np.ndarray, values: Sequence[np.ndarray] | np.ndarray, count: int) -> np.ndarray:
    """int32 [rows of values, count]: the largest by `where`, -1 where there is none."""
    found = np.full((len(values), count), -1, dtype=np.int32)
    for row, out in zip(values, found, strict=True):
        np.maximum.at(out, where, row)
    return found


class Clock:
    """Local days and hours of slots, worked out once per day."""

    def __init__(self, zone: ZoneInfo):
        self.zone = zone

    def read(self, slot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Day number (days since 1970 of the local date) and hour of the local week (0 Monday 00:00) of each slot."""
        unique, inverse = np.unique(slot, return_inverse=True)
        epochs = unique.astype(np.int64) * SLOT
        clock = epochs + calendar.offsets(epochs, self.zone)  # what the clocks show
        day = (clock // calendar.DAY).astype(np.int32)
        hour = ((day + THURSDAY) % 7 * 24 + clock % calendar.DAY // 3600).astype(np.int32)
        return day[inverse], hour[inverse]


def threshold(run: Run, levels: np.ndarray) -> np.ndarray:
    """Service level of each leg in seconds; `levels` by queue number."""
    return levels[run.number("queue")]


def measure(run: Run, levels: np.ndarray, options: Options) -> dict[str, np.ndarray]:
    """measures.indicators of a run."""
    return indicators(run.number("outcome"), run.number("wait"), run.number("talk"), run.number("transfer_kind"),
                      threshold(run, levels), options)


def slots(run: Run, levels: np.ndarray, options: Options, clock: Clock) -> Slots:
    """The sums of a run by slot, queue and origin."""
    if not run.rows:
        return Slots.empty()
    legs = measure(run, levels, options)
    slot = (run.number("enter") // SLOT).astype(np.int64)
    origin = run.number("internal").astype(np.int64)
    key = (slot << 24) + (run.number("queue").astype(np.int64) << 1) + origin
    unique, inverse = np.unique(key, return_inverse=True)
    sums = add(inverse, [legs[name] for name in SUMS], len(unique))
    largest = highest(inverse, [legs[name].astype(np.int32) for name in LARGEST], len(unique))
    day, hour = clock.read(unique >> 24)
    return Slots((unique >> 24).astype(np.int32), day, hour, ((unique >> 1) & 0x7FFFFF).astype(np.int32),
                 (unique & 1).astype(np.int32), sums.astype(np.int32), largest)


def merge(old: Slots, new: Slots) -> Slots:
    """Both, rows of the same slot, queue and origin added up."""
    if not len(new.slot):
        return old
    cut = int(np.searchsorted(old.slot, new.slot[0]))
    tail = old.take(slice(cut, None))
    both = join(tail, new)
    key = (both.slot.astype(np.int64) << 24) + (both.queue.astype(np.int64) << 1) + both.origin
    unique, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    joined = both.take(first)
    joined.sums = add(inverse, both.sums, len(unique)).astype(np.int32)
    joined.largest = highest(inverse, both.largest, len(unique))
    return join(old.take(slice(0, cut)), joined)


@dataclass
class Days:
    """`first` day number; `running` int64 [days + 1, queues, 2, SUMS] running totals; `largest` int32 [days, queues, 2,
    LARGEST]; `waits` int32 [days + 1, queues, 2, len(EDGES) + 1] running counts of answered waits by bucket."""

    first: int
    running: np.ndarray
    largest: np.ndarray
    waits: np.ndarray

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Row numbers of the days first..last (both included), as far as there are any."""
        count = len(self.running) - 1
        low = min(max(first - self.first, 0), count)
        return low, min(max(last + 1 - self.first, low), count)


def days(table: Slots, queues: int, waits: "Waits") -> Days:
    """Running totals by day of the slots."""
    if not len(table.slot):
        shape = (1, max(queues, 1), 2)
        return Days(0, np.zeros((*shape, _WIDTH), dtype=np.int64), np.full((0, *shape[1:], len(LARGEST)), -1, np.int32),
                    np.zeros((*shape, len(EDGES) + 1), dtype=np.int32))
    first, last = int(table.day.min()), int(table.day.max())
    count = last - first + 1
    where = ((table.day - first).astype(np.int64) * queues + table.queue) * 2 + table.origin
    flat = add(where, table.sums, count * queues * 2).T
    running = np.zeros((count + 1, queues, 2, _WIDTH), dtype=np.int64)
    np.cumsum(flat.reshape(count, queues, 2, _WIDTH), axis=0, out=running[1:])
    largest = highest(where, table.largest, count * queues * 2).T
    counted = np.zeros((count, queues, 2, len(EDGES) + 1), dtype=np.int32)
    np.add.at(counted, (waits.day - first, waits.queue, waits.origin, waits.bucket), waits.count)
    held = np.zeros((count + 1, queues, 2, len(EDGES) + 1), dtype=np.int32)
    np.cumsum(counted, axis=0, out=held[1:])
    return Days(first, running, largest.reshape(count, queues, 2, len(LARGEST)), held)


@dataclass
class Weeks:
    """`first` day number of a Monday; `running` int32 [weeks + 1, 168, 2, SUMS] running totals by hour of the local
    week, all queues together; `largest` int32 [weeks, 168, 2, LARGEST]."""

    first: int
    running: np.ndarray
    largest: np.ndarray

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Numbers of the whole weeks within the days first..last: from the first, up to but without the second."""
        low = max(-(-(first - self.first) // 7), 0)
        return low, max(min((last + 1 - self.first) // 7, len(self.largest)), low)


def weeks(table: Slots) -> Weeks:
    """Running totals by week of the slots."""
    if not len(table.slot):
        return Weeks(0, np.zeros((1, 168, 2, _WIDTH), np.int32), np.full((0, 168, 2, len(LARGEST)), -1, np.int32))
    first = int(table.day.min()) - (int(table.day.min()) + THURSDAY) % 7
    count = (int(table.day.max()) - first) // 7 + 1
    where = ((table.day - first).astype(np.int64) // 7 * 168 + table.hour) * 2 + table.origin
    running = np.zeros((count + 1, 168, 2, _WIDTH), dtype=np.int32)
    np.cumsum(add(where, table.sums, count * 336).T.reshape(count, 168, 2, _WIDTH), axis=0, out=running[1:])
    return Weeks(first, running, highest(where, table.largest, count * 336).T.reshape(count, 168, 2, len(LARGEST)))


@dataclass
class Waits:
    """Answered waits by local day, queue, origin and bucket of EDGES."""

    day: np.ndarray
    queue: np.ndarray
    origin: np.ndarray
    bucket: np.ndarray
    count: np.ndarray

    @classmethod
    def empty(cls) -> "Waits":
        return cls(*(np.empty(0, dtype=np.int32) for _ in range(5)))


@dataclass
class People:
    """Sums by local day, queue, origin and agent, ordered by day: `sums` int32 [PEOPLE, rows]."""

    day: np.ndarray
    queue: np.ndarray
    origin: np.ndarray
    agent: np.ndarray
    sums: np.ndarray

    @classmethod
    def empty(cls) -> "People":
        day, queue, origin, agent = (np.empty(0, dtype=np.int32) for _ in range(4))
        return cls(day, queue, origin, agent, np.empty((len(PEOPLE), 0), dtype=np.int32))

    def take(self, rows: slice | np.ndarray) -> "People":
        return People(self.day[rows], self.queue[rows], self.origin[rows], self.agent[rows], self.sums[:, rows])


@dataclass
class Missed:
    """Calls that agents let ring, by local day, queue and agent."""

    day: np.ndarray
    queue: np.ndarray
    agent: np.ndarray
    count: np.ndarray

    @classmethod
    def empty(cls) -> "Missed":
        return cls(*(np.empty(0, dtype=np.int32) for _ in range(4)))


def missed(tries: Run, options: Options, clock: "Clock") -> Missed:
    """Of attempts (runs.TRIES) those that count as missed (queue_log.md L11: above the noise)."""
    rung = measures.missed(tries.number("kind"), tries.number("ring_ms"), options) & (tries.number("agent") >= 0)
    rows = np.flatnonzero(rung & (tries.number("queue") >= 0))
    if not len(rows):
        return Missed.empty()
    day, _ = clock.read(tries.number("ts")[rows] // SLOT)
    queue = tries.number("queue")[rows].astype(np.int64)
    key = (day.astype(np.int64) << 44) + (queue << 22) + tries.number("agent")[rows]
    unique, count = np.unique(key, return_counts=True)
    return Missed((unique >> 44).astype(np.int32), ((unique >> 22) & 0x3FFFFF).astype(np.int32),
                  (unique & 0x3FFFFF).astype(np.int32), count.astype(np.int32))


@dataclass
class MissedDays:
    """`first` day number; `running` int32 [days + 1, agents] running totals, all queues together."""

    first: int
    running: np.ndarray

    def of(self, first: int, last: int) -> np.ndarray:
        """int64 [agents] of the days first..last."""
        size = len(self.running) - 1
        low = min(max(first - self.first, 0), size)
        high = min(max(last + 1 - self.first, low), size)
        return (self.running[high] - self.running[low]).astype(np.int64)


def missed_days(rows: Missed, agents: int) -> MissedDays:
    """Running totals by day."""
    if not len(rows.day):
        return MissedDays(0, np.zeros((1, max(agents, 1)), dtype=np.int32))
    first = int(rows.day.min())
    count = int(rows.day.max()) - first + 1
    where = (rows.day - first).astype(np.int64) * agents + rows.agent
    running = np.zeros((count + 1, agents), dtype=np.int32)
    np.cumsum(add(where, rows.count[None, :], count * agents).reshape(count, agents), axis=0, out=running[1:])
    return MissedDays(first, running)


@dataclass
class AgentDays:
    """`first` day number; `running` int32 [days + 1, agents, 2, PEOPLE] running totals, all queues together."""

    first: int
    running: np.ndarray


def agent_days(people: People, agents: int) -> AgentDays:
    """Running totals by day of every agent."""
    known = people.take(np.flatnonzero(people.agent >= 0))
    if not len(known.day):
        return AgentDays(0, np.zeros((1, max(agents, 1), 2, len(PEOPLE)), dtype=np.int32))
    first = int(known.day.min())
    count = int(known.day.max()) - first + 1
    where = ((known.day - first).astype(np.int64) * agents + known.agent) * 2 + known.origin
    running = np.zeros((count + 1, agents, 2, len(PEOPLE)), dtype=np.int32)
    np.cumsum(add(where, known.sums, count * agents * 2).T.reshape(count, agents, 2, len(PEOPLE)), axis=0,
              out=running[1:])
    return AgentDays(first, running)


def by_day(run: Run, levels: np.ndarray, options: Options, clock: Clock) -> tuple[Waits, People]:
    """Answered waits by bucket, and sums by agent, of a run."""
    answered = np.flatnonzero(run.number("outcome") == 0)
    if not len(answered):
        return Waits.empty(), People.empty()
    day, _ = clock.read(run.number("enter")[answered] // SLOT)
    queue, origin = run.number("queue")[answered].astype(np.int64), run.number("internal")[answered].astype(np.int64)
    place = (day.astype(np.int64) << 24) + (queue << 1) + origin
    held = run.number("wait")[answered]
    known = held >= 0
    bucket = np.searchsorted(EDGES, held[known])
    unique, count = np.unique((place[known] << 10) + bucket, return_counts=True)
    spot = unique >> 10
    waits = Waits((spot >> 24).astype(np.int32), ((spot >> 1) & 0x7FFFFF).astype(np.int32), (spot & 1).astype(np.int32),
                  (unique & 0x3FF).astype(np.int32), count.astype(np.int32))
    legs = measure(run, levels, options)
    legs["ended_by_agent"] = run.number("end_by") == 1
    agent = run.number("agent")[answered].astype(np.int64) + 1
    unique, inverse = np.unique((place << 22) + agent, return_inverse=True)
    sums = add(inverse, [legs[name][answered] for name in PEOPLE], len(unique)).astype(np.int32)
    spot = unique >> 22
    return waits, People((spot >> 24).astype(np.int32), ((spot >> 1) & 0x7FFFFF).astype(np.int32),
                         (spot & 1).astype(np.int32), ((unique & 0x3FFFFF) - 1).astype(np.int32), sums)
