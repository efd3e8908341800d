"""Lines of calls as numbers, and the small tools that cut their fields out of a block."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.queue_log import FIELDS, Column, Events, decode
from data.rules import (
    CODE,
    HOLD_FIELD,
    KINDS,
    LONGEST,
    MARKER,
    NAMES,
    NATIVE_TRANSFER_FIELDS,
    NO_CALL,
    OTHER,
    POSITION_FIELD,
    START,
    TALK_FIELD,
    UNKNOWN,
    WAIT_FIELD,
)

_KIND_OF = np.array([KINDS[name] for name in NAMES] + [OTHER], dtype=np.int16)
_NOWHERE = 99
SPLIT_MARKER = b"TRANSFER,"  # a comma in the member's name shifts IssabelPBX's line (queue_log.md 7.2.9)


def kinds(events: Events) -> tuple[np.ndarray, np.ndarray, Counter[str]]:
    """Kind and event code (int16) of every line, and how many lines carry an event nobody declared, by event."""
    column = events.column(4)
    known = np.array([CODE.get(value.strip(), UNKNOWN) for value in column.values] or [UNKNOWN], dtype=np.int16)
    code, kind = known[column.codes], _KIND_OF[known][column.codes]
    moved = np.flatnonzero(code == CODE["TRANSFER"])
    kind[moved[events.count[moved] - FIELDS < NATIVE_TRANSFER_FIELDS]] = MARKER
    strange = np.flatnonzero(code == UNKNOWN)
    counts: Counter[str] = Counter()
    if len(strange):
        for value, n in zip(*np.unique(column.codes[strange], return_counts=True), strict=True):
            counts[column.values[value]] += int(n)
        split = np.array([(raw or b"").startswith(SPLIT_MARKER) for raw in events.data(strange, 0).to_pylist()])
        kind[strange[split]] = MARKER
    return kind, code, counts


@dataclass
class Rows:
    """Lines of calls with their texts as numbers: `call` (-1: not a call), `queue` (case-folded), `agent`."""

    events: Events
    kind: np.ndarray
    code: np.ndarray
    call: np.ndarray
    queue: np.ndarray
    agent: np.ndarray
    callids: Column
    queues: Column
    agents: Column

    @classmethod
    def of(cls, events: Events, known: tuple[np.ndarray, np.ndarray] | None = None) -> "Rows":
        """`known`: kind and code of every line, where they were worked out before."""
        kind, code = known if known is not None else kinds(events)[:2]
        callids, queues, agents = events.column(1), events.column(2), events.column(3)
        folded: dict[str, int] = {}
        fold = np.array([folded.setdefault(v.casefold(), len(folded)) for v in queues.values] or [0], dtype=np.int64)
        none = pa.array([v.encode() for v in NO_CALL], callids.dictionary.type)
        nocall = pc.is_in(callids.dictionary, value_set=none)
        call = np.where((kind == START) | nocall.to_numpy(zero_copy_only=False)[callids.codes], -1,
                        callids.codes) if len(events) else np.empty(0, np.int64)
        return cls(events, np.where((call < 0) & (kind != START), OTHER, kind), code, call.astype(np.int64),
                   fold[queues.codes], agents.codes, callids, queues, agents)


def durations(values: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Data wins over the clock (L2), unless it is missing or absurd."""
    return np.where((values >= 0) & (values <= LONGEST), values, np.maximum(otherwise, 0)).astype(np.int32)



def clip(values: np.ndarray) -> np.ndarray:
    """Numbers that fit; the others are damage and unknown."""
    return np.where(values <= LONGEST, values, -1)



def _places(fields: dict[str, int]) -> np.ndarray:
    """Data field by event code."""
    table = np.full(len(NAMES) + 1, _NOWHERE)
    table[[CODE[name] for name in fields]] = list(fields.values())
    return table


HOLD, POSITION, TALK, WAIT = map(_places, (HOLD_FIELD, POSITION_FIELD, TALK_FIELD, WAIT_FIELD))


def by_code(events: Events, rows: np.ndarray, code: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The number that each row's event keeps in its own data field (HOLD and the others); -1 where it has none."""
    found, place = np.full(len(rows), -1, dtype=np.int64), places[code]
    mine = np.flatnonzero(place != _NOWHERE)
    if len(mine):
        found[mine] = events.number(rows[mine], place[mine])
    return found



def string(array: pa.Array) -> pa.Array:
    """Binary to text, null to empty; the repair runs only where the bytes are not UTF-8."""
    array = array.fill_null(b"") if array.null_count else array
    try:
        return array.cast(pa.large_string())
    except pa.ArrowInvalid:
        return pa.array(decode(array), pa.large_string())



def dictionary(codes: np.ndarray, values: Sequence[str | None]) -> pa.Array:
    """A word column from numbers into a list; negative numbers are null."""
    indices = pa.array(codes, pa.int32(), mask=codes < 0 if (codes < 0).any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(values, pa.large_string()))



def put(table: pa.Table, **changed: pa.Array) -> pa.Table:
    """The table with some columns replaced."""
    for name, values in changed.items():
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)
    return table
