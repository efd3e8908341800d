"""`/api/auth/*`: tokens for programs. Access tokens are short; refresh tokens rotate, a stolen one ends its family."""

from collections.abc import Callable
from typing import Any

from flask import Response, request, session
from flask_login import current_user
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.errors import FAILURES, failure, success
from auth import guard
from auth.factors import WrongCode
from auth.passwords import WeakPassword
from auth.throttle import Throttled
from auth.tokens import InvalidToken, Tokens
from auth.users import CodeNeeded, UserStore, WrongCredentials
from i18n import text

TAG = Tag(name="auth", description="Signing in")
EITHER: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]


class Credentials(BaseModel):
    username: str = Field(max_length=150, examples=["supervisora"])
    password: str = Field(max_length=1024, examples=["una frase larga"])
    code: str | None = Field(None, max_length=64, description="Of the second factor, where there is one")


class Refresh(BaseModel):
    refresh_token: str = Field(max_length=4096)


class Leaving(BaseModel):
    model_config = ConfigDict(extra="forbid")  # a misspelt name would leave a token alive that was meant to end

    refresh_token: str | None = Field(None, max_length=4096)

    @model_validator(mode="before")
    @classmethod
    def _nothing_sent(cls, value: Any) -> Any:
        # No body at all is a plain request to leave; one that cannot be read is a mistake.
        return {} if value is None and not request.get_data() else value


class Change(BaseModel):
    current_password: str = Field(max_length=1024)
    new_password: str = Field(max_length=1024)


def person(user: Any) -> dict[str, Any]:
    """A user as the API shows him: no hash, no secret."""
    return {"id": user.id, "username": user.username, "role": user.role, "language": user.language,
            "permissions": sorted(user.permissions), "queues": None if user.queues is None else sorted(user.queues),
            "password_change_required": user.must_change}


def register(server: OpenAPI, users: UserStore, tokens: Tokens, prefix: str, allow: Callable[[str, str | None], None],
             public: Callable[[str], None]) -> None:
    """Adds the endpoints; login and refresh are open, the others for anybody signed in."""
    api = APIBlueprint("api_auth", __name__, url_prefix=f"{prefix}api/auth", abp_tags=[TAG], abp_responses=FAILURES)

    def granted(user: Any, pair: dict[str, Any]) -> Response:
        return success({**pair, "user": person(user)})

    def slow_down(error: Throttled) -> Response:
        response = failure(429, "Too many attempts; wait before the next one.")
        response.headers["Retry-After"] = str(max(1, round(error.seconds)))
        return response

    @api.post("/login", summary="Access and refresh token for a name and a password")
    def login(body: Credentials) -> Response:
        address = request.remote_addr or ""
        try:
            user = users.verify(body.username, body.password, address, code_follows=body.code is not None)
            if user.second_factor:
                user = guard.gate().factors.check(user.id, body.code or "", address)
        except CodeNeeded:
            return failure(401, "A code of the second factor is needed.", "code_required")
        except WrongCode:
            return failure(401, "The code of the second factor is wrong.", "wrong_code")
        except WrongCredentials:
            return failure(401, "The user name or the password is wrong.", "wrong_credentials")
        except Throttled as error:
            return slow_down(error)
        return granted(user, tokens.issue(user, address))

    @api.post("/refresh", summary="A new pair for a refresh token, which is used up")
    def refresh(body: Refresh) -> Response:
        try:
            pair = tokens.refresh(body.refresh_token, request.remote_addr or "")
            return granted(tokens.user_of(pair["access_token"]), pair)
        except InvalidToken:
            return failure(401, "The refresh token is not valid any more.", "invalid_token")

    @api.post("/logout", summary="Ends the sign-in of this request and the one behind a refresh token", security=EITHER)
    def logout(body: Leaving) -> Response:
        address, token = request.remote_addr or "", guard.bearer(request)
        for ended in (token, body.refresh_token):
            if ended:
                tokens.revoke(ended, address)
        if token is None:
            guard.gate().visits.end(current_user.session, by=current_user._get_current_object(), address=address)
            session.clear()
        return success({"logged_out": True})

    @api.post("/password", security=EITHER, summary="Changes one's own password and ends every sign-in; a program "
              "that came with a token gets a new pair")
    def password(body: Change) -> Response:
        address = request.remote_addr or ""
        try:
            changed = users.change_password(current_user, body.current_password, body.new_password, address)
        except WrongCredentials:
            return failure(403, "The current password is wrong.", "wrong_credentials")
        except WeakPassword as error:
            return failure(422, f"new_password: {text(current_user.language, str(error))}")
        except Throttled as error:
            return slow_down(error)
        # A browser signs in again; its cookie is worth nothing any more.
        return success({"changed": True, **(tokens.issue(changed, address) if guard.bearer(request) else {})})

    @api.get("/me", summary="Who am I, and what may I do?", security=EITHER)
    def me() -> Response:
        return success(person(current_user))

    server.register_api(api)
    public("api_auth.login")
    public("api_auth.refresh")
    for name in ("logout", "password", "me"):
        allow(f"api_auth.{name}", None)
