"""Resumen in a browser: from the first sign-in to numbers that move by themselves."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import PASSWORD, around_noon, first_sign_in, person, serving, sign_in, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
OUTCOMES = 9


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A server on a log that the test writes."""
    folder = tmp_path_factory.mktemp("own")
    log = folder / "queue_log"
    now = int(time.time())
    log.write_text(call(now - 120, 1) + call(now - 100, 2))
    with serving(folder, QUEUE_LOG_PATH=str(log), TIMEZONE=around_noon()) as address:
        person(folder, "ana", "manager")
        yield address, log


def call(enter: int, number: int) -> str:
    return (f"{enter}|{enter}.{number}|600|NONE|DID|6017000000\n"
            f"{enter}|{enter}.{number}|600|NONE|ENTERQUEUE||3001234567|1\n"
            f"{enter + 5}|{enter}.{number}|600|Ana Gómez|CONNECT|5|{enter}.9|4\n"
            f"{enter + 65}|{enter}.{number}|600|Ana Gómez|COMPLETECALLER|5|60|1\n")


AGREED = """() => {
    const number = text => Number(text.trim().split(/\\s/)[0].replace(/\\D/g, ""));
    const kpi = document.querySelector("#dashboard-kpis .kpi .figure");
    const count = document.querySelector("#dashboard-outcomes .count");
    return kpi && count && number(kpi.innerText) === number(count.innerText);
}"""


def identity(page: Page) -> tuple[int, list[int]]:
    """Offered, and every outcome, as the card of the outcomes shows them."""
    counts = [int(re.sub(r"\D", "", text)) for text in page.locator("#dashboard-outcomes .count").all_inner_texts()]
    return counts[0], counts[1:]


def arrive(page: Page) -> None:
    """Signs in and waits for the numbers."""
    sign_in(page, username="ana")
    expect(page.locator("#dashboard-kpis .kpi")).to_have_count(6)


def test_a_stranger_gets_from_the_first_sign_in_to_todays_numbers(demo, visit):
    page = visit(demo)
    expect(page).to_have_url(re.compile("/login"))
    expect(page.locator("body")).to_contain_text("admin123")
    first_sign_in(page)
    expect(page.locator("#dashboard-kpis .kpi")).to_have_count(6)
    expect(page.locator(".demo")).to_be_visible()
    expect(page.locator("#dashboard-queues")).to_contain_text("600 Ventas")
    until(page, f"({AGREED})()")  # a call that arrives between two cards changes one before the other
    total, parts = identity(page)
    assert len(parts) == OUTCOMES
    assert total == sum(parts) > 0


def test_the_demonstration_moves_without_a_reload(demo, visit):
    page = visit(demo)
    arrive(page)
    before = page.locator("#dashboard-outcomes").inner_text()
    expect(page.locator("#dashboard-outcomes")).not_to_have_text(before, use_inner_text=True, timeout=60_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale, words", [("es-PE", "Ofrecidas"), ("en-US", "Offered")])
def test_every_size_theme_and_language(demo, visit, scheme, locale, words):
    page = visit(demo, 1440, 900, scheme, locale)
    page.context.add_cookies([{"name": "lang", "value": locale[:2], "url": demo}])
    page.reload()
    arrive(page)
    out = Path(__file__).parent.parent / "out"
    out.mkdir(exist_ok=True)
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator("#dashboard-kpis")).to_contain_text(words)
        expect(page.locator("#dashboard-volume .bars").first).to_be_visible()
        until(page, f"window.innerWidth === {width} && document.documentElement.scrollWidth <= window.innerWidth")
        assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
        page.screenshot(path=out / f"summary-{width}-{scheme}-{locale[:2]}.png", full_page=True)


def test_the_header_keeps_its_width_when_it_has_bad_news(tmp_path, visit):
    log = tmp_path / "queue_log"
    log.write_text(call(int(time.time()) - 9000, 1))
    with serving(tmp_path, QUEUE_LOG_PATH=str(log), TIMEZONE=around_noon()) as address:
        person(tmp_path, "ana", "manager")
        page = visit(address, lost=True)
        arrive(page)
        expect(page.locator(".fresh.stale .cause")).to_have_text("Sin líneas nuevas en el log")
        for width in (390, 768, 1024):
            page.set_viewport_size({"width": width, "height": 900})
            until(page, f"window.innerWidth === {width}")
            for tool in page.locator(".header-tools .tool:visible").all():
                box = tool.bounding_box()
                assert box["x"] + box["width"] <= width, tool.inner_html()


@pytest.fixture
def two_days(tmp_path):
    """The address of a server on a log of today and of yesterday, of which one call came at a later hour than it is."""
    now, log = int(time.time()), tmp_path / "queue_log"
    yesterday = now - 86_400
    log.write_text(call(yesterday - 600, 1) + call(yesterday + 3600, 2) + call(now - 120, 3) + call(now - 100, 4))
    with serving(tmp_path, QUEUE_LOG_PATH=str(log), TIMEZONE=around_noon()) as address:
        person(tmp_path, "ana", "manager")
        yield address


def test_today_is_compared_with_yesterday_until_now(two_days, visit):
    page = visit(two_days)
    arrive(page)
    offered = page.locator("#dashboard-kpis .kpi").first
    expect(offered.locator(".figure")).to_have_text("2")
    expect(offered.locator(".change")).to_contain_text("100.0 %")
    expect(offered.locator(".delta")).to_have_attribute("title", re.compile(
        r"^Comparado con \d\d/\d\d/\d{4} hasta las 1[23]:\d\d$"))
    page.goto(f"{two_days}/?period=yesterday")
    expect(offered.locator(".figure")).to_have_text("2")
    expect(offered.locator(".delta")).not_to_have_attribute("title", re.compile("hasta"))


def test_a_line_in_the_log_is_on_the_page(own, visit):
    address, log = own
    page = visit(address)
    arrive(page)
    expect(page.locator("#dashboard-kpis .kpi .figure").first).to_have_text(re.compile("^2"))
    expect(page.locator(".demo")).to_have_count(0)
    with log.open("a") as file:
        file.write(call(int(time.time()) - 80, 3))
    expect(page.locator("#dashboard-kpis .kpi .figure").first).to_have_text(re.compile("^3"), timeout=10_000)
    total, parts = identity(page)
    assert (total, sum(parts)) == (3, 3)
    bar = "document.querySelector('#dashboard-volume .bars').getBoundingClientRect()"
    until(page, f"{bar}.width > 60 && {bar}.height > 60")  # there is one interval, or two


def test_a_link_in_a_table_leads_on_without_another_page(own, visit):
    address, _ = own
    page = visit(address)
    arrive(page)
    page.evaluate("window.sameDocument = true")
    count = page.locator("#dashboard-queues tbody td a").first
    expect(count).to_have_attribute("href", re.compile("^/calls\\?.*queue=600"))
    count.click()
    page.wait_for_url("**/calls?*")
    expect(page.locator(".calls-count")).to_contain_text("pasos por cola")
    assert page.evaluate("window.sameDocument")
    page.go_back()
    expect(page.locator("#dashboard-kpis .kpi")).to_have_count(6)


def test_filters_live_in_the_address(own, visit):
    address, _ = own
    page = visit(address)
    arrive(page)
    page.click("#shell-segments a:has-text('7')")
    expect(page).to_have_url(re.compile("period=last_7"))
    again = visit(page.url)
    arrive(again)
    expect(again).to_have_url(re.compile("period=last_7"))
    expect(again.locator("#shell-segments a.active")).to_contain_text("7")


def test_two_people_do_not_disturb_each_other(own, visit):
    address, _ = own
    one, other = visit(address), visit(address)
    arrive(one)
    arrive(other)
    one.click("#shell-segments a:has-text('7')")
    expect(one).to_have_url(re.compile("period=last_7"))
    expect(other).not_to_have_url(re.compile("period"))


def test_the_session_ends_at_the_door(own, visit):
    address, _ = own
    page = visit(address, refused=1)
    arrive(page)
    page.context.clear_cookies()
    page.goto(address)
    expect(page).to_have_url(re.compile("/login"))
    sign_in(page, "not the password", "ana")
    expect(page.locator("#error")).to_be_visible()
    sign_in(page, PASSWORD, "ana")
    expect(page.locator("#dashboard-kpis .kpi")).to_have_count(6)


@pytest.fixture(scope="module")
def issabel(shared, tmp_path_factory):
    log = shared / "logs/01_issabel4_centos7_ast16/queue_log"
    with serving(tmp_path_factory.mktemp("issabel"), QUEUE_LOG_PATH=str(log), TIMEZONE="America/Bogota") as address:
        yield address


@pytest.mark.real
def test_the_files_of_a_real_issabel(issabel, visit):
    """33 calls of 2022, of which three were answered; none today."""
    page = visit(issabel)
    first_sign_in(page)
    expect(page.locator("#dashboard-empty")).to_contain_text(re.compile("Sin llamadas|No hay llamadas"))
    page.goto(f"{issabel}/?start_date=2022-07-01&end_date=2022-10-31&origin=all")
    expect(page.locator("#dashboard-kpis .kpi .figure").first).to_have_text(re.compile("^33"))
    total, parts = identity(page)
    assert (total, parts[0], parts[1]) == (33, 3, 30)


def test_the_description_of_the_api_asks_nothing_of_other_machines(own, visit):
    address, _ = own
    page = visit(address)
    arrive(page)
    page.goto(f"{address}/api/docs")
    expect(page.locator("#swagger-ui")).to_contain_text("/api/calls/statistics")
    page.goto(f"{address}/api/redoc")
    expect(page.locator("#redoc")).to_contain_text("Totals of the range")
