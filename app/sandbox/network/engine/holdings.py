"""What an account holds of an asset, and what its offers bind: the native balance, a trust line, or an issuer's plenty.

These are for trades, where the rules have made sure that what is asked can be done.
"""

from dataclasses import replace

from app.sandbox.network.engine.balances import add_credit, add_native, available, maintains_liabilities
from app.sandbox.network.engine.entries import INT64_MAX, NATIVE, Asset, Offer
from app.sandbox.network.engine.exchange import liabilities
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.engine.world import World


class Impossible(RuntimeError):
    """The ledger contradicts itself."""


def spendable(world: World, rules: Rules, owner: bytes, asset: Asset) -> int:
    """Return what ``owner`` may spend; below 0 if it is under its reserve."""
    if asset == NATIVE:
        return available(rules, world.need(owner))
    if asset.issuer == owner:
        return INT64_MAX
    line = world.line(owner, asset)
    return line.balance - line.selling if line and maintains_liabilities(line) else 0


def receivable(world: World, owner: bytes, asset: Asset) -> int:
    if asset == NATIVE:
        account = world.need(owner)
        return INT64_MAX - account.balance - account.buying
    if asset.issuer == owner:
        return INT64_MAX
    line = world.line(owner, asset)
    return line.limit - line.balance - line.buying if line and maintains_liabilities(line) else 0


def shift(world: World, rules: Rules, owner: bytes, asset: Asset, delta: int) -> None:
    """Change what ``owner`` holds by ``delta``."""
    if delta == 0 or asset.issuer == owner:
        return
    held = world.need(owner) if asset == NATIVE else world.line(owner, asset)
    changed = None
    if held is not None:
        changed = add_native(rules, held, delta) if asset == NATIVE else add_credit(held, delta)  # type: ignore[arg-type]
    if changed is None:
        raise Impossible("a trade moved what was not there")
    world.put(changed)


def bind(world: World, offer: Offer) -> None:
    """Note what ``offer`` may cost and bring its seller."""
    owed = liabilities(offer.price, offer.amount)
    _add_liabilities(world, offer.seller, offer.buying, buying=owed.buying)
    _add_liabilities(world, offer.seller, offer.selling, selling=owed.selling)


def release(world: World, offer: Offer) -> None:
    owed = liabilities(offer.price, offer.amount)
    _add_liabilities(world, offer.seller, offer.buying, buying=-owed.buying)
    _add_liabilities(world, offer.seller, offer.selling, selling=-owed.selling)


def _add_liabilities(world: World, owner: bytes, asset: Asset, buying: int = 0, selling: int = 0) -> None:
    if asset.issuer == owner:
        return
    held = world.need(owner) if asset == NATIVE else world.line(owner, asset)
    if held is None:
        raise Impossible("an offer without a trust line")
    world.put(replace(held, buying=held.buying + buying, selling=held.selling + selling))
