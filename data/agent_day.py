"""A day (or any range) of agents second by second: connected, ringing, talking, after the call, on pause; their
sessions, pauses and calls as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data import agent_questions, agent_time, frames
from data.filters import Filters
from data.private import masked
from data.runs import Rows, between
from data.tally import Tally

KINDS = ("connected", "ringing", "missed", "talking", "wrapup", "paused")
COLUMNS = ("agent", "name", "kind", "queue", "reason", "callid", "start", "end")
RECENT = 50  # calls of a list


@dataclass
class Part:
    """Spans of one kind: parallel arrays of persons, `start` and `end` (epoch seconds), numbers of words (0 is "") and
    callids."""

    kind: str
    who: np.ndarray
    start: np.ndarray
    end: np.ndarray
    queue: np.ndarray | None = None
    reason: np.ndarray | None = None
    callid: pa.ChunkedArray | None = None


def timeline(view: Tally, filters: Filters) -> pd.DataFrame:
    """COLUMNS, one row a span within the range (epoch seconds), in order of time: `kind` one of KINDS, `queue` as it is
    shown where it matters, `reason` of pauses, `callid` of calls. Connected and paused are unions over queues. Words
    are categories: there are few of them, and many rows."""
    def make() -> pd.DataFrame:
        shot, (start, end) = view.snapshot, agent_time.bounds(view, filters)
        online = agent_time.online(view, filters)
        parts = [Part("connected", online.who, online.start, online.end), _reasons(view, filters),
                 *_calls(view, filters), _missed(view, filters)]

        def whole(name: str, of: list[Part] = parts) -> np.ndarray:
            return np.concatenate([np.zeros(len(part.who), np.int64) if (column := getattr(part, name)) is None
                                   else column for part in of])
        low, high = np.maximum(whole("start"), start), np.minimum(whole("end"), end)
        order = np.lexsort((high, low))
        order = order[high[order] > low[order]]
        who = whole("who")[order]
        kind = np.repeat([KINDS.index(part.kind) for part in parts], [len(part.who) for part in parts])[order]
        callids = pa.chunked_array([chunk for part in parts for chunk in (
            [pa.repeat(pa.scalar("", pa.large_string()), len(part.who))] if part.callid is None
            else part.callid.chunks)], pa.large_string())
        return pd.DataFrame({
            "agent": words(shot.persons, who), "name": words([shot.agent_label(name) for name in shot.persons], who),
            "kind": words(KINDS, kind), "queue": words(["", *queue_labels(view)], whole("queue")[order]),
            "reason": words(["", *shot.shifts[1].reasons], whole("reason")[order]),
            "callid": callids.take(pa.array(order)).to_pandas(), "start": low[order], "end": high[order]})
    return view.answer("timeline", filters, make).copy(deep=False)


def words(texts: Sequence[str], numbers: np.ndarray) -> pd.Categorical:
    """The texts with these numbers; equal ones are one category, unused ones none."""
    used = np.zeros(len(texts), dtype=bool)
    used[numbers] = True
    place: dict[str, int] = {}
    of = np.array([place.setdefault(text, len(place)) if there else -1 for text, there in zip(
        texts, used.tolist(), strict=True)], dtype=np.int64)
    return pd.Categorical.from_codes(of[numbers] if len(numbers) else [], pd.Index(list(place), dtype="str"))


def queue_labels(view: Tally) -> list[str]:
    """Every queue of the snapshot as it is shown."""
    return [view.snapshot.site.queue_label(name) for name in view.snapshot.queue_spelling.names]


def _reasons(view: Tally, filters: Filters) -> Part:
    """Pauses with their reasons, the same one in several queues once."""
    stretch = agent_time.pauses(view, filters)
    of = stretch.shifts
    queue = np.argsort(np.argsort(of.queues, kind="stable"), kind="stable")[of.queue[stretch.rows]] if len(
        stretch.rows) else stretch.rows
    order = np.lexsort((queue, stretch.end, stretch.start))
    table = pd.DataFrame({"who": stretch.who, "start": stretch.start, "end": stretch.end,
                          "reason": of.reason[stretch.rows].astype(np.int64) + 1}).iloc[order].drop_duplicates()
    who, low, high, reason = (table[name].to_numpy() for name in ("who", "start", "end", "reason"))
    return Part("paused", who, low, high, None, reason)


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


def _calls(view: Tally, filters: Filters) -> list[Part]:
    rows, shot = calls(view, filters), view.snapshot
    if not len(rows):
        return []
    going = rows.number("outcome") == frames.OUTCOME["in_progress"]
    connect, ring, callid = rows.number("connect").astype(np.int64), rows.number("ring"), rows.text("callid")
    end = np.where(going, agent_time.now(view), connect + rows.number("talk"))
    who = shot.agent_spelling.of[rows.number("agent")]
    queue = shot.queue_spelling.of[rows.number("queue")] + 1

    def part(kind: str, good: np.ndarray, start: np.ndarray, end: np.ndarray) -> Part:
        mine = np.flatnonzero(good)
        return Part(kind, who[mine], start[mine], end[mine], queue[mine], None, callid.take(pa.array(mine)))
    found = [part("ringing", ring > 0, connect - np.maximum(ring, 0), connect),
             Part("talking", who, connect, end, queue, None, callid)]
    return [*found, part("wrapup", ~going, end, end + shot.site.wrapup)] if shot.site.wrapup else found


def _queues(view: Tally, codes: np.ndarray) -> list[str]:
    shown, of = queue_labels(view), view.snapshot.queue_spelling.of
    return [shown[n] for n in of[codes]]


def _missed(view: Tally, filters: Filters) -> Part:
    """Rung in vain, from the first ring to the last."""
    rows, shot = agent_questions.attempts(view, filters), view.snapshot
    ms, ts = rows.number("ring_ms"), rows.number("ts")
    good = np.flatnonzero((rows.number("kind") == 0) & (ms > shot.site.options.rna_noise_ms))
    if not len(good):
        return Part("missed", good, good, good)
    return Part("missed", shot.agent_spelling.of[rows.number("agent")[good]],
                (ts[good] - ms[good] // 1000).astype(np.int64), ts[good].astype(np.int64),
                shot.queue_spelling.of[rows.number("queue")[good]] + 1, None,
                rows.text("callid").take(pa.array(good)))


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
