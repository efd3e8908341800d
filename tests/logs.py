"""Random queue_log lines for property tests: plausible grammar, implausible order."""

from hypothesis import strategies as st

QUEUES = ("600", "601", "Ventas", "ventas")
AGENTS = ("SIP/101", "Ana Gómez", "Local/102@from-queue/n", "Núñez, Raúl")
CALLS = tuple(f"1700000000.{n}" for n in range(6))
START = 1_700_000_000

_gap = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 5, 9, 30, 61, 400, 700, 3000, 8000))
_number = st.sampled_from(("", "0", "1", "3", "10", "30", "x", "99999999999999"))
_call = st.sampled_from(CALLS)
_queue = st.sampled_from(QUEUES)
_agent = st.sampled_from(AGENTS)


def _line(event, *fields, agent=True, callid=_call, queue=_queue):
    return st.tuples(callid, queue, _agent if agent else st.just("NONE"), st.just(event), *fields)


_any = st.one_of(
    _line("DID", st.sampled_from(("", "6017000000")), agent=False),
    _line("ENTERQUEUE", st.just(""), st.sampled_from(("3001234567", "205", "anonymous", "300|9")), st.just("1"),
          agent=False),
    _line("ENTERQUEUE", st.just(""), st.just("3001234567"), st.just("1"), agent=False),
    _line("CONNECT", _number, st.just("1.2"), _number),
    _line("CONNECT", _number, st.just("1.2"), _number),
    _line("COMPLETEAGENT", _number, _number, st.just("1")),
    _line("COMPLETECALLER", _number, _number, st.just("1")),
    _line("BLINDTRANSFER", st.just("110"), st.just("from-internal"), _number, _number, st.just("1")),
    _line("ATTENDEDTRANSFER", st.sampled_from(("BRIDGE", "APP")), st.just("Queue"), _number, _number, st.just("1")),
    _line("TRANSFER", st.just("110")),
    _line("ABANDON", st.just("1"), st.just("1"), _number, agent=False),
    _line("ABANDON", st.just("1"), st.just("1"), _number),
    _line("EXITEMPTY", st.just("1"), st.just("1"), _number, agent=False),
    _line("EXITWITHTIMEOUT", st.just("1"), st.just("1"), _number, agent=False),
    _line("EXITWITHKEY", st.just("9"), st.just("1"), st.just("1"), _number, agent=False),
    _line("RINGNOANSWER", _number),
    _line("SYSCOMPAT"),
    _line("QUEUESTART", callid=st.just("NONE"), queue=st.just("NONE"), agent=False),
    _line("ADDMEMBER", st.sampled_from(("", "PAUSED")), callid=st.just("NONE")),
    _line("REMOVEMEMBER", st.just(""), callid=st.just("NONE")),
    _line("PAUSE", st.sampled_from(("Break", "", "Almuerzo|x")), callid=st.just("NONE")),
    _line("UNPAUSE", st.just(""), callid=st.just("NONE")),
    _line("PAUSEALL", st.just("Break"), callid=st.just("NONE"), queue=st.just("NONE")),
    _line("UNPAUSEALL", st.just(""), callid=st.just("NONE"), queue=st.just("NONE")),
    _line("AGENTLOGIN", st.just("SIP/101-00000001"), queue=st.just("NONE")),
    _line("AGENTLOGOFF", st.just("SIP/101-00000001"), _number, queue=st.just("NONE")),
)


@st.composite
def logs(draw, size=40, late=2):
    """Bytes of a log: time goes on by the gaps, single lines may be up to `late` seconds old."""
    now, lines = START, []
    for gap, fields, back in draw(st.lists(st.tuples(_gap, _any, st.integers(0, late)), max_size=size)):
        now += gap
        lines.append("|".join((str(now - back), *fields)))
    return ("\n".join(lines) + "\n").encode() if lines else b""


@st.composite
def orderly(draw, size=12):
    """A log of ordinary calls only, interleaved."""
    lines = []
    for n in range(draw(st.integers(0, size))):
        enter = START + draw(st.integers(0, 300))
        wait, talk = draw(st.integers(0, 40)), draw(st.integers(0, 200))
        queue, agent, callid = draw(_queue), draw(_agent), f"{enter}.{n}"
        lines.append((enter, n, 0, f"{callid}|{queue}|NONE|ENTERQUEUE||3001234567|1"))
        shape = draw(st.sampled_from(("served", "handed", "left")))
        if shape == "left":
            lines.append((enter + wait, n, 1, f"{callid}|{queue}|NONE|ABANDON|1|1|{wait}"))
            continue
        lines.append((enter + wait, n, 1, f"{callid}|{queue}|{agent}|CONNECT|{wait}|1.2|{min(wait, 5)}"))
        if shape == "handed":
            lines.append((enter + wait + talk // 2, n, 2, f"{callid}|{queue}|{agent}|TRANSFER|205"))
        lines.append((enter + wait + talk, n, 3, f"{callid}|{queue}|{agent}|COMPLETECALLER|{wait}|{talk}|1"))
    return "".join(f"{ts}|{text}\n" for ts, _, _, text in sorted(lines)).encode()
