"""Colours by role, once for both themes: figures take them from here and `assets/b-app/app.css` repeats them as
variables of the same names (a test compares the two).

Blue and orange stay apart for colour-blind readers; text colours keep 4.5:1 on their tints.
"""

from collections.abc import Sequence

THEMES = ("light", "dark")

TONES: dict[str, dict[str, str]] = {
    "light": {
        "page": "#f4f6fb", "card": "#ffffff", "line": "#e5eaf3", "ink": "#16203a", "quiet": "#5c6885",
        "answered": "#2f5fde", "abandoned": "#e8700a", "timeout": "#9aa5bd", "exit_key": "#7c5cdb",
        "exit_empty": "#93623f", "in_progress": "#b5c7ee", "other": "#56627e", "level": "#0d9488", "wait": "#d18a00",
    },
    "dark": {
        "page": "#0d1320", "card": "#151d2e", "line": "#232e45", "ink": "#e8edf8", "quiet": "#9aa7c2",
        "answered": "#6d96ff", "abandoned": "#ff9a3d", "timeout": "#66738f", "exit_key": "#a78bfa",
        "exit_empty": "#c48f66", "in_progress": "#43547c", "other": "#aab4ca", "level": "#2dd4bf", "wait": "#f0b429",
    },
}

# Hues that tell queues apart where people talk; none of them is the colour of ringing, pauses or of being free. The
# last is shared by all queues beyond.
QUEUES: dict[str, tuple[str, ...]] = {
    "light": ("#2f5fde", "#0e8fb3", "#4d8f2b", "#b83280", "#93623f", "#1b2f78", "#6b7a10", "#d4688e", "#5fb7e5",
              "#56627e"),
    "dark": ("#6d96ff", "#38bdf8", "#84cc5a", "#f472b6", "#c48f66", "#3b5bdb", "#c3cf5d", "#c2417c", "#a5d8f5",
             "#aab4ca"),
}

# One hue for volume: from the card itself to the strongest tone.
SCALES: dict[str, list[tuple[float, str]]] = {
    "light": [(0, "#eff4ff"), (0.25, "#c3d5fd"), (0.5, "#86a8f7"), (0.75, "#4674e8"), (1, "#1b3fae")],
    "dark": [(0, "#1a2439"), (0.25, "#27437f"), (0.5, "#3d66c9"), (0.75, "#7ba0ff"), (1, "#c9d9ff")],
}


def theme(name: str | None) -> str:
    """`light` or `dark`; anything else, such as a page that has not said yet, is light."""
    return name if name in THEMES else "light"


def tones(name: str | None) -> dict[str, str]:
    """Role -> `#rrggbb` of a theme."""
    return TONES[theme(name)]


def queue_colours(queues: Sequence[str], name: str | None) -> dict[str, str]:
    """Queue -> `#rrggbb` by its place among `queues`: all that somebody may see, in their order, whatever is chosen. So
    a queue has one colour on every page."""
    hues = QUEUES[theme(name)]
    return {queue: hues[min(place, len(hues) - 1)] for place, queue in enumerate(queues)}


def faded(colour: str, alpha: float) -> str:
    """`#rrggbb` as `rgba(r,g,b,alpha)`."""
    red, green, blue = (int(colour[i:i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
