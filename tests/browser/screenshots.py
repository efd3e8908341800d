"""`make screenshots`: the pictures of the README, taken of the program itself over an invented center.

Each page light, dark and on a telephone, into docs/screenshots as small PNG files. The center lives in a zone where it
is afternoon now, so that there is a day to look at whenever this runs.
"""

import datetime as dt
import io
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from data import demo
from tests.browsing import CHROMIUM, FLAGS, ROOT, person, serving, sign_in, until

INTO = ROOT / "docs" / "screenshots"
DAYS, CALLS, AFTERNOON = 60, 420, 15
COLORS = 256  # of a picture: a third of the bytes
LIMIT = 1_500_000  # bytes of all pictures
LOOKS = {"light": (1366, 854, "light", 1.0), "dark": (1366, 854, "dark", 1.0), "mobile": (390, 844, "light", 1.5)}
# Page, address, and what stands there when it has been drawn.
PAGES = {
    "resumen": ("/", ["#dashboard-kpis .kpi", "#dashboard-volume .bars", "#dashboard-heat .main-svg",
                      "#dashboard-queues table", "#dashboard-outcomes .count"]),
    "en-vivo": ("/live", ["#live[data-version]", ".queue-card", ".agent-group", ".caller-number"]),
    "llamadas": ("/calls?period=last_7", ["#calls-grid [row-index='3'] [col-id]"]),
    "colas": ("/queues?period=last_7", ["#queues-table table", "#queues-levels .main-svg", "#queues-volume .main-svg"]),
    "agentes": ("/agents?period=last_7", ["#agents-kpis .kpi", "#agents-table table", "#agents-gantt .main-svg"]),
    "reportes": ("/reports?period=last_7", [".report-table", ".report .graph .main-svg"]),
}


def zone() -> str:
    """Where it is afternoon now; in America while it is there."""
    names = [name for name in available_timezones() if "/" in name and not name.startswith("Etc/")]
    now = dt.datetime.now(dt.UTC)
    return min((name for name in names if now.astimezone(ZoneInfo(name)).hour == AFTERNOON),
               key=lambda name: (not name.startswith("America/"), name))


def small(picture: bytes) -> bytes:
    """The same picture with fewer colors."""
    found = Image.open(io.BytesIO(picture)).convert("RGB")
    out = io.BytesIO()
    fewer = found.quantize(COLORS, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
    fewer.save(out, "PNG", optimize=True)
    return out.getvalue()


def drawn(page: Page, address: str, path: str, wanted: list[str]) -> None:
    """Opens an address and waits until everything is there."""
    page.goto(address + path)
    for selector in wanted:
        expect(page.locator(selector).first).to_be_visible(timeout=60_000)
    until(page, "!document.querySelector('.skeleton, ._dash-loading')", 60)
    page.wait_for_timeout(300 if path == "/live" else 2500)  # what was drawn last fades in; callers do not wait long


def take(browser: Browser, address: str, look: str) -> dict[str, bytes]:
    width, height, scheme, scale = LOOKS[look]
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, color_scheme=scheme,  # type: ignore[arg-type]
        locale="es-CO", reduced_motion="reduce", is_mobile=look == "mobile")
    page = context.new_page()
    page.goto(address)
    sign_in(page, username="Valentina")
    expect(page.locator("#dashboard-kpis .kpi").first).to_be_visible(timeout=60_000)
    found = {}
    for name, (path, wanted) in PAGES.items():
        drawn(page, address, path, wanted)
        found[f"{name}-{look}"] = small(page.screenshot(animations="disabled", timeout=120_000))
    context.close()
    return found


def center(folder: Path, place: str) -> demo.Centre:
    """Two months of calls up to now, with the names that an administrator would have given."""
    made = demo.write(folder / "center", days=DAYS, calls_per_day=CALLS, timezone=place, recordings=60)
    (folder / "var").mkdir()
    shutil.copy(made.names, folder / "var" / "names.csv")
    return made


def main() -> int:
    looks = sys.argv[1:] or list(LOOKS)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as name:
        folder, place, stop = Path(name), zone(), threading.Event()
        made = center(folder, place)
        traffic = threading.Thread(target=demo.run, args=(made.folder, stop, made), daemon=True)
        traffic.start()
        try:
            with serving(folder, QUEUE_LOG_PATH=str(made.queue_log), RECORDINGS_DIR=str(made.recordings),
                         TIMEZONE=place, COMPANY_NAME="Contacto Andino") as address, sync_playwright() as playwright:
                person(folder, "Valentina", "admin")
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                found = {file: picture for look in looks for file, picture in take(browser, address, look).items()}
                browser.close()
        finally:
            stop.set()
            traffic.join(10)
    INTO.mkdir(parents=True, exist_ok=True)
    for file, picture in found.items():
        (INTO / f"{file}.png").write_bytes(picture)
        print(f"{len(picture) // 1024:5d} KB  {os.path.relpath(INTO, ROOT)}/{file}.png")
    whole = sum(path.stat().st_size for path in INTO.glob("*.png"))
    print(f"{whole // 1024:5d} KB in all")
    return int(whole > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
