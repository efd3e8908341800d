"""A long log read by several processes at once, with the very answer that one process would give.

Each folds a stretch of the blocks and the first blocks of the next stretch. Whatever comes later depends only on the
lines of the calls that are not over and on the clock; where two processes agree on these after the same block, the
rows of the second continue those of the first. Where they never agree (a call that never ended, say) one process
reads it all.
"""

import hashlib
import multiprocessing
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from data import blocks, frames, legs, queue_log
from data.blocks import Place
from data.queue_log import Bad
from data.rules import Options

SHARED = 2  # blocks that two neighbours both fold at most
LEAST = 6  # blocks of a stretch; less is not worth a process
MOST = 4  # processes
OWED = 50_000  # lines of calls that are not over; with more, neighbours would hardly agree


@dataclass
class Stretch:
    """What a process found, block by block, and what it still owed after the blocks that it shares with a neighbour."""

    rows: list[pa.Table] = field(default_factory=list)
    refused: list[Counter[str]] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    owed: dict[Place, tuple[int, str]] = field(default_factory=dict)  # blocks so far, digest
    left: legs.Open = field(default_factory=legs.Open)

    def take(self, begin: int, end: int | None) -> "Stretch":
        """Only these blocks."""
        return Stretch(self.rows[begin:end], self.refused[begin:end], self.bad[begin:end], left=self.left)

    @property
    def rejected(self) -> Counter[str]:
        return sum(self.refused, Counter())

    @property
    def unread(self) -> Bad:
        return sum(self.bad, Bad())


def fold(paths: Sequence[Path], options: Options, columns: frozenset[str],
         processes: int | None = None) -> list[Stretch] | None:
    """The log's legs (`columns` of frames.LEGS) in stretches that follow one another; None where one process must read
    it. Raises Unreadable."""
    counts = [blocks.count(path) for path in paths]
    starts = _starts(counts, processes or min(len(os.sched_getaffinity(0)), MOST, sum(counts) // LEAST))
    if len(starts) < 2:
        return None
    others = [_Process(paths, begin, end, options, columns)
              for begin, end in zip(starts[1:], [*starts[2:], None], strict=True)]
    try:
        found = []
        for read in (lambda: _read(paths, starts[0], starts[1], options, columns), *(one.result for one in others)):
            theirs = read()
            if theirs is None:
                return None
            found.append(theirs)
    finally:
        for other in others:
            other.close()
    return _joined(found)


def _starts(counts: list[int], processes: int) -> list[Place]:
    """Where each process begins: as many blocks for everybody as the files allow."""
    every = [(i, number) for i, count in enumerate(counts) for number in range(count)]
    return sorted({every[len(every) * n // processes] for n in range(processes)})


def _joined(found: list[Stretch]) -> list[Stretch] | None:
    begin, whole = 0, []
    for one, other in zip(found, [*found[1:], None], strict=True):
        if other is None:
            whole.append(one.take(begin, None))
            break
        agreed = [place for place, (_, owed) in other.owed.items()
                  if place in one.owed and one.owed[place][1] == owed and one.owed[place][0] > begin]
        if not agreed:
            return None
        place = min(agreed)
        whole.append(one.take(begin, one.owed[place][0]))
        begin = other.owed[place][0]
    return whole


def _read(paths: Sequence[Path], begin: Place, end: Place | None, options: Options,
          columns: frozenset[str]) -> Stretch | None:
    found = Stretch(left=legs.Open(legs=frames.empty(frames.legs(columns))))
    beyond = 0
    for place, block in blocks.places(paths, begin):
        beyond += end is not None and place >= end
        if beyond > SHARED:
            break
        if len(found.left.events) > OWED:
            return None
        events, bad = queue_log.parse(found.left.lines + block)
        ended, found.left = legs.fold(found.left, events, options, wanted=columns, joined=True)
        found.rows.append(ended.legs)
        found.refused.append(ended.refused)
        found.bad.append(bad)
        if beyond or len(found.rows) <= SHARED:
            owed = hashlib.blake2b(found.left.lines + str(found.left.clock).encode()).hexdigest()
            found.owed[place] = (len(found.rows), owed)
    return found


class _Process:
    """A child that reads a stretch; rows come back through a file that has no name."""

    def __init__(self, *what: Any):
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        fork = multiprocessing.get_context("fork")
        self.words, theirs = fork.Pipe(duplex=False)
        self.process = fork.Process(target=self._run, args=(theirs, what), daemon=True)
        with warnings.catch_warnings():  # newer Pythons warn where there are threads; the child takes no lock of theirs
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process.start()
        theirs.close()

    def _run(self, words: Any, what: Any) -> None:
        found = _read(*what)
        if found is None:
            words.close()
            return
        with pa.ipc.new_stream(self.file, found.left.legs.schema) as writer:
            for table in [*found.rows, found.left.legs]:
                writer.write_table(table.combine_chunks())
        self.file.flush()
        counts = [table.num_rows for table in found.rows]
        found.rows, found.left.legs = [], found.left.legs.slice(0, 0)
        words.send((found.refused, found.bad, found.owed, found.left.clock, counts))
        words.close()

    def result(self) -> Stretch | None:
        """What it found; None when it gave up or failed: whoever reads everything says why."""
        try:
            refused, bad, owed, clock, counts = self.words.recv()
        except EOFError:
            return None
        self.file.seek(0)
        table = pa.ipc.open_stream(self.file).read_all()
        parts, at = [], 0
        for count in counts:
            parts.append(table.slice(at, count))
            at += count
        return Stretch(parts, refused, bad, owed, legs.Open(clock=clock, legs=table.slice(at)))

    def close(self) -> None:
        self.words.close()
        self.process.terminate()
        self.process.join()
        self.file.close()
