"""A real server in a process of its own, and Chromium in front of it, watched for noise."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from auth.users import UserStore

ROOT = Path(__file__).parent.parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
expect.set_options(timeout=15_000)     # a machine that is busy with other things is no failure
PASSWORD = "una frase larga y nueva"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def around_noon() -> str:
    """A zone where it is now between twelve and one: what a test writes of the last hours is of today in it."""
    return f"Etc/GMT{time.gmtime().tm_hour - 12:+d}"


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[str]:
    """The application on a free port with these settings; yields its address."""
    port = int(settings.get("SERVER_PORT") or free_port())
    keep = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")], cwd=folder, stdout=output, stderr=subprocess.STDOUT,
            env={**keep, "DATA_DIR": str(folder / "var"), "SERVER_PORT": str(port), "REFRESH_SECONDS": "0.5",
                 **settings})
    address = f"http://127.0.0.1:{port}"
    try:
        ready(process, address + settings.get("URL_PREFIX", "/") + "health", log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def ready(process: subprocess.Popen, address: str, log: Path) -> None:
    """Waits until the server answers and has read its log; shows its output when it does not come up."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if b'"version":0' not in answer.read():
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


# What the browser and Dash write when nobody answers.
UNREACHED = re.compile(r"net::ERR_|Callback failed: the server did not respond|Failed to fetch")


class Watch:
    """What a page said on its console and where it went."""

    def __init__(self, page: Page, address: str, lost: bool = False):
        self.noise: list[str] = []
        self.foreign: list[str] = []
        home = urlsplit(address).netloc
        page.on("console", lambda m: self.noise.append(m.text) if m.type in ("error", "warning") and not (
            lost and UNREACHED.search(m.text)) else None)
        page.on("pageerror", lambda e: self.noise.append(str(e)))
        page.on("request", lambda r: self.foreign.append(r.url) if urlsplit(r.url).scheme in ("http", "https", "ws")
                and urlsplit(r.url).netloc != home else None)


@pytest.fixture
def visit(chromium) -> Iterator[Callable[..., Page]]:
    """Opens an address in a fresh browser; at the end the console must be clean and nothing left this machine.

    `refused`: how many requests the server is expected to refuse, such as sign-ins; `refusal`: what the console
    then says of each. `lost`: whether the server will be out of reach for a while.
    """
    opened: list[tuple[BrowserContext, Watch, int | range, str]] = []

    def open_page(address: str, width: int = 1440, height: int = 900, scheme: str = "light",
                  locale: str = "es-PE", refused: int | range = 0, refusal: str = "401 (UNAUTHORIZED)",
                  lost: bool = False) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale)
        page = context.new_page()
        opened.append((context, Watch(page, address, lost), refused, refusal))
        page.goto(address)
        return page

    yield open_page
    for context, watch, refused, refusal in opened:
        context.close()
        told = [words for words in watch.noise if refusal in words]
        noise = [words for words in watch.noise if words not in told]
        assert noise == [], noise
        assert len(told) in (refused if isinstance(refused, range) else (refused,)), told
        assert watch.foreign == [], watch.foreign


def until(page: Page, expression: str, seconds: float = 20) -> None:
    """Waits until the expression is true on the page; Playwright's own way needs what our pages forbid (eval)."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def person(folder: Path, username: str, role: str, **more: Any) -> None:
    """Somebody who may sign in with PASSWORD at the server of this folder; `more` as UserStore.add."""
    people = UserStore(f"sqlite:///{folder / 'var' / 'app.db'}", folder=folder / "var")
    people.add(username, PASSWORD, role, **more)
    people.close()


def sign_in(page: Page, password: str = PASSWORD, username: str = "admin") -> None:
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("button.main")


def first_sign_in(page: Page) -> None:
    """The first person of an installation: signs in, is made to change the password, arrives at the page."""
    sign_in(page, "admin123")
    page.wait_for_url("**/password*")
    page.fill("input[name=current_password]", "admin123")
    page.fill("input[name=new_password]", PASSWORD)
    page.fill("input[name=repeat_password]", PASSWORD)
    page.click("button.main")
