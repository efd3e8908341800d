"""The capacity table of deploy/README: logs of the demonstration center, imported and asked, size by size.

`python -m tests.benchmarks.capacity [--sizes 1,4]` (millions of lines). JSON lines like those of `make bench`.
"""

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from data.site import Site
from data.store import Store
from tests.benchmarks.__main__ import WORKERS, ZONE, p95, questions, run, say
from tests.browsing import ROOT

LINES_A_DAY = 15_500  # of a center of some hundred agents (3000 calls a day)


def log_of(folder: Path, lines: int) -> Path:
    """A log of about so many lines by `python app.py demo`, rotated as it comes."""
    run(sys.executable, "app.py", "demo", str(folder), "--days", str(max(lines // LINES_A_DAY, 1)), "--calls-per-day",
        "3000", "--seed", "3")
    return folder / "queue_log"


def size(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def memory(log: Path, store: Path) -> list[float]:
    """MB that the first worker adds to the memory of all processes (PSS), and each further one."""
    asked = subprocess.run([sys.executable, "-c", WORKERS, str(log), str(store)], cwd=ROOT, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, text=True, check=True)
    return [float(line.split()[1]) for line in asked.stdout.splitlines()]


def main() -> None:
    asked = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    asked.add_argument("--sizes", default="1,4")
    given: Any = asked.parse_args()
    for millions in (float(word) for word in given.sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="capacity-") as name:
            folder = Path(name)
            log, var = log_of(folder / "center", int(millions * 1e6)), folder / "var"
            env = {"QUEUE_LOG_PATH": str(log), "DATA_DIR": str(var), "TIMEZONE": str(ZONE)}
            began = time.perf_counter()
            made = subprocess.run([sys.executable, "app.py", "ingest", "--once", "--json"], cwd=ROOT, check=True,
                                  text=True, stdout=subprocess.PIPE, env={**os.environ, **env})
            wall, counts = time.perf_counter() - began, json.loads(made.stdout)
            mark = f"capacity_{counts['lines'] / 1e6:.1f}M"
            say(f"{mark}_import", wall, "s", f"{counts['lines']} lines, {counts['legs']} stays in queues")
            raw = sum(path.stat().st_size for path in log.parent.glob("queue_log*"))
            say(f"{mark}_disk", size(var / "store") / 2**20, "MB", f"log as it lies there {raw / 2**20:.0f} MB")
            store = Store(log, var / "store", Site(ZONE), clock=dt.datetime.now().timestamp)
            store.refresh()
            spent = questions(store)
            say(f"{mark}_summary_p95", p95(spent), "ms", f"median {statistics.median(spent):.0f} ms, ranges up to "
                f"{min(790, int(millions * 1e6) // LINES_A_DAY)} days")
            store.book.close()
            added = memory(log, var / "store")
            say(f"{mark}_memory", max(added[1:]), "MB a worker (PSS)", f"the first one {added[0]:.0f} MB")


if __name__ == "__main__":
    main()
