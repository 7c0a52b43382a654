"""SEP-12 as wallets and sending anchors speak it: over HTTP, with a SEP-10 token."""

import io

import pytest
from sqlalchemy import select
from stellar_sdk import Keypair, MuxedAccount

from app.anchor import closing, sends
from app.anchor.models import Transaction
from app.assets import service as assets
from app.customers import service, verification
from app.customers.models import Customer, CustomerFile
from app.db import db, new_id, transaction
from app.messages.models import Message
from tests.sep.conftest import bearer

NAME = {"first_name": "Ada", "last_name": "Lovelace"}
BANK = {"bank_account_number": "0532013000", "bank_number": "37040044"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
ALICE, BOB = (Keypair.from_raw_ed25519_seed(name.ljust(32).encode()).public_key for name in ("alice", "bob"))


class Somebody:
    """A client with a token for ``subject``."""

    def __init__(self, client, subject: str):
        self.client, self.headers = client, bearer(subject)

    def _ask(self, method: str, path: str, **request):
        return self.client.open(f"/sep12/customer{path}", method=method, headers=self.headers, **request)

    def get(self, path: str = "", **query):
        return self._ask("GET", path, query_string=query)

    def put(self, path: str = "", **body):
        return self._ask("PUT", path, json=body)

    def put_form(self, path: str = "", **form):
        return self._ask("PUT", path, data=form, content_type="multipart/form-data")

    def post_file(self, content: bytes):
        form = {"file": (io.BytesIO(content), "passport.png")}
        return self._ask("POST", "/files", data=form, content_type="multipart/form-data")

    def delete(self, account: str, **body):
        return self._ask("DELETE", f"/{account}", **({"json": body} if body else {}))


@pytest.fixture
def north(domain) -> tuple[str, str]:
    """The ids of the organization and its home domain."""
    return domain.organization_id, domain.id


@pytest.fixture
def sign_in(client, north):
    return lambda subject: Somebody(client, subject)


@pytest.fixture
def alice(sign_in):
    return sign_in(ALICE)


@pytest.fixture
def bob(sign_in):
    return sign_in(BOB)


def customer(id: str) -> Customer | None:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get(Customer, id)


def test_somebody_unknown_is_told_what_to_give(alice):
    answer = alice.get(type="sep31-receiver")
    assert answer.status_code == 200
    assert set(answer.json) == {"status", "fields"}
    assert answer.json["status"] == "NEEDS_INFO"
    assert answer.json["fields"]["first_name"] == {"type": "string", "description": "Given or first name"}
    assert answer.json["fields"]["bank_name"]["optional"] is True


def test_whoever_gives_everything_is_accepted(alice):
    answer = alice.put(type="sep31-sender", **NAME)
    assert (answer.status_code, set(answer.json)) == (202, {"id"})
    shown = alice.get(id=answer.json["id"], type="sep31-sender").json
    assert (shown["id"], shown["status"]) == (answer.json["id"], "ACCEPTED")
    assert "fields" not in shown
    assert shown["provided_fields"]["last_name"]["status"] == "ACCEPTED"
    assert alice.get().json == shown


def test_a_value_is_never_shown(alice):
    alice.put(type="sep31-sender", **NAME)
    assert "Lovelace" not in alice.get().text


def test_somebody_known_is_told_what_another_type_wants(alice):
    id = alice.put(type="sep31-sender", **NAME).json["id"]
    shown = alice.get(type="sep31-receiver").json
    assert (shown["id"], shown["status"]) == (id, "NEEDS_INFO")
    assert {name for name, field in shown["fields"].items() if "optional" not in field} == set(BANK)


def test_to_put_again_is_to_update(alice):
    ids = {alice.put(**NAME).json["id"], alice.put(email_address="ada@example.org").json["id"]}
    assert len(ids) == 1
    assert alice.get().json["status"] == "ACCEPTED"


@pytest.mark.parametrize("sent", [{"json": NAME}, {"data": NAME}])
def test_json_and_forms_say_the_same(alice, sent):
    assert alice._ask("PUT", "", **sent).status_code == 202
    assert set(alice.get().json["provided_fields"]) == set(NAME)


def test_numbers_are_texts_and_null_is_nothing(alice):
    assert alice.put(**NAME, occupation=2120, city=None).status_code == 202
    assert set(alice.get().json["provided_fields"]) == {*NAME, "occupation"}


@pytest.mark.parametrize(
    "body",
    [
        {"type": "sep99"},
        {"first_name": {"nested": "Ada"}},
        {"first_name": ["Ada"]},
        {"first_name": True},
        {"first_name": "A\0da"},
        {"first_name": "\ud800"},
        {"birth_date": "yesterday"},
        {"email_address": "ada"},
        {"memo": "ada"},
        {"memo": "1", "memo_type": "return"},
        {"memo": {"id": 1}},
        {"photo_id_front": "aGVsbG8="},
        {"first_name_file_id": "1"},
        {"photo_id_front_file_id": "1"},
        {"photo_id_front_file_id": "\0"},
        {"mobile_number_verification": "123456"},
    ],
)
def test_what_makes_no_sense_is_400(alice, body):
    answer = alice.put(**body)
    assert answer.status_code == 400
    assert isinstance(answer.json["error"], str)


@pytest.mark.parametrize("query", [{"type": "sep99"}, {"id": "a\0b"}, {"memo": "x"}])
def test_a_question_that_makes_no_sense_is_400(alice, query):
    assert alice.get(**query).status_code == 400


def test_a_refused_value_says_which_and_why(alice):
    answer = alice.put(birth_date="10.12.1815", first_name="Ada")
    assert answer.json["fields"] == {"birth_date": "must be a date, as 1999-12-31"}
    assert "id" not in alice.get().json


def test_the_account_itself_may_be_named(alice):
    assert alice.put(account=ALICE, **NAME).status_code == 202
    assert alice.get(account=ALICE).json["status"] == "NEEDS_INFO"
    assert alice.get(account=BOB).status_code == 403
    assert alice.put(account=BOB, **NAME).status_code == 403


def test_memos_tell_customers_of_one_account_apart(sign_in):
    one, two = sign_in(f"{ALICE}:1"), sign_in(f"{ALICE}:2")
    first, second = one.put(**NAME).json["id"], two.put(memo="2", memo_type="id", **NAME).json["id"]
    assert first != second
    assert one.get(memo="1", id=first).status_code == 200


def test_a_token_with_a_memo_speaks_for_that_memo_alone(sign_in):
    one, two = sign_in(f"{ALICE}:1"), sign_in(f"{ALICE}:2")
    id = one.put(**NAME).json["id"]
    assert two.get(id=id).status_code == 404
    assert two.put(id=id, first_name="Eve").status_code == 404
    assert two.get(memo="1").status_code == 403
    assert two.put(memo="1", **NAME).status_code == 403


def test_a_sending_anchor_registers_its_users_under_any_memo(alice, sign_in):
    id = alice.put(memo="7", memo_type="id", **NAME).json["id"]
    assert alice.get(memo="7").json["id"] == id
    assert alice.get(id=id).status_code == 200
    assert alice.put(memo="user 7", memo_type="text", **NAME).json["id"] != id
    assert sign_in(f"{ALICE}:7").get().json["id"] == id


def test_a_muxed_account_is_its_account_with_its_id_as_memo(sign_in):
    muxed = MuxedAccount(ALICE, 7).account_muxed
    user = sign_in(muxed)
    id = user.put(account=muxed, **NAME).json["id"]
    assert user.get(memo="7").json["id"] == id
    assert sign_in(f"{ALICE}:7").get().json["id"] == id
    assert user.get(memo="8").status_code == 403


def test_a_file_in_the_form_is_a_field(alice, session):
    answer = alice.put_form(**NAME, photo_id_front=(io.BytesIO(PNG), "id.png"))
    assert answer.status_code == 202
    shown = alice.get().json["provided_fields"]["photo_id_front"]
    assert (shown["type"], shown["status"]) == ("binary", "ACCEPTED")
    assert session.scalar(select(CustomerFile.customer_id)) == answer.json["id"]


def test_a_file_is_uploaded_then_used(alice):
    file = alice.post_file(PNG).json
    assert (file["content_type"], file["size"]) == ("image/png", len(PNG))
    assert file["expires_at"].endswith("Z") and "customer_id" not in file
    assert alice.get("/files", file_id=file["file_id"]).json == {"files": [file]}
    id = alice.put(**NAME, photo_id_front_file_id=file["file_id"]).json["id"]
    [used] = alice.get("/files", customer_id=id).json["files"]
    assert (used["file_id"], used["customer_id"]) == (file["file_id"], id)
    assert "expires_at" not in used


def test_files_of_others_are_not_listed_nor_used(alice, bob):
    id = alice.post_file(PNG).json["file_id"]
    assert bob.get("/files", file_id=id).json == {"files": []}
    assert bob.get("/files").json == {"files": []}
    assert bob.put(**NAME, photo_id_front_file_id=id).status_code == 400


def test_a_file_too_large_is_413_and_a_strange_one_400(app, alice):
    app.config["CUSTOMER_FILE_BYTES_MAX"] = 20
    assert alice.post_file(PNG).status_code == 413
    assert alice.put_form(**NAME, photo_id_front=(io.BytesIO(PNG), "id.png")).status_code == 413
    assert alice.post_file(b"<svg>").status_code == 400
    app.config["MAX_CONTENT_LENGTH"] = 100
    answer = alice.post_file(bytes(200))
    assert answer.status_code == 413 and isinstance(answer.json["error"], str)
    assert alice._ask("POST", "/files", json={}).status_code == 400


def test_whoever_is_deleted_is_forgotten(alice, sign_in):
    id = alice.put(**NAME).json["id"]
    other = alice.put(memo="1", **NAME).json["id"]
    assert alice.delete(ALICE).status_code == 200
    assert customer(id) is None and customer(other) is not None
    assert "id" not in alice.get().json
    assert alice.delete(ALICE).status_code == 404
    assert alice.delete(ALICE, memo="1", memo_type="id").status_code == 200
    assert customer(other) is None


def test_a_body_of_unknown_length_says_who_is_deleted_too(alice):
    """Read as no body at all, it would delete somebody else."""
    ids = [alice.put(memo=memo, **NAME).json["id"] for memo in ("", "1")]
    body = {"input_stream": io.BytesIO(b'{"memo": "1"}'), "content_type": "application/json"}
    chunked = {**body, "environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}}
    assert alice._ask("DELETE", f"/{ALICE}", **chunked).status_code == 200
    assert [customer(id) is None for id in ids] == [False, True]


def test_only_the_customer_may_delete_them(alice, bob, sign_in):
    alice.put(**NAME)
    assert bob.delete(ALICE).status_code == 401
    assert sign_in(f"{ALICE}:1").delete(ALICE, memo="2").status_code == 401
    assert sign_in(f"{ALICE}:1").delete(ALICE).status_code == 404
    assert alice.get().json["status"] == "NEEDS_INFO" and "id" in alice.get().json


def test_a_callback_hears_of_the_next_status(alice, session):
    id = alice.put(type="sep31-sender", first_name="Ada").json["id"]
    assert alice.put("/callback", id=id, url="https://wallet.example/kyc").status_code == 200
    alice.put(id=id, last_name="Lovelace")
    [message] = session.scalars(select(Message)).all()
    assert (message.subject, message.host) == (f"customer:{id}", "wallet.example")


@pytest.mark.parametrize("url", ["", "wallet.example", "ftp://wallet.example/", "https://user@wallet.example/"])
def test_an_impossible_callback_is_400(alice, url):
    alice.put(**NAME)
    assert alice.put("/callback", url=url).status_code == 400


def test_a_callback_inside_our_walls_is_refused(app, alice):
    app.config["ALLOW_PRIVATE_ADDRESSES"] = False
    alice.put(**NAME)
    for url in ("https://127.0.0.1/", "http://wallet.example/", "https://169.254.169.254/latest"):
        assert alice.put("/callback", url=url).status_code == 400


def test_nobody_unknown_has_a_callback(alice):
    assert alice.put("/callback", url="https://wallet.example/").status_code == 404


def _challenged(client, **way) -> tuple[str, str]:
    id = client.put(type="sep31-sender", **NAME, mobile_number="+14155550123").json["id"]
    with transaction() as session:
        return id, verification.challenge(session, id, "mobile_number")


def test_a_field_is_verified_by_its_code(alice):
    id, code = _challenged(alice)
    shown = alice.get(id=id).json
    assert shown["status"] == "NEEDS_INFO"
    assert shown["provided_fields"]["mobile_number"]["status"] == "VERIFICATION_REQUIRED"
    assert "mobile_number_verification" in shown["fields"]
    assert alice.put(id=id, mobile_number_verification=code).status_code == 202
    assert alice.get(id=id).json["status"] == "ACCEPTED"


def test_the_old_way_to_verify_is_still_there(alice):
    id, code = _challenged(alice)
    answer = alice.put("/verification", id=id, mobile_number_verification=code)
    assert (answer.status_code, answer.json["status"]) == (200, "ACCEPTED")


def test_wrong_codes_are_400_and_counted(alice):
    id, code = _challenged(alice)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(verification.TRIES_MAX):
        assert alice.put("/verification", id=id, mobile_number_verification=wrong).status_code == 400
    assert alice.put("/verification", id=id, mobile_number_verification=code).status_code == 400


def test_a_refused_field_is_shown_with_the_reason(alice):
    id = alice.put(type="sep31-receiver", **NAME, **BANK).json["id"]
    with transaction() as session:
        service.ask(session, id, {"bank_account_number": "the bank knows no such account", "city": "where?"})
    shown = alice.get(id=id).json
    assert shown["status"] == "NEEDS_INFO"
    assert {name for name, field in shown["fields"].items() if "optional" not in field} == {
        "bank_account_number",
        "city",
    }
    refused = shown["provided_fields"]["bank_account_number"]
    assert (refused["status"], refused["error"]) == ("REJECTED", "the bank knows no such account")


def test_the_rejected_are_told_so(alice):
    id = alice.put(**NAME).json["id"]
    with transaction() as session:
        service.decide(session, id, "rejected", "we may not serve you")
    shown = alice.get(id=id).json
    assert (shown["status"], shown["message"]) == ("REJECTED", "we may not serve you")
    assert "fields" not in shown


def test_under_review_a_customer_is_being_processed(app, alice):
    app.config["CUSTOMER_REVIEW"] = True
    id = alice.put(type="sep31-sender", **NAME).json["id"]
    shown = alice.get(id=id).json
    assert (shown["status"], shown["provided_fields"]["first_name"]["status"]) == ("PROCESSING", "PROCESSING")


@pytest.fixture
def announce(north):
    """Announce a SEP-31 transaction of ALICE, committed; return its id."""
    organization_id, home_domain_id = north
    asset = f"stellar:USDC:{BOB}"
    with transaction() as session:
        id = assets.add_asset(session, assets.NewAsset(organization_id, asset, BOB)).id
        types = {"sender_type": "sep31-sender", "receiver_type": "sep31-receiver-cash"}
        assets.add_method(session, id, "cash", kind="send", rail="bank", pays="iso4217:USD", **types)

    def announcing(**new: str) -> str:
        wish = sends.NewSend(amount=10**9, asset_code="USDC", **new)
        terms = sends.Terms(new_id(), organization_id, home_domain_id, 3600)
        with transaction() as session:
            return sends.create_send(session, terms, sends.Sender(ALICE), wish).id

    return announcing


def _state(transaction_id: str) -> str:
    with transaction() as session:
        closing.hear_customers(session, 10)
    db.session.expire_all()
    return db.session.get(Transaction, transaction_id).state


def test_a_transaction_says_what_it_wants_of_whom(alice, announce):
    id = announce()
    wanted = alice.get(transaction_id=id, type="sep31-receiver").json
    assert wanted["status"] == "NEEDS_INFO" and "id" not in wanted
    assert {name for name, field in wanted["fields"].items() if "optional" not in field} == set(NAME)


def test_the_people_of_a_transaction_are_registered_by_it(alice, announce):
    id = announce()
    ids = {
        alice.put(transaction_id=id, type=role, **NAME).json["id"] for role in ("sep31-sender", "sep31-receiver") * 2
    }
    assert len(ids) == 2
    assert {alice.get(id=person).json["status"] for person in ids} == {"ACCEPTED"}
    assert alice.get(transaction_id=id, type="sep31-receiver").json["id"] in ids
    assert "id" not in alice.get().json  # they are not the sending anchor itself
    assert _state(id) == "awaiting_payment"


def test_people_named_beforehand_are_found_by_the_transaction(alice, sign_in, announce):
    sender, receiver = (alice.put(memo=memo, **NAME).json["id"] for memo in ("1", "2"))
    id = announce(sender_id=sender, receiver_id=receiver)
    assert alice.get(transaction_id=id, type="sep31-sender").json["id"] == sender
    assert alice.put(transaction_id=id, type="sep31-receiver", city="London").json["id"] == receiver


def test_a_transaction_is_its_owners_alone(alice, bob, sign_in, announce):
    id = announce()
    for stranger in (bob, sign_in(f"{ALICE}:1")):
        assert stranger.get(transaction_id=id, type="sep31-sender").status_code == 404
        assert stranger.put(transaction_id=id, type="sep31-sender", **NAME).status_code == 404
    assert alice.get(transaction_id="nothing", type="sep31-sender").status_code == 404
    assert alice.get(transaction_id=id, type="sep6").status_code == 400
    assert alice.get(transaction_id=id).status_code == 400


def test_who_was_registered_for_a_transaction_is_deleted_with_their_account(alice, announce):
    id = alice.put(transaction_id=announce(), type="sep31-receiver", **NAME).json["id"]
    assert alice.delete(ALICE).status_code == 200
    assert customer(id) is None
