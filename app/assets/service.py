"""The verbs and the questions of assets."""

import re
from dataclasses import asdict, dataclass, field
from decimal import ROUND_UP
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from stellar_sdk import StrKey

from app.assets.models import Asset, Method
from app.errors import Conflict, Invalid, NotFound
from app.money import ratio, rounded

_NAME = re.compile(r"stellar:(native|[A-Za-z0-9]{1,12}:G[A-Z2-7]{55})")


@dataclass(frozen=True)
class NewAsset:
    """An asset to add; ``tolerance_stroops`` counts only under the policy "tolerance"."""

    organization_id: str
    asset: str
    distribution: str
    significant_decimals: int = 2
    amount_policy: str = "exact"
    tolerance_stroops: int = 0
    toml: dict[str, Any] = field(default_factory=dict)


def add_asset(session: Session, new: NewAsset) -> Asset:
    """Add an asset, or raise Invalid or Conflict."""
    if not _NAME.fullmatch(new.asset):
        raise Invalid(f"{new.asset!r} is no Stellar asset: write stellar:CODE:ISSUER or stellar:native")
    if not StrKey.is_valid_ed25519_public_key(new.distribution):
        raise Invalid("the distribution account is an address, G…")
    if new.asset in [asset.asset for asset in assets(session, new.organization_id)]:
        raise Conflict(f"{new.asset} is there already")
    asset = Asset(**asdict(new))
    session.add(asset)
    session.flush()
    return asset


def add_method(session: Session, asset_id: str, name: str, **columns: Any) -> Method:
    """Let an asset go by a method, or raise NotFound or Conflict. ``columns`` as in Method."""
    asset = session.get(Asset, asset_id)
    if asset is None:
        raise NotFound(f"no asset {asset_id}")
    if (name, columns.get("kind")) in [(method.name, method.kind) for method in asset.methods]:
        raise Conflict(f"{asset.code} goes by {name} already")
    method = Method(asset_id=asset.id, name=name, **columns)
    session.add(method)
    session.flush()
    session.expire(asset, ["methods"])
    return method


def every_asset(session: Session) -> list[Asset]:
    """Return the assets of all organizations."""
    return list(session.scalars(select(Asset).order_by(Asset.organization_id, Asset.asset)))


def assets(session: Session, organization_id: str) -> list[Asset]:
    """Return every asset of the organization, by name."""
    return list(session.scalars(select(Asset).where(Asset.organization_id == organization_id).order_by(Asset.asset)))


def asset_by_code(session: Session, organization_id: str, code: str, issuer: str = "") -> Asset:
    """Return the asset a SEP request names, or raise Invalid. The issuer may be left out while the code is unique."""
    found = [
        asset
        for asset in assets(session, organization_id)
        if asset.code == code and (not issuer or asset.issuer == issuer)
    ]
    if len(found) != 1:
        raise Invalid(f"asset_code {code!r} is not one of ours" if not found else "say asset_issuer too: two have it")
    return found[0]


def asset_by_name(session: Session, organization_id: str, name: str) -> Asset:
    """Return the asset called ``stellar:CODE:ISSUER``, or raise Invalid."""
    found = session.scalar(select(Asset).where(Asset.organization_id == organization_id, Asset.asset == name))
    if found is None:
        raise Invalid(f"{name} is not one of our assets")
    return found


def methods(asset: Asset, kind: str) -> list[Method]:
    """Return the ways ``asset`` can go, for one kind of transaction."""
    return [method for method in asset.methods if method.kind == kind]


def method(asset: Asset, kind: str, name: str = "") -> Method:
    """Return the method a request names; where there is only one it need not be named."""
    known = methods(asset, kind)
    found = [method for method in known if method.name == name] if name else known
    if len(found) != 1:
        names = ", ".join(method.name for method in known) or "none"
        raise Invalid(f"funding_method must be one of: {names}", funding_method=name)
    return found[0]


def fee(method: Method, amount: int, decimals: int) -> int:
    """Return what ``amount`` costs: fixed and percent, rounded up to what the asset can show, at most all of it."""
    percent = ratio(amount, Fraction(method.fee_percent) / 100, ROUND_UP)
    return min(rounded(method.fee_fixed + percent, decimals, rounding=ROUND_UP), amount)


def check_amount(method: Method, amount: int, decimals: int) -> None:
    """Raise Invalid unless ``amount`` has no more decimals than the asset shows, and the method takes so much.

    What its fee would leave nothing of is not taken.
    """
    if rounded(amount, decimals) != amount:
        raise Invalid(f"amount has more than {decimals} decimals")
    if not method.minimum <= amount <= method.maximum:
        raise Invalid("amount is outside the limits of /info", code="amount_out_of_limits")
    if fee(method, amount, decimals) >= amount:
        raise Invalid("amount is not more than its fee", code="amount_out_of_limits")
