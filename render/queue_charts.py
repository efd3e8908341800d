"""Frames about queues to figures, as plain dictionaries; each bar and point leads to its calls."""

import datetime as dt
from typing import Any

import pandas as pd

from data.queue_questions import VARIANTS
from i18n import duration, number, percent, text
from render.addresses import slot
from render.charts import COUNTS, Figure, edges, layout, lone, volume
from render.theme import faded, tones
from render.words import OUTCOMES, mark

MARKS = (0, 10, 20, 30, 60, 90, 120)
LINE_UP_TO = 100  # bars with a line of the service level above; beyond it would be nothing but noise
MOST_BARS = 700  # beyond, lines are drawn: a bar would be thinner than a pixel
MOST_POINTS = 9000  # beyond, the intervals are days
LEVEL_WORDS = {
    "standard": (mark("Standard"), mark("Answered within U ÷ (offered without short abandons, keys and calls in "
                                        "progress). This is the service level of every page.")),
    "answered_only": (mark("Answered only"), mark("Answered within U ÷ answered. Flatters: whoever was lost is not "
                                                  "counted (the service level that Asterisk shows).")),
    "abandons_served": (mark("Early abandons served"), mark("(Answered within U + abandoned within U) ÷ (answered + "
                                                           "lost).")),
    "early_ignored": (mark("Early abandons left out"), mark("Answered within U ÷ (answered + lost, without those who "
                                                           "gave up within U).")),
}
LEVEL_ROLES = {"standard": "level", "answered_only": "answered", "abandons_served": "exit_key",
               "early_ignored": "other"}
DASHES = {"standard": "solid", "answered_only": "dot", "abandons_served": "dash", "early_ignored": "dashdot"}


def service_levels(frame: pd.DataFrame, lang: str, theme_name: str | None, threshold: int | None, target: float | None,
                   href: str = "") -> Figure:
    """Service level by threshold in the four definitions; `threshold` (s) and `target` (0-100) are marked where all
    queues shown share them."""
    tone = tones(theme_name)
    seconds = [int(n) for n in frame["threshold"]]
    links = [f"outcome=answered&max_wait={n}" for n in seconds]
    traces = []
    for name in reversed(VARIANTS):
        traces.append({
            "type": "scatter", "mode": "lines", "name": text(lang, LEVEL_WORDS[name][0]), "x": seconds,
            "y": [None if pd.isna(v) else round(float(v), 2) for v in frame[name]], "customdata": links,
            "meta": LEVEL_ROLES[name], "hovertemplate": "%{y:.1f} %",
            "line": {"color": tone[LEVEL_ROLES[name]], "width": 3 if name == "standard" else 1.6,
                     "dash": DASHES[name], "shape": "hv"}})
    shapes, notes = [], []
    if threshold is not None:
        shapes.append({"type": "line", "x0": threshold, "x1": threshold, "y0": 0, "y1": 1, "yref": "paper",
                       "line": {"color": tone["quiet"], "width": 1.2, "dash": "dot"}})
        notes.append({"x": threshold, "y": 0.02, "yref": "paper", "yanchor": "bottom", "xanchor": "left",
                      "showarrow": False, "text": f" {threshold} s", "font": {"size": 11.5, "color": tone["quiet"]}})
    if target is not None:
        shapes.append({"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": target, "y1": target,
                       "line": {"color": tone["quiet"], "width": 1.2, "dash": "dot"}})
        notes.append({"x": 1, "xref": "paper", "xanchor": "right", "y": target, "yanchor": "bottom",
                      "showarrow": False, "text": text(lang, "Target {target}", target=percent(lang, target, 0)),
                      "font": {"size": 11.5, "color": tone["quiet"]}})
    return {"data": traces, "layout": layout(
        theme_name, hovermode="x unified", showlegend=False, meta={"href": href}, shapes=shapes, annotations=notes,
        margin={"l": 8, "r": 22, "t": 8, "b": 8},
        xaxis={"range": [0, 121], "tickvals": list(MARKS), "ticktext": [f"{n} s" for n in MARKS]},
        yaxis={"range": [0, 101], "tickvals": [0, 25, 50, 75, 100],
               "ticktext": ["0 %", "25 %", "50 %", "75 %", "100 %"]})}


def waits(frame: pd.DataFrame, lang: str, theme_name: str | None, href: str = "") -> Figure:
    """How long callers waited: answered and lost side by side, on a scale of seconds that grows."""
    tone, rows = tones(theme_name), frame.to_dict("records")
    labels = [wait_words(row["high"], row["low"] - 1) for row in rows]
    traces = []
    for name, label, more in (("answered", mark("Answered"), "outcome=answered"), ("lost", mark("Lost"), "lost=true")):
        links = ["&".join([more, f"min_wait={int(row['low'])}", *(
            [] if pd.isna(row["high"]) else [f"max_wait={int(row['high'])}"])]) for row in rows]
        role = "answered" if name == "answered" else "abandoned"
        traces.append({"type": "bar", "name": text(lang, label), "x": labels, "y": [int(row[name]) for row in rows],
                       "customdata": links, "meta": role, "marker": {"color": tone[role]},
                       "hovertemplate": "%{y:,}"})
    return {"data": traces, "layout": layout(
        theme_name, barmode="group", bargap=0.25, bargroupgap=0.06, barcornerradius=3, hovermode="x unified",
        showlegend=False, meta={"href": href}, xaxis={"type": "category", "title": {
            "text": text(lang, "Wait up to (m:ss)"), "font": {"size": 11.5, "color": tone["quiet"]}}},
        yaxis={"tickformat": COUNTS})}


def wait_words(high: float, before: float) -> str:
    """Up to how long: 0:05, 1:30; > 10:00 for the last bar."""
    return f"> {duration(before)}" if pd.isna(high) else duration(high)


def intervals(frame: pd.DataFrame, lang: str, theme_name: str | None, minutes: int | None, href: str = "") -> Figure:
    """Calls by interval over any span: bars while they can be told apart, lines beyond."""
    if len(frame) <= MOST_BARS:
        drawn = volume(frame, lang, theme_name, minutes, href)
        if len(frame) > LINE_UP_TO:
            drawn["data"] = [trace for trace in drawn["data"] if trace["type"] == "bar"]
            del drawn["layout"]["yaxis2"]
        return drawn
    tone = tones(theme_name)
    starts = [pd.Timestamp(moment).to_pydatetime() for moment in frame["start" if minutes else "date"]]
    x = [start.isoformat()[:16] for start in starts]
    length = dt.timedelta(minutes=minutes) if minutes else dt.timedelta(days=1)
    links = [slot(start, start + length) if n else "" for start, n in zip(starts, frame["offered"], strict=True)]
    lost = frame["abandoned"] + frame["timeout"] + frame["exit_empty"]
    traces = [{
        "type": "scatter", "mode": "lines", "name": text(lang, label), "x": x, "y": [int(n) for n in values],
        "customdata": links, "meta": role, "hovertemplate": "%{y:,}", "line": {"color": tone[role], "width": 1.2},
        **({"fill": "tozeroy", "fillcolor": faded(tone[role], 0.16)} if role == "answered" else {})}
        for label, role, values in ((mark("Answered"), "answered", frame["answered"]),
                                    (mark("Lost"), "abandoned", lost))]
    return {"data": traces, "layout": layout(
        theme_name, hovermode="x unified", showlegend=False, meta={"href": href},
        xaxis={"type": "date", "tickformat": "%d/%m" if minutes else "%d/%m/%y",
               "hoverformat": "%a %d/%m · %H:%M" if minutes else "%A %d/%m/%Y"}, yaxis={"tickformat": COUNTS})}


LOST_KEYS = ("abandoned", "timeout", "exit_key", "exit_empty")


def lost(frame: pd.DataFrame, lang: str, theme_name: str | None, minutes: int | None, href: str = "") -> Figure:
    """What was not answered, over time: each way to be lost as its share of the offered calls."""
    tone, rows = tones(theme_name), frame.to_dict("records")
    starts = [pd.Timestamp(row["start"] if minutes else row["date"]) for row in rows]
    length = dt.timedelta(minutes=minutes) if minutes else dt.timedelta(days=1)
    x = [start.strftime("%Y-%m-%dT%H:%M") for start in starts]
    traces = []
    for outcome in (o for o in OUTCOMES if o.key in LOST_KEYS):
        counts = [int(row[outcome.key]) for row in rows]
        if any(counts):
            traces.append({
                "type": "bar", "name": text(lang, outcome.label), "x": x, "meta": outcome.role,
                "y": [round(100 * n / row["offered"], 2) if row["offered"] else None
                      for n, row in zip(counts, rows, strict=True)],
                "customdata": [f"{slot(start, start + length)}&outcome={outcome.key}" for start in starts],
                "text": [number(lang, n) for n in counts], "textposition": "none",
                "marker": {"color": tone[outcome.role]}, "hovertemplate": "%{y:.1f} % (%{text})",
                **lone(len(x), length)})
    return {"data": traces, "layout": layout(
        theme_name, barmode="stack", bargap=0.2, barcornerradius=2, hovermode="x unified", showlegend=False,
        meta={"href": href}, xaxis={"type": "date", "tickformat": "%H:%M\n%d/%m" if minutes else "%d/%m",
                                    "hoverformat": "%a %d/%m · %H:%M" if minutes else "%A %d/%m/%Y", "nticks": 8,
                                    **edges(rows, length)},
        yaxis={"ticksuffix": " %"})}


def waiting(frame: pd.DataFrame, lang: str, theme_name: str | None) -> Figure:
    """Callers waiting at once: the most of every interval, and the average."""
    tone = tones(theme_name)
    x = [moment.isoformat()[:16] for moment in frame["start"]]
    several = len({when[:10] for when in x}) > 1
    alone = len(x) == 1  # a point: a line needs two, and an axis cuts the minute around one into marks
    mode = "lines+markers" if alone else "lines"
    traces: list[dict[str, Any]] = [
        {"type": "scatter", "mode": mode, "name": text(lang, "Most at once"), "x": x,
         "y": [int(n) for n in frame["most"]], "meta": "abandoned", "hovertemplate": "%{y:,}",
         "line": {"color": tone["abandoned"], "width": 1.4, "shape": "hv"}, "fill": "tozeroy",
         "fillcolor": faded(tone["abandoned"], 0.14)},
        {"type": "scatter", "mode": mode, "name": text(lang, "Average"), "x": x, "meta": "other",
         "y": [round(float(n), 2) for n in frame["average"]], "hovertemplate": "%{y:.2f}",
         "line": {"color": tone["other"], "width": 1.6, "shape": "hv"}}]
    return {"data": traces, "layout": layout(
        theme_name, hovermode="x unified", showlegend=False,
        xaxis={"type": "date", "tickformat": "%d/%m" if several else "%H:%M", "hoverformat": "%a %d/%m · %H:%M",
               "nticks": 9, **({"tickvals": x} if alone else {})}, yaxis={"tickformat": COUNTS})}
