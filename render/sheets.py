"""The rows of a sheet as its XML, written while they come: a million of them take the memory of some thousands.

The library that makes the workbook keeps every cell as an object, or writes each one through a tree of XML; of rows
that are all alike only the values differ, so they are written as text here. Texts are inline strings: whatever they
begin with, no program takes them for a formula.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from openpyxl.utils import get_column_letter

from render.glossary import Change
from render.tables import Column

LONGEST = 32_767  # characters of a cell
DAY = 86_400.0
EPOCH = dt.datetime(1899, 12, 30)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile(r"[&<>\r]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
# A text that looks like the escape of a character in this format is escaped itself.
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def clean(words: str) -> str:
    """What may stand in XML of a text, as XML."""
    words = _ESCAPE.sub("_x005F_", _FORBIDDEN.sub("", words))[:LONGEST]
    return _SPECIAL.sub(lambda found: _ENTITIES[found[0]], words)


def serial(value: dt.date) -> float:
    """A day or a moment as the number that spreadsheets count with."""
    moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
    return (moment - EPOCH) / dt.timedelta(days=1)


def plain(kind: str, value: Any) -> Any:
    """A value as a cell holds it: percentages as shares, seconds as parts of a day, moments as numbers."""
    if value is None or isinstance(value, str):
        return value
    if kind == "percent":
        return value / 100.0
    if kind == "seconds":
        return value / DAY
    return serial(value) if kind in ("moment", "date") else value


def _texts(letter: str, style: int, values: Sequence[Any], first: int) -> Iterator[str]:
    for row, value in enumerate(values, first):
        yield "" if value is None else (f'<c r="{letter}{row}" s="{style}" t="inlineStr"><is><t xml:space="preserve">'
                                        f"{clean(str(value))}</t></is></c>")


def _numbers(letter: str, style: int, values: Sequence[Any], first: int) -> Iterator[str]:
    for row, value in enumerate(values, first):
        yield "" if value is None else f'<c r="{letter}{row}" s="{style}"><v>{value!r}</v></c>'


def _written(kind: str) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Values of a kind as the cells hold them, many at once."""
    if kind == "percent":
        return lambda values: [None if v is None else v / 100.0 for v in values]
    if kind == "seconds":
        return lambda values: [None if v is None else v / DAY for v in values]
    if kind in ("moment", "date"):
        return lambda values: [None if v is None else serial(v) for v in values]
    return lambda values: values


def body(found: Sequence[Column], styles: Mapping[str, int], values: Sequence[Sequence[Any]], first: int,
         kinds: Callable[[Column, int], list[str]]) -> str:
    """Rows from number `first` on, of values column by column; `styles` is the number of each kind's style."""
    made: list[list[str]] = []
    for place, (column, cells) in enumerate(zip(found, values, strict=True), 1):
        letter = get_column_letter(place)
        if column.kind == "metric":
            made.append([_one(letter, styles, kind, plain(kind, cell), row) for row, (kind, cell) in enumerate(
                zip(kinds(column, len(cells)), cells, strict=True), first)])
        elif column.kind == "delta":
            made.append([changed(letter, styles, cell, row) for row, cell in enumerate(cells, first)])
        elif column.kind in ("count", "percent", "seconds", "moment", "date"):
            made.append(list(_numbers(letter, styles[column.kind], _written(column.kind)(cells), first)))
        else:
            made.append(list(_texts(letter, styles[column.kind], cells, first)))
    return "".join([f'<row r="{row}">{"".join(cells)}</row>' for row, cells in enumerate(zip(*made, strict=True),
                                                                                       first)])


def _one(letter: str, styles: Mapping[str, int], kind: str, value: Any, row: int) -> str:
    return next(iter((_numbers if not isinstance(value, str) else _texts)(letter, styles[kind], [value], row)))


def changed(letter: str, styles: Mapping[str, int], value: Any, row: int) -> str:
    """A difference as a number, which sorts; text where it is none."""
    if not isinstance(value, Change):
        return "".join(_texts(letter, styles["delta"], [value], row))
    return "".join(_numbers(letter, styles[f"delta {value.kind}"], [difference(value)], row))


def difference(value: Change) -> float:
    """The number of its cell: percentages are shares, points and seconds stay what they are. Time below zero is
    nothing that a spreadsheet can show as one."""
    return round(value.amount / 100.0, 6) if value.kind == "count" else value.amount


def header(words: Sequence[str], style: int) -> str:
    """The first row."""
    return f'<row r="1" ht="30" customHeight="1">{"".join(_head(words, style))}</row>'


def _head(words: Sequence[str], style: int) -> Iterator[str]:
    for place, word in enumerate(words, 1):
        yield from _texts(get_column_letter(place), style, [word], 1)


def formulas(found: Sequence[Column], last: int, constants: Mapping[str, float]) -> list[str]:
    """The formula below each column of rows 2..last; "" for none. They count what a filter leaves visible."""
    letters = {column.key: get_column_letter(place) for place, column in enumerate(found, 1)}

    def visible(key: str, function: int = 109) -> str:
        return f"SUBTOTAL({function},{letters[key]}2:{letters[key]}{last})"

    def side(terms: Mapping[str, int]) -> str:
        return "".join(f"{'+' if sign > 0 else '-'}{visible(key)}" for key, sign in terms.items()).removeprefix("+")
    made = []
    for column in found:
        words = {"sum": visible(column.key), "max": visible(column.key, 104), "share": visible(column.key)}.get(
            column.total, "")
        if column.ratio:
            more = constants.get(column.ratio.plus, 0) / DAY
            words = (f"IFERROR(({side(column.ratio.over)})/({side(column.ratio.under)})"
                     f"{f'+{more!r}' if more else ''},\"—\")")
        made.append(words)
    return made


def totals(found: Sequence[Column], styles: Mapping[str, int], below: Sequence[Any], row: int,
           constants: Mapping[str, float]) -> str:
    """The last row: formulas with the value they had when this was written."""
    made: list[str] = []
    for place, (column, words, value) in enumerate(zip(found, formulas(found, row - 1, constants), below, strict=True),
                                                   1):
        letter, style = get_column_letter(place), styles.get(f"total {column.kind}", styles["total text"])
        if not words:
            made.extend(_texts(letter, style, ["" if value is None else value], row))
            continue
        held = plain(column.kind, value)
        kind, cached = ("str", "—") if held is None else ("n", repr(held))
        made.append(f'<c r="{letter}{row}" s="{style}" t="{kind}"><f>{clean(words)}</f><v>{cached}</v></c>')
    return f'<row r="{row}">{"".join(made)}</row>'
