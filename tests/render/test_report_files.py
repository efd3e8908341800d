"""Every report with every filter, read back: page, JSON, workbook, paper and CSV say the same rows and totals."""

import csv
import datetime as dt
import io
import json
import re
import subprocess
import zipfile
from types import SimpleNamespace
from urllib.parse import parse_qs

import openpyxl
import pypdf
import pytest
from openpyxl.utils import get_column_letter

import app as house
import config
from callbacks.reports import in_words
from data.reports import TYPES
from render import csv as csv_files
from render import excel, exports, lettering, paper_tables, pdf, sheets
from render.exports import Letterhead
from render.pictures import Pictures
from render.tables import TABLES, kinds, shown
from tests.reports import FILTERS, HOSTILE, WHOLE, ZONE, lines

HEAD = Letterhead("Compañía Ñandú S.A.")
MADE = dt.datetime(2026, 3, 12, 9, 30, tzinfo=ZONE)
DAY = 86_400
LATER = "start_date=2026-03-07&end_date=2026-03-11"  # with as many days before it


@pytest.fixture(scope="module")
def centre(tmp_path_factory):
    """A store over the hard log, what is asked of it, and a place for files."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "queue_log").write_text(lines())
    settings = config.load(QUEUE_LOG_PATH=folder / "queue_log", DATA_DIR=folder / "var", TIMEZONE="America/Bogota")
    store = house.open_store(settings)
    store.refresh()
    pictures = Pictures()
    yield SimpleNamespace(view=store.view(), store=store, folder=folder, pictures=pictures)
    pictures.close()
    store.book.close()


def asked(kind, query, form="excel", lang="es"):
    return exports.asked(kind, form, parse_qs(query), MADE.date(), lang)


def made(centre, kind, query, lang="es", drawn=False, view=None):
    return exports.made_of(view or centre.view, asked(kind, query, lang=lang), HEAD, drawn=drawn)


def workbook(centre, report, **more):
    path = centre.folder / "report.xlsx"
    excel.write(report, path, **more)
    return path


def cells_of(part, lang):
    """Every cell of a table as the page would show it, rows of words."""
    columns = part.columns
    rows = []
    for values in part.pieces(lang, 7):
        rows += zip(*([shown(lang, kind, cell) for kind, cell in zip(kinds(part.table, column, len(cells)), cells,
                                                                     strict=True)]
                      for column, cells in zip(columns, values, strict=True)), strict=True)
    return rows


def same(kind, found, wanted):
    """Whether a cell of a workbook is the value."""
    if wanted is None:
        return found is None
    if kind in ("percent", "count"):
        return found == pytest.approx(wanted / 100 if kind == "percent" else wanted)
    if kind == "seconds":
        seconds = found.total_seconds() if isinstance(found, dt.timedelta) else (
            found.hour * 3600 + found.minute * 60 + found.second + found.microsecond / 1e6)
        return seconds == pytest.approx(wanted, abs=.01)
    if kind == "moment":
        return abs((found - wanted).total_seconds()) < .01
    if kind == "delta":
        return found == pytest.approx(wanted.amount / (100 if wanted.kind == "count" else 1))
    return (found.date() if kind == "date" else found) == wanted


@pytest.mark.parametrize("query", FILTERS)
@pytest.mark.parametrize("kind", TYPES)
def test_the_workbook_holds_every_row_and_total(centre, kind, query):
    report = made(centre, kind, query)
    book = openpyxl.load_workbook(workbook(centre, report), data_only=True)
    tables = book.worksheets[-len(report.parts):]
    for part, sheet in zip(report.parts, tables, strict=True):
        columns = part.columns
        rows = [row[:len(columns)] for row in sheet.iter_rows(min_row=2, values_only=True)]
        values = [column for piece in part.pieces("es", 10_000) for column in piece]
        below = part.below("es") if part.rows.count else []
        assert len(rows) == part.rows.count + bool(below)
        for place, column in enumerate(columns):
            for row, (kind_, value) in enumerate(zip(kinds(part.table, column, part.rows.count), values[place]
                                                     if values else [], strict=False)):
                assert same(kind_, rows[row][place], value), (column.key, row)
        for column, value, found in zip(columns, below, rows[-1] if below else (), strict=False):
            if value is None:
                assert found in (None, "", "—"), column.key
            else:
                assert same("text" if isinstance(value, str) else column.kind, found, value), column.key


@pytest.mark.parametrize("outcome", ["abandoned", "timeout", "exit_empty", "exit_key"])
def test_a_workbook_of_calls_that_nobody_answered_opens(centre, outcome):
    report = made(centre, "calls", f"{WHOLE}&outcome={outcome}")
    sheet = openpyxl.load_workbook(workbook(centre, report)).worksheets[-len(report.parts)]
    assert 0 < report.parts[0].rows.count < sheet.max_row
    assert all(5 < column.width < 130 for column in sheet.column_dimensions.values())


@pytest.mark.parametrize("query", FILTERS)
@pytest.mark.parametrize("kind", TYPES)
def test_page_and_csv_hold_every_row_and_total(centre, kind, query):
    report = made(centre, kind, query)
    raw = b"".join(exports.lines(centre.view, asked(kind, query), HEAD))
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))
    part = report.parts[0]
    columns, on_page, below = in_words("es", part)
    assert len(rows) == 1 + part.rows.count + bool(below and part.rows.count)
    assert len({len(row) for row in rows}) == 1
    words = cells_of(part, "es")
    assert on_page == words[:50]
    for line, row in zip(rows[1:], words + ([below] if below else []), strict=False):
        for column, cell, seen in zip(columns, line, row, strict=True):
            one, other = plainly(column.kind, cell), plainly(column.kind, seen)
            assert one == other or one == pytest.approx(other, abs=.11), column.key


def plainly(kind, words):
    """A cell of CSV or page without its dress: a number, seconds, or the words."""
    if kind == "seconds" or re.fullmatch(r"\d+:\d\d(:\d\d)?", words):
        parts = [int(p) for p in words.split(":")] if words not in ("", "—") else []
        return sum(p * 60 ** i for i, p in enumerate(reversed(parts))) if parts else None
    if kind in ("count", "percent", "metric"):
        found = words.replace(" %", "").replace("—", "")
        if re.fullmatch(r"\d+,\d\d", found) and kind != "count":
            found = found.replace(",", ".")
        return round(float(found.replace(",", "")) + 1e-9, 1) if found else None
    if kind == "moment" and re.match(r"\d{4}-", words):
        return dt.datetime.fromisoformat(words).strftime("%d/%m/%Y %H:%M:%S")
    if kind == "date" and re.match(r"\d{4}-", words):
        return dt.date.fromisoformat(words).strftime("%d/%m/%Y")
    if kind == "date":
        return words[-10:]
    return words.removeprefix("'").replace("—", "")


@pytest.mark.parametrize("query", FILTERS)
@pytest.mark.parametrize("kind", TYPES)
def test_the_paper_holds_every_row_and_total(centre, kind, query):
    report = made(centre, kind, query)
    path = centre.folder / "report.pdf"
    pdf.write(report, path, centre.pictures, "letter" if "all" in query else "a4")
    pages = [page.extract_text() for page in pypdf.PdfReader(path).pages]
    squeezed = re.sub(r"\s+", "", "".join(pages))
    for part in report.parts:
        numbers = [i for i, column in enumerate(part.columns) if column.kind in ("count", "percent", "seconds", "date",
                                                                                 "hour", "outcome")]
        for row in [*cells_of(part, "es"), *([in_words("es", part)[2]] if part.rows.count else [])]:
            for place in numbers:
                if place < len(row) and row[place]:
                    assert re.sub(r"\s+", "", row[place]) in squeezed
    for number, text in enumerate(pages, 1):
        assert f"Página {number} de\n{len(pages)}" in text or f"Página {number} de {len(pages)}" in text


@pytest.mark.parametrize("query", FILTERS)
def test_totals_are_those_of_the_page_of_calls_and_of_the_api(centre, query):
    filters = asked("daily", query).filters.common
    totals = centre.view.totals(filters)
    for kind in ("queues", "daily", "hourly", "intervals"):
        part = made(centre, kind, query).parts[0]
        if part.rows.count:
            found = dict(zip((c.key for c in part.columns), part.below("es"), strict=True))
            assert {key: found[key] for key in list(found)[1:] if key != "others"} == {
                key: totals[key] for key in list(found)[1:] if key != "others"}
            assert found["others"] == totals["withdrawn"] + totals["interrupted"] + totals["unknown"]
    assert made(centre, "calls", query).parts[0].rows.count == totals["offered"]
    events = made(centre, "events", query).parts[0]
    assert sum(piece["count"].sum() for piece in events.rows.pieces(100)) == totals["offered"]


def soffice(path, to):
    subprocess.run(["soffice", "--headless", f"-env:UserInstallation=file://{path.parent}/office", "--convert-to", to,
                    "--outdir", str(path.parent), str(path)], check=True, capture_output=True, timeout=180)
    return path.with_suffix(f".{to.split(':')[0]}")


def test_another_program_computes_the_same_totals_and_draws_the_charts(centre):
    """LibreOffice opens the workbook, computes every formula anew, and what it writes has charts and equal numbers."""
    report = made(centre, "general", WHOLE)
    path = workbook(centre, report)
    ours = openpyxl.load_workbook(path, data_only=True)
    again = openpyxl.load_workbook(recomputed(path), data_only=True)
    assert again.sheetnames == ours.sheetnames
    formulas = openpyxl.load_workbook(path)
    seen = 0
    for sheet in formulas.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith("=") and cell.data_type == "f":
                    one, other = ours[sheet.title][cell.coordinate].value, again[sheet.title][cell.coordinate].value
                    assert number(one) == pytest.approx(number(other), abs=6e-5), (sheet.title, cell.coordinate)
                    seen += 1
    assert seen > 50
    with zipfile.ZipFile(recomputed(path)) as held:
        charts = [name for name in held.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", name)]
    assert len(charts) == 4


def recomputed(path):
    out = path.parent / "again"
    out.mkdir(exist_ok=True)
    copy = out / path.name
    copy.write_bytes(path.read_bytes())
    ods = soffice(copy, "ods")
    copy.unlink()
    return soffice(ods, "xlsx")


def number(value):
    if isinstance(value, dt.timedelta):
        return value.total_seconds() / DAY
    if isinstance(value, dt.time):
        return (value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6) / DAY
    if isinstance(value, dt.datetime):  # a span of days that another program takes for a date
        return (value - dt.datetime(1899, 12, 30)).total_seconds() / DAY
    return float(value) if value not in ("—", None) else -1.0


def test_changes_are_numbers_that_sort_with_the_signs_of_the_page(centre):
    report = made(centre, "general", LATER)
    book, said = openpyxl.load_workbook(workbook(centre, report)), report.parts[0]
    column = next(place for place, one in enumerate(said.columns, 1) if one.kind == "delta")
    words = next(iter(said.pieces("es", 1000)))[column - 1]
    cells = [cell for cell in next(book[said.title].iter_cols(column, column, 2)) if cell.value is not None]
    found = [one for one in words if one]
    assert len(found) > 8 and {one.kind for one in found} == {"count", "percent", "seconds"}
    for one, cell in zip(found, cells, strict=True):
        assert (cell.data_type, cell.number_format) == ("n", excel.DIFFERENCES[f"delta {one.kind}"])
        assert (cell.value > 0, cell.value < 0) == (one.startswith("+"), one.startswith("−"))
    cover = [row for row in book.worksheets[0].iter_rows(min_col=5, max_col=5)
             if row[0].number_format.startswith('"+"')]
    assert len(cover) >= 5 and all(row[0].data_type == "n" for row in cover)


def test_a_sheet_is_formatted_frozen_filtered_and_a_table(centre):
    book = openpyxl.load_workbook(workbook(centre, made(centre, "daily", WHOLE)))
    sheet = book["Por día"]
    assert sheet.freeze_panes == "B2"
    assert [table.ref for table in sheet.tables.values()] == [f"A1:{get_column_letter(sheet.max_column)}11"]
    assert sheet["A2"].number_format == "ddd dd/mm/yyyy"
    heads = {cell.value: cell.column_letter for cell in sheet[1]}
    assert sheet[f"{heads['Nivel de servicio']}2"].number_format == "0.0%"
    assert sheet[f"{heads['Espera más larga']}2"].number_format == "[h]:mm:ss"
    assert sheet[f"{heads['Ofrecidas']}12"].value == "=SUBTOTAL(109,B2:B11)"
    assert sheet.column_dimensions[heads["Atendidas con espera"]].hidden
    assert not sheet.column_dimensions["A"].hidden
    cover = " ".join(str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row if cell.value)
    for words in ("Compañía Ñandú S.A.", "Reporte diario", "Todas las colas", "Filas: 10", "Llamadas externas",
                  "Espera media", "America/Bogota"):
        assert words in cover or words == "Espera media"


def test_what_looks_like_a_formula_or_markup_is_text_everywhere(centre):
    report = made(centre, "agents", f"{WHOLE}&origin=all", drawn=True)
    names = [name for name in HOSTILE if name != "\tTab"]
    path = workbook(centre, report)
    sheet = openpyxl.load_workbook(path)["Por agente"]
    cells = {cell.value: cell for cell in sheet["A"]}
    for name in names:
        assert cells[name].data_type == "s", name
        assert cells[name].number_format == "@"
    raw = b"".join(csv_files.write(report.parts[0], "es"))
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))
    firsts = {row[0] for row in rows}
    for name in names:
        assert (f"'{name}" if name[0] in "=+-@" else name) in firsts
    assert not [cell for row in rows[1:] for cell in row[:1] if cell[:1] in "=+-@\t\r"]
    paper = centre.folder / "hostile.pdf"
    pdf.write(report, paper, centre.pictures)
    pages = pypdf.PdfReader(paper).pages
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))
    for name in ("=HYPERLINK(\"http://x\";\"y\")", "<b>Bold</b><script>1</script>", "evil", "Núñez&Cía", "x" * 500,
                 "😀Emoji", "שלום"):
        assert re.sub(r"\s+", "", name) in text, name
    assert "\u202e" not in text
    assert all("/Annots" not in page for page in pages)


def test_names_in_pictures_are_no_markup(centre):
    figure = next(p.figure for p in made(centre, "agents", f"{WHOLE}&origin=all", drawn=True).pictures)
    labels = [*figure["layout"]["yaxis"]["ticktext"], *figure["data"][0]["customdata"]]
    assert any(label.startswith("&lt;b&gt;Bold&lt;/b&gt;") for label in labels)
    assert not [label for label in labels if "<" in label]


def test_fonts_are_in_the_file(centre):
    paper = centre.folder / "fonts.pdf"
    missing = pdf.write(made(centre, "general", WHOLE, drawn=True), paper, centre.pictures)
    assert missing == []
    told = subprocess.run(["pdffonts", str(paper)], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert len(told) >= 2
    for line in told:
        assert re.search(r"TrueType\s+\S+\s+yes yes yes", line), line
    images = subprocess.run(["pdfimages", "-list", str(paper)], check=True, capture_output=True, text=True).stdout
    assert len(images.splitlines()) == 2  # the head of the list and nothing below: every picture is made of lines


def test_without_chromium_the_numbers_are_there_and_the_pictures_are_named(centre, tmp_path):
    blind = Pictures({"PATH": str(tmp_path), "HOME": str(tmp_path), "BROWSER_PATH": str(tmp_path / "none")})
    paper = centre.folder / "blind.pdf"
    report = made(centre, "general", WHOLE, drawn=True)
    missing = pdf.write(report, paper, blind)
    blind.close()
    assert [title for title, _ in missing] == [p.title for p in report.pictures if p.key != "heat"]
    assert {reason for _, reason in missing} == {pdf.NO_BROWSER}
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(paper).pages)
    assert text.count("apt-get install chromium") == 5
    assert shown("es", "count", report.now["offered"]) in text


@pytest.mark.parametrize("size", ["a4", "letter"])
def test_every_sheet_prints_on_the_paper_of_the_installation(centre, size):
    path = centre.folder / f"{size}.xlsx"
    head = exports.Letterhead("Ñandú S.A.", None, size)
    exports.write(centre.view, asked("general", WHOLE), path, head, centre.pictures)
    for sheet in openpyxl.load_workbook(path).worksheets:
        wanted = {"a4": sheet.PAPERSIZE_A4, "letter": sheet.PAPERSIZE_LETTER}[size]
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (int(wanted), "landscape"), sheet.title


@pytest.mark.parametrize("size, points", [("a4", (841, 595)), ("letter", (792, 612))])
def test_paper_sizes(centre, size, points):
    paper = centre.folder / f"{size}.pdf"
    pdf.write(made(centre, "daily", WHOLE), paper, centre.pictures, size)
    assert {(int(page.mediabox.width), int(page.mediabox.height)) for page in pypdf.PdfReader(paper).pages} == {points}


@pytest.mark.parametrize("size", ["a4", "letter"])
@pytest.mark.parametrize("lang", ["es", "en"])
@pytest.mark.parametrize("kind", TYPES)
def test_columns_on_paper_break_no_number_and_shrink_no_header(centre, kind, lang, size):
    report = made(centre, kind, f"{WHOLE}&origin=all", lang)
    paper = pdf.Paper(report, centre.folder / "grid.pdf", size)
    for part in report.parts:
        grid = paper_tables.Grid(paper, part, lang)
        assert sum(grid.widths) == pytest.approx(grid.room)
        assert grid.room <= paper.room
        rows = cells_of(part, lang)
        for place, column in enumerate(grid.columns):
            free = grid.widths[place] - 2 * paper_tables.PAD + .01
            assert grid.head_lines[place][1] > 6, column.label
            if column.kind in paper_tables.NAMES and column.key != "callid":
                continue
            for row in rows:
                assert lettering.width(row[place], paper_tables.SIZE) <= free, (column.key, row[place])


def test_long_lists_go_on_in_another_sheet_and_lose_nothing(centre):
    report = made(centre, "calls", f"{WHOLE}&origin=all")
    book = openpyxl.load_workbook(workbook(centre, report, largest=100), data_only=True)
    parts = [sheet for sheet in book.worksheets if sheet.title.startswith("Llamadas")]
    assert [sheet.title for sheet in parts] == ["Llamadas", "Llamadas (2)", "Llamadas (3)"]
    callids = [row[-1] for sheet in parts for row in sheet.iter_rows(min_row=2, values_only=True) if row[-1]]
    assert len(callids) == len(set(callids)) == report.parts[0].rows.count == 300


def test_numbers_are_masked_and_queues_kept_in_every_file(centre):
    view = centre.store.view(frozenset({"Soporte"}), numbers=False)
    report = made(centre, "calls", f"{WHOLE}&origin=all", view=view)
    assert 0 < report.parts[0].rows.count < 300
    raw = b"".join(csv_files.write(report.parts[0], "es")).decode()
    assert "+57***" in raw and "Ventas" not in raw and not re.search(r"57300\d{7}", raw)  # noqa: PT018
    with zipfile.ZipFile(workbook(centre, report)) as held:
        whole = b" ".join(held.read(name) for name in held.namelist()).decode("utf-8", "replace")
    assert "+57***" in whole and "Ventas" not in whole and not re.search(r"57300\d{7}", whole)  # noqa: PT018


def test_the_same_question_at_the_same_moment_gives_the_same_bytes(centre, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for make in (lambda path: excel.write(made(centre, "general", WHOLE), path),
                 lambda path: pdf.write(made(centre, "general", WHOLE, drawn=True), path, centre.pictures)):
        make(one)
        make(other)
        if one.read_bytes() != other.read_bytes():  # the minute went on between the two
            make(one)
            make(other)
        assert one.read_bytes() == other.read_bytes()


def test_dates_are_numbers_that_spreadsheets_count_with():
    assert sheets.serial(dt.date(2026, 3, 2)) == 46_083
    assert sheets.serial(dt.datetime(2026, 3, 2, 12)) == 46_083.5
    assert sheets.clean("a\x00<&>\x0b_x0041_") == "a&lt;&amp;&gt;_x005F_x0041_"


def test_json_of_what_was_asked_comes_back_the_same():
    query = f"{WHOLE}&outcome=abandoned&queue=Ventas&from=08:00&to=12:00&sort=-wait&unit=legs&paper=letter"
    what = exports.asked("calls", "pdf", parse_qs(query), MADE.date(), "en", frozenset({"Ventas"}), False)
    assert exports.Asked.read(json.loads(json.dumps(what.plain()))) == what


def test_every_table_of_a_report_is_described():
    from data.reports import TABLES as asked_for
    from data.reports import UNITS
    assert {name for names in asked_for.values() for name in names} | set(UNITS.values()) == set(TABLES)
