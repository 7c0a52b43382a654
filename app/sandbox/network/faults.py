"""Things that go wrong on a real network: to order, one by one, or drawn from a seed."""

from dataclasses import asdict, dataclass
from random import Random
from typing import Any

ON_SUBMISSION = {
    "timeout_landing": "the caller is told 504, and the transaction gets into a ledger",
    "timeout_never": "the caller is told 504, and the transaction is lost",
    "reset_before": "the connection breaks before the transaction is taken in",
    "reset_after": "the connection breaks after the transaction was taken in",
    "try_again_later": "the queue says TRY_AGAIN_LATER",
    "evict": "the queue says PENDING, then drops and bans the transaction without a word",
}
ON_REQUEST = {
    "busy": "503 server_over_capacity with Retry-After",
    "limited": "429 rate_limit_exceeded with Retry-After",
    "stale": "503 stale_history",
    "unavailable": "the connection breaks",
}
ON_STREAM = {
    "cut": "a stream breaks in the middle of an event",
    "byebye": "a stream says goodbye before its time",
    "stream_error": "a stream ends with an error event",
    "duplicate": "a stream begins with the record before its cursor, which the reader has had",
    "silence": "a stream says nothing for `seconds`, whatever happens",
}
ON_LEDGER = {
    "surge": "others fill the ledger at `fee` stroops an operation: who bids no more is left out",
}
KINDS = ON_SUBMISSION | ON_REQUEST | ON_STREAM | ON_LEDGER


@dataclass(slots=True)
class Fault:
    """``times`` it strikes (0: until cleared). ``match`` must occur in the path, source account or hash it meets."""

    kind: str
    times: int = 1
    match: str = ""
    node: int | None = None
    seconds: int = 1
    fee: int = 1000
    struck: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(KINDS)}")


class Faults:
    """The faults ordered and not used up, oldest first; and the weather, from which others come unordered."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []
        self._weather = Random(0)
        self.percent = 0

    def order(self, fault: Fault) -> None:
        self._ordered.append(fault)

    def set_weather(self, seed: int, percent: int) -> None:
        """Let so many of a hundred things that could meet a fault meet one. The same seed, the same weather."""
        self._weather, self.percent = Random(seed), percent

    def clear(self) -> None:
        self._ordered.clear()
        self.percent = 0

    def show(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._ordered]

    def strike(self, node: int, met: str, *kinds: str) -> Fault | None:
        """Return the fault of one of ``kinds`` that strikes at what is ``met`` on ``node``, if any; it is used once."""
        for fault in self._ordered:
            if fault.kind in kinds and fault.node in (None, node) and fault.match in met:
                fault.struck += 1
                if fault.times and fault.struck >= fault.times:
                    self._ordered.remove(fault)
                return fault
        if self.percent and self._weather.randrange(100) < self.percent:
            return Fault(self._weather.choice(kinds))
        return None
