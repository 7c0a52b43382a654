"""Envelopes small enough for twenty thousand seeds: their hash stands for what they say, and no key signs them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from stellar_sdk import xdr

from app.sandbox.network.engine import results
from app.stellar import signing
from app.stellar.operations import Instruction
from app.submission.acts import Outline


@dataclass(frozen=True)
class Letter:
    """A transaction as the network reads it."""

    hash: str
    source: str
    sequence: int
    fee: int
    max_time: int
    instructions: tuple[Instruction, ...]

    @property
    def bid(self) -> int:
        """What it offers for each operation."""
        return self.fee // len(self.instructions)


class Desk:
    """Where letters are written; ``heard``, by hash, are those the network has been told."""

    def __init__(self) -> None:
        self.letters: dict[str, Letter] = {}
        self.heard: dict[str, Letter] = {}

    def read(self, envelope: str) -> Letter:
        """Return what an envelope says; from now on the network knows."""
        letter = self.letters[envelope]
        return self.heard.setdefault(letter.hash, letter)

    def write(self, outline: Outline, passphrase: str, _signers: Sequence[signing.Signer]) -> tuple[str, str]:
        """Stands in for ``acts.write``: the same words have the same hash."""
        batch, words = outline.batch, tuple(outline.instructions)
        content = repr((passphrase, batch.channel, batch.sequence, outline.fee, outline.max_time, batch.memo, words))
        hash = hashlib.sha256(content.encode()).hexdigest()
        envelope = f"envelope of {hash}"
        self.letters[envelope] = Letter(hash, batch.channel, batch.sequence, outline.fee, outline.max_time, words)
        return hash, envelope


TYPES = {
    "payment": (xdr.OperationType.PAYMENT, xdr.PaymentResultCode, "PAYMENT"),
    "create_account": (xdr.OperationType.CREATE_ACCOUNT, xdr.CreateAccountResultCode, "CREATE_ACCOUNT"),
    "bump_sequence": (xdr.OperationType.BUMP_SEQUENCE, xdr.BumpSequenceResultCode, "BUMP_SEQUENCE"),
}
ODD = {"op_already_exists": "ALREADY_EXIST"}  # where Horizon's name is not the protocol's


@lru_cache(maxsize=4096)
def result_xdr(kinds: tuple[str, ...], codes: tuple[str, ...]) -> str:
    """Return the result of a transaction that failed, as core writes it; ``codes`` as Horizon names them."""
    result = results.Result([TYPES[kind][0] for kind in kinds], 0)
    result.code = xdr.TransactionResultCode.txFAILED
    result.operations = [_result(kind, code) for kind, code in zip(kinds, codes, strict=True)]
    return result.to_xdr().to_xdr()


def _result(kind: str, code: str) -> xdr.OperationResult:
    type, family, prefix = TYPES[kind]
    name = ODD.get(code, code.removeprefix("op_").upper())
    return results.outcome(type, family[f"{prefix}_{name}"])
