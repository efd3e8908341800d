"""A centre of a handful of calls, every one written by hand, and the store that has read them."""

from zoneinfo import ZoneInfo

import pytest

from data.site import Site
from data.store import Store
from tests.fakes import Who

TEN = 1_795_532_400  # 24/11/2026 10:00:00 in Bogota, a Tuesday
NOW = TEN + 3600
DAY = 86_400


def answered(enter, callid, queue, agent, wait, talk, caller="3001112222", did="6017000000", end="COMPLETECALLER"):
    return [f"{enter}|{callid}|{queue}|NONE|DID|{did}", f"{enter}|{callid}|{queue}|NONE|ENTERQUEUE||{caller}|1",
            f"{enter + wait}|{callid}|{queue}|{agent}|CONNECT|{wait}|{enter}.9|3",
            f"{enter + wait + talk}|{callid}|{queue}|{agent}|{end}|{wait}|{talk}|1"]


def abandoned(enter, callid, queue, wait, caller):
    return [f"{enter}|{callid}|{queue}|NONE|ENTERQUEUE||{caller}|1",
            f"{enter + wait}|{callid}|{queue}|NONE|ABANDON|1|1|{wait}"]


# By callid: yesterday.1 a short abandon; .1 plain; .2 timed out of 600 and answered in 601; .3 abandoned; .4 handed on
# blindly; .5 from an extension; .6 is still waiting.
LINES = [
    *abandoned(TEN - DAY, f"{TEN - DAY}.1", "601", 2, "3005556666"),
    *answered(TEN, f"{TEN}.1", "600", "Ana Gómez", 5, 60),
    f"{TEN + 600}|{TEN + 600}.2|600|NONE|ENTERQUEUE||3007778888|1",
    f"{TEN + 610}|{TEN + 600}.2|600|Ana Gómez|RINGNOANSWER|8000",
    f"{TEN + 630}|{TEN + 600}.2|600|NONE|EXITWITHTIMEOUT|1|1|30",
    *answered(TEN + 630, f"{TEN + 600}.2", "601", "Luis Peña", 10, 45, "3007778888", end="COMPLETEAGENT"),
    *abandoned(TEN + 1200, f"{TEN + 1200}.3", "601", 12, "3009998888"),
    f"{TEN + 1800}|{TEN + 1800}.4|600|NONE|ENTERQUEUE||3001112222|1",
    f"{TEN + 1804}|{TEN + 1800}.4|600|Ana Gómez|CONNECT|4|{TEN}.9|4",
    f"{TEN + 1824}|{TEN + 1800}.4|600|Ana Gómez|BLINDTRANSFER|110|from-internal|4|20|1",
    *answered(TEN + 2400, f"{TEN + 2400}.5", "600", "Ana Gómez", 3, 10, "205", ""),
    f"{TEN + 3000}|{TEN + 3000}.6|600|NONE|ENTERQUEUE||3004443333|1",
]
PLAIN, TWICE, LOST, MOVED, INSIDE, WAITS = (f"{TEN + 600 * n}.{n + 1}" for n in range(6))
SWAPPED = [  # an attended transfer into a queue: the call goes on under the callid of the first one
    "1700000000|1700000000.10|500|NONE|ENTERQUEUE||3001234567|1",
    "1700000010|1700000000.10|500|PJSIP/101|CONNECT|10|1.2|4",
    "1700000040|1700000030.77|600|NONE|ENTERQUEUE||101|1",
    "1700000052|1700000000.10|500|PJSIP/101|ATTENDEDTRANSFER|APP|Queue|10|42|1",
    "1700000065|1700000000.10|600|PJSIP/201|CONNECT|25|1.3|6",
    "1700000165|1700000000.10|600|PJSIP/201|COMPLETECALLER|25|100|1",
]
EVERYTHING = {"dashboard", "calls", "recordings", "downloads", "numbers"}


def read(folder, lines, now=NOW):
    """A store that has read these lines."""
    folder.joinpath("queue_log").write_text("".join(f"{line}\n" for line in lines))
    site = Site(ZoneInfo("America/Bogota"), queue_names={"600": "Ventas", "601": "Soporte"})
    store = Store(folder / "queue_log", folder / "store", site, clock=lambda: float(now))
    store.refresh()
    return store


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    """The store over LINES; the recording of PLAIN is there, and that of TWICE."""
    store = read(tmp_path_factory.mktemp("desk"), LINES)
    store.recorded = lambda start, end: {PLAIN, TWICE}
    return store


def who(*taken, lang="es"):
    """Somebody who may do everything but this."""
    return lambda: Who(language=lang, permissions=frozenset(EVERYTHING - set(taken)))


def recorded(view, callids):
    return {PLAIN, TWICE} & set(callids)


def site(query="", path="/calls", prefix="/"):
    return {"query": query, "path": path, "default": "last_7", "prefix": prefix, "dates": []}
