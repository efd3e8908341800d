"""`/health`: well, hindered, or of no use; each fault made for real and taken away again."""

import json
import os
import shutil
import sqlite3
import threading
import time
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import OperationalError

import app as house
import config
from auth.reach import Reach
from data import sources, vitals
from data.ami_link import REFUSED
from data.book_open import NEWER
from tests.api.conftest import lines
from tests.browsing import free_port


@pytest.fixture
def made(tmp_path):
    """The whole program; `made(**settings)`."""
    opened = []

    def make(**more):
        log = tmp_path / "queue_log"
        if not log.exists():
            log.write_text(lines())
        application = house.create_app(config.load(QUEUE_LOG_PATH=log, DATA_DIR=tmp_path / "var",
                                                   TIMEZONE="America/Bogota", **more))
        opened.append(application)
        application.store.refresh()
        return application
    yield make
    for application in opened:
        application.store.book.close()
        application.users.close()


def asked(application):
    """Status code, status and reasons."""
    answer = application.server.test_client().get("/health")
    return answer.status_code, answer.json["status"], [one["code"] for one in answer.json["reasons"]]


def test_well(made):
    application = made()
    assert asked(application) == (200, "ok", [])
    said = application.server.test_client().get("/health").json
    assert {"status", "version", "log_age", "bad_lines", "rejected", "problem", "name", "release"} <= set(said)


def test_the_log_is_gone_and_comes_back(made, tmp_path):
    application = made()
    (tmp_path / "queue_log").rename(tmp_path / "elsewhere")
    for _ in range(2):  # once may be a rotation
        application.store.refresh()
    assert asked(application) == (200, "degraded", ["log_missing"])
    assert application.server.test_client().get("/health").json["problem"] == sources.MISSING
    (tmp_path / "elsewhere").rename(tmp_path / "queue_log")
    application.store.refresh()
    assert asked(application) == (200, "ok", [])


def test_no_log_from_the_beginning_is_no_reason_to_be_down(made, tmp_path):
    (tmp_path / "queue_log").write_text("")
    application = made()
    (tmp_path / "queue_log").unlink()
    for _ in range(2):
        application.store.refresh()
    assert asked(application) == (200, "degraded", ["log_missing"])


def test_the_log_is_a_folder(made, tmp_path):
    application = made()
    (tmp_path / "queue_log").unlink()
    (tmp_path / "queue_log").mkdir()
    for _ in range(2):
        application.store.refresh()
    assert asked(application) == (200, "degraded", ["log_unreadable"])


def test_nothing_is_written_any_more(made, tmp_path):
    application = made(LOG_STALE_HOURS=2)
    long_ago = time.time() - 3 * 3600
    os.utime(tmp_path / "queue_log", (long_ago, long_ago))
    assert asked(application) == (200, "degraded", ["log_stale"])
    with (tmp_path / "queue_log").open("a") as file:
        file.write(f"{int(time.time())}|NONE|NONE|NONE|CONFIGRELOAD|\n")
    assert asked(application) == (200, "ok", [])


def test_more_than_a_hundredth_of_the_lines_is_no_event(made, tmp_path):
    (tmp_path / "queue_log").write_text(lines() * 10 + "this is no event\n")
    application = made()
    assert asked(application) == (200, "ok", [])
    with (tmp_path / "queue_log").open("a") as file:
        file.write("neither is this\n" * 3)
    application.store.refresh()
    assert asked(application) == (200, "degraded", ["rejected_lines"])


def test_nobody_reads_the_log(made):
    application = made()
    one = watching(application)
    old = time.time() - 10_000
    os.utime(application.store.beat.path, (old, old))
    assert "ingester_dead" not in [reason.code for reason in one.reasons()]  # a service that has just begun
    one.clock = lambda: time.time() + one.silent + 1
    assert [reason.code for reason in one.reasons()] == ["ingester_dead"]
    assert not one.ingester_alive()
    application.store.refresh()
    one.clock = time.time
    one._began -= 10 * one.silent
    assert one.ingester_alive()
    assert one.reasons() == []


def watching(application, people=lambda: True, asterisk=lambda: None):
    return vitals.Vitals(application.store.book.folder.parent, application.store, application.issabel, people, asterisk,
                         application.store.follower.path, 10**9, 2)


def test_lines_that_wait_are_a_lag(made, tmp_path):
    application = made()
    one = watching(application)
    assert one.lag() == 0
    looked = application.store.beat.at()
    os.utime(tmp_path / "queue_log", (looked + 1, looked + 1))
    one.clock = lambda: looked + 8
    assert one.lag() == pytest.approx(7, abs=.01)
    application.store.refresh()
    os.utime(tmp_path / "queue_log", (looked, looked))
    assert one.lag() == 0


def test_databases_and_asterisk_that_are_away(made, tmp_path):
    application = made(DB_HOST="127.0.0.1", DB_PORT=free_port(), DB_USER="nobody", AMI_HOST="127.0.0.1", AMI_USER="us",
                       AMI_SECRET="secret")
    assert asked(application) == (200, "ok", [])  # not asked yet
    application.issabel.refresh()
    application.link._write(REFUSED)
    assert asked(application) == (200, "degraded", ["database_away", "ami_away"])
    said = application.server.test_client().get("/health")
    assert said.json["ami"] == "refused"
    assert "127.0.0.1" not in said.text


@contextmanager
def garbage(path):
    """The file is something else for a while."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.rename(path.with_name("kept"))
    path.write_bytes(b"this is no database at all" * 100)
    yield
    path.unlink()
    path.with_name("kept").rename(path)


def test_users_that_cannot_be_read_are_the_end_of_it(made, tmp_path):
    application = made()
    application.users.close()
    with garbage(tmp_path / "var" / "app.db"):
        code, status, reasons = asked(application)
        assert (code, status, reasons[0]) == (503, "down", "users_unreadable")
        application.users.close()
    assert asked(application) == (200, "ok", [])


def test_a_database_of_users_that_is_silent_is_not_waited_for():
    quiet, began = threading.Event(), []

    class Silent:
        def reading(self):
            began.append(1)
            quiet.wait(60)
            raise OperationalError("SELECT 1", {}, Exception("gone"))
    reach = Reach(Silent(), patience=.05)
    assert not reach()
    assert not reach()
    assert len(began) == 1  # the question that hangs is not asked once more
    quiet.set()


def test_a_store_that_cannot_be_read_is_the_end_of_it_unless_something_was_read_before(made, tmp_path):
    (tmp_path / "queue_log").write_text("")
    application = made()
    book = application.store.book.folder / "book.db"
    application.store.book.close()
    con = sqlite3.connect(book)
    con.execute("PRAGMA user_version=99")
    con.close()
    application.store._stamp = None
    application.store.refresh()
    assert application.store.problem == NEWER
    assert asked(application) == (503, "down", ["store_unreadable", "store_newer"])


def test_a_full_and_a_read_only_disk(made, tmp_path):
    """A tmpfs of ten megabytes; who may not mount sees the same through the limits of the test machine's own disk."""
    application = made()
    one = watching(application)
    assert one.free() == shutil.disk_usage(tmp_path).free
    if os.geteuid() == 0:
        place = tmp_path / "disk"
        place.mkdir()
        with mounted(place):
            one.folder = place
            assert [reason.code for reason in one.reasons()] == ["disk_low"]
            assert os.system(f"mount -o remount,ro {place}") == 0  # noqa: S605
            assert [reason.code for reason in one.reasons()] == ["read_only"]
    one.folder = tmp_path / "nowhere"
    assert [reason.code for reason in one.reasons()] == ["store_unreadable"]


@contextmanager
def mounted(place):
    assert os.system(f"mount -t tmpfs -o size=10m tmpfs {place}") == 0  # noqa: S605
    try:
        yield
    finally:
        os.system(f"umount -l {place}")  # noqa: S605


def test_every_reason_has_a_name_that_metrics_know():
    assert set(vitals.CODES.values()) <= set(vitals.REASONS)
    assert set(vitals.DOWN) <= set(vitals.REASONS)
    assert len(set(vitals.REASONS)) == len(vitals.REASONS)


def test_sizes_are_told_by_what_they_hold(made, tmp_path):
    application = made()
    (tmp_path / "var" / "audio").mkdir(exist_ok=True)
    (tmp_path / "var" / "audio" / "one.wav").write_bytes(b"0" * 100_000)
    (tmp_path / "var" / "thresholds.json").write_text(json.dumps({}))
    found = watching(application).sizes()
    assert found["audio"] >= 100_000
    assert found["store"] > 0 < found["users"]
    assert set(found) == {"store", "users", "exports", "audio", "other"}
