"""Our account on Stellar: pays once, whatever happens in between."""

from dataclasses import dataclass
from typing import Any

from stellar_sdk import Account, Asset, HashMemo, IdMemo, Keypair, Memo, TextMemo, TransactionBuilder
from stellar_sdk.operation import Payment as PaymentOperation

from .memory import Memory
from .web import Refused, Web

FEE_STROOPS = 1_000

MEMOS = {"text": TextMemo, "id": lambda text: IdMemo(int(text)), "hash": HashMemo}


@dataclass(frozen=True)
class Payment:
    """``amount`` is text, such as "100.00"."""

    destination: str
    asset: Asset
    amount: str
    memo: Memo


class Purse:
    """``horizon`` and ``passphrase`` name the network."""

    def __init__(self, web: Web, horizon: str, passphrase: str, key: Keypair):
        self._web = web
        self._horizon = horizon
        self._passphrase = passphrase
        self._key = key

    def pay(self, payment: Payment, memory: Memory) -> str:
        """Pay, and return the transaction's hash.

        What is handed in was written down before, and is handed in until the ledger has spent its sequence number.
        Only if that was spent on something else is there another transaction.
        """
        answer = ""
        while self._web.patient():
            signed = memory.recall("signed") or memory.keep("signed", self._sign(payment))
            fate = self._fate(signed)
            if fate == "paid":
                return str(signed["hash"])
            if fate == "dead":
                memory.forget("signed")
            else:
                answer = self._web.attempt("POST", f"{self._horizon}/transactions_async", data={"tx": signed["xdr"]})
                self._web.rest()
        raise Refused(f"not paid: {answer}")

    def look_up(self, hash: str) -> dict[str, Any]:
        """Return a payment to us as the network shows it: memo, amount, asset."""
        shown = self._web.demand("GET", f"{self._horizon}/transactions/{hash}").json()
        page = self._web.demand("GET", f"{self._horizon}/transactions/{hash}/payments").json()
        ours = next(row for row in page["_embedded"]["records"] if row.get("to") == self._key.public_key)
        return {
            "hash": hash,
            "memo_type": shown["memo_type"],
            "memo": shown.get("memo", ""),
            "amount": ours["amount"],
            "asset_code": ours.get("asset_code", "native"),
        }

    def _sign(self, payment: Payment) -> dict[str, Any]:
        source = Account(self._key.public_key, self._sequence())
        operation = PaymentOperation(payment.destination, payment.asset, payment.amount)
        builder = TransactionBuilder(source, self._passphrase, FEE_STROOPS)
        builder.append_operation(operation).add_memo(payment.memo).add_time_bounds(0, 0)
        envelope = builder.build()
        envelope.sign(self._key)
        return {"xdr": envelope.to_xdr(), "hash": envelope.hash_hex(), "sequence": source.sequence}

    def _fate(self, signed: dict[str, Any]) -> str:
        """Return paid, dead or open. The order of asking matters: a number seen as spent, by a transaction that is
        then not found, was spent by another.
        """
        spent = self._sequence() >= signed["sequence"]
        found = self._web.ask("GET", f"{self._horizon}/transactions/{signed['hash']}")
        if found.ok:
            return "paid" if found.json()["successful"] else "dead"
        return "dead" if spent else "open"

    def _sequence(self) -> int:
        account = self._web.demand("GET", f"{self._horizon}/accounts/{self._key.public_key}").json()
        return int(account["sequence"])
