"""Queues: four service levels, waits, causes, positions and callers waiting at once. Numbers worked out by hand."""

import datetime as dt
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from data import queue_questions
from data.filters import Filters
from data.site import Site
from tests.data.test_agent_questions import DAY, NINE, ONE_DAY, call, opened

CASES = Path(__file__).parent.parent / "cases"


def stay(enter, callid, wait, word, position=1, queue="600", did="601"):
    first = [(enter, f"{callid}|{queue}|NONE|DID|{did}")] if did else []
    data = f"{position}|1|{wait}" if word != "EXITWITHKEY" else f"3|{position}|1|{wait}"
    return [*first, (enter, f"{callid}|{queue}|NONE|ENTERQUEUE||3001112222|1"),
            (enter + wait, f"{callid}|{queue}|NONE|{word}|{data}")]


def test_four_service_levels_of_the_published_example(tmp_path):
    """ICMI's data: 86 of 100 answered within 20 s, 6 abandoned of whom 2 within 20 s, one of them within 5 s."""
    shutil.copy(CASES / "icmi_five_formulas.queue_log", tmp_path / "queue_log")
    from data.store import Store
    store = Store(tmp_path / "queue_log", tmp_path / "store", Site(ZoneInfo("UTC")))
    store.refresh()
    view = store.view()
    until = view.freshness()["data_until"].date()
    whole = Filters(until - dt.timedelta(days=2), until, origin="all")
    levels = queue_questions.service_levels(view, whole).set_index("threshold")
    found = {name: round(float(levels.loc[20, name]), 2) for name in queue_questions.VARIANTS}
    assert found == {"standard": 81.9, "answered_only": 86.0, "abandons_served": 83.02, "early_ignored": 82.69}
    assert levels.loc[20, "within"] == 86
    assert view.totals(whole)["sl_pct"] == found["standard"]


@pytest.fixture
def morning(tmp_path):
    """Ten stays: five answered after 5, 6, 20, 21 and 700 s, gone after 4, 30 and 31 s, one timed out, one by key."""
    lines = []
    for number, wait in enumerate((5, 6, 20, 21, 700)):
        lines += call(NINE + number * 1000, f"1.{number}", "600", "Ana", wait, 60)
    lines += [*stay(NINE + 10, "2.1", 4, "ABANDON", 2), *stay(NINE + 20, "2.2", 30, "ABANDON", 1),
              *stay(NINE + 30, "2.3", 31, "ABANDON", 14, did=""), *stay(NINE + 6000, "2.4", 200, "EXITWITHTIMEOUT"),
              *stay(NINE + 7000, "2.5", 9, "EXITWITHKEY")]
    return opened(tmp_path, lines).view()


def test_a_wait_belongs_to_exactly_one_bar(morning):
    bars = queue_questions.waits(morning, ONE_DAY)
    answered = dict(zip(bars["low"], bars["answered"], strict=True))
    lost = dict(zip(bars["low"], bars["lost"], strict=True))
    assert {k: v for k, v in answered.items() if v} == {0: 1, 6: 1, 16: 1, 21: 1, 601: 1}
    assert {k: v for k, v in lost.items() if v} == {0: 1, 21: 1, 31: 1, 181: 1}
    assert pd.isna(bars["high"].iloc[-1])
    assert list(bars["low"][1:]) == [high + 1 for high in bars["high"][:-1]]


def test_causes_tell_short_abandons_apart_and_add_up(morning):
    causes = queue_questions.causes(morning, ONE_DAY).set_index("cause")
    assert {k: v for k, v in causes["count"].items() if v} == {"short": 1, "abandoned": 2, "timeout": 1, "exit_key": 1}
    totals = morning.totals(ONE_DAY)
    assert causes["count"].sum() == totals["offered"] - totals["answered"] - totals["in_progress"]
    assert tuple(causes.loc["abandoned", ["share", "avg_wait", "p50_wait", "p90_wait"]]) == (20, 30.5, 30, 31)
    assert pd.isna(causes.loc["withdrawn", "avg_wait"])


def test_percentiles_are_waits_that_happened(morning):
    assert queue_questions.percentiles(morning, ONE_DAY) == {
        "p50_wait": 20, "p90_wait": 700, "p50_lost": 30, "p90_lost": 200, "p50_talk": 60, "p90_talk": 60}
    empty = queue_questions.percentiles(morning, Filters(DAY, DAY, ("999",)))
    assert set(empty.values()) == {None}


def test_positions_beyond_the_last_are_one_row(morning):
    found = queue_questions.positions(morning, ONE_DAY)
    assert found.to_dict("list") == {"position": [1, 2, queue_questions.POSITIONS], "abandoned": [1, 1, 1],
                                     "avg_wait": [30, 4, 31]}


def test_numbers_dialled_and_the_calls_without_one(morning):
    found = queue_questions.by_did(morning, Filters(DAY, DAY, origin="all")).set_index("did")
    assert found["offered"].to_dict() == {"6017000000": 5, "601": 4, "": 1}
    assert found.loc["601", "answered"] == 0


def test_a_queue_without_calls_is_listed_with_nothing_to_divide(morning):
    lines = call(NINE, "9.1", "600", "Ana", 1, 9) + call(NINE - 10 * 86400, "9.2", "700", "Ana", 1, 9)
    folder = Path(morning.snapshot.shelf.folder).parent.parent / "two"
    folder.mkdir()
    view = opened(folder, lines).view()
    found = queue_questions.by_queue(view, ONE_DAY)
    assert list(found["queue"]) == ["600", "700"] and list(found["offered"]) == [1, 0]
    assert found.iloc[1][["sl_pct", "asa", "longest_wait"]].isna().all()
    assert list(queue_questions.by_queue(view, Filters(DAY, DAY, ("600",)))["queue"]) == ["600"]


def test_callers_waiting_at_once(tmp_path):
    """From 0 to 30, 10 to 40 and 20 to 25: three at once; one who entered before the first edge still counts."""
    lines = [*call(NINE, "1.1", "600", "Ana", 30, 5), *stay(NINE + 10, "1.2", 30, "ABANDON"),
             *stay(NINE + 20, "1.3", 5, "ABANDON"), *stay(NINE - 50, "1.4", 55, "ABANDON"),
             (NINE + 100, "NONE|NONE|NONE|CONFIGRELOAD|")]
    view = opened(tmp_path, lines).view()
    edges = np.array([NINE, NINE + 10, NINE + 20, NINE + 30, NINE + 60])
    found = queue_questions.waiting(view, ONE_DAY, edges)
    assert found["most"].tolist() == [2, 2, 3, 1]
    # 10 s of one and 5 of another; 20 s; 20 s and 5 s; 10 s of thirty
    assert found["average"].tolist() == pytest.approx([1.5, 2.0, 2.5, 10 / 30])


def test_who_is_connected_in_the_second_another_enters_does_not_make_two(tmp_path):
    lines = [*call(NINE, "1.1", "600", "Ana", 30, 500), *call(NINE + 30, "1.2", "600", "Luis", 10, 500)]
    found = queue_questions.waiting(opened(tmp_path, lines).view(), ONE_DAY, np.array([NINE, NINE + 3600]))
    assert found["most"].tolist() == [1]


def test_who_waits_now_waits_up_to_the_newest_line(tmp_path):
    lines = [(NINE, "1.1|600|NONE|ENTERQUEUE||3001112222|1"), *call(NINE + 600, "1.2", "600", "Ana", 1, 9)]
    view = opened(tmp_path, lines).view()
    found = queue_questions.waiting(view, ONE_DAY, np.array([NINE, NINE + 300, NINE + 900]))
    assert found["most"].tolist() == [1, 2]
    assert found["average"].tolist() == pytest.approx([1.0, (310 + 1) / 600])


def test_lines_of_queues_add_up_to_their_calls(morning):
    lines = queue_questions.lines(morning, ONE_DAY)
    assert sum(lines["600"]) == morning.totals(ONE_DAY)["offered"] == 10
    assert len(lines["600"]) == 24
    week = Filters(DAY - dt.timedelta(days=6), DAY)
    assert queue_questions.lines(morning, week)["600"] == [0, 0, 0, 0, 0, 0, 10]


def test_callers_who_gave_up_belong_to_the_moment_they_did(tmp_path):
    """One gives up after midnight, one in another queue, one is from inside; who is answered or timed out is none."""
    lines = [*stay(NINE, "1.1", 65, "ABANDON"), *stay(NINE + 30, "1.2", 5, "ABANDON", queue="601"),
             *stay(NINE + 40, "1.3", 30, "EXITWITHTIMEOUT"), *call(NINE + 50, "1.4", "600", "Ana", 5, 60),
             *stay(NINE + 15 * 3600 - 10, "1.5", 20, "ABANDON"),
             (NINE + 15 * 3600 + 100, "NONE|NONE|NONE|CONFIGRELOAD|")]
    store = opened(tmp_path, lines, queue_names={"600": "Ventas"})
    midnight = NINE + 15 * 3600

    def gone(view, filters=ONE_DAY, start=NINE - 9 * 3600, end=midnight):
        return queue_questions.gave_up(view, filters, start, end).to_dict("list")
    both = gone(store.view())
    assert both == {"at": [NINE + 35, NINE + 65], "queue": ["601", "600 Ventas"], "wait": [5, 65],
                    "callid": ["1.2", "1.1"]}
    assert gone(store.view(), Filters(DAY, DAY, ("601",)))["callid"] == ["1.2"]
    assert gone(store.view(frozenset({"600"})))["callid"] == ["1.1"]
    assert gone(store.view(), Filters(DAY, DAY, origin="internal"))["callid"] == []
    next_day = Filters(DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=1))
    assert gone(store.view(), next_day, midnight, midnight + 86_400) == {
        "at": [midnight + 10], "queue": ["600 Ventas"], "wait": [20], "callid": ["1.5"]}
