"""Entries from XDR ledger entries, as ``entry_writing`` writes them."""

from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import (
    Account,
    ClaimableBalance,
    Claimant,
    Data,
    Entry,
    Offer,
    Price,
    Signer,
    Thresholds,
    TrustLine,
)
from app.sandbox.network.engine.from_xdr import account_id, asset, read_predicate, signer_key
from app.sandbox.network.engine.to_xdr import PASSIVE

_Type = X.LedgerEntryType


def read(written: X.LedgerEntry) -> Entry:
    """Return the entry that ``write`` wrote. Raises KeyError for a kind this ledger has not."""
    sponsor = written.ext.v1.sponsoring_id.sponsorship_descriptor if written.ext.v1 else None
    return _READERS[written.data.type](written.data, account_id(sponsor) if sponsor else None)


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


def _read_data(data: X.LedgerEntryData, sponsor: bytes | None) -> Data:
    entry: Any = data.data
    return Data(account_id(entry.account_id), entry.data_name.string64, entry.data_value.data_value, sponsor)


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


_READERS: dict[X.LedgerEntryType, Callable[[X.LedgerEntryData, bytes | None], Entry]] = {
    _Type.ACCOUNT: _read_account,
    _Type.TRUSTLINE: _read_line,
    _Type.OFFER: _read_offer,
    _Type.DATA: _read_data,
    _Type.CLAIMABLE_BALANCE: _read_balance,
}
