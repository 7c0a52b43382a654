"""What Horizon's face shows, and how it refuses."""

import pytest
from stellar_sdk import (
    Asset,
    ChangeTrust,
    Claimant,
    ClaimClaimableBalance,
    ClaimPredicate,
    CreateClaimableBalance,
    InvokeHostFunction,
    ManageData,
    ManageSellOffer,
    MuxedAccount,
    PathPaymentStrictReceive,
    PathPaymentStrictSend,
    Payment,
    SetOptions,
    TextMemo,
    scval,
)
from stellar_sdk import xdr as X

from tests.sandbox.network.conftest import XLM, problem

UNKNOWN = "GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7"


@pytest.fixture
def market(shore):
    """An issuer, a maker who sells euros for dollars, and a taker who has dollars."""
    issuer, maker, taker = shore.person(), shore.person(), shore.person()
    usd, eur = Asset("USD", issuer.public_key), Asset("EUR", issuer.public_key)
    for one in (maker, taker):
        shore.do(one, ChangeTrust(usd), ChangeTrust(eur))
    shore.do(issuer, Payment(maker.public_key, eur, "500"), Payment(taker.public_key, usd, "500"))
    shore.do(maker, ManageSellOffer(eur, usd, "100", "1.1"), ManageSellOffer(eur, usd, "100", "1.25"))
    return issuer, maker, taker, usd, eur


def fields(asset, prefix=""):
    """How an asset is asked for in three fields."""
    return f"{prefix}asset_type={asset.type}&{prefix}asset_code={asset.code}&{prefix}asset_issuer={asset.issuer}"


def test_the_root_says_which_network_this_is(shore):
    root = shore.get("/").json()
    assert root["network_passphrase"] == shore.net.passphrase
    assert root["history_latest_ledger"] == root["core_latest_ledger"] == shore.net.show()["ledger"]
    assert root["_links"]["friendbot"] == {"href": f"{shore.net.url}/friendbot{{?addr}}", "templated": True}


def test_an_account_shows_its_lines_data_signers_and_last_its_lumens(shore, market):
    maker = market[1]
    shore.do(maker, ManageData("colour", b"blue"), SetOptions(home_domain="example.com"))
    shown = shore.get(f"/accounts/{maker.public_key}").json()
    lines = [(line.get("asset_code"), line["balance"], line["selling_liabilities"]) for line in shown["balances"]]
    assert lines == [
        ("EUR", "500.0000000", "200.0000000"),
        ("USD", "0.0000000", "0.0000000"),
        (None, "9999.9999400", "0.0000000"),
    ]
    assert shown["data"] == {"colour": "Ymx1ZQ=="}
    assert shown["subentry_count"] == 5
    assert shown["signers"] == [{"weight": 1, "key": maker.public_key, "type": "ed25519_public_key"}]
    assert shown["home_domain"] == "example.com"
    assert shore.get(f"/accounts/{maker.public_key}/data/colour").json() == {"value": "Ymx1ZQ=="}


def test_an_unknown_account_has_no_history(shore):
    assert problem(shore.get(f"/accounts/{UNKNOWN}/payments"))[0] == "not_found"
    assert problem(shore.get(f"/accounts/{UNKNOWN}"))[0] == "not_found"
    assert problem(shore.get("/accounts/GARBAGE"))[0] == "bad_request"


def test_accounts_are_found_by_asset_and_by_signer(shore, market):
    issuer, maker, taker, usd, _ = market
    by_asset = shore.records(f"/accounts?asset=USD:{issuer.public_key}")
    assert {one["id"] for one in by_asset} == {maker.public_key, taker.public_key}
    by_signer = shore.records(f"/accounts?signer={maker.public_key}")
    assert [one["id"] for one in by_signer] == [maker.public_key]
    assert problem(shore.get("/accounts"))[0] == "invalid_accounts_params"


def test_payments_are_creations_payments_path_payments_and_merges_only(shore, market):
    _, maker, taker, usd, eur = market
    shore.do(taker, PathPaymentStrictSend(maker.public_key, usd, "1", usd, "1", []))
    shore.do(taker, CreateClaimableBalance(usd, "1", [Claimant(maker.public_key)]))
    types = [record["type"] for record in shore.records(f"/accounts/{taker.public_key}/payments")]
    assert types == ["create_account", "payment", "path_payment_strict_send"]


def test_a_payment_to_a_muxed_account_reports_its_id_and_reaches_the_account(shore):
    someone, other = shore.person(), shore.person()
    muxed = MuxedAccount(other.public_key, 42).account_muxed
    shore.do(someone, Payment(muxed, XLM, "1"))
    record = shore.records(f"/accounts/{muxed}/payments")[-1]
    assert (record["to"], record["to_muxed"], record["to_muxed_id"]) == (other.public_key, muxed, "42")


def test_a_page_links_to_the_next_one_even_when_it_is_empty(shore):
    someone = shore.person()
    page = shore.get(f"/accounts/{someone.public_key}/payments?limit=1").json()
    (record,) = page["_embedded"]["records"]
    following = shore.http.get(page["_links"]["next"]["href"], timeout=5).json()
    assert following["_embedded"]["records"] == []
    assert f"cursor={record['paging_token']}" in following["_links"]["next"]["href"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("order=up", "order"),
        ("cursor=-1", "cursor"),
    ],
)
def test_a_bad_question_names_the_field(shore, query, field):
    name, extras = problem(shore.get(f"/payments?{query}"))
    assert (name, extras["invalid_field"]) == ("bad_request", field)


def test_pages_backwards_hold_what_pages_forwards_do(shore):
    for _ in range(7):
        shore.person()
    forwards = [record["id"] for record in shore.records("/operations?limit=200")]
    backwards, cursor = [], ""
    while records := shore.records(f"/operations?order=desc&limit=3&cursor={cursor}"):
        backwards += [record["id"] for record in records]
        cursor = records[-1]["paging_token"]
    assert backwards == forwards[::-1]
    assert len(forwards) == 7


def test_a_joined_operation_carries_its_transaction_with_the_memo(shore):
    someone, other = shore.person(), shore.person()
    shore.do(someone, Payment(other.public_key, XLM, "1"), memo=TextMemo("for you"))
    joined = shore.records(f"/accounts/{other.public_key}/operations?join=transactions")[-1]
    assert (joined["transaction"]["memo"], joined["transaction"]["memo_type"]) == ("for you", "text")
    assert "transaction" not in shore.records(f"/accounts/{other.public_key}/operations")[-1]


def test_failed_operations_are_shown_only_to_who_asks(shore):
    someone = shore.person()
    sent = shore.post("/transactions_async", shore.build(someone, Payment(UNKNOWN, XLM, "1"))).json()
    shore.net.close()
    path = f"/accounts/{someone.public_key}/operations"
    assert [record["type"] for record in shore.records(path)] == ["create_account"]
    assert [record["type"] for record in shore.records(path + "?include_failed=true")] == ["create_account", "payment"]
    assert len(shore.records(f"/transactions/{sent['hash']}/operations")) == 1


def test_a_strict_receive_tells_what_it_cost_and_everybody_whom_it_touched(shore, market):
    _, maker, taker, usd, eur = market
    shore.do(taker, PathPaymentStrictReceive(taker.public_key, usd, "200", eur, "110", []))
    paid = shore.records(f"/accounts/{taker.public_key}/payments")[-1]
    assert (paid["source_amount"], paid["amount"], paid["source_max"]) == ("122.5000000", "110.0000000", "200.0000000")
    trades = shore.records(f"/accounts/{maker.public_key}/trades")
    assert [trade["counter_amount"] for trade in trades] == ["110.0000000", "12.5000000"]
    effects = [effect["type"] for effect in shore.records(f"/operations/{paid['id']}/effects")]
    assert effects == ["account_credited", "account_debited", "trade", "trade", "trade", "trade"]
    assert shore.records(f"/accounts/{maker.public_key}/offers")[0]["amount"] == "90.0000000"


def test_paths_are_found_and_what_they_promise_can_be_paid(shore, market):
    _, _, taker, usd, eur = market
    query = f"source_account={taker.public_key}&{fields(eur, 'destination_')}&destination_amount=110"
    (path,) = [one for one in shore.records(f"/paths/strict-receive?{query}") if one["source_amount"] != "110.0000000"]
    assert (path["source_asset_code"], path["source_amount"], path["path"]) == ("USD", "122.5000000", [])
    query = f"destination_assets=EUR:{eur.issuer}&{fields(usd, 'source_')}&source_amount=122.5"
    (path,) = shore.records(f"/paths/strict-send?{query}")
    assert path["destination_amount"] == "110.0000000"
    shore.do(taker, PathPaymentStrictSend(taker.public_key, usd, "122.5", eur, "110", []))
    assert shore.records(f"/paths/strict-send?{query}") == []


def test_a_path_leads_through_several_books(shore, market):
    issuer, maker, taker, usd, eur = market
    steps = [Asset(code, issuer.public_key) for code in ("AAA", "BBB", "CCC")]
    shore.do(maker, *(ChangeTrust(step) for step in steps))
    shore.do(issuer, *(Payment(maker.public_key, step, "100") for step in steps))
    chain = [XLM, *steps]
    shore.do(maker, *(ManageSellOffer(b, a, "100", "1") for a, b in zip(chain, steps, strict=False)))
    query = f"source_assets=native&{fields(steps[-1], 'destination_')}&destination_amount=10"
    (path,) = shore.records(f"/paths/strict-receive?{query}")
    assert [hop["asset_code"] for hop in path["path"]] == ["AAA", "BBB"]


def test_an_order_book_adds_up_its_levels(shore, market):
    _, _, _, usd, eur = market
    book = shore.get(f"/order_book?{fields(eur, 'selling_')}&{fields(usd, 'buying_')}").json()
    assert [(level["price"], level["amount"]) for level in book["asks"]] == [
        ("1.1000000", "100.0000000"),
        ("1.2500000", "100.0000000"),
    ]
    mirrored = shore.get(f"/order_book?{fields(usd, 'selling_')}&{fields(eur, 'buying_')}").json()
    assert [level["price_r"] for level in mirrored["bids"]] == [{"n": 10, "d": 11}, {"n": 4, "d": 5}]


def test_assets_are_summed_up(shore, market):
    issuer, maker, *_ = market
    shore.do(maker, CreateClaimableBalance(market[4], "5", [Claimant(UNKNOWN)]))
    eur, usd = shore.records(f"/assets?asset_issuer={issuer.public_key}")
    assert (eur["asset_code"], eur["balances"]["authorized"]) == ("EUR", "495.0000000")
    assert (eur["num_claimable_balances"], eur["claimable_balances_amount"]) == (1, "5.0000000")
    assert usd["accounts"]["authorized"] == 2


def test_a_claimable_balance_is_found_by_claimant_until_it_is_claimed(shore):
    giver, taker = shore.person(), shore.person()
    never = ClaimPredicate.predicate_before_absolute_time(253_402_300_800)
    shore.do(giver, CreateClaimableBalance(XLM, "7", [Claimant(taker.public_key, never)]))
    (balance,) = shore.records(f"/claimable_balances?claimant={taker.public_key}")
    predicate = balance["claimants"][0]["predicate"]
    assert predicate == {"abs_before": "+10000-01-01T00:00:00Z", "abs_before_epoch": "253402300800"}
    shore.do(taker, ClaimClaimableBalance(balance["id"]))
    assert shore.get(f"/claimable_balances/{balance['id']}").status_code == 404
    types = [record["type"] for record in shore.records(f"/claimable_balances/{balance['id']}/operations")]
    assert types == ["create_claimable_balance", "claim_claimable_balance"]


def test_a_fee_bump_is_found_by_both_hashes(shore):
    someone, payer = shore.person(), shore.person()
    inner = shore.build(someone, Payment(payer.public_key, XLM, "1"))
    bump = shore.bump(payer, 500, inner)
    shore.post("/transactions_async", bump)
    shore.net.close()
    outer, within = (shore.get(f"/transactions/{one.hash_hex()}").json() for one in (bump, inner))
    assert (outer["hash"], within["hash"]) == (bump.hash_hex(), inner.hash_hex())
    assert outer["fee_account"] == payer.public_key
    assert (outer["fee_charged"], outer["max_fee"], outer["inner_transaction"]["max_fee"]) == ("200", "1000", "100")
    assert within["signatures"] == outer["inner_transaction"]["signatures"]


def test_the_transfer_of_an_assets_contract_is_a_payment_in_history(shore):
    someone, other = shore.person(), shore.person()
    parties = [scval.to_address(one.public_key) for one in (someone, other)]
    contract = scval.to_address(XLM.contract_id(shore.net.passphrase)).address
    call = X.InvokeContractArgs(contract, X.SCSymbol(b"transfer"), [*parties, scval.to_int128(50_000_000)])
    function = X.HostFunction(X.HostFunctionType.HOST_FUNCTION_TYPE_INVOKE_CONTRACT, invoke_contract=call)
    shore.do(someone, InvokeHostFunction(function))
    record = shore.records(f"/accounts/{other.public_key}/payments")[-1]
    (change,) = record["asset_balance_changes"]
    assert (record["type"], record["type_i"]) == ("invoke_host_function", 24)
    assert (change["type"], change["from"], change["amount"]) == ("transfer", someone.public_key, "5.0000000")
    assert shore.get(f"/accounts/{other.public_key}").json()["balances"][-1]["balance"] == "10005.0000000"


def test_fee_statistics_speak_of_the_last_ledgers(shore):
    someone = shore.person()
    shore.do(someone, Payment(someone.public_key, XLM, "1"), fee=777)
    stats = shore.get("/fee_stats").json()
    assert (stats["max_fee"]["min"], stats["fee_charged"]["max"], stats["last_ledger_base_fee"]) == (
        "777",
        "100",
        "100",
    )


def test_history_is_trimmed_and_what_was_before_is_gone(shores):
    shore = shores(keep_ledgers=16)
    early = shore.person()
    shore.net.close(60)
    elder = shore.get("/").json()["history_elder_ledger"]
    assert 16 <= shore.net.show()["ledger"] - elder <= 40
    assert problem(shore.get("/ledgers/2")) == ("before_history", {})
    assert problem(shore.get("/payments?order=desc&cursor=8589934592")) == ("before_history", {})
    assert shore.records(f"/accounts/{early.public_key}/payments") == []


def test_full_ledgers_are_forgotten_sooner(shores):
    shore = shores(keep_operations=20)
    someone = shore.person()
    done = [shore.do(someone, *[Payment(someone.public_key, XLM, "1")] * 9) for _ in range(6)]
    kept = shore.records("/payments?limit=200")
    assert 20 - 9 < len(kept) <= 36
    assert kept[-1]["transaction_hash"] == done[-1]["hash"]
    assert problem(shore.get(f"/transactions/{done[0]['hash']}"))[0] == "not_found"
    assert problem(shore.get(f"/ledgers/{done[0]['ledger']}"))[0] == "before_history"


def test_a_caller_that_wants_no_json_is_turned_away(shore):
    assert problem(shore.get("/ledgers", headers={"Accept": "application/xml"}))[0] == "not_acceptable"


def test_browsers_from_anywhere_may_ask(shore):
    preflight = shore.http.options(shore.net.url + "/ledgers", headers={"Access-Control-Request-Headers": "x-app"})
    assert preflight.headers["Access-Control-Allow-Headers"] == "x-app"
    assert shore.get("/nowhere").headers["Access-Control-Allow-Origin"] == "*"
