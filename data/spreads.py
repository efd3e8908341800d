"""How often each number of seconds came, instead of the numbers themselves: what is asked of a million waits some
thousands of rows answer, to the second."""

from dataclasses import dataclass

import numpy as np

LONG = 4096  # seconds from which on values are counted one by one


@dataclass(frozen=True)
class Spread:
    """`values` int64, ascending, each once (-1: nobody knows), and how often each came (int64)."""

    values: np.ndarray
    counts: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.counts.nbytes

    def __len__(self) -> int:
        """How many there are, known or not."""
        return int(self.counts.sum())

    def plus(self, other: "Spread") -> "Spread":
        values, place = np.unique(np.concatenate([self.values, other.values]), return_inverse=True)
        counts = np.zeros(len(values), dtype=np.int64)
        np.add.at(counts, place, np.concatenate([self.counts, other.counts]))
        return Spread(values, counts)

    def part(self, good: np.ndarray) -> "Spread":
        """Those of some values; `good` is bool by value."""
        return Spread(self.values[good], self.counts[good])

    @property
    def known(self) -> "Spread":
        return self.part(self.values >= 0)

    def up_to(self, edges: np.ndarray) -> np.ndarray:
        """int64: how many known values are not greater than each of the edges."""
        known = self.known
        return np.append(0, np.cumsum(known.counts))[np.searchsorted(known.values, edges, side="right")]

    def quantile(self, percent: int) -> int | None:
        """A value that was really measured and that so many of a hundred known ones do not exceed."""
        known = self.known
        if not len(known):
            return None
        place = max(-(-len(known) * percent // 100), 1)
        return int(known.values[np.searchsorted(np.cumsum(known.counts), place)])

    @property
    def mean(self) -> float:
        """Of the known values; NaN without any."""
        known = self.known
        return int((known.values * known.counts).sum()) / len(known) if len(known) else np.nan


EMPTY = Spread(np.empty(0, np.int64), np.empty(0, np.int64))


def by_kind(kind: np.ndarray, values: np.ndarray, kinds: int) -> list[Spread]:
    """The spread of the values (-1 and more) of each kind (numbers from 0 on)."""
    width = LONG + 2  # a place for what is not known, one for what is long
    place = np.minimum(values, LONG).astype(np.int64)
    place += kind.astype(np.int64) * width + 1
    table = np.bincount(place, minlength=kinds * width).reshape(-1, width)
    beyond = np.flatnonzero(values >= LONG)
    found = []
    for number, row in enumerate(table):
        there = np.flatnonzero(row[:-1])
        far, often = np.unique(values[beyond[kind[beyond] == number]], return_counts=True) if row[-1] else (
            EMPTY.values, EMPTY.counts)
        found.append(Spread(np.append(there - 1, far).astype(np.int64), np.append(row[there], often)))
    return found
