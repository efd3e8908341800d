"""Disks that are full or may only be read: what is there is served, what is wrong is said, nothing is lost."""

import datetime as dt
import shutil
import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from data import book_open
from data.jobs import Jobs
from tests import sounds
from tests.browsing import PASSWORD, ROOT
from tests.service.conftest import BEGIN, needs_root, until

EXCEL = "/api/reports/export/calls/excel?start_date=2026-01-01&end_date=2026-12-31&origin=all"


def said(one, problem: str) -> bool:
    found = one.health()
    return found["problem"] == problem and found["status"] == "degraded"


def test_the_data_folder_is_full(service, disk):
    """Numbers stay, and say that they do; whoever is inside stays inside; what cannot be kept is refused in words."""
    one = service()
    place = disk(one.data)
    one.call(300)
    one.person()
    one.start()
    assert one.enter().status == 303
    until(lambda: one.offered() == 300)
    place.fill()
    one.call(30_000)  # more than any page of the journal that is still free
    until(lambda: said(one, book_open.FULL), "nobody says that the disk is full")
    before = one.offered()
    assert one.get("/").status == 200
    for _ in range(3):
        assert one.get("/api/auth/me").status == 200
        assert one.offered() == before
    kept, one.cookie = one.cookie, ""
    refused = one.enter()  # a new session cannot be kept
    assert (refused.status, "its disk is full" in refused.text) == (503, True), refused.text[:300]
    one.cookie = kept
    answer = one.get(EXCEL)
    assert answer.status == 503, answer.text[:300]
    assert answer.json["error"]["code"] == "unavailable"
    assert "full" in answer.json["error"]["message"]
    assert "Traceback" not in one.said(), one.said()
    place.free()
    until(lambda: one.health()["status"] == "ok", "it does not go on")
    until(lambda: one.offered() == one.number)
    assert one.enter().status == 303
    assert one.get(EXCEL).status == 200
    one.stop()
    assert one.exactly_once()
    assert one.shell("users", "check").returncode == 0


def enter(page) -> None:
    page.fill("input[name=username]", "ana")
    page.fill("input[name=password]", PASSWORD)
    page.click("button.main")


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_the_page_says_it(service, disk, visit, trouble):
    """In the frame of every page, over the numbers that are there."""
    one = service()
    place = disk(one.data)
    one.call(40)
    one.person()
    one.start()
    page = visit(f"http://127.0.0.1:{one.port}/login", locale="en-US", refused=0)
    if trouble == "read-only":
        until(lambda: one.enter().status == 303)
        until(lambda: one.offered() == 40)
        one.stop()
        place.remount("ro")
        one.start()
    enter(page)
    page.wait_for_url(f"http://127.0.0.1:{one.port}/*")
    if trouble == "full":
        place.fill()
        one.call(30_000)
    words = {"full": "The disk is full", "read-only": "The data folder may not be written"}[trouble]
    expect(page.locator("body")).to_contain_text(words, timeout=30_000)
    if trouble == "read-only":
        place.remount("rw")


def test_a_read_only_disk_serves_what_is_there(service, disk):
    """As a kernel leaves it after an error: a start, sign-ins, numbers, words; no traceback, nothing on the disk."""
    one = service(WORKERS="2")
    place = disk(one.data)
    one.call(300)
    one.person()
    one.start()
    assert one.enter().status == 303
    until(lambda: one.offered() == 300)
    one.kill()  # with write-ahead logs that nobody took in
    one.call(5)
    place.remount("ro")
    one.start()
    until(lambda: said(one, book_open.READ_ONLY), "nobody says that it is read-only")
    assert one.get("/api/auth/me").json["data"]["username"] == "ana"  # of before
    one.cookie = ""
    assert one.enter().status == 303
    for _ in range(8):  # both workers know the new session
        assert one.offered() == 300
    for path in ("/", "/live", "/calls", "/reports"):
        assert one.get(path).status == 200
    answer = one.get(EXCEL)
    assert (answer.status, answer.json["error"]["code"]) == (503, "unavailable"), answer.text[:300]
    for words in (("users", "list"), ("dump", "legs"), ("doctor",)):
        done = one.shell(*words)
        assert "Traceback" not in done.stderr, done.stderr
    assert "ana" in one.shell("users", "list").stdout
    assert "Traceback" not in one.said(), one.said()
    assert "people sign in to a copy" in one.said()
    one.stop()
    place.remount("rw")
    one.start()
    assert one.get("/api/auth/me").status == 401  # who came in meanwhile was only in the copy
    assert one.enter().status == 303
    until(lambda: one.offered() == 305)
    until(lambda: one.health()["status"] == "ok")
    one.stop()
    assert one.exactly_once()
    assert one.shell("users", "check").returncode == 0


def test_the_disk_turns_read_only_under_a_service(service, disk, tmp_path):
    """Nobody is sent away and numbers stay; on a disk that is well again nothing is missing."""
    one = service()
    place = disk(one.data, image=tmp_path / "image")
    one.call(50)
    one.person()
    one.start()
    assert one.enter().status == 303
    until(lambda: one.offered() == 50)
    until(lambda: one.health()["status"] == "ok")
    place.fail()
    one.call(5)
    until(lambda: one.health()["status"] == "degraded", "nobody says it")
    assert one.get("/").status == 200
    assert one.get("/api/auth/me").status == 200
    assert one.offered() == 50
    answer = one.get(EXCEL)
    assert answer.status == 503, answer.text
    assert "Traceback" not in one.said(), one.said()
    one.kill()
    one.data = shutil.copytree(one.data, tmp_path / "rescued", ignore=shutil.ignore_patterns("lost+found"))
    one.environment["DATA_DIR"] = str(one.data)
    one.start()
    until(lambda: one.offered() == 55)
    one.stop()
    assert one.exactly_once()


def test_an_installation_that_cannot_begin_says_so_in_a_sentence(service, disk):
    """An empty folder on a read-only disk: there is nothing to serve."""
    one = service()
    disk(one.data).remount("ro")
    for words in ((), ("users", "list")):
        done = one.shell(*words)
        assert done.returncode == 2, done.stderr
        assert done.stderr.count("\n") == 1, done.stderr


def test_no_room_for_converted_recordings(service, disk):
    """The one folder is full, everything else works: a recording that browsers play as it is is heard, one that would
    have to be converted is refused in words, and played once there is room."""
    one = service()
    place = disk(one.data / "audio", "64k")
    began = dt.datetime.fromtimestamp(BEGIN + 1, ZoneInfo("America/Bogota"))
    one.call(2)
    for number, ending in ((1, "gsm"), (2, "wav")):
        path = one.folder / f"monitor/{began:%Y/%m/%d}" / (
            f"q-600-3{number:09}-{began:%Y%m%d-%H%M%S}-{BEGIN}.{number}.{ending}")
        path.parent.mkdir(parents=True, exist_ok=True)
        sounds.aged(sounds.record(path))
    one.person(role="supervisor")
    one.start()
    assert one.enter().status == 303
    until(lambda: one.offered() == 2)
    place.fill()
    refused = one.get(f"/api/recordings/stream/{BEGIN}.1")
    assert refused.status == 503, refused.text
    assert refused.json["error"]["message"] == "The recording cannot be prepared on the server right now."
    assert one.get(f"/api/recordings/stream/{BEGIN}.2").status == 200
    until(lambda: one.health()["status"] == "ok")
    place.free()
    assert one.get(f"/api/recordings/stream/{BEGIN}.1").status == 200
    assert not list(place.place.glob("*.part"))
    assert "Traceback" not in one.said()


def test_no_room_where_reports_are_kept(service, disk):
    """Said in words, nothing of it left behind, everything else works; the next one comes through."""
    one = service()
    place = disk(one.data / "exports", "400k")
    one.call(20_000)
    one.person()
    one.start()
    assert one.enter().status == 303
    until(lambda: one.offered() == 20_000)
    answer = one.get(EXCEL)
    assert (answer.status, answer.headers["Content-Type"]) == (503, "application/json")
    assert "full" in answer.json["error"]["message"]
    until(lambda: one.health()["status"] == "ok")
    until(lambda: not list(place.place.glob("*.part")) + list(place.place.glob("*.out")), "something was left behind")
    place.remount("size=64m")
    until(lambda: one.get(EXCEL).status == 200)


def test_no_room_where_reports_are_put_together(service, disk):
    """What needs no room there is made, what does is made without it or refused in words."""
    one = service()
    place = disk(one.folder / "tmp", "1m")
    one.environment["TMPDIR"] = str(place.place)
    one.call(200)
    one.person()
    one.start()
    assert one.enter().status == 303
    until(lambda: one.offered() == 200)
    place.fill()
    assert one.get(EXCEL).status == 200
    answer = one.get("/api/reports/export/general/pdf?start_date=2026-03-03&end_date=2026-03-03&origin=all")
    assert answer.status in (200, 503), answer.text[:300]
    until(lambda: one.health()["status"] == "ok")
    assert "Traceback" not in one.said(), one.said()


KILLED = """
import os, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from data.jobs import Jobs, Result
def make(asked, part, progress):
    with part.open("wb") as file:
        for step in range(10):
            if step == int(sys.argv[2]):
                os.kill(os.getpid(), 9)
            file.write(b"x" * 1000)
            file.flush()
            progress(step, 10)
    return Result("report", [])
Jobs(Path(sys.argv[1])).work(make, idle=0)
"""


def test_killed_at_ten_points_of_a_report(tmp_path):
    """Whoever comes next says that it was lost, takes away what was left, and makes the next one."""
    jobs = Jobs(tmp_path / "exports")
    for step in range(10):
        job = jobs.submit("1", {"form": "csv"})
        done = subprocess.run([sys.executable, "-c", KILLED, str(jobs.folder), str(step), str(ROOT)])
        assert done.returncode == -9
        assert list(jobs.folder.glob("*.part"))
        assert not jobs.file(job.id).exists()
        good = jobs.submit("1", {"form": "csv"})
        subprocess.run([sys.executable, "-c", KILLED, str(jobs.folder), "99", str(ROOT)], check=True)
        assert [jobs.get(one.id, "1").state for one in (job, good)] == ["failed", "done"]
        assert jobs.file(good.id).stat().st_size == 10_000
        assert not list(jobs.folder.glob("*.part"))


def test_a_disk_that_is_full_is_proven_to_be(disk, tmp_path):
    """The other tests here would prove nothing if it were not."""
    needs_root()
    place = disk(tmp_path / "small", "1m")
    place.fill()
    with pytest.raises(OSError, match="No space"), (place.place / "more").open("wb", buffering=0) as file:
        file.write(b"x")
