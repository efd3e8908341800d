"""En vivo: an empty place that the browser fills; the words it needs come along."""

import json
from typing import Any

from dash import html
from dash.development.base_component import Component

from i18n import text
from layouts.parts import skeleton
from render import board
from render.addresses import page


class ids:
    """Components of this page; callbacks take their ids from here."""

    board = "live"


def layout(lang: str, who: Any, prefix: str, **_: str) -> Component:
    """The page before the first message; `who` has `permissions`. Administrators get the two dialogs."""
    return html.Div([
        html.P(text(lang, "Asking what happens now…"), className="visually-hidden", role="status"),
        html.Div(skeleton("kpi", 5), className="live-tiles"), skeleton("block")],
        id=ids.board, className="live", **{
            "data-source": page(prefix, "/api/live/board"), "data-lang": lang, "data-prefix": prefix,
            "data-admin": "1" if "admin" in who.permissions else "", "data-asked": "",
            "data-calls": page(prefix, "/calls") if "calls" in who.permissions else "",
            "data-agents": page(prefix, "/agents/") if "agents" in who.permissions else "",
            "data-words": json.dumps(board.words(lang), ensure_ascii=False)})
