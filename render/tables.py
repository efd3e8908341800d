"""One description per table: the page, the sheet, the PDF and the CSV are four readers of it.

A column has a kind, which says what its values are and how they are written: `text`, `phone`, `outcome`, `ended`
(words of a vocabulary), `count`, `percent` (0-100), `seconds`, `moment`, `date`, `hour`; `metric` values have the
kind of their row, `delta` is a difference in our own words.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from i18n import NOTHING, clock, day, duration, moment, number, one, percent, text, weekday
from render import events, glossary
from render.glossary import GLOSSARY
from render.words import OUTCOMES, mark

NUMBERS = frozenset({"count", "percent", "seconds", "metric", "delta"})  # kinds that stand at the right
ENDED = {"agent": mark("Agent"), "caller": mark("Caller"), "transfer": mark("Transfer"),
         "restart": mark("Restart of the telephone system")}
OUTCOME_WORDS = {outcome.key: outcome.label for outcome in OUTCOMES}


@dataclass(frozen=True)
class Ratio:
    """A rate that is computed from sums, also below the column: `scale` × Σ over ÷ Σ under + the constant `plus`.
    Both sides are sums of columns of the frame with a sign."""

    over: Mapping[str, int]
    under: Mapping[str, int]
    scale: int = 1
    plus: str = ""


@dataclass(frozen=True)
class Column:
    """`total` says what stands below: sum, max, share (100 %), count (of rows) or nothing. `wide` is a share of the
    width of a page."""

    key: str
    label: str
    kind: str
    wide: float = 1.0
    total: str = ""
    ratio: Ratio | None = None

    @property
    def definition(self) -> str:
        """What the number means, an English message id; "" where the label says it all."""
        return GLOSSARY[self.key].definition if self.key in GLOSSARY and self.kind in NUMBERS else ""


@dataclass(frozen=True)
class Table:
    """`key` as in data.reports; `series` are the columns that the native chart of a sheet stacks, `line` the rate it
    draws on its second axis."""

    key: str
    title: str
    columns: tuple[Column, ...]
    series: tuple[str, ...] = ()
    line: str = ""
    across: bool = False  # the bars of the chart lie
    most: int = 400  # rows up to which that chart can be read
    notes: tuple[str, ...] = field(default=())

    @property
    def needed(self) -> tuple[Column, ...]:
        """What rates are computed from and no column shows."""
        shown = {column.key for column in self.columns}
        keys = dict.fromkeys(key for column in self.columns if column.ratio
                             for side in (column.ratio.over, column.ratio.under) for key in side)
        return tuple(_metric(key, GLOSSARY[key].kind, total="sum") for key in keys if key not in shown)


def _metric(key: str, kind: str = "count", wide: float = 1.0, total: str = "", ratio: Ratio | None = None) -> Column:
    return Column(key, GLOSSARY[key].label, kind, wide, total, ratio)


_LOST = {"abandoned": 1, "short_abandoned": -1}
ANSWER = Ratio({"answered": 1}, {"offered": 1, "in_progress": -1}, 100)
ABANDON = Ratio(_LOST, {"offered": 1, "short_abandoned": -1, "in_progress": -1}, 100)
LEVEL = Ratio({"in_sl": 1}, {"answered": 1, **_LOST, "timeout": 1, "exit_empty": 1}, 100)
ASA = Ratio({"asa_sum": 1}, {"asa_count": 1})
TALK = Ratio({"talk_total": 1}, {"talks": 1})
OCCUPANCY = Ratio({"busy": 1}, {"ready": 1}, 100)
AHT = Ratio({"talk_total": 1}, {"talks": 1}, plus="wrapup")

COUNTED = (
    _metric("offered", total="sum"), _metric("answered", total="sum"), _metric("abandoned", total="sum"),
    _metric("short_abandoned", total="sum"), _metric("timeout", total="sum"), _metric("exit_key", total="sum"),
    _metric("exit_empty", total="sum"), _metric("others", total="sum"), _metric("in_progress", total="sum"),
    _metric("answer_pct", "percent", ratio=ANSWER), _metric("abandon_pct", "percent", ratio=ABANDON),
    _metric("sl_pct", "percent", ratio=LEVEL), _metric("asa", "seconds", ratio=ASA),
    _metric("longest_wait", "seconds", total="max"), _metric("avg_talk", "seconds", ratio=TALK),
    _metric("aht", "seconds", ratio=AHT), _metric("talk_total", "seconds", 1.25, total="sum"),
)
STACKED = ("answered", "abandoned", "timeout", "exit_key", "exit_empty", "in_progress", "others")

TABLES = {table.key: table for table in (
    Table("metrics", mark("Metrics of the period"), (
        Column("metric", mark("Metric"), "text", 2.2), Column("value", mark("Period"), "metric"),
        Column("before", mark("Period before"), "metric"), Column("change", mark("Change"), "delta"),
        Column("definition", mark("Definition"), "text", 6))),
    Table("outcomes", mark("How the calls ended"), (
        Column("outcome", mark("Outcome"), "outcome", 2), _metric("count", total="sum"),
        Column("share", mark("Share"), "percent", total="share")), series=("count",), across=True),
    Table("queues", mark("By queue"), (
        Column("name", mark("Queue"), "text", 2.6), *COUNTED), series=STACKED, line="sl_pct", across=True, most=40),
    Table("agents", mark("By agent"), (
        Column("name", mark("Agent"), "text", 3), _metric("answered", total="sum"),
        Column("share", mark("Share"), "percent", total="share"), _metric("transferred", total="sum"),
        _metric("ended_by_agent", total="sum"), _metric("missed", total="sum"),
        _metric("asa", "seconds", ratio=ASA), _metric("avg_talk", "seconds", ratio=TALK),
        _metric("talk_total", "seconds", 1.25, total="sum"), _metric("login", "seconds", 1.25, total="sum"),
        _metric("pause", "seconds", 1.25, total="sum"), _metric("occupancy", "percent", ratio=OCCUPANCY)),
        series=("answered",), across=True, most=60),
    Table("days", mark("By day"), (
        Column("date", mark("Date"), "date", 1.7), *COUNTED), series=STACKED, line="sl_pct"),
    Table("hours", mark("By hour"), (
        Column("hour", mark("Hour"), "hour", 1.5), *COUNTED), series=STACKED, line="sl_pct"),
    Table("intervals", mark("By interval"), (
        Column("start", mark("Interval"), "moment", 2.1), *COUNTED), series=STACKED, line="sl_pct"),
    Table("events", mark("By event of the log"), (
        Column("event", mark("Event"), "text", 1.4), Column("label", mark("What it means"), "text", 2.4),
        _metric("count", total="sum"), Column("share", mark("Share"), "percent", total="share")),
        series=("count",), across=True),
    Table("calls", mark("Calls"), (
        Column("enter", mark("Date and time"), "moment", 2.0), Column("caller", mark("Number"), "phone", 1.45),
        Column("did", mark("DID"), "phone", 1.3), Column("queue_name", mark("Queue"), "text", 1.6),
        Column("agent_name", mark("Agent"), "text", 2.2), Column("outcome", mark("Outcome"), "outcome", 1.35),
        Column("wait", mark("Wait"), "seconds", 0.9, total="sum"),
        Column("talk", mark("Conversation"), "seconds", 1.2, total="sum"),
        Column("end", mark("End"), "moment", 2.0), Column("end_by", mark("Ended by"), "ended", 1.4),
        Column("transfer_to", mark("Transferred to"), "phone", 1.15), Column("callid", mark("Call"), "text", 2.0)),
        notes=(mark("One row is one stay in one queue, dated when the call entered it."),)),
    Table("journeys", mark("Calls"), (
        Column("enter", mark("Date and time"), "moment", 2.0), Column("caller", mark("Number"), "phone", 1.5),
        Column("did", mark("DID"), "phone", 1.4), Column("queue_names", mark("Queues"), "text", 2.4),
        Column("agent_names", mark("Agents"), "text", 2.6), Column("outcome", mark("Outcome"), "outcome", 1.35),
        Column("wait", mark("Wait"), "seconds", 0.9, total="sum"),
        Column("talk", mark("Conversation"), "seconds", 1.2, total="sum"), _metric("legs", total="sum"),
        Column("end", mark("End"), "moment", 2.0), Column("callid", mark("Call"), "text", 2.0)),
        notes=(mark("One row is one call with all its stays in queues; its outcome is that of the last one, or "
                    "answered when an agent took it."),)),
)}


def columns(table: Table, frame: pd.DataFrame) -> tuple[Column, ...]:
    """The columns whose values there are."""
    made = {"metrics": {"change", "definition"}, "events": {"label"}}.get(table.key, set())
    return tuple(column for column in table.columns if column.key in made or column.key in frame.columns)


def cells(table: Table, lang: str, frame: pd.DataFrame, wanted: Iterable[Column]) -> list[list[Any]]:
    """The values of these columns as plain ones: text, int, float, datetime of the site without its zone, date; None
    for what is missing."""
    if table.key == "metrics":
        frame = _measured(lang, frame)
    if table.key == "events":
        frame = frame.assign(label=[events.label(lang, event) for event in frame["event"]])
    single = table.key in ("calls", "journeys")  # a row is one call: Atendida, where a row of many is Atendidas
    return [_values(column.kind, lang, frame[column.key], single) for column in wanted]


def _values(kind: str, lang: str, values: pd.Series, single: bool) -> list[Any]:
    if kind == "moment":
        # The clock on the wall, whatever it was set to on that day.
        held = values.dt.tz_localize(None) if getattr(values.dt, "tz", None) is not None else values
        return [None if found is pd.NaT else found for found in held.dt.to_pydatetime()]
    if kind in ("count", "percent", "seconds"):
        numbers = values.to_numpy(dtype="float64", na_value=float("nan")).tolist()
        return [None if n != n else int(n) if n.is_integer() else n for n in numbers]
    found = [None if value is None or value != value or value == "" else value for value in values.tolist()]
    if kind in ("outcome", "ended"):
        known = OUTCOME_WORDS if kind == "outcome" else ENDED
        words = {key: (one if single and kind == "outcome" else text)(lang, label) for key, label in known.items()}
        return [words.get(str(value), value) for value in found]
    if kind == "hour":
        return [f"{hour:02}:00" for hour in values.astype("int64")]
    return found


def _measured(lang: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The table of metrics in words, in the order of the glossary; `kind` and `key` of each row stay with it."""
    given = {row["metric"]: row for row in frame.to_dict("records")}
    made = [{"key": key, "kind": term.kind, "metric": text(lang, term.label), "value": given[key]["value"],
             "before": given[key]["before"],
             "change": glossary.change(lang, key, given[key]["value"], given[key]["before"]),
             "definition": text(lang, term.definition)}
            for key, term in GLOSSARY.items() if key in given]
    return pd.DataFrame(made, columns=["key", "kind", "metric", "value", "before", "change", "definition"],
                        dtype=object)


def kinds(table: Table, column: Column, count: int) -> list[str]:
    """The kind of each of the first `count` rows of a column."""
    if column.kind != "metric":
        return [column.kind] * count
    return [term.kind for key, term in GLOSSARY.items() if term.counted][:count]


def shown(lang: str, kind: str, value: Any) -> str:
    """A value as a reader sees it on the page and in the PDF."""
    if value is None:
        return NOTHING if kind in NUMBERS else ""
    if kind == "count":
        return number(lang, value)
    if kind == "percent":
        return percent(lang, value)
    if kind == "seconds":
        return duration(value)
    if kind == "moment":
        return moment(lang, value)
    if kind == "date":
        return f"{weekday(lang, value.weekday())} {day(lang, value)}"
    return clock(lang, value) if isinstance(value, dt.time) else str(value)


def totals(lang: str, found: tuple[Column, ...], given: Mapping[str, Any], count: int) -> list[Any]:
    """What stands below each column: words first, then values of the column's kind; None for nothing. Empty when
    there is nothing to add up."""
    if not any(column.total or column.ratio for column in found):
        return []
    below: list[Any] = [given.get(column.key) if column.total or column.ratio else None for column in found]
    below[0] = text(lang, "Total ({count})", count=number(lang, count))
    return below
