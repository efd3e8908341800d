"""What a question is about: days, queues, agents, origin. The same words in the address, the API and the shell."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

ORIGINS = ("external", "internal", "all")
INTERVALS = (15, 30, 60)
PERIODS = ("today", "yesterday", "this_week", "last_week", "this_month", "last_month", "last_7", "last_30", "last_90")
LONGEST = dt.timedelta(days=366 * 30)


class BadFilter(ValueError):
    """A parameter that cannot be understood; `parameter` names it, `reason` is an English message id."""

    def __init__(self, parameter: str, reason: str):
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason


@dataclass(frozen=True)
class Filters:
    """A range of local days (both included) and what to keep of it. Empty tuples keep everything.

    With `until` only what was before that time of the site's clock counts of the last day; no address says so.
    """

    start: dt.date
    end: dt.date
    queues: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    origin: str = "external"
    interval: int = 60
    until: dt.time | None = None

    @property
    def summed(self) -> bool:
        """Whether sums by day tell all about it."""
        return not self.agents and self.until is None

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def previous(self, now: dt.datetime | None = None) -> "Filters":
        """The period of the same length just before, for comparison. Where this one is not over at `now`, a moment of
        the site, as much of that one as has passed of this, to the minute."""
        length = dt.timedelta(days=self.days)
        before = replace(self, start=self.start - length, end=self.end - length)
        if now is None or not self.start <= now.date() <= self.end:
            return before
        return replace(before, end=now.date() - length, until=now.time().replace(second=0, microsecond=0))

    def apart(self) -> tuple["Filters", "Filters"]:
        """The whole days of several of which the last is cut, and that last one."""
        return replace(self, end=self.end - dt.timedelta(days=1), until=None), replace(self, start=self.end)

    def pairs(self) -> list[tuple[str, str]]:
        """Name and value of every filter, as the address and the API spell them."""
        return [("start_date", self.start.isoformat()), ("end_date", self.end.isoformat()),
                *(("queue", q) for q in self.queues), *(("agent", a) for a in self.agents),
                ("origin", self.origin), ("interval", str(self.interval))]

    def query(self, **extra: str) -> str:
        """The address part after `?`; `extra` adds or replaces filters."""
        return urlencode([pair for pair in self.pairs() if pair[0] not in extra] + list(extra.items()))


def period(name: str, today: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of a named period; weeks begin on Monday; a running period ends today."""
    monday = today - dt.timedelta(days=today.weekday())
    first = today.replace(day=1)
    before = first - dt.timedelta(days=1)
    return {
        "today": (today, today),
        "yesterday": (today - dt.timedelta(days=1),) * 2,
        "this_week": (monday, today),
        "last_week": (monday - dt.timedelta(days=7), monday - dt.timedelta(days=1)),
        "this_month": (first, today),
        "last_month": (before.replace(day=1), before),
        "last_7": (today - dt.timedelta(days=6), today),
        "last_30": (today - dt.timedelta(days=29), today),
        "last_90": (today - dt.timedelta(days=89), today),
    }[name]


def parse(values: Mapping[str, Sequence[str]], today: dt.date, default: str = "today") -> Filters:
    """Filters of a query string given as name -> list of values; BadFilter names what is wrong.

    `period=NAME` stands for its days and is relative to `today`, so that a kept link follows the calendar.
    """
    def one(name: str, fallback: str) -> str:
        given = values.get(name) or [fallback]
        if len(given) > 1:
            raise BadFilter(name, "given more than once")
        return given[0] or fallback

    def date(name: str, fallback: dt.date) -> dt.date:
        word = one(name, fallback.isoformat())
        try:
            if len(word) != 10 or "W" in word:  # weeks written the ISO way are no days
                raise ValueError
            return dt.date.fromisoformat(word)
        except ValueError:
            raise BadFilter(name, "must be a day written YYYY-MM-DD") from None

    named = one("period", default)
    if named not in PERIODS:
        raise BadFilter("period", "is not a known period")
    first, last = period(named, today)
    given = "period" not in values and ("start_date" in values or "end_date" in values)
    if given:
        last = date("end_date", max(today, date("start_date", today)))
        first = date("start_date", last)
    if first > last:
        raise BadFilter("end_date", "is before start_date")
    # A period is one of the server's clock: who asks for today is told of today even where that is in 1970.
    if last - first > LONGEST or (given and (first.year < 1990 or last.year > 2200)):
        raise BadFilter("start_date", "the range is too long")
    origin = one("origin", "external")
    if origin not in ORIGINS:
        raise BadFilter("origin", "must be external, internal or all")
    interval = one("interval", "60")
    if interval not in map(str, INTERVALS):
        raise BadFilter("interval", "must be 15, 30 or 60")
    several = {name: tuple(dict.fromkeys(v for v in values.get(name, ()) if v)) for name in ("queue", "agent")}
    for name, chosen in several.items():
        if len(chosen) > 1000 or any(len(v) > 256 for v in chosen):
            raise BadFilter(name, "too many or too long values")
    return Filters(first, last, several["queue"], several["agent"], origin, int(interval))
