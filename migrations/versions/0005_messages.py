"""The outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0005_messages"
down_revision = "0004_ledger"

PENDING = "state = 'pending'"
OVER = "state <> 'pending'"


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organization.id"), nullable=False),
        sa.Column("home_domain_id", sa.Text, sa.ForeignKey("home_domain.id")),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("error", sa.Text, nullable=False, server_default=""),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("attempts", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
    )
    op.create_index(op.f("ix_message_state_due_at"), "message", ["state", "due_at"])
    op.create_index(op.f("ix_message_subject"), "message", ["subject"])
    op.create_index(op.f("ix_message_lane_position"), "message", ["lane", "position"])
    op.create_index("ix_message_over", "message", ["updated_at"], postgresql_where=OVER)
    op.create_index(op.f("ix_message_host_due_at"), "message", ["host", "due_at"], postgresql_where=PENDING)
    op.create_index("ix_message_in_flight", "message", ["host"], postgresql_where=f"{PENDING} AND fence > answered")


def downgrade() -> None:
    op.drop_table("message")
