"""Orders, batches and what carried them; channels, treasuries and the keys that sign for them."""

import sqlalchemy as sa
from alembic import op

revision = "0007_submission"
down_revision = "0006_customers"

TABLES = (
    "treasury",
    "cap",
    "signing_key",
    "channel",
    "batch",
    "order",
    "attempt",
    "attempt_order",
    "signature",
    "envelope",
    "settlement",
    "pause",
)


def upgrade() -> None:
    op.create_table(
        "treasury",
        sa.Column("address", sa.Text, primary_key=True),
        _organization(),
        _text("custodian", server_default=""),
        _moment("due_at"),
        _moment("created_at"),
    )
    op.create_table(
        "cap",
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organization.id"), primary_key=True),
        sa.Column("asset", sa.Text, primary_key=True),
        _number("daily_max"),
    )
    op.create_table(
        "signing_key",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("sealed_seed", sa.LargeBinary),
        _moment("created_at"),
    )
    op.create_table(
        "channel",
        sa.Column("address", sa.Text, primary_key=True),
        _organization(),
        _number("next_sequence", server_default="0"),
        sa.Column("audited_at", sa.DateTime(timezone=True)),
        _text("reason", server_default=""),
        *_lifecycle(),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _organization(),
        sa.Column("channel", sa.Text, sa.ForeignKey("channel.address"), nullable=False),
        _number("sequence"),
        _text("source"),
        _text("memo_type"),
        _text("memo"),
        _number("asked_ledger", server_default="0"),
        _number("fee", server_default="0"),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        _text("reason", server_default=""),
        *_lifecycle(),
        sa.UniqueConstraint("channel", "sequence"),
    )
    op.create_table(
        "order",
        sa.Column("id", sa.Text, primary_key=True),
        _organization(),
        *map(_text, ("owner", "owner_key", "kind", "operation", "source", "destination", "asset")),
        _number("amount"),
        *map(_text, ("memo_type", "memo", "reservation", "about")),
        _text("otherwise", server_default="fail"),
        _text("ref", server_default=""),
        _text("named", server_default=""),
        sa.Column("entrusted_at", sa.DateTime(timezone=True)),
        sa.Column("batch_id", sa.BigInteger, sa.ForeignKey("batch.id")),
        sa.Column("suspect", sa.Boolean, nullable=False, server_default="false"),
        _text("code", server_default=""),
        _text("reason", server_default=""),
        *_lifecycle(),
        sa.UniqueConstraint("owner", "owner_key"),
        sa.CheckConstraint("amount > 0 OR kind = 'account_merge'", "amount"),
        sa.CheckConstraint("otherwise IN ('fail', 'claimable_balance')", "otherwise"),
    )
    op.create_table(
        "attempt",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("batch_id", sa.BigInteger, sa.ForeignKey("batch.id"), nullable=False),
        *map(_number, ("max_time", "after_ledger", "fee", "operations")),
        _text("draft", server_default=""),
        _moment("created_at"),
    )
    op.create_table(
        "attempt_order",
        sa.Column("attempt_hash", sa.Text, sa.ForeignKey("attempt.hash"), primary_key=True),
        sa.Column("operation_index", sa.BigInteger, primary_key=True),
        sa.Column("order_id", sa.Text, sa.ForeignKey("order.id"), nullable=False),
    )
    op.create_table(
        "signature",
        sa.Column("attempt_hash", sa.Text, sa.ForeignKey("attempt.hash"), primary_key=True),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        _moment("created_at"),
    )
    op.create_table(
        "envelope",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("attempt_hash", sa.Text, sa.ForeignKey("attempt.hash"), nullable=False),
        _text("xdr"),
        _number("fee"),
        _number("posted_ledger", server_default="0"),
        _text("receipt", server_default=""),
        _text("code", server_default=""),
        _moment("created_at"),
    )
    op.create_table(
        "settlement",
        sa.Column("order_id", sa.Text, sa.ForeignKey("order.id"), primary_key=True),
        _text("transaction_hash"),
        _number("operation_index"),
        _number("ledger"),
        _moment("at"),
        sa.UniqueConstraint("transaction_hash", "operation_index"),
    )
    op.create_table(
        "pause",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("asset", sa.Text, primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        _text("reason"),
    )
    _index("channel", "state", "due_at")
    _index("batch", "state", "due_at")
    _index("batch", "organization_id", "closed_at")
    _index("order", "state", "owner", "due_at")
    _index("order", "batch_id")
    _index("attempt", "batch_id")
    _index("attempt_order", "order_id")
    _index("envelope", "attempt_hash")
    _index("settlement", "ledger")
    op.create_index("uq_batch_open_channel", "batch", ["channel"], unique=True, postgresql_where="state <> 'closed'")
    op.create_index("ix_order_oldest", "order", ["source", "due_at"], postgresql_where="state = 'ready'")
    packing = ["source", "suspect", "memo_type", "memo", "due_at"]
    op.create_index("ix_order_packing", "order", packing, postgresql_where="state = 'ready'")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _text(name: str, **more: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, **more)


def _number(name: str, **more: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, **more)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()"))


def _organization() -> sa.Column[str]:
    return sa.Column("organization_id", sa.Text, sa.ForeignKey("organization.id"), nullable=False)


def _lifecycle() -> list[sa.Column]:
    return [
        _text("state"),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        _number("fence", server_default="0"),
        _number("attempts", server_default="0"),
        _moment("created_at"),
        _moment("updated_at"),
    ]


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
