"""Entries as XDR ledger entries."""

from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import (
    Account,
    Asset,
    ClaimableBalance,
    Data,
    Entry,
    Offer,
    SignerKey,
    TrustLine,
)
from app.sandbox.network.engine.to_xdr import account_xdr, asset_xdr, offer_xdr

_Type = X.LedgerEntryType
_Kind = X.ClaimPredicateType

_CLAWBACK = 1


def write(entry: Entry, modified: int) -> X.LedgerEntry:
    """Return ``entry`` as it stands in a ledger that last changed it in ledger ``modified``."""
    sponsor = getattr(entry, "sponsor", None)
    ext = X.LedgerEntryExt(0)
    if sponsor is not None:
        v1 = X.LedgerEntryExtensionV1(_descriptor(sponsor), X.LedgerEntryExtensionV1Ext(0))
        ext = X.LedgerEntryExt(1, v1)
    return X.LedgerEntry(X.Uint32(modified), _WRITERS[type(entry)](entry), ext)


def _descriptor(sponsor: bytes | None) -> X.SponsorshipDescriptor:
    return X.SponsorshipDescriptor(account_xdr(sponsor) if sponsor is not None else None)


def _write_account(account: Account) -> X.LedgerEntryData:
    v3 = X.AccountEntryExtensionV3(
        X.ExtensionPoint(0), X.Uint32(account.sequence_ledger), X.TimePoint(X.Uint64(account.sequence_time))
    )
    v2 = X.AccountEntryExtensionV2(
        X.Uint32(account.sponsored),
        X.Uint32(account.sponsoring),
        [_descriptor(one.sponsor) for one in account.signers],
        X.AccountEntryExtensionV2Ext(3, v3),
    )
    liabilities = X.Liabilities(X.Int64(account.buying), X.Int64(account.selling))
    v1 = X.AccountEntryExtensionV1(liabilities, X.AccountEntryExtensionV1Ext(2, v2))
    entry = X.AccountEntry(
        account_id=account_xdr(account.id),
        balance=X.Int64(account.balance),
        seq_num=X.SequenceNumber(X.Int64(account.sequence)),
        num_sub_entries=X.Uint32(account.subentries),
        inflation_dest=account_xdr(account.inflation_destination) if account.inflation_destination else None,
        flags=X.Uint32(account.flags),
        home_domain=X.String32(account.home_domain),
        thresholds=X.Thresholds(bytes(account.thresholds)),
        signers=[X.Signer(_signer_key(one.key), X.Uint32(one.weight)) for one in account.signers],
        ext=X.AccountEntryExt(1, v1),
    )
    return X.LedgerEntryData(_Type.ACCOUNT, account=entry)


def _signer_key(key: SignerKey) -> X.SignerKey:
    kind, held = X.SignerKeyType(key.kind), X.Uint256(key.key)
    if kind == X.SignerKeyType.SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD:
        return X.SignerKey(kind, ed25519_signed_payload=X.SignerKeyEd25519SignedPayload(held, key.payload))
    arm = ("ed25519", "pre_auth_tx", "hash_x")[key.kind]
    return X.SignerKey(kind, **{arm: held})  # type: ignore[arg-type]


def _write_line(line: TrustLine) -> X.LedgerEntryData:
    liabilities = X.Liabilities(X.Int64(line.buying), X.Int64(line.selling))
    entry = X.TrustLineEntry(
        account_id=account_xdr(line.owner),
        asset=_line_asset(line.asset),
        balance=X.Int64(line.balance),
        limit=X.Int64(line.limit),
        flags=X.Uint32(line.flags),
        ext=X.TrustLineEntryExt(1, X.TrustLineEntryV1(liabilities, X.TrustLineEntryV1Ext(0))),
    )
    return X.LedgerEntryData(_Type.TRUSTLINE, trust_line=entry)


def _line_asset(held: Asset) -> X.TrustLineAsset:
    plain = asset_xdr(held)
    return X.TrustLineAsset(plain.type, alpha_num4=plain.alpha_num4, alpha_num12=plain.alpha_num12)


def _write_offer(offer: Offer) -> X.LedgerEntryData:
    return X.LedgerEntryData(_Type.OFFER, offer=offer_xdr(offer))


def _write_data(data: Data) -> X.LedgerEntryData:
    entry = X.DataEntry(account_xdr(data.owner), X.String64(data.name), X.DataValue(data.value), X.DataEntryExt(0))
    return X.LedgerEntryData(_Type.DATA, data=entry)


def _write_balance(balance: ClaimableBalance) -> X.LedgerEntryData:
    ext = X.ClaimableBalanceEntryExt(0)
    if balance.clawback_enabled:
        v1 = X.ClaimableBalanceEntryExtensionV1(X.ClaimableBalanceEntryExtensionV1Ext(0), X.Uint32(_CLAWBACK))
        ext = X.ClaimableBalanceEntryExt(1, v1)
    claimants = [
        X.ClaimantV0(account_xdr(one.destination), _write_predicate(one.predicate)) for one in balance.claimants
    ]
    entry = X.ClaimableBalanceEntry(
        balance_id=X.ClaimableBalanceID(X.ClaimableBalanceIDType.CLAIMABLE_BALANCE_ID_TYPE_V0, v0=X.Hash(balance.id)),
        claimants=[X.Claimant(X.ClaimantType.CLAIMANT_TYPE_V0, v0=one) for one in claimants],
        asset=asset_xdr(balance.asset),
        amount=X.Int64(balance.amount),
        ext=ext,
    )
    return X.LedgerEntryData(_Type.CLAIMABLE_BALANCE, claimable_balance=entry)


def _write_predicate(predicate: tuple[Any, ...]) -> X.ClaimPredicate:
    kind, *rest = predicate
    if kind == "and":
        return X.ClaimPredicate(_Kind.CLAIM_PREDICATE_AND, and_predicates=[_write_predicate(one) for one in rest])
    if kind == "or":
        return X.ClaimPredicate(_Kind.CLAIM_PREDICATE_OR, or_predicates=[_write_predicate(one) for one in rest])
    if kind == "not":
        return X.ClaimPredicate(_Kind.CLAIM_PREDICATE_NOT, not_predicate=_write_predicate(rest[0]))
    if kind == "before":
        return X.ClaimPredicate(_Kind.CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME, abs_before=X.Int64(rest[0]))
    return X.ClaimPredicate(_Kind.CLAIM_PREDICATE_UNCONDITIONAL)


_WRITERS: dict[type, Callable[[Any], X.LedgerEntryData]] = {
    Account: _write_account,
    TrustLine: _write_line,
    Offer: _write_offer,
    Data: _write_data,
    ClaimableBalance: _write_balance,
}
