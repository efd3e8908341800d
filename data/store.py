"""The store: the log as frames, kept up to date, shared by everybody who asks."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data import agents, frames, legs, names, queue_log
from data.queue_log import Bad, Events
from data.site import Site
from data.sources import FileSource
from data.view import View

log = logging.getLogger(__name__)


@dataclass
class Snapshot:
    """The frames at one version; nobody changes them. `legs` is ordered by enter, its agents are identities."""

    site: Site
    version: int
    legs: pd.DataFrame
    attempts: pd.DataFrame
    sessions: pd.DataFrame
    pauses: pd.DataFrame
    queues: list[str]
    agents: list[str]
    extensions: dict[str, str]
    data_until: int | None
    problem: str
    _memo: dict[Hashable, Any] = field(default_factory=dict)
    _locks: dict[Hashable, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def agent_label(self, agent: str) -> str:
        """Ana Gómez (1001); the name alone where no extension is known."""
        number = self.extensions.get(agent)
        return f"{agent} ({number})" if number and number != agent else agent

    def memo(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The answer to a question of this version, computed once however many ask at the same time."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._memo:
                self._memo[key] = make()
            return self._memo[key]


class Store:
    """Follows a source and folds it. `refresh` is called by one thread; `view` by anybody."""

    def __init__(self, source: FileSource, site: Site, clock: Callable[[], float] = time.time):
        self.source, self.site, self.clock = source, site, clock
        self._lock = threading.Lock()
        self._open = legs.Open()
        self._agents = agents.State(names=names.Names(dict(site.extensions)))
        self._ended: list[pa.Table] = []
        self._attempts: list[pa.Table] = [frames.empty(frames.ATTEMPT)]
        self._sessions: list[pa.Table] = []
        self._pauses: list[pa.Table] = []
        self._book: list[Events] = []
        self._extensions: set[str] = set()
        self.bad = Bad()
        self.rejected: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.lines = 0
        self._snapshot = self._shot(0, "")

    def refresh(self) -> int:
        """Reads what the source has since the last time; the version, which grows when something changed."""
        with self._lock:
            news, began = 0, time.monotonic()
            for block in self.source.read():
                events, bad = queue_log.parse(block)
                self.bad += bad
                self._fold(events)
                news += len(events) + bad.count
            changed = news or self.source.problem != self._snapshot.problem
            if changed:
                self.lines += news
                self._snapshot = self._shot(self._snapshot.version + 1, self.source.problem)
                log.info("read %d lines, %d legs, %.0f ms", news, len(self._snapshot.legs),
                         1000 * (time.monotonic() - began))
            return self._snapshot.version

    def _fold(self, events: Events) -> None:
        ended, self._open = legs.fold(self._open, events, self.site.options)
        self._ended.append(ended.legs)
        self._attempts.append(ended.attempts)
        self.rejected += ended.refused
        self.unknown += ended.unknown
        self._extensions |= names.extensions(events)
        taught = names.learn(self._agents.names, events)
        self._book.append(events)
        if taught:  # the same person has had two names: his past is read again
            fresh, self._sessions, self._pauses = agents.State(names=self._agents.names), [], []
            for old in self._book:
                fresh = self._people(fresh, old)
            self._agents = fresh
        else:
            self._agents = self._people(self._agents, events)

    def _people(self, state: agents.State, events: Events) -> agents.State:
        sessions, pauses, state = agents.fold(state, events, self.site.options)
        self._sessions.append(sessions)
        self._pauses.append(pauses)
        return state

    def _shot(self, version: int, problem: str) -> Snapshot:
        now, options, who = int(self.clock()), self.site.options, self._agents.names
        table = pa.concat_tables([*self._ended, legs.as_of(self._open.legs, now, options)])
        table = legs.internal(table.unify_dictionaries().combine_chunks(), options, frozenset(self._extensions))
        calls = frames.frame(table.sort_by([("enter", "ascending")]))
        calls["agent"] = _renamed(calls["agent"], who.identity)
        spelled: dict[str, str] = {}
        calls["queue"] = _renamed(calls["queue"], lambda raw: spelled.setdefault(raw.casefold(), raw))
        calls["threshold"] = calls["queue"].map(self.site.threshold).astype("float64").fillna(
            options.sl_threshold).to_numpy()
        tries = frames.frame(pa.concat_tables(self._attempts))
        tries["agent"] = _renamed(tries["agent"], who.identity)
        more, still = agents.finish(self._agents, now, options)
        sessions, pauses = (frames.frame(pa.concat_tables([*a, b])) for a, b in (
            (self._sessions, more), (self._pauses, still)))
        people = {*calls["agent"].dropna().unique(), *sessions["agent"].dropna().unique(),
                  *tries["agent"].dropna().unique()}
        return Snapshot(self.site, version, calls, tries, sessions, pauses,
                        sorted(str(q) for q in calls["queue"].cat.categories), sorted(map(str, people)),
                        {**{name: number for number, name in self.site.extensions.items()}, **who.extensions()},
                        self._open.clock or None, problem)

    @property
    def version(self) -> int:
        return self._snapshot.version

    def view(self, queues: frozenset[str] | None = None, numbers: bool = True) -> View:
        """What a user limited to `queues` (None: all) may see, numbers in full or masked."""
        return View(self._snapshot, self.clock, queues, numbers)

    def health(self) -> dict[str, Any]:
        """Status of the log for /health: nothing about calls."""
        snapshot = self._snapshot
        until = snapshot.data_until
        return {"status": "degraded" if snapshot.problem else "ok", "version": snapshot.version,
                "log_age": None if until is None else round(max(self.clock() - until, 0.0), 1),
                "bad_lines": self.bad.count, "rejected": dict(self.rejected), "problem": snapshot.problem or None}


def _renamed(column: pd.Series, name: Callable[[str], str]) -> pd.Series:
    """A word column whose words are replaced; words that become the same are one, unused ones go."""
    codes = column.cat.codes.to_numpy()
    used = np.unique(codes[codes >= 0])
    known = {int(code): name(str(column.cat.categories[code])) for code in used}
    unique = sorted(set(known.values()))
    place = {text: i for i, text in enumerate(unique)}
    table = np.full(len(column.cat.categories) + 1, -1, dtype=np.int64)
    for code, text in known.items():
        table[code] = place[text]
    return pd.Series(pd.Categorical.from_codes(table[codes], pd.Index(unique, dtype="str")), index=column.index)
