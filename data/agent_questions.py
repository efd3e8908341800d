"""What is asked of agents (queue_log.md 4): calls, attempts and time of everybody, of the team, by hour and interval.

Calls and attempts are those of the filters, dated with the leg; time is the union of spans, cut at the borders of the
range and of every interval (data.agent_time). What is not known is missing, never 0: a static member has no login.
"""

from typing import Any

import numpy as np
import pandas as pd

from data import agent_time, calendar, frames, measures, spans
from data.filters import Filters
from data.runs import Rows, between
from data.shifts import Stretch
from data.tally import Tally

CALLS = ("answered", "talk_total", "avg_talk", "p50_talk", "p90_talk", "max_talk", "avg_ring", "transferred",
         "ended_by_agent")
TRIES = ("missed", "noise", "canceled", "dumped")
TIME = ("talk", "login", "pause", "occupancy", "utilization", "availability", "sessions", "pauses")
COLUMNS = ("agent", "name", *CALLS, *TRIES, *TIME, "first_in", "last_out")
SECONDS = ("login", "pause", "talk", "staffed", "talk_paused")
AUTOPAUSE, HOLD = "auto-pause", "hold"  # reasons that are no break: the system's, and Issabel's held call


def by_agent(view: Tally, filters: Filters) -> pd.DataFrame:
    """COLUMNS, one row a person with calls, attempts or time in the range, most answered first; seconds and counts.

    `first_in` and `last_out` are moments of the site; missing for who was connected already, or is so still.
    """
    def make() -> pd.DataFrame:
        people = view.snapshot.persons
        table = pd.DataFrame({**_calls(view, filters, len(people)), **tries(view, filters, len(people))})
        table = pd.concat([table, _time(view, filters, len(people))], axis=1)
        table.insert(0, "agent", people)
        table.insert(1, "name", [view.snapshot.agent_label(name) for name in people])
        there = (table[["answered", *TRIES]].sum(axis=1) > 0) | (table["login"] > 0) | (table["pause"] > 0)
        table = table[there & agent_time.chosen(view, filters)][list(COLUMNS)]
        return table.sort_values(["answered", "name"], ascending=[False, True], ignore_index=True)
    return view.answer("agents", filters, make).copy(deep=False)


def team(view: Tally, filters: Filters) -> dict[str, Any]:
    """The same numbers of everybody together, computed from the sums; `agents` how many answered or were connected,
    `connected` how many of them left a session in the log."""
    table = by_agent(view, filters)
    online = table["login"].notna()
    found: dict[str, Any] = {"agents": len(table), "connected": int(online.sum())}
    for name in ("answered", "talk_total", "transferred", "ended_by_agent", *TRIES, "talk", "pause", "sessions",
                 "pauses"):
        found[name] = int(table[name].sum())
    rows = view.legs(filters)
    talk = rows.number("talk")[_answered(rows)]
    found |= {"avg_talk": _mean(talk), "p50_talk": _percentile(talk, 50), "p90_talk": _percentile(talk, 90),
              "max_talk": int(talk.max()) if len(talk) and talk.max() >= 0 else None,
              "avg_ring": _mean(rows.number("ring")[_answered(rows)])}
    found["aht"] = None if found["avg_talk"] is None else found["avg_talk"] + view.snapshot.site.wrapup
    login, pause, busy = (int(table.loc[online, name].sum()) for name in ("login", "pause", "talk"))
    found["login"] = login if online.any() else None
    found |= {name: measures.plain(value[0]) for name, value in _shares(
        *(np.array([float(n)]) for n in (login, pause, busy, _both(view, filters, table[online]))))}
    found["occupancy_pct"] = found["occupancy"]
    found["pause_pct"] = measures.plain(100.0 * pause / login) if login else None
    return found


def _both(view: Tally, filters: Filters, table: pd.DataFrame) -> int:
    people = np.flatnonzero(np.isin(view.snapshot.persons, table["agent"].tolist()))
    return int(_talked_on_pause(view, filters, len(view.snapshot.persons))[people].sum())


def _mean(values: np.ndarray) -> float | None:
    known = values[values >= 0]
    return float(known.mean()) if len(known) else None


def _percentile(values: np.ndarray, q: float) -> int | None:
    known = values[values >= 0]
    return int(np.percentile(known, q, method="inverted_cdf")) if len(known) else None


def _answered(rows: Rows) -> np.ndarray:
    return (rows.number("outcome") == frames.OUTCOME["answered"]) & (rows.number("agent") >= 0)


def _calls(view: Tally, filters: Filters, people: int) -> dict[str, np.ndarray]:
    """CALLS per person."""
    rows = view.legs(filters)
    mine = np.flatnonzero(_answered(rows))
    of = view.snapshot.agent_spelling.of
    who = of[rows.number("agent")[mine]] if len(mine) else np.empty(0, np.int64)
    talk, ring = rows.number("talk")[mine], rows.number("ring")[mine]

    def count(good: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(who[good], weights=None if weights is None else weights[good], minlength=people)

    talked, rung = talk >= 0, ring >= 0
    total = count(talked, talk).astype(np.int64)
    low, high, most = _quantiles(who[talked], talk[talked], people)
    return {
        "answered": np.bincount(who, minlength=people), "talk_total": total, "avg_talk": _over(total, count(talked)),
        "p50_talk": low, "p90_talk": high, "max_talk": most, "avg_ring": _over(count(rung, ring), count(rung)),
        "transferred": count(rows.number("transfer_kind")[mine] > 0),
        "ended_by_agent": count(rows.number("end_by")[mine] == frames.ENDED["agent"])}


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    whole = np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _quantiles(who: np.ndarray, values: np.ndarray, people: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P50, P90 and the largest value of everybody (NaN without any): values that were really measured."""
    key = np.sort((who.astype(np.int64) << 32) + values)
    first = np.searchsorted(key, np.arange(people + 1, dtype=np.int64) << 32)
    count = np.diff(first)
    found = []
    for share in (0.5, 0.9, 1.0):
        at = np.minimum(first[:-1] + np.maximum(np.ceil(count * share).astype(np.int64) - 1, 0), max(len(key) - 1, 0))
        value = key[at] & 0xFFFFFFFF if len(key) else np.zeros(people)
        found.append(np.where(count > 0, value, np.nan))
    return found[0], found[1], found[2]


def attempts(view: Tally, filters: Filters) -> Rows:
    """Attempts of the range, the agents and the queues of the filters (runs.TRIES); they have no origin."""
    shot, (start, end) = view.snapshot, calendar.bounds(filters, view.zone)
    queues = view.codes(filters)
    agents = shot.agent_spelling.codes(filters.agents) if filters.agents else None

    def keep(run: Any, chosen: Any) -> np.ndarray:
        good = np.isin(run.number("queue")[chosen], queues) & (run.number("agent")[chosen] >= 0)
        return good if agents is None else good & np.isin(run.number("agent")[chosen], agents)
    return between(shot.tries, "ts", start, end).keep(keep)


def tries(view: Tally, filters: Filters, people: int) -> dict[str, np.ndarray]:
    """Rung in vain, per person: `missed` above the noise (L11), `noise` below, `canceled` by the caller, `dumped` by
    the agent."""
    rows, shot = attempts(view, filters), view.snapshot
    who = shot.agent_spelling.of[rows.number("agent")] if len(rows) else np.empty(0, np.int64)
    kind = rows.number("kind")
    missed = measures.missed(kind, rows.number("ring_ms"), shot.site.options)
    return {name: np.bincount(who[good], minlength=people) for name, good in zip(
        TRIES, (missed, (kind == 0) & ~missed, kind == 1, kind == 2), strict=True)}


def _time(view: Tally, filters: Filters, people: int) -> pd.DataFrame:
    """TIME and the first and last moment, per person."""
    online, paused = agent_time.online(view, filters), agent_time.paused(view, filters)
    known = np.bincount(online["who"].to_numpy(np.int64), minlength=people)
    login = np.where(known > 0, agent_time.seconds(online, people), np.nan)
    pause = agent_time.seconds(paused, people)
    busy = agent_time.seconds(agent_time.busy(view, filters), people)
    found: dict[str, Any] = {"talk": busy, "login": login, "pause": pause, **dict(_shares(
        login, pause, busy, _talked_on_pause(view, filters, people)))}
    found["sessions"] = known
    found["pauses"] = np.bincount(paused["who"].to_numpy(np.int64), minlength=people)
    table = pd.DataFrame(found)
    start, end = agent_time.bounds(view, filters)
    still = agent_time.sessions(view, filters)
    table["first_in"] = _moments(view, online.groupby("who")["start"].min(), start, _before(still, start), people)
    table["last_out"] = _moments(view, online.groupby("who")["end"].max(), end, _after(still, end), people)
    return table


def _before(stretch: Stretch, start: int) -> np.ndarray:
    """Persons who were connected before the range began."""
    return np.unique(stretch.who[stretch.start < start])


def _after(stretch: Stretch, end: int) -> np.ndarray:
    """Persons who were still connected when it ended, or are so now."""
    going = (stretch.end > end) | (stretch.shifts.end[stretch.rows] < 0)
    return np.unique(stretch.who[going])


def _moments(view: Tally, found: pd.Series, border: int, unknown: np.ndarray, people: int) -> pd.Series:
    beyond = found.index.isin(unknown) & (found == border)
    seconds = found.mask(beyond).reindex(range(people))
    return pd.to_datetime(seconds, unit="s", utc=True).dt.tz_convert(view.zone)


def _talked_on_pause(view: Tally, filters: Filters, people: int) -> np.ndarray:
    """Seconds of everybody that were both: who goes on pause in the middle of a call talks on."""
    return view.answer("talked_on_pause", filters, lambda: agent_time.seconds(spans.common(
        agent_time.busy(view, filters), agent_time.paused(view, filters)), people))


def _shares(login: np.ndarray, pause: np.ndarray, busy: np.ndarray, both: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Occupancy, utilization and availability (0-100); NaN where nobody knows the login."""
    return [("occupancy", _over(100.0 * busy, np.nan_to_num(login - pause + both))),
            ("utilization", _over(100.0 * busy, np.nan_to_num(login))),
            ("availability", _over(100.0 * (login - pause), np.nan_to_num(login)))]


# -- over time -------------------------------------------------------------------------------------


def time_between(view: Tally, filters: Filters, edges: np.ndarray) -> pd.DataFrame:
    """Seconds of everybody together between each two edges (epoch seconds): `login`, `pause`, `talk`, `talk_paused`
    (both at once) and `staffed` (talk of those who leave sessions); spans are cut at every edge."""
    online, paused, busy = (question(view, filters) for question in (
        agent_time.online, agent_time.paused, agent_time.busy))
    known = online["who"].unique()
    paused, mine = paused[paused["who"].isin(known)], busy["who"].isin(known)
    staffed = busy if mine.all() else busy[mine]
    talk = spans.split(busy, edges)
    return pd.DataFrame({
        "login": spans.split(online, edges), "pause": spans.split(paused, edges), "talk": talk,
        "staffed": talk if staffed is busy else spans.split(staffed, edges),
        "talk_paused": spans.split(spans.common(staffed, paused), edges)})


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """The columns of time_between with what is computed from them; what only serves that is left out."""
    for name, values in _shares(*(table[name].to_numpy(dtype=np.float64) for name in (
            "login", "pause", "staffed", "talk_paused"))):
        table[name] = values
    return table.drop(columns=["staffed", "talk_paused"])


def by_interval(view: Tally, filters: Filters) -> pd.DataFrame:
    """`start` (moment of the site), calls of those who entered in the interval (`answered`, `talk_total`), and time cut
    at its borders (`login`, `pause`, `talk`, `occupancy`, `utilization`, `availability`), every interval."""
    def make() -> pd.DataFrame:
        edges = calendar.intervals(filters, filters.interval, view.zone)
        calls = view.by_interval(filters)[["start", "answered", "talk_total"]]  # type: ignore[attr-defined]
        return pd.concat([calls, shares(time_between(view, filters, edges))], axis=1)
    return view.answer("agent intervals", filters, make).copy(deep=False)


def by_hour(view: Tally, filters: Filters) -> pd.DataFrame:
    """`hour` 0-23 of the local clock, `answered`, `talk_total` and the time of everybody, added up over the days."""
    def make() -> pd.DataFrame:
        edges = calendar.intervals(filters, 60, view.zone)
        hours = calendar.local(edges[:-1], view.zone).hour.to_numpy()
        time = time_between(view, filters, edges).groupby(hours).sum().reindex(range(24), fill_value=0)
        calls = view.by_hour(filters)[["hour", "answered", "talk_total"]]  # type: ignore[attr-defined]
        return pd.concat([calls, shares(time.reset_index(drop=True))], axis=1)
    return view.answer("agent hours", filters, make).copy(deep=False)


def by_day(view: Tally, filters: Filters) -> pd.DataFrame:
    """`date`, `answered`, `talk_total`, `avg_talk`, `aht`, `missed`, `connected` (how many left a session) and the time
    of everybody with its shares and `pause_pct`, every day."""
    def make() -> pd.DataFrame:
        _, edges = calendar.days(filters, view.zone)
        calls = view.by_day(filters)[["date", "answered", "talk_total", "avg_talk", "aht"]]  # type: ignore[attr-defined]
        table = pd.concat([calls, shares(time_between(view, filters, edges))], axis=1)
        table["pause_pct"] = 100.0 - table["availability"]
        rows = attempts(view, filters)
        rung = rows.number("ts")[measures.missed(
            rows.number("kind"), rows.number("ring_ms"), view.snapshot.site.options)]
        table["missed"] = np.histogram(rung, bins=edges)[0]
        table["connected"] = _heads(agent_time.online(view, filters), edges)
        return table
    return view.answer("agent days", filters, make).copy(deep=False)


def _heads(spans: pd.DataFrame, edges: np.ndarray) -> np.ndarray:
    """How many different persons (`who`) have a span between each two edges."""
    who, start, end = (spans[name].to_numpy(dtype=np.int64) for name in ("who", "start", "end"))
    first = np.maximum(np.searchsorted(edges, start, "right") - 1, 0)
    pieces = np.maximum(np.searchsorted(edges[:-1], end, "left") - first, 0)
    slot = np.repeat(first, pieces) + np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    there = np.unique(np.repeat(who, pieces) * len(edges) + slot)
    return np.bincount(there % len(edges), minlength=len(edges))[:len(edges) - 1]


def pause_reasons(view: Tally, filters: Filters) -> pd.DataFrame:
    """`agent`, `name`, `reason` ("" where none was given), `kind` (break, system or hold), `count`, `seconds`,
    `longest`; a reason in several queues at once is one pause."""
    def make() -> pd.DataFrame:
        shot = view.snapshot
        frame = agent_time.pauses(view, filters)
        table = frame.spans(*agent_time.bounds(view, filters))
        of = frame.shifts
        table["who"] = table["who"] * len(of.reasons) + of.reason[frame.rows]
        table = spans.union(table)
        seconds = (table["end"] - table["start"]).groupby(table["who"].to_numpy(dtype=np.int64)).agg(
            ["size", "sum", "max"])
        who, reason = np.divmod(seconds.index.to_numpy(), max(len(of.reasons), 1))
        words = [of.reasons[code] for code in reason]
        found = pd.DataFrame({
            "agent": [shot.persons[n] for n in who], "reason": words, "kind": [reason_kind(word) for word in words],
            "count": seconds["size"].to_numpy(), "seconds": seconds["sum"].to_numpy(),
            "longest": seconds["max"].to_numpy()})
        found.insert(1, "name", [shot.agent_label(name) for name in found["agent"]])
        return found.sort_values(["seconds", "agent"], ascending=[False, True], ignore_index=True)
    return view.answer("pause reasons", filters, make).copy(deep=False)


def reasons(pauses: pd.DataFrame) -> pd.DataFrame:
    """pause_reasons added up over agents: `reason`, `kind`, `agents`, `count`, `seconds`, `longest`, most seconds
    first."""
    found = pauses.groupby(["reason", "kind"], as_index=False).agg(
        agents=("agent", "nunique"), count=("count", "sum"), seconds=("seconds", "sum"), longest=("longest", "max"))
    return found.sort_values(["seconds", "reason"], ascending=[False, True], ignore_index=True)


def reason_kind(reason: str) -> str:
    """A break of the agent's own, a pause by the system, or a held call."""
    return {AUTOPAUSE: "system", HOLD: "hold"}.get(reason.casefold(), "break")
