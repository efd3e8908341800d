"""Pieces of pages say what they mean to eyes and to ears."""

import datetime as dt

import pytest
from dash.development.base_component import Component

from layouts import dashboard, parts, shell
from render.cards import Delta, Kpi, QueueRow
from render.words import METRICS
from tests.fakes import Who


def walk(piece):
    """Every component and every word of a tree, from the outside in."""
    if isinstance(piece, (list, tuple)):
        for one in piece:
            yield from walk(one)
    elif piece is not None:
        yield piece
        if isinstance(piece, Component):
            yield from walk(getattr(piece, "children", None))


def words(piece) -> str:
    return " ".join(str(one) for one in walk(piece) if isinstance(one, (str, int, float)))


def hrefs(piece) -> list[str]:
    return [one.href for one in walk(piece) if isinstance(one, Component) and getattr(one, "href", None)]


def classes(piece) -> set[str]:
    return {name for one in walk(piece) if isinstance(one, Component)
            for name in (getattr(one, "className", None) or "").split()}


def ids_of(piece) -> set[str]:
    return {one.id for one in walk(piece) if isinstance(one, Component) and getattr(one, "id", None)}


@pytest.mark.parametrize(("way", "tone", "said"), [
    ("up", "good", "sube 4.2 % mejor"), ("down", "good", "baja 4.2 % mejor"), ("up", "bad", "sube 4.2 % peor"),
    ("level", "neutral", "igual 4.2 % ni mejor ni peor")])
def test_a_difference_is_arrow_words_and_colour(way, tone, said):
    piece = parts.delta("es", Delta("4.2 %", way, tone), "Comparado con 22/11/2026")
    assert words(piece).startswith(said)
    assert tone in classes(piece) and f"icon-{parts.ARROWS[way]}" in classes(piece)
    assert piece.title == "Comparado con 22/11/2026"


def test_without_a_difference_the_value_before_stands_there():
    assert words(parts.delta("es", None, "x", "1,628")) == "anterior: 1,628"
    assert words(parts.delta("es", None, "x")) == ""


def test_a_kpi_card_is_one_link_and_explains_itself():
    kpi = Kpi(METRICS[3], "Nivel de servicio", "84.9", "%", "Definición larga.", None, "", 'url("data:x")',
              "/calls?a=1")
    piece = parts.kpi_card("es", kpi, "22/11/2026")
    assert hrefs(piece) == ["/calls?a=1"]
    button = next(one for one in walk(piece) if getattr(one, "data-tip", None))
    assert getattr(button, "data-tip") == "Definición larga."  # noqa: B009 - the name has a dash
    assert getattr(button, "aria-label") == "Definición: Definición larga."  # noqa: B009
    assert "role-level" in classes(piece)


def test_a_bullet_below_its_target_says_so_without_colour():
    missed, met = parts.bullet("es", 76.0, "76.0 %", 80.0), parts.bullet("es", 80.0, "80.0 %", 80.0)
    assert "Meta 80 % · por debajo de la meta" in words(missed) and "icon-exclamation-triangle" in classes(missed)
    assert "Meta 80 % · meta cumplida" in words(met) and "icon-exclamation-triangle" not in classes(met)


def test_a_bullet_without_value_is_a_dash():
    assert words(parts.bullet("es", None, "—", 80.0)) == "—"


def test_no_calls_leads_to_the_nearest_day_with_some():
    piece = parts.no_calls("es", dt.date(2026, 11, 20), "/?start_date=2026-11-20")
    assert "Sin llamadas en este período" in words(piece) and "Ir al 20/11/2026" in words(piece)
    assert hrefs(piece) == ["/?start_date=2026-11-20"]
    assert hrefs(parts.no_calls("es")) == []


def test_missing_data_names_its_days():
    assert "19/11/2026, 20/11/2026" in words(parts.missing("es", [dt.date(2026, 11, 19), dt.date(2026, 11, 20)]))
    assert "Todavía no hay datos" in words(parts.missing("es"))


def test_an_error_is_heard_at_once():
    piece = parts.failure("es", "Qué pasó y qué hacer.")
    assert piece.role == "alert" and "danger" in classes(piece) and "Qué pasó y qué hacer." in words(piece)


def test_the_three_empties_look_different():
    kinds = [classes(piece) & {"quiet", "warning", "danger"} for piece in (
        parts.no_calls("es"), parts.missing("es"), parts.failure("es", ""))]
    assert kinds == [{"quiet"}, {"warning"}, {"danger"}]


def test_an_address_that_leads_nowhere_has_a_way_back():
    assert hrefs(parts.not_found("es", "/analytics/")) == ["/analytics/"]


def test_a_row_of_a_queue_leads_to_exactly_its_calls():
    row = QueueRow("Ventas", "600", "10", "8", "2", "20.0 %", 70.0, "70.0 %", 80.0, "0:15", "4:12",
                   {"offered": "/o", "answered": "/a", "abandoned": "/b", "level": "/l"})
    piece = dashboard.queues("es", [row])
    assert hrefs(piece) == ["/o", "/o", "/a", "/b", "/l", "/a", "/a"]


def test_the_definition_of_a_column_stays_with_its_last_word():
    heads = [one for one in walk(dashboard.queues("es", [])) if getattr(one, "className", "") == "together"]
    assert [one.children[0] for one in heads] == ["Ofrecidas", "Atendidas", "Abandonadas", "servicio", "(m:ss)",
                                                  "(m:ss)"]


def test_the_rail_shows_what_exists_and_is_allowed():
    pages = {"/", "/calls", "/users"}
    assert shell.allowed(pages, Who().permissions) == ["/", "/calls"]
    assert shell.allowed(pages, frozenset({"admin"})) == ["/users"]
    assert shell.allowed(set(), Who().permissions) == []


@pytest.mark.parametrize(("path", "label"), [("/", "Summary"), ("/calls", "Calls"), ("/calls/1795.3", "Calls"),
                                             ("/agents/SIP%2F1", "Agents")])
def test_a_page_below_a_page_belongs_to_it(path, label):
    assert shell.entry(path).label == label


def test_an_unknown_page_belongs_to_nothing():
    assert shell.entry("/nowhere") is None


def test_links_of_the_rail_carry_the_filters_and_the_prefix():
    piece = shell.links("es", "/x/", ["/", "/calls"], "/calls", "period=yesterday&queue=600")
    assert hrefs(piece) == ["/x/?period=yesterday&queue=600", "/x/calls?period=yesterday&queue=600"]
    assert [one.className for one in piece] == ["", "active"]


@pytest.mark.parametrize("lang", ["es", "en"])
def test_the_frame_has_every_id_it_promises(lang):
    piece = shell.shell(lang, Who(), {"/"}, None, "/")
    promised = {value for name, value in vars(shell.ids).items() if not name.startswith("_")}
    assert promised <= ids_of(piece)
    assert "demo" not in classes(piece)
    everything = [one.id for one in walk(piece) if isinstance(one, Component) and getattr(one, "id", None)]
    assert len(everything) == len(set(everything))


def test_the_page_has_every_id_it_promises_and_takes_any_query():
    promised = {value for name, value in vars(dashboard.ids).items() if not name.startswith("_")}
    assert promised <= ids_of(dashboard.layout("es", period="today", anything="x"))


def test_a_demonstration_says_so():
    piece = shell.shell("es", Who(), {"/"}, "Datos inventados.", "/")
    assert "Centro de demostración" in words(piece) and "Datos inventados." in words(piece)


def test_leaving_is_a_post_and_not_a_link():
    piece = shell.shell("es", Who(), {"/"}, None, "/x/")
    forms = [one for one in walk(piece) if type(one).__name__ == "Form"]
    assert {(form.action, form.method) for form in forms} == {("/x/logout", "POST")}


def test_children_are_never_lists_within_lists():
    """The library renders no list inside a list of children."""
    for tree in (dashboard.layout("es"), shell.shell("es", Who(), {"/"}, "x", "/"), parts.missing("es"),
                 parts.no_calls("es", dt.date(2026, 1, 1), "/")):
        for one in walk(tree):
            children = getattr(one, "children", None) if isinstance(one, Component) else None
            if isinstance(children, (list, tuple)):
                assert not [c for c in children if isinstance(c, (list, tuple))], one
