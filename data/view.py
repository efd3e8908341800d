"""The store through one user's eyes: his queues, his right to see numbers; every question a page or the API asks."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from data import calendar, cubes, frames, losses, measures
from data.filters import Filters
from data.measures import SUMS
from data.private import masked
from data.snapshot import IMPORTING
from data.tally import EPOCH, Sums, Tally

LATE, STALE = 60, 300  # seconds without a new line before the page says so in amber and in red
EXACT = 200_000  # answered legs up to which percentiles are computed from the legs themselves


@dataclass(frozen=True)
class View(Tally):
    """Answers for one user. A queue outside those allowed does not exist for him; without `numbers` they are masked."""

    @property
    def version(self) -> int:
        return self.snapshot.version

    @property
    def demo(self) -> bool:
        return self.snapshot.site.demo

    def now(self) -> dt.datetime:
        """This moment at the site."""
        return self.moment(self.clock())

    def still(self) -> "View":
        """The same with its clock stopped: what takes several questions is of one moment."""
        moment = self.clock()
        return replace(self, clock=lambda: moment)

    def newest(self) -> dt.datetime:
        """This moment, or that of the newest line where the log is ahead of this machine's clock."""
        return self.moment(max(self.clock(), self.snapshot.data_until or 0))

    def moment(self, epoch: float) -> dt.datetime:
        """A second of the log as a moment of the site."""
        return dt.datetime.fromtimestamp(epoch, self.zone)

    def today(self) -> dt.date:
        return self.now().date()

    # -- what there is to choose from ------------------------------------------------------------

    def queues(self) -> list[tuple[str, str]]:
        """Queue and how it is shown, e.g. ("600", "600 Ventas")."""
        return [(q, self.snapshot.site.queue_label(q)) for q in self.snapshot.queues if self.mine(q)]

    def agents(self) -> list[tuple[str, str]]:
        """Agent and how it is shown, e.g. ("Ana Gómez", "Ana Gómez (1001)")."""
        shot = self.snapshot
        if self.queues_allowed is None:
            return [(a, shot.agent_label(a)) for a in shot.agents]

        def make() -> list[tuple[str, str]]:
            mine = self.allowed()
            seen: set[str] = set()
            for part in shot.people(0, 1 << 30):
                found = part.agent[np.isin(part.queue, mine) & (part.agent >= 0)]
                seen |= {shot.agent_spelling.names[shot.agent_spelling.of[code]] for code in np.unique(found)}
            return [(a, shot.agent_label(a)) for a in sorted(seen)]
        return list(shot.memo(("agents", self.queues_allowed), make))

    # -- the questions ---------------------------------------------------------------------------

    def totals(self, filters: Filters) -> dict[str, float | int | None]:
        """Every total of the contract (5.2) and the API's additions."""
        def make() -> dict[str, float | int | None]:
            sums = self._whole(filters)
            computed = {**sums, **measures.rates(sums, self.snapshot.site.wrapup)}
            found = {name: measures.plain(computed[name][0]) for name in measures.TOTALS}
            found["p50_wait"], found["p90_wait"] = self._percentiles(filters, int(sums["asa_count"][0]))
            found["recovered"], found["lost_unrecovered"] = self._recovered(filters)
            return found
        return dict(self._answer("totals", filters, make))

    def _percentiles(self, filters: Filters, answered: int) -> tuple[int | None, int | None]:
        """P50 and P90 of the answered waits: exact up to EXACT legs, by bucket (cubes.EDGES) above."""
        if not answered:
            return None, None
        if answered <= EXACT or filters.agents:
            low, high = np.percentile(self._held(filters), (50, 90), method="inverted_cdf")
            return int(low), int(high)
        whole, last = (filters, None) if filters.until is None else filters.apart()
        counted = self.snapshot.waits(*self._days(whole), self._codes(filters.queues), self._origins(filters.origin))
        if last:
            counted = counted + np.bincount(np.searchsorted(cubes.EDGES, self._held(last)), minlength=len(counted))
        counts = np.cumsum(counted)
        edges = np.append(cubes.EDGES, cubes.EDGES[-1])
        low, high = (edges[np.searchsorted(counts, np.ceil(counts[-1] * q))] for q in (0.5, 0.9))
        return int(low), int(high)

    def _held(self, filters: Filters) -> np.ndarray:
        """Seconds that those waited who were answered."""
        rows = self.legs(filters)
        held = rows.number("wait")[rows.number("outcome") == 0]
        return held[held >= 0]

    def _recovered(self, filters: Filters) -> tuple[int, int]:
        if filters.agents:
            return 0, 0  # a lost call has no agent
        old, new = self.snapshot.losses
        start, end = calendar.bounds(filters, self.zone)
        queues, origins = self._codes(filters.queues), self._origins(filters.origin)
        if len(queues) == len(self.snapshot.queue_words.texts) and len(origins) == 1:
            return losses.callers(old, self.snapshot.history.before, new, start, end, origins[0])
        lost = losses.join(old.between(start, end), new.between(start, end))
        return lost.take(np.flatnonzero(np.isin(lost.queue, queues) & np.isin(lost.origin, origins))).count()

    def excluded_internal(self, filters: Filters) -> int:
        """How many legs the origin filter took away."""
        def make() -> int:
            both = replace(filters, origin="all")
            return int(self._whole(both)["offered"][0] - self._whole(filters)["offered"][0])
        return int(self._answer("excluded", filters, make))

    def by_interval(self, filters: Filters) -> pd.DataFrame:
        """`start` (moment of the site) and the totals of every interval of `filters.interval` minutes in the range."""
        def make() -> pd.DataFrame:
            edges = calendar.intervals(filters, filters.interval, self.zone)
            sums = self._binned(filters, lambda slot, _: np.searchsorted(edges, slot * cubes.SLOT, "right") - 1,
                                len(edges) - 1)
            table = self.frame(sums)
            table.insert(0, "start", calendar.local(edges[:-1], self.zone))
            return table
        return self._answer("interval", filters, make).copy(deep=False)

    def by_day(self, filters: Filters) -> pd.DataFrame:
        """`date` and the totals of every day of the range."""
        def make() -> pd.DataFrame:
            dates, edges = calendar.days(filters, self.zone)
            sums = self._daily(filters) if filters.summed else self._binned(
                filters, lambda slot, _: np.searchsorted(edges, slot * cubes.SLOT, "right") - 1, len(dates))
            table = self.frame(sums)
            table.insert(0, "date", dates)
            return table
        return self._answer("day", filters, make).copy(deep=False)

    def by_hour(self, filters: Filters) -> pd.DataFrame:
        """`hour` 0-23 of the local clock, all of them, and their totals."""
        def make() -> pd.DataFrame:
            week = self._weekly(filters)
            sums = {name: values.reshape(7, 24).sum(axis=0) if name in SUMS else values.reshape(7, 24).max(axis=0)
                    for name, values in week.items()}
            table = self.frame(sums)
            table.insert(0, "hour", np.arange(24))
            return table
        return self._answer("hour", filters, make).copy(deep=False)

    def by_weekday_hour(self, filters: Filters) -> pd.DataFrame:
        """`weekday` (0 Monday), `hour`, `days` (on how many days of the range that hour has begun) and the totals of
        every cell."""
        now = self.newest()

        def make() -> pd.DataFrame:
            table = self.frame(self._weekly(filters))
            table.insert(0, "weekday", np.repeat(np.arange(7), 24))
            table.insert(1, "hour", np.tile(np.arange(24), 7))
            table.insert(2, "days", calendar.begun(filters, now).ravel())
            return table
        # An hour begins without a new line in the log too.
        return self._answer(f"weekday at {now:%Y-%m-%d %H}", filters, make).copy(deep=False)

    def by_queue(self, filters: Filters) -> pd.DataFrame:
        """`queue`, `name`, `sl_target` (0-100), `threshold` (seconds) and the totals of every queue with calls."""
        def make() -> pd.DataFrame:
            shot, raw = self.snapshot, self._by_queue(filters)
            spelled, count = shot.queue_spelling, len(shot.queue_spelling.names)
            codes = self._codes(filters.queues)
            sums: Sums = {}
            for name, values in raw.items():
                sums[name] = np.zeros(count, np.int64) if name in SUMS else np.full(count, -1, np.int64)
                (np.add if name in SUMS else np.maximum).at(sums[name], spelled.of[codes], values[codes])
            table = self.frame(sums)
            table.insert(0, "queue", spelled.names)
            table = table[table["offered"] > 0]
            table.insert(1, "name", [shot.site.queue_label(q) for q in table["queue"]])
            table.insert(2, "sl_target", [shot.site.sl_target(q) for q in table["queue"]])
            table.insert(3, "threshold", [shot.site.threshold(q) for q in table["queue"]])
            return table.sort_values("offered", ascending=False, ignore_index=True)
        return self._answer("queue", filters, make).copy(deep=False)

    def by_outcome(self, filters: Filters) -> pd.DataFrame:
        """`outcome`, `count`: how every offered leg ended; the counts add up to offered."""
        sums = self._whole(filters)
        return pd.DataFrame({"outcome": frames.OUTCOMES, "count": [int(sums[name][0]) for name in frames.OUTCOMES]})

    def top_agents(self, filters: Filters, count: int = 5) -> pd.DataFrame:
        """`agent`, `name`, `answered`, `talk_total`, `avg_talk`, `transferred`, `missed` of those who answered most."""
        def make() -> pd.DataFrame:
            shot = self.snapshot
            spelled = shot.agent_spelling
            queues, origins = self._codes(filters.queues), self._origins(filters.origin)
            table = pd.DataFrame(self._by_person(filters, queues, origins), columns=list(cubes.PEOPLE))
            table.insert(0, "agent", spelled.names)
            table["avg_talk"] = table["talk_total"] / table["talks"].where(table["talks"] > 0)
            table["missed"] = self._missed(filters, queues)
            if filters.agents:
                table = table[table["agent"].isin(filters.agents)]
            table = table[table["answered"] > 0].sort_values("answered", ascending=False, kind="stable").head(count)
            table.insert(1, "name", [shot.agent_label(a) for a in table["agent"]])
            return table.reset_index(drop=True)
        return self._answer(f"top{count}", filters, make).copy(deep=False)

    def by_agent(self, filters: Filters) -> pd.DataFrame:
        """The same of everybody who answered."""
        return self.top_agents(filters, len(self.snapshot.agent_words.texts) + 1)

    def nearest(self, filters: Filters) -> dt.date | None:
        """The day with calls nearest to the range, or None when there are none at all."""
        first, last = self._days(filters)
        days = self.snapshot.days_with_calls(self._codes(filters.queues), self._origins(filters.origin))
        outside = days[(days < first) | (days > last)]
        if not len(outside):
            return None
        away = np.where(outside < first, first - outside, outside - last)
        return EPOCH + dt.timedelta(days=int(outside[np.argmin(away)]))

    # -- now -------------------------------------------------------------------------------------

    def shown(self, number: str) -> str:
        """A caller's number as this user may read it."""
        return number if self.numbers else masked(number)

    def sums_since(self, start: int, origin: str) -> Sums:
        """Sums per raw queue code of the legs that entered at `start` (epoch) or later."""
        origins = self._origins(origin)
        rows = self.snapshot.between(start, 1 << 60).keep(
            lambda run, chosen: True if len(origins) > 1 else run.number("internal")[chosen] == origins[0])
        return self._group(rows, rows.number("queue").astype(np.int64), len(self.snapshot.queue_words.texts))

    def live(self) -> dict[str, Any]:
        """Who waits and who talks at this moment: `waiting`, `longest_wait` seconds or None, `talking`."""
        going = self.snapshot.open
        mine = (going.number("outcome") == frames.OUTCOME["in_progress"]) & np.isin(going.number("queue"),
                                                                                    self.allowed())
        waiting = mine & (going.number("connect") < 0)
        longest = int(self.clock()) - int(going.number("enter")[waiting].min()) if waiting.any() else None
        return {"waiting": int(waiting.sum()), "longest_wait": longest, "talking": int((mine & ~waiting).sum())}

    def freshness(self) -> dict[str, Any]:
        """`data_until` (moment of the newest line or None), `age` seconds, `state` ok/late/stale/reading/error/empty,
        `cause` (an English message id or "") and, while a history is read for the first time, `share` (0 to 1) of its
        time that has been read."""
        until, problem = self.snapshot.data_until, self.snapshot.problem
        trouble = "reading" if problem == IMPORTING else "error"
        if until is None:
            return {"data_until": None, "age": None, "state": trouble if problem else "empty",
                    "cause": problem or "The log has no lines yet", "share": None}
        age = max(self.clock() - until, 0.0)
        state = trouble if problem else "ok" if age <= LATE else "late" if age <= STALE else "stale"
        return {"data_until": dt.datetime.fromtimestamp(until, self.zone), "age": age, "state": state,
                "cause": problem or ("" if state == "ok" else "No new line in the log"),
                "share": self._share(until) if problem == IMPORTING else None}

    def _share(self, until: int) -> float | None:
        first = next((int(run.number("enter")[0]) for run in self.snapshot.history.runs if run.rows), None)
        return None if first is None else (until - first) / max(self.clock() - first, 1.0)
