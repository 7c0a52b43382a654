import pytest

import config
from app import vault
from app.vault import Unopenable, Vault


@pytest.fixture
def old() -> str:
    return vault.new_key()


@pytest.fixture
def new() -> str:
    return vault.new_key()


def test_what_was_sealed_opens_again(old):
    safe = Vault([old])
    assert safe.open(safe.seal("née Müller", "customer 1 last_name"), "customer 1 last_name") == "née Müller".encode()
    assert safe.open(safe.seal(b"\x00\xff", "file 1"), "file 1") == b"\x00\xff"


def test_the_same_secret_is_sealed_differently_each_time(old):
    safe = Vault([old])
    assert safe.seal("secret", "a") != safe.seal("secret", "a")
    assert b"secret" not in safe.seal("secret", "a")


def test_a_sealed_text_does_not_open_in_another_place(old):
    safe = Vault([old])
    with pytest.raises(Unopenable):
        safe.open(safe.seal("secret", "customer 1 tax_id"), "customer 2 tax_id")


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_a_changed_byte_is_noticed(old, place):
    sealed = bytearray(Vault([old]).seal("secret", "a"))
    sealed[place] ^= 1
    with pytest.raises(Unopenable):
        Vault([old]).open(bytes(sealed), "a")


@pytest.mark.parametrize("garbage", [b"", b"short", b"\x00" * 200])
def test_garbage_does_not_open(old, garbage):
    with pytest.raises(Unopenable):
        Vault([old]).open(garbage, "a")


def test_a_cut_off_seal_does_not_open(old):
    safe = Vault([old])
    sealed = safe.seal("secret", "a")
    for length in range(len(sealed)):
        with pytest.raises(Unopenable):
            safe.open(sealed[:length], "a")


def test_a_new_key_in_front_still_opens_the_old(old, new):
    sealed = Vault([old]).seal("secret", "a")
    assert Vault([new, old]).open(sealed, "a") == b"secret"


def test_the_newest_key_seals(old, new):
    sealed = Vault([new, old]).seal("secret", "a")
    assert Vault([new]).open(sealed, "a") == b"secret"
    with pytest.raises(Unopenable):
        Vault([old]).open(sealed, "a")


def test_fingerprints_stay_when_a_key_is_put_in_front(old, new):
    assert Vault([new, old]).fingerprint("+15550001") == Vault([old]).fingerprint("+15550001")
    assert Vault([new]).fingerprint("+15550001") != Vault([old]).fingerprint("+15550001")
    assert Vault([old]).fingerprint("+15550001") != Vault([old]).fingerprint("+15550002")


def test_a_setting_that_is_no_key_is_refused_without_being_shown():
    with pytest.raises(config.Unconfigured, match="VAULT_KEYS: a key is 32 bytes") as refusal:
        vault.of({"VAULT_KEYS": ["hunter2"]}, "VAULT_KEYS")
    assert "hunter2" not in str(refusal.value)


def test_a_vault_without_keys_is_refused():
    with pytest.raises(config.Unconfigured, match="needs a key"):
        vault.of({"VAULT_KEYS": []}, "VAULT_KEYS")
    with pytest.raises(config.Unconfigured, match="TREASURY_KEYS is not set"):
        vault.of({}, "TREASURY_KEYS")
