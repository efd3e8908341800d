"""Who is in and who is on pause: runs of a state per agent and queue, found in columns.

Lines become steps (numbers only); a step sets the state of its key or of several; where the state changes, a run
ends and another begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

SAME = 2  # a second REMOVEMEMBER this soon is the dialplan's copy of the first (queue_log.md 1.6)
FOLLOWS = 1  # per-queue PAUSE lines come within this of their PAUSEALL (Z3)


class Action(IntEnum):
    ADD = 0
    REMOVE = 1
    LOGIN = 2
    LOGOFF = 3
    CALLBACK_IN = 4
    CALLBACK_OUT = 5
    PAUSE = 6
    UNPAUSE = 7
    PAUSE_ALL = 8
    UNPAUSE_ALL = 9
    START = 10
    ADD_PAUSED = 11


CAUSES = ("removemember", "logoff", "restart")  # of the end of a session
PAUSE_CAUSES = ("unpause", "remove", "logoff", "restart", "reason_change")  # of the end of a pause


def _table(words: tuple[str, ...], cause: dict[Action, str]) -> np.ndarray:
    """Number of the cause by number of the action."""
    return np.array([words.index(cause[action]) if action in cause else -1 for action in Action])


_CAUSE = _table(CAUSES, {Action.REMOVE: "removemember", Action.LOGOFF: "logoff", Action.CALLBACK_OUT: "logoff",
                         Action.START: "restart"})
_PAUSE_CAUSE = _table(PAUSE_CAUSES, {
    Action.UNPAUSE: "unpause", Action.UNPAUSE_ALL: "unpause", Action.REMOVE: "remove", Action.LOGOFF: "logoff",
    Action.CALLBACK_OUT: "logoff", Action.START: "restart"})


def among(action: np.ndarray, wanted: Sequence[int]) -> np.ndarray:
    """Whether each action is one of those wanted."""
    found = np.zeros(len(Action), dtype=bool)
    found[list(wanted)] = True
    return found[action]


@dataclass
class Steps:
    """Lines of agents in time order: parallel int64 arrays, and the names behind the numbers."""

    ts: np.ndarray
    order: np.ndarray
    action: np.ndarray
    agent: np.ndarray
    place: np.ndarray
    reason: np.ndarray
    paused: np.ndarray
    seconds: np.ndarray
    quiet: np.ndarray  # the last second before this line in which anything was written
    people: list[str]
    places: list[str]
    reasons: list[str]

    @cached_property
    def person(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.people)}

    @cached_property
    def place_of(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.places)}

    def key(self, who: str, queue: str) -> int:
        return self.person[who] * len(self.places) + self.place_of[queue]

    def name(self, key: int) -> tuple[str, str]:
        who, queue = divmod(int(key), len(self.places))
        return self.people[who], self.places[queue]

    @property
    def keys(self) -> np.ndarray:
        return self.agent * len(self.places) + self.place

    def take(self, rows: np.ndarray | slice) -> "Steps":
        return Steps(self.ts[rows], self.order[rows], self.action[rows], self.agent[rows], self.place[rows],
                     self.reason[rows], self.paused[rows], self.seconds[rows], self.quiet[rows], self.people,
                     self.places, self.reasons)

    def head(self, count: int) -> "Steps":
        return self.take(slice(0, count))

    def only(self, *actions: int) -> "Steps":
        return self.take(np.flatnonzero(among(self.action, actions)))

    def logins(self) -> "Steps":
        """Logins and log-offs of channels and of callback agents, and the restarts that end the former (S4)."""
        return self.only(Action.LOGIN, Action.LOGOFF, Action.CALLBACK_IN, Action.CALLBACK_OUT, Action.START)


@dataclass
class Changes:
    """Closed runs (`key`, `start` -1 unknown, `end`, `cause` a number of CAUSES) and what is open after them."""

    key: np.ndarray
    start: np.ndarray
    end: np.ndarray
    cause: np.ndarray
    open: dict[int, int]
    closed: set[int]
    removed: dict[int, int]
    edges: tuple[np.ndarray, np.ndarray, np.ndarray]  # key, order, 1 in / 0 out: to ask who was in at a step


def spread(starts: np.ndarray, extra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every start crossed with every extra key: (row of the start, key)."""
    return np.repeat(starts, len(extra)), np.tile(extra, len(starts))


def changes(steps: Steps, opened: dict[int, tuple[int, int]], on: tuple[int, ...]) -> Changes:
    """Runs of being in. `opened`: key -> (start or -1, last removal). A restart ends what it may end."""
    restart = steps.action == Action.START
    own = np.flatnonzero(~restart)
    keys = steps.keys[own]
    alive = np.unique(np.concatenate([keys, np.array([k for k, (s, _) in opened.items() if s >= 0], dtype=np.int64)]))
    if Action.LOGIN in on:  # a callback login survives a restart, a channel does not
        alive = alive[alive % len(steps.places) == 0]
    rows, more = spread(np.flatnonzero(restart), alive)
    row, key = np.concatenate([own, rows]), np.concatenate([keys, more])
    sort = np.lexsort((steps.order[row], key))
    row, key = row[sort], key[sort]
    n = len(row)
    if not n:
        nothing = np.empty(0, dtype=np.int64)
        return Changes(nothing, nothing, nothing, nothing, {}, set(), {}, (nothing, nothing, nothing))
    act, ts = steps.action[row], steps.ts[row]
    inside, starts = among(act, on), act == Action.START
    head = np.append(True, key[1:] != key[:-1])
    first = np.flatnonzero(head)
    carried = [opened.get(int(k), (-1, -10)) for k in key[first]]
    group = np.cumsum(head) - 1
    since = np.array([start for start, _ in carried])
    was = np.append(False, inside[:-1])
    was[first] = since >= 0
    begin, finish, orphan = inside & ~was, ~inside & was, ~inside & ~was & ~starts
    left = np.append(-10, np.where(~inside & ~starts, ts, -10)[:-1])
    left[first] = [removed for _, removed in carried]
    orphan &= ts - left > SAME
    entry = np.maximum.accumulate(np.where(begin, np.arange(n), -1))
    start = np.where(entry >= first[group], ts[np.maximum(entry, 0)], since[group])
    told = among(act, (Action.LOGOFF, Action.CALLBACK_OUT)) & (steps.seconds[row] >= 0)  # S3
    start = np.where(told, ts - steps.seconds[row], np.where(orphan, -1, start))
    end = np.maximum(np.where(starts, steps.quiet[row], ts), start)
    out = np.flatnonzero(finish | orphan)
    tail = np.append(first[1:], n) - 1
    goes = np.flatnonzero(~inside & ~starts)
    gone, last = np.unique(key[goes][::-1], return_index=True)
    return Changes(key[out], start[out], end[out], _CAUSE[act[out]],
                   dict(zip(key[tail[inside[tail]]].tolist(), start[tail[inside[tail]]].tolist(), strict=True)),
                   set(key[tail[~inside[tail]]].tolist()),
                   dict(zip(gone.tolist(), ts[goes][::-1][last].tolist(), strict=True)),
                   (key, steps.order[row], inside.astype(np.int64)))


@dataclass
class Runs:
    """Closed pauses as int64 arrays (`reason` a number of `reasons`, `cause` one of PAUSE_CAUSES) and those still open
    (key -> (start, reason))."""

    key: np.ndarray
    start: np.ndarray
    end: np.ndarray
    reason: np.ndarray
    cause: np.ndarray
    reasons: list[str]
    open: dict[int, tuple[int, str]]


def pair(steps: Steps, now: Steps, opened: dict[int, tuple[int, str]], members: Changes, inside: np.ndarray,
         everywhere: int) -> Runs:
    """Runs of being on pause (rules Z). `inside`: keys of the members that no step touched."""
    width = len(steps.places)
    sets = now.only(Action.PAUSE, Action.UNPAUSE, Action.REMOVE)
    added = now.take(np.flatnonzero((now.action == Action.ADD) & now.paused))
    alone = _alone(steps, now)
    keys = [sets.keys, added.keys, alone.agent * width + everywhere]
    rows = [sets.order, added.order, alone.order]
    acts = [sets.action, np.full(len(added.ts), Action.ADD_PAUSED), np.full(len(alone.ts), Action.PAUSE)]
    pausing = np.unique(np.concatenate([
        sets.keys[sets.action == Action.PAUSE], keys[1], keys[2], np.array(list(opened), dtype=np.int64)]))
    wide = now.only(Action.UNPAUSE_ALL, Action.LOGOFF, Action.CALLBACK_OUT)
    low, high = (np.searchsorted(pausing // width, wide.agent, side=side) for side in ("left", "right"))
    each = np.repeat(np.arange(len(wide.ts)), high - low)  # every such line, once for each of its agent's keys
    own = np.arange(len(each)) - np.repeat(np.cumsum(high - low) - high, high - low)
    keys.append(pausing[own])
    rows.append(wide.order[each])
    acts.append(wide.action[each])
    starts = now.only(Action.START)
    at, more = spread(starts.order, pausing)
    lost = ~_is_member(members, more, at, inside) | (more % width == everywhere)
    keys.append(more[lost])
    rows.append(at[lost])
    acts.append(np.full(int(lost.sum()), Action.START))
    key, row, act = np.concatenate(keys), np.concatenate(rows), np.concatenate(acts)
    known = np.isin(key, pausing)
    return _runs(steps, opened, key[known], row[known], act[known])


def _alone(steps: Steps, now: Steps) -> Steps:
    """PAUSEALL lines that no per-queue PAUSE of the same agent follows (Z3)."""
    everyone = now.only(Action.PAUSE_ALL)
    each = steps.only(Action.PAUSE)
    if not len(everyone.ts):
        return everyone
    stamp = np.sort((each.agent << 34) + each.ts)
    low = np.searchsorted(stamp, (everyone.agent << 34) + everyone.ts, side="left")
    high = np.searchsorted(stamp, (everyone.agent << 34) + everyone.ts + FOLLOWS, side="right")
    return everyone.take(np.flatnonzero(high == low))


def _is_member(members: Changes, key: np.ndarray, order: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Whether the agent is a dynamic member of the queue at a step: such members come back paused (7.3.21)."""
    edge_key, edge_order, state = members.edges
    still = np.isin(key, inside)
    if not len(edge_key):
        return still
    at = np.searchsorted((edge_key << 34) + edge_order, (key << 34) + order, side="left") - 1
    found = (at >= 0) & (edge_key[np.maximum(at, 0)] == key)
    return np.where(found, state[np.maximum(at, 0)] == 1, still & ~np.isin(key, edge_key))


def _runs(steps: Steps, opened: dict[int, tuple[int, str]], key: np.ndarray, row: np.ndarray,
          act: np.ndarray) -> Runs:
    sort = np.lexsort((row, key))
    key, row, act = key[sort], row[sort], act[sort]
    n = len(key)
    first = np.ones(n, dtype=bool)
    first[1:] = key[1:] != key[:-1]
    reasons = list(steps.reasons)
    number = {word: i for i, word in enumerate(reasons)}

    def code(word: str) -> int:
        if word not in number:
            number[word] = len(reasons)
            reasons.append(word)
        return number[word]

    carried = {k: code(reason) for k, (_, reason) in opened.items()}
    pausing = (act == Action.PAUSE) | (act == Action.ADD_PAUSED)
    value = np.where(act == Action.PAUSE, steps.reason[row], -1)
    value = np.where(act == Action.ADD_PAUSED, code(""), value)
    joins = act == Action.ADD_PAUSED
    if joins.any():  # Z4: joining paused while already on pause changes nothing
        current = dict(carried)
        for i in range(n):
            k = int(key[i])
            if joins[i] and current.get(k, -1) >= 0:
                value[i] = current[k]
            current[k] = int(value[i])
    was = np.full(n, -1, dtype=np.int64)
    was[1:] = value[:-1]
    was[first] = [carried.get(int(k), -1) for k in key[first]]
    change = np.flatnonzero(value != was)
    ends = np.where(act == Action.START, steps.quiet[row], steps.ts[row])
    cause = np.where(pausing[change], PAUSE_CAUSES.index("reason_change"), _PAUSE_CAUSE[act[change]])
    mine, starts, until = key[change], steps.ts[row[change]], ends[change]
    fresh = np.append(True, mine[1:] != mine[:-1]) if len(mine) else np.empty(0, dtype=bool)
    going = dict(opened)
    old = []  # a pause that was open before these steps ends at its key's first change
    for i in np.flatnonzero(fresh).tolist():
        if int(mine[i]) in going:
            start, reason = going.pop(int(mine[i]))
            old.append((int(mine[i]), start, max(int(until[i]), start), code(reason), int(cause[i])))
    begun = value[change] >= 0
    again = np.append(~fresh[1:], False) if len(mine) else fresh
    for i in np.flatnonzero(begun & ~again).tolist():
        going[int(mine[i])] = (int(starts[i]), reasons[value[change[i]]])
    done = np.flatnonzero(begun & again)
    closed = np.array([mine[done], starts[done], np.maximum(until[done + 1], starts[done]), value[change[done]],
                       cause[done + 1]], dtype=np.int64)
    key, start, end, reason, cause = np.concatenate([np.array(old, dtype=np.int64).reshape(-1, 5).T, closed], axis=1)
    return Runs(key, start, end, reason, cause, reasons, going)
