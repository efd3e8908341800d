"""deploy/README says what is: every finding of the doctor and reason of /health has its entry, settings, files and
commands that are named exist."""

import ast
import importlib
import re
from pathlib import Path

import pytest

import app as house
import config
from auth import audit
from data import doctor_site
from data.vitals import REASONS
from i18n import text

ROOT = Path(__file__).parent.parent
DOCS = {"en": ROOT / "deploy" / "README.md", "es": ROOT / "deploy" / "README.es.md"}


def findings() -> set[str]:
    """The sentences of the doctor that ask for something: those that are ever said with another level than OK."""
    found = set()
    for path in sorted(ROOT.glob("data/doctor*.py")):
        module = importlib.import_module(f"data.{path.stem}")
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"):
                continue
            level, words = node.args[1], node.args[2]
            if isinstance(level, ast.Name) and level.id == "OK":
                continue
            names = {one.id for one in ast.walk(words) if isinstance(one, ast.Name)}
            found |= {getattr(module, name) for name in names if isinstance(getattr(module, name, None), str)}
            if not any(isinstance(getattr(module, name, None), str) for name in names):  # `level, words = …` before
                found |= {getattr(module, one.id) for part in ast.walk(tree) if isinstance(part, ast.Assign)
                          for one in ast.walk(part.value) if isinstance(one, ast.Name) and one.id.isupper()
                          and names & {name.id for target in part.targets for name in ast.walk(target)
                                       if isinstance(name, ast.Name)} and " " in str(getattr(module, one.id, ""))}
                found |= {getattr(module, one.id) for part in ast.walk(tree) if isinstance(part, ast.For)
                          for one in ast.walk(part.iter) if isinstance(one, ast.Name) and one.id.isupper()
                          and names & {name.id for name in ast.walk(part.target) if isinstance(name, ast.Name)}
                          and " " in str(getattr(module, one.id, ""))}
    return (found - {doctor_site.FOLDER}) | {audit.CHANGED, audit.MISSING, audit.SHORT}


@pytest.mark.parametrize("lang", DOCS)
def test_every_finding_of_the_doctor_has_an_entry(lang):
    shown = set(re.findall(r"^- \*\*(.+?)\*\*", DOCS[lang].read_text(), re.MULTILINE))
    wanted = {re.sub(r"\{\w+\}", "…", text(lang, words) if lang != "en" else words) for words in findings()}
    assert len(wanted) > 20
    assert wanted == shown


@pytest.mark.parametrize("lang", DOCS)
def test_every_reason_of_health_is_explained(lang):
    rows = re.findall(r"^\| `([a-z_]+)` \|", DOCS[lang].read_text(), re.MULTILINE)
    assert [name for name in rows if name in REASONS] == [name for name in REASONS if name in rows]
    assert set(REASONS) <= set(rows)


@pytest.mark.parametrize("lang", DOCS)
def test_settings_files_and_commands_that_are_named_exist(lang):
    words = DOCS[lang].read_text()
    settings = set(re.findall(r"\b([A-Z]{2,}(?:_[A-Z]+)+)=", words)) - {"PULL_FROM", "PULL_INTO", "LOG_DIR",
                                                                           "MARIADB_PASSWORD"}
    assert settings <= set(config.SETTINGS)
    for path in set(re.findall(r"`(deploy/[\w./-]+|compose[\w.]*\.yaml|Dockerfile)`", words)):
        assert (ROOT / path).exists(), path
    commands = set(re.findall(r"call-center-analytics (backup|[a-z]+)\b(?=[ `])", words))
    known = set(house.main.list_commands(None))
    assert {name for name in commands if name in ("doctor", "health", "backup", "restore", "users", "ingest")} <= known
    for target in re.findall(r"\]\(([^)#:]+)\)", words):
        assert (DOCS[lang].parent / target).exists(), target


def test_both_languages_have_the_same_parts():
    heads = {lang: re.findall(r"^(#+) ", path.read_text(), re.MULTILINE) for lang, path in DOCS.items()}
    assert heads["en"] == heads["es"]


def test_both_languages_name_the_same_commands():
    """What one types is the same in both, but for words in it that are meant to be read."""
    blocks = {lang: re.findall(r"```\w*\n(.*?)```", path.read_text(), re.DOTALL) for lang, path in DOCS.items()}
    assert [len(one.splitlines()) for one in blocks["en"]] == [len(one.splitlines()) for one in blocks["es"]]
