"""Answered calls of everybody, so that those of the history are counted once and those of the last hours are added."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data import frames
from data.filters import Filters
from data.runs import Run
from data.tally import Tally

KEY = 32  # bits of the seconds in `talks`
COUNTS = ("answered", "rung", "ring", "transferred", "ended_by_agent")


@dataclass(frozen=True)
class Calls:
    """Of some legs: `sums` int64 [COUNTS, people] (`ring` are the seconds of the `rung`); `talks` int64, known
    conversations by person and length (the person above, seconds below); `lengths` int32, the same by length alone."""

    sums: np.ndarray
    talks: np.ndarray
    lengths: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.sums.nbytes + self.talks.nbytes + self.lengths.nbytes

    def plus(self, other: "Calls") -> "Calls":
        """Both, for the people of the other: who is not among them (two texts have become one person since) took none
        of these calls."""
        sums = other.sums.copy()
        people = min(sums.shape[1], self.sums.shape[1])
        sums[:, :people] += self.sums[:, :people]
        return Calls(sums, merged(self.talks, other.talks), merged(self.lengths, other.lengths))

    def by_person(self) -> dict[str, np.ndarray]:
        """`answered`, `talk_total`, `avg_talk`, `p50_talk`, `p90_talk`, `max_talk`, `avg_ring`, `transferred` and
        `ended_by_agent` of each; NaN is not known."""
        answered, rung, ring, transferred, ended = self.sums
        first = np.searchsorted(self.talks, np.arange(len(answered) + 1, dtype=np.int64) << KEY)
        talk = self.talks & ((1 << KEY) - 1)
        passed = np.zeros(len(talk) + 1, dtype=np.int64)
        np.cumsum(talk, out=passed[1:])
        total = np.diff(passed[first])
        return {"answered": answered, "talk_total": total, "avg_talk": over(total, np.diff(first)),
                "p50_talk": _share(talk, first, 0.5), "p90_talk": _share(talk, first, 0.9),
                "max_talk": _share(talk, first, 1.0), "avg_ring": over(ring, rung), "transferred": transferred,
                "ended_by_agent": ended}

    def together(self) -> dict[str, Any]:
        """Of everybody what is not the sum of each: `avg_talk`, `p50_talk`, `p90_talk`, `max_talk`, `avg_ring`."""
        talk, (_, rung, ring, *_) = self.lengths, self.sums.sum(axis=1).tolist()
        half, most = (int(talk[max(-(-len(talk) * share // 100) - 1, 0)]) if len(talk) else None for share in (50, 90))
        return {"avg_talk": int(talk.sum(dtype=np.int64)) / len(talk) if len(talk) else None, "p50_talk": half,
                "p90_talk": most, "max_talk": int(talk[-1]) if len(talk) else None,
                "avg_ring": ring / rung if rung else None}


def calls(view: Tally, filters: Filters) -> Calls:
    """Of the legs of the filters."""
    return view.answer("agent calls", filters, lambda: view.settled(
        "agent calls", filters, lambda of: counted(view, filters, of)).plus(
            counted(view, filters, [view.snapshot.tail])))


def counted(view: Tally, filters: Filters, of: Sequence[Run]) -> Calls:
    """Of the legs of the filters in some runs."""
    people, rows = len(view.snapshot.persons), view.legs(filters, of)
    agent = rows.number("agent")
    mine = np.flatnonzero((rows.number("outcome") == frames.OUTCOME["answered"]) & (agent >= 0))
    who = view.snapshot.agent_spelling.of[agent[mine]] if len(mine) else np.empty(0, np.int64)

    def known(name: str) -> tuple[np.ndarray, np.ndarray]:
        values = rows.number(name)[mine]
        good = values >= 0
        return (who, values) if good.all() else (who[good], values[good])

    def count(good: np.ndarray) -> np.ndarray:
        return np.bincount(who[np.flatnonzero(good)], minlength=people)

    ringer, ring = known("ring")
    talker, talk = known("talk")
    sums = np.stack([
        np.bincount(who, minlength=people), np.bincount(ringer, minlength=people),
        np.bincount(ringer, ring, people).astype(np.int64), count(rows.number("transfer_kind")[mine] > 0),
        count(rows.number("end_by")[mine] == frames.ENDED["agent"])])
    return Calls(sums, np.sort((talker << KEY) + talk), np.sort(talk))


def merged(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Two sorted arrays as one; quick where the other is short."""
    return np.insert(one, np.searchsorted(one, other, side="right"), other) if len(other) else one


def over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """The quotient, NaN where the whole is nothing."""
    whole = np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _share(ordered: np.ndarray, first: np.ndarray, share: float) -> np.ndarray:
    """The value that such a share of each person's values does not exceed, one that was really measured; NaN for
    nobody's. `first`: where those of each begin, and where the last one's end."""
    if not len(ordered):
        return np.full(len(first) - 1, np.nan)
    count = np.diff(first)
    at = first[:-1] + np.maximum(np.ceil(count * share).astype(np.int64) - 1, 0)
    return np.where(count > 0, ordered[np.minimum(at, len(ordered) - 1)], np.nan)
