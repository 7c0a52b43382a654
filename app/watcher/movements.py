"""What an operation moved, and on whose accounts, read from the JSON Horizon shows of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from app.money import NATIVE, Money, parse
from app.stellar import results

Record = Mapping[str, Any]

OPERATION_BITS = 0xFFF  # the last bits of an operation's id (TOID) are its place in the transaction, from 1


class Party(NamedTuple):
    """Somebody in an operation: the account, the number after it if it was muxed, and the address as written."""

    account: str
    muxed_id: str = ""
    address: str = ""


class Movement(NamedTuple):
    """What came into, or went out of, one account."""

    party: Party
    direction: str
    money: Money
    counterparty: str = ""


def movements(record: Record, effects: Sequence[Record] = ()) -> list[Movement]:
    """Return every movement of the operation, on whatever account, always in the same order.

    Raises ValueError for a kind of operation we do not know, KeyError and others for one in a shape we do not know.
    """
    kind = record["type"]
    if kind in MOVES_NOTHING:
        return []
    if kind in TOLD_BY_EFFECTS:
        return [moved for effect in effects for moved in EFFECTS.get(effect["type"], _nothing)(effect)]
    if kind in TOLD_BY_ITSELF:
        return TOLD_BY_ITSELF[kind](record)
    raise ValueError(f"an operation of a kind we do not know: {kind}")


def operation_index(record: Record) -> int:
    """Return the operation's place in its transaction, from 0."""
    return (int(record["id"]) & OPERATION_BITS) - 1


def needs_effects(record: Record) -> bool:
    """Say whether the operation itself does not say what it moved."""
    return record.get("type") in TOLD_BY_EFFECTS


def _between(sender: Party, receiver: Party, arrived: Money, sent: Money | None = None) -> list[Movement]:
    """``sent`` is what left the sender, where that differs from what arrived. To oneself nothing moves."""
    sent = arrived if sent is None else sent
    if sender.account == receiver.account and sent == arrived:
        return []
    return [Movement(sender, "out", sent, receiver.address), Movement(receiver, "in", arrived, sender.address)]


def _party(record: Record, role: str) -> Party:
    account = record[role]
    return Party(account, str(record.get(f"{role}_muxed_id", "")), record.get(f"{role}_muxed", account))


def _money(record: Record, prefix: str = "") -> Money:
    native = record[f"{prefix}asset_type"] == "native"
    asset = NATIVE if native else f"stellar:{record[f'{prefix}asset_code']}:{record[f'{prefix}asset_issuer']}"
    return Money(parse(record[f"{prefix}amount"]), asset)


def _named_money(part: Record) -> Money:
    name = part["asset"]
    return Money(parse(part["amount"]), NATIVE if name == "native" else f"stellar:{name}")


def _creation(record: Record) -> list[Movement]:
    arrived = Money(parse(record["starting_balance"]), NATIVE)
    return _between(_party(record, "funder"), _party(record, "account"), arrived)


def _payment(record: Record) -> list[Movement]:
    return _between(_party(record, "from"), _party(record, "to"), _money(record))


def _path_payment(record: Record) -> list[Movement]:
    return _between(_party(record, "from"), _party(record, "to"), _money(record), sent=_money(record, "source_"))


def _merge(record: Record) -> list[Movement]:
    amount = results.merged_amount(record["transaction"]["result_xdr"], operation_index(record))
    return _between(_party(record, "account"), _party(record, "into"), Money(amount, NATIVE))


def _clawback(record: Record) -> list[Movement]:
    return [Movement(_party(record, "from"), "out", _money(record), record["source_account"])]


def _set_aside(record: Record) -> list[Movement]:
    return [Movement(_party(record, "source_account"), "out", _named_money(record))]


def _contract(record: Record) -> list[Movement]:
    """A Stellar asset contract moved balances; a mint has no ``from``, a burn no ``to`` (CAP-46-6, CAP-67)."""
    return [moved for change in record.get("asset_balance_changes") or [] for moved in _changed(change)]


def _changed(change: Record) -> list[Movement]:
    giver, taker = change.get("from", ""), change.get("to", "")
    muxed_id = str(change.get("destination_muxed_id", ""))
    return _between(Party(giver, "", giver), Party(taker, muxed_id, taker), _money(change))


def _credited(effect: Record) -> list[Movement]:
    return [Movement(_party(effect, "account"), "in", _money(effect))]


def _debited(effect: Record) -> list[Movement]:
    return [Movement(_party(effect, "account"), "out", _money(effect))]


def _traded(effect: Record) -> list[Movement]:
    party, seller = _party(effect, "account"), effect.get("seller", "")
    sold, bought = _money(effect, "sold_"), _money(effect, "bought_")
    return [Movement(party, "out", sold, seller), Movement(party, "in", bought, seller)]


def _deposited(effect: Record) -> list[Movement]:
    return [Movement(_party(effect, "account"), "out", _named_money(part)) for part in effect["reserves_deposited"]]


def _withdrew(effect: Record) -> list[Movement]:
    return [Movement(_party(effect, "account"), "in", _named_money(part)) for part in effect["reserves_received"]]


def _nothing(_effect: Record) -> list[Movement]:
    return []


# fmt: off
TOLD_BY_ITSELF: dict[str, Callable[[Record], list[Movement]]] = {
    "create_account":              _creation,
    "payment":                     _payment,
    "path_payment_strict_send":    _path_payment,
    "path_payment_strict_receive": _path_payment,
    "account_merge":               _merge,
    "clawback":                    _clawback,
    "create_claimable_balance":    _set_aside,
    "invoke_host_function":        _contract,
}

TOLD_BY_EFFECTS = {
    "claim_claimable_balance", "manage_sell_offer", "manage_buy_offer", "create_passive_sell_offer",
    "liquidity_pool_deposit", "liquidity_pool_withdraw", "inflation",
}

ALWAYS_HAVE_EFFECTS = {"claim_claimable_balance", "liquidity_pool_deposit", "liquidity_pool_withdraw"}

EFFECTS: dict[str, Callable[[Record], list[Movement]]] = {
    "account_credited":         _credited,
    "account_debited":          _debited,
    "trade":                    _traded,
    "liquidity_pool_deposited": _deposited,
    "liquidity_pool_withdrew":  _withdrew,
}

MOVES_NOTHING = {
    "set_options", "change_trust", "allow_trust", "set_trust_line_flags", "manage_data", "bump_sequence",
    "begin_sponsoring_future_reserves", "end_sponsoring_future_reserves", "revoke_sponsorship",
    "clawback_claimable_balance", "extend_footprint_ttl", "restore_footprint",
}
# fmt: on
