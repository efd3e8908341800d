"""What is asked of agents (queue_log.md 4): calls, attempts and time of everybody, of the team, by hour and interval.

Calls and attempts are those of the filters, dated with the leg; time is the union of spans, cut at the borders of the
range and of every interval (data.agent_time). How busy somebody is, is asked of all queues of that person. What is not
known is missing, never 0: a static member has no login.
"""

from typing import Any

import numpy as np
import pandas as pd

from data import agent_calls, agent_time, calendar, measures, person_spans
from data.agent_calls import over
from data.filters import Filters
from data.person_spans import PersonSpans
from data.runs import Rows, between
from data.shifts import Stretch
from data.tally import Tally

CALLS = ("answered", "talk_total", "avg_talk", "p50_talk", "p90_talk", "max_talk", "avg_ring", "transferred",
         "ended_by_agent")
TRIES = ("missed", "noise", "canceled", "dumped")
TIME = ("talk", "login", "pause", "occupancy", "utilization", "availability", "sessions", "pauses")
COLUMNS = ("agent", "name", *CALLS, *TRIES, *TIME, "first_in", "last_out")
SECONDS = ("login", "pause", "talk", "staff_login", "staff_pause", "staff_busy", "staff_both")
AUTOPAUSE, HOLD = "auto-pause", "hold"  # reasons that are no break: the system's, and Issabel's held call


def by_agent(view: Tally, filters: Filters) -> pd.DataFrame:
    """COLUMNS, one row a person with calls, attempts or time in the range, most answered first; seconds and counts.

    `first_in` and `last_out` are moments of the site; missing for who was connected already, or is so still.
    """
    def make() -> pd.DataFrame:
        people = view.snapshot.persons
        table = pd.DataFrame({**agent_calls.calls(view, filters).by_person(), **tries(view, filters, len(people))})
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
    found |= agent_calls.calls(view, filters).together()
    found["aht"] = None if found["avg_talk"] is None else found["avg_talk"] + view.snapshot.site.wrapup
    login, pause = (int(table.loc[online, name].sum()) for name in ("login", "pause"))
    found["login"] = login if online.any() else None
    people = np.flatnonzero(np.isin(view.snapshot.persons, table["agent"].tolist()))
    sums = [login, pause, *(seconds[people].sum() for seconds in _staff(view, filters))]
    found |= {name: measures.plain(value[0]) for name, value in _shares(*(np.array([float(n)]) for n in sums))}
    found["occupancy_pct"] = found["occupancy"]
    found["pause_pct"] = measures.plain(100.0 * pause / login) if login else None
    return found


def _staff(view: Tally, filters: Filters) -> list[np.ndarray]:
    """Seconds of everybody of whom it is known: connected, on pause, busy, on pause while busy; of the others 0."""
    found, people = agent_time.staff(view, filters), len(view.snapshot.persons)
    return [spans.seconds(people) for spans in (found.online, found.paused, found.busy, found.both)]


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
    known = online.counts(people)
    login = np.where(known > 0, online.seconds(people), np.nan)
    pause, busy = paused.seconds(people), agent_time.busy(view, filters).seconds(people)
    found: dict[str, Any] = {"talk": busy, "login": login, "pause": pause,
                             **dict(_shares(login, pause, *_staff(view, filters)))}
    found["sessions"], found["pauses"] = known, paused.counts(people)
    start, end = agent_time.bounds(view, filters)
    still = agent_time.sessions(view, filters)
    found["first_in"] = _moments(view, online.first(people), start, _before(still, start))
    found["last_out"] = _moments(view, online.last(people), end, _after(still, end))
    return pd.DataFrame(found)


def _before(stretch: Stretch, start: int) -> np.ndarray:
    """Persons who were connected before the range began."""
    return np.unique(stretch.who[stretch.start < start])


def _after(stretch: Stretch, end: int) -> np.ndarray:
    """Persons who were still connected when it ended, or are so now."""
    going = (stretch.end > end) | (stretch.shifts.end[stretch.rows] < 0)
    return np.unique(stretch.who[going])


def _moments(view: Tally, found: np.ndarray, border: int, unknown: np.ndarray) -> pd.Series:
    """Seconds of everybody as moments of the site; missing where one of the `unknown` persons stands at the border."""
    beyond = np.zeros(len(found), dtype=bool)
    beyond[unknown] = True
    seconds = pd.Series(found).mask(beyond & (found == border))
    return pd.to_datetime(seconds, unit="s", utc=True).dt.tz_convert(view.zone)


def staffing(view: Tally, filters: Filters) -> pd.DataFrame:
    """`agent`, `busy`, `ready`: the seconds whose quotient is the occupancy, 0 of whom it is not known."""
    staffed, rested, busy, both = _staff(view, filters)
    return pd.DataFrame({"agent": view.snapshot.persons, "busy": busy, "ready": staffed - rested + both})


def _shares(login: np.ndarray, pause: np.ndarray, staffed: np.ndarray, rested: np.ndarray, busy: np.ndarray,
            both: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Occupancy, utilization and availability (0-100); NaN where nobody knows the login, or not all queues."""
    return [("occupancy", over(100.0 * busy, staffed - rested + both)),
            ("utilization", over(100.0 * busy, staffed)),
            ("availability", over(100.0 * (login - pause), np.nan_to_num(login)))]


# -- over time -------------------------------------------------------------------------------------


def time_between(view: Tally, filters: Filters, edges: np.ndarray) -> pd.DataFrame:
    """Seconds of everybody together between each two edges (epoch seconds): `login`, `pause`, `talk`, and those that
    shares are computed from (agent_time.Staff); spans are cut at every edge."""
    online, paused, busy = (question(view, filters) for question in (
        agent_time.online, agent_time.paused, agent_time.busy))
    staff = agent_time.staff(view, filters)
    return pd.DataFrame({
        "login": online.split(edges), "pause": paused.only(agent_time.present(view, filters)).split(edges),
        "talk": busy.split(edges), "staff_login": staff.online.split(edges), "staff_pause": staff.paused.split(edges),
        "staff_busy": staff.busy.split(edges), "staff_both": staff.both.split(edges)})


def time_of(view: Tally, filters: Filters, minutes: int) -> pd.DataFrame:
    """time_between of the intervals of so many minutes."""
    return view.answer(f"agent time {minutes}", filters, lambda: time_between(
        view, filters, calendar.intervals(filters, minutes, view.zone)))


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """The columns of time_between with what is computed from them; what only serves that is left out."""
    numbers = {name: table[name].to_numpy(dtype=np.float64) for name in SECONDS if name != "talk"}
    for name, values in _shares(*numbers.values()):
        table[name] = values
    return table.drop(columns=[name for name in SECONDS if name.startswith("staff_")])


def by_interval(view: Tally, filters: Filters) -> pd.DataFrame:
    """`start` (moment of the site), calls of those who entered in the interval (`answered`, `talk_total`), and time cut
    at its borders (`login`, `pause`, `talk`, `occupancy`, `utilization`, `availability`), every interval."""
    def make() -> pd.DataFrame:
        calls = view.by_interval(filters)[["start", "answered", "talk_total"]]  # type: ignore[attr-defined]
        return pd.concat([calls, shares(time_of(view, filters, filters.interval).copy())], axis=1)
    return view.answer("agent intervals", filters, make).copy(deep=False)


def by_hour(view: Tally, filters: Filters) -> pd.DataFrame:
    """`hour` 0-23 of the local clock, `answered`, `talk_total` and the time of everybody, added up over the days."""
    def make() -> pd.DataFrame:
        edges = calendar.intervals(filters, 60, view.zone)
        hours = calendar.local(edges[:-1], view.zone).hour.to_numpy()
        time = time_of(view, filters, 60).groupby(hours).sum().reindex(range(24), fill_value=0)
        calls = view.by_hour(filters)[["hour", "answered", "talk_total"]]  # type: ignore[attr-defined]
        return pd.concat([calls, shares(time.reset_index(drop=True))], axis=1)
    return view.answer("agent hours", filters, make).copy(deep=False)


def by_day(view: Tally, filters: Filters) -> pd.DataFrame:
    """`date`, `answered`, `talk_total`, `avg_talk`, `aht`, `missed`, `connected` (how many left a session) and the time
    of everybody with its shares and `pause_pct`, every day."""
    def make() -> pd.DataFrame:
        _, edges = calendar.days(filters, view.zone)
        calls = view.by_day(filters)[["date", "answered", "talk_total", "avg_talk", "aht"]]  # type: ignore[attr-defined]
        # Every day begins an hour of its own, so that the hours of a day add up to it.
        hours = time_of(view, filters, 60)
        places = np.searchsorted(calendar.intervals(filters, 60, view.zone), edges)
        time = {name: np.diff(np.append(0, np.cumsum(hours[name]))[places]) for name in hours}
        table = pd.concat([calls, shares(pd.DataFrame(time))], axis=1)
        table["pause_pct"] = 100.0 - table["availability"]
        rows = attempts(view, filters)
        rung = rows.number("ts")[measures.missed(
            rows.number("kind"), rows.number("ring_ms"), view.snapshot.site.options)]
        table["missed"] = np.histogram(rung, bins=edges)[0]
        table["connected"] = _heads(agent_time.online(view, filters), edges)
        return table
    return view.answer("agent days", filters, make).copy(deep=False)


def _heads(spans: PersonSpans, edges: np.ndarray) -> np.ndarray:
    """How many different persons have a span between each two edges."""
    who, start, end = spans.who, spans.start, spans.end
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
        stretch, (start, end) = agent_time.pauses(view, filters), agent_time.bounds(view, filters)
        of = stretch.shifts
        count = max(len(of.reasons), 1)
        united = person_spans.union(stretch.who * count + of.reason[stretch.rows], np.maximum(stretch.start, start),
                                    np.minimum(stretch.end, end))
        length = united.end - united.start
        there, first = np.unique(united.who, return_index=True)
        who, reason = np.divmod(there, count)
        words = [of.reasons[code] for code in reason]
        found = pd.DataFrame({
            "agent": [shot.persons[n] for n in who], "reason": words, "kind": [reason_kind(word) for word in words],
            "count": np.diff(np.append(first, len(united))), "seconds": _each(np.add, length, first),
            "longest": _each(np.maximum, length, first)})
        found.insert(1, "name", [shot.agent_label(name) for name in found["agent"]])
        return found.sort_values(["seconds", "agent"], ascending=[False, True], ignore_index=True)
    return view.answer("pause reasons", filters, make).copy(deep=False)


def _each(how: np.ufunc, values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The values of each group put together; groups follow one another, each from its `first` on."""
    return how.reduceat(values, first) if len(first) else values[:0]


def reasons(pauses: pd.DataFrame) -> pd.DataFrame:
    """pause_reasons added up over agents: `reason`, `kind`, `agents`, `count`, `seconds`, `longest`, most seconds
    first."""
    found = pauses.groupby(["reason", "kind"], as_index=False).agg(
        agents=("agent", "nunique"), count=("count", "sum"), seconds=("seconds", "sum"), longest=("longest", "max"))
    return found.sort_values(["seconds", "reason"], ascending=[False, True], ignore_index=True)


def reason_kind(reason: str) -> str:
    """A break of the agent's own, a pause by the system, or a held call."""
    return {AUTOPAUSE: "system", HOLD: "hold"}.get(reason.casefold(), "break")
