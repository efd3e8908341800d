"""The pages of queues and agents over 200 agents, 90 days and 1.1 million calls, each answer worked out anew."""

import datetime as dt
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from data.filters import Filters
from data.history import History
from data.site import Site
from data.store import Store
from tests.benchmarks import page_load

ZONE = ZoneInfo("America/Bogota")
UNTIL = dt.datetime(2026, 11, 20, 20, tzinfo=ZONE)
AGENTS, DAYS, CALLS = 200, 90, 61  # calls an agent takes in a day
QUEUES = tuple(str(number) for number in range(600, 610))


def lines(day: int, random: random.Random) -> Iterator[tuple[int, str]]:
    """A day that begins at this second: everybody there from 8 to 17, three pauses, one call after another."""
    for agent in range(AGENTS):
        name = f"Agente {agent:03}"
        mine = [QUEUES[(agent + n) % len(QUEUES)] for n in range(3)]
        now = day + 8 * 3600 + random.randrange(900)
        for queue in mine:
            yield now, f"NONE|{queue}|{name}|ADDMEMBER|"
            yield now + 33_000, f"NONE|{queue}|{name}|REMOVEMEMBER|"
        for reason, at, length in (("Baño", 4000, 300), ("Almuerzo", 14_000, 3000), ("Break", 24_000, 900)):
            for queue in mine:
                yield now + at, f"NONE|{queue}|{name}|PAUSE|{reason}"
                yield now + at + length, f"NONE|{queue}|{name}|UNPAUSE|"
        for number in range(CALLS):
            now += 60 + random.randrange(60)
            queue, wait, talk = random.choice(mine), int(random.expovariate(1 / 12)), 100 + random.randrange(500)
            call = f"{now}.{agent}{number:02}"
            yield now, f"{call}|{queue}|NONE|ENTERQUEUE||3{random.randrange(10**9):09}|1"
            if random.random() < 0.06:
                yield now + wait, f"{call}|{queue}|NONE|ABANDON|1|1|{wait}"
            else:
                yield now + wait, f"{call}|{queue}|{name}|CONNECT|{wait}|{call}9|{min(wait, 5)}"
                now += wait + min(talk, 400)
                yield now, f"{call}|{queue}|{name}|COMPLETECALLER|{wait}|{min(talk, 400)}|1"


def write(path: Path) -> Path:
    """The log of DAYS days up to UNTIL."""
    made = random.Random(6)
    with path.open("w") as file:
        for back in range(DAYS, -1, -1):
            day = int(dt.datetime.combine(UNTIL.date() - dt.timedelta(days=back), dt.time(), ZONE).timestamp())
            file.writelines(f"{at}|{line}\n" for at, line in sorted(lines(day, made), key=lambda one: one[0]))
    return path


class Reader:
    """Whoever looks at the pages."""

    language = "es"

    def can(self, permission: str) -> bool:
        return True


def page(store: Store, module: object, names: tuple[str, ...], path: str, days: int) -> tuple[float, float, int]:
    """Milliseconds of work of all answers of a page one after another, of the largest, and their size in kB. A fresh
    snapshot answers, as after every new line."""
    fresh = type(store.view())(store._shot(), store.clock)
    first = (UNTIL.date() - dt.timedelta(days=days - 1)).isoformat()
    site = {"query": f"start_date={first}&end_date={UNTIL.date().isoformat()}", "path": path, "default": "last_7",
            "prefix": "/", "dates": None}
    spent, size = [], 0
    for name in names:
        began = time.process_time()
        drawing = name in DRAWN
        answer = getattr(module, name)(lambda: fresh, Reader, filters=site, version=1, **(
            {"theme": "light"} if drawing else {}))
        spent.append(1000 * (time.process_time() - began))
        size += len(json.dumps(answer, default=lambda piece: piece.to_plotly_json()))
    return sum(spent), max(spent), size // 1024


DRAWN = {"show_levels", "show_volume", "show_waits", "show_lost", "show_waiting", "show_gantt", "show_hours",
         "show_pauses", "show_trend"}
PAGES = {
    "queues": ("/queues", ("show_empty", "show_table", "show_levels", "show_causes", "show_volume", "show_waits",
                           "show_lost", "show_waiting", "show_numbers", "show_positions", "show_intervals")),
    "agents": ("/agents", ("show_empty", "show_kpis", "show_table", "show_gantt", "show_comparison", "show_hours",
                           "show_reasons", "show_pauses"))}


def opened(folder: Path) -> Store:
    """The store over the log, read."""
    store = Store(write(folder / "queue_log"), folder / "store", Site(ZONE), clock=UNTIL.timestamp)
    store.refresh()
    store.settle()
    return store


def figures(store: Store) -> Iterator[tuple[str, float, str, str]]:
    """Name, value, unit and what it is about."""
    import callbacks.agents
    import callbacks.queues

    legs = store.counts()["legs"]
    for name, (path, answers) in PAGES.items():
        module = getattr(callbacks, name)
        page(store, module, answers, path, 7)
        for days in (7, DAYS):
            runs: dict[str, list[tuple[float, float, int]]] = {"": [], "_first": []}
            for _ in range(5):
                store.history.memo = History().memo
                store.history.__dict__.pop("shifts", None)
                runs["_first"].append(page(store, module, answers, path, days))
                runs[""].append(page(store, module, answers, path, days))
            for when, found in runs.items():
                total, largest, size = sorted(found)[2]
                yield f"{name}_page_{days}_days{when}", total, "ms of work", (
                    f"{legs} legs, largest card {largest:.0f} ms, {size} kB"
                    f"{', nothing of the history remembered' if when else ''}")
    filters = Filters(UNTIL.date() - dt.timedelta(days=DAYS - 1), UNTIL.date())
    assert store.view().totals(filters)["offered"] > 10**6


def loads(folder: Path, legs: int) -> Iterator[tuple[str, float, str, str]]:
    """The same pages over HTTP, of the store that `opened` made in the folder and that nobody has open any more."""
    first = (UNTIL.date() - dt.timedelta(days=DAYS - 1)).isoformat()
    yield from page_load.figures(folder / "queue_log", folder, tuple(PAGES), first, UNTIL.date().isoformat(),
                                 int(UNTIL.timestamp()), legs)
