"""Every metric by its key: what it is called, what it means, what kind of number it is, which way is good.

English message ids; the order is that of the table of metrics.
"""

from dataclasses import dataclass
from typing import Any

from i18n import duration, number, percent, text
from render.words import METRICS, mark

_KNOWN = {metric.key: metric for metric in METRICS}


@dataclass(frozen=True)
class Term:
    """`good` is +1 when more is better, -1 when less is, 0 when neither; `counted`: one of the totals of a period."""

    label: str
    definition: str
    kind: str
    good: int = 0
    counted: bool = True


def _known(key: str) -> Term:
    metric = _KNOWN[key]
    return Term(metric.label, metric.definition, metric.kind, metric.good)


GLOSSARY: dict[str, Term] = {
    "offered": _known("offered"),
    "answered": _known("answered"),
    "abandoned": _known("abandoned"),
    "short_abandoned": Term(mark("Short abandons"), mark(
        "Abandoned calls whose caller hung up within the configured first seconds; they are part of the abandoned and "
        "are not counted against the center."), "count"),
    "timeout": Term(mark("Timed out"), mark("The longest wait of the queue was reached."), "count", -1),
    "exit_key": Term(mark("Left by key"), mark("The caller pressed a key to leave the queue."), "count"),
    "exit_empty": Term(mark("Queue empty"), mark("The queue had no agents left and let the caller go."), "count", -1),
    "withdrawn": Term(mark("Withdrawn"), mark("The call was taken out of the queue by a transfer."), "count"),
    "in_progress": Term(mark("In progress"), mark("Waiting or talking right now."), "count"),
    "interrupted": Term(mark("Interrupted"), mark("The telephone system stopped or restarted."), "count", -1),
    "unknown": Term(mark("No closing"), mark("The log never says how the call ended."), "count", -1),
    "others": Term(mark("Others"), mark("Withdrawn, interrupted and without closing together."), "count", 0, False),
    "answer_pct": Term(mark("Answer rate"), mark("Answered ÷ (offered − in progress)."), "percent", 1),
    "abandon_pct": Term(mark("Abandon rate"), mark(
        "(Abandoned − short abandons) ÷ (offered − short abandons − in progress)."), "percent", -1),
    "sl_pct": _known("sl_pct"),
    "asa": _known("asa"),
    "p50_wait": Term(mark("Median wait"), mark("Half of the answered calls waited no longer than this."), "seconds",
                     -1),
    "p90_wait": Term(mark("Wait of nine in ten"), mark("Nine in ten answered calls waited no longer than this."),
                     "seconds", -1),
    "avg_wait_all": Term(mark("Wait of all"), mark(
        "Average time in the queue of all calls that are over, answered or not."), "seconds", -1),
    "longest_wait": Term(mark("Longest wait"), mark("The longest time that a call was in the queue."), "seconds", -1),
    "avg_talk": Term(mark("Average talk"), mark("Average conversation of the answered calls (TMC)."), "seconds"),
    "max_talk": Term(mark("Longest talk"), mark("The longest conversation of an answered call."), "seconds"),
    "aht": _known("aht"),
    "talk_total": Term(mark("Talk time"), mark("All conversations together."), "seconds"),
    "transferred": Term(mark("Transferred calls"), mark("Answered calls that the agent passed on."), "count"),
    "recovered": Term(mark("Recovered"), mark(
        "Lost calls (abandoned, timed out, queue empty) whose caller was answered within a day."), "count", 1),
    "lost_unrecovered": Term(mark("To call back"), mark(
        "Callers of lost calls who were not answered later, each number once."), "count", -1),
    "ended_by_agent": Term(mark("Agent hung up"), mark("Answered calls that the agent ended."), "count", 0, False),
    "missed": Term(mark("Missed rings"), mark("Calls that rang at the agent and were not answered."), "count", -1,
                   False),
    "login": Term(mark("Connected"), mark("Time signed in to a queue."), "seconds", 0, False),
    "pause": Term(mark("On pause"), mark("Time on pause while signed in."), "seconds", 0, False),
    "occupancy": Term(mark("Occupancy"), mark(
        "Time talking ÷ (time connected − pauses), in all queues of the agent."), "percent", 0, False),
    "in_sl": Term(mark("Answered within the service level"), "", "count", 0, False),
    "asa_sum": Term(mark("Wait of the answered calls together"), "", "seconds", 0, False),
    "asa_count": Term(mark("Answered calls with a wait"), "", "count", 0, False),
    "talks": Term(mark("Answered calls with a conversation"), "", "count", 0, False),
    "busy": Term(mark("Time talking while connected"), "", "seconds", 0, False),
    "ready": Term(mark("Time connected without pauses"), "", "seconds", 0, False),
    "legs": Term(mark("Queue visits"), "", "count", 0, False),
    "count": Term(mark("Count"), "", "count", 0, False),
}


class Change(str):
    """A difference in words, and what spreadsheets count with: `amount` is percent for a `kind` of count, points for
    one of percent, seconds for one of seconds."""

    amount: float
    kind: str

    def __new__(cls, words: str, amount: float, kind: str) -> "Change":
        made = super().__new__(cls, words)
        made.amount, made.kind = amount, kind
        return made


def change(lang: str, key: str, now: Any, before: Any) -> Change | None:
    """A difference with its sign: counts in percent, percentages in points, times in time; None without both sides."""
    if now is None or before is None:
        return None
    kind = GLOSSARY[key].kind
    if kind == "count" and not before:
        return None
    amount = round((now - before) / before * 100, 1) if kind == "count" else (
        round(now - before, 1) if kind == "percent" else round(now) - round(before))
    sign = "+" if amount > 0 else "−" if amount < 0 else ""
    words = text(lang, "{change} pp", change=number(lang, abs(amount), 1)) if kind == "percent" else (
        duration(abs(amount)) if kind == "seconds" else percent(lang, abs(amount)))
    return Change(sign + words, float(amount), kind)
