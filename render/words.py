"""What things are called and what they mean: outcomes in their order, metrics with definition and good direction.

Everything here is an English message id; the reader's words come from the catalogues when it is shown.
"""

from dataclasses import dataclass


def mark(msg: str) -> str:
    """Marks a message id that is translated later, so that the test of the catalogues finds it."""
    return msg


UNSAVED = mark("What you changed is not saved yet. Save it, or close with the ×.")


@dataclass(frozen=True)
class Outcome:
    """How a leg ended: key of `totals`, words, colour role."""

    key: str
    label: str
    role: str
    hint: str


# The order is the order of the identity: offered = the sum of these, always.
OUTCOMES = (
    Outcome("answered", mark("Answered"), "answered", mark("An agent took the call.")),
    Outcome("abandoned", mark("Abandoned"), "abandoned", mark("The caller hung up while waiting.")),
    Outcome("timeout", mark("Timed out"), "timeout", mark("The longest wait of the queue was reached.")),
    Outcome("exit_key", mark("Left by key"), "exit_key", mark("The caller pressed a key to leave the queue.")),
    Outcome("exit_empty", mark("Queue empty"), "exit_empty",
            mark("The queue had no agents left and let the caller go.")),
    Outcome("withdrawn", mark("Withdrawn"), "other", mark("The call was taken out of the queue by a transfer.")),
    Outcome("in_progress", mark("In progress"), "in_progress", mark("Waiting or talking right now.")),
    Outcome("interrupted", mark("Interrupted"), "other", mark("The telephone system stopped or restarted.")),
    Outcome("unknown", mark("No closing"), "other", mark("The log never says how the call ended.")),
)

# At most seven categories a chart: the rarest three are drawn as one.
SERIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    *((o.label, o.role, (o.key,)) for o in OUTCOMES if o.role != "other"),
    (mark("Others"), "other", tuple(o.key for o in OUTCOMES if o.role == "other")),
)


@dataclass(frozen=True)
class Metric:
    """A number people know by name. `good` is +1 when more is better, -1 when less is, 0 when neither."""

    key: str
    label: str
    definition: str
    kind: str
    good: int
    role: str
    icon: str
    outcome: str = ""
    share: str = ""
    compare: str = ""


# The same order on every page.
METRICS = (
    Metric("offered", mark("Offered"), mark(
        "Calls that entered a queue in the period. Offered = answered + abandoned + timed out + left by key + "
        "queue empty + withdrawn + in progress + interrupted + no closing."),
        "count", 0, "answered", "telephone-inbound"),
    Metric("answered", mark("Answered"), mark("Offered calls that an agent took. The share is the answer rate: "
        "answered ÷ (offered − in progress), which is not the service level."),
        "count", 1, "answered", "check-circle-fill", "answered", "answer_pct"),
    Metric("abandoned", mark("Abandoned"), mark("Calls whose caller hung up while waiting. The share leaves out "
        "short abandons and calls in progress."),
        "count", -1, "abandoned", "telephone-x", "abandoned", "abandon_pct", "abandon_pct"),
    Metric("sl_pct", mark("Service level"), mark("Calls answered within the threshold of their queue ÷ (answered + "
        "abandoned without the short ones + timed out + queue empty)."),
        "percent", 1, "level", "stopwatch", "answered"),
    Metric("asa", mark("Wait (ASA)"), mark("Average time that answered calls waited for an agent (TME, ASA)."),
        "seconds", -1, "wait", "hourglass-split", "answered"),
    Metric("aht", mark("Handling (AHT)"), mark("Average conversation of answered calls plus the configured after-call "
        "time (TMO, AHT)."), "seconds", -1, "answered", "clock-history", "answered"),
)

# The player of recordings lives in the browser (`assets/b-app/player.js`) and gets its words by these names.
PLAYER = {
    "player": mark("Recording player"), "title": mark("Recording"), "play": mark("Play (K)"),
    "pause": mark("Pause (K)"), "back": mark("Back 5 seconds (J)"), "forward": mark("Forward 5 seconds (L)"),
    "position": mark("Position in the recording"), "at": mark("{time} of {total}"), "speed": mark("Speed"),
    "volume": mark("Volume"), "mute": mark("Mute"), "unmute": mark("Unmute"),
    "download": mark("Download the recording"), "close": mark("Close the player"), "count": mark("{number} of {count}"),
    "previous": mark("Previous recording of the call"), "next": mark("Next recording of the call"),
    "answer": mark("Answered {time}"), "answered": mark("The agent answered ({time})"),
    "to_answer": mark("Go to where the agent answered ({time})"), "loading": mark("Looking for the recording…"),
    "none": mark("This call has no recording."), "gone": mark("The recording is gone."),
    "session": mark("Your session has ended."), "sign_in": mark("Sign in"),
    "forbidden": mark("Your user has no permission to listen to recordings."),
    "unknown": mark("This call does not exist, or it belongs to queues your user may not see."),
    "network": mark("No connection with the server."),
    "server": mark("The server could not answer."),
    "unplayable": mark("The recording could not be played."), "again": mark("Try again"),
}
