"""`/api/calls/*`: totals and distributions of calls, the list and each call."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort
from flask_openapi3 import APIBlueprint, OpenAPI, Tag

from api import call_list
from api.errors import FAILURES, failure, success
from api.questions import Question, filters, meta, rows
from data.measures import TOTALS

TAG = Tag(name="calls", description="Calls as legs: one stay in one queue is one row")
COUNTED = list(TOTALS)
# A year of quarters of an hour; beyond that an answer is hundreds of megabytes and holds the server for everybody.
MOST_INTERVALS = 366 * 96


def register(server: OpenAPI, view: Callable[[], Any], prefix: str, allow: Callable[[str, str], None],
             lang: Callable[[], str] = lambda: "en", recordings: call_list.Recordings | None = None,
             records: Callable[[Any, Any], Any] = lambda *_: None) -> None:
    """Adds the endpoints. `view()` gives the current user's View and `lang()` his language; `allow(endpoint,
    permission)` tells the gate. `recordings(view, journey)` lists the recordings of a call, `records(view,
    journey)` tells what the call records know of it."""
    api = APIBlueprint("calls", __name__, url_prefix=f"{prefix}api/calls", abp_tags=[TAG], abp_responses=FAILURES,
                       abp_security=[{"bearer": []}, {"cookie": []}])

    @api.get("/statistics", summary="Totals of the range")
    def statistics(query: Question) -> Response:
        asked = filters(query, view().today())
        return success(view().totals(asked), meta(view(), asked))

    @api.get("/intervals", summary="Totals of every interval of 15, 30 or 60 minutes")
    def intervals(query: Question) -> Response:
        asked = filters(query, view().today())
        if asked.days * 24 * 60 // asked.interval > MOST_INTERVALS:
            abort(failure(422, f"interval: the range has more than {MOST_INTERVALS} intervals; ask for fewer days"))
        return success({"intervals": rows(view().by_interval(asked), ["start", *COUNTED])}, meta(view(), asked))

    @api.get("/daily-summary", summary="Totals of every day")
    def daily_summary(query: Question) -> Response:
        asked = filters(query, view().today())
        return success({"days": rows(view().by_day(asked), ["date", *COUNTED])}, meta(view(), asked))

    @api.get("/hourly-distribution", summary="Totals by hour of the local clock")
    def hourly_distribution(query: Question) -> Response:
        asked = filters(query, view().today())
        return success({"hours": rows(view().by_hour(asked), ["hour", *COUNTED])}, meta(view(), asked))

    named = call_list.add(api, view, lang, recordings, records)
    server.register_api(api)
    for name in ("statistics", "intervals", "daily_summary", "hourly_distribution", *named):
        allow(f"calls.{name}", "calls")
