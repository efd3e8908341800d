"""The log of another server, brought by deploy/rsync/pull-log.sh through the command its key is bound to."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from data.book import Book
from data.sources import Follower
from tests.browsing import ROOT
from tests.data.rotation import BEGIN, Centre

SCRIPT = ROOT / "deploy" / "rsync" / "pull-log.sh"
RRSYNC = "/usr/bin/rrsync"

# In the place of ssh: the server's side of it, which runs the forced command whatever the client asked for. A `hook` is
# what happens on that server when the client comes for the given time.
SHELL = """#!/bin/sh
shift
number=$(($(cat {folder}/calls 2>/dev/null || echo 0) + 1)); echo $number >{folder}/calls
[ ! -x {folder}/hook-$number ] || {folder}/hook-$number
SSH_ORIGINAL_COMMAND="$*" exec {rrsync} -ro {log}
"""


class Far(Centre):
    """The log is written there; what is followed is the copy here."""

    def __init__(self, folder: Path, whole: int = 400):
        self.mirror, self.whole, self.scratch = folder / "mirror", whole, folder
        super().__init__(folder)
        self.live.touch()
        self.shell = folder / "shell"
        self.shell.write_text(SHELL.format(folder=folder, rrsync=RRSYNC, log=self.folder))
        self.shell.chmod(0o755)

    def start(self) -> None:
        self.book = Book(self.books, clock=self.clock)
        self.follower = Follower(self.mirror / "queue_log", self.book, self.clock)

    def pull(self) -> None:
        (self.scratch / "calls").unlink(missing_ok=True)
        done = subprocess.run(
            [str(SCRIPT)],
            capture_output=True,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "PULL_FROM": "pbx:",
                "PULL_INTO": str(self.mirror),
                "PULL_SHELL": str(self.shell),
                "PULL_WHOLE": str(self.whole),
            },
        )
        # 24: a file went away while it was copied; the next minute brings it under its new name.
        assert done.returncode in (0, 24), done.stderr

    def hook(self, call: int, words: str) -> None:
        place = self.scratch / f"hook-{call}"
        place.write_text(f"#!/bin/sh\nset -e\ncd {self.folder}\n{words}\nrm {place}\n")
        place.chmod(0o755)


@pytest.fixture(params=[100, 1_000_000], ids=["continued", "whole"])
def far(tmp_path, request):
    """With a log that is continued in place from its first lines on, and with one that always comes whole."""
    made = Far(tmp_path, request.param)
    yield made
    made.stop()


def minute(far: Far) -> None:
    far.pull()
    far.poll()


def test_a_log_that_grows(far):
    for count in (5, 1, 0, 40):
        far.write(count)
        minute(far)
        far.check()
    assert (far.mirror / "queue_log").read_bytes() == far.live.read_bytes()


def test_what_is_half_written_waits_for_its_rest(far):
    text = far.lines(3)
    with far.live.open("ab") as log:
        log.write(text[:-7])
        log.flush()
        minute(far)
        log.write(text[-7:])
    minute(far)
    far.check()


@pytest.mark.parametrize("way", ["renamed", "copied and emptied", "numbered"])
def test_a_rotation_between_two_minutes_loses_and_doubles_nothing(far, way):
    far.write(30)
    minute(far)
    for turn in range(3):
        far.write(12)  # nobody has fetched these yet
        if way == "copied and emptied":
            far.copytruncate(f"-2026030{turn + 1}")
        elif way == "renamed":
            far.rename(f"-2026030{turn + 1}")
        else:
            for number in range(turn, 0, -1):
                far.copy(f".{number - 1}").rename(far.copy(f".{number}"))
            far.rename(".0")
            os.utime(far.copy(".0"), (BEGIN + turn, BEGIN + turn))  # rotations are seconds apart
        far.write(2)
        minute(far)
        far.write(2)
        minute(far)
    far.settle()
    far.check()


@pytest.mark.parametrize("call", [1, 2])
def test_a_rotation_in_the_midst_of_a_minute(far, call):
    far.write(30)
    minute(far)
    far.write(9)
    new = far.lines(3).decode()
    far.hook(call, f"mv queue_log queue_log-20260301\ncat >queue_log <<'END'\n{new}END")
    minute(far)
    far.write(3)
    minute(far)
    minute(far)
    far.settle()
    far.check()


def test_compressed_afterwards(far):
    far.write(30)
    minute(far)
    far.write(5)
    far.rename("-20260301")
    minute(far)
    far.compress(far.copy("-20260301"))
    far.write(5)
    minute(far)
    far.settle()
    far.check()


def test_a_log_that_is_written_rotated_copied_and_read_at_the_same_time(tmp_path):
    far = Far(tmp_path, 20_000)
    stop = threading.Event()

    def write():
        for turn in range(6):
            for _ in range(60):
                far.write(5)
            far.rename(f"-2026030{turn + 1}")
        stop.set()

    def read():
        while not stop.is_set():
            far.poll()

    threads = [threading.Thread(target=work) for work in (write, read)]
    for thread in threads:
        thread.start()
    while not stop.is_set():
        far.pull()
    for thread in threads:
        thread.join()
    minute(far)
    minute(far)
    far.settle()
    far.check()
    far.stop()


def test_the_key_is_bound_to_reading_that_folder(far):
    far.write(3)
    (far.scratch / "secret").write_text("nobody's business")
    for words in (
        ["-e", str(far.shell), f"{far.scratch}/secret", "pbx:/"],
        ["-e", str(far.shell), "pbx:/../secret", f"{far.scratch}/got"],
    ):
        done = subprocess.run(["rsync", "-a", *words], capture_output=True, text=True)
        assert done.returncode != 0, done.stdout
    assert not (far.folder / "secret").exists()
    assert not (far.scratch / "got").exists()
    other = subprocess.run([str(far.shell), "pbx", "cat", "/etc/passwd"], capture_output=True, text=True)
    assert other.returncode != 0
    assert other.stdout == ""
