"""`analyze`: log files to the JSON of contract section 5, without server or store."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from data import agents, blocks, frames, legs, measures, memory, names, queue_log, records, stretches
from data.blocks import Unreadable
from data.queue_log import Bad, Events
from data.rules import Options

SECTIONS = ("legs", "attempts", "sessions", "pauses", "outcalls", "rejected", "totals", "agents", "bad_lines")

def analyze(paths: Sequence[Path], *, as_of: int | None = None, options: Options | None = None,
            sections: Sequence[str] = SECTIONS) -> dict[str, Any]:
    """The analysis of log files, oldest first, as contract 5 spells it. `as_of` is "now" (default: the newest line).

    Raises Unreadable for a file that cannot be read.
    """
    memory.keep()
    options = options or Options()
    wanted = set(sections)
    people = bool(wanted & {"sessions", "pauses", "agents"})
    found = Reading(options, measures.NEEDED | {"flags"} if wanted <= {"totals", "bad_lines", "rejected"} else None)
    if people:  # a name learned at the end of the log is the same person at its beginning
        for events, _ in blocks.events(paths, options.dedupe):
            names.learn(found.agents.names, events)
    read = stretches.fold(paths, options, found.columns) if found.columns and not options.dedupe else None
    if read:
        found.join(read)
        return found.answer(as_of, wanted)
    for events, bad in _gathered(blocks.events(paths, options.dedupe), lambda: len(found.open.events)):
        found.add(events, bad, people, named=bool(wanted & {"legs", "agents"}))
    return found.answer(as_of, wanted)


def _gathered(found: Iterable[tuple[Events, Bad]], carried: Callable[[], int]) -> Iterator[tuple[Events, Bad]]:
    """Blocks as they come, or several at once where each would be less than half of what is carried along: a log in
    which no call ever ends is not folded again and again."""
    held: list[Events] = []
    worse = Bad()
    for events, bad in found:
        held.append(events)
        worse += bad
        if sum(map(len, held)) >= carried() // 2:
            yield queue_log.concat(held), worse
            held, worse = [], Bad()
    if held:
        yield queue_log.concat(held), worse


class Reading:
    """A log being read from its beginning: everything the answer needs, and nothing else is kept."""

    def __init__(self, options: Options, columns: frozenset[str] | None = None):
        """`columns`: the only ones of legs that the answer needs."""
        self.options, self.columns = options, columns
        self.open = legs.Open(legs=frames.empty(frames.legs(columns)))
        self.agents = agents.State(names=names.Names(options.aliases))
        self.parts: list[pa.Table] = []
        self.attempts: list[pa.Table] = [frames.empty(frames.ATTEMPT)]
        self.outcalls: list[pa.Table] = [frames.empty(frames.OUTCALL)]
        self.sessions: list[pa.Table] = []
        self.pauses: list[pa.Table] = []
        self.rejected: Counter[str] = Counter()
        self.bad = Bad()
        self.extensions: set[str] = set()
        self.first: int | None = None

    def add(self, events: Events, bad: Bad, people: bool, named: bool) -> None:
        """One block. `people`: sessions and pauses are asked for; `named`: single legs are, and who is internal."""
        ended, self.open = legs.fold(self.open, events, self.options, wanted=self.columns)
        self.parts.append(ended.legs)
        self.attempts.append(ended.attempts)
        self.outcalls.append(ended.outcalls)
        self.rejected += ended.refused
        self.bad += bad
        if named:
            self.extensions |= names.extensions(events)
        if len(events):
            low = int(events.ts.min())
            self.first = low if self.first is None else min(self.first, low)
        if people:
            sessions, pauses, self.agents = agents.fold(self.agents, events, self.options)
            self.sessions.append(sessions)
            self.pauses.append(pauses)

    def join(self, found: Sequence[stretches.Stretch]) -> None:
        """A log that several processes read."""
        for stretch in found:
            self.parts += stretch.rows
            self.rejected += stretch.rejected
            self.bad += stretch.unread
        self.open = found[-1].left

    def legs(self, now: int, ordered: bool) -> pa.Table:
        """frames.LEGS of everything read, judged at `now`; by enter, then end when they are to be shown."""
        table = pa.concat_tables([*self.parts, legs.as_of(self.open.legs, now, self.options)])
        if not ordered:
            return table.select(sorted(measures.NEEDED)).combine_chunks()
        table = legs.internal(table.unify_dictionaries().combine_chunks(), self.options, frozenset(self.extensions))
        return table.sort_by([("enter", "ascending"), ("end", "ascending")])

    def answer(self, as_of: int | None, wanted: set[str]) -> dict[str, Any]:
        now = self.open.clock if as_of is None else as_of
        who = self.agents.names
        table = self.legs(now, ordered=bool(wanted & {"legs", "agents"}))
        tried = pa.concat_tables(self.attempts).sort_by("ts")
        answer: dict[str, Any] = {}
        if "legs" in wanted:
            answer["legs"] = records.legs(table, who)
        if "attempts" in wanted:
            answer["attempts"] = records.attempts(tried, who, self.options.rna_noise_ms)
        if wanted & {"sessions", "pauses", "agents"}:
            more, still = agents.finish(self.agents, now, self.options)
            sessions, pauses = pa.concat_tables([*self.sessions, more]), pa.concat_tables([*self.pauses, still])
            if "sessions" in wanted:
                answer["sessions"] = records.spans(sessions)
            if "pauses" in wanted:
                answer["pauses"] = records.spans(pauses)
            if "agents" in wanted:
                answer["agents"] = self.people(table, tried, sessions, pauses, now)
        if "outcalls" in wanted:
            answer["outcalls"] = records.outcalls(pa.concat_tables(self.outcalls), who)
        if "rejected" in wanted:
            answer["rejected"] = dict(sorted(self.rejected.items()))
        if "totals" in wanted:
            answer["totals"] = measures.totals(table, self.options)
        answer["bad_lines"] = self.bad.count
        return {name: answer[name] for name in SECTIONS if name in answer}

    def people(self, table: pa.Table, tried: pa.Table, sessions: pa.Table, pauses: pa.Table,
               now: int) -> dict[str, dict[str, Any]]:
        """Metrics of every agent over the whole log, by identity."""
        from data import agent_metrics  # brings pandas, which nobody else here needs
        who = self.agents.names
        rows = agent_metrics.by_agent(
            frames.frame(table, agent=records.identities(table.column("agent"), who)),
            frames.frame(tried, agent=records.identities(tried.column("agent"), who)),
            frames.frame(sessions), frames.frame(pauses), self.first or 0, now, self.options)
        return {str(row["agent"]): {str(k): measures.plain(v) for k, v in row.items() if k != "agent"}
                for row in rows.to_dict("records")}


__all__ = ["SECTIONS", "Reading", "Unreadable", "analyze"]
