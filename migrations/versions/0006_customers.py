"""Tables of customers."""

revision = "0006_customers"
down_revision = "0005_messages"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
