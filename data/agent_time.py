"""The time of people: connected, on pause, busy; always the union, so that nobody is counted twice in one second.

Time is not filtered by the origin of calls: whoever talks to a colleague is busy too. With queues chosen it is the time
spent in those queues; only how busy somebody is (`staff`) is asked of all the queues of that person. Nothing is known
beyond the newest line of the log: there every open span ends.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data import calendar, frames, person_spans
from data.filters import Filters
from data.person_spans import Layers, PersonSpans
from data.runs import Run, between
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


def _stretch(view: Tally, filters: Filters, kind: int, reasons: Collection[str] | None = None,
             queues: Callable[[str], bool] | None = None) -> Stretch:
    shot = view.snapshot
    shifts = shot.shifts[kind]
    mine = chosen(view, filters)
    person = np.array([shot.person[shot.who.identity(name)] for name in shifts.agents], dtype=np.int64)
    person = np.where(mine[person], person, -1)
    start, end = bounds(view, filters)
    return shifts.among(start, end, now(view), person, queues or (lambda queue: counts(view, filters, queue)), reasons)


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


def _hidden(view: Tally, filters: Filters) -> np.ndarray:
    """bool per person of snapshot.persons: had a session or a call in a queue that this user may not see."""
    found = np.zeros(len(view.snapshot.persons), dtype=bool)
    if view.queues_allowed is None:
        return found
    found[_stretch(view, filters, 0, queues=lambda queue: queue not in GLOBAL and not view.mine(queue)).who] = True
    start, end = bounds(view, filters)
    mine, person = view.codes(replace(filters, queues=())), persons(view, filters)
    for run, rows in between(view.snapshot.legs, "enter", start - LOOK_BACK, end).parts:
        who = person[run.number("agent")[rows]]
        connect, talk = run.number("connect")[rows], run.number("talk")[rows]
        other = (who >= 0) & (connect >= 0) & ((talk < 0) | (connect + talk > start))
        found[who[other & ~np.isin(run.number("queue")[rows], mine)]] = True
    return found


@dataclass(frozen=True)
class Staff:
    """How busy people are in all their queues, whatever queues are chosen: who answers in two of them is not idle in
    one while he talks in the other. `known`: bool per person of snapshot.persons, connected under these filters and at
    work in no queue that this user may not see. The spans are those of the known."""

    known: np.ndarray
    online: PersonSpans
    paused: PersonSpans
    busy: PersonSpans | Layers
    both: PersonSpans | Layers  # talking while on pause


def staff(view: Tally, filters: Filters) -> Staff:
    """The time that a share of can be given of these people."""
    def make() -> Staff:
        whole, known = replace(filters, queues=()), present(view, filters) & ~_hidden(view, filters)
        return Staff(known, *(of(view, whole).only(known) for of in (  # type: ignore[arg-type]
            online, paused, busy, talking_on_pause)))
    return view.answer("staff", filters, make)


def persons(view: Tally, filters: Filters) -> np.ndarray:
    """Number of the person behind each raw code of an agent, -1 for those who are not asked about; the last element
    stands for legs without an agent."""
    of, mine = view.snapshot.agent_spelling.of, chosen(view, filters)
    return np.append(np.where(mine[of], of, -1), -1)


def talks(view: Tally, filters: Filters, end: int, of: Sequence[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Every call of these people before `end` that touches the range, whatever its origin: when it was answered (the
    beginning of the range at the earliest) and when it ended and the work after it was done (`end` at the latest), as
    person_spans.keys, ordered as the legs are. The spans of other legs are empty: they end before they begin."""
    shot, start = view.snapshot, bounds(view, filters)[0]
    person, queues = persons(view, filters), view.codes(filters)
    everything = len(queues) == len(shot.queue_words.texts)
    low, high = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for run, rows in between(of, "enter", start - LOOK_BACK, end).parts:
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


@dataclass(frozen=True)
class Settled:
    """`spans` of calls of the history; `until`: nothing of them lies beyond this second, -1 where some still go on."""

    spans: PersonSpans
    until: int

    @property
    def nbytes(self) -> int:
        return self.spans.nbytes


def _settled(view: Tally, filters: Filters) -> Settled:
    """`busy` as far as the history knows, wherever the present moment stands in the range."""
    end = calendar.bounds(filters, view.zone)[1]

    def make(of: Sequence[Run]) -> Settled:
        spans = person_spans.united(*talks(view, filters, end, of))
        rows = between(of, "enter", bounds(view, filters)[0] - LOOK_BACK, end)
        if (rows.number("outcome") == frames.OUTCOME["in_progress"]).any():
            return Settled(spans, -1)
        last = int(spans.end.max()) if len(spans) else 0
        return Settled(spans, max(last, int(rows.number("enter").max(initial=0)) + 1))
    people = persons(view, filters)[:len(view.snapshot.history.agents.texts)]
    return view.settled(("busy", view.snapshot.site.wrapup, people.tobytes()), filters, make)


def busy(view: Tally, filters: Filters) -> PersonSpans | Layers:
    """Talking, or working after a call for the configured seconds."""
    def make() -> PersonSpans | Layers:
        shot, end = view.snapshot, bounds(view, filters)[1]
        known = _settled(view, filters)
        if not 0 <= known.until <= end:  # the end of the range cuts them
            return person_spans.united(*talks(view, filters, end, shot.legs))
        return Layers.of(known.spans, person_spans.united(*talks(view, filters, end, [shot.tail])))
    return view.answer("busy", filters, make)


def talking_on_pause(view: Tally, filters: Filters) -> PersonSpans | Layers:
    """Both at once: who goes on pause in the middle of a call talks on."""
    return view.answer("talking on pause", filters, lambda: busy(view, filters).common(paused(view, filters)))
