"""One shape for every answer of the API: success with `data` and `meta`, failure with `code` and `message`."""

import logging
from typing import Any

from dash.exceptions import DependencyException
from flask import Flask, Response, jsonify, request
from flask.json.provider import DefaultJSONProvider
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException

import logs
from auth import guard
from auth.database import NOT_KEPT, unkept
from i18n import text

log = logging.getLogger(__name__)

CODES = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
         406: "not_acceptable", 409: "conflict", 411: "length_required", 413: "too_large",
         415: "unsupported_media_type", 416: "range_not_satisfiable", 422: "invalid_parameter",
         429: "too_many_requests", 500: "internal_error", 503: "unavailable"}


class Problem(BaseModel):
    code: str = Field(examples=["invalid_parameter"])
    message: str = Field(examples=["start_date: must be a day written YYYY-MM-DD"])


class Failure(BaseModel):
    success: bool = Field(False, examples=[False])
    error: Problem


FAILURES: dict[int | str, Any] = dict.fromkeys((400, 401, 403, 422, 429), Failure)
CONFLICT = Failure


def described(example: Any, meta: dict[str, Any] | None = None) -> dict[str, Any]:
    """A successful answer in the description: the shape, and this as an example of its data."""
    return {"description": "Success", "content": {"application/json": {
        "schema": {"type": "object", "required": ["success", "data", "meta"], "properties": {
            "success": {"type": "boolean"}, "data": {"type": "object"}, "meta": {"type": "object"}}},
        "example": {"success": True, "data": example, "meta": meta or {}}}}}


class Json(DefaultJSONProvider):
    """JSON in our order. What a stranger nests without end is malformed, and no failure of ours."""

    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def success(data: Any, meta: dict[str, Any] | None = None) -> Response:
    """200 with the data; `meta` says how the question was understood."""
    return jsonify({"success": True, "data": data, "meta": meta or {}})


def failure(status: int, message: str, code: str | None = None) -> Response:
    """The error shape with that status; the code follows from the status unless it is given."""
    response = jsonify({"success": False, "error": {"code": code or CODES.get(status, "error"), "message": message}})
    response.status_code = status
    return response


def invalid(error: ValidationError) -> Response:
    """422 naming the first parameter that cannot be understood. What was sent is not repeated."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "body"
    return failure(422, f"{name}: {str(first['msg']).removeprefix('Value error, ')}")


def register(server: Flask, prefix: str) -> None:
    """Failures under `<prefix>api` and of `/health` in the shape; elsewhere they stay short pages."""
    def ours() -> bool:
        return request.path.startswith((f"{prefix}api/", f"{prefix}health")) or request.path == f"{prefix}api"

    def http(error: HTTPException) -> Any:
        if not ours():
            return error
        if error.response is not None:
            return error.response
        status = error.code or 500
        response = failure(status, error.description or error.name)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After", "WWW-Authenticate", "Content-Range"):
                response.headers[name] = value
        return response

    def no_such_file(error: DependencyException) -> Response:
        # Dash raises for any name below its component files that it does not know; anybody may type one.
        return Response("There is no such file.", 404, mimetype="text/plain")

    def unexpected(error: Exception) -> Any:
        if unkept(error):
            log.error("nothing can be kept: %s", error)
            words = text(guard.language(), NOT_KEPT)
            return failure(503, words) if ours() else Response(words, 503, mimetype="text/plain")
        number = logs.request_id()
        log.error("request failed, error %s", number, exc_info=error)
        if ours():
            return failure(500, f"Something failed on the server (error {number}).")
        return Response(f"Something failed on the server (error {number}).", 500, mimetype="text/plain")

    server.register_error_handler(HTTPException, http)
    server.register_error_handler(DependencyException, no_such_file)
    server.register_error_handler(Exception, unexpected)
