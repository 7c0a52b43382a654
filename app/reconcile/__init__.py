"""``flask reconcile``: where is every stroop? Safe while everything runs.

Each check compares two things that were written down by different hands: the ledger with the rooms' own rows, our
books with Stellar's, what we say we paid with what was seen to leave, and with what the bank says. A difference is
named, never put right.

``outside.py`` asks Stellar and the banks before any session is open, ``checks.py`` compares, ``cli.py`` tells.
"""

from app.reconcile.cli import command, findings

__all__ = ["command", "findings"]
