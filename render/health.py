"""The findings of the doctor as cards, the worst first."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.doctor import AREAS
from data.finding import NOTE, OK, WRONG, Finding, spoken
from i18n import number, text
from render.words import mark

TITLES = {"log": mark("Queue log"), "rotation": mark("Rotated copies and missing days"),
          "lines": mark("Lines of the log"), "calls": mark("Calls without an end"), "names": mark("Names"),
          "recordings": mark("Recordings"), "zone": mark("Time zone"), "database": mark("Issabel's databases"),
          "folder": mark("Data folder"), "audit": mark("Audit trail"),
          "browser": mark("Reports on paper")}
ICONS = {"log": "telephone-inbound", "rotation": "calendar3", "lines": "123", "calls": "telephone-x",
         "names": "person-badge", "recordings": "volume-up-fill", "zone": "clock-history",
         "database": "database-exclamation", "folder": "inbox", "audit": "key", "browser": "bar-chart"}
MARKS = {WRONG: "exclamation-octagon", NOTE: "exclamation-triangle", OK: "check-circle-fill"}
STATES = {WRONG: mark("Wrong"), NOTE: mark("To look at"), OK: mark("In order")}
_ORDER = (WRONG, NOTE, OK)


@dataclass(frozen=True)
class Line:
    """One finding in words."""

    level: str
    icon: str
    state: str
    sentence: str
    samples: tuple[str, ...]
    command: str


@dataclass(frozen=True)
class Card:
    """What was found in one area; `level` is that of its worst line."""

    area: str
    title: str
    icon: str
    level: str
    lines: tuple[Line, ...]


def cards(lang: str, found: Sequence[Finding]) -> list[Card]:
    """A card for every area with something to say: what is wrong first, then in the order of the examination."""
    made = []
    for area in AREAS:
        mine = sorted((one for one in found if one.area == area), key=lambda one: _ORDER.index(one.level))
        if mine:
            made.append(Card(area, text(lang, TITLES[area]), ICONS[area], mine[0].level, tuple(
                Line(one.level, MARKS[one.level], text(lang, STATES[one.level]), spoken(lang, one), one.samples,
                     one.command) for one in mine)))
    return sorted(made, key=lambda card: _ORDER.index(card.level))


def verdict(lang: str, found: Sequence[Finding]) -> tuple[str, str]:
    """The level of the whole, and one sentence about it."""
    wrong, notes = (sum(one.level == level for one in found) for level in (WRONG, NOTE))
    if wrong:
        return WRONG, text(lang, "Wrong: {wrong}. To look at: {notes}.", wrong=number(lang, wrong),
                           notes=number(lang, notes))
    if notes:
        return NOTE, text(lang, "Nothing is wrong. To look at: {notes}.", notes=number(lang, notes))
    return OK, text(lang, "Everything is in order.")
