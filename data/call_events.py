"""One call as its customer lived it: the legs, who was rung in vain, and every line of the log about it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data import calendar, calls, frames, journeys, private, queue_log, runs
from data.queue_log import FIELDS, Events
from data.rows import SPLIT_MARKER
from data.rules import NOBODY, RELINK, SETTLE, TALK_FIELD
from data.runs import Rows
from data.view import View

_BORN = re.compile(r"(\d{9,10})\.\d+$")  # a callid ends with the second in which its channel was made
EARLY = 86_400  # no menu keeps anybody longer before the queue
ATTEMPTS = ("ts", "callid", "queue", "queue_name", "agent", "agent_name", "kind", "ring", "noise")


@dataclass(frozen=True)
class Event:
    """A line of the log. `queue` and `agent` are None where it names none; `line` is how it stands there."""

    ts: int
    event: str
    callid: str
    queue: str | None
    agent: str | None
    data: tuple[str, ...]
    line: str


@dataclass(frozen=True)
class Journey:
    """`callids`: all under which the call went. `call`: one row of journeys.COLUMNS; `legs` as calls.COLUMNS and
    `attempts` as ATTEMPTS, in the order of time. `whole` is False where a part of the log could not be read."""

    callid: str
    callids: tuple[str, ...]
    call: pd.DataFrame
    legs: pd.DataFrame
    attempts: pd.DataFrame
    events: tuple[Event, ...]
    whole: bool


def journey(view: View, callid: str) -> Journey | None:
    """The call with this callid; None for one that the user may not know."""
    callids, rows = _together(view, callid)
    if not len(rows):
        return None
    order = np.argsort(rows.number("enter"), kind="stable")
    places = runs.places(rows, view.snapshot.legs)[order]
    start, end = _span(view, rows, callids)
    events, whole = _events(view, rows, callids, start, end)
    attempts = _attempts(view, callids, start, end)
    call = journeys.read(view, journeys.gather(view, rows), np.zeros(1, dtype=np.int64))
    return Journey(callid, tuple(callids), call, calls.read(view, places), attempts, events, whole)


def _together(view: View, callid: str) -> tuple[list[str], Rows]:
    """Every callid of the call, in the order in which it is met, and its legs."""
    known, rows = [callid], view.legs_of(callid)
    while True:
        met = [text for name in ("callid_enter", "callid") for text in rows.text(name).to_pylist()]
        more = [text for text in dict.fromkeys(met) if text not in known]
        if not more:
            return known, rows
        known += more
        rows = view.legs_of(*known)


def _span(view: View, rows: Rows, callids: Iterable[str]) -> tuple[int, int]:
    """Seconds between which the lines of the call stand: from the birth of its channel, until it is surely over."""
    enter, ends = rows.number("enter"), rows.number("call_end")
    first = int(enter.min())
    born = [int(found[1]) for text in callids if (found := _BORN.search(text))]
    first = min([first, *(second for second in born if first - EARLY <= second)])
    last = int(view.clock()) if (ends < 0).any() else int(ends.max())
    return first - SETTLE, max(last, int(enter.max())) + SETTLE


def _attempts(view: View, callids: list[str], start: int, end: int) -> pd.DataFrame:
    """Who was rung in vain (ATTEMPTS): `ring` in seconds, `noise` a telephone that was busy or could not be reached."""
    shot, wanted, allowed = view.snapshot, pa.array(callids, pa.large_string()), view.allowed()

    def keep(run: runs.Run, chosen: slice | np.ndarray) -> np.ndarray:
        mine = pc.is_in(run.text("callid"), value_set=wanted).to_numpy(zero_copy_only=False)[chosen]
        return mine & np.isin(run.number("queue")[chosen], allowed)
    rows = runs.between(shot.tries, "ts", start, end + 1).keep(keep)
    order = np.argsort(rows.number("ts"), kind="stable")
    number = {name: rows.number(name)[order] for name in ("ts", "queue", "agent", "kind", "ring_ms")}
    queues = [shot.queue_spelling.names[i] for i in shot.queue_spelling.of[number["queue"]]]
    agents = [shot.agent_spelling.names[i] for i in shot.agent_spelling.of[number["agent"]]]
    ms = number["ring_ms"]
    return pd.DataFrame({
        "ts": calendar.local(number["ts"], view.zone), "callid": rows.text("callid").take(pa.array(order)).to_pylist(),
        "queue": queues, "queue_name": [shot.site.queue_label(q) for q in queues],
        "agent": agents, "agent_name": [shot.agent_label(a) for a in agents],
        "kind": [frames.ATTEMPTS[code] for code in number["kind"]], "ring": np.where(ms >= 0, ms / 1000, np.nan),
        "noise": (number["kind"] == 0) & (ms >= 0) & (ms <= shot.site.options.rna_noise_ms)}, columns=list(ATTEMPTS))


# -- the lines -------------------------------------------------------------------------------------


def _events(view: View, rows: Rows, callids: list[str], start: int, end: int) -> tuple[tuple[Event, ...], bool]:
    """The lines of these callids that the user may see, in the order of time (P2)."""
    strange = _ended_elsewhere(view, rows)
    broken = bool((rows.number("end_by") == frames.ENDED["restart"]).any()
                  or (rows.number("outcome") == frames.OUTCOME["interrupted"]).any())
    words = [f"|{callid}|".encode(code, "replace") for callid in callids for code in ("utf-8", "latin-1")]
    words += [f"{ts}|".encode() for ts, *_ in strange]
    raw, whole = view.snapshot.lines(
        sorted({*words, b"|QUEUESTART|"} if broken else set(words)), start, end)
    found = queue_log.in_time(queue_log.parse(raw)[0]) if raw else queue_log.EMPTY
    return tuple(_shown(view, rows, callids, _mine(found, callids, strange, broken, start, end))), whole


Strange = tuple[int, str, str, int]


def _ended_elsewhere(view: View, rows: Rows) -> list[Strange]:
    """Second, queue (case-folded), agent as written and seconds of talk of the ends that stand under another callid:
    the leg was tied to such a line (L4) without taking its callid."""
    shot = view.snapshot
    tied = (rows.number("flags") & frames.FLAG["relinked"] > 0) & (rows.number("call_end") >= 0)
    return [(ts, shot.queue_words.texts[queue].casefold(), shot.agent_words.texts[agent], talk)
            for ts, queue, agent, talk in zip(*(rows.number(name)[tied].tolist() for name in (
                "call_end", "queue", "agent", "call_talk")), strict=True) if agent >= 0]


def _mine(found: Events, callids: list[str], strange: list[Strange], broken: bool, start: int, end: int) -> Events:
    """Of lines that mention the call those that are about it: its own, those of a menu that carry the callid as a
    queue, its end under another callid, and the restart that cut it."""
    callid, queue, agent, event = (_texts(found, field) for field in (1, 2, 3, 4))
    keep = np.zeros(len(found), dtype=bool)
    restarted = False
    for i in range(len(found)):
        ts = int(found.ts[i])
        own = callid[i] in callids or queue[i] in callids
        other = not own and event[i].strip() in TALK_FIELD and any(
            ts == second and queue[i].casefold() == where and agent[i] == who
            and abs(max(_talk(found, i, event[i].strip()), 0) - max(talk, 0)) <= RELINK
            for second, where, who, talk in strange)
        cut = broken and not restarted and event[i].strip() == "QUEUESTART" and bool(keep.any())
        keep[i] = start <= ts <= end and (own or other or cut)
        restarted |= cut
    return found.take(keep)


def _texts(found: Events, field: int) -> list[str]:
    column = found.column(field)
    return [column.values[code] for code in column.codes.tolist()]


def _talk(found: Events, row: int, event: str) -> int:
    return int(found.number(np.array([row]), TALK_FIELD[event])[0])


def _shown(view: View, rows: Rows, callids: list[str], found: Events) -> Iterator[Event]:
    """The lines as the user may see them: of his queues, numbers masked without the right to see them."""
    who, queues = view.snapshot.who, {q.casefold(): q for q in view.snapshot.queues}
    known = [text for name in ("caller", "caller_orig") for text in rows.text(name).to_pylist()]
    foreign = _foreign(view, rows, callids)
    texts = [_texts(found, field) for field in (1, 2, 3, 4)]
    for ts, raw, callid, queue, agent, event in zip(
            found.ts.tolist(), found.lines(np.arange(len(found))).split(b"\n")[:-1], *texts, strict=True):
        place = queues.get(queue.casefold())
        named = queue not in (*NOBODY, "NODEST") and queue not in callids
        if not (view.mine(queue) if named else foreign is None or foreign(ts)):
            continue
        line, data = _cut(queue_log.decode(pa.array([raw], pa.large_binary()))[0],
                          None if view.numbers or event.strip() == "DID" else known)  # the center's own is no secret
        event, agent, data = _put_together(event.strip(), agent, data)
        yield Event(ts, event, callid, (place or queue) if named else None,
                    None if agent in NOBODY else who.identity(agent), tuple(data.split("|")) if data else (), line)


def _cut(line: str, hidden: list[str] | None) -> tuple[str, str]:
    """The line, and its data; without numbers where some are `hidden`."""
    parts = line.split("|", FIELDS)
    if len(parts) > FIELDS and hidden is not None:
        parts[FIELDS] = private.text(parts[FIELDS], hidden)
    return "|".join(parts), parts[FIELDS] if len(parts) > FIELDS else ""


def _put_together(event: str, agent: str, data: str) -> tuple[str, str, str]:
    """Event, agent and data of a line that a comma in the agent's name has torn (queue_log.md 7.2.9)."""
    marker = SPLIT_MARKER.decode()
    return ("TRANSFER", f"{agent}, {event}", data.removeprefix(marker)) if data.startswith(marker) else (
        event, agent, data)


def _foreign(view: View, rows: Rows, callids: list[str]) -> Callable[[int], bool] | None:
    """Tells of a line without a queue whether it belongs to the legs that the user sees, by its second; None when he
    sees them all."""
    if view.queues_allowed is None:
        return None
    every = replace(view, queues_allowed=None).legs_of(*callids)
    if len(every) == len(rows):
        return None
    mine = set(runs.places(rows, view.snapshot.legs).tolist())
    places = runs.places(every, view.snapshot.legs).tolist()
    spans = [(int(enter), int(end) if end >= 0 else 1 << 62, place in mine) for enter, end, place in zip(
        every.number("enter"), every.number("call_end"), places, strict=True)]

    def belongs(ts: int) -> bool:
        return {own for enter, end, own in spans if enter <= ts <= end} == {True}
    return belongs
