"""`/api/dashboard/summary`: the numbers of the page Resumen in one answer."""

from collections.abc import Callable
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, OpenAPI, Tag

from api.calls import COUNTED
from api.errors import FAILURES, success
from api.questions import Question, filters, meta, rows

TAG = Tag(name="dashboard", description="The summary page")


def register(server: OpenAPI, view: Callable[[], Any], prefix: str, allow: Callable[[str, str], None]) -> None:
    """Adds the endpoint. `view()` gives the current user's View; `allow(endpoint, permission)` tells the gate."""
    api = APIBlueprint("dashboard", __name__, url_prefix=f"{prefix}api/dashboard", abp_tags=[TAG],
                       abp_responses=FAILURES, abp_security=[{"bearer": []}, {"cookie": []}])

    @api.get("/summary", summary="Totals, queues, hours and what is happening now")
    def summary(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        return success({
            "totals": now.totals(asked),
            "queues": rows(now.by_queue(asked), ["queue", "name", "threshold", *COUNTED]),
            "hours": rows(now.by_hour(asked), ["hour", *COUNTED]),
            "live": now.live(),
        }, meta(now, asked))

    server.register_api(api)
    allow("dashboard.summary", "dashboard")
