"""What every endpoint answers, added to its description where its own module says nothing of it."""

from copy import deepcopy
from typing import Any

from api.errors import Failure

SUCCESS: dict[str, Any] = {"type": "object", "required": ["success", "data", "meta"], "properties": {
    "success": {"type": "boolean", "enum": [True]}, "data": {"type": "object"}, "meta": {"type": "object"}}}
FAILED = {"description": "Failure", "content": {"application/json": {
    "schema": {"$ref": f"#/components/schemas/{Failure.__name__}"}}}}
EVERYWHERE = ("400", "401", "403", "404", "405", "413", "415", "422", "429", "500", "503")
# Ends of the addresses whose answer is a file; whatever kind it is, the header says it.
FILES = ("/stream/{callid}", "/download/{callid}", "/file", "/export/{type}/{format}", "/export")
PLAIN = {"type": "object", "properties": {"status": {"type": "string", "enum": ["ok", "degraded", "down"]}}}


def complete(made: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The description with every status an endpoint may answer."""
    doc = deepcopy(made)
    for path, methods in doc["paths"].items():
        for method, operation in methods.items():
            answers = operation.setdefault("responses", {})
            if not any(status.startswith("2") for status in answers):
                answers |= _good(path, method, prefix)
            if path == f"{prefix}health":
                answers["503"] = answers["200"]
            for status in EVERYWHERE:
                answers.setdefault(status, FAILED)
            for response in answers.values():
                for kind in response.get("content", {}).values():
                    kind.setdefault("schema", {})
    return doc


def _good(path: str, method: str, prefix: str) -> dict[str, Any]:
    if path == f"{prefix}health":
        return {"200": {"description": "How it is", "content": {"application/json": {"schema": PLAIN}}}}
    if path.endswith(FILES) and method == "get":
        anything = {"description": "The file", "content": {"*/*": {"schema": {}}}}
        return {"200": anything, "206": anything, "304": {"description": "Not changed"}, "416": FAILED}
    found = {"description": "Success", "content": {"application/json": {
        "schema": SUCCESS, "example": {"success": True, "data": {}, "meta": {}}}}}
    return {"200": found} | ({"201": found, "202": found} if method == "post" else {})
