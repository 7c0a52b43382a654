"""The ledger's own values, read from XDR."""

from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import NATIVE, Asset, Key, SignerKey

_Kind = X.ClaimPredicateType


def account_id(account: X.MuxedAccount | X.AccountID) -> bytes:
    """Return the raw key; a muxed account acts as the account it is of."""
    if isinstance(account, X.AccountID):
        return account.account_id.ed25519.uint256  # type: ignore[union-attr]
    key = account.med25519.ed25519 if account.med25519 else account.ed25519
    return key.uint256  # type: ignore[union-attr]


def muxed_id(account: X.MuxedAccount) -> int | None:
    return account.med25519.id.uint64 if account.med25519 else None


def asset(value: X.Asset | X.ChangeTrustAsset | X.TrustLineAsset) -> Asset:
    if value.alpha_num4:
        return Asset(value.alpha_num4.asset_code.asset_code4.rstrip(b"\0"), account_id(value.alpha_num4.issuer))
    if value.alpha_num12:
        return Asset(value.alpha_num12.asset_code.asset_code12.rstrip(b"\0"), account_id(value.alpha_num12.issuer))
    return NATIVE


def signer_key(key: X.SignerKey) -> SignerKey:
    if key.ed25519_signed_payload:
        payload = key.ed25519_signed_payload
        return SignerKey(key.type.value, payload.ed25519.uint256, payload.payload)
    held = key.ed25519 or key.pre_auth_tx or key.hash_x
    return SignerKey(key.type.value, held.uint256)  # type: ignore[union-attr]


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
