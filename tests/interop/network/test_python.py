"""Python's Stellar SDK, with and without asyncio, does with the sandbox network what it does with any other."""

import asyncio
import threading

import pytest
from stellar_sdk import (
    AiohttpClient,
    Asset,
    ChangeTrust,
    Claimant,
    ClaimClaimableBalance,
    CreateClaimableBalance,
    Keypair,
    ManageSellOffer,
    PathPaymentStrictSend,
    Payment,
    Server,
    ServerAsync,
    TransactionBuilder,
)

from app.sandbox.network.local import network
from tests.sandbox.network.conftest import XLM, Shore


@pytest.fixture
def shore(http):
    with network(close_seconds=0.2, seed=7) as net:
        yield Shore(net, http)


def signed(account, passphrase, key, *operations):
    builder = TransactionBuilder(account, passphrase, 100)
    for operation in operations:
        builder.append_operation(operation)
    envelope = builder.set_timeout(60).build()
    envelope.sign(key)
    return envelope


def test_without_asyncio_it_submits_trades_claims_and_bumps(shore):
    issuer, holder = shore.person(), shore.person()
    gold = Asset("GOLD", issuer.public_key)
    with Server(shore.net.url) as server:

        def send(key, *operations):
            return server.submit_transaction(signed(server.load_account(key), shore.net.passphrase, key, *operations))

        send(holder, ChangeTrust(gold))
        assert send(issuer, Payment(holder.public_key, gold, "10"))["successful"]
        send(holder, ManageSellOffer(gold, XLM, "5", "2"))
        (path,) = server.strict_send_paths(XLM, "4", [gold]).call()["_embedded"]["records"]
        assert path["destination_amount"] == "2.0000000"
        with pytest.raises(Exception, match="op_no_trust"):
            send(issuer, PathPaymentStrictSend(shore.person().public_key, XLM, "4", gold, "2", []))
        send(holder, CreateClaimableBalance(XLM, "3", [Claimant(issuer.public_key)]))
        (balance,) = server.claimable_balances().for_claimant(issuer.public_key).call()["_embedded"]["records"]
        assert send(issuer, ClaimClaimableBalance(balance["id"]))["successful"]
        inner = signed(server.load_account(holder), shore.net.passphrase, holder, Payment(issuer.public_key, XLM, "1"))
        bump = TransactionBuilder.build_fee_bump_transaction(issuer, 300, inner, shore.net.passphrase)
        bump.sign(issuer)
        assert server.submit_transaction(bump)["fee_account"] == issuer.public_key
        waiting = signed(
            server.load_account(holder), shore.net.passphrase, holder, Payment(issuer.public_key, XLM, "1")
        )
        assert server.submit_transaction_async(waiting)["tx_status"] == "PENDING"


def test_with_asyncio_it_loads_submits_and_streams(shore):
    someone = shore.person()

    async def walk():
        async with ServerAsync(shore.net.url, AiohttpClient()) as server:
            account = await server.load_account(someone)
            payment = Payment(someone.public_key, XLM, "1")
            envelope = signed(account, shore.net.passphrase, someone, payment)
            assert (await server.submit_transaction(envelope))["successful"]
            stream = server.payments().for_account(someone.public_key).cursor("0").stream()
            seen = [(await anext(stream))["type"] for _ in range(2)]
            await stream.aclose()
            return seen

    assert asyncio.run(asyncio.wait_for(walk(), 30)) == ["create_account", "payment"]


def test_its_stream_goes_over_a_cut_and_a_restart_without_loss(http, tmp_path, port):
    kept = {"port": port, "close_seconds": 0, "state": str(tmp_path / "network.jsonl")}
    someone, seen = Keypair.random(), []

    def follow(url):
        with Server(url) as server:
            for record in server.payments().for_account(someone.public_key).cursor("0").stream():
                seen.append(record["id"])
                if len(seen) == 5:
                    return

    with network(**kept) as net:
        shore = Shore(net, http)
        net.fund(someone.public_key)
        reader = threading.Thread(target=follow, args=(net.url,), daemon=True)
        reader.start()
        net.fault("cut", match="/payments")
        for _ in range(2):
            shore.do(someone, Payment(someone.public_key, XLM, "1"))
    with network(**kept) as net:
        shore = Shore(net, http)
        for _ in range(2):
            shore.do(someone, Payment(someone.public_key, XLM, "1"))
        reader.join(60)
        assert seen == [record["id"] for record in shore.records(f"/accounts/{someone.public_key}/payments")]
