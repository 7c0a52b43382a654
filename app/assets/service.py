"""The verbs and the questions of assets."""

from decimal import ROUND_UP
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assets.models import Asset, Method
from app.errors import Invalid
from app.money import ratio, rounded


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
    """Raise Invalid unless ``amount`` is within the method's limits and has no more decimals than the asset shows."""
    if rounded(amount, decimals) != amount:
        raise Invalid(f"amount has more than {decimals} decimals")
    if not method.minimum <= amount <= method.maximum:
        raise Invalid("amount is outside the limits of /info", code="amount_out_of_limits")
