"""The columns of legs and attempts: fields cut out of whole blocks at once, and the same for walked calls."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import frames
from data.decimals import digits
from data.queue_log import FIELDS, Column, Events, decode
from data.rows import HOLD, POSITION, SPLIT_MARKER, TALK, WAIT, Rows, by_code, clip, dictionary, durations, string
from data.rules import (
    ATTEMPT_KIND,
    CODE,
    CONNECT,
    DID,
    ENTER,
    EXIT,
    MARKER,
    NAMES,
    NOBODY,
    OUTCOME_OF_EXIT,
    TALK_FIELD,
    TERMINAL,
    UNKNOWN,
    Options,
)
from data.walk import Leg, Line

_MOVED = np.isin(np.arange(len(NAMES) + 1), [CODE[n] for n in ("BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER")])
_ATTENDED = {b"BRIDGE": "attended_bridge", b"APP": "attended_app", b"LINK": "attended_link"}
_OUTCOME, _END_BY = np.zeros(len(NAMES) + 1, dtype=np.int8), np.zeros(len(NAMES) + 1, dtype=np.int8)
_OUTCOME[[CODE[name] for name in OUTCOME_OF_EXIT]] = [frames.OUTCOME[word] for word in OUTCOME_OF_EXIT.values()]
_END_BY[[CODE[name] for name in TALK_FIELD]] = frames.ENDED["transfer"]
_END_BY[[CODE["COMPLETEAGENT"], CODE["COMPLETECALLER"]]] = frames.ENDED["agent"], frames.ENDED["caller"]
_NO_BYTES = pa.py_buffer(b"")
_NO_WORDS = pa.array([], pa.large_string())



def callers(events: Events, rows: np.ndarray) -> tuple[pa.Array, pa.Array, np.ndarray]:
    """Caller (binary), caller name (text) and position of ENTERQUEUE lines.

    `url|num|pos`, `url|num|pos|name`, and because nothing is escaped `url|n|u|m|pos`: the position is the last
    number, what stands between is the caller (queue_log.md 7.2.8).
    """
    extra = events.count[rows] - FIELDS
    caller, name = events.data(rows, 1), _blank(len(rows))
    position = np.where(extra >= 3, events.number(rows, 2), -1)
    wide = np.flatnonzero(extra > 3)
    if not len(wide):
        return caller, name, np.minimum(position, 2**31 - 1).astype(np.int32)
    names = events.data(rows, 3).to_pylist()
    fourth = events.number(rows[wide], 3)
    usual = (extra[wide] == 4) & (position[wide] >= 0) & ((fourth < 0) | ((fourth > 9999) & (position[wide] < 1000)))
    plain, odd = wide[usual], wide[~usual]
    said: list[bytes | None] = [None] * len(rows)
    for i in plain.tolist():
        said[i] = names[i]
    changed = caller.to_pylist() if len(odd) else None
    for i in odd.tolist():
        fields = events.rest(rows[i:i + 1]).to_pylist()[0].split(b"|")
        last = max((k for k in (len(fields) - 1, len(fields) - 2) if fields[k].strip().isdigit()), default=None)
        assert changed is not None
        if last is None:
            changed[i], position[i] = b"|".join(fields[1:]), -1
        else:
            number, _ = digits(np.frombuffer(fields[last], np.uint8), np.array([0]), np.array([len(fields[last])]))
            changed[i], position[i] = b"|".join(fields[1:last]), min(int(number[0]), 2**31 - 1)
            said[i] = b"|".join(fields[last + 1:]) or None
    caller = caller if changed is None else pa.array(changed, pa.binary())
    return caller, string(pa.array(said, pa.binary())), np.minimum(position, 2**31 - 1).astype(np.int32)




def plain(rows: Rows, seg: "Segments", options: Options, wanted: frozenset[str] | None) -> pa.Table:  # type: ignore[name-defined]  # noqa: F821
    """frames.LEGS of the legs whose lines are in order; those that have no end yet are in progress."""
    events, ts = rows.events, rows.events.ts
    enter, connect = seg.enter, seg.connect
    answered, going = connect >= 0, seg.end < 0
    handed = (seg.marker >= 0) & ~going
    conn, end, marked = np.where(answered, connect, 0), np.where(going, enter, seg.end), np.where(handed, seg.marker, 0)
    code = rows.code[end]
    hold = np.where(answered, events.number(conn, 0), by_code(events, end, code, WAIT))
    wait = durations(hold, np.where(answered, ts[conn], ts[end]) - ts[enter])
    talked = durations(by_code(events, end, code, TALK), ts[end] - ts[conn])
    call_talk = np.where(answered, talked, -1).astype(np.int32)
    kind, to = transfers(events, end, code)
    cut = handed & (kind == 0)
    talk = np.where(cut & options.cut_talk_at_marker, ts[marked] - ts[conn], call_talk).astype(np.int32)
    if cut.any():
        words: list[str | None] = to if isinstance(to, list) else [None] * len(enter)
        where = marker_target(events, seg.marker[cut])
        for i, target in zip(np.flatnonzero(cut).tolist(), where, strict=True):
            words[i] = target
        to = words
    names = rows.agents.values
    somebody = np.array([name not in NOBODY for name in names])
    at_answer = (code == CODE["ABANDON"]) & somebody[rows.agent[end]]
    outcome = np.where(answered, frames.OUTCOME["answered"], _OUTCOME[code])
    if going.any():
        outcome[going] = frames.OUTCOME["in_progress"]
        wait[going & ~answered] = talk[going] = call_talk[going] = -1
    made = {
        "enter": ts[enter], "outcome": outcome, "wait": wait, "connect": np.where(answered, ts[conn], -1), "talk": talk,
        "transfer_kind": np.where(cut, frames.TRANSFER["marker"], kind).astype(np.int8),
        "flags": np.where(at_answer, frames.FLAG["at_answer"], 0).astype(np.int16)}
    if wanted is not None:
        made["caller"] = string(callers(events, enter)[0])
        return pa.table(made, schema=frames.legs(wanted))
    call_end = np.where(going, -1, ts[end])
    return pa.table({
        **made, **entered(rows, seg), "agent": dictionary(np.where(answered, rows.agent[conn], -1), names),
        "ring": np.where(answered, clip(events.number(conn, 2)), -1).astype(np.int32),
        "call_talk": call_talk, "end": np.where(cut & options.cut_talk_at_marker, ts[marked], call_end),
        "call_end": call_end,
        "end_by": np.where(cut, frames.ENDED["transfer"], np.where(answered, _END_BY[code], 0)).astype(np.int8),
        "transfer_to": frames.words(to), "key": keys(events, end, code),
        "exit_position": np.where(answered, -1, clip(by_code(events, end, code, POSITION))).astype(np.int32),
    }, schema=frames.LEGS)


def entered(rows: Rows, seg: "Segments") -> dict[str, pa.Array]:  # type: ignore[name-defined]  # noqa: F821
    """The columns of frames.LEGS that the ENTERQUEUE and DID lines tell."""
    caller, caller_name, position = callers(rows.events, seg.enter)
    text = string(caller)
    callid = string(rows.callids.dictionary.take(pa.array(seg.call)))
    first = text
    later = np.flatnonzero(seg.first != seg.enter)
    if len(later):  # the customer of a later leg is the caller of the first
        place = np.arange(len(text))
        place[later] = len(text) + np.arange(len(later))
        others = string(callers(rows.events, seg.first[later])[0])
        first = pa.concat_arrays([text, others]).take(pa.array(place))
    return {"enter": rows.events.ts[seg.enter], "callid": callid, "callid_enter": callid,
            "queue": dictionary(rows.queues.codes[seg.enter], rows.queues.values), "did": dids(rows, seg),
            "caller": text, "caller_orig": first, "caller_name": caller_name, "position": position,
            "internal": np.zeros(len(seg.enter), dtype=bool)}


def keys(events: Events, rows: np.ndarray, code: np.ndarray) -> pa.Array:
    """The key with which a caller left the queue, as a word column; null where it was not by a key."""
    pressed = np.flatnonzero(code == CODE["EXITWITHKEY"])
    if not len(pressed):
        return _nothing(len(rows))
    found, key = Column(events.data(rows[pressed], 0).fill_null(b"")), np.full(len(rows), -1)
    key[pressed] = found.codes
    return dictionary(key, found.values)


def _blank(count: int) -> pa.Array:
    """Empty texts."""
    return pa.Array.from_buffers(pa.large_string(), count, [None, pa.py_buffer(bytes(8 * (count + 1))), _NO_BYTES])


def _nothing(count: int) -> pa.Array:
    """Nulls of a word column."""
    return pa.DictionaryArray.from_arrays(pa.nulls(count, pa.int32()), _NO_WORDS)


def transfers(events: Events, rows: np.ndarray, code: np.ndarray) -> tuple[np.ndarray, pa.Array | list[str | None]]:
    """Kind of transfer (frames.TRANSFERS number, 0 none) and target of terminal lines."""
    kind = np.zeros(len(rows), dtype=np.int8)
    moved = np.flatnonzero(_MOVED[code])
    if not len(moved):
        return kind, _nothing(len(rows))
    to: list[str | None] = [None] * len(rows)
    first, second = events.data(rows[moved], 0).to_pylist(), events.data(rows[moved], 1).to_pylist()
    for i, a, b in zip(moved.tolist(), first, second, strict=True):
        target: bytes | None
        if code[i] == CODE["ATTENDEDTRANSFER"]:
            name = _ATTENDED.get((a or b"").strip(), "attended_bridge")
            target = b if name == "attended_app" else None
        else:
            name, target = "blind", a
        kind[i] = frames.TRANSFER[name]
        to[i] = target.decode("utf-8", "replace") if target else None
    return kind, to


def marker_target(events: Events, rows: np.ndarray) -> list[str | None]:
    """Where IssabelPBX's line says the call went."""
    targets = (raw or b"" for raw in events.data(rows, 0).to_pylist())
    return [raw.removeprefix(SPLIT_MARKER).decode("utf-8", "replace") or None for raw in targets]


def dids(rows: Rows, seg: "Segments") -> pa.Array:  # type: ignore[name-defined]  # noqa: F821
    """The last DID line of the same call up to a second after the leg entered; null when there is none."""
    lines = np.flatnonzero((rows.kind == DID) & (rows.call >= 0))
    if not len(lines):
        return _nothing(len(seg.enter))
    ts, call = rows.events.ts, rows.call[lines]
    last = np.full(len(rows.callids.dictionary), -1, dtype=np.int64)
    last[call] = lines  # the lines are in the order of time: of several the last one stays
    found = last[seg.call]
    late = np.flatnonzero((found >= 0) & (ts[found] > ts[seg.enter] + 1))
    if len(late):  # an earlier line may be the right one
        key = (call << 34) + ts[lines]
        order = np.argsort(key, kind="stable")
        at = np.searchsorted(key[order], (seg.call[late] << 34) + ts[seg.enter[late]] + 1, side="right") - 1
        found[late] = np.where((at >= 0) & (call[order[at]] == seg.call[late]), lines[order[at]], -1)
    has = found >= 0
    values = Column(rows.events.data(np.where(has, found, lines[0]), 0).fill_null(b""))
    return dictionary(np.where(has, values.codes, -1), values.values)


def lines(rows: Rows, chosen: np.ndarray) -> list[Line]:
    """Lines for the walker, with every field a rule may ask for."""
    events, kind, code = rows.events, rows.kind[chosen], rows.code[chosen]
    n = len(chosen)
    hold = clip(np.where(kind == CONNECT, events.number(chosen, 0), by_code(events, chosen, code, HOLD)))
    talk = clip(by_code(events, chosen, code, TALK))
    wait = clip(by_code(events, chosen, code, WAIT))
    position = clip(by_code(events, chosen, code, POSITION))
    ring = clip(events.number(chosen, 2))
    moved, to = transfers(events, chosen, np.where(kind == TERMINAL, code, UNKNOWN))
    enters = np.flatnonzero(kind == ENTER)
    caller, name, entered = callers(events, chosen[enters])
    who = dict(zip(enters.tolist(), decode(caller), strict=True))
    names = dict(zip(enters.tolist(), name.to_pylist(), strict=True))
    places = dict(zip(enters.tolist(), entered.tolist(), strict=True))
    target = dict(zip(np.flatnonzero(kind == MARKER).tolist(),
                      marker_target(events, chosen[kind == MARKER]), strict=True))
    first = decode(events.data(chosen, 0))
    goes = [None] * n if isinstance(to, pa.Array) else to
    callids, queues, agents = rows.callids.values, rows.queues.values, rows.agents.values
    event = [NAMES[c] if c < UNKNOWN else "TRANSFER" for c in code.tolist()]
    made = []
    for i, (row, k) in enumerate(zip(chosen.tolist(), kind.tolist(), strict=True)):
        made.append(Line(
            int(events.ts[row]), k, event[i], callids[rows.callids.codes[row]], queues[rows.queues.codes[row]],
            agents[rows.agents.codes[row]], int(hold[i]), int(talk[i]), int(wait[i]),
            int(ring[i]) if k == CONNECT else -1, places[i] if k == ENTER else int(position[i]),
            who.get(i, ""), names.get(i, ""), target.get(i) if k == MARKER else goes[i],
            frames.TRANSFERS[moved[i]], (first[i] or None) if k == EXIT and event[i] == "EXITWITHKEY" else None,
            first[i] if k == DID else ""))
    return made


def walked(legs: Sequence[Leg]) -> pa.Table:
    """frames.LEGS of walked legs."""
    def of(name: str) -> list:
        return [getattr(leg, name) for leg in legs]

    answered = [leg.connect >= 0 for leg in legs]
    return pa.table({
        **{name: of(name) for name in ("enter", "callid", "callid_enter", "wait", "ring", "connect", "talk",
                                       "call_talk", "end", "call_end", "caller", "caller_orig", "caller_name",
                                       "position", "exit_position")},
        "queue": frames.words(of("queue")), "transfer_to": frames.words(of("transfer_to")),
        "key": frames.words(of("key")), "did": frames.words(of("did")),
        "agent": frames.words([leg.agent if yes else None for leg, yes in zip(legs, answered, strict=True)]),
        "outcome": [frames.OUTCOME[leg.outcome] for leg in legs], "end_by": [frames.ENDED[leg.end_by] for leg in legs],
        "transfer_kind": [frames.TRANSFER[leg.transfer] for leg in legs], "internal": [False] * len(legs),
        "flags": [sum(frames.FLAG[flag] for flag in leg.flags) for leg in legs],
    }, schema=frames.LEGS)


def attempts(events: Events, rows: np.ndarray, code: np.ndarray) -> pa.Table:
    """frames.ATTEMPT: who was rung in vain, for how long (milliseconds, -1 unknown)."""
    callids, queues, agents = events.column(1, rows), events.column(2, rows), events.column(3, rows)
    kind = np.zeros(len(NAMES) + 1, dtype=np.int32)
    for name, word in ATTEMPT_KIND.items():
        kind[CODE[name]] = frames.ATTEMPTS.index(word)
    return pa.table({
        "ts": events.ts[rows], "callid": string(callids.dictionary.take(pa.array(callids.codes))),
        "queue": dictionary(queues.codes, queues.values), "agent": dictionary(agents.codes, agents.values),
        "kind": dictionary(kind[code[rows]], list(frames.ATTEMPTS)),
        "ring_ms": np.minimum(events.number(rows, 0), 2**31 - 1),
    }, schema=frames.ATTEMPT)


def outcalls(events: Events, rows: np.ndarray) -> pa.Table:
    """frames.OUTCALL: outbound bookkeeping of QueueUpdate()."""
    callids, agents = events.column(1, rows), events.column(3, rows)
    status = Column(events.data(rows, 0).fill_null(b""))
    return pa.table({
        "ts": events.ts[rows], "callid": string(callids.dictionary.take(pa.array(callids.codes))),
        "agent": dictionary(agents.codes, agents.values), "status": dictionary(status.codes, status.values),
        "talk": np.minimum(events.number(rows, 1), 2**31 - 1),
    }, schema=frames.OUTCALL)



def is_internal(legs: pa.Table, options: Options, extensions: frozenset[str]) -> pa.Array:
    """Rules I1 in order: relinked, DID, known extensions, the expression."""
    caller = legs.column("caller").combine_chunks()
    try:
        like = pc.match_substring_regex(caller, options.internal_re)
    except pa.ArrowInvalid:  # an expression that only Python's engine understands
        pattern = re.compile(options.internal_re)
        like = pa.array([bool(pattern.search(text)) for text in caller.to_pylist()], pa.bool_())
    known = set(extensions) | set(options.extensions)
    if known:
        like = pc.or_(like, pc.is_in(caller, value_set=pa.array(sorted(known), pa.large_string())))
    did = legs.column("did").combine_chunks()
    if did.null_count < len(did):
        silent = np.array([not word for word in (*did.dictionary.to_pylist(), None)])
        like = pc.and_(like, pa.array(silent[did.indices.fill_null(len(silent) - 1).to_numpy(zero_copy_only=False)]))
    relinked = (legs.column("flags").to_numpy() & frames.FLAG["relinked"]) > 0
    if relinked.any():
        same = pc.equal(legs.column("callid"), legs.column("callid_enter")).to_numpy()
        like = pc.and_(like, pa.array(~relinked | same))
    return like
