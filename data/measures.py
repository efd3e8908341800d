"""What is counted of a leg (queue_log.md 4.2, rules M), in plain arrays: the one place where a metric is defined.

Counts are legs, dated at ENTERQUEUE. Percentages are 0-100; a value without a denominator is missing (NaN), never
0; rates of a sum are computed from the sums, never averaged.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from data import frames
from data.rules import Options

ANONYMOUS = frozenset({"", "anonymous", "unknown", "private", "restricted", "unavailable", "withheld", "asterisk",
                       "anonimo", "anónimo", "desconocido", "privado", "<unknown>", "s"})
LOST_WORDS = ("abandoned", "timeout", "exit_empty")
LOST = tuple(frames.OUTCOME[name] for name in LOST_WORDS)
SUMS = ("offered", *frames.OUTCOMES, "short_abandoned", "transferred", "in_sl", "waits", "wait_sum", "asa_count",
        "asa_sum", "talks", "talk_total")
LARGEST = ("longest_wait", "max_talk")
RATES = ("sl_pct", "abandon_pct", "answer_pct", "asa", "avg_wait_all", "avg_talk", "aht")
TOTALS = ("offered", *frames.OUTCOMES, "short_abandoned", "transferred", "sl_pct", "abandon_pct", "answer_pct", "asa",
          "avg_wait_all", "longest_wait", "avg_talk", "max_talk", "talk_total", "aht")
NEEDED = frozenset({"enter", "outcome", "wait", "talk", "connect", "transfer_kind", "caller"})  # of a leg, for totals

Arrays = dict[str, np.ndarray]


def indicators(outcome: np.ndarray, wait: np.ndarray, talk: np.ndarray, transfer: np.ndarray,
               threshold: np.ndarray | int, options: Options) -> Arrays:
    """What each leg adds to every sum (SUMS, int64 or bool) and its own extremes (LARGEST, -1 where none)."""
    wait, talk = wait.astype(np.int64), talk.astype(np.int64)
    named = {name: outcome == code for name, code in frames.OUTCOME.items()}
    answered = named["answered"]
    waited = (wait >= 0) & ~(named["in_progress"] | named["interrupted"] | named["unknown"])
    talked, held = answered & (talk >= 0), answered & (wait >= 0)
    short = named["abandoned"] & (wait >= 0) & (wait <= options.short_abandon) & (options.short_abandon > 0)
    return {
        "offered": np.ones(len(outcome), dtype=np.int64), **named, "short_abandoned": short,
        "transferred": answered & (transfer > 0), "in_sl": held & (wait <= threshold),
        "waits": waited, "wait_sum": np.where(waited, wait, 0), "asa_count": held,
        "asa_sum": np.where(held, wait, 0), "talks": talked, "talk_total": np.where(talked, talk, 0),
        "longest_wait": np.where(waited, wait, -1), "max_talk": np.where(talked, talk, -1)}


def add_up(legs: Arrays) -> Arrays:
    """Sums and extremes over all legs, arrays of one element."""
    found = {name: np.array([legs[name].sum()], dtype=np.int64) for name in SUMS}
    return found | {name: np.array([legs[name].max() if len(legs[name]) else -1]) for name in LARGEST}


def rates(sums: Mapping[str, np.ndarray], wrapup: int = 0) -> Arrays:
    """Everything that is computed from sums: RATES, and LARGEST with NaN for none. float64."""
    lost = sums["abandoned"] - sums["short_abandoned"]
    served = sums["answered"] + lost + sums["timeout"] + sums["exit_empty"]
    found = {
        "sl_pct": _share(100.0 * sums["in_sl"], served),
        "abandon_pct": _share(100.0 * lost, sums["offered"] - sums["short_abandoned"] - sums["in_progress"]),
        "answer_pct": _share(100.0 * sums["answered"], sums["offered"] - sums["in_progress"]),
        "asa": _share(sums["asa_sum"], sums["asa_count"]),
        "avg_wait_all": _share(sums["wait_sum"], sums["waits"]),
        "avg_talk": _share(sums["talk_total"], sums["talks"])}
    found["aht"] = found["avg_talk"] + wrapup
    return found | {name: np.where(sums[name] >= 0, sums[name], np.nan) for name in LARGEST}


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    whole = np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def totals(legs: pa.Table, options: Options, threshold: np.ndarray | int | None = None, wrapup: int = 0,
           later: pa.Table | None = None) -> dict[str, float | int | None]:
    """Every total of contract 5.2 and the API's additions for these legs (columns NEEDED).

    `threshold` is the service level of each leg (default: the general one); `later` may bring legs beyond the range
    in which a lost caller may have been answered.
    """
    outcome, wait = legs.column("outcome").to_numpy(), legs.column("wait").to_numpy()
    level = options.sl_threshold if threshold is None else threshold
    sums = add_up(indicators(outcome, wait, legs.column("talk").to_numpy(), legs.column("transfer_kind").to_numpy(),
                             level, options))
    computed = {**sums, **rates(sums, wrapup)}
    found = {name: plain(computed[name][0]) for name in TOTALS}
    held = wait[(outcome == 0) & (wait >= 0)]
    for name, q in (("p50_wait", 50), ("p90_wait", 90)):
        found[name] = int(np.percentile(held, q, method="inverted_cdf")) if len(held) else None
    return found | recovery(legs, options, legs if later is None else later)


def plain(value: Any) -> float | int | None:
    """A number for JSON: whole ones as int, missing as None, others to two decimals."""
    if value is None or value != value:
        return None
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else round(number, 2)


def recovery(legs: pa.Table, options: Options, later: pa.Table) -> dict[str, float | int | None]:
    """`recovered`: lost legs whose number was answered later within the window; `lost_unrecovered`: callers still to
    be called back (a number once, an anonymous call each)."""
    lost = np.isin(legs.column("outcome").to_numpy(), LOST)
    if not lost.any():
        return {"recovered": 0, "lost_unrecovered": 0}
    connect = later.column("connect").to_numpy()
    good = (later.column("outcome").to_numpy() == frames.OUTCOME["answered"]) & (connect >= 0)
    callers = pa.chunked_array([*legs.column("caller").filter(pa.array(lost)).chunks,
                                *later.column("caller").filter(pa.array(good)).chunks], pa.large_string())
    encoded = callers.combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    anonymous = np.array([name.casefold() in ANONYMOUS for name in encoded.dictionary.to_pylist()])
    mine, moment = codes[:int(lost.sum())], legs.column("enter").to_numpy()[lost]
    served = np.sort((codes[len(mine):] << 34) + connect[good])
    low = np.searchsorted(served, (mine << 34) + moment)
    high = np.searchsorted(served, (mine << 34) + moment + options.recall_window, side="right")
    nobody = anonymous[mine]
    found = (high > low) & ~nobody
    return {"recovered": int(found.sum()),
            "lost_unrecovered": len(np.unique(mine[~found & ~nobody])) + int(nobody.sum())}


def missed(kind: np.ndarray, ring_ms: np.ndarray, options: Options) -> np.ndarray:
    """bool per attempt: rang in vain above the noise (queue_log.md L11), or nobody knows how long."""
    return (kind == 0) & ((ring_ms < 0) | (ring_ms > options.rna_noise_ms))
