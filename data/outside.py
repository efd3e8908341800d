"""What happened to a call outside of the queues, as one user may know it: told by the call records, laid beside the
journey that the log tells."""

import re
from collections.abc import Callable
from dataclasses import replace

from data import private
from data.call_events import Journey
from data.cdr import Back, CallRecord, Part
from data.issabel import Issabel
from data.measures import LOST
from data.view import View


def around(view: View, journey: Journey, issabel: Issabel) -> CallRecord | None:
    """The records of a journey; None where there are none or they cannot be asked. Numbers are masked for who may not
    see them, extensions become people; whoever sees only some queues of the call learns nothing of the rest of it."""
    rows = view.legs_of(*journey.callids)
    if not len(rows):
        return None
    enter, ends = rows.number("enter"), rows.number("call_end")
    outcomes, last = rows.number("outcome"), int(ends.max())
    numbers = [text for text in rows.text("caller").to_pylist() if text]
    # A lost call was answered nowhere.
    lost = bool(last >= 0 and all(int(code) in LOST for code in outcomes) and numbers)
    options = view.snapshot.site.options
    inside = re.compile(options.internal_re).search
    found = issabel.call(journey.callids, int(enter.min()), numbers[0] if lost else None, last if lost else None,
                         options.recall_window, lambda text: bool(inside(text)))
    if found is None:
        return None
    everything = view.queues_allowed is None or len(rows) == len(
        replace(view, queues_allowed=None).legs_of(*journey.callids))
    if not everything:
        return CallRecord(found.did, None, (), (), None, found.rows)
    hide: Callable[[str], str] = (lambda text: text) if view.numbers else private.masked
    return replace(found, parts=tuple(_part(view, part, hide) for part in found.parts),
                   backs=None if found.backs is None else tuple(_back(view, back, hide) for back in found.backs))


def _part(view: View, part: Part, hide: Callable[[str], str]) -> Part:
    if part.kind == "extension":
        return replace(part, what=_person(view, part.what))
    return replace(part, what=hide(part.what))


def _back(view: View, back: Back, hide: Callable[[str], str]) -> Back:
    return replace(back, extension=_person(view, back.extension), number=hide(back.number))


def _person(view: View, extension: str) -> str:
    """Ana Gómez (1001), where the center knows him."""
    shot = view.snapshot
    return shot.agent_label(shot.who.identity(f"SIP/{extension}"))
