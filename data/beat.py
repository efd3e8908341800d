"""The sign of life of the process that reads the log, for the others: a file whose time is that of the last look."""

import os
from pathlib import Path


class Beat:
    """A file that one process touches and all look at. Touching needs no room on the disk."""

    def __init__(self, path: Path):
        self.path = path

    def strike(self) -> None:
        """The log has just been looked at, or a part of it was read. An unwritable disk is no error here."""
        try:
            try:
                os.utime(self.path)
            except FileNotFoundError:
                os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
                os.utime(self.path)
        except OSError:
            return

    def at(self) -> float | None:
        """Epoch seconds of the last stroke; None when there was none."""
        try:
            return self.path.stat().st_mtime
        except OSError:
            return None
