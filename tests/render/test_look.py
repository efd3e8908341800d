"""Colours, small lines and vendored files agree with each other."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from plotly.offline import get_plotlyjs

from render.sparkline import sparkline
from render.theme import TONES, faded, theme

ROOT = Path(__file__).parent.parent.parent
CSS = (ROOT / "assets/b-app/app.css").read_text()


def variables(selector: str) -> dict[str, str]:
    block = CSS[CSS.index(selector):]
    return dict(re.findall(r"--([a-z_]+): (#[0-9a-f]{6})", block[:block.index("}")]))


@pytest.mark.parametrize(("name", "selector"), [("light", ":root, [data-bs-theme=\"light\"]"),
                                                ("dark", "[data-bs-theme=\"dark\"] {\n  --page")])
def test_the_style_sheet_repeats_the_roles_of_the_theme(name, selector):
    found = variables(selector)
    assert {role: found.get(role) for role in TONES[name]} == TONES[name]


def luminance(colour: str) -> float:
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= .03928 else ((p + .055) / 1.055) ** 2.4 for p in parts)
    return .2126 * red + .7152 * green + .0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + .05) / (low + .05)


@pytest.mark.parametrize(("name", "selector"), [("light", ":root, [data-bs-theme=\"light\"]"),
                                                ("dark", "[data-bs-theme=\"dark\"] {\n  --page")])
@pytest.mark.parametrize(("ink", "ground"), [
    ("ink", "page"), ("ink", "card"), ("quiet", "page"), ("quiet", "card"), ("good", "card"), ("bad", "card"),
    ("brand", "card"), ("brand", "brand-soft"), ("good", "good-soft"), ("warn", "warn-soft"), ("danger", "danger-soft"),
    ("card", "ink")])
def test_words_can_be_read(name, selector, ink, ground):
    block = CSS[CSS.index(selector):]
    found = dict(re.findall(r"--([a-z_-]+): (#[0-9a-f]{6})", block[:block.index("}")]))
    assert contrast(found[ink], found[ground]) >= 4.5


def test_themes_that_do_not_exist_are_light():
    assert [theme(name) for name in ("dark", "light", None, "sepia")] == ["dark", "light", "light", "light"]
    assert faded("#102030", .5) == "rgba(16,32,48,0.5)"


def path(line: str) -> str:
    return re.findall(r"<path d='([^']*)' fill='none'", unquote(line))[0]


def test_a_line_runs_from_edge_to_edge_between_its_lowest_and_highest_value():
    assert path(sparkline([0, 10])) == "M0.0 29.0C60.0 29.0 60.0 3.0 120.0 3.0"


def test_gaps_are_bridged_and_a_single_value_is_no_line():
    assert sparkline([1, None, float("nan"), 2]) == sparkline([1, 2])
    assert sparkline([5]) == "" and sparkline([None, 5]) == "" and sparkline([]) == ""


def test_a_line_without_change_stands_in_the_middle():
    assert path(sparkline([4, 4])).startswith("M0.0 16.0")


def test_long_series_stay_small():
    assert len(sparkline([i % 7 for i in range(5000)])) < 6000


def test_the_bundle_of_charts_is_the_version_the_python_package_speaks():
    major = re.search(r"plotly\.js v(\d+)\.", get_plotlyjs()[:400])
    bundle = (ROOT / "assets/a-vendor/plotly-cartesian.min.js").read_text()[:400]
    assert major and re.search(rf"v{major[1]}\.\d+\.\d+", bundle)
    version = re.search(r"v(\d+\.\d+\.\d+)", bundle)
    assert version and f"plotly-cartesian.min.js?v={version[1]}" in (ROOT / "assets/00-theme.js").read_text()


def test_every_icon_that_is_used_is_vendored():
    known = set((ROOT / "assets/icons.txt").read_text().split())
    css = (ROOT / "assets/a-vendor/icons.css").read_text()
    assert set(re.findall(r"\.icon-([a-z0-9-]+)\{", css)) == known
    used = set()
    for folder in ("layouts", "render"):
        for file in (ROOT / folder).glob("*.py"):
            source = file.read_text()
            used |= set(re.findall(r'icon\("([a-z0-9-]+)"', source))
            used |= set(re.findall(r'Entry\("[^"]*", "([a-z0-9-]+)"', source))
            used |= set(re.findall(r'notice\("[a-z]+", "([a-z0-9-]+)"', source))
    assert used <= known


def test_nothing_is_fetched_from_elsewhere():
    own = [f"b-app/{file.name}" for file in (ROOT / "assets/b-app").iterdir()]
    for file in (*own, "00-theme.js", "a-vendor/inter.css", "a-vendor/icons.css"):
        assert not re.search(r"(?:url\(|src=|href=|import\s)[\"']?(?:https?:)?//", (ROOT / "assets" / file).read_text())
