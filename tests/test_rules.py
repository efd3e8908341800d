"""The house rules, read from the syntax tree: who may import whom, how long a module may be."""

import ast
import re
from dataclasses import MISSING
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {"config": 0, "i18n": 0, "logs": 0, "serving": 1, "data": 1, "auth": 1, "render": 2, "layouts": 3,
          "callbacks": 4, "api": 4, "app": 5}
FORBIDDEN = {
    "data": {"dash", "flask", "plotly", "dash_bootstrap_components", "dash_ag_grid"},
    "render": {"flask", "flask_login"},
    "layouts": {"pandas", "flask", "flask_login"},
}
MODULES = sorted(p for p in ROOT.glob("*.py")) + sorted(
    p for floor in FLOORS for p in ROOT.glob(f"{floor}/**/*.py"))


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return {name.split(".")[0] for name in found}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_never_go_up_or_sideways(path):
    mine = room(path)
    for name in imports(path):
        if name in FLOORS and name != mine:
            assert FLOORS[name] < FLOORS[mine], f"{path} imports {name}"
    assert not imports(path) & FORBIDDEN.get(mine, set())


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_stay_short_and_say_what_they_are(path):
    source = path.read_text()
    assert len(source.splitlines()) <= 400, f"{path} is too long: split it"
    assert ast.get_docstring(ast.parse(source)), f"{path} has no docstring"


def test_nothing_but_config_reads_the_environment():
    for path in MODULES:
        if room(path) != "config":
            source = path.read_text()
            assert "os.environ" not in source and "getenv" not in source, path


def test_every_callback_module_has_its_layout():
    callbacks = {p.stem for p in ROOT.glob("callbacks/*.py")} - {"__init__"}
    layouts = {p.stem for p in ROOT.glob("layouts/*.py")} - {"__init__", "parts", "still"}
    assert callbacks == layouts


def test_the_readme_lists_every_setting_with_its_default():
    from config import SETTINGS
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert set(rows) == set(SETTINGS)
    for name, field in SETTINGS.items():
        if field.default not in (None, "", MISSING):
            default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert rows[name].strip("`").removeprefix("./") == default, name


def test_a_file_of_the_project_never_names_a_registry_or_this_machine():
    for path in ROOT.glob("**/*"):
        if path.suffix in (".py", ".md", ".sh", ".toml", ".txt") and not {".venv", "var"} & set(path.parts):
            source = path.read_text(errors="replace")
            for word in ("/".join(("", "work", "main")), "pypi" + ".org", "registry.npmjs" + ".org"):
                assert word not in source, path


def test_every_test_that_the_table_of_faults_names_is_there():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "tests/README.md").read_text())
    assert len(named) > 30
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(), (path, name)
