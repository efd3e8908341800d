"""Every zone of America, every change of its clocks from 2024 to 2030: days, hours, intervals add up to the calls."""

import datetime as dt
import zoneinfo
from collections import Counter
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from data.filters import Filters
from data.site import Site
from data.store import Store

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2030, 12, 31)
STEP = 6 * 3600
QUARTER = 900
NAMES = sorted(name for name in zoneinfo.available_timezones() if name.startswith("America/"))


def epoch(day: dt.date) -> int:
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp())


def offset(zone: ZoneInfo, moment: int) -> int:
    return int(dt.datetime.fromtimestamp(moment, zone).utcoffset().total_seconds())


@cache
def changes(name: str) -> tuple[tuple[int, int, int], ...]:
    """Epoch of each change of the clocks, and seconds from UTC before and after it."""
    zone, found = ZoneInfo(name), []
    for start in range(epoch(FIRST), epoch(LAST), STEP):
        low, high = start, start + STEP
        before, after = offset(zone, low), offset(zone, high)
        if before != after:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            found.append((high, before, after))
    return tuple(found)


def distinct() -> list[str]:
    """One zone of those whose clocks are the same at every moment of these years: their calls are cut alike."""
    found: dict[tuple, str] = {}
    for name in NAMES:
        found.setdefault((offset(ZoneInfo(name), epoch(FIRST)), changes(name)), name)
    return list(found.values())


def moments(name: str) -> list[int]:
    """Calls around each change, around the midnights of its day and of those beside it, and on days without one."""
    zone, found = ZoneInfo(name), set()
    middles = [at for at, _, _ in changes(name)] + [epoch(dt.date(year, 7, 15)) + 40_000 for year in range(2024, 2031)]
    for at in middles:
        day = dt.datetime.fromtimestamp(at, zone).date()
        around = [at, *(int(dt.datetime(*(day + dt.timedelta(n)).timetuple()[:3], fold=fold, tzinfo=zone).timestamp())
                        for n in (-1, 0, 1, 2) for fold in (0, 1))]
        for near in around:
            found |= {near + off for off in (-5400, -1801, -900, -1, 0, 1, 899, 900, 1800, 3599, 3600, 5400)}
    return sorted(found)


def test_there_are_all_of_them():
    assert len(NAMES) >= 140
    assert {offset(ZoneInfo(name), epoch(FIRST)) for name in distinct()} == {
        offset(ZoneInfo(name), epoch(FIRST)) for name in NAMES}
    santiago = [(dt.datetime.fromtimestamp(at, dt.UTC).year, after - before) for at, before, after in
                changes("America/Santiago")]
    assert [year for year, _ in santiago] == sorted([*range(2024, 2031)] * 2)


@pytest.mark.parametrize("name", distinct())
def test_days_hours_and_intervals_add_up(name, tmp_path):
    zone, log = ZoneInfo(name), tmp_path / "queue_log"
    when = moments(name)
    log.write_text("".join(f"{at}|{at}.1|600|NONE|ENTERQUEUE||3001234567|1\n{at}|{at}.1|600|NONE|ABANDON|1|1|0\n"
                           for at in when))
    store = Store(log, tmp_path / "store", Site(zone), clock=lambda: float(epoch(dt.date(2031, 6, 1))))
    store.refresh()
    store._put()  # half of the roads to a number lead through the sums that were made beforehand
    view = store.view()
    local = [dt.datetime.fromtimestamp(at, zone) for at in when]
    days = Counter(moment.date() for moment in local)
    everything = Filters(FIRST, LAST)
    assert view.totals(everything)["offered"] == len(when)
    told = view.by_day(everything)
    assert {day: n for day, n in zip(map(as_day, told["date"]), told["offered"], strict=True) if n} == dict(days)
    assert view.by_hour(everything)["offered"].tolist() == [
        sum(moment.hour == hour for moment in local) for hour in range(24)]
    for day, calls in days.items():
        one = Filters(day, day)
        assert view.totals(one)["offered"] == calls, day
        assert view.by_hour(one)["offered"].sum() == calls, day
    for at, before, after in changes(name):
        for day in {dt.datetime.fromtimestamp(at + off, zone).date() for off in (-1, 0)}:
            asked = Filters(day, day, interval=15)
            found = view.by_interval(asked)
            assert found["offered"].sum() == days[day], day
            start, end = midnight(zone, day), midnight(zone, day + dt.timedelta(1))
            assert len(found) == -(-(end - start) // QUARTER), (day, before, after)
            parts = Counter((at_ - start) // QUARTER for at_ in when if start <= at_ < end)
            assert found["offered"].tolist() == [parts[n] for n in range(len(found))], day
    store.book.close()


def as_day(value) -> dt.date:
    return dt.date.fromisoformat(str(value)[:10])


def midnight(zone: ZoneInfo, day: dt.date) -> int:
    """The first second of a day, looked for second by second among the clock's own words."""
    low = epoch(day) - 15 * 3600
    high = epoch(day) + 15 * 3600
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if dt.datetime.fromtimestamp(middle, zone).date() < day else (low, middle)
    return high
