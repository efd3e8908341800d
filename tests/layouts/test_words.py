"""Every sentence of the pages exists in both languages, and the catalogues carry no dead ones."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from i18n import LANGUAGES, catalogue
from tests.test_rules import ROOT

# Where a message id stands in the calls that carry one.
PLACE = {"text": 1, "mark": 0, "BadFilter": 1}
PAGES = [*ROOT.glob("layouts/*.py"), *ROOT.glob("callbacks/*.py"), *ROOT.glob("render/*.py"), ROOT / "data/filters.py"]


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
