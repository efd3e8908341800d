"""Recordings of the demonstration centre: two synthetic voices taking turns, named as Issabel names its files."""

import datetime as dt
import os
import wave
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import numpy as np

from data.demo_actors import Call

RATE = 8000                     # samples a second, as the telephone has them
SHORTEST, LONGEST = 3.0, 20.0   # seconds of a recording; a real one lasts as long as the call


def recording_name(call: Call, zone: ZoneInfo) -> str:
    """Base name of the recording of an answered call, '' for one nobody answered."""
    if call.first is None:
        return ""
    queue, entered, _ = call.first
    moment = dt.datetime.fromtimestamp(entered, zone)
    return f"q-{queue}-{call.caller}-{moment:%Y%m%d-%H%M%S}-{call.id}.wav"


def record(folder: Path, call: Call, zone: ZoneInfo) -> Path:
    """Write the recording of an answered call below `folder`/recordings; its path. ValueError if nobody answered."""
    if call.first is None:
        raise ValueError(f"nobody answered {call.id}")
    _, entered, agent = call.first
    name = recording_name(call, zone)
    path = folder / "recordings" / f"{dt.datetime.fromtimestamp(entered, zone):%Y/%m/%d}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = call.left - entered
    if seconds > LONGEST:
        seconds = LONGEST - 8 * Random(name).random()
    samples = voices(max(SHORTEST, seconds), agent.pitch, name)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    os.utime(path, (call.left, call.left))
    return path


def voices(seconds: float, pitch: float, name: str) -> np.ndarray:
    """Two voices taking turns, as int16 samples: the agent at `pitch` hertz, a caller whose voice hangs on `name`."""
    random = Random(name)
    noise = np.random.Generator(np.random.PCG64(random.getrandbits(64)))
    count = int(seconds * RATE)
    sound = np.zeros(count, dtype=np.float32)
    position, turn = int(0.4 * RATE), 0
    caller = random.uniform(100, 230)
    while position < count:
        length = min(int(random.uniform(1.0, 3.2) * RATE), count - position)
        time = np.arange(length, dtype=np.float32) / RATE
        base = pitch if turn % 2 == 0 else caller
        melody = base * (1 + 0.09 * np.sin(2 * np.pi * time * random.uniform(0.4, 0.9) + random.random() * 6))
        phase = 2 * np.pi * np.cumsum(melody, dtype=np.float64).astype(np.float32) / RATE
        vowel = 0.5 + 0.5 * np.sin(2 * np.pi * random.uniform(1.6, 2.6) * time)     # the mouth opens and closes
        spoken = sum(np.sin(k * phase) * (vowel if k > 4 else 1.2 - vowel) / k for k in range(1, 9))
        syllables = np.clip(np.sin(2 * np.pi * random.uniform(3.4, 4.8) * time) * 1.6 + 0.55, 0, 1)
        edge = np.clip(np.minimum(time, time[::-1]) / 0.05, 0, 1)
        sound[position:position + length] = spoken * syllables * edge * (0.30 if turn % 2 == 0 else 0.22)
        position += length + int(random.uniform(0.15, 0.7) * RATE)
        turn += 1
    sound += noise.standard_normal(count, dtype=np.float32) * 0.004
    return (np.clip(sound, -0.95, 0.95) * 32000).astype("<i2")
