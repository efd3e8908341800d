"""Does the service answer? `alive.py [ADDRESS]` ends with 0 when it does and is not down (a container's health check).

`alive.py ADDRESS --watch SECONDS` asks again and again and tells systemd's watchdog of every answer, so that a service
that hangs is restarted. There any answer counts, also one that says that it is down: a restart mends no full disk.
"""

import os
import select
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE = 10.0  # seconds
BEGINNING = 1800.0  # seconds that the first answer may take: an upgrade of much data is not to be killed in its midst
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever http_proxy says


def status(address: str) -> int | None:
    """The status code of the answer; None when there is none."""
    try:
        with DIRECT.open(address, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None


def tell(words: str) -> None:
    """A message to systemd."""
    name = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect("\0" + name[1:] if name.startswith("@") else name)
        channel.sendall(words.encode())


def watch(address: str, seconds: float) -> None:
    """Until whoever started this process is gone."""
    parent, begun, answered = os.getppid(), time.monotonic(), False
    while os.getppid() == parent:
        if status(address):
            answered = True
            tell("WATCHDOG=1\nSTATUS=Serving")
        elif not answered and time.monotonic() < begun + BEGINNING:
            tell("WATCHDOG=1\nSTATUS=Starting")
        else:
            tell(f"STATUS=No answer from {address}")
        if select.select([sys.stdin], [], [], seconds)[0]:  # its end of the pipe is closed
            return


def main() -> int:
    if "--watch" in sys.argv:
        watch(sys.argv[1], float(sys.argv[-1]))
        return 0
    if len(sys.argv) > 1:
        return 0 if status(sys.argv[1]) == 200 else 1
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import config
    import serving
    return 0 if status(f"{serving.address(config.load())}health") == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
