"""The store through one user's eyes: his queues, his right to see numbers; every question a page or the API asks."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

from data import agent_metrics, calendar, frames, measures, metrics
from data.filters import Filters

if TYPE_CHECKING:
    from data.store import Snapshot

SL_TARGET = 80.0
LATE, STALE = 60, 300  # seconds without a new line before the page says so in amber and in red


def masked(number: str) -> str:
    """A phone number that can be told from another but not dialled: 987***321."""
    return number if len(number) < 7 else f"{number[:3]}***{number[-3:]}"


def _table(legs: pd.DataFrame) -> pa.Table:
    """The columns that totals read."""
    return pa.table({name: pa.array(legs[name].to_numpy()) if name != "caller" else pa.array(
        legs[name].to_numpy(dtype=object), pa.large_string()) for name in measures.NEEDED})


@dataclass(frozen=True)
class View:
    """Answers for one user. `queues` None means all; a queue outside them does not exist for him."""

    snapshot: "Snapshot"
    clock: Callable[[], float]
    queues_allowed: frozenset[str] | None = None
    numbers: bool = True

    @property
    def version(self) -> int:
        return self.snapshot.version

    @property
    def demo(self) -> bool:
        return self.snapshot.site.demo

    @property
    def zone(self) -> ZoneInfo:
        return self.snapshot.site.zone

    def now(self) -> dt.datetime:
        """This moment at the site."""
        return dt.datetime.fromtimestamp(self.clock(), self.zone)

    def today(self) -> dt.date:
        return self.now().date()

    # -- what there is to choose from ------------------------------------------------------------

    def _mine(self, queue: str) -> bool:
        return self.queues_allowed is None or queue.casefold() in {q.casefold() for q in self.queues_allowed}

    def queues(self) -> list[tuple[str, str]]:
        """Queue and how it is shown, e.g. ("600", "600 Ventas")."""
        return [(q, self.snapshot.site.queue_label(q)) for q in self.snapshot.queues if self._mine(q)]

    def agents(self) -> list[tuple[str, str]]:
        """Agent and how it is shown, e.g. ("Ana Gómez", "Ana Gómez (1001)")."""
        if self.queues_allowed is None:
            return [(a, self.snapshot.agent_label(a)) for a in self.snapshot.agents]
        legs = self.snapshot.legs
        mine = legs.loc[legs["queue"].isin([q for q in self.snapshot.queues if self._mine(q)]), "agent"]
        seen = set(mine.dropna().unique())
        return [(a, self.snapshot.agent_label(a)) for a in self.snapshot.agents if a in seen]

    # -- the rows of a question ------------------------------------------------------------------

    def legs(self, filters: Filters, origin: str | None = None) -> pd.DataFrame:
        """Legs of the range and filters (columns of frames.LEGS, `agent` an identity, `threshold` seconds),
        ordered by enter."""
        start, end = calendar.bounds(filters, self.zone)
        table = self.snapshot.legs
        enter = table["enter"].to_numpy()
        part = table.iloc[np.searchsorted(enter, start):np.searchsorted(enter, end)]
        return self._keep(part, filters, origin or filters.origin)

    def _keep(self, part: pd.DataFrame, filters: Filters, origin: str) -> pd.DataFrame:
        keep = np.ones(len(part), dtype=bool)
        if origin != "all":
            keep &= part["internal"].to_numpy() == (origin == "internal")
        wanted = {q.casefold() for q in filters.queues}
        if wanted or self.queues_allowed is not None:
            shown = [q for q in part["queue"].cat.categories
                     if self._mine(q) and (not wanted or q.casefold() in wanted)]
            keep &= part["queue"].isin(shown).to_numpy()
        if filters.agents:
            keep &= part["agent"].isin(filters.agents).to_numpy()
        return part if keep.all() else part[keep]

    def _answer(self, question: str, filters: Filters, make: Callable[[], Any]) -> Any:
        key = (question, filters, self.queues_allowed)
        return self.snapshot.memo(key, make)

    # -- the questions ---------------------------------------------------------------------------

    def totals(self, filters: Filters) -> dict[str, float | int | None]:
        """Every total of the contract (5.2) and the API's additions."""
        def make() -> dict[str, float | int | None]:
            site = self.snapshot.site
            legs = self.legs(filters)
            later = replace(filters, end=filters.end + dt.timedelta(days=1), agents=())
            return measures.totals(_table(legs), site.options, legs["threshold"].to_numpy(), site.wrapup,
                                   _table(self.legs(later, "all")))
        return dict(self._answer("totals", filters, make))

    def excluded_internal(self, filters: Filters) -> int:
        """How many legs the origin filter took away."""
        return self._answer("excluded", filters,
                            lambda: len(self.legs(filters, "all")) - len(self.legs(filters)))

    def _rates(self, table: pd.DataFrame) -> pd.DataFrame:
        return metrics.rated(table, self.snapshot.site.wrapup)

    def _binned(self, filters: Filters, edges: np.ndarray) -> pd.DataFrame:
        """Sums per bin of the edges, empty bins included, in order."""
        legs = self.legs(filters)
        where = np.searchsorted(edges, legs["enter"].to_numpy(), side="right") - 1
        table = metrics.sums(legs, self.snapshot.site.options, [where])
        filled = table.reindex(np.arange(len(edges) - 1), fill_value=0)
        missing = ~filled.index.isin(table.index)
        filled.loc[missing, ["longest_wait", "max_talk"]] = -1
        return filled

    def by_interval(self, filters: Filters) -> pd.DataFrame:
        """`start` (moment of the site) and the totals of every interval of `filters.interval` minutes in the range."""
        def make() -> pd.DataFrame:
            edges = calendar.intervals(filters, filters.interval, self.zone)
            table = self._rates(self._binned(filters, edges)).reset_index(drop=True)
            table.insert(0, "start", calendar.local(edges[:-1], self.zone))
            return table
        return self._answer("interval", filters, make).copy(deep=False)

    def by_day(self, filters: Filters) -> pd.DataFrame:
        """`date` and the totals of every day of the range."""
        def make() -> pd.DataFrame:
            dates, edges = calendar.days(filters, self.zone)
            table = self._rates(self._binned(filters, edges)).reset_index(drop=True)
            table.insert(0, "date", dates)
            return table
        return self._answer("day", filters, make).copy(deep=False)

    def by_hour(self, filters: Filters) -> pd.DataFrame:
        """`hour` 0-23 of the local clock, all of them, and their totals."""
        def make() -> pd.DataFrame:
            return self._by_clock(filters, ["hour"]).reindex(range(24), fill_value=0).pipe(self._rates).reset_index()
        return self._answer("hour", filters, make).copy(deep=False)

    def by_weekday_hour(self, filters: Filters) -> pd.DataFrame:
        """`weekday` (0 Monday), `hour`, `days` (how many such days the range has) and the totals, every cell."""
        def make() -> pd.DataFrame:
            table = self._by_clock(filters, ["weekday", "hour"])
            cells = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"])
            table = self._rates(table.reindex(cells, fill_value=0)).reset_index()
            dates, _ = calendar.days(filters, self.zone)
            counts = pd.Series([day.weekday() for day in dates]).value_counts()
            table.insert(2, "days", table["weekday"].map(counts).fillna(0).astype("int64"))
            return table
        return self._answer("weekday", filters, make).copy(deep=False)

    def _by_clock(self, filters: Filters, names: list[str]) -> pd.DataFrame:
        edges = calendar.intervals(filters, 15, self.zone)
        table = self._binned(filters, edges)
        clock = calendar.local(edges[:-1], self.zone)
        keys = {"hour": clock.hour, "weekday": clock.day_of_week}
        ways: dict[str, str] = dict.fromkeys(measures.SUMS, "sum")
        return table.assign(**{n: keys[n].to_numpy() for n in names}).groupby(names).agg(
            {**ways, "longest_wait": "max", "max_talk": "max"})

    def by_queue(self, filters: Filters) -> pd.DataFrame:
        """`queue`, `name`, `sl_target` (0-100), `threshold` (seconds) and the totals of every queue with calls."""
        def make() -> pd.DataFrame:
            legs = self.legs(filters)
            site = self.snapshot.site
            table = self._rates(metrics.sums(legs, site.options, [legs["queue"].astype("str").to_numpy()]))
            table.index.name = "queue"
            table = table.reset_index()
            table.insert(1, "name", [site.queue_label(q) for q in table["queue"]])
            table.insert(2, "sl_target", SL_TARGET)
            table.insert(3, "threshold", [site.threshold(q) for q in table["queue"]])
            return table.sort_values("offered", ascending=False, ignore_index=True)
        return self._answer("queue", filters, make).copy(deep=False)

    def by_outcome(self, filters: Filters) -> pd.DataFrame:
        """`outcome`, `count`: how every offered leg ended; the counts add up to offered."""
        def make() -> pd.DataFrame:
            counts = np.bincount(self.legs(filters)["outcome"].to_numpy(), minlength=len(frames.OUTCOMES))
            return pd.DataFrame({"outcome": frames.OUTCOMES, "count": counts})
        return self._answer("outcome", filters, make).copy(deep=False)

    def by_agent(self, filters: Filters) -> pd.DataFrame:
        """`agent`, `name` and the metrics of agents (agent_metrics.COLUMNS), most answered first."""
        def make() -> pd.DataFrame:
            start, end = calendar.bounds(filters, self.zone)
            legs = self.legs(filters)
            site = self.snapshot.site
            tries, sessions, pauses = (self._of_agents(t, filters) for t in (
                self.snapshot.attempts, self.snapshot.sessions, self.snapshot.pauses))
            tries = tries[(tries["ts"] >= start) & (tries["ts"] < end)]
            table = agent_metrics.by_agent(legs, tries, sessions, pauses, start, min(end, int(self.clock())),
                                           site.options, site.wrapup)
            active = (table["answered"] + table["missed"] + table["canceled"] > 0) | (table["login"] > 0)
            table = table[active].sort_values("answered", ascending=False, ignore_index=True)
            table.insert(1, "name", [self.snapshot.agent_label(a) for a in table["agent"]])
            return table
        return self._answer("agent", filters, make).copy(deep=False)

    def _of_agents(self, table: pd.DataFrame, filters: Filters) -> pd.DataFrame:
        """Attempts, sessions or pauses of the agents and queues asked for; those of no queue belong to all."""
        wanted = {q.casefold() for q in filters.queues}
        if wanted or self.queues_allowed is not None:
            queue = table["queue"].astype("str")
            mine = [q for q in queue.unique() if self._mine(q) and (not wanted or q.casefold() in wanted)]
            table = table[queue.isin(mine) | table["queue"].isna()]
        return table[table["agent"].isin(filters.agents)] if filters.agents else table

    # -- now -------------------------------------------------------------------------------------

    def live(self) -> dict[str, Any]:
        """Who waits and who talks at this moment: `waiting`, `longest_wait` seconds or None, `talking`."""
        legs = self.snapshot.legs
        going = legs[(legs["outcome"].to_numpy() == frames.OUTCOME["in_progress"])
                     & legs["queue"].isin([q for q, _ in self.queues()]).to_numpy()]
        waiting = going[going["connect"] < 0]
        longest = int(self.clock()) - int(waiting["enter"].min()) if len(waiting) else None
        return {"waiting": len(waiting), "longest_wait": longest, "talking": len(going) - len(waiting)}

    # -- how fresh it is -------------------------------------------------------------------------

    def freshness(self) -> dict[str, Any]:
        """`data_until` (moment of the newest line or None), `age` seconds, `state` ok/late/stale/error/empty and
        `cause` (an English message id or "")."""
        until, problem = self.snapshot.data_until, self.snapshot.problem
        if until is None:
            return {"data_until": None, "age": None, "state": "error" if problem else "empty",
                    "cause": problem or "The log has no lines yet"}
        age = max(self.clock() - until, 0.0)
        state = "error" if problem else "ok" if age <= LATE else "late" if age <= STALE else "stale"
        return {"data_until": dt.datetime.fromtimestamp(until, self.zone), "age": age, "state": state,
                "cause": problem or ("" if state == "ok" else "No new line in the log")}

    def nearest(self, filters: Filters) -> dt.date | None:
        """The day with calls nearest to the range, or None when there are none at all."""
        start, end = calendar.bounds(filters, self.zone)
        enter = self._keep(self.snapshot.legs, filters, filters.origin)["enter"].to_numpy()
        before, after = enter[enter < start], enter[enter >= end]
        near = [int(before[-1])] if len(before) else []
        near += [int(after[0])] if len(after) else []
        if not near:
            return None
        return calendar.today(min(near, key=lambda ts: start - ts if ts < start else ts - end), self.zone)
