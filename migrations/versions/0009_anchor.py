"""Tables of anchor."""

revision = "0009_anchor"
down_revision = "0008_watcher"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
