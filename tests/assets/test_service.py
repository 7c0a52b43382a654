"""What we hold, by which ways it goes, and what that costs."""

from decimal import Decimal

import pytest
from stellar_sdk import Keypair

from app.assets import service
from app.assets.models import Method
from app.errors import Conflict, Invalid
from app.organizations import service as organizations

UNIT = 10**7
HOLDER, ISSUER, ANOTHER = (Keypair.from_raw_ed25519_seed(bytes([n] * 32)).public_key for n in range(3))
USDC = f"stellar:USDC:{ISSUER}"


@pytest.fixture
def north(session):
    return organizations.add_organization(session, "North").id


@pytest.fixture
def usdc(session, north):
    return service.add_asset(session, service.NewAsset(north, USDC, HOLDER))


def _way(session, asset, name="bank_account", **more):
    way = {"kind": "send", "rail": "bank", "pays": "iso4217:USD", **more}
    return service.add_method(session, asset.id, name, **way)


@pytest.mark.parametrize(
    "asset", ["USDC", "stellar:USDC", "stellar:USDC:G", "iso4217:USD", "stellar:TOOLONGFORACODE:x"]
)
def test_what_is_no_stellar_asset_is_refused(session, north, asset):
    with pytest.raises(Invalid):
        service.add_asset(session, service.NewAsset(north, asset, HOLDER))


def test_an_asset_is_held_by_an_account_and_added_once(session, north, usdc):
    with pytest.raises(Invalid):
        service.add_asset(session, service.NewAsset(north, "stellar:native", "M…"))
    with pytest.raises(Conflict):
        service.add_asset(session, service.NewAsset(north, USDC, HOLDER))


def test_an_issuer_is_named_where_two_have_the_same_code(session, north, usdc):
    assert service.asset_by_code(session, north, "USDC").asset == USDC
    other = service.add_asset(session, service.NewAsset(north, f"stellar:USDC:{ANOTHER}", HOLDER))
    assert service.asset_by_code(session, north, "USDC", ANOTHER) is other
    for code, issuer in (("USDC", ""), ("EURC", ""), ("USDC", HOLDER)):
        with pytest.raises(Invalid):
            service.asset_by_code(session, north, code, issuer)


def test_another_organization_s_asset_is_not_ours(session, usdc):
    south = organizations.add_organization(session, "South").id
    assert service.assets(session, south) == []
    with pytest.raises(Invalid):
        service.asset_by_name(session, south, USDC)


def test_a_method_is_named_where_there_are_several(session, usdc):
    bank = _way(session, usdc)
    assert service.method(usdc, "send") is bank
    cash = _way(session, usdc, "cash")
    assert service.method(usdc, "send", "cash") is cash
    for kind, name in (("send", ""), ("send", "pigeon"), ("deposit", "cash")):
        with pytest.raises(Invalid):
            service.method(usdc, kind, name)
    with pytest.raises(Conflict):
        _way(session, usdc, "cash")


@pytest.mark.parametrize(
    ("amount", "fixed", "percent", "fee"),
    [
        (100 * UNIT, 0, "0", 0),
        (100 * UNIT, UNIT, "0.5", 15 * UNIT // 10),
        (1 * UNIT, 0, "0.1", UNIT // 100),  # what cannot be shown is rounded up
        (UNIT // 100, UNIT, "0", UNIT // 100),  # never more than there is
    ],
)
def test_a_fee_is_fixed_and_percent_and_shown_without_a_rest(amount, fixed, percent, fee):
    assert service.fee(Method(fee_fixed=fixed, fee_percent=Decimal(percent)), amount, decimals=2) == fee


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        (UNIT // 1000, "more than 2 decimals"),
        (UNIT, "outside the limits"),
        (11 * UNIT, "outside the limits"),
        (2 * UNIT, "not more than its fee"),
    ],
)
def test_an_amount_no_method_takes_is_refused(amount, why):
    method = Method(minimum=2 * UNIT, maximum=10 * UNIT, fee_fixed=2 * UNIT, fee_percent=Decimal(0))
    service.check_amount(method, 3 * UNIT, decimals=2)
    with pytest.raises(Invalid, match=why):
        service.check_amount(method, amount, decimals=2)
