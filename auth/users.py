"""Who may come in: accounts, their passwords and what each may do.

Everything that changes an account leaves a line in the audit in the same transaction.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth import audit, passwords, throttle
from auth.database import Unusable, connect, gone, prepare
from auth.marker import Marker
from auth.models import Account, Grant, Invitation, Key, Setting, Visit
from auth.passwords import WeakPassword
from auth.people import (
    LANGUAGES,
    LAST_ADMIN,
    NO_USER,
    NOT_YOURSELF,
    TAKEN_NAME,
    THEMES,
    USERNAME,
    WRONG_NAME,
    BadUser,
    CodeNeeded,
    User,
    WrongCredentials,
    clean,
    fill,
    key,
    seen_by,
    user,
)
from auth.permissions import Permission
from auth.throttle import Throttled

__all__ = ["LANGUAGES", "THEMES", "BadUser", "CodeNeeded", "Throttled", "Unusable", "User", "UserStore",
           "WeakPassword", "WrongCredentials", "clean", "seen_by", "user"]

FIRST, FIRST_PASSWORD = "admin", "admin123"  # noqa: S105  it opens nothing but the page that changes it

class UserStore:
    """Accounts in the database at `url`. The first start makes `admin`, who has to change the password.

    `folder` keeps the note that there were people here: without them, but with it, the store is Unusable. `begin`
    False makes nobody at the first start and asks for no note.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time, hasher: PasswordHasher | None = None,
                 folder: Path | None = None, begin: bool = True) -> None:
        self.url = url
        self.engine = connect(url)
        self.writer = self.engine.execution_options(writes=True)
        self.clock = clock
        self.heard: Callable[[str], None] = lambda action: None  # is told of every action, also of those not written
        self.hashes = passwords.Hashes(hasher)
        self.marker = Marker(folder / "people.json" if folder else None)
        try:
            prepare(self.writer, url)
            self._first(begin)
        except Unusable:
            self.close()  # nothing of ours stays open beside the file that is to be replaced
            raise

    def _first(self, begin: bool) -> None:
        try:
            with self.writing() as session:
                newest = audit.head(session)
                if begin and not session.scalar(select(func.count()).select_from(Account)):
                    if self.marker.there():
                        raise Unusable(gone(self.url))
                    session.add(Account(
                        username=FIRST, key=FIRST, password=self.hashes.make(FIRST_PASSWORD), role="admin",
                        must_change=True, created=self.clock()))
                    self.note(session, "user_added", target=FIRST, role="admin")
                line, seal = newest.last, newest.seal
        except IntegrityError:
            return  # another process, starting at the same moment, has just made it
        if begin and not self.marker.there():
            self.marker.write(line, seal)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that may write; all of it or nothing, one after the other."""
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            if self.engine.dialect.name != "sqlite":
                audit.head(session)  # SQLite gives the write lock with the transaction itself
            yield session

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    def setting(self, name: str, default: Any = None) -> Any:
        """What was chosen in the program itself."""
        with self.reading() as session:
            found = session.get(Setting, name)
            return found.value if found else default

    def choose(self, name: str, value: Any, *, by: User | None = None, address: str = "") -> None:
        """Keeps a choice, with a line in the audit."""
        with self.writing() as session:
            session.merge(Setting(name=name, value=value))
            self.note(session, "setting_changed", by=by, address=address, target=name, value=value)

    # -- audit -----------------------------------------------------------------------------------

    def note(self, session: Session, action: str, *, by: User | Account | None = None, name: str = "",
             address: str = "", target: str = "", **detail: Any) -> None:
        """A line of the audit, inside the transaction of what it tells."""
        if isinstance(by, User) and by.key:
            detail["key"] = by.key
        self.heard(action)
        audit.add(session, self.clock(), action, user_id=by.id if by else None,
                  username=by.username if by else clean(name), address=address, target=clean(target, 200), **detail)

    def record(self, action: str, *, by: User | None = None, address: str = "", target: str = "",
               **detail: Any) -> None:
        """A line of the audit on its own, such as an export or a recording that was listened to."""
        with self.writing() as session:
            self.note(session, action, by=by, address=address, target=target, **detail)

    def audit(self, limit: int = 100, before: int | None = None) -> list[dict[str, Any]]:
        """The newest lines first; `before` is the id to go on from."""
        with self.reading() as session:
            return [vars(line) for line in audit.search(session, audit.Wanted(), limit, before)]

    # -- coming in -------------------------------------------------------------------------------

    def verify(self, username: str, password: str, address: str = "", *, code_follows: bool = False) -> User:
        """The user of these credentials; WrongCredentials, or Throttled before the password is even looked at.

        CodeNeeded when the account has a second factor; `code_follows` says that it is checked in a moment.
        """
        row = self.confirm(username, password, address)
        if self.hashes.old(row.password):
            made = self.hashes.make(password)
            with self.writing() as session:
                session.get_one(Account, row.id).password = made
        if row.totp and not code_follows:
            raise CodeNeeded(user(row))
        return user(row) if row.totp else self.entered(row.id, address)

    def entered(self, number: int, address: str = "", **detail: Any) -> User:
        """Notes that somebody came in, all that was asked for being right."""
        with self.writing() as session:
            kept = self.row(session, number)
            kept.last_login = self.clock()
            self.note(session, "login", by=kept, address=address, **detail)
            return user(kept)

    def confirm(self, username: str, password: str, address: str = "") -> Account:
        """The account of these credentials, without coming in; fails as `verify` does."""
        name = key(username)
        counters = throttle.keys(name, address)
        try:
            with self.writing() as session:
                throttle.take(session, counters, self.clock())
                row = session.scalar(select(Account).where(Account.key == name))
        except Throttled:
            self.record_failure("login_throttled", username, address)
            raise
        # The hash is computed outside of any transaction: it is slow, and others have to write meanwhile.
        if not self.hashes.right(row.password if row else None, password) or row is None or not row.active:
            self.record_failure("login_failed", username, address)
            raise WrongCredentials
        with self.writing() as session:
            throttle.give_back(session, counters)
        return row

    def record_failure(self, action: str, username: str, address: str) -> None:
        with self.writing() as session:
            self.note(session, action, name=username, address=address)

    def change_password(self, who: User, current: str, new: str, address: str = "") -> User:
        """The user's own change. Every session and token of the user ends; open new ones for the user returned.

        WrongCredentials (or Throttled) for the current one, WeakPassword with a text id for the new one.
        """
        row = self.confirm(who.username, current, address)
        if row.id != who.id:
            raise WrongCredentials
        if new == current:
            raise WeakPassword(passwords.SAME_AS_BEFORE)
        return self._set(who.id, new, must_change=False, by=who, address=address)

    def set_password(self, name: str | int, new: str, *, must_change: bool = True, by: User | None = None,
                     address: str = "") -> User:
        """An administrator's change of somebody's password; the user has to choose another at the next sign-in."""
        return self._set(self.number(name), new, must_change=must_change, by=by, address=address)

    def _set(self, number: int, new: str, *, must_change: bool, by: User | None, address: str) -> User:
        with self.reading() as session:
            passwords.check(new, self.row(session, number).username)
        made = self.hashes.make(new)
        with self.writing() as session:
            row = self.row(session, number)
            row.password, row.must_change, row.changed = made, must_change, self.clock()
            self.end_all(session, row, keys=by is None or by.id != number)
            self.note(session, "password_changed", by=by, address=address, target=row.username)
            return user(row)

    def end_all(self, session: Session, row: Account, keys: bool = True) -> None:
        """Ends every session, token and invitation of an account, and its keys unless its owner did it."""
        row.epoch += 1
        for kind in (Visit, Grant, Invitation, *((Key,) if keys else ())):
            session.execute(delete(kind).where(kind.user_id == row.id))

    # -- accounts --------------------------------------------------------------------------------

    def number(self, name: str | int) -> int:
        """The number of the account of that name or number; BadUser without one."""
        found = self.get(name)
        if found is None:
            raise BadUser(NO_USER, name=name)
        return found.id

    def row(self, session: Session, number: int) -> Account:
        """The account of a number; BadUser when somebody has removed it meanwhile."""
        found = session.get(Account, number)
        if found is None:
            raise BadUser(NO_USER, name=number)
        return found

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

    def add(self, username: str, password: str | None, role: str = "viewer", *, given: Iterable[str] = (),
            taken: Iterable[str] = (), queues: Iterable[str] | None = None, language: str | None = None,
            must_change: bool = False, by: User | None = None, address: str = "") -> User:
        """A new account; `queues` None means all, `password` None that an invitation follows. BadUser or
        WeakPassword say what is wrong."""
        if not USERNAME.fullmatch(username):
            raise BadUser(WRONG_NAME)
        row = Account(username=username, key=key(username), password="", must_change=must_change, created=self.clock())
        fill(row, {"role": role, "given": given, "taken": taken, "queues": queues, "language": language})
        if password is not None:
            passwords.check(password, username)
        row.password = self.hashes.make(secrets.token_urlsafe(32) if password is None else password)
        try:
            with self.writing() as session:
                session.add(row)
                session.flush()
                self.note(session, "user_added", by=by, address=address, target=username, role=role)
                return user(row)
        except IntegrityError:
            raise BadUser(TAKEN_NAME, name=username) from None

    def update(self, name: str | int, *, by: User | None = None, address: str = "", **values: Any) -> User:
        """Changes role, given, taken, queues, language, theme or active. The last administrator stays one."""
        number = self.number(name)
        with self.writing() as session:
            row = self.row(session, number)
            ended = row.active and values.get("active") is False
            if ended and by is not None and by.id == number:
                raise BadUser(NOT_YOURSELF)
            before = {field: getattr(row, field, None) for field in values}
            fill(row, values)
            session.flush()
            self._somebody_administers(session)
            if ended:
                self.end_all(session, row)
            changed = {field: getattr(row, field) for field in values if getattr(row, field) != before[field]}
            if changed:
                self.note(session, "user_disabled" if ended else "user_changed", by=by, address=address,
                          target=row.username, **changed)
            return user(row)

    def remove(self, name: str | int, *, by: User | None = None, address: str = "") -> None:
        """Removes the account and all that belongs to it; its lines in the audit stay."""
        number = self.number(name)
        with self.writing() as session:
            row = self.row(session, number)
            if by is not None and by.id == number:
                raise BadUser(NOT_YOURSELF)
            self.end_all(session, row)
            session.delete(row)
            session.flush()
            self._somebody_administers(session)
            self.note(session, "user_removed", by=by, address=address, target=row.username)

    @staticmethod
    def _somebody_administers(session: Session) -> None:
        everybody = session.scalars(select(Account))
        if not any(row.active and Permission.ADMIN in user(row).permissions for row in everybody):
            raise BadUser(LAST_ADMIN)

    def prefer(self, number: int, language: str) -> None:
        """Keeps the language a user chose for the next sign-in."""
        with self.writing() as session:
            self.row(session, number).language = language

    def disable(self, name: str | int, *, by: User | None = None, address: str = "") -> User:
        """Nobody can be this user any more; open sessions and tokens end at once."""
        return self.update(name, by=by, address=address, active=False)

    def waiting_for_first(self) -> bool:
        """Whether nobody has changed the password of the first start yet."""
        with self.reading() as session:
            row = session.scalar(select(Account).where(Account.key == FIRST))
            return bool(row and row.active and row.must_change and row.changed is None)
