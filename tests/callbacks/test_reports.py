"""The page Reportes as functions: which report, which files, what the tables show."""

import datetime as dt
from dataclasses import fields
from types import SimpleNamespace

import pytest
from dash.exceptions import PreventUpdate

import app as house
import config
from callbacks import reports
from data.call_filters import FLAGS, SPANS, CallFilters
from data.reports import TYPES
from layouts.reports import ids
from render import reports as files
from render.exports import Letterhead
from tests.reports import WHOLE, lines

HEAD = Letterhead("Ñandú S.A.")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "queue_log").write_text(lines())
    store = house.open_store(config.load(QUEUE_LOG_PATH=folder / "queue_log", DATA_DIR=folder / "var",
                                         TIMEZONE="America/Bogota"))
    store.refresh()
    yield store
    store.book.close()


def site(query):
    return {"query": query, "path": "/reports", "default": "last_7", "prefix": "/analytics/"}


def who(*permissions, language="es"):
    return lambda: SimpleNamespace(language=language, can=lambda wanted: wanted in permissions)


def words(component):
    """Everything that is read in a component."""
    if component is None:
        return ""
    if isinstance(component, list | tuple):
        return " ".join(map(words, component))
    if isinstance(component, str | int | float):
        return str(component)
    return words(getattr(component, "children", None))


def links(component):
    found = [component.href] if getattr(component, "href", None) else []
    inside = getattr(component, "children", None)
    for one in inside if isinstance(inside, list | tuple) else [inside]:
        found += links(one) if hasattr(one, "children") or hasattr(one, "href") else []
    return found


def test_nothing_happens_before_the_address_was_read(store):
    with pytest.raises(PreventUpdate):
        reports.show_bar(store.view, who(), None)
    with pytest.raises(PreventUpdate):
        reports.show_report(store.view, who(), HEAD, None, "light")


def test_the_files_are_those_of_the_page(store):
    found = reports.show_bar(store.view, who("downloads"), site(f"{WHOLE}&type=calls&queue=Ventas&outcome=abandoned"))
    hrefs = [href for part in found["files"] for href in links(part)]
    query = "start_date=2026-03-02&end_date=2026-03-11&queue=Ventas&outcome=abandoned"
    assert hrefs == [f"/analytics/api/reports/export/calls/{form}?{query}" for form in ("excel", "pdf", "csv")]
    assert len(found["kinds"]) == len(TYPES)
    assert found["interval"] is None


def test_who_may_not_save_is_told_so(store):
    found = reports.show_bar(store.view, who(), site(WHOLE))
    assert "no guardarlos" in words(found["files"])
    assert not [href for part in found["files"] for href in links(part)]


def test_a_named_period_is_in_the_files_as_days(store):
    found = reports.show_bar(store.view, who("downloads"), site("period=yesterday"))
    assert "period=" not in links(found["files"][0])[0]
    assert "start_date=" in links(found["files"][0])[0]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("language, title", [("es", "Ñandú"), ("en", "Ñandú")])
def test_every_report_is_shown_with_its_numbers(store, kind, language, title):
    found = reports.show_report(store.view, who(language=language), HEAD, site(f"{WHOLE}&type={kind}"), "dark")
    said = words(found["preview"])
    assert found["empty"] is None
    assert title in said
    assert "270" in said  # offered from outside
    assert ids.preview not in said


def test_a_long_list_says_that_the_files_have_all_of_it(store):
    found = reports.show_report(store.view, who(), HEAD, site(f"{WHOLE}&type=calls"), "light")
    assert "Filas: 270 · Se muestran las primeras 50; los archivos las llevan todas" in words(found["preview"])


def test_a_period_without_calls_and_an_address_that_cannot_be_understood(store):
    empty = reports.show_report(store.view, who(), HEAD, site("start_date=2026-01-01&end_date=2026-01-01"), "light")
    assert empty["preview"] == []
    assert "02/03/2026" in words(empty["empty"])
    for query, word in (("start_date=soon", "start_date"), ("type=calls&outcome=eaten", "outcome"),
                        ("type=intervals&interval=15&start_date=2010-01-01&end_date=2026-01-01", "interval")):
        wrong = reports.show_report(store.view, who(), HEAD, site(query), "light")
        assert wrong["preview"] == []
        assert word in words(wrong["empty"])
    assert reports.chosen(site("type=nothing")) == "general"


@pytest.mark.parametrize("lang", ["es", "en"])
def test_every_filter_of_the_list_is_said_in_its_file(store, lang):
    filters = CallFilters(
        dt.date(2026, 3, 1), dt.date(2026, 3, 2), q="a", caller="300", callid="1.1", dids=("none", "601"),
        outcomes=("abandoned",), ended_by=("agent",), missed_by=("*", "Ana"), waits=(61, 122), talks=(61, 122),
        positions=(2, 3), weekdays=(0,), hours=(9,), clock=(540, 600), **dict.fromkeys(FLAGS, True))
    names = {name for name, _ in filters.own()}
    assert len(names) == 10 + len(SPANS) + 1 + len(FLAGS)
    own = {f.name for f in fields(CallFilters)} - {
        "start", "end", "queues", "agents", "origin", "interval", "until", "moments"}
    assert all(getattr(filters, name) != CallFilters.__dataclass_fields__[name].default for name in own)
    said = files.understood(store.view(), lang, "calls", filters)
    assert len(said) == 4 + len(names)
    words = dict(said)
    assert words[{"es": "Lugar al salir, mínimo", "en": "Place when leaving, at least"}[lang]] == "2"
    assert "1:01" in words.values()
    assert {"es": "n/d, 601", "en": "n/a, 601"}[lang] == words["DID"]
