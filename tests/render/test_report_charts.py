"""Pictures of reports: hours of very few calls do not shout."""

import pandas as pd

from render import charts, report_charts
from tests.render.test_charts import NONE


def hours(*rows):
    """A by_hour frame; `rows` are answered, abandoned, short abandons, and level (0-100) from midnight on."""
    return pd.DataFrame([{"hour": hour, **NONE, "answered": a, "abandoned": b, "short_abandoned": s, "sl_pct": level,
                          "offered": a + b} for hour, (a, b, s, level) in enumerate(rows)])


def test_the_line_leaves_out_hours_of_very_few_calls():
    """Of 200 calls in the busiest hour a tenth would be 20; ten are enough. 12 with 3 short abandons count as 9."""
    frame = hours((3, 1, 0, 0.0), (200, 0, 0, 80.0), (9, 3, 3, 100.0), (10, 0, 0, 70.0))
    figure = report_charts.hours(frame, "es", "light")
    line, points = figure["data"][-2:]
    assert line["y"] == [None, 80.0, None, 70.0] and not line["connectgaps"]
    assert points["y"] == [0.0, None, 100.0, None] and points["mode"] == "markers"
    assert points["text"] == ["4", "200", "9", "10"] and points["hovertemplate"] == "%{y:.1f} % (%{text})"
    assert charts.legend(figure)[-1] == charts.Key(
        "Nivel de servicio de menos de 10 llamadas", "level", "point", .45)


def test_a_small_center_keeps_its_line():
    """The busiest hour has 15 calls: fewer than two are few."""
    figure = report_charts.hours(hours((1, 0, 0, 0.0), (15, 0, 0, 80.0), (2, 0, 0, 50.0)), "es", "light")
    assert figure["data"][-2]["y"] == [None, 80.0, 50.0]
    assert figure["data"][-1]["name"] == "Nivel de servicio de menos de 2 llamadas"
    figure = report_charts.hours(hours((3, 0, 0, 0.0), (3, 0, 0, 80.0)), "es", "light")
    assert [trace["name"] for trace in figure["data"]] == ["Atendidas", "Nivel de servicio"]
    assert figure["data"][-1]["y"] == [0.0, 80.0]
