"""Every question, a function from legs to an answer (queue_log.md 4.2, rules M).

Counts are legs, dated at ENTERQUEUE. Percentages are 0-100; a value without a denominator is missing, never 0;
rates of a sum are computed from the sums, never averaged.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from data import frames
from data.rules import Options

ANONYMOUS = frozenset({"", "anonymous", "unknown", "private", "restricted", "unavailable", "withheld", "asterisk",
                       "anonimo", "anónimo", "desconocido", "privado", "<unknown>", "s"})
LOST = ("abandoned", "timeout", "exit_empty")
SERVED = ("abandoned", "timeout", "exit_empty")  # with the answered, the denominator of the service level
SUMS = ("offered", *frames.OUTCOMES, "short_abandoned", "transferred", "in_sl", "waits", "wait_sum", "asa_sum",
        "asa_count", "talks", "talk_total")
NEEDED = ["enter", "outcome", "wait", "talk", "connect", "transfer_kind", "caller"]  # columns of legs that totals read
TOTALS = ("offered", *frames.OUTCOMES, "short_abandoned", "transferred", "sl_pct", "abandon_pct", "answer_pct", "asa",
          "avg_wait_all", "longest_wait", "avg_talk", "max_talk", "talk_total", "aht")


def sums(legs: pd.DataFrame, options: Options, keys: list[Any] | None = None) -> pd.DataFrame:
    """One row a group (one row in all without keys): the counts and sums of SUMS, int64, that add up over any groups,
    and the maxima `longest_wait`, `max_talk` (-1 where none)."""
    outcome = legs["outcome"].to_numpy()
    wait, talk = legs["wait"].to_numpy().astype(np.int64), legs["talk"].to_numpy().astype(np.int64)
    named = {name: outcome == code for name, code in frames.OUTCOME.items()}
    answered = named["answered"]
    waited = (wait >= 0) & ~(named["in_progress"] | named["interrupted"] | named["unknown"])
    talked = answered & (talk >= 0)
    held = answered & (wait >= 0)
    columns: dict[str, np.ndarray] = {"offered": np.ones(len(legs), dtype=np.int64), **named}
    columns["short_abandoned"] = named["abandoned"] & (wait >= 0) & (wait <= options.short_abandon) \
        & (options.short_abandon > 0)
    columns["transferred"] = answered & (legs["transfer_kind"].to_numpy() > 0)
    columns["in_sl"] = held & (wait <= threshold(legs, options))
    columns["waits"], columns["wait_sum"] = waited, np.where(waited, wait, 0)
    columns["asa_count"], columns["asa_sum"] = held, np.where(held, wait, 0)
    columns["talks"], columns["talk_total"] = talked, np.where(talked, talk, 0)
    table = pd.DataFrame({name: np.asarray(values, dtype=np.int64) for name, values in columns.items()})
    table["longest_wait"] = np.where(waited, wait, -1)
    table["max_talk"] = np.where(talked, talk, -1)
    if keys is None:
        row = table[list(SUMS)].sum()
        row["longest_wait"] = table["longest_wait"].max() if len(table) else -1
        row["max_talk"] = table["max_talk"].max() if len(table) else -1
        return row.to_frame().T.astype(np.int64)
    grouped = table.groupby(keys, observed=True, sort=True)
    return grouped.agg({**dict.fromkeys(SUMS, "sum"), "longest_wait": "max", "max_talk": "max"})


def threshold(legs: pd.DataFrame, options: Options) -> np.ndarray | int:
    """Seconds of the service level of each leg: its queue's own, or the general one."""
    return legs["threshold"].to_numpy() if "threshold" in legs else options.sl_threshold


def rates(table: pd.DataFrame, wrapup: int = 0) -> pd.DataFrame:
    """Sums with the metrics computed from them (TOTALS); missing where there is no denominator."""
    out = table.copy()
    effective = table["abandoned"] - table["short_abandoned"]
    out["sl_pct"] = _pct(table["in_sl"], table["answered"] + effective + table["timeout"] + table["exit_empty"])
    out["abandon_pct"] = _pct(effective, table["offered"] - table["short_abandoned"] - table["in_progress"])
    out["answer_pct"] = _pct(table["answered"], table["offered"] - table["in_progress"])
    out["asa"] = _mean(table["asa_sum"], table["asa_count"])
    out["avg_wait_all"] = _mean(table["wait_sum"], table["waits"])
    out["avg_talk"] = _mean(table["talk_total"], table["talks"])
    out["aht"] = out["avg_talk"] + wrapup
    for name in ("longest_wait", "max_talk"):
        out[name] = table[name].where(table[name] >= 0).astype("float64")
    return out


def _pct(part: pd.Series, whole: pd.Series) -> pd.Series:
    return (100.0 * part / whole.where(whole > 0)).astype("float64")


def _mean(total: pd.Series, count: pd.Series) -> pd.Series:
    return (total / count.where(count > 0)).astype("float64")


def totals(legs: pd.DataFrame, options: Options, wrapup: int = 0) -> dict[str, float | int | None]:
    """Every total of contract 5.2 and the API's additions, for these legs."""
    row = rates(sums(legs, options), wrapup).iloc[0]
    found: dict[str, float | int | None] = {name: plain(row[name]) for name in TOTALS}
    held = legs["wait"].to_numpy()[(legs["outcome"].to_numpy() == 0) & (legs["wait"].to_numpy() >= 0)]
    for name, q in (("p50_wait", 50), ("p90_wait", 90)):
        found[name] = float(np.percentile(held, q, method="inverted_cdf")) if len(held) else None
    found.update(recovery(legs, options))
    return found


def plain(value: Any) -> float | int | None:
    """A number for JSON: whole ones as int, missing as None, others to two decimals."""
    if value is None or value != value:
        return None
    number = float(value)
    return int(number) if number == int(number) and abs(number) < 2**53 else round(number, 2)


def recovery(legs: pd.DataFrame, options: Options, answered: pd.DataFrame | None = None) -> Mapping[str, int]:
    """`recovered`: lost legs whose number was answered later within the window; `lost_unrecovered`: callers still to
    be called back (a number once, an anonymous call each). `answered` may bring answered legs beyond the range."""
    later = legs if answered is None else answered
    code = legs["outcome"].to_numpy()
    lost = np.isin(code, [frames.OUTCOME[name] for name in LOST])
    if not lost.any():
        return {"recovered": 0, "lost_unrecovered": 0}
    good = (later["outcome"].to_numpy() == frames.OUTCOME["answered"]) & (later["connect"].to_numpy() >= 0)
    caller = np.concatenate([legs["caller"].to_numpy(dtype=object)[lost], later["caller"].to_numpy(dtype=object)[good]])
    codes, callers = pd.factorize(caller)
    anonymous = np.array([str(name).casefold() in ANONYMOUS for name in callers])
    mine, moment = codes[:int(lost.sum())], legs["enter"].to_numpy()[lost]
    served = np.sort((codes[len(mine):] << 34) + later["connect"].to_numpy()[good])
    low = np.searchsorted(served, (mine << 34) + moment)
    high = np.searchsorted(served, (mine << 34) + moment + options.recall_window, side="right")
    nobody = anonymous[mine]
    found = (high > low) & ~nobody
    return {"recovered": int(found.sum()),
            "lost_unrecovered": len(np.unique(mine[~found & ~nobody])) + int(nobody.sum())}
