"""The player of recordings in a browser, on files of hand-made length."""

import datetime as dt
import os
import re
import time
import wave
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browsing import around_noon, person, serving, sign_in, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RATE = 8000
MINUTE = 60
WAIT = 5            # seconds until the agent answers
CALLS = ("whole", "twice", "broken", "silent", "vanishing")
AUDIO = "document.querySelector('#player audio')"
STATE = "document.querySelector('#player').dataset.state"


class Desk:
    """A server over five answered calls of an hour ago, each with its own trouble, and their recordings."""

    def __init__(self, folder: Path):
        self.monitor, self.zone = folder / "monitor", ZoneInfo(around_noon())
        self.entered = {name: int(time.time()) - 3600 + 200 * place for place, name in enumerate(CALLS)}
        self.ids = {name: f"{entered}.{place}" for place, (name, entered) in enumerate(self.entered.items(), 1)}
        lines = [line for name in CALLS for line in self.lines(name)]
        (folder / "queue_log").write_text("".join(lines))
        self.address = ""

    def lines(self, name: str) -> list[str]:
        entered, callid = self.entered[name], self.ids[name]
        return [f"{entered}|{callid}|600|NONE|ENTERQUEUE||3001234567|1\n",
                f"{entered + WAIT}|{callid}|600|Ana Gómez|CONNECT|{WAIT}|{entered}.99|4\n",
                f"{entered + MINUTE}|{callid}|600|Ana Gómez|COMPLETECALLER|{WAIT}|{MINUTE - WAIT}|1\n"]

    def path(self, name: str, later: int = 0) -> Path:
        """Where Issabel would write a recording of the call that began `later` seconds after it."""
        began = dt.datetime.fromtimestamp(self.entered[name] + later, self.zone)
        return self.monitor / f"{began:%Y/%m/%d}" / f"q-600-3001234567-{began:%Y%m%d-%H%M%S}-{self.ids[name]}.wav"

    def record(self, name: str, seconds: int, later: int = 0) -> None:
        """The first half without a sound, the second half a tone."""
        path = self.path(name, later)
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = np.zeros(seconds * RATE, dtype="<i2")
        samples[len(samples) // 2:] = 20000 * np.sin(np.arange(len(samples) - len(samples) // 2) / 3)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples.tobytes())
        self.age(path)

    def age(self, path: Path) -> None:
        """As a file that nobody has written to for a while."""
        os.utime(path, (time.time() - 1800,) * 2)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    made = Desk(folder)
    made.record("whole", MINUTE)
    made.record("twice", 30)
    made.record("twice", 10, later=40)
    made.record("vanishing", 20 * MINUTE)
    broken = made.path("broken")
    broken.write_bytes(b"no sound at all" * 100)
    made.age(broken)
    with serving(folder, QUEUE_LOG_PATH=str(folder / "queue_log"), RECORDINGS_DIR=str(made.monitor),
                 TIMEZONE=made.zone.key) as address:
        person(folder, "ana", "supervisor")     # listens
        person(folder, "luz", "admin")          # and keeps
        person(folder, "rosa", "manager")       # neither
        made.address = address
        yield made


@pytest.fixture
def arrive(desk, visit) -> Callable[..., Page]:
    """Opens the first page as somebody, and gives it a button for each call as a list of calls has."""
    def come(username: str = "ana", **how) -> Page:
        page = visit(desk.address, **how)
        sign_in(page, username=username)
        expect(page.locator("#dashboard-kpis .kpi")).to_have_count(6, timeout=15_000)
        page.evaluate("""ids => {
            const list = document.createElement("div");
            list.style.cssText = "position: fixed; top: 0; left: 0; z-index: 100";
            document.body.append(list);
            for (const [name, callid] of Object.entries(ids)) {
                const button = document.createElement("button");
                Object.assign(button, {id: name, type: "button", textContent: name});
                button.dataset.recording = callid;
                button.dataset.title = `600 Ventas · ${name}`;
                list.append(button);
            }
        }""", {**desk.ids, "unknown": "1234567890.1"})
        return page
    return come


def listen(page: Page, name: str) -> None:
    """Presses the button of a call and waits until it is heard."""
    page.click(f"#{name}")
    until(page, f"{AUDIO} && {AUDIO}.currentTime > 0.2")


def hush(page: Page) -> float:
    """Pauses; where it stopped, in seconds."""
    page.keyboard.press("k")
    until(page, f"{AUDIO}.paused")
    return page.evaluate(f"{AUDIO}.currentTime")


def now(page: Page) -> float:
    return page.evaluate(f"{AUDIO}.currentTime")


def test_a_recording_is_heard_and_its_place_is_shown(arrive):
    page = arrive()
    expect(page.locator("#player")).to_have_count(0)
    listen(page, "whole")
    assert page.evaluate(f"{AUDIO}.duration") == pytest.approx(MINUTE, abs=0.1)
    expect(page.locator(".player-title")).to_have_text("600 Ventas · whole")
    expect(page.locator(".player-total")).to_have_text("1:00")
    expect(page.locator(".player-now")).to_have_text("0:02", timeout=10_000)
    expect(page.get_by_role("slider", name="Posición en la grabación")).to_have_attribute(
        "aria-valuetext", re.compile(r"^0:0\d de 1:00$"))
    hush(page)
    expect(page.get_by_role("button", name="Reproducir (K)")).to_be_visible()


def test_to_the_moment_of_the_answer(arrive):
    page = arrive()
    listen(page, "whole")
    hush(page)
    page.get_by_role("button", name="Ir a donde contestó el agente (0:05)").click()
    assert now(page) == WAIT
    page.hover(".player-pin")
    expect(page.locator(".tip")).to_have_text("Contestó el agente (0:05)")
    place = page.evaluate("""() => {
        const pin = document.querySelector(".player-pin").getBoundingClientRect();
        const wave = document.querySelector(".player-slider").getBoundingClientRect();
        return (pin.left + pin.width / 2 - wave.left) / wave.width;
    }""")
    assert place == pytest.approx(WAIT / MINUTE, abs=0.005)


def test_it_advances_with_reduced_motion(arrive):
    page = arrive()
    page.emulate_media(reduced_motion="reduce")
    listen(page, "whole")
    expect(page.locator(".player-now")).to_have_text("0:01", timeout=10_000)
    assert page.evaluate("getComputedStyle(document.querySelector('#player')).animationName") == "none"


def test_the_keys(arrive):
    page = arrive()
    listen(page, "whole")
    start = hush(page)
    page.keyboard.press("l")
    page.keyboard.press("L")
    assert now(page) == pytest.approx(start + 10, abs=0.01)
    page.keyboard.press("j")
    assert now(page) == pytest.approx(start + 5, abs=0.01)
    page.keyboard.press("k")
    until(page, f"!{AUDIO}.paused")
    hush(page)
    page.focus(".player-slider")
    page.keyboard.press("Space")
    until(page, f"!{AUDIO}.paused")
    page.keyboard.press("Space")
    until(page, f"{AUDIO}.paused")
    page.keyboard.press("Home")
    assert now(page) == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    assert now(page) == pytest.approx(5 + 6, abs=0.01)
    page.keyboard.press("ArrowLeft")
    assert now(page) == pytest.approx(6, abs=0.01)


def test_the_keys_are_letters_where_somebody_writes(arrive):
    page = arrive()
    listen(page, "whole")
    start = hush(page)
    page.evaluate("""() => document.querySelector(".top").append(
        Object.assign(document.createElement("input"), {id: "search"}))""")
    page.focus("#search")
    page.keyboard.type("jkl l")
    assert page.input_value("#search") == "jkl l"
    assert now(page) == start
    page.focus("#whole")
    page.keyboard.press("Control+l")
    assert now(page) == start


def test_a_place_on_the_waveform(arrive):
    page = arrive()
    listen(page, "whole")
    hush(page)
    box = page.locator(".player-slider").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + box["width"] * 0.75, middle)
    assert now(page) == pytest.approx(45, abs=0.5)
    page.mouse.move(box["x"] + box["width"] * 0.75, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=4)
    expect(page.locator(".player-hint")).to_have_text(re.compile("^0:(29|30)$"))
    page.mouse.move(box["x"] + box["width"] + 300, middle)
    page.mouse.move(box["x"] + box["width"] * 0.25, middle - 200)
    page.mouse.up()
    assert now(page) == pytest.approx(15, abs=0.5)
    page.get_by_role("button", name="Avanzar 5 segundos (L)").click()
    assert now(page) == pytest.approx(20, abs=0.5)
    page.get_by_role("button", name="Retroceder 5 segundos (J)").click()
    assert now(page) == pytest.approx(15, abs=0.5)
    page.keyboard.press("k")
    until(page, f"{AUDIO}.currentTime > 15.6")


# The commonest colour between two parts (0..1) of the waveform, and how much of its height the tallest bar there has.
INK = """([left, right]) => {
    const canvas = document.querySelector("#player canvas");
    const wide = Math.round(canvas.width * (right - left)), from = Math.round(canvas.width * left);
    const copy = new OffscreenCanvas(wide, canvas.height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(canvas, -from, 0);
    const seen = copy.getImageData(0, 0, wide, canvas.height).data;
    const tones = {};
    let tallest = 0;
    for (let x = 0; x < wide; x++) {
        let tall = 0;
        for (let y = 0; y < canvas.height; y++) {
            const at = (y * wide + x) * 4;
            if (seen[at + 3] < 255) { continue; }
            const tone = [...seen.slice(at, at + 3)].map(v => v.toString(16).padStart(2, "0")).join("");
            tones["#" + tone] = (tones["#" + tone] || 0) + 1;
            tall += 1;
        }
        tallest = Math.max(tallest, tall);
    }
    const most = Object.entries(tones).sort((a, b) => b[1] - a[1])[0];
    return [most ? most[0] : "", tallest / canvas.height];
}"""


def test_the_waveform_is_that_of_the_sound_in_both_themes(arrive):
    """Half a minute of silence is flat, half a minute of tone is tall; what was played has the colour of the brand."""
    page = arrive()
    listen(page, "whole")
    hush(page)
    page.keyboard.press("L")
    until(page, f"({INK})([0.6, 0.9])[1] > 0.8")
    _, flat = page.evaluate(INK, [0.2, 0.45])
    assert flat < 0.1
    page.focus(".player-slider")
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    assert now(page) == pytest.approx(48, abs=0.1)
    for played, rest in (("#2f5fde", "#8491ad"), ("#7ea3ff", "#667698")):
        until(page, f"({INK})([0.55, 0.78])[0] === '{played}'")
        until(page, f"({INK})([0.83, 0.98])[0] === '{rest}'")
        page.click("#shell-theme-switch")
    page.set_viewport_size({"width": 1400, "height": 900})
    until(page, """(canvas => canvas.width === Math.round(canvas.clientWidth * devicePixelRatio))(
        document.querySelector("#player canvas"))""")
    until(page, f"({INK})([0.55, 0.78])[0] === '#2f5fde'")


def test_the_speed_and_the_volume_are_remembered(arrive, desk):
    page = arrive()
    listen(page, "whole")
    assert page.evaluate(f"{AUDIO}.playbackRate") == 1
    page.get_by_label("Velocidad").select_option("1.5")
    page.get_by_label("Volumen").fill("0.5")
    assert page.evaluate(f"[{AUDIO}.playbackRate, {AUDIO}.volume]") == [1.5, 0.5]
    page.get_by_role("button", name="Silenciar").click()
    assert page.evaluate(f"{AUDIO}.muted")
    page.get_by_role("button", name="Activar el sonido").click()
    assert not page.evaluate(f"{AUDIO}.muted")
    page.keyboard.press("k")
    until(page, f"{AUDIO}.paused")
    page.reload()
    expect(page.locator("#dashboard-kpis .kpi")).to_have_count(6)
    page.evaluate("callid => callCenterPlayer.open(callid, {title: 'Otra vez'})", desk.ids["whole"])
    expect(page.locator(".player-title")).to_have_text("Otra vez")
    assert page.evaluate(f"[{AUDIO}.playbackRate, {AUDIO}.volume]") == [1.5, 0.5]


def test_it_plays_on_while_the_page_changes(arrive):
    page = arrive()
    listen(page, "whole")
    page.evaluate(f"{AUDIO}.marked = true")
    page.locator("#dashboard-kpis .kpi .cover").first.click()
    expect(page).to_have_url(re.compile("/calls"))
    expect(page.locator("#dashboard-kpis")).to_have_count(0)
    before = now(page)
    until(page, f"{AUDIO}.currentTime > {before + 0.5}")
    assert page.evaluate(f"{AUDIO}.marked && !{AUDIO}.paused")
    page.go_back()
    expect(page.locator("#dashboard-kpis .kpi")).to_have_count(6)
    before = now(page)
    until(page, f"{AUDIO}.currentTime > {before + 0.5}")
    assert page.evaluate(f"{AUDIO}.marked && !{AUDIO}.paused")


def test_several_recordings_of_a_call(arrive):
    page = arrive()
    listen(page, "twice")
    expect(page.locator(".player-several")).to_have_text("1 de 2")
    expect(page.locator(".player-total")).to_have_text("0:30")
    expect(page.get_by_role("button", name="Grabación anterior de la llamada")).to_be_disabled()
    page.get_by_role("button", name="Grabación siguiente de la llamada").click()
    expect(page.locator(".player-several")).to_have_text("2 de 2")
    expect(page.locator(".player-total")).to_have_text("0:10")
    until(page, f"{AUDIO}.currentTime > 0.2 && {AUDIO}.duration < 11")
    listen(page, "whole")
    expect(page.locator(".player-several")).to_be_hidden()


def test_closing_it_gives_the_place_back(arrive):
    page = arrive()
    listen(page, "whole")
    assert page.evaluate("getComputedStyle(document.body).paddingBottom") == \
        f"{page.locator('#player').bounding_box()['height']:g}px"
    page.get_by_role("button", name="Cerrar el reproductor").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#player")).to_be_hidden()
    assert page.evaluate(f"{AUDIO}.paused && !{AUDIO}.getAttribute('src')")
    assert page.evaluate("document.activeElement.id") == "whole"
    assert page.evaluate("getComputedStyle(document.body).paddingBottom") == "0px"
    page.keyboard.press("Enter")
    until(page, f"{AUDIO}.currentTime > 0.2")


@pytest.mark.parametrize(("name", "words"), [
    ("broken", re.compile("dañada.*[.]$")), ("silent", "Esta llamada no tiene grabación.")])
def test_what_cannot_be_heard_is_said_in_words(arrive, name, words):
    page = arrive()
    page.click(f"#{name}")
    expect(page.locator(".player-says")).to_contain_text(words)
    expect(page.locator(".player-says")).to_be_visible()
    expect(page.locator(".player-play")).to_be_hidden()
    expect(page.locator(".player-track")).to_be_hidden()
    page.keyboard.press("k")
    listen(page, "whole")
    expect(page.locator(".player-says")).to_be_hidden()


def test_a_call_that_nobody_knows(arrive):
    page = arrive(refused=1, refusal="404 (NOT FOUND)")
    page.click("#unknown")
    expect(page.locator(".player-says")).to_have_text(re.compile("^Esta llamada no existe"))


def test_without_the_permission(arrive):
    page = arrive("rosa", refused=1, refusal="403 (FORBIDDEN)")
    page.click("#whole")
    expect(page.locator(".player-says")).to_have_text("Su usuario no tiene permiso para escuchar grabaciones.")


def test_a_session_that_ended(arrive):
    page = arrive(refused=1)
    # What the page asks for by itself would lead to the door: its clock stands still, and every card is there.
    page.evaluate("dash_clientside.set_props('shell-tick', {disabled: true})")
    expect(page.locator("main .skeleton")).to_have_count(0)
    page.context.clear_cookies()
    page.click("#whole")
    expect(page.locator(".player-says")).to_contain_text("Su sesión terminó.")
    page.locator(".player-says a").click()
    expect(page).to_have_url(re.compile(r"/login\?next="))


def test_a_server_out_of_reach(arrive):
    page = arrive(refused=1, refusal="net::ERR_FAILED")
    page.route("**/api/recordings/**", lambda route: route.abort())
    page.click("#whole")
    expect(page.locator(".player-says")).to_have_text("Sin conexión con el servidor.")
    page.unroute("**/api/recordings/**")
    page.get_by_role("button", name="Intentar de nuevo").click()
    until(page, f"{AUDIO}.currentTime > 0.2")


def test_a_file_that_vanishes_while_it_plays(arrive, desk):
    steps = 9  # each may ask for the file, and Chromium once more before it gives up
    page = arrive(refused=range(1, steps + 2), refusal="404 (NOT FOUND)")
    listen(page, "vanishing")
    desk.path("vanishing").unlink()
    page.focus(".player-slider")
    for _ in range(steps):
        page.keyboard.press("PageUp")
    until(page, f"{STATE} === 'words'")
    expect(page.locator(".player-says")).to_have_text("La grabación ya no está.")
    expect(page.locator(".player-play")).to_be_hidden()


def test_only_who_may_keeps_a_copy(arrive, desk):
    page = arrive()
    listen(page, "whole")
    expect(page.locator(".player-download")).to_be_hidden()
    page = arrive("luz")
    listen(page, "whole")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Descargar la grabación").click()
    assert Path(coming.value.path()).read_bytes() == desk.path("whole").read_bytes()
    assert coming.value.suggested_filename.endswith(".wav")
    before = now(page)
    until(page, f"{AUDIO}.currentTime > {before}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_covers_nothing_at_any_size(arrive, scheme):
    page = arrive("luz", scheme=scheme)
    listen(page, "whole")
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        until(page, f"window.innerWidth === {width} && ({INK})([0.6, 0.9])[1] > 0.8")
        until(page, "document.documentElement.scrollWidth <= window.innerWidth")
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        until(page, """document.querySelector("#content").getBoundingClientRect().bottom
            <= document.querySelector("#player").getBoundingClientRect().top""")
        bar = page.locator("#player").bounding_box()
        tabs = page.locator(".tabs").bounding_box()
        assert bar["y"] + bar["height"] <= (tabs["y"] if tabs else height) + 0.5
        for control in page.locator("#player :is(button, a, select, [role=slider]):visible").all():
            box = control.bounding_box()
            assert min(box["width"], box["height"]) >= 24
            assert box["x"] >= bar["x"] and box["x"] + box["width"] <= width


def test_it_speaks_english(arrive, desk):
    page = arrive()
    page.context.add_cookies([{"name": "lang", "value": "en", "url": desk.address}])
    page.reload()
    expect(page.locator("#dashboard-kpis .kpi")).to_have_count(6)
    page.evaluate("callid => callCenterPlayer.open(callid)", desk.ids["whole"])
    expect(page.locator("#player")).to_have_attribute("aria-label", "Recording player")
    expect(page.locator(".player-title")).to_have_text("Recording")
    expect(page.get_by_role("button", name="Pause (K)")).to_be_visible()
    expect(page.get_by_role("button", name="Go to where the agent answered (0:05)")).to_be_visible()
