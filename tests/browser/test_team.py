"""Colas and Agentes in a browser over an invented center: what is wider than its place says so, and nothing is cut."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browsing import sign_in, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def come(demo, visit):
    def arrive(path: str, width: int) -> Page:
        page = visit(f"{demo}{path}", width)
        sign_in(page, username="ana")
        return page
    return arrive


def around(page: Page, table: str) -> Locator:
    """What scrolls around a table or a drawing, once it is there."""
    expect(page.locator(table).first).to_be_visible()
    return page.locator(table).first.locator("xpath=..")


def test_a_wide_table_says_which_ways_it_goes_on(come):
    page = come("/agents?period=yesterday", 1440)
    box = around(page, ".people-table")
    expect(box).to_contain_class("goes-right")
    expect(box).to_contain_class("goes-down")
    cut = """node => {
        const total = node.querySelector("tfoot").getBoundingClientRect().top;
        return [...node.querySelectorAll("tbody tr")].filter(row => {
            const place = row.getBoundingClientRect();
            return place.top < total - 1 && place.bottom > total + 1;
        }).length;
    }"""
    assert box.evaluate(cut) == 0
    until(page, """(box => {   // more than once: a table may be drawn anew before the page knows that it was scrolled
        box.scrollTo(box.scrollWidth, box.scrollHeight);
        return box.matches('.goes-left');
    })(document.querySelector('.people-table').parentNode)""")
    expect(box).not_to_contain_class("goes-right")
    expect(box).not_to_contain_class("goes-down")
    assert box.evaluate(cut) == 0


def whole(page: Page, table: str) -> None:
    """The table is there and nothing of it is beyond the edge of its place; it is drawn anew whenever a call comes."""
    until(page, f"""(() => {{
        const table = document.querySelector("{table}"), box = table && table.parentNode;
        return Boolean(box) && box.clientWidth > 0 && box.scrollWidth <= box.clientWidth + 1;
    }})()""")


def test_a_table_that_is_drawn_anew_stays_where_it_was(come):
    page = come("/agents?period=last_7", 1440)
    box = around(page, ".people-table")
    expect(box).to_contain_class("goes-right")
    until(page, """(box => {   // more than once: a script's scroll is known to the page only in the next frame
        window.before = box;
        box.scrollTo(100, 70);
        return box.matches('.goes-left');
    })(document.querySelector('.people-table').parentNode)""")
    until(page, "!window.before.isConnected && document.querySelector('.people-table') !== null", 90)   # a call came
    until(page, """(node => node.scrollLeft === 100 && node.scrollTop === 70)(
        document.querySelector('.people-table').parentNode)""")


def test_the_tables_of_an_agent_are_whole(come):
    page = come("/agents?period=yesterday", 1440)
    page.locator(".people-table tbody th a").first.click()
    for name in ("#agent-sessions", "#agent-pauses", "#agent-calls"):
        whole(page, f"{name} table")


def test_a_telephone_shows_the_whole_table_of_queues(come):
    page = come("/queues?period=last_7", 390)
    whole(page, ".queue-table")
    until(page, """[...document.querySelectorAll('.queue-table .bullet-words')].every(
        words => words.getBoundingClientRect().right <= window.innerWidth)""")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_telephone_keeps_the_names_beside_the_hours_of_the_day(come):
    page = come("/agents?period=yesterday", 390)
    names = page.locator(".gantt-names span")
    expect(names.first).to_be_visible()
    count = page.locator(".gantt .yaxislayer-above .ytick").count()
    assert names.count() == count > 5
    box = page.locator("div:has(> .gantt)")
    expect(box).to_contain_class("goes-right")
    until(page, "document.querySelector('.gantt').parentNode.scrollLeft > 0")   # the night is not what one sees first
    for _ in range(2):
        until(page, """(name => {
            const place = name && name.getBoundingClientRect();
            return Boolean(name) && place.left >= 0 && place.right < 200;
        })(document.querySelector('.gantt-names span'))""")
        box.evaluate("node => node.scrollTo(node.scrollWidth, 0)")
    expect(box).not_to_contain_class("goes-right")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
