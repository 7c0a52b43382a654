"""Effects: what an operation did to whom, read from what it said, its result and the entries it changed."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import Account, ClaimableBalance, Data, TrustLine
from app.sandbox.network.engine.frames import account_id, asset, muxed_id
from app.sandbox.network.engine.operations.trust import coded_asset
from app.sandbox.network.engine.world import Changes
from app.sandbox.network.horizon.contracts import moved
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import address, amount, asset_fields, asset_name, balance_id, signer
from app.sandbox.network.horizon.show.predicates import show_said
from app.sandbox.network.horizon.sponsorships import sponsorship_effects
from app.sandbox.network.horizon.trades import claims

_Type = X.OperationType


@dataclass(frozen=True, slots=True)
class EffectRecord:
    """``account`` felt it, perhaps under a muxed id; ``details`` are as shown."""

    place: tuple[int, int]
    operation: OperationRecord
    account: bytes
    muxed: int | None
    type: str
    details: dict[str, Any]

    @property
    def succeeded(self) -> bool:
        return True


Effect = tuple[X.MuxedAccount | bytes, str, dict[str, Any]]


def effects(record: OperationRecord) -> list[EffectRecord]:
    if not record.succeeded:
        return []
    said = _EFFECTS.get(record.type)
    found = [*(said(record, record.operation.body) if said else ()), *sponsorship_effects(record)]
    return [_numbered(record, order, *effect) for order, effect in enumerate(found, 1)]


def _numbered(
    record: OperationRecord, order: int, who: X.MuxedAccount | bytes, type: str, details: dict[str, Any]
) -> EffectRecord:
    id, muxed = (who, None) if isinstance(who, bytes) else (account_id(who), muxed_id(who))
    return EffectRecord((record.place, order), record, id, muxed, type, details)


def changes_of(record: OperationRecord) -> Changes:
    return record.transaction.applied.operations[record.index]


def _moved(value: X.Asset, stroops: int) -> dict[str, Any]:
    return {**asset_fields(asset(value)), "amount": amount(stroops)}


def _native(stroops: int) -> dict[str, Any]:
    return {"asset_type": "native", "amount": amount(stroops)}


def _creation(record: OperationRecord, body: Any) -> Iterator[Effect]:
    created, starting = account_id(body.create_account_op.destination), body.create_account_op.starting_balance.int64
    yield created, "account_created", {"starting_balance": amount(starting)}
    yield record.source, "account_debited", _native(starting)
    yield created, "signer_created", {"public_key": address(created), "weight": 1}


def _payment(record: OperationRecord, body: Any) -> Iterator[Effect]:
    paid = _moved(body.payment_op.asset, body.payment_op.amount.int64)
    yield body.payment_op.destination, "account_credited", paid
    yield record.source, "account_debited", paid


def _strict_receive(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said = body.path_payment_strict_receive_op
    yield said.destination, "account_credited", _moved(said.dest_asset, said.dest_amount.int64)
    yield record.source, "account_debited", _moved(said.send_asset, amount_sent(record, said))
    yield from _trades(record, body)


def amount_sent(record: OperationRecord, said: X.PathPaymentStrictReceiveOp) -> int:
    """Return what a strict-receive payment cost its source: what its first conversion took."""
    taken = claims(record)
    if not taken:
        return int(said.dest_amount.int64)
    first = asset(taken[0].asset_sold)
    return sum(int(atom.amount_bought.int64) for atom in taken if asset(atom.asset_sold) == first)


def _strict_send(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said = body.path_payment_strict_send_op
    yield said.destination, "account_credited", _moved(said.dest_asset, record.result.success.last.amount.int64)
    yield record.source, "account_debited", _moved(said.send_asset, said.send_amount.int64)
    yield from _trades(record, body)


def _trades(record: OperationRecord, _: Any) -> Iterator[Effect]:
    buyer = account_id(record.source)
    for atom in claims(record):
        seller, offer = account_id(atom.seller_id), {"offer_id": str(atom.offer_id.int64)}
        sold, bought = (
            (asset(atom.asset_sold), atom.amount_sold.int64),
            (asset(atom.asset_bought), atom.amount_bought.int64),
        )
        yield record.source, "trade", {"seller": address(seller), **offer, **_swap(sold=bought, bought=sold)}
        yield seller, "trade", {"seller": address(buyer), **offer, **_swap(sold=sold, bought=bought)}


def _swap(**sides: tuple[Any, int]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for side, (held, stroops) in sides.items():
        shown |= {f"{side}_amount": amount(stroops), **asset_fields(held, f"{side}_")}
    return shown


def _merge(record: OperationRecord, body: Any) -> Iterator[Effect]:
    merged = _native(record.result.source_account_balance.int64)
    yield record.source, "account_debited", merged
    yield body.destination, "account_credited", merged
    yield record.source, "account_removed", {}


_ACCOUNT_FLAGS = ("auth_required_flag", "auth_revocable_flag", "auth_immutable_flag", "auth_clawback_enabled_flag")
_LINE_FLAGS = ("authorized_flag", "authorized_to_maintain_liabilites", "clawback_enabled_flag")  # sic


def _flags(names: tuple[str, ...], setting: int, clearing: int) -> dict[str, bool]:
    shown = {name: True for bit, name in enumerate(names) if setting >> bit & 1}
    return shown | {name: False for bit, name in enumerate(names) if clearing >> bit & 1}


def _options(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said, source = body.set_options_op, record.source
    if said.home_domain is not None:
        yield (
            source,
            "account_home_domain_updated",
            {"home_domain": said.home_domain.string32.decode("utf-8", "replace")},
        )
    thresholds = {name: getattr(said, name) for name in ("low_threshold", "med_threshold", "high_threshold")}
    given = {name: value.uint32 for name, value in thresholds.items() if value is not None}
    if given:
        yield source, "account_thresholds_updated", given
    setting, clearing = (value.uint32 if value else 0 for value in (said.set_flags, said.clear_flags))
    flags = _flags(_ACCOUNT_FLAGS, setting, clearing)
    if flags:
        yield source, "account_flags_updated", flags
    if said.inflation_dest is not None:
        destination = address(account_id(said.inflation_dest))
        yield source, "account_inflation_destination_updated", {"inflation_destination": destination}
    yield from _signers(record)


def _signers(record: OperationRecord) -> Iterator[Effect]:
    before, after = changes_of(record).get(("account", account_id(record.source)), (None, None))
    if not isinstance(before, Account) or not isinstance(after, Account):
        return
    old, new = _weights(before), _weights(after)
    for key in sorted(old):
        if key not in new:
            yield record.source, "signer_removed", {"public_key": key}
        elif new[key] != old[key]:
            yield record.source, "signer_updated", {"public_key": key, "weight": new[key]}
    for key in sorted(new.keys() - old.keys()):
        yield record.source, "signer_created", {"public_key": key, "weight": new[key]}


def _weights(account: Account) -> dict[str, int]:
    own = {address(account.id): account.thresholds.master} if account.thresholds.master else {}
    return own | {signer(one.key)[1]: one.weight for one in account.signers}


def _change_trust(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said = body.change_trust_op
    details = {"limit": amount(said.limit.int64), **asset_fields(asset(said.line))}
    yield from _lifecycle(record, TrustLine, "trustline", lambda _: details)


def _data(record: OperationRecord, body: Any) -> Iterator[Effect]:
    name = {"name": body.manage_data_op.data_name.string64.decode("utf-8", "replace")}

    def details(entry: Any) -> dict[str, Any]:
        return name if entry is None else name | {"value": b64encode(entry.value).decode()}

    yield from _lifecycle(record, Data, "data", details)


def _lifecycle(
    record: OperationRecord, kind: type, name: str, details: Callable[[Any], dict[str, Any]]
) -> Iterator[Effect]:
    """What has come, changed or gone of one kind of entry."""
    for before, after in changes_of(record).values():
        if isinstance(before or after, kind):
            verb = "created" if before is None else "removed" if after is None else "updated"
            yield record.source, f"{name}_{verb}", details(after)


def _bump(record: OperationRecord, _: Any) -> Iterator[Effect]:
    before, after = changes_of(record).get(("account", account_id(record.source)), (None, None))
    if isinstance(before, Account) and isinstance(after, Account) and before.sequence != after.sequence:
        yield record.source, "sequence_bumped", {"new_seq": str(after.sequence)}


_ALLOWED = {
    0: ("trustline_deauthorized", 0, 3),
    1: ("trustline_authorized", 1, 0),
    2: ("trustline_authorized_to_maintain_liabilities", 2, 0),
}


def _allow_trust(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said = body.allow_trust_op
    trusted = coded_asset(said.asset, account_id(record.source))
    line = {"trustor": address(account_id(said.trustor)), **asset_fields(trusted)}
    name, setting, clearing = _ALLOWED[said.authorize.uint32]
    yield record.source, name, line
    yield record.source, "trustline_flags_updated", line | _flags(_LINE_FLAGS, setting, clearing)


def _line_flags(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said = body.set_trust_line_flags_op
    line = {"trustor": address(account_id(said.trustor)), **asset_fields(asset(said.asset))}
    flags = _flags(_LINE_FLAGS, said.set_flags.uint32, said.clear_flags.uint32)
    yield record.source, "trustline_flags_updated", line | flags


def _balance(record: OperationRecord) -> ClaimableBalance:
    """Return the claimable balance that the operation made, or did away with."""
    return next(entry for pair in changes_of(record).values() for entry in pair if isinstance(entry, ClaimableBalance))


def _balance_fields(balance: ClaimableBalance) -> dict[str, Any]:
    return {
        "balance_id": balance_id(balance.id),
        "amount": amount(balance.amount),
        "asset": asset_name(balance.asset),
    }


def _create_balance(record: OperationRecord, body: Any) -> Iterator[Effect]:
    balance = _balance(record)
    fields = _balance_fields(balance)
    yield record.source, "claimable_balance_created", fields | _clawback_flag(balance)
    for claimant in body.create_claimable_balance_op.claimants:
        predicate = show_said(claimant.v0.predicate)
        yield (
            account_id(claimant.v0.destination),
            "claimable_balance_claimant_created",
            fields | {"predicate": predicate},
        )
    yield record.source, "account_debited", {**asset_fields(balance.asset), "amount": amount(balance.amount)}


def _clawback_flag(balance: ClaimableBalance) -> dict[str, bool]:
    return {"claimable_balance_clawback_enabled_flag": True} if balance.clawback_enabled else {}


def _claim(record: OperationRecord, _: Any) -> Iterator[Effect]:
    balance = _balance(record)
    yield record.source, "claimable_balance_claimed", _balance_fields(balance) | _clawback_flag(balance)
    yield record.source, "account_credited", {**asset_fields(balance.asset), "amount": amount(balance.amount)}


def _claw_balance(record: OperationRecord, _: Any) -> Iterator[Effect]:
    balance = _balance(record)
    yield record.source, "claimable_balance_clawed_back", {"balance_id": balance_id(balance.id)}
    yield record.source, "account_credited", {**asset_fields(balance.asset), "amount": amount(balance.amount)}


def _clawback(record: OperationRecord, body: Any) -> Iterator[Effect]:
    taken = _moved(body.clawback_op.asset, body.clawback_op.amount.int64)
    yield record.source, "account_credited", taken
    yield body.clawback_op.from_, "account_debited", taken


def _called(record: OperationRecord, _: Any) -> Iterator[Effect]:
    change = moved(record)
    if change:
        details = {**asset_fields(change.asset), "amount": amount(change.transfer.amount)}
        yield change.transfer.source, "account_debited", details
        yield change.transfer.destination, "account_credited", details


_EFFECTS: dict[X.OperationType, Callable[[OperationRecord, Any], Iterator[Effect]]] = {
    _Type.CREATE_ACCOUNT: _creation,
    _Type.PAYMENT: _payment,
    _Type.PATH_PAYMENT_STRICT_RECEIVE: _strict_receive,
    _Type.PATH_PAYMENT_STRICT_SEND: _strict_send,
    _Type.MANAGE_SELL_OFFER: _trades,
    _Type.MANAGE_BUY_OFFER: _trades,
    _Type.CREATE_PASSIVE_SELL_OFFER: _trades,
    _Type.ACCOUNT_MERGE: _merge,
    _Type.SET_OPTIONS: _options,
    _Type.CHANGE_TRUST: _change_trust,
    _Type.ALLOW_TRUST: _allow_trust,
    _Type.SET_TRUST_LINE_FLAGS: _line_flags,
    _Type.MANAGE_DATA: _data,
    _Type.BUMP_SEQUENCE: _bump,
    _Type.CREATE_CLAIMABLE_BALANCE: _create_balance,
    _Type.CLAIM_CLAIMABLE_BALANCE: _claim,
    _Type.CLAWBACK_CLAIMABLE_BALANCE: _claw_balance,
    _Type.CLAWBACK: _clawback,
    _Type.INVOKE_HOST_FUNCTION: _called,
}
