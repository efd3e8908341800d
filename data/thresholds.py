"""From when on a queue is worth a look (yellow) or a run (red), by metric and queue, kept in a small file.

`waiting` callers, `longest` seconds of the oldest one, `sl` (0-100, last half hour), `available` agents; `talk` and
`pause` seconds mark agents. Each is `[yellow, red]` or None, which never alarms.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

METRICS = ("waiting", "longest", "sl", "available", "talk", "pause")
FALLING = ("sl", "available")  # less is worse
MOST = 100_000
DEFAULTS: dict[str, list[float] | None] = {"waiting": [3, 6], "longest": None, "sl": None, "available": None,
                                           "talk": [900, 1800], "pause": [900, 1800]}
Limits = dict[str, list[float] | None]

NOT_PAIRS = "must be two numbers, yellow and red, or nothing"
WRONG_ORDER = "yellow must come before red"


class BadThreshold(ValueError):
    """A threshold that cannot work; `where` names it, `reason` is an English message id."""

    def __init__(self, where: str, reason: str):
        super().__init__(f"{where}: {reason}")
        self.where, self.reason = where, reason


class Thresholds:
    """The file at `path`; every process reads it again when it has changed."""

    def __init__(self, path: Path):
        self.path = path
        self._seen: tuple[Any, dict[str, Any]] = (None, {"all": {}, "queues": {}})

    @property
    def mark(self) -> Any:
        """Changes with the file."""
        try:
            look = self.path.stat()
        except OSError:
            return None
        return (look.st_ino, look.st_mtime_ns, look.st_size)

    def read(self) -> dict[str, Any]:
        """`all` metric -> pair, `queues` queue -> metric -> pair; only what somebody has set."""
        mark = self.mark
        if mark != self._seen[0]:
            try:
                found = check(json.loads(self.path.read_text()))
            except (OSError, ValueError):
                found = {"all": {}, "queues": {}}
            self._seen = (mark, found)
        return self._seen[1]

    def write(self, given: Any) -> dict[str, Any]:
        """Keeps these; BadThreshold when they cannot work."""
        found = check(given)
        draft = self.path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(found))
        draft.replace(self.path)
        return found

    def of(self, queue: str, seconds: int, target: float) -> Limits:
        """What holds for one queue; unless somebody set it, waiting alarms from the queue's own service level on."""
        found = self.read()
        base: Limits = {**DEFAULTS, "longest": [seconds, 3 * seconds], "sl": [target, max(target - 15, 0)]}
        return {**base, **found["all"], **found["queues"].get(queue, {})}


def check(given: Any) -> dict[str, Any]:
    """`all` and `queues` with nothing but metrics and pairs in them."""
    if not isinstance(given, Mapping) or not isinstance(given.get("all", {}), Mapping) or not isinstance(
            given.get("queues", {}), Mapping):
        raise BadThreshold("thresholds", NOT_PAIRS)
    queues = {}
    for queue, values in list(given.get("queues", {}).items())[:1000]:
        if not isinstance(values, Mapping):
            raise BadThreshold(str(queue), NOT_PAIRS)
        queues[str(queue)[:128]] = _limits(values, f"{queue}: ")
    return {"all": _limits(given.get("all", {}), ""), "queues": {q: v for q, v in queues.items() if v}}


def _limits(values: Mapping[str, Any], where: str) -> Limits:
    found: Limits = {}
    for metric, pair in values.items():
        if metric not in METRICS:
            raise BadThreshold(f"{where}{metric}", NOT_PAIRS)
        if pair is None:
            found[metric] = None
            continue
        good = isinstance(pair, list | tuple) and len(pair) == 2 and all(
            isinstance(n, int | float) and not isinstance(n, bool) and 0 <= n <= MOST for n in pair)
        if not good:
            raise BadThreshold(f"{where}{metric}", NOT_PAIRS)
        yellow, red = pair
        if (yellow < red) if metric in FALLING else (yellow > red):
            raise BadThreshold(f"{where}{metric}", WRONG_ORDER)
        found[metric] = [yellow, red]
    return found
