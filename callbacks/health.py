"""Salud de los datos: examined when the page opens and when somebody asks again."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from dash import Input, Output

from i18n import clock
from layouts import health as page
from layouts.health import ids
from render import health

Examine = Callable[[str], Sequence[Any]]


def show(view: Callable, who: Callable, examine: Examine, clicks: int | None) -> dict:
    """Everything that was found."""
    lang = who().language
    found = examine(lang)
    return {"verdict": page.verdict(lang, *health.verdict(lang, found), clock(lang, view().now())),
            "cards": page.cards(lang, health.cards(lang, found))}


def register(on: Callable, view: Callable, who: Callable, examine: Examine) -> None:
    """Wires the page. `examine(lang)` gives the findings of the doctor."""
    on(output={"verdict": Output(ids.verdict, "children"), "cards": Output(ids.cards, "children")},
       inputs={"clicks": Input(ids.again, "n_clicks")})(partial(show, view, who, examine))
