"""`/api/queues/realtime` and `/api/agents/realtime`: the floor at this moment, for programs."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, OpenAPI, Tag

from api.errors import FAILURES, success
from api.questions import Question, filters, meta
from data import live
from data.ami_link import Heard
from data.filters import Filters

TAG = Tag(name="realtime", description="Queues and agents as they are now")
PEOPLE = ("agents_available", "agents_busy", "agents_ringing", "agents_paused")


def register(server: OpenAPI, view: Callable[[], Any], heard: Callable[[], Heard | None], prefix: str,
             allow: Callable[[str, str], None]) -> None:
    """Adds both. `heard()` is what Asterisk says; `allow(endpoint, permission)` tells the gate."""
    api = APIBlueprint("realtime", __name__, url_prefix=f"{prefix}api", abp_tags=[TAG], abp_responses=FAILURES,
                       abp_security=[{"bearer": []}, {"cookie": []}])

    @api.get("/queues/realtime", summary="Callers waiting and talking, agents and today's totals of every queue")
    def queues(query: Question) -> Response:
        now, asked, said = view(), filters(query, view().today()), heard()
        here, chosen = live.floor(now, said.said if said else None), _chooser(asked)
        rows = [_queue(now, row) for row in live.queues(now, here, asked.origin) if chosen(row["queue"])]
        waiting = [{"callid": c.callid, "queue": c.queue, "position": c.position, "caller": c.number or None,
                    "since": _moment(now, c.since), "wait": _age(now, c.since)} for c in here.waiting
                   if chosen(c.queue)]
        return success({"queues": rows, "waiting": waiting}, meta(now, asked, **_source(now, said)))

    @api.get("/agents/realtime", summary="What every agent does and since when")
    def agents(query: Question) -> Response:
        now, asked, said = view(), filters(query, view().today()), heard()
        here, chosen = live.floor(now, said.said if said else None), _chooser(asked)
        rows = [_agent(now, agent) for agent in here.agents if not asked.agents or agent.agent in asked.agents]
        kept = [row for row in rows if not asked.queues or any(
            chosen(name) for name in (row["queue"], *(q["queue"] for q in row["queues"])) if name)]
        counts = {state: sum(row["state"] == state for row in kept) for state in live.STATES}
        return success({"agents": kept, "counts": counts}, meta(now, asked, **_source(now, said)))

    server.register_api(api)
    allow("realtime.queues", "queues")
    allow("realtime.agents", "agents")


def _chooser(asked: Filters) -> Callable[[str], bool]:
    wanted = {queue.casefold() for queue in asked.queues}
    return lambda queue: not wanted or queue.casefold() in wanted


def _source(now: Any, said: Heard | None) -> dict[str, Any]:
    return {"now": now.now().isoformat(), "source": "ami" if said and said.said else "log",
            "ami": said.state if said else None}


def _moment(now: Any, epoch: int | None) -> str | None:
    return None if epoch is None else dt.datetime.fromtimestamp(epoch, now.zone).isoformat()


def _age(now: Any, epoch: int | None) -> int | None:
    return None if epoch is None else max(int(now.clock()) - epoch, 0)


def _queue(now: Any, row: dict[str, Any]) -> dict[str, Any]:
    today = row["today"]
    people = dict(zip(PEOPLE, (row["available"], row["busy"], row["ringing"], row["paused"]), strict=True))
    asa = round(today["asa_sum"] / today["asa_count"], 2) if today["asa_count"] else None
    return {"queue": row["queue"], "name": row["name"], "threshold": row["threshold"], "waiting": row["waiting"],
            "longest_wait": _age(now, row["since"]), "talking": row["talking"], **people,
            "offered": today["offered"], "answered": today["answered"], "abandoned": today["abandoned"],
            "short_abandoned": today["short_abandoned"], "timeout": today["timeout"],
            "exit_empty": today["exit_empty"], "asa": asa, "sl_pct": today["sl_pct"],
            "sl_pct_30m": row["recent"]["sl_pct"], "offered_30m": row["recent"]["offered"]}


def _agent(now: Any, agent: live.Agent) -> dict[str, Any]:
    return {"agent": agent.agent, "name": now.snapshot.agent_label(agent.agent), "state": agent.state,
            "since": _moment(now, agent.since), "seconds": _age(now, agent.since), "queue": agent.queue,
            "callid": agent.callid, "caller": agent.number or None, "reason": agent.reason,
            "queues": [{"queue": place.queue, "paused": place.paused, "reason": place.reason,
                        "since": _moment(now, place.since)} for place in agent.queues]}
