"""`/api/queues/*` and `/api/agents/*`: shapes, numbers worked out by hand, and who may ask."""

import pytest

from tests.api.test_api import RANGE

WHOLE = {**RANGE, "origin": "all"}


@pytest.fixture
def ask(client, bearer):
    def of(path, expected=200, who="ana", **query):
        answer = client.get(path, query_string={**RANGE, **query}, headers=bearer(who))
        assert answer.status_code == expected, answer.get_data(as_text=True)
        return answer.json["data"] if expected == 200 else answer.json["error"]
    return of


def test_queues_with_their_totals(ask):
    (row,) = ask("/api/queues/list")["queues"]
    assert {k: row[k] for k in ("queue", "name", "threshold", "offered", "answered", "abandoned", "sl_pct", "asa")} == {
        "queue": "600", "name": "600", "threshold": 20, "offered": 3, "answered": 2, "abandoned": 1, "sl_pct": 33.33,
        "asa": 20}


def test_statistics_of_queues(ask):
    data = ask("/api/queues/statistics", origin="all")
    assert set(data) == {"totals", "queues", "percentiles", "causes"}
    assert data["totals"]["offered"] == sum(row["offered"] for row in data["queues"]) == 4
    assert data["percentiles"] == {"p50_wait": 10, "p90_wait": 30, "p50_lost": 5, "p90_lost": 40, "p50_talk": 20,
                                   "p90_talk": 100}
    causes = {row["cause"]: (row["count"], row["share"]) for row in data["causes"]}
    assert causes["short"] == (1, 25) and causes["abandoned"] == (1, 25) and causes["timeout"] == (0, 0)


def test_service_level_by_threshold(ask):
    levels = {row["threshold"]: row for row in ask("/api/queues/service-level")["levels"]}
    assert levels[20] == {"threshold": 20, "within": 1, "standard": 33.33, "answered_only": 50,
                          "abandons_served": 33.33, "early_ignored": 33.33}
    assert levels[40]["abandons_served"] == 100 and levels[40]["early_ignored"] == 100
    assert levels[9]["within"] == 0


def test_waits_numbers_and_positions(ask):
    waits = ask("/api/queues/waits", origin="all")["waits"]
    filled = [tuple(row.values()) for row in waits if row["answered"] + row["lost"]]
    assert filled == [(0, 5, 0, 1), (6, 10, 1, 0), (21, 30, 1, 0), (31, 45, 0, 1)]
    assert waits[-1]["high"] is None
    assert [(row["did"], row["offered"]) for row in ask("/api/queues/dids", origin="all")["dids"]] == [
        ("6017000000", 3), ("", 1)]
    assert ask("/api/queues/positions", origin="all")["positions"] == [
        {"position": 1, "abandoned": 2, "avg_wait": 22.5}]


def test_intervals_of_queues_add_up(ask):
    for interval in (15, 30, 60):
        rows = ask("/api/queues/intervals", interval=interval)["intervals"]
        assert len(rows) == 24 * 60 // interval
        assert (sum(row["offered"] for row in rows), sum(row["talk_total"] for row in rows)) == (3, 120)
        assert sum(row["busy"] for row in rows) == 120
        assert {row["occupancy"] for row in rows} == {None}  # nobody's login is known
    waiting = ask("/api/queues/waiting", interval=60)["intervals"]
    assert max(row["most"] for row in waiting) == 1
    assert sum(row["average"] * 3600 for row in waiting) == pytest.approx(10 + 40 + 30, abs=80)


def test_people_with_what_is_known_of_them(ask):
    rows = {row["agent"]: row for row in ask("/api/agents/list")["agents"]}
    assert set(rows) == {"Ana Gómez", "Luis Pérez"}
    ana = rows["Ana Gómez"]
    known = {"answered": 1, "talk_total": 100, "avg_talk": 100, "max_talk": 100, "avg_ring": 4, "ended_by_agent": 1,
             "missed": 0, "talk": 100}
    assert {name: ana[name] for name in known} == known
    assert [ana[k] for k in ("login", "occupancy", "utilization", "availability", "first_in", "last_out")] == [None] * 6


def test_the_team_and_its_hours(ask):
    data = ask("/api/agents/statistics")
    assert (data["team"]["answered"], data["team"]["talk_total"], data["team"]["login"]) == (2, 120, None)
    assert [row["hour"] for row in data["hours"]] == list(range(24))
    assert sum(row["talk"] for row in data["hours"]) == 120
    assert data["pauses"] == [] and ask("/api/agents/pauses")["pauses"] == []


def test_few_calls_are_not_ranked(ask):
    rows = ask("/api/agents/comparison")["agents"]
    assert {(row["agent"], row["ranked"], row["rank"]) for row in rows} == {
        ("Ana Gómez", False, None), ("Luis Pérez", False, None)}


def test_a_timeline_with_moments(ask):
    spans = ask("/api/agents/timeline")["spans"]
    ana = [(row["kind"], row["start"], row["end"]) for row in spans if row["agent"] == "Ana Gómez"]
    assert ana == [("ringing", "2026-03-03T09:00:06-05:00", "2026-03-03T09:00:10-05:00"),
                   ("talking", "2026-03-03T09:00:10-05:00", "2026-03-03T09:01:50-05:00")]
    error = ask("/api/agents/timeline", 422, start_date="2026-02-01")
    assert error["message"].startswith("start_date:")


def test_sessions_of_one_agent(ask):
    data = ask("/api/agents/Ana%20G%C3%B3mez/sessions")
    assert (data["agent"], data["sessions"], data["pauses"], data["totals"]["answered"]) == ("Ana Gómez", [], [], 1)
    assert ask("/api/agents/SIP%2F999/sessions", 404)["code"] == "not_found"


@pytest.mark.parametrize("path", ["queues/list", "queues/statistics", "queues/service-level", "queues/waits",
                                  "queues/causes", "queues/dids", "queues/positions", "queues/waiting",
                                  "queues/intervals", "agents/list", "agents/statistics", "agents/comparison",
                                  "agents/pauses", "agents/intervals", "agents/timeline"])
def test_every_answer_says_how_it_was_understood_and_refuses_nonsense(client, bearer, path):
    good = client.get(f"/api/{path}", query_string=WHOLE, headers=bearer())
    assert good.json["meta"]["origin"] == "all" and good.json["meta"]["timezone"] == "America/Bogota"
    for name, value in (("start_date", "tomorrow"), ("origin", "moon"), ("interval", "7")):
        bad = client.get(f"/api/{path}", query_string={**WHOLE, name: value}, headers=bearer())
        assert bad.status_code == 422
        assert name in bad.json["error"]["message"]
    assert client.get(f"/api/{path}", query_string=WHOLE, headers=bearer("leo")).status_code == 403
    assert client.get(f"/api/{path}", query_string=WHOLE).status_code == 401
    foreign = client.get(f"/api/{path}", query_string=WHOLE, headers=bearer("eva"))
    assert foreign.status_code == 200 and "Ana G" not in foreign.get_data(as_text=True)


def test_too_many_intervals_are_refused(client, bearer):
    for path in ("queues/waiting", "queues/intervals", "agents/intervals"):
        answer = client.get(f"/api/{path}", query_string={"start_date": "2010-01-01", "end_date": "2026-01-01",
                                                          "interval": "15"}, headers=bearer())
        assert answer.status_code == 422
