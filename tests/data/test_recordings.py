"""Recordings: found by callid and by nothing else, told what they are, made playable, and never out of their folder."""

import csv
import datetime as dt
import json
import os
import stat
import struct
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import soundfile

from data import audio, demo, playback, recording_names, recordings
from data.playback import Playback
from data.recordings import Recording, Recordings, answered_at
from i18n import LANGUAGES, catalogue
from tests.sounds import PITCH, RATE, aged, killed, pitch, record, tone

BOGOTA = ZoneInfo("America/Bogota")
NOON = 1_772_557_200  # Tuesday 3 March 2026, 12:00 in Bogota
CALL = f"{NOON}.17"
NAME = f"q-600-3001112222-20260303-120004-{CALL}.wav"
DAY = "2026/03/03"
ENDINGS = ("wav", "WAV", "wav49", "gsm", "mp3", "ulaw", "alaw", "sln")


class Clock:
    def __init__(self):
        import time
        self.now = time.time()

    def __call__(self):
        return self.now


@pytest.fixture
def base(tmp_path):
    (tmp_path / "monitor").mkdir()
    return tmp_path / "monitor"


@pytest.fixture
def files(base):
    return Recordings(base, BOGOTA)


@pytest.fixture
def played(tmp_path):
    return Playback(tmp_path / "audio")


def found(files, callid=CALL):
    return [one.name for one in files.find(callid)]


def only(files, callid=CALL) -> Recording:
    one, = files.find(callid)
    return one


# -- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, callid", [
    (NAME, CALL),
    (f"q-600--20260303-120004-{CALL}.WAV", CALL),  # the caller is hidden
    (f"q-600-+51 987-654-20260303-120004-{CALL}.wav", CALL),
    (f"exten-1001-anonymous-20260303-120004-pbx1-{CALL}.gsm", f"pbx1-{CALL}"),
    (f"exten-1001-1002-20260303-120004-my.pbx_1-a-{CALL}.gsm", f"my.pbx_1-a-{CALL}"),
    (f"out-95550000-1001-20260303-120004-{CALL}.wav", CALL),
    (f"q600-20260303-120004-{CALL}.wav", CALL),
    (f"OUT1001-20260303-120004-{CALL}.wav", CALL),
    (f"20260303-120004-{CALL}.mp3", CALL),
    (f"{CALL}.wav", CALL),
    (f"auto-1772557100-1001-3001112222-{CALL}.wav", CALL),
    # A caller's number that looks like the end of another recording's name.
    (f"q-600-9-20260101-000000-1700000000.1-20260303-120004-{CALL}.wav", CALL),
])
def test_a_name_is_read_from_the_right(base, files, name, callid):
    record(base / DAY / name)
    assert found(files, callid) == [name]
    assert files.with_recording([callid, "1700000000.1", f"{NOON}.1", f"{NOON}.7"]) == {callid}


def test_a_time_stamp_says_where_the_callid_begins(base, files):
    record(base / DAY / f"q-600-3001112222-20260303-120004-pbx1-{CALL}.wav")
    for other in (CALL, f"pbx2-{CALL}", f"1-{CALL}", f"120004-pbx1-{CALL}", f"pbx1-{CALL}0", f"pbx1-{NOON}.1"):
        assert found(files, other) == []
        assert files.with_recording([other]) == set()


def test_without_a_stamp_any_beginning_may_be_the_system(base, files):
    name = f"auto-1001-pbx1-{CALL}.wav"
    record(base / DAY / name)
    assert found(files, CALL) == found(files, f"pbx1-{CALL}") == [name]
    assert found(files, f"pbx2-{CALL}") == []


@pytest.mark.parametrize("name, hidden", [
    (NAME, f"q-600-300***222-20260303-120004-{CALL}.wav"),
    (f"q-600--20260303-120004-{CALL}.WAV", f"q-600--20260303-120004-{CALL}.WAV"),
    (f"exten-1001-1002-20260303-120004-pbx1-{CALL}.gsm", f"exten-1001-1002-20260303-120004-pbx1-{CALL}.gsm"),
    (f"out-3009998888-1001-20260303-120004-{CALL}.wav", f"out-300***888-1001-20260303-120004-{CALL}.wav"),
    (f"q-600-+51-987-654-321-20260303-120004-{CALL}.wav", f"q-600-+51***321-20260303-120004-{CALL}.wav"),
    (f"force-6017000000-3001112222-20260303-120004-{CALL}.wav",
     f"force-601***000-300***222-20260303-120004-{CALL}.wav"),
    (f"OUT3001112222-20260303-120004-{CALL}.wav", f"OUT300***222-20260303-120004-{CALL}.wav"),
    (f"auto-1001-300-111-2222-{CALL}.wav", f"auto-100***222-{CALL}.wav"),
    ("note-3001112222.wav", "note-300***222.wav"),
])
def test_numbers_in_a_name_are_masked(name, hidden):
    assert recording_names.shown(name, False) == hidden
    assert recording_names.shown(name, True) == name


@pytest.mark.parametrize("name, numbers, saved", [
    (NAME, True, f"2026-03-03_12-00-04_600_3001112222_{CALL}.wav"),
    (NAME, False, f"2026-03-03_12-00-04_600_300***222_{CALL}.wav"),
    (f"q-601--20260303-120004-pbx1-{CALL}.WAV", True, f"2026-03-03_12-00-04_601_pbx1-{CALL}.WAV"),
    (f"q600-20260303-120004-{CALL}.wav", True, f"2026-03-03_12-00-04_q600_{CALL}.wav"),
    (f"q-600-a\nb\\..-20260303-120004-{CALL}.wav", True, f"2026-03-03_12-00-04_600_a\ufffdb-.._{CALL}.wav"),
    (f"{CALL}.gsm", False, f"{CALL}.gsm"),
])
def test_a_saved_file_has_a_name_to_be_read(name, numbers, saved):
    assert recording_names.readable(name, numbers) == saved


@pytest.mark.parametrize("callid, moment", [
    ("1793510980.1", "2026-11-01T01:30:00-04:00"), ("1793514580.1", "2026-11-01T01:30:00-05:00")])
def test_an_hour_that_the_clock_shows_twice_is_told_by_the_callid(callid, moment):
    name = f"q-600-1-20261101-013000-{callid}.wav"
    assert recording_names.started(name, ZoneInfo("America/New_York")).isoformat() == moment


# -- where files lie ---------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["2026/03/02", "2026/03/03", "2026/03/04", "."])
def test_a_file_is_found_where_it_can_be(base, files, folder):
    record(base / folder / NAME)
    assert found(files) == [NAME]
    assert files.with_recording([CALL]) == {CALL}
    day = dt.date(2026, 3, 3)
    assert files.callids(day, day) == {CALL}


@pytest.mark.parametrize("folder", ["2026/03/01", "2026/03/05", "2026/03", "2026/3/3", "other"])
def test_a_file_is_not_looked_for_elsewhere(base, files, folder):
    record(base / folder / NAME)
    assert found(files) == []
    assert files.with_recording([CALL]) == set()


def test_the_callids_of_a_range_of_days(base, files):
    for number, folder in enumerate(("2026/02/28", "2026/03/02", "2026/03/04", "2026/03/31", "2025/12/31"), 1):
        record(base / folder / f"q-600-1-20260303-120000-{NOON}.{number}.wav", 0.1)
    record(base / f"20260410-120000-{NOON + 38 * 86400}.6.wav", 0.1)
    day = dt.date(2026, 3, 3)
    assert files.callids(day, day) == {f"{NOON}.2", f"{NOON}.3"}  # with the days beside it: a call may cross midnight
    assert files.callids(dt.date(2026, 3, 1), dt.date(2026, 4, 10)) == {
        f"{NOON}.1", f"{NOON}.2", f"{NOON}.3", f"{NOON}.4", f"{NOON + 38 * 86400}.6"}
    assert files.callids(dt.date.min, dt.date(2026, 1, 1)) == {f"{NOON}.5"}
    assert len(files.callids(dt.date.min, dt.date.max)) == 6
    assert files.column(day, day).length() == 2


def test_several_files_of_a_call_are_in_the_order_of_time(base, files):
    later, first, no_stamp = (f"q-601-3001112222-20260303-120310-{CALL}.wav",
                              f"q-600-3001112222-20260303-120004-{CALL}.wav", f"auto-{CALL}.wav")
    for name in (later, no_stamp, first):
        record(base / DAY / name, 0.1)
    assert found(files) == [first, later, no_stamp]
    assert [one.started and one.started.isoformat() for one in files.find(CALL)] == [
        "2026-03-03T12:00:04-05:00", "2026-03-03T12:03:10-05:00", None]


@pytest.mark.parametrize("folder", [DAY, "."])
def test_what_comes_and_goes_is_noticed(base, folder):
    clock = Clock()
    files = Recordings(base, BOGOTA, clock=clock)
    day = dt.date(2026, 3, 3)
    assert found(files) == []
    assert files.callids(day, day) == set()
    record(base / folder / NAME)
    clock.now += recordings.REST + 1
    assert found(files) == [NAME]
    other = record(base / folder / f"q-600-1-20260303-120500-{NOON}.18.wav")
    clock.now += recordings.REST + 1
    assert files.callids(day, day) == {CALL, f"{NOON}.18"}
    assert files.with_recording([CALL, f"{NOON}.18", f"{NOON}.19"]) == {CALL, f"{NOON}.18"}
    other.unlink()
    clock.now += recordings.REST + 1
    assert files.callids(day, day) == {CALL}


def test_todays_folder_is_looked_at_for_every_question(base):
    clock = Clock()
    files = Recordings(base, BOGOTA, clock=clock)
    today = f"{dt.datetime.fromtimestamp(clock.now, BOGOTA):%Y/%m/%d}"
    for number in range(3):
        callid = f"{int(clock.now)}.{number}"
        assert files.with_recording([callid]) == set()
        record(base / today / f"q-600-1-20260303-120000-{callid}.wav", 0.1)
        assert files.with_recording([callid]) == {callid}


@pytest.mark.parametrize("folder", [DAY, "."])
def test_a_folder_that_did_not_change_is_not_read_again(base, folder, watched):
    clock = Clock()
    clock.now += 10  # long enough after the last change that the folder's time tells the next one
    files = Recordings(base, BOGOTA, clock=clock)
    record(base / folder / NAME)
    with watched() as first:
        assert files.with_recording([CALL]) == {CALL}
    with watched() as again:
        for _ in range(50):
            clock.now += recordings.REST + 1
            assert files.with_recording([CALL]) == {CALL}
    assert str(base / folder) in first
    assert again == []


def test_what_is_kept_is_bounded(base, monkeypatch):
    monkeypatch.setattr(recordings, "MOST", 5)
    files = Recordings(base, BOGOTA)
    wanted = set()
    for number in range(1, 21):
        callid = f"{NOON + number * 86400}.{number}"
        record(base / f"2026/{3 + (number + 2) // 31:02}/{(number + 2) % 31 + 1:02}" /
               f"q-600-1-20260303-120000-{callid}.wav", 0.1)
        wanted.add(callid)
    assert files.callids(dt.date(2026, 3, 1), dt.date(2026, 3, 31)) == wanted
    assert sum(len(one.callids) for one in files._folders.values()) <= 5
    assert files.with_recording(sorted(wanted)) == wanted


def test_a_name_that_is_no_text(base, files, played):
    for folder in (DAY, "."):
        name = os.fsdecode(b"q-600-\xd1and\xfa-20260303-120004-" + f"{CALL}.".encode())
        for ending in ("mp3", "gsm", "WAV"):
            part = record(base / "part" / f"x.{ending}")
            (base / folder).mkdir(parents=True, exist_ok=True)
            part.rename(base / folder / f"{name}{ending}")
    assert len(files.find(CALL)) == 6
    for one in files.find(CALL):
        assert one.state == "ready"
        assert len(played.peaks(one.sound)) == 600
        assert recording_names.shown(one.name, True).encode()


# -- what a file is ----------------------------------------------------------------------------------


def heard(path: Path) -> tuple[float, float]:
    """Seconds and pitch of a file that every browser plays: PCM of 16 bits with right sizes in its header."""
    with wave.open(str(path)) as file:
        assert (file.getsampwidth(), file.getnchannels(), file.getframerate()) == (2, 1, RATE)
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        assert path.stat().st_size == 44 + len(sound) * 2
        assert len(sound) == file.getnframes()
        return len(sound) / RATE, pitch(sound)


@pytest.mark.parametrize("seconds", [0.5, 2.0, 12.04])
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_has_its_duration_and_becomes_playable(base, files, played, ending, seconds):
    path = record(base / DAY / f"q-600-1-20260303-120004-{CALL}.{ending}", seconds)
    one = only(files)
    assert (one.state, one.words, one.bytes) == ("ready", "", path.stat().st_size)
    assert one.format == {"WAV": "wav49"}.get(ending, ending)
    # Frames of GSM are 20 ms, blocks of WAV49 40 ms; an mp3 has some silence around it.
    assert one.duration == pytest.approx(seconds, abs=0.15 if ending == "mp3" else 0.04)
    made = played.playable(one.sound)
    if ending in ("wav", "mp3"):
        assert made == path
    else:
        assert made.parent == played.folder
        length, hertz = heard(made)
        assert length == pytest.approx(one.duration, abs=0.01)
        assert hertz == pytest.approx(PITCH, abs=2)
        assert made.stat().st_mtime_ns == path.stat().st_mtime_ns


@pytest.mark.parametrize("ending, size, seconds", [
    ("gsm", 33 * 50, 1.0), ("gsm", 33 * 50 + 20, 1.0), ("ulaw", 8000, 1.0), ("alaw", 4000, 0.5), ("sln", 16001, 1.0)])
def test_durations_of_files_without_a_header(tmp_path, ending, size, seconds):
    path = tmp_path / f"x.{ending}"
    path.write_bytes((b"\xd0" + b"\0" * 32) * (size // 33 + 1))
    os.truncate(path, size)
    assert audio.read(path).duration == seconds


@pytest.mark.parametrize("ending", ["wav", "WAV"])
@pytest.mark.parametrize("seconds", [0.52, 7.72, 30])
def test_a_wav_of_a_killed_asterisk_has_the_length_of_its_file(base, files, played, ending, seconds):
    killed(record(base / DAY / f"q-600-1-20260303-120004-{CALL}.{ending}", seconds))
    one = only(files)
    assert (one.state, one.duration) == ("ready", seconds)
    length, hertz = heard(played.playable(one.sound))
    assert length == seconds
    assert hertz == pytest.approx(PITCH, abs=2)


def test_sound_that_was_appended_without_a_word_in_the_header(base, files, played):
    path = record(base / DAY / NAME, 2)
    with path.open("ab") as file:
        file.write((tone(3) * 32767).astype("<i2").tobytes())
    aged(path)
    assert only(files).duration == 5
    assert heard(played.playable(only(files).sound))[0] == 5


def test_a_wav_that_lost_its_end(base, files, played):
    path = record(base / DAY / NAME, 4)
    os.truncate(path, 44 + 3 * RATE * 2 + 1)
    aged(path)
    assert only(files).duration == 3
    assert heard(played.playable(only(files).sound))[0] == 3


def test_words_after_the_sound_are_no_sound(base, files, played):
    path = record(base / DAY / NAME, 2)
    with path.open("ab") as file:
        file.write(b"LIST" + struct.pack("<I", 12) + b"INFOISFT....")
    held = bytearray(path.read_bytes())
    struct.pack_into("<I", held, 4, len(held) - 8)
    path.write_bytes(held)
    aged(path)
    assert only(files).duration == 2
    assert played.playable(only(files).sound) == path


def test_a_wav_is_told_by_its_header_and_not_by_its_ending(base, files, played):
    path = record(base / DAY / f"q-600-1-20260303-120004-{CALL}.WAV", 2)
    path.rename(path.with_suffix(".wav"))
    assert only(files).format == "wav49"
    assert heard(played.playable(only(files).sound))[0] == 2
    record(base / DAY / f"q-600-1-20260303-120004-{NOON}.18.wav", 1).rename(
        base / DAY / f"q-600-1-20260303-120004-{NOON}.18.WAV")
    assert only(files, f"{NOON}.18").format == "wav"


@pytest.mark.parametrize("codec", ["ULAW", "ALAW"])
def test_a_wav_of_the_telephone_is_made_pcm(base, files, played, codec):
    (base / DAY).mkdir(parents=True)
    soundfile.write(base / DAY / NAME, tone(2), RATE, subtype=codec)
    aged(base / DAY / NAME)
    assert only(files).duration == 2
    assert heard(played.playable(only(files).sound)) == (2, PITCH)


EMPTY = {  # what Asterisk writes before the first sound: 44 and 60 bytes
    "wav": bytes.fromhex("52494646 24000000 57415645 666d7420 10000000 0100 0100 401f0000 803e0000 0200 1000"
                         "64617461 00000000"),
    "WAV": bytes.fromhex("52494646 34000000 57415645 666d7420 14000000 3100 0100 401f0000 59060000 4100 0000 0200 4001"
                         "66616374 04000000 00000000 64617461 00000000"), "gsm": b"", "mp3": b"", "sln": b"\0"}


@pytest.mark.parametrize("ending", EMPTY)
def test_a_file_without_sound_is_empty(base, files, ending):
    path = base / DAY / f"q-600-1-20260303-120004-{CALL}.{ending}"
    path.parent.mkdir(parents=True)
    path.write_bytes(EMPTY[ending])
    aged(path)
    one = only(files)
    assert (one.state, one.words, one.duration, one.sound) == ("empty", recordings.NO_SOUND, 0, None)
    assert len(EMPTY["wav"]) == 44
    assert len(EMPTY["WAV"]) == 60


@pytest.mark.parametrize("ending, held", [
    ("wav", b"no sound at all"), ("wav", b"RIFF"), ("wav", EMPTY["wav"][:40]), ("gsm", b"text" * 100),
    ("mp3", b"text" * 1000), ("wav", b"RIFF\0\0\0\0WAVE" + b"junk\xff\xff\xff\xff" * 20), ("wav", b"\0" * 100_000),
    ("wav", EMPTY["wav"].replace(b"fmt ", b"xmt ") + b"\0" * 100),
    ("wav", EMPTY["wav"][:20] + b"\x55\0" + EMPTY["wav"][22:] + b"\0" * 100),
    ("wav", EMPTY["wav"][:32] + b"\0\0" + EMPTY["wav"][34:] + b"\0" * 100)])
def test_what_is_no_sound_is_broken(base, files, ending, held):
    path = base / DAY / f"q-600-1-20260303-120004-{CALL}.{ending}"
    path.parent.mkdir(parents=True)
    path.write_bytes(held)
    aged(path)
    one = only(files)
    assert (one.state, one.words, one.duration, one.sound) == ("broken", recordings.UNREADABLE, None, None)


@pytest.mark.parametrize("ending", ["wav", "WAV", "gsm"])
def test_a_file_that_changed_within_a_minute_grows(base, ending):
    clock = Clock()
    files = Recordings(base, BOGOTA, clock=clock)
    path = killed(record(base / DAY / NAME, 4)) if ending != "gsm" else record(base / DAY / f"{NAME[:-4]}.gsm", 4)
    for ago, state in ((0, "growing"), (59, "growing"), (61, "ready")):
        os.utime(path, (clock.now - ago, clock.now - ago))
        assert (only(files).state, only(files).duration) == (state, 4)
    path.write_bytes(b"RIFF"[:1])
    os.utime(path, (clock.now, clock.now))
    assert (only(files).state, only(files).sound) == ("growing", None)


def test_a_file_that_vanishes_is_said_to_be_missing(base, files):
    path = record(base / DAY / NAME)
    assert only(files).state == "ready"
    looked = files._look
    files._look = lambda where: (path.unlink(), looked(where))[1]  # between finding it and opening it
    one = only(files)
    assert (one.state, one.words, one.name, one.path) == ("missing", recordings.NOT_THERE, NAME, None)
    files._look = looked
    assert found(files) == []


def test_no_folder(tmp_path):
    files = Recordings(tmp_path / "nowhere", BOGOTA)
    one = only(files)
    assert (one.state, one.words, one.name, one.path) == ("missing", recordings.NO_FOLDER, "", None)
    assert files.problem() == recordings.NO_FOLDER
    assert files.with_recording([CALL]) == set()
    assert files.callids(dt.date(2026, 1, 1), dt.date(2026, 12, 31)) == set()
    (tmp_path / "nowhere").write_text("a file")
    assert only(files).words == recordings.NO_FOLDER


NOBODY = """
import datetime, os, sys
from pathlib import Path
from zoneinfo import ZoneInfo
sys.path.insert(0, sys.argv[1])
import pandas  # nobody may not read where it stands
from data.recordings import Recordings
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
files = Recordings(Path(sys.argv[2]), ZoneInfo("America/Bogota"))
for one in files.find(sys.argv[3]):
    print(one.state, one.words, one.path is not None, sep="|")
print(len(files.with_recording([sys.argv[3]])), files.problem(), sep="|")
"""


@pytest.mark.parametrize("closed, said", [
    (NAME, ["forbidden|The recording may not be read|True", "1|"]),
    (".", ["forbidden|The folder of the recordings may not be read|False", "0|The folder of the recordings may not be "
                                                                            "read"]),
    ("..", ["forbidden|The folder of the recordings may not be read|False", "0|"])])
def test_what_may_not_be_read_is_said(base, tmp_path, closed, said):
    record(base / DAY / NAME)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to(Path(tempfile.gettempdir())):
            folder.chmod(folder.stat().st_mode | 0o111)
    base.chmod(0o755)
    path = {NAME: base / DAY / NAME, ".": base, "..": base / DAY}[closed]
    path.chmod(0)
    try:
        told = subprocess.run([sys.executable, "-c", NOBODY, str(Path(__file__).parents[2]), str(base), CALL],
                              text=True, capture_output=True, check=True)
    finally:
        path.chmod(0o755)
    assert told.stdout.splitlines() == said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_state_has_its_words(lang):
    said = [value for name, value in vars(recordings).items() if name.isupper() and isinstance(value, str)]
    assert len(said) == 11
    assert {words for words in said if words != recordings.DELETED} <= set(catalogue(lang))


# -- what a database says ----------------------------------------------------------------------------


def told(base, *rows):
    return Recordings(base, BOGOTA, named=lambda callid: list(rows) if callid == CALL else [])


@pytest.mark.parametrize("row", [
    "{name}", "audio:{name}", "2026/03/03/{name}", "{base}/2026/03/03/{name}", "/var/spool/asterisk/monitor/x/{name}",
    "{stem}", " {name} "])
def test_a_name_from_a_database_in_all_its_shapes(base, row):
    name = f"exten-1001-1002-20260303-120104-{NOON + 60}.20.wav"  # the agent's leg has another uniqueid
    record(base / DAY / name)
    files = told(base, "", row.format(name=name, base=base, stem=name[:-4]), row.format(
        name=name, base=base, stem=name[:-4]))
    assert found(files) == [name]
    assert found(files, f"{NOON}.18") == []


def test_the_rows_of_a_call_multiply_nothing(base):
    record(base / DAY / NAME)
    assert found(told(base, NAME, NAME, "", NAME, f"2026/03/03/{NAME}", NAME[:-4])) == [NAME]


def test_a_recording_that_was_deleted_is_not_looked_for(base):
    record(base / DAY / NAME)
    one = only(told(base, "deleted", "deleted", ""))
    assert (one.state, one.words, one.name, one.path) == ("deleted", recordings.WAS_DELETED, "", None)


def test_a_named_file_that_is_not_there_is_missing(base):
    one = only(told(base, NAME))
    assert (one.state, one.words, one.name, one.format, one.path) == (
        "missing", recordings.NOT_THERE, NAME, "wav", None)
    assert one.started.isoformat() == "2026-03-03T12:00:04-05:00"
    record(base / DAY / f"{NAME[:-4]}.mp3")  # converted since by a script of theirs
    assert found(told(base, NAME)) == [f"{NAME[:-4]}.mp3"]


# -- attacks -----------------------------------------------------------------------------------------


WATCHED: list[list[str]] = []


@pytest.fixture
def watched():
    """`with watched() as read`: every file and folder that this process opens meanwhile."""
    from contextlib import contextmanager

    if not WATCHED:
        WATCHED.append([])

        def hook(event, arguments):
            if len(WATCHED) > 1 and event in ("open", "os.listdir", "os.scandir", "subprocess.Popen", "os.system",
                                              "os.posix_spawn", "os.exec"):
                WATCHED[-1].append(str(arguments[0]))
        sys.addaudithook(hook)

    @contextmanager
    def watch():
        WATCHED.append([])
        try:
            yield WATCHED[-1]
        finally:
            WATCHED.pop()
    return watch


EVIL = ["", ".", "..", "../../etc/passwd", "/etc/passwd", f"../{CALL}", f"{CALL}/..", f"{CALL}\0", f"\0{CALL}", "*",
        f"*{CALL}", f"{NOON}.*", f"{NOON}.?", f"[0-9]-{CALL}", f"'{CALL}'", f'"{CALL}"', f"{CALL};id", f"$(id)-{CALL}",
        f"`id`-{CALL}", f" {CALL}", f"{CALL} ", f"{CALL}\n", f"a b-{CALL}", f"%2e%2e-{CALL}", f"a/b-{CALL}",
        "١٧٧٢٥٥٧٢٠٠.١٧", f"{NOON}", ".17", f"{NOON}.", "1.1", f"9{NOON}00.1", f"{'a' * 200}-{CALL}", "NONE", CALL * 20,
        f"ñ-{CALL}"]


@pytest.mark.parametrize("callid", EVIL)
def test_what_is_no_callid_reads_nothing(base, callid, watched):
    record(base / DAY / NAME)
    files = told(base, NAME)
    with watched() as read:
        assert files.find(callid) == []
        assert files.with_recording([callid]) == set()
    assert read == []


def test_a_callid_is_never_a_part_of_a_path(base, files, watched):
    record(base / DAY / NAME)
    with watched() as read:
        assert found(files, f"..-{CALL}") == found(files, f".-{CALL}") == []
    assert not [path for path in read if CALL in path]


def test_links_lead_nowhere_outside(base, files, tmp_path, watched):
    secret = record(tmp_path / "secret" / NAME)
    (base / DAY).mkdir(parents=True)
    (base / DAY / NAME).symlink_to(secret)
    (base / f"20260303-120004-{CALL}.wav").symlink_to("/etc/passwd")
    with watched() as read:
        assert found(files) == []
        assert found(told(base, NAME)) == [NAME]
        assert only(told(base, NAME)).state == "missing"
        assert files.with_recording([CALL]) == set()
    assert not [path for path in read if path.startswith((str(tmp_path / "secret"), "/etc"))]


def test_a_folder_that_leads_outside_is_not_read(base, files, tmp_path):
    record(tmp_path / "secret" / NAME)
    (base / "2026/03").mkdir(parents=True)
    (base / DAY).symlink_to(tmp_path / "secret")
    assert found(files) == []
    assert files.with_recording([CALL]) == set()
    assert files.callids(dt.date(2026, 3, 3), dt.date(2026, 3, 3)) == set()
    assert only(told(base, NAME)).state == "missing"


def test_a_link_within_and_a_link_to_all_of_it_are_fine(base, tmp_path):
    kept = record(base / "kept" / "x.wav")
    (base / DAY).mkdir(parents=True)
    (base / DAY / NAME).symlink_to(kept)
    (tmp_path / "link").symlink_to(base)
    files = Recordings(tmp_path / "link", BOGOTA)
    assert only(files).state == "ready"
    assert files.with_recording([CALL]) == {CALL}


def test_only_regular_files_are_recordings(base, files):
    (base / DAY / NAME).mkdir(parents=True)
    os.mkfifo(base / f"20260303-120004-{CALL}.wav")
    record(base / DAY / f".{NAME}")
    record(base / DAY / NAME.replace(".wav", ".mp3")).rename(base / DAY / NAME.replace(".wav", ".txt"))
    assert found(files) == []
    (base / DAY / f"exten-1-2-20260303-120004-{CALL}.gsm").symlink_to(f"exten-1-2-20260303-120004-{CALL}.gsm")
    assert files.with_recording([CALL]) == set()


@pytest.mark.parametrize("row", ["../secret/{name}", "/etc/passwd", "../../etc/passwd", "{name}\0", "..", "/", ".",
                                 "{secret}", "2026/../../secret/{name}", "{name}/", "~/{name}", "$(id)", "*"])
def test_a_database_leads_nowhere_outside_either(base, tmp_path, row, watched):
    secret = record(tmp_path / "secret" / NAME)
    with watched() as read:
        states = [one.state for one in told(base, row.format(name=NAME, secret=secret)).find(CALL)]
    assert set(states) <= {"missing"}
    assert not [path for path in read if "secret" in path or "passwd" in path]


# -- the folder of converted files -------------------------------------------------------------------


def test_converted_files_are_private_and_made_once(base, files, played):
    record(base / DAY / f"{NAME[:-4]}.gsm", 2)
    one = only(files)
    made = played.playable(one.sound)
    assert stat.S_IMODE(played.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    before = made.stat().st_ino
    assert played.playable(one.sound) == made
    assert made.stat().st_ino == before
    assert [path.name for path in played.folder.iterdir()] == [made.name]


def test_a_recording_that_changed_is_converted_again(base, files, played):
    path = record(base / DAY / f"{NAME[:-4]}.gsm", 2)
    first = played.playable(only(files).sound)
    record(path, 4)
    second = played.playable(only(files).sound)
    assert (heard(first)[0], heard(second)[0]) == (2, 4)


def test_what_nobody_heard_for_the_longest_goes_first(base, files, tmp_path):
    clock = Clock()
    played = Playback(tmp_path / "audio", limit=3 * (44 + 2 * RATE * 2), clock=clock)
    sounds = []
    for number in range(5):
        record(base / DAY / f"q-600-1-20260303-120000-{NOON}.{number}.gsm", 2)
        sounds.append(only(files, f"{NOON}.{number}").sound)
    made = []
    for number in (0, 1, 2, 0, 3, 4):  # 0 is heard again
        clock.now += playback.IN_USE + 1
        made.append(played.playable(sounds[number]))
    assert {path.name for path in played.folder.iterdir()} == {made[0].name, made[4].name, made[5].name}
    assert heard(played.playable(sounds[1])) == (2, PITCH)
    assert sum(path.stat().st_size for path in played.folder.iterdir()) <= played.limit


def test_what_was_just_asked_for_stays(base, files, tmp_path):
    played = Playback(tmp_path / "audio", limit=1000)
    for number in range(3):
        record(base / DAY / f"q-600-1-20260303-120000-{NOON}.{number}.gsm", 2)
        played.playable(only(files, f"{NOON}.{number}").sound)
    assert len(list(played.folder.iterdir())) == 3


def test_one_file_may_be_bigger_than_all_the_room(base, files, tmp_path):
    played = Playback(tmp_path / "audio", limit=1000)
    record(base / DAY / f"{NAME[:-4]}.gsm", 2)
    assert heard(played.playable(only(files).sound)) == (2, PITCH)


def test_what_a_killed_process_left_is_taken_away(base, files, played):
    played.folder.mkdir()
    for name, ago in (("old.part", playback.FORGOTTEN + 60), ("new.part", 0)):
        (played.folder / name).write_bytes(b"half")
        about = (played.folder / name).stat().st_mtime - ago
        os.utime(played.folder / name, (about, about))
    record(base / DAY / f"{NAME[:-4]}.gsm", 2)
    played.playable(only(files).sound)
    assert not (played.folder / "old.part").exists()
    assert (played.folder / "new.part").exists()


CONVERT = """
import sys
from pathlib import Path
from zoneinfo import ZoneInfo
sys.path.insert(0, sys.argv[1])
from data.playback import Playback
from data.recordings import Recordings
files, played = Recordings(Path(sys.argv[2]), ZoneInfo("America/Bogota")), Playback(Path(sys.argv[3]), int(sys.argv[4]))
sys.stdin.readline()
for _ in range(20):
    for callid in sys.argv[5:]:
        print(len(played.peaks(files.find(callid)[0].sound)), played.playable(files.find(callid)[0].sound).suffix)
"""


@pytest.mark.parametrize("limit", [1 << 29, 100_000])
def test_two_processes_at_once(base, files, played, limit):
    ids = [f"{NOON}.{number}" for number in range(3)]
    for callid in ids:
        record(base / DAY / f"q-600-1-20260303-120000-{callid}.gsm", 4)
    children = [subprocess.Popen([sys.executable, "-c", CONVERT, str(Path(__file__).parents[2]), str(base),
                                  str(played.folder), str(limit), *ids], text=True, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE) for _ in range(2)]
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        with child:
            said, _ = child.communicate()
        assert child.returncode == 0
        assert said.splitlines() == ["600 .wav"] * 60
    assert not list(played.folder.glob("*.part"))
    for callid in ids:
        assert heard(played.playable(only(files, callid).sound)) == (4, PITCH)


def test_a_folder_that_cannot_be_written_leaves_nothing(base, files, tmp_path):
    record(base / DAY / f"{NAME[:-4]}.gsm", 2)
    (tmp_path / "audio").write_text("in the way")
    with pytest.raises(NotADirectoryError):
        Playback(tmp_path / "audio").playable(only(files).sound)


def test_a_source_that_goes_while_it_is_converted_leaves_nothing(base, files, played):
    path = record(base / DAY / f"{NAME[:-4]}.gsm", 2)
    sound = only(files).sound
    path.unlink()
    with pytest.raises(FileNotFoundError):
        played.playable(sound)
    assert list(played.folder.iterdir()) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_peaks_of_a_sound_that_gets_louder(base, files, played, ending):
    steps = np.repeat([0.2, 0.4, 0.6, 0.8], 3 * RATE)
    record(base / DAY / f"{NAME[:-4]}.{ending}", sound=steps * tone(12, 1))
    peaks = played.peaks(only(files).sound)
    assert len(peaks) == 600
    for step, level in enumerate((0.2, 0.4, 0.6, 0.8)):
        near = [peak == pytest.approx(level, abs=0.09) for peak in peaks[step * 150 + 20:step * 150 + 130]]
        assert sum(near) >= 108  # an mp3 of so low a rate has a dent here and there
    assert peaks == played.peaks(only(files).sound)
    assert json.dumps(peaks)


@pytest.mark.parametrize("samples", [1, 599, 600, 601, 70_000])
def test_short_sounds_have_as_many_peaks(base, files, played, samples):
    record(base / DAY / NAME, sound=np.full(samples, 0.5))
    assert played.peaks(only(files).sound) == pytest.approx([0.5] * 600, abs=0.001)


# -- the moment of the answer ------------------------------------------------------------------------


def taken(started, duration):
    moment = dt.datetime.fromtimestamp(started, BOGOTA) if started else None
    return Recording(NAME, "ready", duration=duration, started=moment)


@pytest.mark.parametrize("started, duration, legs, answered", [
    (NOON, 100, [(NOON + 12, 8, 40)], 12),  # the menu before the queue is on the file too
    (NOON, 100, [(NOON, 0, 40)], 0), (NOON, 12, [(NOON + 12, 8, 40)], 12),
    (NOON, 100, [(-1, 20, 40), (NOON + 60, 9, 40)], 60),  # lost in the first queue, answered in the second
    (NOON + 50, 30, [(NOON + 20, 5, 40), (NOON + 60, 9, 40)], 10),  # the file of the second queue
    (NOON + 3600, 100, [(NOON + 12, 8, 40)], 8),  # a clock that is an hour wrong
    (None, 100, [(NOON + 12, 8, 40)], 8), (None, 5, [(NOON + 12, 8, 40)], None), (NOON, 100, [(-1, 20, 40)], None),
    (NOON, 39.6, [(NOON + 12, 12, 40)], 0),  # recorded from the answer on
    (NOON, 52, [(NOON + 12, 12, 40)], 12),
    (NOON, None, [(NOON + 12, 8, 40)], None), (NOON, 0, [(NOON, 0, 40)], None), (NOON, 100, [], None)])
def test_where_in_the_file_somebody_answered(started, duration, legs, answered):
    assert answered_at(taken(started, duration), legs) == answered


# -- real servers ------------------------------------------------------------------------------------


def table(path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.real
def test_each_recording_of_the_lab_is_found_by_its_callid_alone(shared, played):
    files = Recordings((shared / "lab16/recordings").resolve(), BOGOTA)
    calls = [row["callid"] for row in table(shared / "lab16/scenarios.16.csv")]
    listed = {row["path"]: row for row in table(shared / "lab16/recordings.csv")}
    delivered = {Path(path).name for path, row in listed.items() if row["delivered"] == "yes"}
    owners: dict[str, str] = {}
    formats = set()
    for callid in calls:
        for one in files.find(callid):
            assert one.name not in owners
            owners[one.name] = callid
            assert Path(one.name).stem.endswith(f"-{callid}")
            seconds = float(listed[str(one.path.relative_to(files.base))]["seconds"])
            assert one.duration == pytest.approx(seconds, abs=0.05)
            assert one.state == ("ready" if seconds else "empty")
            if seconds:
                formats.add(one.format)
                with wave.open(str(played.playable(one.sound))) as file:
                    assert file.getsampwidth() == 2
                    assert file.getnframes() / RATE == pytest.approx(seconds, abs=0.05)
                assert max(played.peaks(one.sound)) > 0.3
        bare = callid.removeprefix("issabel01-")
        assert files.find(bare) == []
    assert set(owners) == delivered
    assert len(delivered) == 33
    assert formats == {"wav", "wav49", "gsm"}
    assert files.with_recording(calls) == set(owners.values()) == files.callids(
        dt.date(2026, 11, 22), dt.date(2026, 11, 22))


@pytest.mark.real
def test_transferred_and_overflowed_calls_of_the_lab_show_their_files(shared):
    files = Recordings((shared / "lab16/recordings").resolve(), BOGOTA)
    seen = {}
    for row in table(shared / "lab16/scenarios.16.csv"):
        if row["xfer"] or row["first_queue"] != (row["answer_queue"] or row["first_queue"]):
            for one in files.find(row["callid"]):
                seen[row["scenario"]] = one.name
    assert seen["atxfer"].startswith("q-600-")
    assert seen["blind_refer"].startswith("q-60")
    # It came into 600 and was answered in 601: the file is the second queue's.
    assert seen["overflow"] == "q-601-3074731757-20261122-064037-issabel01-1795347618.274.WAV"


@pytest.mark.real
def test_the_names_of_an_issabel_4_and_its_cdr_rows(shared, base):
    folder = shared / "logs/01_issabel4_centos7_ast16"
    with (folder / "monitor_listing.tsv").open() as file:
        listed = [Path(row["path"]) for row in csv.DictReader(file, delimiter="\t")]
    for path in listed:
        record(base / path.relative_to("/var/spool/asterisk/monitor"), 0.1)
    rows: dict[str, list[str]] = {}
    for row in table(folder / "cdr.csv"):
        rows.setdefault(row["uniqueid"], []).append(row["recordingfile"])
    kolkata = ZoneInfo("Asia/Kolkata")
    by_name, by_row = Recordings(base, kolkata), Recordings(base, kolkata, lambda callid: rows.get(callid, []))
    several = 0
    for callid, names in rows.items():
        several += len([name for name in names if name]) > 1
        expected = sorted({name for name in names if name})
        assert found(by_row, callid) == found(by_name, callid) == expected
    assert several > 5
    assert by_name.with_recording(list(rows)) == {callid for callid, names in rows.items() if any(names)}
    assert len(by_name.with_recording(list(rows))) == len(listed) == 21


def test_the_recordings_of_the_demonstration_are_found(tmp_path):
    made = demo.write(tmp_path, days=2, calls_per_day=40, seed=3, recordings=6,
                      until=dt.datetime(2026, 10, 30, 11, 10, tzinfo=BOGOTA))
    files = Recordings(tmp_path / "recordings", BOGOTA)
    names = sorted(path.name for path in (tmp_path / "recordings").rglob("*.wav"))
    lines = [line.split("|") for path in [*made.rotated, made.queue_log] if path.suffix != ".gz"
             for line in path.read_text().splitlines()]
    calls = {fields[1]: int(fields[0]) for fields in lines if fields[4] == "CONNECT"}
    with_file = files.with_recording(list(calls))
    assert sorted(one.name for callid in with_file for one in files.find(callid)) == names
    assert len(names) == 6
    for callid in with_file:
        one = only(files, callid)
        assert one.state == "ready"
        assert audio.read(one.path).playable
        assert one.started.timestamp() <= calls[callid]
