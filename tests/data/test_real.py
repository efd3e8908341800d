"""The recorded servers: what the log says is what phones and callers saw."""

import csv
import gzip
import json
from collections import Counter

import pytest

from data import analysis, frames, legs, queue_log
from data.rules import Options

pytestmark = pytest.mark.real
LAB = [f"lab16/queue_log.16.{n}" for n in (1, 2, 3, 4)]
ISSABEL = [f"logs/01_issabel4_centos7_ast16/queue_log{n}" for n in
           ("-20220707", "-20220801", "-20220901", "-20221005", "")]


@pytest.fixture(scope="module")
def lab(shared):
    return analysis.analyze([shared / name for name in LAB])


def table(path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_call_is_as_the_phones_saw_it(shared, lab):
    seen = {row["callid"]: row for row in table(shared / "lab16/scenarios.16.csv")}
    stays: dict[str, list[dict]] = {}
    for leg in lab["legs"]:
        stays.setdefault(leg["callid"], []).append(leg)
    wrong, compared = [], 0
    for row in table(shared / "lab16/crosscheck.16.csv"):
        world, mine = seen[row["callid"]], stays.get(row["callid"], [])
        if row["verdict"] != "agree" or world["first_queue"] == "603":
            continue
        compared += 1
        if world["answer_queue"]:
            leg = next((leg for leg in mine if leg["queue"] == world["answer_queue"] and leg["connect"]), None)
            facts = leg is not None and {
                "agent": leg["agent"] in (world["answer_agent"], world["answer_ext"]),
                "connect": abs(leg["connect"] - float(world["t_answer"])) <= 2,
                "wait": "hold" not in row["checked"] or abs(leg["wait"] - float(world["world_wait_s"])) <= 2,
                "talk": "talk" not in row["checked"] or abs(leg["talk"] - float(world["world_talk_s"])) <= 2,
                "end": "terminal" not in row["checked"] or ending(leg, world["observed_outcome"]),
            }
        else:
            known = bool(mine) == bool(row["log_sequence"])  # refused at the door: no line, no leg
            facts = {"unanswered": known and not any(leg["connect"] for leg in mine)}
        if not facts or not all(facts.values()):
            wrong.append((row["callid"], world["scenario"], facts))
    assert wrong == []
    assert compared > 150


def ending(leg: dict, outcome: str) -> bool:
    """Who ended the call, in the words of the phones' diary."""
    if "TRANSFER" in outcome:
        return leg["transfer"]
    if "AGENT HUNG UP" in outcome:
        return leg["end_by"] in ("agent", "transfer")
    if "CALLER HUNG UP" in outcome:
        return leg["end_by"] in ("caller", "transfer")
    return True


def test_no_call_is_lost_or_doubled(shared, lab):
    entered = Counter()
    for name in LAB:
        for line in (shared / name).read_bytes().splitlines():
            fields = line.split(b"|")
            if fields[4] == b"ENTERQUEUE":
                entered[fields[1].decode()] += 1
    found = Counter(leg["callid_enter"] for leg in lab["legs"])
    assert found == entered


def test_callers_waiting_equal_the_answer_of_asterisk(shared):
    options, wrong, moments = Options(), [], 0
    for folder in sorted((shared / "lab16/snapshots").iterdir()):
        moments += 1
        meta = json.loads((folder / "meta.json").read_text())
        block = gzip.decompress((folder / "queue_log.full.gz").read_bytes())
        events, bad = queue_log.parse(block[:queue_log.whole(block)])
        assert bad.count == 0
        _, state = legs.fold(legs.Open(), events, options)
        now = legs.as_of(state.legs, int(meta["t_end"]), options).to_pylist()
        waiting = Counter(row["queue"] for row in now
                          if row["outcome"] == frames.OUTCOME["in_progress"] and row["connect"] < 0)
        truth = {}
        for part in (folder / "queuestatus.ami").read_text().replace("\r", "").split("\n\n"):
            fields = dict(line.split(": ", 1) for line in part.split("\n") if ": " in line)
            if fields.get("Event") == "QueueParams" and int(fields["Calls"]):
                truth[fields["Queue"]] = int(fields["Calls"])
        if waiting != truth:
            wrong.append((folder.name, dict(waiting), truth))
    assert wrong == []
    assert moments == 40


def test_every_file_of_every_server_is_read(shared):
    files = [p for p in sorted((shared / "logs").glob("*/*")) if "queue_log" in p.name or p.name == "Testdaten.txt"]
    assert len(files) >= 16
    for path in files:
        answer = analysis.analyze([path])
        entered = sum(line.split(b"|")[4:5] == [b"ENTERQUEUE"] for line in path.read_bytes().splitlines())
        assert answer["totals"]["offered"] >= entered, path
        total = sum(answer["totals"][name] for name in frames.OUTCOMES)
        assert total == answer["totals"]["offered"], path


def test_the_five_files_of_an_issabel_are_one_stream(shared):
    answer = analysis.analyze([shared / name for name in ISSABEL])
    totals = answer["totals"]
    assert (totals["offered"], totals["answered"], totals["abandoned"], answer["bad_lines"]) == (33, 3, 30, 0)
    with (shared / "logs/01_issabel4_centos7_ast16/cdr.csv").open(newline="") as file:
        known = {row["uniqueid"] for row in csv.DictReader(file)}
    assert {leg["callid"] for leg in answer["legs"]} <= known


def test_a_new_box_has_no_calls(shared):
    for path in sorted((shared / "logs/05_noise_only").iterdir()):
        answer = analysis.analyze([path])
        assert answer["legs"] == []
        assert answer["totals"]["sl_pct"] is None
