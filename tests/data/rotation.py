"""A log folder on a real disk, its writer, what rotates it, and the book that follows it."""

import gzip
import os
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from data import book, recognition, sources
from data.book import Book
from data.sources import Follower, Poll

BEGIN = 1_700_000_000


def on_disk(folder: Path) -> Path:
    """The folder, proven to lie on a disk that gives inodes again: tests on a memory file system prove nothing."""
    mounts = [line.split(" ")[1:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    inside = [(point, kind) for point, kind in mounts if Path(point) in (folder, *folder.parents)]
    assert max(inside, key=lambda m: len(m[0]))[1] != "tmpfs", f"{folder} is not on a disk"
    return folder


class Centre:
    """One log, one book. `expected` holds the lines that must be in the book, once each."""

    def __init__(self, folder: Path):
        self.folder = on_disk(folder) / "log"
        self.folder.mkdir(parents=True)
        self.live = self.folder / "queue_log"
        self.books = folder / "book"
        self.number = 0
        self.ahead = 0.0
        self.expected: Counter[bytes] = Counter()
        self.start()

    # The program

    def clock(self) -> float:
        return time.time() + self.ahead

    def start(self) -> None:
        self.book = Book(self.books, clock=self.clock)
        self.follower = Follower(self.live, self.book, self.clock)

    def stop(self) -> None:
        self.book.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def poll(self, times: int = 1) -> Poll:
        polls = [self.follower.poll() for _ in range(times)]
        return polls[-1]

    def settle(self) -> Poll:
        """Long enough for an unfinished last line of a rotated copy to count as finished."""
        self.poll()
        self.ahead += 5
        return self.poll(2)

    def stored(self) -> list[bytes]:
        return [line for chunk in self.book.chunks() for line in chunk.bytes().split(b"\n")[:-1]]

    def check(self) -> None:
        """Every expected line once, nothing else; what the catalogue counts is what is there."""
        stored = self.stored()
        assert Counter(stored) == self.expected
        totals = self.book.totals()
        assert totals.lines == len(stored)
        assert sum(c.lines for c in self.book.chunks()) == len(stored)

    # The log

    def line(self, size: int = 0) -> bytes:
        """A line nobody else writes."""
        self.number += 1
        text = f"{BEGIN + self.number // 3}|{BEGIN}.{self.number}|600|SIP/{100 + self.number % 7}|CONNECT|{self.number}"
        return (text.encode() + (b"|%x" % (self.number * 7919)) * (size // 8))[:max(size, len(text))]

    def lines(self, count: int, kept: bool = True) -> bytes:
        """New lines; the book must have them unless not `kept`."""
        new = [self.line() for _ in range(count)]
        if kept:
            self.expected.update(new)
        return b"".join(line + b"\n" for line in new)

    def write(self, count: int, path: Path | None = None, kept: bool = True) -> None:
        """Appends as Asterisk does: open, append, whole lines."""
        append(path or self.live, self.lines(count, kept))

    def copy(self, name: str) -> Path:
        return self.folder / f"queue_log{name}"

    def rename(self, name: str = ".1", create: bool = True) -> Path:
        self.live.rename(self.copy(name))
        if create:
            self.live.touch()
        return self.copy(name)

    def copytruncate(self, name: str = ".1") -> Path:
        copy = self.copy(name)
        copy.write_bytes(self.live.read_bytes())
        os.truncate(self.live, 0)
        return copy

    def compress(self, path: Path) -> Path:
        """As gzip(1): a new file with the old one's times, then the old one goes."""
        state, packed = path.stat(), path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes(), mtime=int(state.st_mtime)))
        os.utime(packed, ns=(state.st_atime_ns, state.st_mtime_ns))
        path.unlink()
        return packed


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def small(monkeypatch) -> None:
    """Sizes a thousandth of the real ones, so that a few lines pass every way through the book."""
    monkeypatch.setattr(recognition, "BLOCK", 3000)
    monkeypatch.setattr(sources, "BLOCK", 3000)
    monkeypatch.setattr(book, "DIRECT", 1500)
    monkeypatch.setattr(book, "SEGMENT", 4000)
    monkeypatch.setattr(book, "LOOSE", 2500)
    monkeypatch.setattr(book, "LOOSE_ROWS", 6)


LASTING = {"execute", "executemany", "fsync", "rename", "unlink", "open", "write", "flush", "close", "flock"}


def lasting(event: str, argument) -> bool:
    """Whether a call begins or ends that may leave something on the disk."""
    return event in ("c_call", "c_return") and argument.__name__ in LASTING


def calls(work: Callable[[], None]) -> int:
    """How many such moments `work` has, once everything it needs has been loaded."""
    count = 0

    def one(frame, event, argument):
        nonlocal count
        count += lasting(event, argument)

    sys.setprofile(one)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def fork() -> int:
    """os.fork; later versions of Python warn of the threads that libraries keep."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def killed(work: Callable[[], None], calls: int, every: bool = False) -> bool:
    """Runs `work` in a child that is killed with -9 at the `calls`th moment something may change on the disk (`every`:
    at that function call, whatever it does); whether it was."""
    child = fork()
    if not child:
        left = calls

        def count(frame, event, argument):
            nonlocal left
            left -= every or lasting(event, argument)
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.setprofile(count)
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)
