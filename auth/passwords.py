"""How a password is kept, and which ones are refused: length over composition, nothing everybody tries first."""

import secrets
import threading
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 10, 256
COMMON = Path(__file__).parent / "common_passwords.txt"
# Words of the place, refused when they are (nearly) the whole password.
PLACE = ("issabel", "asterisk", "callcenter", "analytics", "elastix", "freepbx")

TOO_SHORT = "Use at least 10 characters."
TOO_LONG = "Use at most 256 characters."
TOO_COMMON = "That password is among the first that anybody would try. Choose another one."
TOO_NEAR = "The password must not be the username."
SAME_AS_BEFORE = "The new password must differ from the current one."


class WeakPassword(ValueError):
    """The password is refused; the message is a text id that says why."""


def cheap() -> PasswordHasher:
    """A hasher for tests: the same work, a thousandth of the time."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def octets(password: str) -> bytes:
    """What is hashed: verbatim, but never more than a little over the longest allowed."""
    return password[:LONGEST + 1].encode("utf-8", "surrogatepass")


class Hashes:
    """Argon2id with a limit on how many are computed at once, so that sign-ins cannot take the whole machine."""

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = 2) -> None:
        self.hasher = hasher or PasswordHasher(time_cost=3, memory_cost=32768, parallelism=1)
        self.turns = threading.BoundedSemaphore(at_once)
        # What the password of somebody who does not exist is compared with: same work, never right.
        self.nobody = self.hasher.hash(secrets.token_urlsafe(32))

    def make(self, password: str) -> str:
        with self.turns:
            return self.hasher.hash(octets(password))

    def right(self, kept: str | None, password: str) -> bool:
        """Whether it is the password kept; None (nobody) takes as long and is never right."""
        with self.turns:
            try:
                return self.hasher.verify(kept or self.nobody, octets(password)) and kept is not None
            except (VerificationError, InvalidHashError):
                return False

    def old(self, kept: str) -> bool:
        """Whether it was made with other parameters than today's."""
        return self.hasher.check_needs_rehash(kept)


@cache
def common() -> frozenset[str]:
    """The passwords everybody tries first, in small letters."""
    return frozenset(COMMON.read_text(encoding="utf-8").split())


def plain(word: str) -> str:
    """Small letters without accents, spaces, digits at the ends or signs: what a guesser starts from."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in letters if c.isalnum()).strip("0123456789")


def check(password: str, username: str) -> None:
    """Nothing if the password may be used by `username`; WeakPassword with a text id if not."""
    if len(password) < SHORTEST:
        raise WeakPassword(TOO_SHORT)
    if len(password) > LONGEST:
        raise WeakPassword(TOO_LONG)
    low = password.casefold()
    core = plain(password)
    if low == username.casefold() or (core and core == plain(username)):
        raise WeakPassword(TOO_NEAR)
    if low in common() or len(set(low)) < 4 or core in common() or core in PLACE or _runs(low):
        raise WeakPassword(TOO_COMMON)


def _runs(low: str) -> bool:
    """Whether it is one run along the alphabet, the digits or a row of keys, or one short piece repeated."""
    rows = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertyuiopñasdfghjkl")
    return any(low in row or low[::-1] in row for row in rows) or low in (low + low)[1:-1]
