"""The agents' side of the demonstration centre: logins, pauses, the way back to work after a call."""

from collections.abc import Sequence
from random import Random

from data.demo_actors import Agent, Clock, Queue
from data.demo_people import QUEUES, AgentProfile

LIVE_CREW = 11      # agents on duty while somebody may be watching, whatever the hour


class Crew(Clock):
    """Queues and agents with the lines that Issabel writes for members and pauses."""

    def __init__(self, people: Sequence[AgentProfile]):
        super().__init__()
        self.live = False
        self.queues = {profile.number: Queue(profile) for profile in QUEUES}
        self.agents = {person.name: Agent(person, [self.queues[q] for q in person.queues]) for person in people}
        self.random = Random(0)     # the simulation seeds it when it begins

    def match(self, queue: Queue) -> None:
        """Ring free agents for the callers of a queue."""
        raise NotImplementedError

    def empty(self, queue: Queue) -> None:
        """The last member of a queue has gone."""
        raise NotImplementedError

    @property
    def on_duty(self) -> int:
        return sum(agent.on for agent in self.agents.values())

    def release(self, agent: Agent) -> None:
        """After a call: a few seconds of the queue's own wrap-up, which leave no line."""
        agent.call, agent.last_call, agent.rested, agent.turn = None, self.now, self.now, agent.turn + 1
        self.at(self.now + self.random.uniform(2, 9), self.ready, agent, agent.turn)

    def ready(self, agent: Agent, turn: int) -> None:
        """Whatever the agent put off, else the next caller: of his queues the one that waits longest first."""
        if turn != agent.turn or not agent.on or agent.busy:
            return
        if agent.leaving:
            self.logout(agent)
        elif agent.wish is not None:
            reason, length = agent.wish
            agent.wish = None
            self.do_pause(agent, reason, length)
        elif not agent.paused:
            agent.free = True
            for queue in sorted((q for q in agent.queues if q.waiting), key=lambda q: q.waiting[0].entered):
                self.match(queue)

    def login(self, agent: Agent, until: float) -> None:
        missing = agent.queues if not agent.on else [q for q in agent.queues if agent not in q.members]
        if missing:
            channel = self.channel(self.now)
            for queue in missing:
                queue.members.append(agent)
                self.log(channel, queue.number, agent.name, "ADDMEMBER|")
        agent.on, agent.leaving, agent.until = True, False, until
        agent.rested = self.now
        self.at(until, self.logout, agent, until)
        self.ready(agent, agent.turn)

    def logout(self, agent: Agent, until: float | None = None) -> None:
        if not agent.on or (until is not None and until != agent.until):
            return
        if self.live and until is not None and not self.relieve(agent):
            return
        if agent.busy:
            agent.leaving = True
            return
        if agent.paused:
            self.do_unpause(agent)
        channel = self.channel(self.now)
        agent.off()
        for queue in agent.queues:
            if agent in queue.members:
                queue.members.remove(agent)
                self.log(channel, queue.number, agent.name, "REMOVEMEMBER|")
            if not queue.members:
                self.empty(queue)

    def pause(self, agent: Agent, reason: str, length: float) -> None:
        if not agent.on or agent.paused or agent.leaving:
            return
        if agent.busy:
            agent.wish = (reason, length)
        else:
            self.do_pause(agent, reason, length)

    def do_pause(self, agent: Agent, reason: str, length: float) -> None:
        agent.paused, agent.free = True, False
        agent.turn, agent.pause_number = agent.turn + 1, agent.pause_number + 1
        self.log("NONE", "NONE", agent.name, f"PAUSEALL|{reason}")
        for queue in agent.queues:
            self.log("NONE", queue.number, agent.name, f"PAUSE|{reason}")
        self.at(self.now + length, self.unpause, agent, agent.pause_number)

    def do_unpause(self, agent: Agent) -> None:
        agent.paused = False
        agent.pause_number += 1
        self.log("NONE", "NONE", agent.name, "UNPAUSEALL|")
        for queue in agent.queues:
            self.log("NONE", queue.number, agent.name, "UNPAUSE|")

    def unpause(self, agent: Agent, number: int) -> None:
        if agent.paused and number == agent.pause_number:
            self.do_unpause(agent)
            agent.turn += 1
            self.ready(agent, agent.turn)

    def call_in(self, least: int) -> None:
        """Bring in one more agent if fewer than `least` are there, first for the queue with the fewest members."""
        if self.on_duty >= least:
            return
        for queue in sorted(self.queues.values(), key=lambda q: len(q.members)):
            rested = [a for a in self.agents.values()
                      if not a.on and queue in a.queues and a.last_call < self.now - 600]
            if rested:
                agent = min(rested, key=lambda a: a.last_call)
                self.login(agent, self.now + self.random.uniform(3, 6) * 3600)
                for reason, length in (("Baño", 240), ("Break", 600), ("Back office", 900)):
                    self.at(self.now + self.random.uniform(0.1, 2.8) * 3600, self.pause, agent, reason, length)
                return

    def relieve(self, agent: Agent) -> bool:
        """Before an agent of a small crew goes home somebody else comes; False when nobody can: he stays an hour."""
        crew = self.on_duty
        if crew > LIVE_CREW:
            return True
        self.call_in(crew + 1)
        if self.on_duty > crew:
            return True
        agent.until = self.now + 3600
        self.at(agent.until, self.logout, agent, agent.until)
        return False
