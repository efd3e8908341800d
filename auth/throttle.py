"""Growing waits after failed sign-ins, counted in the database for all workers.

Two counters: the account seen from one address, and the address. Nobody can lock a colleague out from
another place, and one address cannot try a password on every account. A try is counted before the
password is looked at and given back when it was right, so that a burst of parallel tries counts too.
"""

import hashlib
import ipaddress

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


def place(address: str) -> str:
    """What counts as one address: of IPv6 the whole network that one customer is given."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


Counters = tuple[tuple[str, int], ...]


def keys(account: str, address: str) -> Counters:
    """The two counters of a try, each with the failures it lets pass without a wait."""
    return (_digest("pair", account, place(address)), FREE_PAIR), (_digest("address", place(address)), FREE_ADDRESS)


def code_keys(number: int) -> Counters:
    """The counter of second factors: one an account, wherever from, since who gets here knows the password."""
    return ((_digest("code", str(number)), FREE_PAIR),)


def wait(count: int, free: int) -> float:
    """Seconds to wait after `count` failures: none up to `free`, then 30, 60, 120 … 900."""
    return 0.0 if count < free else min(FIRST_WAIT * 2.0 ** min(count - free, 10), LONGEST_WAIT)


def take(session: Session, counters: Counters, now: float) -> None:
    """Counts a try that begins; Throttled if it has to wait."""
    session.execute(delete(Failures).where(Failures.last < now - FORGOTTEN_AFTER))
    found = [(key, free, session.get(Failures, key)) for key, free in counters]
    # A clock that was set back leaves failures of the future: nobody waits longer for those.
    left = max((min(row.last, now) + wait(row.count, free) - now for _, free, row in found if row), default=0.0)
    if left > 0:
        raise Throttled(max(1, round(left)))
    for key, _, row in found:
        if row:
            row.count, row.last = row.count + 1, now
        else:
            session.add(Failures(key=key, count=1, last=now))


def give_back(session: Session, counters: Counters) -> None:
    """The try was right: the first counter (the account) is clean again, the address has one failure less.

    Not clean: somebody with an account of his own could otherwise try others' passwords for ever.
    """
    for number, (key, _) in enumerate(counters):
        row = session.get(Failures, key)
        if row and number == 0:
            session.delete(row)
        elif row:
            row.count = max(0, row.count - 1)
