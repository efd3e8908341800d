"""Spans of time: unions, clips and overlaps, so that nobody is counted twice in the same second (rule S6)."""

import numpy as np
import pandas as pd

SPAN = ["who", "start", "end"]


def union(spans: pd.DataFrame) -> pd.DataFrame:
    """Merged spans per `who` (`start`, `end` epoch seconds, int64), ordered; empty ones are dropped."""
    start, end = spans["start"].to_numpy(), spans["end"].to_numpy()
    keep = end > start
    codes, who = _coded(spans["who"])
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


def _coded(who: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of agents from 0 on, int64, and who they are, in order."""
    if who.dtype.kind == "i" and len(who):  # numbers already, and not far apart
        low, high = int(who.min()), int(who.max())
        if high - low < 1 << 16:
            return who.to_numpy(dtype=np.int64) - low, np.arange(low, high + 1)
    codes, names = pd.factorize(who, sort=True)
    return codes.astype(np.int64), np.asarray(names)


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


def common(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The spans in which two unions both hold. Costs as much as the shorter of them has spans."""
    if len(one) < len(other):
        one, other = other, one
    if not len(other):
        return other[SPAN]
    codes, who = _coded(pd.concat([one["who"], other["who"]], ignore_index=True))
    start, end, since, until = (frame[name].to_numpy() for frame in (one, other) for name in ("start", "end"))
    base = int(min(start.min(), since.min()))
    step = int(max(end.max(), until.max())) - base + 2
    here, there = codes[:len(one)] * step - base, codes[len(one):] * step - base
    first = np.searchsorted(here + end, there + since, side="right")
    count = np.maximum(np.searchsorted(here + start, there + until) - first, 0)
    mine = np.repeat(np.arange(len(other)), count)
    theirs = np.arange(len(mine)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    return _frame(who[codes[len(one):][mine]], np.maximum(start[theirs], since[mine]),
                  np.minimum(end[theirs], until[mine]))


def split(spans: pd.DataFrame, edges: np.ndarray) -> np.ndarray:
    """int64, one less than `edges` (ascending epoch seconds): the seconds that lie between each two edges, a span that
    crosses an edge being cut there. They add up to the seconds between the first and the last edge."""
    edges = edges.astype(np.int64)
    return np.diff(_elapsed(spans["start"].to_numpy(), edges) - _elapsed(spans["end"].to_numpy(), edges))


def _elapsed(moments: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """At each edge, the seconds that have passed since all the moments before it, added up."""
    places = np.searchsorted(edges, moments)  # the first edge that is not before the moment
    count = np.bincount(places, minlength=len(edges) + 1)[:-1]
    later = np.bincount(places, weights=moments - edges[0], minlength=len(edges) + 1)[:-1]  # exact below 2**53
    return np.cumsum(count) * (edges - edges[0]) - np.cumsum(later).astype(np.int64)
