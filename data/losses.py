"""Callers who were lost, and whether the center answered the same number later (queue_log.md 4.2, recovered)."""

import zlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import frames
from data.measures import ANONYMOUS, LOST
from data.runs import Rows, Run, between

NOBODY = -1  # the key of a caller without a number: he can never be matched


@dataclass
class Losses:
    """Lost legs ordered by `enter`: parallel arrays with `queue`, `origin` (1 internal), `caller` (a number that stands
    for the text) and whether it was `recovered`."""

    enter: np.ndarray
    queue: np.ndarray
    origin: np.ndarray
    caller: np.ndarray
    recovered: np.ndarray

    @classmethod
    def empty(cls) -> "Losses":
        return cls(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int8), np.empty(0, np.int64),
                   np.empty(0, bool))

    def take(self, rows: slice | np.ndarray) -> "Losses":
        return Losses(*(value[rows] for value in vars(self).values()))

    def between(self, start: int, end: int) -> "Losses":
        low, high = np.searchsorted(self.enter, (start, end))
        return self.take(slice(int(low), int(high)))

    def count(self) -> tuple[int, int]:
        """Recovered legs, and callers still to be called back (a number once, every anonymous call)."""
        open_ = self.caller[~self.recovered]
        return int(self.recovered.sum()), len(np.unique(open_[open_ != NOBODY])) + int((open_ == NOBODY).sum())

    def before(self) -> np.ndarray:
        """For every leg the place of the last earlier one of the same caller and origin that is still to be called
        back; -1 where there is none, and -2 for legs that do not count as one more caller (recovered)."""
        found = np.full(len(self.enter), -2, dtype=np.int64)
        found[~self.recovered & (self.caller == NOBODY)] = -1
        mine = np.flatnonzero(~self.recovered & (self.caller != NOBODY))
        order = mine[np.lexsort((mine, self.caller[mine], self.origin[mine]))]
        same = (self.caller[order[1:]] == self.caller[order[:-1]]) & (self.origin[order[1:]] == self.origin[order[:-1]])
        found[order[:1]] = -1
        found[order[1:]] = np.where(same, order[:-1], -1)
        return found


def callers(old: Losses, before: np.ndarray, new: Losses, start: int, end: int, origin: int) -> tuple[int, int]:
    """Losses.count of the legs of one origin in [start, end), `new` being later than `old` and small.

    Costs the same however many legs there are before the range: a caller counts where he appears first in it.
    """
    low, high = (int(i) for i in np.searchsorted(old.enter, (start, end)))
    mine = old.origin[low:high] == origin
    first = mine & (before[low:high] < low) & (before[low:high] > -2)
    fresh = new.between(start, end)
    fresh = fresh.take(np.flatnonzero(fresh.origin == origin))
    recovered, more = fresh.count()
    numbers = np.unique(fresh.caller[~fresh.recovered & (fresh.caller != NOBODY)])
    if len(numbers) and high > low:
        open_ = old.caller[low:high][mine & ~old.recovered[low:high]]
        more -= int(np.isin(numbers, open_[np.isin(open_, numbers)]).sum())
    return int((mine & old.recovered[low:high]).sum()) + recovered, int(first.sum()) + more


def join(one: Losses, other: Losses) -> Losses:
    return Losses(*(np.concatenate(pair) for pair in zip(vars(one).values(), vars(other).values(), strict=True)))


def keys(callers: pa.ChunkedArray) -> np.ndarray:
    """int64 per caller: digits as they are, other texts by checksum, nobody for the anonymous."""
    encoded = callers.combine_chunks().dictionary_encode() if callers.num_chunks else None
    if encoded is None or not len(encoded):
        return np.empty(0, dtype=np.int64)
    words = encoded.dictionary
    plain = pc.match_substring_regex(words, "^[1-9][0-9]{1,17}$")  # what `key` leaves as it is, all at once
    table = np.zeros(len(words), dtype=np.int64)
    table[plain.to_numpy(zero_copy_only=False)] = words.filter(plain).cast(pa.int64()).to_numpy()
    odd = np.flatnonzero(~plain.to_numpy(zero_copy_only=False))
    table[odd] = [key(text) for text in words.take(pa.array(odd)).to_pylist()]
    return table[encoded.indices.to_numpy(zero_copy_only=False)]


def key(caller: str) -> int:
    if caller.casefold() in ANONYMOUS:
        return NOBODY
    if caller.isascii() and caller.isdigit() and caller[0] != "0" and len(caller) <= 18:
        return int(caller)
    raw = caller.encode()
    return (1 << 62) | (zlib.crc32(raw) << 29) | (zlib.adler32(raw) & 0x1FFFFFFF)


def find(runs: list[Run], since: int, window: int) -> Losses:
    """Lost legs of the runs that entered at `since` or later, and who of them was answered within the window."""
    rows = between(runs, "enter", since, 1 << 62)
    lost = rows.keep(lambda run, chosen: np.isin(run.number("outcome")[chosen], LOST))
    if not len(lost):
        return Losses.empty()
    served = rows.keep(lambda run, chosen: (run.number("outcome")[chosen] == frames.OUTCOME["answered"])
                       & (run.number("connect")[chosen] >= 0))
    texts = lost.text("caller")
    found = Losses(lost.number("enter"), lost.number("queue"), lost.number("internal"), keys(texts),
                   np.zeros(len(lost), dtype=bool))
    found = found.take(np.argsort(found.enter, kind="stable"))
    return Losses(found.enter, found.queue, found.origin, found.caller,
                  _answered(found, texts.unique(), served, window))


def _answered(lost: Losses, callers: pa.Array, served: Rows, window: int) -> np.ndarray:
    """Whether one of the served answered each lost leg; `callers` are the texts of those who were lost."""
    texts = served.text("caller")
    same = pc.is_in(texts, value_set=callers)  # the others are many, and need no key
    who, connect = keys(texts.filter(same)), served.number("connect")[same.to_numpy()]
    known, codes = np.unique(np.concatenate([lost.caller, who]), return_inverse=True)
    mine, theirs = codes[:len(lost.caller)].astype(np.int64), codes[len(lost.caller):].astype(np.int64)
    stamps = np.sort((theirs << 34) + connect)
    low = np.searchsorted(stamps, (mine << 34) + lost.enter)
    high = np.searchsorted(stamps, (mine << 34) + lost.enter + window, side="right")
    return (high > low) & (lost.caller != NOBODY) & (len(known) > 0)
