"""What happened to a call outside of the queues, in words."""

from dataclasses import dataclass
from typing import Any

from i18n import clock, day, duration, text
from render.call_rows import plain
from render.words import mark

_WORDS = {  # drawing, with a number or name, without
    "menu": ("grid-3x3-gap", mark("Menu {what}"), mark("Menu")),
    "message": ("volume-up-fill", mark("Announcement {what}"), mark("Announcement")),
    "condition": ("clock-history", mark("Opening hours"), mark("Opening hours")),
    "extension": ("telephone", mark("Extension of {what}"), mark("Extension")),
    "group": ("people", mark("Ring group {what}"), mark("Ring group")),
    "voicemail": ("inbox", mark("Voicemail {what}"), mark("Voicemail")),
    "outside": ("arrow-right", mark("Outside number {what}"), mark("Outside number")),
    "survey": ("bar-chart", mark("Survey"), mark("Survey")),
    "other": ("circle-fill", mark("Application {what}"), mark("Application")),
}


@dataclass(frozen=True)
class Line:
    """One stretch or one call back."""

    time: str
    icon: str
    role: str
    label: str
    sentence: str


@dataclass(frozen=True)
class Outside:
    """`before` and `after` the queue; `backs` None where calls back cannot be looked for. `silence`: seconds in menus
    that no record tells apart, in words."""

    did: str
    silence: str
    before: tuple[Line, ...]
    after: tuple[Line, ...]
    backs: tuple[Line, ...] | None


def outside(lang: str, record: Any, did: str, enter: int, moment: Any) -> Outside:
    """The words of a data.cdr.CallRecord. `did` is the dialled number as it is shown, `enter` the second of the first
    queue, `moment(epoch)` a time of the site."""
    lines = [(part.start, _part(lang, part, moment)) for part in record.parts]
    backs = None if record.backs is None else tuple(_back(lang, back, moment) for back in record.backs)
    return Outside(did, duration(record.before) if record.before else "",
                   tuple(line for start, line in lines if start < enter),
                   tuple(line for start, line in lines if start >= enter), backs)


def _part(lang: str, part: Any, moment: Any) -> Line:
    icon, with_name, alone = _WORDS[part.kind]
    label = text(lang, with_name, what=plain(part.what)) if part.what else text(lang, alone)
    if part.kind in ("extension", "group", "outside"):
        sentence = text(lang, "Answered, talked {time}", time=duration(part.talked)) if part.answered else text(
            lang, "Not answered, rang {time}", time=duration(part.seconds))
    else:
        sentence = text(lang, "Lasted {time}", time=duration(part.seconds))
    answered = part.answered and part.kind in ("extension", "group", "outside")
    return Line(clock(lang, moment(part.start)), icon, "answered" if answered else "other", label, sentence)


def _back(lang: str, back: Any, moment: Any) -> Line:
    at = moment(back.start)
    sentence = text(lang, "Reached the caller, talked {time}", time=duration(back.talked)) if back.answered else text(
        lang, "Nobody answered")
    return Line(f"{day(lang, at)} {clock(lang, at)}", "telephone-fill" if back.answered else "telephone-x",
                "answered" if back.answered else "abandoned",
                text(lang, "{agent} called {number}", agent=plain(back.extension), number=plain(back.number)), sentence)
