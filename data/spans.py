"""Spans of time: unions, clips and overlaps, so that nobody is counted twice in the same second (rule S6)."""

import numpy as np
import pandas as pd

SPAN = ["who", "start", "end"]


def union(spans: pd.DataFrame) -> pd.DataFrame:
    """Merged spans per `who` (`start`, `end` epoch seconds, int64), ordered; empty ones are dropped."""
    spans = spans.loc[spans["end"] > spans["start"], SPAN]
    if spans.empty:
        return spans.reset_index(drop=True)
    codes, who = pd.factorize(spans["who"], sort=True)
    start, end = spans["start"].to_numpy(), spans["end"].to_numpy()
    base = int(start.min())
    step = int(end.max()) - base + 2  # every agent on a stretch of time of his own, so that one sweep serves all
    low = codes * step + (start - base)
    order = np.argsort(low, kind="stable")
    code, start, end, low = codes[order], start[order], end[order], low[order]
    high = code * step + (end - base)
    reach = np.maximum.accumulate(high)
    fresh = np.append(True, (low[1:] > reach[:-1]))
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(low)) - 1
    return pd.DataFrame({"who": who[code[first]], "start": start[first], "end": reach[last] - code[last] * step + base})


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
    """The spans in which two unions both hold."""
    both = pd.concat([one[SPAN], other[SPAN]], ignore_index=True)
    if both.empty:
        return both
    codes, who = pd.factorize(both["who"], sort=True)
    start, end = both["start"].to_numpy(), both["end"].to_numpy()
    base = int(start.min())
    step = int(end.max()) - base + 2
    place = np.concatenate([codes * step + (start - base), codes * step + (end - base)])
    change = np.repeat([1, -1], len(both))
    order = np.lexsort((change, place))  # what ends at a second ends before another begins
    inside = np.flatnonzero(np.cumsum(change[order]) == 2)
    low, high = place[order[inside]], place[order[inside + 1]]
    code = low // step
    return pd.DataFrame({"who": who[code], "start": low - code * step + base, "end": high - code * step + base})


def total(spans: pd.DataFrame) -> int:
    """Seconds of all together."""
    return int((spans["end"] - spans["start"]).sum())


def split(spans: pd.DataFrame, edges: np.ndarray) -> np.ndarray:
    """int64, one less than `edges` (ascending epoch seconds): the seconds that lie between each two edges, a span that
    crosses an edge being cut there. They add up to the seconds between the first and the last edge."""
    start, end = np.sort(spans["start"].to_numpy()), np.sort(spans["end"].to_numpy())
    return np.diff(_elapsed(start, edges) - _elapsed(end, edges))


def _elapsed(moments: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """At each edge, the seconds that have passed since all the moments before it, added up. `moments` ascend."""
    count = np.searchsorted(moments, edges)
    sums = np.append(0, np.cumsum(moments.astype(np.int64)))
    return count * edges.astype(np.int64) - sums[count]
