"""What owners can ask for, and what they are told."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import after
from app.errors import Conflict, Invalid, NotFound, WrongState
from app.ledger import service as ledger
from app.money import NATIVE
from app.states import History, move
from app.stellar import addresses
from app.submission.models import Order
from app.submission.service import NewOrder, Outcome, cancel, outcome, outcomes, request, request_all
from tests.submission.conftest import PAYEE, TREASURY, key

ASIDE = {"otherwise": "claimable_balance"}

Wish = Callable[..., NewOrder]


def test_an_order_is_ready_and_its_drain_is_woken(session: Session, wish: Wish) -> None:
    id = request(session, wish(owner_key="a"))
    assert outcome(session, "anchor", "a") == Outcome(id, "a", "ready")
    assert "order.ready.anchor" in session.info["topics"]
    assert [row.event for row in session.scalars(select(History).where(History.subject_id == id))] == ["begin"]


def test_the_same_order_again_is_the_same_order(session: Session, wish: Wish) -> None:
    order = wish(owner_key="a")
    first = request(session, order)
    session.commit()
    assert request_all(session, [order, wish(owner_key="b"), order])[::2] == [first, first]
    assert len(session.scalars(select(Order)).all()) == 2


@pytest.mark.parametrize(
    "other", [{"amount": 2}, {"destination": key("other").public_key}, {"memo_type": "text", "memo": "x"}, ASIDE]
)
def test_a_key_used_for_something_else_is_a_conflict(session: Session, wish: Wish, other: dict[str, Any]) -> None:
    request(session, wish(owner_key="a"))
    with pytest.raises(Conflict):
        request(session, wish(owner_key="a", **other))


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"destination": "GABC"},
        {"asset": "iso4217:USD"},
        {"kind": "create_account"},
        {"kind": "bump_sequence"},
        {"memo_type": "text", "memo": "x" * 29},
        {"memo": "without a type"},
        {"source": PAYEE.public_key},
        {"otherwise": "refund"},
        {"otherwise": ""},
        {**ASIDE, "destination": addresses.muxed(PAYEE.public_key, 7)},
        {**ASIDE, "destination": TREASURY.public_key},
        {**ASIDE, "kind": "create_account", "asset": NATIVE},
        {"kind": "create_claimable_balance"},
        {"kind": "claim_claimable_balance"},
    ],
)
def test_what_could_never_be_sent_is_refused(session: Session, wish: Wish, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        request(session, wish(**wrong))


def test_nobody_sends_another_organizations_money(session: Session, wish: Wish) -> None:
    with pytest.raises(Invalid):
        request(session, wish(organization_id="another"))


def test_an_order_called_off_before_it_is_signed_is_cancelled_and_lets_its_money_go(
    session: Session, wish: Wish
) -> None:
    order = wish(owner_key="a", reservation="refund:a")
    treasury = ledger.open_account(session, order.organization_id, "treasury", order.asset, "debit")
    owed = ledger.open_account(session, order.organization_id, "owed", order.asset, "credit")
    ledger.transfer(session, "in", treasury, owed, order.amount)
    ledger.reserve(session, "refund:a", owed, treasury, order.amount)
    request(session, order)

    assert cancel(session, "anchor", "a").state == "cancelled"
    assert ledger.balance(session, owed).available == order.amount
    assert cancel(session, "anchor", "a").state == "cancelled"


def test_a_bound_order_can_only_be_recalled(session: Session, wish: Wish) -> None:
    request(session, wish(owner_key="a"))
    move(session, Order, "bind", due_at=after(60))
    assert cancel(session, "anchor", "a").state == "recalled"
    assert cancel(session, "anchor", "a").state == "recalled"


def test_a_settled_order_cannot_be_called_off(session: Session, wish: Wish) -> None:
    request(session, wish(owner_key="a"))
    move(session, Order, "bind", due_at=after(60))
    move(session, Order, "settle")
    with pytest.raises(WrongState):
        cancel(session, "anchor", "a")
    assert "order.settled.anchor" in session.info["topics"]


def test_an_unknown_order_has_no_outcome(session: Session, wish: Wish) -> None:
    request(session, wish(owner_key="a"))
    with pytest.raises(NotFound):
        outcome(session, "disbursements", "a")
    assert list(outcomes(session, "anchor", ["a", "b"])) == ["a"]
