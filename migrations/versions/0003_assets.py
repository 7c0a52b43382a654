"""Assets and their methods."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003_assets"
down_revision = "0002_organizations"


def upgrade() -> None:
    op.create_table(
        "asset",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organization.id"), nullable=False),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("distribution", sa.Text, nullable=False),
        sa.Column("significant_decimals", sa.BigInteger, nullable=False, server_default="2"),
        sa.Column("amount_policy", sa.Text, nullable=False, server_default="exact"),
        sa.Column("tolerance_stroops", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("toml", JSONB, nullable=False, server_default="{}"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
        sa.UniqueConstraint("organization_id", "asset"),
        sa.CheckConstraint("amount_policy IN ('exact', 'tolerance', 'rail')", "amount_policy"),
        sa.CheckConstraint("significant_decimals BETWEEN 0 AND 7", "significant_decimals"),
        sa.CheckConstraint("tolerance_stroops >= 0", "tolerance_stroops"),
    )
    op.create_table(
        "method",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("asset_id", sa.Text, sa.ForeignKey("asset.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("rail", sa.Text, nullable=False),
        sa.Column("pays", sa.Text, nullable=False),
        sa.Column("minimum", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("maximum", sa.BigInteger, nullable=False, server_default=str(2**63 - 1)),
        sa.Column("fee_fixed", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("fee_percent", sa.Numeric(9, 6), nullable=False, server_default="0"),
        sa.Column("sender_type", sa.Text, nullable=False, server_default=""),
        sa.Column("receiver_type", sa.Text, nullable=False, server_default=""),
        sa.UniqueConstraint("asset_id", "kind", "name"),
        sa.CheckConstraint("kind IN ('send', 'withdrawal', 'deposit')", "kind"),
        sa.CheckConstraint("0 < minimum AND minimum <= maximum", "limits"),
        sa.CheckConstraint("fee_fixed >= 0 AND fee_percent >= 0 AND fee_percent < 100", "fees"),
    )


def downgrade() -> None:
    op.drop_table("method")
    op.drop_table("asset")
