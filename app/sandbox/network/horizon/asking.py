"""What a request asks for: keys, assets and amounts, read and checked."""

from stellar_sdk import StrKey

from app.sandbox.network.engine.entries import INT64_MAX, NATIVE, Asset
from app.sandbox.network.horizon.names import parse_asset
from app.sandbox.network.horizon.problems import invalid
from app.sandbox.network.http import Request


def account_key(text: str) -> bytes:
    """Read an address; a muxed one stands for its account."""
    try:
        if text.startswith("M"):
            return StrKey.decode_med25519_public_key(text)[:32]
        return StrKey.decode_ed25519_public_key(text)
    except ValueError:
        raise invalid("account_id", "Account ID must start with `G` and contain 56 alphanum characters") from None


def balance_key(id: str) -> bytes:
    """Read the id of a claimable balance, as hex or as a B-address."""
    try:
        packed = StrKey.decode_claimable_balance(id) if id.startswith("B") else bytes.fromhex(id)[3:]
    except ValueError:
        packed = b""
    if len(packed) != 33:
        raise invalid("id", "must be a claimable balance's id")
    return packed[1:]


def split_asset(request: Request, prefix: str) -> Asset:
    """Read an asset from its type, code and issuer."""
    query = request.query
    kind = query.get(f"{prefix}asset_type", "")
    if kind == "native":
        return NATIVE
    if kind not in ("credit_alphanum4", "credit_alphanum12"):
        raise invalid(f"{prefix}asset_type", "Asset type must be native, credit_alphanum4 or credit_alphanum12")
    code, issuer = query.get(f"{prefix}asset_code", ""), query.get(f"{prefix}asset_issuer", "")
    try:
        return parse_asset(f"{code}:{issuer}")
    except ValueError:
        raise invalid(f"{prefix}asset_code", "not an asset code with its issuer") from None


def account_field(request: Request, name: str) -> bytes:
    text = request.query.get(name, "")
    return account_key(text) if text else b""


def asset_field(request: Request, name: str) -> Asset | None:
    text = request.query.get(name, "")
    try:
        return parse_asset(text) if text else None
    except ValueError:
        raise invalid(name, 'Asset must be the string "native" or CODE:ISSUER') from None


def asset_pair(request: Request) -> tuple[Asset | None, Asset | None]:
    """Read selling and buying, each as CODE:ISSUER or in the three fields of old."""
    sides = []
    for side in ("selling", "buying"):
        old = f"{side}_asset_type" in request.query
        sides.append(split_asset(request, f"{side}_") if old else asset_field(request, side))
    return sides[0], sides[1]


def amount_field(request: Request, name: str) -> int:
    whole, _, part = request.query.get(name, "").partition(".")
    if not whole.isdigit() or (part and not part.isdigit()) or len(part) > 7:
        raise invalid(name, "Amount must be positive, with at most seven decimals")
    stroops = int(whole) * 10**7 + int(part.ljust(7, "0"))
    if not 0 < stroops <= INT64_MAX:
        raise invalid(name, "Amount must be positive, and fit into 64 bits")
    return stroops
