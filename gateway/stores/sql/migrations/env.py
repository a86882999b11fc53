"""Migrate on the connection that the gateway hands over, within its transaction."""

from alembic import context

from gateway.stores.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # on SQLite too: a killed migration has not happened
)
context.run_migrations()
