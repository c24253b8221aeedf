"""Alembic environment: runs the migrations on the connection that the caller hands over."""

from alembic import context

from pyca.store.tables import Base


def run() -> None:
    """Run the migrations that were asked for."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run()
