"""The sandbox custodian's plugin: the contract spoken over HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

from app.money import show
from rails.custody import Custodian, State, Transfer, Word


class SandboxCustodian(Custodian):
    """Settings: ``url``; ``timeout_seconds``, if it is to be another than here."""

    name = "sandbox_custodian"

    def __init__(self, settings: Mapping[str, Any]):
        self.url = settings["url"].rstrip("/") + "/transfers"
        self.timeout_seconds = settings.get("timeout_seconds", 10)

    def transfer(self, transfer: Transfer) -> Word:
        order = {
            "key": transfer.key,
            "source": transfer.source,
            "destination": transfer.destination,
            "asset": transfer.amount.asset,
            "amount": show(transfer.amount.amount),
            "memo_type": transfer.memo_type,
            "memo": transfer.memo,
        }
        return _word(self._call("POST", json=order))

    def ask(self, transfers: Sequence[Transfer]) -> Iterator[Word]:
        keys = [transfer.key for transfer in transfers]
        known = self._call("GET", params={"keys": keys})["transfers"]
        yield from map(_word, known)
        for key in set(keys) - {told["key"] for told in known}:
            yield Word(key, State.NOT_FOUND)

    def _call(self, verb: str, **request: Any) -> dict[str, Any]:
        """Return what the custodian answers; raises whatever keeps it from answering: then nobody knows."""
        quarter = self.timeout_seconds / 4
        with requests.Session() as session:
            session.trust_env = False  # a proxy knows no way to this machine's own custodian
            answer = session.request(verb, self.url, timeout=(quarter, 3 * quarter), **request)
        answer.raise_for_status()
        return dict(answer.json())


def _word(told: Mapping[str, Any]) -> Word:
    return Word(told["key"], State(told["state"]), told["ref"], told["transaction_hash"], told["message"])
