"""What the program knows of a person, and what an account may be given."""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

from auth import permissions
from auth.models import Account
from auth.permissions import ROLES, Permission

LANGUAGES = ("es", "en")
THEMES = ("light", "dark")
USERNAME = re.compile(r"[\w.@-]{2,64}")
MOST_QUEUES, LONGEST_QUEUE = 500, 128

WRONG_NAME = "username: 2 to 64 letters, digits, or . _ - @"
TAKEN_NAME = "username: there is a user {name!r} already"
NO_USER = "there is no user {name!r}"
LAST_ADMIN = "somebody has to stay administrator"
NOT_YOURSELF = "nobody can disable or remove himself"
WRONG_ROLE = "role: {name!r} is not one of {known}"
WRONG_PERMISSIONS = "{field}: {name!r} is not a permission"
WRONG_QUEUES = "queues: a list of up to 500 queues, or nothing for all of them"
WRONG_CHOICE = "{field}: {name!r} is not one of {known}"
WRONG_ACTIVE = "active: {name!r} is neither true nor false"
WRONG_FIELD = "{field} cannot be changed like this"


class WrongCredentials(Exception):
    """No such user, not this password, or not active: never said which."""


class CodeNeeded(Exception):
    """The password was right; a code of the second factor has to follow."""

    def __init__(self, who: "User") -> None:
        super().__init__("a code has to follow")
        self.who = who


class BadUser(ValueError):
    """The account cannot be made or changed like this; `words` is a message id that says what is wrong."""

    def __init__(self, words: str, **values: object) -> None:
        super().__init__(words.format(**values))
        self.words, self.values = words, values


@dataclass(frozen=True)
class User:
    """Somebody signed in (or an account, when listed): what the program needs to know of a person."""

    id: int
    username: str
    role: str
    permissions: frozenset[Permission]
    queues: frozenset[str] | None = None
    language: str | None = None
    theme: str | None = None
    must_change: bool = False
    active: bool = True
    epoch: int = 1
    created: float | None = None
    last_login: float | None = None
    given: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    session: str | None = None
    second_factor: bool = False
    # The name of the key of the API that speaks for this user; what such a program may not touch is the account.
    key: str | None = None

    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        return self.active

    def get_id(self) -> str | None:
        """What the cookie carries: the session, never the number of the user."""
        return self.session

    def can(self, permission: Permission | str) -> bool:
        """Whether the user may do it."""
        return permission in self.permissions


def clean(word: str, longest: int = 64) -> str:
    """What is kept of something that somebody typed: printable and short, so that it forges no line anywhere."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in word.strip())[:longest]


def key(username: str) -> str:
    """One name whatever its capitals."""
    return unicodedata.normalize("NFKC", clean(username)).casefold()[:64]


def user(row: Account, session: str | None = None) -> User:
    """The account as the program sees it."""
    return User(
        row.id, row.username, row.role, permissions.effective(row.role, row.given, row.taken),
        None if row.queues is None else frozenset(row.queues), row.language, row.theme, row.must_change, row.active,
        row.epoch, row.created, row.last_login, tuple(row.given), tuple(row.taken), session, row.totp is not None)


def fill(row: Account, values: dict[str, Any]) -> None:
    """Puts checked values into the row."""
    for name, value in values.items():
        if name == "role" and value not in ROLES:
            raise BadUser(WRONG_ROLE, name=value, known=", ".join(ROLES))
        if name in ("given", "taken"):
            strange = [p for p in value if p not in list(Permission)]
            if strange:
                raise BadUser(WRONG_PERMISSIONS, field=name, name=strange[0])
            value = sorted(set(value))
        elif name == "queues" and value is not None:
            value = sorted({str(queue) for queue in value})
            if len(value) > MOST_QUEUES or any(len(queue) > LONGEST_QUEUE for queue in value):
                raise BadUser(WRONG_QUEUES)
        elif name == "language" and value is not None and value not in LANGUAGES:
            raise BadUser(WRONG_CHOICE, field=name, name=value, known=", ".join(LANGUAGES))
        elif name == "theme" and value not in (None, *THEMES):
            raise BadUser(WRONG_CHOICE, field=name, name=value, known=", ".join(THEMES))
        elif name == "active" and not isinstance(value, bool):
            raise BadUser(WRONG_ACTIVE, name=value)
        elif name not in ("role", "language", "queues", "theme", "active"):
            raise BadUser(WRONG_FIELD, field=name)
        setattr(row, name, value)


def seen_by(who: User, *, language: str | None, default: str) -> User:
    """The same user with the language of this request: the browser's choice, else the user's, else the default."""
    return replace(who, language=language or who.language or default)
