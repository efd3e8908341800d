"""How the program is served: the one source of gunicorn's settings, for `python app.py` and deploy/gunicorn.conf.py."""

import gc
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config import Settings

# What every worker needs; it is imported before they are forked, so that they share the memory of it.
HEAVY = ("api.agents", "api.calls", "api.dashboard", "api.queues", "api.reports", "api.server", "auth.guard",
         "auth.pages", "auth.tokens", "auth.users", "callbacks.agent", "callbacks.agents", "callbacks.dashboard",
         "callbacks.queues", "callbacks.shell", "data.store", "data.view", "layouts.dashboard")


def options(settings: "Settings") -> dict[str, Any]:
    """Gunicorn's settings by name. What a worker builds is its own: the application is not preloaded, since the
    threads that follow the log would not live in a forked process."""
    return {
        "bind": f"{settings.SERVER_HOST}:{settings.SERVER_PORT}",
        "worker_class": "gthread", "threads": 32, "workers": settings.WORKERS,
        "keepalive": 15, "graceful_timeout": 5,
        "control_socket_disable": True,  # it would lie in a home that the service has not
        "forwarded_allow_ips": "",  # what a client says of itself is not believed; TRUSTED_PROXIES is judged by us
        "proc_name": "call-center-analytics", "loglevel": "warning",
    }


def warm() -> None:
    """Imports what is heavy, once, in the process that forks the workers."""
    gc.disable()  # the search for garbage among modules finds none and takes an eighth of the time
    for name in HEAVY:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    gc.enable()


def address(settings: "Settings") -> str:
    """Where this machine itself finds the program."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(settings.SERVER_HOST, settings.SERVER_HOST)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.SERVER_PORT}{settings.URL_PREFIX}"
