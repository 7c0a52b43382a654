"""``flask reconcile``: where is every stroop? Safe while everything runs.

Each check compares two things that were written down by different hands: the ledger with the rooms' own rows, our
books with Stellar's, what we say we paid with what was seen to leave, and with what the bank says. A difference is
named, never put right.

``outside.py`` asks Stellar and the banks before any session is open. ``ours.py``, ``network.py`` and ``banks.py``
compare, ``checks.py`` lists what, ``cli.py`` tells. What is under way while it is looked at is no difference.
"""

from app.reconcile.cli import command, findings

__all__ = ["command", "findings"]
