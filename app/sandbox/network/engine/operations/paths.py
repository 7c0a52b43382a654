"""Path payments: send one asset, let another arrive, through the books between them."""

from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.checks import valid_asset
from app.sandbox.network.engine.crossing import OFFERS_MAX, Taken, Taking, take
from app.sandbox.network.engine.entries import INT64_MAX, Offer
from app.sandbox.network.engine.exchange import Rounding
from app.sandbox.network.engine.from_xdr import account_id, asset
from app.sandbox.network.engine.operations.rule import Refuse, Rule, Step, refusals
from app.sandbox.network.engine.results import Type
from app.sandbox.network.engine.to_xdr import account_xdr
from app.sandbox.network.engine.transfers import credit, debit

_receive = refusals(X.PathPaymentStrictReceiveResultCode, "PATH_PAYMENT_STRICT_RECEIVE")
_send = refusals(X.PathPaymentStrictSendResultCode, "PATH_PAYMENT_STRICT_SEND")


def _check(body: Any, refuse: Refuse, *amounts: X.Int64) -> None:
    assets = [body.send_asset, body.dest_asset, *body.path]
    if any(amount.int64 <= 0 for amount in amounts) or not all(map(valid_asset, assets)):
        raise refuse("MALFORMED")


def check_receive(body: X.PathPaymentStrictReceiveOp, _: bytes) -> None:
    _check(body, _receive, body.dest_amount, body.send_max)


def check_send(body: X.PathPaymentStrictSendOp, _: bytes) -> None:
    _check(body, _send, body.send_amount, body.dest_min)


def _destination(step: Step, refuse: Refuse) -> bytes:
    """Return who is paid. Credit can go straight back to its issuer, be there still such an account or not."""
    body = step.body
    destination, arriving = account_id(body.destination), asset(body.dest_asset)
    back = not body.path and asset(body.send_asset) == arriving and arriving.issuer == destination
    if not back and not step.world.account(destination):
        raise refuse("NO_DESTINATION")
    return destination


def apply_receive(step: Step) -> X.PathPaymentStrictReceiveResult:
    """The destination is paid first, then the path is walked backwards to what that costs the source."""
    body: X.PathPaymentStrictReceiveOp = step.body
    destination, amount = _destination(step, _receive), body.dest_amount.int64
    wanted, needed = asset(body.dest_asset), amount
    credit(step.world, step.rules, destination, wanted, amount, _receive)
    trail: list[X.ClaimAtom] = []
    look = _strangers(step, _receive)
    for paid in [*map(asset, reversed(body.path)), asset(body.send_asset)]:
        if paid != wanted:
            left = OFFERS_MAX - len(trail)
            taking = Taking(paid, INT64_MAX, wanted, needed, Rounding.STRICT_RECEIVE, look, left)
            taken = _convert(step, taking, _receive)
            if taken.wheat != needed:
                raise _receive("TOO_FEW_OFFERS")
            trail = [*taken.trail, *trail]
            wanted, needed = paid, taken.sheep
    if needed > body.send_max.int64:
        raise _receive("OVER_SENDMAX")
    debit(step.world, step.rules, step.source, wanted, needed, _receive)
    success = X.PathPaymentStrictReceiveResultSuccess(trail, _last(destination, body.dest_asset, amount))
    return X.PathPaymentStrictReceiveResult(_receive("SUCCESS").code, success=success)


def apply_send(step: Step) -> X.PathPaymentStrictSendResult:
    """The source pays first, then the path is walked to what arrives."""
    body: X.PathPaymentStrictSendOp = step.body
    destination = _destination(step, _send)
    held, amount = asset(body.send_asset), body.send_amount.int64
    debit(step.world, step.rules, step.source, held, amount, _send)
    trail: list[X.ClaimAtom] = []
    look = _strangers(step, _send)
    for wanted in [*map(asset, body.path), asset(body.dest_asset)]:
        if wanted != held:
            left = OFFERS_MAX - len(trail)
            taking = Taking(held, amount, wanted, INT64_MAX, Rounding.STRICT_SEND, look, left)
            taken = _convert(step, taking, _send)
            if taken.sheep != amount:
                raise _send("TOO_FEW_OFFERS")
            trail = [*trail, *taken.trail]
            held, amount = wanted, taken.wheat
    if amount < body.dest_min.int64:
        raise _send("UNDER_DESTMIN")
    credit(step.world, step.rules, destination, held, amount, _send)
    success = X.PathPaymentStrictSendResultSuccess(trail, _last(destination, body.dest_asset, amount))
    return X.PathPaymentStrictSendResult(_send("SUCCESS").code, success=success)


def _convert(step: Step, taking: Taking, refuse: Refuse) -> Taken:
    if not taking.sheep_max or not taking.wheat_max:
        return Taken(complete=True)
    taken = take(step.world, step.rules, taking)
    if not taken.complete:
        raise refuse("TOO_FEW_OFFERS")
    return taken


def _strangers(step: Step, refuse: Refuse) -> Callable[[Offer], None]:
    """Return what refuses to take an offer of the source's own."""

    def look(offer: Offer) -> None:
        if offer.seller == step.source:
            raise refuse("OFFER_CROSS_SELF")

    return look


def _last(destination: bytes, asset: X.Asset, amount: int) -> X.SimplePaymentResult:
    return X.SimplePaymentResult(account_xdr(destination), asset, X.Int64(amount))


RULES: dict[Any, Rule] = {
    Type.PATH_PAYMENT_STRICT_RECEIVE: Rule("path_payment_strict_receive_op", check_receive, apply_receive),
    Type.PATH_PAYMENT_STRICT_SEND: Rule("path_payment_strict_send_op", check_send, apply_send),
}
