"""Tables of ledger."""

revision = "0004_ledger"
down_revision = "0003_assets"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
