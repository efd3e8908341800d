"""Tables on paper: the header comes again on every page, a row is never torn apart, long texts take several lines."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from reportlab.lib.colors import Color, HexColor, white

from i18n import NOTHING, number, text
from render.drawings import TONE
from render.lettering import REGULAR, STRONG, clean, lines, put, width
from render.reports import Part
from render.tables import NUMBERS, Column, kinds, shown

if TYPE_CHECKING:
    from render.pdf import Paper

PIECE = 500
SEEN = 200  # rows from which the widths of the columns are taken
WORD, WIDEST = 90.0, 150.0  # points that the longest word of a text, and a whole text, may ask for
NAMES = ("text", "outcome", "ended")  # kinds whose values may break between two words
SIZE, HEAD, LINE, PAD = 7.2, 6.8, 9.2, 3.0  # of letters, of the header's, from line to line, around a cell: points
SHADE, BELOW = HexColor("#f6f8fc"), HexColor("#e9effe")
EDGE, FOOT = 36.0, 40.0


class Grid:
    """The columns of a table on a page."""

    def __init__(self, paper: "Paper", part: Part, lang: str):
        self.paper, self.part, self.lang = paper, part, lang
        self.columns = part.columns
        self.heads = [text(lang, column.label) for column in self.columns]
        # Few columns do not stretch over the whole page.
        self.room = min(paper.room, sum(column.wide for column in self.columns) * 118)
        self.widths = self._widths()
        self.head_lines = [_head_lines(words, wide - 2 * PAD) for words, wide in zip(self.heads, self.widths,
                                                                                    strict=True)]
        self.head_high = max(len(found) for found, _ in self.head_lines) * 8.2 + 2 * PAD

    def _widths(self) -> list[float]:
        """By the shares of the columns, but none so narrow that it breaks a number, a date or a word: what a column
        needs is seen from its first rows. Long names take several lines before anything else does."""
        shares = [column.wide for column in self.columns]
        words, whole = [_longest_word(head, HEAD, STRONG) for head in self.heads], [0.0] * len(self.columns)
        below: list[Any] = self.part.below(self.lang) or [None] * len(self.columns)
        values: list[list[Any]] = next(self.part.pieces(self.lang, SEEN), [[] for _ in self.columns])
        for place, (column, cells, last) in enumerate(zip(self.columns, values, below, strict=True)):
            said = {clean(shown(self.lang, kind, cell)) for kind, cell in zip(
                kinds(self.part.table, column, len(cells)), cells, strict=True)}
            whole[place] = max((width(words, SIZE) for words in said), default=0)
            if column.kind in NAMES:
                words[place] = max(words[place], *(_longest_word(one, SIZE) for one in said), 0)
            else:
                words[place] = max(words[place], min(whole[place], WIDEST))
            if last is not None and not isinstance(last, str):
                words[place] = max(words[place], width(shown(self.lang, column.kind, last), SIZE, STRONG))
        least = [min(word, WORD if column.kind in NAMES else WIDEST) + 2 * PAD
                 for column, word in zip(self.columns, words, strict=True)]
        fine = [max(low, min(words, WIDEST) + 2 * PAD) for low, words in zip(least, whole, strict=True)]
        if sum(least) >= self.room:
            return [self.room * low / sum(least) for low in least]
        if sum(fine) > self.room:
            part = (self.room - sum(least)) / (sum(fine) - sum(least))
            return [low + part * (good - low) for low, good in zip(least, fine, strict=True)]
        return _filled(fine, shares, self.room)

    def title(self, again: bool) -> None:
        canvas, y = self.paper.canvas, self.paper.y - 10
        canvas.setFillColor(TONE["ink"])
        put(canvas, EDGE, y, self.part.title, 12, STRONG)
        canvas.setFillColor(TONE["quiet"])
        words = text(self.lang, "continued") if again else text(
            self.lang, "Rows: {count}", count=number(self.lang, self.part.rows.count))
        put(canvas, EDGE + width(self.part.title, 12, STRONG) + 8, y, words, 8.5)
        self.paper.y = y - 10

    def header(self) -> None:
        canvas, x, y = self.paper.canvas, EDGE, self.paper.y
        canvas.setFillColor(TONE["answered"])
        canvas.rect(EDGE, y - self.head_high, self.room, self.head_high, stroke=0, fill=1)
        canvas.setFillColor(white)
        for column, (found, size), wide in zip(self.columns, self.head_lines, self.widths, strict=True):
            right = column.kind in NUMBERS
            for place, words in enumerate(found):
                put(canvas, x + wide - PAD if right else x + PAD, y - PAD - 6.2 - 8.2 * place, words, size, STRONG,
                    right=right)
            x += wide
        self.paper.y = y - self.head_high

    def row(self, cells: Sequence[Sequence[str]], shade: Color | None, font: str = REGULAR) -> None:
        """A row of cells, each its lines."""
        high = max(len(found) for found in cells) * LINE + 2 * PAD - 1.5
        if self.paper.y - high < FOOT:
            self.turn()
        canvas, x, y = self.paper.canvas, EDGE, self.paper.y
        if shade:
            canvas.setFillColor(shade)
            canvas.rect(EDGE, y - high, self.room, high, stroke=0, fill=1)
        canvas.setFillColor(TONE["ink"])
        for column, found, wide in zip(self.columns, cells, self.widths, strict=True):
            right = column.kind in NUMBERS
            for place, words in enumerate(found):
                if words:
                    put(canvas, x + wide - PAD if right else x + PAD, y - PAD - 5.8 - LINE * place, words, SIZE, font,
                        right=right)
            x += wide
        self.paper.y = y - high

    def turn(self) -> None:
        """The next page, with title and header again."""
        self.paper.new()
        self.title(again=True)
        self.header()


def write(paper: "Paper", part: Part, lang: str, progress: Callable[[int], None]) -> None:
    """Writes the whole table; `progress(rows written)` may raise to give up."""
    grid = Grid(paper, part, lang)
    fits = min(part.rows.count, 4) * (LINE + 2 * PAD) + grid.head_high + 60
    if paper.page < 2 or paper.y - fits < FOOT:
        paper.new()
    else:
        paper.y -= 14
    grid.title(again=False)
    grid.header()
    done = 0
    for values in part.pieces(lang, PIECE):
        said = [_said(grid, column, cells, wide) for column, cells, wide in zip(grid.columns, values, grid.widths,
                                                                               strict=True)]
        for cells in zip(*said, strict=True):
            grid.row(cells, SHADE if done % 2 else None)
            done += 1
        progress(done)
    if not part.rows.count:
        put(paper.canvas, EDGE + PAD, paper.y - 14, text(lang, "No rows"), SIZE + 1)
        paper.y -= 22
        return
    below = part.below(lang)
    if below:
        grid.row([_last(grid, column, value, wide) for column, value, wide in zip(
            grid.columns, below, grid.widths, strict=True)], BELOW, STRONG)


def _said(grid: Grid, column: Column, cells: Sequence[Any], wide: float) -> list[list[str]]:
    """Every cell of a column as its lines."""
    if column.kind in NUMBERS and column.kind != "delta":
        return [[shown(grid.lang, kind, cell)] for kind, cell in zip(
            kinds(grid.part.table, column, len(cells)), cells, strict=True)]
    return [lines(clean(shown(grid.lang, column.kind, cell)), wide - 2 * PAD, SIZE) for cell in cells]


def _last(grid: Grid, column: Column, value: Any, wide: float) -> list[str]:
    if isinstance(value, str):
        return lines(value, wide - 2 * PAD, SIZE, STRONG)
    if value is None:
        return [NOTHING if column.ratio else ""]
    return [shown(grid.lang, column.kind, value)]


def _longest_word(words: str, size: float, font: str = REGULAR) -> float:
    return max((width(word, size, font) for word in words.split()), default=0)


def _filled(least: Sequence[float], shares: Sequence[float], room: float) -> list[float]:
    """Widths as near to these shares of the room as the least ones allow; they add up to the room."""
    held: set[int] = set()
    while True:
        rest = room - sum(least[i] for i in held)
        whole = sum(share for i, share in enumerate(shares) if i not in held)
        short = {i for i, share in enumerate(shares) if i not in held and rest * share / whole < least[i]}
        if not short:
            return [least[i] if i in held else rest * share / whole for i, share in enumerate(shares)]
        held |= short


def _head_lines(words: str, room: float) -> tuple[list[str], float]:
    """The header of a column, its letters as small as its longest word needs."""
    size = HEAD
    while size > 4.6 and max(width(word, size, STRONG) for word in words.split()) > room:
        size -= .2
    return lines(words, room, size, STRONG), size
