"""Several keys sign for a treasury: as few as are needed; and where some are elsewhere, they are waited for."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from stellar_sdk import Keypair, SetOptions, TransactionEnvelope
from stellar_sdk import Signer as NewSigner

from app.db import transaction
from app.errors import Conflict, Invalid, NotFound
from app.money import NATIVE
from app.organizations.models import Organization
from app.states import hurry
from app.stellar import horizon, signing
from app.submission import drains, founding, keys, signatures
from app.submission.decisions import LIFE_SECONDS
from app.submission.facts import Rebuild
from app.submission.models import Attempt, Batch, Channel, Envelope, Order, Treasury
from app.submission.service import NewOrder, cancel, outcome, request, request_all
from tests.submission.conftest import PAYEE, World, add_channel
from tests.submission.test_crashes import killed_at
from tests.submission.test_paying import states

Wish = Callable[..., NewOrder]

FIRST, SECOND, THIRD, STRANGER = (Keypair.random() for _ in range(4))


@dataclass(frozen=True)
class Safe:
    """A treasury with keys of its own."""

    key: Keypair

    @property
    def address(self) -> str:
        return self.key.public_key


@pytest.fixture
def safe(world: World, session: Session, organization: Organization) -> Safe:
    """A treasury whose own key is worth nothing, and for which two of FIRST, SECOND and THIRD must sign."""
    safe = Safe(Keypair.random())
    world.network.fund(safe.address)
    others = [SetOptions(signer=NewSigner.ed25519_public_key(key.public_key, 1)) for key in (FIRST, SECOND, THIRD)]
    world.apply(safe.key, *others, SetOptions(master_weight=0, low_threshold=1, med_threshold=2, high_threshold=2))
    session.add(Treasury(address=safe.address, organization_id=organization.id))
    session.commit()
    return safe


def hold(session: Session, safe: Safe, *here: Keypair, elsewhere: tuple[Keypair, ...] = ()) -> None:
    for key in here:
        keys.add(session, safe.address, key)
    for key in elsewhere:
        keys.expect(session, safe.address, key.public_key)
    session.commit()


@pytest.fixture
def pay(session: Session, wish: Wish, safe: Safe) -> Callable[..., None]:
    def order(*names: str, **facts: Any) -> None:
        request_all(session, [wish(owner_key=name, source=safe.address, asset=NATIVE, **facts) for name in names])
        session.commit()

    return order


def waiting() -> signatures.Pending:
    with transaction() as mine:
        [row] = signatures.pending(mine)
    return row


def signed(world: World, *signers: Keypair) -> str:
    """Have what waits signed as a wallet elsewhere does: it gives the envelope back."""
    with transaction() as mine:
        xdr = signatures.draft(mine, signatures.pending(mine)[0].batch_id)
    envelope = TransactionEnvelope.from_xdr(xdr, world.network.passphrase)
    for signer in signers:
        envelope.sign(signer)
    return envelope.to_xdr()


def give(world: World, *signers: Keypair) -> list[str]:
    batch, envelope = waiting().batch_id, signed(world, *signers)
    with transaction() as mine:
        return signatures.add_envelope(mine, batch, envelope, world.network.passphrase)


def by_itself(signer: Keypair, hash: str) -> str:
    return base64.b64encode(signer.sign(bytes.fromhex(hash))).decode()


def batch_states(session: Session) -> list[str]:
    session.expire_all()
    return list(session.scalars(select(Batch.state).order_by(Batch.id)))


def landed_signatures(world: World, session: Session, name: str) -> int:
    """Return how many signatures the transaction that paid an order has."""
    session.expire_all()
    hash = outcome(session, "anchor", name).transaction_hash
    xdr = session.scalars(select(Envelope.xdr).where(Envelope.hash == hash)).one()
    return len(TransactionEnvelope.from_xdr(xdr, world.network.passphrase).signatures)


@pytest.mark.usefixtures("channel")
@pytest.mark.parametrize("here", [(FIRST, SECOND), (FIRST, SECOND, THIRD)], ids=["two are here", "all are here"])
def test_as_many_local_keys_sign_as_are_needed(
    world: World, session: Session, safe: Safe, pay: Callable[..., None], here: tuple[Keypair, ...]
) -> None:
    hold(session, safe, *here)
    pay("a")
    world.settle()
    assert states(session) == {"a": "settled"}
    assert landed_signatures(world, session, "a") == 3  # two of the treasury, and the channel's


@pytest.mark.usefixtures("channel")
def test_the_heaviest_key_signs_alone_where_it_suffices(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    heavy = SetOptions(signer=NewSigner.ed25519_public_key(THIRD.public_key, 2))
    world.apply(safe.key, heavy, signers=(FIRST, SECOND), own=False)
    hold(session, safe, FIRST, SECOND, THIRD)
    pay("a")
    world.settle()
    assert states(session) == {"a": "settled"}
    assert landed_signatures(world, session, "a") == 2


@pytest.mark.usefixtures("channel")
def test_what_needs_a_signature_from_elsewhere_waits_for_it_and_is_paid_once(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    before = world.held(PAYEE.public_key, NATIVE)
    hold(session, safe, FIRST, elsewhere=(SECOND, THIRD))
    pay("a", "b")
    world.settle()
    world.settle()
    assert batch_states(session) == ["signing"]
    assert states(session) == {"a": "bound", "b": "bound"}
    row = waiting()
    assert (row.source, row.operations, dict(row.sums)) == (safe.address, 2, {NATIVE: 20_000_000})
    assert (row.signed, set(row.missing)) == ((), {SECOND.public_key, THIRD.public_key})

    assert give(world, THIRD) == [THIRD.public_key]
    assert waiting().signed == (THIRD.public_key,)
    world.settle()
    world.settle()
    assert states(session) == {"a": "settled", "b": "settled"}
    assert world.held(PAYEE.public_key, NATIVE) - before == 20_000_000
    assert landed_signatures(world, session, "a") == 3


@pytest.mark.usefixtures("channel")
def test_of_more_signatures_than_are_needed_only_those_are_used(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    hold(session, safe, FIRST, elsewhere=(SECOND, THIRD))
    pay("a")
    world.work()
    assert set(give(world, SECOND, THIRD)) == {SECOND.public_key, THIRD.public_key}
    world.settle()
    assert states(session) == {"a": "settled"}
    assert landed_signatures(world, session, "a") == 3


@pytest.mark.usefixtures("channel")
def test_a_treasury_all_of_whose_keys_are_elsewhere_is_paid_from(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    hold(session, safe, elsewhere=(FIRST, SECOND, THIRD))
    pay("a")
    world.work()
    give(world, THIRD)
    world.settle()
    assert batch_states(session) == ["signing"]
    give(world, FIRST)
    world.settle()
    assert states(session) == {"a": "settled"}


@pytest.mark.usefixtures("channel")
def test_what_nobody_signed_in_time_is_drawn_up_anew_and_the_old_signature_is_of_no_use(
    world: World, session: Session, safe: Safe, pay: Callable[..., None], app: Flask
) -> None:
    app.config["SIGNATURES_SECONDS"] = 600
    hold(session, safe, FIRST, elsewhere=(SECOND,))
    pay("a")
    world.work()
    first, late = waiting(), signed(world, SECOND)
    world.network.advance(600 + LIFE_SECONDS // 2)
    world.network.close()
    world.work()
    again = waiting()
    assert (again.batch_id, again.missing) == (first.batch_id, (SECOND.public_key,))
    assert again.hash != first.hash
    assert again.until > first.until
    with pytest.raises(Conflict, match="drawn up anew") as refusal, transaction() as mine:
        signatures.add_envelope(mine, again.batch_id, late, world.network.passphrase)
    assert again.hash in str(refusal.value)
    give(world, SECOND)
    world.settle()
    assert states(session) == {"a": "settled"}
    assert session.scalar(select(func.count()).select_from(Attempt)) == 2


@pytest.mark.usefixtures("channel")
def test_an_order_called_off_meanwhile_is_left_out_and_the_others_are_signed_anew(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    before = world.held(PAYEE.public_key, NATIVE)
    hold(session, safe, FIRST, elsewhere=(SECOND,))
    pay("a", "b")
    world.work()
    old = waiting()
    assert cancel(session, "anchor", "a").state == "recalled"
    session.commit()
    drains.run([drains.COLLECT, drains.SIGN])  # it is due at once
    assert waiting().hash != old.hash
    assert waiting().operations == 1
    give(world, SECOND)
    world.settle()
    assert states(session) == {"a": "cancelled", "b": "settled"}
    assert world.held(PAYEE.public_key, NATIVE) - before == 10_000_000


def test_if_all_are_called_off_the_number_is_spent_by_us_alone(
    world: World, session: Session, safe: Safe, pay: Callable[..., None], channel: str
) -> None:
    hold(session, safe, FIRST, elsewhere=(SECOND,))
    number = session.get_one(Channel, channel).next_sequence
    pay("a")
    world.work()
    cancel(session, "anchor", "a")
    session.commit()
    world.settle()
    world.settle()
    assert states(session) == {"a": "cancelled"}
    assert batch_states(session) == ["closed"]
    assert session.get_one(Channel, channel).next_sequence == number + 1
    draft, last = session.scalars(select(Attempt.max_time).order_by(Attempt.created_at))
    assert last < draft  # what we sign alone need not live as long


@pytest.mark.usefixtures("channel")
def test_what_is_no_signature_of_a_cosigner_is_refused(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    hold(session, safe, FIRST, elsewhere=(SECOND,))
    pay("a")
    world.work()
    for wrong in (STRANGER, FIRST):  # ours is not waited for
        with pytest.raises(Invalid, match=SECOND.public_key):
            give(world, wrong)
    with pytest.raises(Invalid, match="nobody has signed"):
        give(world)
    batch, hash = waiting().batch_id, bytes.fromhex(waiting().hash)
    other = TransactionEnvelope.from_xdr(signed(world), world.network.passphrase)
    other.transaction.sequence += 1
    other.sign(SECOND)
    with pytest.raises(Conflict, match="another transaction"), transaction() as mine:
        signatures.add_envelope(mine, batch, other.to_xdr(), world.network.passphrase)
    with pytest.raises(Invalid, match="XDR"), transaction() as mine:
        signatures.add_envelope(mine, batch, "nonsense", world.network.passphrase)
    for signer, text in ((SECOND, "????"), (SECOND, "AAAA"), (STRANGER, "AAAA")):
        with pytest.raises(Invalid), transaction() as mine:
            signatures.add_signature(mine, batch, signer.public_key, text)
    with pytest.raises(NotFound), transaction() as mine:
        signatures.draft(mine, batch + 1)
    assert waiting().signed == ()
    assert signing.signed_by([SECOND.public_key], hash, SECOND.sign(hash)) == SECOND.public_key


@pytest.mark.usefixtures("channel")
def test_what_the_others_have_signed_is_refused_by_the_network_until_we_sign(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    hold(session, safe, FIRST, elsewhere=(SECOND, THIRD))
    pay("a")
    world.work()
    receipt = horizon.submit(world.network.url, signed(world, SECOND, THIRD))
    assert (receipt.status, receipt.codes.transaction) == ("refused", "tx_bad_auth")


def test_also_a_treasury_that_lends_its_number_is_not_paid_from_without_us(
    world: World, session: Session, safe: Safe, pay: Callable[..., None], organization: Organization
) -> None:
    hold(session, safe, FIRST, elsewhere=(SECOND, THIRD))
    account = horizon.account(world.network.url, safe.address)
    assert account is not None
    founding.lend(session, session.get_one(Treasury, safe.address), account)
    session.commit()
    pay("a")
    world.work()
    receipt = horizon.submit(world.network.url, signed(world, SECOND, THIRD))
    assert (receipt.status, receipt.codes.transaction) == ("refused", "tx_bad_auth")
    give(world, SECOND, THIRD)
    world.settle()
    assert states(session) == {"a": "settled"}


@pytest.mark.usefixtures("channel")
def test_keys_that_cannot_suffice_together_are_told_to_the_operator(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    hold(session, safe, FIRST, elsewhere=(STRANGER,))
    pay("a")
    drains.run([drains.FORM, drains.SIGN])
    session.expire_all()
    assert "weigh 1 together, and 2 are needed" in session.scalars(select(Batch.reason)).one()


@pytest.mark.usefixtures("channel")
def test_merging_an_account_needs_its_high_threshold(world: World, session: Session, safe: Safe, wish: Wish) -> None:
    world.apply(safe.key, SetOptions(high_threshold=3), signers=(FIRST, SECOND), own=False)
    hold(session, safe, FIRST, SECOND, THIRD)
    request(session, wish(owner_key="all", source=safe.address, asset=NATIVE, amount=0, kind="account_merge"))
    session.commit()
    world.settle()
    assert states(session) == {"all": "settled"}
    assert landed_signatures(world, session, "all") == 4
    assert horizon.account(world.network.url, safe.address) is None


@pytest.mark.usefixtures("channel")
def test_a_worker_is_killed_between_collecting_and_writing_down(
    world: World, session: Session, safe: Safe, pay: Callable[..., None], settings: dict[str, Any]
) -> None:
    before = world.held(PAYEE.public_key, NATIVE)
    hold(session, safe, FIRST, elsewhere=(SECOND,))
    pay("a")
    world.work()
    give(world, SECOND)
    killed_at("after_collect", settings)
    assert batch_states(session) == ["signing"]
    world.settle()
    world.settle()
    assert states(session) == {"a": "settled"}
    assert world.held(PAYEE.public_key, NATIVE) - before == 10_000_000


@pytest.mark.usefixtures("channel")
def test_a_signature_that_comes_while_a_worker_looks_is_not_overlooked(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    hold(session, safe, FIRST, elsewhere=(SECOND,))
    pay("a")
    world.work(rounds=1)
    with transaction() as mine:
        hurry(mine, Batch)
    with transaction() as mine:
        [job] = drains.COLLECT.claim(mine, 10)
    fact = drains.COLLECT.act(job)
    give(world, SECOND)
    with transaction() as mine:
        drains.COLLECT.record(mine, job, fact)
    drains.run([drains.COLLECT, drains.TURN])
    assert batch_states(session) == ["live"]


@pytest.mark.usefixtures("channel")
def test_what_was_signed_before_is_not_forgotten_while_a_new_draft_waits(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    before = world.held(PAYEE.public_key, NATIVE)
    hold(session, safe, FIRST, elsewhere=(SECOND,))
    pay("good", "bad")
    world.work()
    give(world, SECOND)
    drains.run([drains.COLLECT])
    xdr = session.scalars(select(Envelope.xdr)).one()
    with transaction() as mine:  # a node names one of them guilty, wrongly
        [batch] = drains.store(mine).lease_live(5)
        bad = mine.scalars(select(Order.id).where(Order.owner_key == "bad")).one()
        drains.store(mine).rebuild(batch, Rebuild("refused", {bad: ("op_malformed", "no")}))
    world.work()
    assert batch_states(session) == ["signing"]
    horizon.submit(world.network.url, xdr)
    world.network.close()
    world.work()
    assert states(session) == {"good": "settled", "bad": "settled"}
    assert world.held(PAYEE.public_key, NATIVE) - before == 20_000_000


def test_what_waits_for_others_leaves_half_of_the_channels_to_the_rest(
    world: World, session: Session, safe: Safe, pay: Callable[..., None], wish: Wish, organization: Organization
) -> None:
    for _ in range(4):
        add_channel(world, session, organization)
    hold(session, safe, FIRST, elsewhere=(SECOND,))
    for memo in "123":
        pay(memo, memo_type="id", memo=memo)
    world.work()
    world.work()
    assert batch_states(session) == ["signing", "signing"]
    request(session, wish(owner_key="of another treasury", asset=NATIVE))
    session.commit()
    world.settle()
    assert states(session)["of another treasury"] == "settled"
    with transaction() as mine:
        first, second = signatures.pending(mine)
    for row in (first, second):
        with transaction() as mine:
            signatures.add_signature(mine, row.batch_id, SECOND.public_key, by_itself(SECOND, row.hash))
    world.settle()
    world.work()
    give(world, SECOND)
    world.settle()
    assert set(states(session).values()) == {"settled"}


@pytest.mark.usefixtures("channel")
def test_what_others_have_signed_is_bid_for_without_them(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    hold(session, safe, FIRST, elsewhere=(SECOND,))
    pay("a")
    world.work()
    world.network.fault("surge", times=8, fee=5000)
    give(world, SECOND)
    for _ in range(9):
        world.settle()
    assert states(session) == {"a": "settled"}
    fees = session.scalars(select(Envelope.fee).order_by(Envelope.created_at)).all()
    assert len(fees) > 1
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1


@pytest.mark.usefixtures("channel")
def test_orders_that_wait_for_others_are_not_overdue_meanwhile(
    world: World, session: Session, safe: Safe, pay: Callable[..., None]
) -> None:
    hold(session, safe, FIRST, elsewhere=(SECOND,))
    pay("a")
    world.work()
    session.expire_all()
    [order] = session.scalars(select(Order))
    assert order.due_at is not None
    assert (order.due_at - order.created_at).total_seconds() > 86_400
