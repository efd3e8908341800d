"""From settings to what they name: the log or the demonstration's, Issabel's databases, the store."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from data.cli import fail

if TYPE_CHECKING:
    from config import Settings
    from data.finding import Finding
    from data.issabel import Issabel
    from data.site import Site
    from data.store import Store

DEMO_ZONE = "America/Bogota"


def centre(settings: "Settings") -> "Settings":
    """The same settings, pointed at the demonstration centre when there is no log and nobody named one. It is in the
    zone that was set; the zone of the host, which is often UTC, says nothing about where its callers live."""
    named = "QUEUE_LOG_PATH" in settings.chosen
    if not settings.DEMO and (named or settings.QUEUE_LOG_SOURCE != "file" or settings.QUEUE_LOG_PATH.exists()):
        return settings
    folder = settings.DATA_DIR / "demo"
    return replace(
        settings, DEMO=True, QUEUE_LOG_PATH=folder / "queue_log", RECORDINGS_DIR=folder / "recordings",
        TIMEZONE=settings.TIMEZONE if "TIMEZONE" in settings.chosen else DEMO_ZONE)


def first_demo(settings: "Settings") -> Any:
    """The demonstration centre, written when it is wanted and not there yet; None otherwise."""
    from data import demo

    folder = settings.QUEUE_LOG_PATH.parent
    return demo.write(folder, timezone=settings.TIMEZONE) if settings.DEMO and not demo.exists(folder) else None


def open_issabel(settings: "Settings") -> "Issabel":
    """Issabel's databases of these settings; nobody is asked yet. Without a server, or in the demonstration, none."""
    from data.issabel import Issabel
    from data.mysql import Access

    access = Access(settings.DB_HOST, settings.DB_PORT, settings.DB_USER or "", settings.DB_PASSWORD or "",
                    settings.DB_NAME_CDR, settings.DB_NAME_ASTERISK, settings.DB_NAME_CALLCENTER
                    ) if settings.DB_HOST and not settings.DEMO else None
    return Issabel(access, settings.DATA_DIR, ZoneInfo(settings.TIMEZONE))


def open_site(settings: "Settings", issabel: "Issabel | None" = None) -> "Site":
    """What is true of this center: its settings, what the administrator wrote, what the databases say."""
    from data import site
    from data.rules import Options

    folder = settings.QUEUE_LOG_PATH.parent if settings.DEMO else settings.DATA_DIR
    queues, levels, agents = site.names(folder / "names.csv")
    options = Options(sl_threshold=settings.SERVICE_LEVEL_SECONDS, short_abandon=settings.SHORT_ABANDON_SECONDS,
                      internal_re=settings.INTERNAL_CALLERS)
    here = site.Site(ZoneInfo(settings.TIMEZONE), options, settings.WRAPUP_SECONDS, queues, levels, agents,
                     settings.DEMO, target=settings.SERVICE_LEVEL_TARGET, targets=site.targets(folder / "names.csv"))
    return here.with_issabel(issabel.names) if issabel else here


def open_store(settings: "Settings", issabel: "Issabel | None" = None, read_only: bool = False,
               watched: bool = True) -> "Store":
    """The store over the log of these settings; nothing is read yet. `read_only`: nothing ever is, what is there is
    shown. `watched`: somebody looks at it while it reads."""
    from data import feed, store

    if not issabel and settings.DB_HOST:  # who has no database needs no driver either: it takes its time to come
        issabel = open_issabel(settings)
    place, table = open_site(settings, issabel), settings.QUEUE_LOG_SOURCE == "mysql" and not settings.DEMO
    source: Any = None
    if read_only:
        def source(_: Any) -> Any:
            return feed.Nothing()
    elif table and issabel:
        from data.queue_table import TableFollower

        database = issabel.another()

        def source(book: Any) -> Any:
            return TableFollower(database, settings.QUEUE_LOG_TABLE, place.zone, book)
    # Each source has a book of its own: the same calls read from both would be there twice.
    return store.Store(settings.QUEUE_LOG_PATH, settings.DATA_DIR / ("store-mysql" if table else "store"), place,
                       source=source, read_only=read_only, watched=watched)


def opened(settings: "Settings") -> "Store":
    """The store, for a command: one sentence and exit code 2 when it cannot be opened."""
    from data.book_open import BookError

    try:
        return open_store(settings, watched=False)
    except BookError as error:
        return cast("Store", fail(f"{error.words}: {error.detail}."))


def startable(settings: "Settings") -> None:
    """Ends with one sentence and exit code 2 where a start could only fail: a store of a newer version. Whatever else
    is wrong with it is mended, or said on the pages."""
    import sqlite3

    from data import book_open, holding

    for name in holding.BOOKS:
        if (settings.DATA_DIR / name / book_open.NAME).exists():
            try:
                book_open.reader(settings.DATA_DIR / name).close()
            except book_open.NewerBook as error:
                fail(f"{error.words}: {error.detail}. Install that version again, or restore a backup made before.")
            except (book_open.BookError, sqlite3.Error, OSError):
                continue


def examined(settings: "Settings", verify: Callable[[], Any] = lambda: None) -> "list[Finding]":
    """What the doctor finds in this installation; nothing is written. `verify` goes through the audit."""
    from data import book_open, doctor
    from data.recordings import Recordings

    issabel, store = open_issabel(settings), None
    table = settings.QUEUE_LOG_SOURCE == "mysql" and not settings.DEMO
    if (settings.DATA_DIR / ("store-mysql" if table else "store") / book_open.NAME).exists():
        try:
            store = open_store(settings, issabel, read_only=True)
            store.refresh()
        except book_open.BookError as error:
            return [doctor.closed(error), *doctor.examine(settings, None, issabel, None, settings.LANGUAGE,
                                                          verify=verify)]
    recordings = Recordings(settings.RECORDINGS_DIR, ZoneInfo(settings.TIMEZONE), issabel.named)
    return doctor.examine(settings, store, issabel, recordings, settings.LANGUAGE, verify=verify)
