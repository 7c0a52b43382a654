"""What others are to sign: showing it to them, and taking their signatures, each checked before it is kept.

No key is needed for that. We sign last, where the keys are.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound
from app.states import hurry
from app.stellar import envelopes, signing
from app.submission import drafts
from app.submission.models import Attempt, AttemptOrder, Batch, Order, Signature, SigningKey
from app.submission.states import CIRCULATING


@dataclass(frozen=True)
class Pending:
    """A draft that waits for others; ``sums`` in stroops, by asset; ``until`` in Unix seconds: it can be in no ledger
    closed later."""

    batch_id: int
    source: str
    hash: str
    operations: int
    sums: Mapping[str, int]
    signed: tuple[str, ...]
    missing: tuple[str, ...]
    until: int


def pending(session: Session) -> list[Pending]:
    """Return every draft that waits for signatures of others, the oldest batch first."""
    batches = session.scalars(select(Batch).where(Batch.state.in_(CIRCULATING)).order_by(Batch.id)).all()
    found = {row.batch_id: row for row in drafts.rows_of(session, [batch.id for batch in batches])}
    return [_pending(session, batch, found[batch.id]) for batch in batches]


def draft(session: Session, batch_id: int) -> str:
    """Return the envelope of a batch that waits for signatures, without any, in XDR; raise NotFound."""
    return _waiting(session, batch_id)[1].draft


def add_envelope(session: Session, batch_id: int, envelope_xdr: str, passphrase: str) -> list[str]:
    """Take every signature on an envelope that co-signers give back; return who signed.

    Raises Invalid for what is no signature of a co-signer's, Conflict for one of something else than what waits.
    """
    hash, given = envelopes.signatures(envelope_xdr, passphrase)
    batch, attempt = _waiting(session, batch_id)
    if hash.hex() != attempt.hash:
        raise Conflict(_another(session, hash.hex(), attempt), code="another_transaction")
    if not given:
        raise Invalid("nobody has signed it", code="unsigned")
    cosigners = _cosigners(session, batch)
    return [_add(session, attempt, cosigners, signature) for signature in given]


def add_signature(session: Session, batch_id: int, signer: str, signature: str) -> list[str]:
    """Take a signature in base64 that ``signer`` made of what waits; return who signed. Raises Invalid."""
    batch, attempt = _waiting(session, batch_id)
    if signer not in _cosigners(session, batch):
        raise Invalid(f"{signer} is no co-signer of {batch.source}", code="unknown_signer")
    try:
        given = base64.b64decode(signature, validate=True)
    except binascii.Error:
        raise Invalid("a signature is 64 bytes in base64", code="invalid_signature") from None
    return [_add(session, attempt, [signer], given)]


def _add(session: Session, attempt: Attempt, cosigners: Sequence[str], signature: bytes) -> str:
    """Keep a signature of one of ``cosigners``, and let the batch be looked at."""
    signer = signing.signed_by(cosigners, bytes.fromhex(attempt.hash), signature)
    if not signer:
        raise Invalid(f"a signature is not one of {attempt.hash} by {' or '.join(cosigners)}", code="invalid_signature")
    keep(session, attempt, signer, signature)
    return signer


def keep(session: Session, attempt: Attempt, signer: str, signature: bytes) -> None:
    """Write down a signature that was checked, and let the batch be looked at; the same again changes nothing."""
    row = {"attempt_hash": attempt.hash, "address": signer, "signature": signature}
    session.execute(insert(Signature).values(row).on_conflict_do_nothing())
    hurry(session, Batch, Batch.id == attempt.batch_id, Batch.state.in_(CIRCULATING))


def _waiting(session: Session, batch_id: int) -> tuple[Batch, Attempt]:
    """Return, and lock, a batch that waits for signatures, and its draft."""
    circulating = select(Batch).where(Batch.id == batch_id, Batch.state.in_(CIRCULATING))
    batch = session.scalar(circulating.with_for_update())
    if batch is None:
        raise NotFound(f"batch {batch_id} waits for no signature: see `flask treasury pending`")
    return batch, drafts.rows_of(session, [batch_id])[-1]


def _another(session: Session, hash: str, attempt: Attempt) -> str:
    what = f"what waits is {attempt.hash}: print it with `flask treasury envelope {attempt.batch_id}`, and sign that"
    old = session.get(Attempt, hash)
    if old is not None and old.batch_id == attempt.batch_id:
        return f"the batch was drawn up anew since that was printed, so signatures of {hash} are of no use; {what}"
    return f"that is another transaction, {hash}; {what}"


def _cosigners(session: Session, batch: Batch) -> list[str]:
    theirs = SigningKey.account.in_([batch.source, batch.channel]), SigningKey.sealed_seed.is_(None)
    return list(session.scalars(select(SigningKey.address).where(*theirs).distinct().order_by(SigningKey.address)))


def _pending(session: Session, batch: Batch, attempt: Attempt) -> Pending:
    signed = drafts.signatures(session, [attempt.hash]).get(attempt.hash, {})
    carried = Order.id == AttemptOrder.order_id, AttemptOrder.attempt_hash == attempt.hash
    sums = session.execute(select(Order.asset, func.sum(Order.amount)).where(*carried).group_by(Order.asset))
    return Pending(
        batch_id=batch.id,
        source=batch.source,
        hash=attempt.hash,
        operations=attempt.operations,
        sums={asset: int(amount) for asset, amount in sums},
        signed=tuple(signed),
        missing=tuple(address for address in _cosigners(session, batch) if address not in signed),
        until=attempt.max_time,
    )
