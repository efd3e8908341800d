"""The frame: address and controls follow each other, links keep filters, freshness speaks only when it has news."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import dash
import flask
import pytest
from dash import no_update
from dash.exceptions import PreventUpdate

import callbacks.dashboard
import callbacks.shell as frame
from data.snapshot import IMPORTING
from layouts import dashboard, shell
from tests.fakes import FakeView, Who
from tests.layouts.test_parts import classes, hrefs, ids_of, walk, words
from tests.test_rules import ROOT

SITE = {"prefix": "/", "pages": ["/", "/calls"]}
REST = {"queues": [], "agents": [], "origin": "external", "start": None, "end": None}


def follow(search: str, last=None, path="/", site=SITE, **controls):
    return frame.show_filters(FakeView, Who, {"search": search, "path": path}, {**REST, **controls}, last, site)


def after(found: dict) -> dict:
    """What the controls show once an answer has arrived."""
    return {name: found[name] for name in ("queues", "agents", "origin", "start", "end")}


def test_an_address_sets_the_controls():
    found = follow("?period=yesterday&queue=600&queue=602&agent=1001&origin=all")
    assert after(found) == {"queues": ["600", "602"], "agents": ["1001"], "origin": "all", "start": "2026-11-23",
                            "end": "2026-11-23"}
    assert found["filters"]["query"] == "period=yesterday&queue=600&queue=602&agent=1001&origin=all"


@pytest.mark.parametrize(("path", "start"), [("/", "2026-11-24"), ("/live", "2026-11-24"), ("/calls", "2026-11-18")])
def test_without_a_period_each_page_has_its_own(path, start):
    assert follow("", path=path)["start"] == start


def test_a_control_changes_the_address():
    first = follow("?period=yesterday")
    found = follow("?period=yesterday", first["filters"], **{**after(first), "queues": ["601"]})
    assert found["search"] == "?period=yesterday&queue=601"
    assert found["filters"]["query"] == "period=yesterday&queue=601"


def test_own_dates_take_the_place_of_the_period():
    first = follow("?period=yesterday&queue=600")
    found = follow("?period=yesterday&queue=600", first["filters"],
                   **{**after(first), "start": "2026-11-02", "end": "2026-11-05"})
    assert parse_qs(found["search"][1:]) == {"queue": ["600"], "start_date": ["2026-11-02"], "end_date": ["2026-11-05"]}


def test_taking_a_choice_back_leaves_a_clean_address():
    first = follow("?queue=600&origin=all")
    found = follow("?queue=600&origin=all", first["filters"], **{**after(first), "queues": [], "origin": "external"})
    assert found["search"] == ""


def test_nothing_happens_when_nothing_moved():
    first = follow("?queue=600")
    with pytest.raises(PreventUpdate):
        follow("?queue=600", first["filters"], **after(first))


def test_going_back_sets_the_controls_of_before():
    first = follow("?queue=600")
    found = follow("?period=yesterday", first["filters"], **after(first))
    assert found["queues"] == [] and found["start"] == "2026-11-23"


def test_a_queue_that_is_not_known_stays_chosen():
    found = follow("?queue=999")
    assert found["queues"] == ["999"]
    assert {"label": "999", "value": "999"} in found["queue_options"]


def test_a_queue_that_this_person_does_not_see_is_said_whether_it_exists_or_not():
    found = follow("?queue=999&period=last_7", path="/calls")["notice"]
    assert words(found).startswith("El filtro indica una cola que no está disponible para usted 999: ")
    assert hrefs(found) == ["/calls?period=last_7"]
    assert hrefs(follow("?queue=998&queue=999")["notice"]) == ["/?"]
    assert "998, 999: no están" in words(follow("?queue=998&queue=999")["notice"])
    assert follow("?queue=999&queue=600")["notice"] is None  # of a colleague's link what can be seen is shown
    assert follow("?queue=600")["notice"] is follow("?queue=999", path="/users")["notice"] is None


@pytest.mark.parametrize(("search", "said"), [
    ("?period=cuando", "period no es un período conocido"), ("?start_date=ayer", "start_date debe ser un día"),
    ("?origin=moon", "origin debe ser"), ("?start_date=2026-11-05&end_date=2026-11-01", "end_date es anterior")])
def test_an_address_that_cannot_be_understood_says_so_and_changes_nothing(search, said):
    found = follow(search)
    assert said in words(found["notice"])
    assert hrefs(found["notice"]) == ["/"]
    assert {value for name, value in found.items() if name != "notice"} == {no_update}


def test_a_prefix_is_not_part_of_the_page():
    site = {"prefix": "/analytics/", "pages": ["/"]}
    assert follow("", path="/analytics/calls", site=site)["filters"]["path"] == "/calls"
    assert frame.relative("/analytics/", "/analytics/") == "/" and frame.relative(None, "/") == "/"


def test_periods_are_links_and_the_copied_one_says_its_days():
    filters = follow("?queue=600")["filters"]
    found = frame.show_period(FakeView, Who, filters)
    assert found["words"] == "24/11/2026"
    assert found["copy"] == "/?queue=600&start_date=2026-11-24&end_date=2026-11-24"
    yesterday = next(href for href in hrefs(found["segments"]) if "yesterday" in href)
    assert parse_qs(urlsplit(yesterday).query) == {"queue": ["600"], "period": ["yesterday"]}
    assert [one.children for one in found["segments"] if one.className == "active"] == ["Hoy"]
    assert len(found["presets"]) == 9


def test_the_copied_link_keeps_what_narrows_a_page():
    query = "?outcome=abandoned&outcome=timeout&q=ana&unit=calls&period=yesterday"
    found = frame.show_period(FakeView, Who, follow(query, path="/calls")["filters"])
    assert parse_qs(urlsplit(found["copy"]).query) == {
        "outcome": ["abandoned", "timeout"], "q": ["ana"], "unit": ["calls"], "start_date": ["2026-11-23"],
        "end_date": ["2026-11-23"]}


def test_own_dates_are_no_named_period():
    filters = follow("?start_date=2026-11-02&end_date=2026-11-05")["filters"]
    found = frame.show_period(FakeView, Who, filters)
    assert found["words"] == "02/11/2026 – 05/11/2026"
    assert "active" not in classes(found["segments"]) | classes(found["presets"])
    assert {tuple(parse_qs(urlsplit(href).query)) for href in hrefs(found["presets"])} == {("period",)}


@pytest.mark.parametrize(("query", "current"), [
    ("start_date=2026-11-23&end_date=2026-11-23", "Ayer"), ("start_date=2026-11-24&end_date=2026-11-24", "Hoy"),
    ("start_date=2026-11-18", "7 días"), ("start_date=2026-11-23&end_date=2026-11-24", ""),
    ("start_date=2026-11-16&end_date=2026-11-22", ""), ("period=last_30", "30 días"), ("", "Hoy")])
def test_dates_that_are_those_of_a_named_period_mark_it_and_stay(query, current):
    filters = follow(f"?{query}")["filters"]
    found = frame.show_period(FakeView, Who, filters)
    assert [words(node) for node in walk(found["segments"]) if getattr(node, "className", "") == "active"] == (
        [current] if current else [])
    assert filters["query"] == query


def test_the_other_named_periods_are_marked_too():
    week = frame.show_period(FakeView, Who, follow("?start_date=2026-11-16&end_date=2026-11-22")["filters"])
    assert [words(node) for node in walk(week["presets"]) if getattr(node, "className", "") == "active"] == [
        "Semana pasada"]
    # On a Sunday this week is that of the last seven days as well: what is in sight is marked.
    assert frame.named("start_date=2026-11-16&end_date=2026-11-22", "today", dt.date(2026, 11, 22)) == "last_7"


def test_what_the_origin_leaves_out_is_counted():
    ask = lambda search: frame.show_excluded(FakeView, Who, follow(search)["filters"], 1)  # noqa: E731
    assert ask("") == "Internas excluidas: 34"
    assert ask("?origin=internal") == "Externas excluidas: 34"
    assert ask("?origin=all") == ""


def test_filters_travel_to_other_pages_and_the_rest_stays():
    found = frame.show_navigation(Who, "/", follow("?period=yesterday&outcome=abandoned&queue=600")["filters"], SITE)
    assert hrefs(found["rail"]) == ["/?period=yesterday&queue=600", "/calls?period=yesterday&queue=600"]
    assert found["title"] == "Resumen"
    assert frame.show_navigation(Who, "/nowhere", None, SITE)["title"] == ""


def test_freshness_speaks_once():
    found = frame.show_freshness(FakeView, Who, 1, None, None)
    assert found["version"] == 7
    assert "Datos hasta 14:32:07" in words(found["fresh"]) and "ok" in classes(found["fresh"])
    with pytest.raises(PreventUpdate):
        frame.show_freshness(FakeView, Who, 2, 7, found["pulse"])


def test_a_new_version_is_news_and_an_old_one_is_not_sent_again():
    pulse = frame.show_freshness(FakeView, Who, 1, None, None)["pulse"]
    assert frame.show_freshness(lambda: FakeView(version=8), Who, 2, 7, pulse)["version"] == 8
    assert frame.show_freshness(lambda: FakeView(state="late"), Who, 2, 7, pulse)["version"] is no_update


@pytest.mark.parametrize(("state", "said"), [
    ("late", "Con retraso"), ("stale", "Desactualizado"), ("empty", "Sin datos")])
def test_a_state_is_words_and_not_only_a_colour(state, said):
    found = frame.show_freshness(lambda: FakeView(state=state), Who, 1, None, None)
    assert said in words(found["fresh"]) and state in classes(found["fresh"])


def test_a_first_import_is_no_error():
    view = FakeView(state="reading", cause=IMPORTING)
    known = view.freshness()
    view.freshness = lambda: known | {"share": 0.428}
    found = frame.show_freshness(lambda: view, Who, 1, None, None)
    assert "43 %" in words(found["fresh"]) or "43%" in words(found["fresh"])
    assert {"fresh", "reading"} <= classes(found["fresh"]) and "error" not in classes(found["fresh"])
    assert "Leyendo" in words(found["fresh"])


def test_the_clock_is_the_one_of_the_site():
    found = frame.show_freshness(FakeView, Who, 1, None, None)
    clock = next(one for one in walk(found["fresh"]) if getattr(one, "className", "") == "clock")
    assert int(getattr(clock, "data-offset")) == -5 * 3600  # noqa: B009 - the name has a dash
    assert int(getattr(clock, "data-epoch")) == int(FakeView().moment.timestamp())  # noqa: B009


def test_data_of_another_day_says_its_day():
    view = FakeView()
    view.freshness = lambda: {"data_until": view.moment - dt.timedelta(days=1), "age": 86400.0, "state": "stale",
                              "cause": ""}
    assert "Datos hasta 23/11/2026 14:32:09" in words(frame.show_freshness(lambda: view, Who, 1, None, None)["fresh"])


@pytest.fixture
def app():
    """Two programs in one process: registering one must not disturb the other."""
    made = []
    for _ in range(2):
        dash.page_registry.clear()
        program = dash.Dash("test", server=flask.Flask("test"), suppress_callback_exceptions=True, use_async=False,
                            enable_mcp=False)
        for module in (frame, callbacks.dashboard):
            module.register(program.callback, FakeView, Who)
            module.register_clientside(program)
        made.append(program)
    assert list(made[0].callback_map) == list(made[1].callback_map)
    return made[1]


def test_every_id_of_a_callback_is_on_a_page(app):
    there = ids_of(shell.shell("es", Who(), {"/"}, None, "/")) | ids_of(dashboard.layout("es"))
    asked = set()
    for output, callback in app.callback_map.items():
        asked |= set(re.findall(r"(?:^|\.\.)(?:\.)?([a-z][a-z-]*)\.", output))
        asked |= {one["id"] for one in callback["inputs"] + callback["state"]}
    assert asked - there == set()


def test_no_id_is_written_outside_of_the_layouts():
    known = {value for module in (shell, dashboard) for name, value in vars(module.ids).items()
             if not name.startswith("_")}
    for path in ROOT.glob("callbacks/*.py"):
        found = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', path.read_text()))
        assert not found & known, path


def test_ids_that_the_script_and_the_styles_name_exist():
    known = {value for name, value in vars(shell.ids).items() if not name.startswith("_")}
    script = (ROOT / "assets/b-app/app.js").read_text()
    assert set(re.findall(r'setProps\("([a-z-]+)"', script)) <= known
    assert set(re.findall(r"#(shell-[a-z-]+)", (ROOT / "assets/b-app/app.css").read_text())) <= known


@pytest.mark.parametrize(("path", "given", "said"), [
    ("/", {}, "Resumen"), ("/users", {}, "Usuarios"), ("/users/audit", {}, "Registro"),
    ("", {}, "Página no encontrada"),
    ("/agents/<person>", {"person": "Ana%20G%C3%B3mez"}, "Ana Gómez"),
    ("/calls/<call>", {"call": "1795532400.1"}, "Llamada 1795532400.1")])
def test_a_tab_of_the_browser_says_what_is_in_it(path, given, said):
    assert shell.tab("es", path, "House", **given) == f"{said} · House"


def test_the_page_sets_the_theme_before_it_is_painted():
    page = shell.index("/x/", "es")
    assert page.index("/x/assets/00-theme.js") < page.index("{%css%}") < page.index("{%app_entry%}")
    assert '<html lang="es">' in page and re.search(shell.ASSETS_IGNORE, "00-theme.js")
    assert not re.search(r"<script>|style=", page)


def test_outside_of_a_page_nothing_has_been_seen():
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(frame.seen).result() == frame.seen() == 0
