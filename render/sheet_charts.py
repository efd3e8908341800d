"""Native charts of a workbook: they belong to the sheets of the tables and change with them."""

from typing import Any

from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from render.theme import TONES

_TONE = {name: colour.lstrip("#") for name, colour in TONES["light"].items()} | {
    "others": TONES["light"]["other"].lstrip("#"), "count": TONES["light"]["answered"].lstrip("#")}
WIDE, HIGH = 26.0, 11.0  # cm


def wanted(plans: list[Any]) -> list[Any]:
    """The sheets that are worth a chart: a table that fits in one and has rows, not too many to be told apart."""
    return [one for one in plans if one.part.table.series and one.whole and 0 < one.rows <= one.part.table.most]


def add(sheet: Worksheet, plans: list[Any]) -> None:
    """A chart a plan, one below the other."""
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = _TONE["level"]
    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0
    row = 2
    for one in plans:
        made = _chart(sheet.parent[one.name], one)
        made.width, made.height = WIDE, max(HIGH, min(1.2 + .75 * one.rows, 26)) if one.part.table.across else HIGH
        if row > 2:
            sheet.row_breaks.append(Break(id=row - 2))  # on paper a chart is never torn apart
        sheet.add_chart(made, f"B{row}")
        row += int(made.height / .52) + 2


def _chart(source: Worksheet, one: Any) -> BarChart:
    table, keys = one.part.table, [column.key for column in one.columns]
    last = one.rows + 1
    labels = Reference(source, min_col=1, min_row=2, max_row=last)
    if table.key == "events":
        labels = Reference(source, min_col=keys.index("label") + 1, min_row=2, max_row=last)
    made = BarChart()
    made.type, made.grouping, made.overlap, made.gapWidth = "bar" if table.across else "col", "stacked", 100, 45
    for key in table.series:
        made.add_data(Reference(source, min_col=keys.index(key) + 1, min_row=1, max_row=last), titles_from_data=True)
        made.series[-1].graphicalProperties = GraphicalProperties(solidFill=_TONE[key])
        made.series[-1].graphicalProperties.line.noFill = True
    made.set_categories(labels)
    made.title = one.part.title
    made.title.overlay = False
    made.x_axis.delete = made.y_axis.delete = False
    made.y_axis.number_format, made.y_axis.majorGridlines.spPr = "#,##0", GraphicalProperties(
        ln=_thin(_TONE["line"]))
    made.x_axis.number_format = {"days": "dd/mm", "intervals": "dd/mm hh:mm"}.get(table.key, "General")
    made.x_axis.tickLblPos = "low"
    if not table.across:
        made.x_axis.tickLblSkip = -(-one.rows // 16)
    if table.across:
        made.x_axis.scaling.orientation = "maxMin"
    made.legend.position = "b"
    if len(table.series) == 1:
        made.legend, made.grouping, made.overlap = None, "clustered", 0
        made.dataLabels = DataLabelList(dLblPos="outEnd", showVal=True, showSerName=False, showCatName=False,
                                        showLegendKey=False)
    if table.line and not table.across:
        made += _line(source, keys.index(table.line) + 1, last, labels)
    made.layout = Layout(ManualLayout(xMode="edge", yMode="edge", x=.24 if table.across else .06, y=.13,
                                      w=.72 if table.across else .87, h=.66))
    return made


def _line(source: Worksheet, column: int, last: int, labels: Reference) -> LineChart:
    """The rate on its own axis, at the right."""
    line = LineChart()
    line.add_data(Reference(source, min_col=column, min_row=1, max_row=last), titles_from_data=True)
    line.set_categories(labels)
    line.series[0].graphicalProperties = GraphicalProperties(ln=_thin(_TONE["level"], 22_000))
    line.series[0].marker.symbol, line.series[0].smooth = "none", False
    line.y_axis.axId, line.y_axis.crosses = 200, "max"
    line.y_axis.number_format, line.y_axis.majorGridlines, line.y_axis.delete = "0%", None, False
    line.y_axis.scaling.min, line.y_axis.scaling.max = 0, 1
    return line


def _thin(colour: str, width: int = 6_000) -> Any:
    return LineProperties(solidFill=colour, w=width)

