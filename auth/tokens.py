"""Tokens of the API: a short access token, and a refresh token that is good once.

Both are JWT, HS256 only, with every claim required. Each sign-in is a family in the database; a refresh
token used twice means that somebody copied it, and ends the family.
"""

import secrets
from typing import Any

import jwt
from sqlalchemy import delete, select, update

from auth.models import Account, Grant
from auth.secret import derive
from auth.users import User, UserStore, user

ALGORITHM = "HS256"
ISSUER = "call-center-analytics"
AUDIENCE = "call-center-analytics/api"
REFRESH_SECONDS = 30 * 86400
CLAIMS = ["exp", "iat", "jti", "sub", "iss", "aud", "typ", "fam"]


class InvalidToken(Exception):
    """Not ours, not of this kind, expired, used before or revoked: never said which."""


class Tokens:
    """Issues and reads the tokens of `users`; an access token lives for `minutes`."""

    def __init__(self, secret: str, users: UserStore, minutes: int) -> None:
        self.key = derive(secret, "api tokens 1")
        self.users = users
        self.lives = {"access": minutes * 60, "refresh": REFRESH_SECONDS}

    def _make(self, typ: str, who: User, family: str, jti: str) -> str:
        now = int(self.users.clock())
        return jwt.encode({"typ": typ, "iss": ISSUER, "aud": AUDIENCE, "sub": str(who.id), "fam": family, "jti": jti,
                           "iat": now, "exp": now + self.lives[typ]}, self.key, ALGORITHM)

    def _read(self, token: str, *kinds: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self.key, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER,
                options={"require": CLAIMS, "verify_exp": False, "verify_iat": False})
            typ, issued, ends = claims["typ"], claims["iat"], claims["exp"]
            # Times are compared here, with the clock of the store; a life longer than ours was not given by us.
            good = (typ in kinds and type(issued) is int and type(ends) is int
                    and issued - 60 <= self.users.clock() < ends <= issued + self.lives[typ]
                    and isinstance(claims["fam"], str) and isinstance(claims["jti"], str))
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise InvalidToken from None
        if not good:
            raise InvalidToken
        return claims

    def _answer(self, who: User, family: str, jti: str) -> dict[str, Any]:
        return {"access_token": self._make("access", who, family, secrets.token_urlsafe(16)),
                "refresh_token": self._make("refresh", who, family, jti),
                "token_type": "Bearer", "expires_in": self.lives["access"]}

    def issue(self, who: User, address: str = "") -> dict[str, Any]:
        """`access_token refresh_token token_type expires_in` (seconds) of a new family."""
        family, jti, now = secrets.token_urlsafe(24), secrets.token_urlsafe(24), self.users.clock()
        with self.users.writing() as session:
            session.execute(delete(Grant).where(Grant.expires < now))
            session.add(Grant(id=family, user_id=who.id, epoch=who.epoch, current=jti, created=now,
                              expires=now + REFRESH_SECONDS, address=address[:64]))
        return self._answer(who, family, jti)

    def refresh(self, refresh_token: str, address: str = "") -> dict[str, Any]:
        """New tokens for a refresh token that was not used before; InvalidToken otherwise."""
        claims = self._read(refresh_token, "refresh")
        family, jti, now = claims["fam"], secrets.token_urlsafe(24), self.users.clock()
        who = self._user(claims)
        with self.users.writing() as session:
            # One statement decides, so that of two uses at the same moment only one can be the first.
            rotated = session.execute(
                update(Grant).where(Grant.id == family, Grant.current == claims["jti"], Grant.revoked.is_(None))
                .values(current=jti, expires=now + REFRESH_SECONDS, address=address[:64]))
            first = rotated.rowcount == 1  # type: ignore[attr-defined]
            if not first:
                session.execute(update(Grant).where(Grant.id == family, Grant.revoked.is_(None)).values(revoked=now))
                self.users.note(session, "token_reused", by=who, address=address)
        if not first:
            raise InvalidToken
        return self._answer(who, family, jti)

    def _user(self, claims: dict[str, Any]) -> User:
        with self.users.reading() as session:
            found = session.execute(select(Grant, Account).join(Account, Account.id == Grant.user_id)
                                    .where(Grant.id == claims["fam"])).one_or_none()
        if found is None:
            raise InvalidToken
        grant, row = found
        if grant.revoked is not None or not row.active or grant.epoch != row.epoch or claims["sub"] != str(row.id):
            raise InvalidToken
        return user(row)

    def user_of(self, access_token: str) -> User:
        """The user of an access token, as the account is now; InvalidToken if it is not good (any more)."""
        return self._user(self._read(access_token, "access"))

    def revoke(self, token: str, address: str = "") -> bool:
        """Signs out: ends the family of a refresh (or access) token; False if it was worth nothing already."""
        try:
            claims = self._read(token, "refresh", "access")
            who = self._user(claims)
        except InvalidToken:
            return False
        with self.users.writing() as session:
            session.execute(update(Grant).where(Grant.id == claims["fam"]).values(revoked=self.users.clock()))
            self.users.note(session, "logout", by=who, address=address)
        return True
