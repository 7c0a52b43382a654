"""SEP-31: a sending anchor announces a payment, says where to report, corrects what was asked for."""

import secrets
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.anchor import sealed
from app.anchor.models import Transaction
from app.anchor.tell import tell
from app.assets import service as assets
from app.assets.models import Asset, Method
from app.clock import read
from app.customers import service as customers
from app.errors import Invalid, NotFound
from app.states import begin, move_one

MEMO_BYTES = 15  # 120 bits nobody guesses; 24 letters of base32, which fit a text memo
EXPIRY_GRACE = timedelta(seconds=120)  # for the stream to have seen what was paid in time


@dataclass(frozen=True)
class Sender:
    """Who asks: the SEP-10 account, with its memo if the token has one."""

    account: str
    memo: str = ""
    client_domain: str = ""


@dataclass(frozen=True)
class NewSend:
    """What SEP-31 ``POST /transactions`` asks for. ``amount`` in stroops of the asset."""

    amount: int
    asset_code: str
    asset_issuer: str = ""
    funding_method: str = ""
    destination_asset: str = ""
    sender_id: str = ""
    receiver_id: str = ""
    refund_memo: str = ""
    refund_memo_type: str = ""
    lang: str = "en"
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Terms:
    """What is settled outside a request: its id, under which home domain it came, and how long it may wait."""

    id: str
    organization_id: str
    home_domain_id: str
    expiry_seconds: int


def create_send(session: Session, terms: Terms, sender: Sender, new: NewSend) -> Transaction:
    """Begin a send, or raise Invalid for what cannot be sent. It waits for its payment, or for its customers first."""
    asset = assets.asset_by_code(session, terms.organization_id, new.asset_code, new.asset_issuer)
    method = assets.method(asset, "send", new.funding_method)
    assets.check_amount(method, new.amount, asset.significant_decimals)
    if new.destination_asset not in ("", method.pays):
        raise Invalid(f"destination_asset must be {method.pays}", destination_asset=new.destination_asset)
    for name, person_id in (("sender_id", new.sender_id), ("receiver_id", new.receiver_id)):
        if person_id and not customers.owned(session, terms.organization_id, person_id, sender.account):
            raise Invalid(f"{name}: no customer of yours has this id")
    transaction = _announced(terms, sender, new, asset, method)
    transaction.expires_at = read(session) + timedelta(seconds=terms.expiry_seconds)
    sealed.keep_fields(transaction, new.fields)
    begin(session, transaction, due_at=transaction.expires_at + EXPIRY_GRACE)
    tell(session, transaction)  # the answer itself says where it stands: nobody can have asked for callbacks yet
    approve_if_ready(session, transaction)
    return transaction


def needed(sender_id: str, receiver_id: str, method: Method) -> list[tuple[str, str]]:
    """Return (customer, SEP-12 type) for each person the method wants to know."""
    wanted = [(sender_id, method.sender_type), (receiver_id, method.receiver_type)]
    return [(person_id, kind) for person_id, kind in wanted if kind]


def approve_if_ready(session: Session, transaction: Transaction) -> bool:
    """Let a send wait for its payment once everybody it concerns is known well enough; say whether it does."""
    people = needed(transaction.sender_id, transaction.receiver_id, transaction.method)
    if not all(customers.ready(session, person_id, kind) for person_id, kind in people):
        return False
    move_one(session, transaction, "approve", due_at=transaction.expires_at + EXPIRY_GRACE)
    tell(session, transaction)
    return True


def set_callback(session: Session, transaction: Transaction, url: str) -> None:
    """Report to ``url`` from now on, in place of any other."""
    sealed.keep_callback(transaction, url)
    session.flush()


def find(session: Session, organization_id: str, sender: Sender, transaction_id: str) -> Transaction:
    """Return the sender's own transaction; raise NotFound for any other, whether it exists or not."""
    transaction = session.get(Transaction, transaction_id)
    if transaction is None or (transaction.organization_id, transaction.account, transaction.account_memo) != (
        organization_id,
        sender.account,
        sender.memo,
    ):
        raise NotFound("transaction not found")
    return transaction


def update_send(session: Session, transaction: Transaction, fields: Mapping[str, str]) -> None:
    """Take in corrected fields (SEP-31 ``PATCH``, deprecated): only those asked for, only while asked for."""
    if transaction.state != "needs_customer" or not transaction.required_info:
        raise Invalid("no information was asked for")
    unknown = sorted(set(fields) - set(transaction.required_info))
    if unknown or not fields:
        raise Invalid(f"not asked for: {', '.join(unknown)}" if unknown else "fields.transaction is empty")
    sealed.keep_fields(transaction, {**sealed.fields(transaction), **fields})
    answer(session, transaction)


def answer(session: Session, transaction: Transaction) -> None:
    """What the rail wanted corrected is corrected: a new order may go to it."""
    move_one(session, transaction, "answer", required_info={}, message="", round=transaction.round + 1)
    tell(session, transaction)


def concerned(session: Session, customer_id: str) -> list[Transaction]:
    """Return the transactions that wait for this customer."""
    waiting = select(Transaction).where(
        (Transaction.sender_id == customer_id) | (Transaction.receiver_id == customer_id),
        Transaction.state.in_(["awaiting_customer", "needs_customer"]),
    )
    return list(session.scalars(waiting.with_for_update(of=Transaction)))


def _announced(terms: Terms, sender: Sender, new: NewSend, asset: Asset, method: Method) -> Transaction:
    return Transaction(
        id=terms.id,
        organization_id=terms.organization_id,
        home_domain_id=terms.home_domain_id,
        protocol="sep31",
        kind="send",
        account=sender.account,
        account_memo=sender.memo,
        client_domain=sender.client_domain,
        lang=new.lang,
        asset=asset,
        method=method,
        rail=method.rail,
        amount_expected=new.amount,
        destination_asset=new.destination_asset,
        sender_id=new.sender_id,
        receiver_id=new.receiver_id,
        receiving_account=asset.distribution,
        memo_type="text",
        memo=b32encode(secrets.token_bytes(MEMO_BYTES)).decode(),
        refund_memo_type=new.refund_memo_type,
        refund_memo=new.refund_memo,
    )
