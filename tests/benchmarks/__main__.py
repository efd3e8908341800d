"""`make bench`: makes its own data, needs no network, ends within ten minutes.

`{"name", "value", "unit", "vs", "ratio"}`: `vs` is what the value was compared with in this very run.
"""

import datetime as dt
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from data import calls, demo
from data.call_filters import CallFilters
from data.filters import Filters
from data.site import Site
from data.store import Store
from tests.benchmarks import calls as of_calls
from tests.benchmarks import live, people, soak

ROOT = Path(__file__).parent.parent.parent
ZONE = ZoneInfo("America/Bogota")
UNTIL = dt.datetime(2026, 11, 20, 20, tzinfo=ZONE)
SIZES = (1_000_000, 4_000_000, 12_000_000)
# The barest columnar reading of the same file that a well-known library offers: split at the pipes, nothing else.
POLARS = """
import sys, polars as pl
print(pl.scan_csv(sys.argv[1], separator="|", has_header=False, quote_char=None, encoding="utf8-lossy",
                  schema={f"c{i}": pl.String for i in range(11)}, missing_columns="insert",
                  extra_columns="ignore").collect().height)
"""


def say(name: str, value: float, unit: str, vs: str = "", ratio: float | None = None) -> None:
    print(json.dumps({"name": name, "value": round(value, 4), "unit": unit, "vs": vs,
                      "ratio": None if ratio is None else round(ratio, 3)}), flush=True)


def run(*command: str, **env: str) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MB of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ, **env})
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    assert os.waitstatus_to_exitcode(status) == 0, command
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, used.ru_maxrss / 1024


def paired(one: Callable[[], tuple], other: Callable[[], tuple], times: int) -> tuple[tuple, tuple]:
    """Medians of both, run in turns."""
    pairs = [(one(), other()) for _ in range(times)]
    return tuple(tuple(statistics.median(x) for x in zip(*side, strict=True))
                 for side in zip(*pairs, strict=True))  # type: ignore[return-value]


def history(folder: Path) -> Path:
    """Twelve million lines of the demonstration centre as one file."""
    made = demo.write(folder / "centre", days=790, calls_per_day=3000, seed=3, until=UNTIL, recordings=0)
    whole = folder / "whole"
    with whole.open("wb") as out:
        for path in [*sorted(made.rotated, key=lambda p: p.name.removesuffix(".gz")), made.queue_log]:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                while block := file.read(1 << 22):
                    out.write(block)
    return whole


def head(whole: Path, lines: int, folder: Path) -> Path:
    """The first lines of the file, as a log of its own."""
    path = folder / f"head-{lines}" / "queue_log"
    path.parent.mkdir()
    with whole.open("rb") as source, path.open("wb") as out:
        for count, line in enumerate(source):
            if count == lines:
                break
            out.write(line)
    return path


def reading(log: Path, lines: int, folder: Path) -> None:
    times = 3 if lines < 10**7 else 1
    peer = (sys.executable, "-c", POLARS, str(log))
    ours, bare = paired(lambda: run(sys.executable, "app.py", "analyze", str(log), "--sections", "totals"),
                        lambda: run(*peer), times)
    millions = f"{lines // 10**6}M"
    say(f"analyze_totals_{millions}", ours[0], "s", f"polars scan_csv {bare[0]:.2f} s", ours[0] / bare[0])
    say(f"analyze_totals_{millions}_cpu", ours[1], "s", f"polars scan_csv {bare[1]:.2f} s", ours[1] / bare[1])
    say(f"analyze_totals_{millions}_peak", ours[2], "MB", f"polars scan_csv {bare[2]:.0f} MB", ours[2] / bare[2])
    counter = iter(range(100))

    def ingest() -> tuple[float, float, float]:
        return run(sys.executable, "app.py", "ingest", "--once", "--json", QUEUE_LOG_PATH=str(log),
                   DATA_DIR=str(folder / f"var-{millions}-{next(counter)}"), TIMEZONE="America/Bogota")

    ours, bare = paired(ingest, lambda: run(*peer), 1 if lines > 10**6 else 3)
    say(f"ingest_{millions}", ours[0], "s", f"polars scan_csv {bare[0]:.2f} s", ours[0] / bare[0])
    say(f"ingest_{millions}_peak", ours[2], "MB")


def opened(log: Path, folder: Path) -> Store:
    store = Store(log, folder, Site(ZONE), clock=UNTIL.timestamp)
    store.refresh()
    return store


def questions(store: Store) -> list[float]:
    """Milliseconds of a whole refresh of the summary page, for ranges from a day to everything; nothing remembered."""
    store._show()
    store.view().totals(Filters(UNTIL.date(), UNTIL.date()))  # what a new version costs once, whatever is asked
    last = store.view().freshness()["data_until"].date()
    spent = []
    for days in (1, 2, 7, 14, 30, 60, 90, 180, 365, 790):
        for back in (0, 1):
            filters = Filters(last - dt.timedelta(days=days - 1 + back), last - dt.timedelta(days=back))
            view = store.view()
            began = time.perf_counter()
            view.totals(filters)
            view.totals(filters.previous())
            view.excluded_internal(filters)
            (view.by_interval if days <= 3 else view.by_day)(filters)
            view.by_weekday_hour(filters)
            view.by_outcome(filters)
            view.by_queue(filters)
            view.top_agents(filters)
            spent.append(1000 * (time.perf_counter() - began))
    return spent


def lists(store: Store) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of a page of the list over everything: newest first, by every column, scrolled to any place."""
    everything = CallFilters(UNTIL.date() - dt.timedelta(days=800), UNTIL.date(), origin="all")
    spent: tuple[list[float], list[float], list[float]] = ([], [], [])
    for number, name in enumerate(("enter", *calls.SORTS)):
        store._show()  # nothing remembered
        began = time.perf_counter()
        _, total = calls.page(store.view(), everything, ((name, True),))
        spent[number > 0].append(1000 * (time.perf_counter() - began))
        for start in (total // 2, total - 100):
            began = time.perf_counter()
            calls.page(store.view(), everything, ((name, True),), start, start + 100)
            spent[2].append(1000 * (time.perf_counter() - began))
    return spent


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def store_figures(small: Path, large: Path, folder: Path) -> None:
    stores = {}
    for name, log, var in (("small", small, "var-1M-0"), ("large", large, "var-12M-0")):
        began = time.perf_counter()
        stores[name] = opened(log, folder / var / "store")
        stores[name].view().totals(Filters(UNTIL.date(), UNTIL.date()))
        if name == "large":
            say("cold_start_12M", time.perf_counter() - began, "s")
    few, many = (list(zip(*rounds, strict=True)) for rounds in zip(
        *((questions(stores["small"]), questions(stores["large"])) for _ in range(5)), strict=True))
    say("summary_p95_few_legs", p95(sum(map(list, few), [])), "ms", f"{stores['small'].counts()['legs']} legs")
    say("summary_p95_many_legs", p95(sum(map(list, many), [])), "ms", f"{stores['large'].counts()['legs']} legs")
    # Range by range: the same days asked of both.
    ratios = [statistics.median(one) / statistics.median(other) for one, other in zip(many, few, strict=True)]
    say("summary_same_range", statistics.median(ratios), "times as long", f"most {max(ratios):.2f}",
        statistics.median(ratios))
    newest, sorted_, scrolled = lists(stores["large"])
    say("list_newest_12M", newest[0], "ms", f"{stores['large'].counts()['legs']} legs")
    say("list_any_order_12M_median", statistics.median(sorted_), "ms", f"slowest {max(sorted_):.0f} ms")
    say("list_scroll_12M_p95", p95(scrolled), "ms")
    for figure in of_calls.figures(stores["large"], UNTIL.date()):
        say(*figure)
    spent = []
    for number in range(20):
        with large.open("ab") as file:
            file.write(f"{int(UNTIL.timestamp()) + number}|bench.{number}|600|NONE|ENTERQUEUE||3001234567|1\n".encode())
        before = time.process_time()
        stores["large"].refresh()
        spent.append(1000 * (time.process_time() - before))
    say("one_line_after_12M", statistics.median(spent), "ms of work")
    before = time.process_time()
    for _ in range(50):
        stores["large"].refresh()
    say("nothing_new", 1000 * (time.process_time() - before) / 50, "ms of work")
    for one in stores.values():
        one.book.close()


# What the service does: the libraries are there before the workers are forked; each opens the store for itself.
WORKERS = """
import gc, os, signal, sys
from pathlib import Path
import serving
for name in serving.HEAVY: __import__(name)
from tests.benchmarks.__main__ import opened, questions
gc.collect(); gc.freeze()
def pss(pid):
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:"))) / 1024
pids, total = [], pss(os.getpid())
for number in range(3):
    here, there = os.pipe()
    if not (pid := os.fork()):
        store = opened(Path(sys.argv[1]), Path(sys.argv[2]))
        questions(store)
        os.write(there, b"1")
        signal.pause()
    pids.append(pid)
    os.read(here, 1)
    now = sum(map(pss, [os.getpid(), *pids]))
    print(number, now - total, flush=True)
    total = now
for pid in pids: os.kill(pid, signal.SIGKILL)
"""


def worker_memory(log: Path, folder: Path) -> None:
    """Proportional memory (PSS, of all processes together) that one more worker adds when others run."""
    run = subprocess.run([sys.executable, "-c", WORKERS, str(log), str(folder / "var-12M-0" / "store")], cwd=ROOT,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    added = [float(line.split()[1]) for line in run.stdout.splitlines()]
    say("worker_pss_12M_first", added[0], "MB")
    say("worker_pss_12M_further", max(added[1:]), "MB")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        whole = history(folder)
        logs = {lines: head(whole, lines, folder) for lines in SIZES}
        for lines, log in logs.items():
            reading(log, lines, folder)
        store_figures(logs[SIZES[0]], logs[SIZES[-1]], folder)
        worker_memory(logs[SIZES[-1]], folder)
        (folder / "people").mkdir()
        store = people.opened(folder / "people")
        for figure in people.figures(store):
            say(*figure)
        legs = store.counts()["legs"]
        store.book.close()
        for figure in people.loads(folder / "people", legs):
            say(*figure)
        live.figures(folder, say)
        soak.figures(folder, say, 1, "soak_1_minute")
    # In a process of its own: the peak memory of a child is never less than what its parent had when it began.
    subprocess.run([sys.executable, "-m", "tests.benchmarks.reports"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
