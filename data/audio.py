"""What a recording's bytes are: format, duration, whether a browser plays them, and the sound itself.

Asterisk writes the sizes of a WAV when it closes the file. After a crash, or when more was appended, the header says
nothing or too little: what counts then is the length of the file.
"""

import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile

from data import recording_names

RATE = 8000  # of everything that has no header
HEADER = 65_536  # bytes in which the sound of a WAV has begun
BLOCK = 65_536  # samples in memory
PCM, ALAW, MULAW, GSM, EXTENSIBLE = 1, 6, 7, 0x31, 0xFFFE
CODECS = (PCM, ALAW, MULAW, GSM, EXTENSIBLE)
PLAYED = (PCM, EXTENSIBLE)  # codecs that Chromium and Firefox play in a WAV
MIMETYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "wav49": "audio/wav", "gsm": "audio/gsm", "ulaw": "audio/basic",
             "alaw": "audio/x-alaw", "sln": "audio/x-sln"}
# Bytes of a frame, its samples, and what libsndfile calls it. A frame of GSM is 20 ms.
RAW = {"gsm": (33, 160, "GSM610"), "ulaw": (1, 1, "ULAW"), "alaw": (1, 1, "ALAW"), "sln": (2, 1, "PCM_16")}
WAV49_BLOCK, WAV49_SAMPLES = 65, 320


class Broken(ValueError):
    """The bytes are not the sound that the name promises."""


@dataclass(frozen=True)
class Sound:
    """A file as it was when it was looked at. `samples` are those of one channel; `header` and `length` (bytes of sound
    after it) are those of a WAV."""

    path: Path
    format: str
    size: int
    mtime_ns: int
    samples: int = 0
    rate: int = RATE
    playable: bool = False
    header: bytes = b""
    length: int = 0

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.samples / self.rate

    @property
    def mimetype(self) -> str:
        return MIMETYPES[self.format]


def read(path: Path) -> Sound:
    """Format and duration (seconds; 0 for a header without sound); Broken, or OSError where it cannot be read."""
    ending = recording_names.split(path.name)[1].lower()
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        size, mtime = about.st_size, about.st_mtime_ns
        head = file.read(HEADER)
        if head[:4] == b"RIFF":
            return _wav(path, head, size, mtime, file)
    if not size:
        return Sound(path, recording_names.FORMATS.get(ending, "wav"), 0, mtime)
    if ending in RAW:
        if ending == "gsm" and head[0] >> 4 != 0xD:
            raise Broken("no GSM frame")
        frame, samples, _ = RAW[ending]
        return Sound(path, ending, size, mtime, size // frame * samples)
    if ending == "mp3":
        return Sound(path, "mp3", size, mtime, *_mp3(str(path), size, mtime), playable=True)
    raise Broken("no RIFF header")


@lru_cache(4096)
def _mp3(path: str, size: int, mtime_ns: int) -> tuple[int, int]:
    """Samples and rate of an mp3: all of it has to be read for them, so they are kept."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  libsndfile takes no name that is not UTF-8
            found = soundfile.info(file)
    except soundfile.SoundFileError as error:
        raise Broken(str(error)) from None
    return int(found.frames), int(found.samplerate)


def _wav(path: Path, head: bytes, size: int, mtime_ns: int, file: BinaryIO) -> Sound:
    at, fmt, fact = 12, b"", 0
    if head[8:12] != b"WAVE":
        raise Broken("no WAVE header")
    while True:
        if at + 8 > len(head):
            raise Broken("no sound chunk")
        kind, declared = struct.unpack_from("<4sI", head, at)
        at += 8
        if kind == b"data":
            break
        if kind == b"fmt ":
            fmt = head[at:at + declared]
        elif kind == b"fact":
            fact = at
        at += declared + declared % 2
    if len(fmt) < 16:
        raise Broken("no format chunk")
    codec, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", fmt)
    if codec not in CODECS or not 1 <= channels <= 8 or not 1000 <= rate <= 384_000 or not block:
        raise Broken("no sound that we know")
    length = declared if declared and _ends_well(file, at + declared, size) else size - at
    length -= length % block
    samples = length // WAV49_BLOCK * WAV49_SAMPLES if codec == GSM else length // block
    whole = struct.unpack_from("<I", head, 4)[0] + 8 >= at + length and declared - declared % block == length
    header = bytearray(head[:at])
    struct.pack_into("<I", header, 4, min(at - 8 + length, 0xFFFFFFFF))
    struct.pack_into("<I", header, at - 4, min(length, 0xFFFFFFFF))
    if fact and fact + 4 <= at:
        struct.pack_into("<I", header, fact, min(samples, 0xFFFFFFFF))
    plays = codec in PLAYED and whole and bits in (8, 16, 24, 32)
    return Sound(path, "wav49" if codec == GSM else "wav", size, mtime_ns, samples, rate, plays, bytes(header), length)


def _ends_well(file: BinaryIO, end: int, size: int) -> bool:
    """Whether what a header calls the end of the sound is one: nothing follows, or a chunk of another kind."""
    if end > size:
        return False
    file.seek(end + end % 2)
    after = file.read(8)
    if len(after) < 8:
        return True
    kind, declared = struct.unpack("<4sI", after)
    return all(32 <= sign < 127 for sign in kind) and file.tell() + declared <= size


class Mended(io.RawIOBase):
    """A WAV with the sizes in its header that its length proves."""

    def __init__(self, sound: Sound):
        self.file, self.header = sound.path.open("rb", buffering=0), sound.header
        self.length, self.at = len(sound.header) + sound.length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.length}[whence]
        self.at = max(base + offset, 0)
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        wanted = max(min(len(buffer), self.length - self.at), 0)
        if self.at < len(self.header):
            found = self.header[self.at:self.at + wanted]
        else:
            self.file.seek(self.at)
            found = self.file.read(wanted)
        buffer[:len(found)] = found
        self.at += len(found)
        return len(found)

    def close(self) -> None:
        self.file.close()
        super().close()


@contextmanager
def decoding(sound: Sound) -> Iterator[soundfile.SoundFile]:
    """The sound to be read; Broken where it turns out to be none."""
    raw: dict[str, Any] = {}
    if sound.format in RAW and not sound.header:
        raw = {"format": "RAW", "subtype": RAW[sound.format][2], "samplerate": RATE, "channels": 1, "endian": "LITTLE"}
    try:
        with (io.BufferedReader(Mended(sound), HEADER) if sound.header else sound.path.open("rb")) as file, \
                soundfile.SoundFile(file, **raw) as source:
            yield source
    except soundfile.SoundFileError as error:
        raise Broken(str(error)) from None


def blocks(source: soundfile.SoundFile, sound: Sound, dtype: str) -> Iterator[np.ndarray]:
    """[samples, channels] piece by piece. libsndfile makes a block too many of a WAV49 of an odd length."""
    left = sound.samples
    while left > 0 and len(block := source.read(min(BLOCK, left), dtype=dtype, always_2d=True)):
        left -= len(block)
        yield block
