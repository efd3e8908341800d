"""Figures as SVG, drawn by a Chromium that is started once and used again (`picture_worker`)."""

import json
import logging
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

log = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("picture_worker.py")
# Seconds that a picture may take: with the start of the browser, half a minute on a busy machine, and after it.
FIRST, NEXT = 120.0, 60.0
PAUSE = 60.0  # seconds for which a browser that twice gave no answer is not asked again: a report has many pictures
DRAWN = 300  # pictures after which the browser is started anew: it grows


class NoBrowser(Exception):
    """There is no Chromium on this machine."""


class Failed(Exception):
    """The picture could not be drawn; the next one may be."""


class Silent(Failed):
    """No answer came, or not in time."""


class Pictures:
    """Any number of threads may ask; one is drawn at a time. `close` ends the browser, the next picture starts it."""

    def __init__(self, environment: Mapping[str, str] | None = None):
        self.environment = environment
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._drawn = 0
        self._again = 0.0  # when it makes sense to ask again, on the monotonic clock

    def svg(self, figure: Mapping[str, Any], width: int, height: int) -> bytes:
        """The figure as SVG of that size in pixels. NoBrowser; Failed after a second try with a new browser."""
        message = json.dumps({"figure": figure, "width": width, "height": height}).encode()
        with self._lock:
            if time.monotonic() < self._again:
                raise Silent("the browser gave no answer a moment ago")
            if self._drawn >= DRAWN:
                self._stop()
            try:
                return self._asked(message)
            except Failed as error:
                log.warning("a picture failed, once more with a new browser: %s", error)
                self._stop()
            try:
                return self._asked(message)
            except Silent:
                self._stop()
                self._again = time.monotonic() + PAUSE
                raise

    def close(self) -> None:
        with self._lock:
            self._stop()

    def _asked(self, message: bytes) -> bytes:
        limit = NEXT if self._process else FIRST
        if self._process is None or self._process.poll() is not None:
            self._process, limit = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, env=None if self.environment is None else dict(self.environment)), FIRST
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(struct.pack(">I", len(message)) + message)
            self._process.stdin.flush()
            deadline = time.monotonic() + limit
            answer = self._read(struct.unpack(">I", self._read(4, deadline))[0], deadline)
        except (OSError, EOFError, TimeoutError) as error:
            raise Silent(str(error)) from error
        if answer[:1] == b"N":
            raise NoBrowser(answer[1:].decode(errors="replace"))
        if answer[:1] != b"S":
            raise Failed(answer[1:].decode(errors="replace"))
        self._drawn += 1
        return answer[1:]

    def _read(self, count: int, deadline: float) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        pipe, found = self._process.stdout.fileno(), b""
        while len(found) < count:
            if not select.select([pipe], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise TimeoutError("no picture in time")
            more = os.read(pipe, count - len(found))
            if not more:
                raise EOFError("the browser's process ended")
            found += more
        return found

    def _stop(self) -> None:
        """Ends the process and every browser below it."""
        process, self._process, self._drawn = self._process, None, 0
        if process is None:
            return
        try:
            below = psutil.Process(process.pid).children(recursive=True)
        except psutil.Error:
            below = []
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for one in below:
            if one.is_running():
                one.kill()
        psutil.wait_procs(below, timeout=5)
