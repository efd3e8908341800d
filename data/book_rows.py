"""The rows of the book: what a generation and a chunk are, how they lie in SQLite, and the seals that prove them.

SQLite does not notice a flipped bit in a row. Each row therefore carries a digest of its own values, and each chunk a
digest of its bytes.
"""

import json
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from data import segments

SCHEMA = 2  # 2: digests of content are SHA-256
HEAD, TAIL = 1024, 256  # bytes by which a log is known again
ENDED, PIECE = 1, 2  # why the bytes end without a newline: the file ended so; a line too long to hold at once

TABLES = """
CREATE TABLE IF NOT EXISTS generation (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, parent TEXT NOT NULL, base INTEGER NOT NULL, head BLOB NOT NULL,
    off INTEGER NOT NULL, tail BLOB NOT NULL, ragged INTEGER NOT NULL, born INTEGER NOT NULL, seal TEXT NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0, watch INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS chunk (
    id INTEGER PRIMARY KEY, first INTEGER NOT NULL, generation INTEGER NOT NULL, off_from INTEGER NOT NULL,
    off_to INTEGER NOT NULL, lines INTEGER NOT NULL, bad INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
    glued INTEGER NOT NULL, digest TEXT NOT NULL, file TEXT NOT NULL, trail BLOB NOT NULL, seal TEXT NOT NULL,
    raw BLOB, damaged INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS chunk_place ON chunk (generation, off_from);
CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY, signature TEXT NOT NULL, print BLOB NOT NULL,
                                 generation INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS loss (id INTEGER PRIMARY KEY, time REAL NOT NULL, what TEXT NOT NULL,
                                 generation INTEGER NOT NULL, bytes INTEGER NOT NULL, detail TEXT NOT NULL,
                                 resolved REAL);
CREATE TABLE IF NOT EXISTS sample (line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value);
"""
_GENERATION = "id, key, parent, base, head, off, tail, ragged, born, seal, seen, watch"
_CHUNK = "id, first, generation, off_from, off_to, lines, bad, low, high, glued, digest, file, trail, seal, damaged"
SELECT_GENERATION = "SELECT " + _GENERATION + " FROM generation "  # noqa: S608  names from above
SELECT_CHUNK = "SELECT " + _CHUNK + " FROM chunk "  # noqa: S608
SELECT_CHUNK_RAW = "SELECT " + _CHUNK + ", raw FROM chunk "  # noqa: S608
_PUT_CHUNK = ("INSERT OR REPLACE INTO chunk (" + _CHUNK +  # noqa: S608
              ", raw) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")


class BadSeal(Exception):
    """A row that is not what was written."""


@dataclass(frozen=True)
class Generation:
    """One physical log, known by its content: its bytes before `off` are in the book."""

    id: int = 0  # 0 while it is not in the book
    key: str = ""
    parent: str = ""  # key of the generation that holds the bytes before `base`
    base: int = 0
    head: bytes = b""  # the first bytes, at most HEAD, at most off
    off: int = 0
    tail: bytes = b""  # the last bytes before off, at most TAIL
    ragged: int = 0  # the last byte is no newline: ENDED or PIECE
    born: int = -1  # epoch of its first event
    seen: int = field(default=0, compare=False)  # how long it is known to have been
    watch: int = field(default=0, compare=False)  # it was the live log and must be found again among the copies

    def seal(self) -> str:
        return _seal((self.key, self.parent, self.base, self.head, self.off, self.tail, self.ragged, self.born))


@dataclass(frozen=True)
class Row:
    """One chunk as the catalogue has it."""

    id: int
    first: int
    generation: int
    off_from: int
    off_to: int
    lines: int
    bad: int
    low: int
    high: int
    glued: int
    digest: str
    file: str
    trail: bytes = b""
    damaged: int = field(default=0, compare=False)
    raw: bytes | None = field(default=None, compare=False)

    def seal(self) -> str:
        return _seal((self.id, self.first, self.generation, self.off_from, self.off_to, self.lines, self.bad, self.low,
                      self.high, self.glued, self.digest, self.file, self.trail))


@dataclass(frozen=True)
class Chunk:
    """Whole lines of one log, in the order of the file.

    `id` grows with every chunk that is added; `off_from` and `off_to` are bytes of the generation; `min_ts` and
    `max_ts` epoch seconds (-1 without events; of a chunk that is given in part, of the whole).
    """

    id: int
    generation: int
    off_from: int
    off_to: int
    lines: int
    bad: int
    min_ts: int
    max_ts: int
    _glued: int = field(repr=False)
    raw: Callable[[], "Raw"] = field(repr=False)  # the bytes as they stood in the log; DamagedSegment
    ahead: int = 0  # bytes that the live log has behind these, when they were read

    def bytes(self) -> "Raw":
        """The lines, each with its newline; DamagedSegment when they are not what was written."""
        return shown(self.raw(), self._glued)


Raw = bytes


def shown(raw: Raw, glued: int) -> Raw:
    """The lines in a range of a log: the rest of a line that was already given out goes, a missing newline comes."""
    if glued:
        raw = raw[raw.find(b"\n") + 1:] if b"\n" in raw else b""
    return raw + b"\n" if raw and not raw.endswith(b"\n") else raw


def new_key() -> str:
    """A name for a log that no other has."""
    return uuid.uuid4().hex


def _seal(values: tuple) -> str:
    return segments.seal(repr(values).encode())


def generation(values: tuple) -> Generation:
    """A generation from its row; BadSeal."""
    found = Generation(*values[:9], *values[10:])
    if found.seal() != values[9]:
        raise BadSeal(f"generation {values[0]}")
    return found


def row(values: tuple) -> Row:
    """A chunk from its row, with `raw` where it was selected; BadSeal. Segments prove themselves when read."""
    found = Row(*values[:13], *values[14:])
    raw = found.raw
    if found.seal() != values[13] or (raw is not None and not segments.is_of(raw, found.digest)):
        raise BadSeal(f"chunk {values[0]}")
    return found


def put_generation(con: sqlite3.Connection, g: Generation) -> int:
    """Inserts or updates; the id."""
    values = (g.key, g.parent, g.base, g.head, g.off, g.tail, g.ragged, g.born, g.seal(), g.seen, g.watch)
    if g.id:
        con.execute("UPDATE generation SET key=?, parent=?, base=?, head=?, off=?, tail=?, ragged=?, born=?, seal=?, "
                    "seen=?, watch=? WHERE id=?", (*values, g.id))
        return g.id
    return con.execute("INSERT INTO generation (key, parent, base, head, off, tail, ragged, born, seal, seen, watch) "
                       "VALUES (?,?,?,?,?,?,?,?,?,?,?)", values).lastrowid or 0


def put_row(con: sqlite3.Connection, r: Row) -> None:
    """Inserts or replaces a chunk."""
    con.execute(_PUT_CHUNK, (r.id, r.first, r.generation, r.off_from, r.off_to, r.lines, r.bad, r.low, r.high, r.glued,
                             r.digest, r.file, r.trail, r.seal(), r.damaged, r.raw))


def put_meta(con: sqlite3.Connection, name: str, value: int | str) -> None:
    """One value about the book as a whole."""
    con.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def lose(con: sqlite3.Connection, now: float, what: str, generation: int = 0, size: int = 0, detail: Any = "") -> None:
    """Reports something that may have been lost."""
    con.execute("INSERT INTO loss (time, what, generation, bytes, detail) VALUES (?,?,?,?,?)",
                (now, what, generation, size, detail if isinstance(detail, str) else json.dumps(detail)))


def advance(con: sqlite3.Connection) -> None:
    """The next version, inside a transaction."""
    con.execute("INSERT INTO meta VALUES ('version', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1")
