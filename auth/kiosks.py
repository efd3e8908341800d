"""Links for screens on the wall: signed, expiring, revocable, good for the live page alone.

The token is a JWT of its own kind and key, so that it is worth nothing elsewhere; the row in the database is what an
administrator revokes.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt
from sqlalchemy import select

from auth.models import Kiosk
from auth.secret import derive
from auth.users import User, UserStore, clean
from auth.visits import WRITE_EVERY

ALGORITHM = "HS256"
ISSUER, AUDIENCE = "call-center-analytics", "call-center-analytics/kiosk"
CLAIMS = ["exp", "iat", "jti", "iss", "aud"]
DAY = 86_400
LONGEST = 366  # days

NAMELESS = "name: say where the screen hangs, in 1 to 64 letters"
WRONG_DAYS = "days: must be a whole number from 1 to 366"
WRONG_QUEUES = "queues: must be a list of queues, or nothing for all"


class BadKiosk(ValueError):
    """The link cannot be made like this; the message is an English message id."""


class InvalidKiosk(Exception):
    """Not ours, expired or revoked: never said which."""


@dataclass(frozen=True)
class Link:
    """A link as an administrator sees it; moments are epoch seconds, `queues` None means all."""

    id: str
    name: str
    queues: frozenset[str] | None
    created: float
    created_by: str
    expires: float
    revoked: float | None
    seen: float | None
    address: str


def _link(row: Kiosk) -> Link:
    return Link(row.id, row.name, None if row.queues is None else frozenset(row.queues), row.created, row.created_by,
                row.expires, row.revoked, row.seen, row.address)


class Kiosks:
    """The links of an installation, kept beside its users."""

    def __init__(self, secret: str, users: UserStore) -> None:
        self.key = derive(secret, "kiosk links 1")
        self.users = users

    def make(self, name: str, days: Any, queues: Iterable[str] | None = None, *, by: User | None = None,
             address: str = "") -> tuple[Link, str]:
        """A new link and its token, which is shown once and kept nowhere."""
        called = clean(name) if isinstance(name, str) else ""
        if not called:
            raise BadKiosk(NAMELESS)
        if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= LONGEST:
            raise BadKiosk(WRONG_DAYS)
        if queues is not None and (isinstance(queues, str) or not all(isinstance(q, str) for q in queues)):
            raise BadKiosk(WRONG_QUEUES)
        now = int(self.users.clock())
        row = Kiosk(id=secrets.token_hex(16), name=called, queues=sorted(set(queues)) if queues is not None else None,
                    created=now, created_by=by.username if by else "", expires=now + days * DAY)
        with self.users.writing() as session:
            session.add(row)
            self.users.note(session, "kiosk_made", by=by, address=address, target=called, days=days)
        token = jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "jti": row.id, "iat": now, "exp": now + days * DAY},
                           self.key, ALGORITHM)
        return _link(row), token

    def list(self) -> "list[Link]":
        """Links that still work, and those that ended within a month; the newest first."""
        since = self.users.clock() - 30 * DAY
        with self.users.reading() as session:
            return [_link(row) for row in session.scalars(
                select(Kiosk).where(Kiosk.expires > since).order_by(Kiosk.created.desc(), Kiosk.id))]

    def revoke(self, number: str, *, by: User | None = None, address: str = "") -> bool:
        """Ends a link at once; False when there is none, or it had ended."""
        with self.users.writing() as session:
            row = session.get(Kiosk, number)
            if row is None or row.revoked is not None:
                return False
            row.revoked = self.users.clock()
            self.users.note(session, "kiosk_revoked", by=by, address=address, target=row.name)
            return True

    def check(self, token: str, address: str = "") -> Link:
        """The link of a token that is good now."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self.key, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER,
                options={"require": CLAIMS, "verify_exp": False, "verify_iat": False})
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise InvalidKiosk from None
        now = self.users.clock()
        with self.users.reading() as session:
            row = session.get(Kiosk, str(claims["jti"]))
        if row is None or row.revoked is not None or now >= row.expires:
            raise InvalidKiosk
        if row.seen is None or now - row.seen >= WRITE_EVERY:
            with self.users.writing() as session:
                kept = session.get(Kiosk, row.id)
                if kept is not None:
                    kept.seen, kept.address = now, address[:64]
        return _link(row)
