"""Large pieces of a log folded beside the reading of the next ones."""

import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from data import memory
from data.book_rows import Chunk
from data.builder import Parts, prepare
from data.queue_log import Bad, Events

BIG = 5_000  # lines of a chunk that is worth a thread
TURN = 0.0005  # seconds after which a thread lets another one run: they all come back from C code again and again


class Beside:
    """Folds big blocks in a thread of its own while the next one is read and stored; small ones at once. No more
    threads than that: each takes the others' turns to run Python."""

    def __init__(self, take: Callable[[Chunk, Events, Bad, Executor | None, Parts | None], None]):
        """`take` gets a chunk; of a large one also another thread for what may last, and what could be prepared."""
        self.take = take
        self.pools: list[ThreadPoolExecutor] = []
        self.waiting: deque[Future[None]] = deque()

    def __enter__(self) -> "Beside":
        return self

    def __call__(self, chunk: Chunk, events: Events, bad: Bad) -> None:
        if not self.pools and chunk.lines < BIG:
            self.take(chunk, events, bad, None, None)
            return
        if not self.pools:
            memory.keep()
            self.turn = sys.getswitchinterval()
            sys.setswitchinterval(TURN)
            self.pools = [ThreadPoolExecutor(1, "fold"), ThreadPoolExecutor(1, "put")]
        self.waiting.append(self.pools[0].submit(self.take, chunk, events, bad, self.pools[1], prepare(events)))
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
                sys.setswitchinterval(self.turn)
