"""Thresholds: what is kept, what is refused, and what holds for a queue."""

import json

import pytest

from data.thresholds import BadThreshold, Thresholds


@pytest.fixture
def kept(tmp_path):
    return Thresholds(tmp_path / "thresholds.json")


def test_without_a_file_waiting_alarms_from_the_service_level_on(kept):
    assert kept.of("600", 20, 80) == {"waiting": [3, 6], "longest": [20, 60], "sl": [80, 65], "available": None,
                                      "talk": [900, 1800], "pause": [900, 1800]}


def test_a_queue_wins_over_all_and_all_over_the_defaults(kept):
    kept.write({"all": {"waiting": [5, 9], "talk": None}, "queues": {"600": {"waiting": [1, 2]}}})
    assert kept.of("600", 20, 80)["waiting"] == [1, 2]
    assert kept.of("601", 30, 80)["waiting"] == [5, 9]
    assert kept.of("601", 30, 80)["longest"] == [30, 90]
    assert kept.of("601", 30, 80)["talk"] is None


def test_another_process_sees_the_change(kept):
    other = Thresholds(kept.path)
    assert other.of("600", 20, 80)["waiting"] == [3, 6]
    before = other.mark
    kept.write({"all": {"waiting": [7, 8]}})
    assert other.of("600", 20, 80)["waiting"] == [7, 8]
    assert other.mark != before


@pytest.mark.parametrize("given, where", [
    (None, "thresholds"), ([], "thresholds"), ({"all": 3}, "thresholds"), ({"all": {"colour": [1, 2]}}, "colour"),
    ({"all": {"waiting": [1]}}, "waiting"), ({"all": {"waiting": ["1", 2]}}, "waiting"),
    ({"all": {"waiting": [True, 2]}}, "waiting"), ({"all": {"waiting": [-1, 2]}}, "waiting"),
    ({"all": {"waiting": [float("nan"), 2]}}, "waiting"), ({"all": {"waiting": [3, 2]}}, "waiting"),
    ({"all": {"sl": [60, 80]}}, "sl"), ({"queues": {"600": 3}}, "600"),
    ({"queues": {"600": {"longest": [9, 8]}}}, "600: longest")])
def test_what_cannot_work_is_refused_and_named(kept, given, where):
    with pytest.raises(BadThreshold) as error:
        kept.write(given)
    assert error.value.where == where
    assert not kept.path.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"all": {"waiting": [9, 1]}})])
def test_a_damaged_file_alarms_as_if_there_were_none(kept, content):
    kept.path.write_text(content)
    assert kept.of("600", 20, 80)["waiting"] == [3, 6]
