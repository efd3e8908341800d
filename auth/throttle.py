"""Growing waits after failed sign-ins, counted in the database for all workers.

Two counters: the account seen from one address, and the address. Nobody can lock a colleague out from
another place, and one address cannot try a password on every account. A try is counted before the
password is looked at and given back when it was right, so that a burst of parallel tries counts too.
"""

import hashlib

from sqlalchemy import delete
from sqlalchemy.orm import Session

from auth.models import Failures

FREE_PAIR, FREE_ADDRESS = 5, 30
FIRST_WAIT, LONGEST_WAIT = 30.0, 900.0
FORGOTTEN_AFTER = 3600.0


class Throttled(Exception):
    """Too many failures; try again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"try again in {seconds} s")
        self.seconds = seconds


def keys(account: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """The two counters of a try, each with the failures it lets pass without a wait."""
    def digest(*parts: str) -> str:
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return (digest("pair", account, address), FREE_PAIR), (digest("address", address), FREE_ADDRESS)


def wait(count: int, free: int) -> float:
    """Seconds to wait after `count` failures: none up to `free`, then 30, 60, 120 … 900."""
    return 0.0 if count < free else min(FIRST_WAIT * 2.0 ** min(count - free, 10), LONGEST_WAIT)


def take(session: Session, account: str, address: str, now: float) -> None:
    """Counts a try that begins; Throttled if it has to wait."""
    session.execute(delete(Failures).where(Failures.last < now - FORGOTTEN_AFTER))
    found = [(key, free, session.get(Failures, key)) for key, free in keys(account, address)]
    left = max((row.last + wait(row.count, free) - now for _, free, row in found if row), default=0.0)
    if left > 0:
        raise Throttled(max(1, round(left)))
    for key, _, row in found:
        if row:
            row.count, row.last = row.count + 1, now
        else:
            session.add(Failures(key=key, count=1, last=now))


def give_back(session: Session, account: str, address: str) -> None:
    """The try was right: the account is clean again, and the address has one failure less.

    Not clean: somebody with an account of his own could otherwise try others' passwords for ever.
    """
    (pair, _), (place, _) = keys(account, address)
    if row := session.get(Failures, pair):
        session.delete(row)
    if row := session.get(Failures, place):
        row.count = max(0, row.count - 1)
