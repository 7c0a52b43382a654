"""Tables of watcher."""

revision = "0008_watcher"
down_revision = "0007_submission"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
