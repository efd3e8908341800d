"""The floor of now, from logs written by hand and from the forty moments of a recorded Asterisk."""

from zoneinfo import ZoneInfo

import pytest

from data import live
from data.ami import Entry, Floor, Member, Said
from data.site import Site
from data.store import Store

NOW = 1_772_550_000  # 3 March 2026, 10:00 in Bogota
ZONE = ZoneInfo("America/Bogota")


def seen(tmp_path, text, now=NOW, names=None, levels=None, **more):
    """The view over a log of these lines, at `now`."""
    log = tmp_path / "queue_log"
    log.write_bytes(text if isinstance(text, bytes) else text.encode())
    store = Store(log, tmp_path / "store", Site(ZONE, extensions=names or {}, thresholds=levels or {}),
                  clock=lambda: float(now))
    store.refresh()
    return store.view(**more)


def line(ago, callid, queue, agent, event, *data):
    return "|".join([str(NOW - ago), callid, queue, agent, event, *map(str, data)]) + "\n"


def enter(ago, callid, queue="600", caller="3001112222"):
    return line(ago, callid, queue, "NONE", "ENTERQUEUE", "", caller, 1)


def connect(ago, callid, agent, queue="600", hold=10):
    return line(ago, callid, queue, agent, "CONNECT", hold, "1.9", 4)


def add(ago, agent, queue="600"):
    return line(ago, "MANAGER", queue, agent, "ADDMEMBER", "")


def state(view, said=None):
    return {a.agent: (a.state, None if a.since is None else NOW - a.since) for a in live.floor(view, said).agents}


def test_callers_wait_in_their_order_since_they_came(tmp_path):
    view = seen(tmp_path, enter(90, "1.1") + enter(60, "1.2", "601") + enter(30, "1.3", caller="anonymous"))
    found = [(c.queue, c.callid, c.position, c.number, NOW - c.since) for c in live.floor(view).waiting]
    assert found == [("600", "1.1", 1, "3001112222", 90), ("601", "1.2", 1, "3001112222", 60),
                     ("600", "1.3", 2, "anonymous", 30)]


def test_who_leaves_or_is_answered_waits_no_longer(tmp_path):
    view = seen(tmp_path, enter(90, "1.1") + enter(80, "1.2") + line(50, "1.1", "600", "NONE", "ABANDON", 1, 1, 40)
                + connect(40, "1.2", "Ana"))
    here = live.floor(view)
    assert here.waiting == []
    assert [(t.callid, t.agent, NOW - t.since) for t in here.talking] == [("1.2", "Ana", 40)]


def test_a_call_of_31_minutes_stays_a_call(tmp_path):
    view = seen(tmp_path, add(4000, "Ana") + enter(1870, "1.1") + connect(1860, "1.1", "Ana") + enter(5, "1.2"))
    agent = next(a for a in live.floor(view).agents if a.agent == "Ana")
    assert (agent.state, agent.queue, NOW - agent.since) == ("busy", "600", 1860)


def test_a_call_longer_than_any_is_no_call(tmp_path):
    view = seen(tmp_path, add(90_000, "Ana") + enter(15_010, "1.1") + connect(15_000, "1.1", "Ana") + enter(7300, "1.2")
                + enter(5, "1.3"))
    here = live.floor(view)
    assert (here.talking, [c.callid for c in here.waiting]) == ([], ["1.3"])


def test_every_state_and_since_when(tmp_path):
    view = seen(tmp_path, "".join([
        *(add(3600, who) for who in ("Ana", "Luis", "Eva", "Leo", "Rosa")), add(3000, "Rosa", "601"),
        enter(1010, "1.1"), connect(1000, "1.1", "Luis"), line(900, "1.1", "600", "Luis", "COMPLETECALLER", 10, 100, 1),
        line(700, "NONE", "600", "Eva", "PAUSE", "Almuerzo"),
        line(600, "MANAGER", "600", "Leo", "REMOVEMEMBER", ""),
        line(500, "NONE", "601", "Rosa", "PAUSE", "Back office"),
        enter(400, "1.2"), connect(390, "1.2", "Fija"), line(300, "1.2", "600", "Fija", "COMPLETEAGENT", 10, 90, 1),
        enter(60, "1.3"), connect(50, "1.3", "Ana")]))
    assert state(view) == {
        "Ana": ("busy", 50), "Luis": ("available", 900), "Eva": ("paused", 700), "Leo": ("offline", 600),
        "Rosa": ("available", 3600),  # on pause in one of two queues
        "Fija": ("unknown", 300)}  # a member of the configuration: the log does not say whether he is there
    agents = {a.agent: a for a in live.floor(view).agents}
    assert agents["Eva"].reason == "Almuerzo"
    assert [(p.queue, p.paused, p.reason) for p in agents["Rosa"].queues] == [
        ("600", False, None), ("601", True, "Back office")]


def test_a_pause_of_all_queues_and_its_end(tmp_path):
    log = add(3600, "Ana") + line(100, "NONE", "NONE", "Ana", "PAUSEALL", "Baño")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert state(seen(tmp_path / "a", log)) == {"Ana": ("paused", 100)}
    over = log + line(40, "NONE", "NONE", "Ana", "UNPAUSEALL", "")
    assert state(seen(tmp_path / "b", over)) == {"Ana": ("available", 40)}


def test_a_restart_of_asterisk_ends_calls_and_not_memberships(tmp_path):
    view = seen(tmp_path, add(3600, "Ana") + add(3600, "Eva") + line(900, "NONE", "600", "Eva", "PAUSE", "Baño")
                + enter(100, "1.1") + enter(90, "1.2") + connect(80, "1.2", "Ana")
                + line(20, "NONE", "NONE", "NONE", "QUEUESTART", ""))
    here = live.floor(view)
    assert (here.waiting, here.talking) == ([], [])
    assert {a.agent: a.state for a in here.agents} == {"Ana": "available", "Eva": "paused"}


def test_a_session_of_which_nothing_was_heard_for_a_day_proves_nothing(tmp_path):
    view = seen(tmp_path, add(90_000, "Ana") + enter(100, "1.1"))
    assert state(view) == {"Ana": ("unknown", 90_000)}


def test_yesterdays_people_are_not_on_the_board(tmp_path):
    view = seen(tmp_path, add(90_000, "Ana") + line(80_000, "MANAGER", "600", "Ana", "REMOVEMEMBER", "")
                + enter(100, "1.1"))
    assert state(view) == {}


def test_the_row_of_a_queue(tmp_path):
    def served(ago, callid, hold, agent="Ana"):
        return (enter(ago, callid) + connect(ago - hold, callid, agent, hold=hold)
                + line(ago - hold - 20, callid, "600", agent, "COMPLETECALLER", hold, 20, 1))
    view = seen(tmp_path, "".join([
        add(9000, "Ana"), add(9000, "Luis"), add(9000, "Eva"), line(8000, "NONE", "600", "Eva", "PAUSE", "Baño"),
        served(7200, "1.1", 10), served(7000, "1.2", 60), served(1500, "1.3", 5), served(1200, "1.4", 30),
        enter(900, "1.5"), line(860, "1.5", "600", "NONE", "ABANDON", 1, 1, 40), enter(70, "1.6"),
        connect(60, "1.6", "Luis", hold=10), enter(25, "1.7")]))
    row, = live.queues(view, live.floor(view))
    assert {name: row[name] for name in ("queue", "waiting", "talking", "available", "busy", "paused", "ringing")} == {
        "queue": "600", "waiting": 1, "talking": 1, "available": 1, "busy": 1, "paused": 1, "ringing": 0}
    assert NOW - row["since"] == 25
    assert (row["today"]["offered"], row["today"]["answered"], row["today"]["abandoned"]) == (7, 4, 1)
    assert (row["today"]["in_sl"], row["today"]["served"], row["today"]["sl_pct"]) == (2, 5, 40)
    # the last half hour: 1.3 in time, 1.4 late, 1.5 lost
    assert (row["recent"]["in_sl"], row["recent"]["served"], row["recent"]["sl_pct"]) == (1, 3, 33.33)


def test_nobody_known_is_not_nobody(tmp_path):
    row, = live.queues(view := seen(tmp_path, enter(30, "1.1")), live.floor(view))
    assert (row["available"], row["paused"], row["waiting"]) == (None, None, 1)


def test_today_against_a_typical_day(tmp_path):
    week = 7 * 86400
    view = seen(tmp_path, "".join(sorted(
        [enter(3700 + n, f"1.{n}") for n in range(3)] + [enter(2 * week + 3700 + n, f"2.{n}") for n in range(4)]
        + [enter(week + 3700 + n, f"3.{n}") for n in range(8)])))
    rows = {row["hour"]: row for row in live.curve(view)}
    assert (rows[8]["today"], rows[8]["typical"]) == (3, 6.0)
    assert (rows[7]["today"], rows[7]["typical"]) == (0, 0.0)
    assert rows[15]["today"] is None


def test_a_user_sees_his_queues_and_masked_numbers(tmp_path):
    text = (add(900, "Ana") + add(900, "Luis", "601") + enter(60, "1.1") + enter(50, "1.2", "601", "3009998888")
            + enter(40, "1.3", "601") + connect(30, "1.3", "Luis", "601"))
    view = seen(tmp_path, text, queues=frozenset({"600"}), numbers=False)
    here = live.floor(view)
    assert [(c.queue, c.number) for c in here.waiting] == [("600", "300***222")]
    assert ([a.agent for a in here.agents], here.talking) == (["Ana"], [])
    assert [row["queue"] for row in live.queues(view, here)] == ["600"]


def test_somebody_of_both_queues_talks_in_the_other_one(tmp_path):
    text = add(900, "Ana") + add(900, "Ana", "601") + enter(40, "1.1", "601") + connect(30, "1.1", "Ana", "601")
    agent, = live.floor(seen(tmp_path, text, queues=frozenset({"600"}))).agents
    assert (agent.state, agent.queue, agent.number, [p.queue for p in agent.queues]) == ("busy", None, None, ["600"])


# -- with Asterisk's own word ----------------------------------------------------------------------


def told(*members, entries=(), asked=NOW - 1):
    return Said(NOW, asked, members, entries)


def test_asterisk_adds_ringing_devices_and_static_members(tmp_path):
    view = seen(tmp_path, add(900, "Ana") + enter(30, "1.1"), names={"102": "Luis"})
    said = told(Member("600", "Ana", "SIP/101", "ringing", since=NOW - 3),
                Member("600", "Luis", "Local/102@from-queue/n", "available", since=NOW - 70),
                Member("600", "Eva", "SIP/103", "offline", since=NOW - 700),
                Member("600", "Leo", "SIP/104", "busy", since=NOW - 20),
                Member("600", "Rosa", "SIP/105", "available", True, "Baño", since=NOW - 50),
                entries=(Entry("600", "1.1", 1, "3001112222", NOW - 30),))
    assert state(view, said) == {"Ana": ("ringing", 3), "Luis": ("available", 70), "Eva": ("offline", 700),
                                 "Leo": ("busy", 20), "Rosa": ("paused", 50)}
    row, = live.queues(view, live.floor(view, said))
    assert (row["available"], row["busy"], row["ringing"], row["paused"]) == (1, 1, 1, 1)


def test_asterisk_corrects_who_waits(tmp_path):
    view = seen(tmp_path, enter(300, "1.1") + enter(30, "1.2") + enter(1, "1.4"))
    said = told(entries=(Entry("600", "1.3", 1, "3005556666", NOW - 1), Entry("600", "1.2", 2, "", NOW - 30)))
    # 1.1 lost its end in the log, 1.3 was let in before 1.2 and its line is to come, 1.4 came after the question
    assert [(c.callid, c.position) for c in live.floor(view, said).waiting] == [("1.2", 2), ("1.3", 1), ("1.4", 3)]


def test_the_names_of_asterisk_join_what_the_log_calls_by_two(tmp_path):
    log = (line(900, "MANAGER", "600", "SIP/107", "ADDMEMBER", "") + line(100, "NONE", "600", "Raúl", "PAUSE", "Baño")
           + enter(5, "1.1"))
    said = told(Member("600", "Raúl", "SIP/107", "available", True, "", since=NOW - 10))
    agent, = live.floor(seen(tmp_path, log), said).agents
    assert (agent.agent, agent.state, agent.reason, NOW - agent.since) == ("Raúl", "paused", "Baño", 100)


# -- forty moments of a real Asterisk --------------------------------------------------------------


def compared(view, answer, here):
    """Waiting and paused as pairs, by us and by Asterisk."""
    identity = view.snapshot.who.identity
    ours = ({(c.queue, c.callid) for c in here.waiting},
            {(p.queue, a.agent) for a in here.agents for p in a.queues if p.paused})
    theirs = ({(m["Queue"], m["Uniqueid"]) for m in answer if m.get("Event") == "QueueEntry"},
              {(m["Queue"], identity(m["Name"])) for m in answer if m.get("Event") == "QueueMember"
               and m["Paused"] == "1"})
    return ours, theirs


@pytest.mark.real
def test_waiting_and_paused_are_asterisks_in_all_forty_moments(forty):
    wrong, callers, resting = [], 0, 0
    for moment in forty:
        ours, theirs = compared(moment.view, moment.answer, live.floor(moment.view))
        callers, resting = callers + len(theirs[0]), resting + len(theirs[1])
        if ours != theirs:
            wrong.append((moment.name, ours, theirs))
    assert wrong == []
    assert (len(forty), callers, resting) == (40, 60, 63)


@pytest.mark.real
def test_asterisks_word_gives_the_same_board_as_the_log(forty):
    for moment in forty:
        floor = Floor()
        floor.answer(moment.answer, moment.taken)
        alone = live.floor(moment.view)
        both = live.floor(moment.view, floor.said(moment.taken, moment.taken))
        assert (both.waiting, both.talking) == (alone.waiting, alone.talking), moment.name
        ours, theirs = compared(moment.view, moment.answer, both)
        assert ours == theirs, moment.name
        places = {(m["Queue"], m["Uniqueid"]): int(m["Position"]) for m in moment.answer
                  if m["Event"] == "QueueEntry"}
        assert {(c.queue, c.callid): c.position for c in alone.waiting} == places, moment.name
