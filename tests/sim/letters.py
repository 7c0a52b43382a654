"""Envelopes small enough for twenty thousand seeds: their hash stands for what they say, and no key signs them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from stellar_sdk import xdr

from app.sandbox.network.engine import results
from app.stellar import signing
from app.stellar.operations import SET_ASIDE, Instruction
from app.submission.signing import Outline


@dataclass(frozen=True)
class Letter:
    """An envelope as the network reads it: a transaction, or a fee bump around ``inner``, which then is another's
    hash."""

    hash: str
    inner: str
    source: str
    sequence: int
    fee: int
    max_time: int
    instructions: tuple[Instruction, ...]

    @property
    def bumped(self) -> bool:
        return self.hash != self.inner

    @property
    def malformed(self) -> tuple[bool, ...]:
        """Which operations nobody has to look at any account for: those that would create their own source."""
        return tuple(part.kind == "create_account" and part.destination == part.source for part in self.instructions)

    @property
    def units(self) -> int:
        """How many operations it pays for: a fee bump counts as one more."""
        return len(self.instructions) + self.bumped

    @property
    def bid(self) -> int:
        """What it offers for each of them, in stroops."""
        return self.fee // self.units


class Desk:
    """Where letters are written; ``heard``, by hash, are those the network has been told."""

    def __init__(self) -> None:
        self.letters: dict[str, Letter] = {}
        self.heard: dict[str, Letter] = {}

    def write(self, outline: Outline, passphrase: str, _signers: Sequence[signing.Signer]) -> tuple[str, str]:
        """Stands in for ``acts.write``: the same words have the same hash."""
        batch, words = outline.batch, tuple(outline.instructions)
        hash = _hash(passphrase, batch.channel, batch.sequence, outline.fee, outline.max_time, batch.memo, words)
        return self._keep(Letter(hash, hash, batch.channel, batch.sequence, outline.fee, outline.max_time, words))

    def seal(self, draft: str, *_signatures: object) -> str:
        """Stands in for ``signing.seal``: a letter says the same, whoever has signed it."""
        return draft

    def wrap(
        self, xdr: str, fee_source: str, fee: int, passphrase: str, _signers: Sequence[signing.Signer]
    ) -> tuple[str, str]:
        """Stands in for ``acts.wrap``."""
        inner = self.letters[xdr]
        if fee_source != inner.source:
            raise ValueError("here a channel pays for itself")
        return self._keep(replace(inner, hash=_hash(passphrase, inner.hash, fee), fee=fee))

    def read(self, envelope: str) -> Letter:
        """Return what an envelope says; from now on the network knows."""
        letter = self.letters[envelope]
        return self.heard.setdefault(letter.hash, letter)

    def _keep(self, letter: Letter) -> tuple[str, str]:
        envelope = f"envelope of {letter.hash}"
        self.letters[envelope] = letter
        return letter.hash, envelope


def _hash(*content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()


TYPES = {
    "payment": (xdr.OperationType.PAYMENT, xdr.PaymentResultCode, "PAYMENT"),
    "create_account": (xdr.OperationType.CREATE_ACCOUNT, xdr.CreateAccountResultCode, "CREATE_ACCOUNT"),
    SET_ASIDE: (
        xdr.OperationType.CREATE_CLAIMABLE_BALANCE,
        xdr.CreateClaimableBalanceResultCode,
        "CREATE_CLAIMABLE_BALANCE",
    ),
    "bump_sequence": (xdr.OperationType.BUMP_SEQUENCE, xdr.BumpSequenceResultCode, "BUMP_SEQUENCE"),
}
ODD = {"op_already_exists": "ALREADY_EXIST"}  # where Horizon's name is not the protocol's


@lru_cache(maxsize=4096)
def result_xdr(kinds: tuple[str, ...], codes: tuple[str, ...], bumped: bool) -> str:
    """Return the result of a transaction that failed, as core writes it; ``codes`` as Horizon names them."""
    result = results.Result([TYPES[kind][0] for kind in kinds], 0)
    result.code = xdr.TransactionResultCode.txFAILED
    result.operations = [_result(kind, code) for kind, code in zip(kinds, codes, strict=True)]
    return (results.BumpResult(result, bytes(32), 0) if bumped else result).to_xdr().to_xdr()


def _result(kind: str, code: str) -> xdr.OperationResult:
    type, family, prefix = TYPES[kind]
    if code == "op_success":
        return results.untouched(type)
    name = ODD.get(code, code.removeprefix("op_").upper())
    return results.outcome(type, family[f"{prefix}_{name}"])
