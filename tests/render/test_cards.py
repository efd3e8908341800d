"""Totals become words: values, differences with a direction that depends on the metric, addresses."""

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from data.filters import Filters
from render import addresses, cards
from render.words import METRICS, OUTCOMES
from tests.fakes import NOW, FakeView

DAY = dt.date(2026, 11, 23)
ONE_DAY = Filters(DAY, DAY)
METRIC = {metric.key: metric for metric in METRICS}
KEYS = ["offered", "answered", "abandoned", "sl_pct", "asa", "aht"]


def query(href: str) -> dict:
    return parse_qs(urlsplit(href).query)


@pytest.mark.parametrize(("key", "now", "before", "words", "way", "tone"), [
    ("offered", 110, 100, "10.0 %", "up", "neutral"),
    ("answered", 110, 100, "10.0 %", "up", "good"),
    ("answered", 90, 100, "10.0 %", "down", "bad"),
    ("sl_pct", 84.9, 83.1, "1.8 pp", "up", "good"),
    ("sl_pct", 80.0, 83.1, "3.1 pp", "down", "bad"),
    ("asa", 23.4, 20.2, "3 s", "up", "bad"),
    ("asa", 20, 100, "1:20", "down", "good"),
    ("aht", 250, 258, "8 s", "down", "good"),
    ("asa", 20.1, 20.3, "0 s", "level", "neutral"),
])
def test_good_and_bad_follow_the_metric_and_not_the_sign(key, now, before, words, way, tone):
    assert cards.delta("es", METRIC[key], {key: now}, {key: before}) == cards.Delta(words, way, tone)


def test_abandonment_is_compared_by_its_share():
    found = cards.delta("es", METRIC["abandoned"], {"abandoned": 200, "abandon_pct": 6.3},
                        {"abandoned": 100, "abandon_pct": 7.2})
    assert found == cards.Delta("0.9 pp", "down", "good")


@pytest.mark.parametrize(("now", "before"), [(None, 5), (5, None), (float("nan"), 5), (5, 0)])
def test_without_both_values_there_is_no_difference(now, before):
    assert cards.delta("es", METRIC["answered"], {"answered": now}, {"answered": before}) is None


def test_six_cards_in_the_order_of_the_house():
    view = FakeView()
    found = cards.kpis("es", "/", ONE_DAY, view.totals(ONE_DAY), view.totals(ONE_DAY.previous()),
                       view.by_interval(ONE_DAY), NOW)
    assert [card.metric.key for card in found] == KEYS
    assert [card.label for card in found] == ["Ofrecidas", "Atendidas", "Abandonadas", "Nivel de servicio",
                                              "Espera (TME)", "TMO operativo"]
    assert all(card.line.startswith('url("data:image/svg+xml,') for card in found)
    assert [card.delta is None for card in found] == [False] * 6


def test_values_carry_their_unit_and_their_share():
    totals = {"offered": 12486, "answered": 12000, "answer_pct": 96.1, "abandoned": 94, "abandon_pct": 6.34,
              "sl_pct": 84.94, "asa": 23, "aht": 3725}
    found = cards.kpis("es", "/", ONE_DAY, totals, {}, FakeView().by_interval(ONE_DAY), NOW)
    assert [(card.value, card.unit) for card in found] == [
        ("12,486", ""), ("12,000", "96.1 %"), ("94", "6.3 %"), ("84.9", "%"), ("0:23", "min"), ("1:02:05", "h")]


def test_without_a_denominator_there_is_a_dash_and_never_a_zero():
    totals = {"offered": 0, "answered": 0, "answer_pct": None, "abandoned": 0, "abandon_pct": None, "sl_pct": None,
              "asa": float("nan"), "aht": None}
    found = cards.kpis("es", "/", ONE_DAY, totals, totals, FakeView(scale=0).by_interval(ONE_DAY), NOW)
    assert [(card.value, card.unit) for card in found] == [
        ("0", ""), ("0", ""), ("0", ""), ("—", ""), ("—", ""), ("—", "")]
    assert [card.delta for card in found] == [None] * 6


def test_the_counts_of_a_running_day_are_compared_too():
    view, today = FakeView(), Filters(NOW.date(), NOW.date())
    found = cards.kpis("es", "/", today, view.totals(today), view.totals(today.previous(NOW)), view.by_interval(today),
                       NOW)
    assert [card.delta is None for card in found] == [False] * 6


def test_every_number_leads_to_its_calls():
    filters = Filters(DAY, DAY, queues=("600", "601"), agents=("1001",), origin="all", interval=15)
    found = cards.kpis("es", "/analytics/", filters, {}, {}, FakeView().by_interval(filters), NOW)
    assert urlsplit(found[0].href).path == "/analytics/calls"
    assert query(found[0].href) == {"start_date": ["2026-11-23"], "end_date": ["2026-11-23"], "queue": ["600", "601"],
                                    "agent": ["1001"], "origin": ["all"]}
    assert query(found[2].href)["outcome"] == ["abandoned"]
    assert query(found[3].href)["within_sl"] == ["true"] and "outcome" not in query(found[3].href)


def test_the_identity_is_shown_whole_in_its_order_and_closes():
    totals = FakeView().totals(ONE_DAY)
    rows = cards.outcomes("es", "/", ONE_DAY, totals)
    assert [row.label for row in rows] == [
        "Atendidas", f"Abandonadas (cortas: {totals['short_abandoned']})", "Por tiempo", "Por tecla", "Cola vacía",
        "Retiradas", "En curso", "Interrumpidas", "Sin cierre"]
    none = cards.outcomes("es", "/", ONE_DAY, totals | {"short_abandoned": 0})
    assert [row.label for row in none][1] == "Abandonadas"
    assert sum(int(row.count.replace(",", "")) for row in rows) == totals["offered"]
    assert sum(row.width for row in rows) == pytest.approx(100)
    assert [query(row.href)["outcome"] for row in rows] == [[outcome.key] for outcome in OUTCOMES]


def test_the_shares_of_nothing_are_dashes():
    assert {row.share for row in cards.outcomes("es", "/", ONE_DAY, {"offered": 0})} == {"—"}


def test_the_busiest_queue_comes_first_with_its_own_target():
    rows = cards.queues("es", "/", ONE_DAY, FakeView().by_queue(ONE_DAY), most=3)
    assert [row.name for row in rows] == ["Ventas", "Soporte técnico", "Cobranzas"]
    assert rows[0].target == 80.0 and rows[0].level is not None
    assert query(rows[1].hrefs["abandoned"]) == {"start_date": ["2026-11-23"], "end_date": ["2026-11-23"],
                                                 "queue": ["601"], "outcome": ["abandoned"]}


def test_agents_without_a_call_are_not_among_the_best():
    frame = pd.DataFrame([("1", "Ana Pérez", 3, 60, 20, 0), ("2", None, 12, 3700, 308.3, 2),
                          ("3", "Luz", 0, 0, None, 1)],
                         columns=["agent", "name", "answered", "talk_total", "avg_talk", "missed"])
    rows = cards.agents("es", "/", ONE_DAY, frame)
    assert [(row.name, row.answered, row.share, row.talk, row.average, row.missed) for row in rows] == [
        ("2", "12", 100.0, "1:01:40", "5:08", "2"), ("Ana Pérez", "3", 25.0, "1:00", "0:20", "0")]
    assert query(rows[0].calls) == {"start_date": ["2026-11-23"], "end_date": ["2026-11-23"], "agent": ["2"],
                                    "outcome": ["answered"]}


@pytest.mark.parametrize(("name", "letters"), [
    ("María Fernanda Núñez", "MN"), ("íñigo", "ÍÑ"), ("1001", "01"), ("SIP/1004", "S1"), ("", "?")])
def test_initials(name, letters):
    assert cards.initials(name) == letters


def test_a_period_before_without_calls_is_words_and_not_a_zero():
    week = Filters(DAY - dt.timedelta(days=6), DAY)
    now, nothing = FakeView().totals(week), {"offered": 0, "answered": 0, "abandoned": 0, "sl_pct": None}
    found = cards.kpis("es", "/", week, now, nothing, FakeView().by_day(week), NOW)
    assert {card.before for card in found} == {"sin llamadas"} and {card.delta for card in found} == {None}


def test_the_period_before_in_words():
    def before(lang, filters, moment):
        return cards.before_words(lang, filters.previous(moment))

    over = NOW + dt.timedelta(days=30)
    assert before("es", ONE_DAY, over) == "22/11/2026"
    assert before("es", Filters(DAY, DAY + dt.timedelta(days=6)), over) == "16/11/2026 a 22/11/2026"
    running = Filters(NOW.date() - dt.timedelta(days=1), NOW.date())
    assert before("es", running, NOW) == "21/11/2026 a 22/11/2026 hasta las 14:32"
    assert before("en", Filters(NOW.date(), NOW.date()), NOW) == "23/11/2026 until 14:32"


def test_addresses_say_only_what_does_not_go_without_saying():
    assert addresses.calls("/", ONE_DAY) == "/calls?start_date=2026-11-23&end_date=2026-11-23"
    assert addresses.calls("/", ONE_DAY, outcome=("withdrawn", "unknown"), from_="08:00").endswith(
        "&outcome=withdrawn&outcome=unknown&from=08%3A00")
    assert addresses.agent("/x/", ONE_DAY, "SIP/10 04") == (
        "/x/agents/SIP%2F10%2004?start_date=2026-11-23&end_date=2026-11-23")


def test_a_short_period_shows_the_pattern_of_eight_weeks():
    assert addresses.weeks(ONE_DAY).start == DAY - dt.timedelta(days=55)
    month = Filters(DAY - dt.timedelta(days=29), DAY)
    assert addresses.weeks(month) is month
