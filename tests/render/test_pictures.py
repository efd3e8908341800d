"""The browser that draws pictures: it is started once, found dead and started again, and waited for only so long."""

import re

import pandas as pd
import psutil
import pytest

from render import pictures, queue_charts
from render.pictures import Failed, Pictures, Silent

FIGURE = {"data": [{"type": "bar", "x": [1, 2, 3], "y": [3, 1, 2]}], "layout": {"font": {"family": "Inter"}}}


@pytest.fixture
def drawn():
    made = Pictures()
    yield made
    made.close()


def shape(svg):
    """The picture without the names of its parts, which are made anew each time."""
    return re.sub(rb"[0-9a-f]{6}", b"", svg)


def below(made):
    """Every process of the browser."""
    return psutil.Process(made._process.pid).children(recursive=True)


def test_one_browser_draws_many_and_nothing_of_it_stays():
    made = Pictures()
    try:
        first = made.svg(FIGURE, 600, 300)
        process = made._process.pid
        assert shape(made.svg(FIGURE, 600, 300)) == shape(first)
        assert first.startswith(b"<svg")
        assert made._process.pid == process
        browser = below(made)
        assert browser
    finally:
        made.close()
    assert not [one for one in browser if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize(("most", "axis"), [
    (1, ["0", "0.5", "1"]), (2, ["0", "0.5", "1", "1.5", "2"]), (7, ["0", "2", "4", "6"]),
    (4000, ["0", "1,000", "2,000", "3,000", "4,000"])])
def test_no_mark_of_an_axis_of_counts_is_rounded(drawn, most, axis):
    """Of two callers at most the axis said 0, 1, 1, 2, 2."""
    frame = pd.DataFrame([{"start": pd.Timestamp("2026-11-24", tz="America/Bogota"), "most": most, "average": 0.25}])
    svg = drawn.svg(queue_charts.waiting(frame, "es", "light"), 600, 400).decode()
    assert re.findall(r'class="ytick"><text[^>]*>([^<]*)<', svg) == axis


def test_a_browser_that_died_is_started_again(drawn):
    first = drawn.svg(FIGURE, 600, 300)
    for one in below(drawn):
        one.kill()
    assert shape(drawn.svg(FIGURE, 600, 300)) == shape(first)


def test_a_figure_that_cannot_be_drawn_spoils_no_other(drawn):
    with pytest.raises(Failed):
        drawn.svg({"data": 3}, 600, 300)
    assert drawn.svg(FIGURE, 600, 300).startswith(b"<svg")


def test_a_browser_that_never_answers_is_not_waited_for_picture_after_picture(drawn, tmp_path, monkeypatch):
    stuck, starts = tmp_path / "stuck.py", tmp_path / "starts"
    stuck.write_text(f"import sys\nopen({str(starts)!r}, 'a').write('x')\nsys.stdin.read()\n")
    monkeypatch.setattr(pictures, "WORKER", stuck)
    monkeypatch.setattr(pictures, "FIRST", 1.0)
    with pytest.raises(Silent, match="in time"):
        drawn.svg(FIGURE, 600, 300)
    assert len(starts.read_text()) == 2
    with pytest.raises(Silent, match="a moment ago"):
        drawn.svg(FIGURE, 600, 300)
    assert len(starts.read_text()) == 2
    monkeypatch.undo()
    drawn._again = 0.0  # a minute later
    assert drawn.svg(FIGURE, 600, 300).startswith(b"<svg")
