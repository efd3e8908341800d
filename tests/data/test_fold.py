"""A log cut anywhere gives the same rows as read whole, and both roads through the legs agree."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import agents, frames, legs, names, queue_log, records, rows
from data.rules import SLACK, Options
from tests.logs import logs, orderly

OPTIONS = Options()
LATER = 10**6


def pieces(block: bytes, cuts: list[int]) -> list[bytes]:
    """The block cut at these bytes; each piece begins with the unfinished line of the one before."""
    found, rest, previous = [], b"", 0
    for cut in [*sorted(c % (len(block) + 1) for c in cuts), len(block)]:
        piece = rest + block[previous:cut]
        whole = queue_log.whole(piece)
        rest, previous = piece[whole:], cut
        found.append(piece[:whole])
    assert rest == b""
    return found


def read(parts: list[bytes], walk_all: bool = False) -> list[dict]:
    state, done = legs.Open(), []
    for part in parts:
        events, _ = queue_log.parse(part)
        ended, state = legs.fold(state, events, OPTIONS, walk_all)
        done.append(ended.legs)
    table = pa.concat_tables([*done, legs.as_of(state.legs, state.clock, OPTIONS)])
    return order(records.legs(table, names.Names()))


def order(rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: str(sorted(row.items(), key=lambda kv: kv[0])))


def people(parts: list[bytes]) -> list[dict]:
    state, sessions, pauses = agents.State(), [], []
    for part in parts:
        events, _ = queue_log.parse(part)
        more, rest, state = agents.fold(state, events, OPTIONS)
        sessions.append(more)
        pauses.append(rest)
    more, rest = agents.finish(state, state.clock, OPTIONS)
    return order(records.spans(pa.concat_tables([*sessions, more]))
                 + records.spans(pa.concat_tables([*pauses, rest])))


def read_together(events: queue_log.Events, few: int = 1) -> None:
    """As many lines are read, although there are only a few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue_log, "FEW", few)
        events.read()


cuts = st.lists(st.integers(0, 10**6), max_size=6)


@settings(max_examples=100, deadline=None)
@given(logs(), cuts, st.integers(0, 2000))
def test_neither_depends_on_how_wide_the_positions_in_a_block_are(log, cuts, wide):
    """Blocks of two gigabytes have wide ones; here all that have `wide` bytes, and narrow ones come between."""
    parts = pieces(log, cuts)
    expected = read(parts), people(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue_log, "WIDE", wide)
        assert (read(parts), people(parts)) == expected


@settings(max_examples=300, deadline=None)
@given(logs(), cuts)
def test_legs_do_not_depend_on_where_the_log_is_cut(log, cuts):
    assert read(pieces(log, cuts)) == read([log])


def test_a_queue_is_shown_as_its_earliest_line_spells_it_wherever_the_log_is_cut():
    log = (b"1700000000|NONE|NONE|NONE|QUEUESTART\n1700000400|NONE|ventas|SIP/101|ADDMEMBER|\n"
           b"1700000400|NONE|NONE|NONE|QUEUESTART\n1700000399|NONE|Ventas|SIP/101|ADDMEMBER|\n")
    for cut in range(len(log)):
        assert [row["queue"] for row in people(pieces(log, [cut]))] == ["Ventas"]


@settings(max_examples=300, deadline=None)
@given(logs(), cuts)
def test_sessions_and_pauses_do_not_depend_on_where_the_log_is_cut(log, cuts):
    assert people(pieces(log, cuts)) == people([log])


@settings(max_examples=300, deadline=None)
@given(logs(late=0))
def test_the_walk_and_the_columns_agree(log):
    assert read([log]) == read([log], walk_all=True)


@settings(max_examples=200, deadline=None)
@given(orderly())
def test_ordinary_calls_come_out_the_same_by_both_roads(log):
    assert read([log]) == read([log], walk_all=True)


@settings(max_examples=100, deadline=None)
@given(orderly())
def test_ordinary_calls_are_all_counted(log):
    assert len(read([log])) == log.count(b"ENTERQUEUE")


def test_what_is_carried_is_small_once_calls_are_over():
    story = b"".join(b"%d|c%d|600|NONE|ENTERQUEUE||300|1\n%d|c%d|600|NONE|ABANDON|1|1|9\n"
                     % (1_700_000_000 + 60 * n, n, 1_700_000_009 + 60 * n, n) for n in range(2000))
    ended, state = legs.fold(legs.Open(), queue_log.parse(story)[0], OPTIONS)
    assert len(ended.legs) + len(state.legs) == 2000
    assert len(state.legs) < 20
    assert state.lines.count(b"\n") == 2 * len(state.legs)


def test_what_is_carried_stays_small_a_line_at_a_time():
    state, most = legs.Open(), 0
    for n in range(300):
        for line in (b"%d|c%d|600|NONE|ENTERQUEUE||300|1\n" % (1_700_000_000 + 60 * n, n),
                     b"%d|NONE|NONE|NONE|CONFIGRELOAD|%s\n" % (1_700_000_001 + 60 * n, b"x" * 5000),
                     b"%d|c%d|600|NONE|ABANDON|1|1|9\n" % (1_700_000_009 + 60 * n, n)):
            _, state = legs.fold(state, queue_log.parse(line)[0], OPTIONS)
            most = max(most, len(state.events.buffer) - 2 * len(state.lines))
            assert [name.tolist() for name in state.known] == [name.tolist() for name in rows.kinds(state.events)[:2]]
    assert len(state.legs) < 20
    assert most < 200, "the block holds little besides the lines that are carried"


def test_an_open_call_is_carried_however_old():
    old = queue_log.parse(b"1700000000|c1|600|NONE|ENTERQUEUE||300|1\n")[0]
    _, state = legs.fold(legs.Open(), old, OPTIONS)
    later = queue_log.parse(f"{1_700_000_000 + LATER}|NONE|NONE|NONE|CONFIGRELOAD|\n".encode())[0]
    ended, state = legs.fold(state, later, OPTIONS)
    assert (len(ended.legs), len(state.legs)) == (0, 1)
    assert state.lines == b"1700000000|c1|600|NONE|ENTERQUEUE||300|1\n"


def test_a_line_late_by_less_than_the_slack_finds_its_place():
    log = (b"1700000000|c1|600|NONE|ENTERQUEUE||300|1\n"
           b"%d|c2|600|NONE|ENTERQUEUE||301|1\n"
           b"1700000010|c1|600|SIP/101|CONNECT|10|1.2|4\n" % (1_700_000_000 + SLACK))
    rows = {row["callid"]: row for row in read([log])}
    assert rows["c1"]["wait"] == 10
    assert rows["c1"]["outcome"] == "in_progress"
    assert frames.FLAGS[7] in rows["c1"]["flags"]


@settings(max_examples=80, deadline=None)
@given(logs(), logs(), st.randoms(use_true_random=False))
def test_a_column_of_some_lines_is_the_one_they_have_alone(one, other, random):
    """However the lines were chosen and put together: the same numbers and words as if the log held nothing else."""
    first, second = (queue_log.parse(block)[0] for block in (one, other))
    read_together(first)
    rows = np.array(random.sample(range(len(first)), len(first) // 2), dtype=np.int64)
    for parts in ([second, first.take(rows)], [first.take(rows), second], [first, second]):
        if not any(len(part) for part in parts):
            continue
        whole = queue_log.concat(parts)
        raw = b"".join(part.lines(np.arange(len(part))) for part in parts)
        alone, _ = queue_log.parse(raw)
        if random.random() < 0.5:
            read_together(whole)
        for field in (queue_log.CALLID, queue_log.QUEUE, queue_log.AGENT, queue_log.EVENT):
            ours, theirs = whole.column(field), alone.column(field)
            assert ours.codes.tolist() == theirs.codes.tolist()
            assert ours.dictionary.to_pylist() == theirs.dictionary.to_pylist()
        assert whole.lines(np.arange(len(whole))) == raw
        kept = np.sort(rows[rows < len(whole)])
        assert whole.compact(kept).lines(np.arange(len(kept))) == whole.lines(kept)


@settings(max_examples=80, deadline=None)
@given(logs(), st.randoms(use_true_random=False))
def test_the_columns_of_lines_in_another_order_are_those_of_the_lines(log, random):
    block, _ = queue_log.parse(log)
    rows = np.array(random.sample(range(len(block)), random.randint(0, len(block))), dtype=np.int64)
    shuffled = block.take(rows if random.random() < 0.8 else np.sort(rows))
    read_together(shuffled, few=random.choice([1, queue_log.FEW]))
    for field in (queue_log.QUEUE, queue_log.AGENT, queue_log.EVENT):
        column = shuffled.column(field)
        assert [column.values[code] for code in column.codes.tolist()] == [
            line.decode("utf-8", "replace").split("|")[field]
            for line in shuffled.lines(np.arange(len(shuffled))).splitlines()]


@pytest.mark.parametrize("others", [b"", b"1700000000|d|600|NONE|ENTERQUEUE||300|1|Ana\n"])
def test_a_position_that_fits_nowhere_is_the_same_however_the_log_is_cut(others):
    log = b"1700000000|c|600|NONE|ENTERQUEUE||300|99999999999\n" + others
    _, state = legs.fold(legs.Open(), queue_log.parse(log)[0], OPTIONS)
    assert state.legs.column("position")[0].as_py() == 2**31 - 1
