"""Calls and legs as rows of a list: every cell in the reader's words, ready to be shown."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd

from i18n import NOTHING, clock, day, duration, one, text
from render.words import OUTCOMES, mark

ENDED_BY = {"agent": mark("Agent"), "caller": mark("Caller"), "transfer": mark("Transfer"), "restart": mark("Restart")}
KINDS = {"blind": mark("Blind transfer"), "attended_bridge": mark("Attended transfer"),
         "attended_app": mark("Attended transfer"), "attended_link": mark("Attended transfer"),
         "marker": mark("Transfer"), "implied": mark("Transfer")}
_TURNS = dict.fromkeys((0x61c, 0x200e, 0x200f, *range(0x202a, 0x202f), *range(0x2066, 0x206a)))
_OUTCOME = {outcome.key: outcome for outcome in OUTCOMES}


@dataclass(frozen=True)
class Column:
    """A column of the list: field of a row, words, width in pixels, `kind` (text, number, outcome, audio), the name it
    is sorted by ("" never), and whether one has to ask for it."""

    field: str
    label: str
    width: int
    kind: str = "text"
    sort: str = ""
    extra: bool = False


LEGS = (
    Column("enter", mark("Date and time"), 166, "number", "enter"),
    Column("caller", mark("Number"), 108, "caller", "caller"),
    Column("did", mark("DID"), 106, "text", "did"),
    Column("queue", mark("Queue"), 120, "text", "queue_name"),
    Column("agent", mark("Agent"), 150, "text", "agent_name"),
    Column("outcome", mark("Outcome"), 124, "outcome", "outcome"),
    Column("wait", mark("Wait (m:ss)"), 70, "number", "wait"),
    Column("talk", mark("Talk (m:ss)"), 108, "number", "talk"),
    Column("end_by", mark("Ended by"), 102, "text", "end_by"),
    Column("audio", mark("Audio"), 62, "audio"),
    Column("name", mark("Name of the caller"), 170, "text", "caller_name", extra=True),
    Column("ring", mark("Ring (m:ss)"), 104, "number", "ring", extra=True),
    Column("position", mark("Position on entering"), 110, "number", "position", extra=True),
    Column("transfer_to", mark("Transferred to"), 140, "text", "transfer_to", extra=True),
    Column("key", mark("Key"), 80, "text", "key", extra=True),
    Column("end", mark("End"), 166, "number", "end", extra=True),
    Column("callid", mark("Call id"), 190, "text", "callid", extra=True),
)
CALLS = (
    Column("enter", mark("Date and time"), 166, "number", "enter"),
    Column("caller", mark("Number"), 108, "caller", "caller"),
    Column("did", mark("DID"), 106, "text", "did"),
    Column("queue", mark("Queues"), 120, "text", "queues"),
    Column("agent", mark("Agents"), 150, "text", "agents"),
    Column("outcome", mark("Outcome"), 124, "outcome", "outcome"),
    Column("wait", mark("Wait (m:ss)"), 70, "number", "wait"),
    Column("talk", mark("Talk (m:ss)"), 108, "number", "talk"),
    Column("legs", mark("Queue visits"), 104, "number", "legs"),
    Column("audio", mark("Audio"), 62, "audio"),
    Column("name", mark("Name of the caller"), 170, "text", "caller_name", extra=True),
    Column("end", mark("End"), 166, "number", "end", extra=True),
    Column("callid", mark("Call id"), 190, "text", "callid", extra=True),
)
UNITS = {"legs": LEGS, "calls": CALLS}


def missing(value: Any) -> bool:
    """Nothing there: None, an empty text, NaN, NaT."""
    return value is None or value == "" or (not isinstance(value, str) and pd.isna(value))


def when(lang: str, value: Any) -> str:
    """24/11/2026 14:32:07."""
    return NOTHING if missing(value) else f"{day(lang, value)} {clock(lang, value)}"


def seconds(value: Any) -> str:
    return NOTHING if missing(value) else duration(float(value))


def words(value: Any) -> str:
    return NOTHING if missing(value) else plain(str(value))


def plain(text: str) -> str:
    """Without the marks that turn the direction of what is written: in the name of an agent or a caller they would
    turn the words around it."""
    return text.translate(_TURNS)


def callids(frame: pd.DataFrame) -> list[str]:
    """All callids of rows of legs or of calls, under any of which there may be a recording."""
    several = frame["callids"].explode() if "callids" in frame else pd.concat([frame["callid"], frame["callid_enter"]])
    return [callid for callid in several.unique().tolist() if not missing(callid)]


def outcome(lang: str, key: str) -> tuple[str, str]:
    """Words and colour role of how a call ended."""
    known = _OUTCOME[key]
    return one(lang, known.label), known.role


def short(lang: str, outcome: str, wait: Any, limit: int) -> str:
    """What a short abandon is, of one that is such (as data.measures counts them); "" of everything else. `limit` is in
    seconds, 0 where no abandon is short."""
    if outcome != "abandoned" or missing(wait) or not limit or wait > limit:
        return ""
    return text(lang, "Short abandon: hung up within {time}. It is left out of the abandonment rate and of the service "
                "level.", time=duration(limit))


def title(lang: str, enter: Any, queue: str, agent: str) -> str:
    """What a recording is called while it plays: 600 Ventas · 24/11 14:32 · Ana Gómez."""
    moment = f"{day(lang, enter)} {clock(lang, enter, seconds=False)}"
    return " · ".join(part for part in (queue, moment, agent) if part and part != NOTHING)


def legs(lang: str, frame: pd.DataFrame, recorded: frozenset[str], limit: int = 0) -> list[dict[str, Any]]:
    """Rows of LEGS from data.calls.COLUMNS; `recorded` are the callids that have audio, `limit` is that of `short`.
    `audio` of a row is the callid to ask for it, "" when there is none."""
    found = []
    for leg in frame.to_dict("records"):
        said, role = outcome(lang, leg["outcome"])
        known = [callid for callid in (leg["callid"], leg["callid_enter"]) if callid in recorded]
        by = leg["transfer_kind"] if leg["transfer"] else leg["end_by"]
        ended = NOTHING if missing(by) else text(lang, KINDS[by] if leg["transfer"] else ENDED_BY[by])
        row = {
            "id": f"{leg['callid']} {int(leg['enter'].timestamp())} {leg['queue']}", "callid": leg["callid"],
            "enter": when(lang, leg["enter"]), "caller": words(leg["caller"]), "name": words(leg["caller_name"]),
            "did": words(leg["did"]), "queue": words(leg["queue_name"]), "agent": words(leg["agent_name"]),
            "outcome": said, "role": role, "short": short(lang, leg["outcome"], leg["wait"], limit),
            "transfer": bool(leg["transfer"]), "wait": seconds(leg["wait"]),
            "talk": seconds(leg["talk"]), "ring": seconds(leg["ring"]), "end_by": ended,
            "position": words(None if missing(leg["position"]) else int(leg["position"])),
            "transfer_to": words(leg["transfer_to"]), "key": words(leg["key"]), "end": when(lang, leg["end"]),
            "audio": known[0] if known else ""}
        row["title"] = title(lang, leg["enter"], row["queue"], row["agent"])
        found.append(row)
    return found


def calls(lang: str, frame: pd.DataFrame, recorded: frozenset[str], limit: int = 0) -> list[dict[str, Any]]:
    """Rows of CALLS from data.journeys.COLUMNS. Short is what was given up soon after the call came, not after it came
    into its last queue."""
    found = []
    for leg in frame.to_dict("records"):
        said, role = outcome(lang, leg["outcome"])
        queue = " → ".join(map(words, leg["queue_names"])) or NOTHING
        known = [callid for callid in leg["callids"] if callid in recorded]
        row = {
            "id": leg["callid"], "callid": leg["callid"], "enter": when(lang, leg["enter"]),
            "caller": words(leg["caller"]), "name": words(leg["caller_name"]), "did": words(leg["did"]), "queue": queue,
            "agent": ", ".join(map(words, leg["agent_names"])) or NOTHING, "outcome": said, "role": role,
            "short": short(lang, leg["outcome"], leg["wait"], limit), "transfer": bool(leg["transfer"]),
            "wait": seconds(leg["wait"]), "talk": seconds(leg["talk"]), "legs": str(int(leg["legs"])),
            "end": when(lang, leg["end"]), "audio": known[0] if known else ""}
        row["title"] = title(lang, leg["enter"], queue, row["agent"])
        found.append(row)
    return found


def ago(value: dt.datetime, start: dt.datetime) -> str:
    """How long after the beginning: +0:14."""
    return f"+{duration((value - start).total_seconds())}"
