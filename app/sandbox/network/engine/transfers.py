"""Money in and out of an account, in the order in which core looks at what could forbid it.

An issuer needs no line for its own asset and has as much of it as it likes.
"""

from collections.abc import Callable

from app.sandbox.network.engine.balances import add_credit, add_native, authorized, available
from app.sandbox.network.engine.entries import NATIVE, Asset
from app.sandbox.network.engine.results import Failed
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.engine.world import World

Refuse = Callable[[str], Failed]


def credit(world: World, rules: Rules, owner: bytes, asset: Asset, amount: int, refuse: Refuse) -> None:
    """Add ``amount`` stroops to ``owner``. Fails with NO_TRUST, NOT_AUTHORIZED or LINE_FULL of ``refuse``."""
    if asset == NATIVE:
        account = add_native(rules, world.need(owner), amount)
        if account is None:
            raise refuse("LINE_FULL")
        world.put(account)
    elif asset.issuer != owner:
        line = world.line(owner, asset)
        if line is None:
            raise refuse("NO_TRUST")
        if not authorized(line):
            raise refuse("NOT_AUTHORIZED")
        fuller = add_credit(line, amount)
        if fuller is None:
            raise refuse("LINE_FULL")
        world.put(fuller)


def debit(world: World, rules: Rules, owner: bytes, asset: Asset, amount: int, refuse: Refuse) -> None:
    """Take ``amount`` stroops from ``owner``. Fails with SRC_NO_TRUST, SRC_NOT_AUTHORIZED or UNDERFUNDED."""
    if asset == NATIVE:
        account = world.need(owner)
        less = add_native(rules, account, -amount) if amount <= available(rules, account) else None
        if less is None:
            raise refuse("UNDERFUNDED")
        world.put(less)
    elif asset.issuer != owner:
        line = world.line(owner, asset)
        if line is None:
            raise refuse("SRC_NO_TRUST")
        if not authorized(line):
            raise refuse("SRC_NOT_AUTHORIZED")
        emptier = add_credit(line, -amount)
        if emptier is None:
            raise refuse("UNDERFUNDED")
        world.put(emptier)
