"""What others say: Stellar of our accounts, banks of their statements. Asked before any session is open."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app import log
from app.anchor import counters
from app.clock import read
from app.db import transaction
from app.stellar.facts import AccountFacts
from app.submission import fittings, tally, treasuries
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
    """``asked_at`` is from before anybody was asked. ``silent`` names the rails that give no statement."""

    asked_at: datetime
    holdings: Sequence[Holding] = ()
    channels: Mapping[str, AccountFacts | None] = field(default_factory=dict)
    accounts: Sequence[BankAccount] = ()
    silent: Sequence[str] = ()


def look(days: int) -> Outside:
    """Ask Stellar what treasuries and channels hold, and every rail what moved in the last ``days``."""
    with transaction() as session:
        asked_at = read(session)
        owners = {row.address: row.organization_id for row in treasuries.treasuries(session)}
        free = [row.address for row in tally.quiet(session, asked_at) if row.address not in owners]
    network = fittings.network()
    holdings = [Holding(owner, *treasuries.read(network, address)) for address, owner in owners.items()]
    channels = {address: network.account(address) for address in free}
    return Outside(asked_at, holdings, channels, *accounts(asked_at - timedelta(days=days), asked_at))


def accounts(since: datetime, until: datetime) -> tuple[list[BankAccount], list[str]]:
    """Ask all rails at once what moved; return what they said, and the names of those that give no statement.

    A rail that raises or hangs, or cannot be served at all, is told of in its statement.
    """
    served, broken = _served()
    lags = {counter.name: timedelta(seconds=counter.rail.statement_lag_seconds) for counter in served}
    asked = {counter.name: _asked(counter.rail, since - lags[counter.name], until) for counter in served}
    told = {counter.name: _answered(asked[counter.name], counter.act_seconds) for counter in served}
    books = [BankAccount(name, said, since, until - lags[name]) for name, said in told.items() if said is not None]
    books += [BankAccount(name, ask.Statement(nonsense=[why]), since, until) for name, why in broken.items()]
    return books, [name for name, said in told.items() if said is None]


def _served() -> tuple[list[counters.Counter], dict[str, str]]:
    """Return every rail that can be served, and why others cannot."""
    served, broken = [], {}
    for name in counters.names():
        try:
            served.append(counters.counter(name))
        except Exception as error:  # noqa: BLE001  a plugin may raise anything
            broken[name] = f"cannot be built: {log.named(error)}"
    return served, broken


def _asked(rail: Rail, since: datetime, until: datetime) -> Answer:
    return ask.apart(ask.statement, rail, since, until)


def _answered(answer: Answer, seconds: int) -> ask.Statement | None:
    try:
        return answer.result(seconds)
    except TimeoutError:
        return ask.Statement(nonsense=[f"gave no answer in {seconds} s"])
