"""What hinders the process that reads the log, told to the others: they answer pages as well and see none of it."""

import json
import os
from pathlib import Path

ROOM = 4096  # bytes; always as many, written in place: this has to be told when the disk is full, too


class Notice:
    """A file of ROOM bytes that one process writes and all read."""

    def __init__(self, path: Path):
        self.path = path
        self._told: tuple[str, str] | None = None

    def tell(self, problem: str, detail: str) -> None:
        """`problem` is an English message id or "", `detail` what the system said. An unwritable disk is no error:
        the others look at it themselves."""
        if (problem, detail) == self._told:
            return
        words = json.dumps([problem, detail[:ROOM // 16]]).encode()
        try:
            place = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(place, words.ljust(ROOM), 0)
            finally:
                os.close(place)
        except OSError:
            return
        self._told = (problem, detail)

    def read(self) -> tuple[str, str]:
        """What was told last; nothing when nobody has told anything that can be read."""
        self._told = None  # who reads now has to tell anew when it is the one that writes
        try:
            problem, detail = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return "", ""
        return str(problem), str(detail)
