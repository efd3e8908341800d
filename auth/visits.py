"""Sessions of browsers, kept on the server: signing out, a new password and a disabled account really end them."""

import hashlib
import logging
import secrets
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError

from auth.models import Account, Visit
from auth.users import User, UserStore, user

log = logging.getLogger(__name__)

HOUR, DAY = 3600.0, 86400.0
# A shift and its breaks; a screen on the wall keeps asking and so stays, but signs in once a week.
IDLE, LONGEST = 12 * HOUR, 7 * DAY
REMEMBERED = 30 * DAY
# How late `seen` may be: not every request has to write.
WRITE_EVERY = 60.0
# As much of the digest as names a session to its owner.
SHOWN = 16


def digest(sid: str) -> str:
    return hashlib.sha256(sid.encode("utf-8", "surrogatepass")).hexdigest()


class Visits:
    """The sessions of a store."""

    def __init__(self, users: UserStore) -> None:
        self.users = users

    def open(self, who: User, *, address: str = "", browser: str = "", remember: bool = False) -> str:
        """A new session; what is returned (256 random bits) goes into the cookie and nowhere else."""
        sid, now = secrets.token_urlsafe(32), self.users.clock()
        with self.users.writing() as session:
            session.execute(delete(Visit).where(Visit.expires < now))
            session.add(Visit(
                id=digest(sid), user_id=who.id, epoch=who.epoch, created=now, seen=now, address=address[:64],
                browser=browser[:200], idle=REMEMBERED if remember else IDLE,
                expires=now + (REMEMBERED if remember else LONGEST)))
        return sid

    def user_of(self, sid: str) -> User | None:
        """The user of a session that is still good; None otherwise."""
        now = self.users.clock()
        with self.users.reading() as session:
            found = session.execute(select(Visit, Account).join(Account, Account.id == Visit.user_id)
                                    .where(Visit.id == digest(sid))).one_or_none()
        if found is None:
            return None
        visit, row = found
        if not row.active or visit.epoch != row.epoch or now >= min(visit.expires, visit.seen + visit.idle):
            return None
        if now - visit.seen >= WRITE_EVERY and not self._seen(visit.id, now):
            return None
        return user(row, sid)

    def _seen(self, key: str, now: float) -> bool:
        """Notes that a session is in use; False when it was ended meanwhile."""
        try:
            with self.users.writing() as session:
                kept = session.get(Visit, key)
                if kept is not None:
                    kept.seen = now
                return kept is not None
        except OperationalError as error:  # a disk that is full or read-only sends nobody away who is inside
            log.warning("when a session was used could not be written: %s", error.orig)
            return True

    def end(self, sid: str, *, by: User | None = None, address: str = "") -> None:
        """Signs out; a copy of the cookie is worth nothing from now on."""
        with self.users.writing() as session:
            if (visit := session.get(Visit, digest(sid))) is not None:
                session.delete(visit)
                self.users.note(session, "logout", by=by, address=address)

    def end_one(self, who: User, name: str, *, by: User, address: str = "") -> bool:
        """Ends the session of `who` that the list calls `name`; False if there is none."""
        with self.users.writing() as session:
            rows = session.scalars(select(Visit).where(Visit.user_id == who.id)).all()
            found = [row for row in rows if row.id[:SHOWN] == name]
            for row in found:
                session.delete(row)
                self.users.note(session, "session_ended", by=by, address=address, target=who.username,
                                of=row.address)
        return bool(found)

    def end_others(self, who: User, address: str = "", *, by: User | None = None) -> int:
        """Ends every session of `who` but the one that asks (`by`, or `who` himself); how many."""
        here = (by or who).session or ""
        with self.users.writing() as session:
            rows = session.scalars(select(Visit).where(Visit.user_id == who.id, Visit.id != digest(here))).all()
            for row in rows:
                session.delete(row)
            if rows:
                self.users.note(session, "session_ended", by=by or who, address=address, target=who.username,
                                count=len(rows))
        return len(rows)

    def list(self, who: User) -> "list[dict[str, Any]]":
        """The user's open sessions, newest first, without what opens them."""
        now = self.users.clock()
        with self.users.reading() as session:
            rows = session.scalars(select(Visit).where(Visit.user_id == who.id, Visit.epoch == who.epoch)
                                   .order_by(Visit.seen.desc()))
            mine = digest(who.session) if who.session else None
            return [{"id": v.id[:SHOWN], "created": v.created, "seen": v.seen, "address": v.address,
                     "browser": v.browser, "remembered": v.idle == REMEMBERED, "mine": v.id == mine}
                    for v in rows if now < min(v.expires, v.seen + v.idle)]
