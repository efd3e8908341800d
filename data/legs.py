"""Events to legs: one stay in one queue is one row (queue_log.md, rules L).

`fold(open, events) -> (ended, open)` takes history and the last second on the same road. What is not over yet
travels as its raw lines and is read again with what comes next, so a log cut anywhere gives the same legs.
Plain calls (ENTERQUEUE, CONNECT, COMPLETE; ENTERQUEUE, ABANDON; the same with Issabel's hand-over line) are
computed in columns; every other call goes through `walk`.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from data import columns, frames, queue_log, rows
from data.queue_log import Events
from data.rows import Rows
from data.rules import (
    ATTEMPT,
    CODE,
    CONNECT,
    CONTINUED,
    DID,
    ENTER,
    EXIT,
    LONGEST,
    LOOK,
    MARKER,
    NAMES,
    OUTCALL,
    REFUSED,
    RELINK,
    SETTLE,
    SLACK,
    START,
    TECHNICAL,
    TERMINAL,
    UNKNOWN,
    Options,
)
from data.walk import CLOSED, Walker

LARGE = 1_000  # rows of a table of which not every copy is free
_OF_A_LEG = np.isin(np.arange(20), (ENTER, CONNECT, MARKER, EXIT, TERMINAL, TECHNICAL))
_OF_A_CALL = np.isin(np.arange(20), (ENTER, CONNECT, MARKER, EXIT, TERMINAL, TECHNICAL, DID, ATTEMPT, START))


@dataclass
class Open:
    """What is not over: the lines of calls that may still change with their kind and code (rows.kinds), and the clock
    (epoch of the newest line).

    `legs` (frames.LEGS) shows those calls as they stand at the clock; open ones are `in_progress`.
    """

    events: Events = queue_log.EMPTY
    known: tuple[np.ndarray, np.ndarray] = field(default_factory=lambda: rows.kinds(queue_log.EMPTY)[:2])
    clock: int = 0
    legs: pa.Table = field(default_factory=lambda: frames.empty(frames.LEGS))

    @property
    def lines(self) -> bytes:
        """The raw lines, to keep and to come back with."""
        return self.events.lines(np.arange(len(self.events)))


@dataclass
class Part:
    """What a part of the log says whatever was open before it: its lines in the order of time, those of `calls` with
    their kind and code (rows.kinds), and rows that no other line can change."""

    events: Events
    calls: Events
    known: tuple[np.ndarray, np.ndarray]
    attempts: pa.Table
    outcalls: pa.Table
    refused: Counter[str]
    unknown: Counter[str]


@dataclass
class Ended:
    """What became certain: legs (frames.LEGS) that cannot change any more, and rows that never do."""

    legs: pa.Table
    attempts: pa.Table
    outcalls: pa.Table
    refused: Counter[str]
    unknown: Counter[str]


def part(events: Events, aside: bool = True) -> Part:
    """The first half of `fold`, which may be done before its turn. Without `aside` neither attempts nor outcalls."""
    events = queue_log.in_time(events)
    kind, code, unknown = rows.kinds(events)
    tried, called = (np.flatnonzero(kind == one) if aside else np.empty(0, np.int64) for one in (ATTEMPT, OUTCALL))
    attempts = columns.attempts(events, tried, code) if len(tried) else frames.empty(frames.ATTEMPT)
    outcalls = columns.outcalls(events, called) if len(called) else frames.empty(frames.OUTCALL)
    refused = Counter(NAMES[c] for c in code[kind == REFUSED].tolist())
    chosen = np.flatnonzero(_OF_A_CALL[kind] & (code != UNKNOWN) | (kind == MARKER))
    return Part(events, events.take(chosen), (kind[chosen], code[chosen]), attempts, outcalls, refused, unknown)


def fold(state: Open, events: Events, options: Options, walk_all: bool = False, wanted: frozenset[str] | None = None,
         joined: bool = False, first: Part | None = None) -> tuple[Ended, Open]:
    """One step of the log. `walk_all` sends every call through the state machine (the tests compare both roads);
    `wanted` names the only columns of legs that are made, and then attempts and outcalls are not. With `joined` the
    events begin with the state's own lines (which spares copying the block); only where `wanted` is given. `first`
    is the `part` of these events, where it was made before."""
    found = first or part(events, aside=wanted is None)
    events, mine, known = found.events, found.calls, found.known
    both = mine
    if len(state.events) and not joined:
        whole = queue_log.concat([state.events, mine])
        both = queue_log.in_time(whole)
        known = (np.append(state.known[0], known[0]), np.append(state.known[1], known[1]))
        if both is not whole:  # the lines were put in another order
            known = rows.kinds(both)[:2]
    clock = max(state.clock, int(events.ts.max()) if len(events) else 0)
    legs, settled, keep = _derive(both, known, clock, options, walk_all, wanted)
    ended = Ended(_kept(legs, settled), found.attempts, found.outcalls, found.refused, found.unknown)
    left = legs.filter(pa.array(~settled)) if settled.any() else legs
    return ended, Open(both.compact(keep), (known[0][keep], known[1][keep]), clock, left)


def _kept(table: pa.Table, chosen: np.ndarray) -> pa.Table:
    """The chosen rows; those of a large table that stand together at its beginning are not copied."""
    if len(chosen) <= LARGE:
        return table.filter(pa.array(chosen))
    whole = len(chosen) if chosen.all() else int(np.argmin(chosen))
    return pa.concat_tables([table.slice(0, whole), table.slice(whole).filter(pa.array(chosen[whole:]))])


def _derive(events: Events, known: tuple[np.ndarray, np.ndarray], clock: int, options: Options, walk_all: bool,
            wanted: frozenset[str] | None) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """Legs of these events, which of them are settled at the clock, and the rows of the calls that are not."""
    if not len(events):
        return frames.empty(frames.legs(wanted)), np.empty(0, bool), np.empty(0, np.int64)
    lines = Rows.of(events, known)
    ncalls = len(lines.callids.dictionary)
    if walk_all:
        odd, found = np.ones(ncalls, dtype=bool), _NO_SEGMENTS
    else:
        odd, found = _segments(lines)
    tables, owners = [], []
    last = np.full(ncalls, -1, dtype=np.int64)
    calls = lines.call >= 0
    np.maximum.at(last, lines.call[calls], events.ts[calls])
    if len(found.enter):
        tables.append(columns.plain(lines, found, options, wanted))
        owners.append(found.call)
        last[found.call[found.end < 0]] = np.iinfo(np.int64).max
    if odd.any():
        walker = Walker(options)
        text = lines.callids.values
        number = {name: i for i, name in enumerate(text)}
        walker.walk(columns.lines(lines, np.flatnonzero(odd[lines.call] & calls | (lines.kind == START))))
        if walker.legs:
            tables.append(columns.walked(walker.legs).select(frames.legs(wanted).names))
            owners.append(np.array([number[leg.callid] for leg in walker.legs], dtype=np.int64))
        _hold(walker, number, last)
    settled_call = (last >= 0) & (last < clock - SETTLE - SLACK)
    legs = pa.concat_tables(tables) if tables else frames.empty(frames.legs(wanted))
    settled = settled_call[np.concatenate(owners)] if owners else np.empty(0, bool)
    kept = calls & ~settled_call[np.where(calls, lines.call, 0)]
    oldest = int(events.ts[kept].min()) if kept.any() else clock
    return legs, settled, np.flatnonzero(kept | ((lines.kind == START) & (events.ts >= oldest)))


def _hold(walker: Walker, number: dict[str, int], last: np.ndarray) -> None:
    """Calls that are open, or tied to one that is, are not over however long ago their last line was."""
    for leg in walker.legs:
        for callid in (leg.callid, leg.callid_enter):
            call = number[callid]
            last[call] = max(last[call], walker.calls[leg.callid].last if leg.callid in walker.calls else 0)
            if leg.state != CLOSED:
                last[call] = np.iinfo(np.int64).max
    for callid, second in walker.until.items():
        last[number[callid]] = max(last[number[callid]], second)
    changed = bool(walker.ties)
    while changed:
        changed = False
        for one, other in walker.ties:
            a, b = number[one], number[other]
            if last[a] != last[b]:
                last[a] = last[b] = max(last[a], last[b])
                changed = True


@dataclass
class Segments:
    """Plain legs as row numbers: `enter`, `connect` (-1), `marker` (-1), `end` (-1: still open); `call` is the callid's
    number, `first` the row of its first ENTERQUEUE."""

    enter: np.ndarray
    connect: np.ndarray
    marker: np.ndarray
    end: np.ndarray
    call: np.ndarray
    first: np.ndarray

    def take(self, chosen: np.ndarray) -> "Segments":
        return Segments(self.enter[chosen], self.connect[chosen], self.marker[chosen], self.end[chosen],
                        self.call[chosen], self.first[chosen])


_NO_SEGMENTS = Segments(*(np.empty(0, np.int64) for _ in range(6)))


def _segments(lines: Rows) -> tuple[np.ndarray, Segments]:
    """Which callids are out of the ordinary; of the others the legs, first those that ended."""
    ts, kind = lines.events.ts, lines.kind
    core = np.flatnonzero(_OF_A_LEG[kind])
    core = core[np.argsort(_short(lines.call[core], len(lines.callids.dictionary)), kind="stable")]
    call, kinds = lines.call[core], kind[core]
    odd = np.zeros(len(lines.callids.dictionary), dtype=bool)
    n = len(core)
    if not n:
        return odd, _NO_SEGMENTS
    head = np.append(True, call[1:] != call[:-1])
    start = np.flatnonzero((kinds == ENTER) | head)
    stop = np.append(start[1:], n)
    length = stop - start
    second, third, fourth = (kinds[np.minimum(start + offset, n - 1)] for offset in (1, 2, 3))
    left = (length == 2) & (second == EXIT)
    served = (length == 3) & (second == CONNECT) & (third == TERMINAL)
    handed = (length == 4) & (second == CONNECT) & (third == MARKER) & (fourth == TERMINAL)
    waiting, talking = length == 1, (length == 2) & (second == CONNECT)
    passed = (length == 3) & (second == CONNECT) & (third == MARKER)
    going = waiting | talking | passed
    answered = served | handed | talking | passed
    enter, end = core[start], core[stop - 1]
    connect = np.where(answered, core[np.minimum(start + 1, n - 1)], -1)
    marker = np.where(handed | passed, core[np.minimum(start + 2, n - 1)], -1)
    good = (kinds[start] == ENTER) & (left | served | handed | (going & np.append(head[start[1:]], True)))
    good &= (lines.queue[enter] == lines.queue[end]) | passed
    good &= ~answered | ((lines.queue[enter] == lines.queue[connect]) & ((lines.agent[connect] == lines.agent[end])
                                                                         | passed))
    restarts = np.flatnonzero(kind == START)
    good &= np.searchsorted(restarts, enter) == np.where(going, len(restarts), np.searchsorted(restarts, end))
    middle = np.where(answered, connect, end)
    good &= going | ((ts[middle] - ts[enter] <= LOOK) & (ts[end] - ts[middle] <= LOOK))  # a longer silence is walked
    again = ~head[start]
    before = np.maximum(np.arange(len(start)) - 1, 0)
    gap = ts[enter] - ts[end[before]]
    abandoned = lines.code[end] == CODE["ABANDON"]
    good &= ~again | ((gap <= SETTLE) & ~(abandoned[before] & (gap <= CONTINUED)))
    odd[call[start[~good]]] = True
    _odd_dids(lines, odd, core, head)
    heads = enter[np.maximum.accumulate(np.where(again, 0, np.arange(len(start))))]
    found = Segments(enter, connect, marker, np.where(going, -1, end), call[start], heads)
    _odd_swaps(lines, odd, found)
    plain = ~odd[found.call]
    return odd, found.take(np.append(np.flatnonzero(plain & ~going), np.flatnonzero(plain & going)))


def _short(numbers: np.ndarray, count: int) -> np.ndarray:
    """Numbers below `count` in two bytes, where they fit: those are sorted by counting, many times faster."""
    return numbers.astype(np.uint16) if count <= 2**16 else numbers


def _odd_swaps(lines: Rows, odd: np.ndarray, found: Segments) -> None:
    """An open leg that a line of an odd callid may belong to is walked with it (L3, L4: swapped uniqueids)."""
    ts, events = lines.events.ts, lines.events
    opened = np.flatnonzero((found.end < 0) & ~odd[found.call])
    strange = np.flatnonzero(odd[lines.call] & (lines.call >= 0) & np.isin(lines.kind, (CONNECT, TERMINAL)))
    if not len(opened) or not len(strange):
        return
    ago = np.where(lines.kind[strange] == CONNECT, events.number(strange, 0),
                   rows.by_code(events, strange, lines.code[strange], rows.TALK))
    since = ts[np.where(found.connect[opened] >= 0, found.connect[opened], found.enter[opened])]
    stamp = (lines.queue[found.enter[opened]] << 34) + since
    order = np.argsort(stamp)
    moment = (lines.queue[strange] << 34) + np.maximum(ts[strange] - np.clip(ago, 0, LONGEST), 0)
    near = np.zeros(len(opened) + 1, dtype=np.int64)
    np.add.at(near, np.searchsorted(stamp[order], moment - RELINK, side="left"), 1)
    np.add.at(near, np.searchsorted(stamp[order], moment + RELINK, side="right"), -1)
    odd[found.call[opened[order[np.cumsum(near[:-1]) > 0]]]] = True


def _odd_dids(lines: Rows, odd: np.ndarray, core: np.ndarray, head: np.ndarray) -> None:
    """A DID line long before its call is forgotten in between: such callids are walked."""
    did = np.flatnonzero(lines.kind == DID)
    if not len(did) or not len(core):
        return
    begin = np.full(len(lines.callids.dictionary), -1, dtype=np.int64)
    begin[lines.call[core[head]]] = lines.events.ts[core[head]]
    early = (begin[lines.call[did]] >= 0) & (begin[lines.call[did]] - lines.events.ts[did] > SETTLE)
    odd[lines.call[did[early]]] = True


def as_of(legs: pa.Table, now: int, options: Options) -> pa.Table:
    """Legs still open, judged at `now` (L13): young ones in progress, old ones unknown or answered without talk."""
    outcome = legs.column("outcome").to_numpy().copy()
    open_ = outcome == frames.OUTCOME["in_progress"]
    if not open_.any():
        return legs
    enter, connect = legs.column("enter").to_numpy(), legs.column("connect").to_numpy()
    flags = legs.column("flags").to_numpy().copy()
    talking = open_ & (connect >= 0)
    waiting = open_ & (connect < 0)
    lost = (waiting & (now - enter > options.max_wait_open)) | (talking & (now - connect > options.max_talk_open))
    flags[talking & ~lost] |= frames.FLAG["talking"]
    flags[waiting & ~lost] |= frames.FLAG["waiting"]
    flags[lost] |= frames.FLAG["missing_end"]
    outcome[lost & talking] = frames.OUTCOME["answered"]
    outcome[lost & waiting] = frames.OUTCOME["unknown"]
    return rows.put(legs, outcome=pa.array(outcome), flags=pa.array(flags))


def internal(legs: pa.Table, options: Options, extensions: frozenset[str]) -> pa.Table:
    """The same legs with `internal` decided (rules I1): DID first, then known extensions, then the expression."""
    return rows.put(legs, internal=columns.is_internal(legs, options, extensions)) if legs.num_rows else legs


__all__ = ["Ended", "Open", "as_of", "fold", "internal"]
