"""Frames to plain rows with the contract's names: unknown is None, codes are words, flags a list."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data import frames
from data.names import Names

ORDER = ("callid", "callid_enter", "queue", "enter", "caller", "caller_orig", "caller_name", "did", "position",
         "outcome", "wait", "agent", "ring", "connect", "talk", "call_talk", "end", "call_end", "end_by", "transfer",
         "transfer_kind", "transfer_to", "key", "internal", "flags")
_NUMBERS = ("wait", "ring", "connect", "talk", "call_talk", "end", "call_end", "position")
FLAGS_OF = {bits: [name for name in frames.FLAGS if bits & frames.FLAG[name]] for bits in range(1 << len(frames.FLAGS))}


def known(column: pa.ChunkedArray) -> list[int | None]:
    """Whole numbers, -1 as None."""
    return pc.if_else(pc.equal(column, -1), None, column).to_pylist()


def identities(column: pa.ChunkedArray, names: Names) -> list[str | None]:
    """The agents of a word column as identities."""
    texts = column.cast(pa.large_string()).to_pylist()
    who = names.identities({text for text in texts if text is not None})
    return [None if text is None else who[text] for text in texts]


def legs(table: pa.Table, names: Names) -> list[dict[str, Any]]:
    """Contract 5.1, one dictionary a leg."""
    columns: dict[str, list] = {
        "callid": table.column("callid").to_pylist(), "callid_enter": table.column("callid_enter").to_pylist(),
        "queue": table.column("queue").to_pylist(), "enter": table.column("enter").to_pylist(),
        "caller": table.column("caller").to_pylist(), "caller_orig": table.column("caller_orig").to_pylist(),
        "caller_name": [text or None for text in table.column("caller_name").to_pylist()],
        "did": table.column("did").to_pylist(),
        "outcome": [frames.OUTCOMES[code] for code in table.column("outcome").to_pylist()],
        "agent": identities(table.column("agent"), names),
        "end_by": [frames.END_BY[code] or None for code in table.column("end_by").to_pylist()],
        "transfer": [code > 0 for code in table.column("transfer_kind").to_pylist()],
        "transfer_kind": [frames.TRANSFERS[code] or None for code in table.column("transfer_kind").to_pylist()],
        "transfer_to": table.column("transfer_to").to_pylist(), "key": table.column("key").to_pylist(),
        "internal": table.column("internal").to_pylist(),
        "flags": [FLAGS_OF[bits] for bits in table.column("flags").to_pylist()],
        **{name: known(table.column(name)) for name in _NUMBERS},
    }
    return [dict(zip(ORDER, row, strict=True)) for row in zip(*(columns[name] for name in ORDER), strict=True)]


def attempts(table: pa.Table, names: Names, noise_ms: int) -> list[dict[str, Any]]:
    """`noise` marks a device that was busy or unreachable rather than an agent who did not answer (L11)."""
    rows = zip(table.column("callid").to_pylist(), table.column("queue").to_pylist(),
               identities(table.column("agent"), names), table.column("kind").to_pylist(),
               known(table.column("ring_ms")), strict=True)
    return [{"callid": c, "queue": q, "agent": a, "kind": k, "ring_ms": ms,
             "noise": k == "rna" and ms is not None and ms <= noise_ms} for c, q, a, k, ms in rows]


def spans(table: pa.Table) -> list[dict[str, Any]]:
    """Sessions or pauses, by agent, queue and start."""
    rows = [dict(zip(table.column_names, row, strict=True)) for row in zip(
        *(known(c) if n in ("start", "end") else c.to_pylist()
          for n, c in zip(table.column_names, table.columns, strict=True)), strict=True)]
    return sorted(rows, key=lambda r: (r["agent"], r["queue"] or "", -1 if r["start"] is None else r["start"]))


def outcalls(table: pa.Table, names: Names) -> list[dict[str, Any]]:
    return [{"agent": a, "status": s, "talk": t} for a, s, t in zip(
        identities(table.column("agent"), names), table.column("status").to_pylist(), known(table.column("talk")),
        strict=True)]
