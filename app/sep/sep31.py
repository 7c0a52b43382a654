"""SEP-31 3.1: known sending anchors announce a payment, pay it on Stellar, and learn when it arrived."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy.orm import Session

from app.anchor import sends
from app.anchor.models import Transaction
from app.anchor.show import payment_address, shown, status
from app.assets import service as assets
from app.assets.models import Asset, Method
from app.customers.checks import text
from app.db import new_id, transaction
from app.errors import Forbidden, Invalid
from app.money import Money, parse
from app.sep import bodies, numbers
from app.sep.auth import Caller, authenticated, public
from app.sep.frame import door, home
from app.stellar import memos
from rails import find_object
from rails.integrations import Needs, SendIntegration, SendTransaction

blueprint = door("sep31")

View = Callable[..., Any]

LANG_CHARACTERS_MAX = 35  # BCP 47 advises room for so many


class Amount(fields.Field[int]):
    """An amount as text or as a number; in stroops, once read."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> int:
        try:
            return parse(value)
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None


class NewSend(Schema):
    class Meta:
        unknown = EXCLUDE  # what newer or older clients say beside this is not ours to refuse

    amount = Amount(required=True)
    asset_code = fields.String(required=True)
    asset_issuer = fields.String(load_default="")
    funding_method = fields.String(load_default="")
    destination_asset = fields.String(load_default="")
    quote_id = fields.String(load_default="")
    sender_id = fields.String(load_default="")
    receiver_id = fields.String(load_default="")
    refund_memo = fields.String(load_default="")
    refund_memo_type = fields.String(load_default="")
    lang = fields.String(load_default="en", validate=validate.Length(max=LANG_CHARACTERS_MAX))
    fields_ = fields.Dict(data_key="fields", load_default=dict)

    @validates_schema
    def check(self, sent: dict[str, Any], **_: Any) -> None:
        if sent.get("quote_id"):
            raise ValidationError("quotes are not supported", "quote_id")
        if bool(sent.get("refund_memo")) != bool(sent.get("refund_memo_type")):
            raise ValidationError("give refund_memo and refund_memo_type together", "refund_memo")
        if sent.get("refund_memo"):
            memos.memo(sent["refund_memo_type"], sent["refund_memo"])


class Callback(Schema):
    class Meta:
        unknown = EXCLUDE

    url = fields.String(required=True, validate=bodies.reachable)


class Update(Schema):
    class Meta:
        unknown = EXCLUDE

    fields_ = fields.Dict(data_key="fields", required=True)


def known_sender(view: View) -> View:
    """Let only sending anchors in that the anchor knows; the view is given the Caller."""

    @wraps(view)
    def guarded(caller: Caller, *arguments: Any, **named: Any) -> Any:
        with transaction() as session:
            if not integration(session).valid_sending_anchor(caller.account):
                raise Forbidden("we do not know this sending anchor", code="unknown_sending_anchor")
        return view(caller, *arguments, **named)

    rule = authenticated(guarded)
    rule.may_call = "a sending anchor we know"  # type: ignore[attr-defined]
    return rule


@blueprint.get("/info")
@public
def info() -> Response:
    with transaction() as session:
        sold = [asset for asset in assets.assets(session, home().organization_id) if assets.methods(asset, "send")]
        answers = integration(session)
        receive = {
            asset.code: _info(asset, dict(answers.info(asset.asset, request.args.get("lang")))) for asset in sold
        }
    return numbers.answer({"receive": receive})


@blueprint.post("/transactions")
@known_sender
def post_transaction(caller: Caller) -> Response:
    received = bodies.body()
    sent = bodies.load(NewSend(), received)
    new = sends.NewSend(**{**_without(sent, "quote_id", "fields_"), "fields": _transaction_fields(sent["fields_"])})
    with transaction() as session:
        key = new_id()
        _refuse(integration(session).process_send_request(received, key))
        created = sends.create_send(session, _terms(key), _sender(caller), new)
        answer = {"id": created.id, **payment_address(created)}
    return numbers.answer(answer, 201)


@blueprint.get("/transactions/<transaction_id>")
@known_sender
def get_transaction(caller: Caller, transaction_id: str) -> Response:
    with transaction() as session:
        found = sends.find(session, caller.organization_id, _sender(caller), transaction_id)
        return numbers.answer({"transaction": shown(found)})


@blueprint.patch("/transactions/<transaction_id>")
@known_sender
def patch_transaction(caller: Caller, transaction_id: str) -> Response:
    sent = bodies.load(Update(), bodies.body())
    with transaction() as session:
        found = sends.find(session, caller.organization_id, _sender(caller), transaction_id)
        _refuse(integration(session).process_update_request(sent["fields_"], _as_integrations_see_it(found)))
        sends.update_send(session, found, _transaction_fields(sent["fields_"]))
        return numbers.answer({"transaction": shown(found)})


@blueprint.put("/transactions/<transaction_id>/callback")
@known_sender
def put_callback(caller: Caller, transaction_id: str) -> Response:
    sent = bodies.load(Callback(), bodies.body())
    with transaction() as session:
        found = sends.find(session, caller.organization_id, _sender(caller), transaction_id)
        sends.set_callback(session, found, sent["url"])
    return Response(status=204)


def integration(session: Session) -> SendIntegration:
    """Return what the anchor decides by itself: its own class, or the house's."""
    made: SendIntegration = find_object(current_app.config["SEND_INTEGRATION"])(session, home().organization_id)
    return made


def _info(asset: Asset, more: dict[str, Any]) -> dict[str, Any]:
    methods = assets.methods(asset, "send")
    return {
        "enabled": True,
        "funding_methods": [method.name for method in methods],
        "quotes_supported": False,
        "quotes_required": False,
        "min_amount": numbers.amount(min(method.minimum for method in methods)),
        "max_amount": numbers.amount(max(method.maximum for method in methods)),
        **_fees(methods),
        **more,
    }


def _fees(methods: list[Method]) -> dict[str, Any]:
    """Return what sending costs, where it costs the same by every method."""
    (fixed, percent), *others = {(method.fee_fixed, method.fee_percent) for method in methods}
    return {} if others else {"fee_fixed": numbers.amount(fixed), "fee_percent": numbers.plain(percent)}


def _refuse(needs: Needs | None) -> None:
    if needs is not None:
        more = {"type": needs.type} if needs.type else {"fields": dict(needs.fields)}
        raise Invalid(str(needs.error), code=str(needs.error), **more)


def _terms(key: str) -> sends.Terms:
    return sends.Terms(key, home().organization_id, home().id, current_app.config["SEND_EXPIRY_SECONDS"])


def _sender(caller: Caller) -> sends.Sender:
    return sends.Sender(caller.account, caller.user, caller.client_domain)


def _transaction_fields(sent: dict[str, Any]) -> dict[str, str]:
    """Return ``fields.transaction``: names with texts."""
    named = sent.get("transaction", {})
    if not isinstance(named, dict) or not all(isinstance(value, str) for value in named.values()):
        raise Invalid("fields.transaction: an object of texts")
    try:
        return {text(name): text(value) for name, value in named.items()}
    except ValueError as wrong:
        raise Invalid(f"fields.transaction: {wrong}") from None


def _as_integrations_see_it(found: Transaction) -> SendTransaction:
    return SendTransaction(
        id=found.id,
        status=status(found),
        asset=found.asset.asset,
        amount_in=Money(found.amount_in or found.amount_expected, found.asset.asset),
        sender_id=found.sender_id,
        receiver_id=found.receiver_id,
        sending_anchor=found.account,
        required_info_message=found.message,
    )


def _without(sent: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in sent.items() if name not in names}
