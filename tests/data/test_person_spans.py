"""The union of people's time, second by second: whatever the sorted arrays answer, sets of seconds answer too."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from data import calendar, person_spans, spans
from data.filters import Filters
from data.person_spans import PersonSpans

PEOPLE, EPOCH = 5, 1_772_500_000


def drawn(random: np.random.Generator, count: int, width: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Persons, beginnings and ends; some spans are empty, some end before they begin, many touch."""
    start = EPOCH + random.integers(0, width, count)
    return random.integers(0, PEOPLE, count), start, start + random.integers(-3, 25, count)


def held(who: np.ndarray, start: np.ndarray, end: np.ndarray) -> set[tuple[int, int]]:
    """Every person and second."""
    return {(int(w), second) for w, s, e in zip(who, start, end, strict=True) for second in range(s, e)}


def seconds(found: PersonSpans) -> set[tuple[int, int]]:
    return held(found.who, found.start, found.end)


def frame(found: PersonSpans) -> pd.DataFrame:
    return pd.DataFrame({"who": found.who, "start": found.start, "end": found.end})


@pytest.mark.parametrize("seed", range(40))
def test_a_union_holds_the_same_seconds_in_as_few_spans_as_can_be(seed):
    made = drawn(np.random.default_rng(seed), seed * 4)
    found = person_spans.union(*made)
    assert seconds(found) == held(*made)
    table = pd.DataFrame(dict(zip(spans.SPAN, made, strict=True)))
    assert frame(found).to_dict("list") == spans.union(table).to_dict("list")  # the road of the analysis
    for person in range(PEOPLE):
        mine = sorted(second for who, second in seconds(found) if who == person)
        assert found.seconds(PEOPLE)[person] == len(mine)
        assert found.counts(PEOPLE)[person] == sum(second - 1 not in set(mine) for second in mine)
        first, last = found.first(PEOPLE)[person], found.last(PEOPLE)[person]
        assert (first, last) == (mine[0], mine[-1] + 1) if mine else np.isnan([first, last]).all()


@pytest.mark.parametrize("seed", range(40))
def test_what_two_unions_share_and_what_some_persons_have(seed):
    random = np.random.default_rng(seed)
    one, other = (person_spans.union(*drawn(random, count)) for count in random.integers(0, 60, 2))
    assert seconds(one.common(other)) == seconds(one) & seconds(other)
    wanted = random.random(PEOPLE) < 0.5
    some, rest = one.only(wanted), one.only(~wanted)
    assert seconds(some) == {(who, second) for who, second in seconds(one) if wanted[who]}
    assert frame(person_spans.joined((rest, some))).equals(frame(one))
    assert one.only(np.ones(PEOPLE, dtype=bool)) is one


@pytest.mark.parametrize("seed", range(40))
def test_spans_are_cut_at_every_edge_wherever_the_edges_lie(seed):
    random = np.random.default_rng(seed)
    _, start, end = drawn(random, 80)
    end = np.maximum(start, end)
    grid = random.choice([1, 7, 60])
    edges = np.unique(EPOCH + random.integers(-30, 500 // grid, random.integers(2, 12)) * grid)
    if seed % 4 == 0:
        edges = np.sort(np.append(edges, edges[-1]))  # a day that has no second
    moments = np.array([second for s, e in zip(start, end, strict=True) for second in range(s, e)], dtype=np.int64)
    wanted = [int(((moments >= low) & (moments < high)).sum()) for low, high in zip(edges[:-1], edges[1:], strict=True)]
    assert person_spans.split(start, end, edges).tolist() == wanted


@pytest.mark.parametrize(("zone", "first"), [("America/Santiago", dt.date(2026, 4, 3)), ("America/Havana", dt.date(
    2026, 3, 7)), ("Asia/Kathmandu", dt.date(2026, 3, 1)), ("Europe/Madrid", dt.date(2026, 10, 24))])
def test_hours_of_days_of_any_length(zone, first):
    """Over the change of the clock and in a zone of odd minutes."""
    edges = calendar.intervals(Filters(first, first + dt.timedelta(days=3)), 60, ZoneInfo(zone))
    random = np.random.default_rng(3)
    start = random.integers(edges[0] - 9000, edges[-1] + 9000, 500)
    end = start + random.integers(0, 9000, 500)
    inside = np.maximum(np.minimum(end[:, None], edges[None, 1:]) - np.maximum(start[:, None], edges[None, :-1]), 0)
    assert person_spans.split(start, end, edges).tolist() == inside.sum(axis=0).tolist()


def test_nothing_is_in_nothing():
    nobody = np.empty(0, dtype=np.int64)
    found = person_spans.union(nobody, nobody, nobody)
    assert len(found) == 0 and found.seconds(3).tolist() == [0, 0, 0] and np.isnan(found.first(3)).all()
    assert len(found.common(found)) == 0 and found.split(np.array([0, 10, 20])).tolist() == [0, 0]


def test_what_two_unions_share_by_hand():
    one = person_spans.union(np.array([1, 1, 2]), np.array([0, 50, 0]), np.array([20, 90, 10]))
    other = person_spans.union(np.array([1, 1, 2, 3]), np.array([10, 80, 10, 0]), np.array([60, 100, 20, 9]))
    assert frame(one.common(other)).to_dict("list") == {"who": [1, 1, 1], "start": [10, 50, 80], "end": [20, 60, 90]}
    assert person_spans.split(np.array([5, 10, 95]), np.array([25, 30, 200]), np.array([0, 10, 20, 100])).tolist() == [
        5, 20, 20]
