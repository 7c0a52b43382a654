"""Stellar RPC's questions about the classic ledger."""

from stellar_sdk import SorobanServer
from stellar_sdk import xdr as X

from app.sandbox.network.engine.to_xdr import account_xdr


def call(shore, method, **params):
    return shore.http.post(shore.net.url, json={"jsonrpc": "2.0", "id": 5, "method": method, "params": params}).json()


def account_key(key):
    return X.LedgerKey(X.LedgerEntryType.ACCOUNT, account=X.LedgerKeyAccount(account_xdr(key.raw_public_key())))


def test_the_sdk_reads_health_latest_ledger_and_entries(shore):
    someone = shore.person()
    with SorobanServer(shore.net.url) as server:
        assert server.get_health().status == "healthy"
        assert server.get_latest_ledger().sequence == shore.net.show()["ledger"]
        assert server.get_network().passphrase == shore.net.passphrase
        (entry,) = server.get_ledger_entries([account_key(someone)]).entries
        assert X.LedgerEntryData.from_xdr(entry.xdr).account.balance.int64 == 100_000_000_000
        assert server.load_account(someone.public_key).sequence == shore.sequence(someone)


def test_what_does_not_exist_is_not_among_the_entries(shore):
    nobody = X.LedgerKey(X.LedgerEntryType.ACCOUNT, account=X.LedgerKeyAccount(account_xdr(b"x" * 32)))
    assert call(shore, "getLedgerEntries", keys=[nobody.to_xdr()])["result"]["entries"] == []


def test_a_wrong_call_is_an_error_of_json_rpc(shore):
    assert call(shore, "sing")["error"]["code"] == -32601
    assert call(shore, "getLedgerEntries", keys=["AAAA"])["error"]["code"] == -32602
    assert shore.http.post(shore.net.url, data="{").json()["error"]["code"] == -32700
