"""The receiving anchor as its stellar.toml describes it."""

import tomllib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from stellar_sdk import Keypair, TransactionEnvelope
from stellar_sdk.sep.stellar_web_authentication import read_challenge_transaction

from .web import Web

Facts = dict[str, Any]


class Counterpart:
    """What a sending anchor asks of a receiving one, found by its home domain's address alone (SEP-1)."""

    def __init__(self, web: Web, home: str):
        self._web = web
        self._domain = urlsplit(home).netloc
        self.toml: Facts = tomllib.loads(web.demand("GET", f"{home}/.well-known/stellar.toml").text)
        self._headers: dict[str, str] = {}

    @property
    def signing_key(self) -> str:
        return str(self.toml["SIGNING_KEY"])

    def issuer(self, code: str) -> str:
        """Return who issues the asset of this code, by the toml."""
        return next(str(row["issuer"]) for row in self.toml["CURRENCIES"] if row["code"] == code)

    def sign_in(self, key: Keypair) -> None:
        """SEP-10: have the challenge prove itself the counterpart's, sign it, keep the token."""
        endpoint = self.toml["WEB_AUTH_ENDPOINT"]
        asked = {"account": key.public_key, "home_domain": self._domain}
        challenge = self._web.demand("GET", endpoint, params=asked).json()
        passphrase = self.toml["NETWORK_PASSPHRASE"]
        read_challenge_transaction(
            challenge["transaction"], self.signing_key, self._domain, urlsplit(endpoint).netloc, passphrase
        )
        envelope = TransactionEnvelope.from_xdr(challenge["transaction"], passphrase)
        envelope.sign(key)
        answer = self._web.demand("POST", endpoint, json={"transaction": envelope.to_xdr()})
        self._headers = {"Authorization": f"Bearer {answer.json()['token']}"}

    def register(self, account: str, memo: str, kind: str, fields: Mapping[str, str]) -> str:
        """SEP-12: register a customer of ours, told apart by ``memo``; return the id. Again changes nothing."""
        person = {"account": account, "memo": memo, "memo_type": "id", "type": kind, **fields}
        return str(self._call("PUT", self.toml["KYC_SERVER"], "/customer", json=person)["id"])

    def announce(self, payment: Facts) -> Facts:
        """SEP-31: announce a payment, and return what it is called and where to pay it.

        Asked again after a lost answer it announces a second one, which nobody pays and which expires.
        """
        return self._call("POST", self.toml["DIRECT_PAYMENT_SERVER"], "/transactions", json=payment)

    def report_to(self, id: str, url: str) -> None:
        """SEP-31: have every change of status told to ``url``."""
        self._call("PUT", self.toml["DIRECT_PAYMENT_SERVER"], f"/transactions/{id}/callback", json={"url": url})

    def transaction(self, id: str) -> Facts:
        """SEP-31: return the transaction as the counterpart shows it."""
        shown = self._call("GET", self.toml["DIRECT_PAYMENT_SERVER"], f"/transactions/{id}")
        return dict(shown["transaction"])

    def _call(self, method: str, server: str, path: str, **request: Any) -> Facts:
        answer = self._web.demand(method, server + path, headers=self._headers, **request)
        return dict(answer.json()) if answer.content else {}
