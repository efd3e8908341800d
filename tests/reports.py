"""A log that is hard on reports: every outcome, two queues, names and numbers that try to be something else."""

import datetime as dt
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Bogota")
FIRST = dt.date(2026, 3, 2)  # a Monday
DAYS = 10
PLAIN = ("Ana Gómez", "Luis Pérez")
HOSTILE = ("=HYPERLINK(\"http://x\";\"y\")", "+1+1", "-2+3", "@SUM(A1)", "\tTab", "<b>Bold</b><script>1</script>",
           "\u202eevil\u202c", "שלום", "😀 Emoji", "Núñez & Cía", "x" * 500, "'quoted\"; DROP")


def _call(number: int, enter: int, queue: str, agent: str, caller: str, end: str) -> list[str]:
    callid = f"{enter}.{number}"
    wait, talk = 3 + number % 40, 20 + number * 7 % 300
    lines = [f"{enter}|{callid}|{queue}|NONE|DID|{'' if caller == '205' else f'601700{number % 3:04}'}",
             f"{enter}|{callid}|{queue}|NONE|ENTERQUEUE||{caller}|1"]
    if end in ("agent", "caller"):
        return [*lines, f"{enter + wait}|{callid}|{queue}|{agent}|CONNECT|{wait}|{callid}9|2",
                f"{enter + wait + talk}|{callid}|{queue}|{agent}|COMPLETE{end.upper()}|{wait}|{talk}|1"]
    if end == "transfer":
        return [*lines, f"{enter + wait}|{callid}|{queue}|{agent}|CONNECT|{wait}|{callid}9|2",
                f"{enter + wait + talk}|{callid}|{queue}|{agent}|BLINDTRANSFER|205|from-internal|{wait}|{talk}|1"]
    left = {"abandon": f"ABANDON|1|1|{wait}", "timeout": f"EXITWITHTIMEOUT|1|1|{wait}",
            "empty": f"EXITEMPTY|1|1|{wait}", "key": f"EXITWITHKEY|9|1|1|{wait}"}[end]
    return [*lines, f"{enter + wait}|{callid}|{queue}|NONE|{left}"]


ENDS = ("agent", "caller", "abandon", "agent", "transfer", "timeout", "caller", "abandon", "empty", "agent", "key",
        "caller", "abandon")


def lines(a_day: int = 30) -> str:
    """DAYS days of calls in the queues Ventas and Soporte, one in ten from an extension."""
    made: list[str] = []
    agents = [*PLAIN, *(name for name in HOSTILE if "|" not in name)]
    number = 0
    for day in range(DAYS):
        midnight = int(dt.datetime.combine(FIRST + dt.timedelta(days=day), dt.time(), ZONE).timestamp())
        for place in range(a_day):
            enter = midnight + 8 * 3600 + place * 1100
            caller = "205" if number % 10 == 9 else "anonymous" if number % 17 == 0 else f"+57300{number % 90:07}"
            made += _call(number, enter, "Ventas" if number % 3 else "Soporte",
                          agents[number % len(agents)].strip("\t"), caller, ENDS[number % len(ENDS)])
            number += 1
    return "\n".join(sorted(made, key=lambda line: int(line.split("|")[0]))) + "\n"


# Question after question, as a query string asks.
WHOLE = "start_date=2026-03-02&end_date=2026-03-11"
FILTERS = (
    WHOLE, f"{WHOLE}&origin=all", f"{WHOLE}&origin=internal", f"{WHOLE}&queue=Ventas",
    f"{WHOLE}&queue=Ventas&queue=Soporte", f"{WHOLE}&queue=Nobody", f"{WHOLE}&agent=Ana%20G%C3%B3mez",
    f"{WHOLE}&agent=Luis%20P%C3%A9rez&queue=Soporte", "start_date=2026-03-03&end_date=2026-03-03",
    "start_date=2026-03-03&end_date=2026-03-03&interval=15", f"{WHOLE}&interval=30&origin=all",
    "start_date=2026-01-01&end_date=2026-01-02", f"{WHOLE}&queue=ventas&origin=all",
)
