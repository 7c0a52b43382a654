"""The verbs of customers. Whoever changes one holds its row; whoever waits for one hears of it through the news."""

import json
from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import states
from app.customers import files, queries
from app.customers.fields import VOLUNTEERED, Field, checked, named
from app.customers.identities import Identity
from app.customers.models import Customer, CustomerField, CustomerFile, News
from app.customers.requirements import requirement
from app.customers.seals import callback_of, error_of, value_of
from app.customers.standing import show, status
from app.customers.states import DECIDED, EVENTS, GIVEN, REJECTED, UNVERIFIED, WANTED
from app.db import new_id
from app.errors import Invalid, NotFound
from app.messages import service as messages
from app.messages.acts import url_host
from app.messages.service import Letter
from app.vault import seals


def register(session: Session, who: Identity, home_domain_id: str) -> Customer:
    """Return the customer known by this name, new or not."""
    known = queries.find(session, who)
    if known is not None:
        return known
    customer = Customer(id=new_id(), home_domain_id=home_domain_id, types=[], fields=[], **vars(who))
    try:
        with session.begin_nested():
            return states.begin(session, customer)
    except IntegrityError:  # somebody else registered them at the same moment
        return register(session, who, home_domain_id)


def update(session: Session, customer: Customer, given: Mapping[str, str], kind: str = "") -> None:
    """Take what a customer gives: SEP-9 field → text, or the id of an uploaded file. The same again changes nothing.

    Raise Invalid, naming each field that is wrong, without taking any. Names nobody knows or asked for are left out.
    """
    customer = hold(session, customer.id)
    types = customer.types if kind in customer.types or not kind else [*customer.types, kind]
    wanted = requirement(types)
    known = {*VOLUNTEERED, *wanted.required, *wanted.optional, *(field.name for field in customer.fields)}
    changed, wrong = types != customer.types, {}
    for name, value in given.items():
        field = named(name)
        if value and field.name in known:
            try:
                changed |= _take(session, customer, field, value)
            except ValueError as error:
                wrong[name] = str(error)
    if wrong:
        words = "; ".join(f"{name}: {why}" for name, why in wrong.items())
        raise Invalid(words, code="invalid_fields", fields=wrong)
    customer.types = types
    if changed:
        files.drop_unused(session, customer)
        customer.verdict = "" if customer.verdict == "accepted" else customer.verdict
        settle(session, customer)


def ask(session: Session, customer_id: str, fix: Mapping[str, str]) -> None:
    """Ask for fields, whether they were given or not: SEP-9 field → why. The customer has to give each (again)."""
    customer = hold(session, customer_id)
    for name, why in fix.items():
        field = _row(customer, named(name).name)
        field.standing = REJECTED if field.value or field.file_id else WANTED
        field.error = seals().seal(why, error_of(customer.id, field.name))
    settle(session, customer)


def decide(session: Session, customer_id: str, verdict: str, message: str = "") -> None:
    """Accept or reject, as an operator; "" takes it back. ``message`` says to the rejected why."""
    customer = hold(session, customer_id)
    customer.verdict, customer.message = verdict, message
    settle(session, customer)


def call_back(session: Session, customer: Customer, url: str) -> None:
    """Tell ``url`` of each new status, until they are accepted or rejected. An earlier URL is told no more."""
    url_host(url)  # raises Invalid for what is no URL
    customer = hold(session, customer.id)
    customer.callback_url = seals().seal(url, callback_of(customer.id))


def erase(session: Session, customer: Customer) -> None:
    """Delete whatever we know of a customer: values, files, what was about to be said."""
    customer = hold(session, customer.id)
    unused = (
        CustomerFile.organization_id == customer.organization_id,
        CustomerFile.account == customer.account,
        CustomerFile.memo == customer.memo,
        CustomerFile.memo_type == customer.memo_type,
        CustomerFile.customer_id.is_(None),
    )
    messages.forget(session, _subject(customer))
    session.execute(delete(CustomerFile).where(*unused))
    session.delete(customer)
    session.flush()


def ready(session: Session, customer_id: str, kind: str = "") -> bool:
    """Say whether a customer is accepted as a ``kind``, and keep it so until the transaction ends."""
    locked = select(Customer).where(Customer.id == customer_id).with_for_update(read=True)
    customer = session.scalar(locked.execution_options(populate_existing=True))
    if customer is None:
        return False
    return status(customer, requirement([kind] if kind else customer.types)) == "accepted"


def owned(session: Session, organization_id: str, customer_id: str, account: str) -> bool:
    """Say whether ``account``, under whatever memo, registered this customer."""
    customer = session.get(Customer, customer_id)
    return customer is not None and Identity(organization_id, account).owns(customer)


def values(session: Session, customer_id: str) -> dict[str, str]:
    """Return what a customer gave: SEP-9 field → text, files left out. For a rail's eyes only."""
    held = select(CustomerField).where(CustomerField.customer_id == customer_id, CustomerField.value.is_not(None))
    return {
        field.name: seals().open(field.value, value_of(customer_id, field.name)).decode()  # type: ignore[arg-type]
        for field in session.scalars(held.order_by(CustomerField.name))
    }


def take_news(session: Session, limit: int) -> list[str]:
    """Return the ids of up to ``limit`` customers who changed, once: by this commit those who wait have heard of it."""
    fresh = select(News.id).order_by(News.id).limit(limit).with_for_update(skip_locked=True)
    taken = delete(News).where(News.id.in_(fresh)).returning(News.customer_id)
    return list(dict.fromkeys(session.scalars(taken)))


def settle(session: Session, customer: Customer) -> None:
    """After any change: move the customer where the facts say, tell their callback, and leave the news."""
    session.flush()
    stands = status(customer, requirement(customer.types))
    if stands != customer.state:
        states.move_one(session, customer, EVENTS[stands])
        _tell(session, customer)
    states.begin(session, News(customer_id=customer.id))


def hold(session: Session, customer_id: str) -> Customer:
    """Return the customer as they are now, and let nobody else change them before the transaction ends."""
    locked = select(Customer).where(Customer.id == customer_id).with_for_update(of=Customer)
    customer = session.scalar(locked.execution_options(populate_existing=True))
    if customer is None:
        raise NotFound("there is no such customer")
    return customer


def _take(session: Session, customer: Customer, field: Field, value: str) -> bool:
    """Take one value, and say whether it is a new one; raise ValueError saying why it cannot be taken."""
    kept = value if field.binary else checked(field, value)
    if field.binary:
        files.attach(session, customer, value)
    row = _row(customer, field.name)
    if row.standing in (GIVEN, UNVERIFIED) and kept == _given(row):
        return False
    row.value = None if field.binary else seals().seal(kept, value_of(customer.id, field.name))
    row.file_id = kept if field.binary else None
    row.standing = UNVERIFIED if row.standing == UNVERIFIED else GIVEN
    row.error, row.code = None, ""
    return True


def _row(customer: Customer, name: str) -> CustomerField:
    """Return the customer's field, a wanted one if they have none of this name."""
    row = next((row for row in customer.fields if row.name == name), None)
    if row is None:
        row = CustomerField(customer_id=customer.id, name=name, standing=WANTED)
        customer.fields.append(row)
    return row


def _given(row: CustomerField) -> str | None:
    if row.value is None:
        return row.file_id
    return seals().open(row.value, value_of(row.customer_id, row.name)).decode()


def _tell(session: Session, customer: Customer) -> None:
    if customer.callback_url is None:
        return
    url = seals().open(customer.callback_url, callback_of(customer.id)).decode()
    body = json.dumps(show(customer, requirement(customer.types))).encode()
    letter = Letter(customer.organization_id, "callback", url, _subject(customer), body, customer.home_domain_id)
    messages.say(session, letter)
    if customer.state in DECIDED:  # SEP-12: then whoever still wants to know registers again
        customer.callback_url = None


def _subject(customer: Customer) -> str:
    return f"customer:{customer.id}"
