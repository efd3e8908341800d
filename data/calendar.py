"""Local days and intervals as epoch seconds: days are cut in the site's zone, 23 and 25 hours long where they are."""

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from data.filters import Filters

if TYPE_CHECKING:
    import pandas as pd

DAY = 86_400


def midnight(day: dt.date, zone: ZoneInfo) -> int:
    """First second of a local day. Where midnight does not exist, the day begins with the change of the clock."""
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def bounds(filters: Filters, zone: ZoneInfo) -> tuple[int, int]:
    """First second of the range and first second after it."""
    start, end = midnight(filters.start, zone), midnight(filters.end + dt.timedelta(days=1), zone)
    if filters.until is not None:
        end = min(max(int(dt.datetime.combine(filters.end, filters.until, zone).timestamp()), start), end)
    return start, end


def days(filters: Filters, zone: ZoneInfo) -> tuple[list[dt.date], np.ndarray]:
    """Every local day of the range, and the edges between them (one more than days)."""
    dates = [filters.start + dt.timedelta(days=n) for n in range(filters.days)]
    return dates, np.array([*(midnight(day, zone) for day in dates), bounds(filters, zone)[1]])


def intervals(filters: Filters, minutes: int, zone: ZoneInfo) -> np.ndarray:
    """Edges of the intervals of every day, each day counted from its own beginning; the last edge ends the range."""
    _, edges = days(filters, zone)
    parts = [np.arange(low, high, minutes * 60) for low, high in zip(edges[:-1], edges[1:], strict=True)]
    return np.append(np.concatenate(parts), edges[-1])


def begun(filters: Filters, now: dt.datetime) -> np.ndarray:
    """int64 [7, 24]: by weekday (0 Monday) and hour of the local clock, on how many days of the range that hour has
    begun at `now`, a moment of the site. An average over days takes these: what is still to come is no zero."""
    found = np.zeros((7, 24), dtype=np.int64)
    last = min(filters.end, now.date())
    count = (last - filters.start).days + 1
    if count <= 0:
        return found
    found += np.bincount((filters.start.weekday() + np.arange(count)) % 7, minlength=7)[:, None]
    if last == now.date():
        found[last.weekday(), now.hour + 1:] -= 1
    return found


def offsets(epochs: np.ndarray, zone: dt.tzinfo) -> np.ndarray:
    """int64 seconds by which the clocks of the site are ahead of UTC at each of these epochs. Whole days (of UTC) are
    asked for at once: no zone puts its clocks forth and back within one."""
    days, which = np.unique(np.floor_divide(epochs, DAY), return_inverse=True)
    edges = np.unique(np.append(days, days + 1))
    known = np.array([_ahead(int(edge) * DAY, zone) for edge in edges], dtype=np.int64)
    before, after = known[np.searchsorted(edges, days)], known[np.searchsorted(edges, days + 1)]
    found = before[which]
    changed = np.flatnonzero((before != after)[which])
    found[changed] = [_ahead(int(epoch), zone) for epoch in epochs[changed]]
    return found


def _ahead(epoch: int, zone: dt.tzinfo) -> int:
    ahead = dt.datetime.fromtimestamp(epoch, zone).utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds())


def local(epochs: np.ndarray, zone: ZoneInfo) -> "pd.DatetimeIndex":
    """Epoch seconds as moments of the site."""
    import pandas as pd

    return pd.to_datetime(epochs, unit="s", utc=True).tz_convert(zone)


def today(now: float, zone: ZoneInfo) -> dt.date:
    return dt.datetime.fromtimestamp(now, zone).date()
