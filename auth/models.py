"""Tables of users, their sessions, tokens, keys and invitations, failed sign-ins and the audit.

Moments are epoch seconds (UTC). Random ids of sessions, keys and invitations are kept as SHA-256, so that a copy
of the database opens nothing.
"""

from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """All tables of this folder."""


class Account(Base):
    """Somebody who may sign in. `epoch` grows when every session and token has to end."""

    __tablename__ = "users"
    __table_args__ = {"sqlite_autoincrement": True}  # the number of somebody who is gone is never somebody else's

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
    # The secret of the second factor, one that waits for its first code, the last step that was used, and SHA-256 of
    # the recovery codes that are left.
    totp: Mapped[str | None] = mapped_column(String(64), default=None)
    totp_draft: Mapped[str | None] = mapped_column(String(64), default=None)
    totp_used: Mapped[int] = mapped_column(default=0)
    recovery: Mapped[list[str]] = mapped_column(JSON, default=list)


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


class Key(Base):
    """A personal key of the API: what its owner lets a program do in his name, never more than he may himself."""

    __tablename__ = "api_keys"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    start: Mapped[str] = mapped_column(String(16))
    permissions: Mapped[list[str]] = mapped_column(JSON, default=list)
    created: Mapped[float] = mapped_column(Float(53))
    expires: Mapped[float | None] = mapped_column(Float(53), default=None)
    seen: Mapped[float | None] = mapped_column(Float(53), default=None)
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


class Invitation(Base):
    """A link that lets somebody choose a password once."""

    __tablename__ = "invitations"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created: Mapped[float] = mapped_column(Float(53))
    expires: Mapped[float] = mapped_column(Float(53), index=True)


class Failures(Base):
    """How often somebody failed to sign in lately: shared by all workers, still there after a restart."""

    __tablename__ = "login_failures"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    last: Mapped[float] = mapped_column(Float(53), index=True)


class Audit(Base):
    """Who did what, when and from where. Rows are only ever added; `seal` covers the row and the seal before it."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[float] = mapped_column(Float(53), index=True)
    user_id: Mapped[int | None] = mapped_column(default=None)
    username: Mapped[str] = mapped_column(String(64), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(64), index=True)
    target: Mapped[str] = mapped_column(String(200), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    seal: Mapped[str] = mapped_column(String(64), default="")


class AuditHead(Base):
    """The newest line of the audit. Its one row is also the lock that writers on other databases than SQLite take."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(default=0)
    seal: Mapped[str] = mapped_column(String(64), default="")


class AuditCut(Base):
    """Lines that were old enough to go: those up to `up_to`, whose seal the next line goes on from."""

    __tablename__ = "audit_cuts"

    up_to: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[float] = mapped_column(Float(53))
    seal: Mapped[str] = mapped_column(String(64), default="")
    rows: Mapped[int] = mapped_column("lines", default=0)


class Repeated(Base):
    """Lines that somebody could have written without end, counted within an hour instead."""

    __tablename__ = "audit_repeated"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[float] = mapped_column(Float(53), index=True)
    written: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    action: Mapped[str] = mapped_column(String(64), default="")
    address: Mapped[str] = mapped_column(String(64), default="")


class Setting(Base):
    """What an administrator chooses in the program itself."""

    __tablename__ = "program_settings"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON, default=None)
