"""The house put together: `create_app(settings)`, the command line, and `server` for gunicorn.

The web half is imported where it is needed: `analyze` and its sisters answer without it.
"""

import importlib
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

import serving
from data import backup_cli as backup_commands
from data import cli as data_commands
from data.cli import fail
from data.opening import centre, examined, first_demo, open_issabel, open_site, open_store, opened, startable
from render import cli as report_commands

if TYPE_CHECKING:
    from dash import Dash

    import config

VERSION = "0.1.0"
TITLE = "Call Center Analytics"
HERE = Path(__file__).parent
DEMO_WORDS = "The calls are invented and made on this machine. Set QUEUE_LOG_PATH to see your own."


NOT_ALLOWED = "Your user has no permission for this page."


def create_app(settings: "config.Settings") -> "Dash":
    """The whole program for these settings; may be called several times in one process.

    `app.store` is the store; nothing runs in the background until `start(app, settings)`.
    """
    import dash
    from flask_login import current_user

    import callbacks.account
    import callbacks.agent
    import callbacks.agents
    import callbacks.audit
    import callbacks.calls
    import callbacks.dashboard
    import callbacks.health
    import callbacks.journey
    import callbacks.live
    import callbacks.queues
    import callbacks.reports
    import callbacks.shell
    import callbacks.users
    from api import account as api_account
    from api import agents as api_agents
    from api import audit as api_audit
    from api import auth as api_auth
    from api import calls as api_calls
    from api import compression, cors, errors, root, traffic
    from api import dashboard as api_dashboard
    from api import metrics as api_metrics
    from api import now as api_now
    from api import queues as api_queues
    from api import recordings as api_recordings
    from api import reports as api_reports
    from api import server as api_server
    from api import users as api_users
    from auth import guard, keeping, pages, proxies, secret
    from auth.permissions import Permission
    from auth.reach import Reach
    from auth.tokens import Tokens
    from auth.users import UserStore
    from data import doctor, holding, outside
    from data.jobs import Jobs
    from data.playback import Playback
    from data.recordings import Recordings
    from data.starting import starter
    from data.vitals import Vitals
    from i18n import text
    from layouts import (
        account,
        agent,
        agents,
        audit,
        calls,
        dashboard,
        health,
        journey,
        live,
        parts,
        queues,
        reports,
        shell,
    )
    from layouts import users as people
    from render import addresses

    settings = centre(settings)
    prefix, language = settings.URL_PREFIX, settings.LANGUAGE
    with holding.starting(settings.DATA_DIR):  # what the first process makes, the others find
        first = first_demo(settings)
        issabel = open_issabel(settings)
        store, users = open_store(settings, issabel), UserStore(settings.database_url, folder=settings.DATA_DIR)
        key = secret.load(settings.SECRET_KEY, settings.DATA_DIR)
    tokens = Tokens(key, users, settings.ACCESS_TOKEN_EXPIRE_MINUTES)
    recordings = Recordings(settings.RECORDINGS_DIR, ZoneInfo(settings.TIMEZONE), issabel.named)
    store.recorded = recordings.callids

    def view() -> Any:
        store.reach(callbacks.shell.seen())  # no process tells a page less than another one has told it already
        return store.view(current_user.queues, current_user.can(Permission.NUMBERS))

    def who() -> Any:
        return current_user

    def lang() -> str:
        return current_user.language

    def tab(path: str, **of: str) -> str:
        return shell.tab(lang(), path, TITLE, **of)

    def records(now: Any, call: Any) -> Any:
        return outside.around(now, call, issabel)

    def rename(pairs: Any) -> None:
        store.rename(pairs)
        users.record("names_changed", by=current_user._get_current_object(), address=guard.address(), names=len(pairs))

    server = api_server.create_server(TITLE, VERSION, prefix)
    server.secret_key, counts = key, api_metrics.Counts()
    compressed = compression.install(server)  # the first to be named is the last to see an answer
    users.heard = counts.action
    traffic.install(server, prefix, counts)  # before the gate, so that what it refuses is seen as well
    if settings.TRUSTED_PROXIES:
        server.wsgi_app = proxies.Proxies(server.wsgi_app, proxies.networks(settings.TRUSTED_PROXIES))
    guard.install(server, users, prefix=prefix, tokens=tokens, csp_hashes=lambda: app.csp_hashes(), language=language,
                  api_error=lambda status, code, words: errors.failure(status, words, code),
                  origins=settings.cors_origins)
    pages.register(server, users, prefix=prefix, language=language, title=TITLE,
                   demo=DEMO_WORDS if settings.DEMO else None, fonts=HERE / "assets" / "a-vendor")

    def allow(endpoint: str, permission: str | None) -> None:
        guard.declare(server, endpoint, Permission(permission) if permission else None)

    def public(endpoint: str) -> None:
        guard.declare(server, endpoint, None, open=True)

    cors.register(server, prefix, settings.cors_origins)
    link = api_now.register(server, store, users, key, settings, TITLE, view, who, allow, public)
    vitals = Vitals(settings.DATA_DIR, store, issabel, Reach(users), lambda: api_now.state(link), store.follower.path,
                    settings.LOG_STALE_HOURS * 3600, settings.REFRESH_SECONDS)
    root.register(server, vitals.health, TITLE, VERSION, prefix)
    public("root.health_check")
    allow("root.index", None)
    api_auth.register(server, users, tokens, prefix, allow, public)
    for part in (api_users, api_audit):
        part.register(server, users, ZoneInfo(settings.TIMEZONE), prefix, allow)
    api_account.register(server, ZoneInfo(settings.TIMEZONE), prefix, allow)
    api_calls.register(server, view, prefix, allow, lang, lambda now, call: [
        one for callid in call.callids for one in api_recordings.of_call(now, recordings, callid, prefix)], records)
    api_dashboard.register(server, view, prefix, allow)
    api_queues.register(server, view, prefix, allow)
    api_agents.register(server, view, prefix, allow)
    api_recordings.register(server, view, recordings, Playback(settings.DATA_DIR / "audio"), users, prefix, allow)
    jobs, letterhead = Jobs(settings.DATA_DIR / "exports"), report_commands.letterhead(settings)
    begin = starter(jobs, [sys.executable, str(HERE / "app.py"), "exports"], settings.as_json())
    api_reports.register(server, view, jobs, begin, users, letterhead, prefix, allow)
    guard.declare(server, api_metrics.register(server, counts, vitals, jobs, VERSION, prefix), Permission.ADMIN,
                  token=settings.METRICS_TOKEN or "")
    for endpoint in api_server.register(server, prefix):
        allow(endpoint, None)

    dash.page_registry.clear()
    app = dash.Dash(
        __name__, server=server, url_base_pathname=prefix, use_pages=True, pages_folder="",
        suppress_callback_exceptions=True, use_async=False, enable_mcp=False, update_title=None,
        assets_folder=str(HERE / "assets"), assets_ignore=shell.ASSETS_IGNORE, title=TITLE,
        index_string=shell.index(prefix, language), on_error=callbacks.shell.on_error(lang))
    exist = {"/": ("dashboard", dashboard.layout, Permission.DASHBOARD),
             "/live": ("live", lambda lang, **_: live.layout(lang, current_user, prefix), Permission.DASHBOARD),
             "/calls": ("calls", calls.layout, Permission.CALLS),
             "/queues": ("queues", queues.layout, Permission.QUEUES),
             "/agents": ("agents", agents.layout, Permission.AGENTS),
             "/reports": ("reports", reports.layout, Permission.REPORTS),
             "/data-health": ("health", lambda lang, **_: health.layout(lang, prefix), Permission.ADMIN),
             "/users": ("users", lambda lang, **_: people.layout(lang, prefix), Permission.ADMIN),
             "/users/audit": ("audit", lambda lang, **given: audit.layout(lang, prefix, **given), Permission.ADMIN),
             "/account": ("account", account.layout, None)}
    # Dash lets a parameter of the query take the place of one of the path: `callid` and `agent` are filters.
    below = {"/calls/<call>": ("journey", journey.layout, Permission.CALLS),
             "/agents/<person>": ("agent", agent.layout, Permission.AGENTS)}

    def refused() -> Any:
        path, words = shell.first(lang(), set(exist), current_user.permissions)
        return parts.forbidden(lang(), text(lang(), NOT_ALLOWED), words, addresses.page(prefix, path))
    for path, (name, layout, permission) in {**exist, **below}.items():
        where = {"path_template": path} if path in below else {"path": path}
        dash.register_page(name, **where, title=partial(tab, path), layout=guard.page(
            permission, lambda make=layout, **given: make(lang(), **given),
            lambda **_: refused()))
    dash.register_page("not_found_404", title=partial(tab, ""), layout=lambda **_: parts.not_found(lang(), prefix))
    app.layout = lambda: shell.shell(lang(), current_user, set(exist),
                                     text(lang(), DEMO_WORDS) if settings.DEMO else None, prefix,
                                     settings.REFRESH_SECONDS)
    callbacks.shell.register(guard.callback(app, None), view, who, lambda: (
        issabel.hint(), addresses.page(prefix, "/data-health") if current_user.can(Permission.ADMIN) else ""))
    callbacks.shell.register_clientside(app)
    callbacks.dashboard.register(guard.callback(app, Permission.DASHBOARD), view, who)
    callbacks.dashboard.register_clientside(app)
    mine = guard.callback(app, Permission.CALLS)
    callbacks.calls.register(
        mine, view, who, lambda _, callids: recordings.with_recording(callids),
        lambda _, chosen, unit: addresses.exports(prefix, "calls", [*chosen.pairs(), ("unit", unit)])
        if current_user.can(Permission.REPORTS) else [], records)
    callbacks.journey.register(mine, view, who, lambda _, callids: recordings.with_recording(callids), records)
    callbacks.calls.register_clientside(app)
    for part, permission in ((callbacks.users, Permission.ADMIN), (callbacks.audit, Permission.ADMIN),
                             (callbacks.account, None)):
        part.register(guard.callback(app, permission), view, lambda: current_user._get_current_object(), guard.gate,
                      guard.address)
    callbacks.health.register(guard.callback(app, Permission.ADMIN), view, who, lambda lang: doctor.examine(
        settings, store, issabel, recordings, lang, verify=lambda: keeping.verify(users)))
    callbacks.journey.register_clientside(app)
    callbacks.queues.register(guard.callback(app, Permission.QUEUES), view, who)
    callbacks.queues.register_clientside(app)
    callbacks.agents.register(guard.callback(app, Permission.AGENTS), view, who, lambda: store.names.known.pairs)
    callbacks.agents.register_saving(guard.callback(app, Permission.ADMIN), who, rename)
    callbacks.agents.register_clientside(app)
    callbacks.agent.register(guard.callback(app, Permission.AGENTS), view, who)
    callbacks.agent.register_clientside(app)
    callbacks.live.register_clientside(app)
    callbacks.reports.register(guard.callback(app, Permission.REPORTS), view, who, letterhead)
    app.store, app.users, app.recordings, app.issabel = store, users, recordings, issabel
    app.first, app.link = first, link
    compression.revalidated(server, compressed)
    with server.test_request_context(prefix):  # a process serves only scripts that it has named in a page itself
        app.index()
    server.test_client().get(f"{prefix}health")  # what Dash still makes at the first request would trip over the second
    return app


def __getattr__(name: str) -> Any:
    """`app:server` for gunicorn, built when it is asked for and never at import."""
    if name == "server":
        settings = read_settings()
        examine(settings)
        observe(settings)
        app = create_app(settings)
        start(app, settings)
        return app.server
    raise AttributeError(name)


def observe(settings: "config.Settings") -> Path | None:
    """How this process writes about itself, and the folder in which it counts; before anything else is imported."""
    import config
    import logs
    from data import counting

    logs.setup(settings.LOG_FORMAT, settings.LOG_LEVEL)
    if counts := counting.place(settings.DATA_DIR):
        config.share_counts(counts)
    return counts


def start(app: "Dash", settings: "config.Settings") -> threading.Event:
    """Begins to follow the log (and to write the demonstration's) in the background; the event stops it."""
    from auth import keeping
    from data import memory, pulse

    settings = centre(settings)
    stop = threading.Event()
    memory.share()
    if settings.DEMO:
        from data import demo
        threading.Thread(target=demo.run, args=(settings.QUEUE_LOG_PATH.parent, stop, app.first), name="demo",
                         daemon=True).start()

    for name, work in (("follow", lambda: pulse.follow(app.store, stop, settings.REFRESH_SECONDS)),
                       ("keeping", lambda: keeping.follow(app.users, stop)),
                       ("names", lambda: app.issabel.run(
                           stop, lambda _: app.store.know(open_site(settings, app.issabel)))),
                       ("ami", app.link and (lambda: app.link.run(stop)))):
        if work:
            threading.Thread(target=work, name=name, daemon=True).start()
    return stop


# -- the command line ------------------------------------------------------------------------------


def open_users(begin: bool = True) -> Any:
    """The people of this installation; one sentence and exit code 2 when they cannot be read, or are gone."""
    from auth.users import Unusable, UserStore
    from data import holding

    settings = read_settings()
    try:
        holding.whole(settings.DATA_DIR)
        return UserStore(settings.database_url, folder=settings.DATA_DIR, begin=begin)
    except (Unusable, holding.Unfinished) as error:
        return fail(str(error))


def examine(settings: "config.Settings") -> None:
    """What nobody could work with is said in one sentence, before anything else."""
    startable(settings)
    open_users().close()


class Commands(click.Group):
    """The commands whose own modules take long to import are looked up when somebody names them."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), "users"])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name != "users":
            return super().get_command(context, name)
        from auth.cli import users_group
        return users_group(open_users, lambda: read_settings().URL_PREFIX)


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name=TITLE)
@click.pass_context
def main(context: click.Context) -> None:
    """Call center analytics for Issabel and Asterisk. Without a command it serves the application."""
    if context.invoked_subcommand is None:
        serve()


def read_settings(**given: Any) -> "config.Settings":
    import config

    try:
        return config.load(**given)
    except config.SettingsError as error:
        fail(str(error))
        raise


def serve() -> None:
    """Serves the application until it is stopped."""
    from gunicorn.app.base import BaseApplication

    import logs
    from data import counting

    settings = read_settings()
    examine(settings)
    counts = observe(settings)

    def ready(worker: Any) -> None:
        if worker.age == 1:
            greet(settings, worker.app.users.waiting_for_first())

    class Service(BaseApplication):
        def load_config(self) -> None:
            for name, value in {
                **serving.options(settings), "post_worker_init": ready,
                "on_starting": lambda _: logs.adopt(), "on_exit": lambda _: counting.forget(counts),
            }.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            app = create_app(settings)
            start(app, settings)
            self.users = app.users
            return app.server

    serving.warm()
    Service().run()


def greet(settings: "config.Settings", first: bool) -> None:
    """Says where the application is, and how to get in as long as nobody has."""
    click.echo(f"{TITLE} {VERSION} is at {serving.address(settings)}")
    if centre(settings).DEMO:
        click.echo(f"No queue_log at {settings.QUEUE_LOG_PATH}: this is a DEMONSTRATION center with invented calls.")
        click.echo("Set QUEUE_LOG_PATH to your own log to see your own calls.")
    if first:
        click.echo("First sign-in: user admin, password admin123; it has to be changed at once.")


data_commands.register(main, lambda: centre(read_settings()), opened, lambda settings: examined(
    settings, lambda: importlib.import_module("auth.keeping").verified(settings.database_url, settings.DATA_DIR)))
backup_commands.register(main, lambda: centre(read_settings()), VERSION, lambda: importlib.import_module("auth.kept"))
report_commands.register(main, lambda **given: centre(read_settings(**given)), opened)


if __name__ == "__main__":
    main()
