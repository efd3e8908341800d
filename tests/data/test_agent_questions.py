"""People: unions and not sums, time cut at borders, a comparison that is fair. Numbers worked out by hand."""

import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from data import agent_comparison, agent_day, agent_questions, queue_questions
from data.filters import Filters
from data.rules import Options
from data.site import Site
from data.store import Store

BOGOTA = ZoneInfo("America/Bogota")
DAY = dt.date(2026, 3, 3)
NINE = int(dt.datetime(2026, 3, 3, 9, tzinfo=BOGOTA).timestamp())
ONE_DAY = Filters(DAY, DAY)


def call(enter, callid, queue, agent, wait, talk, end="COMPLETECALLER", caller="3001112222"):
    connect = enter + wait
    return [(enter, f"{callid}|{queue}|NONE|DID|6017000000"), (enter, f"{callid}|{queue}|NONE|ENTERQUEUE||{caller}|1"),
            (connect, f"{callid}|{queue}|{agent}|CONNECT|{wait}|{callid}9|3"),
            (connect + talk, f"{callid}|{queue}|{agent}|{end}|{wait}|{talk}|1")]


def opened(folder, lines, zone=BOGOTA, **more):
    log = folder / "queue_log"
    log.write_text("".join(f"{ts}|{line}\n" for ts, line in sorted(lines, key=lambda one: one[0])))
    last = max(ts for ts, _ in lines)
    site = Site(zone, Options(), **{name: value for name, value in more.items() if name != "store"})
    store = Store(log, folder / "store", site, clock=lambda: last)
    store.refresh()
    return store


def members(ts, agent, queues, word):
    return [(ts, f"NONE|{queue}|{agent}|{word}|") for queue in queues]


@pytest.fixture
def hour(tmp_path):
    """Ana in five queues from 9 to 10, on pause in all of them for 10 minutes, with two calls that overlap; Luis, a
    static member, with one call; Eva who is paused in one queue only."""
    five = ("600", "601", "602", "603", "604")
    lines = [
        *members(NINE, "Ana", five, "ADDMEMBER"), *members(NINE + 3600, "Ana", five, "REMOVEMEMBER"),
        (NINE + 1200, "NONE|NONE|Ana|PAUSEALL|Baño"), *[(NINE + 1200, f"NONE|{q}|Ana|PAUSE|Baño") for q in five],
        *[(NINE + 1800, f"NONE|{q}|Ana|UNPAUSE|") for q in five],
        *call(NINE + 90, "1.1", "600", "Ana", 10, 300),
        *call(NINE + 290, "1.2", "601", "Ana", 10, 200, "COMPLETEAGENT"),
        *call(NINE + 2000, "1.3", "600", "Luis", 5, 60),
        *members(NINE, "Eva", ("600", "601"), "ADDMEMBER"), (NINE + 100, "NONE|600|Eva|PAUSE|Almuerzo"),
        (NINE + 400, "NONE|600|Eva|UNPAUSE|"), (NINE + 2500, "1.4|600|Eva|RINGNOANSWER|15000"),
        (NINE + 2501, "1.4|600|Eva|RINGNOANSWER|0"), (NINE + 3700, "NONE|NONE|NONE|CONFIGRELOAD|")]
    return opened(tmp_path, lines).view()


def row(view, agent, filters=ONE_DAY):
    table = agent_questions.by_agent(view, filters)
    return table[table["agent"] == agent].iloc[0]


def test_an_hour_in_five_queues_is_one_hour(hour):
    ana = row(hour, "Ana")
    assert (ana["login"], ana["pause"], ana["sessions"], ana["pauses"]) == (3600, 600, 1, 1)


def test_two_calls_at_once_are_not_more_than_all_of_the_time(hour):
    ana = row(hour, "Ana")
    assert ana["talk_total"] == 500
    assert ana["talk"] == 400  # from 100 to 400 and from 300 to 500
    assert ana["occupancy"] == pytest.approx(100 * 400 / 3000)
    assert ana["utilization"] == pytest.approx(100 * 400 / 3600)
    assert (ana["answered"], ana["ended_by_agent"], ana["avg_talk"], ana["max_talk"]) == (2, 1, 250, 300)


def test_who_leaves_no_session_is_not_said_to_be_absent(hour):
    luis = row(hour, "Luis")
    assert (luis["answered"], luis["talk_total"], luis["missed"]) == (1, 60, 0)
    assert luis[["login", "occupancy", "utilization", "availability", "first_in", "last_out"]].isna().all()


def test_missed_rings_are_told_from_noise(hour):
    assert tuple(row(hour, "Eva")[["missed", "noise", "answered"]]) == (1, 1, 0)
    assert row(hour, "Eva")["occupancy"] == 0  # known: connected and no call


def test_a_pause_of_one_queue_is_a_pause_and_the_queue_filter_tells_them_apart(hour):
    assert row(hour, "Eva")["pause"] == 300
    assert row(hour, "Eva", Filters(DAY, DAY, ("601",)))["pause"] == 0
    assert row(hour, "Eva", Filters(DAY, DAY, ("601",)))["login"] == 3700


def test_moments_are_those_of_the_log_and_the_open_end_is_open(hour):
    ana, eva = row(hour, "Ana"), row(hour, "Eva")
    assert (ana["first_in"].isoformat(), ana["last_out"].isoformat()) == (
        "2026-03-03T09:00:00-05:00", "2026-03-03T10:00:00-05:00")
    assert eva["first_in"] == ana["first_in"] and pd.isna(eva["last_out"])


def test_the_team_is_added_up_and_not_averaged(hour):
    team = agent_questions.team(hour, ONE_DAY)
    assert (team["agents"], team["connected"], team["answered"], team["talk_total"]) == (3, 2, 3, 560)
    assert (team["login"], team["pause"], team["missed"]) == (7300, 900, 1)
    assert team["occupancy"] == pytest.approx(100 * 400 / (7300 - 900), abs=0.01)  # Luis' minute is of nobody's login
    assert team["pause_pct"] == pytest.approx(100 * 900 / 7300, abs=0.01)
    assert team["avg_talk"] == pytest.approx(560 / 3)


def test_reasons_are_unions_too(hour):
    found = agent_questions.pause_reasons(hour, ONE_DAY).set_index("agent")
    assert tuple(found.loc["Ana", ["reason", "kind", "count", "seconds", "longest"]]) == ("Baño", "break", 1, 600, 600)
    assert tuple(found.loc["Eva", ["reason", "count", "seconds"]]) == ("Almuerzo", 1, 300)


def test_reasons_of_the_system_are_no_breaks():
    assert [agent_questions.reason_kind(word) for word in ("Auto-Pause", "Hold", "Almuerzo", "")] == [
        "system", "hold", "break", "break"]


def test_going_on_pause_in_the_middle_of_a_call_is_still_talking(tmp_path):
    lines = [*members(NINE, "Ana", ["600"], "ADDMEMBER"), *call(NINE + 90, "1.1", "600", "Ana", 10, 1000),
             (NINE + 600, "NONE|600|Ana|PAUSE|Baño"), (NINE + 1800, "NONE|600|Ana|UNPAUSE|"),
             *members(NINE + 2000, "Ana", ["600"], "REMOVEMEMBER")]
    ana = row(opened(tmp_path, lines).view(), "Ana")
    assert (ana["talk"], ana["pause"], ana["login"]) == (1000, 1200, 2000)
    # 1000 s of talk; of the 1200 s on pause 500 were talked: 2000 - 700 could have been worked.
    assert ana["occupancy"] == pytest.approx(100 * 1000 / 1300)


def test_who_sees_one_queue_sees_the_time_of_that_queue(hour):
    mine = type(hour)(hour.snapshot, hour.clock, frozenset({"601"}))
    table = agent_questions.by_agent(mine, ONE_DAY).set_index("agent")
    assert list(table.index) == ["Ana"]  # Eva never took a call of 601, Luis has nothing to do with it
    assert tuple(table.loc["Ana", ["answered", "talk", "login"]]) == (1, 200, 3600)
    assert set(agent_day.spans(mine, ONE_DAY, "sessions")["queue"]) == {"601"}
    assert set(agent_day.timeline(mine, ONE_DAY)["agent"]) == {"Ana"}


def test_how_busy_somebody_is_is_asked_of_all_queues_of_that_person(hour):
    """Ana talked 400 of 3000 seconds; that she did so in two queues makes her no idler in either of them."""
    for queues in (("600",), ("601",), ("602",), ("600", "601")):
        chosen = Filters(DAY, DAY, queues)
        ana = row(hour, "Ana", chosen)
        assert ana["occupancy"] == pytest.approx(100 * 400 / 3000)
        assert ana["utilization"] == pytest.approx(100 * 400 / 3600)
    only = Filters(DAY, DAY, ("602",))
    assert row(hour, "Ana", only)["talk"] == 0  # the time in that queue is that of that queue
    assert agent_questions.team(hour, only)["occupancy"] == pytest.approx(100 * 400 / 3000, abs=0.01)
    assert agent_questions.by_day(hour, only)["occupancy"].tolist() == [pytest.approx(100 * 400 / 3000)]
    nine = agent_questions.by_hour(hour, only).set_index("hour").loc[9]
    assert (nine["login"], nine["talk"]) == (3600, 0) and nine["occupancy"] == pytest.approx(100 * 400 / 3000)


def test_how_busy_somebody_is_is_not_known_to_who_does_not_see_all_of_it(hour):
    mine = type(hour)(hour.snapshot, hour.clock, frozenset({"601"}))
    ana = row(mine, "Ana")
    assert ana["login"] == 3600 and ana[["occupancy", "utilization"]].isna().all()
    team = agent_questions.team(mine, ONE_DAY)
    assert (team["occupancy"], team["utilization"]) == (None, None)
    assert agent_questions.by_day(mine, ONE_DAY)["occupancy"].isna().all()
    whole = type(hour)(hour.snapshot, hour.clock, frozenset({"600", "601", "602", "603", "604"}))
    assert row(whole, "Ana")["occupancy"] == pytest.approx(100 * 400 / 3000)


def test_a_call_in_a_hidden_queue_hides_it_too(tmp_path):
    """A member of one queue by the log who answered in another one, as static members do."""
    lines = [*members(NINE, "Ana", ["600"], "ADDMEMBER"), *call(NINE + 90, "1.1", "600", "Ana", 10, 300),
             *members(NINE + 3600, "Ana", ["600"], "REMOVEMEMBER"),
             *members(NINE, "Eva", ["600"], "ADDMEMBER"), *call(NINE + 90, "1.2", "600", "Eva", 10, 300),
             *call(NINE + 900, "1.3", "700", "Eva", 10, 300), *members(NINE + 3600, "Eva", ["600"], "REMOVEMEMBER")]
    view = opened(tmp_path, lines).view()
    mine = type(view)(view.snapshot, view.clock, frozenset({"600"}))
    assert row(mine, "Ana")["occupancy"] == pytest.approx(100 * 300 / 3600)
    assert pd.isna(row(mine, "Eva")["occupancy"])
    assert agent_questions.team(mine, ONE_DAY)["occupancy"] == pytest.approx(100 * 300 / 3600, abs=0.01)


def test_a_day_second_by_second(hour):
    found = agent_day.timeline(hour, ONE_DAY)
    ana = found[found["agent"] == "Ana"]
    spans_of = {kind: [(s - NINE, e - NINE) for s, e in zip(part["start"], part["end"], strict=True)]
                for kind, part in ana.groupby("kind")}
    assert spans_of == {"connected": [(0, 3600)], "talking": [(100, 400), (300, 500)],
                        "ringing": [(97, 100), (297, 300)], "paused": [(1200, 1800)]}
    missed = found[found["kind"] == "missed"]
    assert [(r.agent, r.start - NINE, r.end - NINE) for r in missed.itertuples()] == [("Eva", 2485, 2500)]


def test_last_calls_hide_numbers_from_who_may_not_see_them(hour):
    shown = agent_day.last_calls(hour, Filters(DAY, DAY, (), ("Ana",)))
    assert list(shown["callid"]) == ["1.2", "1.1"] and list(shown["caller"]) == ["3001112222"] * 2
    masked = type(hour)(hour.snapshot, hour.clock, None, False)
    assert set(agent_day.last_calls(masked, Filters(DAY, DAY, (), ("Ana",)))["caller"]) == {"300***222"}


# -- borders ---------------------------------------------------------------------------------------


def around(first, last):
    """Nights and days of calls every eleven minutes, taken in turns, with sessions and pauses that cross borders."""
    lines = []
    for agent in ("Ana", "Luis"):
        lines += members(first, agent, ("600", "601"), "ADDMEMBER")
        for at in range(first + 3000, last - 4000, 17_000):
            lines += [(at, f"NONE|{q}|{agent}|PAUSE|Break") for q in ("600", "601")]
            lines += [(at + 1900, f"NONE|{q}|{agent}|UNPAUSE|") for q in ("600", "601")]
        lines += members(last - 1000, agent, ("600", "601"), "REMOVEMEMBER")
    for number, at in enumerate(range(first + 100, last - 2000, 660), 1):
        agent = ("Ana", "Luis")[number % 2]
        if number % 7:
            lines += call(at, f"2.{number}", ("600", "601")[number % 3 == 0], agent, number % 30, 400 + number % 500)
        else:
            lines += [(at, f"2.{number}|600|NONE|DID|601"), (at, f"2.{number}|600|NONE|ENTERQUEUE||300|1"),
                      (at + 50, f"2.{number}|600|NONE|ABANDON|1|1|50")]
    return lines


CHANGES = [  # the day in Santiago and its hours; elsewhere it has 24
    (dt.date(2026, 4, 4), 25), (dt.date(2026, 9, 6), 23), (dt.date(2026, 6, 10), 24)]


@pytest.mark.parametrize(("day", "hours"), CHANGES, ids=str)
@pytest.mark.parametrize("zone", ["America/Bogota", "America/Santiago", "UTC"])
def test_intervals_of_every_length_add_up_to_the_day(tmp_path, day, hours, zone):
    noon = int(dt.datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).timestamp())
    view = opened(tmp_path, around(noon - 30 * 3600, noon + 30 * 3600), ZoneInfo(zone)).view()
    one = Filters(day, day)
    whole, team = view.totals(one), agent_questions.team(view, one)
    assert whole["answered"] > 90 and team["login"] and team["pause"]
    for minutes in (15, 30, 60):
        filters = Filters(day, day, interval=minutes)
        calls, time = view.by_interval(filters), agent_questions.by_interval(view, filters)
        expected = (hours if zone == "America/Santiago" else 24) * 60 // minutes
        assert len(calls) == len(time) == expected
        for name in ("offered", "answered", "abandoned", "talk_total"):
            assert calls[name].sum() == whole[name]
        assert (time["login"].sum(), time["pause"].sum(), time["talk"].sum()) == (
            team["login"], team["pause"], team["talk"])
        assert (time["login"] <= 2 * minutes * 60).all()  # two people, cut at every border
        by_clock = queue_questions.by_time_of_day(view, filters)
        parts, total = by_clock.iloc[:-1], by_clock.iloc[-1]
        for name, right in (*((n, whole[n]) for n in ("offered", "answered", "talk_total")),
                            *((n, team[n]) for n in ("login", "pause", "talk"))):
            assert parts[name].sum() == total[name] == right
        assert total["sl_pct"] == pytest.approx(whole["sl_pct"], abs=0.01)


def test_a_call_over_midnight_is_of_the_day_it_came_and_its_time_of_both(tmp_path):
    midnight = int(dt.datetime(2026, 3, 4, tzinfo=BOGOTA).timestamp())
    lines = [*members(midnight - 3600, "Ana", ["600"], "ADDMEMBER"),
             *call(midnight - 110, "1.1", "600", "Ana", 10, 400),
             *members(midnight + 3600, "Ana", ["600"], "REMOVEMEMBER"),
             (midnight + 90_000, "NONE|NONE|NONE|CONFIGRELOAD|")]
    view = opened(tmp_path, lines).view()
    first, second = row(view, "Ana"), row(view, "Ana", Filters(DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=1)))
    assert (first["answered"], first["talk_total"], first["talk"], first["login"]) == (1, 400, 100, 3600)
    assert (second["answered"], second["talk_total"], second["talk"], second["login"]) == (0, 0, 300, 3600)
    assert pd.isna(second["first_in"]) and second["last_out"].hour == 1
    both = row(view, "Ana", Filters(DAY, DAY + dt.timedelta(days=1)))
    assert (both["login"], both["talk"], both["sessions"]) == (7200, 400, 1)


def test_nothing_is_known_beyond_the_newest_line(tmp_path):
    """A log that ended years ago says nothing of who was connected since."""
    lines = [*members(NINE, "Ana", ["600"], "ADDMEMBER"), *call(NINE + 90, "1.1", "600", "Ana", 10, 60)]
    store = opened(tmp_path, lines)
    store.clock = lambda: NINE + 10**8
    assert row(store.view(), "Ana")["login"] == 160


# -- comparison ------------------------------------------------------------------------------------


def test_who_has_the_long_queue_is_not_slow(tmp_path):
    """Ana takes the long calls of 601, Luis the short ones of 600, Eva a bit of both; by plain means Ana is the
    slowest, of the calls that she has she is faster than expected."""
    lines, number = [], 0

    def add(agent, queue, talk, count):
        nonlocal number
        for _ in range(count):
            number += 1
            lines.extend(call(NINE + number * 20, f"3.{number}", queue, agent, 3, talk))
    add("Ana", "601", 540, 40)
    add("Eva", "601", 600, 20)
    add("Luis", "600", 100, 40)
    add("Eva", "600", 90, 20)
    add("Nuevo", "600", 10, 5)
    view = opened(tmp_path, lines).view()
    table = agent_comparison.compare(view, ONE_DAY).set_index("agent")
    ana, luis, eva, new = (table.loc[name] for name in ("Ana", "Luis", "Eva", "Nuevo"))
    assert ana["avg_talk"] > luis["avg_talk"] and ana["avg_talk"] > eva["avg_talk"]
    assert (ana["expected_talk"], ana["difference"], ana["talk_index"]) == (600, -60, 90)
    assert luis["expected_talk"] == pytest.approx((20 * 90 + 5 * 10) / 25)
    # Eva: 20 calls of 601 at Ana's 540, 20 of 600 at what Luis and Nuevo took together.
    assert eva["expected_talk"] == pytest.approx((20 * 540 + 20 * (40 * 100 + 5 * 10) / 45) / 40)
    assert not new["ranked"] and pd.isna(new["rank"])
    assert list(table.index[:2]) == ["Ana", "Eva"]
    assert (ana["p50_talk"], eva["p90_talk"], eva["p50_talk"]) == (540, 600, 90)


def test_calls_without_a_colleague_are_compared_with_nobody(tmp_path):
    lines = [line for n in range(40) for line in call(NINE + n * 20, f"4.{n}", "600", "Ana", 3, 50)]
    found = agent_comparison.compare(opened(tmp_path, lines).view(), ONE_DAY).iloc[0]
    assert (found["calls"], found["comparable"], bool(found["ranked"])) == (40, 0, False)
    assert pd.isna(found["expected_talk"]) and pd.isna(found["difference"])


def test_one_agent_is_compared_with_all_the_others(tmp_path):
    lines = [line for n in range(60) for line in call(
        NINE + n * 20, f"5.{n}", "600", ("Ana", "Luis")[n % 2], 3, (100, 160)[n % 2])]
    found = agent_comparison.compare(opened(tmp_path, lines).view(), Filters(DAY, DAY, (), ("Ana",)))
    assert list(found["agent"]) == ["Ana"]
    assert (found.iloc[0]["expected_talk"], found.iloc[0]["difference"]) == (160, -60)


def test_a_center_in_which_nobody_has_answered_yet(tmp_path):
    """No agent, no session: every answer is empty, none an error."""
    lines = [(NINE, "7.1|600|NONE|ENTERQUEUE||3001112222|1"), (NINE + 9, "7.1|600|NONE|ABANDON|1|1|9")]
    view = opened(tmp_path, lines).view()
    assert len(agent_questions.by_agent(view, ONE_DAY)) == len(agent_comparison.compare(view, ONE_DAY)) == 0
    assert agent_questions.team(view, ONE_DAY)["p50_talk"] is None
    for question in (agent_questions.by_hour, agent_questions.by_day, agent_questions.by_interval):
        assert question(view, ONE_DAY)["talk"].sum() == 0
    assert len(agent_day.timeline(view, ONE_DAY)) == len(agent_questions.pause_reasons(view, ONE_DAY)) == 0
