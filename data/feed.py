"""What flows from a log into the store: whoever follows it, and its chunks in the order of time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from data import queue_log
from data.book import Book
from data.book_open import BUSY, BookError
from data.book_rows import Chunk
from data.queue_log import Bad, Events
from data.rules import SLACK
from data.segments import DamagedSegment
from data.sources import OnChunk, Poll


class Source(Protocol):
    """Whatever follows a log into a book; `path` is its file, where it is one."""

    @property
    def path(self) -> Path | None: ...

    def poll(self, on_chunk: OnChunk | None = None) -> Poll: ...


class Nothing:
    """No log at all: what is in the book stays what it is."""

    path = None

    def poll(self, on_chunk: OnChunk | None = None) -> Poll:
        return Poll(problem=BUSY)


def whole(raw: bytes) -> bytes:
    """The bytes of a chunk with the newline that its last line may lack."""
    return raw if not raw or raw.endswith(b"\n") else raw + b"\n"


def mentioning(book: Book, words: Sequence[bytes], start: int, end: int) -> tuple[bytes, bool]:
    """Lines of about [start, end] (epoch seconds) in which one of `words` stands, in the order of the log, and whether
    everything could be read. More may be among them: whoever asks reads them."""
    found, complete = [], True
    try:
        for chunk in book.during(start, end):
            try:
                found.append(queue_log.mentioning(chunk.bytes(), words))
            except DamagedSegment:
                complete = False
    except BookError:
        complete = False
    return b"".join(found), complete


def in_order(chunks: list[Chunk], damaged: set[int]) -> Any:
    """Events of the chunks in the order of time: chunks whose times overlap are sorted together. Those that cannot be
    read are noted in `damaged`."""
    waiting: list[tuple[Events, Bad]] = []
    reach = -1
    for chunk in sorted(chunks, key=lambda c: c.min_ts if c.min_ts >= 0 else 0):
        if waiting and chunk.min_ts >= reach - SLACK // 2:
            yield _together(waiting)
            waiting = []
        try:
            events, bad = queue_log.parse(whole(chunk.bytes()))
        except DamagedSegment:
            damaged.add(chunk.id)
            continue
        waiting.append((events, bad))
        reach = max(reach, chunk.max_ts)
    if waiting:
        yield _together(waiting)


def _together(parts: list[tuple[Events, Bad]]) -> tuple[Events, Bad]:
    bad = Bad()
    for _, more in parts:
        bad += more
    return queue_log.in_time(queue_log.concat([events for events, _ in parts])), bad
