"""Colas and Agentes in a browser over an invented center: what is wider than its place says so, and nothing is cut."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browsing import person, serving, sign_in, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SCROLLED = "node => node.scrollWidth > node.clientWidth + 1"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("team")
    with serving(folder) as address:
        person(folder, "ana", "manager")
        yield address


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
    box.evaluate("node => node.scrollTo(node.scrollWidth, node.scrollHeight)")
    expect(box).to_contain_class("goes-left")
    expect(box).not_to_contain_class("goes-right")
    expect(box).not_to_contain_class("goes-down")
    assert box.evaluate(cut) == 0


def test_the_tables_of_an_agent_are_whole(come):
    page = come("/agents?period=yesterday", 1440)
    page.locator(".people-table tbody th a").first.click()
    for name in ("#agent-sessions", "#agent-pauses", "#agent-calls"):
        assert not around(page, f"{name} table").evaluate(SCROLLED), name


def test_a_telephone_shows_the_whole_table_of_queues(come):
    page = come("/queues?period=last_7", 390)
    box = around(page, ".queue-table")
    assert not box.evaluate(SCROLLED)
    for words in page.locator(".queue-table .bullet-words").all():
        place = words.bounding_box()
        assert place["x"] + place["width"] <= 390
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
        place = names.first.bounding_box()
        assert place["x"] >= 0 and place["x"] + place["width"] < 200
        box.evaluate("node => node.scrollTo(node.scrollWidth, 0)")
    expect(box).not_to_contain_class("goes-right")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
