"""What a sender hears, and what it means."""

import threading

from stellar_sdk import Account, CreateAccount, Keypair, Payment, TransactionBuilder

from tests.sandbox.network.conftest import XLM, problem


def later(call):
    """Run ``call`` in a thread; return what waits for its answer."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()

    def wait():
        thread.join(35)
        return answers[0]

    return wait


def test_sending_waits_for_the_ledger_and_answers_with_the_transaction(shore):
    someone = shore.person()
    envelope = shore.build(someone, Payment(someone.public_key, XLM, "1"))
    shore.net.interval(0.2)
    answer = shore.post("/transactions", envelope)
    assert answer.status_code == 200
    assert (answer.json()["hash"], answer.json()["successful"]) == (envelope.hash_hex(), True)


def test_sending_again_what_has_applied_answers_the_same(shore):
    someone = shore.person()
    envelope = shore.build(someone, Payment(someone.public_key, XLM, "1"))
    shore.post("/transactions_async", envelope)
    shore.net.close()
    first, second = shore.post("/transactions", envelope), shore.post("/transactions", envelope)
    assert (first.status_code, first.json()) == (200, second.json())


def test_a_transaction_that_failed_in_the_ledger_says_why(shore):
    someone = shore.person()
    nobody = Keypair.random()
    shore.net.interval(0.2)
    answer = shore.post("/transactions", shore.build(someone, Payment(nobody.public_key, XLM, "1")))
    name, extras = problem(answer)
    assert (answer.status_code, name) == (400, "transaction_failed")
    assert extras["result_codes"] == {"transaction": "tx_failed", "operations": ["op_no_destination"]}


def test_a_refused_transaction_says_why_at_once(shore):
    someone = shore.person()
    envelope = shore.build(someone, Payment(someone.public_key, XLM, "1"), fee=50)
    name, extras = problem(shore.post("/transactions", envelope))
    assert (name, extras["result_codes"]) == ("transaction_failed", {"transaction": "tx_insufficient_fee"})


def test_a_refused_fee_bump_names_the_inner_code(shore):
    someone, payer = shore.person(), shore.person()
    inner = shore.build(someone, Payment(payer.public_key, XLM, "0"))
    _, extras = problem(shore.post("/transactions", shore.bump(payer, 200, inner)))
    assert extras["result_codes"] == {
        "transaction": "tx_fee_bump_inner_failed",
        "inner_transaction": "tx_failed",
        "operations": ["op_malformed"],
    }


def test_the_four_answers_of_the_queue(shore):
    someone = shore.person()
    first = shore.build(someone, Payment(someone.public_key, XLM, "1"))
    other = shore.build(someone, Payment(someone.public_key, XLM, "2"))
    wrong = shore.build(Keypair.from_secret(someone.secret), fee=100)
    answers = [shore.post("/transactions_async", one) for one in (first, first, other)]
    assert [(one.status_code, one.json()["tx_status"]) for one in answers] == [
        (201, "PENDING"),
        (409, "DUPLICATE"),
        (503, "TRY_AGAIN_LATER"),
    ]
    shore.net.close()
    refused = shore.post("/transactions_async", wrong)
    assert (refused.status_code, refused.json()["tx_status"]) == (400, "ERROR")
    assert refused.json()["error_result_xdr"]


def test_what_is_no_envelope_is_malformed(shore):
    answer = shore.http.post(shore.net.url + "/transactions", data={"tx": "AAAA"})
    assert problem(answer) == ("transaction_malformed", {"envelope_xdr": "AAAA"})
    answer = shore.http.post(shore.net.url + "/transactions", json={"tx": "AAAA"})
    assert (answer.status_code, problem(answer)[0]) == (415, "unsupported_media_type")


def test_friendbot_creates_an_account_once(shore):
    key = Keypair.random()
    made = shore.get(f"/friendbot?addr={key.public_key}")
    assert (made.status_code, made.json()["successful"]) == (200, True)
    assert shore.get(f"/accounts/{key.public_key}").json()["balances"][0]["balance"] == "10000.0000000"
    assert problem(shore.get(f"/friendbot?addr={key.public_key}"))[0] == "bad_request"
    assert problem(shore.get("/friendbot?addr=somebody"))[0] == "bad_request"


def test_friendbot_serves_all_who_ask_between_two_ledgers_in_one(shores):
    shore = shores(close_seconds=0.3)
    keys = [Keypair.random() for _ in range(12)]
    waits = [later(lambda key=key: shore.get(f"/friendbot?addr={key.public_key}")) for key in keys]
    assert {wait().status_code for wait in waits} == {200}
    ledgers = {shore.get(f"/accounts/{key.public_key}").json()["last_modified_ledger"] for key in keys}
    assert len(ledgers) <= 2


def test_a_memo_free_transaction_of_the_sdk_goes_through_without_special_cases(shore, server):
    someone, other = shore.person(), Keypair.random()
    account: Account = server.load_account(someone)
    builder = TransactionBuilder(account, shore.net.passphrase, server.fetch_base_fee())
    envelope = builder.append_operation(CreateAccount(other.public_key, "5")).set_timeout(60).build()
    envelope.sign(someone)
    shore.net.interval(0.2)
    assert server.submit_transaction(envelope)["successful"] is True
