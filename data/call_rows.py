"""Which legs a list of calls means: every filter of `CallFilters` as a test of columns, cheap ones first."""

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data import agent_questions, calendar, cubes, frames, losses, measures, private
from data.call_filters import DAY, EVERYBODY, NONE, CallFilters
from data.filters import BadFilter
from data.measures import LOST
from data.runs import Rows, Run
from data.tally import Tally

Chosen = slice | np.ndarray
Test = Callable[[Run, Chosen], np.ndarray]
_CALLID = re.compile(r"\d\.\d")
_BETWEEN = re.compile(r"[\s().-]")


def folded(text: str) -> str:
    """Without capitals and accents: how people look for a name, and how names are ordered."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


class Picked(NamedTuple):
    """Legs, and what an answer about them is remembered by."""

    rows: Rows
    key: Hashable


def chosen(view: Tally, filters: CallFilters) -> Picked:
    """The legs of these filters that the user may see. BadFilter for what cannot be answered here."""
    recorded = _recorded(view, filters)
    # What is recorded changes without the log: remembered by how many callids there are.
    key = (filters, view.queues_allowed, view.numbers, None if recorded is None else len(recorded))

    def make() -> Rows:
        rows = view.legs(filters)
        for test in (*_numbers(view, filters), *_derived(view, filters), *_texts(view, filters),
                     *_missed(view, filters)):
            rows = rows.keep(test)
        return rows if recorded is None else rows.keep(_has_recording(recorded, bool(filters.has_recording)))
    return Picked(view.snapshot.places(("chosen", key), make), key)


# -- numbers ---------------------------------------------------------------------------------------


def _numbers(view: Tally, filters: CallFilters) -> Iterator[Test]:
    since, until = filters.moments
    if since is not None or until is not None:
        yield _within("enter", since, None if until is None else until - 1)
    if filters.outcomes:
        yield _one_of("outcome", [frames.OUTCOME[word] for word in filters.outcomes])
    if filters.ended_by:
        yield _one_of("end_by", [frames.ENDED[word] for word in filters.ended_by])
    if filters.lost is not None:
        yield _is(filters.lost, _one_of("outcome", list(LOST)))
    for name, (low, high) in (("wait", filters.waits), ("talk", filters.talks), ("exit_position", filters.positions)):
        if low is not None or high is not None:
            yield _within(name, None if name == "exit_position" and high == 0 else low or 0, high)
    if filters.weekdays or filters.hours or filters.clock:
        yield _local(view, filters)


def _within(name: str, low: int | None, high: int | None) -> Test:
    def test(run: Run, rows: Chosen) -> np.ndarray:
        values = run.number(name)[rows]
        good = np.ones(len(values), dtype=bool) if low is None else values >= low
        return good if high is None else good & (values <= high)
    return test


def _one_of(name: str, codes: list[int]) -> Test:
    return lambda run, rows: np.isin(run.number(name)[rows], codes)


def _is(wanted: bool, test: Test) -> Test:
    return test if wanted else lambda run, rows: ~test(run, rows)


def _local(view: Tally, filters: CallFilters) -> Test:
    """Weekday, hour and time of day by the clock on the wall."""
    def test(run: Run, rows: Chosen) -> np.ndarray:
        enter = run.number("enter")[rows]
        if not len(enter):
            return np.empty(0, dtype=bool)
        slot = enter // cubes.SLOT
        first = int(slot.min())
        moments = calendar.local(np.arange(first, int(slot.max()) + 1) * cubes.SLOT, view.zone)
        slot = slot - first
        good = np.ones(len(enter), dtype=bool)
        if filters.weekdays:
            good &= np.isin(moments.day_of_week.to_numpy(), filters.weekdays)[slot]
        if filters.hours:
            good &= np.isin(moments.hour.to_numpy(), filters.hours)[slot]
        if filters.clock:
            (low, high), begins = filters.clock, (moments.hour * 60 + moments.minute).to_numpy()
            minute = (begins[slot] + enter % cubes.SLOT // 60) % DAY
            good &= (minute >= low) & (minute < high) if low < high else (minute >= low) | (minute < high)
        return good
    return test


# -- what is worked out of several columns ---------------------------------------------------------


def _derived(view: Tally, filters: CallFilters) -> Iterator[Test]:
    shot = view.snapshot
    levels = shot.shelf.levels(shot.queue_words)
    for name, wanted in (("transferred", filters.transferred), ("short_abandoned", filters.short),
                         ("in_sl", filters.within_sl)):
        if wanted is not None:
            def test(run: Run, rows: Chosen, name: str = name) -> np.ndarray:
                outcome, wait, talk, moved, queue = (run.number(column)[rows] for column in (
                    "outcome", "wait", "talk", "transfer_kind", "queue"))
                return measures.indicators(outcome, wait, talk, moved, levels[queue], shot.site.options)[name]
            yield _is(wanted, test)
    if filters.recovered is not None:
        yield _recovered(view, filters.recovered)


def _recovered(view: Tally, wanted: bool) -> Test:
    """Lost legs whose caller was answered later, or those whose caller was not."""
    judge = judged(view)

    def test(run: Run, rows: Chosen) -> np.ndarray:
        good = np.isin(run.number("outcome")[rows], LOST)
        lost = (np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows)[good]
        callers = losses.keys(pa.chunked_array([run.text("caller").take(pa.array(lost))]))
        good[good] = judge(run.number("enter")[lost], callers) == wanted
        return good
    return test


def judged(view: Tally) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Tells of lost legs, given when they entered and the key of the caller (losses.keys), which were recovered."""
    known = losses.join(*view.snapshot.losses)
    table = pd.DataFrame({"enter": known.enter, "caller": known.caller, "found": known.recovered})
    table = table.groupby(["enter", "caller"]).max().reset_index()

    def judge(enter: np.ndarray, caller: np.ndarray) -> np.ndarray:
        mine = pd.DataFrame({"enter": enter, "caller": caller})
        return (mine.merge(table, "left", ["enter", "caller"])["found"] == True).to_numpy()  # noqa: E712  or missing
    return judge


# -- texts -----------------------------------------------------------------------------------------


def _texts(view: Tally, filters: CallFilters) -> Iterator[Test]:
    if filters.dids:
        dids = pa.array([*filters.dids, *([""] if NONE in filters.dids else [])], pa.large_string())
        yield _text("did", lambda texts: pc.is_in(pc.fill_null(texts, ""), value_set=dids))
    if filters.callid:
        yield _either(*(_text(name, lambda texts: pc.equal(texts, filters.callid))
                        for name in ("callid", "callid_enter")))
    if filters.caller:
        yield _caller(view, filters.caller, "caller")
    if filters.q:
        yield _mentions(view, filters.q)


def _text(name: str, ask: Callable[[pa.Array], pa.Array]) -> Test:
    def test(run: Run, rows: Chosen) -> np.ndarray:
        texts, where = span(run, name, rows)
        return pc.fill_null(ask(texts), False).to_numpy(zero_copy_only=False)[where]
    return test


def span(run: Run, name: str, rows: Chosen) -> tuple[pa.Array, Chosen]:
    """A stretch of a text column with these rows in it, not copied where it is dense, and where they stand in it."""
    whole = run.text(name)
    if isinstance(rows, slice):
        return whole.slice(rows.start, rows.stop - rows.start), slice(None)
    if not len(rows) or rows[-1] - rows[0] > 4 * len(rows):
        return whole.take(pa.array(rows)), slice(None)
    return whole.slice(rows[0], rows[-1] + 1 - rows[0]), rows - rows[0]


def _either(*tests: Test) -> Test:
    def test(run: Run, rows: Chosen) -> np.ndarray:
        found = tests[0](run, rows)
        for other in tests[1:]:
            found = found | other(run, rows)
        return found
    return test


def _caller(view: Tally, words: str, *names: str) -> Test:
    """Numbers in which these digits stand, however they were typed; of masked numbers only what is seen counts."""
    plain = _BETWEEN.sub("", words)
    wanted = {words, plain} if re.fullmatch(r"\+?\d{5,}", plain) else {words}  # 1.2 is no way to write 12

    def ask(texts: pa.Array) -> pa.Array:
        seen = texts if view.numbers else private.column(texts, "caller")
        found = None
        for word in sorted(wanted):
            more = pc.match_substring(seen, word, ignore_case=not word.isascii() or any(map(str.isalpha, word)))
            found = more if found is None else pc.or_(found, more)
        return found
    return _either(*(_text(name, ask) for name in names))


def _mentions(view: Tally, words: str) -> Test:
    """The search: queue, agent, number, name of the caller, callid."""
    shot, wanted = view.snapshot, folded(words)
    queues, agents = shot.queue_spelling, shot.agent_spelling
    codes = {"queue": queues.codes([q for q in queues.names if wanted in folded(shot.site.queue_label(q))]),
             "agent": agents.codes([a for a in agents.names if wanted in folded(shot.agent_label(a))])}
    tests = [_one_of(name, found.tolist()) for name, found in codes.items() if len(found)]

    def named(texts: pa.Array) -> pa.Array:
        seen = texts if view.numbers else private.column(texts, "caller_name")
        return pc.match_substring(seen, words, ignore_case=True)
    tests += [_caller(view, words, "caller", "caller_orig"), _text("caller_name", named)]
    if _CALLID.search(words):
        tests += [_text(name, lambda texts: pc.match_substring(texts, words)) for name in ("callid", "callid_enter")]
    return _either(*tests)


# -- phones that rang in vain ----------------------------------------------------------------------


class Rung(NamedTuple):
    """Missed attempts: `words` are callids, `table` has `call` (a number into them), `queue` (its identity), `ts`, and
    `ring` (its own number)."""

    words: pa.Array
    table: pd.DataFrame


def rings(view: Tally, filters: CallFilters) -> int:
    """How often a phone of `missed_by` rang in vain during the legs of these filters."""
    if not filters.missed_by:
        return 0
    rung = _rung(view, filters)
    found = [_during(view, rung, run, rows)["ring"] for run, rows in chosen(view, filters).rows.parts]
    return len(np.unique(np.concatenate([np.empty(0, np.int64), *found])))


def _missed(view: Tally, filters: CallFilters) -> Iterator[Test]:
    if not filters.missed_by:
        return
    rung = _rung(view, filters)

    def test(run: Run, rows: Chosen) -> np.ndarray:
        good = np.zeros(rows.stop - rows.start if isinstance(rows, slice) else len(rows), dtype=bool)
        good[_during(view, rung, run, rows)["place"]] = True
        return good
    yield test


def _rung(view: Tally, filters: CallFilters) -> Rung:
    """What counts as missed (L11: above the noise) by `missed_by` in the days and queues of the filters."""
    agents = () if EVERYBODY in filters.missed_by else filters.missed_by
    rows, shot = agent_questions.attempts(view, replace(filters.common, agents=agents)), view.snapshot
    good = np.flatnonzero(measures.missed(rows.number("kind"), rows.number("ring_ms"), shot.site.options))
    coded = rows.text("callid").take(pa.array(good)).combine_chunks().dictionary_encode()
    return Rung(coded.dictionary, pd.DataFrame({
        "call": coded.indices.to_numpy(zero_copy_only=False).astype(np.int64),
        "queue": shot.queue_spelling.of[rows.number("queue")[good]], "ts": rows.number("ts")[good],
        "ring": np.arange(len(good))}))


def _during(view: Tally, rung: Rung, run: Run, rows: Chosen) -> pd.DataFrame:
    """`place` among these rows and `ring` of each attempt that was made while the leg lasted."""
    flags, found = run.number("flags")[rows], []
    moved = np.flatnonzero(flags & frames.FLAG["relinked"])  # only they entered under another callid
    for name, where in (("callid", None), ("callid_enter", moved)):
        texts, spot = span(run, name, rows if where is None else _of(rows, where))
        codes = pc.fill_null(pc.index_in(texts, value_set=rung.words), -1).to_numpy(zero_copy_only=False)[spot]
        known = np.flatnonzero(codes >= 0)
        found.append(pd.DataFrame({"place": known if where is None else where[known],
                                   "call": codes[known].astype(np.int64)}))
    legs = pd.concat(found).drop_duplicates()
    mine = _of(rows, legs["place"].to_numpy())
    end = run.number("call_end")[mine].astype(np.int64)
    legs = legs.assign(queue=view.snapshot.queue_spelling.of[run.number("queue")[mine]],
                       enter=run.number("enter")[mine].astype(np.int64),
                       end=np.where(end >= 0, end, np.iinfo(np.int64).max))
    both = legs.merge(rung.table, on=["call", "queue"])
    return both[(both["enter"] <= both["ts"]) & (both["ts"] <= both["end"])]


def _of(rows: Chosen, places: np.ndarray) -> np.ndarray:
    """Rows of a run by their places among those chosen."""
    return places + rows.start if isinstance(rows, slice) else rows[places]


# -- recordings ------------------------------------------------------------------------------------


def _recorded(view: Tally, filters: CallFilters) -> frozenset[str] | None:
    if filters.has_recording is None:
        return None
    if view.recorded is None:
        raise BadFilter("has_recording", "recordings are not looked for on this server")
    return frozenset(view.recorded(filters.start, filters.end))


def _has_recording(recorded: frozenset[str], wanted: bool) -> Test:
    callids = pa.array(sorted(recorded), pa.large_string())
    return _is(wanted, _either(*(_text(name, lambda texts: pc.is_in(texts, value_set=callids))
                                 for name in ("callid", "callid_enter"))))
