"""One transaction in the ledger: checks again, sequence number, signatures, then operation after operation."""

from dataclasses import dataclass, replace

from stellar_sdk import xdr as X

from app.sandbox.network.engine.frames import FeeBump, Frame, Transaction, operation_source
from app.sandbox.network.engine.operations import RULES
from app.sandbox.network.engine.operations.rule import Step
from app.sandbox.network.engine.reserves import remove_signer
from app.sandbox.network.engine.results import BumpResult, Code, Failed, OpCode, Result, detailed, outcome
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.engine.signatures import PRE_AUTHORIZED, Signatures
from app.sandbox.network.engine.validity import Moment, arguments, check_signed, check_static, common, new_result
from app.sandbox.network.engine.world import Changes, World


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a transaction. ``operations`` are the changes of each, none if it failed."""

    frame: Frame
    fee_charged: int
    result: X.TransactionResult
    succeeded: bool
    fee_changes: Changes
    before: Changes
    operations: tuple[Changes, ...]


def apply(world: World, rules: Rules, frame: Frame, fee_charged: int, fee_changes: Changes) -> Applied:
    """Apply ``frame``, whose fee is taken already."""
    result = new_result(rules, frame, fee_charged)
    start = world.mark()
    if isinstance(frame, FeeBump):
        _remove_one_time_signer(world, frame.fee_source, frame.hash)
    inner = result.inner if isinstance(result, BumpResult) else result
    if isinstance(result, BumpResult):
        inner.fee = _inner_fee(frame, fee_charged)
    valid = _prepare(world, rules, frame.inner, inner, inside_bump=isinstance(frame, FeeBump))
    before = world.changes(start)
    operations = _apply_operations(world, rules, frame.inner, inner) if valid else ()
    return Applied(frame, fee_charged, result.to_xdr(), inner.succeeded, fee_changes, before, operations)


def _inner_fee(frame: Frame, fee_charged: int) -> int:
    """Return what the inner result says it was charged: its share at the rate of the bump, at most its bid."""
    return min(frame.inner.fee, fee_charged // frame.size * frame.inner.size)


def _prepare(world: World, rules: Rules, transaction: Transaction, result: Result, *, inside_bump: bool) -> bool:
    """Spend the sequence number and look at all signatures; say whether the operations may run."""
    header = world.header
    moment = Moment(header.sequence, header.close_time, header.close_time)
    signatures = Signatures(transaction.hash, transaction.signatures)
    stage = common(world, rules, transaction, moment, signatures, fee=None if inside_bump else 0)
    if stage.code is not None:
        result.code = stage.code
    if stage.spends_sequence:
        _spend_sequence(world, transaction)
    if stage.code is None:
        _check_signatures(world, transaction, signatures, result)
    for source in {transaction.source, *(operation_source(op, transaction) for op in transaction.operations)}:
        _remove_one_time_signer(world, source, transaction.hash)
    return result.succeeded


def _spend_sequence(world: World, transaction: Transaction) -> None:
    header = world.header
    world.put(
        replace(
            world.need(transaction.source),
            sequence=transaction.sequence,
            sequence_ledger=header.sequence,
            sequence_time=header.close_time,
        )
    )


def _check_signatures(world: World, transaction: Transaction, signatures: Signatures, result: Result) -> None:
    for index, operation in enumerate(transaction.operations):
        try:
            check_signed(world, transaction, index, signatures)
        except Failed as failed:
            result.operations[index] = outcome(operation.body.type, failed.code)
            result.code = Code.txFAILED
    if result.succeeded and not signatures.all_used():
        result.code = Code.txBAD_AUTH_EXTRA


def _remove_one_time_signer(world: World, owner: bytes, hash: bytes) -> None:
    account = world.account(owner)
    for signer in account.signers if account else ():
        if signer.key.kind == PRE_AUTHORIZED and signer.key.key == hash:
            remove_signer(world, owner, signer)


def _apply_operations(world: World, rules: Rules, transaction: Transaction, result: Result) -> tuple[Changes, ...]:
    """Run every operation, those after a failure too, so that each has a result; then keep all or nothing."""
    start = world.mark()
    changes = []
    for index in range(len(transaction.operations)):
        mark = world.mark()
        if not _apply_operation(world, rules, transaction, index, result):
            world.roll_back(mark)
            result.code = Code.txFAILED
        changes.append(world.changes(mark))
    if result.succeeded and world.sponsorships:
        result.code = Code.txBAD_SPONSORSHIP
    if not result.succeeded:
        world.roll_back(start)
        return ()
    return tuple(changes)


def _apply_operation(world: World, rules: Rules, transaction: Transaction, index: int, result: Result) -> bool:
    operation = transaction.operations[index]
    type, source = operation.body.type, operation_source(operation, transaction)
    try:
        if not world.account(source):
            raise Failed(OpCode.opNO_ACCOUNT)
        check_static(transaction, index)
        rule = RULES[type]
        detail = rule.apply(Step(world, rules, arguments(operation, rule), source, transaction, index))
    except Failed as failed:
        result.operations[index] = outcome(type, failed.code)
        return False
    if detail is not None:
        result.operations[index] = detailed(type, detail)
    return True
