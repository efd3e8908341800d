"""A service on a folder of its own, its log, its processes, and disks that are small or read-only."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest

from tests.browsing import PASSWORD, ROOT, free_port

BEGIN = 1_772_514_000  # 3 March 2026


def until(condition: Callable[[], object], what: str = "", seconds: float = 60) -> object:
    """Waits for a condition; what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, what or condition
        time.sleep(0.05)


class Answer:
    """Status, headers and the whole body; `json` where it is some."""

    def __init__(self, response: http.client.HTTPResponse):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body[:2000].decode(errors="replace")


class Service:
    """The program with `folder`/var and `folder`/queue_log; `settings` are environment variables."""

    def __init__(self, folder: Path, **settings: str):
        self.folder, self.data, self.log_file = folder, folder / "var", folder / "queue_log"
        self.output, self.port = folder / "server.log", free_port()
        keep = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        self.environment = {**keep, "DATA_DIR": str(self.data), "QUEUE_LOG_PATH": str(self.log_file),
                            "TIMEZONE": "America/Bogota", "LANGUAGE": "en", "SERVER_PORT": str(self.port),
                            "REFRESH_SECONDS": "0.3", "RECORDINGS_DIR": str(folder / "monitor"), **settings}
        self.log_file.touch()
        self.number = 0
        self.process: subprocess.Popen | None = None
        self.cookie = ""

    # -- the log -------------------------------------------------------------------------------------

    def call(self, count: int = 1) -> None:
        """Calls that nobody else makes, one after the other, appended as Asterisk does it."""
        lines = []
        for _ in range(count):
            self.number += 1
            enter, callid = BEGIN + self.number, f"{BEGIN}.{self.number}"
            lines += [f"{enter}|{callid}|600|NONE|ENTERQUEUE||3{self.number:09}|1\n",
                      f"{enter}|{callid}|600|NONE|ABANDON|1|1|{self.number % 60}\n"]
        with self.log_file.open("a") as file:
            file.write("".join(lines))

    def stored(self) -> list[str]:
        """Callids of the calls that the store holds, by the shell."""
        done = self.shell("dump", "legs")
        assert done.returncode == 0, done.stderr
        return [line.split(",")[0].strip('"') for line in done.stdout.splitlines()[1:]]

    def exactly_once(self) -> bool:
        found = self.stored()
        return sorted(found) == sorted(f"{BEGIN}.{n}" for n in range(1, self.number + 1))

    # -- processes -----------------------------------------------------------------------------------

    def shell(self, *words: str, **more) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, str(ROOT / "app.py"), *words], cwd=self.folder, text=True, timeout=120,
                              capture_output=True, env=self.environment, **more)

    def person(self, name: str = "ana", role: str = "manager") -> None:
        done = self.shell("users", "add", name, "--role", role, "--password-stdin", input=PASSWORD)
        assert done.returncode == 0, done.stderr

    def start(self, ready: bool = True) -> None:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen([sys.executable, str(ROOT / "app.py")], cwd=self.folder, stdout=output,
                                            stderr=subprocess.STDOUT, env=self.environment, start_new_session=True)
        if ready:
            until(self.answers, "the service does not come up", 90)

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/health").status in (200, 503)
        return False

    def workers(self) -> list[psutil.Process]:
        assert self.process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            return [one for one in psutil.Process(self.process.pid).children() if "exports" not in one.cmdline()]
        return []

    def readers(self) -> list[int]:
        """Process ids of whoever holds the lock of the log, as the kernel tells."""
        try:
            inode = (self.data / "store/lock").stat().st_ino
        except FileNotFoundError:
            return []
        rows = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        return [int(row[4]) for row in rows if row[1] == "FLOCK" and row[5].endswith(f":{inode}")]

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=seconds)

    def kill(self) -> None:
        """Every process at once, as when the power goes."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)

    def said(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    # -- asking --------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        con = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            con.request(method, path, body, {**({"Cookie": self.cookie} if self.cookie else {}), **headers})
            return Answer(con.getresponse())
        finally:
            con.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def enter(self, name: str = "ana") -> Answer:
        """Signs in as a browser does; the session is kept where that went well."""
        answer = self.ask("POST", "/login", urlencode({"username": name, "password": PASSWORD}), **{
            "Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{self.port}"})
        if answer.status == 303:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return answer

    def health(self) -> dict:
        return self.get("/health").json

    def offered(self) -> int:
        answer = self.get("/api/calls/statistics?start_date=2026-01-01&end_date=2026-12-31&origin=all")
        assert answer.status == 200, answer.text[:300]
        return answer.json["data"]["offered"]


@pytest.fixture
def service(tmp_path) -> Iterator[Callable[..., Service]]:
    """Makes services, and ends every process of theirs."""
    made: list[Service] = []

    def make(**settings: str) -> Service:
        made.append(Service(tmp_path, **settings))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.kill()


def needs_root() -> None:
    """Mounting is for root; in CI the tests are run as root, elsewhere somebody else may go without."""
    if os.geteuid() != 0:
        assert os.environ.get("CI") != "true", "the tests of disks are run as root"
        pytest.skip("no disk may be mounted here")


class Disk:
    """A file system of its own in memory, `size` as mount says it."""

    def __init__(self, place: Path, size: str, image: Path | None = None):
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        if image is None:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(place)], check=True)
            return
        image.touch()
        os.truncate(image, 192 * 2**20)  # with less room the service says that there is little
        sbin = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
        subprocess.run(["mkfs.ext4", "-q", "-m0", str(image)], check=True, env=sbin)
        subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=True)

    def fill(self) -> None:
        """Not a byte is left."""
        with (self.place / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            for size in (65_536, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def free(self) -> None:
        (self.place / "ballast").unlink()

    def remount(self, how: str) -> None:
        """Once nobody writes there any more: what was killed takes a moment to be gone."""
        until(lambda: not subprocess.run(["mount", "-o", f"remount,{how}", str(self.place)],
                                         capture_output=True).returncode, f"{self.place} is in use")

    def fail(self) -> None:
        """As the kernel does after an error of the disk, whoever works there: nothing is written any more. (Only of a
        disk with an image.)"""
        subprocess.run(["mount", "-o", "remount,abort", str(self.place)], check=True)

    def gone(self) -> None:
        subprocess.run(["umount", "-l", str(self.place)], check=True)


@pytest.fixture
def disk() -> Iterator[Callable[..., Disk]]:
    """Makes file systems, and takes them away."""
    needs_root()
    made: list[Disk] = []

    def make(place: Path, size: str = "192m", image: Path | None = None) -> Disk:
        """In memory, or where it must be able to fail in the file `image`."""
        made.append(Disk(place, size, image))
        return made[-1]

    yield make
    for one in made:
        one.gone()


class Writer:
    """Calls without a pause, in a thread, until the block ends."""

    def __init__(self, service: Service, at_once: int = 3):
        self.service, self.at_once = service, at_once
        self._stop, self._lock = threading.Event(), threading.Lock()

    def __enter__(self) -> "Writer":
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def _run(self) -> None:
        while not self._stop.wait(0.004):
            self.service.call(self.at_once)

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
