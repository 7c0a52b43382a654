"""Organizations, their home domains, the anchors they know, the challenges already answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002_organizations"
down_revision = "0001_ground"


def upgrade() -> None:
    op.create_table(
        "organization",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
    )
    op.create_table(
        "home_domain",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organization.id"), nullable=False),
        sa.Column("host", sa.Text, nullable=False, unique=True),
        sa.Column("public_url", sa.Text, nullable=False, server_default=""),
        sa.Column("signing_key", sa.Text, nullable=False),
        sa.Column("signing_seed", sa.LargeBinary, nullable=False),
        sa.Column("faces", JSONB, nullable=False, server_default="[]"),
        sa.Column("toml", JSONB, nullable=False, server_default="{}"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
        sa.CheckConstraint("host = lower(host)", "host"),
    )
    op.create_index(op.f("ix_home_domain_organization_id"), "home_domain", ["organization_id"])
    op.create_table(
        "partner",
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organization.id"), primary_key=True),
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
    )
    op.create_table(
        "spent_challenge",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(op.f("ix_spent_challenge_expires_at"), "spent_challenge", ["expires_at"])


def downgrade() -> None:
    for table in ("spent_challenge", "partner", "home_domain", "organization"):
        op.drop_table(table)
