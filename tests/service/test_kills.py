"""Killed, ended, started twice: nothing of the log is lost or doubled, nobody is sent away, one process reads."""

import http.client
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tests.browsing import ROOT
from tests.service.conftest import Service, Writer, until


def one_reader(one: Service) -> int | None:
    """The process that reads the log, when there is exactly one and it is a worker of today."""
    held = one.readers()
    assert len(held) <= 1
    return next((pid for pid in held if pid in [worker.pid for worker in one.workers()]), None)


def test_killed_at_random_instants_it_goes_on_exactly_once(service):
    """Of eight deaths under a log that grows all the time, some are of the process that reads, some of another, some
    of all at once."""
    one, chance = service(WORKERS="2"), random.Random(11)
    one.person()
    one.start()
    assert one.enter().status == 303
    with Writer(one):
        for number in range(8):
            reader = until(lambda: one_reader(one), "nobody reads the log")
            seen = one.number + chance.randint(1, 400)
            until(lambda seen=seen: one.number >= seen)
            if number % 4 == 3:
                one.kill()
                one.start()
            else:
                others = [worker.pid for worker in one.workers() if worker.pid != reader]
                victim = reader if number % 4 != 2 or not others else others[0]
                os.kill(victim, signal.SIGKILL)
                until(lambda victim=victim: victim not in [worker.pid for worker in one.workers()]
                      and len(one.workers()) == 2, "the worker was not replaced")
            until(one.answers, "nobody answers")
            assert one.get("/api/auth/me").json["data"]["username"] == "ana"  # the session outlives all of them
    until(lambda: one_reader(one))
    until(lambda: one.offered() == one.number, "the log was not read to its end")
    until(lambda: one.health()["status"] == "ok", "who was born last has not read the log")
    one.stop()
    assert one.exactly_once()
    assert not list((one.data / "store").glob("*.part"))
    assert "Traceback" not in one.said()


def test_sigterm_ends_what_was_begun_and_begins_nothing(service):
    """Long answers that are on their way arrive whole; no request that was accepted gets a 5xx; ten seconds at most."""
    one = service(WORKERS="2")
    one.call(30_000)
    one.person()
    one.start()
    assert one.enter().status == 303
    until(lambda: one.offered() == 30_000)
    path = "/api/reports/export/calls/csv?start_date=2026-01-01&end_date=2026-12-31&origin=all"
    def rows() -> int:
        return len(one.get(path).body.splitlines())

    until(lambda: min(rows() for _ in range(6)) > 30_000, "not every worker has read it")
    whole = rows()
    long = []
    for _ in range(4):
        con = http.client.HTTPConnection("127.0.0.1", one.port, timeout=30)
        con.sock = socket.socket()
        con.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so that most of it waits in the server
        con.sock.settimeout(30)
        con.sock.connect(("127.0.0.1", one.port))
        con.request("GET", path, headers={"Cookie": one.cookie})
        answer = con.getresponse()
        long.append((con, answer, answer.read(1000)))  # it has begun, and most of it is not read yet
    statuses, broken, stop = [], [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            con = http.client.HTTPConnection("127.0.0.1", one.port, timeout=30)
            try:
                con.request("GET", "/api/dashboard/summary?start_date=2026-03-03&end_date=2026-03-03",
                            headers={"Cookie": one.cookie})
                answer = con.getresponse()
            except (OSError, http.client.HTTPException):
                continue  # nobody accepted it
            else:
                statuses.append(answer.status)
                try:
                    answer.read()
                except (OSError, http.client.HTTPException) as error:
                    broken.append(error)
            finally:
                con.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(statuses) > 30)
    one.process.send_signal(signal.SIGTERM)
    for con, answer, begun in long:
        assert len((begun + answer.read()).splitlines()) == whole
        con.close()
    assert one.process.wait(timeout=10) == 0
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    assert broken == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", one.port))
    assert "Traceback" not in one.said()


def test_two_services_on_one_folder_read_once(service):
    """Somebody starts it twice: one of all processes reads, both answer, and the other takes over."""
    one, two = service(WORKERS="1"), service(WORKERS="1")
    one.call(50)
    one.person()
    one.start()
    two.start()
    two.cookie = one.cookie = (one.enter(), one.cookie)[1]
    two.number = one.number
    for _ in range(10):
        one.call(7)
        until(lambda: one.offered() == one.number)
        until(lambda: two.offered() == one.number)
        assert len(one.readers()) == 1
    first, second = (one, two) if one.readers()[0] in [w.pid for w in one.workers()] else (two, one)
    first.kill()
    one.call(20)
    until(lambda: second.offered() == one.number, "nobody took over")
    second.stop()
    assert one.exactly_once()


def test_few_open_files_and_little_memory_harm_nothing(service):
    """Cut short, a first import fails in words or comes through; what it left is completed later, each line once."""
    one = service()
    for limit, values in ((resource.RLIMIT_NOFILE, (16, 24, 64)), (resource.RLIMIT_AS, (400 * 2**20, 600 * 2**20))):
        for value in values:
            one.call(20_000)
            done = subprocess.run(
                [sys.executable, str(ROOT / "app.py"), "ingest", "--once"], cwd=one.folder, capture_output=True,
                text=True, env=one.environment, timeout=120,
                preexec_fn=lambda limit=limit, value=value: resource.setrlimit(limit, (value, value)))
            assert done.returncode in (0, 1, 2), done.stderr  # it ended by itself
            if value == 64:
                assert done.returncode == 0, done.stderr  # with so many it works
    assert one.shell("ingest", "--once").returncode == 0
    assert one.exactly_once()


def test_a_port_that_is_taken_is_said_in_words(service):
    one = service()
    with socket.create_server(("127.0.0.1", one.port)):
        done = one.shell()
    assert done.returncode != 0
    assert str(one.port) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["var", "var/below"])
def test_a_data_folder_that_cannot_be_one_is_said_in_a_sentence(service, name):
    one = service()
    one.data.write_text("a file")
    one.environment["DATA_DIR"] = str(one.folder / name)
    for words in ((), ("users", "list"), ("ingest", "--once")):
        done = one.shell(*words)
        assert done.returncode == 2, (words, done.stderr)
        assert done.stderr.count("\n") == 1, done.stderr
