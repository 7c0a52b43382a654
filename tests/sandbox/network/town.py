"""A ledger with a few people on it, to send transactions to without any HTTP."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

from stellar_sdk import Account as Sequenced
from stellar_sdk import FeeBumpTransactionEnvelope, Keypair, Operation, TransactionBuilder, TransactionEnvelope
from stellar_sdk import xdr as X

from app.sandbox.network.engine.applying import Applied
from app.sandbox.network.engine.decoding import decode
from app.sandbox.network.engine.entries import Account
from app.sandbox.network.engine.ledger import Closed, Ledger, genesis
from app.sandbox.network.engine.queue import Admission
from app.sandbox.network.engine.rules import Rules

PASSPHRASE = "Town ; 2026"
NOW = 1_700_000_000
LEDGER_SECONDS = 5

Envelope = TransactionEnvelope | FeeBumpTransactionEnvelope


class Town:
    """``now`` is the clock; ledgers close when told."""

    def __init__(self, max_operations: int = 1000, seed: int = 0) -> None:
        self.root = key("root")
        self.now = NOW
        rules = Rules(PASSPHRASE, max_operations=max_operations)
        self.ledger = Ledger(rules, genesis(self.root.raw_public_key(), NOW), seed)
        self.skip(3)

    def account(self, owner: Keypair) -> Account:
        return self.ledger.world.need(owner.raw_public_key())

    def build(
        self,
        source: Keypair,
        operations: Sequence[Operation],
        fee: int = 100,
        signers: Sequence[Keypair] | None = None,
        delta: int = 0,
        mutate: Callable[[TransactionBuilder], Any] | None = None,
    ) -> TransactionEnvelope:
        """Build with the next number (and ``delta`` more), without conditions unless ``mutate`` sets some."""
        known = self.ledger.world.account(source.raw_public_key())
        account = Sequenced(source.public_key, (known.sequence if known else 0) + delta)
        builder = TransactionBuilder(account, PASSPHRASE, fee)
        for operation in operations:
            builder.append_operation(operation)
        builder.add_time_bounds(0, 0)
        if mutate:
            mutate(builder)
        envelope = builder.build()
        for signer in [source] if signers is None else signers:
            envelope.sign(signer)
        return envelope

    def bump(self, payer: Keypair, fee: int, inner: TransactionEnvelope) -> FeeBumpTransactionEnvelope:
        """Wrap ``inner``, signed by ``payer``; ``fee`` is per operation, of which the wrapping is one more."""
        wrapped = TransactionBuilder.build_fee_bump_transaction(payer, fee, inner, PASSPHRASE)
        wrapped.sign(payer)
        return wrapped

    def submit(self, envelope: Envelope) -> Admission:
        frame = decode(base64.b64decode(envelope.to_xdr()), PASSPHRASE)
        return self.ledger.submit(frame, self.now)

    def close(self, **how: Any) -> Closed:
        self.now += LEDGER_SECONDS
        return self.ledger.close(self.now, **how)

    def skip(self, ledgers: int) -> None:
        for _ in range(ledgers):
            self.close()

    def apply(self, envelope: Envelope) -> Applied:
        """Submit and close; what is submitted must be taken in."""
        admission = self.submit(envelope)
        if admission.result is not None:
            raise AssertionError(codes(admission.result.to_xdr()))
        (applied,) = self.close().transactions
        return applied


def key(name: str) -> Keypair:
    return Keypair.from_raw_ed25519_seed(name.encode().ljust(32, b".")[:32])


def codes(result: X.TransactionResult) -> dict[str, Any]:
    """Tell a result as the recorded cases do."""
    told: dict[str, Any] = {"tx": result.result.code.name, "fee_charged": result.fee_charged.int64}
    results = result.result.results
    if result.result.inner_result_pair is not None:
        inner = result.result.inner_result_pair.result
        told |= {"inner": inner.result.code.name, "inner_fee": inner.fee_charged.int64}
        results = inner.result.results
    if results is not None:
        told["ops"] = [_code(one) for one in results]
    return told


def _code(result: X.OperationResult) -> str:
    if result.tr is None:
        return result.code.name
    return next(held for name, held in vars(result.tr).items() if name != "type" and held is not None).code.name
