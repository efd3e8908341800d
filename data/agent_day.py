"""A day (or any range) of agents second by second: connected, ringing, talking, after the call, on pause; their
sessions, pauses and calls as rows."""

from typing import Any

import numpy as np
import pandas as pd

from data import agent_questions, agent_time, frames
from data.filters import Filters
from data.private import masked
from data.runs import Rows, between
from data.tally import Tally

KINDS = ("connected", "ringing", "missed", "talking", "wrapup", "paused")
COLUMNS = ("agent", "name", "kind", "queue", "reason", "callid", "start", "end")
RECENT = 50  # calls of a list


def timeline(view: Tally, filters: Filters) -> pd.DataFrame:
    """COLUMNS, one row a span within the range (epoch seconds), in order of time: `kind` one of KINDS, `queue` as it is
    shown where it matters, `reason` of pauses, `callid` of calls. Connected and paused are unions over queues."""
    def make() -> pd.DataFrame:
        shot, (start, end) = view.snapshot, agent_time.bounds(view, filters)
        parts = [agent_time.online(view, filters).frame().assign(kind="connected"), _reasons(view, filters),
                 *_calls(view, filters), _missed(view, filters)]
        words = dict.fromkeys(("queue", "reason", "callid"), "")
        table = pd.concat([part.assign(**{n: w for n, w in words.items() if n not in part}) for part in parts
                           if len(part)] or [parts[0].assign(**words)], ignore_index=True)
        table["start"], table["end"] = table["start"].clip(lower=start), table["end"].clip(upper=end)
        table = table[table["end"] > table["start"]].sort_values(["start", "end"], kind="stable", ignore_index=True)
        table.insert(0, "agent", [shot.persons[n] for n in table["who"]])
        table.insert(1, "name", [shot.agent_label(name) for name in table["agent"]])
        return table[list(COLUMNS)]
    return view.answer("timeline", filters, make).copy(deep=False)


def _reasons(view: Tally, filters: Filters) -> pd.DataFrame:
    """Pauses with their reasons, the same one in several queues once."""
    frame = agent_time.pauses(view, filters).frame()
    table = frame.drop_duplicates(["who", "start", "end", "reason"])[["who", "reason", "start", "end"]]
    return table.assign(kind="paused")


def calls(view: Tally, filters: Filters) -> Rows:
    """Answered calls of these agents that touch the range, whatever their origin."""
    shot, (start, end), now = view.snapshot, agent_time.bounds(view, filters), agent_time.now(view)
    queues, mine = view.codes(filters), agent_time.chosen(view, filters)
    agents = np.flatnonzero(mine[shot.agent_spelling.of])

    def keep(run: Any, chosen: Any) -> np.ndarray:
        connect, talk = run.number("connect")[chosen], run.number("talk")[chosen]
        going = run.number("outcome")[chosen] == frames.OUTCOME["in_progress"]
        good = (connect >= 0) & (connect < end) & (np.where(going, now, connect + np.maximum(talk, 0)) > start)
        return good & ((talk >= 0) | going) & np.isin(run.number("agent")[chosen], agents) & np.isin(
            run.number("queue")[chosen], queues)
    return between(shot.legs, "enter", start - agent_time.LOOK_BACK, end).keep(keep)


def _calls(view: Tally, filters: Filters) -> list[pd.DataFrame]:
    rows, shot = calls(view, filters), view.snapshot
    if not len(rows):
        return []
    going = rows.number("outcome") == frames.OUTCOME["in_progress"]
    connect, ring = rows.number("connect"), rows.number("ring")
    end = np.where(going, agent_time.now(view), connect + rows.number("talk"))
    table = pd.DataFrame({
        "who": shot.agent_spelling.of[rows.number("agent")], "queue": _queues(view, rows.number("queue")),
        "callid": rows.text("callid").to_pylist(), "start": connect.astype(np.int64), "end": end.astype(np.int64)})
    rung = ring > 0
    ringing = table.assign(kind="ringing", start=table["start"] - np.maximum(ring, 0), end=table["start"])[rung]
    after = table.assign(kind="wrapup", start=table["end"], end=table["end"] + shot.site.wrapup)[~going]
    return [ringing, table.assign(kind="talking"), *([after] if shot.site.wrapup else [])]


def _queues(view: Tally, codes: np.ndarray) -> list[str]:
    spelled, site = view.snapshot.queue_spelling, view.snapshot.site
    shown = [site.queue_label(name) for name in spelled.names]
    return [shown[n] for n in spelled.of[codes]]


def _missed(view: Tally, filters: Filters) -> pd.DataFrame:
    """Rung in vain, from the first ring to the last."""
    rows, shot = agent_questions.attempts(view, filters), view.snapshot
    ms, ts = rows.number("ring_ms"), rows.number("ts")
    good = np.flatnonzero((rows.number("kind") == 0) & (ms > shot.site.options.rna_noise_ms))
    texts = rows.text("callid").take(good).to_pylist() if len(good) else []
    return pd.DataFrame({
        "who": shot.agent_spelling.of[rows.number("agent")[good]] if len(good) else np.empty(0, np.int64),
        "kind": "missed", "queue": _queues(view, rows.number("queue")[good]) if len(good) else [], "callid": texts,
        "start": (ts[good] - ms[good] // 1000).astype(np.int64), "end": ts[good].astype(np.int64)})


# -- rows ------------------------------------------------------------------------------------------


def spans(view: Tally, filters: Filters, kind: str) -> pd.DataFrame:
    """Sessions or pauses (`kind`) that touch the range, in full: `agent`, `name`, `queue` (as it is shown; "" for all
    of them), `start`, `end` (moments of the site; missing while it goes on), `seconds` inside the range, `reason`,
    `closed_by`."""
    shot, (start, end) = view.snapshot, agent_time.bounds(view, filters)
    stretch = (agent_time.sessions if kind == "sessions" else agent_time.pauses)(view, filters)
    table = stretch.frame()
    found = pd.DataFrame({
        "agent": [shot.persons[n] for n in table["who"]], "name": "",
        "queue": [shot.site.queue_label(q) if q not in ("", "*") else "" for q in table["queue"]],
        "start": moments(view, table["start"]), "end": moments(view, table["end"].where(table["over"])),
        "seconds": table["end"].clip(upper=end) - table["start"].clip(lower=start), "reason": table["reason"],
        "closed_by": table["closed_by"]})
    found["name"] = [shot.agent_label(name) for name in found["agent"]]
    return found


def moments(view: Tally, seconds: pd.Series) -> pd.Series:
    """Epoch seconds as moments of the site; missing stays missing."""
    return pd.to_datetime(seconds, unit="s", utc=True).dt.tz_convert(view.zone)


def last_calls(view: Any, filters: Filters, most: int = RECENT) -> pd.DataFrame:
    """The newest answered calls of the filters: `enter` (moment), `callid`, `queue`, `caller` (masked for who may not
    see numbers), `wait`, `talk`, `end_by`, `transferred`; missing where the log does not say."""
    rows = view.legs(filters).keep(lambda run, chosen: run.number("outcome")[chosen] == frames.OUTCOME["answered"])
    table = rows.frame(("enter", "callid", "queue", "caller", "wait", "talk", "end_by", "transfer_kind"))
    table = table.sort_values("enter", ascending=False, kind="stable").head(most).reset_index(drop=True)
    numbers = table[["wait", "talk"]].where(table[["wait", "talk"]] >= 0)
    return pd.DataFrame({
        "enter": moments(view, table["enter"]), "callid": table["callid"],
        "queue": _queues(view, table["queue"].to_numpy(np.int64)) if len(table) else [],
        "caller": table["caller"] if view.numbers else table["caller"].map(masked),
        "wait": numbers["wait"], "talk": numbers["talk"], "end_by": [frames.END_BY[n] for n in table["end_by"]],
        "transferred": table["transfer_kind"] > 0})
