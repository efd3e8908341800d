"""What the program writes of itself: lines of text or of JSON, each with the request it belongs to.

Whatever a line says, numbers of telephones, query strings and tokens are taken out before it is written, in tracebacks
too: a log is copied, mailed and kept by people who may not see them.
"""

import logging
import re
import secrets
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

LETTERS = "bcdfghjkmnpqrstvwxz"  # no word and no number comes of these, and nobody mishears them on the telephone
REQUEST: ContextVar[str] = ContextVar("request", default="")  # the number of the request that is being answered
PLAIN = frozenset({"time", "level", "logger", "request_id"})  # fields of ours, which hold nothing of anybody's
LOUD = ("choreographer", "kaleido", "urllib3", "panoramisk", "svglib", "reportlab", "PIL", "asyncio")

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# In this order: what an earlier one took out is not looked at again.
_HIDDEN: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\?[^\s\"'<>]*=[^\s\"'<>]*"), "?..."),
    (re.compile(r"(?i)\b(bearer|basic|cookie:|set-cookie:|cca_session=)\s*[^\s\"']+"), r"\1 ***"),
    (re.compile(r"/(kiosk|invitation)/[^\s\"'<>]+"), r"/\1/***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),
    (re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{32,}|\b[0-9a-f]{32,}\b"), "***"),
    # An identifier of Asterisk (1772514000.12) stays: it leads to a call and is no number to dial.
    (re.compile(r"\b(?:\d+-)?[12]\d{9}\.\d+\b|(?:%2B|\+)?\d{6,}"),
     lambda found: found[0] if "." in found[0] else "***"),
    (re.compile(r"\+?\(?\b\d{2,4}\)?(?:[ -]\d{2,4}){2,4}\b(?![:.-]\d)"),
     lambda found: found[0] if _DAY.match(found[0]) or sum(map(str.isdigit, found[0])) < 7 else "***"),
)


def hidden(text: str) -> str:
    """The text without what nobody may read in a log."""
    for pattern, instead in _HIDDEN:
        text = pattern.sub(instead, text)
    return text


def number() -> str:
    """A new number for a request."""
    return "".join(secrets.choice(LETTERS) for _ in range(10))


def request_id() -> str:
    """The number of the request that is being answered, a new one outside of requests: who sees it finds its lines."""
    return REQUEST.get() or number()


class Belongs(logging.Filter):
    """Gives every line the number of its request."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = getattr(record, "request_id", None) or REQUEST.get()
        return True


class Text(logging.Formatter):
    """2026-03-03 09:00:00,123 WARNING data.store the words [request]"""

    def format(self, record: logging.LogRecord) -> str:
        said = hidden(super().format(record))
        mine = getattr(record, "request_id", "")
        if not mine:
            return said
        first, newline, rest = said.partition("\n")
        return f"{first} [{mine}]{newline}{rest}"


class Json(JsonFormatter):
    """One object a line: `time` (ISO 8601 with offset), `level`, `logger`, `message`, `request_id`, what the line adds,
    `exc_info` with the traceback."""

    def __init__(self) -> None:
        super().__init__("{levelname}{name}{message}{request_id}", style="{", timestamp="time", json_ensure_ascii=False,
                         rename_fields={"levelname": "level", "name": "logger"})

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {key: value if key in PLAIN else _clean(value) for key, value in log_data.items() if value != ""}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list | tuple) else value


def setup(form: str, level: str, stream: TextIO | None = None) -> logging.Handler:
    """Every line of this process goes to `stream` (standard error), as `text` or `json`, from `level` on."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(Belongs())
    handler.setFormatter(Json() if form == "json" else Text("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [one for one in root.handlers if not any(isinstance(f, Belongs) for f in one.filters)]
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in LOUD:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    sys.excepthook = lambda *error: logging.getLogger("program").critical("the program ends", exc_info=error)
    threading.excepthook = lambda error: logging.getLogger("program").error(
        "a thread ended: %s", error.thread and error.thread.name,
        exc_info=(error.exc_type, error.exc_value or error.exc_type(), error.exc_traceback))
    adopt()
    return handler


def adopt(*_: Any) -> None:
    """What gunicorn says goes the same way as everything else; it names whole addresses where a request fails."""
    for name in ("gunicorn.error", "gunicorn.access"):
        found = logging.getLogger(name)
        found.handlers.clear()
        found.propagate = True
