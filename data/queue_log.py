"""Bytes to events: the only file that knows the pipe format.

A line is `epoch|callid|queue|agent|EVENT|data…` (queue_log.md 1.1): nothing is escaped, the data fields
vary, the text is in whatever encoding the names were typed in. Whole blocks are tokenised at once; a field
stays a pair of positions in the block until somebody asks for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from data.decimals import digits

PIPE, NEWLINE = 124, 10
CALLID, QUEUE, AGENT, EVENT = 1, 2, 3, 4  # numbers of the fields
FIELDS = 5  # epoch, callid, queue, agent, event: a line with fewer is not an event (rule P1)
LATEST = 2**32  # a later second is a damaged number, not a time
WIDE = 2**31  # positions in a block shorter than this are int32: half as much to move
MAX_LINE = 65_536  # Asterisk's own buffer is 8,192 bytes; longer lines are not its
SAMPLES = 20
FEW = 500  # lines of which each column is read by itself

Ints = np.ndarray
Bools = np.ndarray


@dataclass
class Bad:
    """Lines that are not events: how many, and the first few to show."""

    count: int = 0
    samples: tuple[bytes, ...] = ()

    def __add__(self, other: "Bad") -> "Bad":
        return Bad(self.count + other.count, (self.samples + other.samples)[:SAMPLES])


class Column:
    """One text field of every event: `codes` (int32 per row) into the few or many `values` (bytes), which stand in the
    order in which they first appear."""

    def __init__(self, array: pa.Array):
        encoded = array.dictionary_encode()
        self.codes: Ints = encoded.indices.to_numpy(zero_copy_only=False)
        self.dictionary: pa.Array = encoded.dictionary

    @classmethod
    def made(cls, codes: Ints, dictionary: pa.Array) -> "Column":
        """Of codes (int32) and values that are known already."""
        self = cls.__new__(cls)
        self.codes, self.dictionary = codes, dictionary
        return self

    @cached_property
    def values(self) -> list[str]:
        return decode(self.dictionary)

    def take(self, rows: Ints | Bools | slice) -> "Column":
        """The same field of these rows."""
        codes = self.codes[rows]
        first = np.full(len(self.dictionary), len(codes), dtype=np.int64)
        first[codes[::-1]] = np.arange(len(codes))[::-1]  # of several the earliest stays
        order = np.argsort(first, kind="stable")[:int((first < len(codes)).sum())]
        number = np.zeros(len(first), dtype=np.int32)
        number[order] = np.arange(len(order), dtype=np.int32)
        return Column.made(number[codes], self.dictionary.take(_array(order)))

    @classmethod
    def joined(cls, parts: Sequence["Column"]) -> "Column":
        """The same field of several blocks, one after the other."""
        places = np.cumsum([0, *(len(part.dictionary) for part in parts)])
        codes = [part.codes + np.int32(place) for part, place in zip(parts, places, strict=False)]
        return cls.spelled(np.concatenate(codes), [text for part in parts for text in part.dictionary.to_pylist()])

    @classmethod
    def spelled(cls, codes: Ints, texts: Sequence[bytes]) -> "Column":
        """Of codes into texts of which several may be the same."""
        number: dict[bytes, int] = {}
        table = np.array([number.setdefault(text, len(number)) for text in texts], dtype=np.int32)
        return cls.made(table[codes], pa.array(list(number), pa.binary()))


class Events:
    """Tokenised lines in file order.

    `ts` int64 epoch seconds (UTC); `count` int64 fields per line; `first` int64 number of a line's first field. Field k
    is what stands in `buffer` from `edges[2k]` up to `edges[2k + 1]`: byte positions that never decrease, int32, or
    int64 where the block has WIDE bytes or more.
    """

    def __init__(self, buffer: np.ndarray, edges: Ints, first: Ints, count: Ints, ts: Ints,
                 parts: Sequence[tuple["Events", Any]] = ()):
        """`parts`: the events that these are made of, and which rows of them (None: all)."""
        self.buffer, self.edges, self.first, self.count, self.ts = buffer, edges, first, count, ts
        self.starts, self.ends = edges[0::2], edges[1::2]
        self._columns: dict[int, Column] = {}
        self._parts = parts

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, rows: Ints | Bools | slice) -> "Events":
        """The same block with only these lines, in this order."""
        return Events(self.buffer, self.edges, self.first[rows], self.count[rows], self.ts[rows], [(self, rows)])

    def lines(self, rows: Ints) -> bytes:
        """The raw lines, newline included, in the order of `rows`."""
        if not len(rows):
            return b""
        begin, end = self._places(rows)
        gaps = np.flatnonzero(begin[1:] != end[:-1])  # lines that stand one behind the other are copied together
        pieces = zip(begin[np.append(0, gaps + 1)].tolist(), end[np.append(gaps, -1)].tolist(), strict=True)
        return b"".join(self.buffer[one:other].tobytes() for one, other in pieces)

    def _places(self, rows: Ints) -> tuple[Ints, Ints]:
        """Where each line begins and where the next one may."""
        return self.starts[self.first[rows]], self.ends[self.first[rows] + self.count[rows] - 1] + 1

    def compact(self, rows: Ints) -> "Events":
        """These lines in a block of their own, so that the old one can be forgotten; in the old one where they are more
        than half of its bytes."""
        if not len(rows):
            return EMPTY
        begin, end = self._places(rows)
        if 2 * int((end - begin).sum()) > len(self.buffer):
            return Events(self.buffer, self.edges, self.first[rows], self.count[rows], self.ts[rows])
        return parse(self.lines(rows))[0]

    def column(self, field: int, rows: Ints | None = None) -> Column:
        """Field 1 callid, 2 queue, 3 agent, 4 event, dictionary encoded."""
        if rows is not None:
            return Column(self._fields.take(_array(2 * (self.first[rows] + field))))
        if field not in self._columns:  # several rules ask for the same column of a block
            self._columns[field] = self._known(field) or Column(self._fields.take(_array(2 * (self.first + field))))
        return self._columns[field]

    def read(self) -> None:
        """Reads the columns that every rule needs, together where that is faster; of few lines each is read when it is
        asked for."""
        if len(self) < FEW:
            return
        fields = (QUEUE, AGENT, EVENT)
        known = self._columns or any(part._columns for part, _ in self._parts)
        if known or not (self.first[1:] > self.first[:-1]).all():
            self._columns.update((field, self.column(field)) for field in fields)
            return
        # The three stand side by side and come in few combinations: where many lines are in the order of the block, one
        # look at it finds them all.
        edges = np.empty(2 * len(self), dtype=self.edges.dtype)
        edges[0::2], edges[1::2] = self.starts[self.first + QUEUE], self.ends[self.first + EVENT]
        together = Column(_texts(edges, self.buffer).take(_array(np.arange(0, len(edges), 2))))
        texts = zip(*(text.split(b"|") for text in together.dictionary.to_pylist()), strict=True)
        self._columns.update((field, Column.spelled(together.codes, found)) for field, found in zip(
            fields, texts, strict=True))

    def _known(self, field: int) -> Column | None:
        """The column, where the block that these lines come from has it already. Callids are too many for that."""
        if field == CALLID or not any(field in part._columns for part, _ in self._parts):
            return None
        columns = [part.column(field) if rows is None else part.column(field).take(rows) for part, rows in self._parts]
        return columns[0] if len(columns) == 1 else Column.joined(columns)

    @cached_property
    def _fields(self) -> pa.Array:
        """The block cut at every separator, nothing copied: field k is element 2k, the separators lie between."""
        return _texts(self.edges, self.buffer)

    def data(self, rows: Ints, field: int, last: int | None = None) -> pa.Array:
        """Data field `field` (0 is the first) of these rows as binary, null where the line is shorter.

        With `last` the piece from `field` through `last`, pipes included.
        """
        has = self.count[rows] > FIELDS + field
        index = np.where(has, self.first[rows] + FIELDS + field, 0)
        if last is None and has.all():
            return self._fields.take(_array(2 * index))
        stop = index if last is None else np.where(has, self.first[rows] + FIELDS + last, 0)
        return self._slices(np.where(has, self.starts[index], 0), np.where(has, self.ends[stop], 0), ~has)

    def rest(self, rows: Ints, field: int = 0) -> pa.Array:
        """Everything from data field `field` to the end of the line, pipes included; null where there is none."""
        has = self.count[rows] > FIELDS + field
        index = np.where(has, self.first[rows] + FIELDS + field, 0)
        last = np.where(has, self.first[rows] + self.count[rows] - 1, 0)
        return self._slices(np.where(has, self.starts[index], 0), np.where(has, self.ends[last], 0), ~has)

    def number(self, rows: Ints, field: int | Ints) -> Ints:
        """Data field as int64, -1 where it is missing, empty or not a whole number. Negative `field` counts from the
        right. Blanks around a number are forgiven (seen in real files)."""
        count = self.count[rows] - FIELDS
        position = np.asarray(field)
        if position.ndim or field < 0:
            position = np.where(position < 0, count + position, position)
        has = count > position if position.ndim == 0 else (position >= 0) & (count > position)
        index = self.first[rows] + FIELDS + position
        if has.all():
            value, good = digits(self.buffer, self.starts[index], self.ends[index])
            return np.where(good, value, -1)
        index = np.where(has, index, 0)
        start = self.starts[index]
        value, good = digits(self.buffer, start, np.where(has, self.ends[index], start))
        return np.where(good & has, value, -1)

    def text(self, row: int, field: int) -> str | None:
        """One data field of one row; None where the line is shorter. For the few rows walked by hand."""
        if self.count[row] <= FIELDS + field:
            return None
        index = self.first[row] + FIELDS + field
        return self.buffer[self.starts[index]:self.ends[index]].tobytes().decode("utf-8", "replace")

    def _slices(self, starts: Ints, ends: Ints, missing: Bools | None = None) -> pa.Array:
        """Binary array of the given byte ranges, copied out of the block."""
        lengths = ends - starts
        offsets = np.zeros(len(lengths) + 1, dtype=self.edges.dtype)
        np.cumsum(lengths, out=offsets[1:])
        total = int(offsets[-1])
        if total:
            index = np.ones(total, dtype=np.int64)
            filled = np.flatnonzero(lengths)
            begin = starts[filled]
            index[0] = begin[0]
            index[offsets[filled[1:]]] = begin[1:] - (begin[:-1] + lengths[filled[:-1]] - 1)
            np.cumsum(index, out=index)
            body = self.buffer[index]
        else:
            body = np.empty(0, dtype=np.uint8)
        validity = None if missing is None or not missing.any() else pa.array(~missing).buffers()[1]
        return _texts(offsets, body, validity)


def _texts(edges: Ints, body: np.ndarray, validity: pa.Buffer | None = None) -> pa.Array:
    """Binary array of what stands in `body` between each two neighbours of `edges`, nothing copied."""
    kind = pa.binary() if edges.dtype == np.int32 else pa.large_binary()
    return pa.Array.from_buffers(kind, max(len(edges) - 1, 0), [validity, pa.py_buffer(edges), pa.py_buffer(body)])


def _array(numbers: Ints) -> pa.Array:
    """int64 for Arrow, not copied."""
    numbers = np.ascontiguousarray(numbers)
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


def decode(array: pa.Array) -> list[str]:
    """Binary to text: UTF-8, and Latin-1 for what is not (old imports); None stays an empty string."""
    values = []
    for raw in array.to_pylist():
        if raw is None:
            values.append("")
            continue
        try:
            values.append(raw.decode("utf-8"))
        except UnicodeDecodeError:
            values.append(raw.decode("latin-1"))
    return values


def parse(block: bytes) -> tuple[Events, Bad]:
    """Whole lines (the block ends with a newline) to events; what is not an event is counted, never dropped in silence.

    Runs of NUL glued to a line by an unclean shutdown are taken off and the line is kept (issabel.md 0.15).
    """
    if b"\r" in block and b"\r\n" in block:  # one byte is looked for many times faster than two
        block = block.replace(b"\r\n", b"\n")
    buffer = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero((buffer == PIPE) | (buffer == NEWLINE))
    edges = np.empty(2 * len(ends), dtype=_wide(len(block)))
    edges[:1] = 0
    edges[1::2] = ends
    np.add(edges[1:-2:2], 1, out=edges[2::2])
    starts = edges[0::2]
    last = np.flatnonzero(buffer[ends] == NEWLINE)
    first = np.empty_like(last)
    first[:1] = 0
    first[1:] = last[:-1] + 1
    count = last - first + 1
    ts, good = _times(buffer, starts, ends, first)
    good &= (count >= FIELDS) & (ends[last] - starts[first] <= MAX_LINE) & (ts < LATEST)
    events = Events(buffer, edges, first, count, ts)
    if good.all():
        return events, Bad()
    wrong = np.flatnonzero(~good)
    samples = tuple(buffer[starts[first[i]]:ends[last[i]]][:200].tobytes() for i in wrong[:SAMPLES].tolist())
    return events.take(good), Bad(len(wrong), samples)


def _wide(size: int) -> type[np.signedinteger]:
    """The type of a position in a block of so many bytes."""
    return np.int32 if size < WIDE else np.int64


def _times(buffer: np.ndarray, starts: Ints, ends: Ints, first: Ints) -> tuple[Ints, Bools]:
    """Epoch of every line, NUL runs before it skipped (`starts` is moved past them)."""
    begin = starts[first]
    value, good = digits(buffer, begin, ends[first])
    for row in np.flatnonzero(~good).tolist():
        field = buffer[begin[row]:ends[first[row]]]
        text = np.flatnonzero(field)
        if len(text) and text[0]:
            starts[first[row]] += text[0]
            one, fine = digits(buffer, starts[first[row]:first[row] + 1], ends[first[row]:first[row] + 1])
            value[row], good[row] = one[0], fine[0]
    return value, good


def mentioning(block: bytes, words: Sequence[bytes]) -> bytes:
    """The lines in which one of `words` stands, without reading the others."""
    found: dict[int, int] = {}
    for word in words:
        place = block.find(word)
        while place >= 0:
            start = block.rfind(b"\n", 0, place) + 1
            stop = block.find(b"\n", place)
            found[start] = stop = len(block) if stop < 0 else stop + 1
            place = block.find(word, stop)
    return b"".join(block[start:found[start]] for start in sorted(found))


def concat(parts: Sequence[Events]) -> Events:
    """Several blocks as one, in the given order."""
    if len(parts) == 1:
        return parts[0]
    largest = max(range(len(parts)), key=lambda i: len(parts[i].edges))
    stored = [parts[largest], *parts[:largest], *parts[largest + 1:]]  # the largest first: its positions stay
    byte = np.cumsum([0, *(len(p.buffer) for p in stored[:-1])])
    flat = np.cumsum([0, *(len(p.edges) // 2 for p in stored[:-1])])
    first = [p.first + f if f else p.first for p, f in zip(stored, flat, strict=True)]
    first.insert(largest, first.pop(0))  # lines stay in the given order
    buffer = np.concatenate([p.buffer for p in stored])
    wide = _wide(len(buffer))
    return Events(
        buffer,
        np.concatenate([p.edges + wide(b) if b else p.edges for p, b in zip(stored, byte, strict=True)], dtype=wide),
        np.concatenate(first),
        np.concatenate([p.count for p in parts]),
        np.concatenate([p.ts for p in parts]),
        parts=[(part, None) for part in parts])


def in_time(events: Events) -> Events:
    """Events by second, lines of one second in the order of the file (rule P2)."""
    if len(events) < 2 or bool((events.ts[1:] >= events.ts[:-1]).all()):
        return events
    return events.take(np.argsort(events.ts, kind="stable"))


def whole(block: bytes) -> int:
    """How many bytes of the block are whole lines; the rest is a line still being written."""
    return block.rfind(b"\n") + 1


_NONE = np.empty(0, np.int64)
EMPTY = Events(np.empty(0, np.uint8), np.empty(0, np.int32), _NONE, _NONE, _NONE)
