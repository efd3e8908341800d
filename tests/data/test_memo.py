"""Answers that are remembered: made once, forgotten when there are too many, and nothing left of those that failed."""

import threading

import pytest

from data.memo import Memo


def test_an_answer_is_made_once_however_many_ask():
    memo, made, gate = Memo(3), [], threading.Barrier(4)

    def make() -> str:
        made.append(1)
        return "answer"

    found: list[str] = []

    def ask() -> None:
        gate.wait()
        found.append(memo("key", make))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["answer"] * 4 and made == [1]


def test_those_nobody_asked_for_the_longest_are_forgotten_by_weight():
    memo = Memo(10, weigh=len)
    for word in ("four", "five", "four"):
        memo(word, lambda word=word: word)
    memo("three", lambda: "three")  # 4 + 4 + 5 is more than 10: "five" goes, "four" was asked for again
    assert len(memo) == 2
    assert memo("four", lambda: "made again") == "four"
    assert memo("five", lambda: "made again") == "made again"


def test_of_one_that_failed_nothing_stays_and_it_is_tried_again():
    memo = Memo(3)
    for number in range(100):
        with pytest.raises(ZeroDivisionError):
            memo(number, lambda: 1 // 0)
    assert len(memo) == len(memo._locks) == 0
    assert memo(7, lambda: "well") == "well"
