"""The main table of a report as CSV, piece by piece: UTF-8 with its mark, separators of the reader's language."""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from i18n import text
from render.reports import Part
from render.tables import Column, kinds

MARK = "\ufeff"  # without it spreadsheets take UTF-8 for something else
# Separator and decimal sign: what spreadsheets of the language expect when a file is opened by a double click.
SIGNS = {"es": (";", ","), "en": (",", ".")}
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
PIECE = 5_000
# What a spreadsheet would take for a formula gets an apostrophe before it. Texts only: numbers are ours.
_FORMULA = re.compile(r"[=+\-@\t\r\n]")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write(part: Part, lang: str, separator: str | None = None) -> Iterator[bytes]:
    """Header, rows, totals. `separator` is a name of SEPARATORS, or the language's own."""
    sign, decimal = SIGNS[lang]
    if separator:
        sign = SEPARATORS[separator]
        decimal = "," if sign == ";" else "."
    columns = part.columns
    yield MARK.encode() + _lines(sign, [[text(lang, column.label) for column in columns]])
    for values in part.pieces(lang, PIECE):
        cells = [_column(part, column, found, decimal) for column, found in zip(columns, values, strict=True)]
        yield _lines(sign, zip(*cells, strict=True))
    below = part.below(lang) if part.rows.count else []
    if below:
        yield _lines(sign, [[_written(column.kind, decimal)(value)
                             for column, value in zip(columns, below, strict=True)]])


def _lines(sign: str, rows: Any) -> bytes:
    made = io.StringIO()
    csv.writer(made, delimiter=sign, lineterminator="\r\n").writerows(rows)
    return made.getvalue().encode("utf-8", "replace")


def _column(part: Part, column: Column, values: Sequence[Any], decimal: str) -> list[str]:
    if column.kind == "metric":
        return [_written(kind, decimal)(value) for kind, value in zip(
            kinds(part.table, column, len(values)), values, strict=True)]
    return list(map(_written(column.kind, decimal), values))


def _written(kind: str, decimal: str) -> Callable[[Any], str]:
    """How a value of a kind is written; times as h:mm:ss, which no program takes for minutes."""
    def number(value: float) -> str:
        return f"{value:.2f}".replace(".", decimal) if isinstance(value, float) else str(value)

    def seconds(value: float) -> str:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"

    def moment(value: dt.datetime) -> str:
        return value.isoformat(" ", "seconds")

    def words(value: str) -> str:
        found = _FORBIDDEN.sub("", value)
        return f"'{found}" if _FORMULA.match(found) else found
    known: dict[str, Callable[[Any], str]] = {"count": number, "percent": number, "seconds": seconds,
                                              "moment": moment, "date": str, "delta": str}
    chosen = known.get(kind, words)
    return lambda value: "" if value is None else value if isinstance(value, str) and chosen is not words else chosen(
        value)
