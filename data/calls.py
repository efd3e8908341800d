"""The list of calls as legs, the view of a queue: filtered, ordered and read in pages, whatever there is of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data import calendar, call_rows, frames, losses, measures, private, records, runs
from data.call_filters import CallFilters, Sort
from data.call_rows import folded
from data.losses import Losses
from data.measures import LOST
from data.ordering import Key, Numbers, Texts, ranks, refine
from data.runs import Rows
from data.view import View

COLUMNS = (*records.ORDER, "queue_name", "agent_name")
SORTS = tuple(name for name in COLUMNS if name != "flags")
NEWEST: Sort = (("enter", True),)
_TEXTS = ("callid", "callid_enter", "caller", "caller_orig", "caller_name", "did", "transfer_to", "key")
_FEW = ("did", "transfer_to", "key")  # the same few texts again and again
_TIMES = ("enter", "connect", "end", "call_end")
_SECONDS = ("wait", "ring", "talk", "call_talk", "position")
# The line of the log that says how a leg ended, by frames.TRANSFERS; of what was answered and goes on, the last one.
_MOVED = np.array(["", "BLINDTRANSFER", *["ATTENDEDTRANSFER"] * 3, "TRANSFER", "TRANSFER"], dtype=object)
_LEFT = {"abandoned": "ABANDON", "timeout": "EXITWITHTIMEOUT", "exit_empty": "EXITEMPTY", "exit_key": "EXITWITHKEY",
         "withdrawn": "WITHDRAW", "interrupted": "QUEUESTART", "in_progress": "ENTERQUEUE", "unknown": "ENTERQUEUE"}


def page(view: View, filters: CallFilters, sort: Sort = NEWEST, start: int = 0,
         stop: int = 100) -> tuple[pd.DataFrame, int]:
    """Rows start..stop of the legs of these filters in this order (COLUMNS), and how many there are."""
    places = order(view, filters, sort)
    return read(view, places[max(start, 0):max(stop, 0)]), len(places)


def total(view: View, filters: CallFilters) -> int:
    """How many legs there are of these filters."""
    return len(call_rows.chosen(view, filters).rows)


def order(view: View, filters: CallFilters, sort: Sort = NEWEST) -> np.ndarray:
    """int32 numbers of the legs of these filters (runs.places), in order; equal ones newest first."""
    rows, key = call_rows.chosen(view, filters)

    def make() -> np.ndarray:
        places, enter = runs.places(rows, view.snapshot.legs), rows.number("enter")
        newest = len(enter) - 1 - np.argsort(-enter[::-1], kind="stable")
        return places[refine(newest, [(column(view, rows, name), falling) for name, falling in sort])[0]]
    found: np.ndarray = view.snapshot.places(("order", sort, key), make)
    return found


def column(view: View, rows: Rows, name: str) -> Key:
    """A column of legs to sort by (SORTS): as it is seen, so that no order depends on a hidden digit."""
    if name in _FEW:
        return Numbers(_coded(_seen(view, rows, name)))
    if name in _TEXTS:
        if name in private.COLUMNS and not view.numbers:
            return Texts([(private.column(texts, name), slice(None)) for texts in rows.text(name).chunks])
        return Texts([call_rows.span(run, name, chosen) for run, chosen in rows.parts])
    shot = view.snapshot
    if name in ("queue", "queue_name"):
        words = shot.queue_spelling
        return Numbers(_ranked(words.of, ranks(words.names, lambda q: folded(shot.site.queue_label(q))),
                               rows.number("queue")))
    if name in ("agent", "agent_name"):
        words = shot.agent_spelling
        return Numbers(_ranked(words.of, ranks(words.names, lambda a: folded(shot.agent_label(a))),
                               rows.number("agent")))
    if name == "transfer":
        return Numbers((rows.number("transfer_kind") > 0).astype(np.int8))
    return Numbers(rows.number(name), 0 if name in ("end_by", "transfer_kind") else -1)


def _coded(texts: pa.ChunkedArray) -> np.ndarray:
    """Each text as its place among all in the order of bytes; null and empty ones -1."""
    encoded = texts.combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()
    table = np.where([not word for word in [*words, ""]], -1, ranks([*words, ""], str.encode))
    return table[encoded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)]


def _ranked(of: np.ndarray, places: np.ndarray, codes: np.ndarray) -> np.ndarray:
    table = np.append(places[of], -1) if len(of) else np.array([-1])
    return table[codes]  # code -1 is the last: nobody


def read(view: View, places: np.ndarray) -> pd.DataFrame:
    """Legs by their numbers, in that order: times of the site, seconds, words; what is unknown is missing."""
    rows, stands = runs.at(view.snapshot.legs, places)
    shot, number = view.snapshot, {name: rows.number(name)[stands] for name in runs.NUMBERS}
    made: dict[str, Any] = {name: _seen(view, rows, name).take(pa.array(stands)).to_pandas() for name in _TEXTS}
    for name in _TIMES:
        known = pd.Series(calendar.local(number[name], view.zone))
        made[name] = known.where(number[name] >= 0)
    for name in _SECONDS:
        made[name] = np.where(number[name] >= 0, number[name], np.nan)
    queues, agents = shot.queue_spelling, shot.agent_spelling
    made["queue"] = _words(queues.names, queues.of, number["queue"])
    made["agent"] = _words(agents.names, agents.of, number["agent"])
    made["queue_name"] = _words([shot.site.queue_label(q) for q in queues.names], queues.of, number["queue"])
    made["agent_name"] = _words([shot.agent_label(a) for a in agents.names], agents.of, number["agent"])
    for name, words in (("outcome", frames.OUTCOMES), ("end_by", frames.END_BY), ("transfer_kind", frames.TRANSFERS)):
        made[name] = np.array([word or None for word in words], dtype=object)[number[name]]
    made["transfer"], made["internal"] = number["transfer_kind"] > 0, number["internal"] > 0
    made["flags"] = [records.FLAGS_OF[bits] for bits in number["flags"].tolist()]
    return pd.DataFrame({name: made[name] for name in COLUMNS})


def _seen(view: View, rows: Rows, name: str) -> pa.ChunkedArray:
    texts = rows.text(name)
    if name in private.COLUMNS and not view.numbers:
        texts = pa.chunked_array([private.column(part, name) for part in texts.chunks], pa.large_string())
    return pc.if_else(pc.equal(texts, ""), None, texts) if name == "caller_name" else texts


def _words(names: list[str], of: np.ndarray, codes: np.ndarray) -> np.ndarray:
    table = np.array([*(names[i] for i in of.tolist()), None], dtype=object)
    return table[codes]


def totals(view: View, filters: CallFilters) -> dict[str, float | int | None]:
    """Every total of these legs; those of the pages where nothing narrows beyond the common filters."""
    if filters.plain:
        return view.totals(filters.common)
    rows, key = call_rows.chosen(view, filters)
    return dict(view.snapshot.memo(("totals of calls", key), lambda: added_up(view, rows)))


def added_up(view: View, rows: Rows) -> dict[str, float | int | None]:
    """Every total of contract 5.2 and the API's additions, leg by leg."""
    sums = measures.add_up(view.measured(rows))
    computed = {**sums, **measures.rates(sums, view.snapshot.site.wrapup)}
    found = {name: measures.plain(computed[name][0]) for name in measures.TOTALS}
    outcome, wait = rows.number("outcome"), rows.number("wait")
    held = wait[(outcome == frames.OUTCOME["answered"]) & (wait >= 0)]
    for name, share in (("p50_wait", 50), ("p90_wait", 90)):
        found[name] = int(np.percentile(held, share, method="inverted_cdf")) if len(held) else None
    lost = rows.keep(lambda run, chosen: np.isin(run.number("outcome")[chosen], LOST))
    enter, caller = lost.number("enter"), losses.keys(lost.text("caller"))
    found["recovered"], found["lost_unrecovered"] = Losses(
        enter, lost.number("queue"), lost.number("internal"), caller, call_rows.judged(view)(enter, caller)).count()
    return found


def excluded_internal(view: View, filters: CallFilters) -> int:
    """How many legs the origin filter took away from these."""
    if filters.plain:
        return view.excluded_internal(filters.common)
    return total(view, replace(filters, origin="all")) - total(view, filters)


def hung_up(rows: Rows) -> bool:
    """Whether somebody hung up, so that nothing of a call with these legs goes on outside of its queues either, as it
    does after a transfer, or for who was sent on from a queue."""
    if not len(rows) or (rows.number("call_end") < 0).any():
        return False
    last = int(np.argmax(rows.number("enter")))
    outcome, by, moved = (int(rows.number(name)[last]) for name in ("outcome", "end_by", "transfer_kind"))
    return outcome == frames.OUTCOME["abandoned"] or (
        outcome == frames.OUTCOME["answered"] and not moved and by in (frames.ENDED["agent"], frames.ENDED["caller"]))


def dispositions(view: View, filters: CallFilters) -> pd.DataFrame:
    """`event`, `count`: the line of the log that says how each leg ended, or the last one where it goes on; the counts
    add up to the legs, the largest first."""
    rows, _ = call_rows.chosen(view, filters)
    outcome, moved, by, connect = (rows.number(name) for name in ("outcome", "transfer_kind", "end_by", "connect"))
    event = np.array([_LEFT.get(word, "CONNECT") for word in frames.OUTCOMES], dtype=object)[outcome]
    answered = outcome == frames.OUTCOME["answered"]
    event[(outcome == frames.OUTCOME["in_progress"]) & (connect >= 0)] = "CONNECT"
    for word, name in (("agent", "COMPLETEAGENT"), ("caller", "COMPLETECALLER"), ("restart", "QUEUESTART")):
        event[answered & (by == frames.ENDED[word])] = name
    event[answered & (moved > 0)] = _MOVED[moved[answered & (moved > 0)]]
    counted = pd.Series(event).value_counts()
    return pd.DataFrame({"event": counted.index.astype("str"), "count": counted.to_numpy()})

