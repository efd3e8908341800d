"""`/api/users`: the people of the installation, for administrators who signed in themselves."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Literal

from flask import Response
from flask_login import current_user
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel, ConfigDict, Field

from api.errors import CONFLICT, FAILURES, Failure, described, failure, success
from auth import guard
from auth.passwords import WeakPassword
from auth.people import LAST_ADMIN, NO_USER, NOT_YOURSELF, TAKEN_NAME, BadUser
from auth.permissions import ROLES, Permission
from auth.users import User, UserStore
from i18n import text

TAG = Tag(name="users", description="The people who may sign in")
Role = Literal["admin", "manager", "supervisor", "viewer"]
Language = Literal["es", "en"]
Queues = list[str]
ABOUT = {"permissions": "Exactly these, whatever the role; or use `given` and `taken`",
         "queues": "Only these queues; null for all of them"}
PERSON = {"id": 7, "username": "maria.lopez", "role": "supervisor", "given": ["downloads"], "taken": [],
          "permissions": ["agents", "calls", "dashboard", "downloads", "numbers", "queues", "recordings", "reports"],
          "queues": ["600", "601"], "language": "es", "active": True, "password_change_required": False,
          "second_factor": True, "created": "2026-03-03T09:00:00-05:00", "last_login": "2026-03-04T08:58:12-05:00",
          "invited_until": None}
INVITATION = {"path": "/invitation/q3J…", "until": "2026-03-06T09:00:00-05:00"}


class Which(BaseModel):
    id: int = Field(ge=1, le=2**31 - 1, description="Number of the user")


class Changes(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"role": "manager", "queues": None, "taken": ["numbers"]}, {"active": False}]})

    role: Role = "viewer"
    permissions: list[Permission] | None = Field(None, description=ABOUT["permissions"])
    given: list[Permission] = Field([], description="Permissions beyond those of the role")
    taken: list[Permission] = Field([], description="Permissions of the role that this user does not have")
    queues: Queues | None = Field(None, max_length=500, description=ABOUT["queues"])
    language: Language | None = None
    active: bool = True
    password: str | None = Field(None, max_length=1024, description="Has to be changed at the next sign-in")
    second_factor: Literal[False] | None = Field(None, description="false switches it off for who lost the telephone")


class NewUser(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"username": "maria.lopez", "role": "supervisor", "queues": ["600", "601"], "given": ["downloads"]}]})

    username: str = Field(max_length=64, description="2 to 64 letters, digits, or . _ - @")
    password: str | None = Field(None, max_length=1024, description="Without it the answer has an invitation")
    role: Role = "viewer"
    permissions: list[Permission] | None = Field(None, description=ABOUT["permissions"])
    given: list[Permission] = []
    taken: list[Permission] = []
    queues: Queues | None = Field(None, max_length=500, description=ABOUT["queues"])
    language: Language | None = None


def exactly(role: str, wanted: list[Permission]) -> dict[str, list[str]]:
    """What is given and taken, so that with this role somebody has exactly these permissions."""
    usual = ROLES[role]
    return {"given": sorted(set(wanted) - usual), "taken": sorted(usual - set(wanted))}


def register(server: OpenAPI, users: UserStore, zone: dt.tzinfo, prefix: str,
             allow: Callable[[str, str | None], None]) -> None:
    """Adds the endpoints; all of them for administrators."""
    api = APIBlueprint("users", __name__, url_prefix=f"{prefix}api/users", abp_tags=[TAG], abp_responses=FAILURES,
                       abp_security=[{"bearer": []}, {"cookie": []}])

    def gate() -> guard.Gate:
        found: guard.Gate = server.extensions["gate"]
        return found

    def me() -> User:
        found: User = current_user._get_current_object()
        return found

    def moment(at: float | None) -> str | None:
        return None if at is None else dt.datetime.fromtimestamp(at, zone).isoformat(timespec="seconds")

    def shown(who: User, invited: dict[int, float]) -> dict[str, Any]:
        return {"id": who.id, "username": who.username, "role": who.role, "permissions": sorted(who.permissions),
                "given": list(who.given), "taken": list(who.taken),
                "queues": None if who.queues is None else sorted(who.queues), "language": who.language,
                "active": who.active, "password_change_required": who.must_change, "second_factor": who.second_factor,
                "created": moment(who.created), "last_login": moment(who.last_login),
                "invited_until": moment(invited.get(who.id))}

    def refused(error: Exception) -> Response:
        lang = current_user.language
        if isinstance(error, WeakPassword):
            return failure(422, f"password: {text(lang, str(error))}")
        assert isinstance(error, BadUser)
        status = {NO_USER: 404, LAST_ADMIN: 409, NOT_YOURSELF: 409, TAKEN_NAME: 409}.get(error.words, 422)
        return failure(status, text(lang, error.words, **error.values))

    def invited(number: int) -> dict[str, Any]:
        token, until = gate().invitations.make(number, by=me(), address=guard.address())
        return {"path": f"{prefix}invitation/{token}", "until": moment(until)}

    @api.get("", summary="Everybody, by name", responses={200: described({"users": [PERSON]})})
    def listed() -> Response:
        invitations = gate().invitations.open()
        return success({"users": [shown(who, invitations) for who in users.list()]})

    @api.post("", summary="Adds somebody; without a password, with a link by which it is chosen once",
              responses={201: described({**PERSON, "invitation": INVITATION}), 409: CONFLICT})
    def added(body: NewUser) -> Response:
        values = body.model_dump(exclude={"password", "permissions"})
        if body.permissions is not None:
            values |= exactly(body.role, body.permissions)
        try:
            who = users.add(password=body.password, must_change=body.password is not None, by=me(),
                            address=guard.address(), **values)
        except (BadUser, WeakPassword) as error:
            return refused(error)
        more = {} if body.password is not None else {"invitation": invited(who.id)}
        response = success({**shown(who, gate().invitations.open()), **more})
        response.status_code = 201
        return response

    @api.get("/<int:id>", summary="One of them", responses={200: described(PERSON), 404: Failure})
    def one(path: Which) -> Response:
        who = users.get(path.id)
        return success(shown(who, gate().invitations.open())) if who else refused(BadUser(NO_USER, name=path.id))

    @api.put("/<int:id>", summary="Changes what is named and nothing else",
             responses={200: described(PERSON), 404: Failure, 409: CONFLICT})
    def changed(path: Which, body: Changes) -> Response:
        values = {name: getattr(body, name) for name in body.model_fields_set - {"password", "permissions",
                                                                                "second_factor"}}
        try:
            who = users.get(path.id)
            if who is None:
                raise BadUser(NO_USER, name=path.id)
            if body.permissions is not None:
                values |= exactly(values.get("role", who.role), body.permissions)
            if values:
                who = users.update(path.id, by=me(), address=guard.address(), **values)
            if body.password is not None:
                who = users.set_password(path.id, body.password, by=me(), address=guard.address())
            if body.second_factor is False and who.second_factor:
                gate().factors.switch_off(path.id, by=me(), address=guard.address())
                who = users.get(path.id) or who
        except (BadUser, WeakPassword) as error:
            return refused(error)
        return success(shown(who, gate().invitations.open()))

    @api.delete("/<int:id>", summary="Removes somebody; the audit keeps the name",
                responses={200: described({"removed": True}), 404: Failure, 409: CONFLICT})
    def removed(path: Which) -> Response:
        try:
            users.remove(path.id, by=me(), address=guard.address())
        except BadUser as error:
            return refused(error)
        return success({"removed": True})

    @api.post("/<int:id>/invitation", summary="A link by which the password is chosen once; the old one is void",
              responses={201: described(INVITATION), 404: Failure})
    def invitation(path: Which) -> Response:
        try:
            response = success(invited(path.id))
        except BadUser as error:
            return refused(error)
        response.status_code = 201
        return response

    server.register_api(api)
    for name in ("listed", "added", "one", "changed", "removed", "invitation"):
        allow(f"users.{name}", "admin")
