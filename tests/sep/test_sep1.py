import tomllib

import pytest
from sqlalchemy import update
from stellar_sdk import Keypair, Network

from app.assets.models import Asset
from app.organizations.models import HomeDomain

TOML = "/.well-known/stellar.toml"
ISSUER, TREASURY, VAULT = (Keypair.random().public_key for _ in range(3))


@pytest.fixture
def read(client, session, domain):
    def read(**changed):
        if changed:
            session.execute(update(HomeDomain).values(**changed))
            session.commit()
        answer = client.get(TOML)
        assert answer.status_code == 200
        return tomllib.loads(answer.text)

    return read


@pytest.fixture
def assets(session, domain):
    more = {"desc": "A dollar in a bank", "is_asset_anchored": True, "anchor_asset_type": "fiat", "anchor_asset": "USD"}
    of_ours = {"organization_id": domain.organization_id}
    dollars = Asset(**of_ours, asset=f"stellar:USDC:{ISSUER}", distribution=TREASURY, toml=more)
    lumens = Asset(**of_ours, asset="stellar:native", distribution=VAULT, significant_decimals=7)
    session.add_all([dollars, lumens])
    session.commit()


def test_the_toml_is_text_that_any_origin_may_read(client, domain):
    answer = client.get(TOML)
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_it_says_who_we_are_and_what_we_serve(read, signing):
    found = read()
    assert found["SIGNING_KEY"] == signing.public_key
    assert found["NETWORK_PASSPHRASE"] == "Railhead Sandbox Network ; for tests"
    assert found["WEB_AUTH_ENDPOINT"] == "http://localhost/sep10/auth"
    assert found["KYC_SERVER"] == "http://localhost/sep12"
    assert found["DIRECT_PAYMENT_SERVER"] == "http://localhost/sep31"
    assert found["DOCUMENTATION"] == {"ORG_NAME": "North", "ORG_URL": "http://localhost"}


def test_it_names_no_face_that_is_not_enabled(read):
    found = read(faces=["sep1", "sep38"])
    assert {line for line in found if line.endswith(("SERVER", "ENDPOINT", "SEP0024"))} == {"ANCHOR_QUOTE_SERVER"}


def test_every_address_it_names_is_below_the_public_url_and_has_no_slash_at_the_end(read):
    every_face = ["sep1", "sep6", "sep10", "sep12", "sep24", "sep31", "sep38"]
    found = read(faces=every_face, public_url="https://api.north.example:8443")
    urls = [value for value in found.values() if isinstance(value, str) and "://" in value]
    assert len(urls) == 6
    assert all(url.startswith("https://api.north.example:8443/") and not url.endswith("/") for url in urls)


def test_the_assets_are_there_with_their_accounts(read, assets):
    found = read()
    assert found["ACCOUNTS"] == sorted([TREASURY, VAULT])
    dollars, lumens = sorted(found["CURRENCIES"], key=lambda currency: currency["code"])
    assert dollars == {
        "code": "USDC",
        "issuer": ISSUER,
        "status": "test",
        "display_decimals": 2,
        "desc": "A dollar in a bank",
        "is_asset_anchored": True,
        "anchor_asset_type": "fiat",
        "anchor_asset": "USD",
    }
    assert lumens == {
        "code": "native",
        "status": "test",
        "display_decimals": 7,
        "desc": "native",
        "is_asset_anchored": False,
        "anchor_asset_type": "other",
    }


def test_on_the_public_network_assets_are_live(app, read, assets):
    app.config["NETWORK_PASSPHRASE"] = Network.PUBLIC_NETWORK_PASSPHRASE
    assert {currency["status"] for currency in read()["CURRENCIES"]} == {"live"}


def test_what_an_operator_wrote_is_there_but_cannot_contradict_us(read, signing):
    wrote = {"SIGNING_KEY": "G", "DOCUMENTATION": {"ORG_NAME": 'The "North" \\ Ltd\n'}, "PRINCIPALS": [{"name": "Ann"}]}
    found = read(toml=wrote)
    assert found["SIGNING_KEY"] == signing.public_key
    assert found["DOCUMENTATION"] == {"ORG_NAME": 'The "North" \\ Ltd\n', "ORG_URL": "http://localhost"}
    assert found["PRINCIPALS"] == [{"name": "Ann"}]
