"""The list of calls, each call, and two ways to count them: below `/api/calls`."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

from flask import Response, abort, request
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from api.errors import failure, success
from api.questions import Question, filters, meta, rows, value
from data import call_events, calls, journeys
from data.call_events import ATTEMPTS, Journey
from data.call_filters import CallFilters, Sort, parse, sort
from data.filters import BadFilter
from render import events

PAGE, LARGEST_PAGE = 50, 500
AGENTS = ["agent", "name", "answered", "transferred", "ended_by_agent", "talk_total", "avg_talk", "asa", "missed"]
SEVERAL = ("did", "outcome", "ended_by", "missed_by", "weekday", "hour")
UNITS = {"legs": calls, "calls": journeys}
Recordings = Callable[[Any, Journey], list[dict[str, Any]]]


class CallQuestion(Question):
    """The common filters and everything that narrows a list of calls."""

    q: str | None = Field(None, description="Part of a number, an agent, a queue or a callid. Who may not see numbers "
                                            "searches what is shown of them")
    caller: str | None = Field(None, description="Digits that stand in the caller's number")
    callid: str | None = Field(None, description="Exactly this callid")
    did: list[str] | None = Field(None, description="Repeatable: dialled numbers; none: the log has none")
    outcome: list[str] | None = Field(None, description="Repeatable: answered, abandoned, timeout …")
    ended_by: list[str] | None = Field(None, description="Repeatable: agent, caller, transfer, restart")
    missed_by: list[str] | None = Field(None, description="Repeatable: agents whose phone rang in vain; * is anybody")
    min_wait: str | None = Field(None, description="Seconds waited, at least")
    max_wait: str | None = Field(None, description="Seconds waited, at most")
    min_talk: str | None = Field(None, description="Seconds talked, at least")
    max_talk: str | None = Field(None, description="Seconds talked, at most")
    min_position: str | None = Field(None, description="Place in the queue when the caller left, at least")
    max_position: str | None = Field(None, description="Place in the queue when the caller left, at most; 0: not "
                                                       "known")
    weekday: list[str] | None = Field(None, description="Repeatable: 0 (Monday) to 6")
    hour: list[str] | None = Field(None, description="Repeatable: hour of the local clock, 0 to 23")
    since: str | None = Field(None, alias="from", description="Time of day HH:MM on every day, or a moment with offset")
    until: str | None = Field(None, alias="to", description="The same, excluded; 24:00 ends a day")
    transferred: str | None = Field(None, description="true or false")
    short: str | None = Field(None, description="true: short abandons; false: all others")
    within_sl: str | None = Field(None, description="true: answered within the service level; false: all others")
    lost: str | None = Field(None, description="true: abandoned, timed out or left because the queue was empty")
    recovered: str | None = Field(None, description="Of lost calls: the caller was (not) answered later")
    has_recording: str | None = Field(None, description="true or false, where recordings are looked for")


class ListQuestion(CallQuestion):
    """A page of the list."""

    sort: str | None = Field(None, description="Columns, the first one first, falling with a minus: -enter,queue")
    unit: Literal["legs", "calls"] = Field("legs", description="legs: a row a stay in a queue; calls: a row a journey")
    page: int = Field(1, ge=1, le=10**9)
    page_size: int = Field(PAGE, ge=1, le=LARGEST_PAGE)


class CallPath(BaseModel):
    callid: str = Field(max_length=256, description="As the log writes it")


def add(api: APIBlueprint, view: Callable[[], Any], lang: Callable[[], str],
        recordings: Recordings | None, records: Callable[[Any, Journey], Any]) -> list[str]:
    """Adds the endpoints to the blueprint; their names."""
    @api.get("/list", summary="The calls themselves, filtered and ordered, in pages")
    def listed(query: ListQuestion) -> Response:
        now = view()
        asked, order = understood(now), ordered(query)
        unit = UNITS[query.unit]
        start = (query.page - 1) * query.page_size
        found, total = answered(lambda: unit.page(now, asked, order, start, start + query.page_size))
        counts = journeys.count(now, asked) if query.unit == "calls" else {}
        return success({"calls": rows(found, list(unit.COLUMNS)), "total": total, "page": query.page,
                        "page_size": query.page_size},
                       {**described(now, asked), "sort": written(order), "unit": query.unit, **counts})

    @api.get("/by-agent", summary="Calls of every agent who answered")
    def by_agent(query: Question) -> Response:
        now = view()
        asked = filters(query, now.today())
        table = now.by_agent(asked)
        table["asa"] = table["asa_sum"] / table["asa_count"].where(table["asa_count"] > 0)
        return success({"agents": rows(table, AGENTS)}, meta(now, asked))

    @api.get("/disposition-summary", summary="How the calls ended, by the event that says so")
    def disposition_summary(query: CallQuestion) -> Response:
        now = view()
        asked = understood(now)
        table = answered(lambda: calls.dispositions(now, asked))
        table.insert(1, "label", [events.label(lang(), event) for event in table["event"]])
        return success({"events": rows(table, ["event", "label", "count"])}, described(now, asked))

    @api.get("/<string:callid>", summary="One call: its legs, everything that happened, its recordings")
    def journey(path: CallPath) -> Response:
        now = view()
        found = call_events.journey(now, path.callid)
        if found is None:
            abort(failure(404, "callid: there is no such call"))
        return success({**told(now, found, lang(), recordings(now, found) if recordings else []),
                        "record": recorded(now, records(now, found))})

    return ["listed", "by_agent", "disposition_summary", "journey"]


def understood(view: Any) -> CallFilters:
    """The filters of this request; aborts with 422 naming the parameter that cannot be understood."""
    return answered(lambda: parse(request.args.to_dict(flat=False), view.today()))


def ordered(query: ListQuestion) -> Sort:
    """The order asked for; newest first by default."""
    for name in ("sort", "unit", "page", "page_size"):
        if len(request.args.getlist(name)) > 1:
            abort(failure(422, f"{name}: given more than once"))
    return answered(lambda: sort(query.sort or "", UNITS[query.unit].SORTS)) or calls.NEWEST


def answered(ask: Callable[[], Any]) -> Any:
    """The answer, or 422 where a filter cannot be understood or answered."""
    try:
        return ask()
    except BadFilter as error:
        return abort(failure(422, f"{error.parameter}: {error.reason}"))


def written(order: Sort) -> str:
    return ",".join(f"-{name}" if falling else name for name, falling in order)


def described(view: Any, asked: CallFilters) -> dict[str, Any]:
    """How the question was understood."""
    own: dict[str, Any] = {}
    for name, word in asked.own():
        if name in SEVERAL:
            own.setdefault(name, []).append(word)
        else:
            own[name] = word
    return {**meta(view, asked.common), **own, "excluded_internal": calls.excluded_internal(view, asked)}


def told(view: Any, found: Journey, lang: str, recordings: list[dict[str, Any]]) -> dict[str, Any]:
    """A journey for JSON; every event with its label and a sentence in the reader's language."""
    names = dict(view.queues())
    happened = [{
        "ts": value(view.moment(one.ts)), "event": one.event, "label": events.label(lang, one.event),
        "text": events.sentence(lang, one.event, one.data, names.get(one.queue, one.queue), one.agent),
        "callid": one.callid, "queue": one.queue, "agent": one.agent, "data": list(one.data), "line": one.line,
    } for one in found.events]
    return {"callid": found.callid, "callids": list(found.callids),
            "call": rows(found.call, list(journeys.COLUMNS))[0], "legs": rows(found.legs, list(calls.COLUMNS)),
            "events": happened, "attempts": rows(found.attempts, list(ATTEMPTS)), "recordings": recordings,
            "complete": found.whole}


def recorded(view: Any, record: Any) -> dict[str, Any] | None:
    """What the call records know (data.cdr.CallRecord) for JSON; None where there are none or they cannot be asked."""
    if record is None:
        return None

    def dated(one: Any) -> dict[str, Any]:
        return {**asdict(one), "start": value(view.moment(one.start))}
    return {"did": record.did or None, "before": record.before, "parts": [dated(part) for part in record.parts],
            "calls_back": None if record.backs is None else [dated(back) for back in record.backs]}
