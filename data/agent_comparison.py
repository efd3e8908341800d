"""A fair comparison of agents: everybody against colleagues who took calls of the same queues at the same hours.

Whoever answers the long calls of the support queue at noon is not slow. What is expected of an agent is what the others
took for the calls that he had, queue by queue and hour by hour; calls for which there was no colleague are left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from data import agent_questions, calendar, cubes, frames
from data.agent_calls import over
from data.filters import Filters
from data.runs import Run
from data.tally import Tally

LEAST = 30  # comparable calls; with fewer chance decides
SURE = 1.96  # standard errors on each side that hold 19 of 20 cases
COLUMNS = ("agent", "name", "calls", "comparable", "ranked", "rank", "avg_talk", "p50_talk", "p90_talk",
           "expected_talk", "difference", "margin", "apart", "talk_index", "transfer_pct", "expected_transfer_pct",
           "ended_by_agent_pct", "missed_pct", "occupancy")


def compare(view: Tally, filters: Filters, least: int = LEAST) -> pd.DataFrame:
    """COLUMNS, one row a person who answered; seconds and percentages.

    `difference` = what the comparable calls took on average minus `expected_talk`; `margin` is how far chance alone
    may carry it, `apart` whether it went beyond; `talk_index` 100 is as expected. `rank` 1 took least of what was
    expected; missing below `least` comparable calls.
    """
    def make() -> pd.DataFrame:
        known = agent_questions.by_agent(view, filters)
        table = known[known["answered"] > 0].copy()
        person = view.snapshot.person
        who = np.array([person[name] for name in table["agent"]], dtype=np.int64)
        for name, found in _mixed(view, filters).items():
            table[name] = found[who]
        table["calls"] = table["answered"]
        table["ranked"] = table["comparable"] >= least
        table["rank"] = table["talk_index"].where(table["ranked"]).rank(method="min")
        table["apart"] = table["ranked"] & (table["difference"].abs() > table["margin"])
        table["transfer_pct"] = 100.0 * table["transferred"] / table["answered"]
        table["ended_by_agent_pct"] = 100.0 * table["ended_by_agent"] / table["answered"]
        table["missed_pct"] = 100.0 * table["missed"] / (table["missed"] + table["answered"])
        return table[list(COLUMNS)].sort_values(["rank", "name"], ignore_index=True)
    return view.answer(f"comparison{least}", filters, make).copy(deep=False)


@dataclass(frozen=True)
class Tables:
    """Answered calls whose length is known by person, queue and hour of the day, float64 [people, queues, 24]: `count`,
    `talk` seconds, `square` of them added up, `moved` how many were transferred."""

    count: np.ndarray
    talk: np.ndarray
    square: np.ndarray
    moved: np.ndarray

    @property
    def nbytes(self) -> int:
        return 4 * self.count.nbytes

    def plus(self, other: "Tables") -> "Tables":
        """Both, for the people and queues of the other, among whom are all who took these calls."""
        people, queues = np.minimum(self.count.shape, other.count.shape)[:2]
        for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True):
            theirs[:people, :queues] += mine[:people, :queues]
        return other


def _mixed(view: Tally, filters: Filters) -> dict[str, np.ndarray]:
    """Per person: `comparable` calls, and what follows from them (COLUMNS)."""
    wide = _everybody(filters)
    tables = view.settled("comparison", wide, lambda of: _tables(view, wide, of)).plus(
        _tables(view, wide, [view.snapshot.tail]))
    people, *cells = tables.count.shape
    count, sums, squares, moved = (table.reshape(people, math.prod(cells)) for table in vars(tables).values())
    others = count.sum(axis=0) - count
    shared = others > 0
    weight = np.where(shared, count, 0)  # calls that somebody else took too
    comparable = weight.sum(axis=1)

    def expected(sums: np.ndarray) -> np.ndarray:
        mean = np.divide(sums.sum(axis=0) - sums, others, out=np.zeros(others.shape), where=shared)
        return over((weight * mean).sum(axis=1), comparable)

    wanted = expected(sums)
    own, square = (np.where(shared, table, 0).sum(axis=1) for table in (sums, squares))
    mean = over(own, comparable)
    spread = np.sqrt(np.maximum(over(square, comparable) - mean**2, 0.0))
    return {"comparable": comparable, "expected_talk": wanted, "difference": mean - wanted,
            "margin": SURE * over(spread, np.sqrt(comparable)), "talk_index": over(100.0 * mean, wanted),
            "expected_transfer_pct": 100.0 * expected(moved)}


def _tables(view: Tally, filters: Filters, of: Sequence[Run]) -> Tables:
    """Of the legs of the filters in some runs."""
    shot, rows = view.snapshot, view.legs(filters, of)
    talk, agent, enter = rows.number("talk"), rows.number("agent"), rows.number("enter")
    mine = np.flatnonzero((rows.number("outcome") == frames.OUTCOME["answered"]) & (agent >= 0) & (talk >= 0))
    shape = (len(shot.persons), max(len(shot.queue_spelling.names), 1), 24)
    if not len(mine):
        return Tables(*(np.zeros(shape) for _ in range(4)))
    # The place of a call in the table is added up of what person, queue and hour say.
    hour, first = hours(view, enter)
    key = (shot.agent_spelling.of * (shape[1] * 24))[agent[mine]]
    key += (shot.queue_spelling.of * 24)[rows.number("queue")[mine]]
    key += hour[enter[mine] // cubes.SLOT - first]
    talk = talk[mine].astype(np.float64)

    def table(key: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(key, weights, math.prod(shape)).astype(np.float64).reshape(shape)
    return Tables(table(key), table(key, talk), table(key, talk * talk),
                  table(key[np.flatnonzero(rows.number("transfer_kind")[mine] > 0)]))


def _everybody(filters: Filters) -> Filters:
    """One agent is compared with all the others."""
    return replace(filters, agents=())


def hours(view: Tally, epochs: np.ndarray) -> tuple[np.ndarray, int]:
    """Hour of the local clock, 0-23, of every quarter hour (epoch // 900) from the first to the last of these moments;
    and the number of the first."""
    first, last = int(epochs.min()) // cubes.SLOT, int(epochs.max()) // cubes.SLOT
    every = calendar.local(np.arange(first, last + 1, dtype=np.int64) * cubes.SLOT, view.zone)
    return every.hour.to_numpy().astype(np.int64), first
