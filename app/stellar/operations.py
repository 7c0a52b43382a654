"""What an account does in a transaction: our facts become the SDK's operations.

Assets are named as SEP-38 names them (``stellar:native``, ``stellar:CODE:ISSUER``), amounts are stroops. One line of
``BUILD`` for each kind of operation we can send.

A payment, by far the commonest, is also written as XDR without the SDK, which takes fifty times as long.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from stellar_sdk import (
    AccountMerge,
    Asset,
    BumpSequence,
    Claimant,
    ClaimClaimableBalance,
    ClaimPredicate,
    CreateAccount,
    CreateClaimableBalance,
    Operation,
    Payment,
)

from app import money
from app.errors import Invalid
from app.stellar import addresses

SET_ASIDE, TAKE_BACK = "create_claimable_balance", "claim_claimable_balance"
CLAIMANTS = 2  # of what is set aside: who is to have it, and who paid it; a base reserve of the source's for each
BALANCE_ID = re.compile("[0-9a-f]{72}")  # a ClaimableBalanceID in hex

PRESENT, PAYMENT = struct.pack(">i", 1), struct.pack(">i", 1)  # an optional's mark; OperationType


@dataclass(frozen=True)
class Instruction:
    """One operation, in plain facts. What a kind does not need stays empty; ``amount`` is in stroops.

    What is set aside in a claimable balance the source may take back after ``back_seconds``; ``destination`` of a
    claim is the balance's id.
    """

    kind: str
    source: str
    destination: str = ""
    asset: str = money.NATIVE
    amount: int = 0
    back_seconds: int = 0


def operation(instruction: Instruction) -> Operation:
    """Return ``instruction`` as the SDK's operation; raise Invalid where it cannot be one."""
    if instruction.kind not in BUILD:
        raise Invalid(f"{instruction.kind!r} is not an operation we can send", code="invalid_operation")
    return BUILD[instruction.kind](instruction)


def octets(instruction: Instruction) -> bytes:
    """Return ``instruction`` as XDR (Operation); raise Invalid where it cannot be one."""
    if instruction.kind != "payment":
        return bytes(operation(instruction).to_xdr_object().to_xdr_bytes())
    source, destination = addresses.octets(instruction.source), addresses.octets(instruction.destination)
    return (
        PRESENT
        + source
        + PAYMENT
        + destination
        + asset_octets(instruction.asset)
        + struct.pack(">q", instruction.amount)
    )


@lru_cache(maxsize=1024)
def asset_octets(name: str) -> bytes:
    """Return the asset called ``name`` as XDR (Asset); raise Invalid."""
    return bytes(asset(name).to_xdr_object().to_xdr_bytes())


@lru_cache(maxsize=1024)
def asset(name: str) -> Asset:
    """Return the SDK's asset called ``name``, or raise Invalid."""
    scheme, _, rest = name.partition(":")
    code, _, issuer = rest.partition(":")
    try:
        if scheme != "stellar" or (name != money.NATIVE and not issuer):
            raise ValueError(name)
        return Asset.native() if name == money.NATIVE else Asset(code, issuer)
    except ValueError:
        raise Invalid(f"{name[:90]!r} is not a Stellar asset", code="invalid_asset") from None


def _payment(wish: Instruction) -> Operation:
    return Payment(wish.destination, asset(wish.asset), _amount(wish), wish.source)


def _create_account(wish: Instruction) -> Operation:
    if wish.asset != money.NATIVE:
        raise Invalid("an account is created with XLM, nothing else", code="invalid_asset")
    return CreateAccount(wish.destination, _amount(wish), wish.source)


def _bump_sequence(wish: Instruction) -> Operation:
    return BumpSequence(0, wish.source)  # raises nothing: the transaction around it spends its own number


def _account_merge(wish: Instruction) -> Operation:
    return AccountMerge(wish.destination, wish.source)


def _set_aside(wish: Instruction) -> Operation:
    early = ClaimPredicate.predicate_before_relative_time(wish.back_seconds)
    claimants = [
        Claimant(wish.destination, ClaimPredicate.predicate_unconditional()),
        Claimant(wish.source, ClaimPredicate.predicate_not(early)),
    ]
    return CreateClaimableBalance(asset(wish.asset), _amount(wish), claimants, wish.source)


def _take_back(wish: Instruction) -> Operation:
    if not BALANCE_ID.fullmatch(wish.destination):
        raise Invalid(f"{wish.destination[:90]!r} is not the id of a claimable balance", code="invalid_balance")
    return ClaimClaimableBalance(wish.destination, wish.source)


def _amount(wish: Instruction) -> str:
    return money.show(wish.amount)


BUILD: dict[str, Callable[[Instruction], Operation]] = {
    "payment": _payment,
    "create_account": _create_account,
    "bump_sequence": _bump_sequence,
    "account_merge": _account_merge,
    SET_ASIDE: _set_aside,
    TAKE_BACK: _take_back,
}
