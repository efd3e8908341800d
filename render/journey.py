"""One call as a picture and as sentences: when it waited, rang and was talked to, and every line of the log."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from i18n import NOTHING, clock, duration, text
from render import call_rows, events
from render.call_rows import missing, outcome, plain, seconds, words
from render.outside import Outside, outside

_MARKS = {  # drawing and colour role by event
    "ENTERQUEUE": ("telephone-inbound", "wait"), "CONNECT": ("check-circle-fill", "answered"),
    "COMPLETEAGENT": ("telephone", "other"), "COMPLETECALLER": ("telephone", "other"),
    "ABANDON": ("telephone-x", "abandoned"), "EXITWITHTIMEOUT": ("hourglass-split", "timeout"),
    "EXITEMPTY": ("inbox", "exit_empty"), "EXITWITHKEY": ("grid-3x3-gap", "exit_key"),
    "RINGNOANSWER": ("telephone-minus", "exit_key"), "RINGCANCELED": ("telephone-minus", "exit_key"),
    "BLINDTRANSFER": ("arrow-right", "level"), "ATTENDEDTRANSFER": ("arrow-right", "level"),
    "TRANSFER": ("arrow-right", "level"), "DID": ("123", "other"),
}


@dataclass(frozen=True)
class Bar:
    """A stretch of a lane: `left` and `width` in percent, colour role, what it is."""

    left: float
    width: float
    role: str
    hint: str


@dataclass(frozen=True)
class Lane:
    """One leg: queue, how it ended, its bars."""

    name: str
    agent: str
    outcome: str
    role: str
    facts: str
    short: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Step:
    """One line of the log in words, and as it stands there."""

    time: str
    since: str
    icon: str
    role: str
    label: str
    sentence: str
    line: str


@dataclass(frozen=True)
class Story:
    """A call ready to be shown."""

    callid: str
    title: str
    number: str
    name: str
    outcome: str
    role: str
    short: str
    facts: tuple[tuple[str, str], ...]
    ticks: tuple[tuple[float, str], ...]
    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]
    callids: tuple[str, ...]
    whole: bool
    outside: Outside | None = None


def story(lang: str, found: Any, queues: Mapping[str, str], moment: Any, now: dt.datetime, record: Any = None,
          did: Callable[[str], str] = str, limit: int = 0) -> Story:
    """The story of a data.call_events.Journey. `queues` are names by queue, `moment(epoch)` a time of the site, `now`
    ends what goes on, `record` is what the call records say (data.cdr.CallRecord), `did` how a dialled number is
    shown, `limit` the longest wait of a short abandon."""
    call = found.call.to_dict("records")[0]
    legs = found.legs.to_dict("records")
    said, role = outcome(lang, call["outcome"])
    start = min(leg["enter"] for leg in legs)
    end = max([now if missing(leg["call_end"]) else leg["call_end"] for leg in legs])
    span = max((end - start).total_seconds(), 1.0)
    agents, visited = ", ".join(map(words, call["agent_names"])), " → ".join(map(words, call["queue_names"]))
    dialled = call["did"] if not missing(call["did"]) else record.did if record else None
    dialled = did(dialled) if dialled else dialled
    facts = (
        (text(lang, "Entered"), call_rows.when(lang, start)), (text(lang, "DID"), words(dialled)),
        (text(lang, "Queues"), visited or NOTHING), (text(lang, "Agents"), agents or NOTHING),
        (text(lang, "Wait"), seconds(call["wait"])), (text(lang, "Talk"), seconds(call["talk"])))
    return Story(
        found.callid, call_rows.title(lang, start, visited, agents), words(call["caller"]),
        "" if missing(call["caller_name"]) else plain(call["caller_name"]), said, role,
        call_rows.short(lang, call["outcome"], call["wait"], limit), facts,
        ticks(span),
        tuple(_lane(lang, leg, found.attempts, start, span, now, limit) for leg in legs),
        tuple(_step(lang, one, queues, moment(one.ts), start) for one in found.events), tuple(found.callids),
        found.whole, outside(lang, record, dialled or "", int(start.timestamp()), moment) if record else None)


def ticks(span: float) -> tuple[tuple[float, str], ...]:
    """Marks under so many seconds: place (0-100) and words, up to five of them, at full seconds, each once."""
    places = sorted({int(span * part + 0.5) for part in (0, 0.25, 0.5, 0.75)} | {int(span)})
    return tuple((100 * second / span, duration(second)) for second in places if second <= span)


def _lane(lang: str, leg: Mapping[str, Any], attempts: Any, start: dt.datetime, span: float,
          now: dt.datetime, limit: int) -> Lane:
    def bar(since: Any, until: Any, kind: str, hint: str) -> Bar:
        left, right = (min(max((at - start).total_seconds() / span * 100, 0.0), 100.0) for at in (since, until))
        return Bar(round(left, 3), round(max(right - left, 0.0), 3), kind, hint)

    said, role = outcome(lang, leg["outcome"])
    end = now if missing(leg["call_end"]) else leg["call_end"]
    answered = not missing(leg["connect"])
    queue = words(leg["queue_name"])
    bars = [bar(leg["enter"], leg["connect"] if answered else end, "waiting", text(
        lang, "Waiting in {queue}: {time}", queue=queue, time=seconds(leg["wait"])))]
    for one in attempts.to_dict("records"):
        until = one["ts"]
        mine = one["callid"] in (leg["callid"], leg["callid_enter"]) and one["queue"] == leg["queue"]
        if mine and leg["enter"] <= until <= end:
            rang = 0.0 if missing(one["ring"]) else float(one["ring"])
            bars.append(bar(until - dt.timedelta(seconds=rang), until, "ringing", text(
                lang, "{agent} was rung: {time}", agent=words(one["agent_name"]), time=seconds(one["ring"]))))
    if answered:
        bars.append(bar(leg["connect"], end, "talking", text(
            lang, "Talking with {agent}: {time}", agent=words(leg["agent_name"]), time=seconds(leg["talk"]))))
    facts = [text(lang, "wait {time}", time=seconds(leg["wait"]))]
    if answered:
        facts.append(text(lang, "talk {time}", time=seconds(leg["talk"])))
    if leg["transfer"]:
        facts.append(text(lang, call_rows.KINDS[leg["transfer_kind"]])
                     + ("" if missing(leg["transfer_to"]) else f" → {words(leg['transfer_to'])}"))
    return Lane(queue, "" if missing(leg["agent_name"]) else words(leg["agent_name"]), said, role, " · ".join(facts),
                call_rows.short(lang, leg["outcome"], leg["wait"], limit), tuple(bars))


def _step(lang: str, one: Any, queues: Mapping[str, str], at: dt.datetime, start: dt.datetime) -> Step:
    icon, role = _MARKS.get(one.event, ("circle-fill", "other"))
    since = (at - start).total_seconds()
    return Step(clock(lang, at), f"+{duration(since)}" if since >= 0 else duration(since), icon, role,
                events.label(lang, one.event),
                plain(events.sentence(lang, one.event, one.data, queues.get(one.queue, one.queue), one.agent)),
                one.line)
