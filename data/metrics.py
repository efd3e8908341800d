"""Sums of measures by group, from frames of legs."""

from typing import Any

import numpy as np
import pandas as pd

from data.measures import LARGEST, SUMS, indicators
from data.rules import Options


def sums(legs: pd.DataFrame, options: Options, keys: list[Any]) -> pd.DataFrame:
    """One row a group of `keys` (arrays as long as the legs): the sums of measures.SUMS, int64, which add up over any
    groups, and the extremes of measures.LARGEST (-1 where none). A column `threshold` of the legs is their own
    service level."""
    level = legs["threshold"].to_numpy() if "threshold" in legs else options.sl_threshold
    table = pd.DataFrame(indicators(legs["outcome"].to_numpy(), legs["wait"].to_numpy(), legs["talk"].to_numpy(),
                                    legs["transfer_kind"].to_numpy(), level, options)).astype(np.int64)
    ways: dict[str, Any] = {**dict.fromkeys(SUMS, "sum"), **dict.fromkeys(LARGEST, "max")}
    return table.groupby(keys, observed=True, sort=True).agg(ways)
