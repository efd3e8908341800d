"""Who may come in: accounts, their passwords and what each may do.

Everything that changes an account leaves a line in the audit in the same transaction.
"""

import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth import passwords, permissions, throttle
from auth.models import Account, Audit, Base, Grant, Visit, connect
from auth.passwords import WeakPassword
from auth.permissions import ROLES, Permission
from auth.throttle import Throttled

__all__ = ["BadUser", "Throttled", "User", "UserStore", "WeakPassword", "WrongCredentials"]

FIRST, FIRST_PASSWORD = "admin", "admin123"  # noqa: S105  it opens nothing but the page that changes it
LANGUAGES = ("es", "en")
THEMES = ("light", "dark")
USERNAME = re.compile(r"[\w.@-]{2,64}")


class WrongCredentials(Exception):
    """No such user, not this password, or not active: never said which."""


class BadUser(ValueError):
    """The account cannot be made or changed like this; the message names what is wrong."""


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


def clean(username: str) -> str:
    """What is kept of a name somebody typed: printable and short, so that it forges no line anywhere."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in username.strip())[:64]


def key(username: str) -> str:
    """One name whatever its capitals."""
    return unicodedata.normalize("NFKC", clean(username)).casefold()[:64]


def user(row: Account, session: str | None = None) -> User:
    """The account as the program sees it."""
    return User(
        row.id, row.username, row.role, permissions.effective(row.role, row.given, row.taken),
        None if row.queues is None else frozenset(row.queues), row.language, row.theme, row.must_change, row.active,
        row.epoch, row.created, row.last_login, tuple(row.given), tuple(row.taken), session)


class UserStore:
    """Accounts in the database at `url`. The first start makes `admin`, who has to change the password."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time,
                 hasher: PasswordHasher | None = None) -> None:
        self.engine = connect(url)
        self.writer = self.engine.execution_options(writes=True)
        self.clock = clock
        self.hashes = passwords.Hashes(hasher)
        with self.writer.begin() as connection:
            Base.metadata.create_all(connection)
        self._first()

    def _first(self) -> None:
        try:
            with self.writing() as session:
                if not session.scalar(select(func.count(Account.id))):
                    session.add(Account(
                        username=FIRST, key=FIRST, password=self.hashes.make(FIRST_PASSWORD), role="admin",
                        must_change=True, created=self.clock()))
                    self.note(session, "user_added", target=FIRST, role="admin")
        except IntegrityError:
            pass  # another process, starting at the same moment, has just made it

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that may write; all of it or nothing."""
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    # -- audit -----------------------------------------------------------------------------------

    def note(self, session: Session, action: str, *, by: User | Account | None = None, name: str = "",
             address: str = "", target: str = "", **detail: Any) -> None:
        """A line of the audit, inside the transaction of what it tells."""
        session.add(Audit(at=self.clock(), user_id=by.id if by else None, username=by.username if by else clean(name),
                          address=address[:64], action=action, target=clean(target) if target else "", detail=detail))

    def record(self, action: str, *, by: User | None = None, address: str = "", target: str = "",
               **detail: Any) -> None:
        """A line of the audit on its own, such as an export or a recording that was listened to."""
        with self.writing() as session:
            self.note(session, action, by=by, address=address, target=target, **detail)

    def audit(self, limit: int = 100, before: int | None = None) -> list[dict[str, Any]]:
        """The newest lines first; `before` is the id to go on from."""
        query = select(Audit).order_by(Audit.id.desc()).limit(limit)
        if before is not None:
            query = query.where(Audit.id < before)
        names = ("id", "at", "user_id", "username", "address", "action", "target", "detail")
        with self.reading() as session:
            return [{name: getattr(row, name) for name in names} for row in session.scalars(query)]

    # -- coming in -------------------------------------------------------------------------------

    def verify(self, username: str, password: str, address: str = "") -> User:
        """The user of these credentials; WrongCredentials, or Throttled before the password is even looked at."""
        row = self._check(username, password, address)
        with self.writing() as session:
            kept = session.get_one(Account, row.id)
            kept.last_login = self.clock()
            if self.hashes.old(kept.password):
                kept.password = self.hashes.make(password)
            self.note(session, "login", by=kept, address=address)
            return user(kept)

    def _check(self, username: str, password: str, address: str) -> Account:
        name = key(username)
        try:
            with self.writing() as session:
                throttle.take(session, name, address, self.clock())
                row = session.scalar(select(Account).where(Account.key == name))
        except Throttled:
            self.record_failure("login_throttled", username, address)
            raise
        # The hash is computed outside of any transaction: it is slow, and others have to write meanwhile.
        if not self.hashes.right(row.password if row else None, password) or row is None or not row.active:
            self.record_failure("login_failed", username, address)
            raise WrongCredentials
        with self.writing() as session:
            throttle.give_back(session, name, address)
        return row

    def record_failure(self, action: str, username: str, address: str) -> None:
        with self.writing() as session:
            self.note(session, action, name=username, address=address)

    def change_password(self, who: User, current: str, new: str, address: str = "") -> User:
        """The user's own change. Every session and token of the user ends; open new ones for the user returned.

        WrongCredentials (or Throttled) for the current one, WeakPassword with a text id for the new one.
        """
        row = self._check(who.username, current, address)
        if row.id != who.id:
            raise WrongCredentials
        if new == current:
            raise WeakPassword(passwords.SAME_AS_BEFORE)
        return self._set(who.id, new, must_change=False, by=who, address=address)

    def set_password(self, name: str | int, new: str, *, must_change: bool = True, by: User | None = None,
                     address: str = "") -> User:
        """An administrator's change of somebody's password; the user has to choose another at the next sign-in."""
        return self._set(self._id(name), new, must_change=must_change, by=by, address=address)

    def _set(self, number: int, new: str, *, must_change: bool, by: User | None, address: str) -> User:
        with self.reading() as session:
            passwords.check(new, session.get_one(Account, number).username)
        made = self.hashes.make(new)
        with self.writing() as session:
            row = session.get_one(Account, number)
            row.password, row.must_change, row.changed = made, must_change, self.clock()
            self._end_all(session, row)
            self.note(session, "password_changed", by=by, address=address, target=row.username)
            return user(row)

    def _end_all(self, session: Session, row: Account) -> None:
        """Ends every session and token of an account."""
        row.epoch += 1
        session.execute(delete(Visit).where(Visit.user_id == row.id))
        session.execute(delete(Grant).where(Grant.user_id == row.id))

    # -- accounts --------------------------------------------------------------------------------

    def _id(self, name: str | int) -> int:
        with self.reading() as session:
            found = (session.get(Account, name) if isinstance(name, int)
                     else session.scalar(select(Account).where(Account.key == key(name))))
            if found is None:
                raise BadUser(f"there is no user {name!r}")
            return found.id

    def get(self, name: str | int) -> User | None:
        """The account of that name or id, active or not."""
        with self.reading() as session:
            row = (session.get(Account, name) if isinstance(name, int)
                   else session.scalar(select(Account).where(Account.key == key(name))))
            return user(row) if row else None

    def list(self) -> "list[User]":
        """All accounts by name."""
        with self.reading() as session:
            return [user(row) for row in session.scalars(select(Account).order_by(Account.key))]

    def add(self, username: str, password: str, role: str = "viewer", *, given: Iterable[str] = (),
            taken: Iterable[str] = (), queues: Iterable[str] | None = None, language: str | None = None,
            must_change: bool = False, by: User | None = None, address: str = "") -> User:
        """A new account; `queues` None means all. BadUser or WeakPassword say what is wrong."""
        if not USERNAME.fullmatch(username):
            raise BadUser("username: 2 to 64 letters, digits, or . _ - @")
        row = Account(username=username, key=key(username), password="", must_change=must_change, created=self.clock())
        self._fill(row, {"role": role, "given": given, "taken": taken, "queues": queues, "language": language})
        passwords.check(password, username)
        row.password = self.hashes.make(password)
        try:
            with self.writing() as session:
                session.add(row)
                session.flush()
                self.note(session, "user_added", by=by, address=address, target=username, role=role)
                return user(row)
        except IntegrityError:
            raise BadUser(f"username: there is a user {username!r} already") from None

    def update(self, name: str | int, *, by: User | None = None, address: str = "", **values: Any) -> User:
        """Changes role, given, taken, queues, language, theme or active. The last administrator stays one."""
        number = self._id(name)
        with self.writing() as session:
            row = session.get_one(Account, number)
            ended = row.active and values.get("active") is False
            self._fill(row, values)
            session.flush()
            if not any(a.active and Permission.ADMIN in user(a).permissions for a in session.scalars(select(Account))):
                raise BadUser("somebody has to stay administrator")
            if ended:
                self._end_all(session, row)
            action = "user_disabled" if ended else "user_changed"
            self.note(session, action, by=by, address=address, target=row.username, fields=sorted(values))
            return user(row)

    def prefer(self, number: int, language: str) -> None:
        """Keeps the language a user chose for the next sign-in."""
        with self.writing() as session:
            session.get_one(Account, number).language = language

    def disable(self, name: str | int, *, by: User | None = None, address: str = "") -> User:
        """Nobody can be this user any more; open sessions and tokens end at once."""
        return self.update(name, by=by, address=address, active=False)

    @staticmethod
    def _fill(row: Account, values: dict[str, Any]) -> None:
        """Puts checked values into the row."""
        for name, value in values.items():
            if name == "role" and value not in ROLES:
                raise BadUser(f"role: {value!r} is not one of {', '.join(ROLES)}")
            if name in ("given", "taken"):
                try:
                    value = sorted({permissions.permission(p) for p in value})
                except ValueError as error:
                    raise BadUser(f"{name}: {error}") from None
            elif name == "queues" and value is not None:
                value = sorted({str(queue) for queue in value})
            elif name == "language" and value is not None and value not in LANGUAGES:
                raise BadUser(f"language: {value!r} is not one of {', '.join(LANGUAGES)}")
            elif name == "theme" and value not in (None, *THEMES):
                raise BadUser(f"theme: {value!r} is not one of {', '.join(THEMES)}")
            elif name == "active" and not isinstance(value, bool):
                raise BadUser(f"active: {value!r} is neither true nor false")
            elif name not in ("role", "language", "queues", "theme", "active"):
                raise BadUser(f"{name} cannot be changed like this")
            setattr(row, name, value)

    def waiting_for_first(self) -> bool:
        """Whether nobody has changed the password of the first start yet."""
        with self.reading() as session:
            row = session.scalar(select(Account).where(Account.key == FIRST))
            return bool(row and row.active and row.must_change and row.changed is None)


def seen_by(who: User, *, language: str | None, default: str) -> User:
    """The same user with the language of this request: the browser's choice, else the user's, else the default."""
    return replace(who, language=language or who.language or default)
