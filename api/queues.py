"""`/api/queues/*`: every queue, and where it hurts: service level, waits, causes, numbers dialled, positions."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort
from flask_openapi3 import APIBlueprint, OpenAPI, Tag

from api.calls import COUNTED, MOST_INTERVALS
from api.errors import FAILURES, failure, success
from api.questions import Question, filters, meta, rows
from data import agent_questions, queue_questions
from data.queue_questions import VARIANTS

TAG = Tag(name="queues", description="Queues: every stay in a queue counts once, dated when it began")
WAITS, LOSSES = ["low", "high", "answered", "lost"], ["cause", "count", "share", "avg_wait", "p50_wait", "p90_wait"]
ROWS = ["queue", "name", "threshold", "sl_target", *COUNTED]


def narrow(view: Any, query: Question) -> Any:
    """The filters, for answers of one row an interval; aborts with 422 when these would be too many."""
    asked = filters(query, view.today())
    if asked.days * 24 * 60 // asked.interval > MOST_INTERVALS:
        abort(failure(422, f"interval: the range has more than {MOST_INTERVALS} intervals; ask for fewer days"))
    return asked


def register(server: OpenAPI, view: Callable[[], Any], prefix: str, allow: Callable[[str, str], None]) -> None:
    """Adds the endpoints. `view()` gives the current user's View; `allow(endpoint, permission)` tells the gate."""
    api = APIBlueprint("queues", __name__, url_prefix=f"{prefix}api/queues", abp_tags=[TAG], abp_responses=FAILURES,
                       abp_security=[{"bearer": []}, {"cookie": []}])

    @api.get("/list", summary="Every queue with its totals, those without calls too")
    def listed(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        return success({"queues": rows(queue_questions.by_queue(now, asked), ROWS)}, meta(now, asked))

    @api.get("/statistics", summary="Totals, queues, percentiles and causes of loss of the range")
    def statistics(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        return success({"totals": now.totals(asked), "queues": rows(now.by_queue(asked), ROWS),
                        "percentiles": queue_questions.percentiles(now, asked),
                        "causes": rows(queue_questions.causes(now, asked), LOSSES)}, meta(now, asked))

    @api.get("/service-level", summary="Service level by threshold, by four definitions")
    def service_level(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        levels = queue_questions.service_levels(now, asked)
        return success({"levels": rows(levels, ["threshold", "within", *VARIANTS])},
                       meta(now, asked, definitions=queue_questions.DEFINITIONS))

    @api.get("/waits", summary="How long callers waited, answered and lost")
    def waits(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        return success({"waits": rows(queue_questions.waits(now, asked), WAITS),
                        "percentiles": queue_questions.percentiles(now, asked)}, meta(now, asked))

    @api.get("/causes", summary="Why calls were lost")
    def causes(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        return success({"causes": rows(queue_questions.causes(now, asked), LOSSES)}, meta(now, asked))

    @api.get("/dids", summary="Totals by number dialled")
    def dids(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        return success({"dids": rows(queue_questions.by_did(now, asked), ["did", *COUNTED])}, meta(now, asked))

    @api.get("/positions", summary="At which place in the queue callers gave up")
    def positions(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        found = rows(queue_questions.positions(now, asked), ["position", "abandoned", "avg_wait"])
        return success({"positions": found}, meta(now, asked, last_position_and_beyond=queue_questions.POSITIONS))

    @api.get("/waiting", summary="Callers waiting at once: most and average of every interval")
    def waiting(query: Question) -> Response:
        now = view()
        asked = narrow(now, query)
        return success({"intervals": rows(queue_questions.waiting_intervals(now, asked), [
            "start", "most", "average"])}, meta(now, asked))

    @api.get("/intervals", summary="Totals of every interval, with callers waiting and the time of agents")
    def intervals(query: Question) -> Response:
        now = view()
        asked = narrow(now, query)
        table = now.by_interval(asked)
        time, queue = agent_questions.by_interval(now, asked), queue_questions.waiting_intervals(now, asked)
        for name in ("login", "pause", "occupancy"):
            table[name] = time[name]
        table["busy"], table["most_waiting"], table["avg_waiting"] = time["talk"], queue["most"], queue["average"]
        return success({"intervals": rows(table, ["start", *COUNTED, "login", "pause", "busy", "occupancy",
                                                  "most_waiting", "avg_waiting"])}, meta(now, asked))

    server.register_api(api)
    for name in ("listed", "statistics", "service_level", "waits", "causes", "dids", "positions", "waiting",
                 "intervals"):
        allow(f"queues.{name}", "queues")
