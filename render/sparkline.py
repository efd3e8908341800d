"""A line as small as a word: values -> an SVG that a card uses as a mask, so that its colour follows the theme."""

from collections.abc import Sequence
from urllib.parse import quote

WIDTH, HEIGHT, EDGE = 120, 32, 3
MOST = 60


def sparkline(values: Sequence[float | None]) -> str:
    """`url("data:image/svg+xml,…")` of the values in order; gaps (None, NaN) are bridged; "" under two values.

    The area under the line is drawn at a sixth of the strength of the line.
    """
    kept = [float(v) for v in values if v is not None and v == v]
    if len(kept) > MOST:
        size = len(kept) / MOST
        groups = [kept[int(i * size):max(int((i + 1) * size), int(i * size) + 1)] for i in range(MOST)]
        kept = [sum(group) / len(group) for group in groups]
    if len(kept) < 2:
        return ""
    low, high = min(kept), max(kept)
    span = (high - low) or 1
    base = 0.5 if high == low else 0.0
    points = [(i * WIDTH / (len(kept) - 1),
               HEIGHT - EDGE - (base or (v - low) / span) * (HEIGHT - 2 * EDGE)) for i, v in enumerate(kept)]
    line = _smooth(points)
    svg = (f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' preserveAspectRatio='none'>"
           f"<path d='{line}L{WIDTH} {HEIGHT}L0 {HEIGHT}Z' fill='#000' fill-opacity='.15'/>"
           f"<path d='{line}' fill='none' stroke='#000' stroke-width='2' stroke-linejoin='round' "
           "vector-effect='non-scaling-stroke'/></svg>")
    return f'url("data:image/svg+xml,{quote(svg, safe=" /:=,.-")}")'


def _smooth(points: list[tuple[float, float]]) -> str:
    """A path through the points whose curves never rise above or fall below them (horizontal tangents)."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        middle = (x0 + x1) / 2
        path += f"C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    return path
