"""A call as a picture and as sentences, from frames written by hand."""

import datetime as dt
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from data.call_events import ATTEMPTS, Event
from layouts import journey as layout
from render import journey
from tests.layouts.test_parts import walk, words
from tests.render.test_call_rows import EVIL, call, leg

BOGOTA = ZoneInfo("America/Bogota")
ENTER = dt.datetime(2026, 11, 24, 9, 0, tzinfo=BOGOTA)
NAMES = {"600": "600 Ventas", "601": "601 Soporte"}


def at(seconds):
    return ENTER + dt.timedelta(seconds=seconds)


def line(seconds, event, *data, queue="600", agent=None, text="the line"):
    return Event(int(at(seconds).timestamp()), event, "1.1", queue, agent, data, text)


def visit(since, until, queue="600", connect=None, **given):
    """A leg from one second to another, answered at `connect`."""
    end = pd.NaT if until is None else at(until)
    waited = connect if connect is not None else until
    return leg(
        queue=queue, queue_name=NAMES[queue], enter=at(since), connect=pd.NaT if connect is None else at(connect),
        end=end, call_end=end, wait=np.nan if waited is None else float(waited - since),
        talk=np.nan if connect is None or until is None else float(until - connect),
        **{"outcome": "abandoned" if connect is None else "answered", "agent_name": None if connect is None else "Ana",
           **given})


def attempt(second, ring, queue="600", callid="1.1", agent="Luis"):
    return {"ts": at(second), "callid": callid, "queue": queue, "queue_name": NAMES[queue], "agent": agent,
            "agent_name": agent, "kind": "no_answer", "ring": ring, "noise": False}


def told(legs, attempts=(), events=(), lang="es", now=1000, whole=True, limit=0, **given):
    found = SimpleNamespace(
        callid="1.1", callids=("1.1", "1.2"), call=pd.DataFrame([call(**given)]), legs=pd.DataFrame(legs),
        attempts=pd.DataFrame(list(attempts), columns=list(ATTEMPTS)), events=tuple(events), whole=whole)
    return journey.story(lang, found, NAMES, lambda epoch: dt.datetime.fromtimestamp(epoch, BOGOTA), at(now),
                         limit=limit)


def bars(lane):
    return [(bar.role, bar.left, bar.width) for bar in lane.bars]


def test_waiting_ringing_and_talking_stand_where_they_happened():
    story = told([visit(0, 100, connect=20)], [attempt(15, 10)])
    lane, = story.lanes
    assert bars(lane) == [("waiting", 0, 20), ("ringing", 5, 10), ("talking", 20, 80)]
    assert [bar.hint for bar in lane.bars] == [
        "En espera en 600 Ventas: 0:20", "Timbró a Luis: 0:10", "Conversación con Ana: 1:20"]
    assert lane.facts == "espera 0:20 · conversación 1:20"
    assert [words for _, words in story.ticks] == ["0:00", "0:25", "0:50", "1:15", "1:40"]


def test_a_short_abandon_is_marked_and_says_how_short():
    brief = told([visit(0, 4)], limit=5, outcome="abandoned", wait=4.0)
    shown = words(layout.journey("es", brief, []))
    assert shown.count("Abandonada corto") == 2
    tips = [node.to_plotly_json()["props"]["data-tip"] for node in walk(layout.journey("es", brief, []))
            if "short-mark" in str(getattr(node, "className", ""))]
    assert len(tips) == 2 and all("0:05" in tip for tip in tips)
    long = told([visit(0, 6)], limit=5, outcome="abandoned", wait=6.0)
    assert "corto" not in words(layout.journey("es", long, []))
    late = told([visit(0, 30, outcome="timeout"), visit(30, 32, "601")], limit=5, outcome="abandoned", wait=32.0)
    assert [bool(one.short) for one in (late, *late.lanes)] == [False, False, True]


def test_each_visit_has_its_lane_and_its_own_attempts():
    story = told([visit(0, 50, outcome="timeout"), visit(50, 200, "601", connect=100)],
                 [attempt(30, 10), attempt(80, 20, "601"), attempt(150, 5), attempt(90, 5, "601", callid="9.9")])
    first, second = story.lanes
    assert bars(first) == [("waiting", 0, 25), ("ringing", 10, 5)]
    assert bars(second) == [("waiting", 25, 25), ("ringing", 30, 10), ("talking", 50, 50)]
    assert (first.name, first.outcome, first.role, first.agent) == ("600 Ventas", "Por tiempo", "timeout", "")
    assert (second.name, second.outcome, second.agent) == ("601 Soporte", "Atendida", "Ana")


def test_what_goes_on_ends_now():
    lane, = told([visit(0, None, connect=10)], now=40).lanes
    assert bars(lane) == [("waiting", 0, 25), ("talking", 25, 75)]
    lane, = told([visit(0, None)], now=40).lanes
    assert bars(lane) == [("waiting", 0, 100)] and lane.facts == "espera —"


@pytest.mark.parametrize("legs, attempts", [
    ([visit(0, 0)], []), ([visit(0, 0, connect=0)], [attempt(0, 30)]), ([visit(5, 2)], []),
    ([visit(0, 100, connect=20)], [attempt(20, 500), attempt(20, np.nan), attempt(0, 0)]),
    ([visit(0, 100, connect=20), visit(40, 60, "601")], [])])
def test_no_bar_leaves_its_lane(legs, attempts):
    """A clock that was set back, a call of no length, a telephone that rang longer than the call."""
    story = told(legs, attempts)
    for lane in story.lanes:
        for bar in lane.bars:
            assert 0 <= bar.left <= 100 and 0 <= bar.width <= 100.001 - bar.left, bar
            assert "nan" not in bar.hint


def test_a_telephone_that_rang_before_the_call_is_drawn_from_its_beginning():
    lane, = told([visit(0, 100, connect=50)], [attempt(20, 500)]).lanes
    assert bars(lane) == [("waiting", 0, 50), ("ringing", 0, 20), ("talking", 50, 50)]


def test_a_transfer_says_where_to():
    moved = visit(0, 30, connect=10, transfer=True, transfer_kind="blind", transfer_to="110")
    assert told([moved]).lanes[0].facts == "espera 0:10 · conversación 0:20 · Transferida (ciega) → 110"
    moved["transfer_to"] = None
    assert told([moved]).lanes[0].facts.endswith("· Transferida (ciega)")


def test_every_line_is_a_sentence_with_its_time_and_itself():
    steps = told([visit(0, 100, connect=20)], events=[
        line(-3, "DID", "6017000000", queue=None), line(0, "ENTERQUEUE", "", "3001112222", "1", text="raw|1"),
        line(20, "CONNECT", "20", "1.9", "4", agent="Ana")]).steps
    assert [(one.time, one.since, one.label) for one in steps] == [
        ("08:59:57", "-0:03", "Número marcado (DID)"), ("09:00:00", "+0:00", "Entró en cola"),
        ("09:00:20", "+0:20", "Contestada")]
    assert [one.sentence for one in steps] == [
        "El cliente marcó el 6017000000", "La llamada entró en la cola 600 Ventas en la posición 1",
        "Ana contestó tras una espera de 0:20; el teléfono timbró 0:04"]
    assert steps[1].line == "raw|1"
    assert told([visit(0, 9)], events=[line(0, "WHATEVER", "x")]).steps[0].icon == "circle-fill"


def test_the_facts_of_a_call():
    story = told([visit(0, 100, connect=20)], wait=20.0, talk=80.0, lang="en")
    assert story.facts == (
        ("Entered", "24/11/2026 09:00:00"), ("DID", "—"), ("Queues", "600 Ventas → 601 Soporte"),
        ("Agents", "Ana Gómez, Luis Peña"), ("Wait", "0:20"), ("Talk", "1:20"))
    assert (story.number, story.name, story.outcome) == ("3001112222", "", "Timed out")
    assert story.title == "600 Ventas → 601 Soporte · 24/11/2026 09:00 · Ana Gómez, Luis Peña"
    story = told([visit(0, 9)], caller=None, queue_names=[], agent_names=[])
    assert (story.number, story.facts[2][1], story.facts[3][1], story.title) == ("—", "—", "—", "24/11/2026 09:00")


def test_names_of_others_stay_words_and_cannot_turn_the_sentence():
    turned = "\u202eANA\u2066"
    evil = visit(0, 100, connect=20, agent_name=turned, transfer=True, transfer_kind="blind", transfer_to=EVIL)
    evil["queue_name"] = EVIL
    connect = line(20, "CONNECT", "20", "1.9", "4", agent=turned, text=turned)
    story = told([evil], [attempt(15, 10, agent=EVIL)], [connect], caller=EVIL, caller_name=turned,
                 agent_names=[turned], queue_names=[EVIL])
    assert story.steps[0].sentence.startswith("ANA contestó") and story.name == "ANA"
    assert story.steps[0].line == turned  # as it stands in the log
    assert story.lanes[0].agent == "ANA" and story.lanes[0].facts.endswith(f"→ {EVIL}")
    assert story.title == f"{EVIL} · 24/11/2026 09:00 · ANA"
    page = layout.journey("es", story, ["1.1"])
    assert EVIL in words(page)
    hints = [getattr(one, "data-tip") for one in walk(page) if getattr(one, "data-tip", None)]  # noqa: B009
    assert f"Timbró a {EVIL}: 0:10" in hints
    assert not {type(one).__name__ for one in walk(page)} & {"Markdown", "Iframe", "Script", "Embed", "ObjectEl"}


def test_a_hole_in_the_log_is_said():
    said = "no se puede leer: aquí pueden faltar líneas"
    assert said in words(layout.journey("es", told([visit(0, 9)], whole=False), []))
    assert said not in words(layout.journey("es", told([visit(0, 9)]), []))


@pytest.mark.parametrize("audio, buttons", [
    ([], []), (["1.2"], [("1.2", "Escuchar la grabación")]),
    (["1.1", "1.2"], [("1.1", "Escuchar la grabación 1"), ("1.2", "Escuchar la grabación 2")])])
def test_a_button_for_every_callid_that_can_be_heard(audio, buttons):
    page = layout.journey("es", told([visit(0, 9)]), audio)
    found = [(getattr(one, "data-recording"), words(one)) for one in walk(page)  # noqa: B009
             if getattr(one, "data-recording", None)]
    assert found == buttons


@pytest.mark.parametrize(("span", "words"), [
    (1, ["0:00", "0:01"]), (2, ["0:00", "0:01", "0:02"]), (3, ["0:00", "0:01", "0:02", "0:03"]),
    (4, ["0:00", "0:01", "0:02", "0:03", "0:04"]), (125, ["0:00", "0:31", "1:03", "1:34", "2:05"]),
    (2.6, ["0:00", "0:01", "0:02"])])
def test_the_axis_of_a_call_has_every_second_once_and_where_it_is(span, words):
    ticks = journey.ticks(span)
    assert [said for _, said in ticks] == words
    seconds = [int(said[:-3]) * 60 + int(said[-2:]) for said in words]
    assert [place for place, _ in ticks] == pytest.approx([100 * second / span for second in seconds])
