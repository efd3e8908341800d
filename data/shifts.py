"""Sessions and pauses of everybody as plain arrays: who was in, and who was on pause, in any stretch of time."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from data import runs

if TYPE_CHECKING:
    import pandas as pd

GLOBAL = ("", "*")  # queues of sessions and pauses that hold for all queues


@dataclass
class Shifts:
    """Parallel arrays: `agent`, `queue`, `reason` and `cause` are numbers into the lists of the same name in plural,
    `start` and `end` epoch seconds (-1: unknown start, or not over)."""

    agents: list[str]
    queues: list[str]
    reasons: list[str]
    causes: list[str]
    agent: np.ndarray
    queue: np.ndarray
    reason: np.ndarray
    cause: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def among(self, start: int, end: int, now: int, person: np.ndarray, queues: Callable[[str], bool],
              reasons: Collection[str] | None = None) -> "Stretch":
        """What touches [start, end), ends at `now` where it is not over. `person` gives the number of each of `agents`,
        -1 for those who are not asked about; `queues` says of a queue whether it counts."""
        until = np.where(self.end < 0, now, self.end)
        good = (self.start >= 0) & (until > start) & (self.start < end)
        good &= _picked([queues(name) for name in self.queues], self.queue)
        if len(self.agents):
            good &= person[self.agent] >= 0
        if reasons is not None:
            good &= _picked([name in reasons for name in self.reasons], self.reason)
        rows = np.flatnonzero(good)
        return Stretch(self, rows, person[self.agent[rows]] if len(rows) else np.empty(0, np.int64), self.start[rows],
                       until[rows])


@dataclass
class Stretch:
    """Chosen rows of `shifts`: `who` numbers of persons, `start` and `end` in full."""

    shifts: Shifts
    rows: np.ndarray
    who: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def frame(self) -> "pd.DataFrame":
        """`who`, `queue`, `start`, `end`, `over`, `reason`, `closed_by`: one row each, in order of time."""
        import pandas as pd

        rows, of = self.rows, self.shifts
        table = pd.DataFrame({
            "who": self.who, "queue": _named(of.queues, of.queue[rows]), "start": self.start, "end": self.end,
            "over": of.end[rows] >= 0, "reason": _named(of.reasons, of.reason[rows]),
            "closed_by": _named(of.causes, of.cause[rows])})
        return table.sort_values(["start", "end", "queue"], kind="stable", ignore_index=True)


def _named(words: list[str], codes: np.ndarray) -> list[str]:
    return [words[code] for code in codes.tolist()]


def _picked(wanted: list[bool], codes: np.ndarray) -> np.ndarray | bool:
    return True if all(wanted) else np.array(wanted)[codes]


def read(table: pa.Table, after: Shifts | None = None) -> Shifts:
    """frames.SESSION or frames.PAUSE; behind those of the same kind that were read before."""
    def coded(name: str, texts: str, column: str) -> tuple[list[str], np.ndarray]:
        old = np.empty(0, dtype=np.int32) if after is None else getattr(after, name)
        if column not in table.schema.names:
            return [""], np.zeros(len(old) + table.num_rows, dtype=np.int32)
        words = runs.Words([] if after is None else list(getattr(after, texts)))
        codes = words.codes(table.column(column))
        nobody = words.number("") if (codes < 0).any() else 0
        return words.texts, np.append(old, np.where(codes < 0, nobody, codes))

    agents, agent = coded("agent", "agents", "agent")
    queues, queue = coded("queue", "queues", "queue")
    reasons, reason = coded("reason", "reasons", "reason")
    causes, cause = coded("cause", "causes", "closed_by")
    start, end = table.column("start").to_numpy(), table.column("end").to_numpy()
    if after is not None:
        start, end = np.append(after.start, start), np.append(after.end, end)
    return Shifts(agents, queues, reasons, causes, agent, queue, reason, cause, start, end)
