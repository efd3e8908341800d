"""What is settled, on disk: runs of legs, sessions, pauses and the sums made beforehand; derived from the book.

Everything here can be made again from the events. A manifest names the files of one state with their checksums; it
is written aside, synced and renamed, so that a reader sees the old state or the new one and never half of it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from data import cubes, frames, losses, runs, shifts
from data.builder import Young
from data.cubes import AgentDays, Clock, Days, Missed, MissedDays, People, Slots, Waits, Weeks
from data.losses import Losses
from data.memo import Memo
from data.runs import ROWS, Damaged, Run, Words
from data.shifts import Shifts
from data.site import Site

RULES = 1  # grows when a rule changes what the log means: the store is then made again from its events
SUMS = 2  # grows when the sums are made or written in another way: they are then added up again
MANIFEST = "CURRENT.json"
KINDS = ("slots", "waits", "people", "losses", "days", "weeks", "agent_days", "missed", "missed_days")
REMEMBERED = 64 * 2**20  # bytes of what was worked out of one state
LINE = 64  # bytes: where an array begins in the file of the sums
DATED = ("days", "weeks", "agent_days", "missed_days")  # those that begin with a day


def digest(value: Any) -> str:
    return hashlib.blake2b(json.dumps(value, sort_keys=True, default=str).encode(), digest_size=12).hexdigest()


def rules(site: Site) -> str:
    """What the legs depend on: another answer means that the log must be folded again."""
    options = asdict(site.options)
    return digest([RULES, {k: options[k] for k in sorted(options) if k not in ("sl_threshold", "short_abandon")},
                   sorted(site.extensions.items())])


def sums(site: Site) -> str:
    """What the sums depend on: another answer means that they must be added up again."""
    return digest([RULES, SUMS, str(site.zone), site.options.sl_threshold, site.options.short_abandon,
                   sorted(site.thresholds.items())])


@dataclass
class History:
    """One settled state. `covers`: number of the last chunk of the book in it; `state`: the builder at that point;
    `memo`: answers about its rows, which hold for every version of the store that shows it."""

    generation: int = 0
    covers: int = 0
    queues: Words = field(default_factory=Words)
    agents: Words = field(default_factory=Words)
    runs: list[Run] = field(default_factory=list)
    tries: list[Run] = field(default_factory=list)
    sessions: pa.Table = field(default_factory=lambda: frames.empty(frames.SESSION))
    pauses: pa.Table = field(default_factory=lambda: frames.empty(frames.PAUSE))
    slots: Slots = field(default_factory=Slots.empty)
    waits: Waits = field(default_factory=Waits.empty)
    people: People = field(default_factory=People.empty)
    losses: Losses = field(default_factory=Losses.empty)
    days: Days = field(default_factory=lambda: cubes.days(Slots.empty(), 1, Waits.empty()))
    weeks: Weeks = field(default_factory=lambda: cubes.weeks(Slots.empty()))
    agent_days: AgentDays = field(default_factory=lambda: cubes.agent_days(People.empty(), 1))
    missed: Missed = field(default_factory=Missed.empty)
    missed_days: MissedDays = field(default_factory=lambda: cubes.missed_days(Missed.empty(), 1))
    before: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))  # Losses.before
    state: dict[str, Any] | None = None
    files: dict[str, Any] = field(default_factory=dict)
    memo: Memo = field(init=False, default_factory=lambda: Memo(REMEMBERED, lambda answer: answer.nbytes))

    @property
    def rows(self) -> int:
        """How many legs it holds."""
        return sum(run.rows for run in self.runs)

    @cached_property
    def shifts(self) -> tuple[Shifts, Shifts]:
        """Sessions and pauses as arrays."""
        return shifts.read(self.sessions), shifts.read(self.pauses)


class Shelf:
    """The folder where the history stands. One writer; any number of readers."""

    def __init__(self, folder: Path, site: Site):
        self.folder, self.site = folder, site
        self.clock = Clock(site.zone)

    # -- reading ---------------------------------------------------------------------------------

    def stamp(self) -> tuple[int, int]:
        """Changes when another state was put in place; zeros while there is none. Costs one look at the folder."""
        try:
            found = (self.folder / MANIFEST).stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_ino

    def load(self, verify: bool = True) -> History | None:
        """The state in place; None when there is none or it was made by other rules. Raises Damaged."""
        for _ in range(5):
            try:
                text = (self.folder / MANIFEST).read_text()
            except OSError:
                return None
            try:
                manifest = json.loads(text)
                if manifest["rules"] != rules(self.site):
                    return None
                return self._open(manifest, verify)
            except FileNotFoundError:
                continue  # a newer state took its place between reading its name and opening it
            except (ValueError, KeyError, pa.ArrowInvalid, OSError) as error:
                raise Damaged(f"{self.folder.name}: {error}") from error
        raise Damaged(f"{self.folder.name}: files named in the manifest are missing")

    def _open(self, manifest: dict[str, Any], verify: bool) -> History:
        files, summed = manifest["files"], manifest["sums"] == sums(self.site)
        if verify:
            for entry in [*_rows(files), *([files["sums"]] if summed else [])]:
                if runs.checksum(self.folder / entry["name"]) != entry["crc"]:
                    raise Damaged(f"{entry['name']} does not hold what was written into it")
        found = History(
            manifest["generation"], manifest["covers"], Words(manifest["queues"]), Words(manifest["agents"]),
            [Run.open(self.folder / e["name"]) for e in files["runs"]],
            [Run.open(self.folder / e["name"]) for e in files["tries"]],
            self._table(files["sessions"]), self._table(files["pauses"]), state=manifest["state"], files=files)
        if summed:
            self._open_sums(found)
        else:
            self._add_up(found, found.runs, found.tries, found.runs, fresh=True)
        return found

    def _table(self, entry: dict[str, Any]) -> pa.Table:
        with pa.memory_map(str(self.folder / entry["name"]), "r") as source:
            return pa.ipc.open_file(source).read_all()

    def _open_sums(self, found: History) -> None:
        entry = found.files["sums"]
        whole = np.asarray(np.load(self.folder / entry["name"], mmap_mode="r"))
        arrays = {name: whole[at:at + size].view(kind).reshape(shape)
                  for name, (at, size, kind, shape) in entry["arrays"].items()}
        made = {kind: {name.split(".")[1]: value for name, value in arrays.items() if name.startswith(f"{kind}.")}
                for kind in KINDS}
        found.slots, found.waits = Slots(**made["slots"]), Waits(**made["waits"])
        found.people, found.losses = People(**made["people"]), Losses(**made["losses"])
        starts = {kind: int(made[kind].pop("first")[0]) for kind in DATED}
        found.days = Days(starts["days"], **made["days"])
        found.weeks = Weeks(starts["weeks"], **made["weeks"])
        found.agent_days = AgentDays(starts["agent_days"], **made["agent_days"])
        found.missed, found.missed_days = Missed(**made["missed"]), MissedDays(
            starts["missed_days"], **made["missed_days"])
        found.before = arrays["before"]

    # -- writing ---------------------------------------------------------------------------------

    def levels(self, words: Words) -> np.ndarray:
        """Seconds of the service level by queue number."""
        return np.array([self.site.threshold(q) for q in words.texts] or [self.site.options.sl_threshold],
                        dtype=np.int64)

    def put(self, old: History, rows: Young, covers: int, state: dict[str, Any]) -> History:
        """The old state with the young rows in it, in place of the old one on the disk; `state` is that of the builder
        when they were taken from it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        queues, agents = Words(list(old.queues.texts)), Words(list(old.agents.texts))
        young = runs.coded(rows.table("legs"), queues, agents)
        tries = runs.coded_attempts(rows.table("attempts"), queues, agents)
        generation = old.generation + 1
        new = replace(
            old, generation=generation, covers=covers, queues=queues, agents=agents, state=state,
            sessions=pa.concat_tables([old.sessions, rows.table("sessions")]).unify_dictionaries(),
            pauses=pa.concat_tables([old.pauses, rows.table("pauses")]).unify_dictionaries())
        with ThreadPoolExecutor(1) as beside:
            rows_written = beside.submit(self._write_rows, old, new, young, tries)
            self._add_up(new, [Run(young)], [Run(tries)], [*old.runs, Run(young)], fresh=False)
            files = rows_written.result()
        files["sums"] = self._write_sums(new, generation)
        new.files = files
        manifest = {"rules": rules(self.site), "sums": sums(self.site), "generation": generation, "covers": covers,
                    "queues": queues.texts, "agents": agents.texts, "files": files, "state": new.state}
        _replace(self.folder / MANIFEST, json.dumps(manifest, ensure_ascii=False).encode())
        self._sweep(files)
        return new

    def _write_rows(self, old: History, new: History, young: pa.Table, tries: pa.Table) -> dict[str, Any]:
        """Everything but the sums; the files as the manifest names them."""
        files: dict[str, Any] = {}
        files["runs"], new.runs = self._grow("legs", new.generation, old.files.get("runs", []), old.runs, young)
        files["tries"], new.tries = self._grow("tries", new.generation, old.files.get("tries", []), old.tries, tries)
        for name, table in (("sessions", new.sessions), ("pauses", new.pauses)):
            files[name] = self._write(f"{name}-{new.generation}.arrow", table)
        return files

    def _grow(self, kind: str, generation: int, entries: list[dict[str, Any]], known: list[Run],
              table: pa.Table) -> tuple[list[dict[str, Any]], list[Run]]:
        """Full runs stay as they are; the last, while it is not full, is written again with the new rows. These make
        runs of about the same size each, so that what is put away at once is not written again the next time."""
        key = table.schema.names[0]
        entries, known = list(entries), list(known)
        if known and known[-1].rows < ROWS and table.num_rows:
            table = _seam(known.pop().table, table, key)
            entries.pop()
        size = -(-table.num_rows // max(round(table.num_rows / ROWS), 1))
        for number, start in enumerate(range(0, table.num_rows, size or 1)):
            piece = table.slice(start, size).combine_chunks()
            entry = self._write(f"{kind}-{generation}-{number}.arrow", piece)
            entries.append(entry)
            known.append(Run.open(self.folder / entry["name"]))
        return entries, known

    def _write(self, name: str, table: pa.Table) -> dict[str, Any]:
        path = self.folder / name
        crc = runs.write(table, path)
        _sync(path)
        return {"name": name, "crc": crc, "rows": table.num_rows}

    def _add_up(self, found: History, fresh_runs: list[Run], fresh_tries: list[Run], every: list[Run],
                fresh: bool) -> None:
        """The sums of `found` with the new rows in them, or of these alone if `fresh`; `every`: all legs there are."""
        if fresh:
            found.slots, found.waits, found.people = Slots.empty(), Waits.empty(), People.empty()
            found.missed, found.losses = Missed.empty(), Losses.empty()
        with ThreadPoolExecutor(2) as beside:
            calls = beside.submit(self._add_calls, found, fresh_runs)
            people = beside.submit(self._add_people, found, fresh_runs, fresh_tries)
            self._add_losses(found, fresh_runs, every)
            calls.result()
            people.result()
        found.days = cubes.days(found.slots, max(len(found.queues.texts), 1), found.waits)

    def _add_calls(self, found: History, fresh: list[Run]) -> None:
        levels = self.levels(found.queues)
        for run in fresh:
            found.slots = cubes.merge(found.slots, cubes.slots(run, levels, self.site.options, self.clock))
        found.weeks = cubes.weeks(found.slots)

    def _add_people(self, found: History, fresh: list[Run], tries: list[Run]) -> None:
        levels = self.levels(found.queues)
        for run in fresh:
            waits, people = cubes.by_day(run, levels, self.site.options, self.clock)
            found.waits = cubes.join(found.waits, waits)
            joined = cubes.join(found.people, people)
            found.people = joined.take(np.argsort(joined.day, kind="stable"))
        for run in tries:
            found.missed = cubes.join(found.missed, cubes.missed(run, self.site.options, self.clock))
        found.agent_days = cubes.agent_days(found.people, max(len(found.agents.texts), 1))
        found.missed_days = cubes.missed_days(found.missed, max(len(found.agents.texts), 1))

    def _add_losses(self, found: History, fresh: list[Run], every: list[Run]) -> None:
        window = self.site.options.recall_window
        since = min((int(run.number("enter")[0]) for run in fresh if run.rows), default=1 << 62) - window
        found.losses = losses.join(found.losses.between(0, since), losses.find(every, since, window))
        found.before = found.losses.before()

    def _write_sums(self, found: History, generation: int) -> dict[str, Any]:
        """All sums in one file, one array behind another: `arrays` tells where, how long, of what type and shape."""
        arrays = {f"{kind}.first": np.array([getattr(found, kind).first]) for kind in DATED}
        arrays["before"] = found.before
        for kind in KINDS:
            arrays.update({f"{kind}.{name}": value for name, value in vars(getattr(found, kind)).items()
                           if isinstance(value, np.ndarray)})
        pieces = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
        starts = np.cumsum([0, *(-(-value.nbytes // LINE) * LINE for value in pieces.values())]).tolist()
        path = self.folder / f"sums-{generation}.npy"
        with runs.Summed(path) as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": "|u1", "fortran_order": False, "shape": (starts[-1],)})
            for value in pieces.values():
                file.write(value.data)
                file.write(bytes(-value.nbytes % LINE))
        _sync(path)
        return {"name": path.name, "crc": file.crc, "arrays": {
            name: [at, value.nbytes, value.dtype.str, value.shape]
            for at, (name, value) in zip(starts, pieces.items(), strict=False)}}

    def _sweep(self, files: Mapping[str, Any]) -> None:
        """Removes what no state names any more; who has it mapped keeps it until he lets go."""
        named = {entry["name"] for entry in [*_rows(files), files["sums"]]} | {MANIFEST}
        for path in self.folder.iterdir():
            if path.name not in named and path.is_file():
                path.unlink(missing_ok=True)


def _seam(old: pa.Table, new: pa.Table, key: str) -> pa.Table:
    """Two tables ordered by `key` as one; only the rows where they overlap are sorted."""
    if not old.num_rows:
        return new
    before, after = old.column(key).to_numpy(), new.column(key).to_numpy()
    low, high = np.searchsorted(before, after[0], side="right"), np.searchsorted(after, before[-1], side="right")
    middle = pa.concat_tables([old.slice(low), new.slice(0, high)]).sort_by([(key, "ascending")])
    return pa.concat_tables([old.slice(0, low), middle, new.slice(high)])


def _rows(files: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The files of everything but the sums."""
    return [*files["runs"], *files["tries"], files["sessions"], files["pauses"]]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(path: Path, content: bytes) -> None:
    """Written aside, synced, renamed; the folder synced too."""
    aside = path.with_suffix(".new")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    _sync(path.parent)
