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
    order = np.lexsort((spans["start"].to_numpy(), codes))
    code, start, end = codes[order], spans["start"].to_numpy()[order], spans["end"].to_numpy()[order]
    base = int(min(start.min(), 0))
    step = int(end.max()) - base + 2  # every agent on a stretch of time of his own, so that one sweep serves all
    low, high = code * step + (start - base), code * step + (end - base)
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
