"""The list of calls as journeys, the view of a customer: all legs of one call are one row.

Legs belong together that share a callid; where a transfer swapped callids (rule L3), those that the leg itself ties.
A filter means the journeys that have such a leg; what is said of a journey is said of all its legs that the user may
see, so that nobody's filter makes a call shorter than it was.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data import calendar, call_rows, calls, frames, runs
from data.call_filters import CallFilters, Sort
from data.calls import NEWEST
from data.ordering import Key, Numbers, doubtful, refine
from data.runs import Rows
from data.view import View

COLUMNS = ("callid", "enter", "caller", "caller_name", "did", "queues", "queue_names", "agents", "agent_names",
           "outcome", "wait", "talk", "legs", "end", "transfer", "internal", "callids")
SORTS = tuple(name for name in COLUMNS if name not in ("queue_names", "agent_names", "callids"))
AROUND = 86_400  # seconds around the days asked for in which the other legs of a call are looked for
# Columns of the first leg, and those of the leg that says how the call ended.
_FIRST = {"callid": "callid", "enter": "enter", "caller": "caller_orig", "caller_name": "caller_name", "did": "did",
          "queues": "queue", "internal": "internal"}
_FINAL = {"agents": "agent", "outcome": "outcome"}


@dataclass
class Journeys:
    """`places`: numbers of legs (runs.places), those of a journey one after the other in the order of time; `heads`
    where each journey begins. By journey: `final`, the leg that says how it ended, and seconds of `wait` and `talk`
    together (-1 unknown), the last `end` (-1 while it goes on), whether `moved` by a transfer."""

    places: np.ndarray
    heads: np.ndarray
    final: np.ndarray
    wait: np.ndarray
    talk: np.ndarray
    end: np.ndarray
    moved: np.ndarray

    @property
    def nbytes(self) -> int:
        return sum(values.nbytes for values in vars(self).values())

    @property
    def legs(self) -> np.ndarray:
        """How many legs each has."""
        return np.diff(np.append(self.heads, len(self.places)))


def count(view: View, filters: CallFilters) -> dict[str, int]:
    """`legs` and `calls` of these filters, and `several`: how many of the calls have more than one of these legs."""
    found, mine = _matching(view, filters)
    each = _each(mine.astype(np.int32), found, np.add)
    return {"legs": int(each.sum()), "calls": int((each > 0).sum()), "several": int((each > 1).sum())}


def page(view: View, filters: CallFilters, sort: Sort = NEWEST, start: int = 0,
         stop: int = 100) -> tuple[pd.DataFrame, int]:
    """Rows start..stop of the journeys of these filters in this order (COLUMNS), and how many there are."""
    numbers = order(view, filters, sort)
    return read(view, gathered(view, filters), numbers[max(start, 0):max(stop, 0)]), len(numbers)


def around(view: View, filters: CallFilters, callid: str,
           sort: Sort = NEWEST) -> tuple[str | None, str | None, tuple[int, int] | None]:
    """Callids of the journeys before and after the one with this callid in the list of these filters, and its place and
    how many there are; None where there is none."""
    numbers, found = order(view, filters, sort), gathered(view, filters)
    mine = np.isin(found.places, runs.places(view.legs_of(callid), view.snapshot.legs))
    spots = np.flatnonzero(mine)
    if not len(spots):
        return None, None, None
    place = np.flatnonzero(numbers == np.searchsorted(found.heads, spots[0], side="right") - 1)
    if not len(place):
        return None, None, None
    at = int(place[0])

    def named(index: int) -> str | None:
        if not 0 <= index < len(numbers):
            return None
        return str(read(view, found, numbers[index:index + 1])["callid"].iloc[0])
    return named(at - 1), named(at + 1), (at, len(numbers))


def order(view: View, filters: CallFilters, sort: Sort = NEWEST) -> np.ndarray:
    """int32 numbers of the journeys of these filters, in order; equal ones newest first."""
    def make() -> np.ndarray:
        found, mine = _matching(view, filters)
        chosen = np.flatnonzero(_each(mine, found, np.logical_or))
        newest = np.arange(len(chosen))[::-1]  # journeys stand in the order in which they began
        if sort == NEWEST:
            return chosen[newest].astype(np.int32)
        return chosen[refine(newest, [(_column(view, found, chosen, name), falling) for name, falling in sort])[0]
                      ].astype(np.int32)
    key = call_rows.chosen(view, filters).key
    found: np.ndarray = view.snapshot.places(("order of journeys", sort, key), make)
    return found


def gathered(view: View, filters: CallFilters) -> Journeys:
    """All journeys with legs in the days of these filters or near them."""
    return view.snapshot.places(("journeys", filters.start, filters.end, view.queues_allowed),
                                lambda: gather(view, _around(view, filters)))


def _around(view: View, filters: CallFilters) -> Rows:

    start, end = calendar.bounds(filters, view.zone)
    queues = view.allowed()
    rows = view.snapshot.between(start - AROUND, end + AROUND)
    if len(queues) == len(view.snapshot.queue_words.texts):
        return rows
    return rows.keep(lambda run, chosen: np.isin(run.number("queue")[chosen], queues))


def gather(view: View, rows: Rows) -> Journeys:
    """The journeys of these legs, in the order in which they began."""
    oldest = np.argsort(rows.number("enter"), kind="stable")
    leader = _leaders(view, rows, oldest)
    order = np.argsort(leader, kind="stable")
    if not len(order):
        none = np.empty(0, dtype=np.int32)
        return Journeys(none, none, none, none, none, none, none)
    ordered = leader[order]
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    order = oldest[order]
    groups, heads = _Groups(first, len(order)), order[first]

    def fold(name: str, how: np.ufunc, made: Callable[[np.ndarray], np.ndarray] = lambda values: values) -> np.ndarray:
        values = made(rows.number(name))
        return groups.fold(values[heads], values[order[groups.inner]], how)

    places = runs.places(rows, view.snapshot.legs)[order]
    final = first.copy()
    final[groups.several] = groups.last(rows.number("outcome")[order[groups.inner]] == frames.OUTCOME["answered"])
    going = fold("outcome", np.logical_or, lambda values: values == frames.OUTCOME["in_progress"])
    wait, talk = (groups.add(rows.number(name)[heads], rows.number(name)[order[groups.inner]])
                  for name in ("wait", "talk"))
    return Journeys(places, first.astype(np.int32), places[final], wait, talk,
                    np.where(going, -1, fold("call_end", np.maximum)),
                    fold("transfer_kind", np.logical_or, lambda values: values > 0))


class _Groups:
    """Journeys of legs that stand one after the other and begin at `first`. Nearly all have one leg; only those of the
    others, `inner`, are looked at again."""

    def __init__(self, first: np.ndarray, count: int):
        legs = np.diff(first, append=count)
        self.several = np.flatnonzero(legs > 1)
        begin, sizes = first[self.several], legs[self.several]
        self.starts = np.cumsum(sizes) - sizes
        self.inner = np.arange(int(sizes.sum())) + np.repeat(begin - self.starts, sizes)
        self.begin, self.sizes = begin, sizes

    def fold(self, heads: np.ndarray, inner: np.ndarray, how: np.ufunc) -> np.ndarray:
        """What `how` makes of the values of each journey, given those of the heads and those of `inner`."""
        if len(self.several):
            heads[self.several] = how.reduceat(inner, self.starts)
        return heads

    def add(self, heads: np.ndarray, inner: np.ndarray) -> np.ndarray:
        """Seconds of each journey that are known; -1 where none is."""
        if len(self.several):
            known = np.add.reduceat(np.maximum(inner, 0).astype(np.int64), self.starts)
            heads[self.several] = np.where(np.maximum.reduceat(inner, self.starts) >= 0, known, -1)
        return heads

    def last(self, good: np.ndarray) -> np.ndarray:
        """Of the journeys with several legs the place of the last leg that is `good`, else of the last one."""
        if not len(self.several):
            return self.begin
        found = np.maximum.reduceat(np.where(good, self.inner, -1), self.starts)
        return np.where(found >= 0, found, self.begin + self.sizes - 1)


def _leaders(view: View, rows: Rows, oldest: np.ndarray) -> np.ndarray:
    """Of each leg, in the order of time (`oldest`), the place of the first leg of its journey."""
    leader = np.arange(len(oldest))
    place = np.empty(len(oldest), dtype=np.int64)
    place[oldest] = leader
    marks = [np.empty(0, np.uint64), *(run.marks("callid")[chosen] for run, chosen in rows.parts)]
    several = np.sort(place[doubtful(np.concatenate(marks))])
    alike, heads = refine(oldest[several], [(calls.column(view, rows, "callid"), False)])
    if len(alike):
        leader[place[alike]] = place[alike[heads]][np.cumsum(heads) - 1]
    return _tied(rows, place, leader)


def _tied(rows: Rows, place: np.ndarray, leader: np.ndarray) -> np.ndarray:
    """The same, journeys joined where a leg entered under one callid and went on under another."""
    swapped = np.flatnonzero(rows.number("flags") & frames.FLAG["relinked"])
    if not len(swapped):
        return leader
    entered = rows.text("callid_enter").take(pa.array(swapped)).to_pylist()
    callid = rows.text("callid")
    hits = np.flatnonzero(pc.is_in(callid, value_set=pa.array(sorted(set(entered)), pa.large_string())).to_numpy())
    known = dict(zip(callid.take(pa.array(hits)).to_pylist(), leader[place[hits]].tolist(), strict=True))
    root: dict[int, int] = {}

    def find(number: int) -> int:
        while number in root:
            number = root[number]
        return number
    for text, number in zip(entered, leader[place[swapped]].tolist(), strict=True):
        one, other = find(number), find(known.setdefault(text, number))
        if one != other:
            root[max(one, other)] = min(one, other)
    joined = np.flatnonzero(np.isin(leader, list(root)))
    leader[joined] = [find(number) for number in leader[joined].tolist()]
    return leader


def _matching(view: View, filters: CallFilters) -> tuple[Journeys, np.ndarray]:
    """The journeys, and of each leg of them whether the filters mean it."""
    found, shot = gathered(view, filters), view.snapshot
    marked = np.zeros(sum(run.rows for run in shot.legs), dtype=bool)
    marked[runs.places(call_rows.chosen(view, filters).rows, shot.legs)] = True
    return found, marked[found.places]


def _each(mine: np.ndarray, found: Journeys, how: np.ufunc) -> np.ndarray:
    """What `how` makes of the legs of each journey."""
    groups = _Groups(found.heads, len(mine))
    return groups.fold(mine[found.heads], mine[groups.inner], how)


class _Placed:
    """A column of legs to sort journeys by: `stands` is where the leg of each journey stands among the rows."""

    def __init__(self, key: Key, stands: np.ndarray):
        self.key, self.stands = key, stands

    def level(self, number: int, rows: np.ndarray) -> np.ndarray | None:
        return self.key.level(number, self.stands[rows])


def _column(view: View, found: Journeys, chosen: np.ndarray, name: str) -> Key:
    if name in ("wait", "talk", "end", "legs"):
        return Numbers(getattr(found, name)[chosen])
    if name == "transfer":
        return Numbers(found.moved[chosen].astype(np.int8))
    legs = found.places[found.heads[chosen]] if name in _FIRST else found.final[chosen]
    rows, stands = runs.at(view.snapshot.legs, legs)
    return _Placed(calls.column(view, rows, {**_FIRST, **_FINAL}[name]), stands)


def read(view: View, found: Journeys, numbers: np.ndarray) -> pd.DataFrame:
    """Journeys by their numbers, in that order (COLUMNS). `queues` are those visited, `agents` those who answered,
    `callids` all under which the call went: each a list in the order of time."""
    count = found.legs[numbers] if len(found.heads) else np.empty(0, dtype=np.int64)
    spots = np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(found.heads[n], found.heads[n] + c)
                                                           for n, c in zip(numbers, count, strict=True))])
    legs = calls.read(view, found.places[spots])
    legs["journey"] = np.repeat(np.arange(len(numbers)), count)
    first = legs.drop_duplicates("journey").reset_index(drop=True)
    final = calls.read(view, found.final[numbers])
    unknown = {name: np.where(getattr(found, name)[numbers] >= 0, getattr(found, name)[numbers], np.nan)
               for name in ("wait", "talk")}
    last = found.end[numbers]

    made = {
        **{name: first[name] for name in ("callid", "enter", "caller_name", "did", "internal")},
        "caller": first["caller_orig"].where(first["caller_orig"] != "", first["caller"]),
        **{f"{name}s": _lists(legs, name, len(numbers)) for name in ("queue", "queue_name", "agent", "agent_name")},
        "outcome": final["outcome"], **unknown, "legs": count,
        "end": pd.Series(calendar.local(last, view.zone)).where(last >= 0), "transfer": found.moved[numbers],
        "callids": _callids(legs, len(numbers))}
    return pd.DataFrame({name: made[name] for name in COLUMNS})


def _callids(legs: pd.DataFrame, count: int) -> list[list[str]]:
    found: list[dict[str, None]] = [{} for _ in range(count)]
    for number, *pair in zip(legs["journey"].tolist(), legs["callid_enter"].tolist(), legs["callid"].tolist(),
                             strict=True):
        found[number].update(dict.fromkeys(text for text in pair if isinstance(text, str) and text))
    return [list(one) for one in found]


def _lists(legs: pd.DataFrame, name: str, count: int) -> list[list[str]]:
    """What the legs of each journey say, in order, the same only once in a row."""
    found: list[list[str]] = [[] for _ in range(count)]
    for number, word in zip(legs["journey"].tolist(), legs[name].tolist(), strict=True):
        if word is not None and word == word and found[number][-1:] != [word]:
            found[number].append(word)
    return found

