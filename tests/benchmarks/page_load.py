"""A page as a browser loads it: all of its callbacks at once, from the whole service with two workers, packed.

Before every load the log has got another line, so that no worker remembers an answer of this version.
"""

import json
import re
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.benchmarks.live import service, sign_in, used

LOADS, AT_ONCE = 7, 8
REFRESH = 0.3  # seconds between two looks at the log


class Browser:
    """One person's connections to the service."""

    def __init__(self, port: int):
        self.port, self.cookie = port, sign_in(port, "one")
        self.free = [HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(AT_ONCE)]
        self.callbacks: list[dict[str, Any]] = json.loads(self.ask(("GET", "/_dash-dependencies", None)))

    def ask(self, question: tuple[str, str, str | None]) -> bytes:
        connection = self.free.pop()
        try:
            connection.request(*question, headers={
                "Cookie": self.cookie, "Content-Type": "application/json",
                "Accept-Encoding": "br, gzip" if question[0] == "POST" else "identity"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status in (200, 204), body
            return body
        finally:
            self.free.append(connection)

    def questions(self, page: str, values: dict[str, Any]) -> list[tuple[str, str, str | None]]:
        """What the browser asks when that page opens (`values` of properties), a request a callback."""
        found = []
        for one in self.callbacks:
            output = one["output"]
            names = [re.sub("@.*", "", name).replace("\\\\", "") for name in output.strip(".").split("...")]
            given = [place | {"value": values.get(f"{place['id']}.{place['property']}")} for place in one["inputs"]]
            asks = {f"{place['id']}.{place['property']}" for place in one["inputs"]}
            if names[0].startswith(f"{page}-") and "shell-version.data" in asks and not one.get("clientside_function"):
                outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
                found.append(("POST", "/_dash-update-component", json.dumps({
                    "output": output, "outputs": outputs if output.startswith("..") else outputs[0],
                    "inputs": given, "changedPropIds": [], "state": []})))
        return found

    def load(self, questions: list[tuple[str, str, str | None]]) -> tuple[float, int]:
        """Milliseconds until the last answer is there, and bytes of all."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            began = time.perf_counter()
            size = sum(map(len, pool.map(self.ask, questions)))
            return 1000 * (time.perf_counter() - began), size


def figures(log: Path, data: Path, pages: tuple[str, ...], first: str, last: str, until: int,
            legs: int) -> Iterator[tuple[str, float, str, str]]:
    """Name, value, unit and what it is about: pages over a range of a log that ends at `until`, whose store is in
    `data`/store."""
    with service(data, ("one",), QUEUE_LOG_PATH=str(log), DATA_DIR=str(data), REFRESH_SECONDS=str(REFRESH)) as (
            port, processes):
        browser = Browser(port)
        for page in pages:
            filters = {"query": f"start_date={first}&end_date={last}", "path": f"/{page}", "default": "last_7",
                       "prefix": "/", "dates": None}
            asked = browser.questions(page, {"shell-filters.data": filters, "shell-version.data": 1,
                                             "shell-theme.data": "light"})
            spent, work, size = [], [], 0
            for _ in range(LOADS + 1):
                until += 1
                with log.open("a") as file:
                    file.write(f"{until}|page.{until}|600|NONE|ENTERQUEUE||3001234567|1\n")
                time.sleep(8 * REFRESH)
                before = used(processes)
                took, size = browser.load(asked)
                spent.append(took)
                work.append(1000 * (used(processes) - before))
            about = f"{legs} legs, {len(asked)} callbacks, {size // 1024} kB packed"
            yield f"{page}_page_over_http", statistics.median(spent[1:]), "ms", (
                f"{about}, slowest of {LOADS} {max(spent[1:]):.0f} ms, work {statistics.median(work[1:]):.0f} ms")
            yield f"{page}_page_over_http_first", spent[0], "ms", "nothing of the history remembered"
