"""Opening the file of the book: how to connect, what its errors mean in words, which disks it may lie on."""

import os
import shutil
import sqlite3
import tempfile
import uuid
from pathlib import Path
from urllib.parse import quote

from data import book_rows

NAME = "book.db"
WAIT = 5.0  # seconds to wait for another connection
NETWORK = ("nfs", "cifs", "smb", "9p", "ceph", "gluster", "fuse.sshfs", "afs", "ncp")

FULL = "The disk is full"
READ_ONLY = "The data folder may not be written"
NEWER = "The data was written by a newer version of the program"
DAMAGED = "The data file is damaged"
BUSY = "Another process is reading the log"
UNUSABLE = "The data folder cannot be used"


class BookError(Exception):
    """The book cannot be read or written; `words` is an English message id, `detail` what the system said."""

    words = UNUSABLE

    def __init__(self, detail: str = "", words: str = ""):
        self.words = words or self.words
        self.detail = detail
        super().__init__(f"{self.words}: {detail}" if detail else self.words)


class NewerBook(BookError):
    """Written by a later version of the program; nothing is touched."""

    words = NEWER


class BusyBook(BookError):
    """Another process is writing this book."""

    words = BUSY


class DamagedBook(BookError):
    """The file is not what was written."""

    words = DAMAGED


_WORDS = {5: BUSY, 6: BUSY, 8: READ_ONLY, 13: FULL, 14: READ_ONLY}
_ERRNO = {28: FULL, 122: FULL, 30: READ_ONLY, 13: READ_ONLY, 1: READ_ONLY}


def trouble(error: Exception, folder: Path) -> BookError:
    """An error of SQLite or of the system in words."""
    if isinstance(error, BookError):
        return error
    if isinstance(error, book_rows.BadSeal):
        return DamagedBook(str(error))
    if isinstance(error, OSError):
        return BookError(str(error), _ERRNO.get(error.errno or 0, UNUSABLE))
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (11, 26) or (isinstance(error, sqlite3.DatabaseError) and not code
                              and not isinstance(error, sqlite3.ProgrammingError)):
        return DamagedBook(str(error))
    if code == 1 and "no such" in str(error):
        return DamagedBook(str(error))
    if code == 10 and _full(folder):
        return BookError(str(error), FULL)
    return BookError(str(error), _WORDS.get(code, UNUSABLE))


def _full(folder: Path) -> bool:
    try:
        return os.statvfs(folder).f_bavail == 0
    except OSError:
        return False


def journal(folder: Path, mounts: str) -> str:
    """Journal mode for a folder: a write-ahead log needs shared memory, which network file systems do not have.

    `mounts` is the text of /proc/self/mounts.
    """
    best, kind = "", ""
    for line in mounts.splitlines():
        parts = line.split(" ")
        if len(parts) > 2:
            point = parts[1].replace("\\040", " ")
            inside = folder == Path(point) or Path(point) in folder.parents
            if inside and len(point) >= len(best):
                best, kind = point, parts[2]
    return "DELETE" if kind.startswith(NETWORK) else "WAL"


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    con = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, timeout=WAIT, isolation_level=None,
                          check_same_thread=False)
    try:
        version = con.execute("PRAGMA user_version").fetchone()[0]
        if version > book_rows.SCHEMA:
            raise NewerBook(f"{path}: {version}")
        con.execute("SELECT 1 FROM meta LIMIT 1")
    except BaseException:
        con.close()
        raise
    return con


def reader(folder: Path) -> sqlite3.Connection:
    """A connection that only reads. On a disk that cannot be written, of a copy in a temporary folder."""
    path = folder / NAME
    if not path.exists():
        raise FileNotFoundError(2, "No such file", str(path))
    con = None
    for mode in () if unwritable(folder) else ("mode=rw", "mode=ro"):
        try:
            con = _connect(path, mode)
            break
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (8, 10, 14):
                raise
    if con is None:
        con = _copy(path)
    con.execute("PRAGMA query_only=ON")
    return con


def unwritable(folder: Path) -> bool:
    """Whether the disk is mounted read-only. No connection is opened there: SQLite would keep its shared memory
    read-only for the whole process, also when the disk can be written again."""
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _copy(path: Path) -> sqlite3.Connection:
    """The last state, write-ahead log included, in memory: SQLite cannot follow that log on a read-only disk."""
    with tempfile.TemporaryDirectory() as place:
        for suffix in ("", "-wal"):
            source = path.with_name(path.name + suffix)
            if source.exists():
                shutil.copyfile(source, Path(place) / (NAME + suffix))
        disk = _connect(Path(place) / NAME, "mode=rw")
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        disk.backup(memory)
        disk.close()
    return memory


def writer(folder: Path) -> sqlite3.Connection:
    """A connection that writes, its tables made where they are missing. Each commit is on the disk when it returns."""
    path = folder / NAME
    con = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    try:
        version = con.execute("PRAGMA user_version").fetchone()[0]
        if version > book_rows.SCHEMA:
            raise NewerBook(f"{path}: {version}")
        mode = journal(folder.resolve(), Path("/proc/self/mounts").read_text(errors="replace"))
        con.execute(f"PRAGMA journal_mode={mode}")
        con.execute("PRAGMA synchronous=FULL")
        con.execute("BEGIN IMMEDIATE")
        if version == 0:
            if con.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and not con.execute(
                    "SELECT count(*) FROM sqlite_master WHERE name='meta'").fetchone()[0]:
                raise DamagedBook("the file is of another program")
            for statement in book_rows.TABLES.split(";"):
                con.execute(statement)
            con.execute("INSERT OR IGNORE INTO meta VALUES ('incarnation', ?)", (uuid.uuid4().hex,))
        if version < book_rows.SCHEMA:  # the tables are the same since the first
            con.execute(f"PRAGMA user_version={book_rows.SCHEMA}")
        con.execute("COMMIT")
    except BaseException:
        con.close()
        raise
    return con


def sound(con: sqlite3.Connection) -> None:
    """DamagedBook where the file or a row of it is not what was written."""
    try:
        found = con.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise DamagedBook(found)
        for values in con.execute(book_rows.SELECT_GENERATION):
            book_rows.generation(values)
        for values in con.execute(book_rows.SELECT_CHUNK_RAW):
            book_rows.row(values)
    except book_rows.BadSeal as error:
        raise DamagedBook(str(error)) from error


def set_aside(folder: Path, stamp: str) -> Path:
    """Renames a damaged file, and what belongs to it, out of the way; the new name. Nothing is deleted."""
    kept = folder / f"{NAME}.corrupt-{stamp}"
    number = 0
    while kept.exists():
        number += 1
        kept = folder / f"{NAME}.corrupt-{stamp}-{number}"
    for suffix in ("-wal", "-shm", ""):
        source = folder / (NAME + suffix)
        if source.exists():
            source.rename(kept.with_name(kept.name + suffix))
    return kept
