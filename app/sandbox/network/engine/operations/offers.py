"""Offers: manage_sell_offer, manage_buy_offer, create_passive_sell_offer.

A new offer first takes what the book has at its price or better; what is left of it then rests on the book.
"""

from dataclasses import dataclass, replace
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.balances import authorized
from app.sandbox.network.engine.checks import valid_asset
from app.sandbox.network.engine.crossing import Stop, Taken, Taking, take
from app.sandbox.network.engine.entries import NATIVE, Asset, Offer, Price
from app.sandbox.network.engine.exchange import Liabilities, Rounding, adjusted, buying_liabilities, liabilities
from app.sandbox.network.engine.from_xdr import asset
from app.sandbox.network.engine.holdings import bind, receivable, release, shift, spendable
from app.sandbox.network.engine.operations.rule import Refuse, Rule, Step, refusals
from app.sandbox.network.engine.reserves import release_subentry, take_subentry
from app.sandbox.network.engine.results import Type
from app.sandbox.network.engine.to_xdr import offer_xdr

_sell = refusals(X.ManageSellOfferResultCode, "MANAGE_SELL_OFFER")
_buy = refusals(X.ManageBuyOfferResultCode, "MANAGE_BUY_OFFER")


@dataclass(frozen=True, slots=True)
class Wish:
    """What all three kinds come down to. ``price``: wheat bought for one sheep sold; ``amount`` is of sheep when
    selling and of wheat when buying; 0 takes the offer ``id`` away."""

    sheep: Asset
    wheat: Asset
    amount: int
    price: Price
    id: int
    refuse: Refuse
    buys: bool = False
    passive: bool = False

    @property
    def liabilities(self) -> Liabilities:
        return (buying_liabilities if self.buys else liabilities)(self.price, self.amount)

    def limit(self, step: Step, taken: Taken | None = None) -> tuple[int, int]:
        """Return how much sheep may still be sent and wheat received."""
        sheep = max(0, spendable(step.world, step.rules, step.source, self.sheep))
        wheat = max(0, receivable(step.world, step.source, self.wheat))
        taken = taken or Taken()
        if self.buys:
            return sheep, min(self.amount - taken.wheat, wheat)
        return min(self.amount - taken.sheep, sheep), wheat


def _selling(body: X.ManageSellOfferOp) -> Wish:
    price = Price(body.price.n.int32, body.price.d.int32)
    return Wish(asset(body.selling), asset(body.buying), body.amount.int64, price, body.offer_id.int64, _sell)


def _buying(body: X.ManageBuyOfferOp) -> Wish:
    price = Price(body.price.d.int32, body.price.n.int32)  # theirs is what one unit bought may cost
    amount = body.buy_amount.int64
    return Wish(asset(body.selling), asset(body.buying), amount, price, body.offer_id.int64, _buy, buys=True)


def _passive(body: X.CreatePassiveSellOfferOp) -> Wish:
    price = Price(body.price.n.int32, body.price.d.int32)
    return Wish(asset(body.selling), asset(body.buying), body.amount.int64, price, 0, _sell, passive=True)


def _check(wish: Wish, body: Any) -> None:
    sound = valid_asset(body.selling) and valid_asset(body.buying) and wish.sheep != wish.wheat
    positive = wish.amount >= 0 and wish.price.n > 0 and wish.price.d > 0 and wish.id >= 0
    if not sound or not positive or (wish.id == 0 and wish.amount == 0):
        raise wish.refuse("MALFORMED")


def _apply(step: Step, wish: Wish) -> Any:
    if wish.amount:
        _check_lines(step, wish)
    old = _withdraw(step, wish) if wish.id else None
    sponsor = old.sponsor if old else None
    if old is None:
        sponsor = take_subentry(step.world, step.rules, step.source, wish.refuse("LOW_RESERVE").code)
    taken, left = _trade(step, wish, old) if wish.amount else (Taken(), 0)
    effect, offer = X.ManageOfferEffect.MANAGE_OFFER_DELETED, None
    if left:
        effect = X.ManageOfferEffect.MANAGE_OFFER_UPDATED if old else X.ManageOfferEffect.MANAGE_OFFER_CREATED
        offer = _rest(step, wish, old, replace(_blank(step, wish), amount=left, sponsor=sponsor))
    else:
        release_subentry(step.world, step.source, sponsor)
    shown = X.ManageOfferSuccessResultOffer(effect, offer=offer_xdr(offer) if offer else None)
    return X.ManageOfferSuccessResult(taken.trail, shown)


def _check_lines(step: Step, wish: Wish) -> None:
    """The seller must be able to hold both assets. An issuer is always able to hold its own."""
    if wish.sheep != NATIVE and wish.sheep.issuer != step.source:
        line = step.world.line(step.source, wish.sheep)
        if line is None:
            raise wish.refuse("SELL_NO_TRUST")
        if line.balance == 0:
            raise wish.refuse("UNDERFUNDED")
        if not authorized(line):
            raise wish.refuse("SELL_NOT_AUTHORIZED")
    if wish.wheat != NATIVE and wish.wheat.issuer != step.source:
        line = step.world.line(step.source, wish.wheat)
        if line is None:
            raise wish.refuse("BUY_NO_TRUST")
        if not authorized(line):
            raise wish.refuse("BUY_NOT_AUTHORIZED")


def _withdraw(step: Step, wish: Wish) -> Offer:
    """Take the old offer off the book, keeping its reserve for what may come in its place."""
    old = step.world.offer(step.source, wish.id)
    if old is None:
        raise wish.refuse("NOT_FOUND")
    release(step.world, old)
    step.world.drop(old.key)
    return old


def _trade(step: Step, wish: Wish, old: Offer | None) -> tuple[Taken, int]:
    """Take from the book; return what was taken and how much of the offer is left to rest."""
    owed = wish.liabilities
    if receivable(step.world, step.source, wish.wheat) < owed.buying:
        raise wish.refuse("LINE_FULL")
    if spendable(step.world, step.rules, step.source, wish.sheep) < owed.selling:
        raise wish.refuse("UNDERFUNDED")
    sheep_max, wheat_max = wish.limit(step)
    if wheat_max == 0:
        raise wish.refuse("LINE_FULL")
    look = _judge(step, wish, passive=old.passive if old else wish.passive)
    taken = Taken(complete=True)
    if sheep_max:
        taken = take(
            step.world, step.rules, Taking(wish.sheep, sheep_max, wish.wheat, wheat_max, Rounding.NORMAL, look)
        )
    if taken.wheat:
        shift(step.world, step.rules, step.source, wish.wheat, taken.wheat)
        shift(step.world, step.rules, step.source, wish.sheep, -taken.sheep)
    if taken.complete:
        return taken, 0
    return taken, adjusted(wish.price, *wish.limit(step, taken))


def _judge(step: Step, wish: Wish, *, passive: bool) -> Any:
    """Return what looks at an offer: too dear (for a passive one: not cheaper) stops, one's own fails."""

    def look(offer: Offer) -> None:
        theirs, ours = offer.price.n * wish.price.n, offer.price.d * wish.price.d
        if theirs > ours or (passive and theirs == ours):
            raise Stop
        if offer.seller == step.source:
            raise wish.refuse("CROSS_SELF")

    return look


def _blank(step: Step, wish: Wish) -> Offer:
    return Offer(wish.id, step.source, wish.sheep, wish.wheat, 0, wish.price, wish.passive)


def _rest(step: Step, wish: Wish, old: Offer | None, offer: Offer) -> Offer:
    if old is None:
        header = replace(step.world.header, last_id=step.world.header.last_id + 1)
        step.world.put(header)
        offer = replace(offer, id=header.last_id)
    else:
        offer = replace(offer, passive=old.passive)
    step.world.put(offer)
    bind(step.world, offer)
    return offer


def apply_sell(step: Step) -> X.ManageSellOfferResult:
    return X.ManageSellOfferResult(_sell("SUCCESS").code, success=_apply(step, _selling(step.body)))


def apply_buy(step: Step) -> X.ManageBuyOfferResult:
    return X.ManageBuyOfferResult(_buy("SUCCESS").code, success=_apply(step, _buying(step.body)))


def apply_passive(step: Step) -> X.ManageSellOfferResult:
    return X.ManageSellOfferResult(_sell("SUCCESS").code, success=_apply(step, _passive(step.body)))


RULES: dict[Any, Rule] = {
    Type.MANAGE_SELL_OFFER: Rule("manage_sell_offer_op", lambda body, _: _check(_selling(body), body), apply_sell),
    Type.MANAGE_BUY_OFFER: Rule("manage_buy_offer_op", lambda body, _: _check(_buying(body), body), apply_buy),
    Type.CREATE_PASSIVE_SELL_OFFER: Rule(
        "create_passive_sell_offer_op", lambda body, _: _check(_passive(body), body), apply_passive
    ),
}
