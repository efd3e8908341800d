"""The store at one version: settled history, what was settled since, what is still open; nobody changes it.

Everything is found by number: queues and agents are codes, several raw texts may be one queue (case) or one agent
(interface and name).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from data import cubes, frames, losses, runs, shifts
from data.builder import Builder
from data.cubes import Slots
from data.history import History, Shelf
from data.losses import Losses
from data.measures import LARGEST, LOST, SUMS
from data.memo import Memo
from data.names import Names
from data.runs import Rows, Run, Words
from data.shifts import Shifts
from data.site import Site

if TYPE_CHECKING:
    import pandas as pd

IMPORTING = "The history of the log is being read; the numbers grow until it is done"
ANSWERS = 400  # that are remembered of one version
PLACES = 64 * 2**20  # bytes of chosen and ordered legs that are remembered of one version


@dataclass
class Spelling:
    """Raw texts of one kind as identities: `of[code]` is the identity's number, `names` what they are called."""

    names: list[str]
    of: np.ndarray

    def codes(self, wanted: Sequence[str]) -> np.ndarray:
        """Every raw code behind these identities (compared without regard to case)."""
        chosen = {text.casefold() for text in wanted}
        numbers = [i for i, name in enumerate(self.names) if name.casefold() in chosen]
        return np.flatnonzero(np.isin(self.of, numbers))


def spelling(texts: Sequence[str], identity: Callable[[str], str]) -> Spelling:
    names: dict[str, int] = {}
    of = np.array([names.setdefault(identity(text), len(names)) for text in texts], dtype=np.int64)
    return Spelling(list(names), of)


@dataclass
class Snapshot:
    """`open` are the legs of calls that are not over, a small run; `tables` gives what was settled since the history
    was written; `builder` is what was folded, as it stood; `lines` what the log says (`feed.mentioning`).

    `memo` holds the answers to questions of this version, `places` the long ones: legs chosen and put in order."""

    site: Site
    version: int
    history: History
    queue_words: Words
    agent_words: Words
    young_slots: Slots
    young_people: cubes.People
    tables: Callable[[], tuple[pa.Table, pa.Table, pa.Table, pa.Table]]  # young legs, attempts, sessions, pauses
    pending: pa.Table
    builder: Builder
    who: Names
    shelf: Shelf
    data_until: int | None
    problem: str
    lines: Callable[[Sequence[bytes], int, int], tuple[bytes, bool]]
    open: Run = field(init=False)
    memo: Memo = field(default_factory=lambda: Memo(ANSWERS))
    places: Memo = field(default_factory=lambda: Memo(PLACES, lambda answer: answer.nbytes))

    def __post_init__(self) -> None:
        # Queues and agents that only open calls name get their numbers now, before anybody counts by number.
        self.open = Run(runs.coded(self.pending.unify_dictionaries(), self.queue_words, self.agent_words))

    # -- names -----------------------------------------------------------------------------------

    @cached_property
    def queue_spelling(self) -> Spelling:
        seen: dict[str, str] = {}
        return spelling(self.queue_words.texts, lambda raw: seen.setdefault(raw.casefold(), raw))

    @cached_property
    def agent_spelling(self) -> Spelling:
        return spelling(self.agent_words.texts, self.who.identity)

    @cached_property
    def queues(self) -> list[str]:
        return sorted(self.queue_spelling.names)

    @cached_property
    def agents(self) -> list[str]:
        return sorted(set(self.agent_spelling.names) | set(self.people_tables[0]["agent"].dropna().unique()))

    @cached_property
    def extensions(self) -> dict[str, str]:
        """Identity -> extension, as it was configured and as the log teaches it."""
        named = {text: name for text, name in self.who.aliases.items() if text.isdigit()}
        configured = {name: number for number, name in {**self.site.extensions, **named}.items()}
        return {**configured, **self.who.extensions()}

    def agent_label(self, agent: str) -> str:
        """Ana Gómez (1001); the name alone where no extension is known."""
        number = self.extensions.get(agent)
        return f"{agent} ({number})" if number and number != agent else agent

    # -- rows ------------------------------------------------------------------------------------

    @cached_property
    def _tail(self) -> tuple[Run, Run]:
        legs, tries, _, _ = self.tables()
        legs = pa.concat_tables([legs, self.pending]).unify_dictionaries()
        return (Run(runs.coded(legs, self.queue_words, self.agent_words)),
                Run(runs.coded_attempts(tries, self.queue_words, self.agent_words)))

    @cached_property
    def legs(self) -> list[Run]:
        """Every leg there is."""
        return [*self.history.runs, self.tail]

    @property
    def tail(self) -> Run:
        """Legs that the history does not hold yet, those that are open too."""
        return self._tail[0]

    @cached_property
    def tries(self) -> list[Run]:
        return [*self.history.tries, self._tail[1]]

    def between(self, start: int, end: int) -> Rows:
        return runs.between(self.legs, "enter", start, end)

    @cached_property
    def persons(self) -> list[str]:
        """Identities of everybody; the first ones have the numbers of agent_spelling."""
        return list(self.person)

    @cached_property
    def person(self) -> dict[str, int]:
        """Number of every identity."""
        found = {name: i for i, name in enumerate(self.agent_spelling.names)}
        for kind in self.shifts:
            for raw in kind.agents:
                found.setdefault(self.who.identity(raw), len(found))
        return found

    @cached_property
    def shifts(self) -> tuple[Shifts, Shifts]:
        """Sessions and pauses of everybody."""
        _, _, sessions, pauses = self.tables()
        settled = self.history.shifts
        return shifts.read(sessions, settled[0]), shifts.read(pauses, settled[1])

    @cached_property
    def people_tables(self) -> "tuple[pd.DataFrame, pd.DataFrame]":
        """Sessions and pauses of everybody, agents as identities."""
        _, _, sessions, pauses = self.tables()
        found = []
        for old, new in ((self.history.sessions, sessions), (self.history.pauses, pauses)):
            table = frames.frame(pa.concat_tables([old, new]))
            table["agent"] = [self.who.identity(raw) for raw in table["agent"].astype("str")]
            found.append(table)
        return found[0], found[1]

    # -- sums ------------------------------------------------------------------------------------

    @cached_property
    def tail_slots(self) -> Slots:
        """Sums of everything that the history's own do not hold yet."""
        levels = self.shelf.levels(self.queue_words)
        return cubes.merge(self.young_slots, cubes.slots(self.open, levels, self.site.options, self.shelf.clock))

    def day_sums(self, first: int, last: int, origins: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Sums [queues, SUMS] and extremes [queues, LARGEST] of the local days first..last, per raw queue code."""
        days, count = self.history.days, len(self.queue_words.texts)
        low, high = days.span(first, last)
        known = days.running.shape[1] if len(self.history.queues.texts) else 0
        sums = np.zeros((count, len(SUMS)), dtype=np.int64)
        largest = np.full((count, len(LARGEST)), -1, dtype=np.int64)
        for origin in origins:
            sums[:known] += (days.running[high, :, origin] - days.running[low, :, origin])[:count]
            if high > low:
                largest[:known] = np.maximum(largest[:known], days.largest[low:high, :, origin].max(axis=0)[:count])
        tail = self._of(self.tail_slots, first, last, origins)
        sums += cubes.add(tail.queue, tail.sums, count).T
        return sums, np.maximum(largest, cubes.highest(tail.queue, tail.largest, count).T)

    def _of(self, slots: Slots, first: int, last: int, origins: Sequence[int]) -> Slots:
        keep = (slots.day >= first) & (slots.day <= last)
        return slots.take(np.flatnonzero(keep & np.isin(slots.origin, origins)))

    def slots(self, start: int, end: int) -> list[Slots]:
        """Quarter hours of [start, end) in epoch seconds, of the history and of the tail."""
        return [part.between(start // cubes.SLOT, -(-end // cubes.SLOT)) for part in (
            self.history.slots, self.tail_slots)]

    def waits(self, first: int, last: int, queues: np.ndarray, origins: Sequence[int]) -> np.ndarray:
        """Answered waits of the history's days by bucket of cubes.EDGES."""
        days = self.history.days
        low, high = days.span(first, last)
        part = (days.waits[high] - days.waits[low])[queues[queues < days.waits.shape[1]]]
        return part[:, list(origins)].sum(axis=(0, 1))

    def people(self, first: int, last: int) -> list[cubes.People]:
        """Sums by agent of the local days first..last."""
        low, high = np.searchsorted(self.history.people.day, (first, last + 1))
        return [self.history.people.take(slice(int(low), int(high))), *self.people_of_tail(first, last)]

    def people_of_tail(self, first: int, last: int) -> list[cubes.People]:
        """The same without the history."""
        return [new.take(np.flatnonzero((new.day >= first) & (new.day <= last)))
                for new in (self.young_people, self._open_people)]

    @cached_property
    def tail_missed(self) -> cubes.Missed:
        return cubes.missed(self._tail[1], self.site.options, self.shelf.clock)

    @cached_property
    def _open_people(self) -> cubes.People:
        levels = self.shelf.levels(self.queue_words)
        return cubes.by_day(self.open, levels, self.site.options, self.shelf.clock)[1]

    def days_with_calls(self, queues: np.ndarray, origins: Sequence[int]) -> np.ndarray:
        """Numbers of the local days on which these queues had calls, in order."""
        days = self.history.days
        known = queues[queues < days.running.shape[1]]
        offered = np.diff(days.running[:, known][:, :, list(origins), 0].sum(axis=(1, 2)))
        tail = self.tail_slots
        more = tail.day[np.isin(tail.queue, queues) & np.isin(tail.origin, origins)]
        return np.union1d(days.first + np.flatnonzero(offered), more)

    @cached_property
    def losses(self) -> tuple[Losses, Losses]:
        """Lost legs of the history, and those of the last hours, judged again since their callers may have been
        answered meanwhile."""
        window, tail = self.site.options.recall_window, self._tail[0]
        # Calls that are not over change nothing, however long ago the log forgot to end them.
        matters = np.isin(tail.number("outcome"), (frames.OUTCOME["answered"], *LOST))
        if not matters.any():
            return self.history.losses, Losses.empty()
        since = int(tail.number("enter")[matters].min()) - window
        return self.history.losses.between(0, since), losses.find(self.legs, since, window)


def builder_tables(builder: Builder, now: int) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
    """Young legs, attempts, sessions and pauses of a builder, the open ones of people included."""
    sessions, pauses = builder.people(now)
    return (builder.young.table("legs"), builder.young.table("attempts"),
            pa.concat_tables([builder.young.table("sessions"), sessions]),
            pa.concat_tables([builder.young.table("pauses"), pauses]))
