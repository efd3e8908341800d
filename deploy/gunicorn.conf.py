"""Production: `gunicorn -c deploy/gunicorn.conf.py app:server`. The values are those of `serving.py`, as elsewhere.

Restart to take up new code or settings: what is imported before the workers are forked stays through a reload.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
os.chdir(HERE)  # where `.env` and a relative DATA_DIR are looked for
sys.path.insert(0, str(HERE))

import app  # noqa: E402
import logs  # noqa: E402
import serving  # noqa: E402
from data import counting  # noqa: E402

_settings = app.read_settings()
_counts = app.observe(_settings)
globals().update(serving.options(_settings), chdir=str(HERE))


def on_starting(server: object) -> None:
    """Before anything listens: data that cannot be used is said in one sentence; then what all workers share."""
    app.examine(_settings)
    logs.adopt()
    serving.warm()


def on_exit(server: object) -> None:
    """What the workers have counted ends with the service."""
    counting.forget(_counts)


def when_ready(server: object) -> None:
    """Beside the workers: whoever tells systemd's watchdog that they answer."""
    wanted = int(os.environ.get("WATCHDOG_USEC") or 0)
    if wanted and os.environ.get("NOTIFY_SOCKET"):
        subprocess.Popen([sys.executable, str(HERE / "deploy" / "alive.py"),  # noqa: S603
                          f"{serving.address(_settings)}health", "--watch", str(wanted / 3_000_000)],
                         stdin=subprocess.PIPE)
