"""Figures are plain dictionaries that say exactly what the frame says."""

import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from render import charts
from render.theme import SCALES, TONES

ZONE = ZoneInfo("America/Bogota")
NONE = dict.fromkeys(("answered", "abandoned", "timeout", "exit_key", "exit_empty", "withdrawn", "in_progress",
                      "interrupted", "unknown"), 0)


def intervals(*rows: dict, day=dt.date(2026, 11, 24), minutes=60, first=8) -> pd.DataFrame:
    """A by_interval frame: one row after the other from `first` o'clock on."""
    begin = dt.datetime.combine(day, dt.time(first), ZONE)
    return pd.DataFrame([{"start": begin + i * dt.timedelta(minutes=minutes), "sl_pct": None, **NONE, **row,
                          "offered": sum(v for k, v in row.items() if k != "sl_pct")} for i, row in enumerate(rows)])


def days(*offered: int, first=dt.date(2026, 11, 1)) -> pd.DataFrame:
    return pd.DataFrame([{"date": first + dt.timedelta(days=i), "sl_pct": 80.0, **NONE, "answered": n, "offered": n}
                         for i, n in enumerate(offered)])


def traces(figure: dict) -> dict:
    return {trace["name"]: trace for trace in figure["data"]}


def test_calls_are_stacked_by_outcome_and_what_never_happened_is_not_drawn():
    frame = intervals({"answered": 10, "abandoned": 2, "sl_pct": 83.333}, {"answered": 7, "exit_key": 1})
    drawn = traces(charts.volume(frame, "es", "light", 60))
    assert list(drawn) == ["Atendidas", "Abandonadas", "Por tecla", "Nivel de servicio"]
    assert drawn["Atendidas"]["y"] == [10, 7]
    assert drawn["Abandonadas"]["y"] == [2, 0]
    assert drawn["Por tecla"]["y"] == [0, 1]
    assert drawn["Nivel de servicio"]["y"] == [83.3, None]
    assert drawn["Nivel de servicio"]["yaxis"] == "y2"
    assert drawn["Atendidas"]["x"] == ["2026-11-24T08:00", "2026-11-24T09:00"]


def test_the_bars_of_a_moment_add_up_to_the_offered_calls():
    frame = intervals({"answered": 5, "abandoned": 4, "timeout": 3, "exit_key": 2, "exit_empty": 1, "withdrawn": 6,
                       "in_progress": 7, "interrupted": 8, "unknown": 9})
    bars = [trace for trace in charts.volume(frame, "en", "light", 60)["data"] if trace["type"] == "bar"]
    assert sum(trace["y"][0] for trace in bars) == 45
    assert len(bars) == 7
    assert bars[-1]["name"] == "Others" and bars[-1]["y"] == [23]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_come_from_the_roles_of_the_theme(theme):
    drawn = traces(charts.volume(intervals({"answered": 1, "abandoned": 1, "timeout": 1}), "en", theme, 60))
    for name, role in (("Answered", "answered"), ("Abandoned", "abandoned"), ("Timed out", "timeout")):
        assert drawn[name]["marker"]["color"] == TONES[theme][role]
    heat = charts.weekday_hours(cells({(0, 9): (2, 1)}), "en", theme)["data"][0]
    assert heat["colorscale"] == [list(step) for step in SCALES[theme]]


def test_a_page_without_theme_is_light():
    assert charts.volume(intervals({"answered": 1}), "en", None, 60) == charts.volume(
        intervals({"answered": 1}), "en", "light", 60)


def test_a_bar_knows_the_slot_behind_it():
    frame = intervals({"answered": 1}, {"answered": 2}, minutes=15, first=23)
    figure = charts.volume(frame, "es", "light", 15, "/calls?a=1")
    assert figure["data"][0]["customdata"] == [
        "start_date=2026-11-24&end_date=2026-11-24&from=23%3A00&to=23%3A15",
        "start_date=2026-11-24&end_date=2026-11-24&from=23%3A15&to=23%3A30"]
    assert figure["layout"]["meta"] == {"href": "/calls?a=1"}


def test_the_last_slot_of_a_day_ends_at_24():
    figure = charts.volume(intervals({"answered": 1}, first=23), "es", "light", 60)
    assert figure["data"][0]["customdata"] == ["start_date=2026-11-24&end_date=2026-11-24&from=23%3A00&to=24%3A00"]


def test_a_day_is_one_bar_that_leads_to_the_whole_day():
    figure = charts.volume(days(3, 0, 5), "es", "light", None)
    assert figure["data"][0]["x"] == ["2026-11-01T00:00", "2026-11-02T00:00", "2026-11-03T00:00"]
    assert figure["data"][0]["y"] == [3, 0, 5]
    assert figure["data"][0]["customdata"][2] == "start_date=2026-11-03&end_date=2026-11-03"


@pytest.mark.parametrize("minutes", [15, 60])
def test_a_bar_that_is_alone_is_no_hair(minutes):
    """Shortly after midnight there is one interval; without neighbours the library knows no width for its bar."""
    alone, two = (charts.volume(intervals(*[{"answered": 1, "abandoned": 2}] * n, first=0, minutes=minutes), "es",
                                "light", minutes) for n in (1, 2))
    assert [trace["width"] for trace in alone["data"][:2]] == [0.22 * minutes * 60_000] * 2
    half = dt.timedelta(minutes=minutes) / 2
    midnight = dt.datetime(2026, 11, 24)
    assert alone["layout"]["xaxis"]["range"] == [
        when.isoformat(timespec="minutes") for when in (midnight - half, midnight + half)]
    assert not any("width" in trace for trace in two["data"])


@pytest.mark.parametrize(("count", "step"), [(5, 1), (8, 1), (9, 2), (30, 4), (90, 12)])
def test_the_marks_under_days_begin_with_the_first_and_are_at_most_eight(count, step):
    axis = charts.volume(days(*[1] * count), "es", "light", None)["layout"]["xaxis"]
    assert axis["tick0"] == "2026-11-01T00:00" and axis["dtick"] == step * 86_400_000


def test_the_quiet_ends_of_a_single_day_are_left_out_but_not_its_pauses():
    frame = intervals({"answered": 0}, {"answered": 4}, {"answered": 0}, {"answered": 6}, {"answered": 0})
    assert charts.volume(frame, "es", "light", 60)["data"][0]["y"] == [4, 0, 6]


def test_several_days_keep_every_hour():
    frame = pd.concat([intervals({"answered": 0}, {"answered": 4}),
                       intervals({"answered": 2}, {"answered": 0}, day=dt.date(2026, 11, 25))], ignore_index=True)
    assert charts.volume(frame, "es", "light", 60)["data"][0]["y"] == [0, 4, 2, 0]


def test_nothing_draws_nothing():
    figure = charts.volume(intervals({"answered": 0}), "es", "light", 60)
    assert [trace["name"] for trace in figure["data"]] == ["Nivel de servicio"]
    assert figure["data"][0]["y"] == [None]


def test_the_legend_names_what_is_drawn():
    assert charts.legend(charts.volume(intervals({"answered": 1, "abandoned": 1}), "es", "light", 60)) == [
        charts.Key("Atendidas", "answered"), charts.Key("Abandonadas", "abandoned"),
        charts.Key("Nivel de servicio", "level", "solid")]


def test_the_peak_in_words():
    frame = intervals({"answered": 3}, {"answered": 1200})
    assert charts.spoken(frame, "es") == "Pico: 1,200 (09:00)"
    assert charts.spoken(days(3, 9, 5), "es") == "Pico: 9 (02/11/2026)"


def cells(known: dict) -> pd.DataFrame:
    """A by_weekday_hour frame; `known` is (weekday, hour) -> (offered, days)."""
    return pd.DataFrame([(w, h, *known.get((w, h), (0, 1)), 75.0) for w in range(7) for h in range(24)],
                        columns=["weekday", "hour", "offered", "days", "sl_pct"])


def test_the_heat_map_is_calls_a_day_between_the_first_and_the_last_hour_with_a_call():
    figure = charts.weekday_hours(cells({(0, 9): (30, 4), (6, 11): (5, 5)}), "es", "light", "/calls?x=1")
    heat = figure["data"][0]
    assert heat["x"] == ["09", "10", "11"]
    assert heat["y"] == ["Lun", "Mar", "Mié", "Jue", "Vie", "Sáb", "Dom"]
    assert heat["z"][0] == [7.5, 0.0, 0.0]
    assert heat["z"][6] == [0.0, 0.0, 1.0]
    assert heat["customdata"][6][2] == "weekday=6&from=11%3A00&to=12%3A00"
    assert heat["text"][0][0] == ("Lunes de 09:00 a 10:00<br><b>7.5</b> por día en promedio<br>"
                                  "Total: 30 · días: 4 · nivel de servicio 75.0 %")
    assert figure["layout"]["meta"] == {"href": "/calls?x=1"}


def test_a_weekday_that_is_not_in_the_period_is_blank_and_not_zero():
    heat = charts.weekday_hours(cells({(0, 9): (3, 1), (1, 9): (0, 0)}), "es", "light")["data"][0]
    assert heat["z"][1] == [None]
    assert heat["text"][1] == [""]


def test_an_empty_heat_map_has_no_columns():
    assert charts.weekday_hours(cells({}), "es", "light")["data"][0]["z"] == [[]] * 7


def test_no_graph_may_send_its_data_away():
    config = charts.graph_config("es")
    assert config["showSendToCloud"] is False and config["displaylogo"] is False and config["displayModeBar"] is False
    assert config["locale"] == "es"


@pytest.mark.parametrize(("count", "step"), [(10, 1), (11, 2), (15, 2)])
def test_the_hours_of_a_day_end_with_its_last_bar(count, step):
    axis = charts.volume(intervals(*[{"answered": 1}] * count), "es", "light", 60)["layout"]["xaxis"]
    assert axis["range"] == ["2026-11-24T07:30", f"2026-11-24T{7 + count:02}:30"]
    assert axis["tick0"] == "2026-11-24T08:00" and axis["dtick"] == step * 3_600_000


def test_marks_stand_at_full_hours_whenever_the_first_call_came():
    frame = intervals({"answered": 0}, {"answered": 1}, {"answered": 1}, minutes=15)
    axis = charts.volume(frame, "es", "light", 15)["layout"]["xaxis"]
    assert axis["tick0"] == "2026-11-24T08:00"
    assert axis["range"] == ["2026-11-24T08:07", "2026-11-24T08:37"]


def test_the_heat_map_names_every_other_hour_where_there_are_many():
    few = charts.weekday_hours(cells({(0, 8): (1, 1), (0, 17): (1, 1)}), "es", "light")["layout"]["xaxis"]
    many = charts.weekday_hours(cells({(0, 8): (1, 1), (0, 18): (1, 1)}), "es", "light")["layout"]["xaxis"]
    assert few["tickvals"] == [f"{hour:02}" for hour in range(8, 18)]
    assert many["tickvals"] == ["08", "10", "12", "14", "16", "18"]
