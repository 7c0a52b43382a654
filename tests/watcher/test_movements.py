"""What Horizon shows of an operation, and what it moved. Records are cut down to what is read."""

import pytest
from stellar_sdk import xdr

from app.money import NATIVE
from app.watcher.movements import MOVES_NOTHING, TOLD_BY_EFFECTS, TOLD_BY_ITSELF, movements, needs_effects

OURS, THEIRS, ISSUER = "GOURS", "GTHEIRS", "GISSUER"
USD = {"asset_type": "credit_alphanum4", "asset_code": "USD", "asset_issuer": ISSUER}
USD_NAME, EUR_NAME = f"stellar:USD:{ISSUER}", f"stellar:EUR:{ISSUER}"


def prefixed(prefix, asset):
    return {f"{prefix}{name}": value for name, value in asset.items()}


def record(kind, **fields):
    return {"id": str((7 << 32) + (1 << 12) + 1), "type": kind, "source_account": THEIRS, **fields}


def moved(*arguments):
    """Return who gained or lost what, as text."""
    sign = {"in": "+", "out": "-"}
    return [f"{m.party.account} {sign[m.direction]}{m.money.amount} {m.money.asset}" for m in movements(*arguments)]


# fmt: off
@pytest.mark.parametrize("operation, expected", [
    (record("payment", **USD, **{"from": THEIRS}, to=OURS, amount="2.5000000"),
     [f"{THEIRS} -25000000 {USD_NAME}", f"{OURS} +25000000 {USD_NAME}"]),
    (record("payment", asset_type="native", **{"from": THEIRS}, to=OURS, amount="922337203685.4775807"),
     [f"{THEIRS} -{2**63 - 1} {NATIVE}", f"{OURS} +{2**63 - 1} {NATIVE}"]),
    (record("create_account", funder=THEIRS, account=OURS, starting_balance="10.0000000"),
     [f"{THEIRS} -100000000 {NATIVE}", f"{OURS} +100000000 {NATIVE}"]),
    (record("path_payment_strict_send", **USD, **prefixed("source_", {**USD, "asset_code": "EUR"}),
            **{"from": THEIRS}, to=OURS, amount="2.0000000", source_amount="1.0000000", destination_min="1.9000000"),
     [f"{THEIRS} -10000000 {EUR_NAME}", f"{OURS} +20000000 {USD_NAME}"]),
    (record("path_payment_strict_receive", **USD, source_asset_type="native",
            **{"from": OURS}, to=OURS, amount="2.0000000", source_amount="9.0000000", source_max="9.5000000"),
     [f"{OURS} -90000000 {NATIVE}", f"{OURS} +20000000 {USD_NAME}"]),
    (record("clawback", **USD, **{"from": OURS}, amount="3.0000000"),
     [f"{OURS} -30000000 {USD_NAME}"]),
    (record("create_claimable_balance", asset=f"USD:{ISSUER}", amount="4.0000000", sponsor=THEIRS),
     [f"{THEIRS} -40000000 {USD_NAME}"]),
    (record("create_claimable_balance", asset="native", amount="4.0000000", sponsor=THEIRS),
     [f"{THEIRS} -40000000 {NATIVE}"]),
    (record("invoke_host_function", asset_balance_changes=[
        {**USD, "type": "transfer", "from": THEIRS, "to": OURS, "amount": "1.0000000"},
        {**USD, "type": "mint", "to": OURS, "amount": "2.0000000"},
        {**USD, "type": "burn", "from": OURS, "amount": "3.0000000"}]),
     [f"{THEIRS} -10000000 {USD_NAME}", f"{OURS} +10000000 {USD_NAME}",
      f" -20000000 {USD_NAME}", f"{OURS} +20000000 {USD_NAME}",
      f"{OURS} -30000000 {USD_NAME}", f" +30000000 {USD_NAME}"]),
    (record("invoke_host_function", asset_balance_changes=None), []),
    (record("payment", **USD, **{"from": OURS}, to=OURS, amount="2.5000000"), []),
])
def test_an_operation_says_what_it_moved(operation, expected):
    assert not needs_effects(operation)
    assert moved(operation) == expected


@pytest.mark.parametrize("operation, effects, expected", [
    (record("claim_claimable_balance"),
     [{"type": "account_credited", "account": OURS, **USD, "amount": "4.0000000"},
      {"type": "claimable_balance_claimed", "account": OURS, "amount": "4.0000000", "asset": f"USD:{ISSUER}"}],
     [f"{OURS} +40000000 {USD_NAME}"]),
    (record("manage_sell_offer"),
     [{"type": "trade", "account": OURS, "seller": THEIRS, **prefixed("sold_", USD), "sold_amount": "1.0000000",
       "bought_asset_type": "native", "bought_amount": "5.0000000"},
      {"type": "trade", "account": THEIRS, "seller": OURS, **prefixed("bought_", USD), "bought_amount": "1.0000000",
       "sold_asset_type": "native", "sold_amount": "5.0000000"}],
     [f"{OURS} -10000000 {USD_NAME}", f"{OURS} +50000000 {NATIVE}",
      f"{THEIRS} -50000000 {NATIVE}", f"{THEIRS} +10000000 {USD_NAME}"]),
    (record("liquidity_pool_deposit"),
     [{"type": "liquidity_pool_deposited", "account": OURS,
       "reserves_deposited": [{"asset": "native", "amount": "1.0000000"},
                              {"asset": f"USD:{ISSUER}", "amount": "2.0000000"}]}],
     [f"{OURS} -10000000 {NATIVE}", f"{OURS} -20000000 {USD_NAME}"]),
    (record("liquidity_pool_withdraw"),
     [{"type": "liquidity_pool_withdrew", "account": OURS,
       "reserves_received": [{"asset": "native", "amount": "1.0000000"}]}],
     [f"{OURS} +10000000 {NATIVE}"]),
    (record("inflation"),
     [{"type": "account_credited", "account": OURS, "asset_type": "native", "amount": "1.0000000"},
      {"type": "account_debited", "account": THEIRS, "asset_type": "native", "amount": "1.0000000"}],
     [f"{OURS} +10000000 {NATIVE}", f"{THEIRS} -10000000 {NATIVE}"]),
])
def test_where_the_operation_is_silent_its_effects_speak(operation, effects, expected):
    assert needs_effects(operation)
    assert moved(operation, effects) == expected
# fmt: on


def test_a_muxed_account_is_the_account_with_a_number_after_it():
    muxed = {"to_muxed": "MOURS", "to_muxed_id": "77", "from_muxed": "MTHEIRS", "from_muxed_id": "5"}
    operation = record("payment", **USD, **{"from": THEIRS}, to=OURS, amount="1", **muxed)
    sent, arrived = movements(operation)
    assert (arrived.party.account, arrived.party.muxed_id, arrived.counterparty) == (OURS, "77", "MTHEIRS")
    assert (sent.party.account, sent.party.muxed_id, sent.counterparty) == (THEIRS, "5", "MOURS")


@pytest.mark.parametrize("kind", sorted(MOVES_NOTHING))
def test_some_operations_move_nothing(kind):
    assert movements(record(kind)) == []


def test_an_operation_of_an_unknown_kind_is_not_passed_over():
    with pytest.raises(ValueError, match="a kind we do not know"):
        movements(record("teleport"))


def test_no_kind_is_told_in_two_ways():
    assert not (set(TOLD_BY_ITSELF) & TOLD_BY_EFFECTS or (set(TOLD_BY_ITSELF) | TOLD_BY_EFFECTS) & MOVES_NOTHING)


def test_every_operation_of_the_protocol_is_known():
    assert {kind.name.lower() for kind in xdr.OperationType} == set(TOLD_BY_ITSELF) | TOLD_BY_EFFECTS | MOVES_NOTHING
