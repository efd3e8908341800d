"""A day of a center of two hundred agents in minutes: the whole service, real files, real sockets, many eyes.

`make soak` replays the last 24 hours of a log with its clock speeded up (`--minutes`, 60 by default) beside a week of
history: the log is rotated every hour of its own time, copies are compressed, both workers are killed once, viewers
look at the live page and programs ask for everything else. At the end every line must be in the store exactly once,
as a counter that knows nothing of the program finds them. JSON lines like those of `make bench`; every sample of the
run goes to `--samples FILE`.
"""

import argparse
import asyncio
import contextlib
import csv
import datetime as dt
import gzip
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil

from data import demo
from tests.benchmarks.live import Viewer, sign_in
from tests.browsing import free_port, ready

ROOT = Path(__file__).parent.parent.parent
CALLS, DAYS = 5600, 8  # a day: what two hundred agents take; days of log, the last of which is replayed
DAY = 86_400
VIEWERS, PROGRAMS = 40, 3
TOKEN = "a token for the length of this run".replace(" ", "-")
PASSWORD = "una frase larga y nueva"
LOOK, SAMPLE = 0.2, 5.0  # seconds between two looks at how far the store is, and between two samples
ROTATIONS = 24
RESTART = 10  # seconds that a worker which was killed may take to be there again
ASKED = ("/", "/calls", "/live", "/api/dashboard/summary?{days}", "/api/calls/list?{days}&page_size=100",
         "/api/calls/list?{days}&outcome=abandoned&sort=-wait", "/api/calls/intervals?{days}&interval=15",
         "/api/queues/statistics?{days}", "/api/queues/realtime", "/api/agents/statistics?{days}",
         "/api/agents/realtime", "/api/agents/comparison?{days}", "/api/reports/export/queues/csv?{days}", "/metrics",
         "/health")


class Day:
    """The log of the run: history beside it, and the lines of its last 24 hours with the moment each is due."""

    def __init__(self, folder: Path, seconds: float):
        """`seconds`: how long the day lasts; it ends, in the log's own time, when the run does."""
        self.seconds, self.folder = seconds, folder / "log"
        self.speed = DAY / seconds
        self.folder.mkdir()
        self.live = self.folder / "queue_log"
        made = demo.write(folder / "centre", days=DAYS, calls_per_day=CALLS, seed=11, recordings=0,
                          until=dt.datetime.fromtimestamp(time.time() + seconds + 20, dt.UTC))
        self.end = made.until.timestamp()
        self.agents = len(made.agents)
        lines = []
        for path in [*sorted(made.rotated, key=lambda p: p.name.removesuffix(".gz")), made.queue_log]:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                lines += file.read().splitlines(keepends=True)
        border = self.end - DAY
        history = [line for line in lines if _moment(line) < border]
        self.lines = [line for line in lines if _moment(line) >= border]
        (self.folder / "queue_log-20200101").write_bytes(b"".join(history))
        self.live.touch()
        self.wanted = Counter(_event(line) for line in lines)  # the oracle: nothing of the program is used for it
        self.history = len(history)
        self.written: list[tuple[float, float]] = []  # (moment of the log, moment it was written), in order
        self.done = 0

    def run(self, began: float, stop: threading.Event) -> None:
        """Writes every line when it is due, rotates, compresses; for a thread."""
        copies, rotated, last = [], 0, None
        file = self.live.open("ab", buffering=0)
        while self.done < len(self.lines) and not stop.is_set():
            passed = time.time() - began
            now = self.end - DAY + passed * self.speed
            due = self.done
            while due < len(self.lines) and _moment(self.lines[due]) <= now:
                due += 1
            if due > self.done:
                file.write(b"".join(self.lines[self.done:due]))
                last = _moment(self.lines[due - 1])
                self.written.append((last, time.time()))
                self.done = due
            if rotated < int(passed / self.seconds * ROTATIONS):
                rotated += 1
                copy = self.live.with_name(f"queue_log.{int(self.end - DAY) + rotated}")
                self.live.rename(copy)
                file.close()
                file = self.live.open("ab", buffering=0)
                copies.append(copy)
                if rotated % 2 == 0:
                    _compress(copies.pop(0))
            time.sleep(0.05)
        file.close()


def _moment(line: bytes) -> float:
    return float(line.split(b"|", 1)[0])


def _event(line: bytes) -> str:
    return line.split(b"|", 5)[4].decode()


def _compress(path: Path) -> None:
    """As logrotate does it: the copy beside, then the original away."""
    with path.open("rb") as source, gzip.open(f"{path}.gz", "wb") as target:
        target.write(source.read())
    path.unlink()


class Watch:
    """What is measured while it runs."""

    def __init__(self, port: int, day: Day, var: Path, temporary: Path, master: int):
        self.port, self.day, self.var, self.temporary = port, day, var, temporary
        self.master = psutil.Process(master)
        self.late: list[tuple[float, float]] = []  # when (epoch), and seconds
        self.killed: list[float] = []
        self.samples: list[dict[str, float]] = []
        self.took: list[float] = []
        self.errors: Counter[str] = Counter()

    def lag(self, stop: threading.Event) -> None:
        """How long the oldest line that is written and not in the answers yet has been waiting, look by look."""
        place = 0
        while not stop.is_set():
            asked = time.time()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=30) as answer:
                    age = json.load(answer)["log_age"]
            except (OSError, HTTPException) as error:
                self.errors[f"/health {type(error).__name__}"] += 1
                stop.wait(LOOK)
                continue
            got = time.time()
            newest = got - age if age is not None else 0.0
            while place < len(self.day.written) and self.day.written[place][0] <= newest + 1:
                place += 1
            waiting = self.day.written[place][1] if place < len(self.day.written) else asked
            self.late.append((asked, max(asked - waiting, 0.0)))
            stop.wait(LOOK)

    def sample(self, stop: threading.Event) -> None:
        began = time.time()
        while not stop.wait(SAMPLE):
            found = {"second": round(time.time() - began, 1), "rss": 0.0, "pss": 0.0, "fds": 0.0, "threads": 0.0}
            for one in [self.master, *self.master.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    more = one.memory_full_info()
                    found["rss"] += more.rss / 2**20
                    found["pss"] += more.pss / 2**20
                    found["fds"] += one.num_fds()
                    found["threads"] += one.num_threads()
            for name, paths in (("users", self.var.glob("app.db*")), ("book", (self.var / "store").glob("book.db*")),
                                ("store", self.var.rglob("*"))):
                found[f"{name}_mb"] = sum(_size(path) for path in paths) / 2**20
            found["temporary"] = sum(1 for _ in self.temporary.rglob("*"))
            found["drafts"] = sum(1 for path in self.var.rglob("*") if ".draft" in path.name or path.suffix == ".part")
            self.samples.append(found)

    def program(self, cookie: str, seed: int, stop: threading.Event) -> None:
        """Somebody who goes from page to page."""
        chance = random.Random(seed)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not stop.wait(chance.uniform(.3, 1.2)):
            today = dt.datetime.fromtimestamp(self.day.end, dt.timezone(dt.timedelta(hours=-5))).date()
            days = f"start_date={today - dt.timedelta(days=chance.choice((0, 1, 7)))}&end_date={today}"
            path, began = chance.choice(ASKED), time.perf_counter()
            headers = {"Authorization": f"Bearer {TOKEN}"} if path == "/metrics" else {"Cookie": cookie}
            try:
                connection.request("GET", path.format(days=days), headers=headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.errors[f"{path} {answer.status}"] += 1
            except (OSError, HTTPException) as error:
                self.errors[f"{path} {type(error).__name__}"] += 1
                connection.close()
            self.took.append(time.perf_counter() - began)
        connection.close()

    def kill(self, stop: threading.Event, moments: list[float]) -> None:
        """kill -9 for the oldest worker, twice: the one that reads the log is among them."""
        began = time.time()
        for moment in moments:
            if stop.wait(max(began + moment - time.time(), 0)):
                return
            with contextlib.suppress(psutil.Error):
                min(self.master.children(), key=lambda one: one.create_time()).kill()
                self.killed.append(time.time())


def _size(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except OSError:
        return 0


def _slope(samples: list[dict[str, float]], name: str) -> float:
    """How much it grows a second over the last half, by the slope that a line through the samples has."""
    late = samples[len(samples) // 2:]
    if len(late) < 3:
        return 0.0
    return statistics.linear_regression([one["second"] for one in late], [one[name] for one in late]).slope


def metrics(port: int) -> dict[str, float]:
    """The figures without labels of `/metrics`."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        rows = [line.split() for line in answer.read().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in rows if "{" not in name}


def kept(env: dict[str, str]) -> Counter[str]:
    """Events that the store holds, by name."""
    run = subprocess.run([sys.executable, str(ROOT / "app.py"), "dump", "events"], env=env, check=True, text=True,
                         capture_output=True)
    return Counter(row["event"] for row in csv.DictReader(io.StringIO(run.stdout)))


def figures(folder: Path, say: Callable[..., None], minutes: float, name: str = "soak",
            samples: Path | None = None) -> bool:
    """Runs it and says what it took; whether every line is there exactly once."""
    place = folder / name
    place.mkdir()
    day = Day(place, 60 * minutes)
    port, var, temporary, log = free_port(), place / "var", place / "tmp", place / "server.log"
    temporary.mkdir()
    env = {**os.environ, "QUEUE_LOG_PATH": str(day.live), "DATA_DIR": str(var), "SERVER_PORT": str(port),
           "WORKERS": "2", "TIMEZONE": "America/Bogota", "METRICS_TOKEN": TOKEN, "TMPDIR": str(temporary),
           "LOG_FORMAT": "json"}
    with log.open("wb") as output:
        service = subprocess.Popen([sys.executable, str(ROOT / "app.py")], cwd=place, env=env, stdout=output,
                                   stderr=subprocess.STDOUT)
    stop, threads = threading.Event(), []
    try:
        ready(service, f"http://127.0.0.1:{port}/health", log)
        subprocess.run([sys.executable, str(ROOT / "app.py"), "users", "add", "one", "--role", "admin",
                        "--password-stdin"], cwd=place, env=env, input=PASSWORD, text=True, check=True,
                       capture_output=True)
        cookies = [sign_in(port, "one") for _ in range(4)]
        while metrics(port)["ccanalytics_log_lines"] < day.history:  # the day begins when the past has been read
            time.sleep(.2)
        watch = Watch(port, day, var, temporary, service.pid)
        began = time.time()
        day.end = began + day.seconds  # the log's own time arrives where the clock of the machine is, at the end
        until = began + day.seconds
        shift = day.end - _moment(day.lines[-1])
        day.lines = [_moved(line, shift) for line in day.lines]
        viewers = [Viewer(port, cookies[number % 4]) for number in range(VIEWERS)]

        async def crowd() -> None:
            await asyncio.gather(*(one.watch(number / VIEWERS, until) for number, one in enumerate(viewers)))
        for work, more in ((day.run, (began, stop)), (watch.lag, (stop,)), (watch.sample, (stop,)),
                           (watch.kill, (stop, [.1 * day.seconds, .2 * day.seconds])),
                           *((watch.program, (cookies[number % 4], number, stop)) for number in range(PROGRAMS))):
            threads.append(threading.Thread(target=work, args=more, daemon=True))
            threads[-1].start()
        before = _worked(service.pid)
        asyncio.run(crowd())
        threads[0].join(60)
        while metrics(port)["ccanalytics_log_lines"] < sum(day.wanted.values()) and time.time() < until + 60:
            time.sleep(.2)
        work = _worked(service.pid) - before
        found = metrics(port)
        stop.set()
        for thread in threads:
            thread.join(60)
        store = kept(env)
    finally:
        stop.set()
        service.terminate()
        service.wait(timeout=30)
    return _say(say, name, day, watch, viewers, found, store, work, log, samples)


def _moved(line: bytes, shift: float) -> bytes:
    moment, _, rest = line.partition(b"|")
    return f"{int(float(moment) + shift)}".encode() + b"|" + rest


def _worked(pid: int) -> float:
    """CPU seconds of a process and its children, so far."""
    total = 0.0
    for one in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            total += sum(one.cpu_times()[:2])
    return total


def _say(say: Callable[..., None], name: str, day: Day, watch: Watch, viewers: list[Viewer], found: dict[str, float],
         store: Counter[str], work: float, log: Path, samples: Path | None) -> bool:
    wrong = {event: store[event] - count for event, count in day.wanted.items() if store[event] != count}
    wrong.update({event: count for event, count in store.items() if event not in day.wanted})
    taken = watch.samples[len(watch.samples) // 2:]
    half = max(len(taken) // 2, 1)
    seen = [s for viewer in viewers for s in viewer.spent]
    said = f"{len(day.lines)} lines of a day of {day.agents} agents in {day.seconds / 60:g} min"
    say(f"{name}_lines_wrong", sum(abs(count) for count in wrong.values()), "lines",
        f"{sum(day.wanted.values())} lines by event; {said}")
    every = [late for _, late in watch.late]
    calm = [late for at, late in watch.late if not any(0 <= at - killed < RESTART for killed in watch.killed)]
    say(f"{name}_lag_p95", statistics.quantiles(every, n=20)[-1], "s", f"{len(every)} looks; 2 s promised")
    say(f"{name}_lag_max", max(calm), "s", f"{max(every):.1f} s in the {RESTART} s after a kill -9 of a worker")
    early, late = (statistics.median(one["pss"] for one in part) for part in (taken[:half], taken[half:] or taken))
    say(f"{name}_memory_pss", late, "MB", f"{early:.0f} MB in the third quarter of the run, of all processes",
        late / early)
    say(f"{name}_memory_slope", 3600 * _slope(watch.samples, "pss"), "MB an hour", "the last half")
    for what, unit in (("fds", "open files"), ("threads", "threads")):
        first, last = (statistics.median(one[what] for one in part) for part in (taken[:half], taken[half:] or taken))
        say(f"{name}_{what}", last, unit, f"{first:g} in the third quarter of the run", last / first)
    say(f"{name}_users_database", max(one["users_mb"] for one in watch.samples), "MB at most")
    say(f"{name}_book_database", max(one["book_mb"] for one in watch.samples), "MB at most")
    say(f"{name}_data_folder", watch.samples[-1]["store_mb"], "MB", f"{found['ccanalytics_log_lines']:.0f} lines")
    say(f"{name}_temporary_files", max(watch.samples[-1][kind] for kind in ("temporary", "drafts")), "files at the end")
    say(f"{name}_requests", len(watch.took) + len(seen), "requests", "; ".join(
        f"{count} x {what}" for what, count in watch.errors.most_common(5)) or "none failed")
    say(f"{name}_failed", sum(watch.errors.values()) + sum(one.errors for one in viewers), "requests",
        "connections cut by the two kill -9 are among them")
    say(f"{name}_pages_p95", 1000 * statistics.quantiles(watch.took, n=20)[-1], "ms", f"{len(watch.took)} requests")
    say(f"{name}_live_p95", 1000 * statistics.quantiles(seen, n=20)[-1], "ms", f"{VIEWERS} viewers")
    say(f"{name}_cpu", work / day.seconds, "cores", "without what the killed workers used")
    errors = [json.loads(line)["message"] for line in log.read_text().splitlines() if '"level": "ERROR"' in line]
    say(f"{name}_log_errors", len(errors), "lines of errors", "; ".join(sorted(set(errors)))[:300])
    if wrong:
        print(json.dumps({"name": f"{name}_wrong", "events": wrong}), file=sys.stderr, flush=True)
    if samples:
        samples.write_text("".join(json.dumps(one) + "\n" for one in watch.samples))
    return not wrong


def main() -> None:
    from tests.benchmarks.__main__ import say

    asked = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    asked.add_argument("--minutes", type=float, default=60)
    asked.add_argument("--samples", type=Path)
    given: Any = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        sys.exit(not figures(Path(name), say, given.minutes, samples=given.samples))


if __name__ == "__main__":
    main()
