"""What a transaction in the ledger says, read back from its envelope: whether it pays just what was meant, and where.

Compared as XDR, so that nothing is overlooked that the protocol can express.
"""

from copy import copy
from dataclasses import dataclass

from stellar_sdk import FeeBumpTransactionEnvelope, MuxedAccount, Operation, Transaction, TransactionEnvelope
from stellar_sdk.exceptions import SdkError

from app.errors import Invalid
from app.money import NATIVE
from app.stellar import memos, operations
from app.stellar.facts import TransactionFacts
from app.stellar.operations import Instruction

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, EOFError, SdkError)


@dataclass(frozen=True)
class Payment:
    """A payment, as it was meant: ``instruction`` and the memo of its transaction."""

    instruction: Instruction
    memo_type: str = memos.NONE
    memo: str = ""


@dataclass(frozen=True)
class Contents:
    """``hash`` is that of the inner transaction, where there is one; ``places`` are the operations that pay, from 0."""

    hash: str
    places: tuple[int, ...] = ()


def read(found: TransactionFacts, passphrase: str, meant: Payment) -> Contents:
    """Return where a transaction pays what was ``meant``.

    Raises Invalid if its envelope cannot be read, or is not of the hash it was asked by on the network of
    ``passphrase``.
    """
    try:
        outer, envelope = _envelopes(found.envelope_xdr, passphrase)
        if found.hash not in (outer.hash_hex(), envelope.hash_hex()):
            raise ValueError("another transaction")
        transaction = envelope.transaction
        wanted = {operations.octets(instruction) for instruction in _ways(meant.instruction)}
        same_memo = transaction.memo == memos.memo(meant.memo_type, meant.memo)
        places = [at for at, part in enumerate(transaction.operations) if _octets(part, transaction) in wanted]
        return Contents(envelope.hash_hex(), tuple(places) if same_memo else ())
    except UNREADABLE as error:
        raise Invalid(f"an envelope could not be read: {type(error).__name__}", code="invalid_envelope") from error


def _envelopes(
    xdr: str, passphrase: str
) -> tuple[FeeBumpTransactionEnvelope | TransactionEnvelope, TransactionEnvelope]:
    """Return the envelope, and the one inside a fee bump; else the same."""
    if FeeBumpTransactionEnvelope.is_fee_bump_transaction_envelope(xdr):
        bump = FeeBumpTransactionEnvelope.from_xdr(xdr, passphrase)
        return bump, bump.transaction.inner_transaction_envelope
    plain = TransactionEnvelope.from_xdr(xdr, passphrase)
    return plain, plain


def _ways(meant: Instruction) -> list[Instruction]:
    """Return the operations by which the payment can be made: lumens also by creating the account."""
    plain = Instruction("payment", meant.source, meant.destination, meant.asset, meant.amount)
    if meant.asset != NATIVE or not meant.destination.startswith("G"):
        return [plain]
    return [plain, Instruction("create_account", meant.source, meant.destination, meant.asset, meant.amount)]


def _octets(part: Operation, transaction: Transaction) -> bytes:
    """Return an operation as XDR, its source written out: as an account, whatever number it gave itself."""
    whole = copy(part)
    whole.source = MuxedAccount((part.source or transaction.source).account_id)
    return bytes(whole.to_xdr_object().to_xdr_bytes())
