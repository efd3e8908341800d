"""The book of record: every byte of the log, kept for good, with the place up to which it has been read.

New lines and the place go into SQLite in one transaction, so that a line is in the book exactly once whenever the
program is killed. What has grown large is moved into segments (`segments`). One process writes, holding a lock; any
number read meanwhile.
"""

import fcntl
import os
import sqlite3
import time
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from data import book_open, book_read, book_repair, book_rows, queue_log, segments
from data.book_open import BookError, BusyBook, DamagedBook
from data.book_rows import HEAD, TAIL, Chunk, Generation, Row
from data.queue_log import Bad, Events

DIRECT = 2**20  # bytes of a block that goes straight into a segment
SEGMENT = 8 * 2**20  # bytes of log that small chunks are gathered into
LOOSE, LOOSE_ROWS = 4 * 2**20, 5000  # bytes and rows in SQLite from which on they are gathered


class Book(book_read.Pages):
    """The book in `folder`. Errors of the disk and of the file are BookErrors, whose `words` can be shown."""

    def __init__(self, folder: Path, read_only: bool = False, clock: Callable[[], float] = time.time):
        super().__init__(folder)
        self.clock, self._may_write, self._lock = clock, not read_only, -1
        self._loose = [0, 0]  # bytes and rows
        self.distrusted = False  # was found damaged while it was used: is built again when it is locked next
        self.hurt: frozenset[int] = frozenset()  # logs of which something is damaged
        try:
            if self._may_write:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not (self.folder / book_open.NAME).exists():
                    book_open.writer(self.folder).close()
            con = self._db()
            if self._may_write:
                book_open.sound(con)
        except BookError as error:
            self._mend(error)
        except (sqlite3.Error, OSError) as error:
            self._mend(book_open.trouble(error, self.folder))

    def _mend(self, error: BookError) -> None:
        """A damaged file is built again by whoever may write; a folder that cannot be written may still be read."""
        if isinstance(error, DamagedBook) and self._may_write:
            if self.try_lock():
                self.unlock()
                return
            raise error
        if error.words != book_open.READ_ONLY or not (self.folder / book_open.NAME).exists():
            raise error
        self._db()

    def close(self) -> None:
        """Gives the lock and the connection back."""
        with self._guard:
            self.unlock()
            if self._con is not None and self._pid == os.getpid():
                self._con.close()
            self._con = None

    @property
    def locked(self) -> bool:
        """Whether this book may be written by this process now."""
        return self._lock >= 0

    def try_lock(self) -> bool:
        """Becomes the writer; False while another process is. A damaged file is built again, what a killed writer left
        is taken in or removed. BookError when the folder cannot be written."""
        with self._guard:
            if self.locked:
                return True
            try:
                fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise book_open.trouble(error, self.folder) from error
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                return False
            self._lock = fd
            _forget_in_children(self)
            try:
                self._begin()
            except BaseException as error:
                self.unlock()
                if isinstance(error, sqlite3.Error | OSError):
                    raise book_open.trouble(error, self.folder) from error
                raise
            return True

    def _begin(self) -> None:
        """The writer's connection, on a file that is sound."""
        if self._con is not None and self._pid == os.getpid():
            self._con.close()
        self._con = None
        try:
            con = book_open.writer(self.folder)
            try:
                if self.distrusted:
                    raise DamagedBook("found while it was used")
                book_open.sound(con)
            except BaseException:
                con.close()
                raise
            old = None
        except (sqlite3.DatabaseError, BookError) as error:
            if not isinstance(book_open.trouble(error, self.folder), DamagedBook):
                raise
            old = book_open.set_aside(self.folder, time.strftime("%Y%m%d-%H%M%S", time.gmtime(self.clock())))
            con = book_open.writer(self.folder)
            self.distrusted = False
        state = (self.folder / book_open.NAME).stat()
        self._con, self._pid, self._file, self._copied = con, os.getpid(), (state.st_dev, state.st_ino), False
        self.reload()
        book_repair.start(self, old)

    def reload(self) -> None:
        """Reads again what the writer keeps in memory."""
        self._known = {g.id: g for g in map(book_rows.generation, self.rows(book_rows.SELECT_GENERATION))}
        count, size = self.rows("SELECT count(*), coalesce(sum(off_to - off_from), 0) FROM chunk WHERE file=''")[0]
        self._loose = [size, count]
        self.hurt = frozenset(g for (g,) in self.rows("SELECT DISTINCT generation FROM chunk WHERE damaged=1"))

    @property
    def intact(self) -> bool:
        """Whether the file is still the one that was opened."""
        try:
            state = (self.folder / book_open.NAME).stat()
        except OSError:
            return False
        return self._file == (state.st_dev, state.st_ino)

    def unlock(self) -> None:
        """Stops being the writer."""
        with self._guard:
            if self._lock >= 0:
                if self._con is not None:
                    self._con.close()
                self._con = self._known = None
                os.close(self._lock)
                self._lock = -1

    @contextmanager
    def lock(self, wait: float = 0.0) -> Iterator["Book"]:
        """The book as its only writer; BusyBook when another process still writes after `wait` seconds."""
        until = time.monotonic() + wait
        while not self.try_lock():
            if time.monotonic() >= until:
                raise BusyBook(str(self.folder))
            time.sleep(0.05)
        try:
            yield self
        finally:
            self.unlock()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, on the disk when it ends. BookError; BusyBook without the lock."""
        with self._guard:
            if not self.locked:
                raise BusyBook("not locked by this process")
            try:
                con = self._db()
                con.execute("BEGIN IMMEDIATE")
                yield con
                con.execute("COMMIT")
            except BaseException as error:
                if self._con is not None and self._con.in_transaction:
                    try:
                        self._con.execute("ROLLBACK")
                    except sqlite3.Error:
                        self._con.close()  # which rolls back
                        self._con = book_open.writer(self.folder)
                if isinstance(error, sqlite3.Error | OSError):
                    raise book_open.trouble(error, self.folder) from error
                raise

    @property
    def logs(self) -> dict[int, Generation]:
        """The writer's generations by id."""
        if self._known is None:
            raise BusyBook("not locked by this process")
        return self._known

    def branch(self, g: Generation, base: int) -> Generation:
        """A log that shares the first `base` bytes with another and then goes on differently."""
        tail = b"".join(p or b"" for _, p in self.content(g, max(base - TAIL, 0), base))
        return Generation(0, book_rows.new_key(), g.key, base, g.head[:base], base, tail)

    def append(self, g: Generation, raw: bytes, ragged: int = 0, seen: int = 0,
               notes: Mapping[str, str] | None = None) -> tuple[Generation, Chunk, Events, Bad]:
        """Adds `raw`, which follows the log's `off`, and moves `off` behind it, both or neither.

        `ragged` says why the bytes do not end with a newline; `seen` is how long the log is known to be; `notes` are
        kept with them (`meta`). The log as it is now, the chunk and what was parsed. BookError.
        """
        glued = int(bool(g.ragged))
        lines = book_rows.shown(raw, glued)
        events, bad = queue_log.parse(lines) if lines else (queue_log.EMPTY, Bad())
        low, high = (int(events.ts.min()), int(events.ts.max())) if len(events) else (-1, -1)
        after = replace(
            g, key=g.key or book_rows.new_key(), head=g.head if len(g.head) == HEAD else (g.head + raw[:HEAD])[:HEAD],
            off=g.off + len(raw), tail=raw[-TAIL:] if len(raw) >= TAIL else (g.tail + raw)[-TAIL:],
            ragged=0 if raw.endswith(b"\n") else ragged or book_rows.ENDED, seen=max(seen, g.seen, g.off + len(raw)),
            born=g.born if g.born >= 0 or not len(events) else int(events.ts[0]))
        with self._guard:
            if len(raw) >= DIRECT and g.id:
                self.compact(only=g.id)  # so that the segments of a log never leave a hole
            number = int(self.meta("last", 0)) + 1
            row = Row(number, number, g.id, g.off, after.off, len(events) + bad.count, bad.count, low, high, glued,
                      segments.digest(raw), "", raw=raw)
            if len(raw) >= DIRECT:
                row = replace(row, raw=None, file=self.segment(after, row, raw))
            with self.unless_written(row.file), self.transaction() as con:
                after = replace(after, id=book_rows.put_generation(con, after))
                row = replace(row, generation=after.id)
                book_rows.put_row(con, row)
                con.executemany("INSERT INTO sample SELECT ? WHERE (SELECT count(*) FROM sample) < ?",
                                [(s, queue_log.SAMPLES) for s in bad.samples])
                book_rows.put_meta(con, "last", number)
                for name, value in (notes or {}).items():
                    book_rows.put_meta(con, name, value)
                book_rows.advance(con)
            self.logs[after.id] = after
            if row.raw is not None:
                self._loose = [self._loose[0] + len(raw), self._loose[1] + 1]
        chunk = Chunk(row.id, after.id, row.off_from, row.off_to, row.lines, row.bad, low, high, glued, lambda: raw)
        return after, chunk, events, bad

    def segment(self, g: Generation, row: Row, raw: bytes) -> str:
        """Writes a chunk's bytes as a segment; its name."""
        span = segments.Span(g.key, g.parent, g.base, g.head[:row.off_to], self._tail(g, row.off_to), g.ragged if
                             row.off_to == g.off else 0, g.born, row.off_from, row.off_to, row.first, row.id, row.lines,
                             row.bad, row.low, row.high, row.glued, row.digest, row.trail)
        try:
            return segments.write(self.folder, span, raw)
        except OSError as error:
            raise book_open.trouble(error, self.folder) from error

    def _tail(self, g: Generation, end: int) -> bytes:
        return g.tail if end == g.off else b"".join(p or b"" for _, p in self.content(g, max(end - TAIL, 0), end))

    @contextmanager
    def unless_written(self, file: str) -> Iterator[None]:
        """A segment whose transaction failed gives its space back; after a kill, the next start decides."""
        try:
            yield
        except BookError:
            if file:
                (self.folder / file).unlink(missing_ok=True)
            raise

    def compact(self, force: bool = False, only: int = 0) -> int:
        """Moves chunks from SQLite into segments once there are many (`force`: all; `only`: all of one log); how many.

        Neither what is read nor the version changes.
        """
        with self._guard:
            if not (force or only) and self._loose[0] < LOOSE and self._loose[1] < LOOSE_ROWS:
                return 0
            moved = 0
            loose = "FROM chunk WHERE file='' AND damaged=0 "
            wanted = [(only,)] if only else self.rows("SELECT DISTINCT generation " + loose)
            for (number,) in wanted:
                run: list[Row] = []
                for (chunk,) in self.rows("SELECT id " + loose + "AND generation=? ORDER BY off_from", (number,)):
                    row = self._fetch("WHERE id=?", (chunk,))[0]
                    if run and (row.off_from != run[-1].off_to or not (run[-1].raw or b"").endswith(b"\n")
                                or row.off_to - run[0].off_from > SEGMENT):
                        moved += self._gather(run)
                        run = []
                    run.append(row)
                moved += self._gather(run) if run else 0
            self.reload()
            return moved

    def _gather(self, run: list[Row]) -> int:
        g, raw = self.logs[run[0].generation], b"".join(r.raw or b"" for r in run)
        trail = np.array([(r.id, r.off_to, r.lines, r.bad) for r in run], dtype=np.int64)
        row = Row(max(r.id for r in run), min(r.first for r in run), g.id, run[0].off_from, run[-1].off_to,
                  sum(r.lines for r in run), sum(r.bad for r in run),
                  min((r.low for r in run if r.low >= 0), default=-1), max(r.high for r in run), run[0].glued,
                  segments.digest(raw), "", zlib.compress(trail.tobytes()) if len(run) > 1 else b"")
        row = replace(row, file=self.segment(g, row, raw))
        with self.unless_written(row.file), self.transaction() as con:
            con.executemany("DELETE FROM chunk WHERE id=?", [(r.id,) for r in run])
            book_rows.put_row(con, row)
        return len(run)

    def note(self, g: Generation, con: sqlite3.Connection) -> None:
        """Keeps what is known about a log besides its content (`seen`, `watch`)."""
        book_rows.put_generation(con, g)
        self.logs[g.id] = g

    def verify(self) -> list[str]:
        """Reads every segment; the names of those that are not what was written. They wait to be read again."""
        return book_repair.verify(self)


def _forget_in_children(book: Book) -> None:
    """A child of a fork must not keep its parent's lock alive."""
    here = weakref.ref(book)

    def forget() -> None:
        held = here()
        if held is not None and held._lock >= 0:
            os.close(held._lock)
            held._lock, held._con, held._known = -1, None, None

    os.register_at_fork(after_in_child=forget)
