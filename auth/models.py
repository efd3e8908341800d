"""Tables of users, their sessions and tokens, failed sign-ins and the audit; and the way to open them.

Moments are epoch seconds (UTC). Random ids of sessions are kept as SHA-256, so that a copy of the
database opens no session.
"""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import DDL, JSON, Engine, Float, ForeignKey, String, create_engine, event, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import StaticPool

BUSY_SECONDS = 10


class Base(DeclarativeBase):
    """All tables of this folder."""


class Account(Base):
    """Somebody who may sign in. `epoch` grows when every session and token has to end."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64), unique=True)
    password: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(32))
    given: Mapped[list[str]] = mapped_column(JSON, default=list)
    taken: Mapped[list[str]] = mapped_column(JSON, default=list)
    queues: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True), default=None)
    language: Mapped[str | None] = mapped_column(String(8), default=None)
    theme: Mapped[str | None] = mapped_column(String(8), default=None)
    active: Mapped[bool] = mapped_column(default=True)
    must_change: Mapped[bool] = mapped_column(default=False)
    epoch: Mapped[int] = mapped_column(default=1)
    created: Mapped[float] = mapped_column(Float(53))
    changed: Mapped[float | None] = mapped_column(Float(53), default=None)
    last_login: Mapped[float | None] = mapped_column(Float(53), default=None)


class Visit(Base):
    """A session of a browser; it lives here and not in the cookie, so that it can really be ended."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    epoch: Mapped[int]
    created: Mapped[float] = mapped_column(Float(53))
    seen: Mapped[float] = mapped_column(Float(53))
    idle: Mapped[float] = mapped_column(Float(53))
    expires: Mapped[float] = mapped_column(Float(53), index=True)
    address: Mapped[str] = mapped_column(String(64), default="")
    browser: Mapped[str] = mapped_column(String(200), default="")


class Grant(Base):
    """A family of API tokens: one sign-in and all its rotations. `current` is the only refresh token still good."""

    __tablename__ = "grants"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    epoch: Mapped[int]
    current: Mapped[str] = mapped_column(String(64))
    created: Mapped[float] = mapped_column(Float(53))
    expires: Mapped[float] = mapped_column(Float(53), index=True)
    revoked: Mapped[float | None] = mapped_column(Float(53), default=None)
    address: Mapped[str] = mapped_column(String(64), default="")


class Kiosk(Base):
    """A link to the live page for a screen on the wall: reads that page and nothing else, numbers masked."""

    __tablename__ = "kiosks"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    queues: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True), default=None)
    created: Mapped[float] = mapped_column(Float(53))
    created_by: Mapped[str] = mapped_column(String(64), default="")
    expires: Mapped[float] = mapped_column(Float(53), index=True)
    revoked: Mapped[float | None] = mapped_column(Float(53), default=None)
    seen: Mapped[float | None] = mapped_column(Float(53), default=None)
    address: Mapped[str] = mapped_column(String(64), default="")


class Failures(Base):
    """How often somebody failed to sign in lately: shared by all workers, still there after a restart."""

    __tablename__ = "login_failures"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    last: Mapped[float] = mapped_column(Float(53), index=True)


class Audit(Base):
    """Who did what, when and from where. Rows are only ever added."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float] = mapped_column(Float(53), index=True)
    user_id: Mapped[int | None] = mapped_column(default=None)
    username: Mapped[str] = mapped_column(String(64), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(64), index=True)
    target: Mapped[str] = mapped_column(String(200), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


for _verb in ("UPDATE", "DELETE"):
    event.listen(Audit.__table__, "after_create", DDL(
        f"CREATE TRIGGER IF NOT EXISTS audit_keeps_{_verb.lower()} BEFORE {_verb} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END").execute_if(dialect="sqlite"))


def connect(url: str) -> Engine:
    """An engine for any SQLAlchemy address. A SQLite file is made 0600 in a folder of 0700, in WAL mode."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_pre_ping=True, pool_recycle=1800)
    in_memory = address.database in (None, "", ":memory:")
    more: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    if not in_memory:
        path = Path(str(address.database))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **more)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late to be a write lock
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A reader that turns writer half-way fails at once when another wrote meanwhile; asking for the
        # write lock first makes it wait its turn instead.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
