"""Colas and Agentes in a browser: a number opens its calls, a table is ordered, a day is drawn, a name is given."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import person, serving, sign_in, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
HOUR = 3600
CALLS = 12


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A server over a log of the last hours: two queues, Ana who comes as SIP/108, Luis who is on pause for a while,
    four callers who gave up."""
    folder = tmp_path_factory.mktemp("desk")
    begin = int(time.time()) - 2 * HOUR
    lines = [(begin + later, f"NONE|{queue}|{who}|ADDMEMBER|") for queue in ("600", "601")
             for later, who in ((0, "SIP/108"), (30, "Luis Pérez"))]
    lines += [(begin + 1000, f"NONE|{queue}|Luis Pérez|PAUSE|Almuerzo") for queue in ("600", "601")]
    lines += [(begin + 2200, f"NONE|{queue}|Luis Pérez|UNPAUSE|") for queue in ("600", "601")]
    for number in range(CALLS):
        at, callid = begin + 300 * number + 60, f"{begin}.{number}"
        queue = ("600", "601")[number % 2]
        lines += [(at, f"{callid}|{queue}|NONE|DID|6015550600"),
                  (at, f"{callid}|{queue}|NONE|ENTERQUEUE||300123456{number % 10}|1")]
        if number % 3 == 2:
            lines.append((at + 40, f"{callid}|{queue}|NONE|ABANDON|1|1|40"))
        else:
            agent = ("Ana Gómez", "Luis Pérez")[number % 3]
            lines += [(at + 8, f"{callid}|{queue}|{agent}|CONNECT|8|{callid}9|5"),
                      (at + 128, f"{callid}|{queue}|{agent}|COMPLETECALLER|8|120|1")]
    log = folder / "queue_log"
    log.write_text("".join(f"{at}|{line}\n" for at, line in sorted(lines, key=lambda one: one[0])))
    (folder / "var").mkdir()
    (folder / "var" / "names.csv").write_text("kind,key,name\nqueue,600,Ventas\nqueue,601,Soporte\n")
    with serving(folder, QUEUE_LOG_PATH=str(log), TIMEZONE="UTC") as address:
        person(folder, "ana", "manager")
        person(folder, "jefe", "admin")
        yield address


def arrive(page: Page, username: str = "ana") -> None:
    """Signs in and waits for the first table."""
    sign_in(page, username=username)
    expect(page.locator(".figures tbody tr").first).to_be_visible(timeout=20_000)


def test_a_queue_is_chosen_and_a_number_opens_its_calls(desk, visit):
    page = visit(f"{desk}/queues")
    arrive(page)
    rows = page.locator("#queues-table tbody tr")
    expect(rows).to_have_count(2)
    page.click("#queues-table a:has-text('600 Ventas')")
    expect(page).to_have_url(re.compile("queue=600"))
    expect(page.locator("#queues-table tr.chosen")).to_have_count(1)
    until(page, "document.querySelectorAll('#queues-levels .js-line').length >= 4", 20)
    row = page.locator("#queues-table tr.chosen td.number a").first
    count = row.inner_text()
    assert count == str(CALLS // 2)
    row.click()
    expect(page).to_have_url(re.compile(r"/calls\?"))
    expect(page.locator("#calls-count")).to_contain_text(re.compile(rf"\b{count}\b"))


def test_causes_and_intervals_are_there(desk, visit):
    page = visit(f"{desk}/queues?interval=15")
    arrive(page)
    expect(page.locator("#queues-causes li").first).to_contain_text("Abandonadas")
    expect(page.locator("#queues-intervals tfoot")).to_contain_text(str(CALLS))
    page.click("#queues-interval a:has-text('30')")
    expect(page).to_have_url(re.compile("interval=30"))
    expect(page.locator("#queues-intervals-caption")).to_contain_text("30")


def test_a_head_orders_the_table_and_a_name_opens_the_agent(desk, visit):
    page = visit(f"{desk}/agents")
    arrive(page)
    first = page.locator("#agents-table tbody th").first
    expect(first).to_be_visible()
    page.click("#agents-table thead a:has-text('Agente')")
    expect(page).to_have_url(re.compile("sort=name"))
    expect(page.locator("#agents-table thead th[aria-sort=ascending]")).to_have_text("Agente")
    page.click("#agents-table a:has-text('Luis Pérez')")
    expect(page).to_have_url(re.compile("/agents/Luis"))
    expect(page.locator("#agent-head h2")).to_have_text("Luis Pérez")
    expect(page.locator("#agent-reasons")).to_contain_text("Almuerzo")
    expect(page.locator("#agent-reasons .count")).to_have_text("20:00")
    expect(page.locator("#agent-sessions tbody tr")).to_have_count(1)
    until(page, "document.querySelectorAll('#agent-gantt .js-line').length >= 3", 20)


def test_a_day_shows_who_was_on_pause_when_people_waited(desk, visit):
    page = visit(f"{desk}/agents")
    arrive(page)
    until(page, "document.querySelectorAll('#agents-gantt .js-line').length >= 4", 20)
    expect(page.locator("#agents-gantt .ytick text", has_text="Luis Pérez")).to_have_count(1)
    expect(page.locator("#agents-gantt-legend")).to_contain_text("En pausa")
    expect(page.locator("#agents-gantt .y2tick").first).to_be_attached()
    before = page.locator("#agents-gantt-days .quiet").inner_text()
    page.click("#agents-gantt-days a >> nth=0")
    expect(page).to_have_url(re.compile("day="))
    expect(page.locator("#agents-gantt-days .quiet")).not_to_have_text(before)


def test_an_administrator_gives_a_name_and_it_holds_at_once(desk, visit):
    page = visit(f"{desk}/agents")
    arrive(page, "jefe")
    names = page.locator("#agents-table tbody th")
    expect(names).to_have_count(3)
    expect(page.locator("#agents-names")).to_contain_text("108")
    page.fill("#agents-names-text", "nada de nada")
    page.click("#agents-names-save")
    expect(page.locator("#agents-names-said")).to_contain_text("no tiene =")
    page.fill("#agents-names-text", "SIP/108 = Ana Gómez")
    page.click("#agents-names-save")
    expect(page.locator("#agents-names-said")).to_contain_text("Guardado")
    expect(names).to_have_count(2, timeout=10_000)
    expect(names.filter(has_text="Ana Gómez (108)")).to_have_count(1)
    page.fill("#agents-names-text", "")
    page.click("#agents-names-save")
    expect(names).to_have_count(3, timeout=10_000)


def test_who_is_no_administrator_gives_no_names(desk, visit):
    page = visit(f"{desk}/agents")
    arrive(page)
    expect(page.locator("#agents-table tbody th").first).to_be_visible()
    expect(page.locator("#agents-names > *")).to_have_count(0)


@pytest.mark.parametrize("path", ["/queues", "/agents", "/agents/Luis%20P%C3%A9rez"])
def test_nothing_is_wider_than_a_phone(desk, visit, path):
    page = visit(f"{desk}{path}", width=390, height=844)
    arrive(page)
    expect(page.locator(".figures").first).to_be_visible()
    until(page, "document.querySelectorAll('.js-plotly-plot').length >= 2", 20)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
