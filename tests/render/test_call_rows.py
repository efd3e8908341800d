"""Rows of the list from frames written by hand."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from data import calls as data_calls
from data import frames
from data import journeys as data_journeys
from i18n import LANGUAGES
from render import call_rows
from render.words import OUTCOMES

BOGOTA = ZoneInfo("America/Bogota")
ENTER = dt.datetime(2026, 11, 24, 9, 5, 7, tzinfo=BOGOTA)
EVIL = '<img src=x onerror="alert(1)">'


def leg(**given):
    """A leg that was answered, with these columns instead."""
    return {
        "callid": "1.1", "callid_enter": "1.1", "queue": "600", "enter": ENTER, "caller": "3001112222",
        "caller_orig": "3001112222", "caller_name": "MARIA", "did": "6017000000", "position": 2.0,
        "outcome": "answered", "wait": 65.0, "agent": "Ana", "ring": 4.0, "connect": ENTER,
        "talk": 3601.0, "call_talk": 3601.0,
        "end": ENTER + dt.timedelta(hours=1), "call_end": ENTER, "end_by": "agent", "transfer": False,
        "transfer_kind": None, "transfer_to": None, "key": None, "internal": False, "flags": [],
        "queue_name": "600 Ventas", "agent_name": "Ana Gómez", **given}


def call(**given):
    return {
        "callid": "1.1", "enter": ENTER, "caller": "3001112222", "caller_name": None, "did": None,
        "queues": ["600", "601"], "queue_names": ["600 Ventas", "601 Soporte"], "agents": ["a", "b"],
        "agent_names": ["Ana Gómez", "Luis Peña"], "outcome": "timeout", "wait": 12.0, "talk": np.nan, "legs": 2,
        "end": ENTER + dt.timedelta(seconds=90), "transfer": True, "internal": False,
        "callids": ["1.1", "1.2"], **given}


def legs(*rows, lang="es", recorded=()):
    return call_rows.legs(lang, pd.DataFrame(rows, columns=list(data_calls.COLUMNS)), frozenset(recorded))


def calls(*rows, lang="es", recorded=()):
    return call_rows.calls(lang, pd.DataFrame(rows, columns=list(data_journeys.COLUMNS)), frozenset(recorded))


def test_a_leg_in_words():
    row, = legs(leg())
    assert row == {
        "id": f"1.1 {int(ENTER.timestamp())} 600", "callid": "1.1", "enter": "24/11/2026 09:05:07",
        "caller": "3001112222", "name": "MARIA", "did": "6017000000", "queue": "600 Ventas", "agent": "Ana Gómez",
        "outcome": "Atendida", "role": "answered", "short": "", "transfer": False, "wait": "1:05", "talk": "1:00:01",
        "ring": "0:04",
        "end_by": "Agente", "position": "2", "transfer_to": "—", "key": "—", "end": "24/11/2026 10:05:07", "audio": "",
        "title": "600 Ventas · 24/11/2026 09:05 · Ana Gómez"}


def test_a_call_in_words():
    row, = calls(call(), lang="en")
    assert row == {
        "id": "1.1", "callid": "1.1", "enter": "24/11/2026 09:05:07", "caller": "3001112222", "name": "—", "did": "—",
        "queue": "600 Ventas → 601 Soporte", "agent": "Ana Gómez, Luis Peña", "outcome": "Timed out", "role": "timeout",
        "short": "", "transfer": True, "wait": "0:12", "talk": "—", "legs": "2", "end": "24/11/2026 09:06:37",
        "audio": "",
        "title": "600 Ventas → 601 Soporte · 24/11/2026 09:05 · Ana Gómez, Luis Peña"}


@pytest.mark.parametrize("nothing", [None, np.nan, "", pd.NaT])
def test_what_is_not_known_is_a_dash_and_never_a_zero(nothing):
    row, = legs(leg(caller=nothing, caller_name=nothing, did=nothing, agent_name=nothing, key=nothing, end_by=nothing))
    assert {row[name] for name in ("caller", "name", "did", "agent", "key", "end_by")} == {"—"}
    assert row["title"] == "600 Ventas · 24/11/2026 09:05"
    row, = legs(leg(wait=np.nan, talk=np.nan, ring=np.nan, position=np.nan, end=pd.NaT))
    assert {row[name] for name in ("wait", "talk", "ring", "position", "end")} == {"—"}
    row, = calls(call(queue_names=[], agent_names=[], wait=np.nan, end=pd.NaT))
    assert {row[name] for name in ("queue", "agent", "wait", "end")} == {"—"}
    assert row["title"] == "24/11/2026 09:05"


def test_a_wait_of_no_seconds_is_a_wait():
    row, = legs(leg(wait=0.0, talk=0.0, position=0.0))
    assert (row["wait"], row["talk"], row["position"]) == ("0:00", "0:00", "0")


@pytest.mark.parametrize("kind, spanish, english", [
    ("blind", "Transferida (ciega)", "Blind transfer"),
    ("attended_bridge", "Transferida (atendida)", "Attended transfer"),
    ("attended_app", "Transferida (atendida)", "Attended transfer"), ("marker", "Transferencia", "Transfer"),
    ("attended_link", "Transferida (atendida)", "Attended transfer"), ("implied", "Transferencia", "Transfer")])
def test_a_transfer_says_of_which_kind(kind, spanish, english):
    for lang, said in (("es", spanish), ("en", english)):
        row, = legs(leg(transfer=True, transfer_kind=kind, end_by="transfer", transfer_to="110"), lang=lang)
        assert (row["end_by"], row["transfer"], row["transfer_to"]) == (said, True, "110")


def test_every_kind_end_and_outcome_there_is_has_its_words():
    assert set(call_rows.KINDS) == set(frames.TRANSFERS) - {""}
    assert set(call_rows.ENDED_BY) == set(frames.END_BY) - {""}
    for lang in LANGUAGES:
        for outcome in frames.OUTCOMES:
            words, role = call_rows.outcome(lang, outcome)
            assert words and role in {one.role for one in OUTCOMES}


@pytest.mark.parametrize("recorded, leg_audio, call_audio", [
    ((), "", ""), (("1.1",), "1.1", "1.1"), (("1.2",), "1.2", "1.2"), (("1.1", "1.2"), "1.1", "1.1"),
    (("9.9",), "", "")])
def test_the_audio_is_asked_for_under_the_callid_that_has_it(recorded, leg_audio, call_audio):
    row, = legs(leg(callid="1.1", callid_enter="1.2"), recorded=recorded)
    assert (row["audio"], row["callid"]) == (leg_audio, "1.1")
    row, = calls(call(), recorded=recorded)
    assert (row["audio"], row["callid"]) == (call_audio, "1.1")


def test_all_callids_of_a_page_are_looked_for():
    frame = pd.DataFrame([leg(callid_enter="1.0"), leg(callid="1.3", callid_enter="1.3")])
    assert sorted(call_rows.callids(frame)) == ["1.0", "1.1", "1.3"]
    frame = pd.DataFrame([call(), call(callids=["1.4"]), call(callids=["1.2", "1.5"])])
    assert sorted(call_rows.callids(frame)) == ["1.1", "1.2", "1.4", "1.5"]
    for columns in (data_calls.COLUMNS, data_journeys.COLUMNS):
        assert call_rows.callids(pd.DataFrame([], columns=list(columns))) == []


def test_an_empty_page_has_no_rows():
    assert legs() == calls() == []


def test_words_of_others_stay_words():
    """Nothing is escaped or cut here: the browser shows texts as texts."""
    names = ("caller", "caller_name", "did", "queue_name", "agent_name", "key", "transfer_to")
    row, = legs(leg(**dict.fromkeys(names, EVIL)))
    assert {row[name] for name in ("caller", "name", "did", "queue", "agent", "key", "transfer_to")} == {EVIL}
    assert row["title"] == f"{EVIL} · 24/11/2026 09:05 · {EVIL}"
    row, = legs(leg(agent_name="W" * 500))
    assert row["agent"] == "W" * 500


def test_marks_that_turn_the_writing_are_taken_out():
    turned = "\u202eana\u2066 \u200fg\u061c\u202c\u2069"
    row, = legs(leg(agent_name=turned, queue_name=turned, caller_name=turned, caller=turned))
    assert {row[name] for name in ("agent", "queue", "name", "caller")} == {"ana g"}
    assert row["title"] == "ana g · 24/11/2026 09:05 · ana g"
    row, = calls(call(agent_names=[turned, "Luis"], queue_names=[turned]))
    assert (row["agent"], row["queue"]) == ("ana g, Luis", "ana g")
    for kept in ("مريم", "עדי", "Núñez 👩‍💼", "a\u0301"):
        assert call_rows.plain(kept) == kept


@pytest.mark.parametrize("unit, made", [("legs", legs(leg())[0]), ("calls", calls(call())[0])])
def test_every_column_finds_its_field_in_a_row(unit, made):
    columns = call_rows.UNITS[unit]
    assert {one.field for one in columns} <= set(made)
    assert len({one.field for one in columns}) == len(columns)
    assert all(isinstance(made[one.field], str) for one in columns)


@pytest.mark.parametrize("outcome, wait, limit, short", [
    ("abandoned", 5.0, 5, True), ("abandoned", 6.0, 5, False), ("abandoned", 0.0, 5, True),
    ("abandoned", 0.0, 0, False), ("abandoned", np.nan, 5, False),
    ("timeout", 2.0, 5, False), ("answered", 2.0, 5, False)])
def test_only_who_gave_up_soon_is_a_short_abandon(outcome, wait, limit, short):
    assert bool(call_rows.short("es", outcome, wait, limit)) is short


def test_how_long_after_the_beginning():
    assert call_rows.ago(ENTER + dt.timedelta(seconds=74), ENTER) == "+1:14"
