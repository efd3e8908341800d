"""Local times of a telephone system as seconds: an hour that the clock shows twice is told apart by what is known."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

SLACK = 120  # seconds by which lines written one after the other may go backwards
_LOCAL = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,]\d{1,9})?")
_EPOCH = re.compile(r"(\d{9,10})(?:[.,]\d+)?")
EARLIEST, LATEST = 946_684_800, 4_102_444_800  # 2000 and 2100


def both(text: str, zone: ZoneInfo) -> tuple[int, int] | None:
    """The seconds that a local time may mean, the earlier first; equal ones where there is no doubt. None for what is
    no time (a date of zeros too)."""
    found = _LOCAL.fullmatch(text)
    if not found:
        return None
    try:
        year, month, day, hour, minute, last = (int(part) for part in found.groups())
        moment = dt.datetime(year, month, day, hour, minute, last, tzinfo=zone)
        first, second = (int(moment.replace(fold=fold).timestamp()) for fold in (0, 1))
    except (ValueError, OverflowError):
        return None
    if second < first:  # a time that the clock skipped: what it would have been
        second = first
    return (first, second) if EARLIEST <= first <= LATEST else None


def second(text: str, zone: ZoneInfo, near: int | None = None, after: int | None = None) -> int | None:
    """The second of a local time, or of an epoch written as digits. Of two it is the one nearest to `near`, or the
    first that is not before `after`."""
    number = _EPOCH.fullmatch(text)
    if number:
        value = int(number[1])
        return value if EARLIEST <= value <= LATEST else None
    found = both(text, zone)
    if found is None:
        return None
    if near is not None:
        return min(found, key=lambda one: abs(one - near))
    return found[1] if after is not None and found[0] < after - SLACK <= found[1] else found[0]
