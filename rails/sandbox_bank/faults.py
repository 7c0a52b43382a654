"""What can be made to go wrong at the bank, on order."""

from collections.abc import Sequence
from dataclasses import dataclass

from rails import stage
from rails.sandbox_bank.bank import FATES
from rails.stage import HOWS


@dataclass(frozen=True)
class Fault(stage.Fault):
    """See ``stage.Fault``; ``account`` (empty: any) narrows it to a payee's. Of its own the bank has the fates of an
    order, such as refuse, return, silent (``bank.FATES``)."""

    hows = (*HOWS, *FATES)
    wheres = ("orders", "look_ups", "deposits", "statements")

    where: str = "orders"
    account: str = ""

    def strikes(self, where: str, keys: Sequence[str] = (), account: str = "") -> bool:
        return super().strikes(where, keys) and self.account in ("", account)


Faults = stage.Faults[Fault]
