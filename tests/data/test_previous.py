"""A period that is running is compared with as much of the one before: hand-computed over a log of three days."""

import datetime as dt
import itertools
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from data import agent_questions, calendar, view
from data.call_filters import CallFilters
from data.filters import Filters
from data.rules import Options
from data.site import Site
from data.store import Store
from render import reports
from render.tables import TABLES

ZONE = ZoneInfo("America/Bogota")
DAY = dt.date(2026, 3, 4)


def at(day, clock):
    """Epoch of a moment `day` days after DAY."""
    moment = dt.datetime.combine(DAY + dt.timedelta(days=day), dt.time.fromisoformat(clock), ZONE)
    return int(moment.timestamp())


def call(day, clock, number, wait=5, talk=60, queue="600", agent="Ana"):
    """The lines of an answered call, or with no talk of one that was given up."""
    enter, callid = at(day, clock), f"{at(day, clock)}.{number}"
    lines = [(enter, f"{callid}|{queue}|NONE|ENTERQUEUE||300{number:07d}|1")]
    if talk:
        return [*lines, (enter + wait, f"{callid}|{queue}|{agent}|CONNECT|{wait}|{callid}|2"),
                (enter + wait + talk, f"{callid}|{queue}|{agent}|COMPLETECALLER|{wait}|{talk}|1")]
    return [*lines, (enter + wait, f"{callid}|{queue}|NONE|ABANDON|1|1|{wait}")]


LINES = sorted([
    *call(0, "09:00:00", 1, wait=4), *call(0, "10:30:00", 2, wait=30), *call(0, "23:59:59", 3, wait=50, talk=0),
    (at(1, "08:00:00"), "NONE|600|Ana|ADDMEMBER|"), (at(1, "16:00:00"), "NONE|600|Ana|REMOVEMEMBER|"),
    *call(1, "09:00:00", 4, wait=10, talk=100), *call(1, "10:06:59", 5, wait=20, talk=300),
    *call(1, "10:07:00", 6, wait=40, talk=0), *call(1, "15:00:00", 7, wait=8, queue="601", agent="Leo"),
    (at(2, "08:00:00"), "NONE|600|Ana|ADDMEMBER|"),
    *call(2, "09:30:00", 8, wait=6), *call(2, "10:00:00", 9, wait=60, talk=0)])


@pytest.fixture(params=["young", "settled"])
def center(tmp_path, request):
    """The center as it is at 10:07:42 of the third day, with and without a history on the disk."""
    log = tmp_path / "queue_log"
    log.write_text("".join(f"{ts}|{line}\n" for ts, line in LINES))
    store = Store(log, tmp_path / "store", Site(ZONE, Options()), clock=lambda: float(at(2, "10:07:42")))
    store.refresh()
    if request.param == "settled":
        store._put()
        store._show()
    assert bool(store.history.runs) == (request.param == "settled")
    return store.view()


def test_a_running_day_is_compared_with_the_same_hours_of_the_day_before(center):
    today = Filters(DAY + dt.timedelta(days=2), DAY + dt.timedelta(days=2))
    before = today.previous(center.now())
    assert calendar.bounds(before, ZONE) == (at(1, "00:00:00"), at(1, "10:07:00"))
    found = center.totals(before)
    assert (found["offered"], found["answered"], found["abandoned"]) == (2, 2, 0)
    assert (found["asa"], found["p50_wait"], found["p90_wait"]) == (15, 10, 20)
    assert (found["avg_talk"], found["lost_unrecovered"]) == (200, 0)
    assert center.totals(today.previous())["offered"] == 4
    assert center.by_queue(before)[["queue", "offered"]].values.tolist() == [["600", 2]]
    assert center.by_outcome(before)["count"].sum() == 2
    assert center.by_day(before)["offered"].tolist() == [2]
    assert center.by_hour(before)["offered"].tolist() == [0] * 9 + [1, 1] + [0] * 13
    assert center.by_interval(before)["offered"].sum() == 2


def test_of_several_days_only_the_last_is_cut(center):
    # Two days running on the second are compared with the two before: all of the first, the second until 10:07.
    days = Filters(DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2))
    before = days.previous(center.now())
    assert (before.start, before.end, before.until) == (DAY - dt.timedelta(days=1), DAY, dt.time(10, 7))
    assert center.totals(before)["offered"] == 1
    three = Filters(DAY, DAY + dt.timedelta(days=1), until=dt.time(10, 7))
    found = center.totals(three)
    assert (found["offered"], found["answered"], found["abandoned"], found["longest_wait"]) == (5, 4, 1, 50)
    assert (found["p50_wait"], found["p90_wait"]) == (10, 30)
    assert (found["lost_unrecovered"], center.excluded_internal(three)) == (1, 0)
    assert center.by_day(three)["offered"].tolist() == [3, 2]
    assert center.totals(CallFilters(**vars(three)).common) == found


@pytest.mark.parametrize("center", ["settled"], indirect=True)
def test_percentiles_of_many_calls_know_the_cut_too(center, monkeypatch):
    monkeypatch.setattr(view, "EXACT", 0)
    found = center.totals(Filters(DAY, DAY + dt.timedelta(days=1), until=dt.time(10, 7)))
    assert (found["p50_wait"], found["p90_wait"]) == (10, 30)


def test_people_are_compared_by_the_same_hours(center):
    today = Filters(DAY + dt.timedelta(days=2), DAY + dt.timedelta(days=2))
    team = agent_questions.team(center, today.previous(center.now()))
    assert (team["answered"], team["agents"], team["login"]) == (2, 1, 2 * 3600 + 7 * 60)
    assert agent_questions.team(center, today.previous())["login"] == 8 * 3600
    ana = Filters(today.start, today.end, agents=("Ana",))
    assert center.totals(ana.previous(center.now()))["answered"] == 2


def test_a_period_that_is_over_or_to_come_is_compared_with_a_whole_one(center):
    now = center.now()
    for first, last in ((0, 1), (1, 1), (3, 4)):
        chosen = Filters(DAY + dt.timedelta(days=first), DAY + dt.timedelta(days=last))
        assert chosen.previous(now) == chosen.previous()
        assert chosen.previous(now).until is None
    month = Filters(DAY, DAY + dt.timedelta(days=9))  # it is the third of ten days
    assert month.previous(now) == Filters(DAY - dt.timedelta(days=10), DAY - dt.timedelta(days=8), until=dt.time(10, 7))


def test_at_midnight_nothing_of_the_day_before_has_passed(center):
    today = Filters(DAY + dt.timedelta(days=2), DAY + dt.timedelta(days=2))
    before = today.previous(dt.datetime.combine(today.start, dt.time(0, 0, 20), ZONE))
    assert calendar.bounds(before, ZONE) == (at(1, "00:00:00"), at(1, "00:00:00"))
    assert center.totals(before)["offered"] == 0


def test_the_hour_that_a_changed_clock_leaves_out_is_no_gap():
    zone = ZoneInfo("America/Santiago")  # on 6 September 2026 midnight is followed by one o'clock
    cut = Filters(dt.date(2026, 9, 6), dt.date(2026, 9, 6), until=dt.time(0, 30))
    start, end = calendar.bounds(cut, zone)
    assert start == calendar.midnight(cut.start, zone) and start <= end < start + 3600


def test_a_report_is_of_one_moment_however_long_it_takes(center):
    minutes = itertools.count(at(2, "10:06:30"), 60)
    ticking = replace(center, clock=lambda: float(next(minutes)))
    today = CallFilters(DAY + dt.timedelta(days=2), DAY + dt.timedelta(days=2))
    made = reports.report(ticking, "es", "general", today, "", center.now(), drawn=False)
    assert made.past["offered"] == 1  # at 10:06 the call of 10:06:59 had not come
    compared = next(part.rows for part in made.parts if part.table is TABLES["metrics"]).head(1000)
    assert dict(zip(compared["metric"], compared["before"], strict=True)) == made.past
