"""Segments: compressed files of log lines that never change once they are there.

A segment is an Arrow IPC file (zstd) of the columns `ts` (int64 epoch seconds, -1 for a line that is no event) and
`line` (the line as it stood in the log, its newline included, so that the column's bytes are the log's bytes). Its
schema carries a `Span`: enough to register it again should the catalogue be lost. The digest of the whole file is part
of its name: a flipped bit anywhere is noticed, never read as something else.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from data import queue_log
from data.queue_log import Bad, Events

SUFFIX, ASIDE = ".arrow", ".part"


class DamagedSegment(Exception):
    """A part of the book that is missing or not what was written."""


@dataclass(frozen=True)
class Span:
    """A verbatim range [start, end) of one log and where it belongs."""

    generation: str
    parent: str  # generation that holds the bytes before `base`, "" where there is none
    base: int
    head: bytes  # first bytes of the log
    tail: bytes  # last bytes before `end`
    ragged: int
    born: int
    start: int
    end: int
    first: int  # chunk ids that went into it
    last: int
    lines: int
    bad: int
    low: int
    high: int
    glued: int  # begins inside a line that was already given out
    digest: str
    trail: bytes


def digest(data: bytes | memoryview) -> str:
    """SHA-256, hexadecimal: processors have instructions for it."""
    return hashlib.sha256(data).hexdigest()


def seal(data: bytes | memoryview) -> str:
    """128 bits of BLAKE2b, hexadecimal: short, for a row of the catalogue."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def is_of(data: bytes | memoryview, told: str) -> bool:
    """Whether these bytes are those of which `told` is the digest: SHA-256, or the 128 bits of BLAKE2b of old books."""
    return told == (seal(data) if len(told) == 32 else digest(data))


def line_ends(raw: bytes) -> np.ndarray:
    """int64 position after each line; a last line without newline ends where the bytes end."""
    ends = np.flatnonzero(np.frombuffer(raw, dtype=np.uint8) == queue_log.NEWLINE) + 1
    return ends if raw.endswith(b"\n") else np.append(ends, len(raw))


def marks(raw: bytes, events: Events, bad: Bad, skipped: int) -> tuple[np.ndarray, np.ndarray]:
    """int64 position after each line of `raw` and its epoch: -1 for those that are no events and for the `skipped`
    first ones, which are not among the events either."""
    if not bad.count and not skipped and len(events.buffer) == len(raw) and raw.endswith(b"\n"):
        return events.ends[events.first + events.count - 1].astype(np.int64) + 1, events.ts
    ends = line_ends(raw)
    seconds = np.full(len(ends), -1, dtype=np.int64)
    newlines = np.flatnonzero(events.buffer == queue_log.NEWLINE)
    seconds[np.searchsorted(newlines, events.starts[events.first]) + skipped] = events.ts
    return ends, seconds


def write(folder: Path, span: Span, raw: bytes, ends: np.ndarray, ts: np.ndarray) -> str:
    """Writes a segment aside, syncs it, gives it its name; the name. OSError leaves nothing behind.

    `ends`, `ts`: the `marks` of `raw`.
    """
    offsets = np.zeros(len(ends) + 1, dtype=np.int32)  # half the width: a segment has some megabytes
    offsets[1:] = ends
    line = pa.BinaryArray.from_buffers(
        pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(raw)])
    facts = {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in asdict(span).items()}
    schema = pa.schema([("ts", pa.int64()), ("line", pa.binary())], metadata={"span": json.dumps(facts)})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1), use_threads=False)
    with pa.ipc.new_file(sink, schema, options=options) as writer:
        writer.write_batch(pa.record_batch([pa.array(ts, pa.int64()), line], schema=schema))
    body = memoryview(sink.getvalue())
    name = f"{span.last:012d}-{digest(body)}{SUFFIX}"
    aside = folder / (name + ASIDE)
    try:
        with aside.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(folder / name)
        sync(folder)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    return name


def sync(folder: Path) -> None:
    """Makes the names in a folder as durable as the files."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _batch(folder: Path, name: str) -> pa.RecordBatch:
    try:
        body = (folder / name).read_bytes()
    except OSError as error:
        raise DamagedSegment(f"{name}: {error.strerror}") from error
    if not is_of(body, name.removesuffix(SUFFIX).rpartition("-")[2]):
        raise DamagedSegment(f"{name}: not what was written")
    return pa.ipc.open_file(pa.py_buffer(body)).get_batch(0)


def read(folder: Path, name: str) -> bytes:
    """The verbatim bytes of a segment; DamagedSegment when they are not what was written."""
    batch = _batch(folder, name)
    column = batch.column("line")
    wide = np.int64 if column.type == pa.large_binary() else np.int32  # as the first version wrote them
    size = int(np.frombuffer(column.buffers()[1], dtype=wide)[len(column)])
    return column.buffers()[2].to_pybytes()[:size]


def describe(folder: Path, name: str) -> Span:
    """What a segment says of itself; DamagedSegment when it is not what was written."""
    facts: dict[str, Any] = json.loads(_batch(folder, name).schema.metadata[b"span"])
    values: dict[str, Any] = {
        f.name: base64.b64decode(facts[f.name]) if f.type is bytes else facts[f.name] for f in fields(Span)}
    return Span(**values)


def names(folder: Path) -> Iterator[str]:
    """Segments in the folder, oldest first."""
    return iter(sorted(p.name for p in folder.glob("*" + SUFFIX)))


def sweep(folder: Path) -> None:
    """Removes what a killed writer left half written."""
    for path in folder.glob("*" + SUFFIX + ASIDE):
        path.unlink(missing_ok=True)
