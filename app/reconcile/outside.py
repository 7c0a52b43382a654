"""What others say: Stellar of our accounts, banks of their statements. Asked before any session is open."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.anchor import counters
from app.clock import read
from app.db import transaction
from app.stellar.facts import AccountFacts
from app.submission import fittings, treasuries
from rails import ask
from rails.base import Rail

Answer = Future[ask.Statement | None]


@dataclass(frozen=True)
class Holding:
    """A treasury's account as Stellar showed it at the end of ``ledger``."""

    organization_id: str
    account: AccountFacts
    ledger: int


@dataclass(frozen=True)
class BankAccount:
    """What a rail's statement shows from ``since`` on; what stood or moved after ``booked_until`` may be under way."""

    rail: str
    statement: ask.Statement
    since: datetime
    booked_until: datetime

    @property
    def settled_by(self) -> datetime:
        """What stood and moved by then is on the statement; of one with gaps nothing can be said that is missing."""
        return self.since if self.statement.nonsense else self.booked_until


@dataclass(frozen=True)
class Outside:
    """``silent`` names the rails that give no statement."""

    holdings: Sequence[Holding]
    accounts: Sequence[BankAccount]
    silent: Sequence[str] = ()


def look(days: int) -> Outside:
    """Ask Stellar what every treasury holds, and every rail what moved in the last ``days``."""
    return Outside(holdings(), *accounts(days))


def holdings() -> list[Holding]:
    """Ask Stellar what every treasury holds."""
    with transaction() as session:
        ours = [(row.organization_id, row.address) for row in treasuries.treasuries(session)]
    return [Holding(owner, *treasuries.read(fittings.network(), address)) for owner, address in ours]


def accounts(days: int) -> tuple[list[BankAccount], list[str]]:
    """Ask all rails at once what moved; return what they said, and the names of those that give no statement.

    A rail that raises or hangs is told of in its statement.
    """
    with transaction() as session:
        until = read(session)
    since = until - timedelta(days=days)
    served = [counters.counter(name) for name in counters.names()]
    lags = {counter.name: timedelta(seconds=counter.rail.statement_lag_seconds) for counter in served}
    asked = {counter.name: _asked(counter.rail, since - lags[counter.name], until) for counter in served}
    told = {counter.name: _answered(asked[counter.name], counter.act_seconds) for counter in served}
    books = [BankAccount(name, said, since, until - lags[name]) for name, said in told.items() if said is not None]
    return books, [name for name, said in told.items() if said is None]


def _asked(rail: Rail, since: datetime, until: datetime) -> Answer:
    return ask.apart(ask.statement, rail, since, until)


def _answered(answer: Answer, seconds: int) -> ask.Statement | None:
    try:
        return answer.result(seconds)
    except TimeoutError:
        return ask.Statement(nonsense=[f"gave no answer in {seconds} s"])
