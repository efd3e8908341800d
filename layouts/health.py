"""Salud de los datos: what the doctor finds, with the commands that mend it."""

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from i18n import text
from layouts.parts import hidden, icon, skeleton
from layouts.users import tabs
from render.health import MARKS, Card, Line


class ids:
    """Components of the page; callbacks take their ids from here."""

    again = "health-again"
    verdict = "health-verdict"
    cards = "health-cards"


def layout(lang: str, prefix: str, **_: Any) -> Component:
    """The page before anything was examined."""
    return html.Div([
        tabs(lang, prefix, "/data-health"),
        html.Section([html.Div(id=ids.verdict, className="verdict-words", role="status"),
                      html.Button([icon("arrow-clockwise"), html.Span(text(lang, "Examine again"))], id=ids.again,
                                  className="tool", type="button")], className="panel verdict"),
        html.Div(html.Section(skeleton("row", 4), className="panel"), id=ids.cards, className="health-cards")],
        className="accounts health no-filters")


def verdict(lang: str, level: str, words: str, when: str) -> list[Component]:
    """The whole in one line."""
    return [html.Span(icon(MARKS[level]), className=f"verdict-icon {level}"),
            html.Div([html.Strong(words), html.Small(text(
                lang, "Examined at {time}. The same in a terminal: python app.py doctor", time=when))])]


def cards(lang: str, found: Sequence[Card]) -> list[Component]:
    """A card an area."""
    return [html.Section([
        html.Div(html.H2([icon(card.icon), card.title]), className="card-head"),
        html.Ul([_line(lang, line) for line in card.lines])], className=f"panel health-card {card.level}",
        **{"aria-label": card.title}) for card in found]


def _line(lang: str, line: Line) -> Component:
    samples = html.Pre("\n".join(line.samples), className="samples") if line.samples else None
    mend = html.Div([
        html.Code(line.command),
        html.Button([icon("clipboard"), html.Span(text(lang, "Copy"))], className="tool", type="button", **{
            "data-command": line.command, "data-done": text(lang, "Copied"),
            "aria-label": text(lang, "Copy the command")})], className="command") if line.command else None
    return html.Li([html.Span([icon(line.icon), hidden(line.state)], className=f"state {line.level}",
                              title=line.state), html.Div([html.P(line.sentence), samples, mend])])
