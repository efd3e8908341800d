"""The examination of the log: is it there and fresh, are its copies, was everything understood, did calls end."""

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data import frames, log_files, queue_log, queue_table, sources
from data.finding import NOTE, OK, WRONG, Finding, listed, quoted, readable, set_in_env
from data.mysql import Database, DatabaseError
from data.store import Store
from data.tally import EPOCH
from i18n import duration

FRESH = "The newest line of the log is {age} old"
SILENT = "The newest line of the log is {age} old: it may not be written any more"
EMPTY = "The log has no lines yet"
BROKEN = "The log cannot be followed: {cause} ({detail})"
TABLE_READ = "The table {table} can be followed"
COPIES = "Rotated copies of the log: {count}, from {oldest} to {newest}"
NO_COPIES = "The log has no rotated copies beside it"
EVERY_DAY = "No day is missing between {first} and {last}"
GAPS = "Days without calls among days that have them: {days}"
LOST = "Lines of the log may be missing: {what}"
UNDERSTOOD = "Lines read: {count}, and every one of them was understood"
REJECTED = "Lines that are no events: {bad} of {count}"
UNDATED = "Lines with a date that cannot be: {count}"
UNKNOWN = "Events that no Asterisk writes by itself: {names}"
ENDED = "Every call of the last 30 days has an end"
UNENDED = "Calls of the last 30 days without an end: {count}"

DAY = 86_400
WEEK = 7 * DAY
OFTEN = 0.7  # of the weeks in which a weekday has calls: its empty days are missed
TAIL = 65_536


def source(store: Store | None, path: Path, table: str | None, database: Database | None,
           now: float) -> Iterator[Finding]:
    """Is the log there, may it be read, how old is its newest line."""
    if table is not None:
        yield from _table(table, database, store, now)
        return
    entries, trouble = log_files.listing(path)
    if isinstance(trouble, FileNotFoundError):
        yield Finding("log", WRONG, BROKEN, {"cause": sources.MISSING, "detail": str(path)},
                      set_in_env("QUEUE_LOG_PATH", "/var/log/asterisk/queue_log"))
        return
    if trouble is not None:
        yield Finding("log", WRONG, BROKEN, {"cause": _cause(trouble), "detail": str(path)}, readable(path))
        return
    live = next(entry for entry in entries if entry.live)
    try:
        with log_files.opened(live) as file:
            end = file.at(max(file.size - TAIL, 0), TAIL)
    except OSError as error:
        yield Finding("log", WRONG, BROKEN, {"cause": _cause(error), "detail": str(path)}, readable(path))
        return
    events, _ = queue_log.parse(end[:queue_log.whole(end)])
    newest = int(events.ts.max()) if len(events) else _newest(store)
    yield _age(newest, now)


def _cause(error: OSError) -> str:
    return sources.DENIED if isinstance(error, PermissionError) else (
        sources.FOLDER if isinstance(error, IsADirectoryError) else sources.UNREADABLE)


def _newest(store: Store | None) -> int | None:
    return None if store is None else store.view().snapshot.data_until


def _age(newest: int | None, now: float) -> Finding:
    look = 'asterisk -rx "logger show channels"'
    if newest is None:
        return Finding("log", NOTE, EMPTY, {}, look)
    age = max(now - newest, 0.0)
    if age <= DAY:
        return Finding("log", OK, FRESH, {"age": duration(age)})
    said = f"{int(age // DAY)} d {int(age % DAY // 3600)} h"
    return Finding("log", WRONG if age > WEEK else NOTE, SILENT, {"age": said}, look)


def _table(table: str, database: Database | None, store: Store | None, now: float) -> Iterator[Finding]:
    try:
        if database is None:
            raise DatabaseError(queue_table.NO_LOG_TABLE, table)
        found = queue_table.layout(database, table)
        yield Finding("log", OK, TABLE_READ, {"table": found.table.replace("`", "")})
    except DatabaseError as error:
        name = error.detail.split(":")[0].replace("`", "") if error.words == queue_table.NO_NUMBERS else table
        mend = {queue_table.NO_NUMBERS: f"mysql -e 'ALTER TABLE {name} ADD id BIGINT NOT NULL AUTO_INCREMENT PRIMARY "
                                        "KEY FIRST'",
                queue_table.NO_LOG_TABLE: set_in_env("QUEUE_LOG_TABLE", "asterisk.queue_log")}
        yield Finding("log", WRONG, BROKEN, {"cause": error.words, "detail": error.detail},
                      mend.get(error.words, f"mysql -e 'DESCRIBE {table}'"))
        return
    yield _age(_newest(store), now)


def copies(path: Path) -> Iterator[Finding]:
    """The rotated copies beside the log."""
    entries, _ = log_files.listing(path)
    names = sorted(entry.name for entry in entries if not entry.live)
    if not names:
        yield Finding("rotation", OK, NO_COPIES)
        return
    closed = [entry for entry in entries if not entry.live and not os.access(entry.path, os.R_OK)]
    for entry in closed[:1]:
        yield Finding("rotation", WRONG, BROKEN, {"cause": sources.COPY_UNREADABLE, "detail": entry.name},
                      f"{readable(path)}*")
    yield Finding("rotation", OK, COPIES, {"count": len(names), "oldest": names[0], "newest": names[-1]})


def days(store: Store, path: Path) -> Iterator[Finding]:
    """Days that are missing, and what the book says was lost."""
    shot = store.view().snapshot
    every = np.arange(len(shot.queue_words.texts))
    there = shot.days_with_calls(every, (0, 1)).astype(np.int64)
    mend = f"cp -p /media/copia/{path.name}-* {quoted(path.parent)}/"
    if len(there) > 1:
        first, last = (EPOCH + dt.timedelta(days=int(day)) for day in (there[0], there[-1]))
        missing = _missing(there)
        if missing:
            yield Finding("rotation", NOTE, GAPS, {"days": listed(_ranges(missing))}, mend)
        else:
            yield Finding("rotation", OK, EVERY_DAY, {"first": f"{first:%d/%m/%Y}", "last": f"{last:%d/%m/%Y}"})
    for what, _ in Counter(loss.what for loss in store.book.losses()).most_common(4):
        yield Finding("rotation", WRONG, LOST, {"what": what}, mend)


def _missing(there: np.ndarray) -> list[int]:
    """Numbers of the days without calls on weekdays that usually have some."""
    first, last = int(there[0]), int(there[-1])
    known = set(there.tolist())
    found = []
    for weekday in range(7):
        mine = [day for day in range(first, last + 1) if (day - first) % 7 == weekday]
        empty = [day for day in mine if day not in known]
        if len(mine) >= 3 and 1 - len(empty) / len(mine) >= OFTEN:
            found += empty
    return sorted(found)


def _ranges(numbers: list[int]) -> list[str]:
    """Days in a row as one stretch: 03/03/2026, 10/03/2026-12/03/2026."""
    stretches: list[list[int]] = []
    for day in numbers:
        if stretches and day == stretches[-1][-1] + 1:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    return ["-".join(f"{EPOCH + dt.timedelta(days=day):%d/%m/%Y}" for day in dict.fromkeys((one[0], one[-1])))
            for one in stretches]


def lines(store: Store, path: Path) -> Iterator[Finding]:
    """Lines that were not understood."""
    builder = store.builder
    bad, count = builder.bad.count, builder.lines
    show = f"grep -anvE '^[0-9]+(\\|[^|]*){{4}}' {quoted(path)} | head"
    if bad:
        samples = tuple(line.decode("utf-8", "replace").replace("\0", "\N{SYMBOL FOR NULL}")[:160]
                        for line in builder.bad.samples[:5])
        yield Finding("lines", WRONG if bad * 100 > count else NOTE, REJECTED, {"bad": bad, "count": count}, show,
                      samples)
    elif count:
        yield Finding("lines", OK, UNDERSTOOD, {"count": count})
    if builder.undated:
        yield Finding("lines", NOTE, UNDATED, {"count": builder.undated}, "timedatectl")
    if builder.unknown:
        yield Finding("lines", OK, UNKNOWN, {"names": listed([name for name, _ in builder.unknown.most_common()])})


def calls(store: Store, now: float) -> Iterator[Finding]:
    """Calls that nobody ended."""
    view = store.view()
    first, today = view.today() - dt.timedelta(days=29), view.today()
    rows = view.snapshot.between(int(now) - 30 * DAY, int(now) + 1)
    if not len(rows):
        return
    without = np.flatnonzero(rows.number("flags") & frames.FLAG["missing_end"])
    if not len(without):
        yield Finding("calls", OK, ENDED)
        return
    callids = rows.text("callid")
    yield Finding("calls", NOTE, UNENDED, {"count": len(without)},
                  f"python app.py dump legs --start {first} --end {today} | grep missing_end",
                  tuple(str(callids[int(at)].as_py()) for at in without[-5:]))
