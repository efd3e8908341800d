"""The live page as one message: every row the browser draws, and the words it draws with."""

from dataclasses import asdict
from typing import Any

from data import live
from data.ami_link import Heard
from data.filters import Filters
from data.thresholds import Limits, Thresholds
from data.view import LATE, STALE
from i18n import one, text
from render.cards import initials
from render.words import UNSAVED, mark

# Words of agents' states, in the order of the board.
STATES = {"ringing": mark("Ringing"), "busy": mark("On a call"), "available": mark("Available"),
          "paused": mark("On pause"), "unknown": mark("No word"), "offline": mark("Not connected")}
AMI = {"ok": mark("Asterisk answers"), "connecting": mark("Connecting to Asterisk"),
       "refused": mark("Asterisk refused the user or the secret. It is not tried again: correct AMI_USER and "
                       "AMI_SECRET and restart"),
       "slow": mark("Asterisk answers too slowly; trying again"),
       "down": mark("Asterisk cannot be reached; trying again"),
       "denied": mark("Asterisk does not let this user ask for the queues; trying again")}
NO_REASON = mark("(no reason)")


def message(view: Any, lang: str, filters: Filters, heard: Heard | None, limits: Thresholds) -> dict[str, Any]:
    """Everything of now within the filters' queues and agents. Moments are epoch seconds; nothing in it grows older by
    itself, so that the same floor gives the same message."""
    here = live.floor(view, heard.said if heard else None)
    wanted = {queue.casefold() for queue in filters.queues}
    people = set(filters.agents)

    def chosen(queue: str | None) -> bool:
        return not wanted or (queue is not None and queue.casefold() in wanted)
    rows = [row for row in live.queues(view, here, filters.origin) if chosen(row["queue"])]
    names = {row["queue"]: row["name"] for row in rows}
    agents = [_agent(view, lang, agent) for agent in here.agents
              if (not people or agent.agent in people)
              and (not wanted or chosen(agent.queue) or any(chosen(place.queue) for place in agent.queues))]
    return {
        "version": view.version, "day": view.today().isoformat(), "log": _log(view, lang),
        "source": {"kind": "ami" if heard and heard.said else "log",
                   "ami": heard and {"state": heard.state, "words": text(lang, AMI[heard.state]),
                                     "since": int(heard.since)}},
        "queues": [{**row, "limits": limits.of(row["queue"], row["threshold"], row["sl_target"])} for row in rows],
        "waiting": [{**asdict(caller), "name": names.get(caller.queue, caller.queue)}
                    for caller in here.waiting if chosen(caller.queue)],
        "agents": agents, "limits": marks(limits), "origin": filters.origin,
        "curve": live.curve(view, filters.queues, filters.origin)}


def marks(limits: Thresholds) -> Limits:
    """The thresholds of agents, which belong to no queue."""
    found = limits.of("", 0, 0)
    return {name: found[name] for name in ("talk", "pause")}


def _agent(view: Any, lang: str, agent: live.Agent) -> dict[str, Any]:
    paused = [place.queue for place in agent.queues if place.paused] if agent.state == "available" else []
    return {"agent": agent.agent, "extension": view.snapshot.extensions.get(agent.agent),
            "initials": initials(agent.agent), "state": agent.state,
            "since": agent.since, "queue": agent.queue and view.snapshot.site.queue_label(agent.queue),
            "number": agent.number, "callid": agent.callid,
            "reason": (agent.reason or text(lang, NO_REASON)) if agent.state == "paused" else None,
            "partly": paused, "queues": [place.queue for place in agent.queues]}


def _log(view: Any, lang: str) -> dict[str, Any]:
    """How fresh the log is; the browser lets its age grow."""
    fresh = view.freshness()
    until = fresh["data_until"]
    state = fresh["state"] if fresh["state"] in ("error", "reading", "empty") else "ok"
    offset = view.now().utcoffset()
    return {"until": None if until is None else int(until.timestamp()), "state": state,
            "cause": text(lang, fresh["cause"]) if state != "ok" and fresh["cause"] else "",
            "late": LATE, "stale": STALE, "offset": int(offset.total_seconds()) if offset else 0}


def words(lang: str) -> dict[str, str]:
    """What the browser writes around the rows."""
    states = {f"state_{name}": text(lang, words) for name, words in STATES.items()}
    return states | {
        "waiting": text(lang, "Waiting"), "longest": text(lang, "Longest wait"), "oldest": text(lang, "longest"),
        "available": text(lang, "Agents available"), "level": text(lang, "SL 30 min"),
        "abandoned": text(lang, "Abandoned today"), "nobody": text(lang, "Nobody waiting"),
        "of_agents": text(lang, "of {count} logged in"),
        "of_agent": one(lang, "of {count} logged in"), "free_one": one(lang, "available"),
        "target": text(lang, "Target {target}"),
        "today": text(lang, "Today"), "offered": text(lang, "Offered"),
        "level_today": text(lang, "SL today"),
        "lost": text(lang, "Abandoned"), "busy": text(lang, "on a call"), "free": text(lang, "available"),
        "paused": text(lang, "on pause"),
        "queues": text(lang, "Queues"), "callers": text(lang, "Callers waiting"), "agents": text(lang, "Agents"),
        "queue": text(lang, "Queue"), "anonymous": text(lang, "Unknown number"),
        "curve": text(lang, "Today against a typical day"),
        "curve_note": text(lang, "Calls offered by hour; line: the same weekday, mean of eight weeks"),
        "curve_now": text(lang, "Until {hour}: {today} today, {typical} on a typical day"),
        "typical": text(lang, "Typical day"), "no_history": text(lang, "No earlier days to compare with yet"),
        "normal": text(lang, "All well"), "yellow": text(lang, "Attention"), "red": text(lang, "Alarm"),
        "why_waiting": text(lang, "{value} waiting: {state} from {limit} on"),
        "why_longest": text(lang, "Longest wait {value}: {state} from {limit} on"),
        "why_sl": text(lang, "SL 30 min {value}: {state} below {limit}"),
        "why_available": text(lang, "Agents available {value}: {state} at {limit} or fewer"),
        "why_few": text(lang, "SL 30 min {value}: no alarm with fewer than {least} calls"),
        "why_normal": text(lang, "No threshold is reached"),
        "by_log": text(lang, "Source: queue log"), "by_ami": text(lang, "Source: queue log and Asterisk (AMI)"),
        "until": text(lang, "Data until {time}"),
        "late": text(lang, "No line in the log for {age}. When calls come in and this stays, the log is not being "
                           "written or cannot be read."),
        "offline": text(lang, "No connection with the server for {age}. What you see is from {time}; trying again."),
        "ended": text(lang, "This link has expired or was revoked. Ask an administrator for a new one."),
        "no_token": text(lang, "This address is not complete. Open the whole link that the administrator made."),
        "denied": text(lang, "Your user has no permission for this page."),
        "broken": text(lang, "The server could not say what happens now (error {code}); trying again."),
        "no_queues": text(lang, "No queue has had a call in the last seven days, and nobody is logged in."),
        "no_agents": text(lang, "No agent has been seen today."), "all_served": text(lang, "Nobody is waiting."),
        "partly": text(lang, "on pause in {queues}"), "sound_on": text(lang, "Sound on"),
        "sound_off": text(lang, "Sound off"), "tv": text(lang, "Screen on the wall"),
        "more": text(lang, "and {count} more"),
        "new_alarm": text(lang, "{queue}: {state}"), "position_of": text(lang, "#{position}"),
        "unknown_free": text(lang, "Who is logged in is not known: members of the configuration leave no line in the "
                                   "log.")} | _admin(lang)


def _admin(lang: str) -> dict[str, str]:
    """Words of the two dialogs of administrators."""
    return {
        "links": text(lang, "Links for screens"), "limits": text(lang, "Thresholds"), "close": text(lang, "Close"),
        "links_note": text(lang, "Whoever has the link sees this page and nothing else, without a password and with "
                                 "masked numbers, until it expires or you revoke it."),
        "link_name": text(lang, "Where it hangs"), "link_days": text(lang, "Days it works"),
        "link_queues": text(lang, "Queues (none: all)"), "link_make": text(lang, "Make the link"),
        "link_made": text(lang, "Copy it now: it is not shown again."), "copy": text(lang, "Copy"),
        "copied": text(lang, "Copied"), "revoke": text(lang, "Revoke"), "revoked": text(lang, "Revoked"),
        "expired": text(lang, "Expired"), "expires": text(lang, "until {day}"), "never": text(lang, "never opened"),
        "seen": text(lang, "last seen {time}"), "every_queue": text(lang, "all queues"),
        "unsaved": text(lang, UNSAVED),
        "save": text(lang, "Save"), "saved": text(lang, "Saved"),
        "limits_note": text(lang, "Yellow and red for each metric; an empty field takes the value of all queues, and a "
                                  "dash never alarms. An alarm ends when the value is well back for ten seconds."),
        "limit_waiting": text(lang, "Callers waiting"), "limit_longest": text(lang, "Longest wait (s)"),
        "limit_sl": text(lang, "Service level 30 min (%)"), "limit_available": text(lang, "Agents available"),
        "limit_talk": text(lang, "Call (s)"), "limit_pause": text(lang, "Pause (s)"),
        "all_queues": text(lang, "All queues")}
