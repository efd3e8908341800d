"""What people are kept in while the disk of their database is read-only: a copy, shared by the processes of one user.

SQLite can neither open such a file, once it has a write-ahead log, nor keep who is signed in. What happens in the copy
is forgotten when the disk can be written again; the log of the program says so.
"""

import fcntl
import hashlib
import logging
import os
import shutil
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path

log = logging.getLogger(__name__)

SAID = ("the disk of %s is read-only: people sign in to a copy, and what is changed about them now is forgotten when "
        "the disk can be written again")


def place(path: Path) -> Path:
    """The file to open instead of `path`: itself, or the copy where its disk is read-only. OSError, sqlite3.Error."""
    if not path.exists() or not os.statvfs(path.parent).f_flag & os.ST_RDONLY:
        return path
    folder = Path(tempfile.gettempdir()) / f"call-center-analytics-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid() or state.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a folder of this user alone")
    parts = [part for part in (path, path.with_name(path.name + "-wal")) if part.exists()]
    known = repr([(str(part.resolve()), *part.stat()[1:3], part.stat().st_mtime_ns, part.stat().st_size)
                  for part in parts])
    copy = folder / f"{hashlib.sha256(known.encode()).hexdigest()[:32]}.db"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not copy.exists():
            log.warning(SAID, path)
            _copy(parts, folder, copy)
    return copy


def _copy(parts: list[Path], folder: Path, copy: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        draft = Path(name) / copy.name
        for part in parts:
            shutil.copyfile(part, draft.with_name(draft.name + part.name.removeprefix(parts[0].name)))
        with closing(sqlite3.connect(draft)) as con:  # takes the write-ahead log in
            con.execute("PRAGMA journal_mode=DELETE")
        draft.chmod(0o600)
        draft.replace(copy)
