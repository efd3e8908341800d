"""The state machine of a call, line by line: every rule L of queue_log.md, for the calls that are not plain.

Nine calls in ten read ENTERQUEUE, CONNECT, COMPLETE and are taken in columns (`legs`). The others (transfers,
swapped callids, doubled ends, restarts, lost lines) are walked here, in the order of time. Both roads give the
same legs; a test walks whole logs to prove it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from data.rules import (
    ATTEMPT,
    CONNECT,
    CONTINUED,
    DID,
    ENTER,
    EXIT,
    GRACE,
    LOOK,
    MARKER,
    NOBODY,
    OUTCOME_OF_EXIT,
    RELINK,
    REOPEN,
    SETTLE,
    START,
    TECHNICAL,
    TERMINAL,
    Options,
)

WAITING, TALKING, CLOSED = range(3)


@dataclass(slots=True)
class Line:
    """One line of a call with its fields read: numbers are -1 where unknown."""

    ts: int
    kind: int
    event: str
    callid: str
    queue: str
    agent: str
    hold: int = -1  # CONNECT, terminals
    talk: int = -1  # terminals
    wait: int = -1  # exits
    ring: int = -1
    position: int = -1
    caller: str = ""
    caller_name: str = ""
    to: str | None = None  # transfers
    transfer: str = ""  # kind of transfer of a terminal, "" when it is none
    key: str | None = None
    did: str = ""


@dataclass(slots=True)
class Leg:
    """One stay in one queue."""

    callid: str
    callid_enter: str
    queue: str
    enter: int
    caller: str = ""
    caller_orig: str = ""
    caller_name: str = ""
    position: int = -1
    exit_position: int = -1
    outcome: str = "in_progress"
    wait: int = -1
    agent: str = ""
    ring: int = -1
    connect: int = -1
    talk: int = -1
    call_talk: int = -1
    end: int = -1
    call_end: int = -1
    end_by: str = ""
    transfer: str = ""
    transfer_to: str | None = None
    key: str | None = None
    did: str | None = None
    relinked: bool = False
    flags: set[str] = field(default_factory=set)
    state: int = WAITING
    last: int = 0
    marker: int = -1
    marker_to: str | None = None


@dataclass(slots=True)
class Call:
    """What is remembered of a callid until it has been silent for SETTLE seconds after its end."""

    legs: list[Leg] = field(default_factory=list)
    dids: list[tuple[int, str]] = field(default_factory=list)
    last: int = 0

    def open(self, state: int) -> Iterator[Leg]:
        return (leg for leg in reversed(self.legs) if leg.state == state)


class Walker:
    """Walks the lines of a set of callids (and every QUEUESTART), in time order; keeps every leg it saw.

    `ties` are pairs of callids whose legs may belong together: they must be settled together.
    """

    def __init__(self, options: Options):
        self.options = options
        self.calls: dict[str, Call] = {}
        self.legs: list[Leg] = []
        self.ties: list[tuple[str, str]] = []
        self.until: dict[str, int] = {}  # callid -> second before which it may not be settled
        self._open: dict[int, Leg] = {}
        self._index: dict[tuple[int, str], tuple[list[int], list[Leg]]] = {}
        self._times: dict[str, list[int]] = {}
        self._order: dict[str, list[Line]] = {}
        self._seen: dict[str, int] = {}

    def walk(self, lines: Iterable[Line]) -> list[Leg]:
        lines = list(lines)
        for line in lines:
            if line.kind != START:
                self._times.setdefault(line.callid, []).append(line.ts)
                self._order.setdefault(line.callid, []).append(line)
        steps = {ENTER: self._enter, CONNECT: self._connect, TERMINAL: self._terminal, MARKER: self._marker,
                 EXIT: self._exit, TECHNICAL: self._technical, ATTEMPT: self._attempt, DID: self._did}
        for line in lines:
            if line.kind == START:
                self._start(line)
                continue
            self._seen[line.callid] = self._seen.get(line.callid, 0) + 1
            call = self._recall(line)
            steps[line.kind](line, call)
            call.last = max(call.last, line.ts)
        for call in list(self.calls.values()):
            self._name_dids(call)
        return self.legs

    # -- memory ----------------------------------------------------------------------------------

    def _recall(self, line: Line) -> Call:
        call = self.calls.get(line.callid)
        if call and line.ts - call.last > SETTLE and all(leg.state == CLOSED for leg in call.legs):
            self._name_dids(call)
            call = None
        if call is None:
            call = self.calls[line.callid] = Call(last=line.ts)
        return call

    def _name_dids(self, call: Call) -> None:
        """A leg's DID is the last one written up to a second after it entered (1.7: the lines may be swapped)."""
        for leg in call.legs:
            if leg.did is None and not leg.relinked:
                leg.did = next((value for ts, value in reversed(call.dids) if ts <= leg.enter + 1), None)

    def _coming(self, callid: str) -> int | None:
        """Second of the callid's own next line, if any is known."""
        times = self._times.get(callid, [])
        seen = self._seen.get(callid, 0)
        return times[seen] if seen < len(times) else None

    def _new(self, line: Line, enter: int, call: Call) -> Leg:
        first = next((leg.caller for leg in call.legs if leg.caller), "")
        leg = Leg(line.callid, line.callid, line.queue, enter, last=line.ts, caller_orig=first)
        call.legs.append(leg)
        self.legs.append(leg)
        return leg

    def _opened(self, leg: Leg, state: int, moment: int) -> None:
        """An open leg can be found by its queue and the second in which it entered or was answered."""
        leg.state = state
        self._open[id(leg)] = leg
        moments, legs = self._index.setdefault((state, leg.queue.casefold()), ([], []))
        moments.append(moment)
        legs.append(leg)

    def _close(self, leg: Leg, outcome: str, end: int) -> None:
        leg.state, leg.outcome, leg.end, leg.call_end = CLOSED, outcome, end, end
        self._open.pop(id(leg), None)

    # -- L1 --------------------------------------------------------------------------------------

    def _enter(self, line: Line, call: Call) -> None:
        for leg in list(call.open(WAITING)):
            leg.flags.add("missing_end")
            self._close(leg, "unknown", leg.last)
        for leg in list(call.open(TALKING)):
            if not self._own_end_follows(leg, line):
                leg.talk = leg.call_talk = max(line.ts - leg.connect, 0)
                leg.end_by, leg.transfer, leg.transfer_to = "transfer", "implied", line.queue
                self._close(leg, "answered", line.ts)
                self._cut(leg)
        for leg in reversed(call.legs):
            if leg.outcome == "abandoned" and 0 <= line.ts - leg.end <= CONTINUED:
                leg.flags.add("continued")
                break
        leg = self._new(line, line.ts, call)
        leg.caller, leg.caller_name, leg.position = line.caller, line.caller_name, line.position
        leg.caller_orig = leg.caller_orig or line.caller
        self._opened(leg, WAITING, line.ts)

    def _own_end_follows(self, leg: Leg, line: Line) -> bool:
        order = self._order[line.callid]
        for later in order[self._seen[line.callid]:]:
            if later.ts > line.ts + GRACE:
                return False
            if later.kind == TERMINAL and _same_queue(later, leg) and later.agent == leg.agent:
                return True
        return False

    # -- L3 --------------------------------------------------------------------------------------

    def _connect(self, line: Line, call: Call) -> None:
        if any(leg.agent == line.agent and _same_queue(line, leg) and abs(leg.connect - line.ts) <= GRACE
               for leg in call.open(TALKING)):
            return  # the same line again
        leg = next((leg for leg in call.open(WAITING) if _same_queue(line, leg)), None)
        leg = leg or self._relink(line, call, WAITING, line.hold) or self._reopen(line, call)
        if leg is None:
            leg = self._new(line, line.ts - max(line.hold, 0), call)
            leg.flags.add("synthetic_enter")
        leg.outcome, leg.agent, leg.connect, leg.ring = "in_progress", line.agent, line.ts, line.ring
        self._opened(leg, TALKING, line.ts)
        leg.wait = line.hold if line.hold >= 0 else max(line.ts - leg.enter, 0)
        leg.end = leg.call_end = -1
        leg.last = line.ts

    def _reopen(self, line: Line, call: Call) -> Leg | None:
        return next((leg for leg in reversed(call.legs) if leg.outcome == "exit_empty" and _same_queue(line, leg)
                     and line.ts - leg.end <= REOPEN), None)

    def _relink(self, line: Line, call: Call, state: int, ago: int) -> Leg | None:
        """The only open leg of another callid that this line fits: masquerades swap the logged uniqueids."""
        if ago < 0:
            return None
        moment = line.ts - ago
        moments, legs = self._index.get((state, line.queue.casefold()), ([], []))
        span = slice(bisect_left(moments, moment - RELINK), bisect_right(moments, moment + RELINK))
        fits = [leg for leg in legs[span] if leg.state == state and leg.callid != line.callid
                and (state == WAITING or leg.agent == line.agent)]
        for leg in fits:
            self.ties.append((line.callid, leg.callid))
            for tied in (line.callid, leg.callid):
                self.until[tied] = max(self.until.get(tied, 0), line.ts + LOOK)
        free = [leg for leg in fits
                if (coming := self._coming(leg.callid)) is None or coming > line.ts + LOOK]
        if len(free) != 1:
            return None
        leg = free[0]
        other = self.calls[leg.callid]
        leg.flags.add("relinked")
        leg.relinked = True
        if state == WAITING:
            self._name_dids(other)
            other.legs.remove(leg)
            leg.callid = line.callid
            leg.caller_orig = next((own.caller for own in call.legs if own.caller), leg.caller_orig)
            call.legs.append(leg)
        return leg

    # -- L4, L5 ----------------------------------------------------------------------------------

    def _terminal(self, line: Line, call: Call) -> None:
        talking = list(call.open(TALKING))
        leg = next((leg for leg in talking if _same_queue(line, leg) and leg.agent == line.agent), None)
        leg = leg or next((leg for leg in talking if _same_queue(line, leg)), None)
        leg = leg or next((leg for leg in talking if leg.agent == line.agent), None)
        if leg is None and (twin := self._twin(line, call)) is not None:
            twin.flags.add("duplicate_terminal")
            if line.transfer and twin.transfer in ("", "marker", "implied"):
                twin.transfer, twin.transfer_to, twin.end_by = line.transfer, line.to, "transfer"
            return
        leg = leg or self._relink(line, call, TALKING, line.talk)
        if leg is None:
            leg = next((leg for leg in call.open(WAITING) if _same_queue(line, leg)), None)
            if leg is None:
                leg = self._new(line, line.ts - max(line.talk, 0) - max(line.hold, 0), call)
                leg.flags.add("synthetic_enter")
            leg.agent, leg.connect = line.agent, line.ts - max(line.talk, 0)
            leg.wait = line.hold if line.hold >= 0 else max(leg.connect - leg.enter, 0)
        self._finish(leg, line)

    def _twin(self, line: Line, call: Call) -> Leg | None:
        """The leg that this end has already closed: never count a call twice."""
        for leg in reversed(call.legs):
            if leg.state == CLOSED and leg.outcome == "answered" and leg.agent == line.agent:
                near = 0 <= line.ts - max(leg.end, leg.call_end) <= GRACE
                same = line.talk >= 0 and leg.connect >= 0 and abs(leg.connect - (line.ts - line.talk)) <= RELINK
                if near or (same and _same_queue(line, leg)):
                    return leg
        return None

    def _finish(self, leg: Leg, line: Line) -> None:
        leg.talk = leg.call_talk = line.talk if line.talk >= 0 else max(line.ts - leg.connect, 0)
        leg.end_by = {"COMPLETEAGENT": "agent", "COMPLETECALLER": "caller"}.get(line.event, "transfer")
        leg.transfer, leg.transfer_to = line.transfer, line.to
        leg.last = line.ts
        self._close(leg, "answered", line.ts)
        if not line.transfer:
            self._cut(leg)

    def _cut(self, leg: Leg) -> None:
        """Issabel's hand-over line ends the agent's own talk; the line stays busy until the call ends."""
        if leg.marker < 0 or leg.transfer not in ("", "implied"):
            return
        leg.end_by, leg.transfer, leg.transfer_to = "transfer", "marker", leg.marker_to
        if self.options.cut_talk_at_marker:
            leg.talk, leg.end = max(leg.marker - leg.connect, 0), leg.marker

    def _marker(self, line: Line, call: Call) -> None:
        talking = list(call.open(TALKING))
        leg = next((leg for leg in talking if leg.agent == line.agent), talking[0] if talking else None)
        if leg is not None:
            if leg.marker < 0:
                leg.marker, leg.marker_to = line.ts, line.to
                leg.last = line.ts
            return
        for leg in reversed(call.legs):
            if leg.outcome == "answered" and line.ts - max(leg.end, leg.call_end) <= GRACE:
                if not leg.transfer:
                    leg.transfer, leg.transfer_to, leg.end_by = "marker", line.to, "transfer"
                return

    # -- L6 to L12 -------------------------------------------------------------------------------

    def _exit(self, line: Line, call: Call) -> None:
        outcome = OUTCOME_OF_EXIT[line.event]
        leg = next((leg for leg in call.open(WAITING) if _same_queue(line, leg)), None)
        if leg is None and (twin := self._left_before(line, call)) is not None:
            twin.flags.add("duplicate_terminal")
            if line.agent not in NOBODY and twin.outcome == "abandoned":
                twin.flags.add("at_answer")
            return
        if leg is None:
            leg = self._new(line, line.ts - max(line.wait, 0), call)
            leg.flags.add("synthetic_enter")
        leg.wait = line.wait if line.wait >= 0 else max(line.ts - leg.enter, 0)
        leg.exit_position, leg.key, leg.last = line.position, line.key, line.ts
        if line.event == "ABANDON" and line.agent not in NOBODY:
            leg.flags.add("at_answer")
        self._close(leg, outcome, line.ts)

    def _left_before(self, line: Line, call: Call) -> Leg | None:
        for leg in reversed(call.legs):
            if not _same_queue(line, leg):
                continue
            if leg.outcome in OUTCOME_OF_EXIT.values():
                return leg
            answered = leg.state == TALKING or leg.outcome == "answered"
            later = line.wait > 0 and line.ts - line.wait > max(leg.end, leg.connect) + RELINK
            return leg if answered and not later else None
        return None

    def _technical(self, line: Line, call: Call) -> None:
        for leg in call.open(WAITING):
            leg.flags.add("syscompat")
            leg.last = line.ts
            break

    def _attempt(self, line: Line, call: Call) -> None:
        for leg in call.open(WAITING):
            leg.last = line.ts
            break

    def _did(self, line: Line, call: Call) -> None:
        call.dids.append((line.ts, line.did))

    def _start(self, line: Line) -> None:
        """Asterisk came up again: what was open died with it, at some moment after its last line."""
        for leg in list(self._open.values()):
            call = self.calls[leg.callid]
            call.last = max(call.last, line.ts)
            if leg.state == TALKING:
                leg.end_by = "restart"
                self._close(leg, "answered", leg.last)
                continue
            young = line.ts - leg.enter <= self.options.max_wait_open
            if not young:
                leg.flags.add("missing_end")
            self._close(leg, "interrupted" if young else "unknown", leg.last)


def _same_queue(line: Line, leg: Leg) -> bool:
    return line.queue == leg.queue or line.queue.casefold() == leg.queue.casefold()

