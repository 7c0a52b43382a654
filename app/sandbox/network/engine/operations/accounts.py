"""Accounts come and go: create_account, account_merge, bump_sequence."""

from dataclasses import replace
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.balances import add_native, available
from app.sandbox.network.engine.entries import AUTH_IMMUTABLE, Account
from app.sandbox.network.engine.from_xdr import account_id
from app.sandbox.network.engine.operations.rule import Rule, Step, high, low, refusals
from app.sandbox.network.engine.reserves import create_account, remove_account, remove_signer
from app.sandbox.network.engine.results import Type

_creation = refusals(X.CreateAccountResultCode, "CREATE_ACCOUNT")
_merge = refusals(X.AccountMergeResultCode, "ACCOUNT_MERGE")
_bump = refusals(X.BumpSequenceResultCode, "BUMP_SEQUENCE")


def first_sequence(ledger: int) -> int:
    """Return where the sequence numbers of an account created in ``ledger`` start."""
    return ledger << 32


def check_creation(body: X.CreateAccountOp, source: bytes) -> None:
    if body.starting_balance.int64 < 0 or account_id(body.destination) == source:
        raise _creation("MALFORMED")


def apply_creation(step: Step) -> None:
    destination = account_id(step.body.destination)
    amount = step.body.starting_balance.int64
    if step.world.account(destination):
        raise _creation("ALREADY_EXIST")
    account = Account(destination, amount, first_sequence(step.world.header.sequence))
    create_account(step.world, step.rules, account, _creation("LOW_RESERVE").code)
    if available(step.rules, step.account) < amount:
        raise _creation("UNDERFUNDED")
    step.world.put(replace(step.account, balance=step.account.balance - amount))


def check_merge(destination: X.MuxedAccount, source: bytes) -> None:
    if account_id(destination) == source:
        raise _merge("MALFORMED")


def apply_merge(step: Step) -> X.AccountMergeResult:
    destination = account_id(step.body)
    if not step.world.account(destination):
        raise _merge("NO_ACCOUNT")
    _refuse_merge(step)
    for signer in reversed(step.account.signers):
        remove_signer(step.world, step.source, signer)
    merged = step.account
    credited = add_native(step.rules, step.world.need(destination), merged.balance)
    if credited is None:
        raise _merge("DEST_FULL")
    step.world.put(credited)
    remove_account(step.world, merged)
    return X.AccountMergeResult(
        X.AccountMergeResultCode.ACCOUNT_MERGE_SUCCESS, source_account_balance=X.Int64(merged.balance)
    )


def _refuse_merge(step: Step) -> None:
    account, world = step.account, step.world
    if account.flags & AUTH_IMMUTABLE:
        raise _merge("IMMUTABLE_SET")
    if account.subentries != len(account.signers):
        raise _merge("HAS_SUB_ENTRIES")
    # Made anew, the account would start below numbers it has used, or is about to use in this ledger.
    if max(account.sequence, world.sequences_to_apply.get(account.id, 0)) >= first_sequence(world.header.sequence):
        raise _merge("SEQNUM_TOO_FAR")
    if account.sponsoring or account.id in world.sponsorships.values():
        raise _merge("IS_SPONSOR")


def check_bump(body: X.BumpSequenceOp, _: bytes) -> None:
    if body.bump_to.sequence_number.int64 < 0:
        raise _bump("BAD_SEQ")


def apply_bump(step: Step) -> None:
    header = step.world.header
    step.world.put(
        replace(
            step.account,
            sequence=max(step.account.sequence, step.body.bump_to.sequence_number.int64),
            sequence_ledger=header.sequence,
            sequence_time=header.close_time,
        )
    )


RULES: dict[Any, Rule] = {
    Type.CREATE_ACCOUNT: Rule("create_account_op", check_creation, apply_creation),
    Type.ACCOUNT_MERGE: Rule("destination", check_merge, apply_merge, high),
    Type.BUMP_SEQUENCE: Rule("bump_sequence_op", check_bump, apply_bump, low),
}
