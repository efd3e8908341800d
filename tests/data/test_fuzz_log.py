"""Random lives of a log: whatever is done to it, in whatever order, no line is lost, doubled or merged.

Ops are what writers, rotators and administrators do, and the program being killed with -9 at any instruction. A line
must be in the book when it stood whole in a readable file at a poll that ended well; every line in the book must be one
that was written. `python -m tests.data.test_fuzz_log 0 2500` runs lives 0 to 2,499, in some minutes.
"""

import gzip
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from data.book import Book
from data.sources import Follower
from tests.data import rotation
from tests.data.rotation import Centre, append

OPS = ("write", "write", "write", "write", "partial", "finish", "poll", "poll", "poll", "poll", "rename", "late",
       "copytruncate", "lag", "gz", "gz_slow", "prune", "truncate", "cut_back", "replace", "half_copy", "half_gz",
       "restore", "restart", "kill", "kill", "quiet", "compact", "shift", "multi", "swap")


class Life(Centre):
    """A centre whose every step is chosen by chance, with what is known to be true of its lines."""

    def __init__(self, folder: Path, seed: int):
        super().__init__(folder)
        self.random = random.Random(seed)
        self.must: set[bytes] = set()
        self.written: set[bytes] = set()
        self.half = b""  # what the writer still has to write of its line
        self.target: Path | None = self.live  # what the writer has open, by its present name
        self.copies = 0
        self.done: list[str] = []
        self.broken: set[Path] = set()  # copies being written: not yet what they will be
        self.backups: list[bytes] = []

    # What is true

    def fresh(self, count: int) -> list[bytes]:
        lines = [self.line(self.random.choice((0, 0, 0, 0, 400, 1200, 2500))) for _ in range(count)]
        self.written.update(lines)
        return lines

    def readable(self) -> set[bytes]:
        found: set[bytes] = set()
        for path in self.folder.iterdir():
            if path in self.broken:
                continue
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            found.update(data.split(b"\n")[:-1])
        return found & self.written

    def old(self) -> list[Path]:
        return sorted(p for p in self.folder.iterdir() if p != self.live and p not in self.broken)

    def name(self) -> Path:
        self.copies += 1
        return self.copy(self.random.choice((".%d", "-202611%02d", ".17%08d", "-20261122-%d")) % self.copies)

    # What is done

    def step(self, op: str) -> None:
        self.done.append(op)
        getattr(self, "op_" + op)()

    def op_write(self) -> None:
        if self.half:
            self.op_finish()
        elif self.target is not None:
            append(self.target, b"".join(line + b"\n" for line in self.fresh(self.random.randint(1, 6))))

    def op_partial(self) -> None:
        if self.target is None or self.half:
            return
        line = self.fresh(1)[0]
        cut = self.random.randint(1, len(line))
        append(self.target, line[:cut])
        self.half = line[cut:] + b"\n"

    def op_finish(self) -> None:
        if self.half and self.target is not None:
            append(self.target, self.half)
            self.half = b""

    def op_poll(self) -> None:
        there = self.readable()
        poll = self.follower.poll()
        assert not poll.problem or not self.live.exists(), poll
        self.must |= there

    def op_quiet(self) -> None:
        """Time passes: only with no line half written, for then the half would rightly count as a line."""
        if not self.half:
            self.op_poll()
            self.ahead = 5.0
            self.op_poll()
            self.ahead = 0.0

    def op_rename(self) -> None:
        """The writer reopens at once; a line half written is finished in the old file."""
        self.op_finish()
        if self.live.exists():
            self.live.rename(self.name())
        self.target = self.live
        append(self.live, b"")

    def op_late(self) -> None:
        """The writer goes on in the renamed file until the next rename."""
        if self.live.exists() and self.target == self.live:
            self.target = self.name()
            self.live.rename(self.target)
            if self.random.random() < 0.5:
                append(self.live, b"")

    def op_copytruncate(self) -> None:
        if self.live.exists() and not (self.half and self.target == self.live):
            self.name().write_bytes(self.live.read_bytes())
            os.truncate(self.live, 0)

    def op_lag(self) -> None:
        """copytruncate looked at between its two steps."""
        if self.live.exists() and not (self.half and self.target == self.live):
            self.name().write_bytes(self.live.read_bytes())
            self.op_poll()
            os.truncate(self.live, 0)

    def op_gz(self) -> None:
        plain = [p for p in self.old() if p.suffix != ".gz" and p != self.target]
        if plain:
            self.compress(self.random.choice(plain))

    def op_gz_slow(self) -> None:
        """The compressed file grows beside the plain one, and is looked at meanwhile."""
        plain = [p for p in self.old() if p.suffix != ".gz" and p != self.target]
        if plain:
            path = self.random.choice(plain)
            packed = path.with_name(path.name + ".gz")
            if packed.exists():
                return
            data = gzip.compress(path.read_bytes())
            self.broken.add(packed)
            packed.write_bytes(data[:self.random.randint(0, len(data))])
            self.op_poll()
            packed.write_bytes(data)
            self.broken.discard(packed)
            if self.random.random() < 0.5:
                self.op_poll()
            path.unlink()

    def op_prune(self) -> None:
        old = [p for p in self.old() if p != self.target]
        if old:
            self.random.choice(old).unlink()

    def op_truncate(self) -> None:
        if self.live.exists() and not (self.half and self.target == self.live):
            os.truncate(self.live, 0)

    def op_cut_back(self) -> None:
        """Back to an earlier point: the writer goes on from there."""
        if self.live.exists() and not (self.half and self.target == self.live) and not self.copied():
            data = self.live.read_bytes()
            ends = [i + 1 for i in range(len(data)) if data[i:i + 1] == b"\n"]
            if ends:
                os.truncate(self.live, self.random.choice(ends))

    def copied(self) -> bool:
        """Whether a copy begins as the live log does: what follows a cut is then ambiguous by nature."""
        first = self.live.read_bytes().split(b"\n")[0]
        return any(first in (gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes())
                   for p in self.old())

    def op_replace(self) -> None:
        if not self.half and self.target == self.live:
            self.live.unlink(missing_ok=True)
            append(self.live, b"".join(line + b"\n" for line in self.fresh(self.random.randint(0, 6))))

    def op_swap(self) -> None:
        """Another file is moved over the live one."""
        if not self.half and self.target == self.live:
            other = self.folder / "new"
            append(other, b"".join(line + b"\n" for line in self.fresh(self.random.randint(0, 6))))
            other.rename(self.live)

    def op_half_copy(self) -> None:
        """A copy of any file is seen while it is being written."""
        sources = [p for p in self.folder.iterdir() if p not in self.broken and p.suffix != ".gz" and (
            p != self.target or not self.half)]
        if sources:
            data, path = self.random.choice(sources).read_bytes(), self.name()
            self.broken.add(path)
            at = self.random.randint(0, len(data))
            path.write_bytes(data[:at])
            self.op_poll()
            append(path, data[at:])
            self.broken.discard(path)
            if self.random.random() < 0.5:
                self.op_poll()
                path.unlink()

    def op_half_gz(self) -> None:
        packed = [p for p in self.old() if p.suffix == ".gz"]
        if packed:
            data, path = self.random.choice(packed).read_bytes(), self.name()
            path = path.with_name(path.name + ".gz")
            self.broken.add(path)
            path.write_bytes(data[:self.random.randint(0, len(data))])
            self.op_poll()
            path.write_bytes(data)
            self.broken.discard(path)

    def op_multi(self) -> None:
        """Two copies packed apart and joined."""
        packed = [p for p in self.old() if p.suffix == ".gz"]
        plain = [p for p in self.old() if p.suffix != ".gz" and p != self.target]
        if plain and not packed:
            path = self.random.choice(plain)
            data = path.read_bytes()
            at = self.random.randint(0, len(data))
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(data[:at]) + gzip.compress(data[at:]))
            path.unlink()

    def op_restore(self) -> None:
        """An old copy comes back beside the others."""
        old = [p for p in self.old() if p != self.target]
        if old:
            path = self.random.choice(old)
            name = self.name()
            shutil.copy2(path, name.with_name(name.name + ".gz") if path.suffix == ".gz" else name)

    def op_shift(self) -> None:
        """The whole chain is renamed."""
        for path in self.old():
            new = self.name()
            new = new.with_name(new.name + ".gz") if path.suffix == ".gz" else new
            path.rename(new)
            if path == self.target:
                self.target = new

    def op_restart(self) -> None:
        self.restart()

    def op_compact(self) -> None:
        if self.book.locked:
            self.book.compact(force=True)

    def op_kill(self) -> None:
        """The program is killed somewhere in a poll and starts again."""
        self.stop()

        def work() -> None:
            book = Book(self.books, clock=self.clock)
            Follower(self.live, book, self.clock).poll()
            book.compact(force=True)

        if self.random.random() < 0.5:
            rotation.killed(work, self.random.randint(1, 120))
        else:
            rotation.killed(work, self.random.randint(1, 5000), every=True)
        self.start()

    # What must be true

    def finish(self) -> None:
        if self.half and self.target is not None:
            self.op_finish()
        self.op_poll()
        self.ahead = 10.0
        for _ in range(3):
            self.op_poll()
        stored = self.stored()
        seen = set(stored)
        assert len(stored) == len(seen), ("doubled", short(s for s in stored if stored.count(s) > 1))
        assert not self.must - seen, ("lost", short(self.must - seen))
        assert not seen - self.written, ("merged", short(seen - self.written))
        assert self.book.totals().lines == len(stored)
        self.restart()
        self.op_poll()
        assert self.stored() == stored
        assert not self.book.losses() or self.book.losses()[0].what


def short(lines: Iterable[bytes]) -> list[bytes]:
    return sorted(line[:60] for line in lines)[:4]


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(int(metafunc.config.getoption("--sequences", 150))))


def live(folder: Path, seed: int) -> Life:
    life = Life(folder, seed)
    for _ in range(life.random.randint(8, 30)):
        life.step(life.random.choice(OPS))
    life.finish()
    life.stop()
    return life


def test_no_line_is_lost_doubled_or_merged(tmp_path, monkeypatch, seed):
    rotation.small(monkeypatch)
    live(tmp_path, seed)


def main(first: int, last: int) -> int:
    bad = 0
    with pytest.MonkeyPatch.context() as patch:
        rotation.small(patch)
        for seed in range(first, last):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    live(Path(folder), seed)
                except AssertionError as error:
                    bad += 1
                    print(seed, error)
    print(f"{bad} bad of {last - first}")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
