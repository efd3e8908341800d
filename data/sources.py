"""Following the log: every complete line that can be read in it or in its rotated copies, exactly once.

A log is known by its content (its first bytes and the bytes before the place reached), never by name or inode. What is
behind that place is appended to the book. What cannot be had is reported: as the `problem` of a poll while it lasts,
as a loss in the book when it is gone.
"""

import errno
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from data import book_open, book_repair, book_rows, log_files, queue_log
from data.book import Book
from data.book_open import BookError, DamagedBook
from data.book_rows import Chunk, Generation
from data.log_files import Entry, LogFile, Signature, Zipped
from data.queue_log import Bad, Events
from data.recognition import BLOCK, Changed, Known, Sight, block

QUIET = 2.0  # seconds a rotated copy must be unchanged before its unfinished last line counts as finished

MISSING = "The log file does not exist"
DENIED = "The log file may not be read"
FOLDER = "The log path is a folder"
UNREADABLE = "The log file cannot be read"
COPY_UNREADABLE = "A rotated copy of the log cannot be read"

REPLACED = "The log was replaced: lines written just before may be missing"
UNREAD = "Lines disappeared from the log before they could be read"
CUT_BACK = "The log was cut back to an earlier point and went on differently"
CUT_LINE = "A line went on after it had been taken as finished"
ZIP_CUT = "A compressed log ends too early: what could be read was kept"
ZIP_DAMAGED = "A compressed log is damaged and was not read"
NO_LOG = "A compressed file is not a queue log"

OnChunk = Callable[[Chunk, Events, Bad], None]


@dataclass
class Poll:
    """What one look at the log brought. `problem` is an English message id or "", `detail` what the system said."""

    chunks: int = 0
    bytes: int = 0
    lines: int = 0
    bad: int = 0
    problem: str = ""
    detail: str = ""
    losses: int = 0


class Follower:
    """Follows the log at `path` into a book. One thread; other processes may poll too, one at a time gets the lock."""

    def __init__(self, path: Path, book: Book, clock: Callable[[], float] = time.time):
        self.path, self.book, self.clock = Path(path), book, clock
        self._forget()
        self._absent = -1  # polls without a live file; -1 before one was ever seen

    def _forget(self) -> None:
        self._sight = Sight(self.book)
        self._known = self._sight.known
        self._kept: dict[str, Known] = {}  # as the book remembers it
        self._prints: dict[bytes, Known] = {}
        self._since: dict[str, tuple[Signature, float]] = {}
        self._misses: dict[int, int] = {}
        self._reported: set[int] = set()
        self._again = True

    def poll(self, on_chunk: OnChunk | None = None) -> Poll:
        """Reads what is new. `on_chunk` gets each chunk once it is safe in the book, already parsed. Never raises for
        what the log, the disk or another process does: `problem` says it and the next poll goes on."""
        poll = Poll()
        try:
            if self.book.locked and not self.book.intact:
                self.book.unlock()
            if not self.book.locked:
                if not self.book.try_lock():
                    poll.problem = book_open.BUSY
                    return poll
                self._remember()
            self._look(poll, on_chunk)
        except BookError as error:
            poll.problem, poll.detail = error.words, error.detail
            if isinstance(error, DamagedBook):
                self.book.distrusted = True  # the next poll builds it again
                self.book.unlock()
        return poll

    def _remember(self) -> None:
        """What the book knows about the files, when this becomes the writer."""
        self._forget()
        for name, look, mark, generation in self.book.rows("SELECT name, signature, print, generation FROM file"):
            device, inode, size, mtime, ctime, content = json.loads(look)
            self._known[name] = Known((device, inode, size, mtime, ctime), True, generation, content, print=mark)
            if mark:
                self._prints[mark] = self._known[name]
        self._kept = dict(self._known)
        self._reported = {loss.generation for loss in self.book.losses() if loss.what in (REPLACED, UNREAD)}

    def _look(self, poll: Poll, on_chunk: OnChunk | None) -> None:
        entries, trouble = log_files.listing(self.path)
        if trouble is not None:
            self._absence(poll, trouble)
        else:
            self._absent = 0
        self._sight.entries = entries
        names = {str(e.path) for e in entries}
        gone = self._known.keys() - names
        todo = [e for e in entries if not self._settled(e)]
        if not todo and not gone and not self._again:
            return
        for name in gone:
            del self._known[name]
        self._again = False
        blind = trouble is not None and not isinstance(trouble, FileNotFoundError)
        if len(todo) > 1:
            todo.sort(key=lambda e: (e.live, log_files.first_second(e), e.signature[3]))
        for entry in todo:
            try:
                with log_files.opened(entry) as file:
                    self._examine(entry, file, poll, on_chunk)
            except (Changed, FileNotFoundError):
                self._known.pop(str(entry.path), None)
                self._again = True
            except OSError as error:
                blind = True
                self._known.pop(str(entry.path), None)
                if error.errno == errno.ELOOP and not entry.live:
                    continue
                if not poll.problem or entry.live:
                    poll.problem = _words(error) if entry.live else COPY_UNREADABLE
                    poll.detail = f"{entry.path}: {error.strerror or error}"
        if not blind:
            self._missing(poll)
        self._keep()
        self.book.compact()

    def _absence(self, poll: Poll, trouble: OSError) -> None:
        """A live file that is missing for one poll is being rotated; for longer, or from the start, it is missing."""
        poll.detail = f"{self.path}: {trouble.strerror or trouble}"
        if not isinstance(trouble, FileNotFoundError):
            poll.problem = _words(trouble)
            return
        self._absent = self._absent + 1 if self._absent >= 0 else 2
        if self._absent >= 2:
            poll.problem = MISSING

    def _settled(self, entry: Entry) -> bool:
        known = self._known.get(str(entry.path))
        return (known is not None and known.done and known.signature == entry.signature
                and (known.tried or known.generation not in self.book.hurt))

    # One file

    def _examine(self, entry: Entry, file: LogFile, poll: Poll, on_chunk: OnChunk | None) -> None:
        name, look = str(entry.path), file.signature
        since = self._since.get(name)
        if since is None or since[0] != look:
            self._since[name] = look, self.clock()
        # A change within one tick of the file system's clock looks like none: only an old look can be trusted.
        old = time.time_ns() - max(look[3], look[4]) > log_files.TRUSTED
        fresh = Known(look, False, print=file.print)
        if isinstance(file, Zipped):
            twin = self._prints.get(file.print)
            if twin is not None and twin.generation not in self.book.hurt:  # only its name changed
                self._known[name] = replace(twin, signature=look, done=old)
                return
            file.check()
            if file.problem and not self._ready(entry, file, poll, old):
                return
        g = self._sight.identify(entry, file)
        if g is None:
            self._known[name] = replace(fresh, done=old)
            return
        mended = self._mend(g, file)
        if entry.live and not g.watch:
            g = replace(g, watch=1)
            if g.id:
                self._note(g)
        g, rest = self._consume(entry, file, g, poll, on_chunk)
        if g.id and file.size > max(g.seen, g.off):
            g = replace(g, seen=file.size)
            self._note(g)
        if g.id in self._reported:
            self._found(g)
        done = old and (not rest or entry.live or bool(file.problem))
        self._known[name] = replace(fresh, done=done, generation=g.id, size=file.size, tried=mended)
        if done and isinstance(file, Zipped):
            self._prints[file.print] = self._known[name]
        self._again |= not done

    def _ready(self, entry: Entry, file: Zipped, poll: Poll, old: bool) -> bool:
        """Whether what a broken gzip file holds may be taken: not while it may still be being written."""
        name = str(entry.path)
        half = name.removesuffix(".gz") in {str(e.path) for e in self._sight.entries}
        if file.problem != "not a log" and (half or not self._quiet(entry, file)):
            self._known[name] = Known(file.signature, False)
            self._again = True
            return False
        what = {"cut": ZIP_CUT, "damaged": ZIP_DAMAGED}.get(file.problem, NO_LOG)
        if old:
            self._lose(poll, what, 0, 0, name)
        if file.problem == "cut":
            return True
        self._known[name] = Known(file.signature, old, print=file.print)
        self._again |= not old
        return False

    def _quiet(self, entry: Entry, file: LogFile) -> bool:
        now, (_, since) = self.clock(), self._since[str(entry.path)]
        changed = file.signature[4] / 1e9
        return now - since >= QUIET or now - changed >= QUIET

    def _consume(self, entry: Entry, file: LogFile, g: Generation, poll: Poll, on_chunk: OnChunk | None) -> tuple[
            Generation, bool]:
        """Appends what is behind the place reached; whether an unfinished line is left."""
        while g.off < file.size:
            piece = block(file, g, min(BLOCK, file.size - g.off))
            cut, ragged = queue_log.whole(piece), 0
            if not cut:
                cut = len(piece)
                if len(piece) >= BLOCK:
                    ragged = book_rows.PIECE
                elif not entry.live and not file.problem and self._quiet(entry, file) and piece.strip(
                        b"\0") and not self._sight.held(g, entry, file.size):
                    ragged = book_rows.ENDED
                else:
                    return g, True
            raw = piece[:cut]
            if g.ragged == book_rows.ENDED and raw[:1] != b"\n":
                self._lose(poll, CUT_LINE, g.id, 0, str(entry.path))
            if not g.id and g.parent:
                self._lose(poll, CUT_BACK, 0, 0, str(entry.path))
            try:
                g, chunk, events, bad = self.book.append(g, raw, ragged, file.size)
            except BookError:
                if g.id:
                    self.book.logs[g.id] = replace(g, seen=max(g.seen, file.size))
                raise
            poll.chunks, poll.bytes = poll.chunks + 1, poll.bytes + len(raw)
            poll.lines, poll.bad = poll.lines + chunk.lines, poll.bad + bad.count
            if on_chunk is not None:
                on_chunk(replace(chunk, ahead=file.size - g.off) if entry.live else chunk, events, bad)
        return g, False

    def _mend(self, g: Generation, file: LogFile) -> bool:
        """Reads what is damaged in the book again from a file that still has it."""
        if g.id not in self.book.hurt:
            return False
        for row in self.book.damaged():
            if row.generation == g.id and row.off_to <= file.size:
                book_repair.mend(self.book, row, file.at(row.off_from, row.off_to - row.off_from))
        return True

    # All files

    def _missing(self, poll: Poll) -> None:
        """Logs that were live, or had unread bytes, and are in no file any more. A file can be missed once while it is
        being renamed."""
        present = {k.generation: k for k in self._known.values()}
        live = self._known.get(str(self.path))
        for g in list(self.book.logs.values()):
            if not g.watch and g.seen <= g.off:
                continue
            known = present.get(g.id)
            if known is None:
                self._misses[g.id] = self._misses.get(g.id, 0) + 1
                if self._misses[g.id] < 2:
                    self._again = True
                    continue
                unread = g.seen - g.off
                self._lose(poll, UNREAD if unread > 0 else REPLACED, g.id, unread, "")
                self._reported.add(g.id)
                self._note(replace(g, watch=0, seen=g.off))
            elif g.watch and known.done and known.size <= g.off and (live is None or live.generation != g.id):
                self._note(replace(g, watch=0))
            self._misses.pop(g.id, None)

    def _found(self, g: Generation) -> None:
        with self.book.transaction() as con:
            con.execute("UPDATE loss SET resolved=? WHERE generation=? AND what IN (?, ?) AND resolved IS NULL",
                        (self.clock(), g.id, REPLACED, UNREAD))
        self._reported.discard(g.id)

    def _keep(self) -> None:
        """Lets the book remember the copies that are finished, so that no restart opens them again."""
        done = {n: k for n, k in self._known.items() if k.done and n != str(self.path)}
        if done == self._kept:
            return
        with self.book.transaction() as con:
            con.executemany("DELETE FROM file WHERE name=?", [(n,) for n in self._kept.keys() - done.keys()])
            con.executemany("INSERT OR REPLACE INTO file VALUES (?,?,?,?)", [
                (n, json.dumps([*k.signature, k.size]), k.print, k.generation) for n, k in done.items()
                if self._kept.get(n) != k])
        self._kept = done

    def _note(self, g: Generation) -> None:
        with self.book.transaction() as con:
            self.book.note(g, con)

    def _lose(self, poll: Poll, what: str, generation: int, size: int, detail: str) -> None:
        poll.losses += 1
        with self.book.transaction() as con:
            book_rows.lose(con, self.clock(), what, generation, size, detail)


def _words(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return DENIED
    return FOLDER if isinstance(error, IsADirectoryError) else UNREADABLE


class FileSource:
    """Blocks of whole lines without a book: history first, then what is appended. `problem` is a message id or ""."""

    def __init__(self, path: Path):
        self.path = path
        self.problem = ""
        self._started = False
        self._inode, self._offset = -1, 0

    def read(self) -> Iterator[bytes]:
        self.problem = ""
        try:
            if not self._started:
                yield from self._history()
                self._started = True
            yield from self._grown()
        except FileNotFoundError:
            self.problem = MISSING
        except OSError as error:
            self.problem = _words(error)

    def _history(self) -> Iterator[bytes]:
        copies = [e for e in log_files.listing(self.path)[0] if not e.live]
        for entry in sorted(copies, key=log_files.first_second):
            with log_files.opened(entry) as file:
                place = 0
                while piece := file.at(place, BLOCK):
                    cut = queue_log.whole(piece) or len(piece)
                    place += cut
                    yield piece[:cut] if piece[cut - 1:cut] == b"\n" else piece[:cut] + b"\n"

    def _grown(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            state = os.fstat(file.fileno())
            if state.st_ino != self._inode or state.st_size < self._offset:
                self._inode, self._offset = state.st_ino, 0
            file.seek(self._offset)
            while piece := file.read(BLOCK):
                cut = queue_log.whole(piece)
                if not cut:
                    break
                self._offset += cut
                file.seek(self._offset)
                yield piece[:cut]
