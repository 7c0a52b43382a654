"""The ledger's values as XDR."""

from functools import lru_cache

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import NATIVE, Asset, Offer, Price


def account_xdr(id: bytes) -> X.AccountID:
    return X.AccountID(X.PublicKey(X.PublicKeyType.PUBLIC_KEY_TYPE_ED25519, X.Uint256(id)))


@lru_cache(maxsize=1 << 12)
def asset_xdr(asset: Asset) -> X.Asset:
    if asset == NATIVE:
        return X.Asset(X.AssetType.ASSET_TYPE_NATIVE)
    issuer = account_xdr(asset.issuer)
    if len(asset.code) <= 4:
        code4 = X.AssetCode4(asset.code.ljust(4, b"\0"))
        return X.Asset(X.AssetType.ASSET_TYPE_CREDIT_ALPHANUM4, alpha_num4=X.AlphaNum4(code4, issuer))
    code12 = X.AssetCode12(asset.code.ljust(12, b"\0"))
    return X.Asset(X.AssetType.ASSET_TYPE_CREDIT_ALPHANUM12, alpha_num12=X.AlphaNum12(code12, issuer))


def price_xdr(price: Price) -> X.Price:
    return X.Price(X.Int32(price.n), X.Int32(price.d))


PASSIVE = 1


def offer_xdr(offer: Offer) -> X.OfferEntry:
    return X.OfferEntry(
        seller_id=account_xdr(offer.seller),
        offer_id=X.Int64(offer.id),
        selling=asset_xdr(offer.selling),
        buying=asset_xdr(offer.buying),
        amount=X.Int64(offer.amount),
        price=price_xdr(offer.price),
        flags=X.Uint32(PASSIVE if offer.passive else 0),
        ext=X.OfferEntryExt(0),
    )
