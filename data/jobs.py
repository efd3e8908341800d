"""Long work outside of requests: what was asked for, how far it is, what came of it. One file for all processes.

Anybody may `submit`; one process at a time `work`s (whoever holds the lock), several jobs of it at once. Results are
files of random names in `folder`, kept for KEPT seconds.
"""

import contextlib
import errno
import fcntl
import json
import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import logs

log = logging.getLogger(__name__)

KEPT = 86_400.0  # seconds that a result stays
AT_ONCE = 2  # jobs that are worked on together
WAITING = 5  # jobs of one person that may wait or run
IDLE = 300.0  # seconds without work after which the process ends
LOOK = 0.1  # between two looks for work
LOOKED = 1.0  # seconds in which who only looks whether somebody works has let go of the lock again
PATIENCE = 30.0  # seconds for which a note of a failure is tried to be written
TELL = 0.25  # between two notes of how far a job is
LOST = "The process that worked on it ended. Try again."
FAILED = "It could not be made (error {number}). Try again, and if it stays tell your administrator this number."
NO_ROOM = "The disk of the server is full."
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
ACTIVE = ("waiting", "running")
_TABLE = """CREATE TABLE IF NOT EXISTS job (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, asked TEXT NOT NULL, state TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0,
    whole INTEGER NOT NULL DEFAULT 0, name TEXT NOT NULL DEFAULT '', size INTEGER, notes TEXT NOT NULL DEFAULT '[]',
    problem TEXT NOT NULL DEFAULT '{}', created REAL NOT NULL, ended REAL)"""


class Full(Exception):
    """This person has enough waiting."""


class Cancelled(Exception):
    """Nobody wants it any more."""


class Refused(Exception):
    """It cannot be made as asked: an English message id and its values."""

    def __init__(self, words: str, **values: Any):
        super().__init__(words)
        self.words, self.values = words, values


@dataclass(frozen=True)
class Job:
    """`asked` is what the worker needs; `state` waiting, running, done, failed or cancelled; `done` of `whole` rows;
    `name` what the file is to be called; `notes` pairs of what is missing and why; `problem` words and values."""

    id: str
    owner: str
    asked: dict[str, Any]
    state: str
    done: int
    whole: int
    name: str
    size: int | None
    notes: list[list[str]]
    problem: dict[str, Any]
    created: float
    ended: float | None


@dataclass
class Result:
    """What a worker made into the file it was given."""

    name: str
    notes: list[tuple[str, str]]


Make = Callable[[dict[str, Any], Path, Callable[[int, int], None]], Result]


class Jobs:
    """The jobs in `folder`. Every call opens the file for itself: processes come and go, also by fork."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time):
        self.folder, self.clock = folder, clock
        try:
            self._prepare(folder)
        except (OSError, sqlite3.Error) as error:  # a disk that is full or read-only; whoever asks for a job is told
            log.warning("no report can be made beside the pages: %s", error)

    def _prepare(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "jobs.lock").open("w") as lock:  # SQLite does not wait for others when it changes its journal
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self._open() as con:
                con.execute("PRAGMA journal_mode=WAL")
                con.execute(_TABLE)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        con = sqlite3.connect(self.folder / "jobs.db", timeout=20, isolation_level=None)
        con.row_factory = sqlite3.Row
        try:
            yield con
        finally:
            con.close()

    def _all(self, where: str, *values: Any) -> list[Job]:
        with self._open() as con:
            rows = con.execute(f"SELECT * FROM job WHERE {where} ORDER BY created, rowid", values).fetchall()  # noqa: S608
        return [Job(**{**dict(row), **{name: json.loads(row[name]) for name in ("asked", "notes", "problem")}})
                for row in rows]

    # -- asking ----------------------------------------------------------------------------------

    def submit(self, owner: str, asked: dict[str, Any]) -> Job:
        """A new job at the end of the line; Full when this person has WAITING of them."""
        number = secrets.token_urlsafe(12)
        with self._open() as con:
            con.execute("BEGIN IMMEDIATE")
            held = con.execute("SELECT count(*) FROM job WHERE owner = ? AND state IN (?, ?)", (owner, *ACTIVE))
            if held.fetchone()[0] >= WAITING:
                con.execute("ROLLBACK")
                raise Full
            con.execute("INSERT INTO job (id, owner, asked, state, created) VALUES (?, ?, ?, 'waiting', ?)",
                        (number, owner, json.dumps(asked), self.clock()))
            con.execute("COMMIT")
        return self._all("id = ?", number)[0]

    def get(self, number: str, owner: str) -> Job | None:
        """A job of this person."""
        return next(iter(self._all("id = ? AND owner = ?", number, owner)), None)

    def of(self, owner: str) -> list[Job]:
        """Every job of this person that is kept, the oldest first."""
        return self._all("owner = ? AND created > ? AND state != 'cancelled'", owner, self.clock() - KEPT)

    def cancel(self, number: str, owner: str) -> bool:
        """Ends a job that waits or runs, and forgets the file of one that is over."""
        with self._open() as con:
            found = con.execute("UPDATE job SET state = 'cancelled', ended = ? WHERE id = ? AND owner = ?",
                                (self.clock(), number, owner)).rowcount
        if found:
            self.file(number).unlink(missing_ok=True)
        return bool(found)

    def file(self, number: str) -> Path:
        """Where the result of a job is."""
        return self.folder / f"{number}.out"

    def pending(self) -> bool:
        """Whether there is work that nobody does: no process holds the lock."""
        return bool(self._all("state IN (?, ?)", *ACTIVE)) and not self.locked()

    def counts(self) -> dict[str, int]:
        """How many jobs that are kept are in each state."""
        with self._open() as con:
            return dict(con.execute("SELECT state, count(*) FROM job GROUP BY state").fetchall())

    def locked(self) -> bool:
        """Whether some process works."""
        held = _lock(self.folder / "lock")
        if held is None:
            return True
        os.close(held)
        return False

    # -- working ---------------------------------------------------------------------------------

    def work(self, make: Make, stop: Callable[[], bool] = lambda: False, idle: float = IDLE) -> bool:
        """Works until there was nothing to do for `idle` seconds, or `stop()` says so; False when another process does
        already. `make(asked, file, progress)` writes the file; it is told to end by Cancelled out of `progress`."""
        until = time.monotonic() + LOOKED
        while (held := _lock(self.folder / "lock")) is None:
            if time.monotonic() > until:
                return False
            time.sleep(LOOK / 4)
        try:
            self._recover()
            with ThreadPoolExecutor(AT_ONCE, "job") as pool:
                running: set[Future[None]] = set()
                last = time.monotonic()
                while not (stop() and not running):
                    running = {one for one in running if not one.done()}
                    job = self._next() if len(running) < AT_ONCE and not stop() else None
                    if job:
                        running.add(pool.submit(self._do, job, make))
                    if job or running:
                        last = time.monotonic()
                    elif time.monotonic() - last > idle:
                        break
                    if not job:
                        time.sleep(LOOK)
        finally:
            os.close(held)
        return True

    def _recover(self) -> None:
        """What another process left in the middle is said to have failed."""
        for path in self.folder.glob("*.part"):
            path.unlink(missing_ok=True)
        with self._open() as con:
            con.execute("UPDATE job SET state = 'failed', problem = ?, ended = ? WHERE state = 'running'",
                        (json.dumps({"words": LOST}), self.clock()))
        self._forget()

    def _next(self) -> Job | None:
        job = next(iter(self._all("state = 'waiting'")), None)
        if job is None:
            return None
        with self._open() as con:
            mine = con.execute("UPDATE job SET state = 'running' WHERE id = ? AND state = 'waiting'", (job.id,))
            return job if mine.rowcount else None

    def _do(self, job: Job, make: Make) -> None:
        part, told = self.folder / f"{job.id}.part", 0.0

        def progress(done: int, whole: int) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told < TELL and done < whole:
                return
            told = now
            self._note(job, done=done, whole=whole)
        try:
            progress(0, 0)
            made = make(job.asked, part, progress)
            part.replace(self.file(job.id))
            self._note(job, state="done", name=made.name, size=self.file(job.id).stat().st_size,
                       notes=json.dumps(made.notes), ended=self.clock())
        except Cancelled:
            self.file(job.id).unlink(missing_ok=True)
        except Refused as error:
            self._fail(job, {"words": error.words, "values": error.values})
        except Exception as error:
            if _full(error):
                log.error("a job found no room on the disk: %s", error)
                part.unlink(missing_ok=True)  # which may be the room that the note of it needs
                self._fail(job, {"words": NO_ROOM})
                return
            number = logs.number()
            log.exception("a job failed, error %s", number)
            self._fail(job, {"words": FAILED, "values": {"number": number}})
        finally:
            part.unlink(missing_ok=True)
            self._forget()

    def _fail(self, job: Job, problem: dict[str, Any]) -> None:
        for _ in range(int(PATIENCE / LOOK)):
            try:
                self._note(job, state="failed", problem=json.dumps(problem), ended=self.clock())
            except Cancelled:
                return
            except sqlite3.OperationalError:  # not even this can be written; who begins next says that it was lost
                time.sleep(LOOK)
            else:
                return

    def _note(self, job: Job, **values: Any) -> None:
        """Writes what is known of a running job; Cancelled when it was cancelled meanwhile."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self._open() as con:
            if not con.execute(f"UPDATE job SET {names} WHERE id = ? AND state = 'running'",  # noqa: S608
                               (*values.values(), job.id)).rowcount:
                raise Cancelled

    def _forget(self) -> None:
        """Removes what is too old."""
        old = self._all("created < ? AND state NOT IN (?, ?)", self.clock() - KEPT, *ACTIVE)
        for job in old:
            self.file(job.id).unlink(missing_ok=True)
            with self._open() as con:
                con.execute("DELETE FROM job WHERE id = ?", (job.id,))


def _full(error: BaseException | None) -> bool:
    """Whether no room is why something failed, however often that was said in other words."""
    while error is not None:
        if (isinstance(error, OSError) and error.errno in FULL_DISK) or (
                isinstance(error, sqlite3.OperationalError) and "is full" in str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _lock(path: Path) -> int | None:
    """A lock on the file, or None when another process has it."""
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held
