"""Questions to Issabel's databases that never hurt whoever asks: bounded in time, in rows and in bytes, read only.

A server that is away is asked again by one thread at a time; everybody else is told at once that it is away. Whatever
goes wrong is a DatabaseError whose `words` can be shown.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions
from pymysql.cursors import SSCursor

AWAY = "The database server does not answer"
SLOW = "The database takes too long to answer"
LOST = "The connection to the database was lost"
LOGIN = "The database does not accept this user and password"
HOST = "The database accepts no connections from this machine"
CROWDED = "The database has too many connections"
NO_DATABASE = "The database does not exist"
NO_TABLE = "The table does not exist"
DENIED = "The database user may not read this table"
SHAPE = "The table has other columns than expected"
STRANGE = "The database answered something that cannot be understood"

Value = str | int | float | None
Row = tuple[Value, ...]

_WORDS = {1044: DENIED, 1142: DENIED, 1143: DENIED, 1370: DENIED, 1045: LOGIN, 1698: LOGIN, 1049: NO_DATABASE,
          1146: NO_TABLE, 1109: NO_TABLE, 1054: SHAPE, 1072: SHAPE, 1176: SHAPE, 1130: HOST, 1129: HOST, 1040: CROWDED,
          1203: CROWDED, 1226: CROWDED, 1969: SLOW, 3024: SLOW, 1205: SLOW, 2002: AWAY, 2003: AWAY, 2005: AWAY,
          2006: LOST, 2013: LOST, 1053: LOST, 1927: LOST}
PARTIAL = frozenset({DENIED, NO_DATABASE, NO_TABLE, SHAPE})  # what concerns one table and not the whole server
IDLE = 4  # connections kept open
LOCKED_OUT = 30.0  # seconds between two attempts with a password that was refused
BYTES = 64 * 2**20  # of one answer
# Dates stay texts (a date of zeros is none that Python knows), decimals too.
_KEPT = {FIELD_TYPE.DATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP, FIELD_TYPE.TIME, FIELD_TYPE.NEWDATE,
         FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL, FIELD_TYPE.BIT}
_DECODERS = {kind: how for kind, how in conversions.items() if kind not in _KEPT}


class DatabaseError(Exception):
    """A question that got no answer; `words` is an English message id, `detail` what the server or system said."""

    def __init__(self, words: str, detail: str = ""):
        self.words, self.detail = words, detail
        super().__init__(f"{words}: {detail}" if detail else words)


@dataclass(frozen=True)
class Access:
    """Where the databases are and as whom they are read."""

    host: str
    port: int = 3306
    user: str = ""
    password: str = field(default="", repr=False)
    cdr: str = "asteriskcdrdb"
    asterisk: str = "asterisk"
    callcenter: str = "call_center"


class Database:
    """One server. `patience` is how many seconds a whole question may take; `connect` those of reaching the server.

    `problem` says what is wrong with the server as a whole ("" while it answers), `detail` what it said.
    """

    def __init__(self, access: Access, patience: float = 3.0, connect: float = 3.0, most: int = 6, rest: float = 2.0,
                 longest: float = 60.0, clock: Callable[[], float] = time.monotonic):
        """`most` questions at a time; `rest` to `longest` seconds pass between two attempts at a server that is
        away."""
        self.access, self.patience, self.connect, self.rest, self.clock = access, patience, connect, rest, clock
        self.longest = max(longest, rest)
        self.problem = self.detail = self.server = ""
        self.tended = False  # somebody else tries to reach a server that is away: pages need not
        self._idle: list[pymysql.Connection] = []
        self._guard, self._trial = threading.Lock(), threading.Lock()
        self._slots = threading.BoundedSemaphore(most)
        self._plain = False
        self._next, self._pause = 0.0, rest

    def ask(self, sql: str, values: Sequence[Value] = (), most: int = 10_000, trial: bool = False) -> list[Row]:
        """The rows of a question, at most `most`. `trial`: also while the server is away. DatabaseError."""
        if not self.problem:
            return self._ask(sql, values, most)
        if (self.tended and not trial) or self.clock() < self._next or not self._trial.acquire(blocking=False):
            raise DatabaseError(self.problem, self.detail)
        try:
            return self._ask(sql, values, most)
        finally:
            self._trial.release()

    @property
    def away(self) -> float:
        """Seconds until a server that is away may be tried again."""
        return max(self._next - self.clock(), 0.0) if self.problem else 0.0

    def close(self) -> None:
        """Gives every connection back."""
        with self._guard:
            idle, self._idle = self._idle, []
        for con in idle:
            _cut(con)

    def _ask(self, sql: str, values: Sequence[Value], most: int) -> list[Row]:
        if not self._slots.acquire(timeout=self.patience):
            raise DatabaseError(SLOW, "too many questions at once")
        try:
            rows = self._answer(sql, values, most)
        except DatabaseError as error:
            if error.words not in PARTIAL:
                self._failed(error)
            else:
                self._answered()
            raise
        finally:
            self._slots.release()
        self._answered()
        return rows

    def _answered(self) -> None:
        self.problem = self.detail = ""
        self._pause = self.rest

    def _failed(self, error: DatabaseError) -> None:
        """The server is left alone for a while, longer each time."""
        self.problem, self.detail = error.words, error.detail
        if error.words in (LOGIN, HOST):  # who tries a wrong password again and again is locked out
            self._pause = max(self._pause, min(LOCKED_OUT, self.longest))
        self._next = self.clock() + self._pause
        self._pause = min(self._pause * 2, self.longest)
        self.close()

    def _answer(self, sql: str, values: Sequence[Value], most: int) -> list[Row]:
        began = self.clock()
        with self._guard:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            try:
                return self._on(kept, sql, values, most)
            except DatabaseError as error:
                if error.words != LOST or self.clock() - began > self.patience / 2:
                    raise
        return self._on(self._connected(), sql, values, most)  # one that was idle may have been closed meanwhile

    def _on(self, con: pymysql.Connection, sql: str, values: Sequence[Value], most: int) -> list[Row]:
        cursor, whole = con.cursor(SSCursor), False
        rows: list[Row] = []
        size = 0
        try:
            with _words(), _deadline(con, self.patience):
                cursor.execute(sql, tuple(values))
                for row in iter(cursor.fetchone, None):
                    if len(rows) >= most or size > BYTES:
                        return rows  # more than anybody wants: the rest is never read
                    rows.append(tuple(_plain(value) for value in row))
                    size += sum(len(value) for value in rows[-1] if isinstance(value, str))
                whole = True
                return rows
        except DatabaseError as error:
            whole = error.words in PARTIAL
            raise
        finally:
            _abandon(cursor)
            with self._guard:
                keep = whole and con.open and len(self._idle) < IDLE
                if keep:
                    self._idle.append(con)
            if not keep:
                _cut(con)

    def _connected(self) -> pymysql.Connection:
        with _words():
            try:
                return self._connect(self._plain)
            except (pymysql.err.OperationalError, ssl.SSLError) as error:
                if not isinstance(getattr(error, "original_exception", error), ssl.SSLError):
                    raise
                self._plain = True  # servers as old as Issabel 4's offer an encryption that nobody accepts any more
                return self._connect(True)

    def _connect(self, plain: bool) -> pymysql.Connection:
        to = self.access
        con = pymysql.connect(
            host=to.host, port=to.port, user=to.user, password=to.password.encode(), charset="utf8mb4",
            use_unicode=False, conv=_DECODERS, connect_timeout=self.connect, read_timeout=self.patience,
            write_timeout=self.patience, autocommit=True, ssl_disabled=plain, defer_connect=True,
            program_name="call-center-analytics")
        with _deadline(con, self.connect + self.patience):
            con.connect()
            self.server = con.get_server_info()
            for words in _limits(self.server, self.patience):
                with con.cursor() as cursor:
                    cursor.execute(words)
        return con


def _limits(server: str, patience: float) -> list[str]:
    """What makes the server itself give up a question; Issabel 4's does not know how."""
    numbers = [int(part) for part in server.split("-")[0].split(".")[:2] if part.isdigit()]
    if "MariaDB" in server:
        if server.startswith("5.5.5-"):  # how MariaDB 10 introduces itself
            numbers = [int(part) for part in server.split("-")[1].split(".")[:2] if part.isdigit()]
        return [f"SET SESSION max_statement_time={patience:g}"] if numbers >= [10, 1] else []
    return [f"SET SESSION max_execution_time={int(patience * 1000)}"] if numbers >= [5, 8] else []


def _plain(value: Any) -> Value:
    """A value as text, number or None; texts in whatever encoding they are, no NUL."""
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8").replace("\0", "")
        except UnicodeDecodeError:
            return value.decode("latin-1").replace("\0", "")
    return value if isinstance(value, int | float | None) else str(value)


@contextmanager
def _words() -> Iterator[None]:
    """Every kind of failure as a DatabaseError."""
    try:
        yield
    except DatabaseError:
        raise
    except pymysql.err.MySQLError as error:
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        said = str(error.args[-1]) if error.args else ""
        late = isinstance(getattr(error, "original_exception", None), TimeoutError) or "timed out" in said
        words = _WORDS.get(code, STRANGE)
        raise DatabaseError(SLOW if late and words == LOST else words, said) from error
    except OSError as error:
        raise DatabaseError(AWAY, str(error)) from error
    except Exception as error:  # a server may send anything at all
        raise DatabaseError(STRANGE, f"{type(error).__name__}: {error}") from error


@contextmanager
def _deadline(con: pymysql.Connection, seconds: float) -> Iterator[None]:
    """Cuts the connection when what happens within takes longer: a server that sends a byte now and then would keep
    every timeout of the socket waiting."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        sock = con._sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(2)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if late.is_set() and not isinstance(error, DatabaseError):
            raise DatabaseError(SLOW, f"more than {seconds:g} s") from error
        raise
    finally:
        timer.cancel()


def _cut(con: pymysql.Connection) -> None:
    """Closes without a word: what the server still has to say does not matter."""
    con._force_close()


def _abandon(cursor: SSCursor) -> None:
    """A cursor that is let go would read what is left of its answer first."""
    result = cursor._result
    if result is not None:
        result.unbuffered_active, result.connection = False, None
    cursor.connection = None
