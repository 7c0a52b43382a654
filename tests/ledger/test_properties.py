"""Whatever is asked of the ledger, by one caller or by many at once, its books stay in order."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import db, new_id, transaction
from app.errors import Refused
from app.ledger import queries
from app.ledger import service as ledger
from app.ledger.models import Account, Transfer
from app.ledger.service import Posting

ASSET = "stellar:native"
RULES = {"world": "free", "cash": "debit", "owed": "credit", "earned": "credit"}
KEYS = [f"key{n}" for n in range(8)]

amounts = st.integers(1, 50)
sides = st.permutations(list(RULES)).map(lambda names: tuple(names[:2]))
moves = st.tuples(st.sampled_from(["transfer", "reserve"]), st.sampled_from(KEYS), sides, amounts)
ends = st.tuples(st.sampled_from(["post", "void", "expire"]), st.sampled_from(KEYS), st.none() | amounts)
asks = st.lists(st.one_of(moves, ends), min_size=5, max_size=25)


@dataclass
class Books:
    """The same ledger as a child would write it: one list of what happened, added up when asked."""

    rows: dict[str, tuple[str, str, str, int, int]] = field(default_factory=dict)  # key: kind, sides, posted, pending

    def ask(self, what: tuple) -> bool:
        """Do it, if it may be done; say whether it stands."""
        if what[0] in ("transfer", "reserve"):
            kind, key, (debit, credit), amount = what
            row = ("posted", debit, credit, amount, 0) if kind == "transfer" else (kind, debit, credit, 0, amount)
        else:
            kind, of, amount = what
            held = self.rows.get(of)
            if held is None or held[0] != "reserve":
                return False
            posted = 0 if kind != "post" else held[4] if amount is None else amount
            if posted > held[4]:
                return False
            key, row = f"{of}:resolved", (kind, held[1], held[2], posted, -held[4])
        if key in self.rows:
            return self.rows[key] == row
        self.rows[key] = row
        if all(self.overdraft(name) <= 0 for name in RULES):
            return True
        del self.rows[key]
        return False

    def overdraft(self, name: str) -> int:
        own, other = (2, 1) if RULES[name] == "credit" else (1, 2)
        gained = sum(row[3] for row in self.rows.values() if row[own] == name)
        given = sum(row[3] + row[4] for row in self.rows.values() if row[other] == name)
        return 0 if RULES[name] == "free" else given - gained


def open_accounts(session: Session) -> tuple[str, dict[str, Account]]:
    organization = new_id()
    return organization, {
        name: ledger.open_account(session, organization, name, ASSET, rule) for name, rule in RULES.items()
    }


def ask(session: Session, prefix: str, accounts: dict[str, Account], what: tuple) -> None:
    if what[0] == "transfer" or what[0] == "reserve":
        kind, key, (debit, credit), amount = what
        getattr(ledger, kind)(session, f"{prefix}:{key}", accounts[debit], accounts[credit], amount)
    elif what[0] == "post":
        ledger.post(session, f"{prefix}:{what[1]}", what[2])
    else:
        getattr(ledger, what[0])(session, f"{prefix}:{what[1]}")


@given(asks)
def test_the_ledger_agrees_with_a_childs_books(session, wanted):
    organization, accounts = open_accounts(session)
    books = Books()
    for what in wanted:
        stands = books.ask(what)
        try:
            ask(session, organization, accounts, what)
        except Refused:
            assert not stands, f"{what} was refused"
        else:
            assert stands, f"{what} was done"
    for name, account in accounts.items():
        if RULES[name] != "free":
            assert ledger.balance(session, account).available == -books.overdraft(name)
    assert all(trial.balanced for trial in queries.trial_balance(session, organization))
    session.rollback()


def at_once(app: Flask, works: Sequence[Callable[[], None]]) -> None:
    """Run ``works``, each in a thread with a session of its own; raise what any of them raised."""
    together, raised = threading.Barrier(len(works)), []

    def run(work: Callable[[], None]) -> None:
        with app.app_context():
            together.wait()
            try:
                work()
            except BaseException as error:  # noqa: BLE001  it is raised again below
                raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


@given(st.lists(asks, min_size=4, max_size=4))
@settings(max_examples=12)
def test_many_callers_at_once_break_nothing(app, wanted):
    with transaction() as session:
        organization, accounts = open_accounts(session)
        session.expunge_all()

    def caller(mine: list) -> Callable[[], None]:
        def work() -> None:
            for what in mine:
                try:
                    with transaction() as session:
                        ask(session, organization, accounts, what)
                except Refused:
                    continue

        return work

    at_once(app, [caller(mine) for mine in wanted])
    with transaction() as session:
        assert all(trial.balanced for trial in queries.trial_balance(session, organization))
        for account in queries.accounts(session, organization_id=organization):
            assert account.rule == "free" or account.balance.available >= 0
            assert account.balance.pending >= 0 <= account.balance.incoming
        written = list(session.scalars(select(Transfer).where(Transfer.organization_id == organization)))
        ended = Counter(transfer.reservation_id for transfer in written if transfer.reservation_id)
        assert not ended or max(ended.values()) == 1
        held = sum(transfer.pending for transfer in written)
        assert held == sum(
            transfer.amount for transfer in written if transfer.kind == "reserve" and transfer.id not in ended
        )


def test_one_key_asked_for_by_many_at_once_moves_once(app):
    with transaction() as session:
        organization, accounts = open_accounts(session)
        session.expunge_all()

    def work() -> None:
        with transaction() as session:
            ledger.transfer(session, organization, accounts["cash"], accounts["owed"], 7)

    at_once(app, [work] * 8)
    assert ledger.balance(db.session(), accounts["cash"]).posted == 7


def test_one_account_opened_by_many_at_once_is_one(app):
    ids = []

    def work() -> None:
        with transaction() as session:
            ids.append(ledger.open_account(session, "acme", "cash", ASSET, "debit").id)

    at_once(app, [work] * 8)
    assert len(ids) == 8 and len(set(ids)) == 1


def test_the_last_money_is_spent_once(app):
    with transaction() as session:
        organization, accounts = open_accounts(session)
        ledger.transfer(session, f"{organization}:in", accounts["cash"], accounts["owed"], 10)
        session.expunge_all()
    refused = []

    def spender(n: int) -> Callable[[], None]:
        def work() -> None:
            try:
                with transaction() as session:
                    ledger.reserve(session, f"{organization}:{n}", accounts["owed"], accounts["earned"], 10)
            except Refused as error:
                refused.append(error.code)

        return work

    at_once(app, [spender(n) for n in range(8)])
    assert refused == ["insufficient_funds"] * 7


def test_lists_in_opposite_order_do_not_wait_for_each_other_in_a_circle(app):
    with transaction() as session:
        organization, accounts = open_accounts(session)
        session.expunge_all()

    def mover(name: str, credits: Sequence[str]) -> Callable[[], None]:
        def work() -> None:
            for n in range(20):
                with transaction() as session:
                    wanted = [Posting(f"{name}:{n}:{to}", accounts["cash"], accounts[to], 1) for to in credits]
                    ledger.transfers(session, wanted)

        return work

    at_once(app, [mover("there", ["owed", "earned"]), mover("back", ["earned", "owed"])])
    assert ledger.balance(db.session(), accounts["cash"]).posted == 80
    assert all(trial.balanced for trial in queries.trial_balance(db.session(), organization))


def test_one_key_for_two_things_at_once_is_a_conflict(app):
    with transaction() as session:
        organization, accounts = open_accounts(session)
        session.expunge_all()
    refused = []

    def mover(debit: str, credit: str) -> Callable[[], None]:
        def work() -> None:
            try:
                with transaction() as session:
                    ledger.transfer(session, organization, accounts[debit], accounts[credit], 7)
            except Refused as error:
                refused.append(error.code)

        return work

    at_once(app, [mover("cash", "owed"), mover("world", "earned")] * 3)
    assert refused == ["conflict"] * 3
    moved = [ledger.balance(db.session(), accounts[name]).posted for name in ("cash", "world")]
    assert sorted(moved) == [0, 7]
