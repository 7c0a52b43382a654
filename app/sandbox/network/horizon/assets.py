"""Who holds how much of each asset."""

from dataclasses import dataclass, field

from app.sandbox.network.engine.balances import authorized, maintains_liabilities
from app.sandbox.network.engine.entries import NATIVE, Asset, ClaimableBalance, TrustLine
from app.sandbox.network.horizon.view import View


@dataclass(slots=True)
class AssetFigures:
    """Holders and holdings by authorization: authorized, maintaining liabilities, unauthorized. Amounts in stroops."""

    asset: Asset
    flags: int
    home_domain: bytes
    accounts: list[int] = field(default_factory=lambda: [0, 0, 0])
    balances: list[int] = field(default_factory=lambda: [0, 0, 0])
    claimable_count: int = 0
    claimable_amount: int = 0

    def add_line(self, line: TrustLine) -> None:
        place = 0 if authorized(line) else 1 if maintains_liabilities(line) else 2
        self.accounts[place] += 1
        self.balances[place] += line.balance


def figures(view: View, code: str = "", issuer: bytes = b"") -> list[AssetFigures]:
    """Return the figures of all credit there is, or of one code, or of one issuer, in order."""
    found: dict[Asset, AssetFigures] = {}

    def wanted(asset: Asset) -> bool:
        return asset != NATIVE and code in ("", asset.code.decode()) and issuer in (b"", asset.issuer)

    def of(asset: Asset) -> AssetFigures:
        if asset not in found:
            account = view.account(asset.issuer)
            flags, domain = (account.flags, account.home_domain) if account else (0, b"")
            found[asset] = AssetFigures(asset, flags, domain)
        return found[asset]

    for shown in view.of_kind("line"):
        if isinstance(shown.entry, TrustLine) and wanted(shown.entry.asset):
            of(shown.entry.asset).add_line(shown.entry)
    for shown in view.of_kind("balance"):
        if isinstance(shown.entry, ClaimableBalance) and wanted(shown.entry.asset):
            of(shown.entry.asset).claimable_count += 1
            of(shown.entry.asset).claimable_amount += shown.entry.amount
    return [found[asset] for asset in sorted(found)]
