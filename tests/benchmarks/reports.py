"""Reports beside the bare library, and beside a live server: how long, how much memory, and who has to wait."""

import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.browsing import PASSWORD, person, serving

ROOT = Path(__file__).parent.parent.parent
CALLS = 100_000
RANGE = "start_date=2026-08-01&end_date=2026-11-20"
# What the library itself takes for the same cells: write-only, the fastest way it offers, without any format.
BARE = """
import sys, time, resource
sys.path.insert(0, sys.argv[1])
from tests.benchmarks import reports
from openpyxl import Workbook
rows = reports.cells(sys.argv[2], sys.argv[3])
began, used = time.perf_counter(), time.process_time()
book = Workbook(write_only=True)
sheet = book.create_sheet()
for row in rows: sheet.append(row)
book.save(sys.argv[4])
print(time.perf_counter() - began, time.process_time() - used, len(rows))
"""
OURS = """
import sys, time, resource
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tests.benchmarks import reports
from render import excel
report = reports.asked(sys.argv[2], sys.argv[3])
began, used = time.perf_counter(), time.process_time()
excel.write(report, Path(sys.argv[4]))
print(time.perf_counter() - began, time.process_time() - used, report.parts[0].rows.count,
      resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def asked(log: str, folder: str):
    """The list of CALLS calls as a report."""
    import datetime as dt
    from zoneinfo import ZoneInfo

    from data.call_filters import parse
    from data.site import Site
    from data.store import Store
    from render import reports

    store = Store(Path(log), Path(folder), Site(ZoneInfo("America/Bogota")))
    store.refresh()
    view = store.view()
    filters = parse({"start_date": ["2026-08-01"], "end_date": ["2026-11-20"], "origin": ["all"]}, view.today())
    made = reports.report(view, "es", "calls", filters, "Company", dt.datetime(2026, 11, 21), drawn=False)
    held = made.parts[0].rows
    limited = type(held)(min(CALLS, held.count), lambda size: _first(held.pieces(size)), held.total)
    return type(made)(**{**vars(made), "parts": [type(made.parts[0])(made.parts[0].table, "Calls", limited)]})


def _first(pieces: Iterator) -> Iterator:
    left = CALLS
    for piece in pieces:
        if left <= 0:
            return
        yield piece.iloc[:left]
        left -= len(piece)


def cells(log: str, folder: str) -> list[tuple]:
    """The same cells as plain rows."""
    from render.sheets import plain

    part = asked(log, folder).parts[0]
    kinds = [column.kind for column in part.columns]
    return [tuple(plain(kind, cell) for kind, cell in zip(kinds, row, strict=True))
            for values in part.pieces("es", 10_000) for row in zip(*values, strict=True)]


def figures(log: Path, folder: Path) -> Iterator[tuple]:
    """Name, value, unit, compared with, ratio."""
    def run(script: str) -> list[float]:
        out = subprocess.run([sys.executable, "-c", script, str(ROOT), str(log), str(folder / "store"),
                              str(folder / "x.xlsx")], check=True, capture_output=True, text=True)
        return [float(word) for word in out.stdout.split()]
    pairs = [(run(OURS), run(BARE)) for _ in range(2)]
    ours, bare = min(p[0] for p in pairs), min(p[1] for p in pairs)
    yield "excel_100k", ours[0], "s", f"openpyxl write-only {bare[0]:.2f} s", ours[0] / bare[0]
    yield "excel_100k_cpu", ours[1], "s", f"openpyxl write-only {bare[1]:.2f} s", ours[1] / bare[1]
    yield "excel_100k_peak", pairs[-1][0][3], "MB"  # the first run also read the log
    yield from beside(log, folder)


def beside(log: Path, folder: Path) -> Iterator[tuple]:
    """Two exports at once on a running server: what /health takes meanwhile, and a monthly PDF with six pictures."""
    place = folder / "server"
    place.mkdir()
    with serving(place, QUEUE_LOG_PATH=str(log), TIMEZONE="America/Bogota") as address:
        person(place, "ana", "manager")
        token = asking(f"{address}/api/auth/login", {"username": "ana", "password": PASSWORD})["access_token"]

        def get(path: str) -> bytes:
            wanted = urllib.request.Request(f"{address}{path}", headers={"Authorization": f"Bearer {token}"})
            with urllib.request.urlopen(wanted, timeout=600) as answer:
                return answer.read()
        month = "/api/reports/export/general/pdf?start_date=2026-10-01&end_date=2026-10-31"
        get(month)  # starts the process and its Chromium
        began = time.perf_counter()
        get(month)
        yield "pdf_month_six_pictures_warm", time.perf_counter() - began, "s"
        took: list[float] = []
        exports = [threading.Thread(target=get, args=(f"/api/reports/export/calls/excel?{RANGE}&origin={origin}",))
                   for origin in ("all", "external")]
        began = time.perf_counter()
        for thread in exports:
            thread.start()
        while any(thread.is_alive() for thread in exports):
            asked_at = time.perf_counter()
            with urllib.request.urlopen(f"{address}/health", timeout=30) as answer:
                answer.read()
            took.append(1000 * (time.perf_counter() - asked_at))
            time.sleep(.02)
        yield "two_exports_of_the_list", time.perf_counter() - began, "s"
        yield "health_meanwhile_p95", sorted(took)[int(.95 * len(took))], "ms"
        yield "health_meanwhile_max", max(took), "ms"


def asking(address: str, body: dict) -> dict:
    wanted = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(wanted, timeout=30) as answer:
        return json.load(answer)["data"]


def main() -> None:
    import datetime as dt
    from zoneinfo import ZoneInfo

    from data import demo
    from tests.benchmarks.__main__ import say

    with tempfile.TemporaryDirectory(prefix="bench-reports-") as name:
        folder = Path(name)
        made = demo.write(folder / "centre", days=112, calls_per_day=1000, seed=5, recordings=0,
                          until=dt.datetime(2026, 11, 20, 20, tzinfo=ZoneInfo("America/Bogota")))
        for figure in figures(made.queue_log, folder):
            say(*figure)


if __name__ == "__main__":
    main()
