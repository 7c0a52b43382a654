"""payment: a path payment without a path, the destination looked at before the source."""

from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.checks import valid_asset
from app.sandbox.network.engine.entries import NATIVE
from app.sandbox.network.engine.from_xdr import account_id, asset
from app.sandbox.network.engine.operations.rule import Rule, Step, refusals
from app.sandbox.network.engine.results import Type
from app.sandbox.network.engine.transfers import credit, debit

_refuse = refusals(X.PaymentResultCode, "PAYMENT")


def check(body: X.PaymentOp, _: bytes) -> None:
    if body.amount.int64 <= 0 or not valid_asset(body.asset):
        raise _refuse("MALFORMED")


def apply(step: Step) -> None:
    destination, paid, amount = account_id(step.body.destination), asset(step.body.asset), step.body.amount.int64
    if destination == step.source and paid == NATIVE:
        return
    # Credit can always go back to its issuer, be there still such an account or not.
    if destination != paid.issuer and not step.world.account(destination):
        raise _refuse("NO_DESTINATION")
    credit(step.world, step.rules, destination, paid, amount, _refuse)
    debit(step.world, step.rules, step.source, paid, amount, _refuse)


RULES: dict[Any, Rule] = {Type.PAYMENT: Rule("payment_op", check, apply)}
