"""Segments: compressed files of log lines that never change once they are there.

A segment is an Arrow IPC file (zstd) of one column and one row: `lines`, the bytes of the log as they stood there.
(Where each line begins would take a quarter of the file, and is found faster than it is read.) Its schema carries a
`Span`: enough to register it again should the catalogue be lost. The digest of the whole file is part of its name: a
flipped bit anywhere is noticed, never read as something else.
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


def write(folder: Path, span: Span, raw: bytes) -> str:
    """Writes a segment aside, syncs it, gives it its name; the name. OSError leaves nothing behind."""
    facts = {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in asdict(span).items()}
    schema = pa.schema([("lines", pa.large_binary())], metadata={"span": json.dumps(facts)})
    lines = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), 1, [None, pa.py_buffer(np.array([0, len(raw)])), pa.py_buffer(raw)])
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1), use_threads=False)
    with pa.ipc.new_file(sink, schema, options=options) as writer:
        writer.write_batch(pa.record_batch([lines], schema=schema))
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
    column = batch.column(batch.num_columns - 1)  # older ones have a row per line in `line`, and before it `ts`
    wide = np.int64 if column.type == pa.large_binary() else np.int32
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
