"""Named transactions sent to a real stellar-core one after the other, and what it answered."""

import json
from pathlib import Path

import pytest
from stellar_sdk import (
    AccountMerge,
    Asset,
    AuthorizationFlag,
    ChangeTrust,
    Claimant,
    ClaimClaimableBalance,
    ClaimPredicate,
    Clawback,
    ClawbackClaimableBalance,
    CreateAccount,
    CreateClaimableBalance,
    ManageSellOffer,
    MuxedAccount,
    PathPaymentStrictReceive,
    PathPaymentStrictSend,
    Payment,
    SetOptions,
    SetTrustLineFlags,
    Signer,
    TransactionBuilder,
    TrustLineFlags,
)

from app.sandbox.network.engine.queue import Status
from tests.sandbox.network.town import NOW, PASSPHRASE, Town, codes, key

VECTORS = Path(__file__).parent / "data" / "core-vectors.json"

issuer, alice, bob, carol, maker, channel, payer, nobody = map(
    key, ("issuer", "alice", "bob", "carol", "maker", "channel", "payer", "nobody")
)
XLM, USD, EUR = Asset.native(), Asset("USD", issuer.public_key), Asset("EUR", issuer.public_key)
REVOCABLE = AuthorizationFlag.AUTHORIZATION_REVOCABLE | AuthorizationFlag.AUTHORIZATION_CLAWBACK_ENABLED
FAR = NOW + 100_000


def pay(to, amount, asset=XLM, **more):
    return Payment(to.public_key, asset, amount, **more)


class Course:
    """The cases in their order: each depends on what those before it left behind."""

    def __init__(self):
        self.town = Town()
        self.told = {}

    def run(self, name, envelope):
        """Send a transaction; tell its answer, and its result if it got into a ledger."""
        admission = self.town.submit(envelope)
        told = {"submit": admission.status.value}
        if admission.result:
            told["submit_result"] = codes(admission.result.to_xdr())
        applied = self.town.close().transactions
        if applied:
            told["applied"] = codes(applied[0].result)
        self.told[name] = told
        return applied[0] if applied else None

    def say(self, name, source, *operations, **how):
        return self.run(name, self.town.build(source, operations, **how))

    def play(self):
        for scene in (self.basics, self.refusals, self.failures, self.trust, self.market, self.claimables, self.bumps):
            scene()
        self.replacement()
        self.multisig()
        return self.told

    def basics(self):
        town = self.town
        people = (issuer, alice, bob, carol, maker, channel, payer)
        self.say("create_accounts_ok", town.root, *(CreateAccount(one.public_key, "1000") for one in people))
        first = town.build(alice, [pay(bob, "1")])
        self.run("payment_native_ok", first)
        self.run("resubmit_already_applied", first)
        one, other = town.build(alice, [pay(bob, "1")]), town.build(alice, [pay(bob, "1")], delta=1)
        answers = [town.submit(one).status.value, town.submit(other).status.value]
        applied = town.close().transactions
        told = [codes(each.result) for each in applied]
        self.told["two_pending_same_source_chain"] = {"submit": answers, "applied": [*told, None]}

    def refusals(self):
        town, payment = self.town, pay(bob, "1")
        now = town.now
        self.say("bad_seq_gap", alice, payment, delta=5)
        self.say("bad_seq_old", alice, pay(bob, "1.5"), delta=-2)
        self.say("too_late", alice, payment, mutate=lambda b: b.add_time_bounds(0, now - 60))
        self.say("too_early", alice, payment, mutate=lambda b: b.add_time_bounds(now + 600, 0))
        self.say("ledgerbounds_too_late", alice, payment, mutate=lambda b: b.set_ledger_bounds(0, 2))
        self.say("min_seq_age", alice, payment, mutate=lambda b: b.set_min_sequence_age(100_000))
        self.say("min_seq_ledger_gap", alice, payment, mutate=lambda b: b.set_min_sequence_ledger_gap(100_000))
        present = town.account(alice).sequence
        self.say("min_seq_num_relaxed_ok", alice, payment, delta=3, mutate=lambda b: b.set_min_sequence_number(present))
        self.say("wrong_signature", alice, payment, signers=[bob])
        self.say("extra_signature", alice, payment, signers=[alice, bob])
        self.say("op_source_not_signed", alice, pay(alice, "1", source=bob.public_key))
        self.say("tx_no_account", nobody, pay(alice, "1"))
        self.say("no_ops", alice)
        self.say("pay_zero_amount", alice, pay(bob, "0"))

    def failures(self):
        before = self.town.account(alice)
        self.say("pay_no_destination", alice, pay(nobody, "1"))
        after = self.town.account(alice)
        spent = {"balance_delta": after.balance - before.balance, "seq_delta": after.sequence - before.sequence}
        self.told["fee_and_seq_consumed_on_failed"] = spent
        self.say("pay_native_underfunded", alice, pay(bob, "999999"))
        self.say("create_low_reserve", alice, CreateAccount(nobody.public_key, "0.5"))
        self.say("create_underfunded", alice, CreateAccount(nobody.public_key, "99999"))
        self.say("atomic_two_ops_second_fails", alice, pay(bob, "5"), pay(nobody, "1"), pay(bob, "5"))

    def trust(self):
        self.say("issuer_flags", issuer, SetOptions(set_flags=REVOCABLE))
        self.say("issue_no_trust", issuer, pay(alice, "10", USD))
        self.say("issue_no_trust_and_no_dest", issuer, pay(nobody, "10", USD))
        self.say("trust_ok", alice, ChangeTrust(USD, "100"))
        self.say("trust_bob", bob, ChangeTrust(USD, "1000"), ChangeTrust(EUR, "1000"))
        self.say("trust_mm", maker, ChangeTrust(USD), ChangeTrust(EUR))
        self.say("trust_self", issuer, ChangeTrust(USD))
        issued = pay(alice, "60", USD), pay(maker, "5000", USD), pay(maker, "5000", EUR), pay(bob, "100", USD)
        self.say("issue_ok", issuer, *issued)
        self.say("line_full", issuer, pay(alice, "60", USD))
        self.say("underfunded_asset", alice, pay(bob, "61", USD))
        self.say("dest_no_trust_before_src_no_trust", carol, pay(channel, "1", USD))
        self.say("trust_limit_below_balance", alice, ChangeTrust(USD, "10"))
        self.say("trust_remove_nonzero", alice, ChangeTrust(USD, "0"))
        authorized = TrustLineFlags.AUTHORIZED_FLAG
        self.say("freeze_alice", issuer, SetTrustLineFlags(alice.public_key, USD, clear_flags=authorized))
        self.say("src_not_authorized", alice, pay(bob, "1", USD))
        self.say("dest_not_authorized", bob, pay(alice, "1", USD))
        self.say("clawback_ok_on_frozen", issuer, Clawback(USD, alice.public_key, "10"))
        self.say("clawback_not_issuer", bob, Clawback(USD, alice.public_key, "1"))
        self.say("unfreeze_alice", issuer, SetTrustLineFlags(alice.public_key, USD, set_flags=authorized))
        muxed = MuxedAccount(bob.public_key, 42).account_muxed
        self.say("muxed_dest_ok", alice, Payment(muxed, USD, "1"))
        self.say("pay_back_to_issuer_ok", alice, pay(issuer, "1", USD))

    def market(self):
        def receive(most, amount, wanted=EUR, held=USD):
            return PathPaymentStrictReceive(bob.public_key, held, most, wanted, amount, [])

        self.say("offers_ok", maker, ManageSellOffer(EUR, USD, "100", "1.1"), ManageSellOffer(EUR, USD, "100", "1.25"))
        self.say("path_strict_receive_ok", alice, receive("20", "10"))
        self.say("path_strict_receive_over_sendmax", alice, receive("1", "10"))
        self.say("path_strict_send_ok", alice, PathPaymentStrictSend(bob.public_key, USD, "5", EUR, "4", []))
        self.say("path_strict_send_under_destmin", alice, PathPaymentStrictSend(bob.public_key, USD, "5", EUR, "5", []))
        self.say("path_too_few_offers", bob, receive("900", "500"))
        self.say("path_no_offers", alice, receive("900", "1", held=XLM))

    def claimables(self):
        before = ClaimPredicate.predicate_before_absolute_time(FAR)
        claimants = [Claimant(channel.public_key), Claimant(bob.public_key, before)]
        made = self.say("cb_create_ok", alice, CreateClaimableBalance(USD, "3", claimants))
        id = _balance_id(made)
        self.say("cb_claim_no_trust", channel, ClaimClaimableBalance(id))
        self.say("cb_claim_cannot", carol, ClaimClaimableBalance(id))
        self.say("cb_claim_ok", bob, ClaimClaimableBalance(id))
        self.say("cb_claim_again", bob, ClaimClaimableBalance(id))
        made = self.say("cb_create2", alice, CreateClaimableBalance(USD, "2", [Claimant(channel.public_key)]))
        self.say("cb_clawback_ok", issuer, ClawbackClaimableBalance(_balance_id(made)))

    def bumps(self):
        town = self.town
        before = town.account(payer), town.account(alice)
        self.run("feebump_ok", town.bump(payer, 200, town.build(alice, [pay(bob, "1")])))
        after = town.account(payer), town.account(alice)
        moved = [
            (new.balance - old.balance, new.sequence - old.sequence) for old, new in zip(before, after, strict=True)
        ]
        names = ("feesource", "feesource_seq", "inner", "inner_seq")
        self.told["feebump_delta"] = dict(zip(names, (*moved[0], *moved[1]), strict=True))
        self.run("feebump_inner_op_fails", town.bump(payer, 200, town.build(alice, [pay(nobody, "1")])))
        inner = town.build(alice, [pay(bob, "1")])
        unsigned = TransactionBuilder.build_fee_bump_transaction(payer, 200, inner, PASSPHRASE)
        self.run("feebump_unsigned", unsigned)
        self.run("feebump_no_account", town.bump(nobody, 200, inner))

    def replacement(self):
        town = self.town
        inner = town.build(alice, [pay(bob, "1")])
        pending = town.submit(inner).status.value
        five, ten = town.submit(town.bump(payer, 500, inner)), town.submit(town.bump(payer, 1000, inner))
        (applied,) = town.close().transactions
        self.told["replace_by_fee_5x_then_10x"] = {
            "inner": {"status": pending},
            "5x_codes": codes(five.result.to_xdr()),
            "10x": {"status": ten.status.value},
            "applied_10x": codes(applied.result),
        }

    def multisig(self):
        signer = Signer.ed25519_public_key(channel.public_key, 1)
        thresholds = {"low_threshold": 1, "med_threshold": 2, "high_threshold": 2}
        self.say("set_multisig", carol, SetOptions(signer=signer, **thresholds))
        self.say("multisig_one_sig_op_bad_auth", carol, pay(bob, "1"))
        self.say("multisig_ok", carol, pay(bob, "1"), signers=[carol, channel])
        self.say("ops_100_ok", bob, *[pay(alice, "0.0000001")] * 100)
        self.say("account_merge_ok", payer, AccountMerge(bob.public_key))
        self.say("merge_has_subentries", alice, AccountMerge(bob.public_key))


def _balance_id(applied):
    return applied.result.result.results[0].tr.create_claimable_balance_result.balance_id.to_xdr_bytes().hex()


@pytest.fixture(scope="module")
def told():
    return Course().play()


def _comparable(case):
    """Leave out where on which network it happened; what is left is the ledger's to decide."""
    kept = {
        name: value for name, value in case.items() if name not in ("case", "how", "submit_xdr", "applied_inner", "5x")
    }
    for name, value in kept.items():
        if isinstance(value, dict):
            kept[name] = {key: held for key, held in value.items() if key not in ("ledger", "idx", "xdr")}
    if isinstance(kept.get("submit"), list):
        kept["submit"] = [each["status"] for each in kept["submit"]]
        kept["applied"] = [
            each and {k: v for k, v in each.items() if k in ("tx", "fee_charged", "ops")} for each in kept["applied"]
        ]
    return kept


CASES = {case["case"]: _comparable(case) for case in json.loads(VECTORS.read_text())["cases"]}


@pytest.mark.parametrize("name", CASES)
def test_a_named_case_is_answered_as_the_real_core_did(told, name):
    assert told[name] == CASES[name]


def test_the_status_of_an_applied_transaction_sent_again_changes_when_its_ban_ends():
    town = Town()
    envelope = town.build(town.root, [CreateAccount(alice.public_key, "100")])
    town.apply(envelope)
    assert town.submit(envelope).status is Status.TRY_AGAIN_LATER
    town.skip(10)
    assert codes(town.submit(envelope).result.to_xdr()) == {"tx": "txBAD_SEQ", "fee_charged": 100}
