"""Is it well formed? What can be said of names and assets without looking at the ledger."""

import re

from stellar_sdk import xdr as X

_CODE4 = re.compile(rb"[A-Za-z0-9]{1,4}\0*")
_CODE12 = re.compile(rb"[A-Za-z0-9]{5,12}\0*")


def valid_text(text: bytes) -> bool:
    """Only visible ASCII and blanks."""
    return all(0x20 <= byte < 0x7F for byte in text)


def valid_asset(asset: X.Asset | X.ChangeTrustAsset | X.AssetCode) -> bool:
    """Codes are letters and digits, padded behind; one of up to four characters has no place in the long form."""
    if asset.type == X.AssetType.ASSET_TYPE_NATIVE:
        return True
    if asset.type == X.AssetType.ASSET_TYPE_CREDIT_ALPHANUM4:
        holder = asset.asset_code4 if isinstance(asset, X.AssetCode) else asset.alpha_num4.asset_code  # type: ignore[union-attr]
        return bool(_CODE4.fullmatch(holder.asset_code4))  # type: ignore[union-attr]
    if asset.type == X.AssetType.ASSET_TYPE_CREDIT_ALPHANUM12:
        holder = asset.asset_code12 if isinstance(asset, X.AssetCode) else asset.alpha_num12.asset_code  # type: ignore[union-attr]
        return bool(_CODE12.fullmatch(holder.asset_code12))  # type: ignore[union-attr]
    return False
