"""The log of the demonstration centre as a server keeps it: one growing file, rotated and compressed siblings."""

import csv
import datetime as dt
import gzip
import os
import shutil
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from zoneinfo import ZoneInfo

from data.demo_people import QUEUES, AgentProfile


class Log:
    """The growing queue_log of a folder. The line that follows a rotation first moves the old file aside."""

    def __init__(self, folder: Path, zone: ZoneInfo, rotation_end: str):
        self.path, self._zone, self._mark = folder / "queue_log", zone, rotation_end
        self._file = self._open()
        self._empty = self.path.stat().st_size == 0
        self.written = 0

    def _open(self) -> TextIOWrapper:
        return self.path.open("a", encoding="utf-8", newline="\n", buffering=1 << 18)

    def write(self, epoch: int, line: str) -> None:
        if line.endswith(self._mark) and not self._empty:
            self._rotate(epoch)
        self._file.write(line + "\n")
        self._empty = False
        self.written += 1

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _rotate(self, epoch: int) -> None:
        """Rename to queue_log-YYYYMMDD; the one before it is compressed now (logrotate's delaycompress)."""
        self.close()
        day = dt.datetime.fromtimestamp(epoch, self._zone)
        older = [path for path in rotated(self.path.parent) if path.suffix != ".gz"]
        self.path.rename(self.path.with_name(f"queue_log-{day:%Y%m%d}"))
        for path in older:
            aside = path.with_name(f".{path.name}.part")
            with path.open("rb") as source, aside.open("wb") as target, \
                    gzip.GzipFile("", "wb", 5, target, mtime=epoch) as packed:
                shutil.copyfileobj(source, packed, 1 << 20)
            aside.rename(path.with_name(path.name + ".gz"))
            path.unlink()
        self._file = self._open()


def rotated(folder: Path) -> list[Path]:
    """Rotated logs of a folder, oldest first."""
    return sorted(path for path in folder.glob("queue_log-*") if path.name.removesuffix(".gz")[10:].isdigit())


def tail(path: Path, size: int) -> Iterator[str]:
    """Whole lines of the last `size` bytes of a file, plain or .gz."""
    if path.suffix == ".gz":
        yield from gzip.decompress(path.read_bytes())[-size:].decode(errors="replace").splitlines()[1:]
        return
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(max(0, length - size))
        if length > size:
            file.readline()
        for line in file:
            yield line.decode(errors="replace").rstrip("\n")


def write_names(folder: Path, people: Iterable[AgentProfile]) -> Path:
    """names.csv: kind, key, name, service level in seconds; the key is a queue's number or an agent's extension."""
    path = folder / "names.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("kind", "key", "name", "service_level"))
        writer.writerows(("queue", queue.number, queue.name, queue.target) for queue in QUEUES)
        writer.writerows(("agent", person.extension, person.name, "") for person in people)
    return path
