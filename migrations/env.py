"""Alembic's door to our tables: online only, against the application's own engine, one transaction a migration."""

from alembic import context
from flask import current_app

database = current_app.extensions["migrate"].db

with database.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        transaction_per_migration=True,
        compare_type=True,
        **{
            name: value
            for name, value in current_app.extensions["migrate"].configure_args.items()
            if name != "compare_type"
        },
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
