"""The log being folded: what is settled since the last time it was put away, and what is still open.

A builder may be given to another process as bytes (`dump`, `load`): it goes on where this one stopped.
"""

import base64
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from data import agents, frames, legs, names, queue_log
from data.queue_log import Bad, Events
from data.rules import SLACK, Options

EARLIEST = 946_684_800  # before the year 2000 no Asterisk wrote a log: such lines cannot be dated
AHEAD = 86_400  # lines from further in the future than this are left out until their time has come
NEVER = 2**63 - 1


@dataclass
class Young:
    """Rows settled since they were last put away."""

    legs: list[pa.Table] = field(default_factory=list)
    attempts: list[pa.Table] = field(default_factory=list)
    sessions: list[pa.Table] = field(default_factory=list)
    pauses: list[pa.Table] = field(default_factory=list)

    def table(self, name: str) -> pa.Table:
        schema = {"legs": frames.LEGS, "attempts": frames.ATTEMPT, "sessions": frames.SESSION,
                  "pauses": frames.PAUSE}[name]
        return pa.concat_tables([frames.empty(schema), *getattr(self, name)]).unify_dictionaries()

    def gather(self) -> None:
        """Few tables in the place of the many small ones that looks at a busy log bring: the newest are joined while
        the one before is no larger than two of them, so that n tables become some log n, a row copied as often."""
        for group in ((self.legs, self.attempts), (self.sessions,), (self.pauses,)):
            while len(group[0]) > 1:
                before, last = (sum(tables[at].num_rows for tables in group) for at in (-2, -1))
                if before > 2 * last:
                    break
                for tables in group:
                    tables[-2:] = [_joined(*tables[-2:])]

    @property
    def rows(self) -> int:
        return sum(t.num_rows for t in self.legs) + sum(t.num_rows for t in self.attempts) // 2


def _joined(one: pa.Table, other: pa.Table) -> pa.Table:
    if not one.num_rows or not other.num_rows:
        return one if one.num_rows else other
    return pa.concat_tables([one, other]).unify_dictionaries().combine_chunks()


Parts = tuple[legs.Part, agents.Part]


def prepare(events: Events) -> Parts:
    """What these events say whatever was before them: it may be worked out before their turn has come."""
    events.read()  # in the order of the block, where it takes one look
    events = queue_log.in_time(events)
    return legs.part(events), agents.part(events)


class Builder:
    """Folds events in the order of time. `late` counts lines that came after their time was settled, `ahead` is the
    epoch of the first that was left out because it is of the future: some clocks are wrong until the network is there.
    """

    def __init__(self, options: Options, people: dict[str, str]):
        self.options = options
        self.open = legs.Open()
        self.agents = agents.State(names=names.Names(people))
        self.young = Young()
        self.refused: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.extensions: set[str] = set()
        self.bad = Bad()
        self.lines = self.undated = self.late = 0
        self.ahead = NEVER
        self.taught = False

    @property
    def clock(self) -> int:
        """Epoch of the newest line."""
        return self.open.clock

    @property
    def count(self) -> int:
        """How many legs are here, settled or open."""
        return sum(table.num_rows for table in self.young.legs) + self.open.legs.num_rows

    def add(self, events: Events, bad: Bad, now: float, first: Parts | None = None) -> None:
        """One step of the log. `first`: what `prepare` made of these events, where it was done before."""
        self.bad += bad
        self.lines += len(events) + bad.count
        dated = (events.ts >= EARLIEST) & (events.ts <= now + AHEAD)
        if not dated.all():
            self.undated += int((~dated).sum())
            self.ahead = int(events.ts[events.ts > now + AHEAD].min(initial=self.ahead))
            events, first = events.take(dated), None
        if not len(events):
            return
        if self.clock and int(events.ts.min()) < self.clock - SLACK:
            self.late += int((events.ts < self.clock - SLACK).sum())
        of_calls, of_agents = first or prepare(events)
        ended, self.open = legs.fold(self.open, events, self.options, first=of_calls)
        self.taught |= names.learn(self.agents.names, events)
        self.extensions |= names.extensions(events)
        sessions, pauses, self.agents = agents.fold(self.agents, events, self.options, of_agents)
        known = frozenset(self.extensions)
        self.young.legs.append(legs.internal(ended.legs, self.options, known))
        self.young.attempts.append(ended.attempts)
        self.refused += ended.refused
        self.unknown += ended.unknown
        self.young.sessions.append(sessions)
        self.young.pauses.append(pauses)

    def due(self, now: float) -> bool:
        """Whether the time has come of lines that were left out: they are found when the log is folded again."""
        return self.ahead <= now + AHEAD

    def pending(self, now: int) -> pa.Table:
        """Legs of calls that are not over, as they stand at `now` (frames.LEGS)."""
        return legs.internal(legs.as_of(self.open.legs, now, self.options), self.options, frozenset(self.extensions))

    def people(self, now: int) -> tuple[pa.Table, pa.Table]:
        """Sessions and pauses that are not settled (frames.SESSION, frames.PAUSE)."""
        return agents.finish(self.agents, now, self.options)

    # -- to another process ----------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Everything but the young rows, as plain values."""
        state = self.agents
        return {
            "open": _text(self.open.lines), "clock": self.open.clock, "held": _text(_lines(state.held)),
            "agents_clock": state.clock, "recent": state.recent.tolist(),
            "sessions": [[*key, start] for key, start in state.sessions.items()],
            "pauses": [[*key, start, reason] for key, (start, reason) in state.pauses.items()],
            "removed": [[*key, ts] for key, ts in state.removed.items()], "seen": state.seen,
            "spelled": state.spelled, "learned": state.names.learned, "refused": self.refused,
            "unknown": self.unknown, "extensions": sorted(self.extensions), "bad": self.bad.count,
            "samples": [_text(sample) for sample in self.bad.samples], "lines": self.lines, "undated": self.undated,
            "late": self.late, "ahead": self.ahead}

    @classmethod
    def load(cls, options: Options, people: dict[str, str], state: dict[str, Any]) -> "Builder":
        """The builder that `dump` described."""
        self = cls(options, people)
        # The lines are folded again without an ending: the legs as they stood come out of them.
        opened, _ = queue_log.parse(_bytes(state["open"]))
        _, self.open = legs.fold(legs.Open(clock=0), opened, options)
        self.open.clock = state["clock"]
        held, _ = queue_log.parse(_bytes(state["held"]))
        self.agents = agents.State(
            names.Names(people, dict(state["learned"])), held, state["agents_clock"],
            np.array(state["recent"], dtype=np.int64), {(a, q): s for a, q, s in state["sessions"]},
            {(a, q): (s, r) for a, q, s, r in state["pauses"]}, {(a, q): t for a, q, t in state["removed"]},
            dict(state["seen"]), dict(state["spelled"]))
        self.refused, self.unknown = Counter(state["refused"]), Counter(state["unknown"])
        self.extensions = set(state["extensions"])
        self.bad = Bad(state["bad"], tuple(_bytes(sample) for sample in state["samples"]))
        self.lines, self.undated, self.late = state["lines"], state["undated"], state["late"]
        self.ahead = state.get("ahead", NEVER)
        return self


def _lines(events: Events) -> bytes:
    return events.lines(np.arange(len(events)))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)

