"""What is true of one call center: its zone, thresholds, names of queues and agents."""

import contextlib
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from data.issabel_names import IssabelNames
from data.rules import Options


@dataclass(frozen=True)
class Site:
    """`queue_names` queue -> words; `thresholds` queue -> seconds of its service level; `targets` queue -> the level it
    should reach (0-100), `target` that of all others; `extensions` extension -> name; `wrapup` seconds of after-call
    work counted per call.

    What the administrator wrote is in these; what Issabel's databases say comes by `with_issabel`: `people` extension
    or `Agent/N` -> name, `dids` dialled number -> words, `revision` of both."""

    zone: ZoneInfo
    options: Options = field(default_factory=Options)
    wrapup: int = 0
    queue_names: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, int] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)
    demo: bool = False
    people: Mapping[str, str] = field(default_factory=dict)
    dids: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0
    target: float = 80.0
    targets: Mapping[str, float] = field(default_factory=dict)

    def with_issabel(self, found: IssabelNames) -> "Site":
        """This site with the names of the databases where the administrator wrote none."""
        return replace(self, queue_names={**found.queues, **self.queue_names},
                       thresholds={**found.levels, **self.thresholds},
                       people={key: name for key, name in found.people.items() if key not in self.extensions},
                       dids=found.dids, revision=found.revision)

    def did_label(self, did: str) -> str:
        """6015550600 Ventas; the bare number where nobody named it."""
        name = self.dids.get(did, "")
        return f"{did} {name}" if name and name != did else did

    def queue_label(self, queue: str) -> str:
        """600 Ventas; the bare queue where nobody named it or the name says the same."""
        name = self.queue_names.get(queue, "")
        return f"{queue} {name}" if name and name.casefold() != queue.casefold() else queue

    def threshold(self, queue: str) -> int:
        return self.thresholds.get(queue, self.options.sl_threshold)

    def sl_target(self, queue: str) -> float:
        """The service level (0-100) that the queue should reach."""
        return self.targets.get(queue, self.target)


def names(path: Path) -> tuple[dict[str, str], dict[str, int], dict[str, str]]:
    """Names of queues, their service level in seconds, and names of agents by extension, from a CSV with the columns
    kind (queue, agent), key, name, service_level.

    A file that is not there names nobody; lines of another shape are passed over.
    """
    queues: dict[str, str] = {}
    levels: dict[str, int] = {}
    agents: dict[str, str] = {}
    for kind, key, name, level in _lines(path, "kind", "key", "name", "service_level"):
        if key and name:
            {"queue": queues, "agent": agents}.get(kind, {})[key] = name
        if kind == "queue" and key and level.isdigit() and 0 < int(level) <= 3600:
            levels[key] = int(level)
    return queues, levels, agents


def targets(path: Path) -> dict[str, float]:
    """The service level that each queue should reach (1-100), from the column target of the same file."""
    found: dict[str, float] = {}
    for kind, key, words in _lines(path, "kind", "key", "target"):
        with contextlib.suppress(ValueError):
            target = float(words.removesuffix("%"))
            if kind == "queue" and key and 1 <= target <= 100:
                found[key] = target
    return found


def _lines(path: Path, *columns: str) -> Iterator[tuple[str, ...]]:
    if path.is_file():
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            for row in csv.DictReader(file):
                yield tuple(str(row.get(column) or "").strip() for column in columns)
