"""What is asked of queues: service level by threshold, waits, causes of loss, numbers dialled, position, series.

Everything counts the legs of the filters (one stay in one queue, dated when it entered) with the definitions of
`data.measures`; rates are computed from sums, never averaged.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data import agent_questions, calendar, cubes, frames, measures, person_spans, spreads, tally
from data.filters import Filters
from data.runs import Rows, Run
from data.spreads import Spread
from data.tally import Tally

# Upper edges of the bars of the histogram in seconds (both ends belong to a bar: 0-5, 6-10 …); beyond: one bar more.
BARS = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
THRESHOLDS = (*range(61), *range(65, 121, 5), *range(130, 301, 10))
VARIANTS = ("standard", "answered_only", "abandons_served", "early_ignored")
DEFINITIONS = {
    "standard": "answered within U / (answered + abandoned - short abandons + timed out + queue empty)",
    "answered_only": "answered within U / answered",
    "abandons_served": "(answered within U + abandoned within U) / (answered + abandoned + timed out + queue empty)",
    "early_ignored": "answered within U / (answered + abandoned after U + timed out + queue empty)"}
CAUSES = ("short", "abandoned", "timeout", "exit_empty", "exit_key", "withdrawn", "interrupted", "unknown")
POSITIONS = 10  # from here on positions are one row
LINE_DAYS = 3  # longer periods have a point a day, shorter ones a point an hour


def by_queue(view: Any, filters: Filters) -> pd.DataFrame:
    """View.by_queue and, after those with calls, the other queues of the filters: 0 offered, no rates."""
    table = view.by_queue(filters)
    chosen, site = {q.casefold() for q in filters.queues}, view.snapshot.site
    idle = [(queue, name) for queue, name in view.queues()
            if queue not in set(table["queue"]) and (not chosen or queue.casefold() in chosen)]
    if not idle:
        return table
    nothing = view.frame({name: np.full(len(idle), 0 if name in measures.SUMS else -1)
                          for name in (*measures.SUMS, *measures.LARGEST)})
    for place, (name, values) in enumerate({
            "queue": [q for q, _ in idle], "name": [name for _, name in idle],
            "sl_target": [site.sl_target(q) for q, _ in idle],
            "threshold": [site.threshold(q) for q, _ in idle]}.items()):
        nothing.insert(place, name, values)
    return pd.concat([table, nothing], ignore_index=True) if len(table) else nothing


@dataclass(frozen=True)
class Seconds:
    """Of some legs: `waits` by outcome (numbers of frames.OUTCOME), and the conversations of answered ones."""

    waits: list[Spread]
    talk: Spread

    @property
    def nbytes(self) -> int:
        return self.talk.nbytes + sum(spread.nbytes for spread in self.waits)

    def of(self, *outcomes: str) -> Spread:
        return functools.reduce(Spread.plus, [self.waits[frames.OUTCOME[name]] for name in outcomes])


def seconds(view: Tally, filters: Filters) -> Seconds:
    """How long the legs of the filters waited and were talked to."""
    def counted(of: Sequence[Run]) -> Seconds:
        rows = view.legs(filters, of)
        outcome = rows.number("outcome")
        talk = rows.number("talk")[outcome == frames.OUTCOME["answered"]]
        return Seconds(spreads.by_kind(outcome, rows.number("wait"), len(frames.OUTCOMES)),
                       spreads.by_kind(np.zeros(len(talk), np.int64), talk, 1)[0])

    def make() -> Seconds:
        old, new = view.settled("seconds", filters, counted), counted([view.snapshot.tail])
        return Seconds([one.plus(other) for one, other in zip(old.waits, new.waits, strict=True)],
                       old.talk.plus(new.talk))
    return view.answer("seconds", filters, make)


def service_levels(view: Tally, filters: Filters) -> pd.DataFrame:
    """`threshold` (THRESHOLDS), `within` (answered in so many seconds) and the four definitions VARIANTS, 0-100.

    With A answered, B abandoned, b of them short, T timed out, X left an empty queue, and U the threshold:
    standard = A≤U / (A + B - b + T + X); answered_only = A≤U / A; abandons_served = (A≤U + B≤U) / (A + B + T + X);
    early_ignored = A≤U / (A + B>U + T + X).
    """
    def make() -> pd.DataFrame:
        found, short = seconds(view, filters), view.snapshot.site.options.short_abandon
        held, left = (found.of(name).up_to(np.array(THRESHOLDS)) for name in ("answered", "abandoned"))
        answered, every = len(found.of("answered")), len(found.of("answered", "abandoned", "timeout", "exit_empty"))
        brief = int(found.of("abandoned").up_to(np.array([short]))[0]) if short else 0
        wholes = {"standard": every - brief, "answered_only": answered, "abandons_served": every,
                  "early_ignored": every - left}
        parts = {"abandons_served": held + left}
        return pd.DataFrame({"threshold": THRESHOLDS, "within": held, **{
            name: _percent(parts.get(name, held), np.asarray(wholes[name])) for name in VARIANTS}})
    return view.answer("service levels", filters, make).copy(deep=False)


def _percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    whole = np.broadcast_to(whole, part.shape).astype(np.float64)
    return np.divide(100.0 * part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def waits(view: Tally, filters: Filters) -> pd.DataFrame:
    """`low`, `high` (seconds, both included; `high` missing for the last), `answered`, `lost` (abandoned, timed out,
    queue empty): how long callers waited. Legs whose wait nobody knows are not in it."""
    def make() -> pd.DataFrame:
        def bars(spread: Spread) -> np.ndarray:
            return np.diff(np.append(spread.up_to(np.array(BARS)), len(spread.known)), prepend=0)
        found = seconds(view, filters)
        return pd.DataFrame({
            "low": [0, *(edge + 1 for edge in BARS)], "high": [*map(float, BARS), np.nan],
            "answered": bars(found.of("answered")), "lost": bars(found.of(*measures.LOST_WORDS))})
    return view.answer("waits", filters, make).copy(deep=False)


def percentiles(view: Tally, filters: Filters) -> dict[str, int | None]:
    """Waits that half and nine tenths of the callers did not exceed: `p50_wait`, `p90_wait` of those answered,
    `p50_lost`, `p90_lost` of those lost, `p50_talk`, `p90_talk` of the conversations. Exact."""
    found = seconds(view, filters)
    spread = {"wait": found.of("answered"), "lost": found.of(*measures.LOST_WORDS), "talk": found.talk}
    return {f"p{percent}_{name}": one.quantile(percent) for name, one in spread.items() for percent in (50, 90)}


def causes(view: Tally, filters: Filters) -> pd.DataFrame:
    """`cause` (CAUSES: short abandons apart from the others), `count`, `share` of the offered (0-100), `avg_wait`,
    `p50_wait`, `p90_wait`, every cause, zero or not."""
    def make() -> pd.DataFrame:
        spread, short = seconds(view, filters), view.snapshot.site.options.short_abandon
        every = sum(map(len, spread.waits))
        found = []
        for cause in CAUSES:
            mine = spread.of("abandoned" if cause == "short" else cause)
            if cause in ("short", "abandoned"):
                brief = (mine.values >= 0) & (mine.values <= short) & (short > 0)
                mine = mine.part(brief if cause == "short" else ~brief)
            known = mine if cause not in ("interrupted", "unknown") else spreads.EMPTY
            found.append((cause, len(mine), 100.0 * len(mine) / every if every else np.nan, known.mean,
                          known.quantile(50), known.quantile(90)))
        return pd.DataFrame(found, columns=["cause", "count", "share", "avg_wait", "p50_wait", "p90_wait"])
    return view.answer("causes", filters, make).copy(deep=False)


def by_did(view: Tally, filters: Filters) -> pd.DataFrame:
    """`did` (the number dialled, "" where the log has none) and the totals of its legs, most offered first."""
    def make() -> pd.DataFrame:
        names, sums = view.named("did", filters)
        table = view.frame(sums)
        table.insert(0, "did", names)
        table = table[table["offered"] > 0]
        return table.sort_values(["offered", "did"], ascending=[False, True], ignore_index=True)
    return view.answer("dids", filters, make).copy(deep=False)


def positions(view: Tally, filters: Filters) -> pd.DataFrame:
    """`position` in the queue at which callers gave up (1 was next; POSITIONS stands for all from there on; missing
    where the log does not say), `abandoned`, `avg_wait`; only those that happened."""
    def make() -> pd.DataFrame:
        rows = view.legs(filters)
        gone = rows.number("outcome") == frames.OUTCOME["abandoned"]
        place, wait = rows.number("exit_position")[gone], rows.number("wait")[gone].astype(np.float64)
        wait[wait < 0] = np.nan
        known = np.where(place > 0, np.minimum(place, POSITIONS).astype(np.float64), np.nan)
        table = pd.DataFrame({"position": known, "wait": wait})
        found = table.groupby("position", dropna=False)["wait"].agg(["size", "mean"]).reset_index()
        return found.set_axis(["position", "abandoned", "avg_wait"], axis=1)
    return view.answer("positions", filters, make).copy(deep=False)


def waiting(view: Tally, filters: Filters, edges: np.ndarray) -> pd.DataFrame:
    """Callers who waited, between each two edges (epoch seconds): `most` at once and `average`. Whoever entered before
    the first edge and still waited counts; internal or not as the filters say."""
    enter, leave = waited(view, filters, int(edges[0]), int(edges[-1]))
    begun, ended = np.sort(enter, kind="stable"), np.sort(leave)  # the first are in order but for a few
    # Nobody can be more at once than when one has just entered. Who is connected in the second another enters does not
    # make two: of one second those who leave come first.
    depth = np.arange(1, len(begun) + 1) - np.searchsorted(ended, begun, side="right")
    most = (np.searchsorted(begun, edges, side="right") - np.searchsorted(ended, edges, side="right"))[:-1]
    first = np.searchsorted(begun, edges)  # in order: those who enter between two edges follow one another
    some = np.flatnonzero(np.diff(first))
    if len(some):
        most[some] = np.maximum(most[some], np.maximum.reduceat(depth[:first[-1]], first[some]))
    seconds = person_spans.split(enter, leave, edges)
    return pd.DataFrame({"most": most, "average": seconds / np.diff(edges)})


def _reaching(view: Tally, filters: Filters, start: int) -> Rows:
    """Legs of the filters, and those from before that may still have waited at `start` (epoch seconds)."""
    day = calendar.today(start - view.snapshot.site.options.max_wait_open, view.zone)
    return view.legs(replace(filters, start=day, end=max(filters.end, day)))


def gave_up(view: Tally, filters: Filters, start: int, end: int) -> pd.DataFrame:
    """Callers who gave up from `start` up to but without `end` (epoch seconds), in order of time: `at` (when they did),
    `queue` as it is shown, `wait` (seconds; missing where nobody knows) and `callid`."""
    rows, shot = _reaching(view, filters, start), view.snapshot
    at = rows.number("end").astype(np.int64)
    found = np.flatnonzero((rows.number("outcome") == frames.OUTCOME["abandoned"]) & (at >= start) & (at < end))
    found = found[np.argsort(at[found], kind="stable")]
    wait = rows.number("wait")[found].astype(np.float64)
    labels = [shot.site.queue_label(name) for name in shot.queue_spelling.names]
    return pd.DataFrame({
        "at": at[found], "queue": [labels[n] for n in shot.queue_spelling.of[rows.number("queue")[found]]],
        "wait": np.where(wait >= 0, wait, np.nan),
        "callid": rows.text("callid").take(pa.array(found)).to_pylist()})


def waited(view: Tally, filters: Filters, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """When callers began and ceased to wait (epoch seconds), of those who waited between `start` and `end`. A stay
    whose end nobody knows is left out; who waits now does so up to the newest line."""
    now = view.snapshot.data_until or int(view.clock())
    rows = _reaching(view, filters, start)
    enter, wait, outcome = rows.number("enter").astype(np.int64), rows.number("wait"), rows.number("outcome")
    still = (outcome == frames.OUTCOME["in_progress"]) & (rows.number("connect") < 0)
    leave = np.where(still, max(now, start), enter + wait)
    good = ((wait >= 0) | still) & (leave > enter) & (leave > start) & (enter < end) & (
        outcome != frames.OUTCOME["unknown"])
    return enter[good], leave[good]


def waiting_intervals(view: Tally, filters: Filters) -> pd.DataFrame:
    """`start` (moment of the site), `most` and `average` callers waiting, every interval of the range."""
    def make() -> pd.DataFrame:
        edges = calendar.intervals(filters, filters.interval, view.zone).astype(np.int64)
        table = waiting(view, filters, edges)
        table.insert(0, "start", calendar.local(edges[:-1], view.zone))
        return table
    return view.answer("waiting", filters, make).copy(deep=False)


def lines(view: Tally, filters: Filters) -> dict[str, list[int]]:
    """Offered legs of every queue over the period, a number a day (an hour of up to LINE_DAYS days)."""
    def make() -> dict[str, list[int]]:
        shot = view.snapshot
        edges = calendar.intervals(filters, 60, view.zone) if filters.days <= LINE_DAYS else calendar.days(
            filters, view.zone)[1]
        names, of, count = shot.queue_spelling.names, shot.queue_spelling.of, len(edges) - 1
        found = np.zeros((len(names), count), dtype=np.int64)
        origins = tally.ORIGINS[filters.origin]
        for part in shot.slots(*calendar.bounds(filters, view.zone)):
            keep = np.flatnonzero(np.isin(part.origin, origins))
            where = np.searchsorted(edges, part.slot[keep].astype(np.int64) * cubes.SLOT, side="right") - 1
            np.add.at(found, (of[part.queue[keep]], where), part.sums[measures.SUMS.index("offered")][keep])
        return {name: found[i].tolist() for i, name in enumerate(names)}
    return dict(view.answer("lines", filters, make))


def by_time_of_day(view: Any, filters: Filters) -> pd.DataFrame:
    """The intervals of the day, all days together: `time` and `until` (HH:MM of the local clock, 24:00 ends the day),
    the totals of the calls that came in then, and of everybody's time, cut at the borders, `login`, `pause`, `talk`,
    `occupancy` and whether it is `known`. The last row (`time` "") is the sum."""
    def make() -> pd.DataFrame:
        table = view.by_interval(filters)
        table = pd.concat([table, agent_questions.time_of(view, filters, filters.interval)], axis=1)
        clock = table["start"].dt.strftime("%H:%M")
        whole = table.assign(group="~")  # after every time of day
        groups = pd.concat([table.assign(group=clock), whole], ignore_index=True).groupby("group")
        sums = groups[[*measures.SUMS, *agent_questions.SECONDS]].sum().astype(np.int64)
        most = groups[list(measures.LARGEST)].max().fillna(-1).astype(np.int64)
        found = view.frame({name: column.to_numpy() for name, column in pd.concat([sums, most], axis=1).items()
                            if name not in agent_questions.SECONDS})
        time = agent_questions.shares(sums[list(agent_questions.SECONDS)].reset_index(drop=True))
        found = pd.concat([found, time], axis=1)
        found["known"] = bool(sums["login"].max())
        times = [*sums.index[:-1], ""]
        found.insert(0, "time", times)
        found.insert(1, "until", [_later(word, filters.interval) for word in times])
        return found
    return view.answer("time of day", filters, make).copy(deep=False)


def _later(time: str, minutes: int) -> str:
    if not time:
        return ""
    end = int(time[:2]) * 60 + int(time[3:]) + minutes
    return f"{end // 60:02}:{end % 60:02}" if end < 24 * 60 else "24:00"
