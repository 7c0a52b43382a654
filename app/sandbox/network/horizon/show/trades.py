"""Trades, with the assets of a pair always in the same places."""

from typing import Any

from app.sandbox.network.horizon.names import address, amount, asset_fields, time
from app.sandbox.network.horizon.show.links import link
from app.sandbox.network.horizon.trades import TradeRecord


def trade_token(record: TradeRecord) -> str:
    return f"{record.place[0]}-{record.place[1]}"


def show_trade(record: TradeRecord, base: str) -> dict[str, Any]:
    """Whichever asset sorts first is the base, be it what was sold or what was bought."""
    seller = (record.offer, record.seller, record.sold_amount, record.sold)
    buyer = (record.buyer_offer, record.buyer, record.bought_amount, record.bought)
    seller_first = record.sold < record.bought
    first, second = (seller, buyer) if seller_first else (buyer, seller)
    n, d = record.price if seller_first else reversed(record.price)
    sides = zip(("base", "counter"), (first, second), strict=True)
    return {
        "_links": {
            "self": link(""),
            "base": link(f"{base}/accounts/{address(first[1])}"),
            "counter": link(f"{base}/accounts/{address(second[1])}"),
            "operation": link(f"{base}/operations/{record.operation.place}"),
        },
        "id": trade_token(record),
        "paging_token": trade_token(record),
        "ledger_close_time": time(record.operation.transaction.ledger.header.close_time),
        "trade_type": "orderbook",
        "offer_id": str(record.offer),
        **{name: value for side, party in sides for name, value in _side(side, party).items()},
        "base_is_seller": seller_first,
        "price": {"n": str(n), "d": str(d)},
    }


def _side(side: str, party: tuple[int, bytes, int, Any]) -> dict[str, str]:
    offer, account, stroops, held = party
    return {
        f"{side}_offer_id": str(offer),
        f"{side}_account": address(account),
        f"{side}_amount": amount(stroops),
        **asset_fields(held, f"{side}_"),
    }
