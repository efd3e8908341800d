"""The pictures of each report: title and figure, the same on the page and in the PDF."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from data.call_filters import CallFilters
from data.reports import rows
from i18n import number, percent, text
from render import addresses, charts, events
from render.charts import COUNTS, Figure, layout
from render.theme import faded, tones
from render.words import OUTCOMES, SERIES, mark

MOST = 12  # bars of a picture whose rows are many
# An hour has few calls when fewer than this count for its service level, and fewer than one in SMALL of the busiest's.
FEW, SMALL = 10, 10
SERVED = ("answered", "abandoned", "timeout", "exit_empty")  # without the short abandons
BY_INTERVAL = 3  # days up to which intervals can be told apart in one picture


@dataclass(frozen=True)
class Picture:
    """`note` is a line under the title. `figure` is None when there is nothing to draw."""

    key: str
    title: str
    note: str
    figure: Figure
    tall: bool = False

    @property
    def legend(self) -> list[charts.Key]:
        """What stands for every series; nothing for a single one."""
        found = charts.legend(self.figure)
        return found if len(found) > 1 else []


Bars = Sequence[tuple[str, str, Sequence[float | None]]]  # name, role, values


def lying(labels: Sequence[str], series: Bars, theme_name: str | None, hover: str, ticks: str = COUNTS,
          colours: Sequence[str] | None = None) -> Figure:
    """Bars that lie, the first label on top; series are stacked. `colours` are those of the bars of a single series."""
    tone = tones(theme_name)
    # The library reads a little HTML in every text: a name with a bracket in it stays a name.
    names = [escape(label if len(label) <= 28 else f"{label[:27]}…", quote=False) for label in labels]
    places = list(range(len(names)))
    traces = [{
        "type": "bar", "orientation": "h", "name": name, "meta": role, "y": places, "x": list(values),
        "text": [number("en", value) for value in values] if len(series) == 1 and ticks == COUNTS else None,
        "textposition": "outside", "cliponaxis": False, "textfont": {"color": tone["quiet"], "size": 11},
        "customdata": [escape(label[:200], quote=False) for label in labels],
        "marker": {"color": list(colours) if colours else tone[role], "line": {"width": 0}},
        "hovertemplate": hover} for name, role, values in series]
    return {"data": traces, "layout": layout(
        theme_name, barmode="stack", barcornerradius=3, bargap=.34, showlegend=False, hovermode="closest",
        meta={}, margin={"l": 8, "r": 30, "t": 4, "b": 8},
        xaxis={"showgrid": True, "gridcolor": tone["line"], "tickformat": ticks, "nticks": 6, "rangemode": "tozero"},
        yaxis={"tickvals": places, "ticktext": names, "autorange": "reversed", "showgrid": False, "nticks": 0,
               "rangemode": "normal", "ticks": "outside", "ticklen": 6, "tickcolor": "rgba(0,0,0,0)"})}


def queues(frame: pd.DataFrame, lang: str, theme_name: str | None) -> Figure:
    """A bar a queue, the busiest first, stacked by outcome; `frame` is by_queue."""
    best = frame.head(MOST)
    series = [(text(lang, label), role, best[list(keys)].sum(axis=1).astype(int).tolist())
              for label, role, keys in SERIES]
    return lying(best["name"].tolist(), [s for s in series if any(s[2])], theme_name,
                 "%{customdata}<br>%{fullData.name}: %{x:,}<extra></extra>")


def levels(frame: pd.DataFrame, lang: str, theme_name: str | None) -> Figure:
    """The service level of each queue, in the order of `queues`, with their common target as a line."""
    best, tone = frame.head(MOST), tones(theme_name)
    values = [None if pd.isna(v) else round(float(v), 1) for v in best["sl_pct"]]
    targets = best["sl_target"].tolist()
    colours = [tone["abandoned"] if v is not None and v < target else tone["level"]
               for v, target in zip(values, targets, strict=True)]
    figure = lying(best["name"].tolist(), [(text(lang, "Service level"), "level", values)], theme_name,
                   "%{customdata}: %{x:.1f} %<extra></extra>", ".0f", colours)
    figure["data"][0] |= {"text": None}
    # Beside the bars, where neither they nor the target run through them.
    figure["layout"]["annotations"] = [
        {"x": 101, "y": place, "text": percent(lang, v), "showarrow": False, "xanchor": "left",
         "font": {"size": 11, "color": tone["quiet"]}} for place, v in enumerate(values)]
    figure["layout"]["xaxis"] |= {"range": [0, 112], "tickvals": [0, 25, 50, 75, 100], "ticksuffix": " %"}
    figure["layout"]["shapes"] = [{"type": "line", "x0": target, "x1": target, "y0": -.5, "y1": len(best) - .5,
                                   "line": {"color": tone["ink"], "width": 1.2, "dash": "dot"}}
                                  for target in sorted(set(targets))]
    return figure


def agents(frame: pd.DataFrame, lang: str, theme_name: str | None) -> Figure:
    """Answered calls of those who answered most; `frame` is by_agent."""
    best = frame.head(MOST)
    return lying(best["name"].tolist(), [(text(lang, "Answered"), "answered", best["answered"].tolist())], theme_name,
                 "%{customdata}: %{x:,}<extra></extra>")


def outcomes(frame: pd.DataFrame, lang: str, theme_name: str | None) -> Figure:
    """How the calls ended: every outcome that happened; `frame` has `outcome` and `count`."""
    tone, counts = tones(theme_name), dict(zip(frame["outcome"], frame["count"], strict=True))
    held = [o for o in OUTCOMES if counts.get(o.key)]
    return lying([text(lang, o.label) for o in held],
                 [(text(lang, "Calls"), "answered", [int(counts[o.key]) for o in held])], theme_name,
                 "%{customdata}: %{x:,}<extra></extra>", colours=[tone[o.role] for o in held])


def happened(frame: pd.DataFrame, lang: str, theme_name: str | None) -> Figure:
    """Calls by the event that ended them; `frame` has `event` and `count`."""
    best = frame.head(MOST)
    return lying([events.label(lang, event) for event in best["event"]],
                 [(text(lang, "Calls"), "answered", best["count"].tolist())], theme_name,
                 "%{customdata}: %{x:,}<extra></extra>")


def hours(frame: pd.DataFrame, lang: str, theme_name: str | None) -> Figure:
    """Calls by hour of the day stacked by outcome, with the service level; `frame` is by_hour. Hours of very few calls
    have a pale point and no line: one call more or less would turn their level over."""
    day = dt.date(2000, 1, 1)  # any: only the hour is shown
    table = frame.assign(start=[dt.datetime.combine(day, dt.time(int(hour))) for hour in frame["hour"]])
    figure = charts.volume(table, lang, theme_name, 60)
    figure["layout"]["xaxis"] |= {"hoverformat": "%H:%M"}
    for trace in figure["data"]:
        trace.pop("customdata")
    figure["layout"]["meta"] = {}
    served = frame[list(SERVED)].sum(axis=1) - frame["short_abandoned"]
    least = min(FEW, -(-int(served.max()) // SMALL)) if len(served) else 0
    few = set(frame.loc[(served > 0) & (served < least), "hour"].astype(int))
    if not few:
        return figure
    line, tone = figure["data"][-1], tones(theme_name)["level"]
    mine = [int(when[11:13]) in few for when in line["x"]]
    of = dict(zip(frame["hour"].astype(int), served.astype(int), strict=True))
    pale = faded(tone, .45)
    points = line | {
        "mode": "markers", "name": text(lang, "Service level of fewer than {count} calls", count=least),
        "y": [level if there else None for level, there in zip(line["y"], mine, strict=True)],
        "text": [number(lang, of[int(when[11:13])]) for when in line["x"]],
        "marker": {"size": 5, "color": pale, "line": {"color": pale, "width": 0}},
        "hovertemplate": "%{y:.1f} % (%{text})"}
    line["y"] = [None if there else level for level, there in zip(line["y"], mine, strict=True)]
    figure["data"].append(points)
    return figure


def pictures(view: Any, lang: str, theme_name: str | None, report: str, filters: CallFilters,
             prefix: str = "/") -> list[Picture]:
    """The pictures of a report, empty ones left out."""
    found = [_MADE[name](view, lang, theme_name, filters, prefix) for name in PICTURES[report]]
    return [picture for picture in found if picture.figure["data"]]


def _volume(minutes: int | None) -> Callable[..., Picture]:
    def make(view: Any, lang: str, theme_name: str | None, filters: CallFilters, prefix: str) -> Picture:
        common = filters.common
        wide = minutes if minutes and common.days <= BY_INTERVAL else None
        length = common.interval if wide else None
        frame = view.by_interval(common) if wide else view.by_day(common)
        title = text(lang, "Calls by interval") if wide else text(lang, "Calls by day")
        figure = charts.volume(frame, lang, theme_name, length, addresses.calls(prefix, common))
        return Picture("volume", title, charts.spoken(frame, lang) if frame["offered"].any() else "", figure)
    return make


def _heat(view: Any, lang: str, theme_name: str | None, filters: CallFilters, prefix: str) -> Picture:
    common = filters.common
    figure = charts.weekday_hours(view.by_weekday_hour(common), lang, theme_name, addresses.calls(prefix, common))
    return Picture("heat", text(lang, "Intensity by weekday and hour"), text(lang, "Calls a day on average"), figure)


def _of(key: str, title: str, note: str, table: str, draw: Callable[..., Figure]) -> Callable[..., Picture]:
    def make(view: Any, lang: str, theme_name: str | None, filters: CallFilters, prefix: str) -> Picture:
        frame = rows(view, table, filters).head(1000)
        figure = draw(frame, lang, theme_name) if len(frame) else {"data": [], "layout": {}}
        words = text(lang, note) if len(frame) <= MOST or table not in ("queues", "agents") else text(
            lang, "The first {count}; all of them are in the table", count=MOST)
        return Picture(key, text(lang, title), words, figure, tall=table in ("queues", "agents"))
    return make


_MADE: dict[str, Callable[..., Picture]] = {
    "volume": _volume(60), "heat": _heat,
    "outcomes": _of("outcomes", mark("Outcomes"), mark("How the offered calls ended"), "outcomes", outcomes),
    "hours": _of("hours", mark("Calls by hour of the day"), mark("Stacked by outcome; line: service level"), "hours",
                 hours),
    "queues": _of("queues", mark("Calls by queue"), mark("Stacked by outcome"), "queues", queues),
    "levels": _of("levels", mark("Service level by queue"), mark("The dotted line is the target"), "queues", levels),
    "agents": _of("agents", mark("Answered by agent"), mark("Those who answered most calls in the period"), "agents",
                  agents),
    "events": _of("events", mark("Calls by the event that ended them"), mark("As the log says it"), "events", happened),
}
PICTURES = {
    "general": ("volume", "outcomes", "heat", "hours", "queues", "agents"), "calls": ("outcomes",),
    "queues": ("queues", "levels"), "agents": ("agents",), "daily": ("volume", "heat"), "hourly": ("hours", "heat"),
    "intervals": ("volume", "hours"), "events": ("events",),
}
