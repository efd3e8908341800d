"""Putting a million legs in order, by any column: numbers as they are, texts eight bytes at a time.

An order is refined column by column: rows that are equal so far are sorted by the next key, the others stay. Each
column gives its keys in levels, numbers one, texts one for every eight bytes; ties that are left keep the order they
had.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

LEVELS = 8  # texts are told apart by their first 64 bytes
MISSING = np.uint64(0xFFFF_FFFF_FFFF_FFFF)  # of what is unknown: it stands last whichever way a column runs
_EIGHT = 8
_BLOCK = 1 << 15
_HEAD = np.array([0] + [((1 << 8 * n) - 1) << 8 * (8 - n) for n in range(1, 9)], dtype=np.uint64)


class Key(Protocol):
    """A column to sort by. Level by level whole numbers without sign, small first, `MISSING` for what is unknown."""

    def level(self, number: int, rows: np.ndarray) -> np.ndarray | None:
        """Keys of these rows; None when there is no such level."""


class Numbers:
    """Whole numbers; -1 and what `missing` says is unknown."""

    def __init__(self, values: np.ndarray, missing: int = -1):
        self.values, self.missing = values, missing

    def level(self, number: int, rows: np.ndarray) -> np.ndarray | None:
        if number:
            return None
        found = self.values[rows].astype(np.int64)
        return np.where(found == self.missing, MISSING, found.astype(np.uint64) ^ np.uint64(1 << 63))


class Texts:
    """Texts in the order of their bytes; null and empty ones are unknown. `parts`: Arrow arrays, the rows of each."""

    def __init__(self, parts: Sequence[tuple[pa.Array, slice | np.ndarray]]):
        starts, ends, self.buffers = [], [], []
        for array, chosen in parts:
            array = array if array.offset == 0 and not array.null_count else pa.concat_arrays([array.fill_null("")])
            offsets = np.frombuffer(array.buffers()[1], dtype=np.int64)[:len(array) + 1]
            starts.append(offsets[:-1][chosen])
            ends.append(offsets[1:][chosen])
            body = array.buffers()[2]
            raw = np.frombuffer(body, dtype=np.uint8) if body is not None and body.size else np.empty(0, np.uint8)
            self.buffers.append(raw if len(raw) >= _EIGHT else np.append(raw, np.zeros(_EIGHT, np.uint8)))
        none = [np.empty(0, np.int64)]
        self.starts, self.lengths = np.concatenate(none + starts), np.concatenate(none + ends)
        self.lengths = self.lengths - self.starts
        self.first = np.cumsum([0, *(len(part) for part in starts)])
        self.levels = min(-(-int(self.lengths.max(initial=0)) // _EIGHT), LEVELS)

    def level(self, number: int, rows: np.ndarray) -> np.ndarray | None:
        if number >= max(self.levels, 1):
            return None
        found = self._eight(number, rows)
        return found if number else np.where(self.lengths[rows] == 0, MISSING, found)

    def _eight(self, number: int, rows: np.ndarray) -> np.ndarray:
        """The `number`th eight bytes of each text."""
        if 2 * len(rows) > len(self.starts):  # one after the other they are read faster than here and there
            return np.concatenate([self._part(i, number, slice(low, high)) for i, (low, high) in enumerate(
                zip(self.first[:-1], self.first[1:], strict=True))])[rows]
        found = np.empty(len(rows), dtype=np.uint64)
        for i in range(len(self.buffers)):
            mine = slice(None) if len(self.buffers) == 1 else np.flatnonzero(
                (rows >= self.first[i]) & (rows < self.first[i + 1]))
            found[mine] = self._part(i, number, rows[mine])
        return found

    def _part(self, i: int, number: int, rows: slice | np.ndarray) -> np.ndarray:
        return _eight(self.buffers[i], self.starts[rows] + _EIGHT * number, self.lengths[rows] - _EIGHT * number)


def marks(texts: pa.Array) -> np.ndarray:
    """uint64 for each text, the same for the same text (of which the first 64 bytes count) in every array."""
    found = Texts([(texts, slice(None))])
    made = found.lengths.astype(np.uint64)
    for number in range(found.levels):
        longer = slice(None) if number == 0 else np.flatnonzero(found.lengths > _EIGHT * number)
        mixed = made[longer] ^ found._part(0, number, longer)
        mixed ^= mixed >> np.uint64(32)  # a product only moves bits up, and the last letters stand highest
        mixed *= np.uint64(0x9E37_79B9_7F4A_7C15)
        made[longer] = mixed ^ (mixed >> np.uint64(29))
    return made


def doubtful(marks: np.ndarray) -> np.ndarray:
    """Places of marks that another place may have too; of all others it is certain that none has. Without sorting."""
    several = np.arange(len(marks))
    for shift in (0, 32):  # what only looked alike by some of its bits is told apart by others
        mine = marks[several]
        size = 1 << (4 * max(len(mine), 1)).bit_length()
        place = ((mine >> np.uint64(shift)) & np.uint64(size - 1)).astype(np.int64)
        rows, last = np.arange(len(mine), dtype=np.int32), np.empty(size, dtype=np.int32)
        last[place] = rows
        alike = last[place] != rows
        alike[last[place[alike]]] = True
        several = several[alike]
    return several


def _eight(raw: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The eight bytes from each place as a number, of which those beyond the text are zero."""
    windows = np.ndarray(len(raw) - _EIGHT + 1, dtype=">u8", buffer=raw, strides=(1,))
    place = np.clip(starts, 0, len(windows) - 1)
    found = windows[place].astype(np.uint64)
    late = np.flatnonzero(starts > place)  # at the very end of the buffer
    found[late] <<= np.uint64(8) * np.minimum(starts[late] - place[late], 7).astype(np.uint64)
    found &= _HEAD[np.clip(lengths, 0, _EIGHT)]
    return found


def refine(order: np.ndarray, columns: Iterable[tuple[Key, bool]]) -> tuple[np.ndarray, np.ndarray]:
    """`order` (row numbers) sorted by the columns, each rising or falling (True); and which places begin another value
    of all of them."""
    heads = np.zeros(len(order), dtype=bool)
    heads[:1] = True
    for key, falling in columns:
        number = 0
        while (loose := _loose(heads)) is not None:
            rows = order if len(loose) == len(order) else order[loose]
            keys = key.level(number, rows)
            if keys is None:
                break
            if number and keys.size and (keys == keys[0]).all():
                number += 1
                continue
            group = np.cumsum(heads[loose])
            keys, bits = _small(keys, falling)
            within = _argsort(keys, bits, group)
            keys, group = keys[within], group[within]
            order = order.copy() if len(loose) < len(order) else order
            if len(loose) < len(order):
                order[loose] = rows[within]
            else:
                order = rows[within]
            heads[loose[1:]] |= (keys[1:] != keys[:-1]) | (group[1:] != group[:-1])
            number += 1
    return order, heads


def _loose(heads: np.ndarray) -> np.ndarray | None:
    """Places whose value is not theirs alone; None when every one is."""
    alone = heads & np.append(heads[1:], True)
    return None if alone.all() else np.flatnonzero(~alone)


def _small(keys: np.ndarray, falling: bool) -> tuple[np.ndarray, int]:
    """Keys in the same order with fewer bits, and how many these are; turned around if falling, unknown ones last."""
    known = keys != MISSING
    low, high = (int(keys.min(where=known, initial=int(MISSING))), int(keys.max(where=known, initial=0)))
    if high < low:
        return np.zeros(len(keys), dtype=np.uint64), 0
    if high - low >= 1 << 33:
        packed, bits = _packed(np.where(known, keys, np.uint64(low)))
        if bits < 63:
            keys, low, high = packed, 0, (1 << bits) - 1
    if high - low >= int(MISSING) - 1:
        return np.where(known, ~keys, keys) if falling else keys, 64
    found = np.uint64(high) - keys if falling else keys - np.uint64(low)
    if not known.all():
        found[~known] = high - low + 1
    return found, (high - low + 1).bit_length()


def _packed(keys: np.ndarray) -> tuple[np.ndarray, int]:
    """Keys of eight bytes in the same order with as few bits as tell the bytes that occur at each place, and how many
    bits these are: numbers and callids need four a byte."""
    pairs = keys.astype(">u8").view("<u2").reshape(-1, _EIGHT // 2)  # two bytes at a time, the first in the low half
    there = np.zeros((_EIGHT // 2, 1 << 16), dtype=bool)
    blocks = [slice(low, low + _BLOCK) for low in range(0, len(keys), _BLOCK)]  # so many stay near the processor
    for block in blocks:
        for place in range(_EIGHT // 2):
            there[place, pairs[block, place]] = True
    each = there.reshape(-1, 256, 256)
    letters = np.stack([each.any(axis=1), each.any(axis=2)], axis=1).reshape(_EIGHT, 256)
    bits = [int(n - 1).bit_length() for n in letters.sum(axis=1)]
    below = sum(bits) - np.cumsum(bits)
    table = np.maximum(np.cumsum(letters, axis=1) - 1, 0).astype(np.uint64)
    found = np.zeros(len(keys), dtype=np.uint64)
    if sum(bits) <= 64:
        table <<= np.minimum(below, 63).astype(np.uint64)[:, None]
        for place in np.flatnonzero(np.add.reduceat(bits, np.arange(0, _EIGHT, 2))).tolist():
            both = (table[2 * place + 1][:, None] | table[2 * place]).ravel()
            for block in blocks:
                found[block] |= both[pairs[block, place]]
    return found, sum(bits)


def _argsort(keys: np.ndarray, bits: int, group: np.ndarray) -> np.ndarray:
    """Stable order by group (1, 2 … in their order) and key, of `bits` bits. Where it fits, what is sorted are whole
    numbers that tell group, key and place, which takes a fraction of the time."""
    groups, places = int(group[-1] - 1).bit_length(), (len(keys) - 1).bit_length()
    if groups + bits > 64:
        return np.lexsort((keys, group))
    whole = (group - 1).astype(np.uint64) << np.uint64(bits) | keys if groups else keys
    if groups + bits + places <= 64:
        whole = whole << np.uint64(places) | np.arange(len(keys), dtype=np.uint64)
        whole.sort()
        return (whole & np.uint64((1 << places) - 1)).astype(np.int64)
    order = np.argsort(whole)
    ordered = whole[order]
    same = ordered[1:] == ordered[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))  # equal ones in the order they had
    if len(tied) > len(keys) // 8:
        return np.argsort(whole, kind="stable")
    order[tied] = order[tied][np.lexsort((order[tied], ordered[tied]))]
    return order


def ranks(words: Sequence[str], key: Callable[[str], Any]) -> np.ndarray:
    """int64 place of each word among all; equal words share one."""
    folded = [key(word) for word in words]
    place = {word: i for i, word in enumerate(sorted(set(folded)))}
    return np.array([place[word] for word in folded], dtype=np.int64)
