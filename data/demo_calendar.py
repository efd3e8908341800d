"""The demonstration centre's calendar: how many call on a day and at an hour, who works when, who pauses when.

Every day draws from its own random stream (seed and date), so a day is the same however the run was cut.
"""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from data.demo_people import QUEUES, AgentProfile

WEEKDAYS = (1.38, 1.24, 1.20, 1.18, 1.20, 0.60, 0.20)       # Monday first; they add up to 7
_OFFICE = (.12, .08, .06, .05, .06, .12, .4, 2.2, 6.2, 9.2, 12.4, 11.6, 7.2, 5.6,
           7.0, 8.6, 11.4, 10.2, 6.0, 3.6, 1.7, 1.0, .3, .2)
_SATURDAY = (.2, .1, .1, .1, .1, .2, .6, 3.0, 12., 16., 19., 17., 12., 8.0,
             3.0, 2.5, 2.0, 2.0, 1.5, 1.2, 1.0, .6, .3, .2)
_SUNDAY = (.5, .4, .3, .3, .3, .4, 1.0, 4.0, 6.0, 8.0, 9.5, 9.0, 7.5, 6.0,
           6.0, 7.0, 8.0, 7.5, 6.0, 5.0, 4.0, 3.0, 1.0, .7)
HOLIDAYS = ((1, 1), (5, 1), (7, 20), (8, 7), (12, 8), (12, 25))
MORNING, AFTERNOON = range(7, 14), range(14, 22)
NIGHT_CLOSED = ("602", "603")       # the guards do not answer these, and few try
MEAN_TALK = sum(queue.share * queue.talk for queue in QUEUES)
LONGEST_BREAK_SHIFT = 5 * 3600      # shifts longer than this include a lunch


@dataclass(frozen=True)
class Shift:
    """One agent's stay: epoch seconds of login and logout, pauses as (start, seconds, reason)."""

    agent: AgentProfile
    start: float
    end: float
    pauses: tuple[tuple[float, float, str], ...]


@cache
def easter(year: int) -> dt.date:
    """Easter Sunday (Gauss, Gregorian)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return dt.date(year, f // 31, f % 31 + 1)


def is_holiday(day: dt.date) -> bool:
    """Fixed holidays and the two days before Easter."""
    return (day.month, day.day) in HOLIDAYS or day - easter(day.year) in (dt.timedelta(-3), dt.timedelta(-2))


def is_bad_monday(day: dt.date) -> bool:
    """The one Monday of the month on which half of the staff is missing: the second that is not a holiday."""
    if day.weekday() != 0 or is_holiday(day) or not 8 <= day.day <= 21:
        return False
    return day.day <= 14 or is_holiday(day - dt.timedelta(7))


def volume(day: dt.date, calls_per_day: float, start: dt.date) -> float:
    """Expected calls of a day: week, season, slow growth since `start`, holidays, the bad Monday."""
    season = 1 + 0.07 * math.sin(2 * math.pi * (day.timetuple().tm_yday - 260) / 365.25)
    growth = 1 + 0.08 * (day - start).days / 365.25
    special = 0.15 if is_holiday(day) else 1.25 if is_bad_monday(day) else 1.0
    return calls_per_day * WEEKDAYS[day.weekday()] * season * growth * special


def hours(day: dt.date) -> tuple[float, ...]:
    """Share of the day's calls of each local hour, 0–23."""
    curve = _SUNDAY if day.weekday() == 6 or is_holiday(day) else _SATURDAY if day.weekday() == 5 else _OFFICE
    total = sum(curve)
    return tuple(weight / total for weight in curve)


def epoch(day: dt.date, seconds: float, zone: ZoneInfo) -> float:
    """Epoch of `seconds` on the wall clock after the midnight that begins `day` (may be beyond the next)."""
    wall = dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=seconds)
    return wall.replace(tzinfo=zone).timestamp()


def poisson(random: Random, mean: float) -> int:
    """A Poisson draw; the normal approximation above 50, where nobody can tell."""
    if mean > 50:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count


def arrivals(day: dt.date, calls_per_day: float, start: dt.date, seed: int, zone: ZoneInfo) -> list[tuple[float, int]]:
    """(epoch, index of the queue) of every first attempt of the day, in order of time."""
    random = Random(f"{seed}/{day}/calls")
    # First attempts are some 7 % fewer than calls: who gave up calls again, who is passed on enters twice.
    expected = 0.93 * volume(day, calls_per_day, start) * random.lognormvariate(-0.002, 0.06)
    found = []
    for index, queue in enumerate(QUEUES):
        mean = expected * queue.share * random.lognormvariate(-0.003, 0.08)
        if queue.number == "602":       # bills fall due on the first and the fifteenth
            mean *= 1.45 if day.day <= 4 or 15 <= day.day <= 17 else 0.85
        for hour, share in enumerate(hours(day)):
            if queue.number == "604":   # appointments are asked for in the morning
                share *= 1.3 if hour < 12 else 0.72
            elif queue.number in NIGHT_CLOSED and not 7 <= hour < 22:
                share *= 0.15
            for _ in range(poisson(random, mean * share)):
                found.append((epoch(day, (hour + random.random()) * 3600, zone), index))
    return sorted(found)


def needed(load: float) -> int:
    """Agents on duty for `load` erlangs of talk: the square-root rule, with ringing and wrap-up (a sixth more),
    pauses (an eighth of the crew), and one for the calls that only some of them can take."""
    load *= 1.17
    return math.ceil((load + 1.2 * math.sqrt(load)) / 0.86 + 1)


def staff(day: dt.date, calls_per_day: float, start: dt.date) -> tuple[int, int]:
    """How many agents work in the morning and in the afternoon; half of them on the bad Monday."""
    calls = volume(day, calls_per_day, start) / (1.25 if is_bad_monday(day) else 1)
    shares = hours(day)
    counts = []
    for span in (MORNING, AFTERNOON):
        busiest = sum(sorted((shares[hour] for hour in span), reverse=True)[:3]) / 3
        count = needed(calls * busiest * MEAN_TALK / 3600)
        counts.append(math.ceil(count * 0.52) if is_bad_monday(day) else count)
    return counts[0], counts[1]


def population(calls_per_day: float) -> int:
    """How many agents such a centre employs: the heaviest ordinary day, some absence, two for the night."""
    weekday = dt.date(2026, 6, 1)       # an ordinary Monday
    return max(25, math.ceil(sum(staff(weekday, calls_per_day, weekday)) * 1.03) + 2)


def shifts(day: dt.date, people: Sequence[AgentProfile], calls_per_day: float, start: dt.date, seed: int,
           zone: ZoneInfo) -> list[Shift]:
    """Who works on `day`: a morning crew, an afternoon crew (they change every week) and one guard for the night."""
    random = Random(f"{seed}/{day}/staff")
    wanted = staff(day, calls_per_day, start)
    regular = [agent for agent in people if not agent.guard]
    random.shuffle(regular)
    week = day.toordinal() // 7
    halves: tuple[list[AgentProfile], list[AgentProfile]] = ([], [])
    for agent in regular:
        halves[(int(agent.extension) // 2 + week) % 2].append(agent)
    spare = halves[0][wanted[0]:] + halves[1][wanted[1]:]
    crews = (halves[0][:wanted[0]], halves[1][:wanted[1]])
    thin = is_bad_monday(day) or day.weekday() > 4 or is_holiday(day)
    for crew, count in zip(crews, wanted, strict=True):
        while len(crew) < count and spare:
            crew.append(spare.pop())
        for queue in QUEUES:            # nobody closes a queue for want of a skill
            able = sum(queue.number in agent.queues for agent in crew)
            depth = 1 if thin else 3 if queue.number == "600" else 2
            for agent in [a for a in spare if queue.number in a.queues][:max(0, depth - able)]:
                crew.append(agent)
                spare.remove(agent)
    plan = [_shift(agent, day, part, index, random, zone) for part, crew in enumerate(crews)
            for index, agent in enumerate(crew)]
    guards = [agent for agent in people if agent.guard]
    plan.append(_shift(guards[day.toordinal() % len(guards)], day, 2, 0, random, zone))
    return plan


def _shift(agent: AgentProfile, day: dt.date, part: int, index: int, random: Random, zone: ZoneInfo) -> Shift:
    """`part` is 0 morning, 1 afternoon, 2 night; the first of a crew opens or closes, alternate ones come early."""
    if part == 0:
        first, last = (7.0 if index % 2 == 0 else 8.0), 14.0
    elif part == 1:
        first, last = (13.5 if index % 3 else 14.0), (22.0 if index % 2 == 0 else 20.0)
    else:
        first, last = 21.85, 31.1
    begin = first * 3600 + random.gauss(-150, 170)
    finish = last * 3600 + random.uniform(15, 420)
    pauses = tuple((epoch(day, at, zone), length, reason)
                   for at, length, reason in _pauses(agent, day, begin, finish, random))
    return Shift(agent, epoch(day, begin, zone), epoch(day, finish, zone), pauses)


def _pauses(agent: AgentProfile, day: dt.date, begin: float, finish: float,
            random: Random) -> Iterator[tuple[float, float, str]]:
    """Pauses of a shift in seconds of the day; they may meet each other, the later one is then not taken."""
    length = finish - begin
    middle = begin + length * random.uniform(0.4, 0.6)
    lively = random.lognormvariate(0.0, 0.12) * agent.rest
    if length > LONGEST_BREAK_SHIFT:
        yield middle, random.uniform(1500, 2400) * max(0.85, lively ** 0.5), "Almuerzo"
    for part in (0.22, 0.8):
        if random.random() < 0.85:
            yield begin + length * random.gauss(part, 0.03), random.uniform(540, 900) * lively, "Break"
    for _ in range(poisson(random, 1.4 * agent.rest)):
        yield begin + length * random.uniform(0.05, 0.95), random.uniform(150, 430), "Baño"
    if random.random() < 0.22 * agent.rest:
        yield begin + length * random.uniform(0.1, 0.9), random.uniform(600, 1800), "Back office"
    if day.weekday() == 2 and random.random() < 0.4:
        yield begin + 3600 * random.uniform(1.0, 1.2), random.uniform(1200, 1900), "Reunión"
    elif day.weekday() < 5 and random.random() < 0.03:
        yield begin + length * 0.3, random.uniform(2700, 4500), "Capacitación"
