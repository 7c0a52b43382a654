"""Custodians at work: each that the settings name, and what is asked of it. Facts in, facts out, no session."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from flask import current_app

from app.errors import Invalid, NotFound
from app.stellar import contents
from app.stellar.network import Network
from app.stellar.nodes import Pool
from app.stellar.operations import Instruction
from app.submission.consignments import Consignment, Found, News, hints, paid
from app.submission.fittings import pool
from rails import custodians
from rails.custody import Custodian, Transfer, Word

ACT_MARGIN_SECONDS = 30  # the custodian's time-out is followed by questions to Horizon
LEASE_MARGIN_SECONDS = 60  # a lease outlasts the act it covers


@dataclass(frozen=True)
class Desk:
    """A custodian under the name our tables know it by, and our patience with it."""

    name: str
    custodian: Custodian
    patience_seconds: int
    pool: Pool = field(repr=False)

    @property
    def act_seconds(self) -> int:
        return self.custodian.timeout_seconds + ACT_MARGIN_SECONDS

    @property
    def lease_seconds(self) -> int:
        return self.custodian.timeout_seconds + LEASE_MARGIN_SECONDS


@dataclass(frozen=True)
class Question:
    """Orders to ask about: one question about all of them."""

    id: str
    orders: Sequence[Consignment]


def names() -> list[str]:
    """Return the names of the custodians in use."""
    return list(current_app.config["CUSTODIANS"])


def desk(name: str) -> Desk:
    """Return where the custodian ``name`` is spoken to; raise NotFound if the settings name no such custodian."""
    if name not in names():
        raise NotFound(f"the setting CUSTODIANS names no custodian {name!r}")
    settings = current_app.config
    kept = _built(settings["CUSTODIANS"][name], name, repr(sorted(settings["CUSTODIAN_SETTINGS"][name].items())))
    return Desk(name, kept, settings["CUSTODY_PATIENCE_SECONDS"], pool())


@cache
def _built(path: str, name: str, _settings: str) -> Custodian:
    return custodians.build(path, current_app.config["CUSTODIAN_SETTINGS"][name])


def hand_over(desk: Desk, order: Consignment) -> News:
    """Act: give the custodian an order."""
    return News(custodians.transfer(desk.custodian, order.transfer))


def inquire(desk: Desk, question: Question) -> list[News]:
    """Act: look in the ledger, ask the custodian about what is not there, and look there again; news by order.

    What the ledger shows as paid needs no word. If Horizon cannot be asked, nothing is concluded from a word alone.
    """
    network = desk.pool.one()
    seen = [look_up(network, order) for order in question.orders]
    open_ones = [order for order, found in zip(question.orders, seen, strict=True) if not paid(found)]
    said = custodians.ask(desk.custodian, [order.transfer for order in open_ones]) if open_ones else []
    words = {word.key: word for word in said}
    return [_news(network, *pair, words) for pair in zip(question.orders, seen, strict=True)]


def _news(network: Network, order: Consignment, seen: tuple[Found, ...], words: dict[str, Word]) -> News:
    word = words.get(order.transfer.key)
    return News(word, seen if paid(seen) else look_up(network, order, word))


def look_up(network: Network, order: Consignment, word: Word | None = None) -> tuple[Found, ...]:
    """Return which of the transactions that the custodian named, ``word`` included, are in the ledger."""
    return tuple(row for hash in hints(order, word) if (row := _found(network, order.transfer, hash)))


def _found(network: Network, transfer: Transfer, hash: str) -> Found | None:
    transaction = network.transaction(hash)
    if transaction is None:
        return None
    try:
        said = contents.read(transaction, network.passphrase, _meant(transfer))
    except Invalid:
        return Found(hash, transaction)  # and nobody has seen that it pays anything
    return Found(hash, replace(transaction, hash=said.hash), said.places)


def _meant(transfer: Transfer) -> contents.Payment:
    money = transfer.amount
    paying = Instruction("payment", transfer.source, transfer.destination, money.asset, money.amount)
    return contents.Payment(paying, transfer.memo_type, transfer.memo)
