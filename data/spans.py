"""Spans of time: unions, clips and overlaps, so that nobody is counted twice in the same second (rule S6)."""

import numpy as np
import pandas as pd

SPAN = ["who", "start", "end"]


def union(spans: pd.DataFrame) -> pd.DataFrame:
    """Merged spans per `who` (`start`, `end` epoch seconds, int64), ordered; empty ones are dropped."""
    start, end = spans["start"].to_numpy(), spans["end"].to_numpy()
    keep = end > start
    codes, names = pd.factorize(spans["who"], sort=True)
    codes, who = codes.astype(np.int64), np.asarray(names)
    if not keep.all():
        codes, start, end = codes[keep], start[keep], end[keep]
    if not len(start):
        return spans.iloc[:0][SPAN].reset_index(drop=True)
    base = int(start.min())
    step = int(end.max()) - base + 2  # every agent on a stretch of time of his own, so that one sweep serves all
    low = codes * step + (start - base)
    order = _order(codes, low, len(who))
    code, low = codes[order], low[order]
    reach = np.maximum.accumulate(code * step + (end[order] - base))
    first = np.flatnonzero(np.append(True, (low[1:] > reach[:-1])))
    last = np.append(first[1:], len(low)) - 1
    code = code[first]
    return _frame(who[code], low[first] - code * step + base, reach[last] - code * step + base)


def _frame(who: np.ndarray, start: np.ndarray, end: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"who": who, "start": start, "end": end}, copy=False)


def _order(codes: np.ndarray, low: np.ndarray, people: int) -> np.ndarray:
    """The order of `low`, in which each agent's spans follow one another. What comes in the order of time is only
    divided by agent, which costs a fraction of sorting."""
    if people >= 1 << 16:
        return np.argsort(low, kind="stable")
    order = np.argsort(codes.astype(np.uint16), kind="stable")
    sorted_ = low[order]
    return order if (sorted_[1:] >= sorted_[:-1]).all() else order[np.argsort(sorted_, kind="stable")]


def clip(spans: pd.DataFrame, start: int, end: int) -> pd.DataFrame:
    """The parts of the spans inside [start, end)."""
    inside = spans[(spans["end"] > start) & (spans["start"] < end)]
    return inside.assign(start=inside["start"].clip(lower=start), end=inside["end"].clip(upper=end))


def length(spans: pd.DataFrame) -> pd.Series:
    """Seconds per `who`."""
    return (spans["end"] - spans["start"]).groupby(spans["who"]).sum()


def overlap(one: pd.DataFrame, other: pd.DataFrame) -> pd.Series:
    """Seconds per `who` in which both unions hold: |A| + |B| - |A or B|."""
    both = length(union(pd.concat([one, other])))
    a, b = length(one), length(other)
    return a.add(b, fill_value=0).sub(both, fill_value=0).reindex(both.index, fill_value=0)
