"""SEP-31's door: known sending anchors only, tolerant of what they say, silent about what is not theirs."""

import json

import pytest
from stellar_sdk import Keypair

from app.anchor.models import Transaction
from app.customers import service as customers
from app.customers.identities import Identity
from app.db import transaction
from app.organizations import service as organizations
from tasks import celery
from tasks.drain import DRAINS
from tests.sep.conftest import UNIT

SENDER = {"first_name": "Ada", "last_name": "Lovelace"}
RECEIVER = {"first_name": "Grace", "last_name": "Hopper", "bank_account_number": "12345678", "bank_number": "0042"}


@pytest.fixture
def known(session, domain, alice):
    organizations.add_partner(session, domain.organization_id, alice.public_key, "Alice's anchor")
    session.commit()
    return alice


@pytest.fixture
def api(client, wallet, known, asset):
    return Api(client, wallet.token(known))


class Api:
    def __init__(self, client, token):
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}

    def post(self, **body):
        return self.client.post("/sep31/transactions", json=body, headers=self.headers)

    def get(self, key):
        return self.client.get(f"/sep31/transactions/{key}", headers=self.headers)

    def patch(self, key, fields):
        body = {"fields": {"transaction": fields}}
        return self.client.patch(f"/sep31/transactions/{key}", json=body, headers=self.headers)

    def callback(self, key, url):
        return self.client.put(f"/sep31/transactions/{key}/callback", json={"url": url}, headers=self.headers)


@pytest.fixture
def people(domain, known):
    with transaction() as session:
        home = organizations.home_domain(session)
        organization_id, home_domain_id = home.organization_id, home.id

    def register(memo, fields, kind, account=known.public_key):
        with transaction() as session:
            who = Identity(organization_id, account, memo, "id")
            customer = customers.register(session, who, home_domain_id)
            customers.update(session, customer, fields, kind)
            return customer.id

    return register


@pytest.fixture
def pair(people):
    return {"sender_id": people("1", SENDER, "sep31-sender"), "receiver_id": people("2", RECEIVER, "sep31-receiver")}


def test_info_says_what_can_be_sent_and_by_which_method(client, domain, asset):
    answer = client.get("/sep31/info")
    [usdc] = answer.json["receive"].values()
    assert list(answer.json["receive"]) == ["USDC"]
    assert usdc["funding_methods"] == ["bank_account"]
    assert (usdc["min_amount"], usdc["max_amount"], usdc["fee_fixed"], usdc["fee_percent"]) == (0.5, 1000, 0.1, 0)
    assert set(usdc["sep12"]) == {"sender", "receiver"}
    assert "sep31-receiver" in usdc["sep12"]["receiver"]["types"]
    assert '"min_amount": 0.5' in answer.text


def test_a_send_with_known_people_waits_for_its_payment_at_once(api, pair):
    answer = api.post(amount="100.00", asset_code="USDC", funding_method="bank_account", **pair)
    assert answer.status_code == 201
    assert set(answer.json) == {"id", "stellar_account_id", "stellar_memo_type", "stellar_memo"}
    shown = api.get(answer.json["id"]).json["transaction"]
    assert (shown["status"], shown["amount_in"]) == ("pending_sender", "100.00")
    assert shown["stellar_memo"] == answer.json["stellar_memo"]
    assert shown["started_at"].endswith("Z")


@pytest.mark.parametrize(
    ("amount", "shown"), [(100, "100.00"), (100.5, "100.50"), ("100.5", "100.50"), ("100", "100.00")]
)
def test_an_amount_may_be_text_or_a_number(api, pair, amount, shown):
    answer = api.post(amount=amount, asset_code="USDC", **pair)
    assert answer.status_code == 201
    assert api.get(answer.json["id"]).json["transaction"]["amount_in"] == shown


def test_where_there_is_one_method_it_need_not_be_named(api, pair):
    assert api.post(amount=1, asset_code="USDC", **pair).status_code == 201


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"asset_code": "USDC"}, "amount: Missing data"),
        ({"amount": "1e3", "asset_code": "USDC"}, "is not an amount"),
        ({"amount": -5, "asset_code": "USDC"}, "is not an amount"),
        ({"amount": True, "asset_code": "USDC"}, "is not an amount"),
        ({"amount": "0.001", "asset_code": "USDC"}, "more than 2 decimals"),
        ({"amount": "0.25", "asset_code": "USDC"}, "outside the limits"),
        ({"amount": "1000.01", "asset_code": "USDC"}, "outside the limits"),
        ({"amount": "99999999999999999999", "asset_code": "USDC"}, "the most there can be"),
        ({"amount": 1, "asset_code": "EURC"}, "not one of ours"),
        ({"amount": 1, "asset_code": "USDC", "asset_issuer": "G" + "A" * 55}, "not one of ours"),
        ({"amount": 1, "asset_code": "USDC", "funding_method": "pigeon"}, "funding_method must be one of"),
        ({"amount": 1, "asset_code": "USDC", "destination_asset": "iso4217:BRL"}, "destination_asset must be"),
        ({"amount": 1, "asset_code": "USDC", "quote_id": "q"}, "quotes are not supported"),
        ({"amount": 1, "asset_code": "USDC", "refund_memo": "7"}, "together"),
        ({"amount": 1, "asset_code": "USDC", "refund_memo": "x", "refund_memo_type": "id"}, "memo"),
        ({"amount": 1, "asset_code": "USDC", "fields": {"transaction": {"a": 1}}}, "an object of texts"),
        ({"amount": 1, "asset_code": "USDC", "fields": {"transaction": {"a": "x" * 1001}}}, "at most 1000 characters"),
        ({"amount": 1, "asset_code": "USDC", "lang": "x" * 36}, "lang: Longer than"),
        ({"amount": 1, "asset_code": "USDC", "refund_memo": "\ud800", "refund_memo_type": "text"}, "no text of ours"),
        ({"amount": 1, "asset_code": "USDC", "fields": {"transaction": {"\0": "a"}}}, "no text of ours"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_a_sentence(api, pair, body, why):
    answer = api.post(**body, **pair)
    assert answer.status_code == 400
    assert why in answer.json["error"]


def test_people_who_are_wanted_must_be_named(api, pair):
    answer = api.post(amount=1, asset_code="USDC", sender_id=pair["sender_id"])
    assert answer.status_code == 400
    assert answer.json == {"error": "customer_info_needed", "type": "sep31-receiver"}


def test_somebody_else_s_customer_cannot_be_named(api, people, pair):
    stranger = people("9", RECEIVER, "sep31-receiver", account=Keypair.random().public_key)
    answer = api.post(amount=1, asset_code="USDC", **{**pair, "receiver_id": stranger})
    assert (answer.status_code, answer.json["error"]) == (400, "receiver_id: no customer of yours has this id")


def test_until_its_people_are_known_a_send_shows_no_memo(api, people, pair, app):
    unfinished = people("3", {"first_name": "Grace"}, "sep31-receiver")
    answer = api.post(amount=1, asset_code="USDC", sender_id=pair["sender_id"], receiver_id=unfinished)
    assert (answer.status_code, set(answer.json)) == (201, {"id"})
    assert api.get(answer.json["id"]).json["transaction"]["status"] == "pending_customer_info_update"


def test_once_its_people_are_known_it_waits_for_its_payment(api, people, pair, drained):
    unfinished = people("3", {"first_name": "Grace"}, "sep31-receiver")
    key = api.post(amount=1, asset_code="USDC", sender_id=pair["sender_id"], receiver_id=unfinished).json["id"]
    people("3", RECEIVER, "sep31-receiver")
    drained("hear_customers")
    shown = api.get(key).json["transaction"]
    assert shown["status"] == "pending_sender"
    assert shown["stellar_memo"]


def test_an_anchor_we_do_not_know_is_refused_everywhere(client, wallet, known, asset):
    stranger = Api(client, wallet.token(Keypair.random()))
    assert stranger.post(amount=1, asset_code="USDC").status_code == 403
    assert stranger.get("1").status_code == 403
    assert stranger.patch("1", {}).status_code == 403
    assert stranger.callback("1", "http://127.0.0.1/").status_code == 403


@pytest.mark.parametrize("key", ["x", "1'; --", "é", "00000000-0000-4000-8000-000000000000"])
def test_a_transaction_that_does_not_exist_is_404(api, key):
    assert api.get(key).status_code == 404


def test_a_text_no_database_can_hold_is_refused(api):
    assert api.get("%00").status_code == 400
    assert api.post(amount=1, asset_code="USDC", sender_id="\0").status_code == 400


def test_a_callback_is_taken_and_replaced(api, pair):
    key = api.post(amount=1, asset_code="USDC", **pair).json["id"]
    assert api.callback(key, "http://127.0.0.1:9/a").status_code == 204
    assert api.callback(key, "http://127.0.0.1:9/b").status_code == 204
    assert api.callback(key, "ftp://127.0.0.1/").status_code == 400
    assert api.callback(key, "not a url").status_code == 400


def test_information_is_taken_only_while_it_is_asked_for(api, pair, session):
    key = api.post(amount=1, asset_code="USDC", **pair).json["id"]
    assert api.patch(key, {"bank_account_number": "1"}).status_code == 400


def test_what_was_asked_for_can_be_sent_by_patch(api, pair):
    key = api.post(amount=1, asset_code="USDC", **pair).json["id"]
    with transaction() as session:
        row = session.get(Transaction, key)
        row.amount_in = row.amount_out = UNIT
        row.state, row.required_info = "needs_customer", {"bank_account_number": "no such account"}
    shown = api.get(key).json["transaction"]
    assert shown["required_info_updates"] == {
        "transaction": {"bank_account_number": {"description": "no such account"}}
    }
    assert api.patch(key, {"nobody_asked": "1"}).status_code == 400
    assert api.patch(key, {}).status_code == 400
    answer = api.patch(key, {"bank_account_number": "87654321"})
    assert (answer.status_code, answer.json["transaction"]["status"]) == (200, "pending_receiver")


def test_a_browser_may_ask_with_any_header(client, domain):
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, sentry-trace"}
    answer = client.options("/sep31/transactions", headers={"Origin": "https://wallet.example", **wanted})
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, sentry-trace"


def test_the_memo_cannot_be_guessed_and_is_nobody_else_s(api, pair):
    memos = {api.post(amount=1, asset_code="USDC", **pair).json["stellar_memo"] for _ in range(20)}
    assert len(memos) == 20
    assert all(len(memo) == 24 for memo in memos)


def test_what_the_sender_said_of_accounts_lies_sealed(api, pair, session):
    fields = {"transaction": {"bank_account_number": "CANARY-4711"}}
    key = api.post(amount=1, asset_code="USDC", fields=fields, **pair).json["id"]
    api.callback(key, "http://127.0.0.1:9/CANARY-4712")
    stored = json.dumps([str(row) for row in session.connection().exec_driver_sql('SELECT * FROM "transaction"')])
    assert "CANARY" not in stored


@pytest.mark.parametrize(
    "state", ["received", "executing", "initiated", "completed", "refunding", "refunded", "failed"]
)
def test_every_state_can_be_shown(api, pair, state):
    key = api.post(amount=1, asset_code="USDC", **pair).json["id"]
    with transaction() as session:
        row = session.get(Transaction, key)
        row.state, row.amount_in, row.amount_fee, row.amount_out = state, UNIT, 0, UNIT
    shown = api.get(key).json["transaction"]
    assert (shown["amount_in"], shown["amount_out"], shown["fee_details"]["total"]) == ("1.00", "1.00", "0.00")


@pytest.fixture
def drained(app):
    celery.loader.import_default_modules()
    return lambda name: DRAINS[name].once()
