"""What can be made to go wrong at the bank, on order."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rails.sandbox_bank.bank import FATES

HOWS = ("error", "drop", "hang", "nonsense")
WHERES = ("orders", "look_ups", "deposits", "statements")
WHENS = ("before", "after")


@dataclass(frozen=True)
class Fault:
    """One fault. It strikes requests to ``where`` that match ``key`` and ``account`` (empty: any), ``times`` times.

    ``how``: error (HTTP 500), drop (the connection is cut), hang (for ``seconds``, then cut), nonsense (an answer that
    is no JSON), each ``when`` "before" or "after" the bank has taken the request in; or the fate of an order, such as
    refuse, return, silent (``bank.FATES``). ``times`` 0 means always.
    """

    how: str
    where: str = "orders"
    when: str = "after"
    key: str = ""
    account: str = ""
    times: int = 0
    seconds: int = 60

    def __post_init__(self) -> None:
        if self.how not in (*HOWS, *FATES) or self.where not in WHERES or self.when not in WHENS:
            raise ValueError(f"not a fault this bank can have: {self}")

    def strikes(self, where: str, keys: Sequence[str], account: str) -> bool:
        return self.where == where and (not self.key or self.key in keys) and self.account in ("", account)


class Faults:
    """The faults on order, oldest first."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []
        self._lock = threading.Lock()

    def order(self, fault: Fault) -> None:
        with self._lock:
            self._ordered.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._ordered.clear()

    def take(self, where: str, keys: Sequence[str] = (), account: str = "") -> Fault | None:
        """Return the fault that strikes this request, and count it down."""
        with self._lock:
            for at, fault in enumerate(self._ordered):
                if fault.strikes(where, keys, account):
                    self._count_down(at, fault)
                    return fault
        return None

    def _count_down(self, at: int, fault: Fault) -> None:
        if fault.times == 1:
            del self._ordered[at]
        elif fault.times:
            self._ordered[at] = replace(fault, times=fault.times - 1)
