"""Customers, their fields and files, and news of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006_customers"
down_revision = "0005_messages"


def text(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, **{"nullable": False, **options})


def moment(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)


def lifecycle() -> list[sa.Column[Any]]:
    return [
        text("state"),
        moment("due_at"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("attempts", sa.BigInteger, nullable=False, server_default="0"),
        moment("created_at", nullable=False, server_default=sa.text("house_now()")),
        moment("updated_at", nullable=False, server_default=sa.text("house_now()")),
    ]


def upgrade() -> None:
    op.create_table(
        "customer",
        text("id", primary_key=True),
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organization.id"), nullable=False),
        sa.Column("home_domain_id", sa.Text, sa.ForeignKey("home_domain.id"), nullable=False),
        text("account"),
        text("memo", server_default=""),
        text("memo_type", server_default=""),
        text("scope", server_default=""),
        sa.Column("types", JSONB, nullable=False, server_default="[]"),
        text("verdict", server_default=""),
        text("message", server_default=""),
        sa.Column("callback_url", sa.LargeBinary),
        *lifecycle(),
        sa.UniqueConstraint("organization_id", "account", "memo", "memo_type", "scope"),
        sa.CheckConstraint("verdict IN ('', 'accepted', 'rejected')", "verdict"),
    )
    op.create_index(op.f("ix_customer_state_due_at"), "customer", ["state", "due_at"])
    create_files()
    create_fields()
    op.create_table(
        "customer_news",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        text("customer_id"),
        *lifecycle(),
    )
    op.create_index(op.f("ix_customer_news_state_due_at"), "customer_news", ["state", "due_at"])


def create_files() -> None:
    op.create_table(
        "customer_file",
        text("id", primary_key=True),
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organization.id"), nullable=False),
        text("account"),
        text("memo", server_default=""),
        text("memo_type", server_default=""),
        sa.Column("customer_id", sa.Text, sa.ForeignKey("customer.id", ondelete="CASCADE")),
        text("content_type"),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        moment("expires_at"),
        moment("created_at", nullable=False, server_default=sa.text("house_now()")),
    )
    for columns in (["organization_id", "account"], ["customer_id"], ["expires_at"]):
        op.create_index(op.f(f"ix_customer_file_{'_'.join(columns)}"), "customer_file", columns)


def create_fields() -> None:
    op.create_table(
        "customer_field",
        sa.Column("customer_id", sa.Text, sa.ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True),
        text("name", primary_key=True),
        text("standing", server_default="given"),
        sa.Column("value", sa.LargeBinary),
        sa.Column("file_id", sa.Text, sa.ForeignKey("customer_file.id")),
        sa.Column("error", sa.LargeBinary),
        text("code", server_default=""),
        moment("code_expires_at"),
        sa.Column("tries", sa.BigInteger, nullable=False, server_default="0"),
        sa.CheckConstraint("standing IN ('wanted', 'given', 'rejected', 'unverified')", "standing"),
    )
    op.create_index(op.f("ix_customer_field_file_id"), "customer_field", ["file_id"])


def downgrade() -> None:
    for table in ("customer_news", "customer_field", "customer_file", "customer"):
        op.drop_table(table)
