"""Frames about agents to the rows a page shows: every number as text, with its address; what is not known is n/a."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.filters import Filters
from i18n import NOTHING, clock, day, duration, number, percent, text
from render import addresses
from render.cards import Kpi, Totals, delta, initials, shown, value
from render.sparkline import sparkline
from render.words import Metric, mark

UNKNOWN = mark("n/a")
SHOWN = 50  # rows of a table until somebody asks for all

# The same order on the page of the team and on that of one agent.
TEAM = (
    Metric("connected", mark("Connected agents"), mark(
        "Agents with a session in the log within the period. Static members of a queue leave none: their time is not "
        "known."), "count", 0, "level", "people"),
    Metric("answered", mark("Answered"), mark("Calls that agents took in the period."), "count", 1, "answered",
           "check-circle-fill", "answered"),
    Metric("aht", mark("Handling (AHT)"), mark("Average conversation of answered calls plus the configured after-call "
           "time (TMO, AHT)."), "seconds", -1, "answered", "clock-history", "answered"),
    Metric("occupancy", mark("Occupancy"), mark(
        "Time in calls (and after them) ÷ time connected and not on pause, in all queues of a person, whichever are "
        "chosen. Overlapping calls count once; talking on while on pause counts as talking. Not known of static "
        "members, nor of who also works in queues that you do not see."), "percent", 0, "answered", "speedometer2",
           compare="occupancy_pct"),
    Metric("pause_pct", mark("On pause"), mark("Time on pause ÷ time connected, both as the union over queues."),
           "percent", -1, "wait", "pause-fill"),
    Metric("missed", mark("Missed"), mark("Calls that rang at an agent until the queue gave up on him, without those "
           "of a second or less (phones that cannot be reached)."), "count", -1, "abandoned", "telephone-x"),
)

LOGIN = Metric("login", mark("Connected"), mark(
    "Time connected in at least one queue. Static members of a queue leave no session in the log: not known."),
    "seconds", 0, "level", "clock-history")


@dataclass(frozen=True)
class Column:
    """A column of the table of agents: `key` of the frame, words, how it is written, what it leads to (an outcome or
    other filters, "" for nothing), whether a phone shows it, and whether a bar says how large it is."""

    key: str
    label: str
    kind: str
    leads: Mapping[str, str] | None = None
    wide: bool = True
    bar: str = ""
    hint: str = ""


_ANSWERED = {"outcome": "answered"}
COLUMNS = (
    Column("answered", mark("Answered"), "count", _ANSWERED, False, "answered"),
    Column("avg_talk", mark("Average talk"), "seconds", _ANSWERED, False),
    Column("occupancy", mark("Occupancy"), "percent", None, False, "level", TEAM[3].definition),
    Column("login", mark("Connected"), "known", hint=mark(
        "Union over queues: an hour in five queues is an hour. Static members leave no session: n/a.")),
    Column("pause", mark("On pause"), "seconds", hint=mark("Union over queues, while connected.")),
    Column("missed", mark("Missed"), "count", {}, False, hint=TEAM[5].definition),
    Column("talk_total", mark("Talk time"), "seconds", _ANSWERED),
    Column("p90_talk", mark("P90 talk"), "seconds", _ANSWERED, hint=mark("Nine in ten conversations were not longer.")),
    Column("max_talk", mark("Longest"), "longest", _ANSWERED),
    Column("avg_ring", mark("Ring"), "seconds", _ANSWERED, hint=mark("Average ringing before answering.")),
    Column("transferred", mark("Transferred"), "count", {**_ANSWERED, "transferred": "true"}),
    Column("ended_by_agent", mark("Hung up"), "count", {**_ANSWERED, "ended_by": "agent"},
           hint=mark("Answered calls that the agent ended.")),
    Column("utilization", mark("Utilization"), "percent", hint=mark("Time in calls ÷ time connected.")),
    Column("first_in", mark("First in"), "in"), Column("last_out", mark("Last out"), "out"),
    Column("sessions", mark("Sessions"), "sessions", hint=mark("Times connected in at least one queue.")),
)
SORTS = {column.key for column in COLUMNS} | {"name"}


@dataclass(frozen=True)
class Cell:
    """`words`, where they lead ("" for nowhere), `width` 0-100 of the bar (-1 for none) and the column they are of."""

    words: str
    href: str
    width: float
    column: Column


@dataclass(frozen=True)
class PersonRow:
    name: str
    initials: str
    href: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class ComparisonRow:
    """An agent against what was expected of the calls that he had. `bar` from -100 (less) to 100 (more)."""

    rank: str
    name: str
    href: str
    calls: str
    calls_href: str
    average: str
    median: str
    high: str
    expected: str
    difference: str
    margin: str
    bar: float
    apart: bool
    transfers: str
    expected_transfers: str
    missed: str


@dataclass(frozen=True)
class ReasonRow:
    label: str
    kind: str
    seconds: str
    share: str
    width: float
    more: str
    role: str


def unknown(lang: str, words: str, known: bool = True) -> str:
    """A dash means that there is nothing to divide by; n/a that the log does not tell."""
    return words if known else text(lang, UNKNOWN)


def kpis(lang: str, prefix: str, filters: Filters, now: Totals, before: Totals, series: pd.DataFrame,
         metrics: Sequence[Metric] = TEAM) -> list[Kpi]:
    """The strip of the team, or of one agent against his own past. `series` is by_day of agents."""
    cards = []
    for metric in metrics:
        amount, old = value(now.get(metric.key)), value(before.get(metric.key))
        known = amount is not None or bool(now.get("login")) or metric.key in ("aht", "answered", "missed")
        change = delta(lang, metric, now, before) if before.get("answered") else None
        href = addresses.calls(prefix, filters, outcome=metric.outcome) if metric.outcome else ""
        if metric.key == "missed" and amount:
            href = addresses.missed(prefix, filters, *filters.agents)
        line = sparkline([value(v) for v in series[metric.key]]) if metric.key in series else ""
        cards.append(Kpi(
            metric, text(lang, metric.label), unknown(lang, _said(lang, metric, amount), known), _unit(metric, amount),
            text(lang, metric.definition), change, "" if old is None else _said(lang, metric, old), line, href))
    return cards


def _said(lang: str, metric: Metric, amount: float | None) -> str:
    if amount is None:
        return NOTHING
    return number(lang, amount, 1) if metric.kind == "percent" else duration(amount) if metric.kind == "seconds" else (
        number(lang, amount))


def _unit(metric: Metric, amount: float | None) -> str:
    if amount is None:
        return ""
    return "%" if metric.kind == "percent" else ("min" if amount < 3600 else "h") if metric.kind == "seconds" else ""


def ordered(frame: pd.DataFrame, order: str) -> pd.DataFrame:
    """by_agent in the order of a column, falling with a minus before it; most answered first for what is no column."""
    name, down = order.removeprefix("-"), order.startswith("-")
    if name not in SORTS:
        name, down = "answered", True
    column = frame["name"].str.casefold() if name == "name" else frame[name]
    return frame.loc[column.sort_values(ascending=not down, kind="stable", na_position="last").index]


def people(lang: str, prefix: str, filters: Filters, frame: pd.DataFrame, most: int | None = SHOWN) -> list[PersonRow]:
    """A row a person, in the order of the frame."""
    tops = {column.key: float(frame[column.key].max() or 1) if column.kind == "count" and len(frame) else 100.0
            for column in COLUMNS if column.bar}
    rows = []
    for row in (frame if most is None else frame.head(most)).to_dict("records"):
        key = str(row["agent"])
        name = shown(row["name"], key)
        cells = [Cell(_cell(lang, column, row, filters), _leads(prefix, filters, column, row, key),
                      100 * (value(row[column.key]) or 0) / tops[column.key] if column.bar else -1, column)
                 for column in COLUMNS]
        rows.append(PersonRow(name, initials(name), addresses.agent(prefix, filters, key), cells))
    return rows


def everybody(lang: str, prefix: str, filters: Filters, team: Totals) -> PersonRow:
    """The last row: everybody together, computed from the sums."""
    row = {**team, "first_in": None, "last_out": None}
    cells = []
    for column in COLUMNS:
        words = "" if column.kind in ("in", "out") else _cell(lang, column, row, filters)
        cells.append(Cell(words, _leads(prefix, filters, column, row, ""), -1, column))
    return PersonRow(text(lang, "Team ({count})", count=number(lang, team["agents"])), "", "", cells)


def _leads(prefix: str, filters: Filters, column: Column, row: Mapping[Any, Any], key: str) -> str:
    if column.leads is None or not value(row.get(column.key if column.key == "missed" else "answered")):
        return ""
    extra: dict[str, Any] = dict(column.leads)
    if column.key == "missed":
        return addresses.missed(prefix, filters, *([key] if key else filters.agents))
    if column.kind == "longest" and value(row[column.key]) is not None:
        extra["min_talk"] = str(int(row[column.key]))
    return addresses.calls(prefix, filters, **extra, **({"agent": key} if key else {}))


def _cell(lang: str, column: Column, row: Mapping[Any, Any], filters: Filters) -> str:
    amount = row.get(column.key)
    known = value(row.get("login")) is not None
    if column.kind in ("in", "out"):
        return _moment(lang, column, amount, filters, known)
    found = value(amount)
    if column.kind == "percent":
        return unknown(lang, percent(lang, found), known)
    if column.kind == "known":
        return unknown(lang, duration(found), known)
    if column.kind == "sessions":
        return unknown(lang, number(lang, found), known)
    return number(lang, found) if column.kind == "count" else duration(found)


def _moment(lang: str, column: Column, moment: Any, filters: Filters, known: bool) -> str:
    if not known:
        return text(lang, UNKNOWN)
    if moment is None or pd.isna(moment):
        return text(lang, "from before") if column.kind == "in" else text(lang, "still in")
    words = clock(lang, moment, seconds=False)
    return words if filters.days == 1 else f"{moment:%d/%m} {words}"


def comparison(lang: str, prefix: str, filters: Filters, frame: pd.DataFrame,
               ends: int | None = None) -> tuple[list[ComparisonRow], int]:
    """Those with enough calls, who took least of what was expected first; and how many had too few. Of many only the
    first and last `ends` are shown."""
    ranked = frame[frame["ranked"]]
    if ends is not None and len(ranked) > 2 * ends:
        ranked = pd.concat([ranked.head(ends), ranked.tail(ends)])
    most = float(ranked["difference"].abs().max()) if len(ranked) else 0.0
    rows = []
    for row in ranked.to_dict("records"):
        key, off = str(row["agent"]), float(row["difference"])
        rows.append(ComparisonRow(
            number(lang, row["rank"]), shown(row["name"], key), addresses.agent(prefix, filters, key),
            number(lang, row["calls"]), addresses.calls(prefix, filters, agent=key, outcome="answered"),
            duration(row["avg_talk"]), duration(row["p50_talk"]), duration(row["p90_talk"]),
            duration(row["expected_talk"]), f"{'+' if off >= 0.5 else '−' if off <= -0.5 else ''}{duration(abs(off))}",
            f"± {duration(row['margin'])}", 100 * off / most if most else 0.0, bool(row["apart"]),
            percent(lang, value(row["transfer_pct"])), percent(lang, value(row["expected_transfer_pct"])),
            percent(lang, value(row["missed_pct"]))))
    return rows, int((~frame["ranked"]).sum())


REASON_KINDS = {"break": ("", "wait"), "system": (mark("by the system"), "other"),
                "hold": (mark("held call"), "in_progress")}


def reasons(lang: str, frame: pd.DataFrame, team: bool = True) -> list[ReasonRow]:
    """Pauses by reason, most time first; those of the system and held calls are marked as no breaks. Of a `team` it is
    said how many agents."""
    whole, most = float(frame["seconds"].sum()) or 1.0, float(frame["seconds"].max()) if len(frame) else 1.0
    rows = []
    for row in frame.to_dict("records"):
        label, role = REASON_KINDS[str(row["kind"])]
        rows.append(ReasonRow(
            str(row["reason"]) or text(lang, "(no reason)"), text(lang, label) if label else "",
            duration(row["seconds"]), percent(lang, 100 * row["seconds"] / whole), 100 * row["seconds"] / (most or 1),
            text(lang, "Pauses: {count} · average {average}", count=number(lang, row["count"]),
                 average=duration(row["seconds"] / row["count"])) + (
                     text(lang, " · agents: {agents}", agents=number(lang, row["agents"])) if team else ""), role))
    return rows


def span_rows(lang: str, frame: pd.DataFrame) -> list[list[str]]:
    """Sessions or pauses as words: queues, reason, from, to, how long. What began and ended in several queues at once
    is one row."""
    rows: dict[tuple[Any, ...], list[str]] = {}
    for row in frame.to_dict("records"):
        queue = str(row["queue"]) or text(lang, "All queues")
        rows.setdefault((row["start"], str(row["end"]), row["reason"], row["seconds"]), []).append(queue)
    found = []
    for (start, end, reason, seconds), queues in rows.items():
        until = text(lang, "goes on") if end == "NaT" else _until(lang, start, pd.Timestamp(end))
        found.append([", ".join(sorted(set(queues))), reason, f"{day(lang, start)} {clock(lang, start)}", until,
                      duration(seconds)])
    return found


def _until(lang: str, start: dt.datetime, end: dt.datetime) -> str:
    return clock(lang, end) if end.date() == start.date() else f"{end:%d/%m} {clock(lang, end)}"
