"""Salud de los datos: what was found becomes cards, the worst first, and one hint in the header."""

import json

from dash import html

from callbacks import health, shell
from data.finding import NOTE, OK, WRONG, Finding
from layouts import health as page
from tests.fakes import FakeView, Who

FOUND = [
    Finding("log", OK, "The newest line of the log is {age} old", {"age": "0:05"}),
    Finding("lines", NOTE, "Lines that are no events: {bad} of {count}", {"bad": 1200, "count": 90000},
            "grep -v 'x' log", ("<script>alert(1)</script>",)),
    Finding("database", WRONG, "The table {table} cannot be read: {cause}",
            {"table": "asterisk.users", "cause": "The table does not exist"}, "mysql -e 'GRANT …'"),
    Finding("database", OK, "The databases of Issabel cannot be asked: {cause} ({detail})",
            {"cause": "The table does not exist", "detail": "x"})]


def drawn(found) -> str:
    return json.dumps(found, default=lambda one: one.to_plotly_json(), ensure_ascii=False)


def test_what_is_wrong_comes_first_in_the_readers_words():
    shown = health.show(FakeView, Who, lambda lang: FOUND, None)
    cards = shown["cards"]
    assert [card.className.split()[-1] for card in cards] == [WRONG, NOTE, OK]
    words = drawn(cards)
    assert words.index("No se puede leer la tabla asterisk.users: La tabla no existe") < words.index("1,200 de 90,000")
    assert "<script>alert(1)</script>" in words  # as a text: the page makes no element of it
    assert all(isinstance(card, html.Section) for card in cards)
    assert "Mal: 1. Por revisar: 1." in drawn(shown["verdict"])


def test_every_command_can_be_copied():
    words = drawn(health.show(FakeView, Who, lambda lang: FOUND, 1)["cards"])
    assert words.count('"data-command"') == 2
    assert "grep -v 'x' log" in words


def test_a_sound_installation_says_so():
    shown = health.show(FakeView, Who, lambda lang: FOUND[:1], None)
    assert "Todo está en orden." in drawn(shown["verdict"])
    shown = health.show(FakeView, Who, lambda lang: FOUND[:2], None)
    assert "Nada está mal. Por revisar: 1." in drawn(shown["verdict"])


def test_the_page_leads_back_to_the_other_pages_of_an_administrator():
    words = drawn(page.layout("es", "/analytics/"))
    assert "/analytics/users/audit" in words
    assert "/analytics/data-health" in words


def test_one_hint_while_the_database_is_away_and_none_otherwise():
    quiet = shell.show_freshness(FakeView, Who, 1, None, None)
    assert "Bases de datos" not in drawn(quiet["fresh"])
    away = shell.show_freshness(FakeView, Who, 2, 7, quiet["pulse"],
                                lambda: ("The database server does not answer", "/data-health"))
    words = drawn(away["fresh"])
    assert words.count('"fresh late database"') == 1
    assert "El servidor de base de datos no responde" in words
    assert "/data-health" in words
    back = shell.show_freshness(FakeView, Who, 3, 7, away["pulse"])
    assert "Bases de datos" not in drawn(back["fresh"])
