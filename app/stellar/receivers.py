"""What accounts could receive, asked in bulk: over RPC 200 ledger entries a call, else over Horizon account by account.

What is learnt is as old as the node that said it. It spares us payments that would fail; that a payment succeeds, only
the ledger says.
"""

import base64
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests

from app import money
from app.errors import Unavailable
from app.stellar import addresses, horizon, operations
from app.stellar.facts import AccountFacts, Balance

KEYS_MAX = 200  # of one getLedgerEntries call
THREADS = 8
AUTHORIZED = 1  # TrustLineFlags

# as XDR
ACCOUNT, LINE, DATA = (struct.pack(">i", kind) for kind in (0, 1, 3))  # LedgerEntryType
MEMO_REQUIRED = struct.pack(">I20s", 20, b"config.memo_required")  # SEP-29: the name of a DataEntry
YES = struct.pack(">I4s", 1, b"1")  # its value
LINE_BODY, LIABILITIES = struct.Struct(">qqIi"), struct.Struct(">qq")  # of a TrustLineEntry, after its key

Wanted = Mapping[str, Iterable[str]]  # account → assets it is to receive
Receivers = dict[str, "Receiver | None"]  # account → what it is; None: there is none


@dataclass(frozen=True)
class Receiver:
    """An account as somebody who is to be paid."""

    lines: Mapping[str, Balance]
    memo_required: bool


def over_rpc(url: str, wanted: Wanted) -> Receivers:
    """Return what each account is, by Stellar RPC's getLedgerEntries; raise Unavailable."""
    keys = [key for account, assets in wanted.items() for key in _keys(account, assets)]
    found: dict[bytes, bytes] = {}
    for start in range(0, len(keys), KEYS_MAX):
        found |= _entries(url, keys[start : start + KEYS_MAX])
    try:
        return {account: _receiver(account, assets, found) for account, assets in wanted.items()}
    except struct.error as error:
        raise Unavailable(f"{url} answered in an unknown shape", code="rpc_unavailable") from error


def over_horizon(url: str, wanted: Wanted) -> Receivers:
    """Return what each account is, a few questions at a time; raise Unavailable."""
    with ThreadPoolExecutor(THREADS) as pool:
        accounts = pool.map(lambda address: horizon.account(url, address), wanted)
        return {
            address: _shown(account) if account else None for address, account in zip(wanted, accounts, strict=True)
        }


def _shown(account: AccountFacts) -> Receiver:
    return Receiver({row.asset: row for row in account.balances}, account.memo_required)


def _keys(account: str, assets: Iterable[str]) -> Iterator[bytes]:
    """Yield each ledger key of interest: the account itself, its need of a memo, a line for each asset."""
    yield _key(ACCOUNT, account)
    yield _key(DATA, account, MEMO_REQUIRED)
    for asset in assets:
        if asset != money.NATIVE:
            yield _key(LINE, account, operations.asset_octets(asset))


def _key(kind: bytes, account: str, rest: bytes = b"") -> bytes:
    """Return a LedgerKey as XDR; so begins the LedgerEntryData it leads to."""
    return kind + addresses.octets(account) + rest


def _receiver(account: str, assets: Iterable[str], found: Mapping[bytes, bytes]) -> Receiver | None:
    if _key(ACCOUNT, account) not in found:
        return None
    keys = {asset: _key(LINE, account, operations.asset_octets(asset)) for asset in assets}
    lines = {asset: _line(asset, found[key]) for asset, key in keys.items() if key in found}
    return Receiver(lines, found.get(_key(DATA, account, MEMO_REQUIRED), b"").startswith(YES))


def _line(asset: str, entry: bytes) -> Balance:
    amount, limit, flags, has_liabilities = LINE_BODY.unpack_from(entry)
    buying, selling = LIABILITIES.unpack_from(entry, LINE_BODY.size) if has_liabilities else (0, 0)
    return Balance(asset, amount, limit, buying, selling, bool(flags & AUTHORIZED))


def _entries(url: str, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return what follows each key in its entry; a key without an entry is left out."""
    texts = [base64.b64encode(key).decode() for key in keys]
    call = {"jsonrpc": "2.0", "id": 1, "method": "getLedgerEntries", "params": {"keys": texts}}
    try:
        body = horizon.session().post(url, json=call, timeout=horizon.GET_SECONDS).json()
        entries = [
            (base64.b64decode(row["key"]), base64.b64decode(row["xdr"])) for row in body["result"]["entries"] or []
        ]
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"{url} does not answer: {type(error).__name__}", code="rpc_unavailable") from error
    return {key: entry.removeprefix(key) for key, entry in entries}
