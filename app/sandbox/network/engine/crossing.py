"""Taking offers from the book, best price first, then oldest."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import Asset, Offer
from app.sandbox.network.engine.exchange import Limits, Rounding, adjusted, exchange
from app.sandbox.network.engine.holdings import bind, receivable, release, shift, spendable
from app.sandbox.network.engine.reserves import release_subentry
from app.sandbox.network.engine.results import Failed, OpCode
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.engine.to_xdr import account_xdr, asset_xdr
from app.sandbox.network.engine.world import World

OFFERS_MAX = 1000  # an operation that would cross more has asked for too much work


class Stop(Exception):
    """The best offer is not one to be taken; what was taken before it stands."""


@dataclass(slots=True)
class Taken:
    """What crossing brought: sheep sent, wheat received, the offers it came from. ``complete``: as much as asked."""

    sheep: int = 0
    wheat: int = 0
    trail: list[X.ClaimAtom] = field(default_factory=list)
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Taking:
    """What is to be taken, and at most how much. ``look`` raises Stop or Failed at the sight of an offer."""

    sheep: Asset
    sheep_max: int
    wheat: Asset
    wheat_max: int
    rounding: Rounding
    look: Callable[[Offer], None]
    offers_max: int = OFFERS_MAX


def take(world: World, rules: Rules, taking: Taking) -> Taken:
    """Cross offers until the taker has enough, the book is empty, or ``look`` stops it."""
    taken = Taken()
    if taking.offers_max == 0:
        raise Failed(OpCode.opEXCEEDED_WORK_LIMIT)
    try:
        while not taken.complete:
            offer = _best(world, taking)
            if offer is None:
                break
            taking.look(offer)
            if len(taken.trail) >= taking.offers_max:
                raise Failed(OpCode.opEXCEEDED_WORK_LIMIT)
            if not _cross(world, rules, taking, offer, taken):
                break
    except Stop:
        pass
    return taken


def _best(world: World, taking: Taking) -> Offer | None:
    found = world.books.best(taking.wheat, taking.sheep)
    return world.offer(*found) if found else None


def _cross(world: World, rules: Rules, taking: Taking, offer: Offer, taken: Taken) -> bool:
    """Take what there is to take of one offer; say whether the next may be looked at."""
    release(world, offer)
    offered = _offered(world, rules, offer, offer.amount)
    limits = Limits(
        wheat_send=offered,
        sheep_receive=max(0, receivable(world, offer.seller, offer.buying)),
        sheep_send=taking.sheep_max - taken.sheep,
        wheat_receive=taking.wheat_max - taken.wheat,
    )
    exchanged = exchange(offer.price, limits, taking.rounding)
    shift(world, rules, offer.seller, taking.sheep, exchanged.sheep)
    shift(world, rules, offer.seller, taking.wheat, -exchanged.wheat)
    left = _offered(world, rules, offer, offered - exchanged.wheat) if exchanged.wheat_stays else 0
    _put_back(world, offer, left)
    taken.sheep += exchanged.sheep
    taken.wheat += exchanged.wheat
    taken.trail.append(_atom(offer, exchanged.wheat, exchanged.sheep))
    more = taken.wheat < taking.wheat_max and taken.sheep < taking.sheep_max
    taken.complete = exchanged.wheat_stays or not more
    return not left


def _offered(world: World, rules: Rules, offer: Offer, amount: int) -> int:
    """Return how much of ``amount`` the seller can really offer now."""
    can_sell = max(0, spendable(world, rules, offer.seller, offer.selling))
    can_buy = max(0, receivable(world, offer.seller, offer.buying))
    return adjusted(offer.price, min(amount, can_sell), can_buy)


def _put_back(world: World, offer: Offer, left: int) -> None:
    """Leave what is left of an offer on the book, or take it off."""
    if left:
        rest = replace(offer, amount=left)
        world.put(rest)
        bind(world, rest)
    else:
        world.drop(offer.key)
        release_subentry(world, offer.seller, offer.sponsor)


def _atom(offer: Offer, wheat: int, sheep: int) -> X.ClaimAtom:
    return X.ClaimAtom(
        X.ClaimAtomType.CLAIM_ATOM_TYPE_ORDER_BOOK,
        order_book=X.ClaimOfferAtom(
            seller_id=account_xdr(offer.seller),
            offer_id=X.Int64(offer.id),
            asset_sold=asset_xdr(offer.selling),
            amount_sold=X.Int64(wheat),
            asset_bought=asset_xdr(offer.buying),
            amount_bought=X.Int64(sheep),
        ),
    )
