"""The engine's decisions as a table: what one node said, and what follows. No database, no network."""

from dataclasses import replace

import pytest
from stellar_sdk import xdr

from app.money import NATIVE
from app.stellar import results
from app.stellar.facts import Node, Receipt, TransactionFacts
from app.stellar.operations import SET_ASIDE, TAKE_BACK
from app.stellar.results import Codes
from app.submission import verdicts
from app.submission.decisions import (
    LOOK_SECONDS,
    bid,
    decide,
    decisive,
    escalation,
    fates,
    heed,
    hold,
    unpaid,
    wants_sequence,
)
from app.submission.facts import (
    Answers,
    Attempt,
    Batch,
    Bump,
    Close,
    Draft,
    Envelope,
    Fate,
    Item,
    Park,
    Post,
    Rebuild,
    Wait,
)

ATTEMPT = Attempt("a" * 64, max_time=1060, after_ledger=100, fee=1000)
ENVELOPE = Envelope(ATTEMPT.hash, ATTEMPT.hash, "AAAA", 1000, posted_ledger=100, receipt="pending")
BATCH = Batch(1, 1, "ours", "GCHANNEL", 8, "GTREASURY", attempts=(ATTEMPT,), envelopes=(ENVELOPE,))
LIVE = Node(101, 1005, 1, "a network")
OVER = Node(113, 1061, 1, "a network")


def landed(code: xdr.TransactionResultCode, *operations: xdr.PaymentResultCode) -> TransactionFacts:
    parts = [
        xdr.OperationResult(
            xdr.OperationResultCode.opINNER,
            tr=xdr.OperationResultTr(xdr.OperationType.PAYMENT, payment_result=xdr.PaymentResult(operation)),
        )
        for operation in operations
    ]
    failed = code in (xdr.TransactionResultCode.txFAILED, xdr.TransactionResultCode.txSUCCESS)
    body = xdr.TransactionResultResult(code, results=parts if failed else None)
    result = xdr.TransactionResult(xdr.Int64(100), body, xdr.TransactionResultExt(0)).to_xdr()
    success = code == xdr.TransactionResultCode.txSUCCESS
    return TransactionFacts(ATTEMPT.hash, success, 102, 1010, 100, "GCHANNEL", "GCHANNEL", 8, result)


def said(status: str, code: str = "") -> Batch:
    return replace(BATCH, envelopes=(replace(ENVELOPE, receipt=status, code=code),))


TX, OP = xdr.TransactionResultCode, xdr.PaymentResultCode
NO_TRUST = landed(TX.txFAILED, OP.PAYMENT_SUCCESS, OP.PAYMENT_NO_TRUST)


@pytest.mark.parametrize(
    ("batch", "answers", "follows"),
    [
        # in the ledger: final, whatever else was said
        (BATCH, Answers(LIVE, found=landed(TX.txSUCCESS)), Close),
        (BATCH, Answers(OVER, 9, True, landed(TX.txSUCCESS)), Close),
        (said("refused", "tx_bad_auth"), Answers(LIVE, found=landed(TX.txSUCCESS)), Close),
        (BATCH, Answers(LIVE, found=NO_TRUST), Close),
        (BATCH, Answers(LIVE, found=landed(TX.txBAD_AUTH)), Park),
        (BATCH, Answers(LIVE, found=landed(TX.txFAILED, OP.PAYMENT_SUCCESS)), Park),
        # not found, and it may still get in
        (BATCH, Answers(LIVE), Wait),
        (BATCH, Answers(replace(LIVE, ledger=102)), Post),
        (said("try_again_later"), Answers(LIVE), Post),
        (said("unknown"), Answers(LIVE), Post),
        (said("refused", "tx_insufficient_fee"), Answers(LIVE), Post),
        (said("refused", "tx_too_late"), Answers(replace(LIVE, closed_at=1060)), Post),
        (said("refused", "tx_bad_seq"), Answers(LIVE, 7, True), Post),
        (said("refused", "tx_bad_seq"), Answers(LIVE, 6, True), Post),
        (said("refused", "tx_bad_auth"), Answers(LIVE), Post),
        # not found, and its number is spent
        (said("refused", "tx_bad_seq"), Answers(LIVE, 8, True), Park),
        (BATCH, Answers(OVER, 8, True), Park),
        (BATCH, Answers(OVER, 9, True), Park),
        # not found, and nothing signed can get in any more
        (BATCH, Answers(OVER, 7, True), Rebuild),
        (said("unknown"), Answers(OVER, 7, True), Rebuild),
        (said("refused", "tx_insufficient_fee"), Answers(OVER, 7, True), Rebuild),
        (said("refused", "tx_bad_seq"), Answers(OVER, 7, True), Rebuild),
        (BATCH, Answers(OVER, 6, True), Park),
        (BATCH, Answers(OVER, None, True), Park),
        (said("refused", "tx_bad_auth"), Answers(OVER, 7, True), Park),
        (said("refused", "op_bad_auth"), Answers(OVER, 7, True), Park),
        (said("refused", "tx_of_the_future"), Answers(OVER, 7, True), Park),
        # not found, where the node no longer remembers
        (BATCH, Answers(replace(OVER, elder_ledger=102), 7, True), Park),
        (BATCH, Answers(replace(OVER, elder_ledger=101), 7, True), Rebuild),
    ],
)
def test_what_follows_from_an_answer(batch: Batch, answers: Answers, follows: type) -> None:
    decision = decide(batch, answers)
    assert isinstance(decision, follows), decision
    if isinstance(decision, (Park, Rebuild)):
        assert decision.why


def test_the_end_of_an_envelope_is_the_last_of_its_attempts() -> None:
    later = replace(ATTEMPT, hash="b" * 64, max_time=1100)
    assert not wants_sequence(replace(BATCH, attempts=(ATTEMPT, later)), OVER)
    assert wants_sequence(BATCH, OVER)
    assert not wants_sequence(BATCH, LIVE)
    assert wants_sequence(said("refused", "tx_bad_seq"), LIVE)


def test_the_door_names_the_guilty_and_they_are_left_out_at_once() -> None:
    receipt = Receipt("refused", Codes("tx_failed", ("op_success", "op_malformed", "op_underfunded")))
    decision = heed(dict.fromkeys("abc", "payment"), receipt)
    assert isinstance(decision, Rebuild)
    assert list(decision.faults) == ["b"]


def test_who_is_named_depends_on_the_operation() -> None:
    receipt = Receipt("refused", Codes("tx_failed", ("op_no_trust", "op_no_trust")))
    decision = heed({"paid": "payment", "set aside": SET_ASIDE}, receipt)
    assert isinstance(decision, Rebuild)
    assert list(decision.faults) == ["paid"]


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt("pending"),
        Receipt("unknown"),
        Receipt("refused", Codes("tx_bad_seq")),
        Receipt("refused", Codes("tx_failed", ("op_bad_auth",))),
        Receipt("try_again_later"),
    ],
)
def test_any_other_receipt_is_only_a_hint(receipt: Receipt) -> None:
    assert heed({"a": "payment"}, receipt) == Wait()


def test_retry_after_is_heeded() -> None:
    assert heed({"a": "payment"}, Receipt("unknown", retry_after_seconds=7)) == Wait(7)


def test_a_refusal_is_remembered_by_the_code_that_needs_an_operator() -> None:
    assert decisive(Codes("tx_failed", ("op_success", "op_bad_auth"))) == "op_bad_auth"
    assert decisive(Codes("tx_failed", ("op_success", "op_malformed"))) == "tx_failed"
    assert decisive(Codes()) == ""


def item(id: str, **facts: object) -> Item:
    plain = {"kind": "payment", "operation": "payment", "source": "G", "destination": "G", "asset": "x", "amount": 1}
    return Item(**{"id": id, **plain, **facts})  # type: ignore[arg-type]


ASIDE = {"otherwise": "claimable_balance"}


def closed(*codes: str) -> Close:
    found = landed(TX.txFAILED if codes else TX.txSUCCESS)
    return Close(found, Codes("tx_failed" if codes else "tx_success", codes))


def test_when_it_succeeded_all_that_were_carried_are_settled_and_the_others_go_their_way() -> None:
    items = [
        item("a"),
        item("late", recalled=True),
        item("gone", recalled=True),
        item("bad", code="op_malformed", reason="why"),
        item("left"),
    ]
    assert fates(items, ["a", "late"], closed()) == {
        "a": Fate("settle"),
        "late": Fate("settle"),
        "gone": Fate("cancel"),
        "bad": Fate("fail", "op_malformed", "why"),
        "left": Fate("release"),
    }


def test_when_it_failed_each_is_judged_by_its_own_code() -> None:
    items = [item(name) for name in ("good", "bad", "poor", "missing")]
    items.append(item("new", kind="create_account", operation="create_account"))
    items.append(item("unwanted", recalled=True))
    codes = ("op_success", "op_no_trust", "op_underfunded", "op_no_destination", "op_already_exists", "op_no_trust")
    found = fates(items, [row.id for row in items], closed(*codes))
    assert {name: fate.event for name, fate in found.items()} == {
        "good": "release",
        "bad": "fail",
        "poor": "release",
        "missing": "fail",
        "new": "release",
        "unwanted": "cancel",
    }
    assert found["new"].operation == "payment"
    assert (found["poor"].pause, found["poor"].suspect) == ("x", True)
    assert (found["good"].pause, found["good"].suspect) == ("", False)


UNFIT = ["op_no_destination", "op_no_trust", "op_not_authorized", "op_line_full"]


@pytest.mark.parametrize("code", UNFIT)
def test_what_cannot_be_paid_is_set_aside_if_its_owner_wants_that(code: str) -> None:
    items = [item("aside", **ASIDE), item("plain"), item("unwanted", recalled=True, **ASIDE)]
    found = fates(items, [row.id for row in items], closed(code, code, code))
    words = verdicts.of_operation(code).words
    assert found["aside"] == Fate("release", reason=words, operation=SET_ASIDE)
    assert found["plain"] == Fate("fail", code, words)
    assert found["unwanted"].event == "cancel"


@pytest.mark.parametrize("code", UNFIT)
def test_what_the_door_named_goes_the_same_way_when_its_number_is_spent(code: str) -> None:
    items = [item("aside", code=code, reason="why", **ASIDE), item("plain", code=code, reason="why")]
    for found in (unpaid(items), fates(items, [], closed())):
        assert found == {
            "aside": Fate("release", reason="why", operation=SET_ASIDE),
            "plain": Fate("fail", code, "why"),
        }


@pytest.mark.parametrize("code", ["op_malformed", "op_trustline_frozen", "op_already_exists"])
def test_a_fault_that_setting_aside_does_not_mend_fails_all_the_same(code: str) -> None:
    assert fates([item("a", **ASIDE)], ["a"], closed(code))["a"].event == "fail"
    assert unpaid([item("a", code=code, **ASIDE)])["a"].event == "fail"


@pytest.mark.parametrize(
    ("code", "paused"),
    [
        ("op_no_trust", "x"),
        ("op_not_authorized", "x"),
        ("op_underfunded", "x"),
        ("op_low_reserve", NATIVE),
    ],
)
def test_of_what_is_set_aside_the_source_is_to_blame(code: str, paused: str) -> None:
    fate = fates([item("a", operation=SET_ASIDE, **ASIDE)], ["a"], closed(code))["a"]
    assert (fate.event, fate.pause, fate.suspect, fate.operation) == ("release", paused, True, "")


@pytest.mark.parametrize("code", ["op_does_not_exist", "op_cannot_claim", "op_no_trust", "op_line_full"])
def test_what_cannot_be_taken_back_fails(code: str) -> None:
    assert fates([item("a", kind=TAKE_BACK, operation=TAKE_BACK)], ["a"], closed(code))["a"].event == "fail"


def test_no_order_goes_again_as_what_it_was_refused_as() -> None:
    impossible = item("a", operation=SET_ASIDE, **ASIDE)
    assert fates([impossible], ["a"], closed("op_line_full"))["a"].event == "fail"


def test_of_a_batch_that_was_never_paid_nothing_is_settled() -> None:
    found = unpaid([item("a"), item("b", recalled=True), item("c", code="op_malformed")])
    assert [fate.event for fate in found.values()] == ["release", "cancel", "fail"]


def test_every_attempt_bids_twice_as_much_up_to_the_most() -> None:
    assert [bid(100, 350, [ATTEMPT] * count) for count in range(4)] == [100, 200, 350, 350]


def test_a_fee_is_raised_tenfold_once_others_pay_more_within_both_limits() -> None:
    late = replace(BATCH, asked_ledger=102, fees_left=20_000)
    assert escalation(late, replace(LIVE, ledger=102), 100_000) is None  # not late enough
    assert escalation(late, replace(LIVE, ledger=103), 100_000) == Bump(20_000)
    assert escalation(replace(late, fees_left=19_999), replace(LIVE, ledger=103), 100_000) is None
    assert escalation(late, replace(LIVE, ledger=103), 9_999) is None


def test_every_code_of_the_protocol_has_its_verdict() -> None:
    kinds = [getattr(xdr, name) for name in dir(xdr) if name.endswith("ResultCode")]
    operations = {results.name(code) for kind in kinds if kind is not xdr.TransactionResultCode for code in kind}
    assert operations == set(verdicts.OPERATIONS)
    assert {code for _, code in verdicts.OF_ONE} < operations
    assert "park" not in {verdict.act for verdict in verdicts.OF_ONE.values()}  # see decisions._landed
    assert "park" not in {verdicts.of_operation(code).act for _, code in verdicts.OF_ONE}
    assert {results.name(code) for code in xdr.TransactionResultCode} | {""} == set(verdicts.TRANSACTIONS)


def test_a_code_we_do_not_know_parks() -> None:
    assert verdicts.of_operation("op_of_the_future").act == "park"
    assert verdicts.of_transaction("tx_of_the_future").refused == "park"
    assert verdicts.of_transaction("tx_of_the_future").landed == "park"


DRAFT = Draft(Attempt("b" * 64, max_time=5000, after_ledger=100, fee=1000), "AAAA", ("a", "b"))
UNSIGNED = replace(BATCH, attempts=(), envelopes=())


@pytest.mark.parametrize(
    ("batch", "answers", "wanted", "follows"),
    [
        # nothing was signed before: nothing can have happened
        (UNSIGNED, Answers(LIVE), "ab", Wait(LOOK_SECONDS)),
        (UNSIGNED, Answers(replace(LIVE, elder_ledger=101)), "ab", Wait(LOOK_SECONDS)),
        (UNSIGNED, Answers(replace(LIVE, closed_at=4930)), "ab", Wait(11)),
        (UNSIGNED, Answers(replace(LIVE, closed_at=4940)), "ab", Wait(1)),
        (UNSIGNED, Answers(replace(LIVE, closed_at=4941)), "ab", Rebuild("too few signed it in time")),
        (UNSIGNED, Answers(LIVE), "b", Rebuild("it carries orders that are wanted no more")),
        (UNSIGNED, Answers(LIVE), "", Rebuild("it carries orders that are wanted no more")),
        # what was signed before may still apply, and is asked for until it cannot
        (BATCH, Answers(LIVE), "ab", Wait()),
        (BATCH, Answers(OVER, 7, True), "ab", Wait(LOOK_SECONDS)),
        (said("refused", "tx_bad_auth"), Answers(OVER, 7, True), "ab", Wait(LOOK_SECONDS)),
    ],
)
def test_what_follows_while_others_are_to_sign(batch: Batch, answers: Answers, wanted: str, follows: object) -> None:
    assert hold(batch, DRAFT, answers, tuple(wanted)) == follows


@pytest.mark.parametrize(
    ("answers", "follows"),
    [
        (Answers(LIVE, found=landed(TX.txSUCCESS)), Close),
        (Answers(LIVE, 8, True), Park),
        (Answers(replace(LIVE, elder_ledger=102)), Park),
    ],
)
def test_what_was_signed_before_decides_about_a_batch_whose_draft_waits(answers: Answers, follows: type) -> None:
    assert isinstance(hold(BATCH, DRAFT, answers, ("a", "b")), follows)
