"""An administrator and a new person, each in a browser of their own."""

import pytest
from playwright.sync_api import expect

from tests.api.conftest import lines
from tests.browsing import PASSWORD, person, serving, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    (folder / "queue_log").write_text(lines())
    with serving(folder, QUEUE_LOG_PATH=str(folder / "queue_log"), TIMEZONE="America/Bogota") as address:
        person(folder, "ana", "admin")
        yield address


@pytest.mark.parametrize("width", [1440, 390])
def test_from_the_invitation_to_the_end(site, visit, width):
    name = f"nora{width}"
    boss = visit(f"{site}/login?next=/users", width)
    sign_in(boss, username="ana")
    boss.click("[data-person='0']")
    boss.fill("#users-username", name)
    boss.click("#users-save")
    link = boss.locator(".secret code")
    expect(link).to_contain_text(f"{site}/invitation/")
    them = visit(str(link.text_content()), width)
    for field in ("new_password", "repeat_password"):
        them.fill(f"input[name={field}]", PASSWORD)
    them.click("button.main")
    expect(them.locator("#shell-title")).to_have_text("Resumen")
    assert them.locator("#shell-rail a[href$='/users']").count() == 0
    them.goto(f"{site}/account")
    expect(them.locator(".account-facts")).to_contain_text("Resumen y en vivo")
    them.goto(f"{site}/password")  # a page that asks nothing by itself
    boss.click("[data-person='close']")
    row = boss.locator(".account-table tr", has_text=name)
    row.locator("[data-person]").click()
    boss.locator(".act", has_text="Eliminar").locator("summary").click()
    boss.click("[data-act='remove']")
    expect(boss.locator(".account-table tr", has_text=name)).to_have_count(0)
    them.reload()
    expect(them.locator("h1")).to_have_text("Iniciar sesión")
    boss.goto(f"{site}/users/audit")
    expect(boss.locator(".audit-table")).to_contain_text(f"{name}")
    label = boss.locator(".audit-table td[data-label='Persona']").first.evaluate(
        "cell => getComputedStyle(cell, '::before').content")
    assert label == ('"Persona"' if width == 390 else "none")   # where the heads are not shown
    assert boss.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    boss.fill("#audit-target", name)
    boss.click(".audit-form button")
    expect(boss.locator(".audit-list .caption")).to_contain_text("líneas")
    expect(boss.locator(".audit-table tbody tr").first).to_contain_text("Persona eliminada")
    assert f"target={name}" in boss.url
    boss.click("#audit-check")
    expect(boss.locator("#audit-said .good")).to_contain_text("no falta ninguna")


def test_esc_closes_one_thing_and_keeps_what_was_typed(site, visit):
    boss = visit(f"{site}/login?next=/users")
    sign_in(boss, username="ana")
    field, lists = boss.locator("#users-username"), boss.locator("[data-radix-popper-content-wrapper]")
    boss.click("[data-person='0']")
    expect(field).to_be_visible()
    boss.keyboard.press("Escape")
    expect(field).to_have_count(0)
    boss.click("[data-person='0']")
    field.fill("rosa")
    boss.locator("label", has_text="Solo estas").click()
    boss.click("#users-queues")
    expect(lists).to_have_count(1)
    boss.keyboard.press("Escape")
    expect(lists).to_have_count(0)
    expect(field).to_have_value("rosa")
    expect(boss.locator("#users-kept")).to_be_hidden()
    boss.keyboard.press("Escape")
    expect(boss.locator("#users-kept")).to_have_text("Hay cambios sin guardar. Guárdelos o cierre con la ×.")
    expect(field).to_have_value("rosa")
    boss.click("[data-person='close']")
    expect(field).to_have_count(0)
    boss.locator(".account-table [data-person]").first.click()
    boss.click("#users-language")  # looking at a list changes nothing, choosing from it does
    expect(lists).to_have_count(1)
    boss.keyboard.press("Escape")
    expect(lists).to_have_count(0)
    boss.click("#users-language")
    lists.get_by_text("English").click()
    expect(lists).to_have_count(0)
    boss.keyboard.press("Escape")
    expect(boss.locator("#users-kept")).to_be_visible()
    boss.click("[data-person='close']")
    expect(boss.locator("#users-role")).to_have_count(0)


def test_every_tab_of_the_browser_says_what_is_in_it(site, visit):
    page = visit(f"{site}/login?next=/calls")
    sign_in(page, username="ana")
    expect(page).to_have_title("Llamadas · Call Center Analytics")
    page.click("#shell-rail a[href*='/agents']")
    expect(page).to_have_title("Agentes · Call Center Analytics")
    page.click("[data-language]")
    expect(page).to_have_title("Agents · Call Center Analytics")
    page.goto(f"{site}/agents/Ana%20G%C3%B3mez")
    expect(page).to_have_title("Ana Gómez · Call Center Analytics")
    page.goto(f"{site}/users/audit")
    expect(page).to_have_title("Audit · Call Center Analytics")
    page.goto(f"{site}/nowhere")
    expect(page).to_have_title("Page not found · Call Center Analytics")
