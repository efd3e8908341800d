"""Other sites whose pages may call the API from a browser: those of CORS_ORIGINS, with a token and never a cookie."""

from collections.abc import Collection

from flask import Flask, Response, request

HEADERS = {"Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
           "Access-Control-Allow-Headers": "Authorization, Content-Type", "Access-Control-Max-Age": "600"}


def register(server: Flask, prefix: str, origins: Collection[str]) -> None:
    """Adds the headers to answers of the API for these origins; for others there are none."""
    def allow(response: Response) -> Response:
        if request.path.startswith(f"{prefix}api"):
            response.vary.add("Origin")
            if request.headers.get("Origin") in origins:
                response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
                response.headers.update(HEADERS)
        return response

    server.after_request(allow)
