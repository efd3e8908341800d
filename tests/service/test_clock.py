"""A clock that jumps under a service, (`clock.c`): nothing is deleted, the log is read on, the numbers stay."""

import os
import shutil
import sqlite3
import struct
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.service.conftest import until

DAY = 86_400
JUMPS = {"an hour back": -3600, "an hour on": 3600, "a day on": DAY, "a day back": -DAY,
         "to 1970": 100 * DAY - int(time.time()), "to 2038": 2_147_483_647 + DAY - int(time.time())}
FARTHEST = {name: JUMPS[name] for name in ("a day back", "to 1970", "to 2038")}


@pytest.fixture
def faked(service, tmp_path):
    """A service whose clock is as many seconds off as was told to `faked.jump`; the other programs' stays right."""
    if shutil.which("cc") is None:
        assert os.environ.get("CI") != "true" and os.geteuid() != 0, "cc is missing: `make system-test` as root"
        pytest.skip("there is no compiler")
    library, told = tmp_path / "clock.so", tmp_path / "clock"
    subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library),
                    str(Path(__file__).with_name("clock.c")), "-ldl"], check=True)
    told.write_bytes(struct.pack("=q", 0))
    one = service(WORKERS="2")
    alone = dict(one.environment)
    one.environment |= {"LD_PRELOAD": str(library), "CLOCK_FILE": str(told)}

    def jump(seconds: int) -> None:
        with told.open("r+b") as file:
            file.write(struct.pack("=q", seconds))

    def right(words: tuple[str, ...], **more):
        one.environment, kept = alone, one.environment
        try:
            return type(one).shell(one, *words, **more)
        finally:
            one.environment = kept

    one.jump, one.shell = jump, lambda *words, **more: right(words, **more)
    return one


def rows(one) -> dict[str, int]:
    """How much there is that a retention could delete."""
    with closing(sqlite3.connect(one.data / "app.db")) as con:
        found = {name: con.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("users", "audit")}
    with closing(sqlite3.connect(f"file:{one.data / 'store/book.db'}?mode=ro", uri=True)) as con:
        found["bytes"] = con.execute("SELECT sum(off_to - off_from) FROM chunk").fetchone()[0]
    found["copies"] = len(list((one.data / "backups").glob("*.db")))
    return found


@pytest.mark.parametrize("running", [True, False], ids=["while it runs", "at a start"])
def test_the_clock_jumps(faked, running):
    """Every jump there and back again. Sign-ins may end with a jump, as their time is over; nothing else does."""
    if not running:  # it is begun a dozen times
        faked.environment["WORKERS"] = "1"
    faked.call(100)
    faked.person()
    faked.start()
    assert faked.enter().status == 303
    until(lambda: faked.offered() == 100)
    until(lambda: list((faked.data / "backups").glob("app-*.db")))
    for name, seconds in JUMPS.items() if running else FARTHEST.items():
        before = rows(faked)
        for off in (seconds, 0):
            faked.jump(off)
            if not running:
                faked.stop()
                faked.start()
            faked.call(20)
            if faked.get("/api/auth/me").status != 200:
                assert faked.enter().status == 303, name
            size = faked.log_file.stat().st_size
            until(lambda size=size: rows(faked)["bytes"] == size, f"{name}: the log is not read on")
            if off != JUMPS["to 1970"]:  # by that clock every line is of the future, and waits for its time
                until(lambda: faked.offered() == faked.number, f"{name}: not every call is told")
            assert faked.get("/").status == faked.get("/live").status == 200, name
            answer = faked.get("/api/queues/realtime")
            assert answer.status == 200, (name, answer.text)
            assert faked.health()["status"] in ("ok", "degraded"), name
        after = rows(faked)
        assert all(after[key] >= before[key] for key in before), (name, before, after)
    assert "Traceback" not in faked.said(), faked.said()[-3000:]
    assert faked.stop() == 0
    assert faked.exactly_once()
    assert faked.shell("users", "check").returncode == 0


def test_the_clock_of_these_tests_does_jump(faked):
    """They would prove nothing if it did not: the age of the newest line is told by the service's own clock."""
    faked.call(1)
    faked.start()
    before = until(lambda: faked.health()["log_age"])  # None of a worker that has not read yet
    faked.jump(DAY)
    until(lambda: (faked.health()["log_age"] or 0) > before + DAY / 2)
