"""The sending anchor: pays once whatever happens, and hears only what is signed."""

import base64
import json
import time

import pytest
import requests
from stellar_sdk import Account, Asset, IdMemo, Keypair, Payment, TransactionBuilder

from app.sandbox.network.local import network
from app.sandbox.sending_anchor import purse
from app.sandbox.sending_anchor.callbacks import Callbacks
from app.sandbox.sending_anchor.memory import Memory
from app.sandbox.sending_anchor.purse import Purse
from app.sandbox.sending_anchor.web import Refused, Web


@pytest.fixture(scope="module")
def stellar():
    with network(close_seconds=0.05) as handle:
        yield handle


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path / "memory.json")


@pytest.fixture
def keys(stellar):
    stellar.heal()
    keys = [Keypair.random(), Keypair.random()]
    stellar.fund(*[key.public_key for key in keys])
    return keys


@pytest.fixture
def pay(stellar, keys, memory):
    """Pays 5 lumens from the first key to the second, with one memory."""
    ours = Purse(Web(30), stellar.url, stellar.passphrase, keys[0])
    return lambda: ours.pay(purse.Payment(keys[1].public_key, Asset.native(), "5", IdMemo(7)), memory)


def _payments(stellar, key):
    page = requests.get(f"{stellar.url}/accounts/{key.public_key}/payments", timeout=10).json()
    return [row["amount"] for row in page["_embedded"]["records"] if row["type"] == "payment"]


@pytest.mark.parametrize(
    "fault", ["timeout_landing", "timeout_never", "reset_before", "reset_after", "try_again_later", "evict"]
)
def test_whatever_horizon_says_it_pays_once(stellar, keys, pay, fault):
    stellar.fault(fault, match=keys[0].public_key)
    pay()
    assert _payments(stellar, keys[1]) == ["5.0000000"]


def test_started_again_it_does_not_pay_again(stellar, keys, pay):
    assert pay() == pay()
    assert _payments(stellar, keys[1]) == ["5.0000000"]


def test_a_number_spent_on_something_else_is_not_waited_for(stellar, keys, pay, memory):
    ours = Purse(Web(30), stellar.url, stellar.passphrase, keys[0])
    signed = ours._sign(purse.Payment(keys[1].public_key, Asset.native(), "5", IdMemo(7)))
    memory.keep("signed", signed)
    builder = TransactionBuilder(Account(keys[0].public_key, signed["sequence"] - 1), stellar.passphrase)
    other = builder.append_operation(Payment(keys[1].public_key, Asset.native(), "3")).add_time_bounds(0, 0).build()
    other.sign(keys[0])
    requests.post(f"{stellar.url}/transactions", {"tx": other.to_xdr()}, timeout=10).raise_for_status()
    assert pay() != signed["hash"]
    assert _payments(stellar, keys[1]) == ["3.0000000", "5.0000000"]


def test_what_comes_back_is_seen_with_its_memo(stellar, keys, pay):
    hash = pay()
    theirs = Purse(Web(30), stellar.url, stellar.passphrase, keys[1])
    seen = theirs.look_up(hash)
    assert seen == {"hash": hash, "memo_type": "id", "memo": "7", "amount": "5.0000000", "asset_code": "native"}


def test_what_was_refused_is_told_and_not_tried_for_ever(stellar, memory, keys):
    poor = Purse(Web(1), stellar.url, stellar.passphrase, keys[0])
    with pytest.raises(Refused, match="not paid"):
        poor.pay(purse.Payment(keys[1].public_key, Asset("USDC", keys[1].public_key), "5", IdMemo(7)), memory)


@pytest.fixture
def callbacks(memory):
    key = Keypair.random()
    with Callbacks(memory, key.public_key) as listening:
        yield listening, key


def _call(url, key, seconds, event_id="1", body=b'{"transaction": {"status": "completed"}}'):
    host = url.split("/")[2]
    signature = base64.b64encode(key.sign(f"{seconds}.{host}.".encode() + body)).decode()
    headers = {"Event-Id": event_id, "Signature": f"t={seconds}, s={signature}"}
    return requests.post(url, body, headers=headers, timeout=10).status_code


def test_a_signed_call_is_heard_once(callbacks):
    listening, key = callbacks
    assert [_call(listening.url, key, int(time.time())) for _ in range(2)] == [204, 204]
    assert listening.statuses() == ["completed"]


def test_a_call_signed_by_another_or_long_ago_is_not_heard(callbacks):
    listening, key = callbacks
    assert _call(listening.url, Keypair.random(), int(time.time())) == 403
    assert _call(listening.url, key, int(time.time()) - 600) == 403
    assert requests.post(listening.url, json.dumps({}), timeout=10).status_code == 403
    assert listening.statuses() == []
    assert _call(listening.url, key, int(time.time())) == 204


def test_it_remembers_what_it_heard(callbacks, tmp_path):
    listening, key = callbacks
    _call(listening.url, key, int(time.time()))
    assert [call["status"] for call in Memory(tmp_path / "memory.json").recall("calls")] == ["completed"]
