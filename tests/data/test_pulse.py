"""The log is followed at its pace, and sooner when something was written, by the one who writes and by the others."""

import threading
import time
from zoneinfo import ZoneInfo

from data import pulse
from data.site import Site
from data.store import Store

LINE = "{now}|{now}.{n}|600|NONE|ENTERQUEUE||3001112222|1\n"


def opened(tmp_path):
    store = Store(tmp_path / "queue_log", tmp_path / "store", Site(ZoneInfo("UTC")))
    refreshed, lock = [], threading.Condition()
    whole = store.refresh

    def refresh():
        done = whole()
        with lock:
            refreshed.append(store.view().live()["waiting"])
            lock.notify_all()
        return done
    store.refresh = refresh

    def wait(true):
        with lock:
            assert lock.wait_for(lambda: true(refreshed), 20), refreshed
    return store, refreshed, wait


def test_a_line_is_read_long_before_its_turn(tmp_path):
    log, now = tmp_path / "queue_log", int(time.time())
    log.write_text(LINE.format(now=now, n=1))
    both = [opened(tmp_path), opened(tmp_path)]
    stop = threading.Event()
    threads = [threading.Thread(target=pulse.follow, args=(store, stop, 600), daemon=True) for store, _, _ in both]
    for thread in threads:
        thread.start()
    for _, _, wait in both:
        wait(lambda seen: 1 in seen)
    with log.open("a") as file:
        file.write(LINE.format(now=now, n=2))
    for _, _, wait in both:  # ten minutes are not over
        wait(lambda seen: 2 in seen)
    stop.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_a_quiet_log_is_left_alone_between_its_turns(tmp_path):
    (tmp_path / "queue_log").write_text(LINE.format(now=int(time.time()), n=1))
    store, refreshed, wait = opened(tmp_path)
    stop = threading.Event()
    thread = threading.Thread(target=pulse.follow, args=(store, stop, 600), daemon=True)
    thread.start()
    wait(lambda seen: 1 in seen)
    threading.Event().wait(pulse.SAFE + 4 * pulse.LOOK)  # what was read changes the book, and that is looked at
    before = len(refreshed)
    threading.Event().wait(6 * pulse.LOOK)
    stop.set()
    thread.join(20)
    assert len(refreshed) == before


def test_a_failure_is_told_and_followed_by_another_try(tmp_path, caplog):
    (tmp_path / "queue_log").write_text(LINE.format(now=int(time.time()), n=1))
    store, refreshed, wait = opened(tmp_path)
    good, tried = store.refresh, []

    def refresh():
        tried.append(1)
        if len(tried) == 1:
            raise RuntimeError("the first one fails")
        return good()
    store.refresh = refresh
    stop = threading.Event()
    thread = threading.Thread(target=pulse.follow, args=(store, stop, 0.2), daemon=True)
    thread.start()
    wait(lambda seen: 1 in seen)
    stop.set()
    thread.join(20)
    assert "could not be read" in caplog.text


def test_who_has_seen_more_is_waited_for(tmp_path):
    """Two processes answer one page: the second one has not read yet what the first has shown."""
    log, now = tmp_path / "queue_log", int(time.time())
    log.write_text(LINE.format(now=now, n=1))
    first, second = (Store(log, tmp_path / "store", Site(ZoneInfo("UTC"))) for _ in range(2))
    for store in (first, second):
        store.refresh()
    assert second.reach(first.version, 0)
    with log.open("a") as file:
        file.write(LINE.format(now=now, n=2))
    first.refresh()
    assert not second.reach(first.version, 0.01)
    stop = threading.Event()
    thread = threading.Thread(target=pulse.follow, args=(second, stop, 0.05), daemon=True)
    thread.start()
    assert second.reach(first.version, 20)
    assert second.view().live()["waiting"] == 2
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
