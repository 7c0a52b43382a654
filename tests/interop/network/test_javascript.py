"""The Stellar SDK for JavaScript does with the sandbox network what it does with any other."""

import json
import subprocess

import pytest
from stellar_sdk import Keypair, Payment

from app.sandbox.network.local import network
from tests.sandbox.network.conftest import XLM, Shore


@pytest.fixture
def walked(javascript):
    with network(close_seconds=0.2) as net:
        words = ["node", javascript / "walk.js", net.url, net.passphrase]
        done = subprocess.run(words, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_funds_loads_submits_trades_claims_bumps_and_reads(walked):
    balances = ["claimable_balance_created", "claimable_balance_claimant_created"]
    assert walked == {
        "funded": "10000.0000000",
        "offer": "50",
        "path": [["20.0000000", 0]],
        "paid": True,
        "asks": [["2.0000000", "40.0000000"]],
        "claimable": ["4.0000000"],
        "claimed": 0,
        "bumped": [True, True],
        "async": "PENDING",
        "refused": {"transaction": "tx_failed", "operations": ["op_no_destination"]},
        "effects": [*balances, "account_debited", "claimable_balance_sponsorship_created"],
        "joined": True,
        "next": "change_trust",
    }


@pytest.fixture
def follow(javascript):
    """Follows an account's payments in a process of its own."""
    running = []

    def start(url, account, count):
        words = ["node", javascript / "follow.js", url, account, str(count)]
        running.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.wait()
        one.stdout.close()


def test_it_follows_payments_over_a_cut_and_a_restart_without_loss(follow, port, tmp_path, http):
    kept = {"port": port, "close_seconds": 0, "state": str(tmp_path / "network.jsonl")}
    someone = Keypair.random()
    with network(**kept) as net:
        shore = Shore(net, http)
        net.fund(someone.public_key)
        reader = follow(net.url, someone.public_key, 6)
        seen = [reader.stdout.readline().strip()]
        net.fault("cut", match="/payments")
        for _ in range(2):
            shore.do(someone, Payment(someone.public_key, XLM, "1"))
        seen += [reader.stdout.readline().strip() for _ in range(2)]
    with network(**kept) as net:
        shore = Shore(net, http)
        for _ in range(3):
            shore.do(someone, Payment(someone.public_key, XLM, "1"))
        seen += reader.communicate(timeout=60)[0].split()
        assert seen == [record["id"] for record in shore.records(f"/accounts/{someone.public_key}/payments")]
