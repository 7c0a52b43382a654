"""May it apply? The checks of one transaction, the same at admission and in the ledger, in core's order."""

from typing import NamedTuple

from app.sandbox.network.engine.balances import available
from app.sandbox.network.engine.entries import Account, Signer
from app.sandbox.network.engine.frames import FeeBump, Frame, Transaction, operation_source
from app.sandbox.network.engine.operations import RULES
from app.sandbox.network.engine.operations.accounts import first_sequence
from app.sandbox.network.engine.operations.rule import threshold
from app.sandbox.network.engine.results import AnyResult, BumpResult, Code, Failed, OpCode, Result, outcome
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.engine.signatures import SIGNED_PAYLOAD, Signatures, signer_without_account, signers_of
from app.sandbox.network.engine.world import World


class Moment(NamedTuple):
    """The ledger a transaction is judged for: its number, its close time, and the latest it is expected to close."""

    sequence: int
    close_time: int
    latest: int


class Stage(NamedTuple):
    """How far a transaction got: no ``code`` if nothing was found; is its sequence number spent all the same?"""

    code: Code | None
    spends_sequence: bool = True


def new_result(rules: Rules, frame: Frame, fee: int | None = None) -> AnyResult:
    """Return an empty success; without ``fee`` it names the least fee, as core does in every refusal."""
    types = [operation.body.type for operation in frame.inner.operations]
    charged = rules.base_fee * frame.size if fee is None else fee
    if isinstance(frame, FeeBump):
        return BumpResult(Result(types, 0), frame.inner.hash, charged)
    return Result(types, charged)


def admissible(world: World, rules: Rules, frame: Frame, moment: Moment) -> AnyResult:
    """Check ``frame`` in full without applying it. What depends on the state of the ledger is not looked at."""
    result = new_result(rules, frame)
    if isinstance(frame, FeeBump) and isinstance(result, BumpResult):
        result.code = _check_bump(world, rules, frame, result)
        if result.code is None:
            _check_transaction(world, rules, frame.inner, moment, result.inner, pays=False)
    elif isinstance(frame, Transaction) and isinstance(result, Result):
        _check_transaction(world, rules, frame, moment, result, pays=True)
    return result


def _check_bump(world: World, rules: Rules, bump: FeeBump, result: BumpResult) -> Code | None:
    inner = bump.inner
    if bump.fee < rules.base_fee * bump.size:
        return Code.txINSUFFICIENT_FEE
    if bump.fee * inner.size < inner.fee * bump.size:  # a lower rate than the inner one bids
        result.fee = -(-inner.fee * bump.size // inner.size)
        return Code.txINSUFFICIENT_FEE
    payer = world.account(bump.fee_source)
    if payer is None:
        return Code.txNO_ACCOUNT
    signatures = Signatures(bump.hash, bump.signatures)
    if not signatures.reach(signers_of(payer), payer.thresholds.low):
        return Code.txBAD_AUTH
    if available(rules, payer) < bump.fee:
        return Code.txINSUFFICIENT_BALANCE
    return None if signatures.all_used() else Code.txBAD_AUTH_EXTRA


def _check_transaction(
    world: World, rules: Rules, transaction: Transaction, moment: Moment, result: Result, *, pays: bool
) -> None:
    signatures = Signatures(transaction.hash, transaction.signatures)
    stage = common(world, rules, transaction, moment, signatures, fee=transaction.fee if pays else None)
    if stage.code is not None:
        result.code = stage.code
        return
    for index in range(len(transaction.operations)):
        try:
            _check_operation(world, transaction, index, signatures)
        except Failed as failed:
            result.operations[index] = outcome(transaction.operations[index].body.type, failed.code)
            result.code = Code.txFAILED
            return
    if not signatures.all_used():
        result.code = Code.txBAD_AUTH_EXTRA


def _check_operation(world: World, transaction: Transaction, index: int, signatures: Signatures) -> None:
    check_signed(world, transaction, index, signatures)
    check_static(transaction, index)


def check_signed(world: World, transaction: Transaction, index: int, signatures: Signatures) -> None:
    """Raise Failed unless the source of an operation signed for it. One that does not exist yet may sign by its key."""
    operation = transaction.operations[index]
    source = operation_source(operation, transaction)
    rule = RULES.get(operation.body.type)
    account = world.account(source)
    if account is None:
        if operation.source_account is None:
            raise Failed(OpCode.opNO_ACCOUNT)
        if not signatures.reach(signer_without_account(source), 0):
            raise Failed(OpCode.opBAD_AUTH)
        return
    needed = threshold(rule, arguments(operation, rule), account.thresholds) if rule else account.thresholds.medium
    if not signatures.reach(signers_of(account), needed):
        raise Failed(OpCode.opBAD_AUTH)


def check_static(transaction: Transaction, index: int) -> None:
    """Raise Failed unless an operation is well formed."""
    operation = transaction.operations[index]
    rule = RULES.get(operation.body.type)
    if rule is None:
        raise Failed(OpCode.opNOT_SUPPORTED)
    rule.check(arguments(operation, rule), operation_source(operation, transaction))


def arguments(operation, rule):  # type: ignore[no-untyped-def]
    return getattr(operation.body, rule.body) if rule.body else None


def common(
    world: World, rules: Rules, transaction: Transaction, moment: Moment, signatures: Signatures, fee: int | None
) -> Stage:
    """Check everything about a transaction but its operations.

    ``fee`` is what its source must be able to pay: its whole bid at admission, 0 in the ledger, where fees were taken
    first, None inside a fee bump.
    """
    code = _preconditions(rules, transaction, moment, asks_fee=fee is not None)
    if code is not None:
        return Stage(code, spends_sequence=False)
    account = world.account(transaction.source)
    if account is None:
        return Stage(Code.txNO_ACCOUNT, spends_sequence=False)
    if _bad_sequence(world, transaction, account):
        return Stage(Code.txBAD_SEQ, spends_sequence=False)
    if _too_soon_after_last(transaction, account, moment):
        return Stage(Code.txBAD_MIN_SEQ_AGE_OR_GAP)
    if not _signed(transaction, account, signatures):
        return Stage(Code.txBAD_AUTH)
    if fee is not None and available(rules, account) < fee:
        return Stage(Code.txINSUFFICIENT_BALANCE)
    return Stage(None)


def _preconditions(rules: Rules, transaction: Transaction, moment: Moment, *, asks_fee: bool) -> Code | None:
    asked = transaction.conditions
    extra = asked.extra_signers
    if len(set(extra)) < len(extra) or any(key.kind == SIGNED_PAYLOAD and not key.payload for key in extra):
        return Code.txMALFORMED
    if not transaction.operations:
        return Code.txMISSING_OPERATION
    if asked.min_time > moment.close_time or asked.min_ledger > moment.sequence:
        return Code.txTOO_EARLY
    if 0 < asked.max_time < moment.latest or 0 < asked.max_ledger <= moment.sequence:
        return Code.txTOO_LATE
    if asks_fee and transaction.fee < rules.base_fee * transaction.size:
        return Code.txINSUFFICIENT_FEE
    return None


def _bad_sequence(world: World, transaction: Transaction, account: Account) -> bool:
    wanted, least = transaction.sequence, transaction.conditions.min_sequence
    if wanted == first_sequence(world.header.sequence):
        return True
    if least is not None:
        return not least <= account.sequence < wanted
    return account.sequence + 1 != wanted


def _too_soon_after_last(transaction: Transaction, account: Account, moment: Moment) -> bool:
    asked = transaction.conditions
    return (
        moment.close_time - asked.min_age < account.sequence_time
        or asked.min_age > moment.close_time
        or moment.sequence - asked.min_gap < account.sequence_ledger
        or asked.min_gap > moment.sequence
    )


def _signed(transaction: Transaction, account: Account, signatures: Signatures) -> bool:
    if not signatures.reach(signers_of(account), account.thresholds.low):
        return False
    extra = [Signer(key, 1) for key in transaction.conditions.extra_signers]
    return not extra or signatures.reach(extra, len(extra))
