"""Paying the reserves of others: begin and end of sponsoring, and handing it back or on."""

from dataclasses import replace
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.balances import available
from app.sandbox.network.engine.checks import valid_asset, valid_text
from app.sandbox.network.engine.entries import (
    NATIVE,
    Account,
    ClaimableBalance,
    Data,
    Offer,
    Signer,
    Sponsorship,
    TrustLine,
)
from app.sandbox.network.engine.from_xdr import account_id, asset, key_of, signer_key
from app.sandbox.network.engine.operations.rule import Rule, Step, refusals
from app.sandbox.network.engine.reserves import charge_sponsor, discharge_sponsor, weight
from app.sandbox.network.engine.results import Type

_begin = refusals(X.BeginSponsoringFutureReservesResultCode, "BEGIN_SPONSORING_FUTURE_RESERVES")
_end = refusals(X.EndSponsoringFutureReservesResultCode, "END_SPONSORING_FUTURE_RESERVES")
_revoke = refusals(X.RevokeSponsorshipResultCode, "REVOKE_SPONSORSHIP")

Sponsorable = Account | TrustLine | Offer | Data | ClaimableBalance


def check_begin(body: X.BeginSponsoringFutureReservesOp, source: bytes) -> None:
    if account_id(body.sponsored_id) == source:
        raise _begin("MALFORMED")


def apply_begin(step: Step) -> None:
    sponsored, under_way = account_id(step.body.sponsored_id), step.world.sponsorships
    if sponsored in under_way:
        raise _begin("ALREADY_SPONSORED")
    if step.source in under_way or sponsored in under_way.values():
        raise _begin("RECURSIVE")
    step.world.put(Sponsorship(sponsored, step.source))


def check_end(_: None, __: bytes) -> None:
    """Nothing can be said without the ledger."""


def apply_end(step: Step) -> None:
    if step.source not in step.world.sponsorships:
        raise _end("NOT_SPONSORED")
    step.world.drop(("sponsorship", step.source))


def check_revoke(body: X.RevokeSponsorshipOp, _: bytes) -> None:
    if body.ledger_key is not None and not _nameable(body.ledger_key):
        raise _revoke("MALFORMED")


def _nameable(key: X.LedgerKey) -> bool:
    if key.trust_line:
        line = key.trust_line
        named = valid_asset(line.asset)  # type: ignore[arg-type]
        return named and asset(line.asset) != NATIVE and asset(line.asset).issuer != account_id(line.account_id)
    if key.offer:
        return key.offer.offer_id.int64 > 0
    if key.data:
        return bool(key.data.data_name.string64) and valid_text(key.data.data_name.string64)
    return bool(key.account or key.claimable_balance)


def apply_revoke(step: Step) -> None:
    """The sponsor's part is dropped, or handed to whoever sponsors the source at this moment.

    An entry without a sponsor is its owner's to hand on in the same way.
    """
    if step.body.signer is not None:
        _revoke_signer(step)
    else:
        _revoke_entry(step, _find(step, step.body.ledger_key))


def _find(step: Step, key: X.LedgerKey) -> Sponsorable:
    place = key_of(key)
    found = step.world.get(place) if place else None
    if found is None:
        raise _revoke("DOES_NOT_EXIST")
    return found  # type: ignore[return-value]


def _owner(entry: Sponsorable) -> bytes | None:
    """Return who pays for an entry when nobody sponsors it; a claimable balance belongs to its sponsor."""
    if isinstance(entry, Account):
        return entry.id
    if isinstance(entry, Offer):
        return entry.seller
    return entry.sponsor if isinstance(entry, ClaimableBalance) else entry.owner


def _revoke_entry(step: Step, entry: Sponsorable) -> None:
    owner, old = _owner(entry), entry.sponsor
    if step.source != (old if old is not None else owner):
        raise _revoke("NOT_SPONSOR")
    new = _next_sponsor(step, owner)
    if isinstance(entry, ClaimableBalance):
        if new is None:
            raise _revoke("ONLY_TRANSFERABLE")
        _move(step, None, old, new, weight(entry))
        step.world.put(replace(entry, sponsor=new))
        return
    _move(step, owner, old, new, weight(entry))
    current: Any = step.world.get(entry.key)
    if current is not None:
        step.world.put(replace(current, sponsor=new))


def _revoke_signer(step: Step) -> None:
    owner, key = account_id(step.body.signer.account_id), signer_key(step.body.signer.signer_key)
    account = step.world.account(owner)
    signer = next((one for one in account.signers if one.key == key), None) if account else None
    if signer is None:
        raise _revoke("DOES_NOT_EXIST")
    if step.source != (signer.sponsor if signer.sponsor is not None else owner):
        raise _revoke("NOT_SPONSOR")
    new = _next_sponsor(step, owner)
    _move(step, owner, signer.sponsor, new, 1)
    account = step.world.need(owner)
    step.world.put(replace(account, signers=tuple(_sponsored(one, signer, new) for one in account.signers)))


def _sponsored(one: Signer, changed: Signer, sponsor: bytes | None) -> Signer:
    return one._replace(sponsor=sponsor) if one.key == changed.key else one


def _next_sponsor(step: Step, owner: bytes | None) -> bytes | None:
    """Return who sponsors the source now, unless that is the owner itself."""
    sponsor = step.world.sponsorships.get(step.source)
    return None if sponsor == owner else sponsor


def _move(step: Step, owner: bytes | None, old: bytes | None, new: bytes | None, reserves: int) -> None:
    """Move the weight of an entry between sponsors, or between a sponsor and the owner."""
    low = _revoke("LOW_RESERVE")
    alone = owner is not None and old is not None and new is None
    if alone and available(step.rules, step.world.need(owner)) < reserves * step.rules.base_reserve:  # type: ignore[arg-type]
        raise low
    if new is not None:
        charge_sponsor(step.world, step.rules, new, reserves, low.code)
    if old is not None:
        discharge_sponsor(step.world, old, reserves)
    change = (new is not None) - (old is not None)
    if owner is not None and change:
        account = step.world.need(owner)
        step.world.put(replace(account, sponsored=account.sponsored + change * reserves))


RULES: dict[Any, Rule] = {
    Type.BEGIN_SPONSORING_FUTURE_RESERVES: Rule("begin_sponsoring_future_reserves_op", check_begin, apply_begin),
    Type.END_SPONSORING_FUTURE_RESERVES: Rule("", check_end, apply_end),
    Type.REVOKE_SPONSORSHIP: Rule("revoke_sponsorship_op", check_revoke, apply_revoke),
}
