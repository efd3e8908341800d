"""Log files as blocks of whole lines, each with its place, so that somebody else may begin in the middle."""

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from data import queue_log
from data.queue_log import Bad, Events

BLOCK = 2 * 2**20
Place = tuple[int, int]  # number of the file, number of the block in it


class Unreadable(Exception):
    """A file that cannot be read; the message says which and why in one sentence."""


def of(path: Path, last: bool, begin: int = 0) -> Iterator[tuple[int, bytes]]:
    """Whole lines of a file, block by block, from block `begin` on (0 where the file is compressed).

    An unfinished last line is being written when the file is the newest one, and complete when a newer file follows.
    Raises Unreadable.
    """
    try:
        if not path.is_file():
            raise Unreadable(f"{path}: {'is not a file' if path.exists() else 'no such file'}.")
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            rest = b""
            if begin:
                before = min(queue_log.MAX_LINE, begin * BLOCK)
                file.seek(begin * BLOCK - before)
                rest = file.read(before)
                if b"\n" not in rest:
                    raise Unreadable(f"{path}: a line longer than {queue_log.MAX_LINE} bytes.")
                rest = rest[queue_log.whole(rest):]
            number = begin
            while chunk := file.read(BLOCK):
                piece = rest + chunk
                cut = queue_log.whole(piece)
                rest = piece[cut:]
                if cut:
                    yield number, piece[:cut]
                number += 1
            if rest and not last:
                yield number, rest + b"\n"
    except (OSError, EOFError) as error:
        raise Unreadable(f"{path}: {getattr(error, 'strerror', None) or error}.") from None


def count(path: Path) -> int:
    """How many blocks somebody may begin at; a compressed file is one. Raises Unreadable."""
    try:
        return 1 if path.suffix == ".gz" else max(-(-path.stat().st_size // BLOCK), 1)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}.") from None


def places(paths: Sequence[Path], begin: Place = (0, 0)) -> Iterator[tuple[Place, bytes]]:
    """Blocks of the files, oldest file first, from a place on."""
    for i in range(begin[0], len(paths)):
        for number, block in of(paths[i], i == len(paths) - 1, begin[1] if i == begin[0] else 0):
            yield (i, number), block


def events(paths: Sequence[Path], dedupe: bool) -> Iterator[tuple[Events, Bad]]:
    """Events of the files, oldest file first, block by block."""
    before: Counter[bytes] = Counter()
    seen: Counter[bytes] = Counter()
    current = 0
    for (i, _), block in places(paths):
        if dedupe and len(paths) > 1:
            if i != current:
                before, seen, current = before | seen, Counter(), i
            kept = []
            for line in block.split(b"\n")[:-1]:
                seen[line] += 1
                if seen[line] > before[line]:
                    kept.append(line + b"\n")
            block = b"".join(kept)
        if block:
            yield queue_log.parse(block)
