"""The time of people: connected, on pause, busy; always the union, so that nobody is counted twice in one second.

Time is not filtered by the origin of calls: whoever talks to a colleague is busy too. With queues chosen it is the time
spent in those queues. Nothing is known beyond the newest line of the log: there every open span ends.
"""

from collections.abc import Collection

import numpy as np

from data import calendar, frames, person_spans
from data.filters import Filters
from data.person_spans import PersonSpans
from data.runs import between
from data.shifts import GLOBAL, Stretch
from data.tally import Tally

LOOK_BACK = 6 * 3600  # a call that was answered may have entered this long before


def bounds(view: Tally, filters: Filters) -> tuple[int, int]:
    """First second of the range and first one after it, as far as anything is known."""
    start, end = calendar.bounds(filters, view.zone)
    return start, max(min(end, now(view)), start)


def now(view: Tally) -> int:
    """The moment up to which anything is known."""
    until = view.snapshot.data_until
    return int(view.clock()) if until is None else min(until, int(view.clock()))


def chosen(view: Tally, filters: Filters) -> np.ndarray:
    """bool per person of snapshot.persons: asked about, and known to this user."""
    people = view.snapshot.persons
    mine = np.ones(len(people), dtype=bool)
    if view.queues_allowed is not None:
        mine &= np.isin(people, [key for key, _ in view.agents()])  # type: ignore[attr-defined]
    return mine & np.isin(people, filters.agents) if filters.agents else mine


def counts(view: Tally, filters: Filters, queue: str) -> bool:
    """Whether sessions and pauses of a queue count under these filters; those for all queues always do."""
    wanted = {name.casefold() for name in filters.queues}
    return queue in GLOBAL or (view.mine(queue) and (not wanted or queue.casefold() in wanted))


def _stretch(view: Tally, filters: Filters, kind: int, reasons: Collection[str] | None = None) -> Stretch:
    shot = view.snapshot
    shifts = shot.shifts[kind]
    mine = chosen(view, filters)
    person = np.array([shot.person[shot.who.identity(name)] for name in shifts.agents], dtype=np.int64)
    person = np.where(mine[person], person, -1)
    start, end = bounds(view, filters)
    return shifts.among(start, end, now(view), person, lambda queue: counts(view, filters, queue), reasons)


def sessions(view: Tally, filters: Filters) -> Stretch:
    """Sessions that touch the range, each queue its own."""
    return _stretch(view, filters, 0)


def pauses(view: Tally, filters: Filters, reasons: Collection[str] | None = None) -> Stretch:
    """Pauses that touch the range, each queue its own."""
    return _stretch(view, filters, 1, reasons)


def online(view: Tally, filters: Filters) -> PersonSpans:
    """Connected in at least one queue, by number of snapshot.persons, within the range."""
    return view.answer("online", filters, lambda: _union(sessions(view, filters), *bounds(view, filters)))


def resting(view: Tally, filters: Filters) -> PersonSpans:
    """On pause in at least one queue."""
    return view.answer("resting", filters, lambda: _union(pauses(view, filters), *bounds(view, filters)))


def _union(stretch: Stretch, start: int, end: int) -> PersonSpans:
    return person_spans.union(stretch.who, np.maximum(stretch.start, start), np.minimum(stretch.end, end))


def paused(view: Tally, filters: Filters) -> PersonSpans:
    """On pause while connected; of those who leave no session in the log, every pause."""
    def make() -> PersonSpans:
        inside, rest = online(view, filters), resting(view, filters)
        return person_spans.joined((rest.common(inside), rest.only(~present(view, filters))))
    return view.answer("paused", filters, make)


def present(view: Tally, filters: Filters) -> np.ndarray:
    """bool per person of snapshot.persons: left a session in the log within the range."""
    return online(view, filters).counts(len(view.snapshot.persons)) > 0


def talks(view: Tally, filters: Filters) -> tuple[np.ndarray, np.ndarray]:
    """Every call of these people that touches the range, whatever its origin: when it was answered (the beginning of
    the range at the earliest) and when it ended and the work after it was done (the end of the range at the latest),
    as person_spans.keys, ordered as the legs are. The spans of other legs are empty: they end before they begin."""
    shot, (start, end) = view.snapshot, bounds(view, filters)
    mine, queues = chosen(view, filters), view.codes(filters)
    everything = len(queues) == len(shot.queue_words.texts)
    of = shot.agent_spelling.of
    person = np.append(np.where(mine[of], of, -1), -1)  # the last one stands for legs without an agent
    low, high = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for run, rows in between(shot.legs, "enter", start - LOOK_BACK, end).parts:
        who, connect, talk = person[run.number("agent")[rows]], run.number("connect")[rows], run.number("talk")[rows]
        going = np.flatnonzero((run.number("outcome")[rows] == frames.OUTCOME["in_progress"]) & (connect >= 0))
        finish = connect + talk
        bad = (who < 0) | (connect < 0) | (talk < 0)
        if len(going):
            finish[going], bad[going] = now(view), who[going] < 0
        bad |= (connect >= end) | (finish <= start)
        if not everything:
            bad |= ~np.isin(run.number("queue")[rows], queues)
        finish += shot.site.wrapup
        np.minimum(finish, end, out=finish)
        finish[bad] = -1  # an empty span
        low.append(person_spans.keys(who, np.maximum(connect, start)))
        high.append(person_spans.keys(who, finish))
    return np.concatenate(low), np.concatenate(high)


def busy(view: Tally, filters: Filters) -> PersonSpans:
    """Talking, or working after a call for the configured seconds."""
    return view.answer("busy", filters, lambda: person_spans.united(*talks(view, filters)))


def talking_on_pause(view: Tally, filters: Filters) -> PersonSpans:
    """Both at once: who goes on pause in the middle of a call talks on."""
    return view.answer("talking on pause", filters, lambda: busy(view, filters).common(paused(view, filters)))
