"""`/api/live/*`: the message behind the live page, the same for everybody who may see the same, and its thresholds.

Viewers ask again and again: the message is made once per version of the log and set of rights, kept with its
fingerprint, and whoever has it already is told so in a few bytes. A stream to each viewer would hold a thread of the
server for each; a question a second holds one for some milliseconds, and the gate judges every one anew.
"""

import gzip
import hashlib
import json
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, abort, request
from flask_openapi3 import APIBlueprint, OpenAPI, Tag

from api.errors import FAILURES, failure, success
from api.questions import Question, filters
from auth import guard
from data.ami_link import Heard
from data.filters import Filters
from data.memo import Memo
from data.thresholds import BadThreshold, Thresholds
from i18n import text
from render import board

TAG = Tag(name="live", description="The floor as it is now")
MOST = 300  # messages kept
FRESH = 5  # seconds after which a message is made again although no line was written: half hours move on


@dataclass
class Made:
    """A message as it is sent; `asked` is when (monotonic) the one who made it had his view of the store."""

    stamp: Hashable
    asked: float
    etag: str
    plain: bytes
    packed: bytes


@dataclass
class Place:
    """Where a message is kept while everybody else waits for the one who makes it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    made: Made | None = None


class Boards:
    """Messages by what they depend on. `heard()` is what Asterisk says, None where nobody asks it."""

    def __init__(self, limits: Thresholds, heard: Callable[[], Heard | None]):
        self.limits, self.heard = limits, heard
        self._places = Memo(MOST)

    def get(self, view: Any, lang: str, asked: Filters) -> Made:
        """The message for one view; made by one thread however many ask."""
        came, heard = time.monotonic(), self.heard()
        said = heard.said if heard else None
        stamp = (view.version, view.snapshot.problem, heard and (heard.words, heard.since, said and said.at),
                 self.limits.mark, int(view.clock()) // FRESH)
        key = (view.queues_allowed, view.numbers, lang, asked)
        place: Place = self._places(key, Place)
        with place.lock:
            # While this one waited for the lock somebody with a later view may have made a message: that one is taken,
            # else all who wait would make older ones, one after the other, and a busy center would never catch up.
            made = place.made
            if made is None or (made.stamp != stamp and made.asked < came):
                made = place.made = self._make(
                    stamp, came, board.message(view, lang, asked, heard, self.limits), made)
            return made

    @staticmethod
    def _make(stamp: Hashable, asked: float, message: dict[str, Any], before: Made | None) -> Made:
        plain = json.dumps({"success": True, "data": message, "meta": {}}, ensure_ascii=False,
                           separators=(",", ":")).encode()
        etag = hashlib.blake2b(plain, digest_size=12).hexdigest()
        if before is not None and before.etag == etag:
            return Made(stamp, asked, etag, before.plain, before.packed)
        return Made(stamp, asked, etag, plain, gzip.compress(plain, 5, mtime=0))


def answer(made: Made, now: float) -> Response:
    """The message, or 304 for who has it; `Server-Time` lets clocks run by the server's, in epoch seconds."""
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    tag = f'"{made.etag}"'
    if tag in request.headers.get("If-None-Match", ""):
        response = Response(status=304)
    else:
        response = Response(made.packed if packed else made.plain, mimetype="application/json")
        if packed:
            response.headers["Content-Encoding"] = "gzip"
    response.headers.update({"ETag": tag, "Vary": "Accept-Encoding", "Server-Time": f"{now:.3f}"})
    return response


def register(server: OpenAPI, view: Callable[[], Any], who: Callable[[], Any], boards: Boards, prefix: str,
             allow: Callable[[str, str], None]) -> None:
    """Adds the endpoints. `view()` and `who()` belong to the request; `allow(endpoint, permission)` tells the gate."""
    api = APIBlueprint("live", __name__, url_prefix=f"{prefix}api/live", abp_tags=[TAG], abp_responses=FAILURES,
                       abp_security=[{"bearer": []}, {"cookie": []}])

    @api.get("/board", summary="Queues, callers, agents and the curve of the day, as the live page shows them")
    def board_of_now(query: Question) -> Response:
        now = view()
        return answer(boards.get(now, who().language, _today(query, now)), time.time())

    @api.get("/thresholds", summary="From when on a queue alarms, by metric and queue")
    def thresholds() -> Response:
        return success(boards.limits.read())

    @api.put("/thresholds", summary="Changes the thresholds of all queues and of single ones")
    def set_thresholds() -> Response:
        try:
            kept = boards.limits.write(request.get_json(silent=True))
        except BadThreshold as error:
            return failure(422, f"{error.where}: {text(who().language, error.reason)}")
        guard.gate().users.record("thresholds_changed", by=who()._get_current_object(), address=guard.address())
        return success(kept)

    server.register_api(api)
    allow("live.board_of_now", "dashboard")
    allow("live.thresholds", "dashboard")
    allow("live.set_thresholds", "admin")


def _today(query: Question, now: Any) -> Filters:
    """The filters of a question about now: whatever its days, they are today."""
    asked = filters(query.model_copy(update={"start_date": None, "end_date": None, "period": "today"}), now.today())
    if len(asked.queues) > 200 or len(asked.agents) > 200:
        abort(failure(422, "queue: too many at once"))
    return asked
