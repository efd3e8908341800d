"""A report as one thing that pages and files are made of: words, numbers, pictures and tables of the same question."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.call_filters import EVERYBODY, NONE, SPANS, CallFilters, Sort
from data.calls import NEWEST
from data.reports import NARROW, TYPES, Rows, rows, tables, totals
from i18n import day, duration, moment, number, text, weekday
from render import cards
from render.cards import Kpi
from render.glossary import GLOSSARY
from render.report_charts import Picture, pictures
from render.tables import ENDED, OUTCOME_WORDS, Column, Table, cells, columns
from render.tables import TABLES as DESCRIBED
from render.tables import totals as below
from render.words import mark

TITLES = {
    "general": mark("General report"), "calls": mark("List of calls"), "queues": mark("Report by queue"),
    "agents": mark("Report by agent"), "daily": mark("Daily report"), "hourly": mark("Report by hour"),
    "intervals": mark("Report by interval"), "events": mark("Report by event"),
}
ORIGINS = {"external": mark("External calls"), "internal": mark("Internal calls"),
           "all": mark("External and internal calls")}
_NAMES = {
    "q": mark("Search"), "caller": mark("Number"), "callid": mark("Call"), "did": mark("DID"),
    "outcome": mark("Outcome"), "ended_by": mark("Ended by"), "missed_by": mark("Missed by"),
    "weekday": mark("Weekday"), "hour": mark("Hour"), "min_wait": mark("Wait, at least"),
    "max_wait": mark("Wait, at most"), "min_talk": mark("Conversation, at least"),
    "max_talk": mark("Conversation, at most"), "min_position": mark("Place when leaving, at least"),
    "max_position": mark("Place when leaving, at most"), "from": mark("From"), "to": mark("To"),
    "transferred": mark("Transferred"), "short": mark("Short abandons"), "within_sl": mark("Within the service level"),
    "lost": mark("Lost"), "recovered": mark("Recovered"), "has_recording": mark("With recording"),
}


@dataclass(frozen=True)
class Part:
    """A table with its rows."""

    table: Table
    title: str
    rows: Rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that there are; those of a table without rows are all of them."""
        first = self.rows.head(1)
        return columns(self.table, first) if len(first) else self.table.columns

    def pieces(self, lang: str, size: int, wanted: tuple[Column, ...] | None = None) -> Iterator[list[list[Any]]]:
        """The values, column by column, of at most `size` rows at a time."""
        chosen = self.columns if wanted is None else wanted
        for frame in self.rows.pieces(size):
            yield cells(self.table, lang, frame, chosen)

    def below(self, lang: str) -> list[Any]:
        """What stands below each column."""
        return below(lang, self.columns, self.rows.total, self.rows.count)


@dataclass(frozen=True)
class Report:
    """`filters` are label and value of what was asked, in words; `about` the same for when and where it was made;
    `now` and `past` are the totals of the period and of the one before."""

    key: str
    lang: str
    title: str
    company: str
    period: str
    filters: list[tuple[str, str]]
    about: list[tuple[str, str]]
    made: dt.datetime
    kpis: list[Kpi]
    now: Mapping[str, Any]
    past: Mapping[str, Any]
    before: str
    pictures: list[Picture]
    parts: list[Part]

    @property
    def terms(self) -> list[tuple[str, str]]:
        """Label and definition of every metric of these tables, each once."""
        keys = {kpi.metric.key for kpi in self.kpis} | {c.key for part in self.parts for c in part.columns} | (
            {*GLOSSARY} if self.key == "general" else set())
        held = {key: GLOSSARY[key] for key in GLOSSARY if key in keys and GLOSSARY[key].definition}
        return list({text(self.lang, t.label): text(self.lang, t.definition) for t in held.values()}.items())


def name(lang: str, key: str, filters: CallFilters, ending: str) -> str:
    """What the file is called: nothing that a file system or a mail program trips over."""
    days = f"{filters.start}" if filters.days == 1 else f"{filters.start}_{filters.end}"
    return f"{text(lang, FILE_WORDS[key])}_{days}.{ending}"


FILE_WORDS = {"general": mark("report-general"), "calls": mark("report-calls"), "queues": mark("report-queues"),
              "agents": mark("report-agents"), "daily": mark("report-daily"), "hourly": mark("report-hourly"),
              "intervals": mark("report-intervals"), "events": mark("report-events")}


def report(view: Any, lang: str, key: str, filters: CallFilters, company: str, made: dt.datetime,
           theme: str | None = "light", drawn: bool = True, prefix: str = "/", unit: str = "legs",
           sort: Sort = NEWEST) -> Report:
    """The report `key` (data.reports.TYPES) of these filters; `made` is the moment that stands on it. Without `drawn`
    no figure is made. `unit` and `sort` are those of a list of calls."""
    view = view.still()
    now, common, moment = totals(view, key, filters), filters.common, view.now()
    past = common.previous(moment)
    before = totals(view, key, CallFilters(**{**vars(filters), **vars(past)}))
    found = cards.kpis(lang, prefix, filters, now, before, pd.DataFrame(columns=["date", "offered"]), moment)
    parts = [Part(DESCRIBED[name], text(lang, DESCRIBED[name].title), rows(view, name, filters, sort))
             for name in tables(key, unit) if key != "general" or name != "days" or common.days > 1]
    drawings = pictures(view, lang, theme, key, filters, prefix) if drawn and now["offered"] else []
    return Report(key, lang, text(lang, TITLES[key]), company, span(lang, filters),
                  understood(view, lang, key, filters), about(view, lang, made), made, found, now, before,
                  cards.before_words(lang, past), drawings, parts)


def span(lang: str, filters: CallFilters) -> str:
    """The days in words."""
    return day(lang, filters.start) if filters.days == 1 else text(
        lang, "{start} to {end}", start=day(lang, filters.start), end=day(lang, filters.end))


def understood(view: Any, lang: str, key: str, filters: CallFilters) -> list[tuple[str, str]]:
    """What was asked, in words."""
    queues, agents = dict(view.queues()), dict(view.agents())
    found = [(text(lang, "Period"), span(lang, filters)),
             (text(lang, "Queues"), ", ".join(queues.get(q, q) for q in filters.queues) or text(lang, "All queues")),
             (text(lang, "Agents"), ", ".join(agents.get(a, a) for a in filters.agents) or text(lang, "All agents")),
             (text(lang, "Origin"), text(lang, ORIGINS[filters.origin]))]
    if key == "intervals":
        found.append((text(lang, "Interval"), text(lang, "{count} minutes", count=filters.interval)))
    several: dict[str, list[str]] = {}
    for name, value in filters.own() if key in NARROW else ():
        several.setdefault(text(lang, _NAMES[name]), []).append(_word(lang, name, value))
    return found + [(label, ", ".join(values)) for label, values in several.items()]


def _word(lang: str, name: str, value: str) -> str:
    if name in ("outcome", "ended_by"):
        return text(lang, (OUTCOME_WORDS if name == "outcome" else ENDED)[value])
    if name == "weekday":
        return weekday(lang, int(value), "wide")
    if name in SPANS and "position" not in name:
        return duration(float(value))
    if (name, value) in (("did", NONE), ("max_position", "0")):
        return text(lang, mark("n/a"))
    if (name, value) == ("missed_by", EVERYBODY):
        return text(lang, mark("anybody"))
    return text(lang, {"true": mark("yes"), "false": mark("no")}[value]) if value in ("true", "false") else value


def about(view: Any, lang: str, made: dt.datetime) -> list[tuple[str, str]]:
    """When it was made, up to when there were data, in which zone."""
    until = view.freshness()["data_until"]
    return [(text(lang, "Generated"), moment(lang, made, seconds=False)),
            (text(lang, "Data until"), moment(lang, until) if until else "—"),
            (text(lang, "Time zone"), str(view.zone))]


def counted(lang: str, part: Part) -> str:
    """The rows of a table in words."""
    return text(lang, "Rows: {count}", count=number(lang, part.rows.count))


__all__ = ["TYPES", "Part", "Report", "report"]
