"""The folder in which the processes of one service count together (`api.metrics`); known before anything is counted."""

import contextlib
import os
import stat
from hashlib import blake2b
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own below it
MOST = 256  # files of processes that are no more, from which on they go


def place(folder: Path, memory: Path = MEMORY) -> Path | None:
    """The folder for the processes that serve `folder`, made 0700. In the memory of the machine: on a disk that is
    full, writing to a mapped file ends a process. None where none can be made: each process counts for itself."""
    mark = blake2b(bytes(folder.resolve()), digest_size=8).hexdigest()
    for chosen in (memory / f"ccanalytics-{os.geteuid()}-{mark}", folder / "metrics"):
        try:
            chosen.mkdir(mode=0o700, exist_ok=True)
            found = chosen.lstat()
        except OSError:
            continue
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077:
            _tidy(chosen)
            return chosen
    return None


def forget(chosen: Path | None) -> None:
    """For the last process of a service: what was counted is of no more use."""
    if chosen is None:
        return
    for path in chosen.glob("*.db"):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        chosen.rmdir()


def _tidy(chosen: Path) -> None:
    """What processes that are no more have counted stays, since a sum must not fall; until there is too much of it."""
    files = list(chosen.glob("*.db"))
    if len(files) > MOST:
        for path in files:
            number = path.stem.rpartition("_")[2]
            if number.isdigit() and not psutil.pid_exists(int(number)):
                path.unlink(missing_ok=True)
