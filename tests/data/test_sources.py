"""The rotation battery: everything writers, rotators and administrators are known to do to a log, one case each.

s01 to s28 are the ways a log is rotated, t29 to t47 the published bugs of other followers.
"""

import gzip
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from data import book_open, log_files, queue_log, sources
from data.book import Book
from data.sources import Follower
from tests.data import rotation
from tests.data.rotation import Centre, append, killed


@pytest.fixture
def centre(tmp_path):
    made = Centre(tmp_path)
    yield made
    made.stop()


def packed(centre: Centre, path: Path) -> Path:
    return centre.compress(path)


def test_s01_append(centre):
    for count in (3, 1, 4):
        centre.write(count)
        assert centre.poll().lines == count
        centre.check()
    assert centre.poll().lines == 0


def test_s02_a_line_in_two_pieces(centre):
    whole = centre.lines(2)
    append(centre.live, whole[:-20])
    assert centre.poll().lines == 1
    append(centre.live, whole[-20:])
    assert centre.poll().lines == 1
    centre.check()


def test_s03_rename_and_create_with_unread_lines(centre):
    centre.write(4)
    centre.poll()
    centre.write(3)
    centre.rename()
    centre.write(2)
    centre.poll()
    centre.check()


def test_s04_the_writer_goes_on_in_the_renamed_file(centre):
    centre.write(4)
    centre.poll()
    old = centre.rename(create=False)
    centre.write(5, old)
    centre.poll()
    centre.check()
    centre.write(2)
    centre.write(3, old)
    centre.poll()
    centre.check()


def test_s05_copytruncate_when_all_was_read(centre):
    centre.write(6)
    centre.poll()
    centre.copytruncate()
    centre.poll()
    centre.write(3)
    centre.poll()
    centre.check()


def test_s06_copytruncate_with_unread_lines(centre):
    centre.write(4)
    centre.poll()
    centre.write(7)
    centre.copytruncate()
    centre.write(2)
    centre.poll()
    centre.check()


def test_s07_copytruncate_grown_past_the_old_place(centre):
    centre.write(4)
    centre.poll()
    centre.copytruncate()
    centre.write(9)
    centre.poll()
    centre.check()


def test_s08_truncated_and_shorter(centre):
    centre.write(8)
    centre.poll()
    os.truncate(centre.live, 0)
    centre.write(3)
    centre.poll()
    centre.check()


def test_s09_truncated_and_longer(centre):
    centre.write(3)
    centre.poll()
    os.truncate(centre.live, 0)
    centre.write(8)
    centre.poll()
    centre.check()


def same_inode(centre: Centre, inode: int) -> None:
    """A new live file with an inode that was given back: lower ones that are free are used up first."""
    for number in range(200):
        centre.live.touch()
        if centre.live.stat().st_ino == inode:
            return
        centre.live.rename(centre.folder / f"filler{number}")
    pytest.fail("this disk does not give inodes again")


@pytest.mark.parametrize("count", [3, 9], ids=["s10_shorter", "s11_longer"])
def test_removed_and_created_with_the_same_inode(centre, count):
    centre.write(6)
    centre.poll()
    inode = centre.live.stat().st_ino
    centre.live.unlink()
    same_inode(centre, inode)
    centre.write(count)
    centre.poll(2)
    centre.check()
    assert [loss.what for loss in centre.book.losses()] == [sources.REPLACED]


def test_s12_rotated_once_while_down(centre):
    centre.write(4)
    centre.poll()
    centre.stop()
    centre.write(3)
    centre.rename()
    centre.write(2)
    centre.start()
    centre.poll()
    centre.check()
    assert centre.book.losses() == []


def test_s13_rotated_twice_while_down(centre):
    centre.write(4)
    centre.poll()
    centre.stop()
    centre.write(3)
    centre.rename(".1").rename(centre.copy(".2"))
    centre.write(4)
    centre.rename(".1")
    centre.write(2)
    centre.start()
    centre.poll()
    centre.check()
    times = [int(line.split(b"|")[0]) for line in centre.stored()]
    assert times == sorted(times)


def test_s14_rotated_and_compressed_while_down(centre):
    centre.write(4)
    centre.poll()
    centre.stop()
    centre.write(3)
    centre.compress(centre.rename())
    centre.write(4)
    centre.start()
    centre.poll()
    centre.check()


def test_s15_killed_six_times_in_many_lines(centre, monkeypatch):
    monkeypatch.setattr(sources, "BLOCK", 2**20)
    centre.write(180_000)
    centre.stop()

    def work() -> None:
        book = Book(centre.books)
        Follower(centre.live, book).poll()

    deaths = sum(killed(work, calls) for calls in (30, 35, 40, 45, 50, 55))
    assert deaths == 6
    centre.start()
    centre.poll()
    centre.check()


def test_s16_missing_then_there(centre):
    assert centre.poll().problem == sources.MISSING
    centre.write(3)
    assert centre.poll().problem == ""
    centre.check()


def test_s17_the_folder_is_replaced(centre):
    centre.write(3)
    centre.poll()
    centre.folder.rename(centre.folder.with_name("old"))
    centre.folder.mkdir()
    centre.write(4)
    centre.poll()
    centre.check()


def test_s18_a_line_of_ten_megabytes(centre):
    centre.write(2)
    append(centre.live, b"1700000000|" + b"x" * 10_000_000 + b"\n")
    centre.write(2)
    poll = centre.poll()
    assert (poll.lines, poll.bad) == (5, 1)
    good = [line for line in centre.stored() if len(line) < 1000]
    assert Counter(good) == centre.expected
    assert centre.book.totals().bad.count == 1
    assert centre.book.totals().bytes == centre.live.stat().st_size
    assert b"".join(c.raw() for c in centre.book.chunks()) == centre.live.read_bytes()


def test_s19_nul_and_invalid_utf8(centre):
    line = b"1700000000|1.1|q|\xff\xfe\x00a|CONNECT|\xc3"
    append(centre.live, line + b"\n" + b"\0\0\0" + line + b"\n")
    centre.write(1)
    assert centre.poll().bad == 0
    centre.expected.update([line, b"\0\0\0" + line])
    centre.check()


def test_s20_no_newline_at_rotation(centre):
    centre.write(3)
    centre.poll()
    append(centre.live, centre.lines(1)[:-1])
    centre.rename()
    centre.write(2)
    centre.settle()
    centre.check()
    centre.restart()
    centre.settle()
    centre.check()


def test_s21_a_copy_is_seen_while_it_is_made(centre):
    centre.write(40)
    centre.poll()
    centre.write(10)
    data, copy = centre.live.read_bytes(), centre.copy(".1")
    for at in range(0, len(data), 37):
        copy.write_bytes(data[:at])
        centre.follower.poll()
    centre.ahead = 5  # the copying stalls in the middle of a line
    copy.write_bytes(data[:-10])
    centre.poll(2)
    copy.write_bytes(data)
    os.truncate(centre.live, 0)
    centre.write(3)
    centre.settle()
    centre.check()


@pytest.mark.parametrize("how", ["rename", "copytruncate"])
def test_s22_two_logs_begin_with_the_same_one_and_a_half_kilobytes(centre, how):
    head = centre.lines(35)
    assert len(head) > 1500
    append(centre.live, head)
    centre.write(3)
    centre.poll()
    getattr(centre, how)()
    append(centre.live, head)
    centre.expected.update(head.split(b"\n")[:-1])
    centre.write(4)
    centre.poll()
    centre.check()


def test_s23_old_content_is_restored(centre):
    centre.write(8)
    centre.poll()
    backup = centre.live.read_bytes()
    centre.rename(".1").unlink()
    centre.write(3)
    centre.poll()
    centre.live.write_bytes(backup)
    centre.poll()
    centre.check()
    centre.write(2)
    centre.poll()
    centre.check()


def test_s24_a_symbolic_link_is_switched(centre):
    one, two = centre.folder / "monday", centre.folder / "tuesday"
    centre.write(3, one)
    centre.live.symlink_to(one)
    centre.poll()
    centre.write(4, two)
    centre.live.unlink()
    centre.live.symlink_to(two)
    centre.poll()
    centre.write(1, two)
    centre.poll()
    centre.check()


def rotate(centre: Centre, writer: "Writer", truncate: bool, compress: bool, delay: bool, look: bool) -> None:
    """The steps of logrotate(8), with a writer at work between any two of them and, with `look`, a poll after each."""

    def step() -> None:
        writer.work()
        if look:
            centre.poll()

    def pack(path: Path) -> None:
        """Lines that come while gzip runs go to a file that is then removed: they are lost on the disk."""
        data = path.read_bytes()
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(data)[:200])
        if look:
            centre.poll()
        packed.write_bytes(gzip.compress(data))
        path.unlink()
        if look:
            centre.poll()

    step()
    for number in (3, 2, 1):
        for suffix in ("", ".gz"):
            path = centre.copy(f".{number}{suffix}")
            if path.exists():
                path.rename(centre.copy(f".{number + 1}{suffix}"))
                step()
    if delay and centre.copy(".2").exists():
        pack(centre.copy(".2"))
    if truncate:
        writer.flush()
        shutil.copyfile(centre.live, centre.copy(".1"))
        if look:
            centre.poll()
        os.truncate(centre.live, 0)
    else:
        centre.live.rename(centre.copy(".1"))
        step()
        centre.live.touch()
        step()
        writer.reopen()
    step()
    if compress and not delay:
        pack(centre.copy(".1"))
    step()


class Writer:
    """Asterisk: one open file in append mode, a whole line with each write."""

    def __init__(self, centre: Centre):
        self.centre = centre
        self.reopen()

    def reopen(self) -> None:
        if hasattr(self, "file"):
            self.file.close()
        self.file = self.centre.live.open("ab", buffering=0)

    def work(self) -> None:
        for line in self.centre.lines(5).splitlines(keepends=True):
            self.file.write(line)

    def flush(self) -> None:
        self.file.flush()


@pytest.mark.parametrize("look", [False, True], ids=["unseen", "looked_at"])
@pytest.mark.parametrize(("truncate", "compress", "delay"), [
    (False, True, True), (False, True, False), (True, False, False), (True, True, False)],
    ids=["s25_create_delaycompress", "s26_create_compress", "s27_copytruncate", "s28_copytruncate_compress"])
def test_logrotate(centre, truncate, compress, delay, look):
    writer = Writer(centre)
    for _ in range(4):
        rotate(centre, writer, truncate, compress, delay, look)
        centre.poll()
    writer.file.close()
    centre.check()
    assert centre.book.losses() == []
    centre.restart()
    centre.poll()
    centre.check()


def test_t29_the_place_lies_behind_the_end_of_an_unknown_file(centre):
    centre.write(40)
    centre.poll()
    centre.live.unlink()
    centre.write(2)
    assert centre.poll().lines == 2
    centre.poll()
    centre.check()
    assert len(centre.book.losses()) == 1


def test_t30_state_that_is_damaged_anywhere_is_set_aside_and_built_again(centre):
    """Zeroes, a cut or NULs at 50 places: the same lines afterwards, once, and a report."""
    centre.write(300)
    centre.poll()
    centre.write(10)
    centre.poll()
    centre.stop()
    path = centre.books / book_open.NAME
    good = path.read_bytes()
    damages = [b"", b"\0" * len(good), good[:100]] + [
        good[:at] + (b"" if at % 2 else b"\0" * 600 + good[at + 600:]) for at in range(0, len(good), len(good) // 48)]
    assert len(damages) >= 50
    rebuilt = 0
    for bad in damages:
        for old in centre.books.iterdir():
            old.unlink()
        path.write_bytes(bad)
        centre.start()
        assert centre.poll().problem == ""
        centre.check()
        rebuilt += any(p.name.startswith("book.db.corrupt-") for p in centre.books.iterdir())
        centre.stop()
    assert rebuilt >= 25


def test_t31_an_old_inode_comes_back(centre):
    centre.write(5)
    centre.poll()
    inode = centre.live.stat().st_ino
    centre.rename(".1", create=False).unlink()
    centre.stop()
    same_inode(centre, inode)
    centre.write(9)
    centre.start()
    centre.poll()
    centre.check()


@pytest.mark.parametrize("when", ["open", "pread"])
def test_t32_rotated_between_looking_and_reading(centre, monkeypatch, when):
    centre.write(5)
    centre.poll()
    centre.write(2)
    real, turned = getattr(os, when), []

    def hook(*arguments, **options):
        if not turned and (when == "pread" or str(arguments[0]) == str(centre.live)):
            turned.append(1)
            centre.rename()
            centre.write(8)
        return real(*arguments, **options)

    monkeypatch.setattr(os, when, hook)
    centre.poll()
    assert turned
    monkeypatch.setattr(os, when, real)
    centre.poll()
    centre.check()


@pytest.mark.parametrize("grown", [1, 30])
def test_t32_truncated_between_recognising_and_reading(centre, monkeypatch, grown):
    centre.write(20)
    centre.poll()
    centre.write(10)
    real, count = os.pread, []

    def hook(*arguments):
        count.append(1)
        if len(count) == 3:
            centre.copytruncate()
            centre.write(grown)
        return real(*arguments)

    monkeypatch.setattr(os, "pread", hook)
    centre.poll()
    assert len(count) >= 3
    monkeypatch.setattr(os, "pread", real)
    centre.poll(2)
    centre.check()


def test_t33_a_gzip_file_of_three_members(centre):
    parts = [centre.lines(4) for _ in range(3)]
    centre.copy(".1.gz").write_bytes(b"".join(map(gzip.compress, parts)))
    centre.write(1)
    centre.poll()
    centre.check()


def test_t34_read_as_one_name_and_compressed_as_another(centre):
    centre.write(5)
    centre.rename()
    centre.write(2)
    centre.poll()
    centre.restart()
    path = centre.copy(".1").rename(centre.copy(".2"))
    centre.compress(path)
    centre.poll()
    centre.check()


def test_t35_a_log_of_one_short_line(centre):
    line = b"1700000000|NONE|NONE|NONE|CONFIGRELOAD|"
    append(centre.live, line + b"\n")
    centre.expected.update([line])
    assert centre.poll().lines == 1
    centre.check()


def test_t36_equal_and_backward_times_across_polls(centre):
    for second in (1_700_000_005, 1_700_000_005, 1_699_999_000, 1_700_000_005, 1):
        line = f"{second}|x|q|a|CONNECT|{centre.number}".encode()
        centre.number += 1
        centre.expected[line] += 1
        append(centre.live, line + b"\n")
        centre.poll()
    centre.check()


def test_t36_identical_lines_are_legal(centre):
    append(centre.live, b"1700000000|x|q|a|CONNECT|1\n" * 3)
    centre.poll()
    append(centre.live, b"1700000000|x|q|a|CONNECT|1\n" * 2)
    centre.poll()
    centre.expected[b"1700000000|x|q|a|CONNECT|1"] = 5
    centre.check()


def test_t37_a_log_behind_four_gigabytes(centre):
    """The hole is not read: the place behind it is written into the book by hand."""
    centre.write(1)
    centre.poll()
    big = 2**32 + 12_345
    g = centre.book.generations()[0]
    with centre.book.transaction() as con:
        centre.book.note(g.__class__(g.id, g.key, "", 0, g.head, big, b"\0" * 256, 0, g.born, big), con)
    os.truncate(centre.live, big)
    centre.write(3)
    assert centre.poll().lines == 3
    assert [c.off_to for c in centre.book.chunks()][-1] == centre.live.stat().st_size > 2**32


def test_t38_a_stale_handle_is_opened_again(centre, monkeypatch):
    centre.write(3)
    centre.poll()
    centre.write(2)
    real = os.pread

    def stale(*arguments):
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(os, "pread", stale)
    poll = centre.poll()
    assert poll.problem == sources.UNREADABLE
    assert "Stale" in poll.detail
    monkeypatch.setattr(os, "pread", real)
    assert centre.poll().problem == ""
    centre.check()


def test_t38_another_device_number_is_no_other_log(centre, monkeypatch):
    centre.write(3)
    centre.poll()
    real = log_files.signature
    monkeypatch.setattr(log_files, "signature", lambda state: (99, *real(state)[1:]))
    centre.write(2)
    centre.poll()
    centre.check()


NOBODY = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from data.book import Book
from data.sources import Follower
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
follower = Follower(Path(sys.argv[2]), Book(Path(sys.argv[3])))
for _ in sys.stdin:
    poll = follower.poll()
    print(poll.lines, poll.problem, poll.detail, sep="|", flush=True)
"""


def test_t39_permission_lost_and_given_back(centre, tmp_path):
    centre.stop()
    shutil.rmtree(centre.books)
    centre.books.mkdir()
    if os.getuid() == 0:  # root may read everything, so the follower runs as somebody else
        os.chown(centre.books, 65534, 65534)
        for folder in (tmp_path, *tmp_path.parents):
            if folder.is_relative_to(Path(tempfile.gettempdir())):
                folder.chmod(folder.stat().st_mode | 0o111)
    centre.write(3)
    centre.live.chmod(0o644)
    root = str(Path(__file__).parents[2])
    with subprocess.Popen([sys.executable, "-c", NOBODY, root, str(centre.live), str(centre.books)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        def poll() -> list[str]:
            child.stdin.write("\n")
            child.stdin.flush()
            return child.stdout.readline().rstrip("\n").split("|")

        assert poll()[:2] == ["3", ""]
        centre.live.chmod(0)
        centre.write(2)
        lines, problem, detail = poll()
        assert (lines, problem) == ("0", sources.DENIED)
        assert str(centre.live) in detail
        assert poll()[1] == sources.DENIED
        centre.rename().chmod(0)
        centre.live.chmod(0o644)
        centre.write(1)
        assert poll()[:2] == ["1", sources.COPY_UNREADABLE]
        centre.copy(".1").chmod(0o644)
        assert poll()[:2] == ["2", ""]
        child.stdin.close()
    centre.start()
    centre.check()
    assert centre.book.losses() == []


def test_t40_absent_during_rotation(centre):
    centre.write(3)
    centre.poll()
    centre.rename(create=False)
    assert centre.poll().problem == ""
    assert centre.poll().problem == sources.MISSING
    centre.write(2)
    assert centre.poll().problem == ""
    centre.check()
    assert centre.book.losses() == []


@pytest.mark.parametrize("names", [
    ("-20261120.gz", "-20261121", "-20261122"), (".1763800000.gz", ".1763886400", ".1763972800"), (".0", ".1", ".2.gz"),
    (".2.gz", ".1", ".0"), ("-20261122-1763800000.gz", "-20261122-1763800001", ".7")])
def test_t41_any_names_in_any_order(centre, names):
    for name in names:
        centre.write(4)
        path = centre.rename(name.removesuffix(".gz"))
        if name.endswith(".gz"):
            centre.compress(path)
    centre.write(2)
    centre.poll()
    centre.check()
    times = [int(line.split(b"|")[0]) for line in centre.stored()]
    assert times == sorted(times)
    assert [c.id for c in centre.book.order()] == [c.id for c in centre.book.chunks()]


def test_t42_other_files_with_like_names(centre):
    for name in (".bak", ".swp", "s.tgz", ".1.bak", ".gz", "-old", ".1~"):
        centre.write(2, centre.copy(name), kept=False)
    os.mkfifo(centre.copy(".1"))
    centre.copy(".2").mkdir()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(centre.copy(".3")))
        centre.write(3)
        assert centre.poll().problem == ""
    centre.check()


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_t42_the_path_itself_is_no_file(centre, kind):
    os.mkfifo(centre.live) if kind == "fifo" else centre.live.mkdir()
    assert centre.poll().problem == (sources.UNREADABLE if kind == "fifo" else sources.FOLDER)


BOMB = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from data.book import Book
from data.sources import Follower
follower = Follower(Path(sys.argv[2]), Book(Path(sys.argv[3])))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
poll = follower.poll()
print(poll.lines, poll.problem, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, sep="|")
"""


def test_t43_a_gzip_bomb(centre):
    bomb = centre.copy(".1.gz")
    with gzip.open(bomb, "wb", compresslevel=9) as file:
        for _ in range(256):
            file.write(b"\0" * 2**20)
    old = time.time() - 3600
    os.utime(bomb, (old, old))
    centre.write(2)
    centre.stop()
    root = str(Path(__file__).parents[2])
    out = subprocess.run([sys.executable, "-c", BOMB, root, str(centre.live), str(centre.books)], text=True,
                         capture_output=True, check=True).stdout
    lines, problem, megabytes = out.strip().split("|")
    assert (lines, problem) == ("2", "")
    assert int(megabytes) <= 64
    centre.start()
    centre.poll()
    centre.check()


def test_t43_a_bomb_is_reported_once(centre, monkeypatch):
    monkeypatch.setattr(log_files, "LONGEST", 10_000)
    monkeypatch.setattr(log_files, "TRUSTED", 0)
    centre.copy(".1.gz").write_bytes(gzip.compress(b"\0" * 50_000))
    centre.write(2)
    centre.poll(3)
    centre.check()
    assert [loss.what for loss in centre.book.losses()] == [sources.NO_LOG]


def test_t44_a_link_with_the_name_of_a_copy(centre):
    secret = centre.folder / "secret"
    centre.write(2, secret, kept=False)
    centre.copy(".1").symlink_to(secret)
    centre.write(1)
    assert centre.poll().problem == ""
    centre.check()


def test_t44_a_copy_becomes_a_link_between_looking_and_opening(centre, monkeypatch):
    centre.write(2, centre.copy(".1"))
    centre.write(1)
    centre.poll()
    secret = centre.folder / "secret"
    centre.write(5, secret, kept=False)
    append(centre.copy(".1"), b"")
    os.utime(centre.copy(".1"))
    real = os.open

    def hook(path, flags, *rest, **options):
        if str(path) == str(centre.copy(".1")) and not centre.copy(".1").is_symlink():
            centre.copy(".1").unlink()
            centre.copy(".1").symlink_to(secret)
        return real(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", hook)
    assert centre.poll().problem == ""
    monkeypatch.setattr(os, "open", real)
    centre.check()


def test_t45_two_ingesters(centre):
    """The second one is told so, and takes over when the first one is gone."""
    centre.write(3)
    centre.poll()
    other = Book(centre.books)
    follower = Follower(centre.live, other)
    centre.write(2)
    assert follower.poll().problem == book_open.BUSY
    with pytest.raises(book_open.BusyBook, match="Another process"), other.lock():
        pass
    centre.stop()
    assert follower.poll().lines == 2
    centre.start()
    assert centre.poll().problem == book_open.BUSY
    centre.check()
    other.close()


def test_t45_four_at_once(centre):
    centre.write(2000)
    books = [Book(centre.books) for _ in range(4)]

    def work(book: Book) -> None:
        follower = Follower(centre.live, book)
        for _ in range(20):
            follower.poll()
            book.unlock()

    threads = [threading.Thread(target=work, args=(book,)) for book in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for book in books:
        book.close()
    centre.check()


HOSTILE = [b'1700000000|1|q|"|CONNECT|a', b"1700000000|1|'|a|CONNECT", b"1700000000|1|NA|null|CONNECT|None",
           b"1700000000|1|q|a|CONNECT|a\rb", "1700000000|1|q|\u2028\u0085|CONNECT".encode(),
           b"1700000000|1|q|a\x1cb|CONNECT", b"1700000000|||||", b"1700000000|1|2|3|CONNECT",
           b"1700000000" + b"|x" * 40]
WRONG = [b"", b"no event", b"|1|2|3|4", b"1e9|1|2|3|4", b"9999999999999|1|2|3|4", b"1700000000|a|b|c"]


def test_t46_hostile_lines_are_kept_and_counted(centre):
    append(centre.live, b"\n".join(HOSTILE + WRONG) + b"\n" + b"1700000000|1|q|a|CONNECT\r\n")
    poll = centre.poll()
    assert (poll.lines, poll.bad) == (len(HOSTILE) + len(WRONG) + 1, len(WRONG))
    assert centre.stored() == [*HOSTILE, *WRONG, b"1700000000|1|q|a|CONNECT\r"]
    assert centre.book.totals().bad == queue_log.Bad(len(WRONG), tuple(WRONG))
    centre.book.compact(force=True)
    centre.restart()
    assert centre.stored() == [*HOSTILE, *WRONG, b"1700000000|1|q|a|CONNECT\r"]
    assert centre.book.totals().bad == queue_log.Bad(len(WRONG), tuple(WRONG))


def test_t47_a_network_file_system_gets_a_rollback_journal():
    mounts = "/dev/sda / ext4 rw 0 0\nserver:/x /mnt/far\\040away nfs4 rw 0 0\n//s/y /mnt/win cifs rw 0 0\n"
    assert book_open.journal(Path("/var/lib/app"), mounts) == "WAL"
    assert book_open.journal(Path("/mnt/far away/app"), mounts) == "DELETE"
    assert book_open.journal(Path("/mnt/win"), mounts) == "DELETE"


# What the battery does not have

def test_cut_back_and_grown_differently(centre):
    """Neither lost nor doubled: what was cut away stays, what follows is new. It is reported."""
    centre.write(30)
    centre.poll()
    data = centre.live.read_bytes()
    keep = data[:len(b"\n".join(data.split(b"\n")[:12])) + 1]
    os.truncate(centre.live, len(keep))
    centre.poll(2)
    centre.write(40)
    centre.poll()
    centre.check()
    assert sources.CUT_BACK in {loss.what for loss in centre.book.losses()}
    centre.rename()
    centre.compress(centre.copy(".1"))
    centre.write(1)
    centre.restart()
    centre.poll()
    centre.check()


def test_unread_bytes_that_vanish_are_reported(centre):
    centre.write(3)
    append(centre.live, b"1700000000|half a li")
    centre.poll()
    centre.live.unlink()
    centre.write(1)
    centre.poll(2)
    centre.check()
    assert [(loss.what, loss.bytes) for loss in centre.book.losses()] == [(sources.UNREAD, 20)]


def test_a_replaced_log_that_is_found_again_is_no_loss(centre):
    centre.write(3)
    centre.poll()
    away = centre.live.rename(centre.folder / "elsewhere")
    centre.write(1)
    centre.poll(2)
    assert len(centre.book.losses()) == 1
    centre.write(1, away)
    away.rename(centre.copy(".1"))
    centre.poll()
    assert centre.book.losses() == []
    assert len(centre.book.losses(all=True)) == 1
    centre.check()


@pytest.mark.parametrize("cut", [20, 200, -9, -5])
def test_a_gzip_file_that_ends_too_early(centre, cut):
    """While it may be being written nothing is taken; later every whole line that is certain, and it is reported."""
    lines = [centre.line(300) for _ in range(60)]
    copy = centre.copy(".1.gz")
    data = gzip.compress(b"".join(line + b"\n" for line in lines))
    copy.write_bytes(data[:cut])
    centre.write(2)
    assert centre.poll().lines == 2
    os.utime(copy, (1, 1))
    centre.ahead = 10
    centre.poll()
    some = len(centre.stored()) - 2
    assert some < 60 or cut < 0
    centre.expected.update(lines[:some])
    centre.check()
    copy.write_bytes(data)
    centre.poll()
    centre.expected.update(lines[some:])
    centre.check()


def test_a_gzip_file_with_a_wrong_checksum_is_not_believed(centre, monkeypatch):
    monkeypatch.setattr(log_files, "TRUSTED", 0)
    data = bytearray(gzip.compress(centre.lines(50, kept=False)))
    data[-8] ^= 1
    centre.copy(".1.gz").write_bytes(bytes(data))
    centre.write(1)
    centre.poll()
    centre.ahead = 10
    centre.poll(3)
    centre.check()
    assert [loss.what for loss in centre.book.losses()] == [sources.ZIP_DAMAGED]


def test_a_line_that_goes_on_after_it_was_taken_as_ended(centre):
    centre.write(2)
    centre.rename()
    append(centre.copy(".1"), b"1700000009|1|q|a|CONNE")
    centre.settle()
    append(centre.copy(".1"), b"CT|5\n" + centre.lines(1))
    centre.poll()
    centre.expected.update([b"1700000009|1|q|a|CONNE"])
    centre.check()
    assert [loss.what for loss in centre.book.losses()] == [sources.CUT_LINE]
    centre.book.compact(force=True)
    centre.check()


def test_a_missing_newline_that_comes_later_is_no_line(centre):
    append(centre.live, centre.lines(1)[:-1])
    centre.rename()
    centre.settle()
    append(centre.copy(".1"), b"\n")
    centre.settle()
    centre.check()
    assert centre.book.losses() == []
    assert b"".join(c.raw() for c in centre.book.chunks()) == centre.copy(".1").read_bytes()


def test_finished_copies_are_not_opened_again(centre, monkeypatch):
    for day in range(60):
        centre.write(2)
        path = centre.rename(f"-202601{day:02d}")
        if day % 2:
            centre.compress(path)
    centre.write(2)
    monkeypatch.setattr(log_files, "TRUSTED", 0)
    centre.poll(2)
    opened = []
    real = os.open

    def hook(path, *rest, **options):
        opened.append(str(path))
        return real(path, *rest, **options)

    monkeypatch.setattr(os, "open", hook)
    centre.poll()
    assert opened == []
    centre.restart()
    centre.poll()
    assert [path for path in opened if "queue_log-" in path] == []
    centre.check()


def test_renamed_archives_are_not_unpacked_again(centre, monkeypatch):
    monkeypatch.setattr(log_files, "TRUSTED", 0)
    for number in (5, 4, 3):
        centre.write(3)
        centre.compress(centre.rename(f".{number}"))
    centre.poll(2)
    monkeypatch.setattr(log_files.Zipped, "check", lambda self: pytest.fail("unpacked again"))
    for number in (5, 4, 3):
        centre.copy(f".{number}.gz").rename(centre.copy(f".{number + 1}.gz"))
    centre.write(1)
    centre.poll()
    centre.check()


def test_what_was_parsed_is_handed_on(centre):
    centre.write(3)
    append(centre.live, b"junk\n")
    got = []
    centre.follower.poll(lambda chunk, events, bad: got.append((chunk.bytes(), events.ts.tolist(), bad.count)))
    assert got == [(centre.live.read_bytes(), [int(x.split(b"|")[0]) for x in sorted(centre.expected)], 1)]


def test_the_history_is_read_oldest_first(centre):
    centre.write(5)
    centre.compress(centre.rename(".9"))
    centre.write(5)
    centre.rename(".1763800000")
    centre.write(2)
    source = sources.FileSource(centre.live)
    assert b"".join(source.read()).split(b"\n")[:-1] == list(centre.expected)
    assert source.problem == ""
    centre.write(1)
    assert b"".join(source.read()).split(b"\n")[:-1] == list(centre.expected)[-1:]
    with sqlite3.connect(centre.books / book_open.NAME) as con:
        assert con.execute("SELECT count(*) FROM chunk").fetchone() == (0,)


def test_small_sizes_change_nothing(centre, monkeypatch):
    rotation.small(monkeypatch)
    for name in (".3", ".2", ".1"):
        centre.write(90)
        centre.poll()
        centre.rename(name)
    centre.write(10)
    centre.poll()
    centre.check()
    assert len(list(centre.books.glob("*.arrow"))) >= 3
