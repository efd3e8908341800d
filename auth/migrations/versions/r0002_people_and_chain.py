"""Second factor, invitations, personal keys, screens on the wall; the audit becomes a chain.

Databases that were in use between the two have a part of this already: only what is missing is added.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

MOMENT = sa.Float(53)


def owner() -> sa.Column:
    """Whose row it is; gone with its owner."""
    return sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True)


def tables() -> dict[str, tuple[list[sa.Column], dict[str, bool]]]:
    """Those that are new, with what they are made with."""
    return {
        "api_keys": ([
            sa.Column("id", sa.Integer, primary_key=True),
            owner(),
            sa.Column("name", sa.String(64), nullable=False),
            sa.Column("digest", sa.String(64), nullable=False, unique=True),
            sa.Column("start", sa.String(16), nullable=False),
            sa.Column("permissions", sa.JSON, nullable=False),
            sa.Column("created", MOMENT, nullable=False),
            sa.Column("expires", MOMENT),
            sa.Column("seen", MOMENT),
            sa.Column("address", sa.String(64), nullable=False)], {"sqlite_autoincrement": True}),
        "kiosks": ([
            sa.Column("id", sa.String(64), primary_key=True),
            sa.Column("name", sa.String(64), nullable=False),
            sa.Column("queues", sa.JSON),
            sa.Column("created", MOMENT, nullable=False),
            sa.Column("created_by", sa.String(64), nullable=False),
            sa.Column("expires", MOMENT, nullable=False, index=True),
            sa.Column("revoked", MOMENT),
            sa.Column("seen", MOMENT),
            sa.Column("address", sa.String(64), nullable=False)], {}),
        "invitations": ([
            sa.Column("id", sa.String(64), primary_key=True),
            owner(),
            sa.Column("created", MOMENT, nullable=False),
            sa.Column("expires", MOMENT, nullable=False, index=True)], {}),
        "audit_head": ([
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("last", sa.Integer, nullable=False),
            sa.Column("seal", sa.String(64), nullable=False)], {}),
        "audit_cuts": ([
            sa.Column("up_to", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("seal", sa.String(64), nullable=False),
            sa.Column("lines", sa.Integer, nullable=False)], {}),
        "audit_repeated": ([
            sa.Column("key", sa.String(64), primary_key=True),
            sa.Column("since", MOMENT, nullable=False, index=True),
            sa.Column("written", sa.Integer, nullable=False),
            sa.Column("skipped", sa.Integer, nullable=False),
            sa.Column("action", sa.String(64), nullable=False),
            sa.Column("address", sa.String(64), nullable=False)], {}),
        "program_settings": ([
            sa.Column("name", sa.String(64), primary_key=True),
            sa.Column("value", sa.JSON, nullable=False)], {}),
    }


def columns() -> dict[str, list[sa.Column]]:
    """Those that tables of the first release get."""
    return {
        "users": [
            sa.Column("totp", sa.String(64)),
            sa.Column("totp_draft", sa.String(64)),
            sa.Column("totp_used", sa.Integer, nullable=False, server_default="0"),
            sa.Column("recovery", sa.JSON, nullable=False, server_default=sa.text("'[]'"))],
        "audit": [sa.Column("seal", sa.String(64), nullable=False, server_default="")],
    }


def upgrade() -> None:
    known = sa.inspect(op.get_bind())
    there = set(known.get_table_names())
    for name, (made, more) in tables().items():
        if name not in there:
            op.create_table(name, *made, **more)
    for name, added in columns().items():
        has = {column["name"] for column in known.get_columns(name)}
        for column in added:
            if column.name not in has:
                op.add_column(name, column)
    if op.get_bind().dialect.name == "sqlite":
        # They knew of no cuts; those that do are put there at every start.
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER IF EXISTS audit_keeps_{verb}")
        _never_again()


def _never_again() -> None:
    """The number of somebody who is gone is never somebody else's: SQLite has to be told when a table is made, so this
    one is made again, and goes on behind every number that the audit has seen."""
    if op.get_bind().exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'users'").scalar_one().find(
            "AUTOINCREMENT") >= 0:
        return
    with op.batch_alter_table("users", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
        pass
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'users'")
    op.execute("INSERT INTO sqlite_sequence (name, seq) SELECT 'users', max("
               "(SELECT coalesce(max(id), 0) FROM users), (SELECT coalesce(max(user_id), 0) FROM audit))")


def downgrade() -> None:
    raise NotImplementedError("the copy that was kept is put back instead")
