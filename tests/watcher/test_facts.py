"""What strangers write into operations, and what becomes of it."""

import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from app.watcher.facts import facts

OURS, THEIRS = "GOURS", "GTHEIRS"
ID = (7 << 32) + (3 << 12) + 2


def record(memo="", memo_type="none", **fields):
    transaction = {"memo_type": memo_type, **({"memo": memo} if memo_type != "none" else {})}
    plain = {
        "id": str(ID),
        "type": "payment",
        "created_at": "2026-01-02T03:04:05Z",
        "transaction_hash": "outer",
        "transaction": transaction,
        "asset_type": "native",
        "amount": "1.0000000",
        "from": THEIRS,
        "to": OURS,
    }
    return plain | fields


def test_a_fact_says_where_in_the_ledger_it_is():
    [fact] = facts(record(), OURS)
    assert (fact.id, fact.operation_id, fact.ledger, fact.operation_index) == (f"{ID}-1", ID, 7, 1)
    assert fact.closed_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (fact.direction, fact.amount, fact.asset, fact.counterparty) == ("in", 10_000_000, "stellar:native", THEIRS)


def test_a_payment_between_two_accounts_of_ours_is_a_fact_of_each():
    [sent], [arrived] = facts(record(), THEIRS), facts(record(), OURS)
    assert (sent.direction, arrived.direction) == ("out", "in")
    assert sent.id != arrived.id


def test_an_operation_that_moved_nothing_of_ours_is_no_fact():
    assert facts(record(type="set_options"), OURS) == []
    assert facts(record(to="GSOMEONE"), OURS) == []
    assert facts(record(amount="0.0000000"), OURS) == []


@pytest.mark.parametrize(
    "memo_type, memo, kept",
    [
        ("none", "", ""),
        ("text", "", ""),
        ("text", "inv 7", "inv 7"),
        ("id", "18446744073709551615", "18446744073709551615"),
        ("hash", b64encode(bytes(range(32))).decode(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("return", "", ""),
        ("text", "a\0b", "a\ufffdb"),
        ("text", "a\ud800b", "a?b"),
    ],
)
def test_a_memo_is_kept_as_horizon_writes_it_if_a_database_can_keep_it(memo_type, memo, kept):
    [fact] = facts(record(memo, memo_type), OURS)
    assert (fact.memo_type, fact.memo) == (memo_type, kept)


def test_a_fee_bump_is_known_by_both_hashes():
    bumped = record(transaction={"memo_type": "none", "inner_transaction": {"hash": "inner"}})
    [fact] = facts(bumped, OURS)
    assert (fact.transaction_hash, fact.inner_hash) == ("outer", "inner")
    [plain] = facts(record(), OURS)
    assert (plain.transaction_hash, plain.inner_hash) == ("outer", "outer")


@pytest.mark.parametrize(
    "broken",
    [
        {"amount": "1e3"},
        {"amount": 1.5},
        {"amount": "-1"},
        {"amount": "922337203685.4775808"},
        {"amount": None},
        {"asset_type": "credit_alphanum4"},
        {"transaction": None},
        {"transaction": {}},
        {"from": None, "from_muxed": ["x"]},
        {"type": "teleport"},
        {"type": "account_merge", "account": THEIRS, "into": OURS, "transaction": {"memo_type": "none"}},
        {
            "type": "account_merge",
            "account": THEIRS,
            "into": OURS,
            "transaction": {"memo_type": "none", "result_xdr": "AAA"},
        },
    ],
)
def test_what_cannot_be_read_is_kept_as_it_came(broken):
    [fact] = facts(record(**broken), OURS)
    assert (fact.direction, fact.amount, fact.operation_id) == ("", 0, ID)
    kept = json.loads(fact.raw)
    assert kept["record"] == record(**broken) and kept["error"]


@pytest.mark.parametrize("broken", [{"id": "x"}, {"id": None}, {"created_at": "yesterday"}])
def test_a_node_that_speaks_nonsense_is_not_believed(broken):
    with pytest.raises((KeyError, ValueError, TypeError)):
        facts(record(**broken), OURS)
