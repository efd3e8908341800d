"""Rows and sums behind every question: which legs a user's filters mean, and what they add up to."""

import datetime as dt
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data import calendar, cubes, history, measures, runs
from data.filters import Filters
from data.measures import LARGEST, SUMS
from data.runs import Rows, Run
from data.snapshot import Snapshot

EPOCH = dt.date(1970, 1, 1)
Sums = dict[str, np.ndarray]
ORIGINS = {"external": [0], "internal": [1], "all": [0, 1]}
Recorded = Callable[[dt.date, dt.date], Collection[str]]  # first and last local day -> callids


def _named(sums: np.ndarray, largest: np.ndarray) -> Sums:
    """Sums and extremes by name; the last axis are measures.SUMS and measures.LARGEST."""
    return {**{name: sums[..., i] for i, name in enumerate(SUMS)},
            **{name: largest[..., i] for i, name in enumerate(LARGEST)}}


def _added(where: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """int64 [count]: numbers, or how often something is true, added up by `where`."""
    if values.dtype == bool:
        return np.bincount(where if values.all() else where[np.flatnonzero(values)], minlength=count)
    return np.bincount(where, weights=values, minlength=count).astype(np.int64)


@dataclass(frozen=True)
class Named:
    """Sums and extremes by text."""

    texts: list[str]
    sums: Sums

    @property
    def nbytes(self) -> int:
        return 64 * len(self.texts) * (2 + len(self.sums))

    def plus(self, other: "Named") -> tuple[list[str], Sums]:
        """Both, texts in the order in which they came."""
        words = runs.Words(list(self.texts))
        place = np.array([words.number(text) for text in other.texts], dtype=np.int64)
        added: Sums = {}
        for name, values in self.sums.items():
            whole = np.full(len(words.texts), 0 if name in SUMS else -1, dtype=np.int64)
            whole[:len(values)] = values
            whole[place] = whole[place] + other.sums[name] if name in SUMS else np.maximum(
                whole[place], other.sums[name])
            added[name] = whole
        return words.texts, added


@dataclass(frozen=True)
class Tally:
    """A snapshot within the queues that are allowed (`queues_allowed` None means all); numbers are masked unless
    `numbers`. `recorded` knows the callids with recordings, where somebody looks for them."""

    snapshot: Snapshot
    clock: Callable[[], float]
    queues_allowed: frozenset[str] | None = None
    numbers: bool = True
    recorded: Recorded | None = None

    @property
    def zone(self) -> ZoneInfo:
        return self.snapshot.site.zone

    def mine(self, queue: str) -> bool:
        """Whether a queue of that name is allowed."""
        return self.queues_allowed is None or queue.casefold() in {q.casefold() for q in self.queues_allowed}

    # -- the rows of a question ------------------------------------------------------------------

    def _codes(self, wanted: tuple[str, ...]) -> np.ndarray:
        """Raw codes of the queues asked for, within those allowed."""
        spelled = self.snapshot.queue_spelling
        chosen = {q.casefold() for q in wanted}
        return spelled.codes([q for q in spelled.names if self.mine(q) and (not chosen or q.casefold() in chosen)])

    def allowed(self) -> np.ndarray:
        """Raw codes of every queue that is allowed."""
        return self._codes(())

    def codes(self, filters: Filters) -> np.ndarray:
        """Raw codes of the queues of these filters, within those allowed."""
        return self._codes(filters.queues)

    def answer(self, question: str, filters: Filters, make: Callable[[], Any]) -> Any:
        """The answer to a question of this version and user, worked out once."""
        return self._answer(question, filters, make)

    def _origins(self, origin: str) -> list[int]:
        return ORIGINS[origin]

    def _days(self, filters: Filters) -> tuple[int, int]:
        return (filters.start - EPOCH).days, (filters.end - EPOCH).days

    def settled(self, question: Hashable, filters: Filters, make: Callable[[Sequence[Run]], Any]) -> Any:
        """What `make` finds in the legs of the history, worked out once for all versions that show it. It may depend on
        the range, the origin, the queues, the agents and the identities behind them; whatever else it depends on must
        be in the `question`. What it gives has `nbytes`."""
        shot, settled = self.snapshot, self.snapshot.history
        queues, agents = self._codes(filters.queues), len(settled.agents.texts)
        chosen = shot.agent_spelling.codes(filters.agents) if filters.agents else None
        key = (question, calendar.bounds(filters, self.zone), filters.origin,
               queues[queues < len(settled.queues.texts)].tobytes(), None if chosen is None else chosen.tobytes(),
               shot.agent_spelling.of[:agents].tobytes(),
               shot.queue_spelling.of[:len(settled.queues.texts)].tobytes(), str(self.zone))
        return settled.memo(key, lambda: make(settled.runs))

    def legs(self, filters: Filters, of: Sequence[Run] | None = None) -> Rows:
        """Legs of the range and filters: columns of runs.SCHEMA, in order of enter within each run; of all runs of the
        snapshot, or of some of them."""
        shot, start, end = self.snapshot, *calendar.bounds(filters, self.zone)
        queues, origins = self._codes(filters.queues), self._origins(filters.origin)
        everything = len(queues) == len(shot.queue_words.texts)
        agents = shot.agent_spelling.codes(filters.agents) if filters.agents else None

        def keep(run: Any, chosen: Any) -> np.ndarray | bool:
            good: np.ndarray | bool = True
            if len(origins) == 1:
                good = good & (run.number("internal")[chosen] == origins[0])
            if not everything:
                good = good & np.isin(run.number("queue")[chosen], queues)
            return good if agents is None else good & np.isin(run.number("agent")[chosen], agents)
        return runs.between(shot.legs if of is None else of, "enter", start, end).keep(keep)

    def legs_of(self, *callids: str) -> Rows:
        """Every leg of these calls within the queues that are allowed, whatever its time: nobody's filter hides a part
        of a journey. Empty for a callid that the user may not know."""
        # Half a surrogate, which no log can have, is no text for the comparison.
        queues, wanted = self.allowed(), pa.array([one.encode("utf-8", "replace").decode() for one in callids],
                                                  pa.large_string())
        everything = len(queues) == len(self.snapshot.queue_words.texts)

        def keep(run: Any, chosen: Any) -> np.ndarray:
            named = pc.or_(*(pc.equal(run.text(name), wanted[0]) if len(wanted) == 1 else pc.is_in(
                run.text(name), value_set=wanted) for name in ("callid", "callid_enter")))
            good = named.to_numpy(zero_copy_only=False)[chosen]
            return good if everything else good & np.isin(run.number("queue")[chosen], queues)
        return runs.whole(self.snapshot.legs).keep(keep)

    def _answer(self, question: str, filters: Filters, make: Callable[[], Any]) -> Any:
        return self.snapshot.memo((question, filters, self.queues_allowed), make)

    # -- sums ------------------------------------------------------------------------------------

    def measured(self, rows: Rows) -> Sums:
        """What each of these legs adds to every sum."""
        levels = self.snapshot.shelf.levels(self.snapshot.queue_words)
        return measures.indicators(rows.number("outcome"), rows.number("wait"), rows.number("talk"),
                                   rows.number("transfer_kind"), levels[rows.number("queue")],
                                   self.snapshot.site.options)

    def _by_queue(self, filters: Filters) -> Sums:
        """Sums per raw queue code of the whole range."""
        if filters.summed:
            return _named(*self.snapshot.day_sums(*self._days(filters), self._origins(filters.origin)))
        if not filters.agents and filters.days > 1:
            whole, last = map(self._by_queue, filters.apart())
            return {name: values + last[name] if name in SUMS else np.maximum(values, last[name])
                    for name, values in whole.items()}
        rows = self.legs(filters)
        return self._group(rows, rows.number("queue").astype(np.int64), len(self.snapshot.queue_words.texts))

    def named(self, column: str, filters: Filters) -> tuple[list[str], Sums]:
        """Sums and extremes of the legs of the filters by the text in that column: the texts, and a number of each."""
        def found(of: Sequence[Run]) -> Named:
            rows = self.legs(filters, of)
            where, texts = rows.coded(column)
            return Named(texts, self._group(rows, where, len(texts)))
        site = self.snapshot.site
        old = self.settled(("named", column, history.sums(site)), filters, found)
        return old.plus(found([self.snapshot.tail]))

    def frame(self, sums: Sums) -> pd.DataFrame:
        """Sums by name with everything that is computed from them, as columns."""
        return pd.DataFrame({**sums, **measures.rates(sums, self.snapshot.site.wrapup)})

    def _group(self, rows: Rows, where: np.ndarray, count: int) -> Sums:
        legs = self.measured(rows)
        found = {name: _added(where, legs[name], count) for name in SUMS}
        for name in LARGEST:
            found[name] = np.full(count, -1, dtype=np.int64)
            np.maximum.at(found[name], where, legs[name])
        return found

    def _binned(self, filters: Filters, place: Callable[[np.ndarray, np.ndarray], np.ndarray], count: int) -> Sums:
        """Sums per bin; `place(slot, hour)` gives the bin of a quarter hour (epoch // 900, hour of the local week)."""
        shot, (start, end) = self.snapshot, calendar.bounds(filters, self.zone)
        if not filters.summed:
            rows = self.legs(filters)
            slot = rows.number("enter") // cubes.SLOT
            return self._group(rows, place(slot, shot.shelf.clock.read(slot)[1]), count)
        queues, origins = self._codes(filters.queues), self._origins(filters.origin)
        sums, largest = np.zeros((len(SUMS), count), np.int64), np.full((len(LARGEST), count), -1, np.int64)
        for part in shot.slots(start, end):
            if not len(part.slot):
                continue
            where = place(part.slot.astype(np.int64), part.hour)
            if len(queues) < len(shot.queue_words.texts):
                where = np.where(np.isin(part.queue, queues), where, count)  # the others: a bin more
            if len(origins) == 1:
                where = np.where(part.origin == origins[0], where, count)
            sums += cubes.add(where, part.sums, count + 1)[:, :count]
            largest = np.maximum(largest, cubes.highest(where, part.largest, count + 1)[:, :count])
        return _named(sums.T, largest.T)

    def _daily(self, filters: Filters) -> Sums:
        """Sums per day of the range, from the running totals."""
        shot, origins, queues = self.snapshot, self._origins(filters.origin), self._codes(filters.queues)
        days, (first, last) = shot.history.days, self._days(filters)
        sums = np.zeros((filters.days, len(SUMS)), np.int64)
        largest = np.full((filters.days, len(LARGEST)), -1, np.int64)
        known = queues[queues < days.running.shape[1]]
        low, high = days.span(first, last)
        if high > low:
            at = slice(days.first + low - first, days.first + high - first)
            for origin in origins:
                sums[at] += np.diff(days.running[low:high + 1, known, origin].sum(axis=1), axis=0)
                largest[at] = np.maximum(largest[at], days.largest[low:high, known, origin].max(axis=1, initial=-1))
        tail = shot.tail_slots
        where = np.where((tail.day >= first) & (tail.day <= last) & np.isin(tail.queue, queues)
                         & np.isin(tail.origin, origins), tail.day - first, filters.days)
        sums += cubes.add(where, tail.sums, filters.days + 1)[:, :-1].T
        return _named(sums, np.maximum(largest, cubes.highest(where, tail.largest, filters.days + 1)[:, :-1].T))

    def _weekly(self, filters: Filters) -> Sums:
        """Sums per hour of the local week: whole weeks from the running totals, the days around by quarter hour."""
        shot, weeks = self.snapshot, self.snapshot.history.weeks
        first, last = self._days(filters)
        low, high = weeks.span(first, last)
        if high <= low or not filters.summed or len(self._codes(filters.queues)) < len(shot.queue_words.texts):
            return self._binned(filters, lambda _, hour: hour, 168)
        origins = self._origins(filters.origin)
        sums = (weeks.running[high] - weeks.running[low])[:, origins].sum(axis=1).astype(np.int64)
        largest = weeks.largest[low:high][:, :, origins].max(axis=(0, 2))
        whole = (weeks.first + 7 * low, weeks.first + 7 * high - 1)
        start, end = calendar.bounds(filters, self.zone)
        parts = shot.slots(start, end)
        edges = np.searchsorted(parts[0].day, (whole[0], whole[1] + 1))
        around = [parts[0].take(slice(0, int(edges[0]))), parts[0].take(slice(int(edges[1]), None)), parts[1]]
        for part in around:
            where = np.where(np.isin(part.origin, origins), part.hour, 168)
            sums += cubes.add(where, part.sums, 169)[:, :168].T
            largest = np.maximum(largest, cubes.highest(where, part.largest, 169)[:, :168].T)
        return _named(sums, largest)

    def _whole(self, filters: Filters) -> Sums:
        """Sums of the whole range, arrays of one element."""
        by_queue, queues = self._by_queue(filters), self._codes(filters.queues)
        return {name: np.array([values[queues].sum() if name in SUMS else values[queues].max(initial=-1)])
                for name, values in by_queue.items()}

    def _by_person(self, filters: Filters, queues: np.ndarray, origins: list[int]) -> np.ndarray:
        """int64 [agents, cubes.PEOPLE] of the range; agents are identities."""
        assert filters.until is None  # of a day that is cut nobody asks
        shot, spelled, (first, last) = self.snapshot, self.snapshot.agent_spelling, self._days(filters)
        count = len(spelled.names)
        sums = np.zeros((count, len(cubes.PEOPLE)), dtype=np.int64)
        parts = shot.people_of_tail(first, last)
        if len(queues) == len(shot.queue_words.texts):
            days = shot.history.agent_days
            size = len(days.running) - 1
            low = min(max(first - days.first, 0), size)
            high = min(max(last + 1 - days.first, low), size)
            known = (days.running[high] - days.running[low])[:, origins].sum(axis=1)
            np.add.at(sums, spelled.of[:len(known)], known[:len(spelled.of)])
        else:
            parts = shot.people(first, last)
        for part in parts:
            good = np.isin(part.queue, queues) & np.isin(part.origin, origins) & (part.agent >= 0)
            where = np.where(good, spelled.of[np.maximum(part.agent, 0)] if count else 0, count)
            sums += cubes.add(where, part.sums, count + 1)[:, :count].T
        return sums

    def _missed(self, filters: Filters, queues: np.ndarray) -> np.ndarray:
        """Calls that an agent let ring, int64 per identity."""
        assert filters.until is None  # of a day that is cut nobody asks
        shot, spelled, (first, last) = self.snapshot, self.snapshot.agent_spelling, self._days(filters)
        found = np.zeros(len(spelled.names), dtype=np.int64)
        parts = [shot.tail_missed]
        if len(queues) == len(shot.queue_words.texts):
            known = shot.history.missed_days.of(first, last)
            np.add.at(found, spelled.of[:len(known)], known[:len(spelled.of)])
        else:
            parts.append(shot.history.missed)
        for part in parts:
            keep = np.flatnonzero((part.day >= first) & (part.day <= last) & np.isin(part.queue, queues))
            np.add.at(found, spelled.of[part.agent[keep]], part.count[keep])
        return found
