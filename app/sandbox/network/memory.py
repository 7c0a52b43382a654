"""A network that outlives its process: every ledger is written down as it closes, and closed again at the next start.

Nothing else need be kept: what the ledger and its history hold is a fold over the transactions that got in.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator

from rails.sandbox_bank.journal import Journal

from .engine.frames import decode
from .engine.ledger import Closed, Ledger


def birth(journal: Journal, passphrase: str, now: int) -> int:
    """Return when the network began, which is ``now`` if the journal is new. Raises ValueError for another network."""
    if not journal.entries:
        journal.write({"event": "born", "at": now, "passphrase": passphrase})
    first = journal.entries[0]
    if first["passphrase"] != passphrase:
        raise ValueError(f"the journal is that of another network, {first['passphrase']}")
    return int(first["at"])


def write(journal: Journal, closed: Closed) -> None:
    """Write down what it takes to close this ledger once more."""
    sent = [b64encode(applied.frame.envelope).decode() for applied in closed.transactions]
    busy = {"rate": closed.base_fee, "sent": sent} if sent else {}
    journal.write({"event": "closed", "at": closed.header.close_time, **busy})


def replayed(journal: Journal, ledger: Ledger) -> Iterator[Closed]:
    """Close once more every ledger written down."""
    for entry in journal.entries[1:]:
        frames = [decode(b64decode(envelope), ledger.rules.passphrase) for envelope in entry.get("sent", [])]
        yield ledger.close_with(entry["at"], frames, entry.get("rate", ledger.rules.base_fee))
