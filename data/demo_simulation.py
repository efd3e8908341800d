"""A queueing simulation that writes the queue_log of an Issabel 5 (Asterisk 18) while it runs.

One heap of (time, number, function, arguments); lines leave in the order of time. Callers wait for an agent who is
logged in, not paused, not ringing and not talking, so waits, occupancy and events agree with each other. The same
object goes on after the history is written: live traffic is the next event, not another program.
"""

import datetime as dt
import math
from random import Random
from zoneinfo import ZoneInfo

from data import demo_calendar
from data.demo_actors import Agent, Call, Queue, Try
from data.demo_crew import LIVE_CREW, Crew
from data.demo_people import RETRY_SECONDS, RING_SECONDS, agents

LIVE_GAP = (20.0, 29.0)     # seconds between calls, at most, while somebody may be watching
LIVE_TALK = 0.36            # and shorter talks, so that the crew can serve that pace
ROTATION = "CONFIGRELOAD|"  # the end of the line that is the first of a new file


class Simulation(Crew):
    """The centre in motion. `start` anchors growth; `begin` must be called once before `lines`."""

    def __init__(self, *, seed: int, calls_per_day: int, timezone: str, start: dt.date, rotation: str):
        self.people = agents(demo_calendar.population(calls_per_day), seed)
        super().__init__(self.people)
        self.seed, self.calls_per_day, self.start, self.rotation = seed, calls_per_day, start, rotation
        self.zone = ZoneInfo(timezone)
        self.ended: list[Call] = []             # calls over since the reader last emptied it
        self.busy_until: float | None = None    # a moment before which its day must have some calls
        self._open = self.callers = 0           # callers now, and since the beginning
        self._last_arrival = self._booted = 0.0

    # -- the day --------------------------------------------------------------------------------------------------

    def begin(self, when: float, members: dict[str, tuple[set[str], bool]] | None = None) -> None:
        """Open the centre at epoch `when`. `members` are the agents an earlier run left logged in: name ->
        (queues, paused); then Asterisk was restarted, and those who are not on duty now are taken out."""
        self.now, self._booted, self._last_arrival = when, when, when
        self.random = Random(f"{self.seed}/{int(when)}/service")
        today = dt.datetime.fromtimestamp(when, self.zone).date()
        yesterday = today - dt.timedelta(1)
        if members is not None:
            self.at(when, self.log, "NONE", "NONE", "NONE", "QUEUESTART|")
            for name, (queues, paused) in members.items():
                if name in self.agents:
                    self.agents[name].inherit(queues, paused)
        else:
            self.at(when, self._rotate)
        for shift in demo_calendar.shifts(yesterday, self.people, self.calls_per_day, self.start, self.seed, self.zone):
            if shift.end > when + 60:
                self._schedule(shift, when)
        self._day(today)
        for agent in self.agents.values():
            if agent.on and not agent.expected:
                self.at(when + 4 + self.random.random() * 20, self.logout, agent)
            elif agent.paused:
                self.at(when + 3 + self.random.random() * 20, self.unpause, agent, agent.pause_number)

    def _day(self, day: dt.date) -> None:
        """Put everything known beforehand about a local day on the heap, as far as it is still to come."""
        def clock(hours: float) -> float:
            return demo_calendar.epoch(day, hours * 3600, self.zone)
        calls = demo_calendar.arrivals(day, self.calls_per_day, self.start, self.seed, self.zone)
        if self.busy_until is not None and clock(0) <= self.busy_until < clock(24):
            room, random = self.busy_until - clock(0), Random(f"{self.seed}/{day}/early")
            missing = min(8 - sum(when < self.busy_until for when, _ in calls), 1 + int(room / 120))
            calls += [(clock(0) + room * random.uniform(0.2, 0.97), random.choice((0, 1, 4)))
                      for _ in range(missing)]
        random = Random(f"{self.seed}/{day}/callers")
        profiles = list(self.queues.values())
        for when, index in sorted(calls):
            caller, did = self._caller(random, profiles[index])
            if when >= self.now:
                self.at(when, self.arrive, profiles[index], caller, did, 1)
        for shift in demo_calendar.shifts(day, self.people, self.calls_per_day, self.start, self.seed, self.zone):
            if shift.end > self.now + 60:
                self._schedule(shift, self.now)
        if day.weekday() == 6 and day.day <= 7 and clock(3.3) > self.now:   # first Sunday: maintenance of the server
            self.at(clock(3.3) + random.random() * 300, self._restart)
        cut = clock(4.03) + random.random() * 120
        if cut > self.now and (self.rotation == "daily" or self.rotation == "weekly" and day.weekday() == 6
                               or self.rotation == "monthly" and day.day == 1):
            self.at(cut, self._rotate)
        self.at(clock(24), self._day, day + dt.timedelta(1))

    def _schedule(self, shift: demo_calendar.Shift, after: float) -> None:
        agent = self.agents[shift.agent.name]
        if shift.start < after:
            agent.expected = True
        self.at(max(shift.start, after + 1 + (int(shift.agent.extension) * 7 % 20)), self.login, agent, shift.end)
        for when, length, reason in shift.pauses:
            if when > after:
                self.at(when, self.pause, agent, reason, length)

    def _caller(self, random: Random, queue: Queue) -> tuple[str, str]:
        """Number and DID: one in 25 is an extension of the house (no DID), a few hide, regulars come back."""
        chance = random.random()
        if chance < 0.04:
            return (str(random.randrange(200, 261)) if random.random() < 0.8 else str(random.randrange(2001, 2041))), ""
        if chance < 0.047:
            return "anonymous", queue.profile.did
        customer = int(self.calls_per_day * 40 * random.random() ** 1.6)
        tail = (customer * 2654435761 + self.seed * 40503 + 1234567) % 10_000_000
        prefix = f"3{customer * 7 % 24:02d}" if customer % 9 else "601"
        return f"{prefix}{tail:07d}", queue.profile.did

    def _rotate(self) -> None:
        self.log("NONE", "NONE", "NONE", ROTATION)

    def _restart(self) -> None:
        """`core restart when convenient`: not while anybody is in a queue or talking."""
        if self._open:
            self.at(self.now + 40, self._restart)
            return
        self._sequence, self._booted = 0, self.now
        self.log("NONE", "NONE", "NONE", "QUEUESTART|")

    # -- callers --------------------------------------------------------------------------------------------------

    def arrive(self, queue: Queue, caller: str, did: str, attempt: int) -> None:
        birth = max(self._booted, self.now - (self.random.uniform(4, 38) if did else 1))
        call = Call(self.channel(birth), birth, caller, did, attempt)
        self._last_arrival = self.now
        self._open += 1
        self.enter(call, queue)

    def enter(self, call: Call, queue: Queue) -> None:
        random, profile = self.random, queue.profile
        self.callers += call.stay == 0
        queue.waiting.append(call)
        call.join(queue, self.now, len(queue.waiting))
        self.log(call.id, queue.number, "NONE", f"DID|{call.did}")
        self.log(call.id, queue.number, "NONE", f"ENTERQUEUE||{call.caller}|{call.position}")
        if not queue.members:
            self.at(self.now + random.uniform(0.5, 6), self.leave, call, call.stay, "EXITEMPTY")
        patience = (random.uniform(1, 7) if random.random() < 0.035 else
                    4 + profile.patience * (-math.log(1 - random.random())) ** (1 / 1.35))
        how = "ABANDON"
        if random.random() < 0.03 and patience > 25:
            patience, how = random.uniform(20, max(21, patience)), "EXITWITHKEY"
        if patience > profile.max_wait:
            patience, how = profile.max_wait, "EXITWITHTIMEOUT"
        self.at(self.now + patience, self.leave, call, call.stay, how)
        self.match(queue)

    def leave(self, call: Call, stay: int, how: str) -> None:
        """A caller goes unserved, unless somebody answered meanwhile."""
        queue = call.queue
        if stay != call.stay or queue is None or (how == "EXITEMPTY" and queue.members):
            return
        agent = call.ringing
        if agent is not None:
            elapsed = self.now - call.rang
            data = (f"RINGNOANSWER|{int(elapsed) * 1000}" if how in ("EXITWITHTIMEOUT", "EXITEMPTY")
                    else f"RINGCANCELED|{int(elapsed * 1000)}")
            self.log(call.id, queue.number, agent.name, data)
            self._stop_ringing(call, agent, elapsed)
        position = queue.waiting.index(call) + 1
        queue.waiting.remove(call)
        wait = int(self.now) - call.entered
        key = f"{self.random.choice('112')}|" if how == "EXITWITHKEY" else ""
        self.log(call.id, queue.number, "NONE", f"{how}|{key}{position}|{call.position}|{wait}")
        call.leave(self.now)
        if how == "EXITWITHTIMEOUT" and queue.profile.overflow and call.overflows == 0:
            call.overflows = 1
            self.at(self.now + self.random.uniform(0.1, 1.2), self.enter, call, self.queues[queue.profile.overflow])
        else:
            if how in ("ABANDON", "EXITEMPTY") and wait > 3 and call.attempt < 3 and self.random.random() < 0.42:
                again = self.now + 25 + self.random.lognormvariate(5.2, 0.9)
                self.at(again, self.arrive, queue, call.caller, call.did, call.attempt + 1)
            self.finish(call)
        if agent is not None:
            self.at(self.now + 0.4, self.ready, agent, agent.turn)

    def finish(self, call: Call) -> None:
        """The caller is gone for good; a queue call that was passed on through a Local channel ends with it."""
        self._open -= 1
        self.ended.append(call)
        if call.parent is not None:
            self.complete(call.parent, self.random.random() < 0.7)
            self.ended.append(call.parent)

    # -- ringing and talking --------------------------------------------------------------------------------------

    def match(self, queue: Queue) -> None:
        """Ring the agent free for longest for the first caller nobody rings for, and so on."""
        for call in queue.waiting:
            if call.ringing is None and call.retry <= self.now:
                agent = min((a for a in queue.members if a.free), key=lambda a: a.rested, default=None)
                if agent is None:
                    return
                self.ring(call, agent, queue)

    def ring(self, call: Call, agent: Agent, queue: Queue) -> None:
        random, person = self.random, agent.profile
        call.ringing, call.rang = agent, self.now
        call.agent_channel = self.channel(self.now, 1 if person.direct else 3)
        agent.free = False
        agent.ringing, agent.turn = call, agent.turn + 1
        miss = 0.8 if agent.away > self.now else person.miss
        chance = random.random()
        if chance < miss:
            self.at(self.now + RING_SECONDS, self.miss, call, agent, agent.turn, RING_SECONDS)
        elif chance > 0.994:        # rejected with a key of the phone
            rejected = random.choice((0, 1, 2, 3))
            self.at(self.now + rejected + 0.2, self.miss, call, agent, agent.turn, rejected)
        else:
            seconds = min(RING_SECONDS - 1, 1.2 + random.gammavariate(3, person.reflex / 3.6))
            self.at(self.now + seconds, self.answer, call, agent, agent.turn)

    def _stop_ringing(self, call: Call, agent: Agent, elapsed: float) -> None:
        call.tries.append(Try(call.last_queue, agent.profile, call.rang, elapsed, call.agent_channel, False))
        call.ringing, agent.ringing, agent.turn = None, None, agent.turn + 1
        agent.rested = self.now

    def miss(self, call: Call, agent: Agent, turn: int, seconds: int) -> None:
        queue = call.queue
        if turn != agent.turn or queue is None:
            return
        self.log(call.id, queue.number, agent.name, f"RINGNOANSWER|{seconds * 1000}")
        self._stop_ringing(call, agent, seconds)
        call.retry = self.now + RETRY_SECONDS
        self.at(call.retry, self.match, queue)
        if seconds == RING_SECONDS and self.random.random() < 0.3:
            agent.away = self.now + self.random.uniform(20, 240)
        # The queue pauses who misses, if his last call is ten minutes old (autopause=all, autopausedelay=600).
        if queue.profile.autopause and seconds == RING_SECONDS and self.now - agent.last_call > 600 and agent.on:
            self.do_pause(agent, "Auto-Pause", self.random.uniform(40, 400))
            return
        self.ready(agent, agent.turn)

    def answer(self, call: Call, agent: Agent, turn: int) -> None:
        queue = call.queue
        if turn != agent.turn or queue is None:
            return
        random, person, profile = self.random, agent.profile, queue.profile
        queue.waiting.remove(call)
        call.answered(agent, self.now)
        agent.ringing, agent.call = None, call
        self.log(call.id, queue.number, agent.name,
                 f"CONNECT|{call.hold}|{call.agent_channel}|{int(self.now) - int(call.rang)}")
        mean = profile.talk * person.pace * (LIVE_TALK if self.live else 1)
        talk = (random.uniform(3, 20) if random.random() < 0.03 else
                max(8.0, random.lognormvariate(math.log(mean) - 0.18, 0.6)))
        if random.random() < 0.055 and call.parent is None:
            self.at(self.now + talk * random.uniform(0.3, 0.8), self.transfer, call, agent)
        else:
            self.at(self.now + min(talk, 3300), self.hang_up, call, agent, random.random() < 0.36 + person.miss)

    def hang_up(self, call: Call, agent: Agent, by_agent: bool) -> None:
        self.complete(call, not by_agent)
        self.finish(call)
        self.release(agent)

    def complete(self, call: Call, by_caller: bool) -> None:
        talk = int(self.now) - call.connected
        call.talked(self.now)
        self.log(call.id, call.served, call.by, f"COMPLETE{'CALLER' if by_caller else 'AGENT'}"
                                                f"|{call.hold}|{talk}|{call.position}")

    def transfer(self, call: Call, agent: Agent) -> None:
        """To another queue or an extension: a marker for Local members, Asterisk's own lines for direct ones."""
        random, person = self.random, agent.profile
        to_queue = random.random() < 0.3
        others = [number for number in self.queues if number != call.served]
        target = random.choice(others) if to_queue else str(random.randrange(200, 231))
        talk = int(self.now) - call.connected
        if not person.direct:
            self.log(call.id, call.served, agent.name, f"TRANSFER|{target}")
            if to_queue:        # the Local leg enters as a call of its own, the first stays open behind it
                child = Call(self.channel(call.rang), call.rang, call.caller, call.did, 3)
                child.parent = call
                self.at(self.now + random.uniform(0.2, 1.4), self.enter, child, self.queues[target])
            else:
                self.at(self.now + random.lognormvariate(4.6, 0.7), self._end_passed, call)
        elif not to_queue and random.random() < 0.5:
            bridge = (f"{random.getrandbits(32):08x}-{random.getrandbits(16):04x}-4{random.getrandbits(12):03x}-"
                      f"{8 + random.getrandbits(2):x}{random.getrandbits(12):03x}-{random.getrandbits(48):012x}")
            self.log(call.id, call.served, agent.name,
                     f"ATTENDEDTRANSFER|BRIDGE|{bridge}|{call.hold}|{talk}|{call.position}")
            call.talked(self.now)
            self.finish(call)
        else:
            self.log(call.id, call.served, agent.name,
                     f"BLINDTRANSFER|{target}|from-internal-xfer|{call.hold}|{talk}|{call.position}")
            call.talked(self.now)
            if to_queue:
                call.attempt, call.overflows = 3, 1
                self.at(self.now + random.uniform(0.1, 1.1), self.enter, call, self.queues[target])
            else:
                self.finish(call)
        self.release(agent)

    def _end_passed(self, call: Call) -> None:
        self.complete(call, self.random.random() < 0.7)
        self.finish(call)

    def empty(self, queue: Queue) -> None:
        for call in queue.waiting:
            self.at(self.now + self.random.uniform(0.3, 5), self.leave, call, call.stay, "EXITEMPTY")

    # -- live traffic ---------------------------------------------------------------------------------------------

    def go_live(self, when: float) -> None:
        """From epoch `when` on there is a call every 20–30 s at any hour, and a crew that can take them."""
        self.live = True
        self.now = self._last_arrival = max(self.now, when)
        for index in range(LIVE_CREW):
            self.at(self.now + 0.5 + 1.3 * index, self.call_in, LIVE_CREW)
        self.at(self.now + 3, self._beat, self.now)

    def _beat(self, seen: float) -> None:
        """One more call if none came since `seen`; then look again."""
        if self._last_arrival <= seen:
            queues = list(self.queues.values())
            queue = self.random.choices(queues, [q.profile.share for q in queues])[0]
            self.arrive(queue, *self._caller(self.random, queue), 1)
        again = max(self.now, self._last_arrival + self.random.uniform(*LIVE_GAP))
        self.at(again, self._beat, self._last_arrival)
