"""The list of calls as journeys, the view of a customer: all legs of one call are one row.

Legs belong together that share a callid; where a transfer swapped callids (rule L3), those that the leg itself ties.
A filter means the journeys that have such a leg; what is said of a journey is said of all its legs that the user may
see, so that nobody's filter makes a call shorter than it was.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data import calendar, call_rows, calls, frames, runs
from data.call_filters import CallFilters, Sort
from data.calls import NEWEST
from data.ordering import Key, Numbers, Texts, refine
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
    each = _each(mine, found.heads, np.add)
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
        chosen = np.flatnonzero(_each(mine > 0, found.heads, np.logical_or))
        enter, _ = _gather(view, found.places[found.heads[chosen]], "enter")
        newest = len(chosen) - 1 - np.argsort(-enter[::-1], kind="stable")
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
    leader = _leaders(view, rows)
    order = np.argsort(leader, kind="stable")
    if not len(order):
        none = np.empty(0, dtype=np.int32)
        return Journeys(none, none, none, none, none, none, none)
    ordered = leader[order]
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    order = np.argsort(rows.number("enter"), kind="stable")[order]
    places = runs.places(rows, view.snapshot.legs)[order]
    outcome, steps = rows.number("outcome")[order], np.arange(len(order))
    answered = _each(np.where(outcome == frames.OUTCOME["answered"], steps, -1), first, np.maximum)
    final = np.where(answered >= 0, answered, np.append(first[1:], len(order)) - 1)
    going = _each(outcome == frames.OUTCOME["in_progress"], first, np.logical_or)
    end = _each(rows.number("call_end")[order], first, np.maximum)
    return Journeys(places, first.astype(np.int32), places[final], _sum(rows.number("wait")[order], first),
                    _sum(rows.number("talk")[order], first), np.where(going, -1, end),
                    _each(rows.number("transfer_kind")[order] > 0, first, np.logical_or))


def _each(values: np.ndarray, first: np.ndarray, fold: np.ufunc) -> np.ndarray:
    """What `fold` makes of the legs of each journey, which begin at `first`; nearly all have one leg alone."""
    found = values[first]
    several = np.flatnonzero(np.diff(np.append(first, len(values))) > 1)
    if len(several):
        limits = np.append(first, len(values))
        bounds = np.stack([limits[several], limits[several + 1]], axis=1).ravel()
        if bounds[-1] == len(values):
            bounds = bounds[:-1]
        found[several] = fold.reduceat(values, bounds)[::2]
    return found


def _leaders(view: View, rows: Rows) -> np.ndarray:
    """Of each leg, in the order of time, the place of the first leg of its journey."""
    oldest = np.argsort(rows.number("enter"), kind="stable")
    leader, callid = np.arange(len(oldest)), calls.column(view, rows, "callid")
    assert isinstance(callid, Texts)
    place = np.empty(len(oldest), dtype=np.int64)
    place[oldest] = leader
    doubtful = np.sort(place[callid.doubtful()])
    alike, heads = refine(oldest[doubtful], [(callid, False)])
    if len(alike):
        leader[place[alike]] = place[alike[heads]][np.cumsum(heads) - 1]
    return _tied(rows, place, leader)


def _sum(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Seconds of each journey that are known; -1 where none is."""
    known = _each(np.maximum(values, 0).astype(np.int64), first, np.add)
    return np.where(_each(values, first, np.maximum) >= 0, known, -1).astype(np.int32)


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
    """The journeys, and by leg of them 1 where the filters mean it."""
    found, shot = gathered(view, filters), view.snapshot
    marked = np.zeros(sum(run.rows for run in shot.legs), dtype=np.int64)
    marked[runs.places(call_rows.chosen(view, filters).rows, shot.legs)] = 1
    return found, marked[found.places]


def _gather(view: View, places: np.ndarray, name: str) -> tuple[np.ndarray, Rows]:
    rows, stands = runs.at(view.snapshot.legs, places)
    return rows.number(name)[stands], rows


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

