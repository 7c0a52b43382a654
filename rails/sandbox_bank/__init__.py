"""An imaginary bank, for demos and tests: a process of its own, with faults to order and a journal as witness.

    python -m rails.sandbox_bank --port 8800 --journal bank.jsonl --settle-seconds 2

The bank pays each order key once, whatever happens to it: its journal (one JSON line for each thing that happened,
on disk before anybody is answered) outlives the process and tells how many orders really came. With
``--settle-seconds`` payments complete by themselves, as on a test network; without, each waits to be told.

As at any test bank, some accounts have a meaning. It is in their last four digits:

    0000  refused at once: the account is closed (``fix``: bank_account_number)
    0001  accepted, and refused when it settles
    0002  refused at once, and nothing the customer could correct
    1111  delivered, and then returned, less a fee of 1.00
    2222  waits to be collected, against a pick-up code
    9999  accepted, and never heard of again

``rail.py`` is the bank's rail, ``server.py`` its HTTP face with what can be ordered of it, ``bank.py`` the bank itself,
``journal.py`` the witness.
"""

from rails.sandbox_bank.journal import journal
from rails.sandbox_bank.rail import SandboxBankRail

__all__ = ["SandboxBankRail", "journal"]
