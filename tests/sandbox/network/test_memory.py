"""A network that is stopped, or killed, and started again is the one it was."""

import subprocess
import sys
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
from stellar_sdk import (
    Asset,
    ChangeTrust,
    Claimant,
    CreateClaimableBalance,
    ManageData,
    ManageSellOffer,
    Payment,
    SetOptions,
    Signer,
)

from app.sandbox.network import memory
from app.sandbox.network.core import Core, Settings
from app.sandbox.network.engine.entries import HEADER
from app.sandbox.network.engine.entry_reading import read
from app.sandbox.network.engine.entry_writing import write
from app.sandbox.network.handle import Handle
from tests.sandbox.network.conftest import XLM


def everything(shore):
    """Leave one of each kind of entry in the ledger."""
    issuer, holder = shore.person(), shore.person()
    gold = Asset("GOLD", issuer.public_key)
    hashed = Signer.sha256_hash(b"h" * 32, 1)
    shore.do(holder, ChangeTrust(gold), ManageData("note", b"\x00\xff"), SetOptions(signer=hashed, home_domain="a.b"))
    shore.do(issuer, Payment(holder.public_key, gold, "100"))
    shore.do(
        holder,
        ManageSellOffer(gold, XLM, "10", "0.3"),
        CreateClaimableBalance(gold, "1", [Claimant(issuer.public_key)]),
    )
    return holder


def test_a_network_started_again_has_the_state_and_the_history_it_had(shores, tmp_path):
    state = str(tmp_path / "network.jsonl")
    first = shores(state=state, seed=3)
    holder = everything(first)
    paths = [
        "/ledgers",
        "/effects",
        f"/accounts/{holder.public_key}/operations",
        f"/accounts/{holder.public_key}/offers",
    ]
    before = [first.records(path + "?limit=200") for path in paths]
    account = first.get(f"/accounts/{holder.public_key}").json()
    again = shores(state=state, seed=3)
    assert [_unlinked(again.records(path + "?limit=200")) for path in paths] == [_unlinked(one) for one in before]
    assert _unlinked(again.get(f"/accounts/{holder.public_key}").json()) == _unlinked(account)


def _unlinked(shown):
    """Leave out the links: the second network has another address."""
    if isinstance(shown, dict):
        return {name: _unlinked(value) for name, value in shown.items() if name != "_links"}
    return [_unlinked(one) for one in shown] if isinstance(shown, list) else shown


def test_a_snapshot_begins_another_network(shores, tmp_path):
    first = shores()
    holder = everything(first)
    path = str(tmp_path / "snapshot.jsonl")
    first.net.snapshot(path)
    other = shores(state=path)
    held = [one.get(f"/accounts/{holder.public_key}").json()["balances"] for one in (first, other)]
    assert [line["balance"] for line in held[0]] == [line["balance"] for line in held[1]]
    assert other.get("/").json()["history_elder_ledger"] == first.net.show()["ledger"]


def test_entries_are_the_same_after_they_were_written_and_read(shores, tmp_path):
    shore = shores(state=str(tmp_path / "network.jsonl"))
    everything(shore)
    core = Core(Settings(state=str(tmp_path / "network.jsonl")))
    entries = [entry for entry in core.ledger.world if entry.key != HEADER]
    assert len({entry.key[0] for entry in entries}) == 5
    assert [read(write(entry, 7)) for entry in entries] == entries


def test_a_file_of_another_network_is_refused(tmp_path):
    path = str(tmp_path / "network.jsonl")
    Core(Settings(state=path, passphrase="one"))
    with pytest.raises(memory.OtherNetwork, match="one"):
        Core(Settings(state=path, passphrase="another"))


def test_a_line_torn_by_a_crash_is_forgotten(tmp_path):
    path = tmp_path / "network.jsonl"
    core = Core(Settings(state=str(path)))
    core.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event": "closed", "at"')
    again = Core(Settings(state=str(path)))
    assert again.ledger.header == core.ledger.header
    again.close()
    assert path.read_bytes().startswith(whole)


def test_a_new_file_is_begun_now_and_then_and_the_one_before_it_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "LEDGERS_MAX", 5)
    path = tmp_path / "network.jsonl"
    core = Core(Settings(state=str(path)))
    for _ in range(14):
        core.close()
    again = Core(Settings(state=str(path)))
    assert again.ledger.header == core.ledger.header
    assert 1 < again.nodes[0].elder < core.ledger.header.sequence - 5


@contextmanager
def process(state):
    words = ["--port", "0", "--close-seconds", "0.1", "--state", str(state)]
    running = subprocess.Popen([sys.executable, "-m", "app.sandbox.network", *words], stdout=subprocess.PIPE, text=True)
    try:
        yield running, Handle([running.stdout.readline().split()[1]])
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def test_a_network_that_is_killed_goes_on_where_it_was(tmp_path):
    state = tmp_path / "network.jsonl"
    key = "GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7"
    with process(state) as (_, net):
        net.fund(key)
        before = net.show()["ledger"]
    with process(state) as (running, net):
        assert net.show()["ledger"] >= before
        assert f'"account_id":"{key}"' in _get(f"{net.url}/accounts/{key}")
        running.terminate()
        assert running.wait(10) == 0


def _get(url):
    with urlopen(url, timeout=5) as answer:
        return answer.read().decode()
