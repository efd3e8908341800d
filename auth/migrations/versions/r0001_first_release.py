"""The first release: users, sessions, tokens, failed sign-ins, audit."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0001", None, None, None

MOMENT = sa.Float(53)


def owner() -> sa.Column:
    """Whose row it is; gone with its owner."""
    return sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("given", sa.JSON, nullable=False),
        sa.Column("taken", sa.JSON, nullable=False),
        sa.Column("queues", sa.JSON),
        sa.Column("language", sa.String(8)),
        sa.Column("theme", sa.String(8)),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("changed", MOMENT),
        sa.Column("last_login", MOMENT))
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), primary_key=True),
        owner(),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("seen", MOMENT, nullable=False),
        sa.Column("idle", MOMENT, nullable=False),
        sa.Column("expires", MOMENT, nullable=False, index=True),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("browser", sa.String(200), nullable=False))
    op.create_table(
        "grants",
        sa.Column("id", sa.String(64), primary_key=True),
        owner(),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("current", sa.String(64), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT, nullable=False, index=True),
        sa.Column("revoked", MOMENT),
        sa.Column("address", sa.String(64), nullable=False))
    op.create_table(
        "login_failures",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last", MOMENT, nullable=False, index=True))
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("user_id", sa.Integer),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False, index=True),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER audit_keeps_{verb.lower()} BEFORE {verb} ON audit "
                       "BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END")


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first release")
