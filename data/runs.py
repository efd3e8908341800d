"""Legs as columns that nobody copies: memory-mapped files ordered by enter, and slices of them.

A run is one Arrow file, uncompressed, one batch, whole numbers without nulls: numpy looks at the file itself, so
any number of processes share one copy of the history. Queues and agents are numbers into lists that the history
keeps for all runs.
"""

import io
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from data import frames, ordering

if TYPE_CHECKING:
    import pandas as pd

ROWS = 262_144  # rows from which on a run is full; it has no more than half as many again
_TEXTS = ("callid", "callid_enter", "caller", "caller_orig", "caller_name", "transfer_to", "key", "did")
SCHEMA = pa.schema([
    pa.field(f.name, pa.int32() if f.name in ("queue", "agent") else pa.large_string() if f.name in _TEXTS
             else pa.int8() if f.name == "internal" else f.type) for f in frames.LEGS])
NUMBERS = tuple(f.name for f in SCHEMA if f.name not in _TEXTS)
TRIES = pa.schema([("ts", pa.int64()), ("queue", pa.int32()), ("agent", pa.int32()), ("kind", pa.int8()),
                   ("ring_ms", pa.int64()), ("callid", pa.large_string())])


class Damaged(Exception):
    """A file of the store does not hold what was written into it."""


@dataclass
class Words:
    """Texts of queues or agents as numbers, in the order in which they first appeared."""

    texts: list[str] = field(default_factory=list)
    _number: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._number = {text: i for i, text in enumerate(self.texts)}

    def codes(self, column: pa.ChunkedArray | pa.Array) -> np.ndarray:
        """int32 per row of a word column; -1 for null. New words get new numbers."""
        chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        parts = [np.empty(0, dtype=np.int32)]
        for chunk in chunks:
            words = chunk.dictionary.to_pylist()
            indices = (chunk.indices.fill_null(len(words)) if chunk.null_count else chunk.indices).to_numpy(
                zero_copy_only=False)
            table = np.full(len(words) + 1, -1, dtype=np.int32)
            used = np.zeros(len(words) + 1, dtype=bool)  # words of the dictionary that no row uses stay unknown
            used[indices] = True
            for i in np.flatnonzero(used[:-1]).tolist():
                table[i] = self.number(words[i])
            parts.append(table[indices])
        return np.concatenate(parts)

    def number(self, text: str) -> int:
        found = self._number.get(text)
        if found is None:
            found = self._number[text] = len(self.texts)
            self.texts.append(text)
        return found


def coded(legs: pa.Table, queues: Words, agents: Words) -> pa.Table:
    """frames.LEGS as SCHEMA, ordered by enter."""
    codes = {"queue": queues.codes(legs.column("queue")), "agent": agents.codes(legs.column("agent"))}
    found = pa.table({name: codes.get(name, legs.column(name)) for name in SCHEMA.names}).combine_chunks()
    enter = found.column("enter").to_numpy()
    if (enter[1:] < enter[:-1]).any():  # words are put in order as numbers and made texts afterwards
        found = found.take(pa.array(np.argsort(enter, kind="stable")))
    return pa.table([_as(found.column(field.name), field.type) for field in SCHEMA], schema=SCHEMA)


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | pa.Array:
    if column.type == kind:
        return column
    return pa.nulls(len(column), kind) if column.null_count == len(column) else column.cast(kind)


def coded_attempts(attempts: pa.Table, queues: Words, agents: Words) -> pa.Table:
    """frames.ATTEMPT as TRIES, ordered by ts."""
    kinds = {word: i for i, word in enumerate(frames.ATTEMPTS)}
    kind = np.array([kinds[word] for word in attempts.column("kind").cast(pa.large_string()).to_pylist()],
                    dtype=np.int8)
    return pa.table({
        "ts": attempts.column("ts"), "queue": queues.codes(attempts.column("queue")),
        "agent": agents.codes(attempts.column("agent")), "kind": kind, "ring_ms": attempts.column("ring_ms"),
        "callid": attempts.column("callid")}, schema=TRIES).combine_chunks().sort_by([("ts", "ascending")])


def write(table: pa.Table, path: Path) -> int:
    """Writes one batch uncompressed; the CRC-32 of the file."""
    with Summed(path) as file, pa.PythonFile(file, "w") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        for batch in table.combine_chunks().to_batches():
            writer.write_batch(batch)
    return file.crc


class Summed(io.RawIOBase):
    """A new file at `path` that counts the CRC-32 of what is written into it."""

    def __init__(self, path: Path):
        self._file, self.crc = path.open("wb"), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.crc = zlib.crc32(data, self.crc)
        return self._file.write(data)

    def flush(self) -> None:
        if not self._file.closed:
            self._file.flush()

    def close(self) -> None:
        self._file.close()
        super().close()


def checksum(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            crc = zlib.crc32(block, crc)
    return crc


class Run:
    """Columns of one run. `numbers` are arrays over the file; `texts` Arrow columns over the file."""

    def __init__(self, table: pa.Table):
        table = table.combine_chunks()
        self.table = table
        self.rows = table.num_rows
        self._cache: dict[str, np.ndarray] = {}
        self._coded: dict[str, tuple[np.ndarray, list[str]]] = {}
        self._marks: dict[str, np.ndarray] = {}

    @classmethod
    def open(cls, path: Path) -> "Run":
        """A run in a file, mapped."""
        with pa.memory_map(str(path), "r") as source:
            return cls(pa.ipc.open_file(source).read_all())

    def number(self, name: str) -> np.ndarray:
        """A column of whole numbers, not copied."""
        if name not in self._cache:
            column = self.table.column(name)
            self._cache[name] = column.chunk(0).to_numpy(zero_copy_only=False) if column.num_chunks else np.empty(
                0, dtype=self.table.schema.field(name).type.to_pandas_dtype())
        return self._cache[name]

    def text(self, name: str) -> pa.Array:
        column = self.table.column(name)
        return column.chunk(0) if column.num_chunks else pa.array([], pa.large_string())

    def coded(self, name: str) -> tuple[np.ndarray, list[str]]:
        """A column of texts as numbers (int32) into its different texts, null as ""; worked out once."""
        if name not in self._coded:
            words = self.text(name).fill_null("").dictionary_encode()
            self._coded[name] = words.indices.to_numpy(zero_copy_only=False), words.dictionary.to_pylist()
        return self._coded[name]

    def marks(self, name: str) -> np.ndarray:
        """`ordering.marks` of a column of texts, worked out once."""
        if name not in self._marks:
            self._marks[name] = ordering.marks(self.text(name))
        return self._marks[name]

    def between(self, key: str, start: int, end: int) -> slice:
        low, high = np.searchsorted(self.number(key), (start, end))
        return slice(int(low), int(high))


Part = tuple[Run, slice | np.ndarray]


@dataclass
class Rows:
    """Chosen rows of several runs. What is asked for is gathered, nothing else."""

    parts: Sequence[Part]

    def __len__(self) -> int:
        return sum(_count(chosen) for _, chosen in self.parts)

    def number(self, name: str) -> np.ndarray:
        found = [run.number(name)[chosen] for run, chosen in self.parts]
        if len(found) == 1:
            return found[0]
        kind = next((f.type.to_pandas_dtype() for f in (*SCHEMA, *TRIES) if f.name == name), np.int64)
        return np.concatenate([np.empty(0, dtype=kind), *found])

    def text(self, name: str) -> pa.ChunkedArray:
        found = []
        for run, chosen in self.parts:
            column = run.text(name)
            found.append(column.slice(chosen.start, chosen.stop - chosen.start) if isinstance(chosen, slice)
                         else column.take(pa.array(chosen)))
        return pa.chunked_array(found, pa.large_string())

    def coded(self, name: str) -> tuple[np.ndarray, list[str]]:
        """A column of texts as numbers (int64) into a list of the texts."""
        known, parts = Words(), [np.empty(0, dtype=np.int64)]
        for run, chosen in self.parts:
            codes, words = run.coded(name)
            parts.append(np.array([known.number(word) for word in words] or [0], dtype=np.int64)[codes[chosen]])
        return np.concatenate(parts), known.texts

    def keep(self, mask: Callable[["Run", slice | np.ndarray], "np.ndarray | bool"]) -> "Rows":
        """The rows for which `mask(run, chosen)` (an array of bool, or True for all) holds."""
        kept: list[Part] = []
        for run, chosen in self.parts:
            good = mask(run, chosen)
            if isinstance(good, bool) or good.all():
                kept.append((run, chosen))
                continue
            base = np.arange(chosen.start, chosen.stop) if isinstance(chosen, slice) else chosen
            kept.append((run, base[good]))
        return Rows(kept)

    @property
    def nbytes(self) -> int:
        """What it takes to remember which rows these are."""
        return 64 + sum(chosen.nbytes for _, chosen in self.parts if not isinstance(chosen, slice))

    def table(self, names: Iterable[str]) -> pa.Table:
        """These columns as an Arrow table."""
        return pa.table({name: self.text(name) if name in _TEXTS else pa.array(self.number(name)) for name in names})

    def frame(self, names: Iterable[str] = SCHEMA.names) -> "pd.DataFrame":
        """These columns as pandas (numbers as they are stored, -1 unknown), ordered as the runs are."""
        return self.table(names).to_pandas(split_blocks=True)


def places(rows: Rows, runs: Sequence[Run]) -> np.ndarray:
    """int32 number of each row, counted through all runs."""
    first = dict(zip(map(id, runs), np.cumsum([0, *(run.rows for run in runs)]).tolist(), strict=False))
    parts = [np.arange(chosen.start, chosen.stop, dtype=np.int32) if isinstance(chosen, slice)
             else chosen.astype(np.int32) for _, chosen in rows.parts]
    return np.concatenate([np.empty(0, np.int32), *(part + np.int32(first[id(run)]) for part, (run, _) in zip(
        parts, rows.parts, strict=True))])


def at(runs: Sequence[Run], wanted: np.ndarray) -> tuple[Rows, np.ndarray]:
    """The rows with these numbers (`places`), and where each wanted one stands among them."""
    order = np.argsort(wanted, kind="stable")
    ordered = wanted[order]
    first = np.cumsum([0, *(run.rows for run in runs)])
    cuts = np.searchsorted(ordered, first)
    parts = [(run, ordered[low:high] - first[i]) for i, (run, low, high) in enumerate(
        zip(runs, cuts[:-1], cuts[1:], strict=True)) if high > low]
    stands = np.empty(len(wanted), dtype=np.int64)
    stands[order] = np.arange(len(wanted))
    return Rows(parts), stands


def _count(chosen: slice | np.ndarray) -> int:
    return chosen.stop - chosen.start if isinstance(chosen, slice) else len(chosen)


def between(runs: Iterable[Run], key: str, start: int, end: int) -> Rows:
    """Rows of all runs whose `key` (the column they are ordered by) lies in [start, end)."""
    parts = [(run, run.between(key, start, end)) for run in runs]
    return Rows([(run, chosen) for run, chosen in parts if chosen.stop > chosen.start])


def whole(runs: Iterable[Run]) -> Rows:
    """Every row of all runs."""
    return Rows([(run, slice(0, run.rows)) for run in runs if run.rows])
