"""A custodian in one page: the contract between the house and whoever keeps a treasury and submits for it.

A custodian (Fireblocks, Circle and the like) builds, signs and submits by itself. It is handed one transfer at a time,
with an idempotency key, and asked what became of it. Two verbs are enough:

    import requests

    from app.money import show
    from rails.custody import Custodian, State, Word


    class ExampleCustody(Custodian):
        name = "example_custody"

        def __init__(self, settings):
            self.transfers = settings["url"] + "/transfers"

        def transfer(self, transfer):
            order = {"key": transfer.key, "source": transfer.source, "destination": transfer.destination}
            money = {"asset": transfer.amount.asset, "amount": show(transfer.amount.amount)}
            memo = {"memo_type": transfer.memo_type, "memo": transfer.memo}
            answer = requests.post(self.transfers, json={**order, **money, **memo}, timeout=10)
            answer.raise_for_status()
            return self.word(answer.json())

        def ask(self, transfers):
            for transfer in transfers:
                answer = requests.get(self.transfers, {"keys": transfer.key}, timeout=10)
                answer.raise_for_status()
                for told in answer.json()["transfers"] or [{"key": transfer.key, "state": "not_found"}]:
                    yield self.word(told)

        def word(self, told):
            return Word(told["key"], State(told["state"]), told.get("ref", ""), told.get("transaction_hash", ""))

What the house promises

* **One transfer, one key.** ``Transfer.key`` stays the same over retries and crashes. Hand it to the custodian as the
  idempotency key.
* **Doubt is looked up, not repeated.** After an exception, a time-out or ``UNKNOWN`` the house asks first. Only
  ``NOT_FOUND``, said by a custodian that never gave a sign of the transfer, lets it be handed over once more.
* **The ledger decides.** A hash is a hint: a transfer is paid when a transaction on Stellar pays exactly this
  destination, asset, amount and memo out of this source. So never guess ``REFUSED``; let an exception out instead.
* **Your fault is your own.** A custodian that raises, hangs or talks nonsense holds up its own transfers only.

What the house expects: one object is called from several threads at once; a call ends within ``timeout_seconds``;
what ``SUBMITTED`` names decides the transfer: a custodian that would try another transaction, should this one fail,
says ``TAKEN`` until it will not. A custodian is registered under the entry point group ``railhead.custodians``, or
named as ``module:Class``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.money import Money


class State(StrEnum):
    """Where a transfer stands, as far as the custodian knows."""

    TAKEN = "taken"  # it has the order; no transaction decides it yet
    SUBMITTED = "submitted"  # the transaction named decides it: paid if that succeeds, failed if not
    REFUSED = "refused"  # certain: no money left and none will
    NOT_FOUND = "not_found"  # certain: it never had an order with this key (only to be said when asked)
    UNKNOWN = "unknown"  # it cannot tell


@dataclass(frozen=True)
class Transfer:
    """An order to pay out of an account the custodian keeps. Assets are named as in SEP-38 (``stellar:CODE:ISSUER``).

    ``memo_type`` is none, text, id, hash or return; a hash memo is in base64, as Horizon writes it.
    """

    key: str  # idempotency key
    source: str  # G…
    destination: str  # G… or M…: used as it is
    amount: Money  # units of 10⁻⁷ of the asset
    memo_type: str = "none"
    memo: str = ""
    ref: str = ""  # the custodian's own name for it, from an earlier word


@dataclass(frozen=True)
class Word:
    """What the custodian knows of one transfer. Saying the same thing again is harmless."""

    key: str  # of the transfer
    state: State
    ref: str = ""  # the custodian's own name for it
    transaction_hash: str = ""  # 64 hexadecimal digits, lower case: of the transaction, or of a fee bump around it
    message: str = ""  # for people: no secrets, no personal data


class Custodian:
    """Base of every custodian."""

    name: str = ""
    timeout_seconds: int = 30

    def __init__(self, settings: Mapping[str, Any]):
        """``settings`` are this custodian's own, from the configuration. Connect to nobody here."""

    def transfer(self, transfer: Transfer) -> Word:
        """Order the transfer, once, and say how it stands. Asked again with the same key: say the same again."""
        raise NotImplementedError

    def ask(self, transfers: Sequence[Transfer]) -> Iterable[Word]:
        """Say how ``transfers`` stand; one left out has no news."""
        raise NotImplementedError
