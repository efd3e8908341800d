"""Words on paper: the fonts that travel in a PDF, how wide a text is and where its lines break.

Inter has Latin, Greek and Cyrillic; what it lacks comes from DejaVu Sans and Noto Emoji, and what nobody has is a
white square. Digits are all equally wide.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONTS = Path(__file__).parent / "fonts"
REGULAR, STRONG, CHART = "cca", "cca-strong", "cca-chart"
_FILES = {REGULAR: "Inter-Regular", STRONG: "Inter-SemiBold", "cca-others": "DejaVuSans", "cca-emoji": "NotoEmoji"}
# Marks that steer the direction of text or join pictures have no shape of their own and would turn others around.
_SILENT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_SPACE = re.compile(r"\s+")
# Scripts that run from right to left: what is drawn from the left is turned around first.
_RIGHT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+(?: [\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+)*")
_PLAIN = re.compile(r"[\x20-\x7e\xa0-\xac\xae-\xff–—−…·÷×]*")
_BEYOND = re.compile("<([0-9A-F]{5,6})>")
_library = ttfonts.makeToUnicodeCMap
Run = tuple[str, str]  # font, words


@cache
def ready() -> None:
    """Registers the fonts, once."""
    ttfonts.makeToUnicodeCMap = _unicode
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(FONTS / f"{file}.ttf")))


def _unicode(name: str, codes: Sequence[int]) -> str:
    """The table by which a reader copies text: the library writes characters beyond the first 65,536, such as pictures,
    in a way that breaks the whole table."""
    lines = _library(name, codes).split("\n")
    return "\n".join(_BEYOND.sub(lambda found: f"<{chr(int(found[1], 16)).encode('utf-16-be').hex().upper()}>", line)
                     for line in lines)


def clean(words: str) -> str:
    """One line of text without what has no shape."""
    return _SPACE.sub(" ", _SILENT.sub("", words)).strip()


@cache
def _known(font: str) -> frozenset[int]:
    ready()
    return frozenset(pdfmetrics.getFont(font).face.charToGlyph)


@lru_cache(4096)
def _font(character: str, font: str) -> str:
    return next((name for name in (font, "cca-others", "cca-emoji") if ord(character) in _known(name)), "")


def runs(words: str, font: str = REGULAR) -> list[Run]:
    """The text in pieces of one font."""
    if _PLAIN.fullmatch(words):
        return [(font, words)] if words else []
    made: list[Run] = []
    for character in _RIGHT.sub(lambda found: found[0][::-1], words):
        name = _font(character, font)
        if not name:
            name, character = "cca-others", "\u25a1"
        if made and made[-1][0] == name:
            made[-1] = (name, made[-1][1] + character)
        else:
            made.append((name, character))
    return made


@lru_cache(50_000)
def width(words: str, size: float, font: str = REGULAR) -> float:
    """Points."""
    ready()
    return sum(pdfmetrics.stringWidth(piece, name, size) for name, piece in runs(words, font))


def put(canvas: Canvas, x: float, y: float, words: str, size: float, font: str = REGULAR, right: bool = False) -> None:
    """Writes a line whose left end (or right, when `right`) stands at x."""
    if right:
        x -= width(words, size, font)
    for name, piece in runs(words, font):
        canvas.setFont(name, size)
        canvas.drawString(x, y, piece)
        x += pdfmetrics.stringWidth(piece, name, size)


def lines(words: str, room: float, size: float, font: str = REGULAR) -> list[str]:
    """The lines of a text in a column of that width; a word that is wider is broken where the column ends."""
    words = clean(words)
    if width(words, size, font) <= room:
        return [words]
    made, line = [], ""
    for word in words.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, size, font) <= room:
            line = longer
            continue
        if line:
            made.append(line)
        while width(word, size, font) > room and len(word) > 1:
            cut = _fitting(word, room, size, font)
            made.append(word[:cut])
            word = word[cut:]
        line = word
    return [*made, line] if line else made


def _fitting(word: str, room: float, size: float, font: str) -> int:
    """How many characters fit, at least one."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        if width(word[:middle], size, font) <= room:
            low = middle
        else:
            high = middle - 1
    return low
