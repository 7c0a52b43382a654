"""Transactions, what goes back, and where each rail's news ended."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009_anchor"
down_revision = "0008_watcher"


def text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=False)


def text_or_empty(name: str) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True))


def lifecycle() -> list[sa.Column]:
    stamp = sa.text("house_now()")
    return [
        text("state"),
        moment("due_at"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("attempts", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=stamp),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=stamp),
    ]


def upgrade() -> None:
    op.create_table(
        "transaction",
        sa.Column("id", sa.Text, primary_key=True),
        *lifecycle(),
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organization.id"), nullable=False),
        sa.Column("home_domain_id", sa.Text, sa.ForeignKey("home_domain.id"), nullable=False),
        *map(text, ["protocol", "kind", "account"]),
        *map(text_or_empty, ["account_memo", "client_domain"]),
        sa.Column("lang", sa.Text, nullable=False, server_default="en"),
        sa.Column("asset_id", sa.Text, sa.ForeignKey("asset.id"), nullable=False),
        sa.Column("method_id", sa.Text, sa.ForeignKey("method.id"), nullable=False),
        text("rail"),
        sa.Column("amount_expected", sa.BigInteger, nullable=False),
        *[sa.Column(name, sa.BigInteger) for name in ("amount_in", "amount_fee", "amount_out")],
        *map(text_or_empty, ["destination_asset", "sender_id", "receiver_id"]),
        sa.Column("fields", sa.LargeBinary),
        sa.Column("payee", sa.LargeBinary),
        sa.Column("required_info", JSONB, nullable=False, server_default="{}"),
        *map(text, ["receiving_account", "memo_type", "memo"]),
        *map(text_or_empty, ["paid_from", "stellar_transaction_id", "refund_memo_type", "refund_memo"]),
        sa.Column("round", sa.BigInteger, nullable=False, server_default="1"),
        text_or_empty("external_transaction_id"),
        moment("executed_at"),
        moment("eta"),
        sa.Column("refunded_by_rail", sa.Boolean, nullable=False, server_default="false"),
        text_or_empty("message"),
        sa.Column("callback_url", sa.LargeBinary),
        text_or_empty("told"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        moment("completed_at"),
        sa.UniqueConstraint("receiving_account", "memo_type", "memo"),
        sa.CheckConstraint("amount_expected > 0", "amount_expected"),
        sa.CheckConstraint("amount_in >= amount_out + amount_fee", "amounts"),
    )
    op.create_index(op.f("ix_transaction_state_rail_due_at"), "transaction", ["state", "rail", "due_at"])
    listing = ["organization_id", "account", "created_at"]
    op.create_index(op.f("ix_transaction_organization_id_account_created_at"), "transaction", listing)
    op.create_index(op.f("ix_transaction_receiver_id"), "transaction", ["receiver_id"])
    op.create_index(op.f("ix_transaction_sender_id"), "transaction", ["sender_id"])
    op.create_index("ix_transaction_payee", "transaction", ["state"], postgresql_where="payee IS NOT NULL")
    op.create_table(
        "refund",
        sa.Column("id", sa.Text, primary_key=True),
        *lifecycle(),
        sa.Column("transaction_id", sa.Text, sa.ForeignKey("transaction.id"), nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        *map(text, ["reason", "asset"]),
        sa.Column("amount", sa.BigInteger, nullable=False),
        *map(text, ["destination", "memo_type", "memo"]),
        sa.Column("trial", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("order_key", sa.Text, nullable=False, unique=True),
        text_or_empty("stellar_transaction_id"),
        sa.CheckConstraint("amount > 0", "amount"),
    )
    op.create_index(op.f("ix_refund_state_due_at"), "refund", ["state", "due_at"])
    op.create_index(op.f("ix_refund_transaction_id"), "refund", ["transaction_id"])
    op.create_index("uq_refund_whole", "refund", ["transaction_id"], unique=True, postgresql_where=sa.text("whole"))
    op.create_table(
        "rail_cursor",
        sa.Column("rail", sa.Text, primary_key=True),
        sa.Column("verb", sa.Text, primary_key=True),
        text("cursor"),
    )


def downgrade() -> None:
    op.drop_table("rail_cursor")
    op.drop_table("refund")
    op.drop_table("transaction")
