"""Calls as their customers lived them: legs gathered, and every line of the log about a call exactly once."""

import datetime as dt
import gzip
import shutil
from collections import Counter
from dataclasses import replace

import pytest

from data import call_events, calls, frames, journeys
from data.call_filters import CallFilters
from data.private import masked
from data.site import Site
from data.store import Store
from tests.data.test_calls import value
from tests.data.test_store import BOGOTA, UNTIL, centre, grown, truth  # noqa: F401  fixtures
from tests.test_rules import ROOT

EVERYTHING = CallFilters(dt.date(2026, 1, 1), dt.date(2026, 12, 31), origin="all")
ALWAYS = CallFilters(dt.date(2010, 1, 1), dt.date(2030, 12, 31), origin="all")
LAB_END = 1_795_349_000.0


@pytest.fixture(scope="module")
def store(centre, tmp_path_factory):  # noqa: F811
    return grown(centre, tmp_path_factory.mktemp("journeys"), BOGOTA)


@pytest.fixture(scope="module")
def lab(shared, tmp_path_factory):
    """The recorded Asterisk 16, its four files as one log with its rotated copies."""
    folder = tmp_path_factory.mktemp("lab")
    for number in (1, 2, 3, 4):
        shutil.copy(shared / "lab16" / f"queue_log.16.{number}", folder / (
            "queue_log" if number == 4 else f"queue_log.{number}"))
    store = Store(folder / "queue_log", folder / "store", Site(BOGOTA), clock=lambda: LAB_END)
    store.refresh()
    store.settle()
    return store


def made(tmp_path, *lines, now=None, read=True):
    log = tmp_path / "queue_log"
    log.write_text("".join(line + "\n" for line in lines))
    last = int(lines[-1].partition("|")[0])
    store = Store(log, tmp_path / "store", Site(BOGOTA), clock=lambda: now or last + 3600.0)
    if read:
        store.refresh()
    return store


def case(tmp_path, name):
    return made(tmp_path, *(ROOT / f"tests/cases/{name}.queue_log").read_text().splitlines())


def rows(view, filters=EVERYTHING, order=calls.NEWEST, size=301):
    found, start = [], 0
    while True:
        table, total = journeys.page(view, filters, order, start, start + size)
        found += [{k: None if not isinstance(v, list) and v != v else v for k, v in row.items()}
                  for row in table.to_dict("records")]
        start += size
        if start >= total:
            assert len(found) == total
            return found


def gathered(legs):
    """Journeys in plain Python: legs of one callid (nothing in the demonstration swaps them)."""
    found = {}
    for leg in sorted(legs, key=lambda leg: leg["enter"]):
        found.setdefault(leg["callid"], []).append(leg)
    return found


def once(words):
    return [word for i, word in enumerate(words) if word and (i == 0 or word != words[i - 1])]


def told(legs):
    answered = [leg for leg in legs if leg["outcome"] == "answered"]
    waits, talks = ([leg[name] for leg in legs if leg[name] is not None] for name in ("wait", "talk"))
    going = any(leg["outcome"] == "in_progress" for leg in legs)
    return {"callid": legs[0]["callid"], "enter": legs[0]["enter"], "caller": legs[0]["caller"],
            "did": legs[0]["did"], "queues": once([leg["queue"] for leg in legs]),
            "agents": once([leg["agent"] for leg in legs if leg["agent"]]),
            "outcome": "answered" if answered else legs[-1]["outcome"], "wait": sum(waits) if waits else None,
            "talk": sum(talks) if talks else None, "legs": len(legs),
            "end": None if going else max(leg["call_end"] for leg in legs),
            "transfer": any(leg["transfer"] for leg in legs), "internal": legs[0]["internal"]}


def plain(row, like):
    times = {name: None if row[name] is None else int(row[name].timestamp()) for name in ("enter", "end")}
    return {name: times.get(name, row[name]) for name in like}


def same(found, right):
    found = {row["callid"]: row for row in found}
    assert set(found) == {legs[0]["callid"] for legs in right}
    for legs in right:
        expected = told(legs)
        assert plain(found[expected["callid"]], expected) == expected


def test_every_call_is_one_row_with_everything_of_its_legs(store, truth):  # noqa: F811
    calls_ = gathered(truth["legs"])
    assert len(truth["legs"]) > len(calls_)
    same(rows(store.view()), calls_.values())
    several = sum(len(legs) > 1 for legs in calls_.values())
    assert journeys.count(store.view(), EVERYTHING) == {
        "legs": len(truth["legs"]), "calls": len(calls_), "several": several}


def test_a_filter_finds_the_calls_with_such_a_leg_and_tells_them_whole(store, truth):  # noqa: F811
    filters = replace(EVERYTHING, queues=("601",), outcomes=("timeout", "answered"))
    calls_ = gathered(truth["legs"])

    def meant(leg):
        return leg["queue"] == "601" and leg["outcome"] in ("timeout", "answered")
    right = [legs for legs in calls_.values() if any(map(meant, legs))]
    same(rows(store.view(), filters), right)
    assert any(len(told(legs)["queues"]) > 1 for legs in right)
    count = journeys.count(store.view(), filters)
    assert (count["legs"], count["calls"]) == (sum(map(meant, truth["legs"])), len(right))


def test_a_call_that_began_the_day_before_is_told_whole(tmp_path):
    midnight = int(dt.datetime(2026, 3, 4, tzinfo=BOGOTA).timestamp())
    store = made(tmp_path, f"{midnight - 30}|1.1|600|NONE|ENTERQUEUE||3001112222|1",
                 f"{midnight - 10}|1.1|600|NONE|EXITWITHTIMEOUT|1|1|20",
                 f"{midnight + 5}|1.1|601|NONE|ENTERQUEUE||3001112222|1",
                 f"{midnight + 15}|1.1|601|Ana|CONNECT|10|1.2|3", f"{midnight + 45}|1.1|601|Ana|COMPLETEAGENT|10|30|1")
    for day in (3, 4):
        row, = rows(store.view(), CallFilters(dt.date(2026, 3, day), dt.date(2026, 3, day)))
        assert (row["queues"], row["legs"], row["wait"], row["talk"], row["outcome"]) == (
            ["600", "601"], 2, 30, 30, "answered")
        assert row["enter"].day == 3


def test_a_person_limited_to_queues_sees_only_those_legs(store, truth):  # noqa: F811
    right = gathered(leg for leg in truth["legs"] if leg["queue"] == "601").values()
    same(rows(store.view(frozenset({"601"}))), right)


SORTED = {"queues": lambda row: row["queues"][0], "caller": lambda row: (row["caller"] or "").encode() or None,
          "agents": None, "outcome": lambda row: frames.OUTCOMES.index(row["outcome"])}


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("name", [name for name in journeys.SORTS if name != "agents"])
def test_every_column_of_calls_sorts_as_python_does(store, name, falling):
    found = rows(store.view(), replace(EVERYTHING, start=dt.date(2026, 3, 1)), ((name, falling),), 10_000)
    read = [SORTED[name](row) if name in SORTED else value(name, row) for row in found]
    known = [one for one in read if one is not None]
    assert known == sorted(known, reverse=falling)
    assert read == known + [None] * (len(read) - len(known))


def test_numbers_of_calls_are_masked_and_sorted_as_they_are_seen(store):
    seen, blind = rows(store.view()), rows(store.view(numbers=False))
    assert [row["caller"] for row in blind] == [masked(row["caller"]) for row in seen]
    ordered = [row["caller"].encode() for row in rows(store.view(numbers=False), EVERYTHING, (("caller", True),))
               if row["caller"]]
    assert ordered == sorted(ordered, reverse=True)


# -- swapped callids -------------------------------------------------------------------------------


def test_a_transfer_that_swaps_callids_is_one_call(tmp_path):
    """An agent consults queue 601 on a channel of his own; the customer is answered there under his own callid."""
    day = int(dt.datetime(2026, 3, 3, 9, tzinfo=BOGOTA).timestamp())
    store = made(
        tmp_path, f"{day}|1772546400.1|600|NONE|ENTERQUEUE||3001112222|1",
        f"{day + 5}|1772546400.1|600|Ana|CONNECT|5|1772546400.2|3",
        f"{day + 30}|1772546430.3|601|NONE|ENTERQUEUE||1001|1",
        f"{day + 40}|1772546400.1|600|Ana|ATTENDEDTRANSFER|BRIDGE|x|5|35|1",
        f"{day + 50}|1772546400.1|601|Eva|CONNECT|20|1772546440.5|4",
        f"{day + 90}|1772546400.1|601|Eva|COMPLETECALLER|20|40|1", now=day + 90_000)
    view = store.view()
    row, = rows(view, ALWAYS)
    assert (row["callid"], row["caller"], row["queues"], row["agents"], row["legs"], row["wait"], row["talk"]) == (
        "1772546400.1", "3001112222", ["600", "601"], ["Ana", "Eva"], 2, 25, 75)
    assert journeys.count(view, ALWAYS) == {"legs": 2, "calls": 1, "several": 1}
    for callid in ("1772546400.1", "1772546430.3"):
        found = call_events.journey(view, callid)
        assert set(found.callids) == {"1772546400.1", "1772546430.3"}
        assert found.legs["queue"].tolist() == ["600", "601"]
        assert [one.event for one in found.events] == [
            "ENTERQUEUE", "CONNECT", "ENTERQUEUE", "ATTENDEDTRANSFER", "CONNECT", "COMPLETECALLER"]
    # Whoever has only the second queue knows neither the first leg nor its lines.
    found = call_events.journey(store.view(frozenset({"601"})), "1772546430.3")
    assert found.legs["queue"].tolist() == ["601"]
    assert [one.event for one in found.events] == ["ENTERQUEUE", "CONNECT", "COMPLETECALLER"]
    assert call_events.journey(store.view(frozenset({"602"})), "1772546400.1") is None


def test_the_swapped_call_of_the_cases_is_one_call(tmp_path):
    store = case(tmp_path, "attended_to_queue_uniqueid_swap")
    view = store.view()
    legs, total = calls.page(view, ALWAYS)
    tied = legs[legs["callid"] != legs["callid_enter"]]
    assert len(tied) == 1
    one, other = tied.iloc[0][["callid", "callid_enter"]]
    for callid in (one, other):
        assert {one, other} <= set(call_events.journey(view, callid).callids)
    assert journeys.count(view, ALWAYS)["calls"] < total or total == 1


def test_an_end_under_another_callid_belongs_to_the_call(tmp_path):
    store = case(tmp_path, "complete_with_other_callid")
    view = store.view()
    legs, _ = calls.page(view, ALWAYS)
    leg = legs[[("relinked" in flags) for flags in legs["flags"]]].iloc[0]
    found = call_events.journey(view, leg["callid"])
    last = found.events[-1]
    assert last.event.startswith("COMPLETE")
    assert last.callid not in found.callids
    assert last.ts == int(leg["call_end"].timestamp())


# -- every line exactly once -----------------------------------------------------------------------


def files_of(centre):  # noqa: F811
    for path in [*sorted(centre.rotated, key=lambda p: p.name.removesuffix(".gz")), centre.queue_log]:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            yield from (line.rstrip("\n") for line in file)


def test_each_line_of_a_call_is_told_exactly_once_in_the_order_of_time(store, centre, truth):  # noqa: F811
    wanted = {leg["callid"] for leg in truth["legs"][::97]}
    wanted |= {callid for callid, legs in gathered(truth["legs"]).items() if len(legs) > 1}
    lines = {}
    for line in files_of(centre):
        callid = line.split("|")[1]
        if callid in wanted:
            lines.setdefault(callid, []).append(line)
    assert len(wanted) > 60
    for callid in wanted:
        found = call_events.journey(store.view(), callid)
        assert [one.line for one in found.events] == sorted(lines[callid], key=lambda line: int(line.split("|")[0]))
        assert found.whole
        assert len(found.attempts) == sum(line.split("|")[4] in ("RINGNOANSWER", "RINGCANCELED", "AGENTDUMP")
                                          for line in lines[callid])


@pytest.mark.real
def test_the_lines_of_a_recorded_server_are_told_exactly_once(lab, shared):
    """Every line of every call of Asterisk 16, over four files, a restart and a kill; the menus' lines too."""
    lines = [line for number in (1, 2, 3, 4)
             for line in (shared / "lab16" / f"queue_log.16.{number}").read_text().splitlines()]
    legs, total = calls.page(lab.view(), ALWAYS, stop=500)
    known = set(legs["callid"])
    found = Counter()
    for callid in known:
        journey = call_events.journey(lab.view(), callid)
        assert [one.ts for one in journey.events] == sorted(one.ts for one in journey.events)
        assert journey.legs["callid"].tolist() == [callid] * len(journey.legs)
        found.update(one.line for one in journey.events if one.event != "QUEUESTART")
    right = Counter(line for line in lines if line.split("|")[1] in known)
    assert total == 183
    assert found == right
    cut = legs[[outcome == "interrupted" or by == "restart" for outcome, by in zip(
        legs["outcome"], legs["end_by"], strict=True)]]
    assert len(cut)
    for callid in cut["callid"]:
        events = call_events.journey(lab.view(), callid).events
        assert [one.event for one in events].count("QUEUESTART") == 1
        assert events[-1].event == "QUEUESTART"


@pytest.mark.real
def test_a_torn_line_is_put_together_again(lab):
    found = call_events.journey(lab.view(), "issabel01-1795347941.166")
    torn = next(one for one in found.events if one.event == "TRANSFER")
    assert (torn.agent, torn.data, torn.line) == (
        "Núñez, Raúl", ("110",), "1795347951|issabel01-1795347941.166|601|Núñez| Raúl|TRANSFER,110")


def test_a_call_that_goes_on_is_told_so_far(tmp_path):
    now = int(UNTIL.timestamp())
    store = made(tmp_path, f"{now - 90}|NONE|1774999900.7|NONE|INFO|IVRAPPEND|2|ventas",
                 f"{now - 60}|1774999900.7|600|NONE|ENTERQUEUE||3001112222|1",
                 f"{now - 20}|1774999900.7|600|Ana|RINGNOANSWER|15000", now=now)
    found = call_events.journey(store.view(), "1774999900.7")
    assert [one.event for one in found.events] == ["INFO", "ENTERQUEUE", "RINGNOANSWER"]
    assert [one.queue for one in found.events] == [None, "600", "600"]
    assert found.call["outcome"].tolist() == ["in_progress"]
    assert found.call["end"].isna().all()
    assert found.attempts[["agent", "ring", "noise"]].values.tolist() == [["Ana", 15.0, False]]


def test_lines_of_other_queues_and_lines_without_one_are_hidden_from_who_has_not_these_queues(tmp_path):
    day = int(dt.datetime(2026, 3, 3, 9, tzinfo=BOGOTA).timestamp())
    lines = [f"{day}|1.1|600|NONE|ENTERQUEUE||3001112222|1", f"{day + 9}|1.1|600|Zoraida|CONNECT|9|1.2|3",
             f"{day + 20}|1.1|NODEST|Zoraida|TRANSFER|601", f"{day + 30}|1.1|600|Zoraida|COMPLETECALLER|9|21|1",
             f"{day + 40}|1.1|601|NONE|ENTERQUEUE||3001112222|1", f"{day + 45}|1.1|601|Eva|CONNECT|5|1.3|3",
             f"{day + 50}|1.1|NODEST|Eva|TRANSFER|110", f"{day + 60}|1.1|601|Eva|COMPLETEAGENT|5|15|1"]
    store = made(tmp_path, *lines)
    assert [one.line for one in call_events.journey(store.view(), "1.1").events] == lines
    for queue, mine in (("600", lines[:4]), ("601", lines[4:])):
        found = call_events.journey(store.view(frozenset({queue})), "1.1")
        assert [one.line for one in found.events] == mine
        assert found.legs["queue"].tolist() == [queue]


def test_numbers_are_masked_wherever_a_line_has_them(tmp_path):
    day = int(dt.datetime(2026, 3, 3, 9, tzinfo=BOGOTA).timestamp())
    store = made(
        tmp_path, f"{day}|1772546400.1|600|NONE|DID|6015550600",
        f"{day}|1772546400.1|600|NONE|ENTERQUEUE||+1 (555) 010-9999|1",
        f"{day + 9}|1772546400.1|600|Ana|CONNECT|9|pbx01-1772546409.2|3",
        f"{day + 15}|1772546400.1|600|Ana|ENCUESTA|5|+1 (555) 010-9999|llamar al 300 111 22 33",
        f"{day + 30}|1772546400.1|600|Ana|BLINDTRANSFER|3007778888|from-internal|9|21|1")
    found = call_events.journey(store.view(numbers=False), "1772546400.1")
    assert [one.line.split("|", 5)[5] for one in found.events] == [
        "6015550600", "|+1 ***999|1", "9|pbx01-1772546409.2|3", "5|+1 ***999|llamar al 300*** 33",
        "300***888|from-internal|9|21|1"]
    assert found.events[-1].data == ("300***888", "from-internal", "9", "21", "1")
    assert found.legs[["caller", "transfer_to", "did"]].values.tolist() == [["+1 ***999", "300***888", "6015550600"]]
    full = call_events.journey(store.view(), "1772546400.1")
    assert full.legs["transfer_to"].tolist() == ["3007778888"]


# -- from wherever the book lies -------------------------------------------------------------------


def test_a_second_process_tells_the_lines_that_the_first_one_stored(tmp_path):
    day = int(dt.datetime(2026, 3, 3, 9, tzinfo=BOGOTA).timestamp())
    lines = [f"{day}|1.1|600|NONE|ENTERQUEUE||3001112222|1", f"{day + 9}|1.1|600|Ana|CONNECT|9|1.2|3"]
    writer = made(tmp_path, *lines, now=day + 60)
    reader = made(tmp_path, *lines, now=day + 60)
    assert (writer.book.locked, reader.book.locked) == (True, False)
    with (tmp_path / "queue_log").open("a") as file:
        file.write(f"{day + 40}|1.1|600|Ana|COMPLETEAGENT|9|31|1\n")
    writer.refresh()
    reader.refresh()
    for force in (False, True):
        if force:
            assert writer.book.compact(force=True)  # from the catalogue into a segment
        for store in (writer, reader):
            found = call_events.journey(store.view(), "1.1")
            assert [one.event for one in found.events] == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]
            assert found.whole


def test_a_damaged_part_of_the_log_is_said_and_the_legs_are_there(tmp_path):
    day = int(dt.datetime(2026, 3, 3, 9, tzinfo=BOGOTA).timestamp())
    store = made(tmp_path, f"{day}|1.1|600|NONE|ENTERQUEUE||3001112222|1", f"{day + 9}|1.1|600|NONE|ABANDON|1|1|9")
    store.book.compact(force=True)
    segment = next((tmp_path / "store").glob("*.arrow"))
    raw = bytearray(segment.read_bytes())
    raw[len(raw) // 2] ^= 1
    segment.write_bytes(raw)
    found = call_events.journey(store.view(), "1.1")
    assert (found.whole, found.events, len(found.legs)) == (False, (), 1)


def test_an_unknown_callid_is_no_call(store):
    for callid in ("", "1", "NONE", "MANAGER", "1.1' OR '1'='1", "\x00", "%"):
        assert call_events.journey(store.view(), callid) is None
