"""Who is the same person: texts of the log that an administrator put under one name, kept in a file of their own.

They are laid over what the log teaches, at once and for the whole history: nothing is read again, and taking one away
brings back what was there. Every worker looks at the file as often as at the log.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from data.names import Names, extension
from data.rules import NOBODY

MOST = 2000  # pairs
LONGEST = 120  # characters of a text or a name


class BadAlias(ValueError):
    """A pair that cannot be kept; `text` is the one it is about, `reason` an English message id."""

    def __init__(self, text: str, reason: str):
        super().__init__(f"{text}: {reason}")
        self.text = text
        self.reason = reason


@dataclass(frozen=True)
class Aliases:
    """`pairs`: text as it stands in the log, or extension -> name of the person. `edition` grows with every change."""

    pairs: Mapping[str, str] = field(default_factory=dict)
    edition: int = 0

    def over(self, names: Names, people: Mapping[str, str] | None = None) -> Names:
        """What the log teaches, with these on top: an interface stands for its extension too. `people` are what a
        database says of extensions; whatever was written by hand comes before it."""
        mine = dict(self.pairs)
        for text, name in self.pairs.items():
            number = extension(text)
            if number:
                mine.setdefault(number, name)
        whole = {**(people or {}), **names.aliases, **mine}
        return Names({text: mine.get(name, name) for text, name in whole.items()}, names.learned)


def check(pairs: Mapping[str, str]) -> dict[str, str]:
    """The same pairs without blanks around them; BadAlias for the first that cannot be kept."""
    found: dict[str, str] = {}
    for given, person in pairs.items():
        text, name = given.strip(), person.strip()
        if text in NOBODY or not name:
            raise BadAlias(text or name, "a text and a name are needed")
        if max(len(text), len(name)) > LONGEST or not (text + name).isprintable():
            raise BadAlias(text[:LONGEST], "is too long or cannot be printed")
        if text != name:
            found[text] = name
    if len(found) > MOST:
        raise BadAlias(str(len(found)), "are too many names")
    for text, name in found.items():
        if name in found:
            raise BadAlias(text, "leads to a name that is itself renamed")
    return found


def lines(pairs: Mapping[str, str]) -> str:
    """The pairs as an administrator writes them: `SIP/108 = Valentina Ríos`."""
    return "\n".join(f"{text} = {name}" for text, name in pairs.items())


def parse(words: str) -> dict[str, str]:
    """The pairs of such lines; empty lines are passed over. BadAlias for a line without a pair."""
    found: dict[str, str] = {}
    for line in filter(str.strip, words.splitlines()):
        text, sign, name = line.rpartition("=")
        if not sign:
            raise BadAlias(line.strip()[:LONGEST], "has no = in it")
        found[text.strip()] = name.strip()
    return check(found)


def loose(persons: Iterable[str], extensions: Mapping[str, str], most: int = 30) -> list[str]:
    """Persons that are only an interface, a number or a login, in order."""
    return sorted(name for name in persons if name.isdigit() or name.startswith("Agent/") or (
        extension(name) is not None and name not in extensions))[:most]


class AliasFile:
    """The pairs at `path`, as JSON; `known` are those last read. A file that is not there, or is damaged, renames
    nobody."""

    def __init__(self, path: Path):
        self.path = path
        self.known = Aliases()
        self._stamp: tuple[int, int] | None = None

    def look(self) -> None:
        """Reads the file if somebody, in whichever process, wrote it since."""
        try:
            found = self.path.stat()
        except OSError:
            return
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            self.known, self._stamp = self._read(), stamp

    def _read(self) -> Aliases:
        try:
            said = json.loads(self.path.read_text(encoding="utf-8"))
            return Aliases(check({str(k): str(v) for k, v in said["pairs"].items()}), int(said["edition"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return Aliases()

    def write(self, pairs: Mapping[str, str]) -> None:
        """Keeps these pairs in place of those before. Raises BadAlias, OSError."""
        made = Aliases(check(pairs), self._read().edition + 1)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"edition": made.edition, "pairs": dict(made.pairs)}, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)
        self.look()
