"""Tables of messages."""

revision = "0005_messages"
down_revision = "0004_ledger"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
