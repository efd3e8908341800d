"""Issabel's databases in a browser: a hint while they are away, gone when they are back, without a restart."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browsing import around_noon, person, serving, sign_in
from tests.data.test_doctor import call
from tests.mariadb import Tunnel

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("mariadb")]


@pytest.fixture
def site(mariadb, tmp_path):
    """A server whose database is away from the start, and the tunnel that brings it back."""
    now = int(time.time())
    (tmp_path / "queue_log").write_text("".join(call(now - 200 - n, "600", "SIP/1001") for n in range(40, -1, -1)))
    with (tmp_path / "queue_log").open("a") as file:
        file.write("not a line of a log\n")
    mariadb.run("INSERT INTO asterisk.queues_config (extension, descr) VALUES ('600', '<b>Ventas</b>')")
    mariadb.run("INSERT INTO asterisk.users (extension, name) VALUES ('1001', 'Ana Gómez')")
    tunnel = Tunnel(mariadb.port)
    tunnel.close()
    with serving(tmp_path, QUEUE_LOG_PATH=str(tmp_path / "queue_log"), TIMEZONE=around_noon(), DB_HOST="127.0.0.1",
                 DB_PORT=str(tunnel.port), DB_USER="least", DB_PASSWORD="lectura", WORKERS="1") as address:
        person(tmp_path, "eva", "admin")
        yield address, tunnel
    tunnel.close()


def test_the_hint_leads_to_what_mends_it_and_goes_when_the_database_is_back(site, visit):
    address, tunnel = site
    page = visit(address)
    sign_in(page, username="eva")
    expect(page.locator("#dashboard-kpis .kpi")).to_have_count(6)
    hint = page.locator(".fresh.database")
    expect(hint).to_have_count(1)
    expect(hint).to_contain_text("El servidor de base de datos no responde")
    hint.click()
    expect(page).to_have_url(re.compile("/data-health"))
    wrong = page.locator(".health-card.wrong")
    expect(wrong).to_have_count(1)
    expect(wrong).to_contain_text("iptables")
    expect(page.locator(".health-card", has_text="not a line of a log")).to_have_count(1)
    page.locator(".health-card.wrong [data-command]").click()
    expect(page.locator(".health-card.wrong .tool.done")).to_have_count(1)
    tunnel.open()
    expect(hint).to_have_count(0, timeout=30_000)
    page.locator("#health-again").click()
    expect(page.locator(".health-card.wrong")).to_have_count(0)
    page.locator(".rail a[href$='/queues']").click()
    expect(page.locator("body")).to_contain_text("600 <b>Ventas</b>")
