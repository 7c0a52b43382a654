"""Orders that would fail are found before they go; what only seems so is asked twice."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from stellar_sdk import Asset, ChangeTrust, ManageData, ManageSellOffer

from app.money import NATIVE
from app.stellar import addresses, receivers
from app.stellar.facts import Balance
from app.stellar.operations import SET_ASIDE, TAKE_BACK
from app.stellar.receivers import Receiver
from app.submission import drains
from app.submission.facts import Fate, Item
from app.submission.models import Attempt
from app.submission.preflight import NEEDS_MEMO, Candidate, judge, wanted
from app.submission.service import NewOrder, outcome, request_all
from app.submission.verdicts import OPERATIONS
from tests.submission.conftest import ISSUER, PAYEE, PAYEES, USDC, USDC_ASSET, World, key
from tests.submission.test_paying import states

Wish = Callable[..., NewOrder]

PAYEE_ADDRESS = PAYEE.public_key
LINE = Balance(USDC, 40, 100, buying_liabilities=10)


def candidate(memo_type: str = "none", **facts: Any) -> Candidate:
    plain = {"id": "a", "kind": "payment", "operation": "payment", "source": ISSUER.public_key}
    return Candidate(Item(**{**plain, "destination": PAYEE_ADDRESS, "asset": USDC, "amount": 50, **facts}), memo_type)


def holder(*lines: Balance, memo_required: bool = False) -> Receiver:
    return Receiver({line.asset: line for line in lines}, memo_required)


CREATE = {"asset": NATIVE, "kind": "create_account"}


@pytest.mark.parametrize(
    ("order", "receiver", "code"),
    [
        (candidate(), holder(LINE), ""),
        (candidate(amount=51), holder(LINE), "op_line_full"),
        (candidate(), holder(), "op_no_trust"),
        (candidate(), holder(Balance(USDC, 0, 100, is_authorized=False)), "op_not_authorized"),
        (candidate(), None, "op_no_destination"),
        (candidate(asset=NATIVE), None, "op_no_destination"),
        (candidate(asset=NATIVE), holder(), ""),
        (candidate(destination=ISSUER.public_key), holder(), ""),
        (candidate(), holder(LINE, memo_required=True), "memo_required"),
        (candidate("text"), holder(LINE, memo_required=True), ""),
        (candidate(destination=addresses.muxed(PAYEE_ADDRESS, 7)), holder(LINE, memo_required=True), ""),
        (candidate(**CREATE, operation="create_account"), None, ""),
        (candidate(**CREATE, operation="payment"), holder(), ""),
    ],
)
def test_what_the_network_would_refuse(order: Candidate, receiver: Receiver | None, code: str) -> None:
    account = addresses.account_of(order.item.destination)
    found = judge([order], {account: receiver})
    assert [fate.code for fate in found.values()] == ([code] if code else [])


def test_a_second_finding_of_the_same_kind_fails_the_order() -> None:
    words = OPERATIONS["op_no_trust"].words
    assert judge([candidate()], {PAYEE_ADDRESS: holder()})["a"] == Fate("doubt", "op_no_trust", words)
    assert judge([candidate(reason=words)], {PAYEE_ADDRESS: holder()})["a"] == Fate("fail", "op_no_trust", words)
    assert judge([candidate(reason=NEEDS_MEMO)], {PAYEE_ADDRESS: holder()})["a"].event == "doubt"


def test_the_room_on_a_line_is_shared_by_all_orders_to_it() -> None:
    orders = [candidate(id=name, amount=20) for name in "abc"]
    assert list(judge(orders, {PAYEE_ADDRESS: holder(LINE)})) == ["c"]


def test_an_account_to_be_created_that_is_there_is_paid_and_the_other_way_round() -> None:
    there = candidate(**CREATE, operation="create_account")
    gone = candidate(**CREATE, operation="payment")
    assert judge([there], {PAYEE_ADDRESS: holder()})["a"] == Fate("adjust", operation="payment")
    assert judge([gone], {PAYEE_ADDRESS: None})["a"] == Fate("adjust", operation="create_account")


ASIDE = {"otherwise": "claimable_balance"}
NO_TRUST, LINE_FULL = OPERATIONS["op_no_trust"].words, OPERATIONS["op_line_full"].words


@pytest.mark.parametrize(
    ("order", "receiver", "fate"),
    [
        (candidate(**ASIDE), holder(), Fate("doubt", "op_no_trust", NO_TRUST)),
        (candidate(**ASIDE, reason=NO_TRUST), holder(), Fate("adjust", operation=SET_ASIDE)),
        (candidate(**ASIDE, reason=LINE_FULL), holder(), Fate("doubt", "op_no_trust", NO_TRUST)),
        (candidate(**ASIDE, operation=SET_ASIDE), holder(), None),
        (candidate(**ASIDE, operation=SET_ASIDE), None, None),
        (candidate(**ASIDE, operation=SET_ASIDE), holder(LINE), Fate("adjust", operation="payment")),
        (candidate(**ASIDE, operation=SET_ASIDE, amount=51), holder(LINE), None),
        (candidate(**ASIDE), holder(LINE), None),
        (candidate(**ASIDE, operation=SET_ASIDE, asset=NATIVE), holder(), Fate("adjust", operation="payment")),
        (candidate(**ASIDE, operation=SET_ASIDE, asset=NATIVE, reason=LINE_FULL), holder(), None),
        (candidate(**ASIDE, reason=NEEDS_MEMO), holder(memo_required=True), Fate("fail", "memo_required", NEEDS_MEMO)),
        (candidate(kind=TAKE_BACK, operation=TAKE_BACK, destination="00" * 36), None, None),
    ],
)
def test_what_cannot_be_paid_is_set_aside_if_its_owner_wants_that(
    order: Candidate, receiver: Receiver | None, fate: Fate | None
) -> None:
    assert judge([order], {PAYEE_ADDRESS: receiver}).get("a") == fate
    assert list(wanted([order], 5)) == ([] if order.item.kind == TAKE_BACK else [PAYEE_ADDRESS])


def test_no_more_accounts_are_looked_at_than_makes_sense_and_the_others_go_unseen() -> None:
    orders = [candidate(destination=payee) for payee in PAYEES[:3]]
    assert list(wanted(orders, 2)) == PAYEES[:2]
    assert judge(orders[2:], dict.fromkeys(PAYEES[:2])) == {}


def test_rpc_and_horizon_say_the_same(world: World) -> None:
    shy, nobody = key("asks for a memo"), key("nobody")
    world.network.fund(shy.public_key)
    world.apply(shy, ManageData("config.memo_required", "1"), ChangeTrust(USDC_ASSET, "7"))
    world.apply(shy, ManageSellOffer(Asset.native(), USDC_ASSET, "1", "2"))  # which leaves less room on the line
    asked = {
        address: {USDC, NATIVE} for address in (shy.public_key, PAYEE_ADDRESS, ISSUER.public_key, nobody.public_key)
    }
    asked |= {payee: {USDC} for payee in PAYEES}  # more than one page
    rpc = receivers.over_rpc(f"{world.network.url}/rpc", asked)
    horizon = receivers.over_horizon(world.network.url, asked)
    for address, receiver in horizon.items():
        over_rpc = rpc[address]
        if receiver is None or over_rpc is None:
            assert receiver is over_rpc is None
            continue
        assert receiver.memo_required == over_rpc.memo_required == (address == shy.public_key)
        assert receiver.lines.get(USDC) == over_rpc.lines.get(USDC)
    assert rpc[shy.public_key].lines[USDC].buying_liabilities == 20_000_000
    assert rpc[nobody.public_key] is None


@pytest.mark.usefixtures("channel")
@pytest.mark.parametrize("way", ["rpc", "horizon"])
def test_bad_orders_fail_with_a_reason_and_never_reach_the_ledger(
    world: World, session: Session, wish: Wish, app: Flask, way: str
) -> None:
    app.config["PREFLIGHT_READS_MAX"] = 50
    if way == "rpc":
        app.config["RPC_URL"] = f"{world.network.url}/rpc"
    bad = key(f"nobody over {way}").public_key
    new = key(f"newcomer over {way}").public_key
    xlm = {"asset": NATIVE, "kind": "create_account", "amount": 10_000_000}
    orders = [
        wish(owner_key="good"),
        wish(owner_key="bad", destination=bad),
        wish(owner_key="new", destination=new, **xlm),
    ]
    request_all(session, [*orders, wish(owner_key="old", destination=PAYEE_ADDRESS, **xlm)])
    session.commit()
    drains.run()
    doubted = outcome(session, "anchor", "bad")
    assert doubted.state == "ready"
    assert "does not exist" in doubted.reason
    session.commit()
    world.settle()
    assert states(session) == {"good": "settled", "bad": "failed", "new": "settled", "old": "settled"}
    assert outcome(session, "anchor", "bad").code == "op_no_destination"
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1


@pytest.mark.usefixtures("channel")
def test_a_node_that_cannot_be_asked_holds_nothing_up(world: World, session: Session, wish: Wish, app: Flask) -> None:
    app.config["RPC_URL"] = "http://127.0.0.1:1/rpc"
    request_all(session, [wish(owner_key="a")])
    session.commit()
    drains.run()
    world.settle()
    assert states(session) == {"a": "settled"}
