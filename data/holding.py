"""Who has the data folder: processes that serve share it, a restore has it alone.

Two locks. `start.lock` is held for the moment in which a process makes what the first one makes and the others find;
`service.lock` is shared by everybody for as long as he lives, and taken alone by who puts another folder in its place.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

START, SERVICE = "start.lock", "service.lock"
UNFINISHED = "restore.unfinished"  # there while a restore moves the parts of the folder one by one
BOOKS = ("store", "store-mysql")


class InUse(Exception):
    """Somebody works with the folder."""


class Unfinished(Exception):
    """A restore was interrupted: what is in the folder is neither the old nor the new. The message is one sentence."""


def unwritable(folder: Path) -> bool:
    """Whether the disk of the folder is mounted read-only."""
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _taken(path: Path, how: int) -> int | None:
    """The lock at `path`; None where a read-only disk has none. BlockingIOError with LOCK_NB."""
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        return None
    try:
        owner = path.parent.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:  # root leaves nothing that the service could not open
            os.fchown(held, owner.st_uid, owner.st_gid)
        fcntl.flock(held, how)
    except BaseException:
        os.close(held)
        raise
    return held


def whole(folder: Path) -> None:
    """Unfinished where a restore did not come to its end."""
    if (folder / UNFINISHED).exists():
        raise Unfinished(f"A restore into {folder} did not come to its end: run `python app.py restore FILE --force` "
                         "again.")


@contextmanager
def starting(folder: Path) -> Iterator[None]:
    """One process at a time; it shares the folder until it ends. The folder is made where it is missing. Unfinished."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        first = _taken(folder / START, fcntl.LOCK_EX)
        if first is None or _still(folder / START, first):
            break
        os.close(first)  # while this one waited, a restore put another folder here
    try:
        whole(folder)
        _taken(folder / SERVICE, fcntl.LOCK_SH)  # given back by the end of the process and by nothing else
        yield
    finally:
        if first is not None:
            os.close(first)


def _still(path: Path, held: int) -> bool:
    """Whether the open file is the one that has this name now."""
    try:
        return os.path.samestat(path.stat(), os.fstat(held))
    except FileNotFoundError:
        return False


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody serves, starts or reads the log meanwhile; InUse when somebody does already."""
    with ExitStack() as held:
        for path in (folder / START, folder / SERVICE, *(folder / book / "lock" for book in BOOKS)):
            if path.parent.is_dir() and (path.exists() or path.parent == folder):
                try:
                    number = _taken(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise InUse(str(folder)) from None
                if number is not None:
                    held.callback(os.close, number)
        yield
