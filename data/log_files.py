"""The log and its rotated copies as files: which there are, whether they changed, and their bytes at a position.

A name says nothing about order and an inode nothing about identity (ext4 gives it to the next file), so all that is
promised here is: these bytes were in this open file. Plain and gzip files answer the same questions.
"""

import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from data import queue_log

PIECE = 256 * 1024
TRUSTED = 100_000_000  # ns a change must be old before "unchanged" means unchanged (clock ticks are 4 to 10 ms)
LONGEST = 64 * 2**20  # a compressed file with this much and no newline is no log (one of zeros would never end)
_ROTATED = re.compile(r"[-.]\d+(?:[-_.]\d+)*(?:\.gz)?")

Signature = tuple[int, int, int, int, int]


class NotALog(OSError):
    """A folder, a pipe, a socket or a device stands where a file should be."""


@dataclass(frozen=True)
class Entry:
    """One file of the log at the moment it was listed."""

    path: Path
    live: bool
    signature: Signature  # device, inode, size, mtime ns, ctime ns

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def gz(self) -> bool:
        return not self.live and self.path.suffix == ".gz"


def signature(state: os.stat_result) -> Signature:
    """What changes when a file changes. ctime cannot be set back, as cp -p and gzip do with mtime."""
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def listing(live: Path) -> tuple[list[Entry], OSError | None]:
    """Rotated copies, then the live file, and what stood in the way of the live one. Only stat calls.

    Copies are looked for beside the path and, when it is a symbolic link, beside what it points to. Links, pipes and
    folders with the name of a copy are no copies.
    """
    entries: list[Entry] = []
    problem: OSError | None = None
    live_entry = None
    try:
        linked = stat.S_ISLNK(os.lstat(live).st_mode)
        state = live.stat() if linked else os.lstat(live)
        if stat.S_ISDIR(state.st_mode):
            raise IsADirectoryError(21, "Is a directory", str(live))
        if not stat.S_ISREG(state.st_mode):
            raise NotALog(0, "Not a regular file", str(live))
        live_entry = Entry(live, True, signature(state))
    except OSError as error:
        linked, problem = live.is_symlink(), error
    places = {(str(live.parent), live.name)}
    if linked:
        real = live.resolve()
        places.add((str(real.parent), real.name))
    for folder, name in sorted(places):
        try:
            with os.scandir(folder) as found:
                for item in found:
                    if not item.name.startswith(name) or not _ROTATED.fullmatch(item.name, len(name)):
                        continue
                    try:
                        state = item.stat(follow_symlinks=False)
                    except FileNotFoundError:  # renamed since it was listed: seen next time
                        continue
                    if stat.S_ISREG(state.st_mode):
                        entries.append(Entry(Path(item.path), False, signature(state)))
        except OSError as error:
            problem = problem or error
    return entries + ([live_entry] if live_entry else []), problem


class LogFile(Protocol):
    """An open file of the log. `size` bytes are certain; `problem` says why there may be more."""

    @property
    def size(self) -> int: ...
    @property
    def problem(self) -> str: ...
    @property
    def signature(self) -> Signature: ...
    @property
    def print(self) -> bytes: ...

    def at(self, position: int, count: int) -> bytes: ...


class Plain:
    """A file as it is. `at` may return less when the file was cut since it was opened."""

    problem = ""
    print = b""

    def __init__(self, fd: int, state: os.stat_result):
        self._fd, self.size, self.signature = fd, state.st_size, signature(state)

    def at(self, position: int, count: int) -> bytes:
        pieces = []
        while count > 0 and (piece := os.pread(self._fd, count, position)):
            pieces.append(piece)
            position, count = position + len(piece), count - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Zipped:
    """The content of a gzip file of any number of members, in bounded memory.

    `check()` reads it to its end once, proving the checksums; until then `size` is unknown (-1). `problem` is then
    "" , "cut" (all bytes that came are right, more should have come), "damaged" or "not a log".
    """

    def __init__(self, fd: int, state: os.stat_result):
        self._fd, self.signature = fd, signature(state)
        self.print = b"%d " % state.st_size + os.pread(fd, 64, 0) + os.pread(fd, 8, max(state.st_size - 8, 0))
        self.size, self.problem = -1, ""
        self._piece = b""
        self._rewind()

    def check(self) -> None:
        self._rewind()
        since = total = 0
        try:
            while piece := self._more():
                total += len(piece)
                newline = piece.rfind(b"\n")
                since = since + len(piece) if newline < 0 else len(piece) - newline - 1
                if since > LONGEST:
                    self.problem = "not a log"
                    break
        except EOFError:
            self.problem = "cut"
        except zlib.error:
            self.problem = "damaged"
        self.size = total
        self._rewind()

    def at(self, position: int, count: int) -> bytes:
        if position < self._start:
            self._rewind()
        pieces: list[bytes] = []
        end = position + count
        try:
            while self._start < end:
                if not self._piece:
                    self._piece = self._more()
                    if not self._piece:
                        break
                here = self._piece[max(position - self._start, 0):end - self._start]
                pieces.append(here)
                if self._start + len(self._piece) >= end:
                    break  # the end of this piece may be asked for again
                self._start += len(self._piece)
                self._piece = b""
        except (EOFError, zlib.error):
            pass  # `size` says how much is certain
        return b"".join(pieces)

    def _rewind(self) -> None:
        self._place, self._input, self._inside, self._members = 0, b"", False, 0
        self._member = zlib.decompressobj(31)
        self._start, self._piece = 0, b""

    def _more(self) -> bytes:
        """The next bytes of content; none at the end; EOFError in the middle of a member."""
        while True:
            if not self._input:
                self._input = os.pread(self._fd, PIECE, self._place)
                self._place += len(self._input)
                if not self._input:
                    if self._inside:
                        raise EOFError
                    return b""
            if not self._inside:
                self._input = self._input.lstrip(b"\0")  # padding between members is allowed
                if not self._input:
                    continue
                self._inside = True
            if self._members and self._input[0] != 31:  # what follows is no member: the log may have been longer
                raise EOFError
            piece = self._member.decompress(self._input, PIECE)
            self._input = self._member.unconsumed_tail
            if self._member.eof:
                self._input = self._member.unused_data
                self._member, self._inside, self._members = zlib.decompressobj(31), False, self._members + 1
            if piece:
                return piece


@contextmanager
def opened(entry: Entry) -> Iterator[Plain | Zipped]:
    """The file behind the entry, whatever it is by now. A pipe never blocks; only the live file may be a link."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | (0 if entry.live else os.O_NOFOLLOW)
    fd = os.open(entry.path, flags)
    try:
        state = os.fstat(fd)
        if stat.S_ISDIR(state.st_mode):
            raise IsADirectoryError(21, "Is a directory", str(entry.path))
        if not stat.S_ISREG(state.st_mode):
            raise NotALog(0, "Not a regular file", str(entry.path))
        yield Zipped(fd, state) if entry.gz else Plain(fd, state)
    finally:
        os.close(fd)


def first_second(entry: Entry) -> int:
    """Epoch of the first event of a file; 0 where none can be read. Names lie about order, content does not."""
    try:
        with opened(entry) as file:
            events, _ = queue_log.parse(file.at(0, 65_536).rpartition(b"\n")[0] + b"\n")
    except OSError:
        return 0
    return int(events.ts[0]) if len(events) else 0
