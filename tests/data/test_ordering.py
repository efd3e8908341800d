"""Orders of columns against Python's own, and how many answers are remembered."""

import random

import numpy as np
import pyarrow as pa
import pytest

from data.memo import Memo
from data.ordering import Numbers, Texts, doubtful, marks, refine

WORDS = ["", "3001112222", "3001112223", "300111222", "+573001112222", "Ñandú", "ñandú", "a" * 8, "a" * 16, "a" * 17,
         "a" * 16 + "b", "zzzzzzzz", "zzzzzzzzz", "\U0001f600", "1764547200.12", "1764547200.123", "x"]


def texts(words, chunks=3):
    """The words in several arrays, of which the second is a slice and the last is read by index."""
    cut = [len(words) * i // chunks for i in range(chunks + 1)]
    parts = []
    for i, (low, high) in enumerate(zip(cut, cut[1:], strict=False)):
        array = pa.array(["before", *words[low:high], "behind"], pa.large_string())
        if i == 1:
            parts.append((array.slice(1, high - low), slice(None)))
        elif i == 2:
            parts.append((array, np.arange(1, high - low + 1)))
        else:
            parts.append((pa.array(words[low:high], pa.large_string()), slice(None)))
    return Texts(parts)


def right(rows, columns):
    """Stable, last column first; missing values last whichever way the column runs."""
    for values, missing, falling in reversed(columns):
        known = [row for row in rows if values[row] != missing]
        known.sort(key=lambda row: values[row], reverse=falling)  # which keeps equal rows in their order, too
        rows = known + [row for row in rows if values[row] == missing]
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_texts_and_numbers_are_ordered_as_python_does(seed):
    dice = random.Random(seed)
    words = [dice.choice(WORDS) for _ in range(400)]
    numbers = [dice.choice((-1, 0, 1, 7, 70_000, 2**40)) for _ in words]
    start = dice.sample(range(len(words)), len(words))
    encoded = [word.encode() for word in words]
    for first in (False, True):
        for second in (False, True):
            order, heads = refine(np.array(start), [(texts(words), first), (Numbers(np.array(numbers)), second)])
            expected = right(list(start), [(encoded, b"", first), (numbers, -1, second)])
            assert order.tolist() == expected
            pairs = [(words[i], numbers[i]) for i in order]
            assert heads.tolist() == [i == 0 or pairs[i] != pairs[i - 1] for i in range(len(pairs))]
            order, _ = refine(np.array(start), [(Numbers(np.array(numbers)), first), (texts(words), second)])
            assert order.tolist() == right(list(start), [(numbers, -1, first), (encoded, b"", second)])


NUMBERS = [lambda dice: f"{dice.choice(('', '+57', '57'))}300{dice.randrange(400):07}",
           lambda dice: f"17645{dice.randrange(300):05}.{dice.randrange(30)}",
           lambda dice: dice.choice(["", "/", "+", "9" * 16, "9" * 15 + "8", "0", "00", ".", "-1", "9" * 8]),
           lambda dice: f"{dice.choice('*#a+')}{dice.randrange(99)}"]


@pytest.mark.parametrize("make", NUMBERS)
@pytest.mark.parametrize("falling", [False, True])
def test_numbers_and_callids_are_ordered_as_texts(make, falling):
    dice = random.Random(9)
    words = [make(dice) for _ in range(3000)]
    start = dice.sample(range(len(words)), len(words))
    few = [dice.choice((-1, 5, 6)) for _ in words]
    encoded = [word.encode() for word in words]
    order, heads = refine(np.array(start), [(texts(words), falling)])
    assert order.tolist() == right(list(start), [(encoded, b"", falling)])
    assert heads.tolist() == [i == 0 or words[order[i]] != words[order[i - 1]] for i in range(len(words))]
    order, _ = refine(np.array(start), [(Numbers(np.array(few)), True), (texts(words), falling)])
    assert order.tolist() == right(list(start), [(few, -1, True), (encoded, b"", falling)])


def test_the_widest_numbers_are_ordered_too():
    dice = random.Random(4)
    values = [dice.choice((-2**62, -1, 0, 2**62, 7)) for _ in range(500)]
    for falling in (False, True):
        order, _ = refine(np.arange(500), [(Numbers(np.array(values)), falling)])
        assert order.tolist() == right(list(range(500)), [(values, -1, falling)])


def test_ties_keep_the_order_they_had_and_nothing_is_an_order_too():
    order, heads = refine(np.array([3, 1, 2, 0]), [(texts(["same"] * 4), True)])
    assert order.tolist() == [3, 1, 2, 0]
    assert heads.tolist() == [True, False, False, False]
    order, heads = refine(np.empty(0, dtype=np.int64), [(texts([]), False), (Numbers(np.empty(0, np.int32)), True)])
    assert (len(order), len(heads)) == (0, 0)


def test_a_text_without_end_does_not_make_sorting_endless():
    words = ["y" * 100_000 + "b", "y" * 100_000 + "a", "x"]
    order, _ = refine(np.arange(3), [(texts(words), False)])
    assert order[0] == 2
    assert texts(words).levels == 8


@pytest.mark.parametrize("seed", range(5))
def test_no_text_that_comes_twice_escapes(seed):
    dice = random.Random(seed)
    words = [f"{dice.choice(('', 'issabel01-'))}176454{dice.randrange(100)}.{dice.randrange(300)}" for _ in range(3000)]
    twice = {i for i, word in enumerate(words) if words.count(word) > 1}
    assert twice
    for cut in (0, 1, 1500):  # as one array and as two, of which one has only short texts
        parts = [pa.array(part, pa.large_string()) for part in (words[:cut], words[cut:])]
        found = set(doubtful(np.concatenate([marks(part) for part in parts])).tolist())
        assert twice <= found
        assert len(found) < len(words) / 4


def test_a_text_has_the_same_mark_whatever_stands_beside_it():
    words = ["", "a", "12345678", "123456789", "x" * 70]
    together = marks(pa.array(words, pa.large_string()))
    assert [int(marks(pa.array([word], pa.large_string()))[0]) for word in words] == together.tolist()
    assert len(set(together.tolist())) == len(words)
    assert marks(pa.array(["y", *words], pa.large_string()).slice(1)).tolist() == together.tolist()
    assert len(doubtful(marks(pa.array([], pa.large_string())))) == 0


def test_answers_are_remembered_until_they_weigh_too_much():
    made = []

    def make(size):
        made.append(size)
        return "x" * size
    memo = Memo(10, len)
    assert memo("a", lambda: make(4)) == memo("a", lambda: make(4)) == "xxxx"
    memo("b", lambda: make(5))
    memo("a", lambda: make(4))
    memo("c", lambda: make(3))  # b was asked for the longest ago
    assert made == [4, 5, 3]
    memo("b", lambda: make(5))
    assert made == [4, 5, 3, 5]
    assert len(memo("big", lambda: make(50))) == 50
    assert len(memo) == 1
    memo("big", lambda: make(50))
    assert made[-1] == 50
    assert made.count(50) == 1
