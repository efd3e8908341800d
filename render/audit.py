"""The audit in words: what each kind of line means, its details as a sentence, and the whole of it as CSV."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auth.audit import Line
from i18n import text
from render.words import mark


@dataclass(frozen=True)
class Kind:
    """A kind of line: words, drawing of `assets/icons.txt`, and tone (quiet, good, warning, danger)."""

    label: str
    icon: str = "info-circle"
    tone: str = "quiet"


KINDS: dict[str, Kind] = {
    "login": Kind(mark("Signed in"), "door-open", "good"),
    "login_failed": Kind(mark("Sign-in failed"), "exclamation-triangle", "warning"),
    "login_throttled": Kind(mark("Sign-in made to wait"), "hourglass-split", "warning"),
    "second_factor_failed": Kind(mark("Wrong code of the second factor"), "exclamation-triangle", "warning"),
    "recovery_code_used": Kind(mark("Recovery code used"), "key", "warning"),
    "logout": Kind(mark("Signed out"), "box-arrow-right"),
    "session_ended": Kind(mark("Session ended"), "box-arrow-right"),
    "refused": Kind(mark("Refused: no permission"), "shield-lock", "warning"),
    "token_reused": Kind(mark("A copied token was used"), "exclamation-octagon", "danger"),
    "repeated": Kind(mark("More of the same, counted"), "three-dots", "warning"),
    "recording_listened": Kind(mark("Listened to a recording"), "volume-up-fill"),
    "recording_downloaded": Kind(mark("Downloaded a recording"), "download"),
    "export": Kind(mark("Exported a report"), "download"),
    "audit_exported": Kind(mark("Exported the audit"), "download"),
    "numbers_revealed": Kind(mark("Saw a full number"), "123"),
    "user_added": Kind(mark("Person added"), "people", "good"),
    "user_changed": Kind(mark("Person changed"), "people"),
    "user_disabled": Kind(mark("Person disabled"), "people", "warning"),
    "user_removed": Kind(mark("Person removed"), "people", "warning"),
    "user_invited": Kind(mark("Link for a password made"), "link-45deg"),
    "invitation_used": Kind(mark("Link for a password used"), "link-45deg"),
    "recovered": Kind(mark("Administrator made in the shell"), "exclamation-octagon", "danger"),
    "password_changed": Kind(mark("Password changed"), "key"),
    "second_factor_on": Kind(mark("Second factor on"), "shield-lock", "good"),
    "second_factor_off": Kind(mark("Second factor off"), "shield-lock", "warning"),
    "key_made": Kind(mark("Key of the API made"), "key"),
    "key_ended": Kind(mark("Key of the API ended"), "key"),
    "kiosk_made": Kind(mark("Link for a screen made"), "broadcast"),
    "kiosk_revoked": Kind(mark("Link for a screen ended"), "broadcast"),
    "names_changed": Kind(mark("Names of agents changed"), "person-badge"),
    "thresholds_changed": Kind(mark("Thresholds changed"), "gear"),
    "setting_changed": Kind(mark("Setting changed"), "gear"),
    "audit_trimmed": Kind(mark("Old lines of the audit removed"), "clock-history", "warning"),
}
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (mark("Signing in"), ("login", "logout", "session_ended", "invitation_used", "recovery_code_used")),
    (mark("Failures and refusals"), ("login_failed", "login_throttled", "second_factor_failed", "refused",
                                     "token_reused", "repeated")),
    (mark("Listened and downloaded"), ("recording_listened", "recording_downloaded", "export", "audit_exported",
                                       "numbers_revealed")),
    (mark("People and settings"), (
        "user_added", "user_changed", "user_disabled", "user_removed", "user_invited", "recovered",
        "password_changed", "second_factor_on", "second_factor_off", "key_made", "key_ended", "kiosk_made",
        "kiosk_revoked", "names_changed", "thresholds_changed", "setting_changed", "audit_trimmed")))
FIELDS = {
    "role": mark("role"), "given": mark("given"), "taken": mark("taken"), "queues": mark("queues"),
    "language": mark("language"), "theme": mark("theme"), "active": mark("active"), "file": mark("file"),
    "needs": mark("needed"), "permissions": mark("permissions"), "days": mark("days"), "key": mark("key"),
    "lines": mark("lines"), "rows": mark("rows"), "not_written": mark("not written one by one"),
    "left": mark("left"), "count": mark("count"), "of": mark("of"), "value": mark("value"), "up_to": mark("up to line"),
    "second_factor": mark("second factor"), "format": mark("format"), "names": mark("names"),
    "invited": mark("by a link"),
    "since": mark("since"),
}
HIDDEN = {"seal"}
MARK = "\ufeff"  # without it spreadsheets take UTF-8 for something else
# What a spreadsheet would take for a formula gets an apostrophe before it.
_FORMULA = re.compile(r"[=+\-@\t\r\n]")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
COLUMNS = (mark("Line"), mark("Time"), mark("Person"), mark("Address"), mark("What"), mark("Of what"), mark("Details"))


def kind(action: str) -> Kind:
    """The kind of that name; a plain one for what a later version writes."""
    return KINDS.get(action, Kind(action))


def label(lang: str, action: str) -> str:
    found = KINDS.get(action)
    return text(lang, found.label) if found else action


def detail(lang: str, line: Line) -> str:
    """`role: viewer · queues: 600, 601`."""
    said = []
    for name, value in line.detail.items():
        if name not in HIDDEN:
            word = text(lang, FIELDS[name]) if name in FIELDS else name
            said.append(word if value is True else f"{word}: {_value(lang, name, value)}")
    return " · ".join(said)


def _value(lang: str, name: str, value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or text(lang, "none of them")
    if value is None:
        return text(lang, "all of them") if name == "queues" else "—"
    if value is False:
        return text(lang, "no")
    return str(value)


def written(lang: str, zone: dt.tzinfo, lines: Iterable[Line]) -> Iterator[bytes]:
    """The lines as CSV, piece by piece: UTF-8 with its mark, the separator that spreadsheets of the language expect."""
    sign = ";" if lang == "es" else ","
    made = io.StringIO()
    writer = csv.writer(made, delimiter=sign, lineterminator="\r\n")
    made.write(MARK)
    writer.writerow([text(lang, column) for column in COLUMNS])
    for line in lines:
        at = dt.datetime.fromtimestamp(line.at, zone).isoformat(" ", "seconds")
        writer.writerow([line.id, at, *map(_safe, (line.username, line.address, label(lang, line.action), line.target,
                                                   detail(lang, line)))])
        if made.tell() > 65536:
            yield made.getvalue().encode("utf-8", "replace")
            made.seek(0)
            made.truncate()
    yield made.getvalue().encode("utf-8", "replace")


def _safe(word: str) -> str:
    found = _FORBIDDEN.sub("", word)
    return f"'{found}" if _FORMULA.match(found) else found
