"""Reading the book: chunks, contents, totals and losses, in any process, while another one writes."""

import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data import book_open, book_rows, segments
from data.book_open import DamagedBook
from data.book_rows import Chunk, Generation, Row
from data.queue_log import Bad
from data.segments import DamagedSegment

BATCH = 64


@dataclass(frozen=True)
class Loss:
    """Something that may have been lost: `what` is an English message id; `resolved` when it was found after all."""

    id: int
    time: float
    what: str
    generation: int
    bytes: int
    detail: str
    resolved: float | None


@dataclass(frozen=True)
class Totals:
    """What the book holds."""

    chunks: int
    lines: int
    bad: Bad
    bytes: int


class Pages:
    """A connection to the book in `folder` that follows it across forks and when its file is replaced."""

    def __init__(self, folder: Path):
        self.folder, self._guard = Path(folder), threading.RLock()
        self._con: sqlite3.Connection | None = None
        self._pid, self._file = 0, (0, 0)
        self._copied = False  # reads a copy, because the disk is read-only
        self._known: dict[int, Generation] | None = None  # the writer's list; readers ask the file

    def _db(self) -> sqlite3.Connection:
        """This process's connection; a new one after a fork or, for a reader, when the file was replaced."""
        if self._known is not None and self._con is not None and self._pid == os.getpid():
            return self._con
        path = self.folder / book_open.NAME
        try:
            state = path.stat()
        except FileNotFoundError:
            if self._con is None:
                raise
            return self._con
        here = (state.st_dev, state.st_ino)
        renew = self._file != here or (self._copied and not book_open.unwritable(self.folder))
        if self._con is None or self._pid != os.getpid() or renew:
            if self._con is not None and self._pid == os.getpid():
                self._con.close()
            self._copied = book_open.unwritable(self.folder)
            self._con, self._pid, self._file = book_open.reader(self.folder), os.getpid(), here
        return self._con

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple]:
        """The answer to a question; BookError."""
        with self._guard:
            try:
                return self._db().execute(sql, values).fetchall()
            except (sqlite3.Error, OSError) as error:
                raise book_open.trouble(error, self.folder) from error

    def meta(self, name: str, default: Any) -> Any:
        """One value about the book as a whole."""
        rows = self.rows("SELECT value FROM meta WHERE name=?", (name,))
        return rows[0][0] if rows else default

    @property
    def version(self) -> int:
        """Grows when something is added or mended, and only then."""
        return int(self.meta("version", 0))

    @property
    def last_id(self) -> int:
        """Id of the newest chunk, 0 in an empty book."""
        return int(self.rows("SELECT coalesce(max(id), 0) FROM chunk")[0][0])

    @property
    def incarnation(self) -> str:
        """Changes when the book had to be built again: chunk ids read before mean nothing then; begin at 0."""
        return str(self.meta("incarnation", ""))

    def chunks(self, after: int = 0) -> Iterator[Chunk]:
        """Chunks with an id above `after`, in that order. A chunk gathered from several, of which some were already
        had, is given from where they end. DamagedSegment comes from the chunk's `bytes()`."""
        while True:
            rows = self._fetch("WHERE id>? ORDER BY id LIMIT ?", (after, BATCH))
            for found in rows:
                yield self._chunk(found, after)
                after = found.id
            if len(rows) < BATCH:
                return

    def order(self) -> list[Chunk]:
        """Every chunk in the order of time: logs by their first second, then their place in the log."""
        return self._in_order([book_rows.row((*v, None)) for v in self.rows(book_rows.SELECT_CHUNK)])

    def during(self, start: int, end: int) -> list[Chunk]:
        """The chunks with events of [start, end] (epoch seconds), in the same order."""
        return self._in_order(self._fetch("WHERE high>=? AND low<=?", (start, end)))

    def _in_order(self, rows: list[Row]) -> list[Chunk]:
        born = {i: (b, i) for i, b in self.rows("SELECT id, born FROM generation")}
        return [self._chunk(r, 0) for r in sorted(rows, key=lambda r: (*born[r.generation], r.off_from))]

    def _fetch(self, where: str, values: tuple[Any, ...]) -> list[Row]:
        try:
            return [book_rows.row(v) for v in self.rows(book_rows.SELECT_CHUNK_RAW + where, values)]
        except book_rows.BadSeal as error:
            raise DamagedBook(str(error)) from error

    def _chunk(self, r: Row, after: int) -> Chunk:
        start, glued, lines, bad = r.off_from, r.glued, r.lines, r.bad
        if r.first <= after and r.trail:
            trail = np.frombuffer(zlib.decompress(r.trail), dtype=np.int64).reshape(-1, 4)
            had = trail[trail[:, 0] <= after]
            if len(had):
                start, glued = int(had[-1, 1]), 0
                lines, bad = lines - int(had[:, 2].sum()), bad - int(had[:, 3].sum())
        return Chunk(r.id, r.generation, start, r.off_to, lines, bad, r.low, r.high, glued,
                     lambda: self.raw(r)[start - r.off_from:])

    def raw(self, r: Row) -> bytes:
        """The verbatim bytes of a chunk; DamagedSegment."""
        if r.raw is not None:
            return r.raw
        here = r
        if r.damaged or not r.file:  # gathered into a segment, or mended, since the row was read
            again = self._fetch("WHERE generation=? AND off_from<=? AND off_to>=?",
                                (r.generation, r.off_from, r.off_to))
            here = next(iter(again), r)
        if here.raw is None and not here.file:
            raise DamagedSegment(f"bytes {r.off_from} to {r.off_to} of log {r.generation} are missing")
        raw = segments.read(self.folder, here.file) if here.raw is None else here.raw
        return raw[r.off_from - here.off_from:r.off_to - here.off_from]

    def generations(self) -> list[Generation]:
        """Every log the book knows. The writer's own list, without asking the disk."""
        if self._known is not None:
            return list(self._known.values())
        try:
            return [book_rows.generation(v) for v in self.rows(book_rows.SELECT_GENERATION)]
        except book_rows.BadSeal as error:
            raise DamagedBook(str(error)) from error

    def content(self, g: Generation, start: int, end: int) -> Iterator[tuple[int, bytes | None]]:
        """Verbatim pieces of a log and where they begin; None for a piece that is damaged."""
        if start < g.base:
            parent = next((p for p in self.generations() if p.key == g.parent), None)
            yield from self.content(parent, start, min(end, g.base)) if parent else [(start, None)]
            start = g.base
        for (number,) in self.rows("SELECT id FROM chunk WHERE generation=? AND off_to>? AND off_from<? "
                                    "ORDER BY off_from", (g.id, start, end)):
            for r in self._fetch("WHERE id=?", (number,)):
                try:
                    raw: bytes | None = self.raw(r)
                except DamagedSegment:
                    raw = None
                begin = max(start, r.off_from)
                yield begin, None if raw is None else raw[begin - r.off_from:min(end, r.off_to) - r.off_from]

    def totals(self) -> Totals:
        """Chunks, lines, lines that are no events (with some of them) and bytes of the whole book."""
        count, lines, bad, size = self.rows("SELECT count(*), coalesce(sum(lines), 0), coalesce(sum(bad), 0), "
                                             "coalesce(sum(off_to - off_from), 0) FROM chunk")[0]
        samples = tuple(line for (line,) in self.rows("SELECT line FROM sample ORDER BY rowid"))
        return Totals(count, lines, Bad(bad, samples), size)

    def losses(self, all: bool = False) -> list[Loss]:
        """What may have been lost, oldest first; with `all` also what was found after all."""
        found = [Loss(*v) for v in self.rows(
            "SELECT id, time, what, generation, bytes, detail, resolved FROM loss ORDER BY id")]
        return [loss for loss in found if all or loss.resolved is None]

    def damaged(self) -> list[Row]:
        """Chunks whose bytes are missing or wrong and wait to be read again from the log."""
        rows = self.rows(book_rows.SELECT_CHUNK + "WHERE damaged=1")
        return [book_rows.row((*v, None)) for v in rows]
