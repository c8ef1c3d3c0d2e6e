"""Alembic's entry: ``include/warehouse/schema/migrations.py`` hands over the connection."""

from alembic import context

config = context.config

if context.is_offline_mode():
    context.configure(dialect_name="mysql", literal_binds=True)  # MariaDB runs it as well
elif "connection" in config.attributes:
    context.configure(connection=config.attributes["connection"], transaction_per_migration=True)
else:
    raise RuntimeError("run `python -m include migrate` instead of alembic's own command")

with context.begin_transaction():
    context.run_migrations()
