"""A day of people as one figure: a row each, spans of what they did, and the callers who waited above them.

Spans of one kind are one path: thousands of lines or bars are thousands of elements, which hold a browser for seconds.
What is pointed at are points that nobody draws. Time is minutes since the day began, so that a day of 23 or 25 hours is
drawn as long as it was.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape  # Plotly reads markup in every text
from typing import Any

import numpy as np
import pandas as pd

from data import calendar
from i18n import duration, text
from render.charts import COUNTS, Figure, layout
from render.theme import QUEUES, faded, queue_colours, theme, tones
from render.words import mark

ROW, HEAD, FOOT = 20, 78, 34  # pixels of a person, of the callers above, of the clock below
KIND_WORDS = {"connected": mark("Connected"), "ringing": mark("Ringing"), "missed": mark("Rang in vain"),
              "wrapup": mark("After the call"), "paused": mark("On pause")}
LANES = (mark("Connected"), mark("In calls"), mark("Ringing"), mark("On pause"))
OTHERS = mark("Other queues")
WAITING = mark("Callers waiting")
GONE = mark("Abandoned")
GONE_WORDS = mark("{time} · {queue} · gave up after waiting {wait}")
THERE = 0.28  # how strong the colour of being connected is
NO_REASON = mark("(no reason)")
QUARTER = 900
CROWD, SEEN = 40, 0.5  # in a drawing of more people, ringing of less than so many minutes is left out
LETTER, MOST = 6.8, 32  # pixels of a letter of a name, and letters of a name in a drawing of so many people
LONG = 20  # minutes: longer spans can be pointed at in their middle too


@dataclass(frozen=True)
class Rows:
    """Rows of the figure: `labels` in their order from the top; `of` gives the row of a span."""

    labels: Sequence[str]
    of: Mapping[Any, int]


@dataclass(frozen=True)
class Above:
    """Callers of the day: `waiting` (`at` epoch seconds, `most` at once) and those who gave up, `gone` (`at`, `queue`
    as it is shown, `wait` seconds, `callid`)."""

    waiting: pd.DataFrame
    gone: pd.DataFrame


@dataclass(frozen=True)
class Key:
    """An entry of the legend: `shape` is that of its mark (a style of the style sheet), "" for a bar."""

    name: str
    colour: str
    shape: str = ""


def by_person(frame: pd.DataFrame) -> Rows:
    """A row a person, whoever came first on top."""
    names = frame["name"].unique().tolist()
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


def talked(frame: pd.DataFrame, queues: Sequence[str], theme_name: str | None) -> dict[str, str]:
    """Colour of every queue in which somebody talked, in the order of `queues` (theme.queue_colours)."""
    there = set(frame.loc[frame["kind"] == "talking", "queue"])
    # A queue without a place of its own is drawn all the same.
    colours = queue_colours([*queues, *sorted(there.difference(queues))], theme_name)
    return {name: colour for name, colour in colours.items() if name in there}


def figure(frame: pd.DataFrame, rows: Rows, key: Sequence[Any] | pd.Series, day: tuple[int, int], lang: str,
           theme_name: str | None, zone: dt.tzinfo, queues: Sequence[str], above: Above | None = None,
           row: int = ROW) -> Figure:
    """`frame` is agent_day.timeline; `key` has the key of `rows.of` for each of its rows, and `day` first second and
    last of what is drawn. `queues` are all that the user may see, as they are shown. `above` is drawn above."""
    tone, colours = tones(theme_name), talked(frame, queues, theme_name)
    clock = Clock(min(day[0], int(frame["start"].min())), day[1], zone)
    codes, keys = pd.factorize(key if isinstance(key, pd.Series) else np.asarray(key))
    place = np.array([len(rows.labels) - 1 - rows.of[one] for one in keys])
    moved = frame.get("moved", 0)
    frame = frame.assign(row=place[codes], low=(frame["start"] + moved - day[0]) / 60,
                         high=(frame["end"] + moved - day[0]) / 60)
    if len(rows.labels) > CROWD:  # thinner than a pixel
        frame = frame[(frame["kind"] != "ringing") | (frame["high"] - frame["low"] > SEEN)]
    traces: list[dict[str, Any]] = []
    paths: list[dict[str, Any]] = []
    for kind, colour, width in (("connected", faded(tone["level"], THERE), 0.62), ("paused", tone["wait"], 0.62),
                                ("missed", tone["abandoned"], 0.34), ("ringing", tone["exit_key"], 0.34),
                                ("wrapup", tone["timeout"], 0.34)):
        spans = frame[frame["kind"] == kind]
        paths += _path(spans, colour, width * row)
        traces += _points(spans, text(lang, KIND_WORDS[kind]), lang, clock)
    talking = frame[frame["kind"] == "talking"]
    for queue, colour in colours.items():
        spans = talking[talking["queue"] == queue]
        paths += _path(spans, colour, 0.5 * row)
        traces += _points(spans, queue, lang, clock)
    gone = [] if above is None else [round((at - day[0]) / 60, 2) for at in above.gone["at"].tolist()]
    low, high = _hours(min([frame["low"].min(), *gone]), max([frame["high"].max(), *gone]), (day[1] - day[0]) / 60)
    height = row * len(rows.labels) + FOOT + (HEAD if above is not None else 0)
    share = 1 - (HEAD - 16) / (height - FOOT) if above is not None else 1.0
    hours = list(range(day[0], day[1] + 1, 3600))
    axis = {"range": [low, high], "tickvals": [(h - day[0]) / 60 for h in hours],
            "ticktext": [f"{dt.datetime.fromtimestamp(h, zone):%H}" if i % 2 == 0 else "" for i, h in enumerate(hours)],
            "showgrid": True,
            "gridcolor": tone["line"], "tickangle": 0}
    more: dict[str, Any] = {}
    if above is not None:
        traces += _above(above, gone, day[0], lang, tone, clock)
        if gone:  # down through the people: who was on pause just then
            pieces = [f"M{at:.2f},-0.6L{at:.2f},{len(rows.labels) - 0.4}" for at in gone]
            paths.append({"type": "path", "path": "".join(pieces), "layer": "below",
                          "line": {"color": faded(tone["abandoned"], 0.3), "width": 1}})
        more["yaxis2"] = {"domain": [min(share + 0.012, 1), 1], "fixedrange": True, "nticks": 3, "rangemode": "tozero",
                          "gridcolor": tone["line"], "zeroline": False, "automargin": True, "tickformat": COUNTS,
                          "tickfont": {"size": 11, "color": tone["quiet"]}}
    labels = list(rows.labels)
    unmeasured: dict[str, Any] = {}
    if len(labels) > CROWD:  # a browser that measures so many names draws everything twice, in seconds
        labels = [label if len(label) <= MOST else label[:MOST - 1] + "…" for label in labels]
        more["margin"] = {"l": round(LETTER * max(map(len, labels))) + 14, "b": FOOT - 8}
        unmeasured = {"automargin": False, "ticklabeloverflow": "allow"}
        axis |= unmeasured
        more |= {"yaxis2": more["yaxis2"] | unmeasured} if above is not None else {}
    return {"data": traces, "layout": layout(
        theme_name, hovermode="closest", hoverdistance=14, showlegend=False, height=height, xaxis=axis, shapes=paths,
        yaxis={"range": [-0.6, len(labels) - 0.4], "tickvals": list(range(len(labels))),
               "ticktext": [escape(label, quote=False) for label in reversed(labels)],
               "domain": [0, share], "gridcolor": faded(tone["line"], 0.5),
               "rangemode": "normal", **unmeasured}, **more)}


def _above(above: Above, gone: Sequence[float], start: int, lang: str, tone: Mapping[str, str],
           clock: "Clock") -> list[dict[str, Any]]:
    """The line of callers waiting, and a mark at the foot of it where somebody gave up."""
    at, colour = above.waiting["at"].to_numpy(), tone["other"]
    traces: list[dict[str, Any]] = [{
        "type": "scatter", "mode": "lines", "x": np.round((at - start) / 60, 2).tolist(),
        "y": [int(n) for n in above.waiting["most"]], "yaxis": "y2", "name": text(lang, WAITING), "meta": "other",
        "line": {"color": colour, "width": 1.3, "shape": "hv"}, "fill": "tozeroy", "fillcolor": faded(colour, 0.2),
        "text": clock(at), "hovertemplate": "%{text} · <b>%{y}</b><extra>" + text(lang, WAITING) + "</extra>"}]
    if len(gone):
        table = above.gone
        said = [text(lang, GONE_WORDS, time=time, queue=escape(queue, quote=False), wait=duration(wait))
                for time, queue, wait in zip(clock(table["at"].to_numpy()), table["queue"], table["wait"], strict=True)]
        traces.append({
            "type": "scatter", "mode": "markers", "x": list(gone), "y": [0] * len(gone), "yaxis": "y2",
            "name": text(lang, GONE), "meta": "abandoned", "cliponaxis": False, "text": said,
            "customdata": table["callid"].tolist(),
            "marker": {"symbol": "x-thin", "size": 7, "line": {"color": tone["abandoned"], "width": 1.8}},
            "hovertemplate": "%{text}<extra></extra>"})
    return traces


def _hours(first: float, last: float, whole: float) -> tuple[float, float]:
    """The hours in which something happened, in minutes of the day: what is empty before and after is not drawn."""
    return max((first - 5) // 60 * 60, 0), min(-(-(last + 5) // 60) * 60, whole)


MINUTES = [f"{minute // 60:02}:{minute % 60:02}:" for minute in range(24 * 60)]
SECONDS = [f"{second:02}" for second in range(60)]


class Clock:
    """Epoch seconds from `start` to `end` as the clock on the wall, without asking for the zone of each: it is changed
    at full quarters of an hour."""

    def __init__(self, start: int, end: int, zone: dt.tzinfo):
        self.start = start // QUARTER
        self.shift = calendar.offsets(np.arange(self.start, end // QUARTER + 2) * QUARTER, zone)

    def __call__(self, moments: np.ndarray) -> list[str]:
        second = (moments + self.shift[moments // QUARTER - self.start]) % 86400
        minutes, rest = np.divmod(second, 60)
        return [MINUTES[minute] + SECONDS[left] for minute, left in zip(minutes.tolist(), rest.tolist(), strict=True)]


def _path(spans: pd.DataFrame, colour: str, width: float) -> list[dict[str, Any]]:
    """The drawing of all spans of a kind; nothing for none."""
    if not len(spans):
        return []
    pieces = [f"M{low:.2f},{row}L{high:.2f},{row}" for low, high, row in zip(
        spans["low"].tolist(), spans["high"].tolist(), spans["row"].tolist(), strict=True)]
    return [{"type": "path", "path": "".join(pieces), "layer": "between",
             "line": {"color": colour, "width": round(max(width, 3), 1)}}]


def _points(spans: pd.DataFrame, name: str, lang: str, clock: Clock) -> list[dict[str, Any]]:
    """Where the spans of a kind can be pointed at: their ends, and long ones in between."""
    if not len(spans):
        return []
    low, high = spans["low"].to_numpy(), spans["high"].to_numpy()
    pieces = ((high - low) // LONG).astype(np.int64) + 1
    count = pieces + 1
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)  # of a point in its span
    place = np.repeat(low, count) + np.repeat((high - low) / pieces, count) * number
    calls = spans["callid"].to_numpy(object)

    def along(values: Any) -> list[Any]:
        return np.repeat(np.asarray(values, dtype=object), count).tolist()
    return [{"type": "scatter", "mode": "none", "x": np.round(place, 2).tolist(), "y": along(spans["row"]),
             "text": along(_labels(spans, lang, clock)), "name": name, "hoveron": "points",
             **({"customdata": along(calls)} if any(calls) else {}),
             "hovertemplate": "%{text}<extra>" + escape(name, quote=False) + "</extra>"}]


def _labels(spans: pd.DataFrame, lang: str, clock: Clock) -> list[str]:
    """From when to when and how long each span of one kind was, and for what reason or in which queue."""
    start, end = spans["start"].to_numpy(), spans["end"].to_numpy()
    said = {length: duration(length) for length in np.unique(end - start).tolist()}
    labels = [f"{since} – {until} · {said[length]}" for since, until, length in zip(
        clock(start), clock(end), (end - start).tolist(), strict=True)]
    kind = spans["kind"].iloc[0]
    if kind not in ("paused", "ringing", "missed"):
        return labels
    codes, words = pd.factorize(spans["reason" if kind == "paused" else "queue"])
    before = [escape(word if kind != "paused" else word or text(lang, NO_REASON), quote=False) for word in words]
    return [f"{before[code]} · {label}" for code, label in zip(codes.tolist(), labels, strict=True)]


def legend(frame: pd.DataFrame, lang: str, theme_name: str | None, queues: Sequence[str],
           above: Above | None = None) -> list[Key]:
    """Everything that the figure of the same values shows."""
    tone = tones(theme_name)
    kinds = {"connected": faded(tone["level"], THERE), "paused": tone["wait"], "ringing": tone["exit_key"],
             "missed": tone["abandoned"], "wrapup": tone["timeout"]}
    there = set(frame["kind"])
    found = [] if above is None else [Key(text(lang, WAITING), tone["other"], "stroke")]
    if above is not None and len(above.gone):
        found.append(Key(text(lang, GONE), tone["abandoned"], "cross"))
    found += [Key(text(lang, KIND_WORDS[kind]), colour) for kind, colour in kinds.items() if kind in there]
    colours, last = talked(frame, queues, theme_name), QUEUES[theme(theme_name)][-1]
    beyond = [name for name, colour in colours.items() if colour == last]
    found += [Key(name, colour) for name, colour in colours.items() if colour != last]
    return [*found, Key(beyond[0] if len(beyond) == 1 else text(lang, OTHERS), last)] if beyond else found
