"""What a spread answers is what the values themselves answer."""

import numpy as np
import pytest

from data import spreads


@pytest.mark.parametrize("seed", range(12))
def test_a_spread_answers_as_its_values_do(seed):
    random = np.random.default_rng(seed)
    count, kinds = seed * 40, 4
    kind = random.integers(0, kinds, count).astype(np.int8)
    values = random.choice([-1, 0, 3, 20, 59, 300, 4095, 4096, 4097, 90_000, 31_536_000], count).astype(np.int32)
    half = count // 2
    parts = [spreads.by_kind(kind[some], values[some], kinds) for some in (slice(0, half), slice(half, None))]
    edges = np.array([0, 2, 20, 4095, 4096, 100_000])
    assert len(parts[0]) == kinds
    for number, (one, other) in enumerate(zip(*parts, strict=True)):
        found, mine = one.plus(other), values[kind == number]
        known = mine[mine >= 0]
        assert len(found) == len(mine) and len(found.known) == len(known)
        assert found.up_to(edges).tolist() == [int((known <= edge).sum()) for edge in edges]
        for percent in (50, 90):
            assert found.quantile(percent) == (int(np.percentile(known, percent, method="inverted_cdf"))
                                               if len(known) else None)
        assert found.mean == known.mean() if len(known) else np.isnan(found.mean)
        assert (found.values.tolist(), found.counts.tolist()) == tuple(
            part.tolist() for part in np.unique(mine, return_counts=True))
