"""One call: the page of it, asked for as the plain function it is, over calls written by hand."""

from urllib.parse import parse_qs, urlsplit

import pytest
from dash.exceptions import PreventUpdate

from callbacks import journey
from layouts import journey as layout
from tests.callbacks.conftest import (
    LINES,
    LOST,
    MOVED,
    PLAIN,
    TEN,
    TWICE,
    WAITS,
    answered,
    read,
    recorded,
    site,
    who,
)
from tests.layouts.test_parts import classes, hrefs, walk, words

STRANGE = ["a'b\"c.1", "../../etc/1.2", "1.7?x=1&y=2#z", "100%25.8", "ñandú 1.9", "<img src=x onerror=alert(1)>1.1",
           "C:\\1.12", "1.3/4", "x" * 300, "javascript:alert(1)", "+1 2.3", "&amp;1.5"]


def ask(store, callid, query="period=today", shown=None, person=None, queues=None, numbers=True, prefix="/"):
    return journey.show_page(lambda: store.view(queues, numbers), person or who(), recorded, journey.unknown, callid,
                             site(query, f"/calls/{callid}", prefix), shown, 1)


def test_a_call_as_a_page_between_its_neighbours(desk):
    found = ask(desk, TWICE, prefix="/x/")["body"]
    back, before, after = hrefs(found)
    assert (back, before, after) == ("/x/calls?period=today", f"/x/calls/{LOST}?period=today",
                                     f"/x/calls/{PLAIN}?period=today")
    assert words(found).startswith("Todas las llamadas 4 de 5 Anterior Siguiente 3007778888 Atendida Escuchar la")
    assert {"step-previous", "step-next"} <= classes(found)


def test_the_first_and_the_last_call_have_one_neighbour(desk):
    assert len(hrefs(ask(desk, WAITS)["body"])) == len(hrefs(ask(desk, PLAIN)["body"])) == 2
    assert "off" in classes(ask(desk, PLAIN)["body"])


def test_the_neighbours_are_those_of_the_filters(desk):
    found = ask(desk, MOVED, "period=today&q=3001112222")["body"]
    assert [urlsplit(href).path for href in hrefs(found)] == ["/calls", f"/calls/{PLAIN}"]
    assert {tuple(parse_qs(urlsplit(href).query)) for href in hrefs(found)} == {("period", "q")}


@pytest.mark.parametrize("query", ["period=yesterday", "q=nobody", "outcome=zzz", "period=zzz", "min_wait=x"])
def test_outside_of_the_filters_a_call_is_shown_without_neighbours(desk, query):
    found = ask(desk, PLAIN, query)["body"]
    assert hrefs(found) == [f"/calls?{query}"] and "Ana Gómez" in words(found)


def test_what_is_over_is_told_once_and_what_goes_on_again(desk):
    over, waits = ask(desk, PLAIN), ask(desk, WAITS)
    assert (over["shown"], waits["shown"]) == ([PLAIN, "period=today"], None)
    with pytest.raises(PreventUpdate):
        ask(desk, PLAIN, shown=over["shown"])
    assert ask(desk, LOST, shown=over["shown"])["shown"] == [LOST, "period=today"]
    assert ask(desk, PLAIN, "q=ana", shown=over["shown"])["shown"] == [PLAIN, "q=ana"]


@pytest.mark.parametrize("callid, filters", [(None, site()), ("", site()), (PLAIN, None), (None, None)])
def test_nothing_is_asked_before_the_address_was_read(desk, callid, filters):
    with pytest.raises(PreventUpdate):
        journey.show_page(desk.view, who(), recorded, journey.unknown, callid, filters, None, 1)


@pytest.mark.parametrize("callid", ["nobody", "..", "%", "*", "\x00", "\ud800", "1795532400.%"])
def test_nobodys_call_is_a_sentence(desk, callid):
    found = ask(desk, callid)
    assert words(found["body"]).startswith("No existe esa llamada") and found["shown"] is None


def test_the_call_of_a_foreign_queue_does_not_exist_and_of_a_shared_one_only_the_own_part(desk):
    assert words(ask(desk, LOST, queues=frozenset({"600"}))["body"]).startswith("No existe esa llamada")
    own = words(ask(desk, TWICE, queues=frozenset({"601"}))["body"])
    assert "Luis Peña" in own
    assert "Ana Gómez" not in own and "Ventas" not in own and "EXITWITHTIMEOUT" not in own
    assert "4 de 5" not in own and "2 de 2" in own


def test_without_the_right_no_number_is_on_the_page(desk):
    for callid, number in ((PLAIN, "3001112222"), (TWICE, "3007778888"), (LOST, "3009998888")):
        found = ask(desk, callid, person=who("numbers"), numbers=False)["body"]
        said = words(found) + " ".join(str(getattr(one, "data-tip", "")) for one in walk(found))
        assert f"{number[:3]}***{number[-3:]}" in said and number not in said
        assert number in words(ask(desk, callid)["body"])


def test_only_those_who_may_listen_see_that_there_is_something_to_hear(desk):
    assert "Escuchar" in words(ask(desk, PLAIN)["body"])
    assert "Escuchar" not in words(ask(desk, PLAIN, person=who("recordings"))["body"])
    assert "Escuchar" not in words(ask(desk, LOST)["body"])


@pytest.mark.parametrize("callid", STRANGE)
def test_the_address_of_any_callid_leads_back_to_it(tmp_path, callid):
    store = read(tmp_path, [*LINES, *answered(TEN + 3100, callid, "600", "Ana Gómez", 5, 60)])
    step = [href for href in hrefs(ask(store, WAITS)["body"]) if "/calls/" in href][0]
    path = urlsplit(step).path
    assert path.count("/") == 2 and urlsplit(step).query == "period=today"
    page = layout.layout("es", callid="a filter", call=path.rpartition("/")[2])
    known = [one.data for one in walk(page) if getattr(one, "id", None) == layout.ids.callid]
    assert known == [callid]
    assert f"Id de llamada: {callid}" in words(ask(store, callid)["body"])
