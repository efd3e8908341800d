"""Input that nobody asked for: never an exception, never a line dropped in silence."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import analysis, queue_log
from data.rules import Options

ENTER = b"1700000000|1700000000.10|500|NONE|ENTERQUEUE||3001234567|1\n"
LEFT = b"1700000009|1700000000.10|500|NONE|ABANDON|1|1|9\n"


def analyze(tmp_path: Path, block: bytes) -> dict:
    path = tmp_path / "queue_log"
    path.write_bytes(block)
    return analysis.analyze([path])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from((ENTER, LEFT, b"\n", b"|||||\n", b"\0\0")))))
def test_any_bytes_are_counted(parts):
    block = b"".join(parts)
    block = block[:queue_log.whole(block)].replace(b"\r\n", b"\n")
    events, bad = queue_log.parse(block)
    assert len(events) + bad.count == block.count(b"\n")


@pytest.mark.parametrize("block, calls, bad", [
    (b"", 0, 0),
    (b"\0" * 79 + ENTER + LEFT, 1, 0),
    (ENTER + b"\0" * 500 + LEFT, 1, 0),
    (ENTER + b"\xff\xfe\xfa\n" + LEFT, 1, 1),
    (ENTER.replace(b"3001234567", b"Jos\xe9 Nu\xf1ez") + LEFT, 1, 0),
    (ENTER + b"x" * 10_000_000 + b"\n" + LEFT, 1, 1),
    (LEFT + ENTER, 1, 0),
    (ENTER + LEFT + b"99999999999|c|q|a|CONFIGRELOAD|\n", 1, 1),
    (ENTER + LEFT + b"0|NONE|NONE|NONE|CONFIGRELOAD|\n", 1, 0),
    (ENTER + LEFT + b"-5|c|q|a|CONFIGRELOAD|\n" + b"17e8|c|q|a|X|\n", 1, 2),
    (ENTER.replace(b"3001234567", b"300|999|123") + LEFT, 1, 0),
    (ENTER.replace(b"3001234567", b"<script>alert(1)</script>") + LEFT, 1, 0),
    (ENTER.replace(b"500", "\u202e500\u202c".encode()) + LEFT.replace(b"500", "\u202e500\u202c".encode()), 1, 0),
    ((ENTER + LEFT).replace(b"\n", b"\r\n"), 1, 0),
    (ENTER + b"1700000009|1700000000.10|500|NONE|ABANDON|99999999999999999999|x|9e9\n", 1, 0),
    (ENTER + b"1700000002|1700000000.10|500|A|CONNECT|99999999999|z|-3\n"
     + b"1700000008|1700000000.10|500|A|COMPLETEAGENT|x|99999999999999|1\n", 1, 0),
])
def test_a_damaged_log_is_read_around_the_damage(tmp_path, block, calls, bad):
    answer = analyze(tmp_path, block)
    assert (answer["totals"]["offered"], answer["bad_lines"]) == (calls, bad)


def test_pipes_in_a_caller_do_not_move_the_position(tmp_path):
    leg = analyze(tmp_path, ENTER.replace(b"3001234567|1", b"300|999|123|7") + LEFT)["legs"][0]
    assert (leg["caller"], leg["position"]) == ("300|999|123", 7)


def test_a_comma_in_a_member_name_does_not_hide_the_transfer(tmp_path):
    leg = analyze(tmp_path, ENTER + (
        "1700000002|1700000000.10|500|Núñez, Raúl|CONNECT|2|1.2|2\n"
        "1700000012|1700000000.10|500|Núñez| Raúl|TRANSFER,110\n"
        "1700000099|1700000000.10|500|Núñez, Raúl|COMPLETEAGENT|2|97|1\n").encode())["legs"][0]
    assert (leg["talk"], leg["transfer_to"], leg["end_by"]) == (10, "110", "transfer")


def test_latin1_names_are_readable(tmp_path):
    answer = analyze(tmp_path, ENTER + b"1700000002|1700000000.10|500|Jos\xe9|CONNECT|2|1.2|2\n")
    assert answer["legs"][0]["agent"] == "José"


def test_unknown_events_are_no_calls_and_no_errors(tmp_path):
    answer = analyze(tmp_path, ENTER + b"1700000003|1700000000.10|500|NONE|ENCUESTA|5|a|b|c|d|e|f|g|h\n" + LEFT)
    assert (len(answer["legs"]), answer["bad_lines"]) == (1, 0)


def test_a_million_callids_are_a_million_calls(tmp_path):
    block = b"".join(b"1700000%03d|c.%d|500|NONE|ENTERQUEUE||300|1\n" % (n % 1000, n) for n in range(1_000_000))
    path = tmp_path / "queue_log"
    path.write_bytes(block)
    answer = analysis.analyze([path], sections=["totals"])
    assert answer["totals"]["offered"] == 1_000_000


@pytest.mark.parametrize("make, says", [
    (lambda p: None, "no such file"),
    (lambda p: p.mkdir(), "is not a file"),
    (lambda p: os.mkfifo(p), "is not a file"),
])
def test_what_is_not_a_log_is_named(tmp_path, make, says):
    make(tmp_path / "queue_log")
    with pytest.raises(analysis.Unreadable, match=says):
        analysis.analyze([tmp_path / "queue_log"])


def test_a_broken_archive_is_named(tmp_path):
    (tmp_path / "queue_log.1.gz").write_bytes(b"\x1f\x8bbroken")
    with pytest.raises(analysis.Unreadable, match=r"queue_log\.1\.gz"):
        analysis.analyze([tmp_path / "queue_log.1.gz"])


def test_overlapping_copies_count_once_when_asked(tmp_path):
    one, two = tmp_path / "queue_log.1", tmp_path / "queue_log"
    one.write_bytes(ENTER + LEFT)
    two.write_bytes(ENTER + LEFT + ENTER.replace(b".10|", b".11|"))
    assert analysis.analyze([one, two], options=Options(dedupe=True))["totals"]["offered"] == 2


def test_the_last_line_of_an_older_file_needs_no_newline(tmp_path):
    one, two = tmp_path / "queue_log.1", tmp_path / "queue_log"
    one.write_bytes(ENTER + LEFT.rstrip(b"\n"))
    two.write_bytes(b"1700000010|NONE|NONE|NONE|CONFIGRELOAD|\n1700000011|c9|500|NONE|ENTERQ")
    totals = analysis.analyze([one, two])["totals"]
    assert (totals["offered"], totals["abandoned"]) == (1, 1)
