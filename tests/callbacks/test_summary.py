"""Resumen: its callbacks called as the plain functions they are."""

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest
from dash.exceptions import PreventUpdate

from callbacks import dashboard
from data.snapshot import IMPORTING
from tests.fakes import FakeView, Who
from tests.layouts.test_parts import classes, hrefs, walk, words

ANSWERS = (dashboard.show_empty, dashboard.show_kpis, dashboard.show_outcomes, dashboard.show_queues,
           dashboard.show_agents)
DRAWINGS = (dashboard.show_volume, dashboard.show_heat)


def site(query: str = "", prefix: str = "/") -> dict:
    return {"query": query, "path": "/", "default": "today", "prefix": prefix, "dates": []}


def ask(answer, view=None, query="", lang="es", prefix="/", **more):
    view = view or FakeView()
    return answer(lambda: view, lambda: Who(language=lang), site(query, prefix), view.version, **more)


@pytest.mark.parametrize("answer", ANSWERS)
def test_nothing_is_asked_before_the_address_was_read(answer):
    with pytest.raises(PreventUpdate):
        answer(FakeView, Who, None, None)


def test_six_numbers_of_today():
    cards = ask(dashboard.show_kpis)
    assert len(cards) == 6
    assert words(cards[0]).split()[:2] == ["Ofrecidas", "783"]


def test_the_period_before_is_asked_too():
    view = FakeView()
    ask(dashboard.show_kpis, view, "period=last_7")
    asked = {(f.start.isoformat(), f.end.isoformat()) for name, f in view.asked if name == "totals"}
    assert asked == {("2026-11-18", "2026-11-24"), ("2026-11-11", "2026-11-17")}


def test_the_identity_on_the_page_closes():
    bar, lines = ask(dashboard.show_outcomes, query="period=yesterday")
    counts = [int(words(one).replace(",", "")) for one in _by_class(lines, "count")]
    assert counts[0] == sum(counts[1:]) == 1628
    assert len(counts) == 10


def _by_class(piece, name):
    return [one for one in walk(piece) if name in (getattr(one, "className", None) or "").split()]


@pytest.mark.parametrize(("query", "bars", "switch"), [
    ("period=yesterday", 12, True), ("period=yesterday&interval=15", 48, True), ("period=last_7", 7, False),
    ("start_date=2026-11-22&end_date=2026-11-24", 72, True)])
def test_short_periods_are_drawn_by_interval_and_long_ones_by_day(query, bars, switch):
    found = ask(dashboard.show_volume, query=query, theme="dark")
    assert len(found["figure"]["data"][0]["x"]) == bars
    assert (found["switch"] is not None) is switch
    assert found["note"] is None and found["legend"]


def test_the_intervals_are_links_that_keep_the_other_filters():
    found = ask(dashboard.show_volume, query="period=yesterday&queue=600", prefix="/x/", theme=None)
    links = [parse_qs(urlsplit(href).query) for href in hrefs(found["switch"])]
    assert links == [{"period": ["yesterday"], "queue": ["600"], "interval": ["15"]},
                     {"period": ["yesterday"], "queue": ["600"], "interval": ["30"]},
                     {"period": ["yesterday"], "queue": ["600"]}]
    assert {urlsplit(href).path for href in hrefs(found["switch"])} == {"/x/"}


def test_a_short_period_gets_the_pattern_of_eight_weeks_and_says_so():
    found = ask(dashboard.show_heat, theme="light")
    assert found["caption"] == "Promedio diario, 30/09/2026 a 24/11/2026"
    assert found["figure"]["layout"]["meta"]["href"] == "/calls?start_date=2026-09-30&end_date=2026-11-24"


def test_the_theme_reaches_the_figures():
    light = ask(dashboard.show_volume, theme="light")["figure"]
    dark = ask(dashboard.show_volume, theme="dark")["figure"]
    assert light["data"][0]["y"] == dark["data"][0]["y"]
    assert light["data"][0]["marker"] != dark["data"][0]["marker"]


def test_every_queue_has_a_row_and_the_weak_ones_a_mark():
    found = ask(dashboard.show_queues, query="period=yesterday")
    assert "Soporte técnico" in words(found) and "alarm" in classes(found)


def test_five_agents():
    assert len(ask(dashboard.show_agents).children.children) == 5


def test_a_day_without_calls_leads_to_the_nearest_one():
    found = ask(dashboard.show_empty, FakeView(scale=0), "queue=600", prefix="/x/")
    assert hrefs(found) == ["/x/?queue=600&start_date=2026-11-23&end_date=2026-11-23"]


def test_a_new_box_says_that_nothing_was_read_yet():
    found = ask(dashboard.show_empty, FakeView(scale=0, state="empty"))
    assert "Todavía no hay datos" in words(found)


def unreadable(cause: str) -> FakeView:
    """A centre whose log was never read, and why."""
    view = FakeView(scale=0, state="error", cause=cause)
    state = "reading" if cause == IMPORTING else "error"
    view.freshness = lambda: {"data_until": None, "age": None, "state": state, "cause": cause}
    return view


def test_a_log_that_cannot_be_read_is_an_error_and_not_a_quiet_day():
    found = ask(dashboard.show_empty, unreadable("The log file does not exist"))
    assert words(found).startswith("No se pudo mostrar El archivo de log no existe. Ejecute «python app.py doctor»")
    assert "danger" in classes(found)


def test_the_first_import_is_neither_an_error_nor_a_quiet_day():
    found = ask(dashboard.show_empty, unreadable(IMPORTING))
    assert words(found).startswith("Leyendo el historial") and "quiet" in classes(found)


def test_with_calls_no_notice_takes_their_place():
    assert ask(dashboard.show_empty) is None


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("state", ["ok", "empty"])
def test_an_empty_centre_breaks_nothing(answer, state):
    assert "nan" not in words(ask(answer, FakeView(scale=0, state=state))).lower()


@pytest.mark.parametrize("answer", DRAWINGS)
def test_an_empty_drawing_is_words_and_not_zeros(answer):
    found = ask(answer, FakeView(scale=0), theme="light")
    assert found["figure"]["data"] == []
    assert "Sin llamadas en este período" in words(found["note"])


def test_english():
    assert words(ask(dashboard.show_kpis, lang="en")[0]).split()[0] == "Offered"
    assert ask(dashboard.show_heat, lang="en", theme=None)["caption"] == "Daily average, 30/09/2026 to 24/11/2026"


def test_the_sites_day_counts_and_not_the_servers():
    late = FakeView(moment=dt.datetime(2026, 11, 24, 23, 59, tzinfo=FakeView().moment.tzinfo))
    ask(dashboard.show_kpis, late)
    assert late.asked[0][1].start == dt.date(2026, 11, 24)
