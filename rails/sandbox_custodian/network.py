"""How the custodian speaks to Horizon: with the SDK's own builder, and nothing of ours."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from stellar_sdk import (
    Account,
    Asset,
    HashMemo,
    IdMemo,
    Keypair,
    Memo,
    NoneMemo,
    Payment,
    ReturnHashMemo,
    TextMemo,
    TransactionBuilder,
)

SECONDS = 10
FEE_STROOPS = 1_000

MEMOS: Mapping[str, Callable[[str], Memo]] = {
    "none": lambda _: NoneMemo(),
    "text": TextMemo,
    "id": lambda text: IdMemo(int(text)),
    "hash": lambda text: HashMemo(b64decode(text)),
    "return": lambda text: ReturnHashMemo(b64decode(text)),
}


@dataclass(frozen=True)
class Signed:
    """A transaction on one number of its account."""

    hash: str
    xdr: str
    sequence: int


class Horizon:
    """One node. What cannot be asked raises ``requests.RequestException``: then nothing is known."""

    def __init__(self, url: str, passphrase: str):
        self.url = url
        self.passphrase = passphrase

    def sequence(self, account: str) -> int:
        return int(self._get(f"/accounts/{account}")["sequence"])

    def has(self, hash: str) -> bool:
        """Say whether a transaction is in the ledger, whatever came of it there."""
        return bool(self._get(f"/transactions/{hash}"))

    def submit(self, xdr: str) -> str:
        """Hand in; return why it is not taken, as the node puts it, or nothing."""
        with self._session() as session:
            answer = session.post(f"{self.url}/transactions_async", data={"tx": xdr}, timeout=SECONDS).json()
        return str(answer.get("error_result_xdr") or "") if answer.get("tx_status") == "ERROR" else ""

    def sign(self, key: Keypair, order: Mapping[str, Any], sequence: int) -> Signed:
        """Return the payment an order asks for, on the account's number ``sequence``."""
        _, _, rest = order["asset"].partition(":")
        code, _, issuer = rest.partition(":")
        asset = Asset(code, issuer) if issuer else Asset.native()
        builder = TransactionBuilder(Account(key.public_key, sequence - 1), self.passphrase, FEE_STROOPS)
        builder.append_operation(Payment(order["destination"], asset, order["amount"]))
        builder.add_memo(MEMOS[order["memo_type"]](order["memo"]))
        envelope = builder.add_time_bounds(0, 0).build()
        envelope.sign(key)
        return Signed(envelope.hash_hex(), envelope.to_xdr(), sequence)

    def _get(self, path: str) -> dict[str, Any]:
        """Return the node's answer, nothing where it says that there is none."""
        with self._session() as session:
            answer = session.get(self.url + path, timeout=SECONDS)
        if answer.status_code == requests.codes.not_found:
            return {}
        answer.raise_for_status()
        return dict(answer.json())

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # a proxy knows no way to this machine's own network
        return session
