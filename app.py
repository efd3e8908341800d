"""The house put together: `create_app(settings)`, the command line, and `server` for gunicorn.

The web half is imported where it is needed: `analyze` and its sisters answer without it.
"""

import fcntl
import gc
import importlib
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from data import cli as data_commands
from data.cli import fail

if TYPE_CHECKING:
    from dash import Dash

    import config
    from data.store import Store

VERSION = "0.1.0"
TITLE = "Call Center Analytics"
HERE = Path(__file__).parent
DEMO_ZONE = "America/Bogota"
DEMO_WORDS = "The calls are invented and made on this machine. Set QUEUE_LOG_PATH to see your own."

HEAVY = ("api.calls", "api.dashboard", "api.server", "auth.guard", "auth.pages", "auth.tokens", "auth.users",
         "callbacks.dashboard", "callbacks.shell", "data.store", "data.view", "layouts.dashboard")

NOT_ALLOWED = "Your user has no permission for this page."

log = logging.getLogger(__name__)


def centre(settings: "config.Settings") -> "config.Settings":
    """The same settings, pointed at the demonstration centre when there is no log and nobody named one."""
    named = "QUEUE_LOG_PATH" in settings.model_fields_set
    if not settings.DEMO and (named or settings.QUEUE_LOG_SOURCE != "file" or settings.QUEUE_LOG_PATH.exists()):
        return settings
    folder = settings.DATA_DIR / "demo"
    return settings.model_copy(update={
        "DEMO": True, "QUEUE_LOG_PATH": folder / "queue_log", "RECORDINGS_DIR": folder / "recordings",
        "TIMEZONE": DEMO_ZONE})


def first_demo(settings: "config.Settings") -> Any:
    """The demonstration centre, written when it is wanted and not there yet; None otherwise."""
    from data import demo

    folder = settings.QUEUE_LOG_PATH.parent
    return demo.write(folder, timezone=DEMO_ZONE) if settings.DEMO and not demo.exists(folder) else None


def open_store(settings: "config.Settings") -> "Store":
    """The store over the log of these settings; nothing is read yet."""
    from data import site, store
    from data.rules import Options

    folder = settings.QUEUE_LOG_PATH.parent if settings.DEMO else settings.DATA_DIR
    queues, levels, agents = site.names(folder / "names.csv")
    options = Options(sl_threshold=settings.SERVICE_LEVEL_SECONDS, short_abandon=settings.SHORT_ABANDON_SECONDS,
                      internal_re=settings.INTERNAL_CALLERS)
    place = site.Site(ZoneInfo(settings.TIMEZONE), options, settings.WRAPUP_SECONDS, queues, levels, agents,
                      settings.DEMO)
    return store.Store(settings.QUEUE_LOG_PATH, settings.DATA_DIR / "store", place)


def create_app(settings: "config.Settings") -> "Dash":
    """The whole program for these settings; may be called several times in one process.

    `app.store` is the store; nothing runs in the background until `start(app, settings)`.
    """
    import dash
    from flask_login import current_user

    import callbacks.calls
    import callbacks.dashboard
    import callbacks.journey
    import callbacks.shell
    from api import auth as api_auth
    from api import calls as api_calls
    from api import cors, errors, root
    from api import dashboard as api_dashboard
    from api import recordings as api_recordings
    from api import server as api_server
    from auth import guard, pages, secret
    from auth.permissions import Permission
    from auth.tokens import Tokens
    from auth.users import UserStore
    from data.playback import Playback
    from data.recordings import Recordings
    from i18n import text
    from layouts import calls, dashboard, journey, parts, shell
    from render import addresses

    settings = centre(settings)
    settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    prefix, language = settings.URL_PREFIX, settings.LANGUAGE
    with (settings.DATA_DIR / "start.lock").open("w") as lock:  # what the first process makes, the others find
        fcntl.flock(lock, fcntl.LOCK_EX)
        first = first_demo(settings)
        store, users = open_store(settings), UserStore(settings.database_url)
        key = secret.load(settings.SECRET_KEY, settings.DATA_DIR)
    tokens = Tokens(key, users, settings.ACCESS_TOKEN_EXPIRE_MINUTES)
    recordings = Recordings(settings.RECORDINGS_DIR, ZoneInfo(settings.TIMEZONE))
    store.recorded = recordings.callids

    def view() -> Any:
        return store.view(current_user.queues, current_user.can(Permission.NUMBERS))

    def who() -> Any:
        return current_user

    def lang() -> str:
        return current_user.language

    server = api_server.create_server(TITLE, VERSION, prefix)
    server.secret_key = key
    guard.install(server, users, prefix=prefix, tokens=tokens, csp_hashes=lambda: app.csp_hashes(), language=language,
                  api_error=lambda status, code, words: errors.failure(status, words, code),
                  origins=settings.cors_origins)
    pages.register(server, users, prefix=prefix, language=language, title=TITLE,
                   demo=DEMO_WORDS if settings.DEMO else None)

    def allow(endpoint: str, permission: str | None) -> None:
        guard.declare(server, endpoint, Permission(permission) if permission else None)

    def public(endpoint: str) -> None:
        guard.declare(server, endpoint, None, open=True)

    cors.register(server, prefix, settings.cors_origins)
    root.register(server, store.health, TITLE, VERSION, prefix)
    public("root.health_check")
    allow("root.index", None)
    api_auth.register(server, users, tokens, prefix, allow, public)
    api_calls.register(server, view, prefix, allow, lang, lambda now, call: [
        one for callid in call.callids for one in api_recordings.of_call(now, recordings, callid, prefix)])
    api_dashboard.register(server, view, prefix, allow)
    api_recordings.register(server, view, recordings, Playback(settings.DATA_DIR / "audio"), users, prefix, allow)
    for endpoint in api_server.register(server, prefix):
        allow(endpoint, None)

    dash.page_registry.clear()
    app = dash.Dash(
        __name__, server=server, url_base_pathname=prefix, use_pages=True, pages_folder="",
        suppress_callback_exceptions=True, use_async=False, enable_mcp=False, update_title=None,
        assets_folder=str(HERE / "assets"), assets_ignore=shell.ASSETS_IGNORE, title=TITLE,
        index_string=shell.index(prefix, language), on_error=callbacks.shell.on_error(lang))
    exist = {"/": ("dashboard", dashboard.layout, Permission.DASHBOARD),
             "/calls": ("calls", calls.layout, Permission.CALLS)}
    # Dash lets a parameter of the query take the place of one of the path: `callid` is a filter of the list.
    below = {"/calls/<call>": ("journey", journey.layout, Permission.CALLS)}
    for path, (name, layout, permission) in {**exist, **below}.items():
        where = {"path_template": path} if path in below else {"path": path}
        dash.register_page(name, **where, title=TITLE, layout=guard.page(
            permission, lambda make=layout, **given: make(lang(), **given),
            lambda **_: parts.failure(lang(), text(lang(), NOT_ALLOWED))))
    dash.register_page("not_found_404", title=TITLE, layout=lambda **_: parts.not_found(lang(), prefix))
    app.layout = lambda: shell.shell(lang(), current_user, set(exist),
                                     text(lang(), DEMO_WORDS) if settings.DEMO else None, prefix,
                                     settings.REFRESH_SECONDS)
    callbacks.shell.register(guard.callback(app, None), view, who)
    callbacks.shell.register_clientside(app)
    callbacks.dashboard.register(guard.callback(app, Permission.DASHBOARD), view, who)
    callbacks.dashboard.register_clientside(app)
    mine = guard.callback(app, Permission.CALLS)
    callbacks.calls.register(
        mine, view, who, lambda _, callids: recordings.with_recording(callids),
        lambda _, chosen, unit: addresses.exports(prefix, "calls", [*chosen.pairs(), ("unit", unit)]))
    callbacks.journey.register(mine, view, who, lambda _, callids: recordings.with_recording(callids))
    callbacks.calls.register_clientside(app)
    callbacks.journey.register_clientside(app)
    app.store, app.users, app.recordings, app.first = store, users, recordings, first
    return app


def __getattr__(name: str) -> Any:
    """`app:server` for gunicorn, built when it is asked for and never at import."""
    if name == "server":
        settings = read_settings()
        app = create_app(settings)
        start(app, settings)
        return app.server
    raise AttributeError(name)


def start(app: "Dash", settings: "config.Settings") -> threading.Event:
    """Begins to follow the log (and to write the demonstration's) in the background; the event stops it."""
    settings = centre(settings)
    stop = threading.Event()
    if settings.DEMO:
        from data import demo
        threading.Thread(target=demo.run, args=(settings.QUEUE_LOG_PATH.parent, stop, app.first), name="demo",
                         daemon=True).start()

    def follow() -> None:
        while not stop.is_set():
            try:
                app.store.refresh()
            except Exception:
                log.exception("the log could not be read this time")
            stop.wait(settings.REFRESH_SECONDS)

    threading.Thread(target=follow, name="follow", daemon=True).start()
    return stop


# -- the command line ------------------------------------------------------------------------------


def open_users() -> Any:
    """The people of this installation, for the commands that administer them."""
    from auth.users import UserStore

    settings = read_settings()
    settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    return UserStore(settings.database_url)


class Commands(click.Group):
    """The commands whose own modules take long to import are looked up when somebody names them."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), "users"])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name != "users":
            return super().get_command(context, name)
        from auth.cli import users_group
        return users_group(open_users)


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name=TITLE)
@click.pass_context
def main(context: click.Context) -> None:
    """Call center analytics for Issabel and Asterisk. Without a command it serves the application."""
    if context.invoked_subcommand is None:
        serve()


def read_settings() -> "config.Settings":
    import config

    try:
        return config.load()
    except config.SettingsError as error:
        fail(str(error))
        raise


def serve() -> None:
    """Serves the application until it is stopped."""
    from gunicorn.app.base import BaseApplication

    settings = read_settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in HEAVY:  # the workers share what is imported before they are forked; what they build is each one's own
        importlib.import_module(name)

    def ready(worker: Any) -> None:
        if worker.age == 1:
            greet(settings, worker.app.users.waiting_for_first())

    class Service(BaseApplication):
        def load_config(self) -> None:
            for name, value in {
                "bind": f"{settings.SERVER_HOST}:{settings.SERVER_PORT}", "worker_class": "gthread", "threads": 32,
                "workers": settings.WORKERS, "keepalive": 15, "graceful_timeout": 5, "control_socket_disable": True,
                "forwarded_allow_ips": "",  # what a client says of itself is not believed
                "proc_name": "call-center-analytics", "loglevel": "warning", "post_worker_init": ready,
            }.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            app = create_app(settings)
            start(app, settings)
            self.users = app.users
            return app.server

    gc.collect()
    gc.freeze()
    Service().run()


def greet(settings: "config.Settings", first: bool) -> None:
    """Says where the application is, and how to get in as long as nobody has."""
    host = "127.0.0.1" if settings.SERVER_HOST in ("0.0.0.0", "::") else settings.SERVER_HOST  # noqa: S104
    click.echo(f"{TITLE} {VERSION} is at http://{host}:{settings.SERVER_PORT}{settings.URL_PREFIX}")
    if centre(settings).DEMO:
        click.echo(f"No queue_log at {settings.QUEUE_LOG_PATH}: this is a DEMONSTRATION center with invented calls.")
        click.echo("Set QUEUE_LOG_PATH to your own log to see your own calls.")
    if first:
        click.echo("First sign-in: user admin, password admin123; it has to be changed at once.")


data_commands.register(main, lambda: centre(read_settings()), open_store)


if __name__ == "__main__":
    main()
