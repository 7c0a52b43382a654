"""``flask treasury`` and ``flask channels``: the accounts whose money is sent, and those that lend their numbers."""

from app.submission.cli.channels import channel
from app.submission.cli.treasury import treasury

__all__ = ["channel", "treasury"]
