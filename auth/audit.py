"""The audit: who did what, when and from where, as a chain in which nothing changes or disappears unseen.

Every line is sealed together with the seal of the line before it, and numbered without gaps; a line that somebody
could provoke without end is counted after a while instead of written. Lines older than the retention go through a
cut, which is itself a line of the audit.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from auth.models import Audit, AuditCut, AuditHead, Repeated

HOUR = 3600.0
# Lines an hour that somebody may cause who has no business here: from one address, and from all of them.
FROM_ONE, FROM_ALL = 20, 300
NOISE = frozenset({"login_failed", "login_throttled", "second_factor_failed", "refused", "token_reused"})
# How much of the audit may go at once without a person saying so: a clock that jumps must not empty it.
SHARE, AT_LEAST = 0.05, 1000
FIELDS = ("id", "at", "user_id", "username", "address", "action", "target", "detail")

CHANGED = "Line {line} of the audit is not what was written."
MISSING = "Line {line} of the audit is missing."
SHORT = "The newest lines of the audit are missing: line {line} was written, and is not there."


@dataclass(frozen=True)
class Line:
    """One line of the audit; `at` is epoch seconds."""

    id: int
    at: float
    user_id: int | None
    username: str
    address: str
    action: str
    target: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What to look for: parts of names, exact actions, a span of epoch seconds whose end is left out."""

    who: str = ""
    actions: tuple[str, ...] = ()
    address: str = ""
    target: str = ""
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class Verdict:
    """How many lines were looked at, and what is wrong with the chain: a message id and the line; None if nothing."""

    lines: int
    wrong: str | None = None
    line: int = 0

    @property
    def words(self) -> str:
        return self.wrong.format(line=self.line) if self.wrong else f"{self.lines} lines, none changed or missing"


def seal(before: str, line: Sequence[Any]) -> str:
    """The seal of a line (its FIELDS) that comes after one with the seal `before`."""
    number, at, *rest = line
    told = json.dumps([before, number, f"{at:.3f}", *rest], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def head(session: Session) -> AuditHead:
    """The newest line, held until the transaction ends: writers follow each other."""
    found = session.get(AuditHead, 1, populate_existing=True, with_for_update=True)
    if found is None:
        # An audit from before there were seals stays as it is; the chain begins behind it.
        last = session.scalar(select(func.max(Audit.id))) or 0
        if last:
            session.add(AuditCut(up_to=last, at=0.0))
        found = AuditHead(id=1, last=last)
        session.add(found)
        session.flush()
    return found


def add(session: Session, now: float, action: str, *, user_id: int | None = None, username: str = "",
        address: str = "", target: str = "", **detail: Any) -> None:
    """A line more, unless it is one of too many of its kind."""
    if action in NOISE and not _counted(session, now, action, address):
        return
    _append(session, now, action, user_id, username, address, target, detail)


def _append(session: Session, now: float, action: str, user_id: int | None, username: str, address: str, target: str,
            detail: dict[str, Any]) -> None:
    newest = head(session)
    at = round(now, 3)
    detail = json.loads(json.dumps(detail))
    line = (newest.last + 1, at, user_id, username, address[:64], action, target, detail)
    newest.last, newest.seal = newest.last + 1, seal(newest.seal, line)
    session.add(Audit(**dict(zip(FIELDS, line, strict=True)), seal=newest.seal))
    session.flush()


def _counted(session: Session, now: float, action: str, address: str) -> bool:
    """Counts a line of a kind that anybody can cause; whether it is still to be written."""
    for over in session.scalars(select(Repeated).where(Repeated.since < now - HOUR)).all():
        session.delete(over)
        if over.skipped:
            _append(session, now, "repeated", None, "", over.address, over.action, {
                "not_written": over.skipped, "since": round(over.since)})
    session.flush()
    for kind, place, most in ((action, address[:64], FROM_ONE), ("", "", FROM_ALL)):
        key = hashlib.sha256(f"{kind}\0{place}".encode()).hexdigest()
        found = session.get(Repeated, key)
        if found is None:
            found = Repeated(key=key, since=now, written=0, skipped=0, action=kind, address=place)
            if not kind or _room(session):
                session.add(found)
        if found.written >= most:
            found.skipped += 1
            session.flush()
            return False
        found.written += 1
    session.flush()
    return True


def _room(session: Session) -> bool:
    """Whether another address may be counted on its own; beyond that all of them share one count."""
    return (session.scalar(select(func.count()).select_from(Repeated)) or 0) < FROM_ALL * 2


# -- reading -----------------------------------------------------------------------------------------


def _where(wanted: Wanted) -> Select[Any]:
    query = select(*(getattr(Audit, name) for name in FIELDS))
    for column, part in ((Audit.username, wanted.who), (Audit.address, wanted.address), (Audit.target, wanted.target)):
        if part:
            query = query.where(func.lower(column).contains(part.lower(), autoescape=True))
    if wanted.actions:
        query = query.where(or_(*(Audit.action == action for action in wanted.actions)))
    if wanted.since is not None:
        query = query.where(Audit.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Audit.at < wanted.until)
    return query


def search(session: Session, wanted: Wanted, limit: int | None = None, before: int | None = None) -> Iterator[Line]:
    """The newest lines first; `before` is the number of the line to go on from."""
    query = _where(wanted).order_by(Audit.id.desc())
    if before is not None:
        query = query.where(Audit.id < before)
    if limit is not None:
        query = query.limit(limit)
    for row in session.execute(query.execution_options(yield_per=1000)):
        yield Line(*row)


def count(session: Session, wanted: Wanted) -> int:
    """How many lines there are."""
    return session.scalar(select(func.count()).select_from(_where(wanted).subquery())) or 0


def actions(session: Session) -> list[str]:
    """The kinds of lines that there are."""
    return list(session.scalars(select(Audit.action).distinct().order_by(Audit.action)))


# -- the chain ---------------------------------------------------------------------------------------


def verify(session: Session, known: tuple[int, str] | None = None) -> Verdict:
    """Goes through the whole chain. `known` is a line and its seal as they were kept outside of the database."""
    cut = session.scalar(select(AuditCut).order_by(AuditCut.up_to.desc()).limit(1))
    newest = session.get(AuditHead, 1)
    last, before = (cut.up_to, cut.seal) if cut else (0, "")
    declared, seen = {0} if cut is None or not cut.seal else {cut.up_to}, 0
    query = select(*(getattr(Audit, name) for name in FIELDS), Audit.seal).where(Audit.id > last).order_by(Audit.id)
    for *line, kept in session.execute(query.execution_options(yield_per=1000)):
        seen += 1
        if line[0] != last + 1:
            return Verdict(seen, MISSING, last + 1)
        before, last = seal(before, line), line[0]
        if before != kept or (known and last == known[0] and kept != known[1]):
            return Verdict(seen, CHANGED, last)
        if line[5] == "audit_trimmed":
            declared.discard(line[7].get("up_to"))
    at_least = max(newest.last if newest else 0, known[0] if known else 0)
    if last < at_least:
        return Verdict(seen, SHORT, at_least)
    if declared - {0} or (newest and newest.seal != before):
        return Verdict(seen, MISSING if declared - {0} else CHANGED, max(declared) if declared - {0} else last)
    return Verdict(seen)


def trim(session: Session, now: float, days: int, *, asked: bool = False, **by: Any) -> int:
    """Lets go of lines older than `days`; how many. A part at a time, unless a person asked for it."""
    limit = now - days * 86400.0
    cut = session.scalar(select(func.max(AuditCut.up_to))) or 0
    first = session.scalar(select(func.min(Audit.id)).where(Audit.at >= limit)) or head(session).last + 1
    up_to = first - 1
    if not asked:
        there = session.scalar(select(func.count()).select_from(Audit)) or 0
        up_to = min(up_to, cut + max(AT_LEAST, int(there * SHARE)))
    found = session.get(Audit, up_to)
    if up_to <= cut or found is None:
        return 0
    rows = session.scalar(select(func.count()).select_from(Audit).where(Audit.id <= up_to)) or 0
    session.add(AuditCut(up_to=up_to, at=now, seal=found.seal, rows=rows))
    add(session, now, "audit_trimmed", up_to=up_to, seal=found.seal, lines=rows, days=days, **by)
    session.execute(delete(Audit).where(Audit.id <= up_to))
    return rows
