"""What Alembic runs for every step: on the connection of `auth.upgrade`, inside the transaction that is open there."""

from alembic import context

from auth.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata,
                  transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
