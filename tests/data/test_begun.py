"""An average of calls a day is over the days on which the hour has begun. Tuesday 24/11/2026, worked out by hand."""

import datetime as dt
from zoneinfo import ZoneInfo

from data import calendar
from data.filters import Filters
from render import charts
from tests.callbacks.conftest import DAY, NOW, TEN, abandoned, answered, read

TUESDAY = dt.date(2026, 11, 24)
TWO_WEEKS = Filters(dt.date(2026, 11, 11), TUESDAY)


def cells(table, name="days", weekday=1):
    return table[table["weekday"] == weekday][name].tolist()


def test_an_hour_counts_once_it_has_begun(tmp_path):
    """At 11:00:00 sharp of the second of two Tuesdays, hours 0 to 11 have begun twice and the others once."""
    lines = [*answered(TEN - 7 * DAY, "1.1", "600", "Ana", 5, 60),
             *answered(TEN - 7 * DAY + 7200, "1.2", "600", "Ana", 5, 60),  # 12:00 a week ago
             *answered(TEN, "1.3", "600", "Ana", 5, 60), *abandoned(TEN + 300, "1.4", "600", 30, "3001112222")]
    table = read(tmp_path, lines).view().by_weekday_hour(TWO_WEEKS)
    assert cells(table) == [2] * 12 + [1] * 12
    assert all(cells(table, weekday=day) == [2] * 24 for day in (0, 2, 3, 4, 5, 6))
    heat = charts.weekday_hours(table, "es", "light")["data"][0]
    assert heat["x"] == ["10", "11", "12"]
    assert heat["z"][1] == [1.5, 0.0, 1.0]  # 3 calls in two hours begun, none in two, 1 in the only one
    assert heat["z"][0] == [0.0, 0.0, 0.0]
    assert heat["text"][1][2].startswith("Martes de 12:00 a 13:00<br><b>1.0</b>")


def test_an_hour_that_never_began_is_empty_and_not_zero(tmp_path):
    view = read(tmp_path, answered(TEN, "1.1", "600", "Ana", 5, 60)).view()
    week = view.by_weekday_hour(Filters(TUESDAY - dt.timedelta(days=6), TUESDAY))
    assert cells(week) == [1] * 12 + [0] * 12
    table = week.assign(offered=week["offered"] + (week["hour"] == 13) * (week["weekday"] == 0))  # draws up to 13 h
    heat = charts.weekday_hours(table, "es", "light")["data"][0]
    assert heat["z"][1] == [1.0, 0.0, None, None]
    assert heat["text"][1][2] == ""
    assert heat["z"][0] == [0.0, 0.0, 0.0, 1.0]


def test_an_hour_begins_without_a_new_line(tmp_path):
    store = read(tmp_path, answered(TEN, "1.1", "600", "Ana", 5, 60))
    clock = [float(NOW)]
    store.clock = lambda: clock[0]
    today = Filters(TUESDAY, TUESDAY)
    assert cells(store.view().by_weekday_hour(today)) == [1] * 12 + [0] * 12
    clock[0] += 3600
    assert cells(store.view().by_weekday_hour(today)) == [1] * 13 + [0] * 11


def test_days_to_come_do_not_count():
    now = dt.datetime(2026, 11, 24, 23, 59, tzinfo=ZoneInfo("America/Bogota"))
    month = calendar.begun(Filters(dt.date(2026, 11, 1), dt.date(2026, 11, 30)), now)
    assert month[1].tolist() == [4] * 24  # 3, 10, 17, 24
    assert month[2].tolist() == [3] * 24  # 4, 11, 18, and not the 25th
    assert month.sum() == 24 * 24
    assert calendar.begun(Filters(dt.date(2026, 11, 25), dt.date(2026, 11, 30)), now).sum() == 0
