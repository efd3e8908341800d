"""What flows from a log into the store: whoever follows it, and its chunks folded beside the reading or in order."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Protocol

from data import memory, queue_log
from data.book_open import BUSY
from data.book_rows import Chunk
from data.queue_log import Bad, Events
from data.rules import SLACK
from data.segments import DamagedSegment
from data.sources import OnChunk, Poll

BIG = 5_000  # lines of a chunk that is worth a thread


class Source(Protocol):
    """Whatever follows a log into a book."""

    def poll(self, on_chunk: OnChunk | None = None) -> Poll: ...


class Nothing:
    """No log at all: what is in the book stays what it is."""

    def poll(self, on_chunk: OnChunk | None = None) -> Poll:
        return Poll(problem=BUSY)


class Beside:
    """Folds big blocks in threads of their own while the next one is read and stored; small ones at once."""

    def __init__(self, take: Callable[[Chunk, Events, Bad, Executor | None], None]):
        self.take = take
        self.pools: list[ThreadPoolExecutor] = []
        self.waiting: deque[Future[None]] = deque()

    def __enter__(self) -> "Beside":
        return self

    def __call__(self, chunk: Chunk, events: Events, bad: Bad) -> None:
        if not self.pools and chunk.lines < BIG:
            self.take(chunk, events, bad, None)
            return
        if not self.pools:
            memory.keep()
            self.pools = [ThreadPoolExecutor(1, "fold"), ThreadPoolExecutor(2, "beside")]
        self.waiting.append(self.pools[0].submit(self.take, chunk, events, bad, self.pools[1]))
        if len(self.waiting) > 2:  # no more than this is kept in memory
            self.waiting.popleft().result()

    def __exit__(self, *error: object) -> None:
        try:
            while self.waiting:
                self.waiting.popleft().result()
        finally:
            for pool in self.pools:
                pool.shutdown()
            if self.pools:
                memory.give_back()


def whole(raw: bytes) -> bytes:
    """The bytes of a chunk with the newline that its last line may lack."""
    return raw if not raw or raw.endswith(b"\n") else raw + b"\n"


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
