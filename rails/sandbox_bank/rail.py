"""The sandbox bank's rail: the contract spoken over HTTP."""

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Any

import requests

from app.money import Money, parse, show
from rails.base import Arrival, Instructions, Line, Method, Payout, PendingDeposit, Rail, Report, State
from rails.settings import methods_in

KEYS_A_LOOK_UP = 100

MOVED = (State.DELIVERED, State.RETURNED)

METHODS = (Method("bank_account", "iso4217:USD"), Method("cash", "iso4217:USD"))


class SandboxBankRail(Rail):
    """Settings: ``url``; ``methods`` and ``timeout_seconds``, if they are to be others than here."""

    name = "sandbox_bank"
    statement_lag_seconds = 0  # it books whatever it does as it does it

    def __init__(self, settings: Mapping[str, Any]):
        self.url = settings["url"].rstrip("/")
        self.methods = methods_in(settings) or METHODS
        self.timeout_seconds = settings.get("timeout_seconds", 10)

    def prepare_deposit(self, deposit: PendingDeposit) -> Instructions:
        account = {"bank_name": "Sandbox Bank", "bank_account_number": "1000000001"}
        return Instructions({**account, "external_transfer_memo": deposit.reference}, reference=deposit.reference)

    def poll_pending_deposits(self, deposits: Sequence[PendingDeposit], cursor: str) -> Generator[Arrival, None, str]:
        page = self._call("GET", "/deposits", params={"cursor": cursor})
        yield from map(_arrival, page["deposits"])
        return page["cursor"]

    def execute_outgoing_transaction(self, payout: Payout) -> Report:
        order = {
            "key": payout.key,
            "asset": payout.amount.asset,
            "amount": show(payout.amount.amount),
            "payee": dict(payout.payee),
            "narrative": payout.narrative,
        }
        try:
            return _report(self._call("POST", "/orders", json=order))
        except requests.HTTPError as refused:
            if refused.response.status_code != requests.codes.bad_request:
                raise
            return Report(payout.key, State.FAILED, message="the bank does not take such an order", refund=True)

    def poll_outgoing_transactions(self, payouts: Sequence[Payout], cursor: str) -> Generator[Report, None, None]:
        for at in range(0, len(payouts), KEYS_A_LOOK_UP):
            keys = [payout.key for payout in payouts[at : at + KEYS_A_LOOK_UP]]
            known = {order["key"]: order for order in self._call("GET", "/orders", params={"keys": keys})["orders"]}
            for key in keys:
                yield _report(known[key]) if key in known else Report(key, State.NOT_FOUND)

    def statement(self, since: datetime, until: datetime) -> list[Line]:
        asked = {"since": since.isoformat(), "until": until.isoformat()}
        return [_line(line) for line in self._call("GET", "/statement", params=asked)["lines"]]

    def _call(self, verb: str, path: str, **request: Any) -> dict[str, Any]:
        """Return what the bank answers; raises whatever keeps it from answering: then nobody knows."""
        quarter = self.timeout_seconds / 4
        with requests.Session() as session:
            session.trust_env = False  # a proxy knows no way to this machine's own bank
            answer = session.request(verb, self.url + path, timeout=(quarter, 3 * quarter), **request)
        answer.raise_for_status()
        return answer.json()


def _report(order: Mapping[str, Any]) -> Report:
    state = State(order["state"])
    return Report(
        key=order["key"],
        state=state,
        ref=order["ref"],
        amount=Money(parse(order["amount"]), order["asset"]) if state in MOVED else None,
        fee=Money(parse(order["fee"]), order["asset"]),
        message=order["message"],
        fix=order["fix"] if state == State.FAILED else {},
        secret=order["secret"],
        refund=state in (State.FAILED, State.RETURNED),
    )


def _arrival(deposit: Mapping[str, Any]) -> Arrival:
    return Arrival(
        ref=deposit["ref"],
        amount=Money(parse(deposit["amount"]), deposit["asset"]),
        at=datetime.fromisoformat(deposit["at"]),
        settled=deposit["settled"],
        reference=deposit["reference"],
        account=deposit["account"],
        payer=deposit["payer"],
        reverses=deposit["reverses"],
    )


def _line(line: Mapping[str, Any]) -> Line:
    money = Money(parse(line["amount"]), line["asset"])
    at = datetime.fromisoformat(line["at"])
    return Line(line["ref"], line["direction"], money, at, line["key"], line["payment"])
