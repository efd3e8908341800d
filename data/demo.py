"""A believable Latin-American call centre to look at: history written in seconds, then live traffic that goes on.

`write` makes a folder like a server's (queue_log, rotated siblings, recordings, cdr.csv, names.csv), the same bytes
for the same seed and the same `until`. `run` keeps it alive: in the process that wrote it the very same simulation goes
on; in a later one `resume` continues after a restart of the simulated server and fills what is missing.
"""

import datetime as dt
import fcntl
import json
import shutil
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from data.demo_actors import Call
from data.demo_cdr import Cdr
from data.demo_files import Log, rotated, tail, write_names
from data.demo_people import QUEUES
from data.demo_recordings import record
from data.demo_simulation import ROTATION, Simulation

STATE = "demo.json"             # what `resume` must know; its presence marks a folder as ours
CDR_DAYS = 31                   # cdr.csv holds the newest month; the log holds everything
LONGEST_GAP = dt.timedelta(days=31)     # of silence that `resume` fills; of a longer one only the end
MOST_RECORDINGS = 500           # some 100 MB
BEFORE = 0.3                    # share of the recordings that are of the day before
TAIL = 8 << 20                  # bytes of the log that tell who is logged in


@dataclass
class Centre:
    """What was written. `queues` is number -> name, `targets` number -> seconds of the service target, `agents`
    name as the log spells it -> extension. `lines`, `calls` (callids, not legs) and `days` count the history."""

    folder: Path
    queue_log: Path
    rotated: list[Path]
    recordings: Path
    cdr: Path
    names: Path
    lines: int
    calls: int
    days: int
    recorded: int
    start: dt.datetime
    until: dt.datetime
    timezone: str
    queues: dict[str, str]
    targets: dict[str, int]
    agents: dict[str, str]
    simulation: Simulation = field(repr=False, compare=False)


def exists(folder: Path) -> bool:
    """True when `folder` holds a finished demonstration centre that `resume` can continue."""
    try:
        return bool(json.loads((Path(folder) / STATE).read_text())["complete"])
    except (OSError, ValueError, KeyError):
        return False


def write(folder: Path, *, days: int = 30, calls_per_day: int = 400, seed: int = 1, until: dt.datetime | None = None,
          timezone: str = "America/Bogota", recordings: int = 200) -> Centre:
    """Write `days` local days that end at `until` (default now; naive means in `timezone`) into `folder`.

    An earlier demonstration there is replaced; FileExistsError when the folder holds a log that is not ours,
    ValueError for days or calls below 1. Histories of less than three months are rotated weekly, of less than two
    weeks daily, longer ones monthly.
    """
    folder = Path(folder)
    if days < 1 or calls_per_day < 1 or recordings < 0:
        raise ValueError("days and calls_per_day must be at least 1, recordings at least 0")
    if (folder / "queue_log").exists() and not (folder / STATE).exists():
        raise FileExistsError(f"{folder / 'queue_log'} is not a demonstration; choose an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder)
    zone = ZoneInfo(timezone)
    end = until or dt.datetime.now(zone)
    end = end.replace(tzinfo=zone) if end.tzinfo is None else end.astimezone(zone)
    first = end.date() - dt.timedelta(days=days - 1)
    begin = dt.datetime.combine(first, dt.time(), zone)
    state: dict[str, Any] = {
        "complete": False, "seed": seed, "calls_per_day": calls_per_day, "timezone": timezone,
        "start": first.isoformat(), "rotation": "monthly" if days > 92 else "weekly" if days >= 14 else "daily",
        "recordings": min(recordings, MOST_RECORDINGS)}
    (folder / STATE).write_text(json.dumps(state, indent=1))
    simulation = _simulation(state)
    simulation.busy_until = end.timestamp()
    simulation.begin(begin.timestamp())
    log, cdr = Log(folder, zone, ROTATION), Cdr(folder, zone)
    older: deque[Call] = deque(maxlen=state["recordings"])
    before: deque[Call] = deque()
    today: deque[Call] = deque()
    _drain(simulation, end.timestamp() - CDR_DAYS * 86400, log, None, older)
    for day, calls in ((end.date() - dt.timedelta(days=1), older), (end.date(), before)):
        _drain(simulation, dt.datetime.combine(day, dt.time(), zone).timestamp(), log, cdr, calls)
    _drain(simulation, end.timestamp(), log, cdr, today)
    log.close()
    cdr.close()
    chosen = _heard(list(older), list(before), list(today), state["recordings"])
    for call in chosen:
        record(folder, call, zone)
    names = write_names(folder, simulation.people)
    (folder / STATE).write_text(json.dumps(state | {"complete": True}, indent=1))
    return Centre(folder, log.path, rotated(folder), folder / "recordings", cdr.path, names, log.written,
                  simulation.callers, days, len(chosen), begin, end, timezone, {q.number: q.name for q in QUEUES},
                  {q.number: q.target for q in QUEUES}, {p.name: p.extension for p in simulation.people}, simulation)


def _heard(older: list[Call], before: list[Call], today: list[Call], most: int) -> list[Call]:
    """The calls that get a recording, no more than `most`: the newest, and some of the whole day before."""
    newest = today[max(0, len(today) - most + min(len(before), round(most * BEFORE))):]
    room = most - len(newest)
    spread = [before[at * len(before) // room] for at in range(room)] if len(before) > room else before
    return [*older[max(0, len(older) - room + len(spread)):], *spread, *newest]


def _drain(simulation: Simulation, until: float, log: Log, cdr: Cdr | None, newest: deque[Call]) -> None:
    """Write what happens up to `until`, piece by piece; `newest` takes the calls that somebody answered."""
    for epoch, line in simulation.lines(until):
        log.write(epoch, line)
        if simulation.ended:
            newest.extend(call for call in simulation.ended if call.first)
            if cdr is not None:
                cdr.write(simulation.ended)
            simulation.ended.clear()


def _simulation(state: dict[str, Any]) -> Simulation:
    return Simulation(seed=state["seed"], calls_per_day=state["calls_per_day"], timezone=state["timezone"],
                      start=dt.date.fromisoformat(state["start"]), rotation=state["rotation"])


def _clear(folder: Path) -> None:
    """Take away an earlier demonstration, nothing else."""
    for path in [*rotated(folder), *(folder / name for name in ("queue_log", "cdr.csv", "names.csv", STATE))]:
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / "recordings", ignore_errors=True)


class Live:
    """A written centre going on in real time. One process at a time: `run` sees to it."""

    def __init__(self, folder: Path, simulation: Simulation, since: float):
        """`since`: epoch up to which the log is written; the pace changes to that of a demonstration there."""
        self.folder, self.simulation = Path(folder), simulation
        self._since = since
        self._most = int(json.loads((Path(folder) / STATE).read_text())["recordings"])

    def lines(self, until: float) -> Iterator[tuple[int, str]]:
        """(epoch, line) of what happens up to `until`, from where the last call ended; nothing is written.
        Calls come at least every 30 seconds. Consume it to the end."""
        if not self.simulation.live:
            self.simulation.go_live(self._since)
        return self.simulation.lines(until)

    def run(self, stop: threading.Event) -> None:
        """Append every line when it is due, with recordings and CDR rows, until `stop` is set. What is overdue
        at the start is written at once, at the pace of the calendar."""
        zone = self.simulation.zone
        log, cdr = Log(self.folder, zone, ROTATION), Cdr(self.folder, zone)
        kept = deque(sorted((self.folder / "recordings").glob("*/*/*/*.wav"), key=lambda path: path.stat().st_mtime))
        try:
            self._advance(time.time(), log, cdr, kept)
            if not self.simulation.live:
                self.simulation.go_live(time.time())
            while not stop.is_set():
                self._advance(time.time(), log, cdr, kept)
                stop.wait(min(1.0, max(0.05, self.simulation.next_due() - time.time())))
        finally:
            log.close()
            cdr.close()

    def _advance(self, until: float, log: Log, cdr: Cdr, kept: deque[Path]) -> None:
        """Write what happens up to `until`; `kept` are the recordings there are, oldest first."""
        newest: deque[Call] = deque(maxlen=self._most)
        _drain(self.simulation, until, log, cdr, newest)
        log.flush()
        cdr.flush()
        kept.extend(record(self.folder, call, self.simulation.zone) for call in newest)
        while len(kept) > self._most:  # the oldest of the day that has the most, so that every day keeps some
            fullest, _ = Counter(path.parent for path in kept).most_common(1)[0]
            oldest = next(path for path in kept if path.parent == fullest)
            kept.remove(oldest)
            oldest.unlink(missing_ok=True)


def live(centre: Centre) -> Live:
    """The centre just written, going on where its log ends."""
    return Live(centre.folder, centre.simulation, centre.until.timestamp())


def resume(folder: Path, now: float | None = None) -> Live:
    """Continue a centre that another process wrote: its server restarts one second after the last line (calls then
    open are cut off, agents stay logged in), and what is missing up to now follows when it runs.

    FileNotFoundError when `folder` has no finished demonstration; an unfinished last line is taken away.
    """
    folder = Path(folder)
    if not exists(folder):
        raise FileNotFoundError(f"{folder} holds no finished demonstration centre")
    state = json.loads((folder / STATE).read_text())
    last, members = _standing(folder)
    now = time.time() if now is None else now
    simulation = _simulation(state)
    begin = max(last + 1.0, now - LONGEST_GAP.total_seconds())
    simulation.begin(begin, members)
    return Live(folder, simulation, begin)


def _standing(folder: Path) -> tuple[int, dict[str, tuple[set[str], bool]]]:
    """Epoch of the last line and who is logged in there: name -> (queues, paused)."""
    path = folder / "queue_log"
    path.touch()
    _trim(path)
    queues: dict[str, set[str]] = {}
    paused: dict[str, bool] = {}
    last = 0
    for part in [*rotated(folder)[-1:], path]:
        for line in tail(part, TAIL):
            fields = line.split("|")
            if len(fields) < 6 or not fields[0].isdigit():
                continue
            last = max(last, int(fields[0]))
            name, event = fields[3], fields[4]
            if event == "ADDMEMBER":
                queues.setdefault(name, set()).add(fields[2])
            elif event == "REMOVEMEMBER":
                queues.get(name, set()).discard(fields[2])
            elif event in ("PAUSEALL", "UNPAUSEALL"):
                paused[name] = event == "PAUSEALL"
    return last, {name: (members, paused.get(name, False)) for name, members in queues.items() if members}


def _trim(path: Path) -> None:
    """Cut a last line that a killed process left without its end."""
    with path.open("r+b") as file:
        content = file.seek(0, 2)
        position = max(0, content - 8192)
        file.seek(position)
        end = file.read()
        if end and not end.endswith(b"\n"):
            file.truncate(position + end.rfind(b"\n") + 1)


def run(folder: Path, stop: threading.Event, centre: Centre | None = None) -> None:
    """Keep the centre in `folder` alive until `stop` is set; waits while another process does. For a thread.

    `centre` continues what this process has just written; without it the folder is resumed.
    """
    with (Path(folder) / "demo.lock").open("w") as lock:
        first = True
        while not stop.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                first = False
                stop.wait(2)
                continue
            going = live(centre) if centre is not None and first else resume(folder)
            going.run(stop)
