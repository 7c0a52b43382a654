"""Claimable balances: money set aside for whoever fulfils its conditions; and money taken back by its issuer."""

from hashlib import sha256
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.balances import add_credit
from app.sandbox.network.engine.checks import valid_asset
from app.sandbox.network.engine.entries import (
    AUTH_CLAWBACK_ENABLED,
    CLAWBACK_ENABLED,
    NATIVE,
    Asset,
    ClaimableBalance,
    Claimant,
)
from app.sandbox.network.engine.from_xdr import account_id, asset, muxed_id, read_predicate
from app.sandbox.network.engine.operations.rule import Rule, Step, low, refusals
from app.sandbox.network.engine.reserves import charge_sponsor, discharge_sponsor, weight
from app.sandbox.network.engine.results import Failed, Type
from app.sandbox.network.engine.to_xdr import account_xdr
from app.sandbox.network.engine.transfers import credit, debit

_create = refusals(X.CreateClaimableBalanceResultCode, "CREATE_CLAIMABLE_BALANCE")
_claim = refusals(X.ClaimClaimableBalanceResultCode, "CLAIM_CLAIMABLE_BALANCE")
_claw = refusals(X.ClawbackClaimableBalanceResultCode, "CLAWBACK_CLAIMABLE_BALANCE")
_clawback = refusals(X.ClawbackResultCode, "CLAWBACK")

_DEPTH_MAX = 4
_Kind = X.ClaimPredicateType


def _spent(name: str) -> Failed:
    """A creator has no other party: what a payment says of its source is said plainly."""
    return _create(name.removeprefix("SRC_"))


def check_creation(body: X.CreateClaimableBalanceOp, _: bytes) -> None:
    claimants = [claimant.v0 for claimant in body.claimants]
    destinations = {account_id(one.destination) for one in claimants if one}
    sound = valid_asset(body.asset) and body.amount.int64 > 0 and claimants
    if not sound or len(destinations) < len(claimants):
        raise _create("MALFORMED")
    if not all(one and _well_formed(one.predicate, 1) for one in claimants):
        raise _create("MALFORMED")


def _well_formed(predicate: X.ClaimPredicate, depth: int) -> bool:
    if depth > _DEPTH_MAX:
        return False
    if predicate.type in (_Kind.CLAIM_PREDICATE_AND, _Kind.CLAIM_PREDICATE_OR):
        both = predicate.and_predicates or predicate.or_predicates or []
        return len(both) == 2 and all(_well_formed(one, depth + 1) for one in both)
    if predicate.type == _Kind.CLAIM_PREDICATE_NOT:
        return predicate.not_predicate is not None and _well_formed(predicate.not_predicate, depth + 1)
    times = (predicate.abs_before, predicate.rel_before)
    return all(time is None or time.int64 >= 0 for time in times)


def fulfilled(predicate: tuple[Any, ...], now: int) -> bool:
    kind, *rest = predicate
    if kind == "and":
        return all(fulfilled(one, now) for one in rest)
    if kind == "or":
        return any(fulfilled(one, now) for one in rest)
    if kind == "not":
        return not fulfilled(rest[0], now)
    return kind == "always" or bool(rest[0] > now)


def apply_creation(step: Step) -> X.CreateClaimableBalanceResult:
    body: X.CreateClaimableBalanceOp = step.body
    set_aside, amount, now = asset(body.asset), body.amount.int64, step.world.header.close_time
    clawback = _clawback_enabled(step, set_aside)
    debit(step.world, step.rules, step.source, set_aside, amount, _spent)
    claimants = tuple(
        Claimant(account_id(one.v0.destination), read_predicate(one.v0.predicate, now))  # type: ignore[union-attr]
        for one in body.claimants
    )
    sponsor = step.world.sponsorships.get(step.source, step.source)
    id = operation_id(step.transaction.source, step.transaction.sequence, step.index)
    balance = ClaimableBalance(id, set_aside, amount, claimants, clawback, sponsor)
    charge_sponsor(step.world, step.rules, sponsor, weight(balance), _create("LOW_RESERVE").code)
    step.world.put(balance)
    named = X.ClaimableBalanceID(X.ClaimableBalanceIDType.CLAIMABLE_BALANCE_ID_TYPE_V0, v0=X.Hash(id))
    return X.CreateClaimableBalanceResult(_create("SUCCESS").code, balance_id=named)


def _clawback_enabled(step: Step, set_aside: Asset) -> bool:
    if set_aside == NATIVE:
        return False
    if set_aside.issuer == step.source:
        return bool(step.account.flags & AUTH_CLAWBACK_ENABLED)
    line = step.world.line(step.source, set_aside)
    return bool(line and line.flags & CLAWBACK_ENABLED)


def operation_id(source: bytes, sequence: int, index: int) -> bytes:
    """Return the id of what the operation at ``index`` of a transaction makes: of its source, whoever else acts."""
    preimage = X.HashIDPreimage(
        X.EnvelopeType.ENVELOPE_TYPE_OP_ID,
        operation_id=X.HashIDPreimageOperationID(
            source_account=account_xdr(source),
            seq_num=X.SequenceNumber(X.Int64(sequence)),
            op_num=X.Uint32(index),
        ),
    )
    return sha256(preimage.to_xdr_bytes()).digest()


def _remove(step: Step, balance: ClaimableBalance) -> None:
    step.world.drop(balance.key)
    if balance.sponsor is not None:
        discharge_sponsor(step.world, balance.sponsor, weight(balance))


def apply_claim(step: Step) -> None:
    balance = step.world.balance(step.body.balance_id.v0.hash)
    if balance is None:
        raise _claim("DOES_NOT_EXIST")
    mine = next((one for one in balance.claimants if one.destination == step.source), None)
    if mine is None or not fulfilled(mine.predicate, step.world.header.close_time):
        raise _claim("CANNOT_CLAIM")
    credit(step.world, step.rules, step.source, balance.asset, balance.amount, _claim)
    _remove(step, balance)


def apply_claw_balance(step: Step) -> None:
    balance = step.world.balance(step.body.balance_id.v0.hash)
    if balance is None:
        raise _claw("DOES_NOT_EXIST")
    if balance.asset.issuer != step.source:
        raise _claw("NOT_ISSUER")
    if not balance.clawback_enabled:
        raise _claw("NOT_CLAWBACK_ENABLED")
    _remove(step, balance)


def check_clawback(body: X.ClawbackOp, source: bytes) -> None:
    from_itself = account_id(body.from_) == source and muxed_id(body.from_) is None
    named = valid_asset(body.asset) and asset(body.asset).issuer == source
    if from_itself or not named or body.amount.int64 < 1:
        raise _clawback("MALFORMED")


def apply_clawback(step: Step) -> None:
    line = step.world.line(account_id(step.body.from_), asset(step.body.asset))
    if line is None:
        raise _clawback("NO_TRUST")
    if not line.flags & CLAWBACK_ENABLED:
        raise _clawback("NOT_CLAWBACK_ENABLED")
    emptier = add_credit(line, -step.body.amount.int64, ask_authorization=False)
    if emptier is None:
        raise _clawback("UNDERFUNDED")
    step.world.put(emptier)


def _unchecked(_: Any, __: bytes) -> None:
    """Nothing can be said without the ledger."""


RULES: dict[Any, Rule] = {
    Type.CREATE_CLAIMABLE_BALANCE: Rule("create_claimable_balance_op", check_creation, apply_creation),
    Type.CLAIM_CLAIMABLE_BALANCE: Rule("claim_claimable_balance_op", _unchecked, apply_claim, low),
    Type.CLAWBACK_CLAIMABLE_BALANCE: Rule("clawback_claimable_balance_op", _unchecked, apply_claw_balance),
    Type.CLAWBACK: Rule("clawback_op", check_clawback, apply_clawback),
}
