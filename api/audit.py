"""`/api/audit`: who did what, when and from where; as pages, as CSV, and whether the chain is whole."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response
from flask_login import current_user
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.errors import FAILURES, described, success
from auth import audit, guard, keeping
from auth.audit import Line, Wanted
from auth.users import UserStore
from i18n import text
from render import audit as words

TAG = Tag(name="audit", description="Who did what, when and from where")
ENTRY = {"id": 1204, "at": "2026-03-03T09:12:44-05:00", "user": "maria.lopez", "user_id": 7,
         "address": "192.0.2.7", "action": "recording_listened", "target": "1772546400.118",
         "detail": {"file": "in-600-***-1772546400.118.wav"}}


class Question(BaseModel):
    """What to look for."""

    user: str = Field("", max_length=64, description="Part of a name")
    action: list[str] = Field([], max_length=50, description="Repeatable: only these kinds, such as login_failed")
    address: str = Field("", max_length=64, description="Part of an address")
    target: str = Field("", max_length=200, description="Part of what it was done to")
    start_date: dt.date | None = Field(None, description="First local day")
    end_date: dt.date | None = Field(None, description="Last local day, included")

    @model_validator(mode="after")
    def _days_in_order(self) -> "Question":
        if self.start_date and self.end_date and self.start_date > self.end_date:
            raise ValueError("end_date is before start_date")
        if any(day and not 1970 <= day.year < 9999 for day in (self.start_date, self.end_date)):
            raise ValueError("start_date and end_date lie between 1970 and 9998")
        return self

    def wanted(self, zone: dt.tzinfo) -> Wanted:
        def midnight(day: dt.date) -> float:
            return dt.datetime.combine(day, dt.time(), zone).timestamp()
        return Wanted(self.user, tuple(self.action), self.address, self.target,
                      midnight(self.start_date) if self.start_date else None,
                      midnight(self.end_date + dt.timedelta(days=1)) if self.end_date else None)


class Page(Question):
    page_size: int = Field(100, ge=1, le=500)
    before: int | None = Field(None, ge=1, le=2**31 - 1, description="Only older lines: `next` of the page before")


class Retention(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"days": 730}]})

    days: int = Field(ge=keeping.FEWEST, le=keeping.MOST, strict=True)


def register(server: OpenAPI, users: UserStore, zone: dt.tzinfo, prefix: str,
             allow: Callable[[str, str | None], None]) -> None:
    """Adds the endpoints; all of them for administrators."""
    api = APIBlueprint("audit", __name__, url_prefix=f"{prefix}api/audit", abp_tags=[TAG], abp_responses=FAILURES,
                       abp_security=[{"bearer": []}, {"cookie": []}])

    def entry(line: Line) -> dict[str, Any]:
        at = dt.datetime.fromtimestamp(line.at, zone).isoformat(timespec="seconds")
        return {"id": line.id, "at": at, "user": line.username, "user_id": line.user_id, "address": line.address,
                "action": line.action, "target": line.target, "detail": line.detail}

    @api.get("", summary="The newest lines first",
             responses={200: described({"entries": [ENTRY], "total": 1, "next": None})})
    def lines(query: Page) -> Response:
        wanted = query.wanted(zone)
        with users.reading() as session:
            found = list(audit.search(session, wanted, query.page_size + 1, query.before))
            total = audit.count(session, wanted)
        more = found[query.page_size - 1].id if len(found) > query.page_size else None
        return success({"entries": [entry(line) for line in found[:query.page_size]], "total": total, "next": more},
                       {"page_size": query.page_size, "timezone": str(zone),
                        "retention_days": users.setting(keeping.RETENTION, keeping.DAYS)})

    @api.get("/export", summary="All lines of the question as CSV", responses={200: {
        "description": "CSV, UTF-8 with its mark", "content": {"text/csv": {"schema": {"type": "string"}}}}})
    def export(query: Question) -> Response:
        who, wanted = current_user._get_current_object(), query.wanted(zone)
        users.record("audit_exported", by=who, address=guard.address())

        def pieces() -> Iterator[bytes]:
            with users.reading() as session:
                yield from words.written(who.language, zone, audit.search(session, wanted))
        day = dt.datetime.now(zone).date()
        return Response(pieces(), mimetype="text/csv", headers={
            "Content-Disposition": f"attachment; filename=audit-{day}.csv"})

    @api.get("/check", summary="Goes through the chain: was a line changed, or is one missing?",
             responses={200: described({"intact": True, "lines": 1204, "message": None})})
    def check() -> Response:
        found = keeping.verify(users)
        said = text(current_user.language, found.wrong, line=found.line) if found.wrong else None
        return success({"intact": found.wrong is None, "lines": found.lines, "message": said})

    @api.put("/retention", summary="For how many days lines are kept; older ones go at once",
             responses={200: described({"days": 730, "removed": 0})})
    def retention(body: Retention) -> Response:
        gone = keeping.retain(users, body.days, by=current_user._get_current_object(), address=guard.address())
        return success({"days": body.days, "removed": gone})

    server.register_api(api)
    for name in ("lines", "export", "check", "retention"):
        allow(f"audit.{name}", "admin")
