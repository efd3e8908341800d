"""`/api/auth/sessions` and `/api/auth/keys`: what is open in one's own name, and how to end it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import Response
from flask_login import current_user
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel, ConfigDict, Field

from api.errors import CONFLICT, FAILURES, Failure, described, failure, success
from auth import guard
from auth.keys import NO_KEY, TOO_MANY, Shown
from auth.people import BadUser
from auth.permissions import Permission
from i18n import text

TAG = Tag(name="account", description="One's own sessions and keys")
SESSION = {"id": "4f0c2a9be81d77aa", "created": "2026-03-03T08:58:12-05:00", "seen": "2026-03-03T12:01:40-05:00",
           "address": "192.0.2.7", "browser": "Mozilla/5.0 …", "remembered": False, "mine": True}
KEY = {"id": 3, "name": "CRM", "start": "cca_x7Qa", "permissions": ["calls"], "created": "2026-03-03T08:58:12-05:00",
       "expires": None, "seen": None, "address": ""}
NO_SESSION = "there is no such session"


class Session(BaseModel):
    id: str = Field(pattern="^[0-9a-f]{16}$")


class Number(BaseModel):
    id: int = Field(ge=1, le=2**31 - 1)


class NewKey(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"name": "CRM", "permissions": ["calls"], "days": 90}]})

    name: str = Field(min_length=1, max_length=64, description="Which program it is for")
    permissions: list[Permission] = Field(min_length=1, description="Never more than one's own")
    days: int | None = Field(None, ge=1, le=366, strict=True, description="null for a key without an end")


def register(server: OpenAPI, zone: dt.tzinfo, prefix: str, allow: Callable[[str, str | None], None]) -> None:
    """Adds the endpoints, for anybody signed in; what changes something takes a person, not a key."""
    api = APIBlueprint("account", __name__, url_prefix=f"{prefix}api/auth", abp_tags=[TAG], abp_responses=FAILURES,
                       abp_security=[{"bearer": []}, {"cookie": []}])

    def gate() -> guard.Gate:
        found: guard.Gate = server.extensions["gate"]
        return found

    def me() -> Any:
        return current_user._get_current_object()

    def moment(at: float | None) -> str | None:
        return None if at is None else dt.datetime.fromtimestamp(at, zone).isoformat(timespec="seconds")

    def shown(one: Shown) -> dict[str, Any]:
        return {"id": one.id, "name": one.name, "start": one.start, "permissions": list(one.permissions),
                "created": moment(one.created), "expires": moment(one.expires), "seen": moment(one.seen),
                "address": one.address}

    def refused(error: BadUser) -> Response:
        status = {NO_KEY: 404, TOO_MANY: 409}.get(error.words, 422)
        return failure(status, text(current_user.language, error.words, **error.values))

    @api.get("/sessions", summary="One's own open sessions", responses={200: described({"sessions": [SESSION]})})
    def sessions() -> Response:
        found = gate().visits.list(me())
        return success({"sessions": [{**one, "created": moment(one["created"]), "seen": moment(one["seen"])}
                                     for one in found]})

    @api.delete("/sessions/<string:id>", summary="Ends one of them",
                responses={200: described({"ended": True}), 404: Failure})
    def end_session(path: Session) -> Response:
        if not gate().visits.end_one(me(), path.id, by=me(), address=guard.address()):
            return failure(404, text(current_user.language, NO_SESSION))
        return success({"ended": True})

    @api.get("/keys", summary="One's own keys", responses={200: described({"keys": [KEY]})})
    def keys() -> Response:
        return success({"keys": [shown(one) for one in gate().keys.list(me())]})

    @api.post("/keys", summary="A key for a program, to be sent as a Bearer; it is shown this once",
              responses={201: described({**KEY, "key": "cca_x7Qa…"}), 409: CONFLICT})
    def new_key(body: NewKey) -> Response:
        try:
            made, token = gate().keys.make(me(), body.name, body.permissions, body.days, guard.address())
        except BadUser as error:
            return refused(error)
        response = success({**shown(made), "key": token})
        response.status_code = 201
        return response

    @api.delete("/keys/<int:id>", summary="Ends a key at once",
                responses={200: described({"ended": True}), 404: Failure})
    def end_key(path: Number) -> Response:
        try:
            gate().keys.end(me(), path.id, by=me(), address=guard.address())
        except BadUser as error:
            return refused(error)
        return success({"ended": True})

    server.register_api(api)
    for name in ("sessions", "end_session", "keys", "new_key", "end_key"):
        allow(f"account.{name}", None)
