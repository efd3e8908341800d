"""A day of people: who gave up is marked above them, and a queue keeps its colour whatever is chosen."""

import datetime as dt
import json

import pandas as pd
import pytest

from render import gantt
from render.theme import QUEUES, TONES, queue_colours

ALL = ["600 Ventas", "601 Soporte", "602 Cobranzas"]


def day(*queues: str) -> pd.DataFrame:
    """Ana is connected from 9 to 10 and talks for a minute in each of the queues, one after the other."""
    spans = [("connected", "", 32_400, 36_000)]
    spans += [("talking", queue, 32_400 + 60 * n, 32_460 + 60 * n) for n, queue in enumerate(queues)]
    return pd.DataFrame([{"name": "Ana", "kind": kind, "queue": queue, "reason": "", "callid": "1.1", "start": start,
                          "end": end} for kind, queue, start, end in spans])


def above(*gone: tuple) -> gantt.Above:
    return gantt.Above(pd.DataFrame({"at": [32_400, 32_700], "most": [2, 1]}),
                       pd.DataFrame(gone, columns=["at", "queue", "wait", "callid"]))


def drawn(frame, callers=None, theme="light"):
    return gantt.figure(frame, gantt.by_person(frame), frame["name"], (0, 86_400), "es", theme, dt.UTC, ALL, callers)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_mark_stands_where_a_caller_gave_up(theme):
    callers = above((33_065, "600 Ventas", 65.0, "7.1"), (39_600, "<b>", float("nan"), "7.2"))
    figure = drawn(day("600 Ventas"), callers, theme)
    (marks,) = [trace for trace in figure["data"] if trace["mode"] == "markers"]
    assert marks["x"] == [551.08, 660.0]  # minutes: 9:11:05 and 11:00
    assert marks["text"] == ["09:11:05 · 600 Ventas · abandonó tras esperar 1:05",
                             "11:00:00 · &lt;b&gt; · abandonó tras esperar —"]
    assert marks["customdata"] == ["7.1", "7.2"] and marks["yaxis"] == "y2"
    assert marks["marker"]["line"]["color"] == TONES[theme]["abandoned"]
    lines = figure["layout"]["shapes"][-1]
    assert lines["path"] == "M551.08,-0.6L551.08,0.6M660.00,-0.6L660.00,0.6"
    assert figure["layout"]["xaxis"]["range"] == [480, 720]  # nobody is there at 11, and yet somebody gave up
    (line,) = [trace for trace in figure["data"] if trace["mode"] == "lines"]
    assert line["line"]["color"] == TONES[theme]["other"]  # orange is of those who gave up alone


def test_the_legend_of_a_day_says_what_is_there():
    keys = gantt.legend(day("601 Soporte"), "es", "light", ALL, above((33_065, "600 Ventas", 5.0, "7.1")))
    assert [(key.name, key.shape) for key in keys] == [
        ("Personas en espera", "stroke"), ("Abandonadas", "cross"), ("Conectado", ""), ("601 Soporte", "")]
    nobody = gantt.legend(day(), "es", "light", ALL, above())
    assert [key.name for key in nobody] == ["Personas en espera", "Conectado"]
    assert [key.name for key in gantt.legend(day(), "es", "light", ALL)] == ["Conectado"]


def test_five_hundred_who_gave_up_are_one_trace_and_one_path():
    few, many = (drawn(day("600 Ventas"), above(*((32_400 + 60 * n, "600 Ventas", 30.0, f"7.{n}")
                                                  for n in range(count)))) for count in (1, 500))
    for part in ("data", "shapes"):
        of = [figure["data"] if part == "data" else figure["layout"]["shapes"] for figure in (few, many)]
        assert len(of[0]) == len(of[1])
    assert len(json.dumps(many)) < 60_000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_queue_has_one_colour_whatever_else_is_drawn(theme):
    def colours(*queues):
        return {key.name: key.colour for key in gantt.legend(day(*queues), "es", theme, ALL)[1:]}
    alone = colours("601 Soporte")
    assert alone == {"601 Soporte": QUEUES[theme][1]}
    assert colours("602 Cobranzas", "601 Soporte")["601 Soporte"] == QUEUES[theme][1]
    assert list(colours("602 Cobranzas", "602 Cobranzas", "600 Ventas")) == ["600 Ventas", "602 Cobranzas"]
    assert [shape["line"]["color"] for shape in drawn(day("601 Soporte"), theme=theme)["layout"]["shapes"]][-1] == (
        QUEUES[theme][1])


def test_queues_beyond_the_palette_share_its_last_colour():
    names = [f"Cola {n:02}" for n in range(14)]
    colours = queue_colours(names, "light")
    assert len(set(colours.values())) == len(QUEUES["light"]) == len(QUEUES["dark"]) == 10
    assert {colours[name] for name in names[9:]} == {QUEUES["light"][-1]}
    two = gantt.legend(day(names[9], names[13], names[2]), "es", "light", names)
    assert [key.name for key in two] == ["Conectado", "Cola 02", "Otras colas"]
    one = gantt.legend(day(names[13], names[2]), "es", "light", names)
    assert [key.name for key in one] == ["Conectado", "Cola 02", "Cola 13"]
