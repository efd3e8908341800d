"""En vivo in a browser, with a real writer: what is appended is seen, and what stops is said."""

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ami_server import SECRET, asterisk
from tests.browsing import around_noon, person, serving, sign_in, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
OUT = Path(__file__).parent.parent / "out"


def line(ago, rest):
    return f"{int(time.time()) - ago}|{rest}\n"


def start(folder):
    """A log with people in it: Ana free, Luis on pause."""
    log = folder / "queue_log"
    log.write_text(line(4000, "NONE|NONE|NONE|QUEUESTART|") + line(3600, "MANAGER|600|Ana Gómez|ADDMEMBER|")
                   + line(3600, "MANAGER|600|Luis Pérez|ADDMEMBER|") + line(600, "NONE|600|Luis Pérez|PAUSE|Almuerzo")
                   + line(3, "1.0|600|NONE|ENTERQUEUE||3009990000|1") + line(1, "1.0|600|NONE|ABANDON|1|1|2"))
    return log


def append(log, rest, ago=0):
    with log.open("a") as file:
        file.write(line(ago, rest))


@pytest.fixture
def own(tmp_path):
    """A server as it comes, with no setting but its log, and people who may look."""
    log = start(tmp_path)
    with serving(tmp_path, QUEUE_LOG_PATH=str(log), TIMEZONE=around_noon(), REFRESH_SECONDS="2") as address:
        for name, role in (("ana", "admin"), ("sol", "supervisor"), ("leo", "viewer")):
            person(tmp_path, name, role)
        yield address, log


def arrive(page, username="sol"):
    sign_in(page, username=username)
    page.wait_for_selector("#live[data-version]")
    return page


def tile(page, name):
    return page.locator(f".tile-{name} .tile-value")


STAMP = """name => { const node = document.querySelector(".tile-waiting .tile-value"); window.seen = null;
    new MutationObserver(() => { if (node.textContent === name) { window.seen = window.seen || Date.now(); } })
        .observe(node, {childList: true, characterData: true, subtree: true}); }"""


def test_a_line_is_on_the_screen_within_two_seconds(own, visit):
    address, log = own
    page = arrive(visit(f"{address}/live"))
    expect(tile(page, "waiting")).to_have_text("0")
    late = []
    for count in range(1, 6):
        page.evaluate(STAMP, str(count))
        written = time.time()
        append(log, f"2.{count}|600|NONE|ENTERQUEUE||300111000{count}|{count}")
        until(page, "window.seen !== null")
        late.append(page.evaluate("window.seen") / 1000 - written)
    assert max(late) < 2, late
    expect(page.locator(".caller-number").first).to_have_text("3001110001")


def test_the_life_of_a_call(own, visit):
    address, log = own
    page = arrive(visit(f"{address}/live"))
    expect(page.locator(".agent-group.state-available .name")).to_have_text("Ana Gómez")
    expect(page.locator(".agent-group.state-paused small")).to_have_text("Almuerzo")
    append(log, "3.1|600|NONE|ENTERQUEUE||3001112222|1", 30)
    expect(tile(page, "waiting")).to_have_text("1")
    expect(page.locator(".queue-card")).to_have_class("queue-card yellow")
    expect(page.locator(".queue-card .pill")).to_contain_text("Atención")
    before = page.locator(".caller-clock").inner_text()
    until(page, f"document.querySelector('.caller-clock').textContent !== {json.dumps(before)}")
    append(log, "3.1|600|Ana Gómez|CONNECT|30|3.2|4")
    expect(page.locator(".agent-group.state-busy small")).to_contain_text("3001112222")
    expect(tile(page, "waiting")).to_have_text("0")
    append(log, "3.1|600|Ana Gómez|COMPLETECALLER|30|20|1")
    expect(page.locator(".agent-group.state-available .name")).to_have_text("Ana Gómez")
    expect(page.locator(".nobody")).to_be_visible()


def test_the_tiles_say_what_every_other_page_says(tmp_path, visit):
    log = start(tmp_path)
    (tmp_path / "var").mkdir(mode=0o700)
    (tmp_path / "var" / "names.csv").write_text("kind,key,name,service_level,target\nqueue,600,,,90\nqueue,601,,,60\n")
    with log.open("a") as file:
        for number in range(12):  # two thirds of them in 600, a third in 601; half of each within 20 seconds
            queue, wait = ("601" if number % 3 == 2 else "600"), (5 if number % 2 else 40)
            file.write(line(300, f"2.{number}|{queue}|NONE|ENTERQUEUE||3009990001|1")
                       + line(300 - wait, f"2.{number}|{queue}|Ana Gómez|CONNECT|{wait}|2.9|1")
                       + line(250 - wait, f"2.{number}|{queue}|Ana Gómez|COMPLETECALLER|{wait}|50|1"))
        file.write(line(200, "4.1|600|NONE|ENTERQUEUE||3009990002|1") + line(170, "4.1|600|NONE|ABANDON|1|1|30")
                   + line(5, "4.2|600|NONE|ENTERQUEUE||3009990003|1"))
    with serving(tmp_path, QUEUE_LOG_PATH=str(log), TIMEZONE=around_noon()) as address:
        person(tmp_path, "sol", "supervisor")
        page = arrive(visit(f"{address}/live", lost=True))
        told = page.request.get(f"{address}/api/dashboard/summary").json()["data"]["totals"]
        assert (told["offered"], told["abandoned"], told["short_abandoned"], told["in_progress"]) == (15, 2, 1, 1)
        assert told["abandon_pct"] == pytest.approx(100 / 13, abs=.01)
        expect(page.locator(".tile-abandoned .tile-note")).to_have_text("7.7 % · Ofrecidas 15")
        expect(tile(page, "level")).to_have_text("46.2 %")
        # Of thirteen calls nine belong to the queue that aims at 90 and four to the one that aims at 60.
        expect(page.locator(".tile-level .tile-note")).to_have_text("Hoy 46.2 % · Meta 81 %")


def test_sound_only_on_demand_and_once_per_transition(own, visit):
    address, log = own
    page = arrive(visit(f"{address}/live"))
    append(log, "3.1|600|NONE|ENTERQUEUE||3001112222|1", 30)
    expect(page.locator(".queue-card")).to_have_class("queue-card yellow")
    assert page.get_attribute("#live", "data-rang") is None
    page.click("#live-sound")
    append(log, "3.2|600|NONE|ENTERQUEUE||3001112223|2", 90)
    expect(page.locator(".queue-card")).to_have_class("queue-card red")
    expect(page.locator("#live")).to_have_attribute("data-rang", "1")
    append(log, "3.3|600|NONE|ENTERQUEUE||3001112224|3")
    expect(tile(page, "waiting")).to_have_text("3")
    assert page.get_attribute("#live", "data-rang") == "1"
    expect(page.locator(".live .visually-hidden")).to_contain_text("Alarma")


# value, second -> level: up at once, down only after ten seconds well back
WALK = """steps => { let state; return steps.map(([metric, value, at]) =>
    (state = window.live.step(state, metric, value, metric === "sl" ? [80, 65] : [3, 6], at)).level); }"""


def test_alarms_rise_at_once_and_fall_late(own, visit):
    page = arrive(visit(f"{own[0]}/live"))
    assert page.evaluate(WALK, [["waiting", v, t] for v, t in (
        (2, 0), (3, 1), (2, 2), (3, 3), (2, 4), (2, 13), (2, 14), (6, 15), (5, 16), (5, 25), (5, 26), (0, 27), (0, 40))
    ]) == ["normal", "yellow", "yellow", "yellow", "yellow", "yellow", "normal", "red", "red", "red", "yellow",
           "yellow", "normal"]
    assert page.evaluate(WALK, [["sl", v, t] for v, t in (
        (90, 0), (79, 1), (81, 2), (81, 30), (90, 31), (90, 41), (60, 42), (None, 43), (None, 60))]) == [
        "normal", "yellow", "yellow", "yellow", "yellow", "normal", "red", "red", "normal"]


def test_a_hidden_page_does_not_ask(own, visit):
    address, log = own
    page = arrive(visit(f"{address}/live"))
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/live/board" in request.url else None)
    until(page, "true")
    hide = "state => { Object.defineProperty(document, 'hidden', {value: state, configurable: true});" \
           " document.dispatchEvent(new Event('visibilitychange')); }"
    with page.expect_request("**/api/live/board*"):
        pass
    page.evaluate(hide, True)
    page.wait_for_timeout(1500)  # the request under way and the one that was due
    before = len(asked)
    page.wait_for_timeout(3500)
    assert len(asked) == before
    append(log, "3.1|600|NONE|ENTERQUEUE||3001112222|1")
    page.evaluate(hide, False)
    expect(tile(page, "waiting")).to_have_text("1")


def test_a_server_that_is_gone_is_said_and_found_again(tmp_path, visit):
    log = start(tmp_path)
    settings = {"QUEUE_LOG_PATH": str(log), "TIMEZONE": around_noon()}
    with serving(tmp_path, **settings) as address:
        person(tmp_path, "sol", "supervisor")
        page = visit(f"{address}/live", lost=True)
        arrive(page)
    trouble = page.locator(".live-trouble")
    expect(trouble).to_contain_text(re.compile(r"Sin conexión con el servidor desde hace \d+ s"), timeout=15_000)
    expect(trouble).to_have_class("live-trouble bad")
    with serving(tmp_path, SERVER_PORT=address.rsplit(":", 1)[1], **settings):
        expect(trouble).to_have_text("", timeout=30_000)
        append(log, "3.1|600|NONE|ENTERQUEUE||3001112222|1")
        expect(tile(page, "waiting")).to_have_text("1")


def test_a_log_that_stops_growing_is_said_in_amber_and_red(tmp_path, visit):
    log = tmp_path / "queue_log"
    log.write_text(line(3600, "MANAGER|600|Ana Gómez|ADDMEMBER|") + line(120, "1.0|600|NONE|ENTERQUEUE||300999|1")
                   + line(110, "1.0|600|NONE|ABANDON|1|1|10"))
    with serving(tmp_path, QUEUE_LOG_PATH=str(log), TIMEZONE=around_noon()) as address:
        person(tmp_path, "sol", "supervisor")
        page = arrive(visit(f"{address}/live", lost=True))
        trouble = page.locator(".live-trouble")
        expect(trouble).to_contain_text("El registro no recibe líneas desde hace")
        expect(trouble).to_have_class("live-trouble mild")
        append(log, "NONE|NONE|NONE|CONFIGRELOAD|")
        expect(trouble).to_have_text("")
        log.unlink()
        expect(trouble).to_have_class("live-trouble bad", timeout=15_000)
        expect(trouble).to_contain_text(re.compile("registro|log"))
        log.write_text(line(0, "NONE|NONE|NONE|CONFIGRELOAD|"))
        expect(trouble).to_have_text("", timeout=15_000)


def test_rotation_truncation_and_a_restart_of_asterisk(own, visit):
    address, log = own
    page = arrive(visit(f"{address}/live"))
    append(log, "3.1|600|NONE|ENTERQUEUE||3001112222|1")
    expect(tile(page, "waiting")).to_have_text("1")
    log.rename(log.with_name("queue_log-20260301"))
    log.write_text(line(0, "NONE|NONE|NONE|CONFIGRELOAD|") + line(0, "3.2|600|NONE|ENTERQUEUE||3001112223|2"))
    expect(tile(page, "waiting")).to_have_text("2")
    with log.open("r+") as file:  # copytruncate
        file.truncate()
    append(log, "3.3|600|NONE|ENTERQUEUE||3001112224|3")
    expect(tile(page, "waiting")).to_have_text("3")
    append(log, "NONE|NONE|NONE|QUEUESTART|")
    expect(tile(page, "waiting")).to_have_text("0")
    expect(page.locator(".agent-group.state-paused .name")).to_have_text("Luis Pérez")
    expect(page.locator(".live-trouble")).to_have_text("")


def ami(server, secret=SECRET):
    return {"AMI_HOST": "127.0.0.1", "AMI_PORT": str(server.port), "AMI_USER": "reader", "AMI_SECRET": secret}


def test_with_asterisk_ringing_is_seen_and_its_loss_is_said(tmp_path, visit):
    log = start(tmp_path)
    member = {"Event": "QueueMember", "Queue": "600", "Name": "Eva Ruiz", "Location": "SIP/103", "Status": "6",
              "Paused": "0"}
    with asterisk() as server:
        server.answer = [member]
        with serving(tmp_path, QUEUE_LOG_PATH=str(log), TIMEZONE=around_noon(), WORKERS="2", **ami(server)) as address:
            person(tmp_path, "sol", "supervisor")
            page = arrive(visit(f"{address}/live", lost=True))
            source = page.locator(".live-source")
            expect(source).to_have_text("Fuente: registro de colas y Asterisk (AMI)")
            expect(page.locator(".agent-group.state-ringing .name")).to_have_text("Eva Ruiz")
            assert server.logins == [True]  # two processes, one connection
            server.mute = True
            server.hang_up()
            expect(source).to_contain_text(re.compile("demasiado lento|No se llega a Asterisk|Conectando"),
                                           timeout=20_000)
            expect(page.locator(".agent-group.state-available .name")).to_have_text("Ana Gómez")


def test_a_wrong_secret_is_said_and_not_repeated(tmp_path, visit):
    log = start(tmp_path)
    with asterisk() as server, serving(tmp_path, QUEUE_LOG_PATH=str(log), TIMEZONE=around_noon(), WORKERS="2",
                                       **ami(server, "wrong")) as address:
        person(tmp_path, "sol", "supervisor")
        page = arrive(visit(f"{address}/live", lost=True))
        expect(page.locator(".live-source")).to_contain_text("Asterisk rechazó el usuario o el secreto")
        append(log, "3.1|600|NONE|ENTERQUEUE||3001112222|1")
        expect(tile(page, "waiting")).to_have_text("1")  # the log alone goes on
        assert server.logins == [False]


def test_a_screen_needs_no_password_until_the_link_is_revoked(own, visit):
    address, log = own
    append(log, "3.1|600|NONE|ENTERQUEUE||3001112222|1")
    boss = arrive(visit(f"{address}/live"), "ana")
    boss.click(".live-tools button:has-text('Enlaces')")
    boss.fill(".kiosk-form input[type=text]", "Sala <b>norte</b>")
    boss.click(".kiosk-form .button")
    link = boss.input_value("#kiosk-address")
    screen = visit(link, 1920, 1080, refused=1)
    expect(screen.locator(".caller-number")).to_have_text("300***222")
    expect(screen.locator(".queue-card")).to_have_count(1)
    assert screen.context.cookies() == []
    assert screen.evaluate("getComputedStyle(document.body).cursor") == "none"
    boss.reload()
    boss.wait_for_selector("#live[data-version]")
    boss.click(".live-tools button:has-text('Enlaces')")
    expect(boss.locator(".kiosk-list strong")).to_have_text("Sala <b>norte</b>")
    boss.click(".kiosk-list button:has-text('Revocar')")
    expect(screen.locator(".live-trouble")).to_contain_text("venció o fue revocado")


def test_thresholds_of_the_dialog_hold_at_once(own, visit):
    address, log = own
    append(log, "3.1|600|NONE|ENTERQUEUE||3001112222|1")
    page = arrive(visit(f"{address}/live"), "ana")
    expect(page.locator(".queue-card")).to_have_class("queue-card normal")
    page.click(".live-tools button:has-text('Umbrales')")
    page.fill("[data-cell='600 waiting yellow']", "1")
    page.fill("[data-cell='600 waiting red']", "1")
    page.keyboard.press("Escape")  # what was typed stays
    expect(page.locator(".dialog-error")).to_have_text("Hay cambios sin guardar. Guárdelos o cierre con la ×.")
    page.click(".live-dialog .button")
    expect(page.locator(".queue-card")).to_have_class("queue-card red")
    expect(page.locator(".queue-card .pill")).to_have_attribute("data-tip", "1 en espera: alarma desde 1.")
    page.keyboard.press("Escape")
    expect(page.locator(".live-dialog")).to_have_count(0)


def test_a_queue_says_why_it_has_its_colour(own, visit):
    page = arrive(visit(f"{own[0]}/live"))
    card = page.locator(".queue-card")
    expect(card.locator(".dot").first).to_have_text("1 disponible")
    expect(card.locator(".queue-clock")).to_have_text("—")
    expect(card.locator(".pill")).to_have_attribute("data-tip", "Ningún umbral alcanzado.")
    # The alarm has its own words, a level of too few calls has no colour and says so.
    append(own[1], "4.1|600|NONE|ENTERQUEUE||3001112222|1", 120)
    append(own[1], "4.1|600|Ana Gómez|CONNECT|60|4.2|4", 60)
    append(own[1], "4.1|600|Ana Gómez|COMPLETEAGENT|60|50|1", 10)
    expect(card).to_have_class("queue-card normal")
    expect(card.locator(".pill")).to_have_attribute("data-tip", re.compile(
        r"^Ningún umbral alcanzado\. NS 30 min 0\.0 %: sin alarma con menos de 5 llamadas\.$"))


def test_a_viewer_has_no_dialogs_and_no_links(own, visit):
    address, log = own
    append(log, "3.1|600|NONE|ENTERQUEUE||3001112222|1")
    page = arrive(visit(f"{address}/live"), "leo")
    expect(page.locator(".caller-number")).to_have_text("300***222")
    assert page.locator(".live-tools button").count() == 1
    assert page.locator(".live a[href*='/calls']").count() == 0


@pytest.mark.parametrize("width, height", [(1920, 1080), (1280, 720), (1080, 1920)])
def test_the_screen_on_the_wall_fits_and_takes_turns(own, visit, width, height):
    address, log = own
    for n in range(14):
        append(log, f"3.{n}|{600 + n % 9}|NONE|ENTERQUEUE||30011122{n:02}|1", 60 - n)
    page = visit(f"{address}/live", width, height)
    page.clock.install()
    arrive(page)
    page.goto(f"{address}/live?tv=1")
    page.wait_for_selector("#live[data-version]")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator(".live-queues")).to_be_visible()
    whole = "document.documentElement.scrollHeight <= innerHeight && [...document.querySelectorAll('.queue-card')]" \
            ".every(c => c.getBoundingClientRect().bottom <= innerHeight)"
    until(page, whole)
    letters = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.tile-value')).fontSize)")
    assert letters / min(height, width) > 0.06
    OUT.mkdir(exist_ok=True)
    page.screenshot(path=OUT / f"live-tv-{width}.png")
    page.clock.fast_forward(16_000)
    expect(page.locator(".live-agents")).to_be_visible()
    expect(page.locator(".live-queues")).to_be_hidden()
    for n in range(24):  # more than fit: some of every group are seen, and nothing runs over
        append(log, f"MANAGER|600|Persona {n}|ADDMEMBER|", 50 - n)
    heads = page.locator(".agent-group.state-available h3")
    expect(heads).to_contain_text("25")
    until(page, "(box => box.scrollHeight <= box.clientHeight + 1)(document.querySelector('.live-agents'))")
    shown = page.locator(".agent-group.state-available li").count()
    if shown < 25:
        expect(heads).to_contain_text(f"y {25 - shown} más")
        page.evaluate("""() => { const list = document.querySelector('.agent-group.state-available ul');
            for (let i = 0; i < 4; i += 1) { list.appendChild(list.lastChild.cloneNode(true)); } }""")
        assert page.evaluate("(b => b.scrollHeight > b.clientHeight + 1)(document.querySelector('.live-agents'))")
    expect(page.locator(".agent-group.state-paused li")).to_have_count(1)
    page.screenshot(path=OUT / f"live-tv-{width}-agents.png")
    page.clock.fast_forward(16_000)
    expect(page.locator(".live-queues")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_size_and_theme(own, visit, scheme):
    address, log = own
    append(log, "3.1|600|NONE|ENTERQUEUE||3001112222|1", 40)
    page = arrive(visit(f"{address}/live", 1440, 900, scheme))
    OUT.mkdir(exist_ok=True)
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        expect(tile(page, "waiting")).to_have_text("1")
        until(page, f"window.innerWidth === {width} && document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=OUT / f"live-{width}-{scheme}.png", full_page=True)


def test_a_name_that_is_markup_stays_a_name(own, visit):
    address, log = own
    append(log, "3.1|<img src=x onerror=alert(1)>|NONE|ENTERQUEUE||<script>alert(2)</script>|1")
    append(log, "MANAGER|600|<b onmouseover=alert(3)>Eva</b>|ADDMEMBER|")
    page = arrive(visit(f"{address}/live"))
    expect(page.locator(".queue-name").first).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator(".live-agents")).to_contain_text("<b onmouseover=alert(3)>Eva</b>")
    assert page.locator(".live img, .live script, .live b:not(.count-chip b)").count() == 0


def test_the_axis_of_today_has_even_steps(own, visit):
    """Seven calls in this hour: 0, 2, 4, 6 and 8, not 0, 4 and 7."""
    address, log = own
    for n in range(6):
        append(log, f"2.{n}|600|NONE|ENTERQUEUE||3009990000|{n + 1}")
    page = arrive(visit(address + "/live"))
    page.wait_for_function("document.querySelectorAll('.curve text.end').length === 5")
    assert page.locator(".curve text.end").all_text_contents() == ["0", "2", "4", "6", "8"]
