"""A rail is found by its name."""

from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

import rails
from app.money import parse
from rails.base import Method, State
from rails.manual import ManualRail
from rails.sandbox_bank import SandboxBankRail
from rails.settings import methods_in
from tests.rails.samples import USD, payout


def test_our_own_rails_are_found_by_name_and_others_by_path():
    assert rails.names() == ["manual", "polaris", "sandbox_bank"]
    assert rails.find("manual") is ManualRail
    assert rails.find("rails.sandbox_bank.rail:SandboxBankRail") is SandboxBankRail


def test_a_rail_of_an_installed_package_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "my_bank-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: my-bank\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[railhead.rails]\nmy_bank = rails.manual:ManualRail\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "my_bank" in rails.names()
    assert rails.find("my_bank") is ManualRail


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("barter", "there are manual, polaris, sandbox_bank"),
        ("rails.barter:Barter", "No module named"),
        ("rails.base:Barter", "has no attribute 'Barter'"),
        ("rails.base:Method", "is not a rail"),
    ],
)
def test_what_is_no_rail_is_refused_with_a_reason(name: str, words: str):
    with pytest.raises(LookupError, match=words):
        rails.find(name)


def test_methods_are_read_from_plain_settings():
    written = {"name": "wire", "asset": USD, "minimum": "2.50", "fee_percent": "0.5", "cutoffs": ["17:00"]}
    method = Method("wire", USD, minimum=parse("2.5"), fee_percent=Decimal("0.5"), cutoffs=(time(17),), batched=True)
    assert methods_in({"methods": [written]}, batched=True) == (method,)


@pytest.mark.parametrize("wrong", [{"minimum": 2.5}, {"fee_percent": 0.5}, {"color": "red"}])
def test_a_float_or_an_unknown_setting_is_refused(wrong: dict[str, object]):
    with pytest.raises((TypeError, ValueError)):
        methods_in({"methods": [{"name": "wire", "asset": USD, **wrong}]})


def test_the_manual_rail_waits_for_a_person():
    rail = rails.build("manual", {"methods": [{"name": "bank_account", "asset": USD}]})
    order = payout()
    assert rail.execute_outgoing_transaction(order).state == State.INITIATED
    assert rail.poll_outgoing_transactions([order], "") == ((), "")
    assert not rail.methods[0].can_look_up
