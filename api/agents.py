"""`/api/agents/*`: people: their calls, their time, a fair comparison, and what they did second by second."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Response, abort
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel, Field

from api.errors import FAILURES, failure, success
from api.questions import Question, filters, meta, rows
from api.queues import narrow
from data import agent_comparison, agent_day, agent_questions

TAG = Tag(name="agents", description="People. Time is the union over queues; null is what the log does not tell")
LISTED = list(agent_questions.COLUMNS)
TIME = ["answered", "talk_total", "login", "pause", "talk", "occupancy", "utilization", "availability"]
SPANS = ["queue", "start", "end", "seconds", "reason", "closed_by"]
MOST_DAYS = 7  # of a timeline: more is hundreds of thousands of spans


class Person(BaseModel):
    agent: str = Field(description="As the list of agents calls him", max_length=256)


def register(server: OpenAPI, view: Callable[[], Any], prefix: str, allow: Callable[[str, str], None]) -> None:
    """Adds the endpoints. `view()` gives the current user's View; `allow(endpoint, permission)` tells the gate."""
    api = APIBlueprint("agents", __name__, url_prefix=f"{prefix}api/agents", abp_tags=[TAG], abp_responses=FAILURES,
                       abp_security=[{"bearer": []}, {"cookie": []}])

    @api.get("/list", summary="Everybody with calls or time in the range")
    def listed(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        return success({"agents": rows(agent_questions.by_agent(now, asked), LISTED)}, meta(now, asked))

    @api.get("/statistics", summary="The team, its hours and its pauses by reason")
    def statistics(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        reasons = agent_questions.reasons(agent_questions.pause_reasons(now, asked))
        return success({"team": agent_questions.team(now, asked),
                        "hours": rows(agent_questions.by_hour(now, asked), ["hour", *TIME]),
                        "pauses": rows(reasons, ["reason", "kind", "agents", "count", "seconds", "longest"])},
                       meta(now, asked))

    @api.get("/comparison", summary="Everybody against colleagues with calls of the same queues and hours")
    def comparison(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        return success({"agents": rows(agent_comparison.compare(now, asked), list(agent_comparison.COLUMNS))},
                       meta(now, asked, least_calls=agent_comparison.LEAST))

    @api.get("/pauses", summary="Pauses by agent and reason")
    def pauses(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        return success({"pauses": rows(agent_questions.pause_reasons(now, asked), [
            "agent", "name", "reason", "kind", "count", "seconds", "longest"])}, meta(now, asked))

    @api.get("/intervals", summary="Calls and time of everybody together, every interval")
    def intervals(query: Question) -> Response:
        now = view()
        asked = narrow(now, query)
        return success({"intervals": rows(agent_questions.by_interval(now, asked), ["start", *TIME])},
                       meta(now, asked))

    @api.get("/timeline", summary=f"Every span of up to {MOST_DAYS} days: connected, ringing, talking, on pause")
    def timeline(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        if asked.days > MOST_DAYS:
            abort(failure(422, f"start_date: a timeline has at most {MOST_DAYS} days"))
        table = agent_day.timeline(now, asked)
        for name in ("start", "end"):
            table[name] = agent_day.moments(now, table[name])
        return success({"spans": rows(table, list(agent_day.COLUMNS))}, meta(now, asked))

    @api.get("/<path:agent>/sessions", summary="Sessions and pauses of one agent, queue by queue")
    def sessions(path: Person, query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        names = dict(now.agents())
        if path.agent not in names:
            abort(failure(404, "agent: nobody is called so in the log"))
        one = replace(asked, agents=(path.agent,))
        found = {kind: rows(agent_day.spans(now, one, kind), SPANS) for kind in ("sessions", "pauses")}
        return success({"agent": path.agent, "name": names[path.agent], **found,
                        "totals": (rows(agent_questions.by_agent(now, one), LISTED) or [None])[0]}, meta(now, one))

    server.register_api(api)
    for name in ("listed", "statistics", "comparison", "pauses", "intervals", "timeline", "sessions"):
        allow(f"agents.{name}", "agents")
