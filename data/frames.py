"""Column names and types of every frame, and the small vocabularies they are coded in.

Whole numbers never carry nulls in storage: -1 says "unknown" (a memory-mapped column without nulls costs no
copy); the question functions and the JSON rows turn it into a missing value. Times are epoch seconds, UTC.
"""

import functools
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = ("answered", "abandoned", "timeout", "exit_empty", "exit_key", "withdrawn", "interrupted", "in_progress",
            "unknown")
END_BY = ("", "agent", "caller", "transfer", "restart")
TRANSFERS = ("", "blind", "attended_bridge", "attended_app", "attended_link", "marker", "implied")
FLAGS = ("at_answer", "continued", "duplicate_terminal", "missing_end", "relinked", "synthetic_enter", "syscompat",
         "talking", "waiting")
FLAG = {name: 1 << bit for bit, name in enumerate(FLAGS)}
OUTCOME = {name: code for code, name in enumerate(OUTCOMES)}
ENDED = {name: code for code, name in enumerate(END_BY)}
TRANSFER = {name: code for code, name in enumerate(TRANSFERS)}
ATTEMPTS = ("rna", "canceled", "dump")

_words = pa.dictionary(pa.int32(), pa.large_string())

LEGS = pa.schema([
    ("enter", pa.int64()), ("callid", pa.large_string()), ("callid_enter", pa.large_string()), ("queue", _words),
    ("agent", _words), ("outcome", pa.int8()), ("wait", pa.int32()), ("ring", pa.int32()), ("connect", pa.int64()),
    ("talk", pa.int32()), ("call_talk", pa.int32()), ("end", pa.int64()), ("call_end", pa.int64()),
    ("end_by", pa.int8()), ("transfer_kind", pa.int8()), ("transfer_to", _words), ("key", _words), ("did", _words),
    ("caller", pa.large_string()), ("caller_orig", pa.large_string()), ("caller_name", pa.large_string()),
    ("position", pa.int32()), ("exit_position", pa.int32()), ("internal", pa.bool_()), ("flags", pa.int16()),
])


def legs(wanted: frozenset[str] | None) -> pa.Schema:
    """LEGS, or the columns of it that are wanted."""
    return LEGS if wanted is None else pa.schema([f for f in LEGS if f.name in wanted])


ATTEMPT = pa.schema([("ts", pa.int64()), ("callid", pa.large_string()), ("queue", _words), ("agent", _words),
                     ("kind", _words), ("ring_ms", pa.int64())])
SESSION = pa.schema([("agent", _words), ("queue", _words), ("start", pa.int64()), ("end", pa.int64()),
                     ("closed_by", _words)])
PAUSE = pa.schema([("agent", _words), ("queue", _words), ("start", pa.int64()), ("end", pa.int64()),
                   ("reason", _words), ("closed_by", _words)])
OUTCALL = pa.schema([("ts", pa.int64()), ("callid", pa.large_string()), ("agent", _words), ("status", _words),
                     ("talk", pa.int64())])


@functools.cache
def empty(schema: pa.Schema) -> pa.Table:
    """A table of no rows, always the same: it takes longer to make than one of a few rows."""
    return schema.empty_table()


def frame(table: pa.Table, **instead: list[Any]) -> "pd.DataFrame":
    """The table as pandas; dictionary columns become categoricals. `instead` replaces columns by texts."""
    for name, values in instead.items():
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values, pa.large_string()))
    return table.unify_dictionaries().combine_chunks().to_pandas(split_blocks=True)


def words(values: pa.Array | list[str | None]) -> pa.Array:
    """Text as a dictionary column."""
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, pa.large_string())
    return array if pa.types.is_dictionary(array.type) else array.cast(pa.large_string()).dictionary_encode()


def check(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The same table, or an error that names the column that is not as promised."""
    for field in schema:
        found = table.schema.field(field.name)
        if found.type != field.type:
            raise TypeError(f"{field.name} is {found.type}, promised {field.type}")
    return table.select(schema.names)
