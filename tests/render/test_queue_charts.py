"""Charts of queues where there is little to draw: it is seen all the same."""

import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd

from render import agent_charts, queue_charts

MIDNIGHT = dt.datetime(2026, 11, 24, tzinfo=ZoneInfo("America/Bogota"))
DAY = 86_400_000


def test_what_was_lost_in_the_only_interval_is_a_bar():
    frame = pd.DataFrame([{"start": MIDNIGHT, "offered": 8, "abandoned": 2, "timeout": 0, "exit_key": 0,
                           "exit_empty": 1}])
    drawn = queue_charts.lost(frame, "es", "light", 60)
    assert [(trace["name"], trace["y"], trace["width"]) for trace in drawn["data"]] == [
        ("Abandonadas", [25.0], 792_000.0), ("Cola vacía", [12.5], 792_000.0)]
    assert drawn["layout"]["xaxis"]["range"] == ["2026-11-23T23:30", "2026-11-24T00:30"]


def test_who_waited_in_the_only_interval_is_a_point():
    def drawn(count):
        frame = pd.DataFrame([{"start": MIDNIGHT + n * dt.timedelta(minutes=15), "most": 3, "average": 1.5}
                              for n in range(count)])
        figure = queue_charts.waiting(frame, "es", "light")
        return {trace["mode"] for trace in figure["data"]}, figure["layout"]["xaxis"].get("tickvals")
    assert drawn(1) == ({"lines+markers"}, ["2026-11-24T00:00"])
    assert drawn(2) == ({"lines"}, None)


def test_an_agent_of_one_day_has_a_bar():
    frame = pd.DataFrame([{"date": dt.date(2026, 11, 24), "answered": 4, "avg_talk": 90.0}])
    assert agent_charts.trend(frame, "es", "light")["data"][0]["width"] == 0.22 * DAY
