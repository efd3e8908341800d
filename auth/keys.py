"""Personal keys of the API: a program gets what its owner chose for it, as long as the owner has it himself."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select

from auth.models import Account, Key
from auth.people import BadUser, User, clean, user
from auth.permissions import Permission
from auth.users import UserStore
from auth.visits import WRITE_EVERY

PREFIX = "cca_"
MOST, LONGEST = 20, 366
DAY = 86400.0

NAMELESS = "name: say in 1 to 64 letters which program the key is for"
TOO_MANY = "there are 20 keys already: end one first"
NOT_YOURS = "permissions: choose at least one, and only such as you have"
WRONG_DAYS = "days: a whole number from 1 to 366, or nothing for a key without an end"
NO_KEY = "there is no such key"


@dataclass(frozen=True)
class Shown:
    """A key as its owner sees it, without what opens; moments are epoch seconds."""

    id: int
    name: str
    start: str
    permissions: tuple[str, ...]
    created: float
    expires: float | None
    seen: float | None
    address: str


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Keys:
    """The keys of a store."""

    def __init__(self, users: UserStore) -> None:
        self.users = users

    def make(self, who: User, name: Any, permissions: Iterable[str], days: Any = None,
             address: str = "") -> tuple[Shown, str]:
        """A new key and its token, which is shown once and kept nowhere."""
        called = clean(name) if isinstance(name, str) else ""
        if not called:
            raise BadUser(NAMELESS)
        chosen = sorted({str(one) for one in permissions})
        if not chosen or not set(chosen) <= set(who.permissions):
            raise BadUser(NOT_YOURS)
        if days is not None and (type(days) is not int or not 1 <= days <= LONGEST):
            raise BadUser(WRONG_DAYS)
        token, now = PREFIX + secrets.token_urlsafe(32), self.users.clock()
        row = Key(user_id=who.id, name=called, digest=digest(token), start=token[:8], permissions=chosen, created=now,
                  expires=None if days is None else now + days * DAY)
        with self.users.writing() as session:
            if (session.scalar(select(func.count()).where(Key.user_id == who.id)) or 0) >= MOST:
                raise BadUser(TOO_MANY)
            session.add(row)
            session.flush()
            self.users.note(session, "key_made", by=who, address=address, target=called, permissions=chosen, days=days)
            return _shown(row), token

    def list(self, who: User) -> "list[Shown]":
        """The keys of a user, the newest first."""
        with self.users.reading() as session:
            return [_shown(row) for row in session.scalars(
                select(Key).where(Key.user_id == who.id).order_by(Key.id.desc()))]

    def end(self, who: User, number: int, *, by: User, address: str = "") -> None:
        """Ends a key of `who` at once."""
        with self.users.writing() as session:
            row = session.get(Key, number)
            if row is None or row.user_id != who.id:
                raise BadUser(NO_KEY)
            session.delete(row)
            self.users.note(session, "key_ended", by=by, address=address, target=row.name)

    def user_of(self, token: str, address: str = "") -> User | None:
        """The owner, with the permissions that the key has and the owner still has; None for a key that is not good."""
        if not token.startswith(PREFIX):
            return None
        now = self.users.clock()
        with self.users.reading() as session:
            found = session.execute(select(Key, Account).join(Account, Account.id == Key.user_id)
                                    .where(Key.digest == digest(token))).one_or_none()
        if found is None:
            return None
        row, account = found
        if not account.active or (row.expires is not None and now >= row.expires):
            return None
        if row.seen is None or now - row.seen >= WRITE_EVERY:
            with self.users.writing() as session:
                kept = session.get(Key, row.id)
                if kept is None:
                    return None
                kept.seen, kept.address = now, address[:64]
        owner = user(account)
        return replace(owner, key=row.name, permissions=owner.permissions & {Permission(p) for p in row.permissions})


def _shown(row: Key) -> Shown:
    return Shown(row.id, row.name, row.start, tuple(row.permissions), row.created, row.expires, row.seen, row.address)
