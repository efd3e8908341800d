"""A day of people as one figure: a row each, spans of what they did, and the callers who waited above them.

Spans are drawn as lines, all of one kind in one path: thousands of them cost a browser what thousands of bars do not
leave it. Time is minutes since the day began, so that a day of 23 or 25 hours is drawn as long as it was.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape  # Plotly reads markup in every text
from typing import Any

import pandas as pd

from i18n import duration, text
from render.charts import Figure, layout
from render.theme import QUEUES, faded, theme, tones
from render.words import mark

ROW, HEAD, FOOT = 20, 78, 34  # pixels of a person, of the callers above, of the clock below
KIND_WORDS = {"connected": mark("Connected"), "ringing": mark("Ringing"), "missed": mark("Rang in vain"),
              "wrapup": mark("After the call"), "paused": mark("On pause")}
LANES = (mark("Connected"), mark("In calls"), mark("Ringing"), mark("On pause"))
OTHERS = mark("Other queues")
NO_REASON = mark("(no reason)")
QUARTER = 900
CROWD, SEEN = 40, 0.5  # in a drawing of more people, ringing of less than so many minutes is left out
LONG = 20  # minutes: longer spans can be pointed at in their middle too


@dataclass(frozen=True)
class Rows:
    """Rows of the figure: `labels` in their order from the top; `of` gives the row of a span."""

    labels: Sequence[str]
    of: Mapping[Any, int]


def by_person(frame: pd.DataFrame) -> Rows:
    """A row a person, whoever came first on top."""
    names = list(dict.fromkeys(frame["name"]))
    return Rows(names, {name: i for i, name in enumerate(names)})


def by_day(frame: pd.DataFrame, edges: Sequence[int]) -> tuple[pd.DataFrame, list[int]]:
    """The spans cut at the `edges` of the days (epoch seconds) and moved into the last day, and the day of each: a
    row a day under one clock."""
    parts, key = [], []
    for number, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        part = frame[(frame["end"] > low) & (frame["start"] < high)]
        part = part.assign(start=part["start"].clip(lower=low), end=part["end"].clip(upper=high), moved=edges[-2] - low)
        parts.append(part)
        key += [number] * len(part)
    return pd.concat(parts, ignore_index=True), key


def queue_colours(frame: pd.DataFrame, theme_name: str | None) -> dict[str, str]:
    """Queue as it is shown -> colour, the busiest first; those beyond the palette share its last."""
    order = frame.loc[frame["kind"] == "talking", "queue"].value_counts().index.tolist()
    hues = QUEUES[theme(theme_name)]
    return {name: hues[min(i, len(hues) - 1)] for i, name in enumerate(order)}


def figure(frame: pd.DataFrame, rows: Rows, key: Sequence[Any], day: tuple[int, int], lang: str,
           theme_name: str | None, zone: dt.tzinfo, waiting: pd.DataFrame | None = None, row: int = ROW) -> Figure:
    """`frame` is agent_day.timeline; `key` has the key of `rows.of` for each of its rows, and `day` first second and
    last of what is drawn. `waiting` (`at` epoch seconds, `most`) is drawn above."""
    tone, colours = tones(theme_name), queue_colours(frame, theme_name)
    clock = Clock(min(day[0], int(frame["start"].min())), day[1], zone)
    place = [len(rows.labels) - 1 - rows.of[one] for one in key]
    moved = frame.get("moved", 0)
    frame = frame.assign(row=place, low=(frame["start"] + moved - day[0]) / 60,
                         high=(frame["end"] + moved - day[0]) / 60)
    if len(rows.labels) > CROWD:  # thinner than a pixel
        frame = frame[(frame["kind"] != "ringing") | (frame["high"] - frame["low"] > SEEN)]
    traces: list[dict[str, Any]] = []
    for kind, colour, width in (("connected", faded(tone["level"], 0.28), 0.62), ("paused", tone["wait"], 0.62),
                                ("missed", tone["abandoned"], 0.34), ("ringing", tone["exit_key"], 0.34),
                                ("wrapup", tone["timeout"], 0.34)):
        traces += _trace(frame[frame["kind"] == kind], text(lang, KIND_WORDS[kind]), colour, width * row, lang, clock)
    talking = frame[frame["kind"] == "talking"]
    for queue, colour in colours.items():
        traces += _trace(talking[talking["queue"] == queue], queue, colour, 0.5 * row, lang, clock)
    low, high = _hours(frame["low"].min(), frame["high"].max(), (day[1] - day[0]) / 60)
    height = row * len(rows.labels) + FOOT + (HEAD if waiting is not None else 0)
    share = 1 - (HEAD - 16) / (height - FOOT) if waiting is not None else 1.0
    hours = list(range(day[0], day[1] + 1, 3600))
    axis = {"range": [low, high], "tickvals": [(h - day[0]) / 60 for h in hours],
            "ticktext": [f"{dt.datetime.fromtimestamp(h, zone):%H}" if i % 2 == 0 else "" for i, h in enumerate(hours)],
            "showgrid": True,
            "gridcolor": tone["line"], "tickangle": 0}
    more: dict[str, Any] = {}
    if waiting is not None:
        traces.append({
            "type": "scatter", "mode": "lines", "x": [round((at - day[0]) / 60, 2) for at in waiting["at"]],
            "y": [int(n) for n in waiting["most"]], "yaxis": "y2", "name": text(lang, "Callers waiting"),
            "meta": "abandoned", "line": {"color": tone["abandoned"], "width": 1.3, "shape": "hv"}, "fill": "tozeroy",
            "fillcolor": faded(tone["abandoned"], 0.2),
            "text": [clock(int(at)) for at in waiting["at"]],
            "hovertemplate": "%{text} · <b>%{y}</b><extra>" + text(lang, "Callers waiting") + "</extra>"})
        more["yaxis2"] = {"domain": [min(share + 0.012, 1), 1], "fixedrange": True, "nticks": 3, "rangemode": "tozero",
                          "gridcolor": tone["line"], "zeroline": False, "automargin": True, "tickformat": ",d",
                          "tickfont": {"size": 11, "color": tone["quiet"]}}
    return {"data": traces, "layout": layout(
        theme_name, hovermode="closest", hoverdistance=14, showlegend=False, height=height, xaxis=axis,
        yaxis={"range": [-0.6, len(rows.labels) - 0.4], "tickvals": list(range(len(rows.labels))),
               "ticktext": [escape(label, quote=False) for label in reversed(rows.labels)],
               "domain": [0, share], "gridcolor": faded(tone["line"], 0.5),
               "rangemode": "normal"}, **more)}


def _hours(first: float, last: float, whole: float) -> tuple[float, float]:
    """The hours in which something happened, in minutes of the day: what is empty before and after is not drawn."""
    return max((first - 5) // 60 * 60, 0), min(-(-(last + 5) // 60) * 60, whole)


class Clock:
    """Epoch seconds from `start` to `end` as the clock on the wall, without asking for the zone of each: it is changed
    at full quarters of an hour."""

    def __init__(self, start: int, end: int, zone: dt.tzinfo):
        self.start = start // QUARTER
        self.shift = [int(dt.datetime.fromtimestamp(n * QUARTER, zone).utcoffset().total_seconds())  # type: ignore
                      for n in range(self.start, end // QUARTER + 2)]

    def __call__(self, at: int) -> str:
        second = (at + self.shift[at // QUARTER - self.start]) % 86400
        return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def _trace(spans: pd.DataFrame, name: str, colour: str, width: float, lang: str, clock: Clock) -> list[dict[str, Any]]:
    """One path of all spans of a kind; nothing for none."""
    if not len(spans):
        return []
    x: list[float | None] = []
    y: list[int | None] = []
    words: list[str] = []
    calls: list[str] = []
    columns = ("kind", "queue", "reason", "callid", "start", "end", "row", "low", "high")
    for kind, queue, reason, callid, start, end, row, low, high in zip(
            *(spans[column].to_numpy(object).tolist() for column in columns), strict=True):
        label = f"{clock(start)} – {clock(end)} · {duration(end - start)}"
        if kind == "paused":
            label = f"{escape(reason or text(lang, NO_REASON), quote=False)} · {label}"
        elif kind in ("ringing", "missed"):
            label = f"{escape(queue, quote=False)} · {label}"
        pieces = int((high - low) // LONG) + 1
        points = [low, high] if pieces == 1 else [low + (high - low) * i / pieces for i in range(pieces + 1)]
        x += [*(round(point, 2) for point in points), None]
        y += [row] * len(points) + [None]
        words += [label] * len(points) + [""]
        calls += [callid] * len(points) + [""]
    return [{"type": "scatter", "mode": "lines", "x": x, "y": y, "text": words, "name": name,
             **({"customdata": calls} if any(calls) else {}), "connectgaps": False,
             "line": {"color": colour, "width": round(max(width, 3), 1), "simplify": False},
             "hovertemplate": "%{text}<extra>" + escape(name, quote=False) + "</extra>"}]


def legend(frame: pd.DataFrame, lang: str, theme_name: str | None) -> list[tuple[str, str]]:
    """Name and colour of everything that the figure shows."""
    tone = tones(theme_name)
    kinds = {"connected": faded(tone["level"], 0.4), "paused": tone["wait"], "ringing": tone["exit_key"],
             "missed": tone["abandoned"], "wrapup": tone["timeout"]}
    there = set(frame["kind"])
    found = [(text(lang, KIND_WORDS[kind]), colour) for kind, colour in kinds.items() if kind in there]
    colours = queue_colours(frame, theme_name)
    own = dict(list(colours.items())[:len(QUEUES["light"]) - 1])
    more = [(text(lang, OTHERS), QUEUES[theme(theme_name)][-1])] if len(colours) > len(own) + 1 else [
        *list(colours.items())[len(own):]]
    return [*found, *own.items(), *more]
