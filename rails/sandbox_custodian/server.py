"""The custodian over HTTP, on this machine only. Amounts are texts such as "12.50"; bodies are JSON.

    POST   /transfers               {key, source, destination, asset, amount, memo_type, memo} → the transfer
                                    (409: the key is taken)
    GET    /transfers?keys=A&keys=B → {transfers: [transfer]}, those it knows;   transfer: {key, state, ref,
                                    transaction_hash, message}; ``state`` as in ``rails.custody.State``

For whoever directs the play:

    POST   /faults                  see ``Fault``
    DELETE /faults                  all is well again
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rails import stage
from rails.sandbox_custodian.keeper import FATES, STATES, Keeper, Order
from rails.stage import HOWS, Answer, Request, Server


@dataclass(frozen=True)
class Fault(stage.Fault):
    """See ``stage.Fault``. Of its own the custodian can refuse or stall a transfer, mislead (name the transaction
    ``what`` instead of the right one), forget (say that there is none) and answer twice."""

    hows = (*HOWS, *FATES, "mislead", "forget", "twice")
    wheres = ("transfers", "look_ups")

    where: str = "transfers"
    what: str = ""


class CustodianServer(Server):
    """Serves ``keeper``."""

    def __init__(self, keeper: Keeper, port: int = 0):
        super().__init__(CustodianRequest, port)
        self.keeper = keeper
        self.faults: stage.Faults[Fault] = stage.Faults()


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
        fault = self.server.faults.take("transfers", [body["key"]])
        self._meet(fault, "before")
        fate = fault.how if fault and fault.how in FATES else ""
        order = self.server.keeper.take(fate=fate, **body)
        self._meet(fault, "after")
        return shown(order, fault)

    def _look_up(self, keys: list[str]) -> list[Answer]:
        fault, keeper = self.server.faults.take("look_ups", keys), self.server.keeper
        self._meet(fault, "before")
        keeper.go_on()
        self._meet(fault, "after")
        how = fault.how if fault else ""
        known = [] if how == "forget" else [shown(keeper.orders[key], fault) for key in keys if key in keeper.orders]
        return known * 2 if how == "twice" else known

    def _meet(self, fault: Fault | None, when: str) -> None:
        """Go wrong now, if that was ordered."""
        if fault and fault.how in HOWS and fault.when == when:
            self.go_wrong(fault)


def shown(order: Order, fault: Fault | None = None) -> Answer:
    """Return ``order`` as the custodian's customers see it."""
    named = order.signed.hash if order.signed else ""
    return {
        "key": order.key,
        "state": STATES[order.at],
        "ref": order.ref,
        "transaction_hash": fault.what if fault and fault.how == "mislead" else named,
        "message": order.message,
    }
