"""The store: the same numbers by every road, across restarts, processes and late archives."""

import datetime as dt
import gzip
import itertools
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from data import analysis, demo, frames, measures, records, sources
from data.builder import Builder
from data.filters import Filters
from data.rules import Options
from data.site import Site
from data.store import Store

BOGOTA = ZoneInfo("America/Bogota")
UNTIL = dt.datetime(2026, 3, 31, 18, 30, tzinfo=BOGOTA)
MARCH = Filters(dt.date(2026, 3, 1), dt.date(2026, 3, 31), origin="all")


@pytest.fixture(scope="module")
def centre(tmp_path_factory):
    """A demonstration of eight weeks, its last line on 31 March 2026."""
    return demo.write(tmp_path_factory.mktemp("centre"), days=56, calls_per_day=150, seed=7, until=UNTIL, recordings=0)


def opened(log: Path, folder: Path, zone: ZoneInfo = BOGOTA, **more) -> Store:
    store = Store(log, folder, Site(zone, Options(), **more), clock=UNTIL.timestamp)
    store.refresh()
    return store


def grown(centre, folder: Path, zone: ZoneInfo) -> Store:
    """A store whose history was put away twice, with newer lines behind it: every road to a number is taken."""
    logs = folder / "logs"
    logs.mkdir(parents=True)
    for path in centre.rotated:
        shutil.copy(path, logs / path.name)
    whole = centre.queue_log.read_bytes()
    for share in (0.4, 0.8, 1):
        (logs / "queue_log").write_bytes(whole[:whole.rindex(b"\n", 0, int(len(whole) * share)) + 1])
        store = opened(logs / "queue_log", folder / "store", zone)
        if share < 1:
            store._put()
            store.book.close()
    assert store.history.generation == 2
    assert store.builder.young.rows > 50
    return store


@pytest.fixture(scope="module")
def stores(centre, tmp_path_factory):
    return {zone: grown(centre, tmp_path_factory.mktemp("store"), ZoneInfo(zone))
            for zone in ("America/Bogota", "America/Santiago", "UTC")}


@pytest.fixture(scope="module")
def store(stores):
    return stores["America/Bogota"]


@pytest.fixture(scope="module")
def truth(centre):
    """Every leg by the other road: the files read at once."""
    files = sorted(centre.rotated, key=lambda p: p.name.removesuffix(".gz")) + [centre.queue_log]
    return analysis.analyze(files, as_of=int(UNTIL.timestamp()))


def keep(leg: dict, filters: Filters, zone: ZoneInfo) -> bool:
    day = dt.datetime.fromtimestamp(leg["enter"], zone).date()
    return (filters.start <= day <= filters.end
            and (not filters.queues or leg["queue"] in filters.queues)
            and (not filters.agents or leg["agent"] in filters.agents)
            and (filters.origin == "all" or leg["internal"] == (filters.origin == "internal")))


def expected(legs: list[dict], filters: Filters, zone: ZoneInfo) -> dict:
    """Totals counted leg by leg, in plain Python."""
    mine = [leg for leg in legs if keep(leg, filters, zone)]
    found = {name: sum(leg["outcome"] == name for leg in mine) for name in frames.OUTCOMES}
    waits = [leg["wait"] for leg in mine if leg["outcome"] == "answered"]
    short = sum(leg["outcome"] == "abandoned" and leg["wait"] <= 5 for leg in mine)
    served = found["answered"] + found["abandoned"] - short + found["timeout"] + found["exit_empty"]
    talks = [leg["talk"] for leg in mine if leg["outcome"] == "answered" and leg["talk"] is not None]
    return {**found, "offered": len(mine), "short_abandoned": short, "talk_total": sum(talks),
            "sl_pct": round(100 * sum(w <= 20 for w in waits) / served, 2) if served else None,
            "asa": round(sum(waits) / len(waits), 2) if waits else None,
            "p90_wait": int(np.percentile(waits, 90, method="inverted_cdf")) if waits else None,
            "max_talk": max(talks, default=None)}


FILTERS = [
    Filters(dt.date(2026, 3, 31), dt.date(2026, 3, 31), origin="all"),
    Filters(dt.date(2026, 3, 2), dt.date(2026, 3, 2)),
    Filters(dt.date(2026, 2, 10), dt.date(2026, 3, 10), ("600", "602")),
    Filters(dt.date(2026, 1, 1), dt.date(2026, 12, 31), origin="internal"),
    Filters(dt.date(2026, 3, 1), dt.date(2026, 3, 31), ("601",), origin="all"),
    Filters(dt.date(2026, 3, 1), dt.date(2026, 3, 31), (), ("Luz Marina Gutiérrez",)),
    Filters(dt.date(2030, 1, 1), dt.date(2030, 1, 2)),
]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("zone", ["America/Bogota", "America/Santiago", "UTC"])
def test_totals_are_those_of_the_legs(stores, truth, filters, zone):
    found, right = stores[zone].view().totals(filters), expected(truth["legs"], filters, ZoneInfo(zone))
    assert {name: found[name] for name in right} == right


@pytest.mark.parametrize("filters", [f for f in FILTERS if not f.agents], ids=str)
def test_callers_to_call_back_are_those_of_the_legs(store, truth, filters):
    """A lost caller is recovered when the same number was answered within a day; of the others each counts once."""
    answers: dict[str, list[int]] = {}
    for leg in truth["legs"]:
        if leg["outcome"] == "answered":
            answers.setdefault(leg["caller"], []).append(leg["connect"])
    recovered, numbers, anonymous = 0, set(), 0
    for leg in truth["legs"]:
        if leg["outcome"] not in ("abandoned", "timeout", "exit_empty") or not keep(leg, filters, BOGOTA):
            continue
        if leg["caller"] in ("", "anonymous"):
            anonymous += 1
        elif any(leg["enter"] <= at <= leg["enter"] + 86400 for at in answers.get(leg["caller"], ())):
            recovered += 1
        else:
            numbers.add(leg["caller"])
    found = store.view().totals(filters)
    assert (found["recovered"], found["lost_unrecovered"]) == (recovered, len(numbers) + anonymous)


def test_missed_calls_are_those_of_the_files(store, truth):
    everything = Filters(dt.date(2026, 1, 1), dt.date(2026, 12, 31), origin="all")
    queues = tuple(q for q, _ in store.view().queues())
    right = {name: row["missed"] for name, row in truth["agents"].items() if row["answered"]}
    for filters in (everything, Filters(everything.start, everything.end, queues[:-1], (), "all"),
                    Filters(everything.start, everything.end, queues[-1:], (), "all")):
        table = store.view().by_agent(filters)
        assert table["missed"].sum() <= sum(right.values())
    found = store.view().by_agent(everything)
    assert dict(zip(found["agent"], found["missed"], strict=True)) == right


@pytest.mark.parametrize("filters", FILTERS[:5], ids=str)
def test_every_table_adds_up_to_the_totals(store, filters):
    view = store.view()
    totals = view.totals(filters)
    tables = [view.by_day(filters), view.by_hour(filters), view.by_weekday_hour(filters), view.by_queue(filters)]
    tables += [view.by_interval(Filters(filters.start, filters.end, filters.queues, (), filters.origin, minutes))
               for minutes in (15, 30, 60)]
    for table in tables:
        for name in ("offered", "answered", "abandoned", "talk_total", "transferred"):
            assert table[name].sum() == totals[name]
    outcomes = view.by_outcome(filters)
    assert outcomes["count"].sum() == totals["offered"]
    assert view.by_agent(filters)["answered"].sum() == totals["answered"]


def test_recovered_callers_are_those_of_the_files(store, truth):
    everything = Filters(dt.date(2026, 1, 1), dt.date(2026, 12, 31), origin="all")
    found = store.view().totals(everything)
    assert (found["recovered"], found["lost_unrecovered"]) == (
        truth["totals"]["recovered"], truth["totals"]["lost_unrecovered"])


def test_a_person_limited_to_queues_gets_those_and_no_other(store):
    filters = Filters(dt.date(2026, 3, 1), dt.date(2026, 3, 31), origin="all")
    whole, part = store.view(), store.view(frozenset({"601"}))
    only = whole.totals(Filters(filters.start, filters.end, ("601",), (), "all"))
    assert part.totals(filters) == only
    assert part.totals(Filters(filters.start, filters.end, ("600",), (), "all"))["offered"] == 0
    assert [q for q, _ in part.queues()] == ["601"]
    assert 0 < len(part.agents()) < len(whole.agents())


def test_a_call_is_found_whole_and_only_within_ones_queues(store):
    everything = store.view().legs(Filters(UNTIL.date() - dt.timedelta(days=60), UNTIL.date(), origin="all"))
    callids, counts = np.unique(everything.text("callid").to_pylist(), return_counts=True)
    callid, legs = str(callids[np.argmax(counts)]), int(counts.max())
    assert legs > 1
    found = store.view().legs_of(callid)
    assert found.text("callid").to_pylist() == [callid] * legs
    assert len(store.view().legs_of(callid + "0")) == 0
    names = [store.view().snapshot.queue_words.texts[code] for code in found.number("queue")]
    assert len(store.view(frozenset(names[:1])).legs_of(callid)) == names.count(names[0])
    assert len(store.view(frozenset()).legs_of(callid)) == 0


def test_days_of_23_and_25_hours(tmp_path):
    """Santiago: 4 April 2026 has 25 hours, 6 September 2026 begins at one o'clock."""
    zone, log = ZoneInfo("America/Santiago"), tmp_path / "queue_log"
    moments = [dt.datetime(2026, 4, 4, 23, 30, tzinfo=zone, fold=fold) for fold in (0, 1)]
    moments += [dt.datetime(2026, 4, 5, 0, 10, tzinfo=zone), dt.datetime(2026, 9, 6, 1, 5, tzinfo=zone)]
    log.write_text("".join(
        f"{int(m.timestamp())}|c.{i}|600|NONE|ENTERQUEUE||3001234567|1\n"
        f"{int(m.timestamp()) + 9}|c.{i}|600|NONE|ABANDON|1|1|9\n" for i, m in enumerate(moments)))
    store = Store(log, tmp_path / "store", Site(zone), clock=lambda: moments[-1].timestamp() + 3600)
    store.refresh()
    view = store.view()
    long, short = (Filters(day, day, interval=60) for day in (dt.date(2026, 4, 4), dt.date(2026, 9, 6)))
    assert (len(view.by_interval(long)), len(view.by_interval(short))) == (25, 23)
    assert (view.totals(long)["offered"], view.totals(short)["offered"]) == (2, 1)
    assert view.by_interval(long)["offered"].tolist()[-2:] == [1, 1]
    assert view.by_hour(long)["offered"][23] == 2


def legs_of(store: Store) -> list[dict]:
    from data import dump
    table = dump._table(store, "legs", -1, 1 << 40)
    return sorted(tuple(sorted((k, str(v)) for k, v in row.items())) for row in table.to_pylist())


def plain(legs: list[dict]) -> list:
    return sorted(tuple(sorted((k, str(" ".join(v) if isinstance(v, list) else v)) for k, v in row.items()))
                  for row in legs)


def test_restarts_change_nothing(centre, truth, tmp_path):
    """The log grows in pieces; between them the program ends and comes back."""
    log, folder = tmp_path / "queue_log", tmp_path / "store"
    for path in centre.rotated:
        shutil.copy(path, tmp_path / path.name.replace(centre.queue_log.name, "queue_log"))
    whole = centre.queue_log.read_bytes()
    for cut in (len(whole) // 7, len(whole) // 3, len(whole) // 2, len(whole)):
        log.write_bytes(whole[:cut])
        store = opened(log, folder)
        store.settle()
        store.book.close()
    assert legs_of(opened(log, folder)) == plain(truth["legs"])


@pytest.mark.real
@pytest.mark.parametrize("seed", range(3))
def test_archives_may_arrive_in_any_order(shared, tmp_path, seed):
    """The four files of a recorded server, one at a time, in any order, with restarts between."""
    names = [f"queue_log.16.{n}" for n in (1, 2, 3, 4)]
    order = names[:]
    random.Random(seed).shuffle(order)
    folder, site = tmp_path / "store", Site(BOGOTA)
    (tmp_path / "logs").mkdir()
    now = 1_795_349_000.0
    for name in order:
        target = "queue_log" if name == names[-1] else f"queue_log.{names.index(name)}"
        shutil.copy(shared / "lab16" / name, tmp_path / "logs" / target)
        store = Store(tmp_path / "logs/queue_log", folder, site, clock=lambda: now)
        store.refresh()
        store.settle()
        store.book.close()
    store = Store(tmp_path / "logs/queue_log", folder, site, clock=lambda: now)
    store.refresh()
    store.settle()
    right = analysis.analyze([shared / "lab16" / name for name in names], as_of=int(now))
    assert legs_of(store) == plain(right["legs"])
    shot = store.view().snapshot
    found = records.spans(frames_of(shot))
    assert [r for r in found if r["closed_by"] != "open"] == [
        r for r in right["sessions"] if r["closed_by"] != "open"]


def frames_of(shot):
    import pyarrow as pa
    return pa.concat_tables([shot.history.sessions, shot.tables()[2]])


def test_a_second_process_reads_while_the_first_writes(centre, tmp_path):
    log, folder = tmp_path / "queue_log", tmp_path / "store"
    whole = centre.queue_log.read_bytes()
    half = whole.rindex(b"\n", 0, len(whole) // 2) + 1
    log.write_bytes(whole[:half])
    writer, reader = opened(log, folder), opened(log, folder)
    assert writer.book.locked
    assert not reader.book.locked
    with log.open("ab") as file:
        file.write(whole[half:])
    everything = Filters(dt.date(2026, 1, 1), dt.date(2026, 12, 31), origin="all")
    writer.refresh()
    reader.refresh()
    assert reader.view().totals(everything) == writer.view().totals(everything)
    writer.settle()
    reader.refresh()
    assert reader.view().totals(everything) == writer.view().totals(everything)
    assert reader.problem == ""


@pytest.mark.parametrize("put", [False, True])
def test_what_a_wrong_clock_took_for_the_future_is_told_when_the_clock_is_right(centre, tmp_path, put):
    """Machines begin in 1970, until the network tells the time: who follows there, who reads beside, who comes."""
    log, folder = tmp_path / "queue_log", tmp_path / "store"
    lines = centre.queue_log.read_bytes().splitlines(keepends=True)[:2000]
    log.write_bytes(b"".join(lines[:1000]))
    now = [UNTIL.timestamp()]
    writer, reader = (Store(log, folder, Site(BOGOTA, Options()), clock=lambda: now[0]) for _ in range(2))
    everything = Filters(dt.date(2026, 1, 1), dt.date(2026, 12, 31), origin="all")

    def offered(*stores):
        for store in stores:
            store.refresh()
        return [store.view().totals(everything)["offered"] for store in stores]

    before = offered(writer, reader)
    now[0] = 100 * 86_400.0
    with log.open("ab") as file:
        file.writelines(lines[1000:])
    assert offered(writer, reader) == before
    if put:
        writer._put()
        assert offered(writer, reader) == before
    now[0] = UNTIL.timestamp()
    true = opened(log, tmp_path / "other").view().totals(everything)["offered"]
    assert offered(writer, reader) == [true, true] > before
    assert offered(writer, reader) == [true, true]
    writer.book.close()
    assert offered(Store(log, folder, Site(BOGOTA, Options()), clock=lambda: now[0])) == [true]


def test_what_was_of_the_future_is_told_by_the_next_process_too(centre, tmp_path):
    log, folder = tmp_path / "queue_log", tmp_path / "store"
    log.write_bytes(b"".join(centre.queue_log.read_bytes().splitlines(keepends=True)[:1000]))
    everything = Filters(dt.date(2026, 1, 1), dt.date(2026, 12, 31), origin="all")
    early = Store(log, folder, Site(BOGOTA, Options()), clock=lambda: 100 * 86_400.0)
    early.refresh()
    early._put()
    early.book.close()
    assert early.view().totals(everything)["offered"] == 0
    true = opened(log, tmp_path / "other").view().totals(everything)
    assert opened(log, folder).view().totals(everything) == true
    assert true["offered"] > 100


def test_who_reads_beside_reads_every_part_once(centre, tmp_path, monkeypatch):
    """Before there is a history, when it comes, and after: what was folded once is not folded again."""
    log, folder = tmp_path / "queue_log", tmp_path / "store"
    lines = centre.queue_log.read_bytes().splitlines(keepends=True)[:2000]
    log.write_bytes(b"".join(lines[:1000]))
    writer, reader = opened(log, folder), opened(log, folder)
    taken: list[int] = []
    add = Builder.add
    monkeypatch.setattr(Builder, "add", lambda self, events, *more: (
        taken.append(len(events)) if self is reader.builder else None, add(self, events, *more))[1])
    assert writer.shelf.stamp() == (0, 0)
    for begin in (1000, 1500):
        with log.open("ab") as file:
            file.writelines(lines[begin:begin + 500])
        writer.refresh()
        for _ in range(3):
            reader.refresh()
        assert taken == [500]
        taken.clear()
        writer._put()
        assert writer.shelf.stamp() != (0, 0)
        for _ in range(3):
            reader.refresh()
        assert taken == []
    everything = Filters(dt.date(2026, 1, 1), dt.date(2026, 12, 31), origin="all")
    assert reader.view().totals(everything) == writer.view().totals(everything)


def test_nothing_new_means_nothing_to_do(centre, tmp_path):
    store = opened(centre.queue_log, tmp_path / "store")
    before = store.view().snapshot
    assert store.refresh().lines == 0
    assert store.view().snapshot is before


@pytest.mark.parametrize("part", ["legs", "tries", "sessions", "pauses", "sums"])
def test_a_damaged_history_is_made_again(centre, truth, tmp_path, caplog, part):
    store = opened(centre.queue_log, tmp_path / "store")
    store._put()
    store.book.close()
    found, = (tmp_path / "store" / "history").glob(f"{part}-*")
    raw = bytearray(found.read_bytes())
    raw[len(raw) // 2] ^= 1
    found.write_bytes(raw)
    again = opened(centre.queue_log, tmp_path / "store")
    assert "is damaged" in caplog.text
    assert legs_of(again) == plain(truth["legs"])
    assert again.view().totals(MARCH) == store.view().totals(MARCH)


def test_sums_of_an_earlier_version_are_made_again_from_the_legs(centre, tmp_path):
    """That had a file for each of them."""
    store = opened(centre.queue_log, tmp_path / "store")
    store._put()
    store.book.close()
    folder = tmp_path / "store" / "history"
    manifest = json.loads((folder / "CURRENT.json").read_text())
    (folder / manifest["files"]["sums"]["name"]).unlink()
    manifest["sums"], manifest["files"]["sums"] = "another", {"before": {"name": "before-1.npy", "crc": 1}}
    (folder / "CURRENT.json").write_text(json.dumps(manifest))
    again = opened(centre.queue_log, tmp_path / "store")
    assert again.history.generation == 1
    assert again.view().totals(MARCH) == store.view().totals(MARCH)
    again._put()
    again.book.close()
    assert opened(centre.queue_log, tmp_path / "store").view().totals(MARCH) == store.view().totals(MARCH)


def test_another_zone_or_threshold_adds_up_again(centre, tmp_path):
    store = opened(centre.queue_log, tmp_path / "store")
    store._put()
    first = store.view().totals(MARCH)
    store.book.close()
    again = Store(centre.queue_log, tmp_path / "store", Site(BOGOTA, Options(sl_threshold=60)), clock=UNTIL.timestamp)
    again.refresh()
    second = again.view().totals(MARCH)
    assert second["sl_pct"] > first["sl_pct"]
    assert second["offered"] == first["offered"]


def test_names_learned_late_belong_to_the_same_person(tmp_path):
    log = tmp_path / "queue_log"
    start = 1_772_546_400
    log.write_text(
        f"{start}|1.1|600|SIP/101|ADDMEMBER|\n{start + 60}|NONE|600|Ana|PAUSE|Break\n"
        f"{start + 120}|NONE|600|Ana|UNPAUSE|\n"
        f"{start + 900}|1.2|600|SIP/101|REMOVEMEMBER|\n"
        f"{start + 2000}|1.3|600|SIP/101|ADDMEMBER|\n{start + 2000}|MANAGER|600|Ana|ADDMEMBER|\n"
        f"{start + 3000}|NONE|NONE|NONE|CONFIGRELOAD|\n")
    store = opened(log, tmp_path / "store")
    sessions, pauses = store.view().snapshot.people_tables
    assert sessions["agent"].tolist() == ["Ana", "Ana"]
    assert pauses["agent"].tolist() == ["Ana"]


@pytest.mark.parametrize("table, first", [
    ("events", "ts,callid,queue,agent,event,data1,data2,data3,data4,data5"), ("legs", "callid,callid_enter,queue"),
    ("attempts", "ts,callid,queue,agent,kind,ring_ms"), ("sessions", "agent,queue,start,end,closed_by"),
    ("pauses", "agent,queue,start,end,reason,closed_by")])
def test_the_shell_dumps_tables(centre, tmp_path, table, first):
    root = Path(__file__).parent.parent.parent
    run = subprocess.run(
        [sys.executable, "app.py", "dump", table, "--start", "2026-03-30", "--end", "2026-03-30"], cwd=root,
        capture_output=True, text=True, check=True, env={
            "PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path / "var"), "TIMEZONE": "America/Bogota",
            "QUEUE_LOG_PATH": str(centre.queue_log)})
    lines = run.stdout.replace('"', "").splitlines()
    assert lines[0].startswith(first)
    assert len(lines) > 5


def test_measures_and_rates_agree_on_their_names():
    assert set(measures.TOTALS) <= {*measures.SUMS, *measures.LARGEST, *measures.RATES}
    assert len(set(itertools.chain(measures.SUMS, measures.LARGEST))) == len(measures.SUMS) + len(measures.LARGEST)


def test_a_damaged_part_is_said_and_read_again_from_the_log(centre, truth, tmp_path):
    log, folder = tmp_path / "queue_log", tmp_path / "store"
    shutil.copy(centre.queue_log, log)
    for path in centre.rotated:
        shutil.copy(path, tmp_path / path.name)
    store = opened(log, folder)
    store.book.compact(force=True)
    store.book.close()
    segment = max(folder.glob("*.arrow"), key=lambda p: p.stat().st_size)
    raw = bytearray(segment.read_bytes())
    raw[len(raw) // 2] ^= 1
    segment.write_bytes(raw)
    shutil.rmtree(folder / "history", ignore_errors=True)
    store = opened(log, folder)
    assert store.problem == "A part of the stored log is damaged"
    store.refresh()
    store.refresh()
    assert store.problem == ""
    assert legs_of(store) == plain(truth["legs"])


def test_a_queue_that_only_an_open_call_names_counts(tmp_path):
    log, start = tmp_path / "queue_log", int(UNTIL.timestamp()) - 60
    log.write_text(f"{start}|1.1|600|NONE|ENTERQUEUE||3001234567|1\n{start + 3}|1.1|600|Eva|RINGNOANSWER|3000\n")
    today = Filters(UNTIL.date(), UNTIL.date())
    view = opened(log, tmp_path / "store").view()
    assert view.totals(today)["offered"] == 1
    assert view.totals(today)["in_progress"] == 1
    assert view.by_queue(today)["queue"].tolist() == ["600"]
    assert view.live()["waiting"] == 1
    assert view.top_agents(today).empty


def test_lines_that_came_before_this_process_are_not_passed_over(centre, truth, tmp_path):
    """Another process wrote chunks that this one has not read when it becomes the writer and finds new lines."""
    log, folder = tmp_path / "queue_log", tmp_path / "store"
    for path in centre.rotated:
        shutil.copy(path, tmp_path / path.name)
    whole = centre.queue_log.read_bytes()
    cut = whole.rindex(b"\n", 0, len(whole) // 2) + 1
    log.write_bytes(whole[:cut])
    first = opened(log, folder)
    second = opened(log, folder)
    log.write_bytes(whole[:-5000])
    first.refresh()
    first.book.close()
    log.write_bytes(whole)
    second.refresh()
    assert second.book.locked
    assert legs_of(second) == plain(truth["legs"])
    second.book.close()
    third = Store(log, folder, Site(BOGOTA, Options()), clock=UNTIL.timestamp)
    with log.open("ab") as file:
        file.write(f"{int(UNTIL.timestamp())}|NONE|NONE|NONE|CONFIGRELOAD|\n".encode())
    third.refresh()
    assert legs_of(third) == plain(truth["legs"])


def test_every_process_says_what_hinders_the_one_that_reads(centre, tmp_path):
    log, folder = tmp_path / "queue_log", tmp_path / "store"
    shutil.copy(centre.queue_log, log)
    writer, reader = opened(log, folder), opened(log, folder)
    assert (writer.book.locked, reader.book.locked) == (True, False)
    log.rename(tmp_path / "elsewhere")
    for _ in range(2):      # once may be a rotation
        writer.refresh()
    reader.refresh()
    assert writer.health()["problem"] == reader.health()["problem"] == sources.MISSING
    assert str(log) in reader.detail
    (tmp_path / "elsewhere").rename(log)
    writer.refresh()
    reader.refresh()
    assert writer.health()["problem"] is reader.health()["problem"] is None
    log.rename(tmp_path / "elsewhere")
    for _ in range(2):
        writer.refresh()
    (tmp_path / "elsewhere").rename(log)
    writer.book.close()     # whoever takes over says what is so now, not what was said last
    reader.refresh()
    assert (reader.book.locked, reader.health()["problem"]) == (True, None)
    late = opened(log, folder)
    assert late.health()["problem"] is None


def test_a_disk_without_room_for_the_history_is_said(centre, tmp_path, monkeypatch):
    store = opened(centre.queue_log, tmp_path / "store")
    before = store.view().totals(FILTERS[3])
    (tmp_path / "store" / "history").mkdir(exist_ok=True)
    real = store.shelf.put
    monkeypatch.setattr("data.store.SOME", 1)

    def full(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.shelf, "put", full)
    store.refresh()
    assert store.problem == "The disk is full"
    assert store.view().totals(FILTERS[3]) == before
    monkeypatch.setattr(store.shelf, "put", real)
    store.refresh()
    assert store.problem == ""
    assert store.history.generation == 1
    assert store.view().totals(FILTERS[3]) == before


def test_questions_without_end_do_not_fill_the_memory(store):
    from data.snapshot import ANSWERS
    view = store.view()
    for number in range(ANSWERS + 50):
        view.totals(Filters(dt.date(2026, 3, 1), dt.date(2026, 3, 2), (f"q{number}",)))
    assert len(view.snapshot.memo) == ANSWERS
    assert len(view.snapshot.memo._locks) <= ANSWERS + 1


def test_a_first_import_says_how_far_it_has_come(centre, tmp_path, monkeypatch):
    monkeypatch.setattr("data.store.FULL", 500)
    shares = []
    store = Store(centre.queue_log, tmp_path, Site(BOGOTA), clock=UNTIL.timestamp)

    def look(_done):
        fresh = store.view().freshness()
        if fresh["state"] == "reading":
            shares.append(fresh["share"])
            assert store.health()["status"] == "reading"
    store.refresh(look)
    told = [share for share in shares if share is not None]
    assert len(set(told)) > 1 and told == sorted(told) and 0 <= told[0] < told[-1] <= 1
    fresh = store.view().freshness()
    assert fresh["state"] != "reading" and fresh["share"] is None and store.health()["status"] == "ok"


def test_a_log_that_is_being_read_is_never_called_well(centre, tmp_path, monkeypatch):
    """From the first moment, in the process that reads and in the one that looks on; short logs too."""
    monkeypatch.setattr("data.store.LONG", 0.0)
    store, other = (Store(centre.queue_log, tmp_path, Site(BOGOTA), clock=UNTIL.timestamp) for _ in range(2))
    assert [one.health()["status"] for one in (store, other)] == ["reading", "reading"]
    said = []

    def look(_done):
        if store.book.locked:
            other.refresh()
            said.extend([store.health()["status"], other.health()["status"]])
            assert store.health()["version"] and store.view().freshness()["state"] == "reading"
    store.refresh(look)
    assert said and set(said) == {"reading"}
    other.refresh()
    assert [one.health()["status"] for one in (store, other)] == ["ok", "ok"]


@pytest.mark.parametrize("at", [1, 2])
def test_what_was_half_folded_when_memory_ran_out_is_folded_again(centre, truth, tmp_path, monkeypatch, at):
    """Nothing twice, nothing missing, in the very process that goes on."""
    from data import recognition, sources
    from data.builder import Builder
    monkeypatch.setattr(recognition, "BLOCK", 200_000)
    monkeypatch.setattr(sources, "BLOCK", 200_000)
    for path in [*centre.rotated, centre.queue_log]:
        shutil.copy(path, tmp_path / path.name)
    store, real, calls = Store(tmp_path / "queue_log", tmp_path / "store", Site(BOGOTA, Options()),
                               clock=UNTIL.timestamp), Builder.add, itertools.count()

    def add(self, *given):
        real(self, *given)
        if next(calls) == at:
            raise MemoryError("Unable to allocate")

    monkeypatch.setattr(Builder, "add", add)
    with pytest.raises(MemoryError):
        store.refresh()
    store.refresh()
    assert legs_of(store) == plain(truth["legs"])
    store.book.close()


def test_what_a_long_log_holds_is_put_away_while_its_last_part_is_read(centre, truth, tmp_path, monkeypatch):
    from data import beside, sources
    from data import store as storing
    monkeypatch.setattr(sources, "BLOCK", 200_000)
    monkeypatch.setattr(beside, "BIG", 100)
    monkeypatch.setattr(storing, "SOME", 1000)
    monkeypatch.setattr(storing, "LAST", 200_000)
    with (tmp_path / "queue_log").open("wb") as log:
        for path in [*sorted(centre.rotated, key=lambda p: p.name.removesuffix(".gz")), centre.queue_log]:
            log.write(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    store = opened(tmp_path / "queue_log", tmp_path / "store")
    assert store.history.generation == 1  # before the last part
    assert 0 < store.history.covers < store.book.last_id
    assert store.builder.young.rows > 0
    assert legs_of(store) == plain(truth["legs"])
    store.book.close()
    again = opened(tmp_path / "queue_log", tmp_path / "store")
    assert legs_of(again) == plain(truth["legs"])


def test_a_log_that_comes_line_by_line_costs_no_more_than_one_that_comes_at_once(centre, tmp_path):
    """Every look brings a table of a few rows; a whole day of them must stay as easy to read as one."""
    lines = centre.queue_log.read_bytes().splitlines(keepends=True)[-1500:]
    logs = {"slowly": tmp_path / "slowly" / "queue_log", "at once": tmp_path / "at once" / "queue_log"}
    for log in logs.values():
        log.parent.mkdir()
        log.touch()
    slow = opened(logs["slowly"], tmp_path / "one")
    with logs["slowly"].open("ab", buffering=0) as file:
        for place in range(0, len(lines), 4):
            file.write(b"".join(lines[place:place + 4]))
            slow.refresh()
            assert max(map(len, vars(slow.builder.young).values())) <= 12  # of hundreds
    assert slow.builder.young.rows > 150
    logs["at once"].write_bytes(b"".join(lines))
    fast = opened(logs["at once"], tmp_path / "two")
    assert legs_of(slow) == legs_of(fast)
    one, other = (sorted(map(repr, frames_of(store.view().snapshot).to_pylist())) for store in (slow, fast))
    assert one == other
    everything = Filters(dt.date(2026, 3, 1), dt.date(2026, 3, 31), origin="all")
    for view in ("totals", "by_queue", "by_interval", "by_weekday_hour", "top_agents"):
        one, other = (getattr(store.view(), view)(everything) for store in (slow, fast))
        assert str(one) == str(other), view


def test_killed_while_the_history_is_written(centre, tmp_path):
    """At moments all over it: the next start shows the old state or the new one, and every leg once."""
    from tests.data import rotation
    folder, seen = tmp_path / "store", 0
    (tmp_path / "queue_log").write_bytes(b"".join(centre.queue_log.read_bytes().splitlines(keepends=True)[-1500:]))
    right = plain(analysis.analyze([tmp_path / "queue_log"], as_of=int(UNTIL.timestamp()))["legs"])
    assert len(right) > 50

    def work() -> None:
        store = opened(tmp_path / "queue_log", folder)
        store._put()
        store.book.close()

    for _ in range(2):  # the second time everything that is needed has been loaded, and the log is in the book
        shutil.rmtree(folder / "history", ignore_errors=True)
        most = rotation.calls(work)
    for at in range(1, most, max(most // 24, 1)):
        seen += rotation.killed(work, at)
        store = opened(tmp_path / "queue_log", folder)
        assert store.problem == ""
        assert legs_of(store) == right
        store.book.close()
    assert seen >= 20
