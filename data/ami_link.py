"""The connection to Asterisk's manager interface: one for the whole installation, however many processes serve.

Whichever process holds the lock is connected and writes what it hears into a small file; all of them read that file. A
connection that breaks is tried again after growing pauses. A refused sign-in is not: Issabel bans an address after
five of them.
"""

import asyncio
import fcntl
import hashlib
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import panoramisk

from data.ami import Floor, Said

log = logging.getLogger(__name__)

POLL = 3.0  # seconds between two questions for everything; events bring the changes between them
CONNECT, ANSWER = 5.0, 10.0  # seconds to wait
FIRST, LONGEST = 1.0, 60.0  # pauses before another try
SILENT = 20.0  # seconds without a sign of life after which nobody believes the file
AGAIN = 3600.0  # seconds after which refused credentials may be tried once more, by a new start
STEP = 0.2  # seconds within which changes are gathered before they are written

OK = "Asterisk answers"
CONNECTING = "Connecting to Asterisk"
REFUSED = "Asterisk refused the user or the secret"
SLOW = "Asterisk answers too slowly"
DOWN = "Asterisk cannot be reached"
DENIED = "Asterisk does not let this user ask for the queues"
STATES = {OK: "ok", CONNECTING: "connecting", REFUSED: "refused", SLOW: "slow", DOWN: "down", DENIED: "denied"}


@dataclass(frozen=True)
class Heard:
    """What every process knows of the connection: `words` is one of the sentences above, `since` when it became so,
    `said` what Asterisk says now, None unless it answers."""

    words: str
    since: float
    said: Said | None = None

    @property
    def state(self) -> str:
        return STATES[self.words]


class Refused(Exception):
    """The sign-in was refused."""


class Denied(Exception):
    """The user may not ask."""


class Slow(Exception):
    """No answer in time."""


def longer(pause: float) -> float:
    """The pause after this one."""
    return min(2 * pause, LONGEST)


class Link:
    """The manager interface at `host`, with the file and the lock in `folder`."""

    def __init__(self, folder: Path, host: str, port: int, user: str, secret: str,
                 clock: Callable[[], float] = time.time, poll: float = POLL, first: float = FIRST):
        self.path, self.lock = folder / "ami.json", folder / "ami.lock"
        self.host, self.port, self.user, self.secret = host, port, user, secret
        self.clock, self.poll, self.first = clock, poll, first
        # Tells one set of credentials from another without giving them away.
        self._mark = hashlib.scrypt(f"{user}\n{secret}".encode(), salt=f"{host}:{port}".encode(), n=1024, r=8, p=1,
                                    dklen=16).hex()
        self.attempts = 0
        self.pauses: deque[float] = deque(maxlen=100)
        self._state: tuple[str, float] = ("", 0.0)
        self._seen: tuple[Any, Heard] = (None, Heard(CONNECTING, clock()))

    # -- reading ---------------------------------------------------------------------------------

    def heard(self) -> Heard:
        """What the connected process wrote last; old news are no news."""
        try:
            look = self.path.stat()
            mark = (look.st_ino, look.st_mtime_ns, look.st_size)
            if mark != self._seen[0]:
                self._seen = (mark, self._load())
        except (OSError, ValueError, KeyError, TypeError):
            return Heard(CONNECTING, self.clock())
        found = self._seen[1]
        if found.said is not None and self.clock() - found.said.at > SILENT:
            return Heard(DOWN, found.said.at)
        return found

    def _load(self) -> Heard:
        found = json.loads(self.path.read_text())
        words = found["words"] if found["words"] in STATES else DOWN
        return Heard(words, found["since"], Said.load(found["said"]) if found.get("said") and words == OK else None)

    # -- writing ---------------------------------------------------------------------------------

    def _write(self, words: str, said: Said | None = None) -> None:
        if self._state[0] != words:
            self._state = (words, self.clock())
            (log.info if words == OK else log.warning)("%s (%s:%s)", words, self.host, self.port)
        draft = self.path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"words": words, "since": self._state[1], "said": said.dump() if said else None,
                       "credentials": self._mark}, file)
        draft.replace(self.path)

    def _refused_before(self) -> bool:
        try:
            found = json.loads(self.path.read_text())
            return (found["words"] == REFUSED and found["credentials"] == self._mark
                    and self.clock() - found["since"] < AGAIN)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    # -- the connection --------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Keeps the connection until `stop` is set, once no other process does. For a thread."""
        with self.lock.open("w") as lock:
            while not stop.is_set():
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    stop.wait(2)
                    continue
                try:
                    self._keep(stop)
                except OSError:  # the folder cannot be written: said in the log, tried again
                    log.exception("what Asterisk says could not be written")
                    stop.wait(LONGEST)

    def _keep(self, stop: threading.Event) -> None:
        pause = self.first
        if self._refused_before():
            log.warning("%s: not tried again with the same secret", REFUSED)
            stop.wait()
        while not stop.is_set():
            self._write(CONNECTING)
            began = self.clock()
            try:
                asyncio.run(self._talk(stop))
                words = DOWN
            except Refused:
                self._write(REFUSED)
                stop.wait()
                return
            except Denied:
                words = DENIED
            except (Slow, TimeoutError):
                words = SLOW
            except (OSError, ValueError) as error:
                log.info("no connection to Asterisk: %s", error)
                words = DOWN
            if stop.is_set():
                return
            self._write(words)
            if self.clock() - began > LONGEST:  # it had been well: the first pause is short again
                pause = self.first
            self.pauses.append(pause)
            stop.wait(pause)
            pause = longer(pause)

    async def _talk(self, stop: threading.Event) -> None:
        """Signs in, asks, listens; returns when the connection is gone."""
        self.attempts += 1
        manager = Connection(self.host, self.port, self.user, self.secret)
        try:
            await manager.open()
            floor, asked, changed = Floor(), 0.0, False

            def listen(_: Any, event: Any) -> None:
                nonlocal changed
                changed |= floor.apply(_plain(event), self.clock())
            manager.register_event("*", listen)
            while not stop.is_set() and not manager.gone.is_set():
                if self.clock() - asked >= self.poll or asked == 0:
                    floor.answer(await manager.ask(), self.clock())
                    asked, changed = self.clock(), True
                if changed:
                    changed = False
                    self._write(OK, floor.said(self.clock(), asked))
                await asyncio.sleep(STEP)
        finally:
            manager.close()


class Connection(panoramisk.Manager):
    """One connection; when it breaks it stays broken: trying again is the link's business.

    Bytes travel as Latin-1 and are read as UTF-8 when a message is whole: the library decodes what arrives piece by
    piece, and would lose a letter that is cut in two.
    """

    def __init__(self, host: str, port: int, user: str, secret: str):
        quiet = log.getChild("library")
        quiet.setLevel(logging.CRITICAL)
        self.gone = asyncio.Event()
        super().__init__(loop=asyncio.get_running_loop(), host=host, port=port, username=_wire(user),
                         secret=_wire(secret), encoding="latin-1", log=quiet, ping_delay=10**6, ping_interval=10**6,
                         reconnect_timeout=10**6)

    def connection_lost(self, exc: Any) -> None:
        self.gone.set()

    async def open(self) -> None:
        """Connects and signs in."""
        await asyncio.wait_for(self.connect(), CONNECT)
        while self.protocol is None:
            await asyncio.sleep(0)
        answer = await self._answer(self.authenticated_future)
        if not answer.success:
            raise Refused(answer.message)

    async def ask(self) -> list[dict[str, str]]:
        """The messages of QueueStatus."""
        answer = await self._answer(self.send_action({"Action": "QueueStatus"}))
        if not isinstance(answer, list):
            raise Denied(getattr(answer, "message", ""))
        return [_plain(message) for message in answer]

    async def _answer(self, future: Any) -> Any:
        lost = asyncio.ensure_future(self.gone.wait())
        done, _ = await asyncio.wait({future, lost}, timeout=ANSWER, return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        if future in done:
            return future.result()
        raise ConnectionError("the connection was closed") if done else Slow


def _wire(text: str) -> str:
    return text.encode().decode("latin-1")


def _plain(message: Any) -> dict[str, str]:
    """A message of the library with its texts read."""
    found = {}
    for name, value in message.items():
        text = value[-1] if isinstance(value, list) else str(value)
        raw = text.encode("latin-1", "replace")
        try:
            found[name] = raw.decode()
        except UnicodeDecodeError:
            found[name] = text
    return found
