"""Charts of agents: an average day is one of the days that had the hour, and legends are drawn as their series."""

import datetime as dt

import pandas as pd

from render import agent_charts, charts


def by_hour(first, *rows):
    """A by_hour frame; `rows` are login, pause, talk (s) and answered from `first` o'clock on."""
    frame = pd.DataFrame(0, index=range(24), columns=["login", "pause", "talk", "answered"])
    for n, row in enumerate(rows):
        frame.loc[first + n] = row
    frame.insert(0, "hour", range(24))
    return frame


def test_an_average_hour_is_over_the_days_that_had_it():
    frame = by_hour(9, (7200, 600, 1800, 6), (3600, 0, 1200, 3))
    days = [2] * 10 + [1] * 14  # it is 9 o'clock on the second day
    drawn = {trace["name"]: trace["y"] for trace in agent_charts.hours(frame, "es", "light", days)["data"]}
    assert drawn == {"En llamada": [15, 20], "Libre": [40, 40], "En pausa": [5, 0], "Atendidas": [3, 3]}


def test_marks_under_many_hours_are_every_other_one():
    def axis(count):
        return agent_charts.hours(by_hour(6, *[(3600, 0, 60, 1)] * count), "es", "light", [1] * 24)["layout"]["xaxis"]
    assert axis(10)["tickvals"] == ["06", "07", "08", "09", "10", "11", "12", "13", "14", "15"]
    assert axis(11)["tickvals"] == ["06", "08", "10", "12", "14", "16"]


def test_the_legend_is_drawn_as_the_series_are():
    hours = charts.legend(agent_charts.hours(by_hour(9, (3600, 600, 60, 1)), "es", "light", [1] * 24))
    assert hours == [charts.Key("En llamada", "answered"), charts.Key("Libre", "level", "bar", .45),
                     charts.Key("En pausa", "wait"), charts.Key("Atendidas", "other", "solid")]
    days = pd.DataFrame({"date": [dt.date(2026, 11, 23), dt.date(2026, 11, 24)], "answered": [3, 4],
                         "avg_talk": [60.0, 90.0]})
    trend = agent_charts.trend(days, "es", "light")
    assert charts.legend(trend) == [
        charts.Key("Atendidas", "answered", "bar", .55), charts.Key("Media por llamada", "wait", "solid"),
        charts.Key("Su mediana", "other", "dot")]
    assert trend["layout"]["xaxis"]["range"] == ["2026-11-22T12:00", "2026-11-24T12:00"]
