"""A private MariaDB in a folder of its own, Issabel's tables in it, and a tunnel to it that can be made evil."""

import contextlib
import csv
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pymysql
import pytest

from data.mysql import Access
from tests.browsing import free_port

PROGRAM = Path("/usr/sbin/mariadbd")
PASSWORD = "lectura"
LEAST = """
CREATE USER 'least'@'127.0.0.1' IDENTIFIED BY 'lectura';
GRANT SELECT ON asteriskcdrdb.cdr TO 'least'@'127.0.0.1';
GRANT SELECT ON asteriskcdrdb.cel TO 'least'@'127.0.0.1';
GRANT SELECT (extension, descr, maxwait) ON asterisk.queues_config TO 'least'@'127.0.0.1';
GRANT SELECT ON asterisk.queues_details TO 'least'@'127.0.0.1';
GRANT SELECT (extension, name) ON asterisk.users TO 'least'@'127.0.0.1';
GRANT SELECT (id, tech, dial, user, description) ON asterisk.devices TO 'least'@'127.0.0.1';
GRANT SELECT (extension, cidnum, description, destination) ON asterisk.incoming TO 'least'@'127.0.0.1';
GRANT SELECT (id, type, number, name, estatus) ON call_center.agent TO 'least'@'127.0.0.1';
CREATE USER 'full'@'127.0.0.1' IDENTIFIED BY 'lectura';
GRANT SELECT ON asteriskcdrdb.* TO 'full'@'127.0.0.1';
GRANT SELECT ON asterisk.* TO 'full'@'127.0.0.1';
GRANT SELECT ON call_center.* TO 'full'@'127.0.0.1';
CREATE USER 'none'@'127.0.0.1' IDENTIFIED BY 'lectura';
"""
VERSION_5 = """ALTER TABLE asteriskcdrdb.cdr ADD linkedid VARCHAR(32) NOT NULL DEFAULT '',
  ADD peeraccount VARCHAR(80) NOT NULL DEFAULT '', ADD sequence INT NOT NULL DEFAULT 0,
  ADD KEY calldate (calldate), ADD KEY dst (dst), ADD KEY accountcode (accountcode), ADD KEY did (did),
  ADD KEY recordingfile (recordingfile(191)), ADD KEY link (linkedid), ADD KEY ceq (sequence),
  ADD KEY linkseq (linkedid, sequence)"""


class MariaDB:
    """A running server; `run` executes statements as its owner."""

    def __init__(self, folder: Path, shared: Path):
        self.folder, self.shared, self.port = folder, shared, free_port()
        self.socket = str(folder / "s")
        self.process: subprocess.Popen | None = None
        self.touched = True  # something was written since the tables were made

    def install(self) -> None:
        subprocess.run(["/usr/bin/mariadb-install-db", "--no-defaults", f"--datadir={self.folder / 'data'}",
                        "--auth-root-authentication-method=normal", "--skip-test-db", *self._owner()],
                       check=True, capture_output=True)

    def _owner(self) -> list[str]:
        return ["--user=root"] if os.geteuid() == 0 else []

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(PROGRAM), "--no-defaults", f"--datadir={self.folder / 'data'}", f"--socket={self.socket}",
             f"--port={self.port}", "--bind-address=127.0.0.1", f"--pid-file={self.folder / 'pid'}",
             f"--log-error={self.folder / 'error.log'}", "--skip-name-resolve", "--innodb-buffer-pool-size=32M",
             "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
             "--sync-frm=0", "--innodb-log-file-size=16M", "--performance-schema=OFF",
             "--sql-mode=", *self._owner()],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not self._listens():
            assert self.process.poll() is None, (self.folder / "error.log").read_text(errors="replace")
            assert time.monotonic() < deadline, "mariadbd does not answer"
            time.sleep(0.05)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def kill(self) -> None:
        """Dies at once, as a machine does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=30)
        self.process = None

    def _connect(self, database: str | None = None) -> pymysql.Connection:
        return pymysql.connect(unix_socket=self.socket, user="root", database=database, charset="utf8mb4",
                               autocommit=True)

    def run(self, sql: str, rows: Sequence[tuple] | tuple = (), database: str | None = None) -> list[tuple]:
        """One statement; with `rows`, once for each of them."""
        self.touched = True
        with contextlib.closing(self._connect(database)) as con, con.cursor() as cursor:
            if rows:
                cursor.executemany(sql, rows)
            else:
                cursor.execute(sql)
            return list(cursor.fetchall())

    def load(self, text: str, database: str = "") -> None:
        """A file of statements, as the client program reads it."""
        self.touched = True
        subprocess.run(["/usr/bin/mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root",
                        "--default-character-set=utf8mb4", *([database] if database else [])],
                       input=text.encode(), check=True, capture_output=True)

    def fresh(self) -> None:
        """Issabel 4 as it comes: its tables, nothing in them, three accounts."""
        if not self.touched:
            return
        for name in ("asteriskcdrdb", "asterisk", "call_center"):
            self.run(f"DROP DATABASE IF EXISTS {name}")
        self.run("DELETE FROM mysql.global_priv WHERE User IN ('least', 'full', 'none')")
        self.run("DELETE FROM mysql.tables_priv")
        self.run("DELETE FROM mysql.columns_priv")
        self.run("DELETE FROM mysql.db")
        self.run("FLUSH PRIVILEGES")
        self.load((self.shared / "issabel_schema.sql").read_text())
        self.load(LEAST)
        self.touched = False

    def cdr(self, path: Path) -> None:
        """The rows of a CSV into `cdr`, columns by their names."""
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            names = next(reader)
            rows = [tuple(row) for row in reader]
        marks = ",".join(["%s"] * len(names))
        self.run(f"INSERT INTO asteriskcdrdb.cdr ({','.join(names)}) VALUES ({marks})", rows)

    def access(self, user: str = "least", **more) -> Access:
        return Access(**{"host": "127.0.0.1", "port": self.port, "user": user, "password": PASSWORD, **more})


def require() -> None:
    """The server program must be there; only who is neither root nor has it may go without, and never in CI."""
    if PROGRAM.exists():
        return
    reason = f"{PROGRAM} is missing: `make system-test` as root installs it (mariadb-server-core)"
    assert os.environ.get("CI") != "true" and os.geteuid() != 0, reason
    pytest.skip(reason)


@pytest.fixture(scope="session")
def mariadb_server(shared) -> Iterator[MariaDB]:
    require()
    folder = Path(tempfile.mkdtemp(prefix="db-", dir="/tmp"))  # noqa: S108  a socket's path must be short
    server = MariaDB(folder, shared)
    try:
        server.install()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture
def mariadb(mariadb_server) -> Iterator[MariaDB]:
    """Issabel 4's empty tables."""
    if mariadb_server.process is None:
        mariadb_server.start()
    mariadb_server.fresh()
    yield mariadb_server


class Tunnel:
    """A port that leads to the server, until somebody changes that.

    `how`: through (both ways), mute (takes questions, never answers), drip (a byte a second), cut (breaks when the
    answer has begun), closed (nobody listens).
    """

    def __init__(self, target: int, source: str = "127.0.0.1"):
        self.target, self.source, self.how = target, source, "through"
        self.port = free_port()
        self._pairs: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.open()

    def open(self) -> None:
        self.how = "through"
        listener = socket.create_server(("127.0.0.1", self.port))
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Nobody listens any more; what is open breaks."""
        self.how = "closed"
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        for one in self._pairs:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._pairs.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), source_address=(self.source, 0))
            except OSError:
                client.close()
                continue
            self._pairs += [client, server]
            threading.Thread(target=self._carry, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                while answers and self.how == "mute" and source.fileno() >= 0:
                    time.sleep(0.02)
                if answers and self.how == "drip":
                    for byte in piece:
                        if self.how != "drip":
                            break
                        target.sendall(bytes([byte]))
                        time.sleep(0.2)
                    continue
                if answers and self.how == "cut":
                    target.sendall(piece[:max(len(piece) // 2, 1)])
                    break
                target.sendall(piece)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def tunnel(mariadb) -> Iterator[Tunnel]:
    made = Tunnel(mariadb.port)
    yield made
    made.close()


