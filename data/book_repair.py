"""Mending the book: what a killed writer left, a catalogue that was lost, segments that are not what was written."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from data import book_rows, queue_log, segments
from data.book_rows import Generation, Row
from data.queue_log import Bad
from data.segments import DamagedSegment, Span

if TYPE_CHECKING:
    from data.book import Book

Sealed = TypeVar("Sealed", Generation, Row)

BOOK_DAMAGED = "The data file was damaged and was built again"
SEGMENT_DAMAGED = "A part of the stored history is damaged"


def start(book: "Book", old: Path | None) -> None:
    """Takes in segments the catalogue does not know and removes half written ones. `old` is a damaged catalogue that
    was set aside: what can still be proven in it is taken over, the rest is read again from the log."""
    segments.sweep(book.folder)
    fresh = not book.rows("SELECT 1 FROM chunk LIMIT 1")
    last = _adopt(book)
    if old is not None:
        _salvage(book, old)
    if old is not None or (fresh and last > 1):
        with book.transaction() as con:
            book_rows.put_meta(con, "version", int(book.clock() * 1000))  # above any version given out before
            book_rows.lose(con, book.clock(), BOOK_DAMAGED, detail=old.name if old else "")
        book.reload()
    there = set(segments.names(book.folder))
    for values in book.rows(book_rows.SELECT_CHUNK + "WHERE file<>'' AND damaged=0"):
        r = book_rows.row((*values, None))
        if r.file not in there:
            mark(book, r)


def _adopt(book: "Book") -> int:
    """Registers or removes the segments no chunk refers to; the highest chunk id among them."""
    known = {file for (file,) in book.rows("SELECT file FROM chunk WHERE file<>''")}
    found: list[tuple[Span, str]] = []
    for name in segments.names(book.folder):
        if name in known:
            continue
        try:
            found.append((segments.describe(book.folder, name), name))
        except DamagedSegment:
            (book.folder / name).rename(book.folder / (name + ".damaged"))
            with book.transaction() as con:
                book_rows.lose(con, book.clock(), SEGMENT_DAMAGED, detail=name)
    taken = {span.last for span, _ in found}
    for span, name in sorted(found, key=lambda item: (item[0].generation, item[0].start)):
        _register(book, span, name, taken)
    return max(taken, default=0)


def _register(book: "Book", span: Span, name: str, taken: set[int]) -> None:
    g = next((g for g in book.logs.values() if g.key == span.generation), None) or Generation(
        0, span.generation, span.parent, span.base, b"", span.base)
    if span.end <= g.off:  # written twice: the transaction that would have replaced the small chunks never came
        (book.folder / name).unlink()
        return
    if span.start < g.off:
        book.append(g, segments.read(book.folder, name)[g.off - span.start:], span.ragged)
        (book.folder / name).unlink()
        return
    with book.transaction() as con:
        number = book_rows.put_generation(con, replace(
            g, head=span.head, off=span.end, tail=span.tail, ragged=span.ragged,
            born=g.born if g.born >= 0 else span.born, seen=max(g.seen, span.end)))
        used = {i for (i,) in con.execute("SELECT id FROM chunk")} | taken
        if span.start > g.off:
            hole = next((i for i in range(span.first - 1, 0, -1) if i not in used), max(used) + 1)
            used.add(hole)
            book_rows.put_row(con, Row(hole, hole, number, g.off, span.start, 0, 0, -1, -1, int(bool(g.ragged)), "", "",
                                       damaged=1))
            book_rows.lose(con, book.clock(), SEGMENT_DAMAGED, number, span.start - g.off, [g.off, span.start])
        there = con.execute("SELECT 1 FROM chunk WHERE id=?", (span.last,)).fetchone()
        chunk = max(used) + 1 if there else span.last
        book_rows.put_row(con, Row(chunk, chunk if there else span.first, number, span.start, span.end, span.lines,
                                   span.bad, span.low, span.high, span.glued, span.digest, name,
                                   b"" if there else span.trail))
        book_rows.put_meta(con, "last", max(int(book.meta("last", 0)), *used, chunk))
        book_rows.advance(con)
    book.reload()


def _salvage(book: "Book", old: Path) -> None:
    """Takes over the small chunks of a damaged catalogue whose seals still hold."""
    logs = {g.id: g for g in _proven(old, book_rows.SELECT_GENERATION, book_rows.generation)}
    rows = {r.id: r for r in _proven(old, book_rows.SELECT_CHUNK_RAW, book_rows.row)}
    for r in sorted(rows.values(), key=lambda r: (r.generation, r.off_from)):
        was = logs.get(r.generation)
        if r.raw is None or was is None:
            continue
        g = next((g for g in book.logs.values() if g.key == was.key), None) or Generation(
            0, was.key, was.parent, was.base, was.head[:was.base], was.base)
        if r.off_from <= g.off < r.off_to:
            book.append(g, r.raw[g.off - r.off_from:], was.ragged)


def _proven(old: Path, sql: str, read: Callable[[tuple], Sealed]) -> Iterator[Sealed]:
    """What `read` makes of the rows whose seals hold, from both ends: one bad page hides what lies behind it."""
    for direction in ("", " ORDER BY id DESC"):
        for values in _readable(old, sql + direction):
            try:
                found = read(values)
            except (book_rows.BadSeal, TypeError):
                continue
            yield found


def _readable(path: Path, sql: str) -> Iterator[tuple]:
    """Rows until the file cannot be read any further."""
    try:
        con = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True)
        con.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            yield from con.execute(sql)
        finally:
            con.close()
    except (sqlite3.Error, OSError):
        return


def verify(book: "Book") -> list[str]:
    """Names of the segments that are not what was written; they are marked and wait to be read again from the log."""
    wrong = []
    for values in book.rows(book_rows.SELECT_CHUNK + "WHERE file<>'' AND damaged=0"):
        r = book_rows.row((*values, None))
        try:
            segments.read(book.folder, r.file)
        except DamagedSegment:
            wrong.append(r.file)
            if book.locked:
                mark(book, r)
    return wrong


def mark(book: "Book", r: Row) -> None:
    """Notes that a chunk cannot be read."""
    with book.transaction() as con:
        con.execute("UPDATE chunk SET damaged=1 WHERE id=?", (r.id,))
        book_rows.lose(con, book.clock(), SEGMENT_DAMAGED, r.generation, r.off_to - r.off_from, [r.off_from, r.off_to])
    book.reload()


def mend(book: "Book", r: Row, raw: bytes) -> bool:
    """Puts bytes read again from the log in the place of a damaged chunk; False when they are not the same bytes."""
    if len(raw) != r.off_to - r.off_from or (r.digest and not segments.is_of(raw, r.digest)):
        return False
    lines = book_rows.shown(raw, r.glued)
    events, bad = queue_log.parse(lines) if lines else (queue_log.EMPTY, Bad())
    low, high = (int(events.ts.min()), int(events.ts.max())) if len(events) else (-1, -1)
    g = book.logs[r.generation]
    fresh = replace(r, lines=len(events) + bad.count, bad=bad.count, low=low, high=high, digest=segments.digest(raw),
                    file="", raw=None, damaged=0)
    fresh = replace(fresh, file=book.segment(g, fresh, raw))
    with book.unless_written(fresh.file if fresh.file != r.file else ""), book.transaction() as con:
        book_rows.put_row(con, fresh)
        con.execute("UPDATE loss SET resolved=? WHERE what=? AND generation=? AND detail=? AND resolved IS NULL",
                    (book.clock(), SEGMENT_DAMAGED, g.id, json.dumps([r.off_from, r.off_to])))
        book_rows.advance(con)
    if r.file and r.file != fresh.file:
        (book.folder / r.file).unlink(missing_ok=True)
    book.reload()
    return True
