"""The floor at this moment: who waits, who talks, what every agent does and since when, and each queue today.

Everything is computed from what is open in the log and, where there is one, from what Asterisk itself answers (`ami`).
The log stays the book of record: Asterisk adds ringing, devices and places in the queue, and corrects who is still
there. Moments are epoch seconds.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from data import calendar, frames, measures
from data.agents import ALL_QUEUES, standing
from data.ami import Said
from data.filters import Filters
from data.rules import NOBODY
from data.snapshot import Snapshot

if TYPE_CHECKING:
    from data.view import View

STATES = ("ringing", "busy", "available", "paused", "unknown", "offline")  # in the order of the board
FORGOTTEN = 86_400  # seconds of silence after which an open session proves nothing any more
RECENT = 1800  # seconds of the rolling service level
WEEK = 7
UNHEARD = 3  # seconds by which Asterisk's word may be older than a line of the log
COUNTS = ("offered", "answered", "abandoned", "short_abandoned", "timeout", "exit_empty", "in_progress", "in_sl",
          "asa_count", "asa_sum")


@dataclass(frozen=True)
class Caller:
    """Somebody waiting in `queue` at `position` since `since`."""

    callid: str
    queue: str
    position: int
    number: str
    since: int


@dataclass(frozen=True)
class Talk:
    """A call in progress: `agent` talks since `since` with somebody who came through `queue`."""

    callid: str
    queue: str
    agent: str
    number: str
    since: int


@dataclass(frozen=True)
class Place:
    """An agent in one queue; `reason` and `since` of the pause where there is one."""

    queue: str
    paused: bool = False
    reason: str | None = None
    since: int | None = None


@dataclass(frozen=True)
class Agent:
    """`state` is one of STATES, `since` None where nobody knows. `queue`, `number` and `callid` belong to the call,
    `reason` to the pause; `queues` are those the agent is known to be in."""

    agent: str
    state: str
    since: int | None
    queue: str | None = None
    number: str | None = None
    callid: str | None = None
    reason: str | None = None
    queues: tuple[Place, ...] = ()


@dataclass
class Facts:
    """What the log of one version says of now, whoever asks: `in_` (agent, queue) -> start of the session, `paused`
    (agent, queue) -> (start, reason), `left` agent -> last log-off, `seen` agent -> last line, `freed` agent -> end of
    the last call or pause of today."""

    waiting: list[Caller]
    talking: list[Talk]
    in_: dict[tuple[str, str], int] = field(default_factory=dict)
    paused: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    freed: dict[str, int] = field(default_factory=dict)


@dataclass
class Floor:
    """Everything within one user's queues."""

    waiting: list[Caller]
    talking: list[Talk]
    agents: list[Agent]
    members: dict[str, list[tuple[Agent, Place]]]  # queue -> who is in it


# -- out of the log --------------------------------------------------------------------------------


def facts(shot: Snapshot, midnight: int) -> Facts:
    """What this version of the log says; computed once for everybody."""
    found: Facts = shot.memo(("live", midnight), lambda: _facts(shot, midnight))
    return found


def _facts(shot: Snapshot, midnight: int) -> Facts:
    waiting, talking = _open(shot)
    state = standing(shot.builder.agents, shot.site.options)
    person = shot.who.identity  # names put together by hand are one person here too
    left: dict[str, int] = {}
    for (who, _), ts in state.removed.items():
        left[person(who)] = max(left.get(person(who), 0), ts)
    seen: dict[str, int] = {}
    for who, ts in state.seen.items():
        seen[person(who)] = max(seen.get(person(who), 0), ts)
    spelled = {key.casefold(): key for key in shot.queue_spelling.names}

    def shown(key: tuple[str, str]) -> tuple[str, str]:
        return person(key[0]), spelled.get(key[1], state.spelled.get(key[1], key[1]))
    freed = _pauses_over([shot.history.pauses, *shot.builder.young.pauses, shot.builder.people(0)[1]], midnight,
                         person)
    for who, ts in _calls_over(shot, midnight).items():
        freed[who] = max(freed.get(who, 0), ts)
    return Facts(waiting, talking, {shown(k): v for k, v in state.sessions.items()},
                 {shown(k): v for k, v in state.pauses.items()}, left, seen, freed)


def _open(shot: Snapshot) -> tuple[list[Caller], list[Talk]]:
    """Legs that are not over, callers in the order in which they came."""
    going = shot.open
    names, agents = shot.queue_spelling, shot.agent_spelling
    rows = np.flatnonzero(going.number("outcome") == frames.OUTCOME["in_progress"])
    waiting: list[Caller] = []
    talking: list[Talk] = []
    places: dict[str, int] = {}
    callid, caller = going.text("callid"), going.text("caller")
    for row in rows[np.argsort(going.number("enter")[rows], kind="stable")].tolist():
        queue = names.names[names.of[going.number("queue")[row]]]
        number, connect = caller[row].as_py(), int(going.number("connect")[row])
        if connect < 0:
            places[queue] = places.get(queue, 0) + 1
            waiting.append(Caller(callid[row].as_py(), queue, places[queue], number, int(going.number("enter")[row])))
        else:
            code = int(going.number("agent")[row])
            agent = agents.names[agents.of[code]] if code >= 0 else ""
            talking.append(Talk(callid[row].as_py(), queue, agent, number, connect))
    return waiting, talking


def _pauses_over(tables: Iterable[pa.Table], since: int, identity: Callable[[str], str]) -> dict[str, int]:
    """Agent -> the end of the last pause that ended at `since` or later."""
    found: dict[str, int] = {}
    for table in tables:
        ends = table.column("end").to_numpy()
        rows = np.flatnonzero(ends >= since)
        for raw, end in zip(table.column("agent").take(pa.array(rows)).to_pylist(), ends[rows].tolist(), strict=True):
            who = identity(raw or "")
            found[who] = max(found.get(who, 0), end)
    return found


def _calls_over(shot: Snapshot, since: int) -> dict[str, int]:
    """Agent -> the end of the last call, of those that began at `since` or later."""
    rows = shot.between(since, 1 << 60)
    agent, end = rows.number("agent"), rows.number("end")
    last = np.zeros(len(shot.agent_words.texts) + 1, dtype=np.int64)
    np.maximum.at(last, agent, end)  # the last place gathers those without an agent
    found: dict[str, int] = {}
    for code in np.flatnonzero(last[:-1]).tolist():
        who = shot.agent_spelling.names[shot.agent_spelling.of[code]]
        found[who] = max(found.get(who, 0), int(last[code]))
    return found


# -- what is so now --------------------------------------------------------------------------------


def floor(view: "View", said: Said | None = None) -> Floor:
    """The floor for one user; `said` is what Asterisk answered, None when nobody asks it."""
    shot, now = view.snapshot, int(view.clock())
    options = shot.site.options
    midnight = calendar.midnight(view.today(), view.zone)
    log = facts(shot, midnight)
    waiting = [c for c in log.waiting if now - c.since <= options.max_wait_open]
    talking = [t for t in log.talking if now - t.since <= options.max_talk_open]
    if said is not None:
        waiting = _heard(waiting, talking, said)
    waiting.sort(key=lambda c: (c.since, c.queue, c.position))
    people = _people(shot, log, talking, said, now, midnight)
    return _within(view, Floor(waiting, talking, people, {}), log)


def _heard(waiting: list[Caller], talking: list[Talk], said: Said) -> list[Caller]:
    """Callers as Asterisk sees them: in its order, without those whose end the log has lost, with those whose line is
    still to come."""
    written = {c.callid: c for c in waiting}
    served = {t.callid for t in talking}
    found = []
    for entry in said.entries:
        known = written.pop(entry.callid, None)
        if known is not None:
            found.append(Caller(known.callid, known.queue, entry.position, known.number, known.since))
        elif entry.callid not in served and said.at - entry.since <= UNHEARD:
            found.append(Caller(entry.callid, entry.queue, entry.position, entry.number, entry.since))
    return found + [c for c in written.values() if c.since > said.asked - UNHEARD]  # who came after the question


def _people(shot: Snapshot, log: Facts, talking: list[Talk], said: Said | None, now: int, midnight: int) -> list[Agent]:
    same = _same(shot, said)
    calls = {same(t.agent): t for t in sorted(talking, key=lambda t: t.since)}  # of several the newest one
    places: dict[str, dict[str, Place]] = {}
    joined: dict[str, int] = {}
    pauses = {(same(who), queue): value for (who, queue), value in log.paused.items()}
    if said is None:
        for (who, queue), start in log.in_.items():
            places.setdefault(who, {})[queue] = _place(pauses, who, queue)
            joined[who] = min(joined.get(who, start), start)
        for who, queue in pauses:  # members of the configuration are known by their pauses alone
            places.setdefault(who, {}).setdefault(queue, _place(pauses, who, queue))
    else:
        for member in said.members:
            who = same(shot.who.identity(member.name))
            held = pauses.get((who, member.queue), (member.since, member.reason))
            places.setdefault(who, {})[member.queue] = Place(
                member.queue, member.paused, (member.reason or held[1]) if member.paused else None,
                held[0] if member.paused else None)
        for (who, _), start in log.in_.items():
            joined[same(who)] = min(joined.get(same(who), start), start)
    seen = _latest(log.seen, same)
    recent = {who for who, ts in seen.items() if ts >= midnight}
    left, freed = _latest(log.left, same), _latest(log.freed, same)
    devices = _devices(shot, same, said)
    found = []
    for who in sorted({*places, *calls, *recent} - {"", *NOBODY}, key=str.casefold):
        mine = places.get(who, {})
        known = said is not None or any((who, queue) in log.in_ for queue in mine)
        found.append(_state(who, calls.get(who), tuple(mine.values()), devices.get(who), seen.get(who, 0), now, known,
                            left.get(who), max(freed.get(who, 0), joined.get(who, 0)) or None))
    return found


def _state(who: str, call: Talk | None, places: tuple[Place, ...], device: tuple[str, int] | None, seen: int, now: int,
           known: bool, left: int | None, free: int | None) -> Agent:
    """`device` is (state, since) of the phone as Asterisk knows it; `known`: whether the agent is certainly in."""
    real = tuple(p for p in places if p.queue not in ("", "callback", ALL_QUEUES))
    if call is not None:
        return Agent(who, "busy", call.since, call.queue, call.number, call.callid, queues=real)
    if device and device[0] in ("ringing", "busy"):
        return Agent(who, device[0], device[1], queues=real)
    everywhere = next((p for p in places if p.queue == ALL_QUEUES and p.paused), None)
    if everywhere or (places and all(p.paused for p in places)):
        first = everywhere or min(places, key=lambda p: p.since or now)
        return Agent(who, "paused", first.since, reason=first.reason or None, queues=real)
    if device and device[0] == "offline":
        return Agent(who, "offline", device[1], queues=real)
    if device or (known and now - seen <= FORGOTTEN):
        return Agent(who, "available", free or (device[1] if device else None), queues=real)
    if places and known:
        return Agent(who, "unknown", seen or None, queues=real)
    if left is not None and left >= seen - 2:
        return Agent(who, "offline", left)
    return Agent(who, "offline" if left is not None else "unknown", seen or None, queues=real)


def _place(pauses: dict[tuple[str, str], tuple[int, str]], who: str, queue: str) -> Place:
    held = pauses.get((who, queue))
    return Place(queue, True, held[1], held[0]) if held else Place(queue)


def _latest(moments: dict[str, int], same: Callable[[str], str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for who, ts in moments.items():
        found[same(who)] = max(found.get(same(who), 0), ts)
    return found


def _same(shot: Snapshot, said: Said | None) -> Callable[[str], str]:
    """One name for an agent whom the log calls by the interface and Asterisk by the name."""
    names = {shot.who.identity(m.interface): shot.who.identity(m.name) for m in said.members} if said else {}
    return lambda who: names.get(who, who)


def _devices(shot: Snapshot, same: Callable[[str], str], said: Said | None) -> dict[str, tuple[str, int]]:
    """What the phone of each agent does; of several memberships the busiest one counts."""
    order = ("ringing", "busy", "available", "offline")
    found: dict[str, tuple[str, int]] = {}
    for member in said.members if said else ():
        who = same(shot.who.identity(member.name))
        if who not in found or order.index(member.state) < order.index(found[who][0]):
            found[who] = (member.state, member.since)
    return found


# -- within a user's queues ------------------------------------------------------------------------


def _within(view: "View", whole: Floor, log: Facts) -> Floor:
    """What this user may see: callers and calls of his queues, agents who are in them, numbers as he may read them."""
    mine = view.mine
    agents = []
    others = None if view.queues_allowed is None else {agent for agent, _ in view.agents()}
    for agent in whole.agents:
        places = tuple(p for p in agent.queues if mine(p.queue))
        if others is not None and not places and not (agent.queue and mine(agent.queue)) and agent.agent not in others:
            continue
        foreign = agent.queue is not None and not mine(agent.queue)
        agents.append(Agent(agent.agent, agent.state, agent.since, None if foreign else agent.queue,
                            None if foreign or agent.number is None else view.shown(agent.number),
                            None if foreign else agent.callid, agent.reason, places))
    members: dict[str, list[tuple[Agent, Place]]] = {}
    for agent in agents:
        for place in agent.queues:
            members.setdefault(place.queue, []).append((agent, place))
    return Floor(
        [Caller(c.callid, c.queue, c.position, view.shown(c.number), c.since) for c in whole.waiting if mine(c.queue)],
        [Talk(t.callid, t.queue, t.agent, view.shown(t.number), t.since) for t in whole.talking if mine(t.queue)],
        agents, members)


# -- queues ----------------------------------------------------------------------------------------


def queues(view: "View", here: Floor, origin: str = "external") -> list[dict[str, Any]]:
    """A row a queue that is alive (calls within a week, or somebody in it): who is there now (`available` None where
    nobody knows who is in it), `today` and `recent` (the last half hour) as sums of COUNTS and `sl_pct`, 0-100."""
    today = Filters(view.today(), view.today(), origin=origin)
    totals = {row["queue"]: row for row in view.by_queue(today).to_dict("records")}
    late = recent(view, origin)
    week = Filters(today.start - dt.timedelta(days=WEEK - 1), today.end, origin="all")
    alive = set(view.by_queue(week)["queue"]) | set(here.members) | {c.queue for c in here.waiting} | {
        t.queue for t in here.talking}
    site, found = view.snapshot.site, []
    for queue in sorted(alive, key=str.casefold):
        inside = here.members.get(queue, [])
        states = [("paused" if place.paused and agent.state in ("available", "paused") else agent.state)
                  for agent, place in inside]
        talks = [t for t in here.talking if t.queue == queue]
        waits = [c.since for c in here.waiting if c.queue == queue]
        found.append({
            "queue": queue, "name": site.queue_label(queue), "threshold": site.threshold(queue),
            "sl_target": site.sl_target(queue), "waiting": len(waits), "since": min(waits, default=None),
            "talking": len(talks), "ringing": states.count("ringing"), "busy": max(states.count("busy"), len(talks)),
            "available": states.count("available") if inside else None,
            "paused": states.count("paused") if inside else None,
            "today": _level(totals.get(queue, {})), "recent": _level(late.get(queue, {}))})
    return found


def recent(view: "View", origin: str = "external") -> dict[str, dict[str, int]]:
    """Queue -> sums of the legs that entered in the last RECENT seconds."""
    now = int(view.clock())

    def make() -> dict[str, dict[str, int]]:
        spelled, sums = view.snapshot.queue_spelling, view.sums_since(now - RECENT, origin)
        found: dict[str, dict[str, int]] = {}
        for code in np.flatnonzero(sums["offered"]).tolist():
            row = found.setdefault(spelled.names[spelled.of[code]], dict.fromkeys(COUNTS, 0))
            for name in COUNTS:
                row[name] += int(sums[name][code])
        return found
    found: dict[str, dict[str, int]] = view.snapshot.memo(("recent", origin, now // 5), make)
    return found


def _level(row: Mapping[Any, Any]) -> dict[str, Any]:
    """COUNTS of a row (0 where it has none) and the service level out of them; `served` is its denominator."""
    found: dict[str, Any] = {name: int(row.get(name) or 0) for name in COUNTS}
    found["served"] = (found["answered"] + found["abandoned"] - found["short_abandoned"] + found["timeout"]
                       + found["exit_empty"])
    found["sl_pct"] = measures.plain(100 * found["in_sl"] / found["served"]) if found["served"] else None
    return found


def curve(view: "View", queues: tuple[str, ...] = (), origin: str = "external") -> list[dict[str, Any]]:
    """The 24 hours: calls offered `today` and on a `typical` day, the mean of this weekday over the eight weeks before;
    None for hours still to come, and where there is no history."""
    now = view.now()
    today = Filters(now.date(), now.date(), queues, origin=origin)
    before = Filters(today.start - dt.timedelta(days=8 * WEEK), today.start - dt.timedelta(days=1), queues,
                     origin=origin)
    hours = view.by_hour(today)["offered"].tolist()
    past = view.by_weekday_hour(before)
    past = past[past["weekday"] == now.weekday()]
    days = view.by_day(before)
    there = sum(1 for date, offered in zip(days["date"], days["offered"], strict=True)
                if date.weekday() == now.weekday() and offered)
    return [{"hour": hour, "today": int(hours[hour]) if hour <= now.hour else None,
             "typical": round(float(offered) / there, 1) if there else None}
            for hour, offered in enumerate(past["offered"].tolist())]
