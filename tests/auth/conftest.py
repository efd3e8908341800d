"""A small but real program behind the gate: two pages of Dash, callbacks, a few views, the sign-in pages."""

from types import SimpleNamespace

import dash
import pytest
from dash import ALL, Dash, Input, Output, State, html
from flask import Flask, jsonify

from auth import guard, pages
from auth.passwords import cheap
from auth.permissions import Permission
from auth.tokens import Tokens
from auth.users import UserStore

SECRET = "a secret of the tests, long enough to be one"
PASSWORD = "un tren que llega tarde"
ROLES = ("admin", "manager", "supervisor", "viewer")
NOON = 1_790_000_000.0


class Clock:
    """Time that moves only when told."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def users(tmp_path, clock):
    store = UserStore(f"sqlite:///{tmp_path / 'data' / 'app.db'}", clock=clock, hasher=cheap())
    yield store
    store.close()


@pytest.fixture
def staff(users):
    """One user of each role, named like it."""
    for role in ROLES[1:]:
        users.add(role, PASSWORD, role)
    users.set_password("admin", PASSWORD, must_change=False)
    return users


def build(users, prefix="/", **settings):
    """Server, app and tokens, wired as the program does it."""
    server = Flask("tested", static_folder=None)
    server.secret_key = SECRET
    tokens = Tokens(SECRET, users, 60)
    guard.install(server, users, prefix=prefix, tokens=tokens, csp_hashes=lambda: app.csp_hashes(), **settings)
    pages.register(server, users, prefix=prefix, demo={})
    dash.page_registry.clear()
    app = Dash("tested", server=server, use_pages=True, pages_folder="", suppress_callback_exceptions=True,
               use_async=False, enable_mcp=False, requests_pathname_prefix=prefix, routes_pathname_prefix=prefix)
    app.layout = html.Div([dash.page_container])

    def no(**_):
        return html.Div("no permission", id="refused")

    dash.register_page("home", path="/", layout=lambda **_: html.Div("home"))
    dash.register_page("calls", path="/calls", layout=guard.page(
        Permission.CALLS, lambda **_: html.Div("calls page"), no))
    any_one, calls = guard.callback(app, None), guard.callback(app, Permission.CALLS)
    any_one(Output("hello", "children"), Input("name", "value"))(lambda name: f"hello {name}")
    calls(Output("calls-rows", "children"), Output("calls-count", "children"), Input("calls-q", "value"),
          State("calls-page", "data"))(lambda q, page: [f"rows {q}", f"count {page}"])
    calls(Output("calls-rows", "children", allow_duplicate=True), Input({"type": "row", "index": ALL}, "n_clicks"),
          prevent_initial_call=True)(lambda clicks: f"clicked {clicks}")
    app.clientside_callback("function (x) { return x; }", Output("theme", "data"), Input("hello", "title"))

    @server.get(f"{prefix}health", endpoint="health")
    @guard.public
    def health():
        return jsonify(status="ok")

    @server.get(f"{prefix}api/calls", endpoint="api_calls")
    @guard.route(Permission.CALLS)
    def api_calls():
        return jsonify(success=True)

    @server.get(f"{prefix}api/me", endpoint="api_me")
    @guard.route(None)
    def me():
        from flask_login import current_user
        return jsonify(user=current_user.username, language=current_user.language)

    @server.post(f"{prefix}api/auth/password", endpoint="api_password")
    @guard.route(None)
    def api_password():
        return jsonify(success=True)

    @server.post(f"{prefix}api/users", endpoint="api_users")
    def api_users():
        return jsonify(success=True)

    guard.declare(server, "api_users", Permission.ADMIN)

    @server.get(f"{prefix}undeclared", endpoint="undeclared")
    def undeclared():
        return "nobody said who may see this"

    return SimpleNamespace(server=server, app=app, tokens=tokens, users=users, prefix=prefix)


@pytest.fixture
def site(staff):
    return build(staff)


def enter(client, username, password=PASSWORD, prefix="/", **more):
    return client.post(f"{prefix}login", data={"username": username, "password": password, **more})


@pytest.fixture
def client_of(site):
    """A browser signed in with that role; None for a stranger."""
    def make(role):
        client = site.server.test_client()
        if role:
            assert enter(client, role).status_code == 303
        return client
    return make


def call(output, outputs, inputs=(), state=(), changed=()):
    """The body the browser half of Dash sends."""
    return {"output": output, "outputs": outputs, "inputs": list(inputs), "state": list(state),
            "changedPropIds": list(changed)}


def prop(element, name, value=None):
    return {"id": element, "property": name, "value": value}


HELLO = call("hello.children", prop("hello", "children"), [prop("name", "value", "Ana")], changed=["name.value"])
ROWS = call("..calls-rows.children...calls-count.children..",
            [prop("calls-rows", "children"), prop("calls-count", "children")],
            [prop("calls-q", "value", "x")], [prop("calls-page", "data", 2)], ["calls-q.value"])
POST = "/_dash-update-component"
