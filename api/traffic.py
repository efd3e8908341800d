"""Every request: its number, a line in the log of the program, a place in the counts. Never its address: that names
numbers, people and tokens."""

import logging
import re
import time
from collections.abc import Callable

from flask import Flask, Response, g, request

import logs
from api.metrics import Counts

log = logging.getLogger("requests")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SLOW = 1.0  # seconds from which on a request is told whatever it was
# What pages ask all the time, or once for many small files; told only when it goes wrong or is slow.
QUIET = re.compile(r"live\.board_of_now|kiosk_board|kiosk_files|root\.health_check|metrics|_dash.*|"
                   r"auth\.(?:static|font)|api_files|reports\.show_job|reports\.list_jobs")


def named(endpoint: str | None, prefix: str) -> str:
    """A short name of an endpoint, one of as many as there are in the program: `page` for what Dash serves at its
    addresses, `none` where an address leads nowhere."""
    if endpoint is None:
        return "none"
    inner = endpoint.removeprefix(prefix) if endpoint.startswith(prefix) else endpoint
    return "page" if inner in ("", "<path:path>") else inner.partition("/<")[0]


def install(server: Flask, prefix: str, counts: Counts, clock: Callable[[], float] = time.perf_counter) -> None:
    """Before anything else is asked about a request: its number (also the header X-Request-ID of its answer) and when
    it came. Call it before the gate is installed."""
    def begin() -> None:
        g.began = clock()
        logs.REQUEST.set(logs.number())

    def finish(response: Response) -> Response:
        took = clock() - g.get("began", clock())
        endpoint = named(request.endpoint, prefix)
        method = request.method if request.method in METHODS else "other"
        counts.request(endpoint, method, response.status_code, took)
        response.headers["X-Request-ID"] = logs.REQUEST.get()
        level = logging.ERROR if response.status_code >= 500 else logging.INFO
        if response.status_code < 400 and took < SLOW and QUIET.fullmatch(endpoint):
            level = logging.DEBUG
        if log.isEnabledFor(level):
            who = g.get("_login_user")  # never asks who it is: that is a question to the database
            said = {"endpoint": endpoint, "method": method, "status": response.status_code,
                    "duration_ms": round(1000 * took, 1), "user_id": who.id if who else None}
            log.log(level, "%s %s %s, %s ms, user %s", *(said[name] for name in (
                "method", "endpoint", "status", "duration_ms", "user_id")), extra=said)
        return response

    def forget(_: BaseException | None) -> None:
        logs.REQUEST.set("")

    server.before_request(begin)
    server.after_request(finish)
    server.teardown_request(forget)
