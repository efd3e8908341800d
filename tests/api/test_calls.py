"""The list of calls, each call, and the two ways to count them, as a program gets them."""

import shutil
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

import app as house
import config
from api import calls as api_calls
from api import server as api_server
from data import frames, records
from data.site import Site
from data.store import Store
from tests.api.conftest import DAY, PASSWORD, lines

RANGE = {"start_date": "2026-03-03", "end_date": "2026-03-03"}
ALL = {**RANGE, "origin": "all"}


def get(client, headers, path, **query):
    answer = client.get(f"/api/calls/{path}", query_string=query, headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.json["success"] is True
    return answer.json["data"], answer.json["meta"]


def test_a_leg_is_told_as_the_contract_says(client, bearer):
    data, meta = get(client, bearer(), "list", **RANGE)
    assert {name: data[name] for name in ("total", "page", "page_size")} == {"total": 3, "page": 1, "page_size": 50}
    assert [row["callid"] for row in data["calls"]] == ["1.3", "1.2", "1.1"]
    first = data["calls"][2]
    assert set(records.ORDER) <= set(first)
    assert first == {
        "callid": "1.1", "callid_enter": "1.1", "queue": "600", "enter": "2026-03-03T09:00:00-05:00",
        "caller": "3001112222", "caller_orig": "3001112222", "caller_name": None, "did": "6017000000", "position": 1,
        "outcome": "answered", "wait": 10, "agent": "Ana Gómez", "ring": 4, "connect": "2026-03-03T09:00:10-05:00",
        "talk": 100, "call_talk": 100, "end": "2026-03-03T09:01:50-05:00", "call_end": "2026-03-03T09:01:50-05:00",
        "end_by": "agent", "transfer": False, "transfer_kind": None, "transfer_to": None, "key": None,
        "internal": False, "flags": [], "queue_name": "600", "agent_name": "Ana Gómez"}
    lost = data["calls"][1]
    assert (lost["outcome"], lost["agent"], lost["connect"], lost["talk"], lost["end_by"]) == (
        "abandoned", None, None, None, None)
    assert meta == {
        "start_date": "2026-03-03", "end_date": "2026-03-03", "queue": [], "agent": [], "origin": "external",
        "interval": 60, "timezone": "America/Bogota", "data_until": "2026-03-03T11:00:05-05:00",
        "excluded_internal": 1, "sort": "-enter", "unit": "legs"}


@pytest.mark.parametrize("query, callids", [
    ({"sort": "wait"}, ["1.4", "1.1", "1.3", "1.2"]), ({"sort": "-wait"}, ["1.2", "1.3", "1.1", "1.4"]),
    ({"sort": "agent,-enter"}, ["1.1", "1.3", "1.4", "1.2"]), ({"sort": "enter", "page_size": "2"}, ["1.1", "1.2"]),
    ({"sort": "enter", "page_size": "2", "page": "2"}, ["1.3", "1.4"]), ({"page": "9"}, []),
    ({"outcome": ["abandoned", "timeout"]}, ["1.4", "1.2"]), ({"caller": "3334"}, ["1.3", "1.2"]),
    ({"q": "gomez"}, ["1.1"]), ({"q": "1.2"}, ["1.2"]), ({"min_wait": "30"}, ["1.3", "1.2"]),
    ({"min_talk": "50"}, ["1.1"]), ({"max_talk": "50"}, ["1.3"]), ({"short": "true"}, ["1.4"]),
    ({"within_sl": "true"}, ["1.1"]), ({"recovered": "true"}, ["1.2"]), ({"lost": "true"}, ["1.4", "1.2"]),
    ({"did": "6017000000", "ended_by": "caller"}, ["1.3"]), ({"from": "09:00", "to": "10:00"}, ["1.2", "1.1"]),
    ({"from": "2026-03-03T15:00:00Z"}, ["1.4", "1.3"]), ({"weekday": "1", "hour": "10"}, ["1.3"]),
    ({"weekday": "2"}, []), ({"callid": "1.4"}, ["1.4"]), ({"agent": "Luis Pérez"}, ["1.3"]), ({"queue": "601"}, []),
    ({"origin": "internal"}, ["1.4"])])
def test_the_list_is_filtered_ordered_and_paged(client, bearer, query, callids):
    data, meta = get(client, bearer(), "list", **{**ALL, **query})
    assert [row["callid"] for row in data["calls"]] == callids
    if not {"page", "page_size"} & set(query):
        assert data["total"] == len(callids)
    for name in set(query) - {"page", "page_size"}:
        assert meta[name] in (query[name], [query[name]])


@pytest.mark.parametrize("query", [{}, {"origin": "all"}, {"queue": "600"}, {"agent": "Ana Gómez"},
                                   {"origin": "internal"}, {"queue": "none"}])
def test_the_list_and_the_statistics_count_the_same(client, bearer, query):
    headers = bearer()
    totals, meta = get(client, headers, "statistics", **{**RANGE, **query})
    data, listed = get(client, headers, "list", **{**RANGE, **query})
    outcomes = Counter(row["outcome"] for row in data["calls"])
    assert data["total"] == len(data["calls"]) == totals["offered"]
    assert {name: totals[name] for name in frames.OUTCOMES} == {name: outcomes[name] for name in frames.OUTCOMES}
    assert sum(row["talk"] or 0 for row in data["calls"] if row["outcome"] == "answered") == totals["talk_total"]
    assert listed["excluded_internal"] == meta["excluded_internal"]
    events, _ = get(client, headers, "disposition-summary", **{**RANGE, **query})
    assert sum(row["count"] for row in events["events"]) == totals["offered"]


@pytest.mark.parametrize("query, name", [
    ({"page": "0"}, "page"), ({"page_size": "501"}, "page_size"), ({"page_size": "many"}, "page_size"),
    ({"sort": "flags"}, "sort"), ({"sort": "enter;drop"}, "sort"), ({"unit": "hours"}, "unit"),
    ({"outcome": "happy"}, "outcome"), ({"min_wait": "soon"}, "min_wait"), ({"short": "perhaps"}, "short"),
    ({"weekday": "8"}, "weekday"), ({"from": "noon"}, "from"), ({"from": "10:00", "to": "10:00"}, "to"),
    ({"has_recording": "perhaps"}, "has_recording"), ({"start_date": "yesterday"}, "start_date"),
    ({"page": ["1", "2"]}, "page"), ({"sort": ["enter", "wait"]}, "sort"), ({"q": ["a", "b"]}, "q"),
    ({"origin": ["all", "internal"]}, "origin"), ({"sort": "legs"}, "sort")])
def test_what_cannot_be_understood_is_named(client, bearer, query, name):
    answer = client.get("/api/calls/list", query_string={**ALL, **query}, headers=bearer())
    assert answer.status_code == 422
    assert answer.json["success"] is False
    assert answer.json["error"]["code"] == "invalid_parameter"
    assert answer.json["error"]["message"].startswith(f"{name}: ")


def test_agents_are_those_of_their_calls(client, bearer):
    data, meta = get(client, bearer(), "by-agent", **ALL)
    assert data["agents"] == [
        {"agent": "Ana Gómez", "name": "Ana Gómez", "answered": 1, "transferred": 0, "ended_by_agent": 1,
         "talk_total": 100, "avg_talk": 100, "asa": 10, "missed": 0},
        {"agent": "Luis Pérez", "name": "Luis Pérez", "answered": 1, "transferred": 0, "ended_by_agent": 0,
         "talk_total": 20, "avg_talk": 20, "asa": 30, "missed": 0}]
    assert meta["excluded_internal"] == 0


def test_dispositions_have_the_words_of_the_reader(client, bearer, made):
    headers = bearer()
    data, _ = get(client, headers, "disposition-summary", **ALL)
    assert data["events"][0] == {"event": "ABANDON", "label": "Abandonada", "count": 2}
    assert {row["event"]: row["count"] for row in data["events"]} == {
        "ABANDON": 2, "COMPLETEAGENT": 1, "COMPLETECALLER": 1}
    made.users.update(made.users.get("ana").id, language="en")
    try:
        data, _ = get(client, headers, "disposition-summary", **ALL)
        assert data["events"][0]["label"] == "Abandoned by the caller"
    finally:
        made.users.update(made.users.get("ana").id, language="es")


def test_a_call_is_told_from_its_first_line_to_its_last(client, bearer):
    data, _ = get(client, bearer(), "1.1")
    assert (data["callid"], data["callids"], data["complete"], data["recordings"]) == ("1.1", ["1.1"], True, [])
    assert [row["callid"] for row in data["legs"]] == ["1.1"]
    assert data["attempts"] == []
    assert [(row["event"], row["label"], row["text"]) for row in data["events"]] == [
        ("DID", "Número marcado (DID)", "El cliente marcó el 6017000000"),
        ("ENTERQUEUE", "Entró en cola", "La llamada entró en la cola 600 en la posición 1"),
        ("CONNECT", "Contestada", "Ana Gómez contestó tras una espera de 0:10; el teléfono timbró 0:04"),
        ("COMPLETEAGENT", "Finalizada por el agente", "Ana Gómez colgó después de conversar 1:40")]
    assert data["events"][2] == {
        "ts": "2026-03-03T09:00:10-05:00", "event": "CONNECT", "label": "Contestada", "text": data["events"][2]["text"],
        "callid": "1.1", "queue": "600", "agent": "Ana Gómez", "data": ["10", "1.9", "4"],
        "line": f"{DAY + 10}|1.1|600|Ana Gómez|CONNECT|10|1.9|4"}
    assert (data["call"]["outcome"], data["call"]["wait"], data["call"]["talk"], data["call"]["legs"]) == (
        "answered", 10, 100, 1)


@pytest.mark.parametrize("callid", ["9.9", "NONE", "1", "..", "%00", "a" * 256])
def test_no_such_call_is_said_in_the_shape_of_failures(client, bearer, callid):
    answer = client.get(f"/api/calls/{callid}", headers=bearer())
    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "not_found"


def test_a_call_of_a_foreign_queue_does_not_exist(client, bearer):
    headers = bearer("eva")
    assert client.get("/api/calls/1.1", headers=headers).status_code == 404
    data, _ = get(client, headers, "list", **ALL, q="3001112222")
    assert data == {"calls": [], "total": 0, "page": 1, "page_size": 50}


def test_everything_is_described(client, bearer):
    paths = client.get("/api/openapi.json", headers=bearer()).json["paths"]
    names = {one["name"] for one in paths["/api/calls/list"]["get"]["parameters"]}
    assert {"from", "to", "sort", "page", "page_size", "outcome", "caller", "q", "min_wait", "has_recording",
            "start_date", "queue"} <= names
    assert "/api/calls/{callid}" in paths


# -- a recorded server -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(shared, tmp_path_factory):
    """The application over the recorded Asterisk 16; `blind` may not see numbers."""
    folder = tmp_path_factory.mktemp("recorded")
    for number in (1, 2, 3, 4):
        shutil.copy(shared / "lab16" / f"queue_log.16.{number}", folder / (
            "queue_log" if number == 4 else f"queue_log.{number}"))
    app = house.create_app(config.load(QUEUE_LOG_PATH=folder / "queue_log", DATA_DIR=folder / "var",
                                       TIMEZONE="America/Bogota"))
    app.store.refresh()
    app.store.settle()
    app.users.add("ana", PASSWORD, "manager")
    app.users.add("blind", PASSWORD, "manager", taken=["numbers"])
    return app


def signed_in(app, name):
    client = app.server.test_client()
    token = client.post("/api/auth/login", json={"username": name, "password": PASSWORD}).json["data"]["access_token"]
    return client, {"Authorization": f"Bearer {token}"}


LAB = {"start_date": "2026-11-22", "end_date": "2026-11-22", "origin": "all"}


@pytest.mark.real
def test_a_transferred_call_of_a_recorded_server(recorded, shared):
    """Overflowed from 600 to 602 by a key, answered there; every line of the log about it, once."""
    callid = "issabel01-1795347498.111"
    client, headers = signed_in(recorded, "ana")
    data, _ = get(client, headers, callid)
    written = [line for number in (1, 2, 3, 4) for line in
               (shared / "lab16" / f"queue_log.16.{number}").read_text().splitlines() if f"|{callid}|" in line]
    assert [row["line"] for row in data["events"]] == written
    assert [(row["queue"], row["outcome"], row["agent"]) for row in data["legs"]] == [
        ("600", "exit_key", None), ("602", "answered", "108")]
    assert data["call"]["queues"] == ["600", "602"]
    assert (data["call"]["outcome"], data["call"]["caller"], data["call"]["legs"]) == ("answered", "6017931579", 2)
    assert len(data["attempts"]) == sum("|RINGNOANSWER|" in line for line in written) > 0
    assert all(row["label"] and row["text"] for row in data["events"])
    moved, _ = get(client, headers, "issabel01-1795347526.167")
    leg, = moved["legs"]
    assert (leg["transfer_kind"], leg["transfer_to"], leg["talk"], leg["call_talk"]) == ("marker", "602", 4, 8)
    assert "Ana Gómez pasó la llamada a 602" in [row["text"] for row in moved["events"]]


@pytest.mark.real
def test_legs_and_calls_of_a_recorded_server_and_why_they_differ(recorded):
    client, headers = signed_in(recorded, "ana")
    legs, _ = get(client, headers, "list", **LAB, page_size="500")
    calls, meta = get(client, headers, "list", **LAB, page_size="500", unit="calls", sort="-legs,enter")
    assert (legs["total"], calls["total"]) == (183, 173)
    assert {name: meta[name] for name in ("legs", "calls", "several", "unit", "sort")} == {
        "legs": 183, "calls": 173, "several": 10, "unit": "calls", "sort": "-legs,enter"}
    assert sum(row["legs"] for row in calls["calls"]) == 183
    assert [row["legs"] for row in calls["calls"]] == [2] * 10 + [1] * 163
    assert {row["callid"] for row in calls["calls"]} == {row["callid"] for row in legs["calls"]}
    pages = [row for page in range(1, 20) for row in get(
        client, headers, "list", **LAB, page_size="10", page=str(page), sort="-wait")[0]["calls"]]
    assert Counter((row["callid"], row["enter"]) for row in pages) == Counter(
        (row["callid"], row["enter"]) for row in legs["calls"])


@pytest.mark.real
def test_who_may_not_see_numbers_finds_none_in_any_answer(recorded):
    client, headers = signed_in(recorded, "ana")
    hidden, blind = signed_in(recorded, "blind")
    legs, _ = get(client, headers, "list", **LAB, page_size="500")
    numbers = {row["caller"] for row in legs["calls"] if len(row["caller"]) >= 7 and any(
        letter.isdigit() for letter in row["caller"])}  # anonymous is no number
    assert len(numbers) > 50
    answers = [hidden.get(f"/api/calls/{row['callid']}", headers=blind) for row in legs["calls"]]
    answers += [hidden.get("/api/calls/list", query_string={**LAB, "page_size": "500", "unit": unit}, headers=blind)
                for unit in ("legs", "calls")]
    for answer in answers:
        body = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert not [number for number in numbers if f'"{number}"' in body or f"|{number}" in body]
    number = next(one for one in sorted(numbers) if one.isdigit() and len(one) == 10)
    for query in ({"q": number}, {"caller": number}, {"q": number[3:7]}, {"caller": number[2:8]}):
        found, _ = get(hidden, blind, "list", **LAB, **query, page_size="500")
        mine = f"{number[:3]}***{number[-3:]}"
        assert mine not in {row["caller"] for row in found["calls"]}
    assert get(client, headers, "list", **LAB, q=number)[0]["total"] > 0


def test_recordings_are_plugged_in_with_a_line_each(tmp_path):
    """Whoever looks for recordings gives the store their callids, and the API the files of a call."""
    log = tmp_path / "queue_log"
    log.write_text(lines())
    store = Store(log, tmp_path / "store", Site(ZoneInfo("America/Bogota")), clock=lambda: DAY + 20_000.0)
    store.refresh()
    store.recorded = lambda first, last: {"1.1"} if first <= last else set()
    server = api_server.create_server("t", "0")
    api_calls.register(server, store.view, "/", lambda endpoint, permission: None, lambda: "es",
                       recordings=lambda view, journey: [{"callid": one} for one in journey.callids])
    client = server.test_client()
    found, _ = get(client, {}, "list", **ALL, has_recording="true")
    assert [row["callid"] for row in found["calls"]] == ["1.1"]
    found, _ = get(client, {}, "list", **ALL, has_recording="false")
    assert [row["callid"] for row in found["calls"]] == ["1.4", "1.3", "1.2"]
    assert get(client, {}, "1.1")[0]["recordings"] == [{"callid": "1.1"}]
