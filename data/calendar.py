"""Local days and intervals as epoch seconds: days are cut in the site's zone, 23 and 25 hours long where they are."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from data.filters import Filters


def midnight(day: dt.date, zone: ZoneInfo) -> int:
    """First second of a local day. Where midnight does not exist, the day begins with the change of the clock."""
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def bounds(filters: Filters, zone: ZoneInfo) -> tuple[int, int]:
    """First second of the range and first second after it."""
    return midnight(filters.start, zone), midnight(filters.end + dt.timedelta(days=1), zone)


def days(filters: Filters, zone: ZoneInfo) -> tuple[list[dt.date], np.ndarray]:
    """Every local day of the range, and the edges between them (one more than days)."""
    dates = [filters.start + dt.timedelta(days=n) for n in range(filters.days)]
    return dates, np.array([midnight(day, zone) for day in (*dates, filters.end + dt.timedelta(days=1))])


def intervals(filters: Filters, minutes: int, zone: ZoneInfo) -> np.ndarray:
    """Edges of the intervals of every day, each day counted from its own beginning; the last edge ends the range."""
    _, edges = days(filters, zone)
    parts = [np.arange(low, high, minutes * 60) for low, high in zip(edges[:-1], edges[1:], strict=True)]
    return np.append(np.concatenate(parts), edges[-1])


def local(epochs: np.ndarray, zone: ZoneInfo) -> pd.DatetimeIndex:
    """Epoch seconds as moments of the site."""
    return pd.to_datetime(epochs, unit="s", utc=True).tz_convert(zone)


def today(now: float, zone: ZoneInfo) -> dt.date:
    return dt.datetime.fromtimestamp(now, zone).date()
