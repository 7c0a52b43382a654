"""What becomes of an order that a custodian was given. Pure.

The custodian's word says where to look; what counts is the ledger. An order is paid when a transaction is there that
pays just this. It has failed when the custodian is sure of it, or when the transaction that it says decides is there,
and failed. Only one who never gave a sign of having the order may say that there is none: then it goes again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.stellar import results
from app.stellar.facts import TransactionFacts
from app.submission import verdicts
from rails.custody import State, Transfer, Word

REFUSED = "custodian_refused"
DOUBT_SECONDS = 10  # after that the next ledger has closed, and even a node that is behind has it


@dataclass(frozen=True)
class Consignment:
    """An order as a custodian is given it, claimed under ``fence``.

    ``named`` is the transaction the custodian named last; ``code`` REFUSED: it refused, and that one was not found.
    """

    id: str
    fence: int
    attempts: int
    transfer: Transfer
    named: str = ""
    code: str = ""


@dataclass(frozen=True)
class Found:
    """A transaction the custodian ``named``, as the ledger has it; ``places`` are its operations that pay the order."""

    named: str
    transaction: TransactionFacts
    places: tuple[int, ...] = ()


@dataclass(frozen=True)
class News:
    """What the custodian says now (None: nothing), and which of the transactions it named are in the ledger."""

    word: Word | None = None
    found: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Settle:
    """Paid, by an operation of ``found``."""

    found: Found


@dataclass(frozen=True)
class Fail:
    """Not paid, and never will be."""

    code: str
    reason: str


@dataclass(frozen=True)
class Release:
    """The custodian never had it: it goes again."""


@dataclass(frozen=True)
class Wait:
    """Nothing is decided. ``alarm``: what was said cannot be right, and only a person can see to it."""

    reason: str = ""
    code: str = ""
    seconds: int = 0
    alarm: bool = False


Fate = Settle | Fail | Release | Wait


def judge(order: Consignment, news: News) -> Fate:
    """Return what should become of ``order``."""
    settled = paid(news.found)
    if settled is not None:
        return Settle(settled)
    strange = next((found for found in news.found if not found.places), None)
    if strange is not None:
        return Wait(f"the custodian names transaction {strange.named}, which does not pay this", alarm=True)
    if news.word is None:
        return Wait("the custodian has no news of it")
    return RULES[news.word.state](order, news.word, news.found)


def paid(found: Sequence[Found]) -> Found | None:
    """Return the transaction that paid, if one did."""
    return next((row for row in found if row.places and row.transaction.successful), None)


def hints(order: Consignment, word: Word | None) -> list[str]:
    """Return the transactions to look for, each once: what was named before, and what is named now."""
    named = (order.named, word.transaction_hash if word else "")
    return list(dict.fromkeys(filter(None, named)))


def _taken(_order: Consignment, word: Word, _found: tuple[Found, ...]) -> Fate:
    return Wait(word.message)


def _submitted(_order: Consignment, word: Word, found: tuple[Found, ...]) -> Fate:
    """It failed if the very transaction that decides it did; of any other there may be a successor."""
    decisive = next((row for row in found if row.named == word.transaction_hash), None)
    return Wait(word.message) if decisive is None else _failed(decisive.transaction)


def _refused(order: Consignment, word: Word, found: tuple[Found, ...]) -> Fate:
    """A refusal stands where nothing was ever named, or what was named has failed, or is not there a ledger later."""
    missing = set(hints(order, word)) - {row.named for row in found}
    if missing and order.code != REFUSED:
        why = f"the custodian refuses it, after naming transaction {missing.pop()}: looked for once more"
        return Wait(why, code=REFUSED, seconds=DOUBT_SECONDS)
    return Fail(REFUSED, word.message or "the custodian refused it")


def _not_found(order: Consignment, word: Word, _found: tuple[Found, ...]) -> Fate:
    if order.transfer.ref or hints(order, word):
        return Wait("the custodian has had it, and says now that it never did", alarm=True)
    return Release()


def _failed(transaction: TransactionFacts) -> Fail:
    codes = results.codes(transaction.result_xdr)
    code = next((code for code in codes.operations if code != "op_success"), codes.transaction)
    words = verdicts.of_operation(code).words if code.startswith("op_") else verdicts.of_transaction(code).words
    return Fail(code, words)


RULES: dict[State, Callable[[Consignment, Word, tuple[Found, ...]], Fate]] = {
    State.TAKEN: _taken,
    State.SUBMITTED: _submitted,
    State.REFUSED: _refused,
    State.NOT_FOUND: _not_found,
    State.UNKNOWN: _taken,
}
