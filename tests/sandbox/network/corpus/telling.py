"""What the ledger answered and holds, in the corpus' words."""

from base64 import b64encode
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import Account, ClaimableBalance, Data, Entry, Offer, TrustLine
from app.sandbox.network.engine.from_xdr import account_id, asset
from app.sandbox.network.engine.world import Changes

from .names import Names

Told = dict[str, Any]


def tell_refusal(result: X.TransactionResult) -> Told:
    """Tell codes and fee. The operations after the refused one are placeholders: there are no details to tell."""
    told, results = _tell_codes(result)
    return told | ({"ops": [_held(one).code.name for one in results]} if results is not None else {})


def tell_result(names: Names, number: int, result: X.TransactionResult) -> Told:
    """Tell codes, fee and details; remember the offers that were made."""
    told, results = _tell_codes(result)
    if results is None:
        return told
    pairs = [_tell_operation(names, f"{number}.{index}", one) for index, one in enumerate(results)]
    details = {str(index): detail for index, (_, detail) in enumerate(pairs) if detail}
    return told | {"ops": [code for code, _ in pairs]} | ({"det": details} if details else {})


def _tell_codes(result: X.TransactionResult) -> tuple[Told, list[X.OperationResult] | None]:
    told: Told = {"tx": result.result.code.name, "fee": result.fee_charged.int64}
    results = result.result.results
    if result.result.inner_result_pair is not None:
        inner = result.result.inner_result_pair.result.result
        told["inner"], results = inner.code.name, inner.results
    return told, results


def _held(result: X.OperationResult) -> Any:
    """Return what carries the code: the result of a kind of operation, or the one for all."""
    if result.tr is None:
        return result
    return next(value for name, value in vars(result.tr).items() if name != "type" and value is not None)


def _tell_operation(names: Names, reference: str, result: X.OperationResult) -> tuple[str, Told]:
    held = _held(result)
    success = getattr(held, "success", None)
    if hasattr(success, "offers_claimed"):
        return held.code.name, _tell_offer(names, reference, success)
    if hasattr(success, "last"):
        last = success.last
        paid = [names.name(account_id(last.destination)), names.asset(asset(last.asset)), last.amount.int64]
        return held.code.name, _claims(names, success.offers) | {"last": paid}
    if getattr(held, "source_account_balance", None) is not None:
        return held.code.name, {"merged": held.source_account_balance.int64}
    if getattr(held, "balance_id", None) is not None:
        names.balances[held.balance_id.v0.hash] = reference
        return held.code.name, {"cb": reference}
    return held.code.name, {}


def _tell_offer(names: Names, reference: str, success: X.ManageOfferSuccessResult) -> Told:
    effect = success.offer.effect.name.removeprefix("MANAGE_OFFER_")
    told = {"effect": effect}
    if success.offer.offer is not None:
        if effect == "CREATED":
            names.offers[success.offer.offer.offer_id.int64] = reference
        told["left"] = success.offer.offer.amount.int64
    return told | _claims(names, success.offers_claimed)


def _claims(names: Names, atoms: list[X.ClaimAtom]) -> Told:
    taken = [atom.order_book for atom in atoms]
    claims = [
        [
            names.name(account_id(one.seller_id)),
            names.offers.get(one.offer_id.int64, one.offer_id.int64),
            names.asset(asset(one.asset_sold)),
            one.amount_sold.int64,
            names.asset(asset(one.asset_bought)),
            one.amount_bought.int64,
        ]
        for one in taken
    ]
    return {"claims": claims} if claims else {}


def tell_changes(names: Names, changes: Changes) -> Told:
    """Tell every entry that has changed in what the corpus tells of it; None: it has gone."""
    told = {}
    for before, after in changes.values():
        was, has_become = _entry(names, before), _entry(names, after)
        key = _key(names, before or after)
        if was != has_become and key != "A:funder":
            told[key] = has_become
    return told


def _key(names: Names, entry: Any) -> str:
    if isinstance(entry, Account):
        return f"A:{names.name(entry.id)}"
    if isinstance(entry, TrustLine):
        return f"T:{names.name(entry.owner)}:{names.asset(entry.asset)}"
    if isinstance(entry, Offer):
        return f"O:{names.offers[entry.id]}"
    if isinstance(entry, Data):
        return f"D:{names.name(entry.owner)}:{entry.name.decode()}"
    return f"C:{names.balances[entry.id]}"


def _entry(names: Names, entry: Entry | None) -> Told | None:
    tellers = {Account: _account, TrustLine: _line, Offer: _offer, Data: _data, ClaimableBalance: _balance}
    return None if entry is None else tellers[type(entry)](names, entry)


def _without(told: Told, **usual: Any) -> Told:
    """Leave out what has its usual value."""
    return {name: value for name, value in told.items() if value != usual.get(name)}


def _name(names: Names, id: bytes | None) -> str | None:
    return None if id is None else names.name(id)


def _account(names: Names, account: Any) -> Told:
    birth = names.births.get(names.name(account.id), 0)
    told = {
        "bal": account.balance,
        "seq": account.sequence - birth if account.sequence < 2**62 else f"={account.sequence}",
        "sub": account.subentries,
        "ing": account.sponsoring,
        "ed": account.sponsored,
        "thr": list(account.thresholds),
        "flags": account.flags,
        "home": account.home_domain.decode(),
        "infl": _name(names, account.inflation_destination),
        "signers": sorted([names.signer(one.key), one.weight, _name(names, one.sponsor)] for one in account.signers),
        "sponsor": _name(names, account.sponsor),
        "bl": account.buying,
        "sl": account.selling,
    }
    usual = {"sub": 0, "ing": 0, "ed": 0, "thr": [1, 0, 0, 0], "flags": 0, "home": "", "signers": [], "bl": 0, "sl": 0}
    return _without(told, **usual)


def _line(names: Names, line: Any) -> Told:
    told = {"bal": line.balance, "lim": line.limit, "flags": line.flags, "bl": line.buying, "sl": line.selling}
    return _without(told | {"sponsor": _name(names, line.sponsor)}, bl=0, sl=0)


def _offer(names: Names, offer: Any) -> Told:
    told = {
        "seller": names.name(offer.seller),
        "sell": names.asset(offer.selling),
        "buy": names.asset(offer.buying),
        "amt": offer.amount,
        "price": list(offer.price),
        "flags": int(offer.passive),
        "sponsor": _name(names, offer.sponsor),
    }
    return _without(told, flags=0)


def _data(names: Names, data: Any) -> Told:
    return _without({"val": b64encode(data.value).decode(), "sponsor": _name(names, data.sponsor)})


def _balance(names: Names, balance: Any) -> Told:
    told = {
        "asset": names.asset(balance.asset),
        "amt": balance.amount,
        "claimants": sorted([names.name(one.destination), _shape(one.predicate)] for one in balance.claimants),
        "flags": int(balance.clawback_enabled),
        "sponsor": _name(names, balance.sponsor),
    }
    return _without(told, flags=0)


def _shape(predicate: tuple[Any, ...]) -> Any:
    """Tell a predicate without its times."""
    kind, *rest = predicate
    if kind in ("and", "or", "not"):
        return [kind, *map(_shape, rest)]
    return kind
