"""Entries as XDR ledger entries, and back."""

from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import (
    Account,
    Asset,
    ClaimableBalance,
    Claimant,
    Data,
    Entry,
    Key,
    Offer,
    Price,
    Signer,
    SignerKey,
    Thresholds,
    TrustLine,
)
from app.sandbox.network.engine.frames import account_id, asset, signer_key
from app.sandbox.network.engine.to_xdr import PASSIVE, account_xdr, asset_xdr, offer_xdr

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


def read(written: X.LedgerEntry) -> Entry:
    """Return the entry that ``write`` wrote. Raises KeyError for a kind this ledger has not."""
    sponsor = written.ext.v1.sponsoring_id.sponsorship_descriptor if written.ext.v1 else None
    return _READERS[written.data.type](written.data, account_id(sponsor) if sponsor else None)


def _descriptor(sponsor: bytes | None) -> X.SponsorshipDescriptor:
    return X.SponsorshipDescriptor(account_xdr(sponsor) if sponsor is not None else None)


def _signer_key(key: SignerKey) -> X.SignerKey:
    kind, held = X.SignerKeyType(key.kind), X.Uint256(key.key)
    if kind == X.SignerKeyType.SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD:
        return X.SignerKey(kind, ed25519_signed_payload=X.SignerKeyEd25519SignedPayload(held, key.payload))
    arm = ("ed25519", "pre_auth_tx", "hash_x")[key.kind]
    return X.SignerKey(kind, **{arm: held})  # type: ignore[arg-type]


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


def _read_account(data: X.LedgerEntryData, sponsor: bytes | None) -> Account:
    entry: Any = data.account
    v1 = entry.ext.v1
    v2 = v1.ext.v2
    return Account(
        id=account_id(entry.account_id),
        balance=entry.balance.int64,
        sequence=entry.seq_num.sequence_number.int64,
        subentries=entry.num_sub_entries.uint32,
        flags=entry.flags.uint32,
        home_domain=entry.home_domain.string32,
        thresholds=Thresholds(*entry.thresholds.thresholds),
        signers=tuple(map(_signer, entry.signers, v2.signer_sponsoring_i_ds)),
        buying=v1.liabilities.buying.int64,
        selling=v1.liabilities.selling.int64,
        sponsored=v2.num_sponsored.uint32,
        sponsoring=v2.num_sponsoring.uint32,
        sequence_ledger=v2.ext.v3.seq_ledger.uint32,
        sequence_time=v2.ext.v3.seq_time.time_point.uint64,
        inflation_destination=account_id(entry.inflation_dest) if entry.inflation_dest else None,
        sponsor=sponsor,
    )


def _signer(signer: X.Signer, descriptor: X.SponsorshipDescriptor) -> Signer:
    sponsor = descriptor.sponsorship_descriptor
    return Signer(signer_key(signer.key), signer.weight.uint32, account_id(sponsor) if sponsor else None)


def _line_asset(held: Asset) -> X.TrustLineAsset:
    plain = asset_xdr(held)
    return X.TrustLineAsset(plain.type, alpha_num4=plain.alpha_num4, alpha_num12=plain.alpha_num12)


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


def _read_line(data: X.LedgerEntryData, sponsor: bytes | None) -> TrustLine:
    entry: Any = data.trust_line
    return TrustLine(
        owner=account_id(entry.account_id),
        asset=asset(entry.asset),
        balance=entry.balance.int64,
        limit=entry.limit.int64,
        flags=entry.flags.uint32,
        buying=entry.ext.v1.liabilities.buying.int64,
        selling=entry.ext.v1.liabilities.selling.int64,
        sponsor=sponsor,
    )


def _write_offer(offer: Offer) -> X.LedgerEntryData:
    return X.LedgerEntryData(_Type.OFFER, offer=offer_xdr(offer))


def _read_offer(data: X.LedgerEntryData, sponsor: bytes | None) -> Offer:
    entry: Any = data.offer
    return Offer(
        id=entry.offer_id.int64,
        seller=account_id(entry.seller_id),
        selling=asset(entry.selling),
        buying=asset(entry.buying),
        amount=entry.amount.int64,
        price=Price(entry.price.n.int32, entry.price.d.int32),
        passive=bool(entry.flags.uint32 & PASSIVE),
        sponsor=sponsor,
    )


def _write_data(data: Data) -> X.LedgerEntryData:
    entry = X.DataEntry(account_xdr(data.owner), X.String64(data.name), X.DataValue(data.value), X.DataEntryExt(0))
    return X.LedgerEntryData(_Type.DATA, data=entry)


def _read_data(data: X.LedgerEntryData, sponsor: bytes | None) -> Data:
    entry: Any = data.data
    return Data(account_id(entry.account_id), entry.data_name.string64, entry.data_value.data_value, sponsor)


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


def _read_balance(data: X.LedgerEntryData, sponsor: bytes | None) -> ClaimableBalance:
    entry: Any = data.claimable_balance
    return ClaimableBalance(
        id=entry.balance_id.v0.hash,
        asset=asset(entry.asset),
        amount=entry.amount.int64,
        claimants=tuple(
            Claimant(account_id(one.v0.destination), read_predicate(one.v0.predicate)) for one in entry.claimants
        ),
        clawback_enabled=entry.ext.v1 is not None,
        sponsor=sponsor,
    )


def read_predicate(predicate: X.ClaimPredicate, now: int = 0) -> tuple[Any, ...]:
    """Return a predicate as the ledger keeps it: what counts from ``now`` becomes a time."""
    if predicate.type == _Kind.CLAIM_PREDICATE_AND:
        return ("and", *(read_predicate(one, now) for one in predicate.and_predicates or ()))
    if predicate.type == _Kind.CLAIM_PREDICATE_OR:
        return ("or", *(read_predicate(one, now) for one in predicate.or_predicates or ()))
    if predicate.not_predicate is not None:
        return ("not", read_predicate(predicate.not_predicate, now))
    if predicate.abs_before is not None:
        return ("before", predicate.abs_before.int64)
    if predicate.rel_before is not None:
        return ("before", min(2**63 - 1, now + predicate.rel_before.int64))
    return ("always",)


_WRITERS: dict[type, Callable[[Any], X.LedgerEntryData]] = {
    Account: _write_account,
    TrustLine: _write_line,
    Offer: _write_offer,
    Data: _write_data,
    ClaimableBalance: _write_balance,
}

_READERS: dict[X.LedgerEntryType, Callable[[X.LedgerEntryData, bytes | None], Entry]] = {
    _Type.ACCOUNT: _read_account,
    _Type.TRUSTLINE: _read_line,
    _Type.OFFER: _read_offer,
    _Type.DATA: _read_data,
    _Type.CLAIMABLE_BALANCE: _read_balance,
}


def key_of(key: X.LedgerKey) -> Key | None:
    """Return the key of an entry, None for a kind this ledger has not."""
    if key.account:
        return ("account", account_id(key.account.account_id))
    if key.trust_line:
        return ("line", account_id(key.trust_line.account_id), asset(key.trust_line.asset))
    if key.offer:
        return ("offer", account_id(key.offer.seller_id), key.offer.offer_id.int64)
    if key.data:
        return ("data", account_id(key.data.account_id), key.data.data_name.string64)
    if key.claimable_balance and key.claimable_balance.balance_id.v0:
        return ("balance", key.claimable_balance.balance_id.v0.hash)
    return None
