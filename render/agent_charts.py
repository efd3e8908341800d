"""Frames about agents to figures, as plain dictionaries."""

import datetime as dt
from collections.abc import Sequence
from html import escape  # Plotly reads markup in every text
from typing import Any

import numpy as np
import pandas as pd

from i18n import duration, text
from render.charts import COUNTS, Figure, edges, every, layout, lone
from render.theme import faded, tones
from render.words import mark

STATES = (("talk", mark("In calls"), "answered"), ("free", mark("Free"), "level"), ("rest", mark("On pause"), "wait"))
REASON_ROLES = ("wait", "exit_key", "level", "exit_empty", "answered", "timeout")


def hours(frame: pd.DataFrame, lang: str, theme_name: str | None, days: Sequence[int] | np.ndarray,
          href: str = "") -> Figure:
    """How the connected time of an average day was spent, hour by hour, and the calls answered. `frame` is by_hour,
    `days` says of each of the 24 hours on how many days it has begun."""
    tone = tones(theme_name)
    busy = frame.index[(frame["login"] > 0) | (frame["answered"] > 0) | (frame["talk"] > 0)]
    rows = frame.loc[busy.min():busy.max()] if len(busy) else frame.iloc[:0]
    x = [f"{int(hour):02}" for hour in rows["hour"]]
    free = np.maximum(rows["login"] - rows["pause"] - rows["talk"], 0)
    rest = np.minimum(rows["pause"], np.maximum(rows["login"] - rows["talk"], 0))
    parts = {"talk": rows["talk"], "free": free, "rest": rest}
    links = [f"outcome=answered&from={int(h):02}:00&to={int(h) + 1:02}:00" for h in rows["hour"]]
    over = np.maximum(np.asarray(days)[rows["hour"].to_numpy(np.int64)], 1)
    most = float(((parts["talk"] + free + rest) / over).max() or 0) if len(rows) else 0
    unit, size = ("min", 60) if most < 5400 else ("h", 3600)
    traces: list[dict[str, Any]] = []
    for key, label, role in STATES:
        values = [round(float(seconds), 3) for seconds in parts[key] / over / size]
        traces.append({"type": "bar", "name": text(lang, label), "x": x, "y": values, "meta": role,
                       "marker": {"color": faded(tone[role], 0.45) if key == "free" else tone[role]},
                       "text": [duration(v * size) for v in values], "textposition": "none", "customdata": links,
                       "hovertemplate": "%{text}"})
    traces.append({
        "type": "scatter", "mode": "lines+markers", "name": text(lang, "Answered"), "x": x, "yaxis": "y2",
        "y": [round(float(n), 2) for n in rows["answered"] / over], "meta": "other", "customdata": links,
        "line": {"color": tone["other"], "width": 2}, "marker": {"size": 5}, "hovertemplate": "%{y:,.1f}"})
    return {"data": traces, "layout": layout(
        theme_name, barmode="stack", bargap=0.25, barcornerradius=3, hovermode="x unified", showlegend=False,
        meta={"href": href}, xaxis={"type": "category", "tickangle": 0, "tickvals": x[::every(len(x))]},
        yaxis={"ticksuffix": f" {unit}"},
        yaxis2={"overlaying": "y", "side": "right", "showgrid": False, "zeroline": False, "fixedrange": True,
                "automargin": True, "rangemode": "tozero", "nticks": 5, "tickmode": "auto", "tickformat": COUNTS,
                "tickfont": {"size": 11.5, "color": tone["other"]}})}


def pauses(frame: pd.DataFrame, lang: str, theme_name: str | None, most: int = 15) -> Figure:
    """Who was on pause how long, by reason: the `most` with most time. `frame` is pause_reasons."""
    tone = tones(theme_name)
    people = frame.groupby("name")["seconds"].sum().sort_values(ascending=False).head(most).index.tolist()[::-1]
    order = frame.groupby("reason")["seconds"].sum().sort_values(ascending=False).index.tolist()
    kept = order if len(order) <= len(REASON_ROLES) else order[:len(REASON_ROLES) - 1]
    groups = frame.assign(group=frame["reason"].where(frame["reason"].isin(kept), None))
    traces = []
    for role, reason in zip(REASON_ROLES, [*kept, *([None] if len(kept) < len(order) else [])], strict=False):
        part = groups[groups["group"].isna()] if reason is None else groups[groups["group"] == reason]
        seconds = part.groupby("name")["seconds"].sum().reindex(people, fill_value=0)
        label = text(lang, "Other reasons") if reason is None else escape(
            reason, quote=False) if reason else text(lang, "(no reason)")
        traces.append({
            "type": "bar", "orientation": "h", "name": label,
            "y": [escape(name.split(" (")[0], quote=False) for name in people],
            "x": [round(float(n) / 3600, 3) for n in seconds], "meta": role, "marker": {"color": tone[role]},
            "text": [duration(float(n)) for n in seconds], "textposition": "none", "hovertemplate": "%{text}"})
    return {"data": traces, "layout": layout(
        theme_name, barmode="stack", bargap=0.32, barcornerradius=3, hovermode="y unified", showlegend=False,
        height=max(24 * len(people) + 40, 180), xaxis={"ticksuffix": " h", "showgrid": True, "gridcolor": tone["line"]},
        yaxis={"type": "category", "showgrid": False, "nticks": most, "rangemode": "normal"})}


def trend(frame: pd.DataFrame, lang: str, theme_name: str | None, href: str = "") -> Figure:
    """An agent day by day: calls answered as bars, average talk as a line, and his own median of these days."""
    tone = tones(theme_name)
    x, one_day = [str(day) for day in frame["date"]], dt.timedelta(days=1)
    talk = [None if pd.isna(v) else round(float(v) / 60, 3) for v in frame["avg_talk"]]
    known = [v for v in talk if v is not None]
    usual = float(np.median(known)) if known else None
    links = [f"start_date={day}&end_date={day}&outcome=answered" for day in x]
    traces: list[dict[str, Any]] = [
        {"type": "bar", "name": text(lang, "Answered"), "x": x, "y": [int(n) for n in frame["answered"]],
         "meta": "answered", "customdata": links, "marker": {"color": faded(tone["answered"], 0.55)},
         "hovertemplate": "%{y:,}", **lone(len(x), one_day)},
        {"type": "scatter", "mode": "lines+markers", "name": text(lang, "Average talk"), "x": x, "y": talk,
         "yaxis": "y2", "meta": "wait", "customdata": links, "connectgaps": True,
         "text": [duration(None if v is None else v * 60) for v in talk],
         "line": {"color": tone["wait"], "width": 2}, "marker": {"size": 5}, "hovertemplate": "%{text}"}]
    if usual is not None:
        traces.append({"type": "scatter", "mode": "lines", "name": text(lang, "Own median"), "x": [x[0], x[-1]],
                       "y": [usual, usual], "yaxis": "y2", "meta": "other", "text": [duration(usual * 60)] * 2,
                       "line": {"color": tone["other"], "width": 1.4, "dash": "dot"}, "hovertemplate": "%{text}"})
    return {"data": traces, "layout": layout(
        theme_name, bargap=0.3, barcornerradius=3, hovermode="x unified", showlegend=False, meta={"href": href},
        xaxis={"type": "date", "tickformat": "%d/%m", "hoverformat": "%A %d/%m/%Y", "nticks": 8,
               **edges(frame.iloc[[0, -1]].to_dict("records"), one_day)},
        yaxis={"tickformat": COUNTS},
        yaxis2={"overlaying": "y", "side": "right", "showgrid": False, "zeroline": False, "fixedrange": True,
                "automargin": True, "rangemode": "tozero", "nticks": 5, "tickmode": "auto", "ticksuffix": " min",
                "tickfont": {"size": 11.5, "color": tone["wait"]}})}
