"""Answers that are remembered: made once however many ask at the same time, and never more than fit."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class Memo:
    """At most `most` answers, or with `weigh` (what one answer takes) as many as weigh no more than that together; the
    newest is kept whatever it weighs. Those that nobody asked for again the longest are forgotten: questions are
    endless, memory is not."""

    def __init__(self, most: int, weigh: Callable[[Any], int] = lambda answer: 1):
        self.most, self.weigh = most, weigh
        self._answers: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()
        self._held = 0

    def __len__(self) -> int:
        return len(self._answers)

    def __call__(self, key: Hashable, make: Callable[[], Any]) -> Any:
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            with self._guard:
                if key in self._answers:
                    self._answers.move_to_end(key)
                    return self._answers[key][0]
            try:
                made = make()
            except BaseException:
                with self._guard:
                    self._locks.pop(key, None)
                raise
            with self._guard:
                self._answers[key] = made, self.weigh(made)
                self._held += self._answers[key][1]
                while self._held > self.most and len(self._answers) > 1:
                    forgotten, (_, weight) = self._answers.popitem(last=False)
                    self._held -= weight
                    self._locks.pop(forgotten, None)
            return made
