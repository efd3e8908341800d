"""`/metrics` for Prometheus: the service as its operator watches it, never a call, a number, an agent or a queue.

Requests are counted by each process in memory that all of them share; everything else is looked up when it is asked
for, in files that all processes share, so that the answer is the same whichever of them gives it.
"""

import platform
from collections.abc import Iterator
from typing import Any

import psutil
from flask import Flask, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from data.jobs import Jobs
from data.vitals import REASONS, Vitals

NAME = "ccanalytics"
BUCKETS = (.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10)
FAILURES = ("login_failed", "login_throttled", "second_factor_failed", "token_reused")
JOBS = ("waiting", "running", "done", "failed", "cancelled")


class Counts:
    """What is counted while it happens. The processes of one service add up."""

    def __init__(self) -> None:
        disable_created_metrics()
        self.registry = CollectorRegistry()
        self.requests = Counter(f"{NAME}_http_requests", "Requests that were answered",
                                ("endpoint", "method", "status"), registry=self.registry)
        self.seconds = Histogram(f"{NAME}_http_request_duration_seconds", "Seconds until the answer began",
                                 ("endpoint",), buckets=BUCKETS, registry=self.registry)
        self.refused = Counter(f"{NAME}_sign_in_failures", "Sign-ins that were refused", ("reason",),
                               registry=self.registry)
        for reason in FAILURES:
            self.refused.labels(reason)

    def request(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        self.requests.labels(endpoint, method, str(status)).inc()
        self.seconds.labels(endpoint).observe(seconds)

    def action(self, action: str) -> None:
        """What the audit is told of; only refusals count."""
        if action in FAILURES:
            self.refused.labels(action).inc()

    def whole(self) -> CollectorRegistry:
        """A registry with the counts of all processes, or of this one where it is alone."""
        registry = CollectorRegistry()
        try:
            multiprocess.MultiProcessCollector(registry)
        except ValueError:  # no folder was shared before the library was imported
            registry.register(self.registry)
        return registry


class State(Collector):
    """What is looked up."""

    def __init__(self, vitals: Vitals, jobs: Jobs, version: str):
        self.vitals, self.jobs, self.version = vitals, jobs, version

    def collect(self) -> Iterator[Metric]:
        vitals, counts = self.vitals, self.vitals.store.counts()
        found = {one.code for one in vitals.reasons()}
        yield InfoMetricFamily(f"{NAME}_build", "What is running", value={
            "version": self.version, "python": platform.python_version()})
        yield _by("problem", "Whether there is this reason for not being well", "reason",
                  {code: float(code in found) for code in REASONS})
        yield _one("ingester_alive", "Whether some process reads the log", float(vitals.ingester_alive()))
        yield _one("ingest_lag_seconds", "Seconds for which lines have been waiting to be read", vitals.lag())
        yield _one("log_age_seconds", "Seconds since the log was written to", vitals.log_age())
        yield _one("newest_line_age_seconds", "Age of the newest line that was read", vitals.store.health()["log_age"])
        yield _one("log_lines", "Lines that were read", counts["lines"])
        yield _one("log_lines_rejected", "Lines that are no events of a queue log", counts["rejected"])
        yield _one("legs", "Stays of calls in queues in the store", counts["legs"])
        yield _one("store_version", "Grows with every change of the store", counts["version"])
        yield _by("disk_bytes", "Bytes on the disk by what they hold", "part", vitals.sizes())
        yield _one("disk_free_bytes", "Bytes that are free on the disk of the data folder", vitals.free())
        jobs = self.jobs.counts()
        yield _by("exports", "Reports that were asked for in the last day, by state", "state",
                  {state: jobs.get(state, 0) for state in JOBS})
        yield _one("mysql_up", "Whether Issabel's databases answer", vitals.database_up())
        asterisk = vitals.asterisk()
        yield _one("ami_up", "Whether Asterisk's manager interface answers", asterisk and asterisk == "ok")
        yield from _memory()


def _one(name: str, words: str, value: Any) -> Metric:
    """A gauge; without a sample where there is no value."""
    return GaugeMetricFamily(f"{NAME}_{name}", words, value=None if value is None else float(value))


def _by(name: str, words: str, label: str, values: dict[str, Any]) -> Metric:
    family = GaugeMetricFamily(f"{NAME}_{name}", words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family


def processes() -> dict[str, list[psutil.Process]]:
    """The processes of this service by what they do: `server` (the master, or the only one), `worker`, `other` (reports
    and their browser)."""
    mine = psutil.Process()
    above = mine.parent()
    try:
        if above is None or above.cmdline() != mine.cmdline():  # workers are forks: they are called like their master
            return {"server": [mine], "worker": [], "other": mine.children(recursive=True)}
        workers = [one for one in above.children() if one.cmdline() == mine.cmdline()]
        known = {above.pid, *(one.pid for one in workers)}
        return {"server": [above], "worker": workers,
                "other": [one for one in above.children(recursive=True) if one.pid not in known]}
    except psutil.Error:
        return {"server": [mine], "worker": [], "other": []}


def _memory() -> Iterator[Metric]:
    resident = GaugeMetricFamily(f"{NAME}_memory_resident_bytes", "Memory of the processes, what they share in each",
                                 labels=["process"])
    share = GaugeMetricFamily(f"{NAME}_memory_proportional_bytes", "Memory of the processes, what they share divided",
                              labels=["process"])
    count = GaugeMetricFamily(f"{NAME}_processes", "Processes of the service", labels=["process"])
    threads = GaugeMetricFamily(f"{NAME}_threads", "Their threads", labels=["process"])
    files = GaugeMetricFamily(f"{NAME}_open_files", "Their open files", labels=["process"])
    for kind, found in processes().items():
        sums = [0.0] * 5
        for one in found:
            try:
                more = (1, one.memory_info().rss, one.memory_full_info().pss, one.num_threads(), one.num_fds())
            except psutil.Error:  # it has just ended
                continue
            sums = [a + b for a, b in zip(sums, more, strict=True)]
        for family, value in zip((count, resident, share, threads, files), sums, strict=True):
            family.add_metric([kind], value)
    yield from (count, resident, share, threads, files)


def register(server: Flask, counts: Counts, vitals: Vitals, jobs: Jobs, version: str, prefix: str) -> str:
    """Adds `<prefix>metrics`; its endpoint, for the gate."""
    state = State(vitals, jobs, version)

    def metrics() -> Response:
        registry = counts.whole()
        registry.register(state)
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    server.add_url_rule(f"{prefix}metrics", "metrics", metrics, provide_automatic_options=False)
    return "metrics"

