"""The demonstration centre read back by a small checker of its own: format, order, and one body per agent."""

import csv
import datetime as dt
import gzip
import json
import re
import threading
import time
import wave
from collections import Counter, defaultdict
from zoneinfo import ZoneInfo

import pytest

import config
from data import demo, opening
from data.demo_calendar import easter, is_bad_monday, volume
from tests.browsing import around_noon

BOGOTA = ZoneInfo("America/Bogota")
UNTIL = dt.datetime(2026, 10, 30, 11, 10, tzinfo=BOGOTA)       # a busy Friday; 12 October is the bad Monday
EXITS = ("ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY")
ENDS = (*EXITS, "COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER", "ATTENDEDTRANSFER")

CALL, QUEUE, NAME = r"\d{10}\.\d+", r"60[0-4]", r"[^\d\W][^|\d_]+"
SHAPES = {
    "DID": rf"{CALL}\|{QUEUE}\|NONE\|DID\|(601555060[0-4])?",
    "ENTERQUEUE": rf"{CALL}\|{QUEUE}\|NONE\|ENTERQUEUE\|\|(\d{{3,4}}|\d{{10}}|anonymous)\|\d+",
    "CONNECT": rf"{CALL}\|{QUEUE}\|{NAME}\|CONNECT\|\d+\|{CALL}\|\d+",
    "COMPLETEAGENT": rf"{CALL}\|{QUEUE}\|{NAME}\|COMPLETEAGENT\|\d+\|\d+\|\d+",
    "COMPLETECALLER": rf"{CALL}\|{QUEUE}\|{NAME}\|COMPLETECALLER\|\d+\|\d+\|\d+",
    "ABANDON": rf"{CALL}\|{QUEUE}\|NONE\|ABANDON\|\d+\|\d+\|\d+",
    "EXITWITHTIMEOUT": rf"{CALL}\|{QUEUE}\|NONE\|EXITWITHTIMEOUT\|\d+\|\d+\|\d+",
    "EXITEMPTY": rf"{CALL}\|{QUEUE}\|NONE\|EXITEMPTY\|\d+\|\d+\|\d+",
    "EXITWITHKEY": rf"{CALL}\|{QUEUE}\|NONE\|EXITWITHKEY\|[12]\|\d+\|\d+\|\d+",
    "RINGNOANSWER": rf"{CALL}\|{QUEUE}\|{NAME}\|RINGNOANSWER\|(0|\d+000)",
    "RINGCANCELED": rf"{CALL}\|{QUEUE}\|{NAME}\|RINGCANCELED\|\d+",
    "TRANSFER": rf"{CALL}\|{QUEUE}\|{NAME}\|TRANSFER\|({QUEUE}|2\d\d)",
    "BLINDTRANSFER": rf"{CALL}\|{QUEUE}\|{NAME}\|BLINDTRANSFER\|({QUEUE}|2\d\d)\|from-internal-xfer\|\d+\|\d+\|\d+",
    "ATTENDEDTRANSFER": rf"{CALL}\|{QUEUE}\|{NAME}\|ATTENDEDTRANSFER\|BRIDGE"
                        r"\|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\|\d+\|\d+\|\d+",
    "ADDMEMBER": rf"{CALL}\|{QUEUE}\|{NAME}\|ADDMEMBER\|",
    "REMOVEMEMBER": rf"{CALL}\|{QUEUE}\|{NAME}\|REMOVEMEMBER\|",
    "PAUSE": rf"NONE\|{QUEUE}\|{NAME}\|PAUSE\|(Almuerzo|Break|Baño|Capacitación|Reunión|Back office|Auto-Pause)",
    "PAUSEALL": rf"NONE\|NONE\|{NAME}\|PAUSEALL\|(Almuerzo|Break|Baño|Capacitación|Reunión|Back office|Auto-Pause)",
    "UNPAUSE": rf"NONE\|{QUEUE}\|{NAME}\|UNPAUSE\|",
    "UNPAUSEALL": rf"NONE\|NONE\|{NAME}\|UNPAUSEALL\|",
    "QUEUESTART": r"NONE\|NONE\|NONE\|QUEUESTART\|",
    "CONFIGRELOAD": r"NONE\|NONE\|NONE\|CONFIGRELOAD\|",
}


@pytest.fixture(scope="module")
def centre(tmp_path_factory):
    """A month that ends on a fixed Friday morning."""
    return demo.write(tmp_path_factory.mktemp("centre"), days=31, calls_per_day=300, seed=7, until=UNTIL, recordings=12)


def text(path):
    return (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()


def history(centre):
    return [line for path in [*centre.rotated, centre.queue_log] for line in text(path).splitlines()]


@pytest.fixture(scope="module")
def rows(centre):
    return [(int(line.split("|")[0]), *line.split("|")[1:]) for line in history(centre)]


def legs(rows):
    """Every stay in a queue as [enter, callid, queue, end or None, event of the end, wait of a CONNECT or exit].

    Also checks that no queue is entered twice at once and nothing ends that did not begin.
    """
    found, waiting, talking = [], {}, {}
    for when, callid, queue, _, event, *data in rows:
        key = callid, queue
        if event == "ENTERQUEUE":
            assert key not in waiting and key not in talking, (when, key)
            found.append([when, callid, queue, None, None, None])
            waiting[key] = found[-1]
        elif event == "CONNECT":
            leg = talking[key] = waiting.pop(key)
            leg[5] = int(data[0])
            assert leg[5] == when - leg[0]
        elif event in EXITS:
            leg = waiting.pop(key)
            leg[3:] = [when, event, int(data[-1])]
        elif event in ENDS:
            leg = talking.pop(key)
            leg[3:5] = [when, event]
    assert {id(leg) for leg in found if leg[3] is None} == {id(leg) for leg in (*waiting.values(), *talking.values())}
    return found


def check_agents(rows, members=(), paused=()):
    """Nobody talks twice at once, is rung while talking or paused, or takes a call outside the queues he is in."""
    member, resting, talking = set(members), set(paused), {}
    for when, callid, queue, agent, event, *_ in rows:
        where = when, agent, event
        if event == "ADDMEMBER":
            assert (agent, queue) not in member, where
            member.add((agent, queue))
        elif event == "REMOVEMEMBER":
            assert agent not in talking, where
            member.remove((agent, queue))
        elif event == "PAUSEALL":
            assert agent not in resting and agent not in talking, where
            resting.add(agent)
        elif event == "UNPAUSEALL":
            resting.remove(agent)
        elif event == "CONNECT":
            assert agent not in talking and agent not in resting and (agent, queue) in member, where
            talking[agent] = callid
        elif event in ("RINGNOANSWER", "RINGCANCELED"):
            assert agent not in talking and agent not in resting, where
        elif event in (*ENDS, "TRANSFER") and talking.get(agent) == callid:
            del talking[agent]
    return member


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    def written(name, seed):
        centre = demo.write(tmp_path / name, days=3, calls_per_day=60, seed=seed, until=UNTIL, recordings=2)
        return [path.read_bytes() for path in (*centre.rotated, centre.queue_log, centre.cdr, centre.names)]
    assert written("a", 1) == written("b", 1)
    assert written("c", 2)[-3] != written("a", 1)[-3]       # a second time into the same folder replaces it


def test_every_line_has_the_shape_its_event_has_on_a_server(rows, centre):
    seen = Counter()
    for line in history(centre):
        epoch, rest = line.split("|", 1)
        event = rest.split("|")[3]
        assert re.fullmatch(r"\d{10}", epoch) and re.fullmatch(SHAPES[event], rest), line
        seen[event] += 1
    assert set(seen) == set(SHAPES), "every kind of line happens in a month"
    assert sum(seen.values()) == centre.lines
    assert any(row[4] == "RINGNOANSWER" and row[5] == "15000" for row in rows)


def test_lines_are_in_order_and_files_begin_with_the_reload(centre):
    times = []
    for path in [*centre.rotated, centre.queue_log]:
        lines = text(path).splitlines()
        assert lines[0].endswith("|NONE|NONE|NONE|CONFIGRELOAD|") and text(path).endswith("\n")
        times += [int(line.split("|")[0]) for line in lines]
    assert times == sorted(times)
    assert times[0] == dt.datetime(2026, 9, 30, tzinfo=BOGOTA).timestamp() and times[-1] <= UNTIL.timestamp()
    assert [path.name for path in centre.rotated] == [
        "queue_log-20261004.gz", "queue_log-20261011.gz", "queue_log-20261018.gz", "queue_log-20261025"]


def test_long_histories_are_rotated_monthly(tmp_path):
    centre = demo.write(tmp_path, days=100, calls_per_day=5, until=UNTIL, recordings=0)
    assert [path.name for path in centre.rotated] == [
        "queue_log-20260801.gz", "queue_log-20260901.gz", "queue_log-20261001"]
    assert centre.recorded == 0 and not list(centre.recordings.rglob("*.wav"))


def test_every_stay_has_one_end_and_its_wait(rows):
    found = legs(rows)
    for enter, _, _, end, event, wait in found:
        if event in EXITS:
            assert wait == end - enter
    unfinished = [leg for leg in found if leg[3] is None]
    assert 0 < len(unfinished) < 15 and all(UNTIL.timestamp() - leg[0] < 3700 for leg in unfinished)


def test_did_stands_before_entering_and_overflow_keeps_the_call(rows):
    before = None
    left = {}
    overflows = 0
    for row in rows:
        when, callid, queue, _, event, *data = row
        if event == "ENTERQUEUE":
            assert before[1:5] == (callid, queue, "NONE", "DID")
            assert (before[5] == "") == (len(data[1]) < 5)
            if left.get(callid, (0, ""))[1] not in ("", queue):
                overflows += 1
                assert when - left[callid][0] <= 2
        elif event == "EXITWITHTIMEOUT":
            left[callid] = when, queue
        before = row
    assert overflows > 5


def test_an_agent_has_one_body(rows):
    assert len(check_agents(rows)) > 5


def test_asterisk_transfers_have_no_complete_and_markers_have_one_later(rows):
    last = {}
    markers = 0
    for when, callid, queue, _, event, *data in rows:
        if event.startswith("COMPLETE"):
            assert last.get((callid, queue), "") not in ("BLINDTRANSFER", "ATTENDEDTRANSFER")
            markers += last.get((callid, queue)) == "TRANSFER"
        if event in (*ENDS, "TRANSFER", "ENTERQUEUE"):
            last[callid, queue] = event
        if event == "BLINDTRANSFER":
            assert len(data) == 5 and when
    assert markers > 20


def test_uniqueids_are_never_used_twice(rows):
    calls = defaultdict(list)
    for row in rows:
        if row[4] in ("ENTERQUEUE", "ADDMEMBER"):
            calls[row[1]].append(row[4])
    assert not [c for c, events in calls.items() if len(set(events)) > 1]
    channels = [row[6] for row in rows if row[4] == "CONNECT"]
    assert len(set(channels)) == len(channels) and not set(channels) & set(calls)


def test_the_longer_the_wait_the_more_give_up(rows):
    reached, gone = Counter(), Counter()
    bounds = (0, 10, 30, 60, 120)
    for _, _, _, _, event, wait in legs(rows):
        if wait is None:
            continue
        reached[sum(wait >= bound for bound in bounds)] += 1
        gone[sum(wait >= bound for bound in bounds)] += event == "ABANDON"
    rates = [gone[k] / reached[k] for k in range(1, 6)]
    assert rates[0] < 0.08 and rates[0] < rates[1] < rates[2] < rates[3] and rates[3] > 0.4


def test_one_caller_in_25_is_internal(rows):
    callers = [row[6] for row in rows if row[4] == "ENTERQUEUE"]
    internal = sum(len(caller) in (3, 4) for caller in callers)
    assert 0.03 < internal / len(callers) < 0.05


def test_volume_and_week(rows, centre):
    days = Counter(dt.datetime.fromtimestamp(row[0], BOGOTA).date() for row in rows if row[4] == "ENTERQUEUE")
    assert len(days) == 31 and 255 < sum(days.values()) / 31 < 345
    assert centre.calls == len({row[1] for row in rows if row[4] == "ENTERQUEUE"})
    by_weekday = defaultdict(list)
    for day, count in days.items():
        by_weekday[day.weekday()].append(count)
    means = [sum(by_weekday[k]) / len(by_weekday[k]) for k in range(7)]
    assert means[0] == max(means) and means[6] < means[5] < min(means[:5])
    hours = Counter(dt.datetime.fromtimestamp(row[0], BOGOTA).hour for row in rows if row[4] == "ENTERQUEUE")
    assert min(hours[10], hours[11], hours[16]) > max(hours[8], hours[13], hours[14], hours[18])


def test_the_bad_monday_is_the_worst_day_and_support_the_worst_queue(rows, centre):
    lost, offered = Counter(), Counter()
    good, served = Counter(), Counter()
    for enter, _, queue, _, event, wait in legs(rows):
        day = dt.datetime.fromtimestamp(enter, BOGOTA).date()
        offered[day] += 1
        lost[day] += event == "ABANDON"
        served[queue] += 1
        good[queue] += event not in EXITS and wait is not None and wait <= centre.targets[queue]
    weekdays = [day for day in offered if day.weekday() < 5]
    rate = {day: lost[day] / offered[day] for day in weekdays}
    assert max(rate, key=rate.get) == dt.date(2026, 10, 12) and rate[dt.date(2026, 10, 12)] > 0.18
    level = {queue: good[queue] / served[queue] for queue in served}
    assert min(level, key=level.get) == "601" and level["601"] < 0.75 < sorted(level.values())[1]
    assert centre.queues["601"] == "Soporte técnico" and len(level) == 5


def test_agents_differ(rows):
    missed, rung, talk, answered = Counter(), Counter(), Counter(), Counter()
    for _, _, _, agent, event, *data in rows:
        if event == "CONNECT":
            answered[agent] += 1
            rung[agent] += 1
        elif event == "RINGNOANSWER" and data[0] == "15000":
            missed[agent] += 1
            rung[agent] += 1
        elif event.startswith("COMPLETE"):
            talk[agent] += int(data[1])
    often = {agent: missed[agent] / rung[agent] for agent in rung if rung[agent] > 80}
    assert max(often, key=often.get) == "Raúl Ñáñez"
    assert often["Raúl Ñáñez"] > 3 * sorted(often.values())[len(often) // 2]
    assert talk["Hernán Bolaños"] / answered["Hernán Bolaños"] > 1.8 * talk["Andrés Felipe Muñoz"] / answered[
        "Andrés Felipe Muñoz"]


def test_names_and_what_is_returned(centre):
    with centre.names.open(encoding="utf-8", newline="") as file:
        names = list(csv.DictReader(file))
    assert {row["key"]: row["name"] for row in names if row["kind"] == "queue"} == centre.queues
    assert {row["name"]: row["key"] for row in names if row["kind"] == "agent"} == centre.agents
    assert centre.agents["María Fernanda Núñez"] == "1001" and len(centre.agents) == 25
    assert {row[3] for row in [line.split("|") for line in history(centre)]} - {"NONE"} <= set(centre.agents)
    assert (centre.days, centre.until, centre.recorded) == (31, UNTIL, 12)


def test_recordings_are_sound_of_the_newest_answered_calls(centre, rows):
    entered = {(row[1], row[2]): row for row in rows if row[4] == "ENTERQUEUE"}
    answered = {row[1] for row in rows if row[4] == "CONNECT"}
    files = list(centre.recordings.rglob("*.wav"))
    assert len(files) == 12
    for path in files:
        queue, caller, moment, callid = re.fullmatch(
            r"q-(\d+)-(\w+)-(\d{8}-\d{6})-(\d+\.\d+)\.wav", path.name).groups()
        row = entered[callid, queue]
        local = dt.datetime.fromtimestamp(row[0], BOGOTA)
        assert callid in answered and caller == row[6] and moment == f"{local:%Y%m%d-%H%M%S}"
        assert path.parent == centre.recordings / f"{local:%Y}" / f"{local:%m}" / f"{local:%d}"
        with wave.open(str(path)) as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
            assert 3 <= sound.getnframes() / 8000 <= 20
            assert max(sound.readframes(16000)) > 0


def test_yesterday_and_today_can_be_heard(centre):
    days = Counter(path.parent for path in centre.recordings.rglob("*.wav"))
    today, before = ((UNTIL - dt.timedelta(days=back)).strftime("%Y/%m/%d") for back in (0, 1))
    assert days == {centre.recordings / today: 8, centre.recordings / before: 4}


def test_what_is_recorded_fills_up_from_the_days_before():
    calls = [f"{day}{at:02}" for day in "abc" for at in range(40)]
    older, before, today = calls[:40], calls[40:80], calls[80:]
    assert demo._heard(older, before, today, 10) == ["b00", "b13", "b26", *today[-7:]]
    assert demo._heard(older, before, today[:2], 10) == [f"b{n:02}" for n in range(0, 40, 5)] + today[:2]
    assert demo._heard(older, before[:3], [], 5) == [*older[-2:], *before[:3]]
    assert demo._heard(older, [], today, 4) == today[-4:]
    assert demo._heard([], before[:1], today[:1], 9) == [before[0], today[0]]
    assert demo._heard(older, before, today, 0) == []


def test_cdr_has_a_row_for_every_ring_of_a_call(centre, rows):
    with centre.cdr.open(encoding="utf-8", newline="") as file:
        cdr = list(csv.DictReader(file))
    by_call = defaultdict(list)
    for row in cdr:
        by_call[row["uniqueid"]].append(row)
    rings = Counter(row[1] for row in rows if row[4] in ("CONNECT", "RINGNOANSWER", "RINGCANCELED"))
    finished = {leg[1] for leg in legs(rows)} - {leg[1] for leg in legs(rows) if leg[3] is None}
    once = {callid for callid, count in Counter(leg[1] for leg in legs(rows)).items() if count == 1}
    seen = 0
    for callid in finished & once & set(by_call):
        assert len(by_call[callid]) == max(1, rings[callid])
        seen += 1
    assert seen > 7000
    answered = {row[1] for row in rows if row[4] == "CONNECT"}
    assert all((row["recordingfile"] != "") == (row["linkedid"] in answered) for row in cdr)
    assert max(len(found) for found in by_call.values()) >= 3
    assert {row["disposition"] for row in cdr} == {"ANSWERED", "NO ANSWER"}


@pytest.mark.parametrize("hour, minute", [(0, 4), (2, 0), (6, 30)])
def test_today_is_never_an_empty_page(tmp_path, hour, minute):
    until = dt.datetime(2026, 12, 25, hour, minute, tzinfo=BOGOTA)
    centre = demo.write(tmp_path, days=2, calls_per_day=20, until=until, recordings=0)
    midnight = dt.datetime(2026, 12, 25, tzinfo=BOGOTA).timestamp()
    today = [line for line in history(centre) if "|ENTERQUEUE|" in line and int(line[:10]) >= midnight]
    assert len(today) >= min(8, 1 + (hour * 60 + minute) // 2)


@pytest.mark.parametrize("zone, day", [("America/Santiago", (2026, 9, 7)), ("America/Havana", (2026, 11, 2)),
                                       ("America/Asuncion", (2023, 3, 27)), ("UTC", (2026, 3, 1))])
def test_days_of_23_and_25_hours(tmp_path, zone, day):
    centre = demo.write(tmp_path, days=4, calls_per_day=80, timezone=zone, until=dt.datetime(*day, 12), recordings=0)
    rows = [(int(line.split("|")[0]), *line.split("|")[1:]) for line in history(centre)]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    legs(rows)
    check_agents(rows)
    assert centre.until == dt.datetime(*day, 12, tzinfo=ZoneInfo(zone))


def test_live_goes_on_where_the_log_ends(tmp_path):
    centre = demo.write(tmp_path, days=2, calls_per_day=200, until=dt.datetime(2026, 10, 30, 11), recordings=0)
    before = [(int(line.split("|")[0]), *line.split("|")[1:]) for line in history(centre)]
    live = demo.live(centre)
    start = centre.until.timestamp()
    first = list(live.lines(start + 900))
    more = first + list(live.lines(start + 7200))
    after = [(epoch, *line.split("|")[1:]) for epoch, line in more]
    assert all(line.startswith(f"{epoch}|") for epoch, line in more)
    assert first[-1][0] <= start + 900 and start <= after[0][0]
    entered = [start] + [row[0] for row in after if row[4] == "ENTERQUEUE"]
    assert max(b - a for a, b in zip(entered, entered[1:], strict=False)) <= 30
    open_then = {leg[1] for leg in legs(before) if leg[3] is None}
    assert open_then and not open_then & {leg[1] for leg in legs(before + after) if leg[3] is None}
    check_agents(before + after)
    old = {row[1] for row in before if row[4] == "ENTERQUEUE"}
    assert not {row[1] for row in after if row[4] == "ENTERQUEUE"} & old - open_then
    assert not any(row[4] == "QUEUESTART" for row in after)
    waits = [int(row[5]) for row in after if row[4] == "CONNECT"]
    assert len(waits) > 200 and sum(wait <= 20 for wait in waits) / len(waits) > 0.6


def test_live_is_lively_at_night_and_the_crew_stays(tmp_path):
    centre = demo.write(tmp_path, days=2, calls_per_day=100, until=dt.datetime(2026, 10, 25, 1), recordings=0)
    live = demo.live(centre)
    rows = [(epoch, *line.split("|")[1:]) for epoch, line in live.lines(centre.until.timestamp() + 6 * 3600)]
    assert sum(row[4] == "ENTERQUEUE" for row in rows) >= 6 * 120
    assert sum(row[4] == "CONNECT" for row in rows) > 0.85 * 6 * 120
    assert sum(row[4] == "EXITEMPTY" for row in rows) < 10
    assert [row[4] for row in rows].count("CONFIGRELOAD") == 1      # the night's rotation goes on


def test_resume_after_a_kill(tmp_path):
    until = dt.datetime(2026, 10, 30, 11, tzinfo=BOGOTA)
    centre = demo.write(tmp_path, days=2, calls_per_day=200, until=until, recordings=0)
    before = [(int(line.split("|")[0]), *line.split("|")[1:]) for line in history(centre)]
    whole = centre.queue_log.read_bytes()
    centre.queue_log.write_bytes(whole + b"1793370000|1793369999.1|600|NONE|ENTERQ")
    assert demo.exists(tmp_path)
    live = demo.resume(tmp_path, now=until.timestamp() + 3600)
    assert centre.queue_log.read_bytes() == whole
    rows = [(epoch, *line.split("|")[1:]) for epoch, line in live.lines(until.timestamp() + 5400)]
    assert rows[0][4] == "QUEUESTART" and rows[0][0] == before[-1][0] + 1
    members = check_agents(before)
    resting = {row[3] for row in before if row[4] == "PAUSEALL"} & live.simulation.agents.keys()
    paused = {agent for agent in resting
              if [row[4] for row in before if row[3] == agent and row[4].endswith("PAUSEALL")][-1] == "PAUSEALL"}
    check_agents(rows, members, paused)
    legs(rows)
    assert not {row[1] for row in before} & {row[1] for row in rows} - {"NONE"}


def test_running_writes_what_is_due(tmp_path):
    class Once(threading.Event):
        """Stops the run at its first wait."""

        def wait(self, timeout=None):
            self.set()
            return True

    noon = around_noon()  # at night two hours may pass without a call
    until = dt.datetime.now(ZoneInfo(noon)) - dt.timedelta(hours=2)
    centre = demo.write(tmp_path, days=1, calls_per_day=900, until=until, timezone=noon, recordings=5)
    before = centre.queue_log.read_bytes()
    demo.run(tmp_path, Once(), centre)
    after = centre.queue_log.read_bytes()
    assert after.startswith(before) and len(after) > len(before) and after.endswith(b"\n")

    class Restarted(threading.Event):
        """Stops the run once the server has started again, which is a second after its last line."""

        def wait(self, timeout=None):
            if centre.queue_log.read_bytes().count(b"|QUEUESTART|") > after.count(b"|QUEUESTART|"):
                self.set()
            return super().wait(timeout)

    demo.run(tmp_path, Restarted())         # another process later: the folder is enough
    again = centre.queue_log.read_text()
    assert again.startswith(after.decode()) and again.count("|QUEUESTART|") == after.count(b"|QUEUESTART|") + 1
    assert int(again.splitlines()[-1][:10]) <= time.time()
    files = sorted(centre.recordings.rglob("*.wav"))
    assert len(files) == 5 and max(path.stat().st_mtime for path in files) > until.timestamp()


def test_two_processes_do_not_write_the_same_centre(tmp_path):
    centre = demo.write(tmp_path, days=1, calls_per_day=50, until=UNTIL, recordings=0)
    waited = threading.Event()

    class Refused(threading.Event):
        def wait(self, timeout=None):
            waited.set()
            self.set()
            return True

    class First(threading.Event):
        """While the first writer holds the folder, a second one is refused."""

        def wait(self, timeout=None):
            size = centre.queue_log.stat().st_size
            demo.run(tmp_path, Refused())
            assert centre.queue_log.stat().st_size == size
            self.set()
            return True

    live = demo.live(centre)
    assert list(live.lines(UNTIL.timestamp() + 60))
    demo.run(tmp_path, First(), centre)
    assert waited.is_set()


def test_a_log_that_is_not_ours_is_left_alone(tmp_path):
    (tmp_path / "queue_log").write_text("1|NONE|NONE|NONE|QUEUESTART|\n")
    with pytest.raises(FileExistsError, match="choose an empty folder"):
        demo.write(tmp_path)
    assert (tmp_path / "queue_log").read_text() == "1|NONE|NONE|NONE|QUEUESTART|\n"
    assert not demo.exists(tmp_path)
    with pytest.raises(FileNotFoundError):
        demo.resume(tmp_path)
    with pytest.raises(ValueError, match="at least 1"):
        demo.write(tmp_path / "new", days=0)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "demo.json").write_text(json.dumps({"complete": False}))
    assert not demo.exists(tmp_path / "half")


@pytest.mark.parametrize("chosen, shown", [({}, "America/Bogota"), ({"TIMEZONE": "Asia/Tokyo"}, "Asia/Tokyo")])
def test_its_day_is_that_of_the_zone_that_was_chosen(tmp_path, monkeypatch, chosen, shown):
    monkeypatch.delenv("TIMEZONE", raising=False)
    settings = opening.centre(config.load(DATA_DIR=tmp_path / "var", DEMO=True, **chosen))
    made = opening.first_demo(settings)
    assert settings.TIMEZONE == shown == str(made.simulation.zone)
    assert json.loads((settings.QUEUE_LOG_PATH.parent / "demo.json").read_text())["timezone"] == shown
    assert opening.centre(settings) == settings


def test_calendar():
    assert [easter(year) for year in (2024, 2025, 2026)] == [
        dt.date(2024, 3, 31), dt.date(2025, 4, 20), dt.date(2026, 4, 5)]
    start = dt.date(2026, 1, 1)
    for month in range(1, 13):
        bad = [day for day in range(1, 29) if is_bad_monday(dt.date(2026, month, day))]
        assert len(bad) == 1
    ordinary = sum(volume(dt.date(2026, 1, 12) + dt.timedelta(k), 400, start) for k in range(7, 14)) / 7
    assert 360 < ordinary < 440
    assert volume(dt.date(2026, 12, 25), 400, start) < 0.2 * volume(dt.date(2026, 12, 18), 400, start)
