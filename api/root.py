"""`/health`, open to everybody, and `/api`, the list of what there is."""

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, OpenAPI, Tag

from api.errors import FAILURES, success

TAG = Tag(name="service", description="The service itself")


def register(server: OpenAPI, health: Callable[[], dict[str, Any]], name: str, version: str, prefix: str) -> None:
    """Adds both. `health()` gives `status` (ok, degraded, down) and what anybody may know; nothing about calls."""
    api = APIBlueprint("root", __name__, abp_tags=[TAG], abp_responses=FAILURES)

    @api.get(f"{prefix}health", summary="Is the service well?")
    def health_check() -> Response:
        state = health()
        response = jsonify({"name": name, "release": version, **state})
        response.status_code = 503 if state["status"] == "down" else 200
        return response

    @api.get(f"{prefix}api", summary="Name, version and endpoints", security=[{"bearer": []}, {"cookie": []}])
    def index() -> Response:
        described = server.api_doc["paths"].items()
        paths = sorted((path, method.upper(), item.get("summary", ""))
                       for path, methods in described for method, item in methods.items())
        return success({"name": name, "version": version,
                        "endpoints": [{"path": p, "method": m, "summary": s} for p, m, s in paths]})

    server.register_api(api)
