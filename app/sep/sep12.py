"""SEP-12 1.15: what we need to know of people, what they gave, how they stand."""

from collections.abc import Mapping
from typing import Any

from flask import request
from marshmallow import EXCLUDE, Schema, fields
from sqlalchemy.orm import Session
from werkzeug.exceptions import Unauthorized

from app import clock
from app.anchor import parties, sends
from app.anchor.parties import Meant
from app.customers import files, queries, verification
from app.customers import service as customers
from app.customers.fields import named
from app.customers.models import CustomerFile
from app.customers.requirements import requirement
from app.customers.standing import show
from app.db import transaction
from app.errors import Forbidden, Invalid, NotFound
from app.sep import bodies, persons
from app.sep.auth import Caller, authenticated
from app.sep.frame import door

blueprint = door("sep12")


class Callback(persons.Asked):
    url = fields.String(required=True, validate=bodies.reachable)


class FilesAsked(Schema):
    class Meta:
        unknown = EXCLUDE

    file_id = fields.String(load_default="")
    customer_id = fields.String(load_default="")


@blueprint.get("/customer")
@authenticated
def get_customer(caller: Caller) -> dict[str, Any]:
    asked = bodies.load(persons.Asked(), persons.texts(request.args))
    with transaction() as session:
        meant = _meant(session, caller, asked)
        types = meant.customer.types if meant.customer and not meant.kind else [meant.kind]
        return show(meant.customer, requirement(types))


@blueprint.put("/customer")
@authenticated
def put_customer(caller: Caller) -> tuple[dict[str, str], int]:
    sent = persons.texts(bodies.body())
    asked = bodies.load(persons.Asked(), sent)
    with transaction() as session:
        meant = _meant(session, caller, asked)
        customer = parties.register(session, meant, asked["type"], caller.home_domain_id)
        customers.update(session, customer, {**persons.values(sent), **_uploaded(session, caller)}, meant.kind)
        wrong = verification.verify(session, customer, persons.codes(sent))
        id = customer.id
    _refuse(wrong)
    return {"id": id}, 202


@blueprint.delete("/customer/<account>")
@authenticated
def delete_customer(caller: Caller, account: str) -> dict[str, str]:
    sent = persons.texts(bodies.body() if request.get_data() else request.args)
    try:
        who = persons.named(caller, bodies.load(persons.Asked(), {**sent, "account": account}))
    except Forbidden as refusal:
        raise Unauthorized(refusal.message) from None
    with transaction() as session:
        everybody = queries.everybody(session, who)
        for customer in everybody:
            parties.erase(session, customer)
    if not everybody:
        raise NotFound("there is no such customer")
    return {}


@blueprint.put("/customer/callback")
@authenticated
def put_callback(caller: Caller) -> dict[str, str]:
    asked = bodies.load(Callback(), persons.texts(bodies.body()))
    with transaction() as session:
        customers.call_back(session, _meant(session, caller, asked).known, asked["url"])
    return {}


@blueprint.put("/customer/verification")
@authenticated
def put_verification(caller: Caller) -> dict[str, Any]:
    """Take codes as ``PUT /customer`` does; deprecated, and still what wallets call."""
    sent = persons.texts(bodies.body())
    with transaction() as session:
        customer = _meant(session, caller, bodies.load(persons.Asked(), sent)).known
        wrong = verification.verify(session, customer, persons.codes(sent))
        shown = show(customer, requirement(customer.types))
    _refuse(wrong)
    return shown


@blueprint.post("/customer/files")
@authenticated
def post_file(caller: Caller) -> dict[str, Any]:
    if "file" not in request.files:
        raise Invalid("send the file as multipart/form-data, called file")
    with transaction() as session:
        return _file(files.keep(session, persons.caller_identity(caller), request.files["file"].read()))


@blueprint.get("/customer/files")
@authenticated
def get_files(caller: Caller) -> dict[str, Any]:
    asked = bodies.load(FilesAsked(), persons.texts(request.args))
    with transaction() as session:
        found = files.files(session, persons.caller_identity(caller), asked["file_id"], asked["customer_id"])
        return {"files": [_file(file) for file in found]}


def _meant(session: Session, caller: Caller, asked: Mapping[str, str]) -> Meant:
    who = persons.named(caller, asked)
    if not asked["transaction_id"]:
        customer = queries.get(session, who, asked["id"]) if asked["id"] else queries.find(session, who)
        return Meant(customer, who, asked["type"])
    sender = sends.Sender(caller.account, caller.user)
    found = sends.find(session, caller.organization_id, sender, asked["transaction_id"])
    named = who if asked["memo"] else parties.in_transaction(found, asked["type"], who)
    return parties.meant(session, found, asked["type"], named)


def _uploaded(session: Session, caller: Caller) -> dict[str, str]:
    """Keep the files sent as parts of the form; return SEP-9 field → file id."""
    who = persons.caller_identity(caller)
    sent = {name: part.read() for name, part in request.files.items() if named(name).binary}
    return {name: files.keep(session, who, content).id for name, content in sent.items() if content}


def _refuse(wrong: list[str]) -> None:
    if wrong:
        raise Invalid(f"not the code that was sent, or too late: {', '.join(wrong)}", code="wrong_code")


def _file(file: CustomerFile) -> dict[str, Any]:
    expiry = {"expires_at": clock.shown(file.expires_at)} if file.expires_at else {}
    owner = {"customer_id": file.customer_id} if file.customer_id else {}
    return {"file_id": file.id, "content_type": file.content_type, "size": file.size_bytes, **expiry, **owner}
