"""Events to sessions and pauses of agents (queue_log.md 3, rules S and Z).

`fold(state, events) -> (sessions, pauses, state)` settles what is older than SLACK seconds on the log's clock; the
newest lines wait in the state, so that a late line still finds its place and any cut of the log gives the same
rows. `finish` shows everything as it stands. Identities come from the `Names` the state was made with: when the
log teaches a new one, the caller folds again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from data import frames, queue_log, rows
from data.membership import CAUSES, PAUSE_CAUSES, Action, Changes, Steps, among, changes, pair
from data.names import Names
from data.queue_log import Column, Events
from data.rules import KINDS, NOBODY, SLACK, Options

WORDS = (*(name for name, kind in KINDS.items() if kind == KINDS["ADDMEMBER"]), "QUEUESTART")
ALL_QUEUES = "*"  # the pseudo-queue of PAUSEALL lines that no per-queue line explains (Z3)
_ACTIONS = {
    "ADDMEMBER": Action.ADD, "REMOVEMEMBER": Action.REMOVE, "AGENTLOGIN": Action.LOGIN, "AGENTLOGOFF": Action.LOGOFF,
    "AGENTCALLBACKLOGIN": Action.CALLBACK_IN, "AGENTCALLBACKLOGOFF": Action.CALLBACK_OUT, "PAUSE": Action.PAUSE,
    "UNPAUSE": Action.UNPAUSE, "PAUSEALL": Action.PAUSE_ALL, "UNPAUSEALL": Action.UNPAUSE_ALL,
    "QUEUESTART": Action.START,
}
Key = tuple[str, str]


@dataclass
class State:
    """What is open at the cut (`clock - SLACK`), and the newer lines not yet applied.

    `sessions`: (identity, queue or "" or "callback") -> start; `pauses`: (identity, queue) -> (start, reason);
    `removed`: last REMOVEMEMBER or LOGOFF of a key; `seen`: identity -> last line of the agent; `recent`: seconds in
    which anything was written since the cut, and the last one before it. Epoch seconds throughout.
    """

    names: Names = field(default_factory=Names)
    held: Events = queue_log.EMPTY
    clock: int = 0
    recent: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    sessions: dict[Key, int] = field(default_factory=dict)
    pauses: dict[Key, tuple[int, str]] = field(default_factory=dict)
    removed: dict[Key, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "State":
        return replace(self, sessions=dict(self.sessions), pauses=dict(self.pauses), removed=dict(self.removed),
                       seen=dict(self.seen), spelled=dict(self.spelled))


@dataclass
class Own:
    """Lines of agents, what each gives as its reason (or a telephone), and the seconds it tells of."""

    events: Events
    reasons: Column
    told: np.ndarray

    @classmethod
    def of(cls, events: Events) -> "Own":
        if not len(events):
            return _NOTHING
        events.read()
        every = np.arange(len(events))
        return cls(events, Column(events.rest(every).fill_null(b"")), events.number(every, 1))


_NOTHING = Own(queue_log.EMPTY, Column(pa.array([], pa.binary())), np.empty(0, dtype=np.int64))


@dataclass
class Part:
    """What a part of the log says whatever was open before it: `own` lines of agents, `seconds` in which anything was
    written, and the `last` line of every agent (raw text, epoch)."""

    own: Own
    seconds: np.ndarray
    last: list[tuple[str, int]]


def part(events: Events) -> Part:
    """The first half of `fold`, which may be done before its turn."""
    events = queue_log.in_time(events)
    column = events.column(4)
    wanted = np.array([value.strip() in WORDS for value in column.values] or [False])
    own = Own.of(events.take(np.flatnonzero(wanted[column.codes])))
    if not len(events):
        return Part(own, events.ts, [])
    speaker = events.column(3)
    last = np.zeros(len(speaker.values), dtype=np.int64)
    last[speaker.codes] = events.ts  # they are in order: of several the last one stays
    return Part(own, events.ts[np.append(True, events.ts[1:] != events.ts[:-1])],
                [pair for pair in zip(speaker.values, last.tolist(), strict=True) if pair[0] not in NOBODY])


def fold(state: State, events: Events, options: Options,
         first: Part | None = None) -> tuple[pa.Table, pa.Table, State]:
    """One step of the log: sessions and pauses (frames.SESSION, frames.PAUSE) that ended, and what goes on. `first` is
    the `part` of these events, where it was made before."""
    state, found = state.copy(), first or part(events)
    _remember(state, found)
    cut, waiting = state.clock - SLACK, (state.held, found.own.events)
    settled = sum(int((lines.ts <= cut).sum()) for lines in waiting)
    sessions, pauses = _apply(state, [Own.of(state.held), found.own] if settled else [], settled, options)
    if settled or len(found.own.events):
        left = b"".join(lines.lines(np.flatnonzero(lines.ts > cut)) for lines in waiting)
        state.held = queue_log.in_time(queue_log.parse(left)[0])
    older = state.recent[state.recent <= cut]
    state.recent = np.concatenate([older[-1:], state.recent[state.recent > cut]])
    return sessions, pauses, state


def _remember(state: State, found: Part) -> None:
    """Seconds in which something was written, and the last line of every agent."""
    seconds = found.seconds
    if not len(seconds):
        return
    state.clock = max(state.clock, int(seconds[-1]))
    if len(state.recent) and seconds[0] == state.recent[-1]:
        seconds = seconds[1:]
    later = not len(state.recent) or not len(seconds) or seconds[0] > state.recent[-1]
    state.recent = np.concatenate([state.recent, seconds]) if later else np.union1d(state.recent, seconds)
    for raw, ts in found.last:
        who = state.names.identity(raw)
        state.seen[who] = max(state.seen.get(who, 0), ts)


def finish(state: State, now: int, options: Options) -> tuple[pa.Table, pa.Table]:
    """Sessions and pauses after the newest line: what the fold has not settled yet, and what is open at `now`
    (`end` -1, closed_by "open"; rules S5, Z8)."""
    state = state.copy()
    sessions, pauses = _apply(state, [Own.of(state.held)], len(state.held), options)
    opened = [(who, queue, start, *_limit(state, who, start, now, options))
              for (who, queue), start in state.sessions.items()]
    paused = [(who, queue, start, reason) for (who, queue), (start, reason) in state.pauses.items()]
    more = _sessions([o[0] for o in opened], [_shown(state, o[1]) for o in opened], [o[2] for o in opened],
                     [o[3] for o in opened], [o[4] for o in opened])
    still = _pauses([p[0] for p in paused], [_shown(state, p[1]) for p in paused], [p[2] for p in paused],
                    [-1] * len(paused), [p[3] for p in paused], ["open"] * len(paused))
    return pa.concat_tables([sessions, more]), pa.concat_tables([pauses, still])


def standing(state: State, options: Options) -> State:
    """The state with its newest lines applied: who is in and on pause as the log ends."""
    state = state.copy()
    _apply(state, [Own.of(state.held)], len(state.held), options)
    return state


def _limit(state: State, who: str, start: int, now: int, options: Options) -> tuple[int, str]:
    if options.max_session is not None and now - start > options.max_session:
        return max(state.seen.get(who, start), start), "max_session"
    return -1, "open"


def _shown(state: State, queue: str) -> str | None:
    return None if queue in ("", "callback") else state.spelled.get(queue, queue)


def _apply(state: State, parts: Sequence[Own], count: int, options: Options) -> tuple[pa.Table, pa.Table]:
    """Moves the state over the first `count` events (the others are only looked ahead at). Of one second those of the
    first part come first."""
    if not count:
        return frames.empty(frames.SESSION), frames.empty(frames.PAUSE)
    parts = [part for part in parts if len(part.events)]
    _spell(state, parts, count)
    steps = _steps(state, parts)
    now = steps.head(count)
    members = changes(now.only(Action.ADD, Action.REMOVE, *([] if options.persistent_members else [Action.START])),
                      _opened(state, steps, member=True), on=(Action.ADD,))
    logins = changes(now.logins(), _opened(state, steps, member=False), on=(Action.LOGIN, Action.CALLBACK_IN))
    sessions = pa.concat_tables([_ended(state, steps, members), _ended(state, steps, logins)])
    pauses = _paused(state, steps, now, members)
    return sessions, pauses


def _steps(state: State, parts: Sequence[Own]) -> Steps:
    """The lines as numbers; every agent is his identity, every queue its case-folded name."""
    people: dict[str, int] = {}
    places: dict[str, int] = {"": 0, "callback": 1, ALL_QUEUES: 2}
    reasons: dict[str, int] = {}
    found = [_numbers(state, part, people, places, reasons) for part in parts]
    for (who, queue) in (*state.sessions, *state.pauses):
        people.setdefault(who, len(people))
        places.setdefault(queue, len(places))
    ts, action, agent, place, reason, seconds = (np.concatenate(column) for column in zip(*found, strict=True))
    if len(parts) > 1 and not bool((ts[1:] >= ts[:-1]).all()):
        order = np.argsort(ts, kind="stable")
        ts, action, agent, place, reason, seconds = (
            column[order] for column in (ts, action, agent, place, reason, seconds))
    paused = np.array([w.strip().upper() == "PAUSED" for w in reasons] or [False])[reason]
    before = np.searchsorted(state.recent, ts, side="left") - 1
    quiet = np.where(before >= 0, state.recent[np.maximum(before, 0)], ts) if len(state.recent) else ts
    return Steps(ts, np.arange(len(ts)), action, agent, place, reason, paused, seconds, quiet, list(people),
                 list(places), list(reasons))


def _spell(state: State, parts: Sequence[Own], count: int) -> None:
    """A queue is shown as the earliest of its first `count` lines spells it, however the log is cut."""
    columns = [part.events.column(2) for part in parts]
    if all(value.casefold() in state.spelled for column in columns for value in column.values):
        return
    order = np.argsort(np.concatenate([part.events.ts for part in parts]), kind="stable")[:count]
    queues = Column.joined(columns)
    spoken, first = np.unique(queues.codes[order], return_index=True)
    for code in spoken[np.argsort(first)].tolist():
        state.spelled.setdefault(queues.values[code].casefold(), queues.values[code])


def _numbers(state: State, own: Own, people: dict[str, int], places: dict[str, int],
             reasons: dict[str, int]) -> tuple[np.ndarray, ...]:
    """Time, action, agent, queue, reason and seconds of these lines; new names are added to the three lists."""
    events = own.events
    words, agents, queues = events.column(4), events.column(3), events.column(2)
    action = np.array([_ACTIONS[value.strip()] for value in words.values], dtype=np.int64)[words.codes]
    login = among(action, (Action.LOGIN, Action.LOGOFF))
    plain = np.array([people.setdefault(state.names.identity(v), len(people)) for v in agents.values], dtype=np.int64)
    bare = np.array([people.setdefault(state.names.identity(v, True), len(people)) for v in agents.values],
                    dtype=np.int64)
    folded = np.array([places.setdefault(v.casefold(), len(places)) for v in queues.values], dtype=np.int64)
    reason = np.array([reasons.setdefault(v, len(reasons)) for v in own.reasons.values], dtype=np.int64)
    callback = among(action, (Action.CALLBACK_IN, Action.CALLBACK_OUT))
    place = np.where(login, 0, np.where(callback, 1, folded[queues.codes]))
    return (events.ts, action, np.where(login, bare[agents.codes], plain[agents.codes]), place,
            reason[own.reasons.codes], own.told)


def _opened(state: State, steps: Steps, member: bool) -> dict[int, tuple[int, int]]:
    """Open sessions by key number: (start, last removal)."""
    found = {}
    for (who, queue) in (*state.sessions, *state.removed):
        if (queue not in ("", "callback")) == member and who in steps.person and queue in steps.place_of:
            key = steps.key(who, queue)
            found[key] = (state.sessions.get((who, queue), -1), state.removed.get((who, queue), -10))
    return found


def _ended(state: State, steps: Steps, change: Changes) -> pa.Table:
    """Closed sessions as rows; the state keeps those that are open."""
    for key, start in change.open.items():
        state.sessions[steps.name(key)] = start
    for key in change.closed:
        state.sessions.pop(steps.name(key), None)
    for key, ts in change.removed.items():
        state.removed[steps.name(key)] = ts
    agent, queue = _named(state, steps, change.key)
    return pa.table({"agent": agent, "queue": queue, "start": change.start, "end": change.end,
                     "closed_by": _words(change.cause, CAUSES)}, schema=frames.SESSION)


def _named(state: State, steps: Steps, keys: np.ndarray) -> tuple[pa.Array, pa.Array]:
    """Agents and queues of keys, word columns."""
    shown = [_shown(state, queue) for queue in steps.places]
    place = keys % len(shown)
    hidden = np.array([name is None for name in shown])
    return (_words(keys // len(shown), steps.people),
            _words(np.where(hidden[place], -1, place), [name or "" for name in shown]))


def _words(codes: np.ndarray, values: Sequence[str]) -> pa.Array:
    """A word column whose dictionary holds every word that is used, once: two spellings of bytes may be one text."""
    number: dict[str, int] = {}
    used = np.unique(codes[codes >= 0])
    place = np.full(len(values) + 1, -1, dtype=np.int64)
    place[used] = [number.setdefault(values[code], len(number)) for code in used.tolist()]
    return rows.dictionary(place[codes], list(number))


def _paused(state: State, steps: Steps, now: Steps, members: Changes) -> pa.Table:
    """Closed pauses as rows; the state keeps those that are open."""
    opened = {steps.key(*key): value for key, value in state.pauses.items()}
    inside = np.array([steps.key(*key) for key in state.sessions if key[1] not in ("", "callback")], dtype=np.int64)
    run = pair(steps, now, opened, members, inside, steps.place_of[ALL_QUEUES])
    state.pauses = {steps.name(key): value for key, value in run.open.items()}
    agent, queue = _named(state, steps, run.key)
    return pa.table({"agent": agent, "queue": queue, "start": run.start, "end": run.end,
                     "reason": _words(run.reason, run.reasons),
                     "closed_by": _words(run.cause, PAUSE_CAUSES)}, schema=frames.PAUSE)


def _sessions(agent: list, queue: list, start: list, end: list, cause: list) -> pa.Table:
    return pa.table({"agent": frames.words(agent), "queue": frames.words(queue), "start": start, "end": end,
                     "closed_by": frames.words(cause)}, schema=frames.SESSION)


def _pauses(agent: list, queue: list, start: list, end: list, reason: list, cause: list) -> pa.Table:
    return pa.table({"agent": frames.words(agent), "queue": frames.words(queue), "start": start, "end": end,
                     "reason": frames.words(reason), "closed_by": frames.words(cause)}, schema=frames.PAUSE)
