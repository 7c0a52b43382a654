"""The course of one payment, from the home domain to the last callback."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stellar_sdk import Asset, Keypair

from .callbacks import Callbacks
from .counterpart import Counterpart
from .memory import Memory
from .purse import MEMOS, Payment, Purse
from .tell import tell
from .web import Silent, Web

FINAL = ("completed", "refunded", "expired", "error")
BEFORE = ("pending_customer_info_update", "pending_receiver")  # until it may be paid

Facts = dict[str, Any]

SENDER = {"first_name": "Ada", "last_name": "Sender"}
RECEIVER = {"first_name": "Grace", "last_name": "Receiver", "bank_number": "021000021"}


@dataclass(frozen=True)
class Wish:
    """What to send: ``amount`` of the asset ``code`` to the bank ``account``; ``refund_memo``, an id, may be empty."""

    home: str
    code: str
    amount: str
    account: str
    refund_memo: str
    memory: Path
    patience_seconds: float


def send(wish: Wish, key: Keypair) -> Mapping[str, Any]:
    """Send money, and return the transaction as it ended. Raises Refused or Silent."""
    memory, web = Memory(wish.memory), Web(wish.patience_seconds)
    counterpart = Counterpart(web, wish.home)
    tell("found", signing_key=counterpart.signing_key)
    counterpart.sign_in(key)
    tell("signed_in", account=key.public_key)
    purse = Purse(web, counterpart.toml["HORIZON_URL"], counterpart.toml["NETWORK_PASSPHRASE"], key)
    with Callbacks(memory, counterpart.signing_key) as callbacks:
        id = memory.recall("announced") or memory.keep("announced", _announce(wish, counterpart, key))
        counterpart.report_to(id, callbacks.url)
        wanted = _await(web, lambda: counterpart.transaction(id), _wants_payment)
        tell("announced", id=id, memo=wanted["stellar_memo"])
        tell("paid", hash=purse.pay(_payment(wish, counterpart, wanted), memory))
        ended = _await(web, lambda: counterpart.transaction(id), lambda shown: _has_ended(shown, callbacks.statuses()))
    for refund in ended.get("refunds", {}).get("payments", []):
        tell("refund_seen", **purse.look_up(refund["id"]))
    tell("ended", transaction=ended, statuses=callbacks.statuses())
    return ended


def _announce(wish: Wish, counterpart: Counterpart, key: Keypair) -> str:
    """Register both customers, announce the payment, and return what it is called from now on."""
    sender = counterpart.register(key.public_key, "1", "sep31-sender", SENDER)
    account = {"bank_account_number": wish.account}
    memo = str(int(wish.account) + 1)  # one number for each of our users
    receiver = counterpart.register(key.public_key, memo, "sep31-receiver", {**RECEIVER, **account})
    tell("registered", sender_id=sender, receiver_id=receiver)
    refund = {"refund_memo": wish.refund_memo, "refund_memo_type": "id"} if wish.refund_memo else {}
    announced = counterpart.announce(
        {
            "amount": wish.amount,
            "asset_code": wish.code,
            "asset_issuer": counterpart.issuer(wish.code),
            "funding_method": "bank_account",
            "sender_id": sender,
            "receiver_id": receiver,
            **refund,
        }
    )
    return str(announced["id"])


def _payment(wish: Wish, counterpart: Counterpart, wanted: Mapping[str, str]) -> Payment:
    return Payment(
        destination=wanted["stellar_account_id"],
        asset=Asset(wish.code, counterpart.issuer(wish.code)),
        amount=wish.amount,
        memo=MEMOS[wanted["stellar_memo_type"]](wanted["stellar_memo"]),
    )


def _await(web: Web, look: Callable[[], Facts], enough: Callable[[Facts], bool]) -> Facts:
    """Look at the transaction until it is far enough, and return it as it was then."""
    shown: Facts = {}
    while web.patient():
        shown = look()
        if enough(shown):
            return shown
        web.rest()
    raise Silent(f"gave up waiting: the transaction is {shown}")


def _wants_payment(shown: Facts) -> bool:
    return "stellar_memo" in shown and shown["status"] not in BEFORE


def _has_ended(shown: Facts, told: Sequence[str]) -> bool:
    """It has, once we were called back to say so."""
    return shown["status"] in FINAL and list(told[-1:]) == [shown["status"]]
