"""What the name of a recording says. Names are read from the right: what callers and dialplans put into the left part
may be empty or hold any sign (`q-600-+51-1-20261122-064158-pbx1-1795347718.60.wav`)."""

import datetime as dt
import re
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from data.private import masked

CALLID = re.compile(r"(?:[A-Za-z0-9_.-]{1,100}-)?([0-9]{9,11})\.[0-9]{1,12}")
# Endings in small letters, and the format that each usually holds; `.WAV` is told from `.wav` by its header.
FORMATS = {"wav": "wav", "wav49": "wav49", "gsm": "gsm", "mp3": "mp3", "ulaw": "ulaw", "alaw": "alaw", "sln": "sln"}
ENDINGS = ("wav", "WAV", "gsm", "mp3", "ulaw", "alaw", "sln", "wav49")  # as they are written, likeliest first
_STAMPED = re.compile(r"(?:(.*)-)?([0-9]{8})-([0-9]{6})-((?:[A-Za-z0-9_.-]+-)?[0-9]{9,11}\.[0-9]+)", re.DOTALL)
_ENDED = re.compile(r"(?:.*-)?[0-9]{9,11}\.[0-9]+", re.DOTALL)
_NUMBER = re.compile(r"\+?[0-9]{7,}")
_ANY_NUMBER = re.compile(r"\+?[0-9](?:[ .()-]*[0-9]){6,}")  # also one written in groups


def epoch(callid: str) -> int | None:
    """The second in which the channel of a callid was born; None for what is no callid."""
    found = CALLID.fullmatch(callid)
    return int(found[1]) if found else None


def split(name: str) -> tuple[str, str]:
    """Name and ending of a recording; the ending is '' where it is none of a recording."""
    stem, _, ending = name.rpartition(".")
    return (stem, ending) if ending.lower() in FORMATS else (name, "")


def callids(name: str) -> tuple[str, ...]:
    """Callids under which a file is found: one for a name with a time stamp, which is what stands behind the stamp.
    Without a stamp nobody knows where the name of the system begins: then every part that may be a callid."""
    stem, ending = split(name)
    if not ending or stem.startswith("."):
        return ()
    stamped = _STAMPED.fullmatch(stem)
    if stamped:
        return (stamped[4],) if CALLID.fullmatch(stamped[4]) else ()
    if not _ENDED.fullmatch(stem):
        return ()
    starts = [0, *(at + 1 for at, sign in enumerate(stem) if sign == "-")]
    return tuple(stem[at:] for at in starts if CALLID.fullmatch(stem[at:]))


def started(name: str, zone: ZoneInfo) -> dt.datetime | None:
    """The time stamp of a name as a moment; in an hour that the clock shows twice, the one nearer to the callid."""
    stamped = _STAMPED.fullmatch(split(name)[0])
    if not stamped:
        return None
    try:
        local = dt.datetime.strptime(stamped[2] + stamped[3], "%Y%m%d%H%M%S")  # noqa: DTZ007  the zone follows
    except ValueError:
        return None
    born = epoch(stamped[4]) or 0
    return min((local.replace(tzinfo=zone, fold=fold) for fold in (0, 1)), key=lambda m: abs(m.timestamp() - born))


def printable(name: str) -> str:
    """A name of a disk as text that headers, JSON and pages can carry."""
    whole = name.encode("utf-8", "replace").decode()
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in whole)


def _parts(head: str, numbers: bool) -> list[str]:
    """Kind, number called and caller of `q-600-3001234567`; the caller is all the rest, dashes and all."""
    parts = head.split("-", 2)
    if numbers:
        return parts
    hidden = [_NUMBER.sub(lambda found: masked(found[0]), part) for part in parts]
    return [*hidden[:2], *(masked(part) for part in parts[2:])]


def shown(name: str, numbers: bool) -> str:
    """The name as it may be seen: without the right to see numbers they are masked, the callid stays."""
    if numbers:
        return printable(name)
    stem, ending = split(name)
    stamped = _STAMPED.fullmatch(stem)
    if stamped and stamped[1] is not None:
        stem = "-".join([*_parts(stamped[1], numbers), stem[len(stamped[1]) + 1:]])
    elif not stamped:
        ids = callids(name)
        tail = min(ids, key=len) if ids else ""
        stem = _ANY_NUMBER.sub(lambda found: masked(found[0]), stem.removesuffix(tail)) + tail
    return printable(f"{stem}.{ending}" if ending else stem)


def readable(name: str, numbers: bool) -> str:
    """A name to keep on a computer: 2026-11-22_06-41-58_600_3003583017_1795347718.60.wav."""
    stem, ending = split(name)
    stamped = _STAMPED.fullmatch(stem)
    if not stamped:
        return shown(name, numbers)
    day, clock = stamped[2], stamped[3]
    head = _parts(stamped[1] or "", numbers)
    known = [part for part in (head if len(head) < 2 else head[1:]) if part]
    pieces = [f"{day[:4]}-{day[4:6]}-{day[6:]}", f"{clock[:2]}-{clock[2:4]}-{clock[4:]}", *known, stamped[4]]
    return printable("_".join(pieces) + f".{ending}").replace("/", "-").replace("\\", "-")


def relative(text: str) -> PurePosixPath | None:
    """What a database says of a file, as a path that stays below: `audio:` and NUL are dealt with, `..` is refused."""
    path = PurePosixPath(text.strip().removeprefix("audio:"))
    return None if not path.name or "\0" in text or ".." in path.parts else path
