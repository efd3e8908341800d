"""The list of calls: every row, order and filter against the files read at once, in plain Python."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest

from data import call_rows, calls, frames, records
from data.call_filters import CallFilters, parse, sort
from data.filters import BadFilter, Filters
from data.private import masked
from data.rules import Options
from data.site import Site
from data.store import Store
from render import addresses
from render.charts import volume, weekday_hours
from tests.data.test_store import BOGOTA, UNTIL, centre, grown, truth  # noqa: F401  fixtures

EVERYTHING = CallFilters(dt.date(2026, 1, 1), dt.date(2026, 12, 31), origin="all")
MARCH = CallFilters(dt.date(2026, 3, 1), dt.date(2026, 3, 31))
TODAY = UNTIL.date()


@pytest.fixture(scope="module")
def store(centre, tmp_path_factory):  # noqa: F811
    return grown(centre, tmp_path_factory.mktemp("calls"), BOGOTA)


@pytest.fixture(scope="module")
def view(store):
    return store.view()


def rows(view, filters=EVERYTHING, order=calls.NEWEST, size=499):
    """Every row of the list, page by page."""
    found, start = [], 0
    while True:
        table, total = calls.page(view, filters, order, start, start + size)
        found += [{k: None if not isinstance(v, list) and v != v else v for k, v in row.items()}
                  for row in table.to_dict("records")]
        start += size
        if start >= total:
            assert len(found) == total
            return found


def plain(row):
    """A row as `analyze` writes it."""
    times = {name: None if row[name] is None else int(row[name].timestamp()) for name in (
        "enter", "connect", "end", "call_end")}
    return {**{name: row[name] for name in records.ORDER}, **times}


def keys(legs):
    return Counter(tuple(sorted((k, str(v)) for k, v in leg.items())) for leg in legs)


def whole(leg):
    """Numbers of a frame are floats where some are missing."""
    return {k: float(v) if isinstance(v, int) and not isinstance(v, bool) else v for k, v in leg.items()}


def test_the_pages_hold_every_leg_exactly_once_and_whole(view, truth):  # noqa: F811
    assert keys(whole(plain(row)) for row in rows(view, size=97)) == keys(whole(leg) for leg in truth["legs"])


def test_a_page_beyond_the_end_is_empty_and_still_says_how_many(view, truth):  # noqa: F811
    for start, stop in ((10**6, 10**6 + 50), (5, 5), (10, 3)):
        table, total = calls.page(view, EVERYTHING, start=start, stop=stop)
        assert (len(table), total) == (0, len(truth["legs"]))
        assert list(table.columns) == list(calls.COLUMNS)


# What Python sorts by; None is missing and stands last.
CODES = {"outcome": frames.OUTCOMES, "end_by": frames.END_BY, "transfer_kind": frames.TRANSFERS}
TEXT = ("callid", "callid_enter", "caller", "caller_orig", "caller_name", "did", "transfer_to", "key")


def value(name, row):
    found = row[name]
    if found is None or found == "" and name in TEXT:
        return None
    if name in CODES:
        return CODES[name].index(found)
    if name in TEXT:
        return found.encode()
    return call_rows.folded(found) if isinstance(found, str) else found


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("name", calls.SORTS)
def test_every_column_sorts_as_python_does(view, name, falling):
    found = rows(view, MARCH, ((name, falling),), size=10_000)
    known = [value(name, row) for row in found if value(name, row) is not None]
    assert known == sorted(known, reverse=falling)
    assert [value(name, row) for row in found] == known + [None] * (len(found) - len(known))
    same = [(a, b) for a, b in zip(found, found[1:], strict=False) if value(name, a) == value(name, b)]
    assert all(a["enter"] >= b["enter"] for a, b in same)


def test_several_columns_sort_one_after_the_other(view):
    found = rows(view, MARCH, sort("queue,-wait,caller", calls.SORTS), size=10_000)
    ordered = sorted(found, key=lambda r: r["caller"].encode())
    ordered = sorted(ordered, key=lambda r: -1 if r["wait"] is None else r["wait"], reverse=True)
    ordered = sorted(ordered, key=lambda r: r["queue"])
    assert [(r["queue"], r["wait"], r["caller"]) for r in found] == [
        (r["queue"], r["wait"], r["caller"]) for r in ordered]


def local(leg):
    return dt.datetime.fromtimestamp(leg["enter"], BOGOTA)


def minute(leg):
    return local(leg).hour * 60 + local(leg).minute


LOST = ("abandoned", "timeout", "exit_empty")
PREDICATES = {
    "outcome=abandoned": lambda leg: leg["outcome"] == "abandoned",
    "outcome=abandoned&outcome=timeout": lambda leg: leg["outcome"] in ("abandoned", "timeout"),
    "min_wait=30": lambda leg: leg["wait"] is not None and leg["wait"] >= 30,
    "min_wait=10&max_wait=20": lambda leg: leg["wait"] is not None and 10 <= leg["wait"] <= 20,
    "max_talk=60": lambda leg: leg["talk"] is not None and leg["talk"] <= 60,
    "min_talk=0": lambda leg: leg["talk"] is not None,
    "transferred=true": lambda leg: leg["outcome"] == "answered" and leg["transfer"],
    "transferred=false": lambda leg: not (leg["outcome"] == "answered" and leg["transfer"]),
    "short=true": lambda leg: leg["outcome"] == "abandoned" and leg["wait"] <= 5,
    "within_sl=true": lambda leg: leg["outcome"] == "answered" and leg["wait"] <= 20,
    "within_sl=0": lambda leg: not (leg["outcome"] == "answered" and leg["wait"] <= 20),
    "lost=yes": lambda leg: leg["outcome"] in LOST,
    "lost=no": lambda leg: leg["outcome"] not in LOST,
    "ended_by=agent&ended_by=transfer": lambda leg: leg["end_by"] in ("agent", "transfer"),
    "did=6015550600": lambda leg: leg["did"] == "6015550600",
    "weekday=0&weekday=5": lambda leg: local(leg).weekday() in (0, 5),
    "hour=8&hour=17": lambda leg: local(leg).hour in (8, 17),
    "from=08:07&to=09:30": lambda leg: 487 <= minute(leg) < 570,
    "from=17:00": lambda leg: minute(leg) >= 1020,
    "from=18:00&to=08:00": lambda leg: minute(leg) >= 1080 or minute(leg) < 480,
    "weekday=1&from=10:00&to=11:00": lambda leg: local(leg).weekday() == 1 and local(leg).hour == 10,
    "from=2026-03-03T10:00:00-05:00&to=2026-03-03T17:30:00Z": lambda leg: (
        dt.datetime(2026, 3, 3, 10, tzinfo=BOGOTA) <= local(leg) < dt.datetime(2026, 3, 3, 12, 30, tzinfo=BOGOTA)),
    "caller=300": lambda leg: "300" in leg["caller"],
    "q=gutierrez": lambda leg: "Gutiérrez" in (leg["agent"] or ""),
    "q=LUZ MARINA": lambda leg: "Luz Marina" in (leg["agent"] or ""),
    "agent=Luz Marina Gutiérrez&outcome=answered": lambda leg: leg["agent"] == "Luz Marina Gutiérrez",
    "queue=601&lost=true": lambda leg: leg["queue"] == "601" and leg["outcome"] in LOST,
    "q=no such thing": lambda leg: False,
}


@pytest.mark.parametrize("query", PREDICATES)
def test_filters_keep_exactly_what_they_say(view, truth, query):  # noqa: F811
    filters = parse(parse_qs(f"start_date=2026-03-01&end_date=2026-03-31&origin=all&{query}"), TODAY)
    right = [leg for leg in truth["legs"] if local(leg).month == 3 and PREDICATES[query](leg)]
    found = rows(view, filters)
    assert keys(whole(plain(row)) for row in found) == keys(map(whole, right))
    assert bool(right) == (query != "q=no such thing")
    assert parse(parse_qs(filters.query()), TODAY) == filters
    assert calls.total(view, filters) == len(right)


def test_a_number_and_a_callid_are_found_however_they_are_typed(view, truth):  # noqa: F811
    leg = next(leg for leg in truth["legs"] if len(leg["caller"]) == 10 and local(leg).month == 3)
    number = leg["caller"]
    right = {leg["callid"] for leg in truth["legs"] if leg["caller"] == number and local(leg).month == 3}
    for typed in (number, f"{number[:3]} {number[3:6]} {number[6:]}", f"({number[:3]}) {number[3:6]}-{number[6:]}"):
        for filters in (replace(MARCH, origin="all", q=typed), replace(MARCH, origin="all", caller=typed)):
            assert {row["callid"] for row in rows(view, filters)} == right
    for filters in (replace(EVERYTHING, q=leg["callid"]), replace(EVERYTHING, callid=leg["callid"])):
        assert {row["callid"] for row in rows(view, filters)} == {leg["callid"]}
    assert rows(view, replace(EVERYTHING, callid=leg["callid"][:-1])) == []


def test_recovered_are_the_lost_whose_number_was_answered_within_a_day(view, truth):  # noqa: F811
    answers = {}
    for leg in truth["legs"]:
        if leg["outcome"] == "answered":
            answers.setdefault(leg["caller"], []).append(leg["connect"])

    def answered_later(leg):
        return leg["caller"] not in ("", "anonymous") and any(
            leg["enter"] <= at <= leg["enter"] + 86400 for at in answers.get(leg["caller"], ()))
    lost = [leg for leg in truth["legs"] if leg["outcome"] in LOST]
    for wanted in (True, False):
        right = [leg for leg in lost if answered_later(leg) == wanted]
        found = rows(view, replace(EVERYTHING, recovered=wanted))
        assert right
        assert keys(whole(plain(row)) for row in found) == keys(map(whole, right))


@pytest.mark.parametrize("filters", [
    Filters(dt.date(2026, 3, 31), dt.date(2026, 3, 31)), Filters(dt.date(2026, 2, 10), dt.date(2026, 3, 10), ("600",)),
    Filters(dt.date(2026, 1, 1), dt.date(2026, 12, 31), origin="all"),
    Filters(dt.date(2030, 1, 1), dt.date(2030, 1, 1)),
    Filters(dt.date(2026, 3, 1), dt.date(2026, 3, 31), (), ("Luz Marina Gutiérrez",)),
    Filters(dt.date(2026, 3, 1), dt.date(2026, 3, 31), ("600", "602"), (), "internal")], ids=str)
def test_totals_leg_by_leg_are_those_of_the_pages(view, filters):
    asked = CallFilters(**vars(filters))
    assert asked.plain
    assert calls.added_up(view, call_rows.chosen(view, asked).rows) == view.totals(filters)
    assert calls.totals(view, asked) == view.totals(filters)
    assert calls.excluded_internal(view, asked) == view.excluded_internal(filters)


def test_totals_of_what_is_narrowed_are_those_of_its_legs(view, truth):  # noqa: F811
    found = calls.totals(view, replace(MARCH, outcomes=("abandoned",), waits=(10, None)))
    right = [leg for leg in truth["legs"] if leg["outcome"] == "abandoned" and leg["wait"] >= 10
             and local(leg).month == 3 and not leg["internal"]]
    assert (found["offered"], found["abandoned"], found["answered"]) == (len(right), len(right), 0)
    assert found["longest_wait"] == max(leg["wait"] for leg in right)
    assert found["sl_pct"] == 0
    both = [leg for leg in truth["legs"] if leg["outcome"] == "abandoned" and leg["wait"] >= 10
            and local(leg).month == 3]
    assert calls.excluded_internal(view, replace(MARCH, outcomes=("abandoned",), waits=(10, None))) == len(
        both) - len(right) > 0


def opened(href):
    """The filters behind a link of a page."""
    return parse(parse_qs(href.partition("?")[2]), TODAY)


def test_every_bar_and_cell_of_the_summary_opens_as_exactly_its_calls(view):
    day = Filters(dt.date(2026, 3, 3), dt.date(2026, 3, 3), interval=15)
    table = view.by_interval(day)
    bars = volume(table, "es", "light", 15, addresses.calls("/", day))
    href = bars["layout"]["meta"]["href"].partition("?")[2]
    total = 0
    for place, slot in enumerate(bars["data"][-1]["customdata"]):
        filters = parse({**parse_qs(href), **parse_qs(slot)}, TODAY)
        drawn = sum(trace["y"][place] for trace in bars["data"] if trace["type"] == "bar")
        assert calls.total(view, filters) == drawn
        total += drawn
    assert total == view.totals(day)["offered"] > 0
    weeks = replace(day, start=dt.date(2026, 2, 10))
    heat = weekday_hours(view.by_weekday_hour(weeks), "es", "light", addresses.calls("/", weeks))
    cells = {(row.weekday, row.hour): row.offered for row in view.by_weekday_hour(weeks).itertuples()}
    hours = [int(hour) for hour in heat["data"][0]["x"]]
    for weekday, links in enumerate(heat["data"][0]["customdata"]):
        for hour, link in zip(hours, links, strict=True):
            filters = parse({**parse_qs(heat["layout"]["meta"]["href"].partition("?")[2]), **parse_qs(link)}, TODAY)
            assert calls.total(view, filters) == cells[weekday, hour]


def test_every_other_number_of_the_summary_opens_as_exactly_its_calls(view):
    month = Filters(dt.date(2026, 3, 1), dt.date(2026, 3, 31))
    totals = view.totals(month)
    for outcome in frames.OUTCOMES:
        assert calls.total(view, opened(addresses.calls("/", month, outcome=outcome))) == totals[outcome]
    for name, key in (("short", "short_abandoned"), ("transferred", "transferred"), ("recovered", "recovered")):
        assert calls.total(view, opened(addresses.calls("/", month, **{name: "true"}))) == totals[key]
    within = calls.total(view, opened(addresses.calls("/", month, within_sl="true")))
    served = sum(totals[name] for name in ("answered", "abandoned", "timeout", "exit_empty"))
    assert round(100 * within / (served - totals["short_abandoned"]), 2) == totals["sl_pct"]
    for row in view.by_queue(month).itertuples():
        assert calls.total(view, opened(addresses.calls("/", month, queue=row.queue))) == row.offered
    for row in view.by_agent(month).itertuples():
        link = addresses.calls("/", month, agent=row.agent, outcome="answered")
        assert calls.total(view, opened(link)) == row.answered


def test_the_hour_that_comes_twice_opens_as_two_bars(tmp_path):
    """Santiago: 4 April 2026 has 25 hours; the hour from 23:00 comes twice."""
    zone, log = ZoneInfo("America/Santiago"), tmp_path / "queue_log"
    moments = [dt.datetime(2026, 4, 4, 23, 30, tzinfo=zone, fold=fold) for fold in (0, 1, 1)]
    epochs = [int(moment.timestamp()) + i for i, moment in enumerate(moments)]
    log.write_text("".join(f"{epoch}|c.{i}|600|NONE|ENTERQUEUE||3001234567|1\n"
                           f"{epoch + 9}|c.{i}|600|NONE|ABANDON|1|1|9\n" for i, epoch in enumerate(epochs)))
    store = Store(log, tmp_path / "store", Site(zone), clock=lambda: moments[-1].timestamp() + 3600)
    store.refresh()
    day = Filters(moments[0].date(), moments[0].date())
    bars = volume(store.view().by_interval(day), "es", "light", 60, addresses.calls("/", day))
    href = bars["layout"]["meta"]["href"].partition("?")[2]
    found = [calls.total(store.view(), parse({**parse_qs(href), **parse_qs(slot)}, TODAY))
             for slot in bars["data"][-1]["customdata"]]
    assert found == [1, 2]
    twice = parse(parse_qs("start_date=2026-04-04&end_date=2026-04-04&from=23:00&to=24:00"), TODAY)
    assert calls.total(store.view(), twice) == 3  # by the clock on the wall, as the heat map counts


def test_dispositions_add_up_and_name_the_line_that_ended_the_leg(view, truth):  # noqa: F811
    table = calls.dispositions(view, EVERYTHING)
    found = dict(zip(table["event"], table["count"].tolist(), strict=True))
    assert sum(found.values()) == len(truth["legs"])
    ends = Counter(leg["end_by"] for leg in truth["legs"] if leg["outcome"] == "answered" and not leg["transfer"])
    kinds = Counter(leg["transfer_kind"] for leg in truth["legs"])
    assert found["COMPLETEAGENT"] == ends["agent"]
    assert found["COMPLETECALLER"] == ends["caller"]
    assert found["ABANDON"] == sum(leg["outcome"] == "abandoned" for leg in truth["legs"])
    assert found["BLINDTRANSFER"] == kinds["blind"]
    assert list(found.values()) == sorted(found.values(), reverse=True)


# -- who may see what ------------------------------------------------------------------------------


def test_a_person_limited_to_queues_sees_no_other(store, truth):  # noqa: F811
    limited = store.view(frozenset({"601"}))
    right = [leg for leg in truth["legs"] if leg["queue"] == "601"]
    assert keys(whole(plain(row)) for row in rows(limited)) == keys(map(whole, right))
    foreign = next(leg for leg in truth["legs"] if leg["queue"] == "600" and leg["caller"] not in {
        leg["caller"] for leg in right})
    for filters in (replace(EVERYTHING, callid=foreign["callid"]), replace(EVERYTHING, q=foreign["caller"]),
                    replace(EVERYTHING, queues=("600",)), replace(EVERYTHING, q="600")):
        assert {row["queue"] for row in rows(limited, filters)} <= {"601"}
    assert rows(limited, replace(EVERYTHING, callid=foreign["callid"])) == []


def test_numbers_are_masked_in_every_column(store, view):
    hidden = rows(store.view(numbers=False))
    for blind, full in zip(hidden, rows(view), strict=True):
        for name in ("caller", "caller_orig"):
            assert blind[name] == masked(full[name])
        assert {k: v for k, v in blind.items() if k not in ("caller", "caller_orig")} == {
            k: v for k, v in full.items() if k not in ("caller", "caller_orig")}
    assert any("***" in row["caller"] for row in hidden)


def test_searching_and_sorting_tell_nothing_of_hidden_digits(store, view):
    """Two numbers that look the same when masked are the same for every question."""
    blind, full = store.view(numbers=False), rows(view, MARCH)
    number = next(row["caller"] for row in full if len(row["caller"]) == 10 and row["caller"][3:7] != "0000")
    hidden = number[3:7]
    assert [row for row in rows(view, replace(MARCH, q=hidden)) if row["caller"] == number]
    for words in (number, hidden, number[2:5], number[6:9]):
        for filters in (replace(MARCH, q=words), replace(MARCH, caller=words)):
            assert not [row for row in rows(blind, filters) if row["caller"] == masked(number)
                        and words not in masked(number)]
    for words in (number[:3], number[-3:], masked(number)):
        right = [row["callid"] for row in full if words in masked(row["caller"])]
        assert [row["callid"] for row in rows(blind, replace(MARCH, caller=words))] == right
    for falling in (False, True):
        found = rows(blind, MARCH, (("caller", falling),))
        seen = [row["caller"].encode() for row in found if row["caller"]]
        assert seen == sorted(seen, reverse=falling)
        same = [(a["enter"], b["enter"]) for a, b in zip(found, found[1:], strict=False) if a["caller"] == b["caller"]]
        assert same
        assert all(a >= b for a, b in same)


# -- what was recorded, what is asked badly --------------------------------------------------------


def test_recordings_filter_where_somebody_looks_for_them(store, truth):  # noqa: F811
    with pytest.raises(BadFilter) as error:
        calls.page(store.view(), replace(MARCH, has_recording=True))
    assert error.value.parameter == "has_recording"
    march = [leg for leg in truth["legs"] if local(leg).month == 3]
    kept, asked = {leg["callid"] for leg in march[::7]}, []

    def recorded(first, last):
        asked.append((first, last))
        return kept
    store.recorded = recorded
    try:
        view = store.view()
        for wanted in (True, False):
            found = rows(view, replace(MARCH, origin="all", has_recording=wanted))
            right = [leg for leg in march if (leg["callid"] in kept) == wanted]
            assert keys(whole(plain(row)) for row in found) == keys(map(whole, right))
        assert set(asked) == {(MARCH.start, MARCH.end)}
        kept.add(next(leg["callid"] for leg in march if leg["callid"] not in kept))
        more = {row["callid"] for row in rows(view, replace(MARCH, origin="all", has_recording=True))}
        assert more == kept
    finally:
        store.recorded = None


@pytest.mark.parametrize("query, parameter", [
    ("outcome=lost", "outcome"), ("ended_by=me", "ended_by"), ("min_wait=-1", "min_wait"), ("max_talk=1h", "max_talk"),
    ("min_wait=9&max_wait=8", "max_wait"), ("short=maybe", "short"), ("weekday=7", "weekday"), ("hour=24", "hour"),
    ("weekday=%C2%B2", "weekday"), ("from=25:00", "from"), ("to=9:00", "to"), ("from=08:00&to=08:00", "to"),
    ("from=2026-03-01T10:00:00", "from"), ("from=2026-03-01T10:00:00Z&to=2026-03-01T10:00:00Z", "to"),
    ("from=08:00&to=2026-03-01T10:00:00Z", "from"), ("q=a&q=b", "q"), ("min_wait=99999999999999999999", "min_wait"),
    (f"q={'x' * 257}", "q"), ("has_recording=2", "has_recording"), ("start_date=x", "start_date"),
    ("&".join(f"did={n}" for n in range(1001)), "did"), ("from=9999-12-31T23:59:59-23:59", "from")])
def test_bad_filters_are_named(query, parameter):
    with pytest.raises(BadFilter) as error:
        parse(parse_qs(query), TODAY)
    assert error.value.parameter == parameter


@pytest.mark.parametrize("word", ["flags", "enter,nothing", "--enter", "enter,queue,wait,talk,caller"])
def test_bad_orders_are_named(word):
    with pytest.raises(BadFilter) as error:
        sort(word, calls.SORTS)
    assert error.value.parameter == "sort"


def test_orders_are_read_and_the_first_word_about_a_column_counts():
    assert sort("-", calls.SORTS) == sort("", calls.SORTS) == ()
    assert sort("-enter, queue ,enter", calls.SORTS) == (("enter", True), ("queue", False))


def test_what_the_log_does_not_say_can_be_asked_for(view, truth):  # noqa: F811
    without = [leg for leg in truth["legs"] if not leg["did"]]
    assert calls.total(view, replace(EVERYTHING, dids=("none",))) == len(without) > 0
    dids = {leg["did"] for leg in truth["legs"] if leg["did"]}
    assert calls.total(view, replace(EVERYTHING, dids=("none", *dids))) == len(truth["legs"])
    gone = replace(EVERYTHING, outcomes=("abandoned",))
    known, unknown = (calls.total(view, replace(gone, positions=span)) for span in ((1, None), (None, 0)))
    assert known + unknown == calls.total(view, gone)


def test_who_missed_a_call_leads_to_the_legs_during_which_the_phone_rang(view, truth):  # noqa: F811
    missed = [one for one in truth["attempts"] if one["kind"] == "rna" and not one["noise"]]
    agents = {one["agent"] for one in missed}
    assert len(agents) > 2
    for asked, expected in [(("*",), missed), *(((agent,), [one for one in missed if one["agent"] == agent])
                                                for agent in sorted(agents))]:
        filters = replace(EVERYTHING, missed_by=asked)
        found = rows(view, filters)
        assert call_rows.rings(view, filters) == len(expected) >= len(found) > 0
        assert {(row["callid"], row["queue"]) for row in found} == {(one["callid"], one["queue"]) for one in expected}
    assert calls.total(view, replace(EVERYTHING, missed_by=("nobody",))) == 0
    assert call_rows.rings(view, EVERYTHING) == 0


def test_orders_without_end_do_not_fill_the_memory(view):
    from data.snapshot import PLACES
    for number in range(8):
        for name in calls.SORTS:
            calls.page(view, replace(EVERYTHING, waits=(number, None)), ((name, False),))
    assert view.snapshot.places._held <= PLACES
    heavy = sum(answer.nbytes for answer, _ in view.snapshot.places._answers.values())
    assert heavy == view.snapshot.places._held


def test_a_text_at_the_very_end_of_a_file_and_an_empty_store(tmp_path):
    empty = tmp_path / "empty" / "queue_log"
    empty.parent.mkdir()
    empty.write_text("")
    store = Store(empty, tmp_path / "store", Site(BOGOTA, Options()), clock=UNTIL.timestamp)
    store.refresh()
    filters = replace(EVERYTHING, q="a", recovered=False, weekdays=(1,))
    for name in calls.SORTS:
        table, total = calls.page(store.view(), filters, ((name, True),))
        assert (len(table), total) == (0, 0)
    assert calls.totals(store.view(), replace(EVERYTHING, q="a"))["offered"] == 0
    assert calls.dispositions(store.view(), EVERYTHING).empty
