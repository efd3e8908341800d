"""What an event means to a call, and the options an installation may turn (contract 5.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

# Kinds of line, as the state machine of a call sees them (queue_log.md 2).
OTHER, ENTER, CONNECT, MARKER, EXIT, TERMINAL, TECHNICAL, DID, ATTEMPT, REFUSED, START, OUTCALL, AGENT = range(13)

KINDS: dict[str, int] = {
    "ENTERQUEUE": ENTER, "CONNECT": CONNECT, "DID": DID, "SYSCOMPAT": TECHNICAL, "QUEUESTART": START,
    "ABANDON": EXIT, "EXITWITHTIMEOUT": EXIT, "EXITEMPTY": EXIT, "LEAVEEMPTY": EXIT, "EXITWITHKEY": EXIT,
    "WITHDRAW": EXIT,
    "COMPLETEAGENT": TERMINAL, "COMPLETECALLER": TERMINAL, "BLINDTRANSFER": TERMINAL, "ATTENDEDTRANSFER": TERMINAL,
    "TRANSFER": TERMINAL,
    "RINGNOANSWER": ATTEMPT, "RINGCANCELED": ATTEMPT, "AGENTDUMP": ATTEMPT,
    "JOINEMPTY": REFUSED, "FULL": REFUSED, "CLOSED": REFUSED, "DIVERT_CA_RATIO": REFUSED, "DIVERT_HOLDTIME": REFUSED,
    "OUTCALL": OUTCALL,
    "ADDMEMBER": AGENT, "REMOVEMEMBER": AGENT, "PAUSE": AGENT, "UNPAUSE": AGENT, "PAUSEALL": AGENT,
    "UNPAUSEALL": AGENT, "AGENTLOGIN": AGENT, "AGENTLOGOFF": AGENT, "AGENTCALLBACKLOGIN": AGENT,
    "AGENTCALLBACKLOGOFF": AGENT,
    "CONFIGRELOAD": OTHER, "PENALTY": OTHER, "RINGINUSE": OTHER, "WRAPUPSTART": OTHER, "INFO": OTHER,
}
NAMES = tuple(KINDS)
CODE = {name: code for code, name in enumerate(NAMES)}
UNKNOWN = len(NAMES)  # an event nobody declared: kept raw, counted, out of every statistic (P6)

OUTCOME_OF_EXIT = {"ABANDON": "abandoned", "EXITWITHTIMEOUT": "timeout", "EXITEMPTY": "exit_empty",
                   "LEAVEEMPTY": "exit_empty", "EXITWITHKEY": "exit_key", "WITHDRAW": "withdrawn"}
WAIT_FIELD = {"ABANDON": 2, "EXITWITHTIMEOUT": 2, "EXITEMPTY": 2, "LEAVEEMPTY": 2, "EXITWITHKEY": 3, "WITHDRAW": 2}
POSITION_FIELD = {"ABANDON": 0, "EXITWITHTIMEOUT": 0, "EXITEMPTY": 0, "LEAVEEMPTY": 0, "EXITWITHKEY": 1, "WITHDRAW": 0}
TALK_FIELD = {"COMPLETEAGENT": 1, "COMPLETECALLER": 1, "BLINDTRANSFER": 3, "TRANSFER": 3, "ATTENDEDTRANSFER": -2}
HOLD_FIELD = {"COMPLETEAGENT": 0, "COMPLETECALLER": 0, "BLINDTRANSFER": 2, "TRANSFER": 2, "ATTENDEDTRANSFER": -3}
NATIVE_TRANSFER_FIELDS = 4  # TRANSFER with fewer is IssabelPBX's marker (L5)
ATTEMPT_KIND = {"RINGNOANSWER": "rna", "RINGCANCELED": "canceled", "AGENTDUMP": "dump"}

NO_CALL = frozenset({"NONE", "REALTIME", "MANAGER", "CLI", ""})  # L15
NOBODY = frozenset({"NONE", ""})
LONGEST = 31_536_000  # a duration field beyond a year is damage; the clock difference is used instead

# How far apart lines of one call may be (seconds).
RELINK = 2  # L3, L4: masquerades change the logged callid, the arithmetic must fit within this
GRACE = 5  # L1, L4: asynchronous writers
REOPEN = 60  # L3: CONNECT after EXITEMPTY
CONTINUED = 10  # L8b
SETTLE = 600  # a closed call that stays silent this long is over; what comes later is another stay
SLACK = 120  # lines may arrive this late and still be put in their place
LOOK = 7200  # an open leg whose own next line comes within this does not need a foreign end


class BadOptions(ValueError):
    """An option of the analysis that is unknown or has a value of the wrong kind."""


@dataclass(frozen=True)
class Options:
    """Options of the analysis, names and defaults as contract 5.3."""

    sl_threshold: int = 20
    short_abandon: int = 5
    max_wait_open: int = 7200
    max_talk_open: int = 14400
    internal_re: str = r"^[1-9]\d{1,4}$"
    extensions: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    persistent_members: bool = True
    cut_talk_at_marker: bool = True
    max_session: int | None = None
    rna_noise_ms: int = 1000
    recall_window: int = 86400
    dedupe: bool = False

    @classmethod
    def read(cls, given: Any) -> "Options":
        """Options of a JSON object; BadOptions names the one that is wrong."""
        if not isinstance(given, dict):
            raise BadOptions("options must be a JSON object")
        kinds: dict[str, type] = {"internal_re": str, "aliases": dict, "extensions": list, "persistent_members": bool,
                 "cut_talk_at_marker": bool, "dedupe": bool}
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {}
        value: Any
        for name, value in given.items():
            if name not in known:
                raise BadOptions(f"{name}: not an option")
            kind: Any = kinds.get(name, int)
            if value is None and name == "max_session":
                continue
            if not isinstance(value, kind) or (kind is int and (isinstance(value, bool) or value < 0)):
                raise BadOptions(f"{name}: must be {'a whole number' if kind is int else kind.__name__}")
            if name == "internal_re":
                try:
                    re.compile(value)
                except re.error as error:
                    raise BadOptions(f"{name}: {error}") from None
            if name == "extensions":
                value = tuple(str(v) for v in value)
            if name == "aliases":
                value = {str(k): str(v) for k, v in value.items()}
            values[name] = value
        return cls(**values)
