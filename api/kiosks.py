"""Screens on the wall: `/kiosk`, a page without a password that reads one message, and the links that open it.

The token travels behind the `#` of the link and in a header, so that it is in no log of any server on the way.
"""

import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Response, abort, render_template_string, request, send_from_directory
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel, Field

from api.errors import FAILURES, failure, success
from api.live import Boards, answer
from auth.guard import address
from auth.kiosks import BadKiosk, InvalidKiosk, Kiosks, Link
from data.filters import Filters
from i18n import LANGUAGES, text
from render import board

TAG = Tag(name="kiosks", description="Links to the live page for screens")
ASSETS = Path(__file__).parent.parent / "assets"
STYLES = ("a-vendor/inter.css", "a-vendor/icons.css", "b-app/app.css", "b-app/live.css")
FILES = frozenset({*STYLES, "a-vendor/inter-latin.woff2", "a-vendor/inter-latin-ext.woff2", "b-app/live.js",
                   "b-app/live-draw.js", "favicon.svg"})
GONE = "This link has expired or was revoked. Ask an administrator for a new one."
_PAGE = """<!DOCTYPE html>
<html lang="{{ lang }}" data-bs-theme="dark" class="tv"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex"><title>{{ title }}</title>
<link rel="icon" type="image/svg+xml" href="{{ files }}favicon.svg">
{% for css in styles %}<link rel="stylesheet" href="{{ files }}{{ css }}">{% endfor %}</head>
<body><main class="live" id="live" data-kiosk="{{ board }}" data-lang="{{ lang }}" data-words="{{ words }}"></main>
{% for js in scripts %}<script src="{{ files }}{{ js }}"></script>{% endfor %}
</body></html>"""


class Wanted(BaseModel):
    """A link to be made."""

    name: str = Field(description="Where the screen hangs")
    days: int = Field(30, description="How long it works, 1 to 366")
    queues: list[str] | None = Field(None, description="Only these queues; all without it")
    lang: str | None = Field(None, description="es or en; the installation's language without it")


class Number(BaseModel):
    id: str = Field(description="The link's id")


def register(server: OpenAPI, kiosks: Kiosks, boards: Boards, view_of: Callable[[Link], Any],
             who: Callable[[], Any], zone: Any, title: str, language: str, prefix: str,
             allow: Callable[[str, str], None], public: Callable[[str], None]) -> None:
    """Adds page and endpoints. `view_of(link)` is what such a screen may see; `language` the installation's."""
    api = APIBlueprint("kiosks", __name__, url_prefix=prefix.rstrip("/") or None, abp_tags=[TAG],
                       abp_responses=FAILURES)
    secured = [{"bearer": []}, {"cookie": []}]

    def lang() -> str:
        wanted = request.args.get("lang")
        return wanted if wanted in LANGUAGES else language

    def told(link: Link) -> dict[str, Any]:
        def moment(epoch: float | None) -> str | None:
            return None if epoch is None else dt.datetime.fromtimestamp(int(epoch), zone).isoformat()
        return {"id": link.id, "name": link.name, "queues": sorted(link.queues) if link.queues is not None else None,
                "created": moment(link.created), "created_by": link.created_by, "expires": moment(link.expires),
                "revoked": moment(link.revoked), "last_seen": moment(link.seen), "address": link.address,
                "active": link.revoked is None and link.expires > kiosks.users.clock()}

    def page() -> Response:
        files, tongue = f"{prefix}kiosk/files/", lang()
        html = render_template_string(
            _PAGE, lang=tongue, title=title, files=files, styles=STYLES, board=f"{prefix}api/kiosk/board",
            scripts=["b-app/live-draw.js", "b-app/live.js"], words=json.dumps(board.words(tongue), ensure_ascii=False))
        return Response(html, mimetype="text/html")

    def files(name: str) -> Response:
        if name not in FILES:
            abort(404)
        return send_from_directory(ASSETS, name, max_age=3600)

    def kiosk_board() -> Response:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            if kind != "Kiosk":
                raise InvalidKiosk
            link = kiosks.check(token.strip(), address())
        except InvalidKiosk:
            return failure(401, text(lang(), GONE))
        now = view_of(link)
        return answer(boards.get(now, lang(), Filters(now.today(), now.today())), time.time())

    @api.get("/api/kiosks", summary="The links, newest first", security=secured)
    def list_kiosks() -> Response:
        return success({"kiosks": [told(link) for link in kiosks.list()]})

    @api.post("/api/kiosks", summary="Makes a link; its address is told once", security=secured)
    def make_kiosk(body: Wanted) -> Response:
        try:
            link, token = kiosks.make(body.name, body.days, body.queues or None, by=who(), address=address())
        except BadKiosk as error:
            return failure(422, text(who().language, str(error)))
        tongue = body.lang if body.lang in LANGUAGES else language
        response = success({**told(link), "path": f"{prefix}kiosk?lang={tongue}#{token}"})
        response.status_code = 201
        return response

    @api.delete("/api/kiosks/<id>", summary="Revokes a link at once", security=secured)
    def revoke_kiosk(path: Number) -> Response:
        if not kiosks.revoke(path.id, by=who(), address=address()):
            return failure(404, "There is no such link, or it was revoked before.")
        return success({"id": path.id})

    server.register_api(api)
    for rule, endpoint, answers in (("kiosk", "kiosk_page", page), ("kiosk/files/<path:name>", "kiosk_files", files),
                                    ("api/kiosk/board", "kiosk_board", kiosk_board)):
        server.add_url_rule(f"{prefix}{rule}", endpoint, answers)  # no part of the described API
        public(endpoint)
    for name in ("list_kiosks", "make_kiosk", "revoke_kiosk"):
        allow(f"kiosks.{name}", "admin")
