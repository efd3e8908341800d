"""Which calls a list shows: the common filters and everything that narrows them, so that every number of a page can be
opened as exactly its calls."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from data import filters, frames
from data.filters import BadFilter, Filters
from data.queue_log import LATEST

T = TypeVar("T")

DAY = 24 * 60
LONGEST = 256  # characters of a text that is looked for
MOST = 1000  # values of a repeatable parameter
SECONDS = 10**7  # more than any call lasts
SORTS = 4  # columns a list is ordered by at most
NONE = "none"  # in place of a dialled number: calls of which the log has none
EVERYBODY = "*"  # in place of an agent

FLAGS = ("transferred", "short", "within_sl", "lost", "recovered", "has_recording")
SPANS = ("min_wait", "max_wait", "min_talk", "max_talk", "min_position", "max_position")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

Sort = tuple[tuple[str, bool], ...]  # columns, each with whether it falls


@dataclass(frozen=True)
class CallFilters(Filters):
    """`None` and empty tuples keep everything; of the flags True keeps the legs that have it, False the others.

    `outcomes`, `ended_by`: words of frames. `waits`, `talks`: from, to seconds, both included; `positions` the same of
    the place in the queue when the caller left (at most 0: nobody knows). `missed_by`: whose phones rang in vain
    (EVERYBODY: anybody's). `clock`: minutes of the local day from, to (excluded; from beyond to
    passes midnight). `moments`: epoch seconds from, to (excluded).
    """

    q: str = ""
    caller: str = ""
    callid: str = ""
    dids: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    ended_by: tuple[str, ...] = ()
    missed_by: tuple[str, ...] = ()
    waits: tuple[int | None, int | None] = (None, None)
    talks: tuple[int | None, int | None] = (None, None)
    positions: tuple[int | None, int | None] = (None, None)
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    clock: tuple[int, int] | None = None
    moments: tuple[int | None, int | None] = (None, None)
    transferred: bool | None = None
    short: bool | None = None
    within_sl: bool | None = None
    lost: bool | None = None
    recovered: bool | None = None
    has_recording: bool | None = None

    @property
    def common(self) -> Filters:
        """The filters that every page has."""
        return Filters(self.start, self.end, self.queues, self.agents, self.origin, self.interval, self.until)

    @property
    def plain(self) -> bool:
        """Whether there is nothing beyond the common filters."""
        return self == CallFilters(**vars(self.common))

    def own(self) -> list[tuple[str, str]]:
        """Name and value of what narrows beyond the common filters."""
        pairs = [(name, getattr(self, name)) for name in ("q", "caller", "callid")]
        for name, values in (("did", self.dids), ("outcome", self.outcomes), ("ended_by", self.ended_by),
                             ("missed_by", self.missed_by), ("weekday", self.weekdays), ("hour", self.hours)):
            pairs += [(name, str(value)) for value in values]
        pairs += [(name, str(value)) for name, value in zip(
            SPANS, (*self.waits, *self.talks, *self.positions), strict=True)
                  if value is not None]
        for name, minute, moment in zip(("from", "to"), self.clock or (None, None), self.moments, strict=True):
            if minute is not None:
                pairs.append((name, f"{minute // 60:02}:{minute % 60:02}"))
            elif moment is not None:
                pairs.append((name, dt.datetime.fromtimestamp(moment, dt.UTC).isoformat().replace("+00:00", "Z")))
        pairs += [(name, str(getattr(self, name)).lower()) for name in FLAGS if getattr(self, name) is not None]
        return [pair for pair in pairs if pair[1]]

    def pairs(self) -> list[tuple[str, str]]:
        return [*super().pairs(), *self.own()]


def parse(values: Mapping[str, Sequence[str]], today: dt.date, default: str = "today") -> CallFilters:
    """Filters of a query string given as name -> list of values; BadFilter names what is wrong."""
    asked = _Asked(values)
    common = filters.parse(values, today, default)
    clock, moments = _window(asked)
    return CallFilters(
        **vars(common), q=asked.text("q"), caller=asked.text("caller"), callid=asked.text("callid"),
        dids=asked.several("did", lambda word: word if len(word) <= LONGEST else None, "is too long"),
        outcomes=asked.several("outcome", _among(frames.OUTCOMES), "is not an outcome of a call"),
        ended_by=asked.several("ended_by", _among(frames.END_BY[1:]), "must be agent, caller, transfer or restart"),
        missed_by=asked.several("missed_by", lambda word: word if len(word) <= LONGEST else None, "is too long"),
        waits=asked.span("min_wait", "max_wait", "must be a number of seconds"),
        talks=asked.span("min_talk", "max_talk", "must be a number of seconds"),
        positions=asked.span("min_position", "max_position", "must be a whole number"),
        weekdays=asked.several("weekday", _number(6), "must be 0 (Monday) to 6"),
        hours=asked.several("hour", _number(23), "must be 0 to 23"), clock=clock, moments=moments,
        **{name: asked.flag(name) for name in FLAGS})  # type: ignore[arg-type]


def _among(words: Iterable[str]) -> Callable[[str], str | None]:
    known = frozenset(words)
    return lambda word: word if word in known else None


def _number(most: int) -> Callable[[str], int | None]:
    return lambda word: int(word) if word.isascii() and word.isdigit() and int(word[:9]) <= most else None


class _Asked:
    """The parameters as they came; BadFilter where one cannot be understood."""

    def __init__(self, values: Mapping[str, Sequence[str]]):
        self.values = values

    def one(self, name: str) -> str:
        given = self.values.get(name) or [""]
        if len(given) > 1:
            raise BadFilter(name, "given more than once")
        return given[0].strip()

    def text(self, name: str) -> str:
        found = self.one(name)
        if len(found) > LONGEST:
            raise BadFilter(name, "is too long")
        return found

    def flag(self, name: str) -> bool | None:
        word = self.one(name).lower()
        if word and word not in _WORDS:
            raise BadFilter(name, "must be true or false")
        return _WORDS.get(word)

    def span(self, low: str, high: str, reason: str) -> tuple[int | None, int | None]:
        found: list[int | None] = []
        for name in (low, high):
            word = self.one(name)
            value = _number(SECONDS)(word)
            if word and value is None:
                raise BadFilter(name, reason)
            found.append(value)
        if None not in found and found[0] > found[1]:  # type: ignore[operator]
            raise BadFilter(high, "is less than the minimum")
        return found[0], found[1]

    def several(self, name: str, read: Callable[[str], T | None], reason: str) -> tuple[T, ...]:
        found: dict[Any, None] = {}
        for word in self.values.get(name, ()):
            if not word.strip():
                continue
            value = read(word.strip())
            if value is None:
                raise BadFilter(name, reason)
            found[value] = None
        if len(found) > MOST:
            raise BadFilter(name, "too many or too long values")
        return tuple(found)


def _window(asked: _Asked) -> tuple[tuple[int, int] | None, tuple[int | None, int | None]]:
    """`from` and `to`: a time of day that holds on every day, or moments."""
    words = {name: asked.one(name) for name in ("from", "to")}
    times = {name: _CLOCK.fullmatch(word) for name, word in words.items()}
    if any(times.values()) and all(times[name] or not words[name] for name in words):
        low = _minute(words["from"]) if words["from"] else 0
        high = _minute(words["to"]) if words["to"] else DAY
        if low == high:
            raise BadFilter("to", "is the same as from")
        return None if (low, high) == (0, DAY) else (low, high), (None, None)
    found = [_moment(name, word) if word else None for name, word in words.items()]
    if None not in found and found[0] >= found[1]:  # type: ignore[operator]
        raise BadFilter("to", "is not later than from")
    return None, (found[0], found[1])


def _minute(word: str) -> int:
    return int(word[:2]) * 60 + int(word[3:])


def _moment(name: str, word: str) -> int:
    try:
        found = dt.datetime.fromisoformat(word.replace(" ", "+"))  # a plus that nobody encoded comes as a blank
        if found.tzinfo is None or not 0 <= found.timestamp() < LATEST:
            raise ValueError
        return int(found.timestamp())
    except (ValueError, OverflowError):
        raise BadFilter(name, "must be a time of day HH:MM or a moment with its offset") from None


def sort(word: str, columns: Iterable[str]) -> Sort:
    """`-enter,queue` as columns and whether they fall; BadFilter names what cannot be sorted by."""
    known, found = set(columns), dict[str, bool]()
    for part in word.split(","):
        name = part.strip().removeprefix("-")
        if not name:
            continue
        if name not in known:
            raise BadFilter("sort", "is not a column to sort by")
        found.setdefault(name, part.strip().startswith("-"))
    if len(found) > SORTS:
        raise BadFilter("sort", "too many columns")
    return tuple(found.items())
