"""Recordings made for tests: a tone of known length, pitch and loudness in every format that Asterisk writes."""

import os
import struct
from pathlib import Path

import numpy as np
import soundfile

RATE = 8000
PITCH = 440
RAW = {"gsm": "GSM610", "ulaw": "ULAW", "alaw": "ALAW", "sln": "PCM_16"}
OLD = 3600  # seconds since such a file was last written to


def tone(seconds: float, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * PITCH * np.arange(round(seconds * RATE)) / RATE)


def record(path: Path, seconds: float = 2.0, level: float = 0.5, sound: np.ndarray | None = None) -> Path:
    """A recording in the format of its ending, finished an hour ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ending = path.suffix[1:]
    kind = {"format": "RAW", "subtype": RAW[ending], "endian": "LITTLE"} if ending in RAW else {
        "format": "MP3" if ending == "mp3" else "WAV",
        "subtype": {"WAV": "GSM610", "wav49": "GSM610", "mp3": "MPEG_LAYER_III"}.get(ending, "PCM_16")}
    soundfile.write(path, tone(seconds, level) if sound is None else sound, RATE, **kind)
    return aged(path)


def aged(path: Path) -> Path:
    stamp = path.stat().st_mtime - OLD
    os.utime(path, (stamp, stamp))
    return path


def killed(path: Path) -> Path:
    """The same WAV as a killed Asterisk leaves it: all sizes in the header are 0."""
    held = bytearray(path.read_bytes())
    at = held.index(b"data") + 4
    struct.pack_into("<I", held, 4, 0)
    struct.pack_into("<I", held, at, 0)
    if b"fact" in held[:at]:
        struct.pack_into("<I", held, held.index(b"fact") + 8, 0)
    path.write_bytes(held)
    return aged(path)


def pitch(sound: np.ndarray) -> float:
    """The loudest frequency, in hertz."""
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * RATE / len(sound))
