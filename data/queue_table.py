"""The queue log in a table of MySQL (Asterisk's realtime log), followed by its numbers exactly as a file is.

Every row becomes the line that the file would have had and goes into the same book; the number reached is written in
the same transaction. A table that was emptied, or made again with other numbers, is recognised by its content.
"""

import hashlib
import json
import re
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from data import book_open, book_rows, local_time
from data.book import Book
from data.book_open import BookError, DamagedBook
from data.book_rows import Generation
from data.mysql import Database, DatabaseError, Row, Value
from data.recording_names import epoch
from data.segments import DamagedSegment
from data.sources import CUT_BACK, OnChunk, Poll

NO_LOG_TABLE = "The table of the queue log was not found"
NO_NUMBERS = "The table of the queue log has no column of numbers with an index"
NOT_A_LOG = "The table of the queue log has other columns than expected"

BATCH = 20_000  # rows of one question
HOLD = 1.0  # seconds that what follows a missing number waits for it
HOLES = 600.0  # seconds during which a number that was missing may still come
NEAR = 1_000  # numbers before the newest one among which a missing one may still be on its way
MOST_HOLES = 1_000
META = "table"  # the name in the book under which the place reached is kept
TABLE = re.compile(r"(?:[A-Za-z0-9_$-]{1,64}\.)?[A-Za-z0-9_$-]{1,64}")
_TIME = ("time", "timestamp", "time_id", "eventdate", "datetime")
_NAMES = {"callid": ("callid", "call_id", "uniqueid"), "queue": ("queuename", "queue", "qname"),
          "agent": ("agent", "agentname"), "event": ("event", "verb", "qevent")}
_NUMBERS = {"tinyint", "smallint", "mediumint", "int", "bigint"}
_BREAK = re.compile(r"[\r\n\0]+")


@dataclass(frozen=True)
class Layout:
    """A table that can be read: what is asked for each row, in the order number, time, callid, queue, agent, event,
    `data` (if `raw`), data1…"""

    table: str
    number: str
    columns: tuple[str, ...]
    raw: bool


@dataclass
class Place:
    """How far the table was read: `number` of the last row, `print` of it, `second` of its line, and the numbers that
    were missing with the seconds until which they are waited for."""

    key: str = ""
    number: int = -1
    print: str = ""
    second: int | None = None
    holes: dict[int, float] = field(default_factory=dict)

    def text(self) -> str:
        return json.dumps([self.key, self.number, self.print, self.second, [*self.holes.items()]])


def place(text: object) -> Place | None:
    """The place that `Place.text` wrote; None for anything else."""
    try:
        key, number, print_, second, holes = json.loads(str(text))
        return Place(str(key), int(number), str(print_), second, {int(n): float(until) for n, until in holes})
    except (ValueError, TypeError):
        return None


def layout(database: Database, table: str) -> Layout:
    """Finds the table in the databases of this server, and what its columns are called. DatabaseError."""
    to = database.access
    where, _, name = table.rpartition(".")
    for base in [where] if where else dict.fromkeys((to.cdr, to.asterisk, to.callcenter)):
        rows = database.ask("SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = %s "
                            "AND table_name = %s ORDER BY ordinal_position", (base, name), trial=True)
        if rows:
            keys = database.ask("SELECT column_name FROM information_schema.statistics WHERE table_schema = %s "
                                "AND table_name = %s AND seq_in_index = 1", (base, name), trial=True)
            view = database.ask("SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = %s "
                                "AND table_type = 'VIEW'", (base, name), trial=True)
            return _layout(f"`{base}`.`{name}`", {str(c).lower(): str(t).lower() for c, t in rows},
                           {str(c).lower() for (c,) in keys}, bool(view))
    raise DatabaseError(NO_LOG_TABLE, table)


def _layout(table: str, kinds: dict[str, str], keys: set[str], view: bool) -> Layout:
    number = next((c for c in ("id", "row_id", "rowid") if kinds.get(c) in _NUMBERS and (view or c in keys)), None)
    moment = next((c for c in _TIME if c in kinds), None)
    names = [next((c for c in choices if c in kinds), None) for choices in _NAMES.values()]
    values = [c for c in ("data1", "data2", "data3", "data4", "data5") if c in kinds]
    if moment is None or None in names or not (values or "data" in kinds):
        raise DatabaseError(NOT_A_LOG, f"{table}: {', '.join(kinds)}"[:300])
    if number is None:
        raise DatabaseError(NO_NUMBERS, table)
    said = f"UNIX_TIMESTAMP({moment})" if kinds[moment] == "timestamp" else moment
    return Layout(table, number, (number, said, *(str(c) for c in names), *(["data"] if "data" in kinds else []),
                                  *values), "data" in kinds)


class TableFollower:
    """Follows the table into a book; the same promises as sources.Follower. Times are local ones of `zone`."""

    path = None

    def __init__(self, database: Database, table: str, zone: ZoneInfo, book: Book,
                 clock: Callable[[], float] = time.time):
        self.database, self.table, self.zone, self.book, self.clock = database, table, zone, book, clock
        self.layout: Layout | None = None
        self._seen: dict[int, float] = {}  # number behind which some are missing -> when that was noticed
        self._checked = False

    def poll(self, on_chunk: OnChunk | None = None) -> Poll:
        """Reads what is new. Never raises for what the database, the disk or another process does."""
        poll = Poll()
        try:
            if self.book.locked and not self.book.intact:
                self.book.unlock()
            if not self.book.locked:
                if not self.book.try_lock():
                    poll.problem = book_open.BUSY
                    return poll
                self._checked = False
            self._read(poll, on_chunk)
            self.book.compact()
        except DatabaseError as error:
            poll.problem, poll.detail = error.words, error.detail
            self.layout, self._checked = None, False  # whoever comes back may be another
        except BookError as error:
            poll.problem, poll.detail = error.words, error.detail
            if isinstance(error, DamagedBook):
                self.book.distrusted = True
                self.book.unlock()
        return poll

    def _read(self, poll: Poll, on_chunk: OnChunk | None) -> None:
        shape = self.layout = self.layout or layout(self.database, self.table)
        here = place(self.book.meta(META, "")) or Place()
        g = next((one for one in self.book.logs.values() if one.key == here.key), None)
        if not self._checked:
            here, g = self._checked_place(shape, here, g, poll)
            self._checked = True
        here, g = self._late(shape, here, g, poll, on_chunk)
        while True:
            rows = self._rows(shape, "> %s", (here.number,))
            ready = self._ready(rows, here)
            if ready:
                here, g = self._append(shape, ready, here, g or Generation(), poll, on_chunk)
            if len(rows) < BATCH or len(ready) < len(rows):
                break
        if not rows and g is not None and not self._still(shape, here):
            self._checked = False  # the next poll looks where to go on

    def _rows(self, shape: Layout, where: str, values: tuple[Value, ...], most: int = BATCH,
              order: str = "ASC") -> list[Row]:
        rows = self.database.ask(
            f"SELECT {', '.join(shape.columns)} FROM {shape.table} WHERE {shape.number} {where} "  # noqa: S608
            f"ORDER BY {shape.number} {order} LIMIT {most}", values, most=most, trial=True)
        if any(not isinstance(row[0], int) for row in rows):
            raise DatabaseError(NO_NUMBERS, shape.table)
        return rows

    # -- where to go on --------------------------------------------------------------------------

    def _checked_place(self, shape: Layout, here: Place, g: Generation | None,
                       poll: Poll) -> tuple[Place, Generation | None]:
        """The place, if the table is still the one that was read; the right one in a table made again; else its
        beginning."""
        if g is not None and self._still(shape, here):
            return here, g
        known = [one for one in self.book.logs.values() if one.off]
        if not known:
            return Place(), None
        last = g or max(known, key=lambda one: one.id)
        found = self._find(shape, last)
        if found is not None:
            return found, last
        poll.losses += 1
        with self.book.transaction() as con:
            book_rows.lose(con, self.clock(), CUT_BACK, last.id, 0, shape.table)
        return Place(), None

    def _still(self, shape: Layout, here: Place) -> bool:
        """Whether the table is the one that was read. Old rows may be deleted any night, the last one may have been
        deleted or corrected: then the one before it is in the book."""
        rows = self._rows(shape, ">= %s", (here.number,), 1)
        if rows and (rows[0][0] != here.number or _print(rows[0]) == here.print):
            return True
        below = self._rows(shape, "< %s", (here.number,), 1, "DESC")
        if not below:
            return not rows  # an empty table says nothing: numbers that begin again are seen when they come
        for after in (None, here.second):
            line, second = self._line(shape, below[0], after)
            if second is not None and self._holds(line, second):
                return True
        return False

    def _holds(self, line: bytes, second: int) -> bool:
        for chunk in self.book.during(second, second):
            with suppress(DamagedSegment):
                if line in chunk.bytes():
                    return True
        return False

    def _find(self, shape: Layout, g: Generation) -> Place | None:
        """The last place of the table whose rows are the last lines of a log."""
        tail = [line for line in g.tail.split(b"\n")[0 if g.off <= len(g.tail) else 1:-1] if line]
        if not tail:
            return None
        window: deque[bytes] = deque(maxlen=len(tail))
        found, second, number = None, None, -1
        while rows := self._rows(shape, "> %s", (number,)):
            for row in rows:
                line, second = self._line(shape, row, second)
                window.append(line.rstrip(b"\n"))
                if list(window) == tail:
                    found = Place(g.key, int(row[0] or 0), _print(row), second)
            number = int(rows[-1][0] or 0)
        return found

    # -- rows that are missing -------------------------------------------------------------------

    def _ready(self, rows: list[Row], here: Place) -> list[Row]:
        """The rows before which none can still be on its way: of several writers one may be faster than another that
        took the lower number."""
        now, before = self.clock(), here.number
        top = int(rows[-1][0] or 0) if rows else before
        waiting: dict[int, float] = {}
        cut = len(rows)
        for i, row in enumerate(rows):
            number = int(row[0] or 0)
            if before >= 0 and number > before + 1 and number > top - NEAR and len(rows) < BATCH:
                since = waiting[before] = self._seen.get(before, now)
                if now - since < HOLD:
                    cut = min(cut, i)
            before = number
        self._seen = waiting
        return rows[:cut]

    def _late(self, shape: Layout, here: Place, g: Generation | None, poll: Poll,
              on_chunk: OnChunk | None) -> tuple[Place, Generation | None]:
        """Takes the rows that came after all; forgets those that never do."""
        if not here.holes or g is None:
            return here, g
        now = self.clock()
        here = replace(here, holes={n: until for n, until in here.holes.items() if until > now})
        numbers = list(here.holes)
        if numbers:
            rows = self._rows(shape, f"IN ({', '.join(['%s'] * len(numbers))})", tuple(numbers))
            if rows:
                return self._append(shape, rows, here, g, poll, on_chunk, late=True)
        return here, g

    # -- lines -----------------------------------------------------------------------------------

    def _append(self, shape: Layout, rows: list[Row], here: Place, g: Generation, poll: Poll,
                on_chunk: OnChunk | None, late: bool = False) -> tuple[Place, Generation]:
        lines, second, holes, before = [], here.second, dict(here.holes), here.number
        until = self.clock() + HOLES
        for row in rows:
            line, after = self._line(shape, row, None if late else second)
            lines.append(line)
            number = int(row[0] or 0)
            if late:
                holes.pop(number, None)
                continue
            second = after
            if before >= 0 and 1 < number - before <= NEAR:
                holes.update(dict.fromkeys(range(before + 1, number), until))
            before = number
        if len(holes) > MOST_HOLES:
            holes = dict(sorted(holes.items())[-MOST_HOLES:])
        g = g if g.key else replace(g, key=book_rows.new_key())
        fresh = replace(here, key=g.key, holes=holes) if late else Place(
            g.key, before, _print(rows[-1]), second, holes)
        raw = b"".join(lines)
        g, chunk, events, bad = self.book.append(g, raw, notes={META: fresh.text()})
        poll.chunks, poll.bytes = poll.chunks + 1, poll.bytes + len(raw)
        poll.lines, poll.bad = poll.lines + chunk.lines, poll.bad + bad.count
        if on_chunk is not None:
            on_chunk(chunk, events, bad)
        return fresh, g

    def _line(self, shape: Layout, row: Row, after: int | None) -> tuple[bytes, int | None]:
        """The line of the file, and its second; a row without a time becomes a line that is counted as rejected."""
        said = [_text(value) for value in row[1:]]
        when, callid, queue, agent, event, *values = said
        whole = values.pop(0) if shape.raw else ""
        while values and not values[-1]:
            values.pop()
        split = "|".join(values)
        data = whole if whole and whole.count("|") >= split.count("|") else split
        second = _second(when, self.zone, after, epoch(callid), event)
        first = str(second) if second is not None else when or "NULL"
        line = "|".join((first, callid, queue, agent, event, data))
        return line.encode("utf-8", "replace") + b"\n", after if second is None else second


def _second(when: str, zone: ZoneInfo, after: int | None, born: int | None, event: str) -> int | None:
    """The second of a row. In the hour that comes twice: no line is older than the channel it is about, nobody enters a
    queue an hour after his channel was made, and numbers grow with time."""
    two = local_time.both(when, zone)
    if two is None or two[0] == two[1]:
        return local_time.second(when, zone)
    first, later = two
    if born is not None:
        if first < born - 5:
            return later
        if event.strip() in ("ENTERQUEUE", "DID") and later - born > 3_000:
            return first
    return local_time.second(when, zone, after=after)


def _text(value: Value) -> str:
    """A value as the file would have it: Asterisk writes two signs into its tables in another way."""
    return "" if value is None else _BREAK.sub(" ", str(value)).replace("^3B", ";").replace("^5E", "^")


def _print(row: Row) -> str:
    return hashlib.blake2b(repr(row).encode("utf-8", "replace"), digest_size=12).hexdigest()
