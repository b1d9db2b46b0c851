"""Alembic's entry: migrations hold tables and columns; grants, policies, triggers and door functions are
applied from the code's declarations after every upgrade (core.migrations), so that they cannot drift from the
models."""

from alembic import context

from core.db import Model

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=Model.metadata, compare_type=True, transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
