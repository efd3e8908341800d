"""Who is who: one person has an interface, a member name and an extension (queue_log.md 3.1)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from data.queue_log import Events
from data.rules import NOBODY

_INTERFACE = re.compile(
    r"^(?:SIP|PJSIP|IAX2?|LOCAL|DAHDI|ZAP|SCCP|SKINNY|MGCP|H323|OOH323|MISDN|MOTIF|KHOMP|DONGLE|CONSOLE|UNISTIM|CHAN_SIP)"
    r"/([^@/;]+)", re.IGNORECASE)
_CHANNEL = re.compile(r"-[0-9a-f]{8}$")
# Lines that may come in pairs, one by interface and one by name.
_TEACHERS = {"ADDMEMBER": "add", "PAUSEALL": "pause", "PAUSE": "pause", "UNPAUSEALL": "unpause", "UNPAUSE": "unpause"}
MOST = 10_000  # learned pairs; a log that teaches more is not teaching


def extension(raw: str) -> str | None:
    """`SIP/101-0000002a`, `Local/101@from-queue/n`, `PJSIP/101/sip:101@10.0.0.5` -> `101`; None for a name."""
    found = _INTERFACE.match(raw)
    return _CHANNEL.sub("", found[1]) if found else None


@dataclass
class Names:
    """Raw agent texts to one identity each.

    `aliases` were configured (raw text or extension -> identity) and win; `learned` were read from the log
    (interface -> member name), None where it named two people at once.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    learned: dict[str, str | None] = field(default_factory=dict)

    def identity(self, raw: str, login: bool = False) -> str:
        """The identity behind a text of the agent column; a bare number in AGENTLOGIN lines (`login`) is Agent/N."""
        if raw in self.aliases:
            return self.aliases[raw]
        known = self.learned.get(raw)
        name = known or extension(raw) or (f"Agent/{raw}" if login and raw.isdigit() else raw)
        return self.aliases.get(name, name)

    def teach(self, raw: str, name: str) -> bool:
        """Remembers that `raw` is `name`; True when that is news. A text with two names is forgotten for good."""
        if raw not in self.learned and raw not in NOBODY:
            if len(self.learned) < MOST:
                self.learned[raw] = name
                return True
        elif self.learned.get(raw) not in (name, None):
            self.learned[raw] = None
            return True
        return False

    def identities(self, raws: Iterable[str], login: bool = False) -> dict[str, str]:
        return {raw: self.identity(raw, login) for raw in raws}

    def extensions(self) -> dict[str, str]:
        """Identity -> extension, for those whose interface is known."""
        found = {}
        for raw, name in {**self.learned, **self.aliases}.items():
            number = extension(raw)
            if name and number:
                found[self.aliases.get(name, name)] = number
        return found


def learn(names: Names, events: Events) -> bool:
    """Reads pairs out of the log: two ADDMEMBER of one second and queue, PAUSEALL by interface and PAUSE by name of one
    second. True when something new was learned; the same text with two names is forgotten for good."""
    changed = _commas(names, events)
    column = events.column(4)
    kinds = [_TEACHERS.get(value.strip(), "") for value in column.values]
    rows = np.flatnonzero(np.array([bool(kind) for kind in kinds] or [False])[column.codes])
    rows = rows[_crowded(events.ts[rows])]
    if not len(rows):
        return changed
    speaker = events.column(3)
    by_interface = np.array([extension(value) is not None for value in speaker.values])[speaker.codes[rows]]
    rows = rows[np.isin(events.ts[rows], events.ts[rows[by_interface]])]  # without an interface nobody is taught
    agents, queues = events.column(3, rows), events.column(2, rows)
    who, where = agents.values, queues.values
    interface = [extension(value) is not None for value in who]
    spoken: dict[tuple[int, str, str], tuple[set[str], set[str]]] = {}
    for ts, code, agent, queue in zip(events.ts[rows].tolist(), column.codes[rows].tolist(), agents.codes.tolist(),
                                      queues.codes.tolist(), strict=True):
        kind, all_queues = kinds[code], column.values[code].strip().endswith("ALL")
        if kind == "add" or all_queues == interface[agent]:
            pair = spoken.setdefault((ts, kind, where[queue] if kind == "add" else ""), (set(), set()))
            pair[0 if interface[agent] else 1].add(who[agent])
    for raws, people in spoken.values():
        if len(raws) == 1 and len(people) == 1:
            changed |= names.teach(raws.pop(), people.pop())
    return changed


def _crowded(ts: np.ndarray) -> np.ndarray:
    """Lines that share their second with a neighbour: alone nobody teaches anything."""
    if len(ts) < 2:
        return np.zeros(len(ts), dtype=bool)
    same = ts[1:] == ts[:-1]
    return np.append(same, False) | np.append(False, same)


def _commas(names: Names, events: Events) -> bool:
    """A member called "Núñez, Raúl" is called "Núñez" after a restart of Asterisk (queue_log.md 7.2.9)."""
    changed = False
    for value in events.column(3).values:
        if "," in value and extension(value) is None:
            changed |= names.teach(value.split(",")[0], value)
    return changed


def extensions(events: Events) -> set[str]:
    """Numbers of the interfaces that this part of the log names: internal callers by rule I1.3."""
    return {number for value in events.column(3).values if (number := extension(value)) and number.isdigit()}
