"""`analyze`: log files to the JSON of contract section 5, without server or store."""

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from data import agents, frames, legs, measures, names, queue_log, records
from data.queue_log import Bad, Events
from data.rules import Options

SECTIONS = ("legs", "attempts", "sessions", "pauses", "outcalls", "rejected", "totals", "agents", "bad_lines")
BLOCK = 4 * 2**20


class Unreadable(Exception):
    """A file that cannot be read; the message says which and why in one sentence."""


def blocks(path: Path, last: bool) -> Iterator[bytes]:
    """Whole lines of a file in blocks. An unfinished last line is being written when the file is the newest one, and
    complete when a newer file follows."""
    try:
        if not path.is_file():
            raise Unreadable(f"{path}: {'is not a file' if path.exists() else 'no such file'}.")
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            rest = b""
            while chunk := file.read(BLOCK):
                piece = rest + chunk
                cut = queue_log.whole(piece)
                rest = piece[cut:]
                if cut:
                    yield piece[:cut]
            if rest and not last:
                yield rest + b"\n"
    except (OSError, EOFError) as error:
        raise Unreadable(f"{path}: {getattr(error, 'strerror', None) or error}.") from None


def read(paths: Sequence[Path], dedupe: bool) -> Iterator[tuple[Events, Bad]]:
    """Events of the files, oldest file first, block by block."""
    before: Counter[bytes] = Counter()
    for i, path in enumerate(paths):
        seen: Counter[bytes] = Counter()
        for block in blocks(path, last=i == len(paths) - 1):
            if dedupe and len(paths) > 1:
                kept = []
                for line in block.split(b"\n")[:-1]:
                    seen[line] += 1
                    if seen[line] > before[line]:
                        kept.append(line + b"\n")
                block = b"".join(kept)
            if block:
                yield queue_log.parse(block)
        before |= seen


def analyze(paths: Sequence[Path], *, as_of: int | None = None, options: Options | None = None,
            sections: Sequence[str] = SECTIONS) -> dict[str, Any]:
    """The analysis of log files, oldest first, as contract 5 spells it. `as_of` is "now" (default: the newest line).

    Raises Unreadable for a file that cannot be read.
    """
    options = options or Options()
    wanted = set(sections)
    people = bool(wanted & {"sessions", "pauses", "agents"})
    found = Reading(options, measures.NEEDED | {"flags"} if wanted <= {"totals", "bad_lines", "rejected"} else None)
    if people:  # a name learned at the end of the log is the same person at its beginning
        for events, _ in read(paths, options.dedupe):
            names.learn(found.agents.names, events)
    for events, bad in read(paths, options.dedupe):
        found.add(events, bad, people, named=bool(wanted & {"legs", "agents"}))
    return found.answer(as_of, wanted)


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
