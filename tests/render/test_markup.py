"""What a log calls people, queues and reasons is text in a figure, never markup."""

import datetime as dt
import json

import pandas as pd

from render import agent_charts, gantt

EVIL = "<a href='https://example.invalid'>Ana</a> & <b>hijos</b>"


def said(figure: dict) -> str:
    return json.dumps(figure, ensure_ascii=False)


def test_pauses_by_reason():
    frame = pd.DataFrame({"name": [EVIL], "reason": [EVIL], "seconds": [60]})
    words = said(agent_charts.pauses(frame, "es", "light"))
    assert "<a" not in words and "&lt;a" in words and "&amp; &lt;b" in words


def test_a_day_of_people():
    frame = pd.DataFrame({
        "name": [EVIL] * 3, "agent": [EVIL] * 3, "kind": ["paused", "ringing", "talking"], "queue": ["", EVIL, EVIL],
        "reason": [EVIL, "", ""], "callid": ["", "1.1", "1.1"], "start": [36_000, 36_100, 36_200],
        "end": [36_050, 36_110, 36_300]})
    figure = gantt.figure(frame, gantt.by_person(frame), frame["name"].tolist(), (0, 86_400), "es", "light", dt.UTC,
                          [])
    words = said(figure)
    assert "&lt;a" in words
    for trace in figure["data"]:
        assert "<a" not in said({"text": trace["text"], "hover": trace["hovertemplate"]})
    assert "<a" not in said(figure["layout"])


def test_a_day_of_thousands_is_a_path_for_each_kind():
    """However many spans there are: each is in its path once, from its first minute to its last, in its row."""
    frame = pd.DataFrame({
        "name": ["Ana"] * 300 + ["Eva"] * 300, "kind": (["paused"] * 100 + ["talking"] * 200) * 2,
        "queue": ([""] * 100 + ["600", "601"] * 100) * 2, "reason": "", "callid": "",
        "start": [60 * i for i in range(600)]})
    frame["end"] = frame["start"] + 30
    figure = gantt.figure(frame, gantt.by_person(frame), frame["name"].tolist(), (0, 86_400), "es", "light", dt.UTC,
                          [])
    drawn = [shape["path"].split("M")[1:] for shape in figure["layout"]["shapes"]]
    assert [len(pieces) for pieces in drawn] == [200, 200, 200]
    assert drawn[0][:2] == ["0.00,1L0.50,1", "1.00,1L1.50,1"] and drawn[2][-1] == "599.00,0L599.50,0"
    assert all(trace["mode"] == "none" and len(trace["x"]) == 400 for trace in figure["data"])
    assert figure["data"][0]["text"][:2] == ["(sin motivo) · 00:00:00 – 00:00:30 · 0:30"] * 2
