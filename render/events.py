"""Lines of the log in words: what each event is called, and one sentence that says what happened.

Message ids are English; the reader's words come from the catalogues. Durations stand as m:ss.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from i18n import duration, text
from render.words import mark


@dataclass(frozen=True)
class Said:
    """An event: what it is called, and its sentence with gaps that `sentence` fills."""

    label: str
    words: str


# What an event says of itself: {agent}, {queue}, {wait}, {talk}, {ring} and {position} where the line has them,
# {first} and {second} are its first two data fields, {data} all of them.
EVENTS = {
    "DID": Said(mark("Dialled number (DID)"), mark("The caller dialled {first}")),
    "ENTERQUEUE": Said(mark("Entered queue"), mark("The call entered queue {queue}")),
    "CONNECT": Said(mark("Answered by an agent"), mark("{agent} answered after a wait of {wait}")),
    "COMPLETEAGENT": Said(mark("Completed (agent hung up)"), mark("{agent} hung up after talking {talk}")),
    "COMPLETECALLER": Said(mark("Completed (caller hung up)"),
                           mark("The caller hung up after talking {talk} with {agent}")),
    "ABANDON": Said(mark("Abandoned by the caller"), mark("The caller hung up after waiting {wait}")),
    "EXITWITHTIMEOUT": Said(mark("Left: timeout"), mark("The longest wait of queue {queue} was reached: {wait}")),
    "EXITEMPTY": Said(mark("Left: queue empty"), mark("Queue {queue} had no agents left after a wait of {wait}")),
    "EXITWITHKEY": Said(mark("Left: key pressed"), mark("The caller pressed {first} after waiting {wait}")),
    "WITHDRAW": Said(mark("Withdrawn from the queue"),
                     mark("The call was taken out of queue {queue} after a wait of {wait}")),
    "JOINEMPTY": Said(mark("Refused: no agents"), mark("Queue {queue} had no agents and did not take the call")),
    "FULL": Said(mark("Refused: queue full"), mark("Queue {queue} was full and did not take the call")),
    "CLOSED": Said(mark("Refused: closed"), mark("Queue {queue} was closed and did not take the call")),
    "RINGNOANSWER": Said(mark("Agent did not answer"),
                         mark("The telephone of {agent} rang {ring} and nobody answered")),
    "RINGCANCELED": Said(mark("Ring cancelled"), mark("The caller left while the telephone of {agent} rang ({ring})")),
    "BLINDTRANSFER": Said(mark("Blind transfer"), mark("{agent} transferred the call to {first} after talking {talk}")),
    "ATTENDEDTRANSFER": Said(mark("Attended transfer"),
                             mark("{agent} handed the call over in person after talking {talk}")),
    "TRANSFER": Said(mark("Transferred"), mark("{agent} passed the call on to {first}")),
    "AGENTDUMP": Said(mark("Agent dropped caller"),
                      mark("{agent} hung up during the announcement; the caller went on waiting")),
    "SYSCOMPAT": Said(mark("Incompatible channels"),
                      mark("The telephones of the caller and of {agent} do not understand each other")),
    "ADDMEMBER": Said(mark("Joined queue"), mark("{agent} joined queue {queue}")),
    "REMOVEMEMBER": Said(mark("Left queue"), mark("{agent} left queue {queue}")),
    "AGENTLOGIN": Said(mark("Logged in"), mark("{agent} logged in")),
    "AGENTLOGOFF": Said(mark("Logged out"), mark("{agent} logged out")),
    "PAUSE": Said(mark("Paused"), mark("{agent} went on pause: {data}")),
    "PAUSEALL": Said(mark("Paused in all queues"), mark("{agent} went on pause in all queues: {data}")),
    "UNPAUSE": Said(mark("Unpaused"), mark("{agent} came back from the pause")),
    "UNPAUSEALL": Said(mark("Unpaused in all queues"), mark("{agent} came back from the pause in all queues")),
    "PAUSEREASON": Said(mark("Pause reason"), mark("{agent} gave the reason of the pause: {data}")),
    "PENALTY": Said(mark("Penalty changed"), mark("The penalty of {agent} is now {first}")),
    "RINGINUSE": Said(mark("Ring-in-use changed"), mark("Whether {agent} is rung while talking is now {first}")),
    "QUEUESTART": Said(mark("Queue system started"),
                       mark("The telephone system started again; what was open was cut off")),
    "CONFIGRELOAD": Said(mark("Configuration reloaded"), mark("The configuration was read again")),
    "INFO": Said(mark("Information (IVR)"), mark("The menu noted: {data}")),
    "OUTCALL": Said(mark("Outbound call"), mark("{agent} called out: {data}")),
}
SAME = {"LEAVEEMPTY": "EXITEMPTY", "AGENTCALLBACKLOGIN": "AGENTLOGIN", "AGENTCALLBACKLOGOFF": "AGENTLOGOFF"}
OTHER = Said(mark("Custom event"), mark("The telephone system noted {event}: {data}"))

# The same events where a line says less, more or something else than usual.
INTERNAL = mark("The call came from inside: no number was dialled")
ENTERED_AT = mark("The call entered queue {queue} in position {position}")
ANSWERED_RING = mark("{agent} answered after a wait of {wait}; the telephone rang {ring}")
ABANDONED_AT = mark("The caller hung up after waiting {wait}, in position {position}")
ABANDONED_AT_ANSWER = mark("The caller hung up when {agent} picked up, after waiting {wait}")
NOISE = mark("The telephone of {agent} was busy or could not be reached")
TRANSFERRED_TO_APP = mark("{agent} handed the call over to {second} after talking {talk}")
NOISE_MS = 1000

# Where the numbers of a line stand among its data; negative counts from the end.
_WAIT = {"CONNECT": 0, "ABANDON": 2, "EXITWITHTIMEOUT": 2, "EXITEMPTY": 2, "EXITWITHKEY": 3, "WITHDRAW": 2}
_TALK = {"COMPLETEAGENT": 1, "COMPLETECALLER": 1, "BLINDTRANSFER": 3, "TRANSFER": 3, "ATTENDEDTRANSFER": -2}


def label(lang: str, event: str) -> str:
    """What an event of the log is called; events of the center's own keep their name."""
    known = EVENTS.get(SAME.get(event, event))
    return text(lang, known.label) if known else text(lang, OTHER.label)


def sentence(lang: str, event: str, data: Sequence[str], queue: str | None, agent: str | None) -> str:
    """What happened, in one sentence. `queue` and `agent` as they are shown; `data` are the line's data fields."""
    name = SAME.get(event, event)
    gaps = {"event": event, "queue": queue or "—", "agent": agent or text(lang, "An agent"), "data": "|".join(data),
            "first": data[0] if data else "—", "second": data[1] if len(data) > 1 else "—",
            "wait": duration(_number(data, _WAIT.get(name))), "talk": duration(_number(data, _TALK.get(name)))}
    position, ring = _position(name, data), _ring(name, data)
    gaps |= {"ring": duration(ring), "position": "—" if position is None else str(position)}
    return text(lang, _words(name, data, agent, position, ring), **gaps)


def _ring(name: str, data: Sequence[str]) -> float | None:
    """Seconds that the telephone rang."""
    value = _number(data, {"CONNECT": 2, "RINGNOANSWER": 0, "RINGCANCELED": 0}.get(name))
    return value if value is None or name == "CONNECT" else value / 1000


def _position(name: str, data: Sequence[str]) -> int | None:
    """Place in the queue. Nothing is escaped: where pipes in the caller's number move it, it is the last number."""
    if name == "ABANDON":
        return _number(data, 0)
    if name != "ENTERQUEUE":
        return None
    usual = len(data) < 4 or (len(data) == 4 and _number(data, 3) is None)
    return _number(data, 2) if usual else next((n for i in (-1, -2) if (n := _number(data, i)) is not None), None)


def _words(name: str, data: Sequence[str], agent: str | None, position: int | None, ring: float | None) -> str:
    """The message id that says most of what the line says."""
    if name == "DID" and not (data and data[0]):
        return INTERNAL
    if name == "ENTERQUEUE" and position is not None:
        return ENTERED_AT
    if name == "CONNECT" and ring is not None:
        return ANSWERED_RING
    if name == "ABANDON" and agent:
        return ABANDONED_AT_ANSWER
    if name == "ABANDON" and position is not None:
        return ABANDONED_AT
    if name == "RINGNOANSWER" and ring is not None and ring * 1000 <= NOISE_MS:
        return NOISE
    if name == "ATTENDEDTRANSFER" and data and data[0] == "APP":
        return TRANSFERRED_TO_APP
    if name == "TRANSFER" and len(data) > 3:  # Asterisk 11 and older
        return EVENTS["BLINDTRANSFER"].words
    return EVENTS.get(name, OTHER).words


def _number(data: Sequence[str], place: int | None) -> int | None:
    if place is None or not -len(data) <= place < len(data):
        return None
    word = data[place].strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 9 else None
