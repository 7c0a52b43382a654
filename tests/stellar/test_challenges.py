import time
from base64 import b64decode, b64encode
from dataclasses import replace

import pytest
from stellar_sdk import (
    Account,
    DecoratedSignature,
    FeeBumpTransactionEnvelope,
    HashMemo,
    Keypair,
    MuxedAccount,
    Network,
    Payment,
    StrKey,
    TransactionBuilder,
    TransactionEnvelope,
)
from stellar_sdk import Asset as StellarAsset
from stellar_sdk.sep.stellar_web_authentication import read_challenge_transaction

from app.errors import Invalid
from app.stellar import challenges
from app.stellar.challenges import Client, Server
from app.stellar.horizon import AccountFacts, Signer

PASSPHRASE = Network.TESTNET_NETWORK_PASSPHRASE
NOW = 1_800_000_000

OURS = Keypair.random()
ALICE = Keypair.random()
WALLET = Keypair.random()
STRANGER = Keypair.random()
SERVER = Server(OURS.public_key, "anchor.example", "api.anchor.example:8443", PASSPHRASE)
MUXED = MuxedAccount(ALICE.public_key, 7).universal_account_id


def _asked(client, signers=(), server=SERVER):
    envelope = challenges.parse(challenges.build(server, OURS, client, NOW), PASSPHRASE)
    for signer in signers:
        envelope.signatures.append(signer.sign_decorated(envelope.hash()))
    return envelope


def _verify(envelope, account=None, server=SERVER, now=NOW):
    challenge = challenges.read(envelope, server, now)
    challenges.verify(challenge, server, account)
    return challenge


def _account(*signers, medium=0):
    return AccountFacts(
        address=ALICE.public_key,
        sequence=1,
        low_threshold=0,
        medium_threshold=medium,
        high_threshold=0,
        signers=tuple(Signer(key.public_key, weight, "ed25519_public_key") for key, weight in signers),
        balances=(),
        reserved_entries=2,
    )


def _built(*changes, signers=(OURS, ALICE), source=OURS.public_key, sequence=-1, bounds=(NOW, NOW + 900), memo=None):
    """A challenge made by hand: each of ``changes`` replaces the three usual operations or adds to them."""
    builder = TransactionBuilder(Account(source, sequence), PASSPHRASE, base_fee=100)
    builder.add_time_bounds(*(bounds or (NOW, NOW)))
    if memo:
        builder.add_memo(memo)
    for name, value, origin in changes or USUAL:
        builder.append_manage_data_op(name, value, origin)
    envelope = builder.build()
    if bounds is None:
        envelope.transaction.preconditions = None
    for signer in signers:
        envelope.sign(signer)
    return envelope


NONCE, ALICE_KEY = b"x" * 64, ALICE.public_key
FIRST = ("anchor.example auth", NONCE, ALICE_KEY)
SECOND = ("web_auth_domain", "api.anchor.example:8443", OURS.public_key)
USUAL = (FIRST, SECOND)


def test_a_challenge_is_one_as_the_sdk_reads_it():
    client = Client(ALICE.public_key, 5, "wallet.example", WALLET.public_key)
    xdr = challenges.build(SERVER, OURS, client, int(time.time()))  # the SDK knows only the time of this machine
    found = read_challenge_transaction(xdr, OURS.public_key, "anchor.example", SERVER.web_auth_domain, PASSPHRASE)
    assert (found.client_account_id, found.matched_home_domain, found.memo) == (ALICE_KEY, "anchor.example", 5)


def test_two_challenges_are_never_the_same():
    assert _asked(Client(ALICE.public_key)).hash() != _asked(Client(ALICE.public_key)).hash()


@pytest.mark.parametrize(
    ("client", "subject"),
    [
        (Client(ALICE.public_key), ALICE.public_key),
        (Client(ALICE.public_key, 5), f"{ALICE.public_key}:5"),
        (Client(ALICE.public_key, 0), f"{ALICE.public_key}:0"),
        (Client(ALICE.public_key, 2**64 - 1), f"{ALICE.public_key}:18446744073709551615"),
        (Client(MUXED), MUXED),
    ],
)
def test_the_whole_identity_comes_back(client, subject):
    challenge = _verify(_asked(client, [ALICE]))
    assert challenge.client == client
    assert challenge.client.subject == subject
    assert challenge.client.account == ALICE.public_key
    assert challenge.expires_at == NOW + 900


def test_a_challenge_made_by_hand_is_accepted_when_it_is_right():
    assert _verify(_built()).client.subject == ALICE.public_key


HOST, OUR_KEY, WALLET_KEY = SERVER.web_auth_domain, OURS.public_key, WALLET.public_key
THIRD = ("client_domain", "wallet.example", WALLET_KEY)

# fmt: off
REFUSED = {
    "source":                     (_built(source=STRANGER.public_key), "SIGNING_KEY"),
    "muxed source":               (_built(source=MuxedAccount(OUR_KEY, 1)), "SIGNING_KEY"),
    "sequence 1":                 (_built(sequence=0), "sequence"),
    "no time bounds":             (_built(bounds=None), "not valid now"),
    "too early":                  (_built(bounds=(NOW + 1, NOW + 900)), "not valid now"),
    "too late":                   (_built(bounds=(NOW - 900, NOW - 1)), "not valid now"),
    "never ending":               (_built(bounds=(NOW, 0)), "not valid now"),
    "hash memo":                  (_built(memo=HashMemo(b"x" * 32)), "memo is not an id"),
    "another home domain":        (_built(("other.example auth", NONCE, ALICE_KEY), SECOND), "another home domain"),
    "home domain alone":          (_built(("anchor.example", NONCE, ALICE_KEY), SECOND), "first operation"),
    "no value":                   (_built(("anchor.example auth", None, ALICE_KEY), SECOND), "nonce"),
    "short nonce":                (_built(("anchor.example auth", NONCE[1:], ALICE_KEY), SECOND), "nonce"),
    "no client":                  (_built(("anchor.example auth", NONCE, None), SECOND), "no source"),
    "client is ourselves":        (_built(("anchor.example auth", NONCE, OUR_KEY), SECOND), "ourselves"),
    "no web_auth_domain":         (_built(FIRST), "web_auth_domain"),
    "two web_auth_domains":       (_built(FIRST, SECOND, SECOND), "web_auth_domain"),
    "another web_auth_domain":    (_built(FIRST, ("web_auth_domain", "anchor.example", OUR_KEY)), "web_auth_domain"),
    "web_auth_domain of another": (_built(FIRST, ("web_auth_domain", HOST, ALICE_KEY)), "another source"),
    "more, of another":           (_built(FIRST, SECOND, ("extra", "1", ALICE_KEY)), "another source"),
    "more, of nobody":            (_built(FIRST, SECOND, ("extra", "1", None)), "another source"),
    "client_domain of nobody":    (_built(FIRST, SECOND, ("client_domain", "wallet.example", None)), "no source"),
    "client_domain not text":     (_built(FIRST, SECOND, ("client_domain", b"\xff", WALLET_KEY)), "not a name"),
    "client_domain by us":        (_built(FIRST, SECOND, ("client_domain", "wallet.example", OUR_KEY)), "ourselves"),
    "two client_domains":         (_built(FIRST, SECOND, THIRD, THIRD), "two"),
    "client_domain unsigned":     (_built(FIRST, SECOND, THIRD), "did not sign"),
    "unsigned":                   (_built(signers=[]), "we did not sign"),
    "not signed by us":           (_built(signers=[ALICE]), "we did not sign"),
    "signed by us alone":         (_built(signers=[OURS]), "weigh 0"),
    "signed by a stranger":       (_built(signers=[OURS, STRANGER]), "belongs to no signer"),
    "signed by a stranger too":   (_built(signers=[OURS, ALICE, STRANGER]), "belongs to no signer"),
    "memo and muxed":             (_asked(Client(MUXED, 5), [ALICE]), "muxed"),
}
# fmt: on


@pytest.mark.parametrize("name", REFUSED)
def test_a_challenge_that_is_wrong_is_refused_and_says_why(name):
    envelope, why = REFUSED[name]
    with pytest.raises(Invalid, match=why):
        _verify(envelope)


def test_a_client_domain_that_signed_is_known():
    client = Client(ALICE.public_key, None, "wallet.example", WALLET.public_key)
    assert _verify(_asked(client, [ALICE, WALLET])).client.domain == "wallet.example"


def test_a_client_domain_cannot_sign_for_the_client():
    client = Client(ALICE.public_key, None, "wallet.example", WALLET.public_key)
    with pytest.raises(Invalid, match="weigh 0"):
        _verify(_asked(client, [WALLET]))


@pytest.mark.parametrize("client", [Client(OUR_KEY), Client(ALICE_KEY, None, "anchor.example", OUR_KEY)])
def test_no_challenge_is_made_that_our_own_signature_would_answer(client):
    with pytest.raises(Invalid, match="ourselves"):
        challenges.build(SERVER, OURS, client, NOW)


def test_a_muxed_client_domain_key_is_no_way_around_its_signature():
    muxed = MuxedAccount(WALLET.public_key, 1).universal_account_id
    envelope = _built(FIRST, SECOND, ("client_domain", "wallet.example", muxed))
    with pytest.raises(Invalid, match="did not sign"):
        _verify(envelope)


def test_a_payment_is_no_challenge():
    builder = TransactionBuilder(Account(OURS.public_key, -1), PASSPHRASE).add_time_bounds(NOW, NOW + 900)
    builder.append_operation(Payment(MuxedAccount(ALICE.public_key), StellarAsset.native(), "1"))
    with pytest.raises(Invalid, match="not manage_data"):
        _verify(builder.build())


def test_a_challenge_without_operations_is_refused():
    with pytest.raises(Invalid, match="first operation"):
        _verify(TransactionBuilder(Account(OURS.public_key, -1), PASSPHRASE).add_time_bounds(NOW, NOW + 9).build())


def test_a_fee_bump_around_a_challenge_is_refused():
    bump = TransactionBuilder.build_fee_bump_transaction(OURS, 200, _built(), PASSPHRASE)
    assert isinstance(bump, FeeBumpTransactionEnvelope)
    with pytest.raises(Invalid, match="not a transaction"):
        challenges.parse(bump.to_xdr(), PASSPHRASE)


def test_a_challenge_signed_for_another_network_is_refused():
    elsewhere = replace(SERVER, network_passphrase=Network.PUBLIC_NETWORK_PASSPHRASE)
    envelope = TransactionEnvelope.from_xdr(
        challenges.build(elsewhere, OURS, Client(ALICE.public_key), NOW), PASSPHRASE
    )
    envelope.sign(ALICE)
    with pytest.raises(Invalid, match="belongs to no signer"):
        _verify(envelope)


@pytest.mark.parametrize("second", range(NOW - 1, NOW + 902, 451))
def test_a_challenge_lives_for_fifteen_minutes(second):
    envelope = _asked(Client(ALICE.public_key), [ALICE])
    if NOW <= second <= NOW + 900:
        assert _verify(envelope, now=second)
    else:
        with pytest.raises(Invalid, match="not valid now"):
            _verify(envelope, now=second)


def test_one_signature_twice_is_refused():
    with pytest.raises(Invalid, match="twice"):
        _verify(_asked(Client(ALICE.public_key), [ALICE, ALICE]))


def test_a_signature_under_a_wrong_hint_belongs_to_nobody():
    envelope = _asked(Client(ALICE.public_key))
    signature = ALICE.sign(envelope.hash())
    envelope.signatures.append(DecoratedSignature(STRANGER.signature_hint(), signature))
    with pytest.raises(Invalid, match="belongs to no signer"):
        _verify(envelope)


BOB, CAROL = Keypair.random(), Keypair.random()


@pytest.mark.parametrize(
    ("account", "signers"),
    [
        (None, [ALICE]),
        (_account((ALICE, 1)), [ALICE]),
        (_account((ALICE, 0), (BOB, 1)), [BOB]),
        (_account((ALICE, 1), (BOB, 1), medium=2), [ALICE, BOB]),
        (_account((ALICE, 0), (BOB, 2), (CAROL, 3), medium=5), [BOB, CAROL]),
        (_account((ALICE, 255), (BOB, 1), medium=255), [ALICE]),
    ],
)
def test_enough_signatures_are_enough(account, signers):
    assert _verify(_asked(Client(ALICE.public_key), signers), account)


@pytest.mark.parametrize(
    ("account", "signers"),
    [
        (None, []),
        (None, [BOB]),
        (None, [ALICE, BOB]),
        (_account((ALICE, 0)), [ALICE]),  # a disabled master key, all thresholds 0
        (_account((ALICE, 0)), []),
        (_account((ALICE, 0), (BOB, 1)), [ALICE]),
        (_account((ALICE, 0), (BOB, 1)), [ALICE, BOB]),
        (_account((ALICE, 1), (BOB, 1), medium=2), [ALICE]),
        (_account((ALICE, 1), (BOB, 1), medium=2), [ALICE, ALICE]),
        (_account((ALICE, 1), (BOB, 1), medium=3), [ALICE, BOB]),
        (_account((ALICE, 1), medium=1), [ALICE, STRANGER]),
        (_account((OURS, 10), (ALICE, 1), medium=10), [ALICE]),  # our signature is no signature of the client
        (_account((OURS, 10), (ALICE, 1)), []),
    ],
)
def test_too_few_signatures_or_any_that_count_nothing_are_refused(account, signers):
    with pytest.raises(Invalid):
        _verify(_asked(Client(ALICE.public_key), signers), account)


def test_only_plain_keys_count_as_signers():
    preimage_signer = Signer(StrKey.encode_sha256_hash(BOB.raw_public_key()), 1, "sha256_hash")
    account = replace(_account((ALICE, 0)), signers=(preimage_signer,), medium_threshold=1)
    with pytest.raises(Invalid):
        _verify(_asked(Client(ALICE.public_key), [BOB]), account)


@pytest.mark.parametrize("garbage", ["", "AAAA", "not base64!", "é", "A" * 20_000, "{}", "AAAAAgAAAAA="])
def test_garbage_is_refused(garbage):
    with pytest.raises(Invalid):
        challenges.parse(garbage, PASSPHRASE)


def test_a_changed_challenge_is_refused_whatever_was_changed():
    envelope = _asked(Client(ALICE.public_key, 5, "wallet.example", WALLET.public_key), [ALICE, WALLET])
    raw = b64decode(envelope.to_xdr())
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << place % 8
        with pytest.raises(Invalid):
            _verify(challenges.parse(b64encode(bytes(changed)).decode(), PASSPHRASE))
