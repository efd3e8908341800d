"""What an examination found: one sentence, how bad it is, and the command that mends it."""

import os
import pwd
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from i18n import number, text

OK, NOTE, WRONG = "ok", "note", "wrong"
SPOKEN = ("cause", "what")  # gaps that are sentences themselves


@dataclass(frozen=True)
class Finding:
    """`area` is one of doctor.AREAS, `words` an English message id whose gaps are in `values`; `samples` are shown as
    they are."""

    area: str
    level: str
    words: str
    values: Mapping[str, object] = field(default_factory=dict)
    command: str = ""
    samples: tuple[str, ...] = ()


def spoken(lang: str, found: Finding) -> str:
    """The sentence in the reader's language."""
    return text(lang, found.words, **{
        name: text(lang, str(value)) if name in SPOKEN else number(lang, value) if isinstance(value, int) else value
        for name, value in found.values.items()})


def listed(names: list[str], most: int = 8) -> str:
    """Some names in one line, and how many more there are."""
    return ", ".join(names[:most]) + (f" (+{len(names) - most})" if len(names) > most else "")


def quoted(path: Path | str) -> str:
    """As a shell takes it."""
    return shlex.quote(str(path))


def user() -> str:
    """Whoever runs this."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def readable(path: Path) -> str:
    """The command that lets this user read a file or a folder, without making him a member of the telephone system."""
    return f"setfacl -m u:{quoted(user())}:rX {quoted(path.parent)} {quoted(path)}"


def set_in_env(name: str, value: str) -> str:
    """The command that changes a setting, in the file that is read: an installed service has its own elsewhere."""
    file = Path(".env")
    return f"echo {quoted(f'{name}={value}')} >> {quoted(file.resolve() if file.is_symlink() else file)}"
