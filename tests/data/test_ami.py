"""What is made of Asterisk's messages: hand-made ones of several versions, and hours of a recorded server."""

import gzip

import pytest

from data.ami import Floor, Said
from tests.ami_server import messages

NOW = 1_795_347_600.0


def member(queue="600", interface="SIP/101", **more):
    return {"Event": "QueueMember", "Queue": queue, "Name": "Ana Gómez", "Location": interface, "Status": "1",
            "Paused": "0", "LastCall": "0", **more}


def entry(callid, position, queue="600", wait="0"):
    return {"Event": "QueueEntry", "Queue": queue, "Uniqueid": callid, "Position": str(position), "Wait": wait,
            "CallerIDNum": "3001112222"}


def floor(*answer):
    made = Floor()
    made.answer(answer, NOW)
    return made


def order(made):
    return [(e.callid, e.position) for e in made.said(NOW, NOW).entries]


@pytest.mark.parametrize("status, more, state", [
    ("1", {}, "available"), ("0", {}, "available"), ("2", {}, "busy"), ("3", {}, "busy"), ("8", {}, "busy"),
    ("4", {}, "offline"), ("5", {}, "offline"), ("6", {}, "ringing"), ("7", {}, "ringing"),
    ("1", {"InCall": "1"}, "busy")])
def test_device_states(status, more, state):
    only, = floor(member(Status=status, **more)).said(NOW, NOW).members
    assert only.state == state


def test_since_is_when_the_state_was_first_seen():
    made = floor(member(Status="6"))
    made.answer([member(Status="6")], NOW + 3)
    assert [m.since for m in made.said(NOW, NOW).members] == [NOW]
    made.apply({"Event": "QueueMemberStatus", "Queue": "600", "MemberName": "Ana Gómez", "Interface": "SIP/101",
                "Status": "2", "Paused": "0"}, NOW + 5)
    assert [(m.state, m.since) for m in made.said(NOW, NOW).members] == [("busy", NOW + 5)]


def test_a_free_member_is_free_since_the_last_call():
    assert [m.since for m in floor(member(LastCall="1795347500")).said(NOW, NOW).members] == [1795347500]


def test_callers_come_and_go_and_places_move():
    made = floor(entry("1.1", 1, wait="30"), entry("1.2", 2, wait="10"))
    assert made.apply({"Event": "QueueCallerJoin", "Queue": "600", "Uniqueid": "1.3", "Position": "1",
                       "CallerIDNum": "<unknown>"}, NOW)
    assert order(made) == [("1.3", 1), ("1.1", 2), ("1.2", 3)]
    assert made.apply({"Event": "Leave", "Queue": "600", "Uniqueid": "1.1"}, NOW)  # as Asterisk 11 says it
    assert order(made) == [("1.3", 1), ("1.2", 2)]
    assert made.apply({"Event": "Hangup", "Uniqueid": "1.3"}, NOW)
    assert order(made) == [("1.2", 1)]
    assert [(e.since, e.number) for e in made.said(NOW, NOW).entries] == [(NOW - 10, "3001112222")]
    assert not made.apply({"Event": "QueueCallerLeave", "Queue": "600", "Uniqueid": "9.9"}, NOW)


def test_an_event_that_comes_after_the_answer_it_is_part_of_changes_nothing():
    made = floor(entry("1.1", 1, wait="30"))
    made.apply({"Event": "QueueCallerJoin", "Queue": "600", "Uniqueid": "1.1", "Position": "1",
                "CallerIDNum": "3001112222"}, NOW)
    assert [(e.since, e.position) for e in made.said(NOW, NOW).entries] == [(NOW - 30, 1)]


@pytest.mark.parametrize("event", [
    {"Event": "QueueMemberPaused", "Location": "SIP/101", "Reason": "Baño"},  # 11
    {"Event": "QueueMemberPause", "Interface": "SIP/101", "PausedReason": "Baño"}])  # 13 and later
def test_pauses_of_every_version(event):
    made = floor(member())
    assert made.apply({"Queue": "600", "MemberName": "Ana Gómez", "Paused": "1", **event}, NOW)
    assert [(m.paused, m.reason) for m in made.said(NOW, NOW).members] == [(True, "Baño")]
    assert made.apply({"Queue": "600", "MemberName": "Ana Gómez", "Paused": "0", **event}, NOW)
    assert [(m.paused, m.reason) for m in made.said(NOW, NOW).members] == [(False, "")]


def test_a_reason_that_asterisk_forgets_is_remembered():
    made = floor(member(Paused="1", PausedReason="Baño"))
    made.answer([member(Paused="1", PausedReason="")], NOW)
    assert [m.reason for m in made.said(NOW, NOW).members] == ["Baño"]
    made.answer([member()], NOW)
    made.answer([member(Paused="1", PausedReason="")], NOW)
    assert [m.reason for m in made.said(NOW, NOW).members] == [""]


def test_members_are_added_and_removed():
    made = floor(member())
    made.apply({"Event": "QueueMemberAdded", "Queue": "601", "MemberName": "Luis", "Interface": "SIP/102",
                "Status": "5", "Paused": "1"}, NOW)
    made.apply({"Event": "QueueMemberRemoved", "Queue": "600", "Interface": "SIP/101"}, NOW)
    assert [(m.queue, m.name, m.state, m.paused) for m in made.said(NOW, NOW).members] == [
        ("601", "Luis", "offline", True)]


def test_the_stub_queue_is_hidden():
    assert floor(member(queue="default"), member()).said(NOW, NOW).members[0].queue == "600"
    assert len(floor(member(queue="default")).said(NOW, NOW).members) == 0


def test_it_survives_the_file():
    said = floor(member(Paused="1", PausedReason="Reunión | equipo"), entry("1.1", 1)).said(NOW, NOW)
    assert Said.load(said.dump()) == said


@pytest.mark.parametrize("strange", [{}, {"Event": ""}, {"Event": "QueueMember"}, {"Event": "QueueEntry", "Queue": "6"},
                                     {"Event": "QueueCallerJoin", "Queue": "6", "Uniqueid": "1", "Position": "x"}])
def test_strange_messages_do_no_harm(strange):
    made = floor(strange)
    made.apply(strange, NOW)
    assert len(made.said(NOW, NOW).members) == 0


@pytest.mark.real
@pytest.mark.parametrize("number", [1, 2, 3])
def test_events_alone_lead_from_one_answer_to_the_next(shared, number):
    """Between two answers the recorded events must bring callers and pauses to exactly the next answer."""
    folder = shared / "lab16/ami"
    raw = gzip.decompress((folder / f"live-all-with-polling.{number}.raw.gz").read_bytes())
    made, answer, compared, seen = Floor(), None, 0, 0
    for message in messages(raw):
        event = message.get("Event", "")
        if message.get("Message", "").startswith("Queue status"):
            answer = []
        elif event == "QueueStatusComplete" and answer is not None:
            asked = Floor()
            asked.answer(answer, NOW)
            if compared:
                ours, theirs = made.said(NOW, NOW), asked.said(NOW, NOW)
                assert [(e.queue, e.callid, e.position) for e in ours.entries] == [
                    (e.queue, e.callid, e.position) for e in theirs.entries]
                assert {(m.queue, m.interface, m.paused) for m in ours.members} == {
                    (m.queue, m.interface, m.paused) for m in theirs.members}
                seen += len(theirs.entries) + sum(m.paused for m in theirs.members)
            made.answer(answer, NOW)
            answer, compared = None, compared + 1
        elif answer is not None and message.get("ActionID"):
            answer.append(message)
        else:
            made.apply(message, NOW)
    assert compared > 1
    assert seen > 0
