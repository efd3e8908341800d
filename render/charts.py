"""Frames to figures, as plain dictionaries: no figure classes, which cost a hundred times more to build.

Every function is pure: the same frame, language and theme give the same figure. Nothing to show is never drawn
here: the page says so in words instead.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from i18n import clock, day, moment, number, percent, text, weekday
from render.addresses import slot
from render.theme import SCALES, theme, tones
from render.words import SERIES, mark

FONT = 'Inter, system-ui, "Segoe UI", sans-serif'
Figure = dict[str, Any]
COUNTS = ",.2~f"  # of numbers of calls or people: where there are few the axis has halves, which are not to be rounded
LONE = 0.22  # of the axis that a bar takes which is alone on it


def graph_config(lang: str) -> dict[str, Any]:
    """What every graph of the program is allowed to do. The upload button of the library stays off."""
    return {"displayModeBar": False, "displaylogo": False, "showSendToCloud": False, "responsive": True,
            "doubleClick": False, "scrollZoom": False, "showTips": False, "locale": lang}


def layout(theme_name: str | None, **more: Any) -> dict[str, Any]:
    """The template of a theme with `more` on top: transparent paper, thin horizontal lines, inverted hover."""
    tone = tones(theme_name)
    axis = {"fixedrange": True, "showline": False, "ticks": "", "zeroline": False, "automargin": True,
            "tickfont": {"size": 11.5, "color": tone["quiet"]}}
    base: dict[str, Any] = {
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": tone["quiet"]},
        "separators": ".,", "dragmode": False, "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hoverlabel": {"bgcolor": tone["ink"], "bordercolor": tone["ink"], "align": "left",
                       "font": {"family": FONT, "size": 12, "color": tone["card"]}},
        "xaxis": axis | {"showgrid": False},
        "yaxis": axis | {"gridcolor": tone["line"], "nticks": 5, "rangemode": "tozero"},
    }
    return {**base, **{key: base[key] | value if isinstance(value, dict) and key in base else value
                       for key, value in more.items()}}


Row = dict[Any, Any]


def _rows(frame: pd.DataFrame) -> list[Row]:
    return frame.to_dict("records")


def _count(row: Row, *keys: str) -> int:
    return sum(0 if pd.isna(row[key]) else int(row[key]) for key in keys)


def _busy(rows: list[Row]) -> list[Row]:
    """The rows from the first to the last with a call: a night of zeros says nothing."""
    kept = [i for i, row in enumerate(rows) if _count(row, "offered")]
    return rows[kept[0]:kept[-1] + 1] if kept else rows


def _start(row: Row) -> dt.datetime:
    """The local moment of a row of by_interval (`start`) or by_day (`date`), without its zone."""
    return pd.Timestamp(row["start"] if "start" in row else row["date"]).to_pydatetime().replace(tzinfo=None)


def edges(rows: list[Row], length: dt.timedelta) -> dict[str, Any]:
    """The axis of dates on which each row, of by_interval or by_day, has a bar of this length: from the edge of the
    first to that of the last. Left to itself it makes room for the points of a line, or is only as long as a lone bar.
    """
    if not rows:
        return {}
    ends = _start(rows[0]) - length / 2, _start(rows[-1]) + length / 2
    return {"range": [end.isoformat(timespec="minutes") for end in ends]}


def lone(count: int, length: dt.timedelta) -> dict[str, Any]:
    """How wide a bar is that has no neighbour on its axis of dates; a hair, if nobody said it."""
    return {"width": LONE * length.total_seconds() * 1000} if count == 1 else {}


def volume(frame: pd.DataFrame, lang: str, theme_name: str | None, minutes: int | None, href: str = "") -> Figure:
    """Calls stacked by outcome with the service level on the second axis.

    `frame` is by_interval (`start`, local and aware; `minutes` long each) or, when `minutes` is None, by_day
    (`date`). `href` is the list of calls behind the whole chart; the slot of a bar in its `customdata`
    narrows it.
    """
    tone = tones(theme_name)
    rows = _rows(frame)
    several = len({_start(row).date() for row in rows}) > 1
    if not several:
        rows = _busy(rows)
    length = dt.timedelta(minutes=minutes) if minutes else dt.timedelta(days=1)
    x = [_start(row).isoformat(timespec="minutes") for row in rows]
    starts = [pd.Timestamp(row["start"] if "start" in row else row["date"]) for row in rows]
    slots = [slot(start, start + length) for start in starts]  # with their zone: an hour later is an hour later
    traces: list[dict[str, Any]] = []
    for label, role, keys in SERIES:
        y = [_count(row, *keys) for row in rows]
        if any(y):
            traces.append({
                "type": "bar", "name": text(lang, label), "x": x, "y": y, "customdata": slots,
                "meta": role, "marker": {"color": tone[role], "line": {"width": 0}}, "hovertemplate": "%{y:,}",
                **lone(len(x), length)})
    level = [None if pd.isna(row["sl_pct"]) else round(float(row["sl_pct"]), 1) for row in rows]
    traces.append({
        "type": "scatter", "mode": "lines+markers" if len(x) <= 60 else "lines", "name": text(lang, "Service level"),
        "x": x, "y": level, "yaxis": "y2", "connectgaps": False, "customdata": slots, "meta": "level",
        "line": {"color": tone["level"], "width": 2},
        "marker": {"size": 5, "color": tone["card"], "line": {"color": tone["level"], "width": 1.5}},
        "hovertemplate": "%{y:.1f} %"})
    ticks, step = _ticks(rows, minutes, several)
    return {"data": traces, "layout": layout(
        theme_name, barmode="stack", barcornerradius=3, hovermode="x unified",
        bargap=0.45 if len(x) <= 8 else 0.26 if len(x) <= 60 else 0.12,
        showlegend=False, meta={"href": href},
        xaxis={"type": "date", "tickformat": ticks, "tickangle": 0,
               **edges(rows, length),
               **({"dtick": step, "tick0": _start(rows[0]).replace(minute=0).isoformat(timespec="minutes")}
                  if step and x else {}),
               "hoverformat": "%a %d/%m · %H:%M" if minutes else "%A %d/%m/%Y"},
        yaxis={"tickformat": COUNTS},
        yaxis2={"overlaying": "y", "side": "right", "range": [0, 104], "tickvals": [0, 25, 50, 75, 100],
                "ticktext": ["0 %", "25 %", "50 %", "75 %", "100 %"], "showgrid": False, "zeroline": False,
                "fixedrange": True, "automargin": True,
                "tickfont": {"size": 11.5, "color": tone["level"]}})}


@dataclass(frozen=True)
class Key:
    """An entry of a legend: name, colour role, and how it is drawn: `bar`, `point`, or a line that is `solid`, `dot`,
    `dash` or `dashdot`. `strength` is that of a pale bar or point, 1 for a full one."""

    name: str
    role: str
    drawn: str = "bar"
    strength: float = 1.0


def legend(figure: Figure) -> list[Key]:
    """What stands for every series of a figure, in its order: the page writes them, so that they wrap."""
    return [Key(trace["name"], trace["meta"], *_drawn(trace)) for trace in figure["data"]
            if trace.get("name") and trace.get("meta")]


def _drawn(trace: Mapping[str, Any]) -> tuple[str, float]:
    manner = "bar" if trace["type"] == "bar" else "point" if trace["mode"] == "markers" else trace["line"].get(
        "dash", "solid")
    colour = trace["marker"]["color"] if manner in ("bar", "point") else ""
    pale = isinstance(colour, str) and colour.startswith("rgba")
    return manner, float(colour.rstrip(")").rsplit(",", 1)[1]) if pale else 1.0


def _ticks(rows: list[Row], minutes: int | None, several: bool) -> tuple[str, int]:
    """Format and distance (ms) of the marks under the bars, narrow enough for a phone; 0 leaves it to the library."""
    hour = 3_600_000
    if not minutes:
        return "%d/%m", 24 * hour * -(-len(rows) // 8) if len(rows) <= 100 else 0
    if several:
        return "%H:%M\n%d/%m", 0
    return "%H", hour * every(len(rows) * minutes // 60)


def every(hours: int) -> int:
    """How many hours lie between two marks of an axis with so many of them, narrow enough for a phone."""
    return 1 if hours <= 10 else 2


CELL = mark("{day} {start} to {end}<br><b>{average}</b> a day on average<br>Total: {total} · days: {days} · "
            "service level {level}")


def weekday_hours(frame: pd.DataFrame, lang: str, theme_name: str | None, href: str = "") -> Figure:
    """Heat map of calls a day by weekday (Monday on top) and hour, of a by_weekday_hour frame.

    Only hours between the first and the last with a call are drawn; a cell without days in the period is blank.
    `href` is the list of calls behind the whole map; each cell narrows it by its `customdata`.
    """
    tone = tones(theme_name)
    cells = {(int(row["weekday"]), int(row["hour"])): row for row in _rows(frame)}
    busy = [hour for (_, hour), row in cells.items() if _count(row, "offered")]
    hours = list(range(min(busy), max(busy) + 1)) if busy else []
    z: list[list[float | None]] = []
    words: list[list[str]] = []
    links: list[list[str]] = []
    for index in range(7):
        row = [cells.get((index, hour)) for hour in hours]
        z.append([round(_count(r, "offered") / r["days"], 2) if r and r["days"] else None for r in row])
        words.append([_cell(r, lang, index, hour) for r, hour in zip(row, hours, strict=True)])
        links.append([f"weekday={index}&from={hour:02}%3A00&to={hour + 1:02}%3A00" for hour in hours])
    return {"data": [{
        "type": "heatmap", "z": z, "x": [f"{hour:02}" for hour in hours], "y": [weekday(lang, i) for i in range(7)],
        "customdata": links, "text": words, "hovertemplate": "%{text}<extra></extra>", "hoverongaps": False,
        "xgap": 3, "ygap": 3, "zmin": 0, "colorscale": [list(step) for step in SCALES[theme(theme_name)]],
        "colorbar": {"thickness": 10, "len": 1, "outlinewidth": 0, "x": 1.01, "xpad": 6, "nticks": 5, "ticks": "",
                     "tickfont": {"size": 11, "color": tone["quiet"]}}}],
        "layout": layout(theme_name, hovermode="closest", meta={"href": href},
                         xaxis={"type": "category", "tickangle": 0,
                                "tickvals": [f"{hour:02}" for hour in hours[::every(len(hours))]]}, yaxis={
                             "type": "category", "autorange": "reversed", "showgrid": False, "nticks": 7,
                             "rangemode": "normal"})}


def _cell(row: Row | None, lang: str, index: int, hour: int) -> str:
    if not row or not row["days"]:
        return ""
    return text(lang, CELL, day=weekday(lang, index, "wide"), start=f"{hour:02}:00", end=f"{hour + 1:02}:00",
                average=number(lang, _count(row, "offered") / row["days"], 1), total=number(lang, row["offered"]),
                days=number(lang, row["days"]), level=percent(lang, row["sl_pct"]))


def spoken(frame: pd.DataFrame, lang: str) -> str:
    """The volume chart in a few words, also for those who do not see it: its peak and when it was."""
    first, top, last = _rows(frame.iloc[[0, int(frame["offered"].fillna(0).to_numpy().argmax()), -1]])
    one_day = _start(first).date() == _start(last).date()
    when = day(lang, _start(top)) if "start" not in top else clock(lang, _start(top), seconds=False) if one_day else (
        moment(lang, _start(top), seconds=False))
    return text(lang, "Peak: {count} ({when})", when=when, count=number(lang, top["offered"]))
