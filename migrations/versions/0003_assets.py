"""Tables of assets."""

revision = "0003_assets"
down_revision = "0002_organizations"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
