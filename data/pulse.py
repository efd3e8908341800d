"""Following the log in the background: at the pace that was set, and at once when something was written."""

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from data import book_open, memory

if TYPE_CHECKING:
    from data.store import Store

log = logging.getLogger(__name__)
LOOK = 0.25  # seconds between two looks at the sizes of the files, and at least between two readings
SAFE = 1.5  # seconds within which what was written is certainly on the disk
REST = 60.0  # seconds after which memory that nobody uses any more is given back


def follow(store: "Store", stop: threading.Event, seconds: float) -> None:
    """Reads what is new every `seconds`, sooner when the log or the book has grown, until `stop` is set."""
    book = store.book.folder / book_open.NAME
    log_file = store.follower.path  # a table has none: it is looked at every `seconds`
    rested = time.monotonic()
    files = [*([log_file] if log_file else []), store.notice.path, book, book.with_name(book.name + "-wal")]
    while not stop.is_set():
        mark = [_look(path) for path in files]
        # What another process writes into the book can be read only once it is safe on the disk, and then no file
        # changes any more: a book that was written just now is looked at again.
        fresh = any(found and time.time() - found[2] / 1e9 < SAFE for found in mark[-2:])
        due = time.monotonic() + (min(LOOK, seconds) if fresh else seconds)
        try:
            store.refresh()
        except Exception:
            log.exception("the log could not be read this time")
        if time.monotonic() - rested > REST:
            memory.give_back()
            rested = time.monotonic()
        while not stop.wait(min(LOOK, seconds)) and time.monotonic() < due:
            if [_look(path) for path in files] != mark:
                break


def _look(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)
