"""``flask watch``, as an operator uses it."""

import pytest
from stellar_sdk import Asset, Keypair, Payment

from app.watcher import service
from app.watcher.cli import watch
from tests.watcher.conftest import read

OURS = Keypair.random().public_key


@pytest.fixture
def flask(app, organization_id):
    """Runs a command; returns its exit code and what it printed."""

    def invoke(*words):
        result = app.test_cli_runner().invoke(watch, words)
        return result.exit_code, result.output

    return invoke


def test_a_stream_is_started_from_a_ledger_or_a_cursor(flask):
    code, printed = flask("start", OURS, "--ledger", "7")
    assert code == 0 and f"{OURS}  following  cursor {(7 << 32) - 1}, read up to ledger 6" in printed
    assert flask("list") == (0, printed)


@pytest.mark.parametrize("place", [[], ["--ledger", "7", "--cursor", "9"], ["--ledger", "0"]])
def test_there_is_no_beginning_that_goes_without_saying(flask, place):
    code, printed = flask("start", OURS, *place)
    assert code == 2 and flask("list") == (0, "")


def test_a_stream_is_stopped_and_resumed(flask):
    flask("start", OURS, "--cursor", "9")
    assert flask("stop", OURS, "the bank said so")[0] == 0
    assert "stopped" in flask("list")[1] and "the bank said so" in flask("list")[1]
    code, printed = flask("resume", OURS, "--ledger", "20")
    assert code == 0 and "following" in printed and "the bank" not in printed


@pytest.mark.parametrize("words", [["resume", OURS], ["start", "GNOBODY", "--ledger", "7"]])
def test_a_refusal_is_one_line(flask, words):
    code, printed = flask(*words)
    assert code == 1 and printed.startswith("Error: ") and printed.count("\n") == 1


def test_what_nobody_here_sent_is_printed_until_it_is_explained(app, session, world, account, treasury, flask):
    world.apply(treasury, Payment(world.payer.public_key, Asset.native(), "2.5"))
    [id] = [seen.id for seen in read(app, session)]
    assert flask("unexplained") == (0, "")
    service.flag(session, [id], "no order of ours")
    session.commit()
    code, printed = flask("unexplained")
    assert code == 0
    for fact in (id, "2.5000000 XLM", account, world.payer.public_key, "no order of ours"):
        assert fact in printed
    assert flask("explain", id, "the auditors")[0] == 0
    assert flask("unexplained") == (0, "")
    assert flask("explain", id, "the auditors")[0] == 1
