"""Figures as drawings of a PDF: vectors that come from SVG, and heat maps that are drawn here cell by cell."""

import io
from collections.abc import Mapping
from typing import Any

from reportlab.graphics.shapes import STATE_DEFAULTS, Drawing, Rect, String
from reportlab.lib.colors import Color, HexColor, white
from svglib import fonts as svg_fonts
from svglib.svglib import svg2rlg

from render import lettering
from render.lettering import CHART, FONTS, REGULAR
from render.theme import TONES

TONE = {name: HexColor(colour) for name, colour in TONES["light"].items()}
PIXELS = 4 / 3  # of a point


def heat(figure: Mapping[str, Any]) -> bool:
    """Whether it is a heat map, which a browser would give as pixels."""
    return any(trace["type"] == "heatmap" for trace in figure["data"])


def of_svg(svg: bytes, width: float, height: float) -> Drawing:
    """A drawing of that size in points. SVG is made `PIXELS` times as large."""
    lettering.ready()
    STATE_DEFAULTS["fontName"] = REGULAR  # the library's own would be named in the file without being in it
    # A name of its own: under that of the tables' family its bold face would be forgotten.
    svg_fonts.register_font("Inter", str(FONTS / "Inter-Regular.ttf"), rlgFontName=CHART)
    drawing = svg2rlg(io.BytesIO(svg))
    if drawing is None:
        raise ValueError("this is no SVG")
    drawing.scale(width / drawing.width, height / drawing.height)
    drawing.width, drawing.height = width, height
    return drawing


def of_heat(figure: Mapping[str, Any], width: float, height: float) -> Drawing:
    """A heat map: a cell a value with the value in it, hours below, weekdays at the left."""
    lettering.ready()
    STATE_DEFAULTS["fontName"] = REGULAR
    trace = figure["data"][0]
    drawing, rows, hours = Drawing(width, height), trace["z"], trace["x"]
    left, foot = 34, 16
    across, high = (width - left) / max(len(hours), 1), (height - foot) / max(len(rows), 1)
    most = max((v for row in rows for v in row if v is not None), default=0) or 1
    for i, row in enumerate(rows):
        top = height - (i + 1) * high
        drawing.add(_words(0, top + high / 2 - 2.8, trace["y"][i], 8))
        for j, value in enumerate(row):
            if value is None:
                continue
            share = value / most
            drawing.add(Rect(left + j * across + .8, top + .8, across - 1.6, high - 1.6, rx=2, ry=2, strokeWidth=0,
                             strokeColor=None, fillColor=_shade(trace["colorscale"], share)))
            said = f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")
            if across > 15:
                drawing.add(_words(left + (j + .5) * across, top + high / 2 - 2.4, said, 6.6, "middle",
                                   white if share > .55 else TONE["ink"]))
    for j, hour in enumerate(hours):
        drawing.add(_words(left + (j + .5) * across, 3, hour, 7.5, "middle"))
    return drawing


def _words(x: float, y: float, words: str, size: float, anchor: str = "start", colour: Any = None) -> String:
    return String(x, y, words, fontName=REGULAR, fontSize=size, textAnchor=anchor, fillColor=colour or TONE["quiet"])


def _shade(scale: list[list[Any]], share: float) -> Color:
    """The colour of a share (0 to 1) between the steps of a scale."""
    for (low, dark), (high, light) in zip(scale, scale[1:], strict=False):
        if share <= high:
            part = (share - low) / (high - low)
            mixed = [round(int(dark[i:i + 2], 16) * (1 - part) + int(light[i:i + 2], 16) * part) for i in (1, 3, 5)]
            return HexColor("#" + "".join(f"{n:02x}" for n in mixed))
    return HexColor(scale[-1][1])
