"""The list of calls over a year of 3,000 calls a day (1.1 million legs), as legs and as calls: first rows, every order,
every filter, any place. Nothing is remembered from before but what a place scrolled to was ordered for."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

from data import calls, journeys
from data.call_filters import CallFilters
from data.store import Store

FILTERS: dict[str, dict[str, Any]] = {
    "number": {"q": "300123"}, "agent": {"q": "gómez"}, "callid": {"q": "1795."}, "queue": {"queues": ("601",)},
    "caller": {"caller": "3001234567"}, "did": {"dids": ("6015550601",)}, "outcome": {"outcomes": ("abandoned",)},
    "wait": {"waits": (30, None)}, "talk": {"talks": (60, 300)}, "transferred": {"transferred": True},
    "short": {"short": True}, "within_sl": {"within_sl": True}, "to_call_back": {"lost": True, "recovered": False},
    "ended_by": {"ended_by": ("agent",)}, "missed_by": {"missed_by": ("*",)}, "weekday": {"weekdays": (0,)},
    "hours": {"clock": (540, 600)}, "position": {"positions": (1, 1)}}
UNITS = {"legs": calls, "calls": journeys}


def figures(store: Store, until: dt.date) -> Iterator[tuple[str, float, str, str]]:
    """Name, value, unit and what it is about."""
    def over(**more: Any) -> CallFilters:
        return CallFilters(until - dt.timedelta(days=364), until, origin="all", **more)

    def timed(ask: Callable[[], Any]) -> float:
        began = time.perf_counter()
        ask()
        return 1000 * (time.perf_counter() - began)

    def anew(ask: Callable[[], Any]) -> float:
        store._show()  # as after every new line
        return timed(ask)

    year = over()
    counted = journeys.count(store.view(), year)
    assert counted["legs"] == store.view().totals(year.common)["offered"]
    for unit, module in UNITS.items():
        def page(filters: CallFilters, order: calls.Sort = calls.NEWEST, start: int = 0, module: Any = module) -> None:
            module.page(store.view(), filters, order, start, start + 100)

        page(year)
        first = sorted(anew(lambda: page(year)) for _ in range(5))[2]
        yield f"year_first_rows_{unit}", first, "ms", f"{counted[unit]} {unit}"
        orders = {name: anew(lambda name=name: page(year, ((name, True),))) for name in module.SORTS}
        slowest = max(orders, key=lambda name: orders[name])
        yield f"year_any_order_{unit}", orders[slowest], "ms", f"the slowest of {len(orders)}: {slowest}"
        narrowed = {name: anew(lambda more=more: page(over(**more))) for name, more in FILTERS.items()}
        slowest = max(narrowed, key=lambda name: narrowed[name])
        yield f"year_any_filter_{unit}", narrowed[slowest], "ms", f"the slowest of {len(narrowed)}: {slowest}"
        page(year, (("wait", True),))
        places = [counted[unit] * part // 20 for part in range(1, 20)]
        jumps = [timed(lambda at=at: page(year, (("wait", True),), at)) for at in places]
        yield f"year_any_place_{unit}", max(jumps), "ms", f"the slowest of {len(jumps)} jumps"
