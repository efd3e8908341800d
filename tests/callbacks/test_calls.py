"""Llamadas: its callbacks called as the plain functions they are, over calls written by hand."""

from urllib.parse import parse_qs, urlsplit

import pytest
from dash.exceptions import PreventUpdate

from callbacks import calls as page
from callbacks.journey import unknown
from data import call_filters, calls
from data import journeys as journeys_of
from data.call_filters import CallFilters
from data.snapshot import IMPORTING
from tests.callbacks.conftest import (
    INSIDE,
    LOST,
    MOVED,
    NOW,
    PLAIN,
    SWAPPED,
    TEN,
    TWICE,
    WAITS,
    read,
    recorded,
    site,
    who,
)
from tests.layouts.test_parts import hrefs, walk, words

RUBBISH = ["x", 1, 1.5, True, [], [[]], {"colId": 1}, {"a": {}}, float("nan")]


def links(lang, filters, unit):
    return [("CSV", f"/csv?{unit}")]


# -- what is written in the fields -----------------------------------------------------------------


@pytest.mark.parametrize("word, found", [
    ("", ""), ("  ", ""), ("90", "90"), (" 1:30 ", "90"), ("0:05", "5"), ("00090", "90"), ("90:00", "5400"),
    ("1:00:00", "3600"), ("2:5:07", "7507"), ("٣٠", "30"), ("9999999", "9999999"), ("1:60", None), ("1:5", None),
    ("abc", None), ("1.5", None), ("-3", None), ("1:30x", None), (":30", None), ("12345678", None), ("1:2:3:4", None)])
def test_durations_as_people_write_them(word, found):
    assert page.seconds(word) == found


@pytest.mark.parametrize("query, shown", [
    ("", {}), ("q=+ana+&min_wait=90&max_talk=3600", {"q": "ana", "min_wait": "1:30", "max_talk": "1:00:00"}),
    ("did=1&did=2&ended_by=agent&ended_by=caller", {"did": "1, 2", "ended_by": ["agent", "caller"]}),
    ("min_wait=x&ended_by=nobody&q=", {"min_wait": "x"}), ("min_wait=99999999999999999999", {
        "min_wait": "99999999999999999999"})])
def test_the_fields_show_what_the_address_says_even_where_it_is_wrong(query, shown):
    nothing = dict.fromkeys(("q", "did", "min_wait", "max_wait", "min_talk", "max_talk"), "") | {"ended_by": []}
    assert page.typed(query) == {**nothing, **shown}


@pytest.mark.parametrize("query, given, found", [
    ("", {"q": " ana "}, "?q=ana"), ("q=ana", {"q": ""}, ""), ("q=ana&period=today", {"q": ""}, "?period=today"),
    ("", {"min_wait": "1:30", "max_wait": "200"}, "?min_wait=90&max_wait=200"),
    ("min_wait=90&max_wait=30", {"max_wait": "2:00"}, "?min_wait=90&max_wait=120"),
    ("min_talk=90", {"max_talk": "0:30", "q": "x"}, "?min_talk=90&q=x"),
    ("min_wait=90", {"min_wait": ""}, ""), ("min_wait=x", {"min_wait": "5"}, "?min_wait=5"),
    ("", {"did": "6017, 6018 ,,6017"}, "?did=6017&did=6018&did=6017"), ("did=1&did=2", {"did": "2"}, "?did=2"),
    ("", {"ended_by": ["agent", "caller"]}, "?ended_by=agent&ended_by=caller"),
    ("ended_by=agent", {"ended_by": []}, ""),
    ("outcome=timeout&unit=calls", {"q": "x"}, "?outcome=timeout&unit=calls&q=x"),
    ("", {"min_wait": "abc", "q": "ana"}, "?q=ana")])
def test_only_what_was_written_changes_the_address(query, given, found):
    assert page.narrow(site(query), given) == found


@pytest.mark.parametrize("query", [
    "", "q=ana", "did=1&did=2", "ended_by=agent&ended_by=caller", "min_wait=90", "min_wait=x", "q=" + "x" * 300,
    "max_wait=3600&min_wait=50000&unit=calls&outcome=zzz", "did=+1+"])
def test_what_the_fields_show_by_themselves_changes_nothing(query):
    """Every field is filled from the address, which must not be an answer to it."""
    with pytest.raises(PreventUpdate):
        page.narrow(site(query), page.typed(query))


@pytest.mark.parametrize("word", RUBBISH)
@pytest.mark.parametrize("name", ["q", "did", "min_wait", "ended_by"])
def test_rubbish_in_a_field_is_no_filter(name, word):
    if name == "q" and word == "x":
        assert page.narrow(site(), {name: word}) == "?q=x"
    elif name == "did" and word == "x":
        assert page.narrow(site(), {name: word}) == "?did=x"
    else:
        with pytest.raises(PreventUpdate):
            page.narrow(site("period=today"), {name: word})


@pytest.mark.parametrize("given", [None, *RUBBISH])
def test_nothing_is_written(given):
    with pytest.raises(PreventUpdate):
        page.narrow(site(), given)
    with pytest.raises(PreventUpdate):
        page.narrow(None, {"q": "x"})


# -- what the grid asks for ------------------------------------------------------------------------


@pytest.mark.parametrize("model, order", [
    ([], calls.NEWEST), (None, calls.NEWEST), ([{"colId": "wait", "sort": "desc"}], (("wait", True),)),
    ([{"colId": "wait", "sort": "asc"}, {"colId": "enter", "sort": "desc"}], (("wait", False), ("enter", True))),
    ([{"colId": "wait", "sort": "asc"}, {"colId": "wait", "sort": "desc"}], (("wait", False),)),
    ([{"colId": "password", "sort": "asc"}], calls.NEWEST), ([{"colId": "queues", "sort": "asc"}], calls.NEWEST),
    ([{"colId": ["wait"], "sort": "asc"}, {"colId": {}}, {}, None, 7, "wait"], calls.NEWEST),
    ("wait", calls.NEWEST), ({"colId": "wait"}, calls.NEWEST),
    ([{"colId": "wait", "sort": {"x": 1}}], (("wait", False),))])
def test_the_order_is_that_of_known_columns(model, order):
    assert page.order_of({"sortModel": model}, "legs") == order


def test_no_more_columns_order_the_list_than_anybody_needs():
    model = [{"colId": name, "sort": "asc"} for name in calls.SORTS]
    assert len(page.order_of({"sortModel": model}, "legs")) == call_filters.SORTS


def test_each_unit_has_columns_of_its_own():
    model = {"sortModel": [{"colId": "queues", "sort": "desc"}]}
    assert page.order_of(model, "calls") == (("queues", True),)
    assert page.order_of(model, "legs") == calls.NEWEST
    assert [page.unit_of(query) for query in ("", "unit=calls", "unit=zzz", "unit=calls&unit=legs")] == [
        "legs", "calls", "legs", "legs"]


@pytest.mark.parametrize("start, end, found", [
    (0, 100, (0, 100)), (300, 400, (300, 400)), (-5, 50, (0, 50)), (50, 10, (50, 50)), (0, 10**9, (0, 500)),
    (10**30, 10**30, (0, 0)), (float("nan"), float("inf"), (0, 0)), ("0", "100", (0, 0)), (None, None, (0, 0)),
    ([], {}, (0, 0)), (1e3, 1100.9, (1000, 1100))])
def test_nobody_gets_more_rows_than_a_few_blocks(start, end, found):
    assert page.rows_of({"startRow": start, "endRow": end}) == found


def rows(desk, query="", request=None, person=None, queues=None, numbers=True):
    person = person or who()
    found = page.show_rows(lambda: desk.view(queues, numbers), person, recorded,
                           {"startRow": 0, "endRow": 100, **(request or {})}, site(query))
    assert found["rowCount"] >= len(found["rowData"])
    return found["rowData"]


def test_a_row_is_a_visit_of_a_queue_or_a_call(desk):
    legs, whole = rows(desk, "period=today"), rows(desk, "period=today&unit=calls")
    assert [row["callid"] for row in legs] == [WAITS, MOVED, LOST, TWICE, TWICE, PLAIN]
    assert [row["callid"] for row in whole] == [WAITS, MOVED, LOST, TWICE, PLAIN]
    assert whole[3] | {"title": ""} == {
        "id": TWICE, "callid": TWICE, "enter": "24/11/2026 10:10:00", "caller": "3007778888", "name": "—",
        "did": "—", "queue": "600 Ventas → 601 Soporte", "agent": "Luis Peña", "outcome": "Atendida",
        "role": "answered", "short": "", "transfer": False, "wait": "0:40", "talk": "0:45", "legs": "2",
        "end": "24/11/2026 10:11:25", "audio": TWICE, "title": ""}
    assert [(row["outcome"], row["end_by"], row["audio"]) for row in legs] == [
        ("En curso", "—", ""), ("Atendida", "Transferida (ciega)", ""), ("Abandonada", "—", ""),
        ("Atendida", "Agente", TWICE), ("Por tiempo", "—", TWICE), ("Atendida", "Cliente", PLAIN)]
    assert legs[1]["transfer_to"] == "110" and legs[0]["wait"] == "—"


@pytest.mark.parametrize("callid, over", [
    (PLAIN, True), (TWICE, True), (LOST, True), (MOVED, False), (WAITS, False), ("nobody.1", False)])
def test_a_call_is_over_when_somebody_hung_up_and_not_when_it_was_handed_on(desk, callid, over):
    assert calls.hung_up(desk.view().legs_of(callid)) is over


@pytest.mark.parametrize("unit", ["legs", "calls"])
def test_a_short_abandon_is_one_by_the_setting_of_the_site(desk, unit):
    brief, = rows(desk, f"period=yesterday&unit={unit}")
    long = [row for row in rows(desk, f"period=today&unit={unit}") if row["short"]]
    assert brief["short"] == ("Abandono corto: colgó a los 0:05 o antes. No cuenta en el % de abandono ni en el nivel "
                              "de servicio.")
    assert long == [] and brief["outcome"] == "Abandonada"


def test_the_order_and_the_block_asked_for(desk):
    request = {"sortModel": [{"colId": "wait", "sort": "desc"}], "startRow": 0, "endRow": 2}
    assert [row["wait"] for row in rows(desk, "period=today", request)] == ["0:30", "0:12"]
    request |= {"startRow": 2, "endRow": 4}
    assert [row["wait"] for row in rows(desk, "period=today", request)] == ["0:10", "0:05"]
    assert rows(desk, "period=today", {"startRow": 10**6, "endRow": 10**6 + 100}) == []


def test_rows_of_other_queues_do_not_exist(desk):
    for query in ("period=today", "period=today&queue=601", "period=today&unit=calls", "period=today&q=601"):
        found = rows(desk, query, queues=frozenset({"600"}))
        assert "Soporte" not in str(found) and "Luis" not in str(found), query
    assert len(rows(desk, "period=today", queues=frozenset({"600"}))) == 4
    assert rows(desk, "period=today&queue=601", queues=frozenset({"600"})) == []


def test_without_the_right_numbers_are_masked_and_recordings_are_nobodys(desk):
    for unit in ("legs", "calls"):
        found = rows(desk, f"period=today&unit={unit}", person=who("numbers", "recordings"), numbers=False)
        assert {row["caller"] for row in found} == {"300***333", "300***222", "300***888"}
        assert {row["audio"] for row in found} == {""}
        assert "3007778888" not in str(found)
    assert rows(desk, "period=today&q=3007778888", person=who("numbers"), numbers=False) == []


@pytest.mark.parametrize("forged", [None, *RUBBISH])
def test_a_forged_request_gets_nothing(desk, forged):
    if isinstance(forged, dict):
        assert page.show_rows(desk.view, who(), recorded, forged, site())["rowData"] == []
    else:
        with pytest.raises(PreventUpdate):
            page.show_rows(desk.view, who(), recorded, forged, site())


def test_filters_of_the_grid_itself_mean_nothing(desk):
    model = {"filterModel": {"caller": {"filterType": "text", "filter": "3007778888"}}, "groupKeys": ["x"]}
    assert len(rows(desk, "period=today", model)) == 6


def test_a_filter_that_cannot_be_understood_shows_no_rows(desk):
    assert rows(desk, "outcome=zzz") == []


# -- what narrows the list -------------------------------------------------------------------------


def bar(desk, query="", taken=(), prefix="/"):
    return page.show_bar(desk.view, who(*taken), links, site(query, prefix=prefix))


def chips(found):
    """Words, whether it is on, address."""
    return [(words(one).removesuffix(" Quitar este filtro"), "on" in one.className.split(), one.href)
            for one in found["chips"]]


def total(desk, href):
    query = parse_qs(urlsplit(href).query)
    return calls.total(desk.view(), call_filters.parse(query, desk.view().today(), "last_7"))


def test_every_chip_leads_to_the_calls_it_names(desk):
    found = {name: total(desk, href) for name, on, href in chips(bar(desk)) if not on}
    assert found == {
        "Atendidas": 3, "Abandonadas": 2, "Por tiempo": 1, "Por tecla": 0, "Cola vacía": 0, "En curso": 1,
        "Con grabación": 3, "Transferida": 1, "Abandono corto": 1, "Dentro del nivel de servicio": 3, "Por devolver": 2}


def test_a_chip_that_is_on_is_taken_back_and_leaves_the_others(desk):
    found = chips(bar(desk, "period=today&outcome=answered&outcome=timeout&short=true"))
    on = {name: parse_qs(urlsplit(href).query) for name, lit, href in found if lit}
    assert on == {
        "Atendidas": {"period": ["today"], "outcome": ["timeout"], "short": ["true"]},
        "Por tiempo": {"period": ["today"], "outcome": ["answered"], "short": ["true"]},
        "Abandono corto": {"period": ["today"], "outcome": ["answered", "timeout"]}}
    assert found[-1] == ("Quitar todos", False, "/calls?period=today")


def test_filters_that_come_with_a_link_are_chips_that_can_only_be_taken_away(desk):
    query = ("q=ana&caller=300&callid=1.2&did=6017&did=6018&ended_by=agent&min_wait=5&max_wait=60&max_talk=90&weekday=0"
             "&hour=9&from=09:00&to=10:00&has_recording=false&transferred=false&short=false&within_sl=false"
             "&recovered=true&unit=calls")
    found = {name: parse_qs(urlsplit(href).query) for name, on, href in chips(bar(desk, query)) if on}
    asked = parse_qs(query)
    gone = {name: set(asked) - set(left) for name, left in found.items()}
    assert gone == {
        "Búsqueda: ana": {"q"}, "Número: 300": {"caller"}, "Id de llamada: 1.2": {"callid"}, "DID: 6017, 6018": {"did"},
        "Corte: Agente": {"ended_by"}, "Espera: 0:05 – 1:00": {"min_wait", "max_wait"},
        "Conversación: ≤ 1:30": {"max_talk"}, "Lun": {"weekday"}, "09:00–10:00": {"hour"},
        "09:00 – 10:00": {"from", "to"}, "Sin grabación": {"has_recording"}, "No transferidas": {"transferred"},
        "Sin abandonos cortos": {"short"}, "Fuera del nivel de servicio": {"within_sl"}, "Recuperadas": {"recovered"}}


@pytest.mark.parametrize("query", ["", "q=ana", "from=09:00&to=10:00", "lost=true&recovered=false",
                                   "min_wait=1&max_wait=2"])
def test_one_filter_alone_needs_no_way_to_remove_all(desk, query):
    assert "Quitar todos" not in [name for name, *_ in chips(bar(desk, query))]


def test_an_unusual_outcome_has_a_chip_as_long_as_it_is_on(desk):
    assert ("Retiradas", True, "/calls?") in chips(bar(desk, "outcome=withdrawn"))
    assert "Retiradas" not in [name for name, *_ in chips(bar(desk))]


def test_the_switch_keeps_the_filters(desk):
    legs, whole = hrefs(bar(desk, "unit=calls&q=ana", prefix="/x/")["unit"])
    assert (legs, whole) == ("/x/calls?q=ana", "/x/calls?unit=calls&q=ana")


def test_downloads_are_for_those_who_may(desk):
    assert hrefs(bar(desk, "unit=calls")["exports"]) == ["/csv?calls"]
    assert bar(desk, taken=["downloads"])["exports"] == []
    assert bar(desk, "outcome=zzz")["exports"] == bar(desk, "outcome=zzz")["chips"] == []


# -- how many, and why there are none --------------------------------------------------------------


def said(desk, query, lang="es"):
    return "".join(page.show_count(desk.view, who(lang=lang), site(query), 1))


def test_the_sentence_says_why_visits_and_calls_differ(desk):
    assert said(desk, "period=today") == (
        "6 pasos por cola de 5 llamadas. Una llamada pasó más de una vez por una cola: cada paso cuenta en su cola, el "
        "cliente vive una sola llamada. El filtro de origen deja fuera 1.")
    assert said(desk, "period=today&origin=all", "en") == (
        "7 queue visits of 6 calls. One call visited a queue more than once: every visit counts for its queue, a "
        "customer lives one call.")
    assert said(desk, "period=today&outcome=abandoned") == "Un paso por cola de una llamada."
    assert said(desk, f"callid={TWICE}").startswith("2 pasos por cola de una llamada. Una llamada pasó")
    assert said(desk, "q=nobody") == said(desk, "outcome=zzz") == ""


def note(store, query, lang="es", prefix="/"):
    return page.show_note(store.view, who(lang=lang), site(query, prefix=prefix), 1)


def test_with_calls_nothing_takes_their_place(desk):
    assert note(desk, "period=today") is None


@pytest.mark.parametrize("query, parameter", [
    ("min_wait=x", "min_wait"), ("outcome=zzz", "outcome"), ("min_wait=9&max_wait=1", "max_wait"),
    ("q=" + "x" * 300, "q"),
    ("hour=24", "hour"), ("from=9", "from"), ("short=maybe", "short"), ("callid=a&callid=b", "callid")])
def test_an_address_nobody_understands_says_which_part(desk, query, parameter):
    found = note(desk, f"{query}&period=today", prefix="/x/")
    assert f"no se entiende: {parameter} " in words(found)
    assert hrefs(found) == ["/x/calls"]


def test_filters_that_leave_nothing_say_how_much_there_is_without_them(desk):
    found = note(desk, "period=today&q=nobody&unit=calls")
    assert words(found).startswith("Ninguna llamada coincide con estos filtros Quedan fuera 6 pasos por cola")
    assert hrefs(found) == ["/calls?period=today&unit=calls"]
    assert "Queda fuera un paso por cola" in words(note(desk, "period=yesterday&q=nobody"))


def test_a_period_without_calls_leads_to_the_nearest_one(desk):
    for query in ("start_date=2026-10-01&end_date=2026-10-31", "start_date=2026-10-01&end_date=2026-10-31&q=ana"):
        found = note(desk, query)
        assert words(found).startswith("Sin llamadas en este período El día más cercano con llamadas es el 23/11/2026")
        assert hrefs(found) == ["/calls?start_date=2026-11-23&end_date=2026-11-23"]
    assert hrefs(note(desk, "queue=999")) == []


def test_a_new_box_says_that_nothing_was_read_yet(tmp_path):
    store = read(tmp_path, [])
    assert words(note(store, "")).startswith("Todavía no hay datos")
    assert rows(store) == [] and said(store, "") == ""


def test_the_history_being_read_is_no_quiet_day(tmp_path):
    view = read(tmp_path, []).view()
    object.__setattr__(view.snapshot, "problem", IMPORTING)
    assert words(page.show_note(lambda: view, who(), site(), 1)).startswith("Leyendo el historial")


def test_the_browser_learns_when_the_running_day_has_changed(desk):
    now, past = (page.show_total(desk.view, site(query), 1) for query in ("period=today", "period=yesterday"))
    assert now == {"query": "period=today", "total": 6, "rows": 6, "mark": desk.view().version}
    assert past == {"query": "period=yesterday", "total": 1, "rows": 1, "mark": None}
    assert page.show_total(desk.view, site("period=today&unit=calls"), 1)["rows"] == 5
    with pytest.raises(PreventUpdate):
        page.show_total(desk.view, site("outcome=zzz"), 1)


# -- the grid --------------------------------------------------------------------------------------


def test_a_grid_of_the_unit_and_no_second_one_of_the_same(desk):
    legs = page.show_grid(who(), site(), None)
    whole = page.show_grid(who(lang="en"), site("unit=calls"), legs["made"])
    fields = [[one["field"] for one in found["list"].columnDefs] for found in (legs, whole)]
    assert fields[0][:4] == ["enter", "caller", "did", "queue"] and "legs" in fields[1] and "legs" not in fields[0]
    with pytest.raises(PreventUpdate):
        page.show_grid(who(), site("q=ana"), legs["made"])
    silent = page.show_grid(who("recordings"), site(), None)["list"]
    assert "audio" not in [one["field"] for one in silent.columnDefs]


@pytest.mark.parametrize("unit", ["legs", "calls"])
def test_every_column_that_sorts_is_one_the_list_can_sort_by(unit):
    grid = page.show_grid(who(), site(f"unit={unit}"), None)["list"]
    known = {"legs": calls, "calls": journeys_of}[unit].SORTS
    assert {one["colId"] for one in grid.columnDefs if one["sortable"]} <= set(known)
    assert [one["field"] for one in grid.columnDefs if not one["sortable"]] == ["audio"]
    assert len({one["colId"] for one in grid.columnDefs}) == len(grid.columnDefs)


# -- the call beside the list ----------------------------------------------------------------------


def panel(store, chosen, query="period=today", shown=None, person=None, queues=None, numbers=True):
    return page.show_panel(lambda: store.view(queues, numbers), person or who(), recorded, unknown, chosen,
                           site(query), shown,
                           1)


def chosen(callid, index=0, rows_=6):
    return {"callid": callid, "index": index, "rows": rows_}


def test_a_call_that_is_over_is_told_once(desk):
    found = panel(desk, chosen(TWICE, 3))
    assert words(found["panel"]).startswith("4 de 6 Anterior Siguiente Abrir como página Cerrar 3007778888")
    assert f"/calls/{TWICE}?period=today" in hrefs(found["panel"])
    assert found["shown"] == chosen(TWICE, 3)
    with pytest.raises(PreventUpdate):
        panel(desk, chosen(TWICE, 3), shown=found["shown"])
    again = panel(desk, chosen(PLAIN, 5), shown=found["shown"])
    assert "Ana Gómez" in words(again["panel"]) and again["shown"] == chosen(PLAIN, 5)


def test_a_call_that_goes_on_is_told_anew(desk):
    first = panel(desk, chosen(WAITS))
    assert first["shown"] is None and "En curso" in words(first["panel"])
    assert panel(desk, chosen(WAITS), shown=first["shown"])["panel"] is not None


def test_the_panel_closes(desk):
    assert panel(desk, None, shown=chosen(PLAIN)) == {"panel": None, "shown": None}


@pytest.mark.parametrize("callid", ["", "nobody", "../../etc/passwd", "'; drop table", "*", "%", "1795532400.", 7, None,
                                    [], {"a": 1}, "x" * 5000, "\x00", "\ud800"])
def test_a_call_that_does_not_exist_is_gone_and_breaks_nothing(desk, callid):
    found = panel(desk, chosen(callid))
    assert words(found["panel"]).startswith("No existe esa llamada") and found["shown"] is None


def test_the_call_of_a_foreign_queue_is_gone(desk):
    found = panel(desk, chosen(LOST), queues=frozenset({"600"}))
    assert words(found["panel"]).startswith("No existe esa llamada")
    part = words(panel(desk, chosen(TWICE), queues=frozenset({"601"}))["panel"])
    assert "Luis Peña" in part and "Ventas" not in part and "Ana" not in part


def test_a_call_under_two_callids_plays_the_recording_of_either(tmp_path):
    store = read(tmp_path, SWAPPED, 1_700_004_000)
    days = CallFilters(store.view().today(), store.view().today())
    for there, heard in (({"1700000030.77"}, ["1700000030.77"]), ({"1700000000.10"}, ["1700000000.10"]),
                         ({"1700000030.77", "1700000000.10"}, ["1700000000.10", "1700000030.77"]), (set(), [])):
        def known(view, callids, there=there):
            return there & set(callids)
        found = page.show_panel(
            store.view, who(), known, unknown, chosen("1700000000.10"), site("period=today"), None, 1)
        buttons = [one for one in walk(found["panel"]) if getattr(one, "data-recording", None)]
        assert [getattr(one, "data-recording") for one in buttons] == heard  # noqa: B009  no name of Python
        whole, = page.show_rows(store.view, who(), known, {"startRow": 0, "endRow": 9}, site("unit=calls"))["rowData"]
        assert whole["audio"] == (heard[0] if heard else "")
    assert journeys_of.page(store.view(), days)[0]["callids"].tolist() == [["1700000000.10", "1700000030.77"]]


def test_a_call_from_an_extension_is_there_when_asked_for(desk):
    assert TEN + 2400 == int(INSIDE.partition(".")[0]) < NOW
    assert [row["callid"] for row in rows(desk, "period=today&origin=internal")] == [INSIDE]
    assert said(desk, "period=today&origin=internal") == (
        "Un paso por cola de una llamada. El filtro de origen deja fuera 6.")
