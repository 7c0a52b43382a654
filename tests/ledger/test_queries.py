"""What the books say, and the commands that print it."""

import pytest
from sqlalchemy import text

from app.ledger import queries
from app.ledger import service as ledger
from app.ledger.cli import ledger as commands


@pytest.fixture
def books(session, opened):
    cash, owed, earned = opened("cash", "debit"), opened("owed", "credit"), opened("fees:earned", "credit")
    ledger.transfer(session, "arrival", cash, owed, 1000, about="a wallet paid")
    ledger.transfer(session, "fee", owed, earned, 10)
    ledger.reserve(session, "payout", owed, cash, 500)
    ledger.post(session, "payout", 400)
    session.commit()
    return owed


def test_a_statement_runs_along_with_the_balance(session, books):
    lines = queries.statement(session, books)
    assert [(line.key, line.other, line.moved, line.held, line.balance) for line in lines] == [
        ("arrival", "cash", 1000, 0, 1000),
        ("fee", "fees:earned", -10, 0, 990),
        ("payout", "cash", 0, -500, 990),
        ("payout:resolved", "cash", -400, 500, 590),
    ]
    assert lines[-1].balance == ledger.balance(session, books).posted


def test_a_statement_goes_on_where_it_ended(session, books):
    first = queries.statement(session, books, limit=3)
    rest = queries.statement(session, books, after=first[-1].id)
    assert [line.balance for line in first + rest] == [1000, 990, 990, 590]


def test_a_trial_balance_is_zero_for_each_asset(session, books, opened):
    ledger.transfer(session, "euros", opened("cash", "debit", asset="iso4217:EUR"), opened("x", asset="iso4217:EUR"), 7)
    trials = queries.trial_balance(session)
    assert [(trial.asset, trial.debits, trial.difference) for trial in trials] == [
        ("iso4217:EUR", 7, 0),
        ("iso4217:USD", 1410, 0),
    ]
    assert all(trial.balanced for trial in trials)
    assert queries.trial_balance(session, "another organization") == []


def test_a_trial_balance_names_an_account_that_went_astray(session, books):
    session.execute(text("ALTER TABLE account DISABLE TRIGGER account_keep"))
    session.execute(text("UPDATE account SET posted_debits = posted_debits + 5 WHERE name = 'cash'"))
    [trial] = queries.trial_balance(session)
    assert (trial.difference, trial.astray, trial.balanced) == (5, ["cash"], False)


def test_trial_balance_prints_every_asset(app, books):
    result = app.test_cli_runner().invoke(commands, ["trial-balance"])
    assert result.exit_code == 0 and "0.0001410                0.0001410    0.0000000  iso4217:USD" in result.output


def test_trial_balance_fails_aloud(app, session, books):
    session.execute(text("ALTER TABLE account DISABLE TRIGGER account_keep"))
    session.execute(text("UPDATE account SET posted_debits = posted_debits + 5 WHERE name = 'cash'"))
    session.commit()
    result = app.test_cli_runner().invoke(commands, ["trial-balance"])
    assert result.exit_code == 1 and "astray: cash of organization acme" in result.output


def test_statement_prints_every_line(app, books):
    result = app.test_cli_runner().invoke(commands, ["statement", "owed"])
    assert result.exit_code == 0
    assert "a wallet paid" in result.output and "posted 0.0000590, available 0.0000590" in result.output
