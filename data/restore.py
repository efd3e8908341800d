"""A backup put in the place of a data folder: proven first, then moved in, what was there set aside and never deleted.

The move is not one step, for the folder may be the root of a disk or stand in one that nobody may write. A mark in the
folder says that it has begun; while it is there no process starts on what is neither old nor new.
"""

import datetime as dt
import gzip
import hashlib
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import IO

from data import backup, book_open, book_rows, holding, segments
from data.backup import ASIDE, BLOCK, MANIFEST, SET_ASIDE, Entry, Failed, Manifest

DAMAGED = "{file} is damaged or is no backup: {why}. Nothing was changed."
NEWER = "{file} was made by a newer version of the program ({what}; this is {version}): install that version first."
IN_USE = "{folder} is in use: stop the service (and every `ingest`) first."
FULL = "{folder} is not empty: with --force what is in it is set aside, and nothing is deleted."


HERE = PurePosixPath()


class Wrong(Exception):
    """The file is not what a backup is; the message says why."""


def put_back(file: Path, folder: Path, version: str, known_step: Callable[[str], bool], force: bool = False,
             ) -> tuple[Manifest, Path | None]:
    """The backup in `file` as the data folder; its manifest, and where what was there before is now. Failed.

    `version` is that of this program; `known_step` says whether it knows a step of the people's database.
    """
    folder = folder.resolve()
    try:
        if folder.is_dir() and _there(folder) and not force:
            raise Failed(FULL.format(folder=folder))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with holding.alone(folder):
            aside = folder / f"{ASIDE}{os.getpid()}"
            shutil.rmtree(aside, ignore_errors=True)
            try:
                manifest = unpacked(file, aside, version, known_step)
                _owned(aside, folder)
                return manifest, _moved(aside, folder)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    except holding.InUse:
        raise Failed(IN_USE.format(folder=folder)) from None
    except Wrong as error:
        raise Failed(DAMAGED.format(file=file, why=error)) from error
    except OSError as error:
        raise Failed(f"The backup could not be restored: {error}.") from error


def _there(folder: Path) -> list[Path]:
    """What is in the folder, besides what processes that start leave there and what was set aside before."""
    return sorted(path for path in folder.iterdir() if path.name not in (holding.START, holding.SERVICE)
                  and not path.name.startswith((SET_ASIDE, ASIDE)))


# -- proving -----------------------------------------------------------------------------------------


def unpacked(file: Path, aside: Path, version: str, known_step: Callable[[str], bool]) -> Manifest:
    """The backup in the new folder `aside`, every byte of it proven. Wrong, Failed, OSError."""
    aside.mkdir(mode=0o700)
    try:
        with gzip.open(file, "rb") as raw:
            with tarfile.open(fileobj=raw, mode="r|") as archive:
                manifest = _first(archive, file, version, known_step)
                _rest(archive, manifest, aside)
            while raw.read(BLOCK):  # to the end, where the sum over everything stands
                pass
    except (gzip.BadGzipFile, EOFError, zlib.error, tarfile.TarError, UnicodeError) as error:
        raise Wrong(str(error) or "it ends too early") from error
    for name, told in manifest.schemas.items():
        _sound(aside / name, name, told)
    return manifest


def _first(archive: tarfile.TarFile, file: Path, version: str, known_step: Callable[[str], bool]) -> Manifest:
    member = archive.next()
    if member is None or member.name != MANIFEST or not member.isreg() or member.size > backup.LARGEST_MANIFEST:
        raise Wrong("it does not begin with a manifest")
    try:
        manifest = Manifest.read(_content(archive, member).read())
        newer = backup.release(manifest.version) > backup.release(version)
    except ValueError as error:
        raise Wrong(f"its manifest cannot be read ({error})") from error
    if newer or manifest.format > backup.FORMAT:
        raise Failed(NEWER.format(file=file, what=manifest.version, version=version))
    for name, told in manifest.schemas.items():
        if not _known(name, told, known_step):
            raise Failed(NEWER.format(file=file, what=f"{name} {told}", version=version))
    return manifest


def _known(name: str, told: str, known_step: Callable[[str], bool]) -> bool:
    if name.endswith("/" + book_open.NAME):
        return told.isdigit() and int(told) <= book_rows.SCHEMA
    return told in ("", "0") or known_step(told)  # the people of the first release say nothing of their tables


def _rest(archive: tarfile.TarFile, manifest: Manifest, aside: Path) -> None:
    wanted = {entry.path: entry for entry in manifest.files}
    if len(wanted) != len(manifest.files):
        raise Wrong("its manifest names a file twice")
    if not set(manifest.schemas) <= wanted.keys():
        raise Wrong("its manifest speaks of a database that it does not have")
    while (member := archive.next()) is not None:
        entry = wanted.pop(member.name, None)
        if entry is None or not member.isreg() or member.size != entry.size:
            raise Wrong(f"{member.name!r} is not what its manifest says")
        _unpack(_content(archive, member), entry, aside)
    if wanted:
        raise Wrong(f"{next(iter(wanted))!r} is missing")


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    found = archive.extractfile(member)
    if found is None:
        raise Wrong(f"{member.name!r} is no file")
    return found


def _unpack(source: IO[bytes], entry: Entry, aside: Path) -> None:
    """Writes one file below `aside` and nowhere else, whatever its name says."""
    path = PurePosixPath(entry.path)
    if path.is_absolute() or str(path) != entry.path or ".." in path.parts or "\0" in entry.path or path == HERE:
        raise Wrong(f"{entry.path!r} leads outside of the data folder")
    target, seen = aside.joinpath(*path.parts), hashlib.sha256()
    for parent in reversed(target.relative_to(aside).parents):
        (aside / parent).mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as kept:
        while block := source.read(BLOCK):
            seen.update(block)
            kept.write(block)
        kept.flush()
        os.fsync(kept.fileno())
    if seen.hexdigest() != entry.sha256:
        raise Wrong(f"{entry.path!r} is not what was written")


def _sound(path: Path, name: str, told: str) -> None:
    """A database that opens, is whole and is at the step that the manifest says. A catalogue gets a version above any
    that was given out before: what browsers have seen of the state from after the backup is older than this."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as con:
            found = con.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found == "ok" and name.endswith("/" + book_open.NAME):
                book_rows.put_meta(con, "version", int(dt.datetime.now(dt.UTC).timestamp() * 1000))
        if found != "ok" or backup.schema(path) != told:
            raise Wrong(f"the database {name!r} is not whole")
    except sqlite3.Error as error:
        raise Wrong(f"the database {name!r} cannot be opened ({error})") from error


# -- moving in ---------------------------------------------------------------------------------------


def _owned(aside: Path, folder: Path) -> None:
    """Root gives the files to whom the folder belongs."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        for path in (aside, *aside.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _moved(aside: Path, folder: Path) -> Path | None:
    """What was in the folder goes into one of its own, what is in `aside` comes; where the old is, None for nothing."""
    mark, before = folder / holding.UNFINISHED, _there(folder)
    mark.touch(0o600)
    segments.sync(folder)
    old = None
    if [path for path in before if path != mark]:
        stamp, number = f"{SET_ASIDE}{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}", 0
        old = folder / stamp
        while old.exists():
            number += 1
            old = folder / f"{stamp}-{number}"
        old.mkdir(mode=0o700)
        _owned(old, folder)
        for path in before:
            if path != mark:
                path.rename(old / path.name)
    for path in sorted(aside.iterdir()):
        path.rename(folder / path.name)
    for place in (folder, *(path for path in folder.rglob("*") if path.is_dir() and old not in (path, *path.parents))):
        segments.sync(place)
    folder.chmod(0o700)
    mark.unlink()
    segments.sync(folder)
    return old
