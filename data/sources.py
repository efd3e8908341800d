"""Where the bytes come from: the growing log and its rotated siblings."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

from data import queue_log

BLOCK = 4 * 2**20
_ROTATED = re.compile(r"[-.]\d+(?:\.gz)?")


def siblings(live: Path) -> list[Path]:
    """Rotated copies of the log in its folder, whatever they are called (`-YYYYMMDD`, `.N`, `.EPOCH`, maybe `.gz`)."""
    if not live.parent.is_dir():
        return []
    return [p for p in live.parent.iterdir()
            if p.name.startswith(live.name) and _ROTATED.fullmatch(p.name[len(live.name):]) and p.is_file()]


def first_second(path: Path) -> int:
    """Epoch of the first readable line: names lie about order, content does not."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        events, _ = queue_log.parse(file.read(65_536).rpartition(b"\n")[0] + b"\n")
    return int(events.ts[0]) if len(events) else 0


class FileSource:
    """Blocks of whole lines: history first, then what is appended. `problem` is an English message id or ""."""

    def __init__(self, path: Path):
        self.path = path
        self.problem = ""
        self._started = False
        self._inode, self._offset = -1, 0

    def read(self) -> Iterator[bytes]:
        self.problem = ""
        try:
            if not self._started:
                yield from self._history()
                self._started = True
            yield from self._grown()
        except FileNotFoundError:
            self.problem = "The log file does not exist"
        except PermissionError:
            self.problem = "The log file may not be read"
        except IsADirectoryError:
            self.problem = "The log path is a folder"
        except OSError:
            self.problem = "The log file cannot be read"

    def _history(self) -> Iterator[bytes]:
        for path in sorted(siblings(self.path), key=first_second):
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                rest = b""
                while chunk := file.read(BLOCK):
                    piece = rest + chunk
                    cut = queue_log.whole(piece)
                    rest = piece[cut:]
                    if cut:
                        yield piece[:cut]
                if rest:
                    yield rest + b"\n"

    def _grown(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            state = self.path.stat()
            if state.st_ino != self._inode or state.st_size < self._offset:
                self._inode, self._offset = state.st_ino, 0
            file.seek(self._offset)
            while piece := file.read(BLOCK):
                cut = queue_log.whole(piece)
                if not cut:
                    break
                self._offset += cut
                file.seek(self._offset)
                yield piece[:cut]
