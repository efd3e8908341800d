"""The data folder as one file, taken while the program is at work, and what such a file says of itself.

A `.tar.gz` whose first member is the manifest: version, step of each database, and the SHA-256 of every other member.
Databases are copied at one moment each; the segments that the copied catalogue names never change. What can be made
again (history, converted recordings, exports, daily copies) is left out.
"""

import datetime as dt
import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from data import book_open, holding

FORMAT = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 64 * 2**20  # bytes
BLOCK = 2**20
TRIES = 5  # a segment that was mended while it was copied has another name
SET_ASIDE = "before-restore-"
ASIDE = "restoring-"
PLACE = ".backup-"  # where it is put together, beside the file
# What is made again from the rest, and what only means something to processes that run.
FOLDERS = frozenset({"audio", "exports", "backups"})
ENDINGS = (".lock", ".part", ".draft", ".new", ".damaged", "-wal", "-shm", "-journal")
NAMES = frozenset({"lock", "notice.json", holding.UNFINISHED})


class Failed(Exception):
    """It could not be done; the message is one sentence."""


@dataclass(frozen=True)
class Entry:
    """One file: `path` below the data folder, with / between its parts."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`schemas`: database -> step or number of its tables; `not_in`: what has to be kept by other means, in words."""

    format: int
    version: str
    made: str
    schemas: dict[str, str]
    not_in: list[str]
    files: list[Entry]

    def packed(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()

    @classmethod
    def read(cls, raw: bytes) -> "Manifest":
        """What `packed` wrote; ValueError for anything else."""
        try:
            told = json.loads(raw)
            return cls(int(told["format"]), str(told["version"]), str(told["made"]),
                       {str(k): str(v) for k, v in told["schemas"].items()}, [str(one) for one in told["not_in"]],
                       [Entry(str(e["path"]), int(e["size"]), str(e["sha256"])) for e in told["files"]])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{error}") from error


def write(folder: Path, target: Path, version: str, not_in: list[str], demo: bool = False) -> Manifest:
    """Everything of `folder` that matters into the file `target` (0600), which is there when it is whole and not
    before. `demo`: the demonstration's log is part of it. Failed."""
    folder, target = folder.resolve(), target.absolute()
    if not folder.is_dir():
        raise Failed(f"There is no data folder at {folder}.")
    if folder in target.resolve().parents:
        raise Failed(f"{target} is inside of the data folder: choose another place.")
    if target.exists():
        raise Failed(f"{target} exists already: choose another name.")
    try:
        _tidy(target.parent)
        for _ in range(TRIES):
            with tempfile.TemporaryDirectory(prefix=f"{PLACE}{os.getpid()}-", dir=target.parent) as place:
                try:
                    return _written(folder, target, Path(place), version, not_in, demo)
                except FileNotFoundError as error:
                    gone = error
        raise Failed(f"The data folder changes all the time: {gone.filename} was there and is not.")
    except (OSError, sqlite3.Error) as error:
        raise Failed(f"The backup could not be written: {error}.") from error


def _tidy(folder: Path) -> None:
    """Removes what a backup that was killed left here."""
    for path in folder.glob(f"{PLACE}*"):
        number = path.name.removeprefix(PLACE).partition("-")[0]
        if number.isdigit() and not Path("/proc", number).exists():
            shutil.rmtree(path, ignore_errors=True)


def _written(folder: Path, target: Path, place: Path, version: str, not_in: list[str], demo: bool) -> Manifest:
    part, found = place / "part", _gathered(folder, place, demo)
    entries = [Entry(name, path.stat().st_size, _digest(path)) for name, path in found.items()]
    manifest = Manifest(FORMAT, version, dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                        {name: schema(path) for name, path in found.items() if name.endswith(".db")}, not_in, entries)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        # Nearly all of it is compressed already: more than the lowest level costs time and gains nothing.
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed, \
                tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, MANIFEST, io.BytesIO(manifest.packed()), len(manifest.packed()))
            for entry in entries:
                with found[entry.path].open("rb") as source:
                    _add(archive, entry.path, source, entry.size)
        file.flush()
        os.fsync(file.fileno())
    part.rename(target)
    return manifest


def _add(archive: tarfile.TarFile, name: str, source: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, source)


def _gathered(folder: Path, place: Path, demo: bool) -> dict[str, Path]:
    """Name in the backup -> file that holds it. What somebody writes is copied into `place` at one moment; the note
    about the people before their database, so that it never speaks of a line that the copy lacks, and logs last."""
    found: dict[str, Path] = {}
    names = sorted(_wanted(folder, demo), key=lambda name: (name.endswith(".db"), name.startswith("demo/"), name))
    for number, name in enumerate(names):
        source = folder / name
        if name.endswith(".arrow"):
            continue
        copy = place / str(number)
        if name.endswith(".db"):
            snapshot(source, copy)
        else:
            with source.open("rb") as file, copy.open("wb") as kept:
                shutil.copyfileobj(file, kept, BLOCK)
        found[name] = copy
    for book in [name for name in found if name.endswith("/" + book_open.NAME)]:
        parent = book.rpartition("/")[0]
        for segment in _segments(found[book]):
            path = folder / parent / segment
            path.stat()  # FileNotFoundError: it was mended since, the catalogue is of before
            found[f"{parent}/{segment}"] = path
    return found


def _wanted(folder: Path, demo: bool) -> Iterator[str]:
    for path, folders, files in os.walk(folder):
        where = Path(path).relative_to(folder)
        folders[:] = sorted(name for name in folders if not (
            (where == Path() and (name in FOLDERS or (name == "demo" and not demo)))
            or name.startswith((SET_ASIDE, ASIDE)) or (where.name in holding.BOOKS and name == "history")))
        for name in files:
            if not (name.startswith(".") or name in NAMES or name.endswith(ENDINGS) or ".corrupt-" in name):
                here = where / name
                if (folder / here).is_file() and not (folder / here).is_symlink():
                    yield here.as_posix()


def _segments(catalogue: Path) -> list[str]:
    """Names of the segments whose bytes the catalogue still trusts."""
    with closing(sqlite3.connect(catalogue)) as con:
        return [name for (name,) in con.execute("SELECT DISTINCT file FROM chunk WHERE file<>'' AND damaged=0")]


def snapshot(path: Path, copy: Path) -> None:
    """The SQLite file at one moment, whoever writes it, as one file. OSError, sqlite3.Error."""
    if holding.unwritable(path.parent):  # where SQLite can open nothing that has a write-ahead log, and nobody writes
        for suffix in ("", "-wal"):
            if (source := path.with_name(path.name + suffix)).exists():
                shutil.copyfile(source, copy.with_name(copy.name + suffix))
    else:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=30)) as source_db, \
                closing(sqlite3.connect(copy)) as kept:
            source_db.backup(kept)
    with closing(sqlite3.connect(copy)) as kept:
        kept.execute("PRAGMA journal_mode=DELETE")


def schema(path: Path) -> str:
    """What the database says of its tables: the step of the people's, the number of the others'."""
    with closing(sqlite3.connect(path)) as con:
        if con.execute("SELECT 1 FROM sqlite_master WHERE name='alembic_version'").fetchone():
            return str(next(iter(con.execute("SELECT version_num FROM alembic_version").fetchone() or [""])))
        return str(con.execute("PRAGMA user_version").fetchone()[0])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def release(version: str) -> tuple[int, ...]:
    """0.10.2 -> (0, 10, 2), to be compared; ValueError."""
    return tuple(int(part) for part in version.split("."))


def summary(manifest: Manifest) -> dict[str, Any]:
    """Files and bytes, for people."""
    return {"files": len(manifest.files), "bytes": sum(entry.size for entry in manifest.files)}
