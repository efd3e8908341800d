"""What is asked of agents (queue_log.md 4.2): calls, talk, missed, connected, on pause, occupancy."""

import numpy as np
import pandas as pd

from data import frames, spans
from data.rules import Options

COLUMNS = ("agent", "answered", "talk_total", "avg_talk", "max_talk", "avg_ring", "talk", "missed", "canceled", "noise",
           "dumped", "transferred", "ended_by_agent", "login", "pause", "occupancy", "utilization", "availability",
           "sessions", "first_in", "last_out")


def by_agent(legs: pd.DataFrame, attempts: pd.DataFrame, sessions: pd.DataFrame, pauses: pd.DataFrame,
             start: int, end: int, options: Options, wrapup: int = 0) -> pd.DataFrame:
    """One row an agent (`agent` is the identity, COLUMNS), times in seconds.

    Legs and attempts are those of the range; sessions and pauses are clipped to [start, end). Without any session
    `login` and what is divided by it are missing: static members leave no trace in the log (rule S7).
    """
    calls = _calls(legs)
    tries = _tries(attempts, options)
    talk = spans.union(_talking(legs, wrapup))
    known = sessions[sessions["start"] >= 0]
    online = spans.union(spans.clip(_spans(known, end), start, end))
    login = spans.length(online)
    resting = spans.union(spans.clip(_spans(pauses, end), start, end))
    pause = spans.length(resting)
    within = spans.overlap(resting, online)
    everyone = sorted({*calls.index, *tries.index, *login.index, *pause.index, *sessions["agent"].astype(str)})
    table = pd.DataFrame(index=pd.Index(everyone, name="agent", dtype="str"))
    table = table.join(calls).join(tries)
    counts = ["answered", "talk_total", "transferred", "ended_by_agent", "missed", "canceled", "noise", "dumped"]
    table[counts] = table[counts].fillna(0).astype("int64")
    table["talk"] = spans.length(talk).reindex(table.index).fillna(0)
    table["login"] = login.reindex(table.index)
    rest = within.reindex(table.index).where(table["login"].notna(), pause.reindex(table.index))
    table["pause"] = rest.fillna(0)
    ready = (table["login"] - table["pause"]).where(lambda s: s > 0)
    table["occupancy"] = 100.0 * table["talk"] / ready
    table["utilization"] = 100.0 * table["talk"] / table["login"].where(table["login"] > 0)
    table["availability"] = 100.0 * (table["login"] - table["pause"]) / table["login"].where(table["login"] > 0)
    inside = online.groupby("who")
    table["sessions"] = inside.size().reindex(table.index).fillna(0).astype("int64")
    table["first_in"], table["last_out"] = inside["start"].min().reindex(table.index), \
        inside["end"].max().reindex(table.index)
    return table.reset_index()[list(COLUMNS)]


def _calls(legs: pd.DataFrame) -> pd.DataFrame:
    mine = legs[(legs["outcome"] == frames.OUTCOME["answered"]) & legs["agent"].notna()]
    talk = mine["talk"].where(mine["talk"] >= 0)
    table = pd.DataFrame({
        "agent": mine["agent"].astype("str"), "talk": talk, "ring": mine["ring"].where(mine["ring"] >= 0),
        "moved": mine["transfer_kind"] > 0, "hung": mine["end_by"] == frames.ENDED["agent"]})
    grouped = table.groupby("agent")
    return pd.DataFrame({
        "answered": grouped.size(), "talk_total": grouped["talk"].sum(), "avg_talk": grouped["talk"].mean(),
        "max_talk": grouped["talk"].max(), "avg_ring": grouped["ring"].mean(), "transferred": grouped["moved"].sum(),
        "ended_by_agent": grouped["hung"].sum()})


def _tries(attempts: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Rung in vain: `missed` above the noise (L11), `noise` below, `canceled` by the caller, `dumped` by the agent."""
    rung = attempts["kind"] == "rna"
    noise = rung & (attempts["ring_ms"] <= options.rna_noise_ms) & (attempts["ring_ms"] >= 0)
    table = pd.DataFrame({"agent": attempts["agent"].astype("str"), "missed": rung & ~noise, "noise": noise,
                          "canceled": attempts["kind"] == "canceled", "dumped": attempts["kind"] == "dump"})
    return table.groupby("agent")[["missed", "noise", "canceled", "dumped"]].sum()


def _talking(legs: pd.DataFrame, wrapup: int) -> pd.DataFrame:
    mine = legs[(legs["connect"] >= 0) & (legs["talk"] >= 0) & legs["agent"].notna()]
    begin = mine["connect"].to_numpy()
    return pd.DataFrame({"who": mine["agent"].astype("str").to_numpy(), "start": begin,
                         "end": begin + mine["talk"].to_numpy().astype(np.int64) + wrapup})


def _spans(rows: pd.DataFrame, now: int) -> pd.DataFrame:
    ends = rows["end"].to_numpy()
    return pd.DataFrame({"who": rows["agent"].astype("str").to_numpy(), "start": rows["start"].to_numpy(),
                         "end": np.where(ends < 0, now, ends)})
