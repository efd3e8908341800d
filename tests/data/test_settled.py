"""What the history answered once and what was added since give the very numbers of a store that reads everything anew,
version after version."""

import dataclasses
import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest

from data import agent_comparison, agent_questions, agent_time, queue_questions
from data.filters import Filters
from data.person_spans import Layers
from data.rules import Options
from data.site import Site
from data.store import Store
from data.view import View

ZONE = ZoneInfo("America/Santiago")
DAY = dt.date(2026, 4, 3)  # the clock is changed in the night to the 5th
QUEUES, AGENTS = ("600", "601", "602"), ("Ana", "Luis", "Eva", "SIP/101", "Sol")


def made(seed: int) -> list[tuple[int, str]]:
    """Three days of sessions, pauses and calls that overlap; some last for hours, some beyond midnight."""
    chance = random.Random(seed)
    start = int(dt.datetime.combine(DAY, dt.time(20), ZONE).timestamp())
    lines = []
    for agent in AGENTS[:4]:  # the last one is a static member
        for _ in range(chance.randrange(1, 6)):
            since, queue = start + chance.randrange(150_000), chance.choice(QUEUES)
            lines += [(since, f"NONE|{queue}|{agent}|ADDMEMBER|"),
                      (since + chance.randrange(40_000), f"NONE|{queue}|{agent}|REMOVEMEMBER|")]
        for _ in range(chance.randrange(6)):
            since, queue = start + chance.randrange(150_000), chance.choice(QUEUES)
            lines += [(since, f"NONE|{queue}|{agent}|PAUSE|Break"),
                      (since + chance.randrange(5000), f"NONE|{queue}|{agent}|UNPAUSE|")]
    for n in range(160):
        enter, wait, talk = start + chance.randrange(150_000), chance.randrange(60), chance.randrange(3000)
        talk = chance.choice((talk, talk, talk, 30_000, 0))
        queue, agent, call = chance.choice(QUEUES), chance.choice(AGENTS), f"{enter}.{n}"
        lines += [(enter, f"{call}|{queue}|NONE|DID|601700000{n % 3}")] * (n % 4 > 0)
        lines.append((enter, f"{call}|{queue}|NONE|ENTERQUEUE||300{n:07}|1"))
        if n % 7 == 0:
            way = chance.choice(("ABANDON", "EXITWITHTIMEOUT"))
            lines.append((enter + wait, f"{call}|{queue}|NONE|{way}|1|1|{wait}"))
            continue
        lines += [(enter + wait, f"{call}|{queue}|{agent}|CONNECT|{wait}|{call}9|{min(wait, 3)}")]
        if chance.random() < 0.95:  # the others go on
            end = chance.choice(("COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER|601|from"))
            lines.append((enter + wait + talk, f"{call}|{queue}|{agent}|{end}|{wait}|{talk}|1"))
    return sorted(lines)


def answers(view: View, filters: Filters) -> dict[str, object]:
    frames = {
        "agents": agent_questions.by_agent(view, filters), "days": agent_questions.by_day(view, filters),
        "hours": agent_questions.by_hour(view, filters), "intervals": agent_questions.by_interval(view, filters),
        "comparison": agent_comparison.compare(view, filters, 1),
        "pauses": agent_questions.pause_reasons(view, filters),
        "levels": queue_questions.service_levels(view, filters), "waits": queue_questions.waits(view, filters),
        "causes": queue_questions.causes(view, filters), "dids": queue_questions.by_did(view, filters),
        "clock": queue_questions.by_time_of_day(view, filters)}
    found: dict[str, object] = {name: frame.to_json(date_format="iso", double_precision=15)
                                for name, frame in frames.items()}
    return found | {"team": agent_questions.team(view, filters),
                    "percentiles": queue_questions.percentiles(view, filters)}


def put(store):
    """What is young becomes history, and the next snapshot shows it."""
    store._put()
    store._show()


def stores(folder, lines, wrapup):
    """A store that has put half of the lines away, one that never puts any away, and how lines come to both."""
    log = folder / "queue_log"
    moment = [0]
    site = Site(ZONE, Options(), wrapup=wrapup)

    def say(some):
        with log.open("a") as file:
            file.writelines(f"{ts}|{line}\n" for ts, line in some)
        moment[0] = some[-1][0] + 2
    half = len(lines) // 2
    say(lines[:half])
    old, new = (Store(log, folder / name, site, clock=lambda: moment[0]) for name in ("old", "new"))
    old.refresh()
    put(old)
    new.refresh()
    yield old, new
    for start in range(half, len(lines), len(lines) // 8 + 1):
        say(lines[start:start + len(lines) // 8 + 1])
        yield old, new


@pytest.mark.parametrize(("seed", "wrapup"), [(1, 0), (2, 45), (3, 600)])
def test_every_version_is_answered_as_if_it_were_the_first(tmp_path, seed, wrapup):
    days = [DAY + dt.timedelta(days=n) for n in range(3)]
    wide = Filters(days[0], days[-1], interval=30)
    asked = [wide, Filters(days[1], days[1]), dataclasses.replace(wide, queues=("601",)),
             dataclasses.replace(wide, agents=("Ana", "Sol")), dataclasses.replace(wide, origin="all")]
    layered = 0
    for old, new in stores(tmp_path, made(seed), wrapup):
        old.refresh()
        new.refresh()
        assert old.history.runs and not new.history.runs
        for queues in (None, frozenset({"600", "601"})):
            for filters in asked:
                assert answers(old.view(queues), filters) == answers(new.view(queues), filters)
        layered += isinstance(agent_time.busy(old.view(), wide), Layers)
        assert 0 < old.history.memo._held < 10**7
    assert layered > 2  # the road that is tested was gone


def test_what_is_remembered_is_forgotten_with_the_history(tmp_path):
    lines = made(5)
    rounds = stores(tmp_path, lines, 0)
    old, new = next(rounds)
    filters = Filters(DAY, DAY + dt.timedelta(days=2))
    answers(old.view(), filters)
    for old, new in rounds:
        before = old.history
        old.refresh()
        put(old)
        new.refresh()
        assert old.history is not before and not len(old.history.memo)
        assert answers(old.view(), filters) == answers(new.view(), filters)


def test_a_name_that_joins_two_texts_holds_for_what_was_remembered(tmp_path):
    lines = made(6)
    old, new = next(stores(tmp_path, lines, 0))
    filters = Filters(DAY, DAY + dt.timedelta(days=2))
    before = answers(old.view(), filters)
    assert before == answers(new.view(), filters)
    for store in (old, new):
        store.rename({"SIP/101": "Ana"})
    after = answers(old.view(), filters)
    assert after != before and after == answers(new.view(), filters)
