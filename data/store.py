"""The store: follows the log into the book, folds the book into history, and shows it as snapshots.

One process at a time writes (whoever holds the book's lock); any number of others read the same files and fold the
newest lines for themselves. `refresh` is called by one thread of a process, `view` by anybody.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data import cubes, queue_log, runs
from data.aliases import AliasFile
from data.beat import Beat
from data.beside import Beside
from data.book import Book
from data.book_open import BUSY, BookError, trouble
from data.book_rows import Chunk
from data.builder import Builder, Parts, Young
from data.cubes import People, Slots
from data.feed import Source, in_order, mentioning, whole
from data.history import History, Shelf
from data.notice import Notice
from data.queue_log import Bad, Events
from data.runs import Damaged, Run, Words
from data.segments import DamagedSegment
from data.site import Site
from data.snapshot import IMPORTING, Snapshot, builder_tables
from data.sources import Follower

if TYPE_CHECKING:
    from data.tally import Recorded
    from data.view import View

log = logging.getLogger(__name__)

FULL = 300_000  # young rows that are put away at once
LAST = 6 * 2**20  # bytes of the log after which it ends soon
SOME = 20_000  # that are put away when the log is quiet
REST = 21_600.0  # seconds after which fewer are put away too
DAMAGED = "A part of the stored log is damaged"
PATIENCE = 2.0  # seconds; what one process wrote the others have read by then
AGAIN = 60.0  # seconds between two rebuildings because lines came late
SELDOM = 20  # times as long as one took: until another, because more lines of what was the future came due
LONG = 1.0  # seconds of reading after which it is said that the log is being read


@dataclass
class Progress:
    """What a refresh did."""

    lines: int = 0
    bad: int = 0
    chunks: int = 0
    rebuilt: bool = False


class Store:
    """The log at `path`, kept in `folder`."""

    def __init__(self, path: Path, folder: Path, site: Site, clock: Callable[[], float] = time.time,
                 source: Callable[[Book], Source] | None = None, read_only: bool = False, watched: bool = True):
        """`source` makes what follows the log into the book; by default it is the file at `path`. `read_only`: what is
        in the folder is shown and nothing is written. `watched`: somebody looks while a log is being read; where nobody
        does, what is there is put together when it is asked for, by one thread."""
        self.site, self.clock = site, clock
        self.book, self._follows, self._watched = Book(folder, read_only), not read_only, watched
        self.follower: Source = source(self.book) if source else Follower(path, self.book, clock)
        self.shelf = Shelf(folder / "history", site)
        self.names, self.notice = AliasFile(folder / "aliases.json"), Notice(folder / "notice.json")
        self.beat = Beat(folder / "beat")
        self._lock, self._read = threading.Lock(), threading.Condition()
        self._fresh()
        self.problem, self.detail = IMPORTING, ""  # until the first refresh: nothing is known yet
        self.recorded: Recorded | None = None  # whoever looks for recordings puts himself here
        self._stamp: Any = None
        self._damaged: set[int] = set()
        self._put_at = self._rebuilt_at = self._due_at = -AGAIN
        self._began, self._told, self._incarnation = 0.0, False, ""
        self._writing: tuple[Future[History], Young] | None = None
        self._shown: Snapshot | None = None
        self._show()

    def _fresh(self) -> None:
        """Nothing read yet."""
        self.history = History()
        self.builder = Builder(self.site.options, dict(self.site.extensions))
        self.last, self._settled_late = 0, 0
        self._reset_young()

    def _reset_young(self) -> None:
        self.queues, self.people = Words(list(self.history.queues.texts)), Words(list(self.history.agents.texts))
        self._slots, self._by_agent, self._added = Slots.empty(), People.empty(), 0

    # -- following -------------------------------------------------------------------------------

    def refresh(self, progress: Callable[[Progress], None] | None = None) -> Progress:
        """Reads what is new, wherever it was written; another snapshot is in place when something changed."""
        with self._lock:
            done = Progress()
            self._began, self._told = time.monotonic(), False
            before = None if self._stamp is None else self._state()
            self.problem = self.detail = ""
            self.names.look()
            try:
                if self._stamp is None:
                    self._restore()
                    self._catch_up(done, progress)
                try:
                    with Beside(partial(self._take, done, progress)) as beside:
                        poll = self.follower.poll(beside)
                finally:
                    self._written()
                if poll.problem != BUSY:
                    self._trouble(poll.problem, poll.detail)
                if not self.book.locked and self.shelf.stamp() != self._stamp:
                    self._restore()
                self._catch_up(done, progress)
                if self.book.locked:
                    self._put_away(done)
            except BookError as error:
                self._trouble(error.words, error.detail)
            except OSError as error:  # the history could not be written; the events are safe in the book
                found = trouble(error, self.shelf.folder)
                self._trouble(found.words, found.detail)
            except BaseException:  # no memory, say: what was half folded is forgotten and folded again
                self._stamp = None
                raise
            if self.book.locked:
                self.beat.strike()
                self.notice.tell(self.problem, self.detail)
            elif self._follows:
                self._trouble(*self.notice.read())
            if before != self._state():
                self._show()
            with self._read:
                self._read.notify_all()
            return done

    def reach(self, version: int, patience: float = PATIENCE) -> bool:
        """Waits, no more than `patience` seconds, until this process has read as far as another one that has shown this
        version already; whether it has. Somebody has to `refresh` meanwhile."""
        if self._snapshot.version >= version:
            return True
        with self._read:
            return self._read.wait_for(lambda: self._snapshot.version >= version, patience)

    def _state(self) -> tuple[int, int, int, int, str]:
        return (self.last, self.history.generation, self.names.known.edition, self.site.revision, self.problem)

    def know(self, site: Site) -> None:
        """The same center under other names, or with other service levels."""
        with self._lock:
            again = site.thresholds != self.site.thresholds
            self.site, self.shelf = site, Shelf(self.shelf.folder, site)
            if again and self._stamp is not None:
                self._stamp = None  # the next refresh adds the sums up again
            else:
                self._show()

    def rename(self, pairs: Mapping[str, str]) -> None:
        """Puts texts of the log under the names of persons, instead of what was said before. BadAlias, OSError."""
        with self._lock:
            self.names.write(pairs)
            self._show()

    def _trouble(self, words: str, detail: str) -> None:
        """The first thing that went wrong is the one that is said."""
        if words and not self.problem:
            self.problem, self.detail = words, detail

    def _restore(self) -> None:
        """The history in place, and the builder as it was when it was written."""
        self._stamp = self.shelf.stamp()
        try:
            self._incarnation = self.book.incarnation
            found = self.shelf.load()
        except Damaged as error:
            log.warning("the history is damaged and is made again from the events: %s", error)
            found = None
        except BookError:
            found = None
        if found is None or found.state is None or found.state.get("incarnation") != self._incarnation:
            self._fresh()
            return
        self.history = found
        self.builder = Builder.load(self.site.options, dict(self.site.extensions), found.state)
        self.last, self._settled_late = found.covers, int(found.state.get("settled_late", 0))
        self._reset_young()

    def _catch_up(self, done: Progress, progress: Callable[[Progress], None] | None) -> None:
        if self.book.incarnation != self._incarnation:
            self._incarnation = self.book.incarnation
            self._fresh()
        for chunk in self.book.chunks(after=self.last):
            try:
                events, bad = queue_log.parse(whole(chunk.bytes()))
            except DamagedSegment as error:  # the others go on; this one is read again when it was mended
                log.error("a part of the stored log is damaged: %s", error)
                self._damaged.add(chunk.id)
                events, bad = queue_log.EMPTY, Bad()
            self._take(done, progress, chunk, events, bad, caught_up=True)
        self._mind_damage()

    def _mind_damage(self) -> None:
        """Says that a part of the log is missing; folds again once the log gave it back."""
        if not self._damaged:
            return
        if self.book.locked:
            self.book.verify()
            if not {row.id for row in self.book.damaged()} & self._damaged:
                self._rebuild()
                return
        self._trouble(DAMAGED, "")

    def _take(self, done: Progress, progress: Callable[[Progress], None] | None, chunk: Chunk, events: Events, bad: Bad,
              pool: Executor | None = None, first: Parts | None = None, caught_up: bool = False) -> None:
        if chunk.id != self.last + 1 and not caught_up:
            return  # older chunks come first: they are fetched from the book
        self.builder.add(events, bad, self.clock(), first)
        self.last = chunk.id
        done.lines += len(events) + bad.count
        done.bad += bad.count
        done.chunks += 1
        if self.book.locked:
            self.beat.strike()
            self._put_beside(pool, 0 < chunk.ahead < LAST)
            if not self._told and self._writing is None and time.monotonic() - self._began > LONG:
                self._tell()
        if progress:
            progress(done)

    # -- putting away ----------------------------------------------------------------------------

    def _put_away(self, done: Progress) -> None:
        now = time.monotonic()
        late = self.builder.late > self._settled_late or self.builder.taught
        if late and now - self._rebuilt_at >= AGAIN or self.builder.due(self.clock()) and now >= self._due_at:
            self._rebuild()
            done.rebuilt = True
        elif self.builder.young.rows >= (1 if self._put_at > 0 and now - self._put_at > REST else SOME):
            self._put()

    def settle(self) -> None:
        """Everything in its place now: late lines sorted in, young rows put away. For one who ends after this."""
        with self._lock:
            if self.book.locked:
                if self.builder.late > self._settled_late or self.builder.taught or self.builder.due(self.clock()):
                    self._rebuild()
                elif self.builder.young.rows >= SOME:
                    self._put()
                self._show()

    def _put_beside(self, pool: Executor | None, near_the_end: bool) -> None:
        """Puts away what has grown large, near the end of the log what is there, while the log is read on."""
        full = self.builder.young.rows >= (SOME if pool and near_the_end else FULL)
        if self._writing and (full or self._writing[0].done()):
            self._written()
            self._tell()
        if full:
            self._write(pool)
            if pool is None:
                self._written()

    def _tell(self) -> None:
        """Says that the log is being read, until the refresh ends; what is there answers meanwhile."""
        self._told = True
        self.notice.tell(IMPORTING, "")
        if self._watched:
            said, self.problem = self.problem, IMPORTING
            self._show()
            self.problem = said

    def _put(self) -> None:
        """The young rows become history."""
        self._write(None)
        self._written(quiet=False)

    def _write(self, pool: Executor | None) -> None:
        """Begins to make history of the young rows."""
        young, self.builder.young, self.builder.taught = self.builder.young, Young(), False
        state = {**self.builder.dump(), "incarnation": self.book.incarnation, "settled_late": self._settled_late}
        what = (self.history, young, self.last, state)
        future: Future[History] = Future()
        if pool:
            future = pool.submit(self.shelf.put, *what)
        else:
            try:
                future.set_result(self.shelf.put(*what))
            except Exception as error:
                future.set_exception(error)
        self._writing = (future, young)

    def _written(self, quiet: bool = True) -> None:
        """Waits for the history that is being written and takes it. When it could not be written the rows are young
        again; that is tried once more when the refresh ends, and said then, or now if not `quiet`."""
        if self._writing is None:
            return
        (future, young), self._writing = self._writing, None
        try:
            self.history = future.result()
        except OSError as error:
            for older, newer in zip(vars(young).values(), vars(self.builder.young).values(), strict=True):
                newer[:0] = older
            if not quiet:
                raise
            log.warning("the history could not be written: %s", error)
            return
        self._stamp, self._put_at = self.shelf.stamp(), time.monotonic()
        self._reset_young()

    def _rebuild(self) -> None:
        """Folds the whole book again in the order of time."""
        began, last, due = time.monotonic(), self.book.last_id, self.builder.due(self.clock())
        names = self.builder.agents.names
        self.history = History(generation=self.history.generation)
        self.builder = Builder(self.site.options, dict(self.site.extensions))
        self.builder.agents.names.learned.update(names.learned)
        self._damaged = set()
        for events, bad in in_order(self.book.order(), self._damaged):
            self.beat.strike()
            self.builder.add(events, bad, self.clock())
            if self.builder.young.rows >= FULL:
                self.last = 0  # a half rebuilt history covers nothing: after a crash it is made again
                self._put()
        self.last, self._settled_late = last, self.builder.late
        self._put()
        self._rebuilt_at = time.monotonic()
        if due:
            self._due_at = self._rebuilt_at + max(AGAIN, SELDOM * (self._rebuilt_at - began))
        log.info("folded the whole log again in the order of time, %.1f s", self._rebuilt_at - began)

    # -- showing ---------------------------------------------------------------------------------

    def _show(self) -> None:
        """What is there now takes the place of what was shown before."""
        self._shown = self._shot() if self._watched else None

    @property
    def _snapshot(self) -> Snapshot:
        found = self._shown = self._shown or self._shot()
        return found

    def _shot(self) -> Snapshot:
        now, builder = int(self.clock()), self.builder
        young = builder.young
        for table in young.legs[self._added:]:
            if table.num_rows:
                run = Run(runs.coded(table, self.queues, self.people))
                levels = self.shelf.levels(self.queues)
                self._slots = cubes.merge(self._slots, cubes.slots(run, levels, self.site.options, self.shelf.clock))
                _, found = cubes.by_day(run, levels, self.site.options, self.shelf.clock)
                self._by_agent = cubes.join(self._by_agent, found)
        for table in filter(len, young.attempts[self._added:]):
            self.queues.codes(table.column("queue"))
            self.people.codes(table.column("agent"))
        young.gather()
        self._added = len(young.legs)
        young = Young(*(list(rows) for rows in vars(young).values()))
        frozen = Builder.__new__(Builder)
        frozen.__dict__.update(vars(builder), young=young)
        return Snapshot(
            self.site, sum(self._state()[:4]), self.history, Words(list(self.queues.texts)),
            Words(list(self.people.texts)), self._slots, self._by_agent, lambda: builder_tables(frozen, now),
            builder.pending(now), frozen, self.names.known.over(builder.agents.names, self.site.people), self.shelf,
            builder.clock or None, self.problem, partial(mentioning, self.book))

    @property
    def version(self) -> int:
        return self._shown.version if self._shown else sum(self._state()[:4])

    def view(self, queues: frozenset[str] | None = None, numbers: bool = True) -> "View":
        """What a user limited to `queues` (None: all) may see, numbers in full or masked."""
        from data.view import View  # with pandas, half a second that who only reads the log does without

        return View(self._snapshot, self.clock, queues, numbers, self.recorded)

    def counts(self) -> dict[str, int]:
        """Lines read, lines that are no events, legs, and the version."""
        shot = self._shown  # whoever only counts needs nothing put together
        return {"lines": self.builder.lines, "rejected": self.builder.bad.count,
                "legs": (shot or self).history.rows + (shot or self).builder.count, "version": (shot or self).version}

    def health(self) -> dict[str, Any]:
        """Status of the log for /health: nothing about calls."""
        shot = self._snapshot
        until = shot.data_until
        status = "reading" if shot.problem == IMPORTING else "degraded" if shot.problem else "ok"
        return {"status": status, "version": shot.version,
                "log_age": None if until is None else round(max(self.clock() - until, 0.0), 1),
                "bad_lines": self.builder.bad.count, "rejected": dict(self.builder.refused),
                "problem": shot.problem or None}
