"""A centre without a store: the same shape of answers as the real view, with numbers that can be checked by hand.

Five queues, eight agents, office hours 8 to 20. Everything follows from the day and the hour, nothing is random.
"""

import datetime as dt
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pandas as pd

ZONE = ZoneInfo("America/Bogota")
NOW = dt.datetime(2026, 11, 24, 14, 32, 9, tzinfo=ZONE)   # a Tuesday
QUEUES = [("600", "Ventas", 80.0, .33), ("601", "Soporte técnico", 80.0, .26), ("602", "Cobranzas", 80.0, .19),
          ("603", "Posventa", 75.0, .13), ("604", "Citas médicas", 85.0, .09)]
AGENTS = [("1001", "María Fernanda Núñez"), ("1002", "José Ángel Muñoz"), ("1003", "Íñigo Echegaray"),
          ("1004", "Lucía Güemes"), ("1005", "Óscar Sánchez"), ("1006", "Ana Belén Ordóñez"), ("1007", "Martín Ávalos"),
          ("1008", "Sofía Yáñez")]
HOURS = {8: 43, 9: 108, 10: 145, 11: 167, 12: 150, 13: 124, 14: 96, 15: 111, 16: 148, 17: 164, 18: 141, 19: 61}
DAYS = (1.12, 1.0, .97, .98, 1.04, .42, .12)
OUTCOMES = ("answered", "abandoned", "timeout", "exit_key", "exit_empty", "withdrawn", "in_progress", "interrupted",
            "unknown")


@dataclass(frozen=True)
class Who:
    """Whoever is looking."""

    username: str = "ana.salazar"
    role: str = "supervisor"
    language: str = "es"
    permissions: frozenset = frozenset(
        {"dashboard", "calls", "recordings", "numbers", "queues", "agents", "reports"})
    queues: frozenset | None = None

    def can(self, permission: str) -> bool:
        return permission in self.permissions


def totals(offered: int, stress: float = 0.0, running: int = 0) -> dict:
    """Every column of the totals from the number offered; `stress` makes them worse."""
    lost = int(offered * (.052 + .05 * stress))
    late, key, empty = int(offered * .014), int(offered * .006), int(offered * .003)
    withdrawn, broken = int(offered * .002), int(offered * .0008)
    answered = offered - lost - late - key - empty - withdrawn - broken - running
    short = lost // 6
    base = answered + lost - short + late + empty
    in_time = int(answered * (.905 - .12 * stress))
    none = answered == 0
    return {
        "offered": offered, "answered": answered, "abandoned": lost, "short_abandoned": short, "timeout": late,
        "exit_empty": empty, "exit_key": key, "withdrawn": withdrawn, "interrupted": broken, "in_progress": running,
        "unknown": 0, "transferred": answered // 19, "sl_pct": round(in_time / base * 100, 2) if base else None,
        "abandon_pct": round((lost - short) / (offered - short - running) * 100, 2) if offered > running else None,
        "asa": None if none else 15 + 22 * stress, "avg_wait_all": None if none else 19 + 26 * stress,
        "longest_wait": None if none else 214 + 240 * stress, "avg_talk": None if none else 246 + 14 * stress,
        "talk_total": answered * 246, "recovered": lost // 3, "lost_unrecovered": lost - lost // 3,
        "answer_pct": round(answered / offered * 100, 2) if offered else None,
        "aht": None if none else 252 + 14 * stress, "p50_wait": 9, "p90_wait": 61, "max_talk": 2110}


@dataclass
class FakeView:
    """Answers like the view of a user; `scale` 0 is a centre without calls, `state` how fresh it says it is."""

    scale: float = 1.0
    version: int = 7
    state: str = "ok"
    cause: str = ""
    demo: bool = False
    moment: dt.datetime = NOW
    asked: list = field(default_factory=list)

    def now(self) -> dt.datetime:
        return self.moment

    def today(self) -> dt.date:
        return self.moment.date()

    def _offered(self, day: dt.date, hour: int, filters) -> int:
        if dt.datetime.combine(day, dt.time(hour), ZONE) > self.moment:
            return 0
        share = sum(q[3] for q in QUEUES if not filters.queues or q[0] in filters.queues)
        if filters.origin == "internal":
            share *= .04
        wave = 1 + ((day.toordinal() * 7 + hour * 3) % 11 - 5) / 60
        part = self.moment.minute / 60 if (day, hour) == (self.today(), self.moment.hour) else 1
        return int(HOURS.get(hour, 0) * DAYS[day.weekday()] * wave * share * self.scale * part)

    def _stress(self, hour: int) -> float:
        return {10: .5, 11: 1.0, 12: .7, 16: .5, 17: .9, 18: .4}.get(hour, .15)

    def _cells(self, filters):
        for i in range(filters.days):
            day = filters.start + dt.timedelta(days=i)
            for hour in range(24):
                yield day, hour, self._offered(day, hour, filters)

    def _sum(self, rows: list[dict]) -> dict:
        offered = sum(r["offered"] for r in rows)
        total = totals(offered, sum(r["stress"] * r["offered"] for r in rows) / offered if offered else 0)
        for key in (*OUTCOMES, "short_abandoned"):
            total[key] = sum(r[key] for r in rows)
        done = total["answered"] + total["abandoned"]
        if done:
            total["answer_pct"] = round(total["answered"] / offered * 100, 2)
        return total

    def _rows(self, filters, keep=lambda day, hour: True) -> list[dict]:
        return [{**totals(n, self._stress(hour), 4 if (day, hour) == (self.today(), self.moment.hour) and n > 9 else 0),
                 "stress": self._stress(hour)}
                for day, hour, n in self._cells(filters) if keep(day, hour)]

    def totals(self, filters) -> dict:
        self.asked.append(("totals", filters))
        return self._sum(self._rows(filters))

    def by_interval(self, filters) -> pd.DataFrame:
        rows = []
        for day, hour, n in self._cells(filters):
            pieces = 60 // filters.interval
            for piece in range(pieces):
                offered = n // pieces + (piece < n % pieces)
                start = dt.datetime.combine(day, dt.time(hour, piece * filters.interval), ZONE)
                now = (day, hour) == (self.today(), self.moment.hour) and piece == 0 and n > 9
                rows.append({"start": start, **totals(offered, self._stress(hour), 4 if now else 0)})
        frame = pd.DataFrame(rows)
        frame["start"] = pd.to_datetime(frame["start"], utc=True).dt.tz_convert(ZONE)
        return frame

    def by_day(self, filters) -> pd.DataFrame:
        days = [filters.start + dt.timedelta(days=i) for i in range(filters.days)]
        return pd.DataFrame([{"date": d, **self._sum(self._rows(filters, lambda day, hour, d=d: day == d))}
                             for d in days])

    def by_queue(self, filters) -> pd.DataFrame:
        whole = sum(n for _, _, n in self._cells(filters))
        stress = {"600": 0.0, "601": 1.1, "602": .6, "603": 1.9, "604": .2}
        share = sum(q[3] for q in QUEUES if not filters.queues or q[0] in filters.queues) or 1
        rows = [{"queue": key, "name": name, "sl_target": target,
                 **totals(int(whole * part / share), stress[key])}
                for key, name, target, part in QUEUES if not filters.queues or key in filters.queues]
        return pd.DataFrame([r for r in rows if r["offered"]] or rows[:0],
                            columns=["queue", "name", "sl_target", *totals(0)])

    def by_agent(self, filters) -> pd.DataFrame:
        whole = self._sum(self._rows(filters))["answered"]
        parts = (.15, .142, .139, .131, .12, .11, .108, .1)
        return pd.DataFrame([{"agent": key, "name": name, "answered": int(whole * part),
                              "transferred": 3, "missed": i * 2,
                              "talk_total": int(whole * part) * (228 + 9 * i),
                              "avg_talk": 228 + 9 * i if whole else None}
                             for i, ((key, name), part) in enumerate(zip(AGENTS, parts, strict=True))])

    def by_weekday_hour(self, filters) -> pd.DataFrame:
        rows = []
        days = [filters.start + dt.timedelta(days=i) for i in range(filters.days)]
        for weekday in range(7):
            mine = [d for d in days if d.weekday() == weekday]
            for hour in range(24):
                n = sum(self._offered(d, hour, filters) for d in mine)
                rows.append({"weekday": weekday, "hour": hour, "days": len(mine), **totals(n, self._stress(hour))})
        return pd.DataFrame(rows)

    def queues(self) -> list[tuple[str, str]]:
        return [(key, f"{name} ({key})") for key, name, _, _ in QUEUES]

    def agents(self) -> list[tuple[str, str]]:
        return [(key, f"{name} ({key})") for key, name in AGENTS]

    def excluded_internal(self, filters) -> int:
        return int(34 * self.scale)

    def freshness(self) -> dict:
        until = None if self.state == "empty" else self.moment - dt.timedelta(seconds=2)
        return {"data_until": until, "age": None if until is None else 2.0, "state": self.state, "cause": self.cause}

    def nearest(self, filters) -> dt.date | None:
        return self.today() - dt.timedelta(days=1) if self.state != "empty" else None
