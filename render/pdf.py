"""A report on paper: cover with the key numbers, pictures as vectors, tables that repeat their header, definitions."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from reportlab.graphics import renderPDF
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4, LETTER, landscape
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from i18n import text
from render import drawings, lettering, paper_tables
from render.cards import Kpi
from render.drawings import PIXELS, TONE
from render.lettering import REGULAR, STRONG, lines, put
from render.pictures import Failed, NoBrowser, Pictures
from render.report_charts import Picture
from render.reports import Report, counted
from render.words import mark

log = logging.getLogger(__name__)

SIZES = {"a4": landscape(A4), "letter": landscape(LETTER)}
EDGE, TOP, FOOT = 36.0, 54.0, 40.0  # points around what a page holds
MOST = 50_000  # rows that a document may have: a thousand pages
GOOD, BAD = HexColor("#0a756b"), HexColor("#b04e00")
ARROWS = {"up": "↑", "down": "↓", "level": "="}
NO_BROWSER = mark("This picture needs Chromium, which is not on the server. To have it: apt-get install chromium")
BROKEN = mark("This picture could not be drawn this time. Make the report again.")
Progress = Callable[[int, int], None]


class TooLong(Exception):
    """More rows than a document may have; the message is an English message id with {most}."""


TOO_LONG = mark("A PDF holds {most} rows at most. Take Excel or CSV, which hold all of them, or a shorter period.")


class Paper:
    """A document that grows page by page; every page but the first has a head, all have a foot."""

    def __init__(self, report: Report, out: Path, size: str):
        lettering.ready()
        self.report, self.size = report, SIZES[size]
        self.width, self.height = self.size
        self.canvas = Canvas(str(out), pagesize=self.size, pageCompression=1, invariant=1, initialFontName=REGULAR)
        self.canvas.setTitle(report.title)
        self.canvas.setAuthor(report.company)
        self.canvas.setSubject(report.period)
        self.page = 0
        likely = 4 + sum(part.rows.count for part in report.parts) // 30
        self.digits = lettering.width("0" * len(str(likely)), 7.5)  # the room that the number of pages will take
        self.y = 0.0  # the lowest place that is taken

    @property
    def room(self) -> float:
        return self.width - 2 * EDGE

    def new(self, head: bool = True) -> None:
        """Another page."""
        if self.page:
            self._end()
        self.page += 1
        self.y = self.height - EDGE
        if head:
            canvas = self.canvas
            canvas.setFillColor(TONE["quiet"])
            put(canvas, EDGE, self.height - 34, self._cut(self.report.company, 240), 8, STRONG)
            put(canvas, self.width - EDGE, self.height - 34, f"{self.report.title} · {self.report.period}", 8,
                right=True)
            canvas.setStrokeColor(TONE["line"])
            canvas.line(EDGE, self.height - 40, self.width - EDGE, self.height - 40)
            self.y = self.height - TOP

    def _cut(self, words: str, room: float) -> str:
        found = lines(words, room, 8, STRONG)
        return found[0] if len(found) == 1 else f"{found[0]}…"

    def _end(self) -> None:
        canvas, lang = self.canvas, self.report.lang
        canvas.setFillColor(TONE["quiet"])
        (_, made), (_, until) = self.report.about[0], self.report.about[1]
        put(canvas, EDGE, 22, f"{text(lang, 'Generated')} {made} · {text(lang, 'Data until')} {until}", 7.5)
        canvas.saveState()
        # How many pages there are is known at the end; until then the number stands for itself.
        canvas.translate(self.width - EDGE, 22)
        put(canvas, -self.digits - 2.5, 0, text(lang, "Page {number} of", number=self.page), 7.5, right=True)
        canvas.doForm("pages")
        canvas.restoreState()
        canvas.showPage()

    def close(self) -> None:
        self._end()
        self.canvas.beginForm("pages", -30, -4, 36, 12)
        self.canvas.setFillColor(TONE["quiet"])
        put(self.canvas, -self.digits, 0, str(self.page), 7.5)
        self.canvas.endForm()
        self.canvas.save()


def write(report: Report, out: Path, pictures: Pictures, size: str = "a4", logo: Path | None = None,
          progress: Progress = lambda done, all: None) -> list[tuple[str, str]]:
    """Writes the document; title and reason (English message id) of each picture that is missing in it. `progress`
    may raise to give up. TooLong beyond MOST rows."""
    whole = sum(part.rows.count for part in report.parts)
    if whole > MOST:
        raise TooLong(TOO_LONG)
    paper, missing = Paper(report, out, size), []
    _cover(paper, logo)
    for number, picture in enumerate(report.pictures):
        progress(0, whole)
        reason = _picture(paper, picture, pictures, first=number == 0)
        if reason:
            missing.append((picture.title, reason))
    done = 0
    for part in report.parts:
        paper_tables.write(paper, part, report.lang, partial(_further, progress, done, whole))
        done += part.rows.count
    _definitions(paper)
    paper.close()
    return missing


def _further(progress: Progress, before: int, whole: int, done: int) -> None:
    progress(before + done, whole)


# -- the cover ---------------------------------------------------------------------------------------


def _cover(paper: Paper, logo: Path | None) -> None:
    report, canvas = paper.report, paper.canvas
    paper.new(head=False)
    canvas.setFillColor(TONE["answered"])
    canvas.rect(0, paper.height - 8, paper.width, 8, stroke=0, fill=1)
    y = paper.height - 64
    if logo:
        picture = ImageReader(str(logo))
        wide, high = picture.getSize()
        share = min(180 / wide, 52 / high)
        canvas.drawImage(picture, paper.width - EDGE - wide * share, y - 18, wide * share, high * share, mask="auto")
    if report.company:
        canvas.setFillColor(TONE["answered"])
        for line in lines(report.company, paper.room - 220, 13, STRONG)[:2]:
            put(canvas, EDGE, y, line, 13, STRONG)
            y -= 17
    y -= 40
    canvas.setFillColor(TONE["ink"])
    put(canvas, EDGE, y, report.title, 32, STRONG)
    y -= 26
    canvas.setFillColor(TONE["quiet"])
    put(canvas, EDGE, y, report.period, 15)
    y -= 44
    half = paper.room / 2 - 16
    ends = [_pairs(paper, EDGE, y, half, text(report.lang, "What was asked"), report.filters),
            _pairs(paper, EDGE + half + 32, y, half, text(report.lang, "About this report"), [
                *report.about, *((part.title, counted(report.lang, part)) for part in report.parts)])]
    bottom = min(ends)
    if bottom < FOOT + 130:
        paper.new()
        bottom = paper.y
    _strip(paper, min(bottom - 24, FOOT + 150))


def _pairs(paper: Paper, x: float, y: float, room: float, title: str, pairs: list[tuple[str, str]]) -> float:
    """Labels and values, one below the other; where they end. What does not fit says so."""
    canvas = paper.canvas
    canvas.setFillColor(TONE["answered"])
    put(canvas, x, y, title, 10, STRONG)
    y -= 18
    for label, words in pairs:
        canvas.setFillColor(TONE["quiet"])
        put(canvas, x, y, label, 9)
        canvas.setFillColor(TONE["ink"])
        said = lines(words, room - 150, 9)
        for number, line in enumerate(said):
            if y < FOOT + 20:
                put(canvas, x + 150, y, "…", 9)
                return y
            put(canvas, x + 150, y, line, 9)
            y -= 13 if number < len(said) - 1 else 16
    return y


def _strip(paper: Paper, top: float) -> None:
    """The key numbers, each in a card, with the difference to the period before."""
    report, canvas, gap = paper.report, paper.canvas, 10.0
    wide, high = (paper.room - 5 * gap) / 6, 84.0
    canvas.setFillColor(TONE["quiet"])
    put(canvas, EDGE, top + 10, text(report.lang, "Compared with {days}", days=report.before), 8)
    for number, kpi in enumerate(report.kpis):
        x = EDGE + number * (wide + gap)
        canvas.setStrokeColor(TONE["line"])
        canvas.setFillColor(white)
        canvas.roundRect(x, top - high, wide, high, 7, stroke=1, fill=1)
        canvas.setFillColor(TONE[kpi.metric.role])
        canvas.roundRect(x, top - 5, wide, 5, 2, stroke=0, fill=1)
        canvas.setFillColor(TONE["quiet"])
        put(canvas, x + 10, top - 22, kpi.label, 9)
        canvas.setFillColor(TONE["ink"])
        size = 21.0
        while size > 10 and lettering.width(kpi.value, size, STRONG) + lettering.width(kpi.unit, 9) > wide - 24:
            size -= 1
        put(canvas, x + 10, top - 49, kpi.value, size, STRONG)
        canvas.setFillColor(TONE["quiet"])
        put(canvas, x + 14 + lettering.width(kpi.value, size, STRONG), top - 49, kpi.unit, 9)
        _delta(canvas, x + 10, top - 71, kpi, report.lang)


def _delta(canvas: Canvas, x: float, y: float, kpi: Kpi, lang: str) -> None:
    if kpi.delta is None:
        if kpi.before:
            put(canvas, x, y, text(lang, "before: {value}", value=kpi.before), 8.5)
        return
    canvas.setFillColor({"good": GOOD, "bad": BAD}.get(kpi.delta.tone, TONE["quiet"]))
    words = f"{ARROWS[kpi.delta.way]} {kpi.delta.words}"
    put(canvas, x, y, words, 8.5, STRONG)
    canvas.setFillColor(TONE["quiet"])
    spoken = {"good": text(lang, "better"), "bad": text(lang, "worse")}.get(kpi.delta.tone, "")
    put(canvas, x + 5 + lettering.width(words, 8.5, STRONG), y, spoken, 8.5)


# -- pictures ----------------------------------------------------------------------------------------


def _picture(paper: Paper, picture: Picture, pictures: Pictures, first: bool) -> str:
    """A picture under what stands already, or on the next page; the reason when there is only a note in its place."""
    high = (paper.height - TOP - FOOT) / 2 - 16  # two fill a page
    if first or paper.y - high - 10 < FOOT:
        paper.new()
    canvas = paper.canvas
    canvas.setFillColor(TONE["ink"])
    put(canvas, EDGE, paper.y - 10, picture.title, 12, STRONG)
    canvas.setFillColor(TONE["quiet"])
    put(canvas, EDGE + lettering.width(picture.title, 12, STRONG) + 10, paper.y - 10, picture.note, 8.5)
    _legend(paper, picture, paper.y - 24)
    top = paper.y - 30
    drawing, reason = _drawn(picture.figure, pictures, paper.room, high - 34)
    if drawing:
        renderPDF.draw(drawing, canvas, EDGE, top - (high - 34))
    else:
        canvas.setFillColor(BAD)
        for number, line in enumerate(lines(text(paper.report.lang, reason), paper.room - 40, 9.5)):
            put(canvas, EDGE + 20, top - 60 - 14 * number, line, 9.5)
    paper.y = top - (high - 34) - 16
    return reason


def _drawn(figure: Mapping[str, Any], pictures: Pictures, wide: float, high: float) -> tuple[Any, str]:
    if drawings.heat(figure):
        return drawings.of_heat(figure, wide, high), ""
    try:
        svg = pictures.svg(figure, round(wide * PIXELS), round(high * PIXELS))
        return drawings.of_svg(svg, wide, high), ""
    except NoBrowser:
        return None, NO_BROWSER
    except (Failed, ValueError) as error:
        log.warning("a picture of a report is missing: %s", error)
        return None, BROKEN


def _legend(paper: Paper, picture: Picture, y: float) -> None:
    canvas, x = paper.canvas, EDGE
    for key in picture.legend:
        bar = key.drawn == "bar"
        canvas.setFillColor(TONE[key.role], key.strength)
        if key.drawn == "point":
            canvas.circle(x + 4, y + 3.2, 2.2, stroke=0, fill=1)
        else:
            canvas.rect(x, y + (0 if bar else 2.2), 8, 6.5 if bar else 2, stroke=0, fill=1)
        canvas.setFillAlpha(1)
        canvas.setFillColor(TONE["quiet"])
        put(canvas, x + 12, y, key.name, 8)
        x += lettering.width(key.name, 8) + 26


# -- definitions -------------------------------------------------------------------------------------


def _definitions(paper: Paper) -> None:
    """What every number means, at the end: under the last table where there is room for all of it."""
    report, canvas, size = paper.report, paper.canvas, 8.5
    notes = dict.fromkeys(note for part in report.parts for note in part.table.notes)
    told = [(label, lines(words, paper.room - 170, size)) for label, words in report.terms] + [
        ("", lines(text(report.lang, note), paper.room, size)) for note in notes]
    if not told:
        return
    count, room = sum(len(said) for _, said in told), paper.height - TOP - 36 - FOOT
    gap = 4.0 if 12 * count + 4 * len(told) <= room or 12 * count + 2 * len(told) > room else 2.0
    if paper.y - 36 - 12 * count - gap * len(told) < FOOT:
        paper.new()
    else:
        paper.y -= 18
    if report.terms:
        canvas.setFillColor(TONE["ink"])
        put(canvas, EDGE, paper.y - 12, text(report.lang, "Definitions"), 14, STRONG)
        paper.y -= 36
    for label, said in told:
        if paper.y - 12 * len(said) < FOOT:
            paper.new()
            paper.y -= 12
        canvas.setFillColor(TONE["ink"])
        put(canvas, EDGE, paper.y, label, size, STRONG)
        canvas.setFillColor(TONE["quiet"])
        for line in said:
            put(canvas, EDGE + (170 if label else 0), paper.y, line, size)
            paper.y -= 12
        paper.y -= gap
