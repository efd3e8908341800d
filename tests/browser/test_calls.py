"""Llamadas in a browser: the list, the call beside it and as a page, on a log of which every line is known."""

import csv
import datetime as dt
import re
import time
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browsing import Watch, around_noon, person, serving, sign_in, until
from tests.sounds import record, tone

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MANY = 3000     # plain calls a minute apart, the newest two hours ago; so many blocks that scrolling has to load
LONG = 45       # seconds of the recording
AUDIO = "document.querySelector('#player audio')"
EVIL = "<img src=x onerror=\"alert('run')\">"
TURNED = "\u202eANA\u2066"
STRANGE = {"a'b\"c.1": EVIL, "../../etc/1.2": "W" * 500, "ñ 100%25?x#y.3": TURNED}
PLAIN = "period=last_7&queue=600&queue=601"     # what no test writes to
ROW = ".ag-center-cols-container .ag-row"


class Desk:
    """A server over calls of the last days: queues 600 and 601, recordings of two calls, names nobody would choose."""

    def __init__(self, folder: Path):
        self.log, self.monitor, self.address = folder / "queue_log", folder / "monitor", ""
        self.zone = ZoneInfo(around_noon())
        self.end = int(time.time()) - 7200
        lines = [line for n in range(MANY) for line in self.plain(n)]
        lines += self.strange()
        self.log.write_text("".join(f"{line}\n" for line in lines))
        for callid in (self.callid(0), self.callid(2)):
            began = dt.datetime.fromtimestamp(int(callid.partition(".")[0]), self.zone)
            record(self.monitor / f"{began:%Y/%m/%d}" / f"q-600-3000000000-{began:%Y%m%d-%H%M%S}-{callid}.wav",
                   sound=tone(LONG))

    def entered(self, back: int) -> int:
        """The second of the call that is the `back`th before the newest plain one."""
        return self.end - 60 * back

    def callid(self, back: int) -> str:
        return f"{self.entered(back)}.{back}"

    def number(self, back: int) -> str:
        return f"300{back:07}"

    def plain(self, n: int) -> list[str]:
        """Every fifth call was abandoned; even ones in 600, odd ones in 601; waits of 1 to 50 s, the oldest call 59."""
        back = MANY - 1 - n
        enter, callid = self.entered(back), self.callid(back)
        wait, queue = 59 if back == MANY - 1 else back % 50 + 1, f"60{back % 2}"
        agent = ("Ana Gómez", "Luis Peña")[back % 2]
        lines = [f"{enter}|{callid}|{queue}|NONE|ENTERQUEUE||{self.number(back)}|1"]
        if back % 5 == 4:
            return [*lines, f"{enter + wait}|{callid}|{queue}|NONE|ABANDON|1|1|{wait}"]
        return [*lines, f"{enter + wait}|{callid}|{queue}|{agent}|CONNECT|{wait}|{enter}.9|1",
                f"{enter + wait + 40}|{callid}|{queue}|{agent}|COMPLETECALLER|{wait}|40|1"]

    def strange(self) -> list[str]:
        """After all others, five minutes apart: callids and names that are no friends of a page."""
        found = []
        for n, (callid, words) in enumerate(STRANGE.items()):
            enter = self.end + 300 * (n + 1)
            found += [f"{enter}|{callid}|{words}|NONE|DID|{words}",
                      f"{enter}|{callid}|{words}|NONE|ENTERQUEUE|{words}|{words}|1",
                      f"{enter + 4}|{callid}|{words}|{words}|RINGNOANSWER|3000",
                      f"{enter + 5}|{callid}|{words}|{words}|CONNECT|5|{enter}.9|1",
                      f"{enter + 45}|{callid}|{words}|{words}|COMPLETEAGENT|5|40|1"]
        return found

    def write(self, *lines: str) -> None:
        with self.log.open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calls")
    made = Desk(folder)
    with serving(folder, QUEUE_LOG_PATH=str(made.log), RECORDINGS_DIR=str(made.monitor),
                 TIMEZONE=made.zone.key) as address:
        person(folder, "ana", "supervisor", given=["downloads"])
        person(folder, "una", "supervisor", queues=["600"], taken=["numbers", "recordings"])
        person(folder, "leo", "viewer")
        made.address = address
        yield made


@pytest.fixture(scope="module")
def rooms(chromium):
    """A browser for each person, in which one is signed in and what was fetched once is kept."""
    found: dict[str, BrowserContext] = {}
    yield found
    for room in found.values():
        room.close()


@pytest.fixture
def arrive(desk, chromium, rooms):
    """Opens the list with these filters, signed in; at the end the console must be clean and the browser as before."""
    opened: list[tuple[Page, Watch]] = []

    def come(query: str = "", username: str = "ana", path: str = "/calls", width: int = 1440, height: int = 900,
             scheme: str = "light") -> Page:
        fresh = username not in rooms
        if fresh:
            rooms[username] = chromium.new_context(locale="es-PE")
        page = rooms[username].new_page()
        opened.append((page, Watch(page, desk.address)))
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{desk.address}{path}{'?' if query else ''}{query}")
        if fresh:
            sign_in(page, username=username)
        return page

    yield come
    for page, watch in opened:
        page.evaluate("localStorage.clear()")
        page.context.clear_cookies(name="lang")
        page.close()
        assert (watch.noise, watch.foreign) == ([], [])


def cell(page: Page, index: int, name: str):
    return page.locator(f'.ag-row[row-index="{index}"] [col-id="{name}"]')


def counted(page: Page, words: str) -> None:
    expect(page.locator("#calls-count")).to_contain_text(words)


def open_row(page: Page, index: int) -> None:
    cell(page, index, "caller").click()
    expect(page.locator(".side-panel .place")).to_contain_text(re.compile(f"^{index + 1} de "))


def test_from_the_list_to_a_call_and_through_its_neighbours(desk, arrive):
    page = arrive(PLAIN)
    counted(page, "3,000 pasos por cola de 3,000 llamadas")
    expect(cell(page, 0, "caller")).to_have_text(desk.number(0))
    open_row(page, 1)
    panel = page.locator(".side-panel")
    expect(panel.locator("h2")).to_have_text(desk.number(1))
    page.get_by_role("button", name="Siguiente").click()
    expect(panel.locator("h2")).to_have_text(desk.number(2))
    expect(page.locator(".ag-row.opened").first).to_have_attribute("row-index", "2")
    expect(page.get_by_role("button", name="Siguiente")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.locator("h2")).to_have_text(desk.number(3))
    page.get_by_role("button", name="Líneas del log").click()
    expect(panel.locator("code").first).to_contain_text(f"|{desk.callid(3)}|601|NONE|ENTERQUEUE||{desk.number(3)}|1")
    page.get_by_role("button", name="Anterior").click()
    expect(panel.locator("code").first).to_contain_text(desk.callid(2))     # the lines stay while one steps on
    expect(panel.locator("code").first).to_be_visible()
    page.get_by_role("link", name="Abrir como página").click()
    expect(page).to_have_url(f"{desk.address}/calls/{desk.callid(2)}?{PLAIN}")
    expect(page.locator(".place")).to_have_text("3 de 3,000")
    page.get_by_role("link", name="Siguiente").click()
    expect(page.locator(".journey h2")).to_have_text(desk.number(3))
    expect(page.get_by_role("link", name="Siguiente")).to_be_focused()
    page.get_by_role("link", name="Anterior").click()
    expect(page.locator(".journey h2")).to_have_text(desk.number(2))
    page.get_by_role("link", name="Todas las llamadas").click()
    expect(page).to_have_url(f"{desk.address}/calls?{PLAIN}")
    counted(page, "3,000 pasos por cola")
    open_row(page, 0)
    expect(page.get_by_role("button", name="Anterior")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(panel).to_be_empty()


def test_sorted_and_scrolled_to_the_very_end(desk, arrive):
    page = arrive(PLAIN)
    counted(page, "3,000")
    open_row(page, 0)
    page.keyboard.press("Escape")
    expect(page.locator(".side-panel")).to_be_empty()
    page.keyboard.press("Control+End")
    expect(cell(page, MANY - 1, "caller")).to_have_text(desk.number(MANY - 1))
    page.keyboard.press("Control+Home")
    expect(cell(page, 0, "caller")).to_have_text(desk.number(0))
    wait = page.locator('.ag-header-cell[col-id="wait"]')
    wait.click()
    expect(cell(page, 0, "wait")).to_have_text("0:01")
    wait.click()
    expect(cell(page, 0, "wait")).to_have_text("0:59")
    expect(cell(page, 0, "caller")).to_have_text(desk.number(MANY - 1))
    expect(cell(page, 1, "wait")).to_have_text("0:50")
    open_row(page, 0)                                       # the neighbours are those of this order
    page.get_by_role("button", name="Siguiente").click()
    expect(page.locator(".side-panel h2")).to_have_text(desk.number(49))


def test_what_is_written_and_chosen_is_in_the_address(desk, arrive):
    page = arrive(PLAIN)
    counted(page, "3,000")
    search = page.locator("#calls-search")
    search.press_sequentially(desk.number(7)[:5], delay=15)
    page.wait_for_timeout(380)      # as the list begins to look, somebody goes on writing
    search.press_sequentially(desk.number(7)[5:], delay=15)
    counted(page, "Un paso por cola de una llamada.")
    expect(page).to_have_url(re.compile(f"q={desk.number(7)}$"))
    search.fill("nadie")
    expect(page.locator("#calls-note")).to_contain_text("Ninguna llamada coincide con estos filtros")
    expect(page.locator("#calls-list")).to_be_hidden()
    page.locator(".notice").get_by_role("link", name="Quitar todos").click()
    counted(page, "3,000 pasos")
    expect(search).to_have_value("")
    page.locator(".chip", has_text="Abandonadas").click()
    counted(page, "600 pasos")
    page.locator(".chip", has_text="Atendidas").click()
    counted(page, "3,000 pasos")
    page.locator(".chip", has_text="Abandonadas").press(" ")
    counted(page, "2,400 pasos")
    expect(page.locator(".chip", has_text="Abandonadas")).to_be_focused()
    page.click("summary:has-text('Más filtros')")
    page.fill("#calls-min-wait", "0:30")
    page.fill("#calls-max-wait", "40")
    page.keyboard.press("Enter")
    counted(page, "480 pasos")     # waits of 30 to 40 s, without those that everybody gave up
    page.fill("#calls-min-talk", "abc")
    page.keyboard.press("Enter")
    expect(page.locator("#calls-min-talk:invalid")).to_be_visible()
    counted(page, "480 pasos")
    page.fill("#calls-max-wait", "5")
    page.keyboard.press("Enter")
    wrong = page.locator("fieldset.wrong")
    expect(wrong).to_have_attribute("data-wrong", "El máximo es menor que el mínimo")
    expect(page.locator("#calls-max-wait:invalid")).to_be_visible()
    counted(page, "480 pasos")     # the list stays as it was
    page.fill("#calls-max-wait", "0:40")
    page.keyboard.press("Enter")
    expect(wrong).to_have_count(0)
    counted(page, "480 pasos")
    page.keyboard.press("Escape")
    link = page.get_attribute("#shell-copy", "data-copy")
    page.go_back()
    expect(page.locator("#calls-max-wait")).to_have_value("")
    page.click("summary:has-text('Más filtros')")
    page.fill("#calls-min-wait", "0:31")
    page.fill("#calls-max-wait", "5")
    page.keyboard.press("Tab")
    expect(wrong).to_have_count(1)
    expect(page.locator("#calls-max-wait")).to_have_value("5")
    page.locator(".chip", has_text="Abandonadas").click()     # the fields follow the address again
    page.keyboard.press("Escape")
    expect(page.locator("#calls-max-wait")).to_have_value("")
    expect(wrong).to_have_count(0)
    page.goto(desk.address + link.replace("max_wait=40", "max_wait=5"))     # by hand
    expect(page.locator("#calls-note")).to_contain_text("max_wait es menor que el mínimo")
    page.goto(desk.address + link)
    counted(page, "480 pasos")
    expect(page.locator("#calls-min-wait")).to_have_value("0:30")
    page.get_by_role("link", name="Quitar todos").click()
    expect(page).not_to_have_url(re.compile("wait|outcome"))
    expect(page.locator("#calls-min-wait")).to_have_value("")


@pytest.mark.parametrize("unit", ["legs", "calls"])
def test_a_file_has_the_order_of_the_list(arrive, unit):
    page = arrive(f"{PLAIN}&unit={unit}")
    counted(page, "3,000")
    wait = page.locator('.ag-header-cell[col-id="wait"]')
    for order in ("ascending", "descending"):
        wait.click()
        expect(wait).to_have_attribute("aria-sort", order)
    with page.expect_download() as waiting:
        page.click("#calls-exports a:has-text('CSV')")
    head, *rows = csv.reader(waiting.value.path().read_text("utf-8-sig").splitlines(), delimiter=";")
    waits = [row[head.index(next(word for word in head if word.startswith("Espera")))] for row in rows[:2000]]
    assert len(waits) == 2000 and len(set(waits)) > 10
    seconds = [sum(int(part) * 60**i for i, part in enumerate(reversed(word.split(":")))) for word in waits]
    assert seconds == sorted(seconds, reverse=True)


def test_columns_are_remembered_and_a_row_may_be_a_call(arrive):
    page = arrive(PLAIN)
    counted(page, "3,000")
    page.click("summary:has-text('Columnas')")
    page.click('[data-column="did"]')
    page.click('[data-column="ring"]')
    expect(page.locator('[data-column="ring"]')).to_have_attribute("aria-checked", "true")
    page.reload()
    expect(page.locator('.ag-header-cell[col-id="ring"]')).to_be_visible()
    expect(page.locator('.ag-header-cell[col-id="did"]')).to_have_count(0)
    page.get_by_role("link", name="Llamadas", exact=True).last.click()
    page.click('.calls-bar [data-chip="calls"]')
    expect(page.locator('.ag-header-cell[col-id="legs"]')).to_be_visible()
    expect(page.locator('.ag-header-cell[col-id="did"]')).to_be_visible()
    expect(cell(page, 0, "legs")).to_have_text("1")
    page.click("[data-language]")
    counted(page, "queue visits of")
    expect(page.locator('.ag-header-cell[col-id="legs"]')).to_contain_text("Queue visits")


def inside(page: Page, *names: str) -> None:
    """These cells of the first row stand beside each other, and none of them beyond the edge of the window."""
    until(page, f"""(() => {{
        let edge = 0;
        return {list(names)}.every(name => {{
            const cell = document.querySelector(`.ag-row[row-index="0"] [col-id="${{name}}"]`);
            const box = cell && cell.getBoundingClientRect(), fits = box && box.left >= edge - 1;
            edge = box && box.right;
            return fits && box.width > 0 && box.right <= window.innerWidth;
        }});
    }})()""")


def test_a_narrow_window_shows_the_outcome_whatever_the_wide_one_showed(arrive):
    page = arrive(PLAIN)
    counted(page, "3,000")
    page.set_viewport_size({"width": 1200, "height": 800})  # columns are resized, but nobody chose that
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator('.ag-header-cell[col-id="did"]')).to_have_count(0)
    inside(page, "enter", "caller", "outcome", "audio")
    page.reload()
    expect(page.locator('.ag-header-cell[col-id="did"]')).to_have_count(0)
    inside(page, "enter", "caller", "outcome", "audio")
    page.click("summary:has-text('Columnas')")
    page.click('[data-column="wait"]')
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.locator('.ag-header-cell[col-id="did"]')).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator('.ag-header-cell[col-id="did"]')).to_have_count(0)
    expect(page.locator('.ag-header-cell[col-id="wait"]')).to_have_count(1)


@pytest.mark.parametrize("width", [1440, 390])
def test_word_of_new_calls_moves_no_row(arrive, width):
    page = arrive(PLAIN, width=width)
    counted(page, "3,000")
    expect(cell(page, 0, "outcome")).to_be_visible()
    moved = page.evaluate("""() => {
        const place = () => document.querySelector("#calls-list").getBoundingClientRect().top, before = place();
        document.getElementById("calls-news").hidden = false;
        return place() - before;
    }""")
    assert moved == 0
    expect(page.locator("#calls-news")).to_be_in_viewport()


def test_with_the_keyboard_alone(desk, arrive):
    page = arrive(PLAIN)
    counted(page, "3,000")
    page.locator("#calls-search").focus()
    page.keyboard.type(desk.number(2))
    expect(cell(page, 0, "caller")).to_have_text(desk.number(2))
    cell(page, 0, "enter").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#calls-panel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("#calls-panel")).to_be_empty()
    expect(cell(page, 0, "caller")).to_be_focused()
    cell(page, 0, "audio").focus()
    page.keyboard.press("Enter")
    until(page, f"{AUDIO} && {AUDIO}.currentTime > 0")
    expect(page.locator(".player-title")).to_contain_text("600 · ")
    expect(page.locator("#calls-panel")).to_be_empty()


def test_a_recording_plays_on_whatever_is_done_to_the_list(arrive):
    page = arrive(PLAIN)
    page.locator(".listen").first.click()
    until(page, f"{AUDIO} && {AUDIO}.currentTime > 0.2")
    started = page.evaluate(f"{AUDIO}.currentTime")
    cell(page, 3, "caller").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+End")
    expect(cell(page, MANY - 1, "caller")).to_be_visible()
    page.locator('.ag-header-cell[col-id="wait"]').click()
    expect(cell(page, 0, "wait")).to_have_text("0:01")
    page.locator(".chip", has_text="Abandonadas").click()
    counted(page, "600 pasos")
    page.locator("#shell-rail a", has_text="Resumen").click()
    expect(page.locator("#dashboard-kpis .kpi")).to_have_count(6)
    assert page.evaluate(f"!{AUDIO}.paused && {AUDIO}.currentTime > {started}")
    assert page.evaluate(f"{AUDIO}.duration") == pytest.approx(LONG, abs=0.1)


def test_the_numbers_of_the_summary_are_the_calls_behind_them(arrive):
    page = arrive(PLAIN, path="/")
    links = page.locator("#dashboard-outcomes a.count, #dashboard-outcomes a:has(.count)")
    expect(links.first).to_be_visible()
    numbers = [re.search(r"[\d,]+", re.sub(r"\(.*\)", "", words))[0] for words in links.all_inner_texts()]
    places = [link.get_attribute("href") for link in links.all()]
    assert len(numbers) >= 9
    for number, href in list(zip(numbers, places, strict=True))[1:3]:
        page.goto(href if href.startswith("http") else page.url.partition("/?")[0].partition("/calls")[0] + href)
        counted(page, f"{number} pasos por cola")


def test_a_new_call_arrives_and_ends_before_ones_eyes(desk, arrive):
    page = arrive("period=last_7&q=3110")
    expect(page.locator("#calls-note")).to_contain_text("Ninguna llamada coincide con estos filtros")
    now = int(time.time()) - 60
    first, second = f"{now}.7001", f"{now}.7002"
    desk.write(f"{now}|{first}|602|NONE|ENTERQUEUE||3110000001|1")
    expect(cell(page, 0, "outcome")).to_have_text("En curso")
    open_row(page, 0)
    expect(page.locator(".side-panel .steps li")).to_have_count(1)
    desk.write(f"{now + 3}|{first}|602|Ana Gómez|CONNECT|3|{now}.9|1",
               f"{now + 9}|{first}|602|Ana Gómez|COMPLETECALLER|3|6|1")
    expect(page.locator(".side-panel .steps li")).to_have_count(3)
    expect(page.locator("#calls-news")).to_be_hidden()
    desk.write(f"{now + 10}|{second}|602|NONE|ENTERQUEUE||3110000002|1")
    expect(page.locator("#calls-news")).to_be_visible()
    page.keyboard.press("Escape")
    page.click("#calls-news")
    expect(cell(page, 0, "caller")).to_have_text("3110000002")
    expect(cell(page, 1, "outcome")).to_have_text("Atendida")
    expect(page.locator("#calls-news")).to_be_hidden()
    page.goto(f"{desk.address}/calls/{second}")
    expect(page.locator(".steps li")).to_have_count(1)
    desk.write(f"{now + 20}|{second}|602|NONE|ABANDON|1|1|10")
    expect(page.locator(".steps li")).to_have_count(2)


def test_each_sees_no_more_than_he_may(desk, arrive):
    page = arrive(PLAIN, "una")
    counted(page, "1,500 pasos por cola de 1,500 llamadas")
    expect(cell(page, 0, "caller")).to_have_text("300***000")
    expect(page.locator('.ag-header-cell[col-id="audio"]')).to_have_count(0)
    expect(page.locator("#calls-exports a")).to_have_count(0)
    open_row(page, 1)
    page.get_by_role("button", name="Líneas del log").click()
    expect(page.locator(".side-panel code").first).to_contain_text("ENTERQUEUE||300***002|1")
    expect(page.locator("[data-recording]")).to_have_count(0)
    assert desk.number(2) not in page.content()
    page.goto(f"{desk.address}/calls/{desk.callid(1)}")
    expect(page.locator("#content")).to_contain_text("No existe esa llamada")
    page.goto(f"{desk.address}/calls?period=last_7&queue=601")
    expect(page.locator("#shell-notice")).to_contain_text("601: no está entre las colas que usted ve")
    page.get_by_role("link", name="Quitar del filtro").click()
    expect(page.locator("#shell-notice")).to_be_empty()
    expect(page).to_have_url(f"{desk.address}/calls?period=last_7")
    nobody = arrive(PLAIN, "leo")
    expect(nobody.locator("#content")).to_contain_text("Su usuario no tiene permiso para esta página")
    expect(nobody.locator("#shell-rail")).not_to_contain_text("Llamadas")
    expect(nobody.locator(".filters")).to_be_hidden()
    expect(nobody.get_by_role("link", name="Ir a En vivo")).to_have_attribute("href", "/live")
    nobody.goto(f"{desk.address}/calls/{desk.callid(0)}")
    expect(nobody.locator("#content")).to_contain_text("Su usuario no tiene permiso para esta página")


def test_names_of_others_are_words_and_every_callid_has_a_page(desk, arrive):
    page = arrive()
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for callid, name in STRANGE.items():
        page.goto(f"{desk.address}/calls?period=last_7&{urlencode({'callid': callid})}")
        counted(page, "Un paso por cola de una llamada.")
        title = "ANA" if name == TURNED else name
        expect(cell(page, 0, "caller")).to_have_text(title)
        open_row(page, 0)
        panel = page.locator(".side-panel")
        expect(panel.locator("h2")).to_have_text(title)
        panel.locator(".ringing").hover()
        expect(page.locator(".tip")).to_contain_text(title)
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
        page.get_by_role("link", name="Abrir como página").click()
        expect(page.locator(".journey-page h2")).to_have_text(title)
        expect(page.locator(".place")).to_have_text("1 de 1")
        until(page, "document.documentElement.scrollWidth <= window.innerWidth")
        expect(page.locator(".journey")).to_contain_text(callid)
    page.reload()
    expect(page.locator(".journey-page h2")).to_have_text("ANA")
    assert page.locator("img").count() == 0


def test_an_address_that_shows_nothing_says_why_and_leads_on(desk, arrive):
    page = arrive()
    for query, said in (("min_wait=x", "no se entiende: min_wait"), ("period=zzz", "no se entiende: period"),
                        ("start_date=2020-01-01&end_date=2020-01-02", "Sin llamadas en este período")):
        page.goto(f"{desk.address}/calls?{query}")
        expect(page.locator("#content .notice")).to_contain_text(said)
        expect(page.locator("#calls-list")).to_be_hidden()
        page.locator(".notice a").click()
        expect(page.locator(ROW).first).to_be_visible()
        counted(page, "pasos por cola")


@pytest.mark.parametrize("width, height, scheme", [(1440, 900, "light"), (390, 844, "dark")])
def test_every_size_and_theme(desk, arrive, width, height, scheme):
    page = arrive(PLAIN, width=width, height=height, scheme=scheme)
    counted(page, "3,000")
    inside(page, "enter", "caller", "outcome", "audio")
    until(page, "document.documentElement.scrollWidth <= window.innerWidth")
    out = Path(__file__).parent.parent / "out"
    out.mkdir(exist_ok=True)
    page.screenshot(path=out / f"calls-{width}-{scheme}.png")
    open_row(page, 0)
    expect(page.locator(".side-panel .steps li")).to_have_count(3)
    box = page.locator(".side-panel").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    page.screenshot(path=out / f"call-{width}-{scheme}.png")
    page.get_by_role("button", name="Cerrar").click()
    expect(page.locator(".side-panel")).to_be_empty()
