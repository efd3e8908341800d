"""Recordings of calls: which callids have files below the allowed folder, and what each file is.

Files lie in folders of days (`2026/11/22`) or flat. Nothing walks the tree for a question: the second in a callid
says in which days its files can be. A folder is read once and again when it changed; only callids are kept of the
folders of days (36 bytes each), their names are read when somebody asks for a call.
"""

import datetime as dt
import os
import stat
import threading
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from data import audio, recording_names
from data.audio import Broken, Sound

DELETED = "deleted"  # what Issabel writes instead of the name when somebody deletes a recording
GROWING = 60.0  # seconds without a change after which a file is finished
RECENT = 2  # days whose folders are looked at whenever somebody asks for a range
REST = 300.0  # seconds between two looks at the folders of older days for that
SETTLED = 2.0  # seconds after which a folder's time tells every change
LAG = 1.5  # seconds by which the length of a file and the log may differ
MOST, MOST_FOLDERS = 2_500_000, 5_000  # callids and folders kept in memory
SOME = 65_536

NO_FOLDER = "The folder of the recordings does not exist"
CLOSED_FOLDER = "The folder of the recordings may not be read"
LOST_FOLDER = "The folder of the recordings cannot be read right now"
STILL_GROWING = "The call is still being recorded"
STILL_SAVED = "The recording of the call is still being saved: try again in a moment"
NO_SOUND = "The recording has no sound"
WAS_DELETED = "The recording was deleted"
NOT_THERE = "The recording is not there any more"
UNREADABLE = "The recording is damaged and cannot be played"
CLOSED_FILE = "The recording may not be read"

Named = Callable[[str], list[str]]


@dataclass(frozen=True)
class Recording:
    """A file of a call. `state` is ready, growing, empty, deleted, missing, broken or forbidden; `words` says it as an
    English message id ("" when ready); `sound` is there where something can be heard."""

    name: str
    state: str
    words: str = ""
    format: str | None = None
    path: Path | None = None
    bytes: int | None = None
    duration: float | None = None
    started: dt.datetime | None = None
    sound: Sound | None = None


@dataclass(frozen=True)
class Folder:
    """Callids of a folder's files, ordered by their seconds; `names` (bytes) where the folder is too big to be read for
    a single call."""

    changed: int | None = None
    settled: bool = False
    rest: float = 0.0
    problem: str = ""
    seconds: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    callids: pa.Array = field(default_factory=lambda: pa.array([], pa.large_string()))
    names: pa.Array | None = None

    def where(self, callid: str, second: int) -> list[int]:
        low, high = np.searchsorted(self.seconds, (second, second + 1))
        return [at for at in range(int(low), int(high)) if self.callids[at].as_py() == callid]

    def between(self, start: int, end: int) -> pa.Array:
        low, high = np.searchsorted(self.seconds, (start, end))
        return self.callids.slice(int(low), int(high - low))


class Recordings:
    """The files below `base`, their days cut in `zone`. `named(callid)` gives what a database knows: names of files as
    its rows hold them, in any number, or `deleted`; [] where it knows nothing."""

    def __init__(self, base: Path, zone: ZoneInfo, named: Named | None = None,
                 clock: Callable[[], float] = time.time):
        self.base, self.zone, self.named, self.clock = base, zone, named, clock
        self._folders: OrderedDict[Path, Folder] = OrderedDict()
        self._guard, self._flat = threading.Lock(), threading.Lock()

    # -- questions -------------------------------------------------------------------------------

    def find(self, callid: str) -> list[Recording]:
        """Every recording of a call in the order of time; [] for what is no callid. Nothing is raised: what is wrong
        is said in the state of an entry."""
        second = recording_names.epoch(callid)
        if second is None:
            return []
        said = list(dict.fromkeys(self.named(callid))) if self.named else []
        paths: dict[Path, None] = {}
        lost: list[str] = []
        problem = ""
        for text in said:
            wanted = recording_names.relative(text) if text != DELETED else None
            if wanted is not None:
                path = self._named_path(wanted, second)
                if path is None:
                    lost.append(wanted.name)
                else:
                    paths[path] = None
        if DELETED not in said:  # whoever had it deleted does not want it found elsewhere
            hunted, problem = self._hunt(callid, second)
            paths.update(dict.fromkeys(hunted))
        found = [self._look(path) for path in paths]
        stems = {recording_names.split(path.name)[0] for path in paths}
        found += [self._absent(name) for name in lost if recording_names.split(name)[0] not in stems]
        if DELETED in said:
            found.append(Recording("", "deleted", WAS_DELETED))
        if problem and not found:
            found.append(Recording("", "forbidden" if problem == CLOSED_FOLDER else "missing", problem))
        return sorted(found, key=lambda one: (one.started.timestamp() if one.started else float("inf"), one.name))

    def with_recording(self, callids: Sequence[str]) -> set[str]:
        """Which of these callids have a file."""
        seen: dict[Path, Folder] = {}

        def folder(path: Path, day: dt.date | None) -> Folder:
            if path not in seen:
                seen[path] = self._folder(path, day)
            return seen[path]

        found = set()
        for callid in set(callids):
            second = recording_names.epoch(callid)
            if second is not None and any(folder(path, day).where(callid, second)
                                          for path, day in self._places(second)):
                found.add(callid)
        return found

    def column(self, start: dt.date, end: dt.date) -> pa.ChunkedArray:
        """Callids with a file of calls between two local days, both included (and some of the days beside them), for
        a comparison with a whole column; the same callid may come twice."""
        latest = dt.date.max.toordinal() - 1
        first, last = (dt.date.fromordinal(min(max(day, 2), latest)) for day in (
            start.toordinal() - 1, end.toordinal() + 1))
        low, high = (int(dt.datetime(d.year, d.month, d.day, tzinfo=self.zone).timestamp()) for d in (
            first, last + dt.timedelta(days=1)))
        parts = [self._folder(self._path(day), day, patient=True).callids for day in self._days(first, last)]
        return pa.chunked_array([*parts, self._folder(self.base, None).between(low, high)], pa.large_string())

    def callids(self, start: dt.date, end: dt.date) -> set[str]:
        """The same as a set."""
        return set(self.column(start, end).to_pylist())

    def problem(self) -> str:
        """What is wrong with the folder, as an English message id; "" when it can be read."""
        return self._folder(self.base, None).problem

    # -- where files can be ----------------------------------------------------------------------

    def _path(self, day: dt.date) -> Path:
        return self.base / f"{day.year:04}" / f"{day.month:02}" / f"{day.day:02}"

    def _around(self, second: int) -> list[dt.date]:
        """The local day of a second, the day after and the day before."""
        try:
            day = dt.datetime.fromtimestamp(second, self.zone).date()
            return [day, day + dt.timedelta(days=1), day - dt.timedelta(days=1)]
        except (ValueError, OverflowError, OSError):
            return []

    def _places(self, second: int) -> list[tuple[Path, dt.date | None]]:
        return [*((self._path(day), day) for day in self._around(second)), (self.base, None)]

    def _days(self, first: dt.date, last: dt.date) -> Iterator[dt.date]:
        """The days between two that have a folder."""
        for year in range(first.year, last.year + 1):
            if not (self.base / f"{year:04}").is_dir():
                continue
            for month in range(1, 13):
                for name in _listed(self.base / f"{year:04}" / f"{month:02}"):
                    if len(name) == 2 and name.isascii() and name.isdigit() and 1 <= int(name) <= 31:
                        try:
                            day = dt.date(year, month, int(name))
                        except ValueError:
                            continue
                        if first <= day <= last:
                            yield day

    def _hunt(self, callid: str, second: int) -> tuple[list[Path], str]:
        """Paths of a callid's files by name, and what kept us from looking."""
        paths, problem = [], ""
        for path, day in self._places(second):
            folder = self._folder(path, day)
            # A day without a folder has no recordings; the folder of all days has to be there.
            if folder.problem and (day is None or folder.problem != NO_FOLDER):
                problem = problem or folder.problem
            held = folder.where(callid, second)
            if held and folder.names is not None:
                names = [os.fsdecode(folder.names[at].as_py()) for at in held]
            else:
                names = [name for name in (_listed(path) if held else [])
                         if callid in name and callid in recording_names.callids(name)]
            paths += [path / name for name in names]
        return [path for path in paths if self._inside(path) is not None], problem

    def _named_path(self, wanted: PurePosixPath, second: int) -> Path | None:
        """The file that a database names: with or without folders before it, with or without its ending."""
        name, whole = wanted.name, Path(wanted)
        if whole.is_absolute():
            whole = whole.relative_to(self.base) if whole.is_relative_to(self.base) else Path(name)
        stamp = recording_names.started(name, self.zone)
        days = self._around(second) + (self._around(int(stamp.timestamp())) if stamp else [])
        folders = dict.fromkeys([(self.base / whole).parent, *map(self._path, days), self.base])
        endings = [""] if recording_names.split(name)[1] else [f".{ending}" for ending in recording_names.ENDINGS]
        for folder in folders:
            for ending in endings:
                if self._inside(folder / (name + ending)) is not None:
                    return folder / (name + ending)
        return None

    def _inside(self, path: Path) -> Path | None:
        """The real path of what is a file and really lies below the folder; None for everything else."""
        try:
            real = Path(os.path.realpath(path))
            if not real.is_relative_to(os.path.realpath(self.base)):
                return None
            return real if stat.S_ISREG(real.stat().st_mode) else None
        except PermissionError:
            return real  # whoever opens it is told the same
        except (OSError, ValueError):
            return None

    # -- what a file is --------------------------------------------------------------------------

    def _absent(self, name: str) -> Recording:
        return Recording(name, "missing", NOT_THERE, started=recording_names.started(name, self.zone),
                         format=recording_names.FORMATS.get(recording_names.split(name)[1].lower()))

    def _look(self, path: Path) -> Recording:
        made, real, growing = self._absent(path.name), self._inside(path), False
        if real is None:
            return made
        try:
            about = real.stat()
            made = replace(made, path=real, bytes=about.st_size)
            growing = abs(self.clock() - about.st_mtime) < GROWING
            sound = audio.read(real)
        except Broken:  # a header is written some time after the file is opened
            return replace(made, state="growing", words=STILL_GROWING) if growing else replace(
                made, state="broken", words=UNREADABLE)
        except PermissionError:
            return replace(made, state="forbidden", words=CLOSED_FILE)
        except OSError:
            return made
        made = replace(made, format=sound.format, bytes=sound.size, duration=round(sound.duration, 2),
                       sound=sound if sound.duration else None)
        if growing:
            return replace(made, state="growing", words=STILL_GROWING)
        return replace(made, state="ready", words="") if sound.duration else replace(
            made, state="empty", words=NO_SOUND)

    # -- folders ---------------------------------------------------------------------------------

    def _folder(self, path: Path, day: dt.date | None, patient: bool = False) -> Folder:
        """What a folder held when it last changed; `day` None is the flat one. Who is `patient` does not need what came
        into an older one within the last minutes."""
        held, now = self._folders.get(path), self.clock()
        if held is not None and now < held.rest and (patient or day is None):
            return held
        if day is None:
            # It may hold years: one reads it again, the others go on with what is known.
            if not self._flat.acquire(blocking=held is None):
                return held or Folder()
            try:
                began = time.monotonic()
                fresh = self._refreshed(path, held, True)
                fresh = replace(fresh, rest=now + 20 * (time.monotonic() - began))
            finally:
                self._flat.release()
        else:
            fresh = self._refreshed(path, held, False)
            if day < dt.datetime.fromtimestamp(now, self.zone).date() - dt.timedelta(days=RECENT):
                fresh = replace(fresh, rest=now + REST)
        self._keep(path, fresh)
        return fresh

    def _refreshed(self, path: Path, held: Folder | None, flat: bool) -> Folder:
        try:
            changed = path.stat().st_mtime_ns
            if held is not None and held.changed == changed and held.settled and not held.problem:
                return held
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.base)):
                return Folder()
            settled = self.clock() - changed / 1e9 > SETTLED
            return replace(_gather(self._entries(path), flat), changed=changed, settled=settled)
        except (FileNotFoundError, NotADirectoryError):
            return Folder(problem=NO_FOLDER)
        except PermissionError:
            return Folder(problem=CLOSED_FOLDER)
        except OSError:
            return Folder(problem=LOST_FOLDER)

    def _entries(self, path: Path) -> Iterator[tuple[int, str, str]]:
        """Second, callid and name of each recording in a folder."""
        with os.scandir(path) as entries:
            for entry in entries:
                for callid in recording_names.callids(entry.name):
                    if entry.is_file(follow_symlinks=False) or (
                            entry.is_symlink() and self._inside(Path(entry.path)) is not None):
                        yield recording_names.epoch(callid) or 0, callid, entry.name

    def _keep(self, path: Path, folder: Folder) -> None:
        """In memory, within bounds: the folders that nobody asked for the longest are forgotten."""
        with self._guard:
            self._folders[path] = folder
            self._folders.move_to_end(path)
            total = sum(len(one.callids) for one in self._folders.values())
            while len(self._folders) > 1 and (total > MOST or len(self._folders) > MOST_FOLDERS):
                total -= len(self._folders.popitem(last=False)[1].callids)


def growing(recording: Recording, over: bool) -> Recording:
    """The same with the words for a file that changed a moment ago, of a call that is `over` or may go on."""
    return replace(recording, words=STILL_SAVED) if over and recording.state == "growing" else recording


def answered_at(recording: Recording, legs: Iterable[tuple[int, int, int]]) -> float | None:
    """Seconds from the beginning of a file to the moment an agent answered. `legs`: connect (epoch, -1 nobody), wait
    and talk (seconds, -1 unknown) of each. The file begins where its name says; where that cannot be, it began with
    the wait. A queue that records with `monitor-format` begins at the answer, whatever the name says: such a file is
    as long as the talk."""
    answered = sorted(leg for leg in legs if leg[0] >= 0)
    length = recording.duration
    if not answered or not length:
        return None
    if len(answered) == 1:
        _, waited, talk = answered[0]
        if waited >= LAG and talk >= 0 and abs(length - talk) <= LAG < waited + talk - length:
            return 0.0
    if recording.started is not None:
        for connect, *_ in answered:
            if 0 <= connect - recording.started.timestamp() <= length:
                return float(connect - recording.started.timestamp())
    wait = float(answered[0][1])
    return wait if 0 <= wait <= length else None


def _listed(path: Path) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries]
    except OSError:
        return []


def _gather(entries: Iterable[tuple[int, str, str]], names: bool) -> Folder:
    """Columns of what a folder holds, made piece by piece: a flat folder may hold a million."""
    seconds, texts, files = array("q"), [], []
    held: list[str] = []
    said: list[bytes] = []

    def put() -> None:
        texts.append(pa.array(held, pa.large_string()))
        files.append(pa.array(said, pa.large_binary()))
        held.clear()
        said.clear()

    for second, callid, name in entries:
        seconds.append(second)
        held.append(callid)
        if names:
            said.append(os.fsencode(name))
        if len(held) >= SOME:
            put()
    put()
    numbers = np.frombuffer(seconds, dtype=np.int64) if seconds else np.empty(0, dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    places = pa.array(order)
    return Folder(seconds=numbers[order], callids=pa.concat_arrays(texts).take(places),
                  names=pa.concat_arrays(files).take(places) if names else None)
