"""What an operator says of assets."""

import pytest
from stellar_sdk import Keypair

HOLDER, ISSUER = (Keypair.from_raw_ed25519_seed(bytes([n] * 32)).public_key for n in range(2))


@pytest.fixture
def run(app):
    def running(*words):
        return app.test_cli_runner().invoke(args=words)

    running("organizations", "add", "North", "north.example")
    return running


def test_an_asset_and_its_ways_are_added_and_listed(run):
    id = run("assets", "add", f"stellar:USDC:{ISSUER}", HOLDER).output.strip()
    way = ["--rail", "bank", "--pays", "iso4217:USD", "--minimum", "1", "--fee-percent", "0.5"]
    assert run("assets", "add-method", id, "bank_account", *way).exit_code == 0
    assert run("assets", "list").output.splitlines() == [
        f"{id} stellar:USDC:{ISSUER} held by {HOLDER}, exact",
        "  send by bank_account → bank, 1.00 to 1000000.00",
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "USDC", HOLDER), "no Stellar asset"),
        (("add", "stellar:native", HOLDER, "--organization", "South"), "no such organization"),
        (("add", "stellar:native", HOLDER, "--tolerance", "much"), "is not an amount"),
        (("add-method", "1", "cash", "--rail", "bank", "--pays", "iso4217:USD"), "no asset 1"),
        (
            ("add-method", "1", "cash", "--rail", "bank", "--pays", "iso4217:USD", "--fee-percent", "half"),
            "not a number",
        ),
    ],
)
def test_a_mistake_is_named_in_a_line(run, words, why):
    done = run("assets", *words)
    assert done.exit_code in (1, 2)
    assert why in done.output.splitlines()[-1]
