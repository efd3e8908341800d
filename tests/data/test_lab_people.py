"""A recorded center: logins, pauses and their reasons as the driver did them, restarts included."""

import csv
import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest

from data import agent_day, agent_questions
from data.filters import Filters
from data.site import Site
from data.store import Store

pytestmark = pytest.mark.real
DAY = Filters(dt.date(2026, 11, 22), dt.date(2026, 11, 22), origin="all")


@pytest.fixture(scope="module")
def lab(shared, tmp_path_factory):
    """The view of a store over the log, with the names that the driver gave put in as aliases; and the actions."""
    folder = tmp_path_factory.mktemp("lab")
    log = folder / "queue_log"
    log.write_bytes(b"".join((shared / f"lab16/queue_log.16.{n}").read_bytes() for n in (1, 2, 3, 4)))
    with (shared / "lab16/agent_actions.16.csv").open(newline="", encoding="utf-8") as file:
        actions = [row | {"at": float(row["epoch"])} for row in csv.DictReader(file)]
    store = Store(log, folder / "store", Site(ZoneInfo("America/Bogota")))
    store.refresh()
    names = {}
    for row in actions:
        found = re.search(r"name=(.*?) state=", row["detail"]) if row["action"] == "login" else None
        if found and found[1]:
            names[row["agent_or_iface"]] = found[1]
    store.rename(names)
    return store.view(), actions, names


def who(names, interface):
    """The identity behind an interface of a dynamic member."""
    return names.get(interface, re.sub(r"^.*?/|@.*$", "", interface))


def near(one, other):
    return abs(one - other) <= 1


def table(view, kind):
    found = agent_day.spans(view, DAY, kind)
    seconds = [None if end != end else end.timestamp() for end in found["end"]]
    return list(zip(found["agent"], found["queue"], [start.timestamp() for start in found["start"]], seconds,
                    found["reason"], found["closed_by"], strict=True))


def done(actions, name):
    return [row for row in actions if row["action"] == name and row["ami_result"].startswith("Success")]


def test_every_login_begins_a_session(lab):
    view, actions, names = lab
    sessions, logins = table(view, "sessions"), done(lab[1], "login")
    assert len(logins) == 23
    missing = [(row["agent_or_iface"], row["at"]) for row in logins if not any(
        agent == who(names, row["agent_or_iface"]) and queue == row["queue"] and near(start, row["at"])
        for agent, queue, start, *_ in sessions)]
    assert missing == []


def test_every_logout_ends_the_session_of_its_queue(lab):
    view, actions, names = lab
    sessions, logouts = table(view, "sessions"), done(actions, "logout")
    assert len(logouts) >= 10
    missing = [(row["agent_or_iface"], row["at"]) for row in logouts if not any(
        agent == who(names, row["agent_or_iface"]) and queue == row["queue"] and end and near(end, row["at"])
        and closed == "removemember" for agent, queue, _, end, _, closed in sessions)]
    assert missing == []


def test_every_pause_has_its_reason(lab):
    """The agent is compared where his interface has a name; a pause of all queues is one in each of them."""
    view, actions, names = lab
    pauses, wanted = table(view, "pauses"), done(actions, "pause")
    assert len(wanted) > 25
    missing = []
    for row in wanted:
        dynamic = row["agent_or_iface"] in names
        if not any((not dynamic or agent == names[row["agent_or_iface"]]) and reason == row["detail"]
                   and (row["queue"] in ("(all)", queue)) and near(start, row["at"])
                   for agent, queue, start, _, reason, _ in pauses):
            missing.append((row["agent_or_iface"], row["queue"], row["detail"], row["at"]))
    assert missing == []


def test_every_unpause_of_all_queues_leaves_nobody_paused(lab):
    view, actions, names = lab
    pauses = table(view, "pauses")
    compared = 0
    for row in done(actions, "unpause"):
        if row["queue"] == "(all)" and row["agent_or_iface"] in names:
            compared += 1
            open_ = [p for p in pauses if p[0] == names[row["agent_or_iface"]] and p[2] < row["at"] - 1
                     and (p[3] is None or p[3] > row["at"] + 1)]
            assert open_ == []
    assert compared >= 4


def test_dynamic_members_live_through_restarts_and_channel_logins_do_not(lab):
    view, actions, names = lab
    sessions = table(view, "sessions")
    downs = [row["at"] for row in actions if row["action"] == "RESTART"]
    assert len(downs) == 3
    through = [s for s in sessions for down in downs if s[1] and s[2] < down and (s[3] is None or s[3] > down + 30)]
    channel = [s for s in sessions if s[0] == "Agent/1001"]
    assert {s[0] for s in through} >= {"Jorge Díaz", "Paula Ibáñez", "Diana Postventa"}
    assert channel
    assert not [s for s in channel for down in downs if s[2] < down - 1 and (s[3] is None or s[3] > down + 6)]


def test_nobody_is_busier_than_he_was_there_and_the_unknown_stays_unknown(lab):
    view, *_ = lab
    people = agent_questions.by_agent(view, DAY).set_index("agent")
    known = people[people["login"].notna()]
    assert len(known) >= 5
    assert (known["pause"] <= known["login"]).all()
    assert (known["occupancy"].dropna() <= 100).all()
    static = people[people["login"].isna()]  # members of the configuration: they answered, and left no session
    assert len(static)
    assert static[["occupancy", "utilization", "availability", "first_in", "last_out"]].isna().all().all()
    assert (static["answered"] > 0).any()


def test_an_alias_makes_one_agent_of_interface_and_name(lab):
    view, _, names = lab
    agents = set(agent_questions.by_agent(view, DAY)["agent"])
    assert {"Jorge Díaz", "Valentina Ríos"} <= agents
    assert not agents & {"104", "109", "SIP/104", "SIP/109"}
    assert dict(view.agents())["Jorge Díaz"] == "Jorge Díaz (104)"
