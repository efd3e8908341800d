"""Frames about queues to the rows a page shows: every number as text, with its comparison and its address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from data.call_filters import NONE
from data.filters import Filters
from i18n import NOTHING, duration, number, percent, text
from render import addresses
from render.cards import Delta, Totals, counts, delta, shown, value
from render.sparkline import sparkline
from render.words import METRICS, OUTCOMES, mark

OFFERED, LEVEL = (next(m for m in METRICS if m.key == key) for key in ("offered", "sl_pct"))
UNKNOWN = mark("n/a")
CAUSE_WORDS = {
    "short": (mark("Short abandon"), mark("Gave up within the seconds that are not counted against the center.")),
    **{o.key: (o.label, o.hint) for o in OUTCOMES if o.key not in ("answered", "in_progress")},
}
CAUSE_ROLES = {"short": "in_progress", **{o.key: o.role for o in OUTCOMES}}


@dataclass(frozen=True)
class QueueLine:
    """One queue, or all together (`key` ""). `here` narrows the page to it, or widens it again when it is `chosen`."""

    name: str
    key: str
    chosen: bool
    here: str
    line: str
    offered: str
    change: Delta | None
    answered: str
    answer_share: str
    abandoned: str
    abandon_share: str
    level: float | None
    level_words: str
    target: float | None
    threshold: str
    level_change: Delta | None
    wait: str
    longest: str
    handle: str
    hrefs: Mapping[str, str]


@dataclass(frozen=True)
class CauseRow:
    """Why calls were lost; `width` 0-100 of the most frequent cause."""

    label: str
    hint: str
    role: str
    count: str
    share: str
    width: float
    wait: str
    high: str
    href: str


@dataclass(frozen=True)
class NumberRow:
    """A number dialled, or a place in the queue."""

    label: str
    cells: Sequence[tuple[str, str]]  # words and address ("" for none)
    width: float
    href: str


@dataclass(frozen=True)
class IntervalRow:
    """An interval of the day: its calls and the time of agents in it. `cells`, words and address ("" for none), in the
    order of the heads."""

    label: str
    href: str
    cells: Sequence[tuple[str, str]]
    width: float


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]


def _line(lang: str, prefix: str, filters: Filters, row: Totals, before: Totals | None,
          **more: Any) -> QueueLine:
    level, longest = value(row.get("sl_pct")), value(row.get("longest_wait"))
    queue = {"queue": more["key"]} if more["key"] else {}
    hrefs = counts(prefix, filters, **queue)
    if longest is not None:
        hrefs["longest"] = addresses.calls(prefix, filters, **queue, min_wait=str(int(longest)))
    old = before if before is not None and value(before.get("offered")) else None
    return QueueLine(
        offered=number(lang, value(row["offered"])), answered=number(lang, value(row["answered"])),
        change=None if old is None else delta(lang, OFFERED, row, old),
        answer_share=percent(lang, value(row["answer_pct"])), abandoned=number(lang, value(row["abandoned"])),
        abandon_share=percent(lang, value(row["abandon_pct"])), level=level, level_words=percent(lang, level),
        level_change=None if old is None else delta(lang, LEVEL, row, old), wait=duration(value(row["asa"])),
        longest=duration(longest), handle=duration(value(row["aht"])), hrefs=hrefs, **more)


def queues(lang: str, prefix: str, here: Any, filters: Filters, now: pd.DataFrame, before: pd.DataFrame,
           lines: Mapping[str, list[int]]) -> list[QueueLine]:
    """A row a queue. `now` and `before` are by_queue without the choice of queues; `here(queues)` gives the address of
    this page narrowed to some of them, `lines` the calls of each over the period."""
    old = {str(row["queue"]): row for row in _records(before)}
    rows, everywhere = [], replace(filters, queues=())
    picked = {q.casefold() for q in filters.queues}
    for row in _records(now):
        key = str(row["queue"])
        chosen = key.casefold() in picked
        others = [q for q in filters.queues if q.casefold() != key.casefold()]
        rows.append(_line(
            lang, prefix, everywhere, row, old.get(key), name=shown(row["name"], key), key=key,
            chosen=chosen, here=here(others if chosen else [key]), line=sparkline(lines.get(key, [])),
            target=value(row.get("sl_target")), threshold=text(lang, "{seconds} s", seconds=int(row["threshold"]))))
    return rows


def total(lang: str, prefix: str, here: Any, filters: Filters, now: Totals, before: Totals) -> QueueLine:
    """All queues of the filters together, computed from their sums."""
    label = text(lang, "Chosen queues") if filters.queues else text(lang, "All queues")
    return _line(lang, prefix, filters, now, before, name=label, key="", chosen=False,
                 here=here([]), line="", target=None, threshold="")


def causes(lang: str, prefix: str, filters: Filters, frame: pd.DataFrame) -> list[CauseRow]:
    """Every cause of loss, the most frequent first; none left out."""
    most = max([int(n) for n in frame["count"]], default=0) or 1
    rows = []
    for row in frame.sort_values("count", ascending=False, kind="stable").to_dict("records"):
        key, count = str(row["cause"]), int(row["count"])
        label, hint = CAUSE_WORDS[key]
        extra = {"outcome": "abandoned", "short": str(key == "short").lower()} if key in (
            "short", "abandoned") else {"outcome": key}
        rows.append(CauseRow(
            text(lang, label), text(lang, hint), CAUSE_ROLES[key], number(lang, count),
            percent(lang, value(row["share"])), 100 * count / most, duration(value(row["avg_wait"])),
            duration(value(row["p90_wait"])), addresses.calls(prefix, filters, **extra)))
    return rows


def numbers(lang: str, prefix: str, filters: Filters, frame: pd.DataFrame, most: int = 12) -> list[NumberRow]:
    """The numbers dialled most, and the calls of which the log has none."""
    top = max(frame["offered"].max(), 1) if len(frame) else 1
    rows = []
    for row in frame.head(most).to_dict("records"):
        did = str(row["did"])
        hrefs = counts(prefix, filters, did=did or NONE)
        rows.append(NumberRow(did or text(lang, UNKNOWN), [
            (number(lang, value(row["offered"])), hrefs["offered"]),
            (number(lang, value(row["answered"])), hrefs["answered"]),
            (percent(lang, value(row["abandon_pct"])), hrefs["abandoned"]),
            (percent(lang, value(row["sl_pct"])), hrefs["level"]),
            (duration(value(row["asa"])), "")], 100 * float(row["offered"]) / top, hrefs["offered"]))
    return rows


def positions(lang: str, prefix: str, filters: Filters, frame: pd.DataFrame, last: int) -> list[NumberRow]:
    """How many gave up at each place in the queue; `last` stands for all places from there on."""
    most = max(frame["abandoned"].max(), 1) if len(frame) else 1
    rows = []
    for row in frame.to_dict("records"):
        place = value(row["position"])
        label = text(lang, UNKNOWN) if place is None else f"{int(place)}{'+' if place >= last else ''}"
        low, high = ("", "0") if place is None else (str(int(place)), "" if place >= last else str(int(place)))
        href = addresses.calls(prefix, filters, outcome="abandoned", min_position=low, max_position=high)
        rows.append(NumberRow(label, [(number(lang, row["abandoned"]), href), (duration(value(row["avg_wait"])), "")],
                              100 * float(row["abandoned"]) / most, href))
    return rows


INTERVAL_HEADS = (
    ("Offered", mark("Offered"), "offered"), ("Answered", mark("Answered"), "answered"),
    ("Abandoned", mark("Abandoned"), "abandoned"), ("Service level", mark("Service level"), "sl_pct"),
    ("ASA (m:ss)", mark("ASA (m:ss)"), "asa"), ("Talk (h:mm:ss)", mark("Talk (h:mm:ss)"), ""),
    ("Connected (h:mm:ss)", mark("Connected (h:mm:ss)"), ""), ("On pause (h:mm:ss)", mark("On pause (h:mm:ss)"), ""),
    ("Occupancy", mark("Occupancy"), "occupancy"))


def intervals(lang: str, prefix: str, filters: Filters, frame: pd.DataFrame) -> list[IntervalRow]:
    """The intervals of the day, those of all days together, without those in which nothing happened; the last row is
    the sum. `frame` has `time` and the totals and time of agents; its last row is the whole."""
    records = frame.to_dict("records")
    top = max([float(row["offered"]) for row in records[:-1]], default=1) or 1
    rows = []
    for row, following in zip(records, [*records[1:], None], strict=True):
        whole = following is None
        if not whole and not value(row["offered"]) and not value(row["login"]):
            continue
        hrefs = counts(prefix, filters, **({} if whole else {"from_": str(row["time"]), "to": str(row["until"])}))
        cells = [*((number(lang, value(row[name])), hrefs[name]) for name in ("offered", "answered", "abandoned")),
                 (percent(lang, value(row["sl_pct"])), hrefs["level"]), *((words, "") for words in (
                     duration(value(row["asa"])), duration(value(row["talk_total"])), *(
                         duration(value(row[name])) if row["known"] else NOTHING for name in ("login", "pause")),
                     percent(lang, value(row["occupancy"]))))]
        label = text(lang, "Total") if whole else f"{row['time']} – {row['until']}"
        rows.append(IntervalRow(label, hrefs["offered"], cells, 0 if whole else 100 * float(row["offered"]) / top))
    return rows
