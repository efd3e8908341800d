"""What Asterisk says of its queues over AMI: members, callers, and how its messages change them (issabel.md 4).

`Floor` is kept by the one process that is connected; `Said` is the picture of one moment that every process reads.
Names and fields differ between Asterisk 11 and 22; what a version does not say is left empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

# Device states of AMI (QueueMember's Status).
RINGING, BUSY, GONE = (6, 7), (2, 3, 8), (4, 5)
STUB = "default"  # a queue that Asterisk brings along; hidden as long as nobody is in it
Message = Mapping[str, str]


@dataclass(frozen=True)
class Member:
    """Somebody who answers calls of `queue`. `state` is ringing, busy, available or offline, `since` the moment in
    which it was first seen; `reason` of the pause is "" where there is none."""

    queue: str
    name: str
    interface: str
    state: str = "available"
    paused: bool = False
    reason: str = ""
    since: int = 0


@dataclass(frozen=True)
class Entry:
    """A caller in `queue`, waiting since `since`."""

    queue: str
    callid: str
    position: int
    number: str
    since: int


@dataclass(frozen=True)
class Said:
    """One moment: `at` is when the newest word came, `asked` when Asterisk last answered for everything."""

    at: float
    asked: float
    members: tuple[Member, ...] = ()
    entries: tuple[Entry, ...] = ()

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, found: Mapping[str, Any]) -> "Said":
        return cls(found["at"], found["asked"], tuple(Member(**m) for m in found["members"]),
                   tuple(Entry(**e) for e in found["entries"]))


@dataclass
class Floor:
    """Members by (queue, interface) and callers by (queue, callid), kept up by messages."""

    members: dict[tuple[str, str], Member] = field(default_factory=dict)
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)

    def said(self, at: float, asked: float) -> Said:
        """The picture of this moment, callers in their order."""
        used = {queue for queue, _ in self.entries}
        return Said(at, asked, tuple(m for m in self.members.values() if m.queue != STUB or m.queue in used),
                    tuple(sorted(self.entries.values(), key=lambda e: (e.queue, e.position))))

    def answer(self, messages: Iterable[Message], now: float) -> None:
        """Takes the whole answer of QueueStatus in the place of what was known."""
        members, self.members, self.entries = self.members, {}, {}
        for message in messages:
            event = _get(message, "Event")
            if event == "QueueMember":
                self._member(message, now, members)
            elif event == "QueueEntry":
                self._enter(message, now, int(_number(message, "Wait")), alone=False)

    def apply(self, message: Message, now: float) -> bool:
        """Takes one event; False when it changes nothing here."""
        event = _get(message, "Event")
        if event in ("QueueMemberStatus", "QueueMemberAdded", "QueueMemberPaused", "QueueMemberPause"):
            return self._member(message, now, self.members)
        if event == "QueueMemberRemoved":
            return self.members.pop((_get(message, "Queue"), _interface(message)), None) is not None
        if event in ("QueueCallerJoin", "Join"):
            return self._enter(message, now, 0)
        if event in ("QueueCallerLeave", "Leave", "QueueCallerAbandon"):
            return self._leave(_get(message, "Queue"), _get(message, "Uniqueid"))
        if event == "Hangup":  # a channel that died takes its place in the queue along
            place = next((key for key in self.entries if key[1] == _get(message, "Uniqueid")), None)
            return place is not None and self._leave(*place)
        return False

    def _member(self, message: Message, now: float, before: dict[tuple[str, str], Member]) -> bool:
        key = (_get(message, "Queue"), _interface(message))
        if not all(key):
            return False
        old = before.get(key)
        name = _get(message, "Name") or _get(message, "MemberName") or (old.name if old else key[1])
        made = Member(key[0], name, key[1])
        if old:
            made = replace(old, name=name)
        if _get(message, "Status"):
            state = _state(int(_number(message, "Status")), _get(message, "InCall") == "1")
            since = old.since if old and old.state == state else _since(message, state, now)
            made = replace(made, state=state, since=since)
        elif not old:
            made = replace(made, since=int(now))
        if _get(message, "Paused"):
            paused = _get(message, "Paused") == "1"
            told = _get(message, "PausedReason") or _get(message, "Reason")
            if not told and old and old.paused:  # Asterisk forgets the reason when it is asked later
                told = old.reason
            made = replace(made, paused=paused, reason=told if paused else "")
        self.members[key] = made
        return made != old

    def _enter(self, message: Message, now: float, waited: int, alone: bool = True) -> bool:
        key = (_get(message, "Queue"), _get(message, "Uniqueid"))
        if not all(key):
            return False
        number = _get(message, "CallerIDNum")
        known = self.entries.get(key)
        since = known.since if known else int(now) - waited
        entry = Entry(*key, max(int(_number(message, "Position")), 1), "" if number == "<unknown>" else number, since)
        if known is None and alone:  # who comes in before others moves them back
            for other, later in list(self.entries.items()):
                if other[0] == key[0] and later.position >= entry.position:
                    self.entries[other] = replace(later, position=later.position + 1)
        self.entries[key] = entry
        return entry != known

    def _leave(self, queue: str, callid: str) -> bool:
        gone = self.entries.pop((queue, callid), None)
        if gone is None:
            return False
        for key, known in list(self.entries.items()):
            if key[0] == queue and known.position > gone.position:
                self.entries[key] = replace(known, position=known.position - 1)
        return True


def _get(message: Message, name: str) -> str:
    value = message.get(name) or ""
    return value[-1] if isinstance(value, list) else value


def _number(message: Message, name: str) -> float:
    try:
        return float(_get(message, name) or 0)
    except ValueError:
        return 0


def _interface(message: Message) -> str:
    return _get(message, "Location") or _get(message, "Interface")


def _state(status: int, in_call: bool) -> str:
    """A device of which nothing is known is called by Asterisk like a free one."""
    if status in RINGING:
        return "ringing"
    if status in BUSY or in_call:
        return "busy"
    return "offline" if status in GONE else "available"


def _since(message: Message, state: str, now: float) -> int:
    """Since when, as far as Asterisk tells: a free member since the end of the last call or pause."""
    told = max(int(_number(message, name)) for name in ("LastCall", "LastPause", "LoginTime"))
    return min(told, int(now)) if state == "available" and told else int(now)
