"""Recordings as browsers play and draw them: what they cannot play is converted once, into a private folder.

The folder is bounded: what nobody heard for the longest goes first. Any number of processes may use it.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from data import audio
from data.audio import Sound

LIMIT = 1 << 29  # bytes of the folder
IN_USE = 10  # seconds since its last use in which a file stays, so that whoever asked for it can open it
PEAKS = 600
FORGOTTEN = 3600  # seconds after which a file that somebody began to write is nobody's


class Playback:
    """Converted recordings in `folder`, no more than `limit` bytes of them."""

    def __init__(self, folder: Path, limit: int = LIMIT, clock: Callable[[], float] = time.time):
        self.folder, self.limit, self.clock = folder.absolute(), limit, clock
        self._locks = [threading.RLock() for _ in range(16)]  # one conversion of a file at a time

    def playable(self, sound: Sound) -> Path:
        """A file with this sound that every browser plays: its own, or PCM made of it. Broken, OSError."""
        return sound.path if sound.playable else self._kept(sound, "wav", _convert)

    def peaks(self, sound: Sound) -> list[float]:
        """The loudest moment (0-1) of each of PEAKS equal parts. Broken, OSError."""
        found: list[float] = json.loads(self._kept(sound, "json", self._draw).read_bytes())
        return found

    def _draw(self, sound: Sound, aside: Path) -> None:
        # Whoever looks at it listens to it: it is decoded once for both.
        _draw(sound if sound.playable else audio.read(self.playable(sound)), aside)

    def _kept(self, sound: Sound, ending: str, make: Callable[[Sound, Path], None]) -> Path:
        known = f"{sound.path}|{sound.size}|{sound.mtime_ns}"
        key = hashlib.sha256(known.encode("utf-8", "surrogateescape")).hexdigest()[:40]
        path = self.folder / f"{key}.{ending}"
        with self._locks[int(key[:4], 16) % len(self._locks)]:
            try:
                # The time of use; that of change stays the recording's, so that a player can go on with an old part.
                os.utime(path, ns=(int(self.clock() * 1e9), sound.mtime_ns))
            except FileNotFoundError:
                self._make(sound, path, make)
        return path

    def _make(self, sound: Sound, path: Path, make: Callable[[Sound, Path], None]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        number, name = tempfile.mkstemp(".part", dir=self.folder)
        os.close(number)
        aside = Path(name)
        try:
            make(sound, aside)
            os.utime(aside, ns=(int(self.clock() * 1e9), sound.mtime_ns))
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        self._tidy(path)

    def _tidy(self, new: Path) -> None:
        """Makes room; `new` stays however big it is."""
        found, total, before = [], 0, (self.clock() - IN_USE) * 1e9
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # another process makes room too
                    stat = entry.stat(follow_symlinks=False)
                    if entry.name.endswith(".part"):
                        # One that is just finished has the recording's time of change already.
                        if time.time() - max(stat.st_mtime, stat.st_atime) > FORGOTTEN:
                            Path(entry.path).unlink()
                        continue
                    total += stat.st_size
                    if entry.name != new.name and stat.st_atime_ns < before:
                        found.append((stat.st_atime_ns, entry.name, stat.st_size))
        for _, name, size in sorted(found):
            if total <= self.limit:
                break
            (self.folder / name).unlink(missing_ok=True)
            total -= size


def _convert(sound: Sound, aside: Path) -> None:
    """PCM of 16 bits in a WAV."""
    with audio.decoding(sound) as source, aside.open("wb") as target, wave.open(target, "wb") as made:
        made.setnchannels(source.channels)
        made.setsampwidth(2)
        made.setframerate(source.samplerate)
        for block in audio.blocks(source, sound, "int16"):
            made.writeframesraw(block.astype("<i2").tobytes())


def _draw(sound: Sound, aside: Path) -> None:
    peaks, at = np.zeros(PEAKS), 0
    with audio.decoding(sound) as source:
        for block in audio.blocks(source, sound, "float32"):
            loud = np.abs(block).max(axis=1)
            if sound.samples < PEAKS:  # fewer samples than parts: each fills several
                peaks = loud[np.arange(PEAKS) * len(loud) // PEAKS]
                continue
            where = (at + np.arange(len(loud))) * PEAKS // sound.samples
            edges = np.flatnonzero(np.diff(where, prepend=-1))
            peaks[where[edges]] = np.maximum(peaks[where[edges]], np.maximum.reduceat(loud, edges))
            at += len(loud)
    aside.write_text(json.dumps([round(min(float(peak), 1.0), 3) for peak in peaks]))
