"""The Flask server with the API's description: OpenAPI 3, Swagger UI and ReDoc, all served from this machine."""

from functools import cache
from pathlib import Path

import flask_openapi3_redoc
import flask_openapi3_swagger
from flask import Response, jsonify, render_template_string, send_from_directory
from flask_openapi3 import Info, OpenAPI, Server

from api import description, errors
from auth.guard import COOKIE

SWAGGER = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"
REDOC = Path(flask_openapi3_redoc.__file__).parent / "templates" / "redoc"
REDOC_SCRIPT = "js/redoc.standalone.js"
OWN = Path(__file__).parent / "static"
DESCRIPTION = ("Calls, queues and agents of the center, with the filters and the numbers of the pages. Times are ISO "
               "8601 with offset, days are local days, durations are seconds, percentages are 0-100, and a value "
               "without a denominator is null. Sign in at /api/auth/login and send the access token as a Bearer.")
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><link rel="icon" href="data:,">
{% for css in styles %}<link rel="stylesheet" href="{{ css }}">{% endfor %}
</head><body><div id="{{ place }}" data-url="{{ url }}"></div>
{% for js in scripts %}<script src="{{ js }}"></script>{% endfor %}</body></html>"""


@cache
def redoc_script() -> bytes:
    """ReDoc without the picture that it would fetch from its maker's site: nothing is asked of other machines."""
    return (REDOC / REDOC_SCRIPT).read_bytes().replace(b"https://cdn.redoc.ly/redoc/logo-mini.svg", b"data:,")


def create_server(title: str, version: str, prefix: str = "/", cookie: str = COOKIE) -> OpenAPI:
    """A Flask server that collects the description of every API route; `cookie` is the name of the session's."""
    server = OpenAPI(
        title, info=Info(title=title, version=version, description=DESCRIPTION), doc_ui=False,
        servers=[Server(url="/")],  # the paths below begin with the prefix already
        security_schemes={"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                          "cookie": {"type": "apiKey", "in": "cookie", "name": cookie}},
        validation_error_status=422, validation_error_model=errors.Failure, validation_error_callback=errors.invalid,
        static_folder=None)
    server.json = errors.Json(server)
    errors.register(server, prefix)
    return server


def register(server: OpenAPI, prefix: str) -> list[str]:
    """Adds the description and its two readers under `<prefix>api/`; the endpoints, for the gate to open to anybody
    signed in."""
    def describe() -> Response:
        return jsonify(description.complete(server.api_doc, prefix))

    def swagger() -> str:
        return render_template_string(
            _PAGE, title="Swagger UI", place="swagger-ui", url="openapi.json",
            styles=["docs/swagger/css/swagger-ui.css"],
            scripts=["docs/swagger/js/swagger-ui-bundle.js", "docs/own/swagger.js"])

    def redoc() -> str:
        return render_template_string(_PAGE, title="ReDoc", place="redoc", url="openapi.json", styles=[],
                                      scripts=["docs/redoc/js/redoc.standalone.js", "docs/own/redoc.js"])

    def files(reader: str, name: str) -> Response:
        if name == REDOC_SCRIPT:
            return Response(redoc_script(), mimetype="text/javascript", headers={"Cache-Control": "max-age=86400"})
        return send_from_directory({"swagger": SWAGGER, "redoc": REDOC, "own": OWN}[reader], name, max_age=86400)

    rules = {"openapi.json": ("api_description", describe), "docs": ("api_swagger", swagger),
             "redoc": ("api_redoc", redoc), "docs/<any(swagger, redoc, own):reader>/<path:name>": ("api_files", files)}
    for rule, (endpoint, view) in rules.items():
        server.add_url_rule(f"{prefix}api/{rule}", endpoint, view)
    return [endpoint for endpoint, _ in rules.values()]
