"""Names of claimable balances."""

import hashlib
import struct

from app.stellar import addresses

OPERATION_ID = struct.pack(">i", 6)  # EnvelopeType
V0 = bytes(4)  # ClaimableBalanceIDType


def balance_id(source: str, sequence: int, operation_index: int) -> str:
    """Return the id, in hex as Horizon shows it, of the balance made by the operation at ``operation_index`` (from 0)
    of the transaction of ``source`` (G…) with number ``sequence``: whoever the operation's own source is (CAP-23)."""
    preimage = OPERATION_ID + addresses.octets(source) + struct.pack(">qI", sequence, operation_index)
    return (V0 + hashlib.sha256(preimage).digest()).hex()
