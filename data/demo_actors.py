"""What moves in the demonstration centre: queues with callers and members, calls, agents, and the clock of all."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any

from data.demo_people import AgentProfile, QueueProfile


class Clock:
    """A heap of (time, number, function, arguments), and the lines that the functions write, in order of time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = self._sequence = 0
        self._lines: list[tuple[int, str]] = []

    def at(self, when: float, do: Callable[..., None], *arguments: Any) -> None:
        """Call `do(*arguments)` at epoch `when`."""
        self._number += 1
        heappush(self._heap, (when, self._number, do, arguments))

    def next_due(self) -> float:
        """Epoch of the next event, whether or not it will write a line."""
        return self._heap[0][0]

    def lines(self, until: float) -> Iterator[tuple[int, str]]:
        """(epoch, line without its end) of everything up to `until`, in order of time. Consume it to the end."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, do, arguments = heappop(heap)
            do(*arguments)
            if self._lines:
                yield from self._lines
                self._lines.clear()

    def log(self, callid: str, queue: str, agent: str, data: str) -> None:
        """One line of the queue_log; `data` begins with the event and its pipe."""
        epoch = int(self.now)
        self._lines.append((epoch, f"{epoch}|{callid}|{queue}|{agent}|{data}"))

    def channel(self, birth: float, legs: int = 1) -> str:
        """A new uniqueid; the channels of one dial are numbered one after another."""
        self._sequence += legs
        return f"{int(birth)}.{self._sequence}"


class Queue:
    """A queue at work: callers in order, members in order of their login."""

    __slots__ = ("members", "number", "profile", "waiting")

    def __init__(self, profile: QueueProfile):
        self.profile, self.number = profile, profile.number
        self.waiting: list[Call] = []
        self.members: list[Agent] = []


class Agent:
    """A person at work. `turn` changes with everything he does, so that an older plan for him is known to be stale."""

    __slots__ = ("away", "call", "expected", "free", "last_call", "leaving", "name", "on", "pause_number", "paused",
                 "profile", "queues", "rested", "ringing", "turn", "until", "wish")

    def __init__(self, profile: AgentProfile, queues: list[Queue]):
        self.profile, self.name, self.queues = profile, profile.name, queues
        self.on = self.free = self.paused = self.leaving = self.expected = False
        self.call: Call | None = None
        self.ringing: Call | None = None
        self.wish: tuple[str, float] | None = None      # a pause put off until the call is over
        self.turn = self.pause_number = 0
        self.away = self.last_call = self.rested = self.until = 0.0

    @property
    def busy(self) -> bool:
        return self.call is not None or self.ringing is not None

    def inherit(self, queues: set[str], paused: bool) -> None:
        """He was a member when an earlier run stopped, and Asterisk remembers it without a line."""
        self.on, self.paused = True, paused
        for queue in self.queues:
            if queue.number in queues:
                queue.members.append(self)

    def off(self) -> None:
        self.on = self.free = self.leaving = self.paused = False
        self.wish = None
        self.turn += 1


class Try:
    """One ring of one agent's phone; `seconds` runs to the end of the talk when it was answered."""

    __slots__ = ("agent", "answered", "channel", "queue", "seconds", "start")

    def __init__(self, queue: str, agent: AgentProfile, start: float, seconds: float, channel: str, answered: bool):
        self.queue, self.agent, self.start, self.seconds = queue, agent, start, seconds
        self.channel, self.answered = channel, answered


class Call:
    """A caller with his uniqueid. `stay` counts his changes, so that the end planned for an earlier one is stale."""

    __slots__ = ("agent_channel", "attempt", "birth", "by", "caller", "connected", "did", "entered", "first", "hold",
                 "id", "last_queue", "overflows", "parent", "position", "queue", "rang", "retry", "ringing", "served",
                 "stay", "tries", "left")

    def __init__(self, uniqueid: str, birth: float, caller: str, did: str, attempt: int):
        self.id, self.birth, self.caller, self.did, self.attempt = uniqueid, birth, caller, did, attempt
        self.queue: Queue | None = None         # where he waits now
        self.ringing: Agent | None = None
        self.parent: Call | None = None         # the call that stays open behind this one
        self.tries: list[Try] = []
        self.first: tuple[str, int, AgentProfile] | None = None     # queue, entered and agent of the first answer
        self.stay = self.overflows = self.position = self.entered = self.connected = self.hold = 0
        self.rang = self.retry = self.left = 0.0
        self.agent_channel = self.served = self.by = self.last_queue = ""

    def join(self, queue: Queue, now: float, position: int) -> None:
        self.queue, self.entered, self.position, self.retry = queue, int(now), position, now
        self.last_queue = queue.number
        self.stay += 1

    def leave(self, now: float) -> None:
        self.queue, self.left = None, now
        self.stay += 1

    def answered(self, agent: Agent, now: float) -> None:
        self.served, self.by = self.last_queue, agent.name
        self.connected = int(now)
        self.hold = self.connected - self.entered
        self.ringing = None
        self.tries.append(Try(self.served, agent.profile, self.rang, 0, self.agent_channel, True))
        if self.first is None:
            self.first = (self.served, self.entered, agent.profile)
        self.leave(now)

    def talked(self, now: float) -> None:
        self.tries[-1].seconds = now - self.tries[-1].start
        self.left = now
