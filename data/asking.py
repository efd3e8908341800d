"""Asking the service that runs on this machine how it is, as Docker and systemd do; nothing else is imported for it."""

import http.client
import json
from dataclasses import dataclass

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  where a service on every address is asked


@dataclass(frozen=True)
class Answer:
    """`status` ok, reading, degraded or down; `words` one line for people."""

    status: str
    words: str


def health(host: str, port: int, prefix: str, timeout: float) -> Answer:
    """What `/health` says; down when nobody answers within `timeout` seconds."""
    try:
        connection = http.client.HTTPConnection(ANYWHERE.get(host, host), port, timeout=timeout)
        try:
            connection.request("GET", f"{prefix}health")
            said = json.loads(connection.getresponse().read())
            status, reasons = str(said["status"]), [str(one["message"]) for one in said.get("reasons", [])]
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        return Answer("down", f"down: no answer on port {port} ({type(error).__name__})")
    return Answer(status, f"{status}: {'; '.join(reasons)}" if reasons else status)
