"""The custodian over HTTP, on this machine only. Amounts are texts such as "12.50"; bodies are JSON.

    POST   /transfers               {key, source, destination, asset, amount, memo_type, memo} → the transfer
                                    (409: the key is taken)
    GET    /transfers?keys=A&keys=B → {transfers: [transfer]}, those it knows;   transfer: {key, state, ref,
                                    transaction_hash, message}; ``state`` as in ``rails.custody.State``

For whoever directs the play:

    POST   /faults                  see ``stage.Fault``: where "transfers" or "look_ups"; of its own it can refuse or
                                    stall a transfer, mislead (name the transaction ``what`` instead of the right
                                    one), forget (say that there is none) and answer twice
    DELETE /faults                  all is well again
"""

from collections.abc import Sequence
from typing import Any

from rails.sandbox_custodian.keeper import FATES, STATES, Keeper, Order
from rails.stage import Answer, Fault, Request, Server


class CustodianServer(Server):
    """Serves ``keeper``."""

    def __init__(self, keeper: Keeper, port: int = 0):
        super().__init__(CustodianRequest, port)
        self.keeper = keeper


class CustodianRequest(Request):
    server: CustodianServer

    def do(self, verb: str, path: Sequence[str], asked: dict[str, list[str]], body: Any) -> Answer:
        match (verb, *path):
            case ("POST", "transfers"):
                return self._take(body)
            case ("GET", "transfers"):
                return {"transfers": self._look_up(asked.get("keys", []))}
            case ("POST", "faults"):
                self.server.faults.order(Fault(**body))
            case ("DELETE", "faults"):
                self.server.faults.clear()
            case _:
                raise ValueError(f"no such thing: {verb} {self.path}")
        return {}

    def _take(self, body: dict[str, str]) -> Answer:
        key, faults = [body["key"]], self.server.faults
        before = faults.take("transfers", "before", key)
        self.go_wrong(before)
        fate = before.how if before and before.how in FATES else ""
        order = self.server.keeper.take(fate=fate, **body)
        after = faults.take("transfers", "after", key)
        self.go_wrong(after)
        return shown(order, after)

    def _look_up(self, keys: list[str]) -> list[Answer]:
        faults, keeper = self.server.faults, self.server.keeper
        self.go_wrong(faults.take("look_ups", "before", keys))
        keeper.go_on()
        fault = faults.take("look_ups", "after", keys)
        self.go_wrong(fault)
        how = fault.how if fault else ""
        known = [] if how == "forget" else [shown(keeper.orders[key], fault) for key in keys if key in keeper.orders]
        return known * 2 if how == "twice" else known


def shown(order: Order, fault: Fault | None = None) -> Answer:
    """Return ``order`` as the custodian's customers see it."""
    named = order.signed.hash if order.signed else ""
    misled = fault is not None and fault.how == "mislead"
    return {
        "key": order.key,
        "state": STATES[order.at],
        "ref": order.ref,
        "transaction_hash": fault.what if fault and misled else named,
        "message": order.message,
    }
