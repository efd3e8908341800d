"""Numbers read one by one are those that are read all at once."""

import random

import numpy as np

from data.decimals import BLANKS, FEW, MOST, digits

KNOWN = [(b"0", 0), (b"7", 7), (b"0012", 12), (b"1771078693", 1771078693), (b" 42", 42), (b"42 ", 42), (b"  42  ", 42),
         (b" " * BLANKS + b"5" + b" " * BLANKS, 5), (b" " * (BLANKS + 1) + b"5", None),
         (b"5" + b" " * (BLANKS + 1), None),
         (b"9" * MOST, int("9" * MOST)), (b"9" * (MOST + 1), None), (b"12345678", 12345678), (b"123456789", 123456789),
         (b"12345678901234567", 12345678901234567), (b"", None), (b" ", None), (b"-1", None), (b"+1", None),
         (b"1_0", None), (b"1.5", None), (b"1\t", None), (b"\x001", None), ("\u0663".encode(), None), (b"1 2", None)]


def read(texts, together):
    """Each text's number, None where it is none."""
    block = np.frombuffer(b"|".join(texts) + b"\n", np.uint8)
    lengths = np.array([len(text) for text in texts])
    ends = np.cumsum(lengths + 1) - 1
    starts = ends - lengths
    if together:
        assert len(texts) > FEW
        value, good = digits(block, starts, ends)
        return [v if g else None for v, g in zip(value.tolist(), good.tolist(), strict=True)]
    found = []
    for start, end in zip(starts, ends, strict=True):
        value, good = digits(block, np.array([start]), np.array([end]))
        assert good[0] or value[0] == 0
        found.append(int(value[0]) if good[0] else None)
    return found


def test_numbers_are_read_and_nothing_else_is():
    texts, numbers = zip(*KNOWN, strict=True)
    assert read(texts, together=False) == list(numbers)
    assert read(texts * FEW, together=True) == list(numbers) * FEW


def test_few_and_many_are_read_alike():
    dice = random.Random(5)
    texts = [bytes(dice.choices(b"0123456789 -x", [9] * 10 + [6, 1, 1], k=dice.randrange(24))) for _ in range(4000)]
    assert read(texts, together=False) == read(texts, together=True)


def test_nothing_is_read_of_nothing():
    none = np.empty(0, dtype=np.int64)
    value, good = digits(np.frombuffer(b"1|2\n", np.uint8), none, none)
    assert (value.dtype, len(value), good.dtype, len(good)) == (np.int64, 0, np.bool_, 0)
