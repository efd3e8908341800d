"""The book of record under faults: killed, flipped, full, read-only, newer, damaged, read by many.

Kills are SIGKILL in a child before or after a chosen call that may change the disk, so that every moment has its turn.
"""

import errno
import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from data import book_open, book_repair, queue_log, segments, sources
from data.book import Book
from data.segments import DamagedSegment
from data.sources import Follower
from tests.data import rotation
from tests.data.rotation import Centre, append, fork, killed


@pytest.fixture
def centre(tmp_path):
    made = Centre(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def mounted(tmp_path):
    """A disk of 4 MB of its own, and the function that changes how it is mounted; None where this is not allowed."""
    image, place = tmp_path / "disk.img", tmp_path / "disk"
    image.write_bytes(b"\0" * 8 * 2**20)
    place.mkdir()
    sbin = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # not everybody's path has the disk tools
    done = subprocess.run(f"PATH={sbin}; mkfs.ext4 -q -m0 {image} && mount -o loop {image} {place}", shell=True,  # noqa: S602
                          capture_output=True)
    if done.returncode:
        yield None
        return
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def work(centre: Centre) -> None:
    book = Book(centre.books, clock=centre.clock)
    follower = Follower(centre.live, book, centre.clock)
    follower.poll()
    book.compact(force=True)
    follower.poll()
    book.close()


def length(folder: Path) -> int:
    """How many moments a child's work has. Done twice: the first time, libraries load what they need."""
    for number in range(2):
        other = Centre(folder / f"warm{number}")
        other.stop()
        other.write(150)
        found = rotation.calls(lambda other=other: work(other))
    return found


def test_200_kills_while_reading(centre, monkeypatch, tmp_path):
    """After each death something else has happened to the log; in the end every line is there once."""
    rotation.small(monkeypatch)
    most = length(tmp_path)
    centre.stop()
    chance = random.Random(7)
    deaths = 0
    while deaths < 200:
        centre.write(chance.randint(1, 40))
        if chance.random() < 0.2:
            old = centre.copy(".1")
            if old.exists():
                centre.compress(old.rename(centre.copy(f".{100 + deaths}")))
            centre.rename() if chance.random() < 0.5 else centre.copytruncate()
        deaths += killed(lambda: work(centre), chance.randint(1, most))
    centre.start()
    centre.poll()
    centre.check()
    assert centre.book.losses() == []
    assert not list(centre.books.glob("*.part"))


def test_20_kills_while_a_segment_is_written(centre, monkeypatch, tmp_path):
    """From the first byte of the file aside to the transaction that registers it."""
    rotation.small(monkeypatch)
    most = length(tmp_path)
    centre.stop()
    centre.write(150)
    seen = Counter()
    for at in random.Random(11).sample(range(1, most), most - 1):
        if seen.total() >= 40 and len(seen) == 2 and min(seen.values()) > 5:
            break
        shutil.rmtree(centre.books, ignore_errors=True)
        killed(lambda: work(centre), at)
        parts, whole = (len(list(centre.books.glob(f"*.arrow{end}"))) for end in (".part", ""))
        if not parts and whole == (len(catalogue(centre)) if whole else 0):
            continue  # not while one was being written
        seen["part" if parts else "unregistered"] += 1
        centre.start()
        centre.poll()
        centre.check()
        assert b"".join(c.raw() for c in centre.book.chunks()) == centre.live.read_bytes()
        assert not list(centre.books.glob("*.part"))
        assert {p.name for p in centre.books.glob("*.arrow")} == catalogue(centre)
        centre.stop()
    assert min(seen.values()) > 5
    assert seen.total() >= 20


def catalogue(centre: Centre) -> set[str]:
    """Names of the segments the book knows."""
    book = Book(centre.books, read_only=True)
    names = {file for (file,) in book.rows("SELECT file FROM chunk WHERE file<>''")}
    book.close()
    return names


def test_300_flipped_bits_in_segments_are_noticed_and_mended_from_the_log(centre):
    centre.write(400)
    centre.poll()
    centre.book.compact(force=True)
    name = next(segments.names(centre.books))
    good = (centre.books / name).read_bytes()
    chance = random.Random(3)
    silent = 0
    for _ in range(300):
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        (centre.books / name).write_bytes(bytes(bad))
        chunk = next(centre.book.chunks())
        try:
            chunk.bytes()
            silent += 1
        except DamagedSegment:
            pass
    assert silent == 0
    assert centre.book.verify() == [name]
    assert [loss.what for loss in centre.book.losses()] == [book_repair.SEGMENT_DAMAGED]
    before = centre.book.version
    centre.poll()
    assert (centre.books / name).read_bytes() == good
    assert centre.book.losses() == []
    assert centre.book.version > before
    centre.check()


@pytest.mark.parametrize("harm", ["missing", "cut", "empty", "foreign"])
def test_a_segment_that_is_no_more_what_it_was(centre, harm):
    centre.write(50)
    centre.poll()
    centre.book.compact(force=True)
    path = centre.books / next(segments.names(centre.books))
    data = path.read_bytes()
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes({"cut": data[:-20], "empty": b"", "foreign": b"PAR1" + data[4:]}[harm])
    with pytest.raises(DamagedSegment):
        next(centre.book.chunks()).bytes()
    centre.book.verify()
    centre.poll()
    centre.check()


def test_a_segment_that_was_removed_while_down_is_missed_at_the_start(centre):
    centre.write(50)
    centre.poll()
    centre.book.compact(force=True)
    centre.stop()
    (centre.books / next(segments.names(centre.books))).unlink()
    centre.start()
    centre.poll()
    centre.check()
    assert len(centre.book.losses(all=True)) == 1


def test_a_damaged_segment_that_the_log_no_longer_has_stays_reported(centre):
    centre.write(50)
    centre.poll()
    centre.book.compact(force=True)
    (centre.books / next(segments.names(centre.books))).write_bytes(b"")
    centre.live.unlink()
    centre.write(5)
    centre.book.verify()
    centre.poll(3)
    with pytest.raises(DamagedSegment):
        centre.stored()
    assert book_repair.SEGMENT_DAMAGED in {loss.what for loss in centre.book.losses()}


def test_flipped_bits_in_the_catalogue_are_never_read_as_something_else(centre):
    """Each of 200: either the very same lines, or the file is set aside and built again to the very same lines."""
    centre.write(40)
    centre.poll()
    centre.book.compact(force=True)
    for _ in range(6):
        centre.write(5)
        centre.poll()
    centre.stop()
    with sqlite3.connect(centre.books / book_open.NAME) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    saved = {p.name: p.read_bytes() for p in centre.books.iterdir() if p.is_file()}
    chance = random.Random(5)
    size = len(saved[book_open.NAME])
    for _ in range(200):
        for path in centre.books.iterdir():
            path.unlink()
        for name, data in saved.items():
            (centre.books / name).write_bytes(data)
        bad = bytearray(saved[book_open.NAME])
        bad[chance.randrange(size)] ^= 1 << chance.randrange(8)
        (centre.books / book_open.NAME).write_bytes(bytes(bad))
        centre.start()
        poll = centre.poll(2)
        assert poll.problem == "", poll
        assert Counter(centre.stored()) == centre.expected
        centre.stop()


def test_a_lost_catalogue_is_built_from_the_segments_when_the_log_is_gone(centre, monkeypatch):
    rotation.small(monkeypatch)
    centre.write(90)
    centre.poll()
    centre.rename(".1")
    centre.write(50)
    centre.poll()
    centre.book.compact(force=True)
    centre.stop()
    (centre.books / book_open.NAME).write_bytes(b"\0" * 5000)
    for path in centre.folder.iterdir():
        path.unlink()
    centre.start()
    assert Counter(centre.stored()) == centre.expected
    assert centre.book.totals().lines == 140
    with centre.book.lock():
        assert [loss.what for loss in centre.book.losses()] == [book_repair.BOOK_DAMAGED]
    centre.write(2)
    centre.poll()
    centre.check()


def test_small_chunks_of_a_damaged_catalogue_are_taken_over(centre):
    """The log is gone and a page of the file is damaged: what its seals still prove is not thrown away."""
    for _ in range(40):
        centre.write(5)
        centre.poll()
    centre.stop()
    with sqlite3.connect(centre.books / book_open.NAME) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        con.execute("UPDATE chunk SET lines=9 WHERE id=40")
    centre.live.unlink()
    centre.start()
    stored = centre.stored()
    assert len(stored) == 195
    assert not Counter(stored) - centre.expected


def test_a_segment_lost_from_the_middle_leaves_a_hole_that_the_log_fills(centre, monkeypatch):
    rotation.small(monkeypatch)
    centre.write(300)
    centre.poll()
    centre.stop()
    names = list(segments.names(centre.books))
    assert len(names) > 3
    (centre.books / names[1]).unlink()
    (centre.books / book_open.NAME).write_bytes(b"damaged")
    centre.start()
    with pytest.raises(DamagedSegment):
        centre.stored()
    centre.poll()
    assert Counter(centre.stored()) == centre.expected
    assert [b for loss in centre.book.losses() for b in [loss.what]] == [book_repair.BOOK_DAMAGED]


def test_an_older_catalogue_is_restored_from_a_backup(centre, monkeypatch):
    rotation.small(monkeypatch)
    centre.write(30)
    centre.poll()
    centre.stop()
    old = (centre.books / book_open.NAME).read_bytes()
    centre.start()
    for _ in range(10):
        centre.write(20)
        centre.poll()
    centre.book.compact(force=True)
    centre.stop()
    (centre.books / book_open.NAME).write_bytes(old)
    centre.live.unlink()
    centre.start()
    centre.poll()
    centre.check()


def test_without_the_write_ahead_log_the_log_is_read_again(centre):
    centre.write(5)
    centre.poll()
    pid = fork()
    if not pid:  # a process that is killed leaves its write-ahead log behind
        centre.book.close()
        book = Book(centre.books)
        centre.write(3)
        Follower(centre.live, book).poll()
        os.kill(os.getpid(), 9)
    centre.stop()
    os.waitpid(pid, 0)
    for path in centre.books.glob("book.db-*"):
        path.unlink()
    centre.start()
    centre.poll()
    assert b"".join(c.raw() for c in centre.book.chunks()) == centre.live.read_bytes()


def test_a_newer_book_is_not_touched(centre):
    centre.write(3)
    centre.poll()
    centre.stop()
    with sqlite3.connect(centre.books / book_open.NAME) as con:
        con.execute("PRAGMA user_version=99")
    before = (centre.books / book_open.NAME).read_bytes()
    for read_only in (False, True):
        with pytest.raises(book_open.NewerBook, match="newer version"):
            Book(centre.books, read_only)
    assert (centre.books / book_open.NAME).read_bytes() == before
    assert not list(centre.books.glob("*corrupt*"))


def test_a_file_of_another_program_is_set_aside(centre):
    centre.stop()
    shutil.rmtree(centre.books)
    centre.books.mkdir()
    with sqlite3.connect(centre.books / book_open.NAME) as con:
        con.execute("CREATE TABLE other (x)")
    centre.write(3)
    centre.start()
    centre.poll()
    centre.check()
    assert len(list(centre.books.glob("book.db.corrupt-*"))) == 1


def test_the_disk_is_full(centre, mounted):
    """Words, nothing lost, nothing doubled, readable meanwhile; it goes on when there is space again."""
    if mounted is None:
        pages(centre)
        return
    centre.stop()
    centre.books = mounted / "book"
    centre.start()
    centre.write(500)
    assert centre.poll().problem == ""
    ballast = mounted / "ballast"
    with ballast.open("wb") as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x" * 4096)
            file.flush()
    with ballast.open("ab", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x")
    had = Counter(centre.stored())
    for count in (20_000, 60_000):  # into SQLite, into a segment
        centre.write(count)
        polls = [centre.poll() for _ in range(3)]
        assert polls[-1].problem == book_open.FULL, polls
        assert not Counter(centre.stored()) - centre.expected
        assert sum(Counter(centre.stored()).values()) >= sum(had.values())
    assert not list(centre.books.glob("*.part"))
    ballast.unlink()
    assert centre.poll().problem == ""
    centre.check()
    centre.restart()
    centre.check()


def pages(centre: Centre) -> None:
    """The same where no disk may be mounted: SQLite is given no more pages."""
    centre.write(50)
    centre.poll()
    con = centre.book._con
    con.execute(f"PRAGMA max_page_count={con.execute('PRAGMA page_count').fetchone()[0]}")
    centre.write(2000)
    assert centre.poll().problem == book_open.FULL
    con.execute("PRAGMA max_page_count=1000000")
    assert centre.poll().problem == ""
    centre.check()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_segment_that_cannot_be_synced_is_none(centre, monkeypatch, number):
    rotation.small(monkeypatch)
    centre.write(5)
    centre.poll()
    real = os.fsync

    def broken(fd: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", broken)
    centre.write(100)
    poll = centre.poll()
    assert poll.problem == (book_open.FULL if number == errno.ENOSPC else book_open.UNUSABLE)
    assert list(centre.books.glob("*.arrow*")) == []
    assert len(centre.stored()) == 5
    monkeypatch.setattr(os, "fsync", real)
    centre.poll()
    centre.check()


def test_a_read_only_disk(centre, mounted):
    """Served from what is there, its write-ahead log included; in words; it goes on when mended."""
    if mounted is None:
        closed_folder(centre)
        return
    centre.stop()
    centre.books = mounted / "book"
    centre.start()
    centre.write(30)
    centre.poll()
    aside = centre.books.with_name("aside")
    shutil.copytree(centre.books, aside)  # as after a power cut: with a write-ahead log
    centre.write(2)
    centre.stop()
    shutil.rmtree(centre.books)
    aside.rename(centre.books)
    assert (centre.books / "book.db-wal").stat().st_size > 0
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    centre.start()
    assert len(centre.stored()) == 30
    assert len(list(Book(centre.books, read_only=True).chunks())) == 1
    assert centre.poll().problem == book_open.READ_ONLY
    assert len(centre.stored()) == 30
    subprocess.run(["mount", "-o", "remount,rw", str(mounted)], check=True)
    poll = centre.poll()
    assert poll.problem == "", poll
    centre.check()


def closed_folder(centre: Centre) -> None:
    """The same where no disk may be mounted: a folder that may only be read."""
    if os.getuid() == 0:
        pytest.skip("root may write everywhere")
    centre.write(30)
    centre.poll()
    centre.stop()
    for path, mode in ((centre.books / "lock", 0o400), (centre.books / book_open.NAME, 0o400), (centre.books, 0o500)):
        path.chmod(mode)
    centre.start()
    assert len(centre.stored()) == 30
    assert centre.poll().problem == book_open.READ_ONLY
    for path, mode in ((centre.books, 0o700), (centre.books / "lock", 0o600), (centre.books / book_open.NAME, 0o600)):
        path.chmod(mode)
    assert centre.poll().problem == ""
    centre.check()


def test_the_disk_fails_under_the_writer(centre, mounted, tmp_path):
    """The kernel makes a failing disk read-only: words, served meanwhile, and all of it goes on elsewhere."""
    if mounted is None:
        pytest.skip("no disk may be mounted here")
    centre.stop()
    centre.books = mounted / "book"
    centre.start()
    centre.write(5)
    centre.poll()
    subprocess.run(["mount", "-o", "remount,abort", str(mounted)], check=True)
    centre.write(3)
    assert centre.poll().problem in (book_open.READ_ONLY, book_open.UNUSABLE)
    assert len(centre.stored()) == 5
    centre.stop()
    centre.books = Path(shutil.copytree(centre.books, tmp_path / "rescued"))
    centre.start()
    assert centre.poll().problem == ""
    centre.check()


def test_a_locked_database_is_said_in_words_and_goes_on(centre, monkeypatch):
    monkeypatch.setattr(book_open, "WAIT", 0.05)
    centre.restart()
    centre.write(3)
    centre.poll()
    other = sqlite3.connect(centre.books / book_open.NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    centre.write(2)
    assert centre.poll().problem == book_open.BUSY
    assert len(centre.stored()) == 3
    other.execute("ROLLBACK")
    other.close()
    assert centre.poll().problem == ""
    centre.check()


def test_the_folder_is_removed_under_the_writer(centre):
    centre.write(4)
    centre.poll()
    shutil.rmtree(centre.books)
    assert centre.poll().problem != ""
    centre.books.mkdir()
    centre.poll()
    centre.check()


def test_readers_follow_while_another_process_writes_and_gathers(centre, monkeypatch):
    """A reader sees each line once, in order, whatever is moved into segments behind its back."""
    rotation.small(monkeypatch)
    reader = Book(centre.books, read_only=True)
    got: list[bytes] = []
    last, versions = 0, [reader.version]
    for turn in range(60):
        centre.write(turn % 9)
        if turn % 13 == 12:
            centre.rename(f".{turn}")
        centre.poll()
        if turn % 5 == 4:
            centre.book.compact(force=True)
        if turn % 7 == 6:
            for chunk in reader.chunks(last):
                lines = chunk.bytes().splitlines()
                assert len(lines) == chunk.lines
                got += lines
                last = chunk.id
        versions.append(reader.version)
    for chunk in reader.chunks(last):
        got += chunk.bytes().splitlines()
    assert Counter(got) == centre.expected
    assert versions == sorted(versions)
    assert reader.last_id == centre.book.last_id
    with pytest.raises(book_open.BusyBook):
        reader.append(reader.generations()[0], b"x\n")
    reader.close()


def test_the_version_changes_only_when_something_was_added(centre):
    centre.write(2)
    centre.poll()
    version = centre.book.version
    centre.poll(3)
    centre.book.compact(force=True)
    centre.restart()
    centre.poll()
    assert centre.book.version == version
    centre.write(1)
    centre.poll()
    assert centre.book.version > version


def test_a_child_of_a_fork_neither_keeps_the_lock_nor_uses_the_connection(centre):
    centre.write(3)
    centre.poll()
    ready, go = os.pipe(), os.pipe()
    pid = fork()
    if not pid:
        good = not centre.book.locked and len(centre.stored()) == 3
        os.write(ready[1], b"1" if good else b"0")
        os.read(go[0], 1)
        os._exit(0)
    assert os.read(ready[0], 1) == b"1"
    centre.stop()
    other = Book(centre.books)
    assert other.try_lock()
    other.close()
    os.write(go[1], b"x")
    os.waitpid(pid, 0)
    for fd in (*ready, *go):
        os.close(fd)
    centre.start()


def test_a_segment_is_an_arrow_file_others_can_read(centre):
    append(centre.live, b"1700000000|1|q|a|CONNECT\r\njunk\n1700000001|2|q|a|CONNECT\n")
    centre.poll()
    centre.book.compact(force=True)
    table = pa.ipc.open_file(str(centre.books / next(segments.names(centre.books)))).read_all()
    assert table.column_names == ["lines"]
    assert table.column("lines").to_pylist() == [centre.live.read_bytes()]
    span = segments.describe(centre.books, next(segments.names(centre.books)))
    assert (span.start, span.end, span.lines, span.bad) == (0, centre.live.stat().st_size, 3, 1)


def test_totals_survive_restarts_and_gathering(centre):
    append(centre.live, b"junk\n" + centre.lines(3))
    centre.poll()
    append(centre.live, b"more junk\n")
    centre.poll()
    for _ in range(2):
        totals = centre.book.totals()
        assert (totals.lines, totals.bytes) == (5, centre.live.stat().st_size)
        assert totals.bad == queue_log.Bad(2, (b"junk", b"more junk"))
        centre.book.compact(force=True)
        centre.restart()
        centre.poll()


def test_chunks_in_the_order_of_time(centre):
    """The old log was found last: its lines come first."""
    old = centre.lines(3)
    centre.write(3)
    centre.poll()
    centre.copy(".1").write_bytes(old)
    centre.poll()
    assert [c.min_ts for c in centre.book.chunks()] == [rotation.BEGIN + 1, rotation.BEGIN]
    assert [c.min_ts for c in centre.book.order()] == [rotation.BEGIN, rotation.BEGIN + 1]
    assert sources.REPLACED not in {loss.what for loss in centre.book.losses()}
    assert Path(centre.books / "lock").exists()


@pytest.mark.parametrize("first", [True, False])
def test_segments_of_older_versions_are_read_and_a_flipped_bit_in_one_is_noticed(tmp_path, first):
    """They have a row for every line and its time; the first carry 128 bits of BLAKE2b and eight bytes for a place."""
    lines = [b"17000000%02d|9.%d|600|NONE|ENTERQUEUE||3001112222|1\n" % (n, n) for n in range(90)]
    column = pa.array(lines, pa.large_binary() if first else pa.binary())
    sink = pa.BufferOutputStream()
    schema = pa.schema([("ts", pa.int64()), ("line", column.type)])
    with pa.ipc.new_file(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(pa.record_batch([pa.array(range(90), pa.int64()), column], schema=schema))
    body = bytearray(sink.getvalue())
    digest = hashlib.blake2b(body, digest_size=16) if first else hashlib.sha256(body)
    name = f"{1:012d}-{digest.hexdigest()}.arrow"
    (tmp_path / name).write_bytes(body)
    assert segments.read(tmp_path, name) == b"".join(lines)
    body[len(body) // 2] ^= 4
    (tmp_path / name).write_bytes(body)
    with pytest.raises(DamagedSegment):
        segments.read(tmp_path, name)
