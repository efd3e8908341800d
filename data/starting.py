"""Starting the process that works on jobs, when there is work and nobody at it; it ends by itself."""

import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from data.jobs import Jobs

BEGIN = 3.0  # seconds that the process is given to begin


def starter(jobs: Jobs, command: Sequence[str], told: bytes) -> Callable[[], None]:
    """What starts `command`, with `told` as its standard input, if `jobs` wait; may be called as often as one likes."""
    guard, started = threading.Lock(), [-BEGIN]

    def begin() -> None:
        with guard:
            if time.monotonic() - started[0] < BEGIN or not jobs.pending():
                return
            started[0] = time.monotonic()
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,  # noqa: S603
                                       start_new_session=True)
            threading.Thread(target=process.communicate, args=(told,), name="exports", daemon=True).start()

    return begin
