"""The connection to Asterisk, against a server on a real socket: its captures, its silences, its refusals."""

import gzip
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

from data import ami_link, live
from data.ami import Floor
from data.ami_link import Link
from tests.ami_server import SECRET, asterisk, messages
from tests.data.test_live import compared

MEMBER = {"Event": "QueueMember", "Queue": "600", "Name": "Ana Gómez", "Location": "SIP/101", "Status": "1",
          "Paused": "0"}


def link(folder, server, secret=SECRET, **more):
    return Link(folder, "127.0.0.1", server.port, "reader", secret, **{"poll": 0.3, "first": 0.1, **more})


@contextmanager
def running(*links):
    stop = threading.Event()
    threads = [threading.Thread(target=one.run, args=(stop,), daemon=True) for one in links]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(15)
        assert not any(thread.is_alive() for thread in threads)


def until(true, seconds=15):
    """Waits for a condition; there is no other sign of what another thread has written into a file."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def states(one):
    said = one.heard().said
    return [(m.name, m.state) for m in said.members] if said else None


def test_what_asterisk_says_arrives_and_changes(tmp_path):
    with asterisk() as server:
        server.answer = [MEMBER]
        one = link(tmp_path, server, poll=60)
        with running(one):
            until(lambda: states(one) == [("Ana Gómez", "available")])
            assert one.heard().state == "ok"
            server.send({"Event": "QueueMemberStatus", "Queue": "600", "MemberName": "Ana Gómez",
                         "Interface": "SIP/101", "Status": "6", "Paused": "0"})
            until(lambda: states(one) == [("Ana Gómez", "ringing")])
        assert server.actions.count("QueueStatus") == 1


def test_a_name_cut_anywhere_on_the_wire_is_whole(tmp_path):
    with asterisk() as server:
        one = link(tmp_path, server, poll=60)
        with running(one):
            until(lambda: one.heard().state == "ok")
            server.send({"Event": "QueueMemberAdded", "Queue": "600", "MemberName": "Núñez Ibáñez",
                         "Interface": "SIP/107", "Status": "1", "Paused": "0"}, pieces=1)
            until(lambda: states(one) == [("Núñez Ibáñez", "available")])


def test_the_file_is_private_and_keeps_no_secret(tmp_path):
    with asterisk() as server:
        one = link(tmp_path, server)
        with running(one):
            until(lambda: one.heard().state == "ok")
        assert one.path.stat().st_mode & 0o777 == 0o600
        assert SECRET not in one.path.read_text()


def test_several_processes_make_one_connection(tmp_path):
    with asterisk() as server:
        server.answer = [MEMBER]
        several = [link(tmp_path, server) for _ in range(3)]
        with running(*several):
            for one in several:
                until(lambda one=one: states(one) == [("Ana Gómez", "available")])
            server.wait(4)
        assert server.logins == [True]
        assert sorted(one.attempts for one in several) == [0, 0, 1]


def test_another_one_takes_over(tmp_path):
    with asterisk() as server:
        server.answer = [MEMBER]
        first, second = link(tmp_path, server), link(tmp_path, server)
        with running(first):
            until(lambda: first.attempts == 1 and first.heard().state == "ok")
        with running(second):
            until(lambda: second.attempts == 1 and states(second) == [("Ana Gómez", "available")])
        assert server.logins == [True, True]


def test_a_refused_sign_in_is_not_tried_again(tmp_path):
    with asterisk() as server:
        one = link(tmp_path, server, "wrong")
        with running(one):
            until(lambda: one.heard().state == "refused")
            threading.Event().wait(1.0)  # many first pauses long
        again = link(tmp_path, server, "wrong")
        with running(again):
            threading.Event().wait(0.5)
            assert again.heard().state == "refused"
        assert server.logins == [False]
        right = link(tmp_path, server)
        with running(right):
            until(lambda: right.heard().state == "ok")
        assert server.logins == [False, True]


def test_after_an_hour_a_new_start_may_try_once_more(tmp_path):
    with asterisk() as server:
        one = link(tmp_path, server, "wrong")
        with running(one):
            until(lambda: one.heard().state == "refused")
        later = link(tmp_path, server, "wrong", clock=lambda: time.time() + ami_link.AGAIN + 1)
        with running(later):
            until(lambda: len(server.logins) == 2)
            until(lambda: later.heard().state == "refused")
        assert server.logins == [False, False]


def test_nobody_there_is_said_and_tried_again_after_growing_pauses(tmp_path):
    with asterisk() as gone:
        port = gone.port
    one = Link(tmp_path, "127.0.0.1", port, "reader", SECRET, poll=0.3, first=0.1)
    with running(one):
        until(lambda: one.heard().state == "down")
        until(lambda: len(one.pauses) >= 3)  # the third try may else find the server
        with asterisk(port) as server:
            server.answer = [MEMBER]
            until(lambda: states(one) == [("Ana Gómez", "available")])
    assert list(one.pauses)[:3] == [0.1, 0.2, 0.4]


def test_pauses_have_a_limit():
    assert [ami_link.longer(pause) for pause in (1, 32, 60)] == [2, 60, 60]


def test_a_connection_that_breaks_is_made_again(tmp_path):
    with asterisk() as server:
        server.answer = [MEMBER]
        one = link(tmp_path, server)
        with running(one):
            until(lambda: states(one) is not None)
            server.hang_up()
            until(lambda: len(server.logins) == 2)
            until(lambda: states(one) == [("Ana Gómez", "available")])


def test_no_answer_in_time_is_slow(tmp_path, monkeypatch):
    monkeypatch.setattr(ami_link, "ANSWER", 0.3)
    with asterisk() as server:
        server.answer = [MEMBER]
        one = link(tmp_path, server, first=5)
        with running(one):
            until(lambda: states(one) is not None)
            server.mute = True
            until(lambda: one.heard().state == "slow")
            assert one.heard().said is None


def test_a_user_who_may_not_ask_is_told_so(tmp_path):
    with asterisk() as server:
        server.denied = True
        one = link(tmp_path, server, first=5)
        with running(one):
            until(lambda: one.heard().state == "denied")


def test_old_news_are_no_news(tmp_path):
    with asterisk() as server:
        server.answer = [MEMBER]
        one = link(tmp_path, server)
        with running(one):
            until(lambda: states(one) is not None)
        late = link(tmp_path, server, clock=lambda: time.time() + ami_link.SILENT + 5)
        assert (late.heard().state, late.heard().said) == ("down", None)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"words": 1}', '{"words": "Asterisk answers", "since": 1}',
                                     '{"words": "Asterisk answers", "since": 1, "said": {"at": 1}}'])
def test_a_file_that_makes_no_sense_is_no_news(tmp_path, content):
    with asterisk() as server:
        one = link(tmp_path, server)
        one.path.write_text(content)
        assert one.heard().said is None


@pytest.mark.real
def test_the_captures_replayed_give_the_board_of_the_log(forty, tmp_path, monkeypatch):
    """Every moment's answer through the server: the board is the one of the log alone, and Asterisk's own."""
    monkeypatch.setattr(ami_link, "STEP", 0.02)
    with asterisk() as server:
        one = link(tmp_path, server, poll=0)
        with running(one):
            for moment in forty:
                server.answer = moment.answer
                wanted = Floor()
                wanted.answer(moment.answer, moment.taken)
                want = wanted.said(moment.taken, moment.taken)
                until(lambda want=want: (found := one.heard().said) is not None and _shape(found) == _shape(want))
                # waits are seconds ago: moved to the second of the capture
                said = replace(want, members=one.heard().said.members)
                here = live.floor(moment.view, said)
                assert here.waiting == live.floor(moment.view).waiting, moment.name
                ours, theirs = compared(moment.view, moment.answer, here)
                assert ours == theirs, moment.name
        assert server.logins == [True]


def _shape(said):
    return ({(m.queue, m.interface, m.name, m.state, m.paused) for m in said.members},
            {(e.queue, e.callid, e.position) for e in said.entries})


@pytest.mark.real
def test_a_recorded_stream_of_events_replayed(shared, tmp_path):
    """All events of a recorded hour over the socket, in pieces: the link ends where Asterisk's last answer stands."""
    raw = gzip.decompress((shared / "lab16/ami/live-all-with-polling.1.raw.gz").read_bytes())
    found = messages(raw)
    ends = [i for i, m in enumerate(found) if m.get("Event") == "QueueStatusComplete"]
    begins = [i for i, m in enumerate(found) if m.get("Message", "").startswith("Queue status")]
    events = [m for m in found[ends[0] + 1:begins[-1]] if m.get("Event") and "ActionID" not in m]
    first, last = ([m for m in found[begin:end] if m.get("Event")] for begin, end in (
        (begins[0], ends[0]), (begins[-1], ends[-1])))
    wanted = Floor()
    wanted.answer(last, 0)
    with asterisk() as server:
        server.answer = [{k: v for k, v in m.items() if k != "ActionID"} for m in first]
        one = link(tmp_path, server, poll=600)
        with running(one):
            until(lambda: one.heard().state == "ok")
            server.send(*events, pieces=977)
            until(lambda: (said := one.heard().said) is not None and _callers(said) == _callers(wanted.said(0, 0)))
    assert len(events) > 1000


def _callers(said):
    return ([(e.queue, e.callid, e.position) for e in said.entries],
            {(m.queue, m.interface, m.name, m.paused, m.reason) for m in said.members})
