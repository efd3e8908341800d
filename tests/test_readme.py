"""The tables of both READMEs say what the program has: pages, commands, roles, settings, addresses of the API."""

import re
from pathlib import Path

import click
import dash
import pytest

import app as house
import config
from auth.permissions import ROLES, Permission
from i18n import text
from tests.api.conftest import PASSWORD

ROOT = Path(__file__).parent.parent
READMES = {"en": ROOT / "README.md", "es": ROOT / "README.es.md"}
OPEN = {"en": ("open", "signed in"), "es": ("abierto", "con sesión")}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    (folder / "queue_log").write_text("")
    return house.create_app(config.load(QUEUE_LOG_PATH=folder / "queue_log", DATA_DIR=folder / "var", TIMEZONE="UTC"))


def table(lang, *head):
    """The rows of the table with these words in its head: lists of cells."""
    lines = READMES[lang].read_text().splitlines()
    start = lines.index("| " + " | ".join(head) + " |")
    rows = []
    for line in lines[start + 2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def ticked(cell):
    return re.findall(r"`([^`]+)`", cell)


HEADS = {
    "pages": {"en": ("page", "address", "permission", "shows"), "es": ("página", "dirección", "permiso", "muestra")},
    "commands": {"en": ("command", "does"), "es": ("orden", "hace")},
    "roles": {"en": ("role", "may"), "es": ("rol", "puede")},
    "permissions": {"en": ("permission", "allows"), "es": ("permiso", "permite")},
    "api": {"en": ("address", "method", "permission"), "es": ("dirección", "método", "permiso")},
}


@pytest.mark.parametrize("lang", READMES)
def test_every_page_and_what_it_needs(program, lang):
    shown = {row[1].strip("`"): row[2].strip("`") for row in table(lang, *HEADS["pages"][lang])}
    there = {re.sub("<.*>", "{id}", page["path_template"] or page["path"]).replace("{id}", {
        "journey": "{callid}", "agent": "{agent}"}.get(name, "")) for name, page in dash.page_registry.items()
        if name != "not_found_404"}
    assert set(shown) == there
    known = {*map(str, Permission), OPEN[lang][1]}
    assert set(shown.values()) <= known
    # What the gate says of each is tried by everybody in tests/auth/test_matrix.py; here, by who has one permission.
    for permission in Permission:
        if program.users.get(f"only-{permission}") is None:
            program.users.add(f"only-{permission}", PASSWORD, "viewer", given=[permission] if permission != "dashboard"
                              else [], taken=["dashboard"] if permission != "dashboard" else [])
    signer = program.server.session_interface.get_signing_serializer(program.server)
    for permission in Permission:
        client = program.server.test_client()
        sid = program.server.extensions["gate"].visits.open(program.users.get(f"only-{permission}"))
        client.set_cookie("cca_session", signer.dumps({"_user_id": sid, "_fresh": True}))
        for path, needs in shown.items():
            said = _page(client, path.replace("{callid}", "1.1").replace("{agent}", "x"))
            assert any(f'"children":"{text(one, house.NOT_ALLOWED)}"' in said for one in READMES) == (
                needs not in (str(permission), OPEN[lang][1])), (path, permission)


def _page(client, path):
    """What Dash's router shows at an address."""
    key = ".._pages_content.children..._pages_store.data.."
    answer = client.post("/_dash-update-component", json={
        "output": key, "outputs": [{"id": "_pages_content", "property": "children"},
                                   {"id": "_pages_store", "property": "data"}],
        "inputs": [{"id": "_pages_location", "property": "pathname", "value": path},
                   {"id": "_pages_location", "property": "search", "value": ""}],
        "changedPropIds": ["_pages_location.pathname"]})
    assert answer.status_code == 200, answer.text
    return answer.get_data(as_text=True).encode().decode("unicode_escape", "replace")


@pytest.mark.parametrize("lang", READMES)
def test_every_command_and_nothing_that_is_none(lang):
    words = [name for row in table(lang, *HEADS["commands"][lang]) for name in ticked(row[0])]
    ours = {name.removeprefix("python app.py").strip().split(" ")[0] for name in words if name.startswith("python")}
    context = click.Context(house.main)
    there = {name for name in house.main.list_commands(context)
             if name == "users" or not house.main.get_command(context, name).hidden}
    assert ours == {"", *there}
    targets = {name.split(" ")[1] for name in words if name.startswith("make")}
    makefile = (ROOT / "Makefile").read_text()
    there = {name for line in re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE) for name in line.split()}
    assert targets == there - {"system-test", "format", "clean"}


@pytest.mark.parametrize("lang", READMES)
def test_every_option_that_is_named_exists(lang):
    context = click.Context(house.main)
    for row in table(lang, *HEADS["commands"][lang]):
        for words in ticked(row[0]):
            name = words.removeprefix("python app.py").strip().split(" ")[0]
            if not words.startswith("python") or not name or name == "users":
                continue
            known = {option for one in house.main.get_command(context, name).params for option in one.opts}
            assert set(re.findall(r"--[a-z-]+", words)) <= known, words


@pytest.mark.parametrize("lang", READMES)
def test_every_role_and_permission(lang):
    roles = {row[0].strip("`"): set(ticked(row[1])) for row in table(lang, *HEADS["roles"][lang])}
    assert roles == {name: set(map(str, may)) for name, may in ROLES.items()}
    assert [row[0].strip("`") for row in table(lang, *HEADS["permissions"][lang])] == list(map(str, Permission))


@pytest.mark.parametrize("lang", READMES)
def test_every_address_of_the_api_and_what_it_needs(program, lang):
    doors = program.server.extensions["doors"].endpoints
    there = {}
    for rule in program.server.url_map.iter_rules():
        if not rule.rule.startswith(("/api", "/health", "/metrics")) or rule.endpoint == "api_files":
            continue
        door = doors[rule.endpoint]
        needs = OPEN[lang][0] if door.open else str(door.permission or OPEN[lang][1])
        path = re.sub("<(?:[a-z]+(?:\\([^)]*\\))?:)?([a-z]+)>", r"{\1}", rule.rule)
        there.update({(method, path): needs for method in rule.methods - {"HEAD", "OPTIONS"}})
    shown = {(method, path): row[2].strip("`") for row in table(lang, *HEADS["api"][lang])
             for path in ticked(row[0]) for method in ticked(row[1])}
    assert shown == there


def test_the_spanish_readme_lists_every_setting():
    shown = set(re.findall(r"^\| `([A-Z_]+)` \|", READMES["es"].read_text(), re.MULTILINE))
    assert shown == set(config.SETTINGS)


@pytest.mark.parametrize("lang", READMES)
def test_every_file_that_is_linked_is_there(lang):
    text = READMES[lang].read_text()
    for name in re.findall(r"\]\(([^)#:]+)\)|(?:src|srcset)=\"([^\"]+)\"", text):
        path = name[0] or name[1]
        assert (ROOT / path).exists(), path


def test_the_pictures_are_few_bytes():
    from tests.browser.screenshots import INTO, LIMIT, LOOKS, PAGES
    found = {path.stem: path.stat().st_size for path in INTO.glob("*.png")}
    assert set(found) == {f"{page}-{look}" for page in PAGES for look in LOOKS}
    assert sum(found.values()) < LIMIT
