"""What accounts could receive, asked in bulk: over RPC 200 ledger entries a call, else over Horizon account by account.

What is learnt is as old as the node that said it. It spares us payments that would fail; that a payment succeeds, only
the ledger says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import requests
from stellar_sdk import Keypair, xdr

from app import money
from app.errors import Unavailable
from app.stellar import horizon, operations
from app.stellar.facts import AccountFacts, Balance

KEYS_MAX = 200  # of one getLedgerEntries call
THREADS = 8
MEMO_REQUIRED = b"config.memo_required"  # SEP-29
AUTHORIZED = 1  # TrustLineFlags

Wanted = Mapping[str, Iterable[str]]  # account → assets it is to receive
Receivers = dict[str, "Receiver | None"]  # account → what it is; None: there is none


@dataclass(frozen=True)
class Receiver:
    """An account as somebody who is to be paid."""

    lines: Mapping[str, Balance]
    memo_required: bool


def over_rpc(url: str, wanted: Wanted) -> Receivers:
    """Return what each account is, by Stellar RPC's getLedgerEntries; raise Unavailable."""
    keys = {key: entry for account, assets in wanted.items() for key, entry in _keys(account, assets)}
    texts = iter(keys)
    found: dict[tuple[str, str], xdr.LedgerEntryData] = {}
    while page := list(islice(texts, KEYS_MAX)):
        found |= {keys[row["key"]]: xdr.LedgerEntryData.from_xdr(row["xdr"]) for row in _entries(url, page)}
    return {account: _receiver(account, assets, found) for account, assets in wanted.items()}


def over_horizon(url: str, wanted: Wanted) -> Receivers:
    """Return what each account is, a few questions at a time; raise Unavailable."""
    with ThreadPoolExecutor(THREADS) as pool:
        accounts = pool.map(lambda address: horizon.account(url, address), wanted)
        return {
            address: _shown(account) if account else None for address, account in zip(wanted, accounts, strict=True)
        }


def _shown(account: AccountFacts) -> Receiver:
    return Receiver({row.asset: row for row in account.balances}, account.memo_required)


def _keys(account: str, assets: Iterable[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each ledger key of interest with what it stands for: the account itself, its need of a memo, a line."""
    id = Keypair.from_public_key(account).xdr_account_id()
    kinds = xdr.LedgerEntryType
    yield xdr.LedgerKey(kinds.ACCOUNT, account=xdr.LedgerKeyAccount(id)).to_xdr(), (account, "")
    memo = xdr.LedgerKeyData(id, xdr.String64(MEMO_REQUIRED))
    yield xdr.LedgerKey(kinds.DATA, data=memo).to_xdr(), (account, "memo")
    for asset in assets:
        if asset != money.NATIVE:
            line = xdr.LedgerKeyTrustLine(id, operations.asset(asset).to_trust_line_asset_xdr_object())
            yield xdr.LedgerKey(kinds.TRUSTLINE, trust_line=line).to_xdr(), (account, asset)


def _receiver(account: str, assets: Iterable[str], found: Mapping[tuple[str, str], Any]) -> Receiver | None:
    if (account, "") not in found:
        return None
    memo = found.get((account, "memo"))
    lines = {asset: _line(asset, found[account, asset].trust_line) for asset in assets if (account, asset) in found}
    return Receiver(lines, memo is not None and memo.data.data_value.data_value == b"1")


def _line(asset: str, entry: xdr.TrustLineEntry) -> Balance:
    liabilities = entry.ext.v1.liabilities if entry.ext.v1 else None
    return Balance(
        asset=asset,
        amount=entry.balance.int64,
        limit=entry.limit.int64,
        buying_liabilities=liabilities.buying.int64 if liabilities else 0,
        selling_liabilities=liabilities.selling.int64 if liabilities else 0,
        is_authorized=bool(entry.flags.uint32 & AUTHORIZED),
    )


def _entries(url: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    call = {"jsonrpc": "2.0", "id": 1, "method": "getLedgerEntries", "params": {"keys": list(keys)}}
    try:
        body = horizon.session().post(url, json=call, timeout=horizon.GET_SECONDS).json()
        entries: list[dict[str, Any]] = body["result"]["entries"] or []
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"{url} does not answer: {type(error).__name__}", code="rpc_unavailable") from error
    return entries
