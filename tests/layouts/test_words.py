"""Every sentence of the pages exists in both languages, and the catalogues carry no dead ones."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from i18n import LANGUAGES, catalogue
from tests.test_rules import ROOT

# Where a message id stands in the calls that carry one.
PLACE = {"text": 1, "mark": 0, "BadFilter": 1, "several": 2, "span": 2, "BadAlias": 1}
PAGES = [*ROOT.glob("layouts/*.py"), *ROOT.glob("callbacks/*.py"), *ROOT.glob("render/*.py"), ROOT / "data/filters.py",
         ROOT / "data/call_filters.py", ROOT / "data/call_rows.py", ROOT / "data/aliases.py"]


def used(path: Path) -> set[str]:
    """Message ids written in a file: literals given to `text`, `mark` and `BadFilter`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in PLACE and len(node.args) > PLACE[name]:
                given = node.args[PLACE[name]]
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    found.add(given.value)
    return found


def pages(lang: str) -> dict[str, str]:
    with (ROOT / "translations" / lang / "pages.po").open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale=lang) if m.id}


EVERY = set().union(*(used(path) for path in PAGES))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_has_its_words(lang):
    assert not {msg for msg in EVERY if not catalogue(lang).get(msg)}


def constants(path: Path) -> set[str]:
    """Sentences that a module gives away by name: DENIED = "The log file may not be read"."""
    return {node.value.value for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            and re.fullmatch(r"[A-Z][a-z]* [a-z].*", str(node.value.value))}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", [ROOT / "app.py", *sorted(ROOT.glob("auth/*.py")), *(
    ROOT / "data" / f"{name}.py" for name in ("sources", "book_open", "book_repair", "store", "mysql", "issabel",
                                              "queue_table", "doctor", "doctor_log", "doctor_site"))],
                         ids=lambda p: p.name)
def test_every_sentence_with_a_name_has_its_words(path, lang):
    assert not {msg for msg in constants(path) if not catalogue(lang).get(msg)}


def test_the_named_sentences_are_found():
    assert "The log file may not be read" in constants(ROOT / "data/sources.py")
    assert "The disk is full" in constants(ROOT / "data/book_open.py")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_view_gives_as_cause_has_its_words(lang):
    for msg in ("The log has no lines yet", "No new line in the log"):
        assert f'"{msg}"' in (ROOT / "data/view.py").read_text() and catalogue(lang)[msg]


@pytest.mark.parametrize("part", sorted(p.name for p in (ROOT / "translations/en").glob("*.po")))
def test_each_catalogue_has_the_same_sentences_in_both_languages(part):
    def read(lang: str) -> dict[str, str]:
        with (ROOT / "translations" / lang / part).open("rb") as file:
            return {str(m.id): str(m.string) for m in read_po(file, locale=lang) if m.id}
    spanish, english = read("es"), read("en")
    assert set(spanish) == set(english)
    assert all(spanish.values()) and all(msg == words for msg, words in english.items())
    for msg, words in spanish.items():
        assert set(re.findall(r"\{\w+\}", words)) == set(re.findall(r"\{\w+\}", msg)), msg


def test_no_sentence_of_the_pages_is_left_over():
    assert not set(pages("es")) - EVERY


def test_both_languages_have_the_same_sentences_with_the_same_gaps():
    spanish, english = pages("es"), pages("en")
    assert set(spanish) == set(english)
    for msg, words in spanish.items():
        assert english[msg] == msg
        assert sorted(re.findall(r"\{\w+\}", words)) == sorted(re.findall(r"\{\w+\}", msg)), msg


def test_no_sentence_is_written_outside_of_the_catalogues():
    allowed = {"Call Center", "MMMM YYYY"}
    for path in [*ROOT.glob("layouts/*.py"), *ROOT.glob("callbacks/*.py")]:
        tree = ast.parse(path.read_text())
        docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree)
                if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docs:
                words = node.value
                sentence = re.fullmatch(r"[A-ZÁÉÍÓÚÑ][\wáéíóúñ]+( [\wáéíóúñ]+)+[.…]?", words)
                assert not sentence or words in EVERY | allowed, f"{path.name}: {words!r}"


def test_one_call_is_not_said_like_many():
    from render.words import OUTCOMES
    for lang in LANGUAGES:
        assert {f"one\x04{outcome.label}" for outcome in OUTCOMES} <= set(catalogue(lang))
