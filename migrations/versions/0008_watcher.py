"""Streams and what was observed on them."""

import sqlalchemy as sa
from alembic import op

revision = "0008_watcher"
down_revision = "0007_submission"


def _lifecycle() -> list[sa.Column]:
    return [
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("attempts", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
    ]


def upgrade() -> None:
    _create_stream()
    _create_observation()


def _create_stream() -> None:
    op.create_table(
        "stream",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("network_passphrase", sa.Text, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("read_ledger", sa.BigInteger, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
        sa.Column("node_ledger", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("known_ledger", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("known_hash", sa.Text, nullable=False, server_default=""),
        sa.Column("known_closed_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        *_lifecycle(),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_stream_organization_id")),
    )
    op.create_index(op.f("ix_stream_state_due_at"), "stream", ["state", "due_at"])


def _create_observation() -> None:
    op.create_table(
        "observation",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("operation_id", sa.BigInteger, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("muxed_id", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("counterparty", sa.Text, nullable=False),
        sa.Column("memo_type", sa.Text, nullable=False),
        sa.Column("memo", sa.Text, nullable=False),
        sa.Column("transaction_hash", sa.Text, nullable=False),
        sa.Column("inner_hash", sa.Text, nullable=False),
        sa.Column("operation_index", sa.BigInteger, nullable=False),
        sa.Column("ledger", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.Text, nullable=False, server_default=""),
        sa.Column("claimed_key", sa.Text, nullable=False, server_default=""),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("raw", sa.Text, nullable=False, server_default=""),
        *_lifecycle(),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_observation_organization_id")),
        sa.ForeignKeyConstraint(["account"], ["stream.account"], name=op.f("fk_observation_account")),
        sa.CheckConstraint(
            "direction IN ('in', 'out') AND amount > 0 OR direction = '' AND amount = 0",
            name=op.f("ck_observation_direction"),
        ),
    )
    for columns in (
        ["state", "due_at"],
        ["account", "operation_id"],
        ["inner_hash", "operation_index"],
        ["claimed_by", "claimed_key"],
    ):
        op.create_index(op.f(f"ix_observation_{'_'.join(columns)}"), "observation", columns)


def downgrade() -> None:
    op.drop_table("observation")
    op.drop_table("stream")
