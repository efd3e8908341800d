"""Reportes in a browser: looking, saving with progress, cancelling; somebody without the right to save."""

import io
import re
from pathlib import Path

import openpyxl
import pypdf
import pytest
from playwright.sync_api import expect

from data.reports import TYPES
from tests.browsing import person, serving, sign_in, until
from tests.reports import WHOLE, lines

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SLOW = 30_000  # ms that a busy machine may take


@pytest.fixture(scope="module")
def centre(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    (folder / "queue_log").write_text(lines())
    with serving(folder, QUEUE_LOG_PATH=str(folder / "queue_log"), TIMEZONE="America/Bogota",
                 COMPANY_NAME="Ñandú S.A.") as address:
        person(folder, "ana", "manager")
        person(folder, "eva", "supervisor")
        yield address


def arrive(visit, centre, query, user="ana", **more):
    page = visit(f"{centre}/reports?{query}", **more)
    sign_in(page, username=user)
    expect(page.locator(".report-table").first).to_be_visible(timeout=SLOW)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_report_at_every_size(centre, visit, scheme):
    page = arrive(visit, centre, f"{WHOLE}&type=general", scheme=scheme)
    out = Path(__file__).parent.parent / "out"
    out.mkdir(exist_ok=True)
    # In the dark the same pages have other colors: one with pictures and one with the widest table are enough of them.
    for kind in TYPES if scheme == "light" else ("general", "calls"):
        page.locator(f"#reports-kinds a[href*='type={kind}']").click()
        expect(page.locator(f"#reports-kinds a.active[href*='type={kind}']")).to_be_visible(timeout=SLOW)
        expect(page.locator("#reports-files a").first).to_have_attribute(
            "href", re.compile(f"/{kind}/excel"), timeout=SLOW)
        expect(page.locator(".report-table tfoot, .report-table tbody").first).to_be_visible(timeout=SLOW)
        for width, height in ((1440, 900), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            expect(page.locator(".report .graph .main-svg").first).to_be_visible(timeout=SLOW)
            until(page, f"window.innerWidth === {width} && document.documentElement.scrollWidth <= {width}", 30)
            page.screenshot(path=out / f"reports-{kind}-{width}-{scheme}.png")
        page.set_viewport_size({"width": 1440, "height": 900})


def test_excel_and_pdf_are_made_beside_the_page_and_saved(centre, visit):
    page = arrive(visit, centre, f"{WHOLE}&type=daily")
    with page.expect_download(timeout=60_000) as waiting:
        page.click("#reports-files a:has-text('Excel')")
    saved = waiting.value
    assert saved.suggested_filename == "reporte-diario_2026-03-02_2026-03-11.xlsx"
    assert openpyxl.load_workbook(io.BytesIO(Path(saved.path()).read_bytes()))["Por día"].max_row == 12
    with page.expect_download(timeout=60_000) as waiting:
        page.click("#reports-files a:has-text('PDF')")
    paper = pypdf.PdfReader(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert "Ñandú S.A." in paper.pages[0].extract_text()
    expect(page.locator(".report-job[data-state=done]")).to_have_count(2, timeout=SLOW)
    with page.expect_download() as waiting:
        page.click("#reports-files a:has-text('CSV')")
    assert waiting.value.suggested_filename.endswith(".csv")
    page.reload()
    expect(page.locator(".report-job[data-state=done]")).to_have_count(2, timeout=SLOW)
    for left in (1, 0):
        page.locator(".report-job .job-end").first.click()
        expect(page.locator(".report-job")).to_have_count(left, timeout=SLOW)


def test_a_report_is_cancelled(centre, visit):
    page = arrive(visit, centre, f"{WHOLE}&type=calls")
    page.click("#reports-files a:has-text('PDF')")
    job = page.locator(".report-job").first
    expect(job).to_be_visible(timeout=SLOW)
    job.locator(".job-end").click()
    expect(page.locator(".report-job")).to_have_count(0, timeout=SLOW)
    page.reload()
    expect(page.locator(".report-table").first).to_be_visible(timeout=SLOW)
    expect(page.locator(".report-job")).to_have_count(0, timeout=SLOW)


def test_who_may_not_save_sees_the_report_without_files(centre, visit):
    page = arrive(visit, centre, f"{WHOLE}&type=queues", user="eva")
    expect(page.locator("#reports-files")).to_contain_text("no guardarlos", timeout=SLOW)
    expect(page.locator("#reports-files a")).to_have_count(0)


def test_names_that_are_markup_or_turn_text_around_are_text(centre, visit):
    page = arrive(visit, centre, f"{WHOLE}&type=agents&origin=all")
    names = page.locator(".report-table tbody th").all_inner_texts()
    assert "<b>Bold</b><script>1</script>" in names
    assert "x" * 500 in names
    assert page.locator(".report-table tbody b, .report-table tbody script").count() == 0
    until(page, "document.documentElement.scrollWidth <= window.innerWidth", 30)
