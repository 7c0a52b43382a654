"""Tables of submission."""

revision = "0007_submission"
down_revision = "0006_customers"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
