"""Tables of organizations."""

revision = "0002_organizations"
down_revision = "0001_ground"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
