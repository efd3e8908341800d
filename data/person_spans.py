"""The time of numbered persons as two sorted arrays, so that a million spans are united, cut and compared in
milliseconds.

A moment of a person is one number: the person above, the epoch second below (`KEY` bits). Spans of one person never
touch, so their beginnings and their ends are in the same order, and both are plain sorted arrays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

KEY = 32  # bits of the second
SECOND = (1 << KEY) - 1


def keys(who: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """int64: moments (epoch seconds, not negative) of persons (numbers from 0 on)."""
    return (who.astype(np.int64) << KEY) + moments


def united(low: np.ndarray, high: np.ndarray) -> "PersonSpans":
    """The union of spans that begin at `low` and end at `high` (keys, in any order); empty ones are dropped.

    The i-th beginning, in order, begins a span of the union when all of the i spans before it have ended, which is
    when the i-th end lies before it: neither array has to know which end belongs to which beginning."""
    empty = high <= low
    count = np.count_nonzero(empty)
    if count:  # they come first in both orders, and are left out there
        low, high = np.where(empty, -1, low), np.where(empty, -1, high)
    low, high = np.sort(low)[count:], np.sort(high)[count:]
    fresh = low[1:] > high[:-1]
    if not fresh.all():
        low, high = low[np.append(True, fresh)], high[np.append(fresh, True)]
    return PersonSpans(low, high)


def union(who: np.ndarray, start: np.ndarray, end: np.ndarray) -> "PersonSpans":
    """The union of each person's spans [start, end)."""
    return united(keys(who, start), keys(who, end))


@dataclass(frozen=True, eq=False)
class PersonSpans:
    """Spans by person and time, none touching another of the same person: `low` and `high` keys, int64."""

    low: np.ndarray
    high: np.ndarray
    _known: dict[bytes, np.ndarray] = field(default_factory=dict, repr=False)  # small answers, by question

    def __len__(self) -> int:
        return len(self.low)

    @property
    def nbytes(self) -> int:
        return 64 + self.low.nbytes + self.high.nbytes

    @property
    def who(self) -> np.ndarray:
        """int64 number of the person of each span."""
        return self.low >> KEY

    @property
    def start(self) -> np.ndarray:
        return self.low & SECOND

    @property
    def end(self) -> np.ndarray:
        return self.high & SECOND

    def _borders(self, people: int) -> np.ndarray:
        """Where the spans of each of so many persons begin, and where the last one's end."""
        return np.searchsorted(self.low, np.arange(people + 1, dtype=np.int64) << KEY)

    def counts(self, people: int) -> np.ndarray:
        """int64 number of spans per person."""
        return np.diff(self._borders(people))

    def seconds(self, people: int) -> np.ndarray:
        """int64 seconds per person."""
        def make() -> np.ndarray:
            passed = np.zeros(len(self) + 1, dtype=np.int64)
            np.cumsum(self.high - self.low, out=passed[1:])
            return np.diff(passed[self._borders(people)])
        return self._once(b"%d" % people, make)

    def _once(self, question: bytes, make: Callable[[], np.ndarray]) -> np.ndarray:
        if question not in self._known:
            self._known[question] = make()
        return self._known[question]

    def first(self, people: int) -> np.ndarray:
        """float64 second in which each person's time begins; NaN for nobody's."""
        borders = self._borders(people)
        return self._at(self.start, borders[:-1], np.diff(borders))

    def last(self, people: int) -> np.ndarray:
        """float64 second in which each person's time ends; NaN for nobody's."""
        borders = self._borders(people)
        return self._at(self.end, borders[1:] - 1, np.diff(borders))

    @staticmethod
    def _at(moments: np.ndarray, places: np.ndarray, counts: np.ndarray) -> np.ndarray:
        if not len(moments):
            return np.full(len(counts), np.nan)
        return np.where(counts > 0, moments[np.clip(places, 0, len(moments) - 1)], np.nan)

    def only(self, wanted: np.ndarray) -> "PersonSpans":
        """Those of some persons; `wanted` is bool by person, as many as there are."""
        counts = self.counts(len(wanted))
        if not counts[~wanted].any():
            return self
        mine = np.repeat(wanted, counts)
        return PersonSpans(self.low[mine], self.high[mine])

    def common(self, other: "PersonSpans") -> "PersonSpans":
        """The time that lies in both. Costs little more than the shorter of them has spans."""
        one, other = (self, other) if len(self) >= len(other) else (other, self)
        first = np.searchsorted(one.high, other.low, side="right")
        count = np.maximum(np.searchsorted(one.low, other.high) - first, 0)
        mine = np.repeat(np.arange(len(other)), count)
        theirs = np.arange(len(mine)) + np.repeat(first - np.cumsum(count) + count, count)
        return PersonSpans(np.maximum(one.low[theirs], other.low[mine]), np.minimum(one.high[theirs], other.high[mine]))

    def split(self, edges: np.ndarray) -> np.ndarray:
        """`split` of everybody's spans together."""
        return self._once(edges.tobytes(), lambda: split(self.start, self.end, edges))


@dataclass(frozen=True, eq=False)
class Layers:
    """A union made of two, of which one is large and already known: whatever is added up of (A or B) is that of A and
    that of B without that of (A and B). `parts`: 1 or -1, and the spans."""

    parts: Sequence[tuple[int, PersonSpans]]

    @classmethod
    def of(cls, one: PersonSpans, other: PersonSpans) -> "Layers":
        return cls([(1, one), (1, other), (-1, one.common(other))])

    def seconds(self, people: int) -> np.ndarray:
        """int64 seconds per person."""
        return np.sum([sign * spans.seconds(people) for sign, spans in self.parts], axis=0)

    def split(self, edges: np.ndarray) -> np.ndarray:
        """`split` of everybody's spans together."""
        return np.sum([sign * spans.split(edges) for sign, spans in self.parts], axis=0)

    def only(self, wanted: np.ndarray) -> "Layers":
        """The time of some persons; `wanted` is bool by person, as many as there are."""
        found = [(sign, spans.only(wanted)) for sign, spans in self.parts]
        same = all(new is old for (_, new), (_, old) in zip(found, self.parts, strict=True))
        return self if same else Layers(found)

    def common(self, other: PersonSpans) -> "Layers":
        """The time that lies in both."""
        return Layers([(sign, spans.common(other)) for sign, spans in self.parts])


def joined(parts: Sequence[PersonSpans]) -> PersonSpans:
    """Spans of which no person has any in two of the parts."""
    low, high = (np.sort(np.concatenate(ends)) for ends in zip(*((p.low, p.high) for p in parts), strict=True))
    return PersonSpans(low, high)


def split(start: np.ndarray, end: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """int64, one less than `edges` (ascending epoch seconds): the seconds of spans that lie between each two edges, a
    span that crosses an edge being cut there. They add up to the seconds between the first and the last edge."""
    edges = edges.astype(np.int64)
    place, length = _places(start, edges), end - start
    cut = np.flatnonzero((place < 0) | (end > edges[1:].take(place, mode="clip")))
    if len(cut):
        length[cut], place[cut] = 0, 0
    inside = np.bincount(place, weights=length, minlength=len(edges))  # exact below 2**53
    return inside[:len(edges) - 1].astype(np.int64) + np.diff(_elapsed(start[cut], edges) - _elapsed(end[cut], edges))


def _places(moments: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Between which two edges each moment lies: the number of the last edge that is not after it, -1 before the
    first. Edges lie on a grid of some minutes, so that a table answers where searching would take thrice as long."""
    step = int(np.gcd.reduce(np.diff(edges)))
    count = int(edges[-1] - edges[0]) // step if step else 0
    if not 0 < count <= max(len(moments), 1024):
        return np.searchsorted(edges, moments, side="right") - 1
    # A cell of the table is a step; there is one before the first edge and one after the last.
    table = np.cumsum(np.bincount((edges - edges[0]) // step + 1, minlength=count + 3)) - 1
    return table.take((moments - (edges[0] - step)) // step, mode="clip")


def _elapsed(moments: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """At each edge, the seconds that have passed since all the moments before it, added up."""
    places = np.searchsorted(edges, moments)  # the first edge that is not before the moment
    count = np.bincount(places, minlength=len(edges) + 1)[:-1]
    later = np.bincount(places, weights=moments - edges[0], minlength=len(edges) + 1)[:-1]  # exact below 2**53
    return np.cumsum(count) * (edges - edges[0]) - np.cumsum(later).astype(np.int64)
