"""The second factor: codes of an authenticator (RFC 6238), and recovery codes for the day the telephone is gone."""

import hashlib
import hmac
import secrets

import pyotp
import segno

from auth import throttle
from auth.models import Account
from auth.people import User, WrongCredentials, user
from auth.throttle import Throttled
from auth.users import UserStore

STEP = 30
CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


class WrongCode(Exception):
    """Not this code, not any more, or used before: never said which."""


def plain(code: str) -> str:
    """What was typed without spaces, dashes and capitals."""
    return "".join(c for c in code.casefold() if c.isalnum())


def digest(code: str) -> str:
    return hashlib.sha256(plain(code).encode("utf-8", "surrogatepass")).hexdigest()


def picture(address: str) -> str:
    """The QR code as SVG, dark on light in both themes: telephones do not read the reverse."""
    drawn = segno.make(address, error="m").svg_inline(scale=5, border=3, dark="#0d1320", light="#fff", omitsize=True)
    return str(drawn)


class Factors:
    """The second factors of a store; `issuer` is what an authenticator calls this place."""

    def __init__(self, users: UserStore, issuer: str = "Call Center Analytics") -> None:
        self.users, self.issuer = users, issuer

    def draft(self, who: User) -> tuple[str, str]:
        """The secret that waits for its first code, made when there is none, and the address for a QR code."""
        with self.users.writing() as session:
            row = session.get_one(Account, who.id)
            row.totp_draft = row.totp_draft or pyotp.random_base32()
            secret = row.totp_draft
        return secret, pyotp.TOTP(secret).provisioning_uri(name=who.username, issuer_name=self.issuer)

    def switch_on(self, who: User, password: str, code: str, address: str = "") -> list[str]:
        """Begins with the drafted secret; the recovery codes, which are shown once."""
        if self.users.confirm(who.username, password, address).id != who.id:
            raise WrongCredentials
        with self.users.reading() as session:
            secret = session.get_one(Account, who.id).totp_draft
        step = self._step(secret, code, 0) if secret else None
        if step is None:
            raise WrongCode
        made = _codes()
        with self.users.writing() as session:
            row = session.get_one(Account, who.id)
            row.totp, row.totp_draft, row.totp_used = secret, None, step
            row.recovery = [digest(code) for code in made]
            self.users.note(session, "second_factor_on", by=who, address=address)
        return made

    def switch_off(self, name: str | int, *, by: User | None = None, address: str = "") -> None:
        """Without it from now on; an administrator does it for who lost the telephone and the codes."""
        number = self.users.number(name)
        with self.users.writing() as session:
            row = self.users.row(session, number)
            row.totp = row.totp_draft = None
            row.totp_used, row.recovery = 0, []
            self.users.note(session, "second_factor_off", by=by, address=address, target=row.username)

    def left(self, who: User) -> int:
        """How many recovery codes were not used yet."""
        with self.users.reading() as session:
            return len(session.get_one(Account, who.id).recovery)

    def check(self, number: int, code: str, address: str = "") -> User:
        """The user, now signed in; WrongCode, or Throttled before the code is even looked at."""
        counters = throttle.code_keys(number)
        with self.users.reading() as session:
            name = self.users.row(session, number).username
        try:
            with self.users.writing() as session:
                throttle.take(session, counters, self.users.clock())
        except Throttled:
            self.users.record_failure("login_throttled", name, address)
            raise
        with self.users.writing() as session:
            row = self.users.row(session, number)
            step, kept = self._step(row.totp, code, row.totp_used), digest(code)
            right = row.active and row.totp is not None and (step is not None or kept in row.recovery)
            if right:
                throttle.give_back(session, counters)
                if step is not None:
                    row.totp_used = step
                else:
                    row.recovery = [one for one in row.recovery if one != kept]
                    self.users.note(session, "recovery_code_used", by=row, address=address, left=len(row.recovery))
                row.last_login = self.users.clock()
                self.users.note(session, "login", by=row, address=address, second_factor=True)
                return user(row)
            self.users.note(session, "second_factor_failed", name=name, address=address)
        raise WrongCode

    def _step(self, secret: str | None, code: str, used: int) -> int | None:
        """The step of 30 s whose code it is: this one or a neighbour, and none that was used before."""
        now, typed = int(self.users.clock()) // STEP, plain(code).encode()
        if secret is None:
            return None
        for step in (now - 1, now, now + 1):
            if step > used and hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step).encode(), typed):
                return step
        return None


def _codes() -> list[str]:
    made = ("".join(secrets.choice(LETTERS) for _ in range(10)) for _ in range(CODES))
    return [f"{code[:5]}-{code[5:]}" for code in made]
