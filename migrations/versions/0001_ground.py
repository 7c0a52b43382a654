"""The clock, the history of every move, and the drains' last ticks."""

import sqlalchemy as sa
from alembic import op

revision = "0001_ground"
down_revision = None

CREATE_CLOCK = """
CREATE FUNCTION house_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT now() + coalesce(nullif(current_setting('railhead.clock_offset', true), ''), '0')::interval $$
"""


def upgrade() -> None:
    op.execute(CREATE_CLOCK)
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
    )
    op.create_index(op.f("ix_history_subject_subject_id"), "history", ["subject", "subject_id"])
    op.create_table(
        "tick",
        sa.Column("drain", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_table("tick")
    op.drop_table("history")
    op.execute("DROP FUNCTION house_now()")
