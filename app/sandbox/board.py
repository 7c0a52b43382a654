"""The demo's board: who runs, what passes through, whether the books add up."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import requests
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.anchor import operate
from app.anchor.models import Transaction
from app.anchor.show import status
from app.db import db, transaction
from app.ledger import queries as ledger
from app.ledger import service as books
from app.ledger.models import Account
from app.money import code, parse, show
from app.sandbox.furnishing import application
from app.sandbox.house import House
from app.sandbox.stories import STORIES, Outcome
from app.sandbox.supervisor import Post, Supervisor

EVERY_SECONDS = 1
ROWS = 5


@dataclass(frozen=True)
class Facts:
    """What there is to see, as far as those who know it answered."""

    health: str = "nobody answers"
    network: dict[str, Any] = field(default_factory=dict)
    transactions: Sequence[Sequence[str]] = ()
    accounts: Sequence[Sequence[str]] = ()
    trial: str = "unknown"


class Board:
    """Asks everybody once in a while, and shows what they said."""

    def __init__(self, house: House, supervisor: Supervisor, outcomes: Sequence[Outcome]):
        self._house, self._supervisor, self._outcomes = house, supervisor, outcomes
        self._app = application(house.settings)
        self._web = requests.Session()
        self._web.trust_env = False
        self._next = 0.0

    def __enter__(self) -> Self:
        self._context = self._app.app_context()
        self._context.push()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        db.engine.dispose()
        self._context.pop()

    def renew(self, live: Live) -> None:
        """Show what is new, if the time has come."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY_SECONDS
            live.update(self.picture(self.look()), refresh=True)

    def look(self) -> Facts:
        """Ask everybody."""
        health = self._ask(f"{self._house.url}/health")
        network = self._ask(f"{self._house.horizon_url}/control")
        treasury = self._house.address("distribution")
        held = self._ask(f"{self._house.horizon_url}/accounts/{treasury}").get("balances", [])
        asked = "; ".join(health["troubles"]) or "well" if health else Facts.health
        try:
            with transaction() as session:
                rows = [_row(row) for row in operate.listed(session, [], ROWS)]
                accounts = [row for account in ledger.accounts(session) for row in _balance(session, account)]
                trial = _trial(ledger.trial_balance(session))
        except SQLAlchemyError as error:
            return Facts(asked, network, trial=f"the database does not answer: {type(error).__name__}")
        return Facts(asked, network, rows, [*accounts, *_on_stellar(held, treasury)], trial)

    def picture(self, facts: Facts) -> RenderableType:
        """Draw it."""
        sequence = facts.network.get("ledger", "?")
        title = Text.assemble(("Railhead", "bold"), f"   {self._house.url}   health: {facts.health}")
        title.append(f"   ledger {sequence}")
        parts: list[RenderableType] = [
            title,
            Columns([self._processes(), self._stories()], padding=(0, 6)),
            Text("\n".join(self._house.addresses()), style="dim"),
            _table("transactions", ("id", "state", "SEP-31 status", "in", "out", "rail", "why"), facts.transactions),
            _table(f"books: {facts.trial}", ("account", "asset", "posted", "pending"), facts.accounts),
            Text("Ctrl-C stops everything; in another terminal: flask --app wsgi transactions list", style="dim"),
        ]
        return Group(*[Padding(part, (0, 0, 1, 0)) for part in parts])

    def _processes(self) -> Group:
        rows = [(name, *_post(post)) for name, post in self._supervisor.posts.items()]
        return _table("processes", ("name", "state", "pid", "starts", "up"), rows)

    def _stories(self) -> Group:
        known = {outcome.story: outcome for outcome in self._outcomes}
        rows = [(story.name, _outcome(known.get(story.name)), story.about) for story in STORIES]
        return _table("stories", ("name", "how it went", "about"), rows)

    def _ask(self, url: str) -> dict[str, Any]:
        try:
            return dict(self._web.get(url, timeout=1).json())
        except (requests.RequestException, ValueError):
            return {}


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Group:
    table = Table(*columns, box=None, header_style="dim", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    return Group(Text(title, "bold"), table)


def _post(post: Post) -> tuple[str, ...]:
    if post.pid is None:
        return post.state, "", str(post.starts), ""
    return post.state, str(post.pid), str(post.starts), f"{time.monotonic() - post.started_at:.0f} s"


def _outcome(outcome: Outcome | None) -> str:
    if outcome is None:
        return "…"
    return f"failed: {outcome.why}" if outcome.why else f"ok {outcome.seconds:.1f} s"


def _row(row: Transaction) -> Sequence[str]:
    amounts = [show(amount, 2) if amount is not None else "" for amount in (row.amount_in, row.amount_out)]
    return row.id, row.state, status(row), *amounts, row.rail, row.message


def _balance(session: Session, account: Account) -> Sequence[Sequence[str]]:
    """What an account holds, in one row; none if it holds nothing."""
    found = books.balance(session, account)
    row = _short(account.name), code(account.asset), show(found.posted, 2), show(found.pending, 2)
    return [row] if found.posted or found.pending else []


def _on_stellar(balances: Sequence[Mapping[str, Any]], address: str) -> Sequence[Sequence[str]]:
    """What the network itself says the treasury has."""
    name = f"on Stellar: {_short(address)}"
    return [(name, row.get("asset_code", "native"), show(parse(row["balance"]), 2), "") for row in balances]


def _trial(trials: Sequence[ledger.Trial]) -> str:
    wrong = [code(trial.asset) for trial in trials if not trial.balanced]
    return f"the trial balance of {', '.join(wrong)} is not zero" if wrong else "the trial balance is zero"


def _short(name: str) -> str:
    """Shorten addresses: GABC…WXYZ."""
    return re.sub(r"\b(G[A-Z2-7]{3})[A-Z2-7]{48}([A-Z2-7]{4})\b", r"\1…\2", name)
