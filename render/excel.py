"""A report as a workbook: a cover that explains itself, native charts, and a sheet a table however long it is.

The library makes everything but the rows; those are written into its file one piece after the other (`sheets`).
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.drawing.image import Image
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.table import Table as ListObject
from openpyxl.worksheet.table import TableColumn, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from i18n import text
from render import sheet_charts, sheets
from render.glossary import change
from render.reports import Part, Report, counted
from render.tables import Column, kinds
from render.theme import TONES

PIECE = 5_000  # rows that are in memory at a time
LARGEST = 1_048_576 - 2  # rows of a sheet beside its header and its totals
FORMATS = {"count": "#,##0", "percent": "0.0%", "seconds": "[h]:mm:ss", "moment": "dd/mm/yyyy hh:mm:ss",
           "date": "ddd dd/mm/yyyy", "text": "@", "phone": "@"}
# A difference by the kind of its metric, with the signs that the page writes: percent, points, seconds.
DIFFERENCES = {f"delta {kind}": f'"+"{form};"−"{form};{form}' for kind, form in (
    ("count", "#,##0.0 %"), ("percent", '#,##0.0" pp"'), ("seconds", '#,##0" s"'))}
WIDTHS = {"count": 12, "percent": 12, "seconds": 13, "moment": 20, "date": 17, "hour": 9, "phone": 17, "metric": 14,
          "delta": 14, "outcome": 18, "ended": 18}
PAPERS = {"a4": 9, "letter": 1}  # as the format numbers them
KINDS = ("text", "phone", "outcome", "ended", "hour", "delta", "count", "percent", "seconds", "moment", "date")
_TONE = {name: colour.lstrip("#").upper() for name, colour in TONES["light"].items()}
_LINE = Side("thin", color=_TONE["line"])
_SHEET = re.compile(rb"<sheetData\s*/>|<sheetData>.*?</sheetData>", re.DOTALL)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """A sheet: rows first..last of a part, counted from 0."""

    part: Part
    columns: tuple[Column, ...]  # those that are hidden included
    name: str
    first: int
    last: int

    @property
    def rows(self) -> int:
        return self.last - self.first

    @property
    def whole(self) -> bool:
        """Whether the totals of the table are those of this sheet."""
        return self.rows == self.part.rows.count


def write(report: Report, out: Path, logo: Path | None = None, progress: Progress = lambda done, all: None,
          largest: int = LARGEST, paper: str = "a4") -> None:
    """Writes the workbook; `progress(rows written, rows in all)` may raise to give up. `paper`: of PAPERS."""
    book = Workbook()
    book.properties.title, book.properties.creator = report.title, report.company
    book.properties.created = report.made.replace(tzinfo=None, microsecond=0)
    book.calculation.fullCalcOnLoad = True
    _cover(book.active, report, logo)
    styles = _styles(book)
    plans = plan(report, largest)
    drawn = sheet_charts.wanted(plans)
    graphs = book.create_sheet(text(report.lang, "Charts")) if drawn else None
    for number, one in enumerate(plans):
        _sheet(book.create_sheet(one.name), one, report.lang, number)
    if graphs:
        sheet_charts.add(graphs, drawn)
    for sheet in book.worksheets:
        sheet.page_setup.paperSize = PAPERS[paper]
    made = io.BytesIO()
    book.save(made)
    hidden = 1 + bool(drawn)
    _fill(made, out, {f"xl/worksheets/sheet{number + hidden + 1}.xml": one for number, one in enumerate(plans)},
          report, styles, progress)


def plan(report: Report, largest: int = LARGEST) -> list[Plan]:
    """The sheets, as many of a table as its rows take."""
    made: list[Plan] = []
    for part in report.parts:
        first = part.rows.head(1)
        more = tuple(column for column in part.table.needed if column.key in first.columns)
        for number, start in enumerate(range(0, max(part.rows.count, 1), largest), 1):
            name = re.sub(r"[\[\]:*?/\\']", " ", part.title)  # a program takes 31 letters at most
            name = f"{name[:26]} ({number})" if number > 1 else name[:31]
            made.append(Plan(part, (*part.columns, *more), name, start, min(start + largest, part.rows.count)))
    return made


def _styles(book: Workbook) -> dict[str, int]:
    """The number of the style of each kind, of the header and of totals."""
    sheet = book.create_sheet("styles")
    made: dict[str, int] = {}

    def style(name: str, **parts: Any) -> None:
        cell = sheet.cell(len(made) + 1, 1)  # each its own: cells share what they were given
        cell.font, cell.fill = parts.get("font", Font(name="Calibri", size=10)), parts.get("fill", PatternFill())
        cell.alignment, cell.border = parts.get("alignment", Alignment(vertical="top")), parts.get("border", Border())
        cell.number_format = parts.get("number_format", "General")
        made[name] = cell.style_id

    head = PatternFill("solid", fgColor=_TONE["answered"])
    style("header", font=Font(name="Calibri", size=10, bold=True, color="FFFFFF"), fill=head,
          alignment=Alignment(vertical="center", wrap_text=True))
    for kind in KINDS:
        style(kind, number_format=FORMATS.get(kind, "General"),
              alignment=Alignment(vertical="top", horizontal={"hour": "right", "delta": "right", "moment": "left",
                                                              "date": "left"}.get(kind)))
        style(f"total {kind}", number_format=FORMATS.get(kind, "General") if kind not in ("moment", "date") else "@",
              font=Font(name="Calibri", size=10, bold=True), fill=PatternFill("solid", fgColor="E9EFFE"),
              border=Border(top=Side("medium", color=_TONE["answered"])))
    for kind, form in DIFFERENCES.items():
        style(kind, number_format=form, alignment=Alignment(vertical="top", horizontal="right"))
    book.remove(sheet)
    return made


def _sheet(sheet: Worksheet, one: Plan, lang: str, number: int) -> None:
    """Everything of a sheet but its rows."""
    shown = one.part.columns
    for place, column in enumerate(one.columns, 1):
        width = sheet.column_dimensions[get_column_letter(place)]
        width.width = _width(column, one, lang)
        width.hidden = place > len(shown)
    sheet.freeze_panes = "B2"
    sheet.sheet_properties.tabColor = _TONE["answered"]
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.print_title_rows = "1:1"
    sheet.oddFooter.center.text = "&P / &N"
    if not one.rows:
        return
    area = f"A1:{get_column_letter(len(one.columns))}{one.rows + 1}"
    table = ListObject(displayName=f"T{number + 1}_{one.part.table.key}", ref=area, tableStyleInfo=TableStyleInfo(
        name="TableStyleLight9", showRowStripes=True))
    table._initialise_columns()
    table.tableColumns = [TableColumn(id=i, name=words) for i, words in enumerate(_heads(one, lang), 1)]
    sheet.add_table(table)


def _heads(one: Plan, lang: str) -> list[str]:
    """The words of the header; a table wants them all different."""
    words = [text(lang, column.label) for column in one.columns]
    return [word if words.index(word) == i else f"{word} ({i + 1})" for i, word in enumerate(words)]


def _width(column: Column, one: Plan, lang: str) -> float:
    if column.kind in WIDTHS:
        return WIDTHS[column.kind]
    first = one.part.rows.head(500)
    longest = first[column.key].astype("str").str.len().fillna(0).max() if column.key in first and len(first) else 20
    return {"definition": 125, "metric": 24, "label": 34}.get(column.key, min(max(float(longest) + 3, 12), 44))


def _fill(made: IO[bytes], out: Path, plans: dict[str, Plan], report: Report, styles: dict[str, int],
          progress: Progress) -> None:
    """The workbook again, with the rows in their sheets and one date for everything."""
    stamp = (report.made.year, report.made.month, report.made.day, report.made.hour, report.made.minute, 0)
    whole, done = sum(one.rows for one in plans.values()), 0
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as target:
        for item in source.infolist():
            info = zipfile.ZipInfo(item.filename, stamp)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            raw = source.read(item)
            if item.filename == "docProps/core.xml":
                raw = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + report.made.strftime(
                    "%Y-%m-%dT%H:%M:%SZ").encode(), raw)
            if item.filename not in plans:
                target.writestr(info, raw, compresslevel=4)
                continue
            one = plans[item.filename]
            before, after = _SHEET.split(raw, maxsplit=1)
            with target.open(info, "w", force_zip64=one.rows > 100_000) as sheet:
                sheet.write(before + b"<sheetData>")
                sheet.write(sheets.header(_heads(one, report.lang), styles["header"]).encode())
                row = 2
                for values in _pieces(one, report.lang):
                    sheet.write(sheets.body(one.columns, styles, values, row, _row_kinds(one)).encode())
                    row += len(values[0])
                    done += len(values[0])
                    progress(done, whole)
                below = one.part.below(report.lang) if one.rows else []
                if below:
                    below += [one.part.rows.total.get(column.key) for column in one.columns[len(below):]]
                    sheet.write(sheets.totals(one.columns, styles, below, row, one.part.rows.constants).encode())
                sheet.write(b"</sheetData>" + after)


def _pieces(one: Plan, lang: str) -> Iterator[list[list[Any]]]:
    """The values of this sheet's rows."""
    if one.whole:
        yield from one.part.pieces(lang, PIECE, one.columns)
        return
    start = 0
    for values in one.part.pieces(lang, PIECE, one.columns):
        end = start + len(values[0])
        low, high = max(one.first - start, 0), min(one.last - start, end - start)
        if low < high:
            yield [cells[low:high] for cells in values]
        start = end
        if start >= one.last:
            return


def _row_kinds(one: Plan) -> Callable[[Column, int], list[str]]:
    return lambda column, count: kinds(one.part.table, column, count)


# -- the cover ---------------------------------------------------------------------------------------


def _cover(sheet: Worksheet, report: Report, logo: Path | None) -> None:
    lang = report.lang
    sheet.title = text(lang, "Cover")
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = _TONE["level"]
    for letter, width in zip("ABCDEF", (3, 30, 22, 22, 16, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    ink, quiet = Font(name="Calibri", size=11, color=_TONE["ink"]), Font(name="Calibri", size=10, color=_TONE["quiet"])
    row = 2

    def put(place: int, value: Any, font: Font = ink, form: str = "General", **align: Any) -> None:
        cell = sheet.cell(row, place)
        cell.value = sheets._FORBIDDEN.sub("", value)[:sheets.LONGEST] if isinstance(value, str) else value
        if isinstance(value, str):
            cell.data_type = "s"  # never a formula, whatever it begins with
        cell.font, cell.number_format = font, form
        cell.alignment = Alignment(vertical="top", **align)

    if logo:
        picture = Image(str(logo))
        share = 56 / picture.height
        picture.width, picture.height = picture.width * share, 56
        sheet.add_image(picture, "E2")
    if report.company:
        put(2, report.company, Font(name="Calibri", size=12, bold=True, color=_TONE["answered"]))
        row += 1
    put(2, report.title, Font(name="Calibri", size=20, bold=True, color=_TONE["ink"]))
    sheet.row_dimensions[row].height = 30
    row += 1
    put(2, report.period, Font(name="Calibri", size=12, color=_TONE["quiet"]))
    row += 2
    head = Font(name="Calibri", size=10, bold=True, color=_TONE["quiet"])
    for place, words in ((2, text(lang, "Metric")), (3, text(lang, "Period")), (4, text(lang, "Period before")),
                         (5, text(lang, "Change"))):
        put(place, words, head, horizontal="left" if place == 2 else "right")
        sheet.cell(row, place).border = Border(bottom=Side("medium", color=_TONE["answered"]))
    row += 1
    for kpi in report.kpis:
        form = FORMATS[kpi.metric.kind]
        put(2, kpi.label, Font(name="Calibri", size=11, bold=True, color=_TONE["ink"]))
        for place, totals in ((3, report.now), (4, report.past)):
            held = sheets.plain(kpi.metric.kind, totals.get(kpi.metric.key))
            put(place, "—" if held is None else held, ink, form, horizontal="right")
        both = (totals.get(kpi.metric.key) for totals in (report.now, report.past))
        found = change(lang, kpi.metric.key, *both)
        put(5, sheets.difference(found) if found else "", quiet, DIFFERENCES[f"delta {found.kind}"] if found else
            "General", horizontal="right")
        for place in range(2, 6):
            sheet.cell(row, place).border = Border(bottom=_LINE)
        row += 1
    held = [(part.title, counted(lang, part)) for part in report.parts]
    for title, pairs in ((text(lang, "What was asked"), report.filters),
                         (text(lang, "About this report"), report.about), (text(lang, "Rows"), held),
                         (text(lang, "Definitions"), report.terms)):
        row += 1
        put(2, title, Font(name="Calibri", size=12, bold=True, color=_TONE["answered"]))
        row += 1
        for label, words in pairs:
            put(2, label, quiet, wrap_text=True)
            put(3, words, ink, wrap_text=True)
            sheet.merge_cells(start_row=row, start_column=3, end_row=row, end_column=6)
            sheet.row_dimensions[row].height = 15 * max(1, -(-len(words) // 105))
            row += 1
    for note in dict.fromkeys(words for part in report.parts for words in part.table.notes):
        row += 1
        put(2, text(lang, note), quiet)
    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0

