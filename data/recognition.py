"""Recognising a log by its content: which known log a file is, where it goes on, where it differs.

Inodes are reused at once and names change, so only bytes count: the first ones of the file and those before the place
reached. What has been read is kept verbatim, so a file that is neither equal nor new can be compared to the last byte.
"""

from dataclasses import dataclass, field

import numpy as np

from data import log_files, queue_log
from data.book import Book
from data.book_rows import HEAD, TAIL, Generation
from data.log_files import Entry, LogFile, Signature, Zipped

SHARED_HEAD = 4096  # two logs may begin with this many equal bytes by chance; more is the same log copied
BLOCK = 8 * 2**20


class Changed(Exception):
    """The file was cut or replaced while it was being read: the next poll looks again."""


@dataclass(frozen=True)
class Known:
    """What is known of a file: nothing more is to be had from it while it is `done` and looks the same."""

    signature: Signature
    done: bool
    generation: int = 0  # whose bytes, up to the place reached, it holds
    size: int = -1  # of the content
    tried: bool = False  # it was read to mend what is damaged
    print: bytes = b""


@dataclass
class Sight:
    """The files as they were listed, what is known of each (by path), and the book they are compared with."""

    book: Book
    entries: list[Entry] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    cut: set[int] = field(default_factory=set)  # logs that were seen cut back: compared in full when they have grown

    def identify(self, entry: Entry, file: LogFile) -> Generation | None:
        """The log whose bytes these are, perhaps a new one; None when there is nothing to take (an empty file, the
        beginning of a log that is in the book)."""
        first = file.at(0, HEAD)
        if not first:
            return None
        line = first[:first.find(b"\n") + 1] or first
        cuts: list[tuple[int, Generation]] = []
        logs = [g for g in self.book.logs.values() if g.head.startswith(line) or (g.head and first.startswith(g.head))]
        for g in sorted(logs, key=lambda g: -g.off):
            if g.off <= file.size and g.id not in self.cut and first.startswith(g.head) and tail(file, g) == g.tail:
                return g
            differs = self._differs(file, g, first)
            if differs >= g.off:
                self.cut.discard(g.id)
                return g
            if differs >= file.size:
                if not self.held(g, entry):
                    self.cut.add(g.id)
                return None
            cuts.append((_line_start(file, differs), g))
        place, g = max(cuts, key=lambda cut: cut[0], default=(0, Generation()))
        if not place:
            return Generation()
        if queue_log.whole(file.at(place, BLOCK)) == 0:
            return None  # not yet a line that differs: a copy being written, perhaps
        if place < SHARED_HEAD and self.held(g, entry):
            return Generation()  # the other log is still there: this one only begins alike
        return self.book.branch(g, place)

    def _differs(self, file: LogFile, g: Generation, first: bytes) -> int:
        """The first byte in which a file differs from a log, or where the shorter of them ends."""
        same = min(len(first), len(g.head))
        place = difference(first[:same], g.head[:same])
        if place < same:
            return place
        end = min(file.size, g.off)
        for start, piece in self.book.content(g, 0, end):
            if piece is not None:
                here = file.at(start, len(piece))
                place = difference(here, piece)
                if place < len(piece):
                    return start + place
        return end

    def held(self, g: Generation, entry: Entry, longer: int = -1) -> bool:
        """Whether another file holds the log `g` up to the place reached (and has more than `longer` bytes)."""
        for other in self.entries:
            if other.signature[:2] == entry.signature[:2]:
                continue
            known = self.known.get(str(other.path))
            if known is not None and known.done and known.signature == other.signature and (
                    known.generation != g.id or longer < 0):
                if known.generation == g.id:
                    return True
                continue
            try:
                with log_files.opened(other) as file:
                    if isinstance(file, Zipped):
                        file.check()
                    if file.size > longer and file.size >= g.off and file.at(0, len(g.head)) == g.head and tail(
                            file, g) == g.tail:
                        return True
            except OSError:
                continue
        return False


def tail(file: LogFile, g: Generation) -> bytes:
    return file.at(g.off - len(g.tail), len(g.tail))


def difference(one: bytes, other: bytes) -> int:
    """Position of the first byte that differs; the shorter length when none does."""
    size = min(len(one), len(other))
    if one[:size] == other[:size]:
        return size
    a, b = np.frombuffer(one, np.uint8, size), np.frombuffer(other, np.uint8, size)
    return int(np.argmax(a != b))


def _line_start(file: LogFile, place: int) -> int:
    begin = max(place - queue_log.MAX_LINE, 0)
    found = file.at(begin, place - begin).rfind(b"\n")
    return begin + found + 1 if found >= 0 else 0


def block(file: LogFile, g: Generation, count: int) -> bytes:
    """The next bytes of a log. One read takes the bytes before them too, and the end is read twice: a file that was cut
    or rewritten since it was recognised is not taken for what it was. Changed."""
    if isinstance(file, Zipped):
        return file.at(g.off, count)
    data = file.at(g.off - len(g.tail), len(g.tail) + count)
    end = data[-TAIL:]
    if len(data) != len(g.tail) + count or not data.startswith(g.tail) or file.at(
            g.off + count - len(end), len(end)) != end:
        raise Changed
    return data[len(g.tail):]
