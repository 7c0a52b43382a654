import pytest
from stellar_sdk import Keypair

import config
from app.organizations import service
from app.vault import Vault


@pytest.fixture
def run(app):
    def run(*words, **options):
        return app.test_cli_runner().invoke(args=words, **options)

    return run


@pytest.fixture
def north(run):
    return run("organizations", "add", "North", "north.example")


def test_an_organization_is_added_with_its_home_domain(run, session):
    signing = Keypair.random()
    done = run("organizations", "add", "North", "north.example", env={"SIGNING_SEED": signing.secret})
    assert done.output == f"North lives at north.example, SIGNING_KEY {signing.public_key}\n"
    domain = service.home_domain(session)
    assert domain.organization.name == "North"
    assert domain.faces == ["sep1", "sep10", "sep12", "sep31"]
    assert service.signing_keypair(domain) == signing


def test_a_refusal_is_one_line_and_an_exit_code(run, north):
    done = run("organizations", "add", "North", "elsewhere.example")
    assert done.exit_code == 1
    assert done.output == "Error: there is an organization called North already\n"


def test_a_missing_setting_is_one_line_and_an_exit_code(app, run):
    del app.config["VAULT_KEYS"]
    done = run("organizations", "add", "North", "north.example")
    assert done.exit_code == 1
    assert done.output.startswith("Error: VAULT_KEYS is not set")


def test_sending_anchors_come_and_go(run, north):
    account = Keypair.random().public_key
    assert run("anchors", "add", account, "Remit").output == "Remit may send\n"
    assert run("anchors", "list").output == f"{account}  Remit\n"
    assert run("anchors", "remove", account, "--organization", "North").exit_code == 0
    assert run("anchors", "list").output == ""


def test_a_seed_is_not_taken_for_an_account(run, north):
    done = run("anchors", "add", Keypair.random().secret, "Remit")
    assert done.exit_code == 1
    assert "known by its account" in done.output


def test_new_keys_are_what_the_settings_want(run):
    lines = run("keys", "new").output.replace("# SIGNING_KEY ", "SIGNING_KEY=").splitlines()
    printed = dict(line.split("=", 1) for line in lines)
    found = config.read({**printed, "DATABASE_URL": "postgresql://"})
    for name in ("VAULT_KEYS", "TREASURY_KEYS"):
        assert Vault(found[name]).fingerprint("works")
    assert len(found["TOKEN_SECRET"]) >= 32
    assert Keypair.from_secret(printed["SIGNING_SEED"]).public_key == printed["SIGNING_KEY"]
