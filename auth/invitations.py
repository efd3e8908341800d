"""Links by which somebody chooses a password, once: for a new person, or for one who lost the password."""

import hashlib
import secrets

from sqlalchemy import delete, select

from auth import passwords
from auth.models import Account, Invitation
from auth.people import User, user
from auth.users import UserStore

LASTS = 72 * 3600.0


class Gone(Exception):
    """Used before, too old, or never made: never said which."""


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Invitations:
    """The invitations of a store."""

    def __init__(self, users: UserStore) -> None:
        self.users = users

    def make(self, name: str | int, *, by: User | None = None, address: str = "") -> tuple[str, float]:
        """What goes into the link, shown once, and until when it is good (epoch seconds).

        What opened the account until now opens it no more: password, sessions, tokens, keys, older links.
        """
        number, now, token = self.users.number(name), self.users.clock(), secrets.token_urlsafe(32)
        nothing = self.users.hashes.make(secrets.token_urlsafe(32))
        with self.users.writing() as session:
            row = self.users.row(session, number)
            row.password, row.must_change = nothing, False
            self.users.end_all(session, row)
            session.execute(delete(Invitation).where(Invitation.expires < now))
            session.add(Invitation(id=digest(token), user_id=number, created=now, expires=now + LASTS))
            self.users.note(session, "user_invited", by=by, address=address, target=row.username)
        return token, now + LASTS

    def who(self, token: str) -> User | None:
        """The user whom a link is for; None when it is worth nothing."""
        with self.users.reading() as session:
            found = session.execute(select(Invitation, Account).join(Account, Account.id == Invitation.user_id)
                                    .where(Invitation.id == digest(token))).one_or_none()
        if found is None or self.users.clock() >= found[0].expires or not found[1].active:
            return None
        return user(found[1])

    def open(self) -> dict[int, float]:
        """Until when the link of each user who has not used it is good."""
        with self.users.reading() as session:
            rows = session.execute(select(Invitation.user_id, Invitation.expires)
                                   .where(Invitation.expires > self.users.clock()))
            return {row.user_id: row.expires for row in rows}

    def accept(self, token: str, password: str, address: str = "") -> User:
        """Keeps the password; the link is worth nothing from now on. Gone, or WeakPassword that leaves it good."""
        who = self.who(token)
        if who is None:
            raise Gone
        passwords.check(password, who.username)
        made = self.users.hashes.make(password)
        with self.users.writing() as session:
            used = session.execute(delete(Invitation).where(Invitation.id == digest(token)))
            row = session.get(Account, who.id)
            if used.rowcount != 1 or row is None:  # type: ignore[attr-defined]
                raise Gone
            row.password, row.must_change, row.changed = made, False, self.users.clock()
            self.users.end_all(session, row)
            self.users.note(session, "invitation_used", by=row, address=address)
            return user(row)
