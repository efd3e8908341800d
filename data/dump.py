"""Tables of the store as CSV or Parquet, written piece by piece."""

import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from data import calendar, frames, queue_log, records
from data.filters import Filters
from data.queue_log import Events
from data.segments import DamagedSegment
from data.store import Store

DATA = 5  # data1 … data5; the last keeps what a line has beyond it, pipes included, as Asterisk's own tables do
EVENTS = pa.schema([("ts", pa.int64()), *((name, pa.large_string()) for name in (
    "callid", "queue", "agent", "event", *(f"data{n}" for n in range(1, DATA + 1))))])


class Refused(Exception):
    """The table cannot be written; the message says why in one sentence."""


def write(store: Store, table: str, start: dt.date | None, end: dt.date | None, kind: str, out: Path | None) -> None:
    """Writes `table` of a store that is up to date for the local days start..end (both included; all without them)."""
    low, high = _bounds(store, start, end)
    pieces = events(store, low, high) if table == "events" else iter([_table(store, table, low, high)])
    try:
        first = next(pieces, EVENTS.empty_table())
        sink: Any = str(out) if out else sys.stdout.buffer
        with (pyarrow.csv.CSVWriter(sink, first.schema) if kind == "csv"
              else pyarrow.parquet.ParquetWriter(sink, first.schema, compression="zstd")) as writer:
            writer.write_table(first)
            for piece in pieces:
                writer.write_table(piece)
    except DamagedSegment as error:
        raise Refused(f"A part of the stored log is damaged: {error}.") from None
    except OSError as error:
        raise Refused(f"{out}: {error.strerror or error}.") from None


def _bounds(store: Store, start: dt.date | None, end: dt.date | None) -> tuple[int, int]:
    if start is None and end is None:
        return -1, 1 << 40
    first, last = start or dt.date(1990, 1, 1), end or dt.date(2200, 1, 1)
    if last < first:
        raise Refused("--end is before --start.")
    return calendar.bounds(Filters(first, last), store.site.zone)


def events(store: Store, low: int, high: int) -> Iterator[pa.Table]:
    """Every event as it was written, logs in the order of time, lines in the order of their log."""
    for chunk in store.book.order():
        if chunk.max_ts < low or chunk.min_ts >= high:
            continue
        raw = chunk.bytes()
        found, _ = queue_log.parse(raw if raw.endswith(b"\n") else raw + b"\n")
        rows = np.flatnonzero((found.ts >= low) & (found.ts < high))
        if len(rows):
            yield _split(found.take(rows))


def _split(found: Events) -> pa.Table:
    rows = np.arange(len(found))
    columns: dict[str, Any] = {"ts": pa.array(found.ts)}
    for number, name in enumerate(("callid", "queue", "agent", "event"), 1):
        column = found.column(number)
        columns[name] = pa.array(column.values, pa.large_string()).take(pa.array(column.codes))
    for number in range(DATA):
        last = number == DATA - 1
        column_ = found.rest(rows, number) if last else found.data(rows, number)
        columns[f"data{number + 1}"] = _text(column_)
    return pa.table(columns, schema=EVENTS)


def _text(column: pa.Array) -> pa.Array:
    column = column.fill_null(b"") if column.null_count else column
    try:
        return column.cast(pa.large_string())
    except pa.ArrowInvalid:
        return pa.array(queue_log.decode(column), pa.large_string())


def _table(store: Store, table: str, low: int, high: int) -> pa.Table:
    shot = store.view().snapshot
    names = shot.who
    if table == "legs":
        rows = shot.between(low, high)
        found = _decoded(rows.table(frames.LEGS.names), shot)
        found = found.sort_by([("enter", "ascending"), ("end", "ascending")])
        return _rows(records.legs(found, names))
    if table == "attempts":
        parts = [run.table for run in shot.tries]
        made = pa.concat_tables(parts)
        ts = made.column("ts").to_numpy()
        made = made.filter(pa.array((ts >= low) & (ts < high))).sort_by("ts")
        made = pa.table({
            "ts": made.column("ts"), "callid": made.column("callid"), "queue": _words(made, "queue", shot.queue_words),
            "agent": _words(made, "agent", shot.agent_words),
            "kind": frames.words([frames.ATTEMPTS[k] for k in made.column("kind").to_pylist()]),
            "ring_ms": made.column("ring_ms")}, schema=frames.ATTEMPT)
        rows_ = records.attempts(made, names, shot.site.options.rna_noise_ms)
        return _rows([{"ts": ts, **row} for ts, row in zip(made.column("ts").to_pylist(), rows_, strict=True)])
    young = shot.tables()[2 if table == "sessions" else 3]
    whole = pa.concat_tables([shot.history.sessions if table == "sessions" else shot.history.pauses, young])
    spans = [row for row in records.spans(whole) if (row["start"] is None or row["start"] < high)
             and (row["end"] is None or row["end"] >= low)]
    return _rows(spans, {"sessions": frames.SESSION, "pauses": frames.PAUSE}[table].names)


def _words(table: pa.Table, name: str, words: Any) -> pa.Array:
    codes = table.column(name).to_numpy()
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(words.texts, pa.large_string()))


def _decoded(table: pa.Table, shot: Any) -> pa.Table:
    """Numbers of queues and agents as words again: frames.LEGS."""
    columns = {name: table.column(name) for name in frames.LEGS.names}
    columns["queue"], columns["agent"] = _words(table, "queue", shot.queue_words), _words(
        table, "agent", shot.agent_words)
    columns["internal"] = table.column("internal").cast(pa.bool_())
    for name in ("transfer_to", "key", "did"):
        columns[name] = frames.words(table.column(name).combine_chunks())
    return pa.table(columns, schema=frames.LEGS)


def _rows(rows: list[dict[str, Any]], names: list[str] | None = None) -> pa.Table:
    """Plain rows as a table; flags as words separated by blanks."""
    for row in rows:
        if isinstance(row.get("flags"), list):
            row["flags"] = " ".join(row["flags"])
    if not rows:
        return pa.table({name: pa.array([], pa.large_string()) for name in names or records.ORDER})
    return pa.Table.from_pylist(rows)

