"""Totals and frames to the rows a page shows: every number as text, with its comparison and its address."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.filters import Filters
from i18n import NOTHING, clock, day, duration, number, percent, text
from render import addresses
from render.sparkline import sparkline
from render.words import METRICS, OUTCOMES, Metric

Totals = Mapping[str, Any]


@dataclass(frozen=True)
class Delta:
    """A difference with the period before. `way` is up, down or level; `tone` is good, bad or neutral."""

    words: str
    way: str
    tone: str


@dataclass(frozen=True)
class Kpi:
    """One KPI card, all in the reader's words."""

    metric: Metric
    label: str
    value: str
    unit: str
    definition: str
    delta: Delta | None
    before: str
    line: str
    href: str


@dataclass(frozen=True)
class Share:
    """One outcome: count and its part of the offered calls (0–100, None when nothing was offered)."""

    label: str
    hint: str
    role: str
    count: str
    share: str
    width: float
    href: str


@dataclass(frozen=True)
class QueueRow:
    name: str
    key: str
    offered: str
    answered: str
    abandoned: str
    abandon_share: str
    level: float | None
    level_words: str
    target: float | None
    wait: str
    handle: str
    hrefs: Mapping[str, str]


@dataclass(frozen=True)
class AgentRow:
    name: str
    initials: str
    answered: str
    share: float
    talk: str
    average: str
    missed: str
    href: str
    calls: str


def value(value: Any) -> float | None:
    """A number out of a frame or of totals; None for every way of saying nothing."""
    return None if value is None or pd.isna(value) else float(value)


def shown(name: Any, key: str) -> str:
    """The name of a queue or an agent, or its key when nobody named it."""
    return key if name is None or pd.isna(name) or not str(name).strip() else str(name)


def _busy(frame: pd.DataFrame) -> pd.DataFrame:
    """From the first to the last row with a call, so that a line does not begin with a flat night."""
    rows = frame.index[frame["offered"].fillna(0) > 0]
    return frame.loc[rows[0]:rows[-1]] if len(rows) else frame


def _said(lang: str, metric: Metric, amount: float | None) -> tuple[str, str]:
    if amount is None:
        return NOTHING, ""
    if metric.kind == "percent":
        return number(lang, amount, 1), "%"
    if metric.kind == "seconds":
        return duration(amount), "min" if amount < 3600 else "h"
    return number(lang, amount), ""


def delta(lang: str, metric: Metric, now: Totals, before: Totals) -> Delta | None:
    """Counts differ in percent, percentages in points, times in seconds; None when either side has no value.

    Good and bad follow the metric: fewer abandoned is good although it points down.
    """
    key = metric.compare or metric.key
    new, old = value(now.get(key)), value(before.get(key))
    if new is None or old is None:
        return None
    if key.endswith("_pct"):
        change = round(new - old, 1)
        words = text(lang, "{change} pp", change=number(lang, abs(change), 1))
    elif metric.kind == "seconds":
        change = round(new) - round(old)
        words = duration(abs(change)) if abs(change) >= 60 else text(
            lang, "{change} s", change=number(lang, abs(change)))
    elif old == 0:
        return None
    else:
        change = round((new - old) / old * 100, 1)
        words = percent(lang, abs(change))
    way = "up" if change > 0 else "down" if change < 0 else "level"
    sign = (change > 0) - (change < 0)
    return Delta(words, way, {1: "good", -1: "bad", 0: "neutral"}[sign * metric.good])


def kpis(lang: str, prefix: str, filters: Filters, now: Totals, before: Totals, series: pd.DataFrame,
         moment: dt.datetime) -> list[Kpi]:
    """The six cards. `series` is by_interval or by_day of the same filters; what lies after `moment` is left out.

    A period before without calls is said in words: a zero would look like a measurement where there may be no log.
    """
    past = _busy(series[series["start"] <= moment] if "start" in series else series)
    cards = []
    for metric in METRICS:
        words, unit = _said(lang, metric, value(now.get(metric.key)))
        if metric.share:
            unit = percent(lang, value(now.get(metric.share)))
        change = delta(lang, metric, now, before)
        old = value(before.get(metric.key))
        extra: dict[str, str | tuple[str, ...]] = {"within_sl": "true"} if metric.key == "sl_pct" else {
            "outcome": metric.outcome} if metric.outcome else {}
        cards.append(Kpi(
            metric, text(lang, metric.label), words, "" if unit == NOTHING else unit, text(lang, metric.definition),
            change, text(lang, "no calls") if not before.get("offered") else "" if old is None else _said(
                lang, metric, old)[0],
            sparkline(past[metric.key].tolist()) if metric.key in past else "",
            addresses.calls(prefix, filters, **extra)))
    return cards


def before_words(lang: str, past: Filters) -> str:
    """The period before, for whoever asks what a difference is measured against."""
    days = day(lang, past.start) if past.days == 1 else text(
        lang, "{start} to {end}", start=day(lang, past.start), end=day(lang, past.end))
    return days if past.until is None else text(
        lang, "{days} until {time}", days=days, time=clock(lang, past.until, seconds=False))


def outcomes(lang: str, prefix: str, filters: Filters, totals: Totals) -> list[Share]:
    """Every outcome in the order of the identity, zero or not: together they are the offered calls."""
    offered = value(totals.get("offered")) or 0
    rows = []
    for outcome in OUTCOMES:
        count = value(totals.get(outcome.key)) or 0
        part = count / offered * 100 if offered else None
        label, short = text(lang, outcome.label), value(totals.get("short_abandoned"))
        if outcome.key == "abandoned" and short:  # of which the abandonment rate knows nothing
            label = text(lang, "{outcome} (short: {count})", outcome=label, count=number(lang, short))
        rows.append(Share(label, text(lang, outcome.hint), outcome.role, number(lang, count),
                          percent(lang, part), part or 0, addresses.calls(prefix, filters, outcome=outcome.key)))
    return rows


def queues(lang: str, prefix: str, filters: Filters, frame: pd.DataFrame, most: int = 8) -> list[QueueRow]:
    """The busiest queues first; `frame` is by_queue."""
    rows = []
    for row in frame.sort_values(["offered", "queue"], ascending=[False, True]).head(most).to_dict("records"):
        key = str(row["queue"])
        level = value(row.get("sl_pct"))
        rows.append(QueueRow(
            shown(row["name"], key), key, number(lang, value(row["offered"])), number(lang, value(row["answered"])),
            number(lang, value(row["abandoned"])), percent(lang, value(row["abandon_pct"])), level,
            percent(lang, level), value(row.get("sl_target")), duration(value(row["asa"])), duration(value(row["aht"])),
            counts(prefix, filters, queue=key)))
    return rows


def counts(prefix: str, filters: Filters, **more: Any) -> dict[str, str]:
    """Where the counts of a row, and its service level, lead."""
    def href(**extra: Any) -> str:
        return addresses.calls(prefix, filters, **more, **extra)
    return {"offered": href(), "answered": href(outcome="answered"), "abandoned": href(outcome="abandoned"),
            "level": href(within_sl="true")}


def initials(name: str) -> str:
    """Two letters for a name (María Fernanda Núñez (1001) → MN); of a bare extension its last two digits."""
    words = [w for w in name.split(" (")[0].replace("/", " ").split() if w]
    if not words:
        return "?"
    if len(words) == 1:
        return words[0][-2:] if words[0].isdigit() else words[0][:2].upper()
    return (words[0][0] + words[-1][0]).upper()


def agents(lang: str, prefix: str, filters: Filters, frame: pd.DataFrame, most: int = 5) -> list[AgentRow]:
    """Those who answered most; `share` is 0–100 of the first one. `frame` is by_agent."""
    best = frame[frame["answered"].fillna(0) > 0].sort_values(["answered", "agent"], ascending=[False, True]).head(most)
    top = float(best["answered"].max()) if len(best) else 1
    rows = []
    for row in best.to_dict("records"):
        key = str(row["agent"])
        name = shown(row["name"], key)
        rows.append(AgentRow(
            name, initials(name), number(lang, value(row["answered"])), float(row["answered"]) / top * 100,
            duration(value(row["talk_total"])), duration(value(row["avg_talk"])), number(lang, value(row["missed"])),
            addresses.agent(prefix, filters, key), addresses.calls(prefix, filters, agent=key, outcome="answered")))
    return rows
