"""Colas, Agentes and one agent over a real store: every number leads to a list of exactly as many calls."""

import datetime as dt
import re
from urllib.parse import parse_qs, quote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from dash.exceptions import PreventUpdate

from callbacks import agent, agents, queues
from data import agent_questions, call_filters, call_rows, calls, demo, site
from data.site import Site
from data.store import Store
from tests.fakes import Who
from tests.layouts.test_parts import classes, hrefs, walk, words

UNTIL = dt.datetime(2026, 3, 31, 18, 30, tzinfo=ZoneInfo("America/Bogota"))
YESTERDAY, WEEK = "period=yesterday", "period=last_7&origin=all"


class Boss(Who):
    """Whoever is looking, with the rights of an administrator."""

    def can(self, permission):
        return True


class Clerk(Who):
    def can(self, permission):
        return False


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A demonstration of ten days, read into a store."""
    centre = demo.write(tmp_path_factory.mktemp("centre"), days=10, calls_per_day=150, seed=5, until=UNTIL,
                        recordings=0)
    names, levels, people = site.names(centre.names)
    made = Store(centre.queue_log, tmp_path_factory.mktemp("store"), Site(
        UNTIL.tzinfo, queue_names=names, thresholds=levels, extensions=people), clock=UNTIL.timestamp)
    made.refresh()
    return made


@pytest.fixture(scope="module")
def view(store):
    return store.view()


def place(query="", path="/queues", default="last_7", prefix="/x/"):
    return {"query": query, "path": path, "default": default, "prefix": prefix, "dates": []}


def ask(answer, view, query="", lang="es", path="/queues", who=Boss, **more):
    return answer(lambda: view, lambda: who(language=lang), filters=place(query, path), version=view.version, **more)


def count(view, href):
    """How many calls the list of this address has, or how often it says that a phone rang in vain."""
    parts = urlsplit(href)
    assert parts.path == "/x/calls"
    filters = call_filters.parse(parse_qs(parts.query), view.today(), "last_7")
    return (call_rows.rings if filters.missed_by else calls.total)(view, filters)


def links(piece):
    """Words and address of every link to the list of calls."""
    return [(words(one), one.href) for one in walk(piece) if (getattr(one, "href", None) or "").startswith("/x/calls?")]


def number(text):
    return int(re.sub(r"\D", "", text.split()[0]))


def counted(view, piece):
    """Of every cell of a table that is a count and a link: the count, and how many calls it opens."""
    return [(number(text), count(view, href)) for cell in walk(piece) if type(cell).__name__ == "Td"
            for text, href in links(cell) if re.fullmatch(r"[\d,]+( [\d.]+ %)?", text)]


@pytest.mark.parametrize("query", [YESTERDAY, WEEK, "period=last_7&queue=600&queue=601", f"{YESTERDAY}&queue=604"])
def test_every_count_of_the_queues_opens_as_many_calls(view, query):
    table = counted(view, ask(queues.show_table, view, query))
    numbers, places = (counted(view, ask(show, view, query)) for show in (queues.show_numbers, queues.show_positions))
    assert len(table) >= 6 and len(numbers) >= 2 and places
    assert [pair for pair in (*table, *numbers, *places) if pair[0] != pair[1]] == []


@pytest.mark.parametrize("query", [YESTERDAY, WEEK])
def test_every_cause_opens_its_calls_and_they_are_all_that_nobody_answered(view, query):
    piece = ask(queues.show_causes, view, query)
    rows = [(number(words(one.children[0].children[1])), one.href) for one in walk(piece)
            if (getattr(one, "href", None) or "").startswith("/x/calls?")]
    assert len(rows) == 8
    assert [(n, count(view, href)) for n, href in rows if n != count(view, href)] == []
    chosen = call_filters.parse(parse_qs(query), view.today())
    totals = view.totals(chosen.common)
    assert sum(n for n, _ in rows) == totals["offered"] - totals["answered"] - totals["in_progress"]


@pytest.mark.parametrize("query", [YESTERDAY, f"{YESTERDAY}&interval=15", f"{WEEK}&interval=30"])
def test_an_interval_opens_its_calls_and_the_last_row_all_of_them(view, query):
    found = ask(queues.show_intervals, view, query)["table"]
    rows = [one for one in walk(found) if type(one).__name__ == "Tr"][1:]
    seen = [(number(words(row.children[1])), count(view, next(
        one.href for one in walk(row) if getattr(one, "href", None)))) for row in rows]
    assert [pair for pair in seen if pair[0] != pair[1]] == []
    assert sum(pair[0] for pair in seen[:-1]) == seen[-1][0] > 0
    cells = counted(view, found)
    assert len(cells) >= 3 * len(rows) - 3
    assert [pair for pair in cells if pair[0] != pair[1]] == []


def drawn(view, figure):
    """Of every bar: its height, and how many calls it opens."""
    base, query = figure["layout"]["meta"]["href"].split("?")
    for trace in figure["data"]:
        for height, more in zip(trace["y"], trace["customdata"], strict=True):
            asked = {**parse_qs(query), **parse_qs(more)}
            yield trace["meta"], height, calls.total(view, call_filters.parse(asked, view.today()))


def test_bars_of_waits_and_points_of_the_curve_open_their_calls(view):
    bars = list(drawn(view, ask(queues.show_waits, view, YESTERDAY, theme="light")["figure"]))
    assert [bar for bar in bars if bar[1] != bar[2]] == []
    assert sum(bar[1] for bar in bars if bar[0] == "answered") > 50
    curve = ask(queues.show_levels, view, YESTERDAY, theme="dark")["figure"]
    answered = view.totals(call_filters.parse(parse_qs(YESTERDAY), view.today()).common)["answered"]
    points = [(share, opened) for role, share, opened in drawn(view, curve) if role == "answered"]
    assert [point for point in points if point[0] != pytest.approx(100 * point[1] / answered, abs=0.006)] == []


def test_losses_over_time_open_their_calls(view):
    for query in (YESTERDAY, "period=last_7"):
        figure = ask(queues.show_lost, view, query, theme=None)["figure"]
        seen = [(number(text), opened) for trace in figure["data"] for text, (_, _, opened) in zip(
            trace["text"], drawn(view, {**figure, "data": [trace]}), strict=True)]
        assert len(seen) > 5
        assert [pair for pair in seen if pair[0] != pair[1]] == []


def test_intervals_are_drawn_over_any_span(view):
    for query, bars in ((YESTERDAY, 12), ("period=last_7", 168), ("period=last_7&interval=30", 336)):
        found = ask(queues.show_volume, view, query, theme="light")
        assert len(found["figure"]["data"][0]["x"]) >= bars
    long = ask(queues.show_volume, view, "start_date=2026-01-01&end_date=2026-03-31&interval=15", theme="light")
    assert {trace["type"] for trace in long["figure"]["data"]} == {"scatter"}
    assert len(long["figure"]["data"][0]["x"]) == 90 * 96
    longer = ask(queues.show_volume, view, "start_date=2024-01-01&end_date=2026-03-31&interval=15", theme="light")
    assert "Por día" in longer["caption"]


def test_a_queue_narrows_the_page_and_widens_it_again(view):
    piece = ask(queues.show_table, view, f"{YESTERDAY}&queue=600")
    own = {words(one).split(" (")[0]: parse_qs(urlsplit(one.href).query).get("queue") for one in walk(piece)
           if getattr(one, "data-here", None) is not None}
    assert own["600 Ventas"] is None
    assert own["601 Soporte técnico"] == ["601"] or own["601 Soporte técnico"] == ["600", "601"]
    assert "chosen" in classes(piece)


# -- agents ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [YESTERDAY, WEEK, f"{YESTERDAY}&queue=600&all=1", f"{WEEK}&sort=-max_talk"])
def test_every_count_of_the_agents_opens_as_many_calls(view, query):
    piece = ask(agents.show_table, view, query, path="/agents")["table"]
    pairs = counted(view, piece)
    assert len(pairs) > 20
    assert [pair for pair in pairs if pair[0] != pair[1]] == []
    kpis = [(number(words(card.children[1])), count(view, href)) for card in ask(
        agents.show_kpis, view, query, path="/agents") for _, href in links(card)[:1]][:1]
    assert kpis
    assert [pair for pair in kpis if pair[0] != pair[1]] == []


@pytest.mark.parametrize("query", [YESTERDAY, WEEK, f"{WEEK}&queue=600"])
def test_what_was_missed_opens_the_calls_during_which_the_phone_rang(view, query):
    frame = agent_questions.by_agent(view, call_filters.parse(parse_qs(query), view.today()).common)
    expected = {row["agent"]: row["missed"] for row in frame.to_dict("records") if row["missed"]}
    piece = ask(agents.show_table, view, f"{query}&all=1", path="/agents")["table"]
    found = {}
    for text, href in links(piece):
        asked = parse_qs(urlsplit(href).query)
        if "missed_by" in asked:
            filters = call_filters.parse(asked, view.today())
            assert number(text) == call_rows.rings(view, filters) >= calls.total(view, filters) > 0
            found[filters.missed_by] = number(text)
    everybody = found.pop(("*",))
    assert {agent: count for (agent,), count in found.items()} == expected
    assert everybody == sum(expected.values()) >= 5
    card = ask(agents.show_kpis, view, query, path="/agents")[5]
    assert number(words(card.children[1])) == everybody
    assert "missed_by=%2A" in links(card)[0][1]


def test_agents_stand_in_the_order_that_the_address_asks_for(view):
    def first(order):
        piece = ask(agents.show_table, view, f"{YESTERDAY}&sort={order}", path="/agents")["table"]
        body = next(one for one in walk(piece) if type(one).__name__ == "Tbody")
        return [words(row.children[0]) for row in body.children]
    assert first("name") == sorted(first("name"), key=str.casefold)
    assert first("-answered") == first("nonsense")
    assert first("-talk_total")[0] == first("talk_total")[-1]


def test_a_long_table_shows_fifty_and_says_how_to_see_the_rest(view, monkeypatch):
    monkeypatch.setattr(agents.agent_cards, "SHOWN", 3)
    found = ask(agents.show_table, view, YESTERDAY, path="/agents")
    assert len([row for row in walk(found["table"]) if type(row).__name__ == "Tr"]) == 5  # heads, three, the team
    assert words(found["more"]).startswith("Ver los ")
    assert hrefs(found["more"]) == ["/x/agents?period=yesterday&all=1"]


def test_names_are_shown_with_their_extension(view):
    piece = ask(agents.show_table, view, YESTERDAY, path="/agents")["table"]
    body = next(one for one in walk(piece) if type(one).__name__ == "Tbody")
    assert all(re.fullmatch(r".+ \(\d{4}\)", words(row.children[0])) for row in body.children)


def test_the_comparison_says_who_had_too_few_calls(view):
    few = ask(agents.show_comparison, view, YESTERDAY, path="/agents")
    more = ask(agents.show_comparison, view, WEEK, path="/agents")
    assert "menos de 30" in few["caption"]
    rows = [row for row in walk(more["table"]) if type(row).__name__ == "Tr"][1:]
    assert [words(row.children[0]) for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
    pairs = counted(view, more["table"])
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


def test_a_day_of_the_team_has_a_row_for_each_and_the_callers_above(view):
    found = ask(agents.show_gantt, view, YESTERDAY, path="/agents", theme="light")
    figure = found["figure"]
    names = figure["layout"]["yaxis"]["ticktext"]
    assert len(names) == len(set(names)) > 8
    above = {trace["mode"]: trace for trace in figure["data"] if trace.get("yaxis") == "y2"}
    assert set(above) == {"lines", "markers"} and max(above["lines"]["y"]) > 0
    assert len(above["markers"]["x"]) == int(found["caption"].rsplit(" ", 1)[1])
    assert found["style"] == {"height": f"{figure['layout']['height']}px"}
    assert "30/03/2026" in found["caption"]
    other = ask(agents.show_gantt, view, f"{WEEK}&day=2026-03-27", path="/agents", theme="light")
    assert "27/03/2026" in other["caption"]
    assert "31/03/2026" in ask(agents.show_gantt, view, f"{WEEK}&day=x", path="/agents", theme=None)["caption"]


def test_names_are_for_administrators_alone(store):
    given = {"108": "Ana"}
    assert agents.show_names(store.view, Clerk, lambda: given, {}) is None
    assert "108 = Ana" in str(agents.show_names(store.view, Boss, lambda: given, {}))


def test_saving_names_says_what_became_of_them():
    kept = []
    assert agents.save_names(Boss, kept.append, None, "x") is None
    assert "Guardado" in words(agents.save_names(Boss, kept.append, 1, "108 = Ana"))
    wrong = agents.save_names(Boss, kept.append, 2, "108 = Ana\nnada")
    assert words(wrong) == "No se guardó: «nada» no tiene ="
    assert kept == [{"108": "Ana"}]

    def full(pairs):
        raise OSError(28, "No space left on device")
    assert "no se puede escribir" in words(agents.save_names(Boss, full, 3, "108 = Ana"))


@pytest.fixture(scope="module")
def somebody(view):
    return next(key for key, _ in view.agents() if "í" in key)


@pytest.mark.parametrize("query", [YESTERDAY, WEEK])
def test_an_agents_page_is_of_that_agent_alone(view, somebody, query):
    path = "/agents/" + quote(somebody, safe="")
    head = ask(agent.show_head, view, query, path=path)
    assert words(head).split(" (")[0].endswith(somebody)
    cards = ask(agent.show_kpis, view, query, path=path)
    answered = number(words(cards[1].children[1]))
    assert answered == count(view, links(cards[1])[0][1])
    table = ask(agent.show_calls, view, query, path=path)
    rows = [row for row in walk(table) if type(row).__name__ == "Tr"][1:]
    assert len(rows) == min(answered, 50)
    assert all(href.startswith("/x/calls/") for href in hrefs(table))


@pytest.mark.parametrize(("query", "rows"), [(YESTERDAY, 4), (WEEK, 7), ("period=last_30", 14)])
def test_one_day_is_drawn_in_lanes_and_several_as_rows(view, somebody, query, rows):
    found = ask(agent.show_gantt, view, query, path="/agents/" + quote(somebody, safe=""), theme="dark")
    assert len(found["figure"]["layout"]["yaxis"]["ticktext"]) == rows


def test_nobody_of_that_name(view):
    found = ask(agent.show_head, view, path="/agents/SIP%2F999")
    assert "SIP/999" in words(found) and hrefs(found) == ["/x/agents"]
    with pytest.raises(PreventUpdate):
        ask(agent.show_head, view, path="/calls")


ANSWERS = [
    (queues, ("show_table", "show_causes", "show_numbers", "show_positions", "show_intervals"), "/queues"),
    (agents, ("show_kpis", "show_table", "show_comparison", "show_reasons"), "/agents"),
    (agent, ("show_head", "show_kpis", "show_calls", "show_reasons"), "/agents/Nadie")]
DRAWINGS = [
    (queues, ("show_levels", "show_volume", "show_waits", "show_lost", "show_waiting"), "/queues"),
    (agents, ("show_gantt", "show_hours", "show_pauses"), "/agents"),
    (agent, ("show_gantt", "show_trend", "show_hours"), "/agents/Nadie")]


@pytest.mark.parametrize("lang", ["es", "en"])
def test_a_period_without_calls_breaks_nothing_and_invents_nothing(view, lang):
    empty = "start_date=2025-01-01&end_date=2025-01-02"
    for module, names, path in ANSWERS:
        for name in names:
            said = str(ask(getattr(module, name), view, empty, lang, path)).lower()
            assert not re.search(r"\bnan\b|\bnone %", said.replace("none)", "")), name
    for module, names, path in DRAWINGS:
        for name in names:
            found = ask(getattr(module, name), view, empty, lang, path, theme="light")
            assert found["figure"]["data"] == [], name
            assert found["note"] is not None
    nobody = place(empty, "/agents/Nadie")
    for kind in ("sessions", "pauses"):
        assert words(agent.show_spans(lambda: view, lambda: Boss(language=lang), kind, nobody, 1))
