"""Two hundred people look at the live page of one installation while calls come in: the whole service, real sockets.

Every viewer asks as the page does: once a second, with the fingerprint of what it has, packed.
"""

import asyncio
import contextlib
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import psutil

from data import demo
from tests.browsing import free_port, ready

ROOT = Path(__file__).parent.parent.parent
VIEWERS, SECONDS, WORKERS = 200, 45, 2
LINES = 8  # a second: a center of some 300 agents
PASSWORD = "una frase larga y nueva"


class Viewer:
    """One browser: a connection that stays, the newest fingerprint, the times of its answers in s."""

    def __init__(self, port: int, cookie: str):
        self.port, self.cookie, self.etag = port, cookie, ""
        self.spent: list[float] = []
        self.errors = self.fresh = self.bytes = 0
        self.body = b""

    async def ask(self) -> None:
        self.writer.write((f"GET /api/live/board HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {self.cookie}\r\n"
                           f"Accept-Encoding: gzip\r\n{self.etag}\r\n").encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, _, value in (row.partition(": ") for row in head[1:])}
        body = await self.reader.readexactly(int(fields.get("content-length", 0)))
        status = head[0].split()[1]
        if status == "200":
            self.etag, self.body, self.fresh = f"If-None-Match: {fields['etag']}\r\n", body, self.fresh + 1
        elif status != "304":
            self.errors += 1
        self.bytes += len(body)

    async def connect(self) -> None:
        """Until somebody listens: a worker that was killed is started again."""
        while True:
            try:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
                return
            except OSError:
                await asyncio.sleep(.1)

    async def watch(self, first: float, until: float) -> None:
        await asyncio.sleep(first)
        await self.connect()
        while time.time() < until:
            began = time.perf_counter()
            try:
                await asyncio.wait_for(self.ask(), 10)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                self.errors += 1
                self.writer.close()
                await self.connect()
            took = time.perf_counter() - began
            self.spent.append(took)
            await asyncio.sleep(max(0.0, 1 - took))
        self.writer.close()


async def write(log: Path, until: float, written: dict[str, float]) -> None:
    """Calls that come, are answered and end, LINES lines a second."""
    chance, number = random.Random(5), 0
    while time.time() < until:
        number += 1
        callid, now = f"{int(time.time())}.9{number}", int(time.time())
        queue, agent = chance.choice(("600", "601", "602")), f"Agente {chance.randint(1, 60)}"
        rows = (f"{now}|{callid}|{queue}|NONE|ENTERQUEUE||30{chance.randint(10**7, 10**8 - 1)}|1",
                f"{now}|{callid}|{queue}|{agent}|CONNECT|1|{callid}1|1",
                f"{now}|{callid}|{queue}|{agent}|COMPLETECALLER|1|0|1")
        for row in rows if number % 5 else rows[:1]:
            with log.open("a") as file:
                file.write(row + "\n")
            if not number % 5:
                written[callid] = time.time()
            await asyncio.sleep(1 / LINES)


async def probe(viewer: Viewer, until: float, written: dict[str, float], seen: dict[str, float]) -> None:
    """When each waiting caller first stood in the message of one viewer."""
    body = b""
    while time.time() < until:
        if viewer.body is not body:
            body = viewer.body
            for caller in json.loads(gzip.decompress(body))["data"]["waiting"]:
                seen.setdefault(caller["callid"], time.time())
        await asyncio.sleep(0.02)


async def crowd(port: int, cookies: list[str], log: Path, processes: list[psutil.Process]) -> dict[str, list[float]]:
    until = time.time() + SECONDS
    viewers = [Viewer(port, cookies[i % len(cookies)]) for i in range(VIEWERS)]
    written: dict[str, float] = {}
    seen: dict[str, float] = {}
    memory: list[float] = []

    async def weigh() -> None:
        while time.time() < until:
            memory.append(sum(p.memory_info().rss for p in processes) / 2**20)
            await asyncio.sleep(1)
    await asyncio.gather(*(v.watch(i / VIEWERS, until) for i, v in enumerate(viewers)), write(log, until, written),
                         probe(viewers[0], until, written, seen), weigh())
    return {"spent": [s for v in viewers for s in v.spent], "errors": [float(v.errors) for v in viewers],
            "bytes": [float(v.bytes) for v in viewers], "fresh": [float(v.fresh) for v in viewers], "memory": memory,
            "late": [seen[callid] - moment for callid, moment in written.items() if callid in seen]}


def sign_in(port: int, username: str) -> str:
    """The cookie of a fresh session."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/login", urllib.parse.urlencode({"username": username, "password": PASSWORD}),
                       {"Content-Type": "application/x-www-form-urlencoded"})
    return str(connection.getresponse().getheader("Set-Cookie")).split(";")[0]


@contextlib.contextmanager
def service(folder: Path, people: tuple[str, ...], **settings: str) -> Iterator[tuple[int, list[psutil.Process]]]:
    """The whole program with these settings, for supervisors of these names: its port and its processes."""
    port, log = free_port(), folder / "server.log"
    env = {**os.environ, "SERVER_PORT": str(port), "TIMEZONE": "America/Bogota", "WORKERS": str(WORKERS), **settings}
    with log.open("wb") as output:
        started = subprocess.Popen([sys.executable, str(ROOT / "app.py")], cwd=folder, env=env, stdout=output,
                                   stderr=subprocess.STDOUT)
    try:
        ready(started, f"http://127.0.0.1:{port}/health", log)
        for name in people:
            subprocess.run([sys.executable, str(ROOT / "app.py"), "users", "add", name, "--role", "supervisor",
                            "--password-stdin"], cwd=folder, env=env, input=PASSWORD, text=True, check=True,
                           capture_output=True)
        master = psutil.Process(started.pid)
        yield port, [master, *master.children(recursive=True)]
    finally:
        started.terminate()
        started.wait(timeout=20)


def used(processes: list[psutil.Process]) -> float:
    """Seconds of work of all of them."""
    return sum(sum(p.cpu_times()[:2]) for p in processes)


def figures(folder: Path, say: Callable[..., None]) -> None:
    """Starts the service on a month of a busy center, lets the crowd look, and says what it took."""
    place = folder / "live"
    made = demo.write(place / "centre", days=60, calls_per_day=2000, seed=4, recordings=0)
    people = ("one", "two")
    with service(place, people, QUEUE_LOG_PATH=str(made.queue_log), DATA_DIR=str(place / "var")) as (port, processes):
        cookies = [sign_in(port, name) for name in people for _ in range(4)]
        before = used(processes)
        found = asyncio.run(crowd(port, cookies, made.queue_log, processes))
        work = used(processes) - before
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10).close()
    spent, third = found["spent"], len(found["memory"]) // 3
    say("live_200_viewers_p95", 1000 * statistics.quantiles(spent, n=20)[-1], "ms",
        f"{len(spent)} updates in {SECONDS} s")
    say("live_200_viewers_median", 1000 * statistics.median(spent), "ms")
    say("live_200_viewers_errors", sum(found["errors"]), "errors")
    say("live_200_viewers_cpu", work / SECONDS, "cores", f"{len(spent) / SECONDS:.0f} updates a second")
    say("live_200_viewers_traffic", sum(found["bytes"]) / SECONDS / 1024, "KB/s",
        f"{sum(found['fresh']):.0f} of {len(spent)} brought news")
    say("live_line_to_message_p95", statistics.quantiles(found["late"], n=20)[-1], "s", f"{len(found['late'])} lines")
    early, late = statistics.median(found["memory"][third:2 * third]), statistics.median(found["memory"][2 * third:])
    say("live_200_viewers_memory", late, "MB", f"{early:.0f} MB a third of the run before", late / early)
