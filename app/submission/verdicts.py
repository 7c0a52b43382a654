"""What the network's codes mean for us: one line each, for every code of the protocol.

Of an *operation*, in a transaction that failed:

    good    it did nothing wrong: its order goes again
    fail    the destination's fault, or the order's: it fails, with these words
    flip    the destination is not what we thought: its order goes again another way if there is one, else it fails
    pause   the source cannot send this asset for now: the order goes again when the source has been seen to
    reserve the same of XLM, which the operation needs for a reserve whatever it sends
    park    not ours to interpret, or our own mistake: an operator must look

Of a *transaction*, ``refused`` is what to do once it is certain that it is in no ledger and never will be, and this
was the last thing a node said to it; ``landed`` is what to do when it is in a ledger. Both may be ``park``.

    again   sign anew, on the same number          settle  every operation of it happened
    raise   the same, for a higher fee             split   judge each operation by its code
    drop    the same, without the guilty           never   cannot be

A code that is not here parks. What a code means depends on the operation only where ``OF_ONE`` says so: who sets money
aside has no other party, so what a payment says of the destination is said of the source. Nothing there parks, so
whoever only wants to know that need not know the operation.
"""

from dataclasses import dataclass

from app.stellar.operations import SET_ASIDE, TAKE_BACK


@dataclass(frozen=True)
class Verdict:
    act: str
    words: str


@dataclass(frozen=True)
class Ruling:
    refused: str
    landed: str
    words: str


UNSENT = """
    op_no_trust_line op_trust_not_required op_cant_revoke op_self_not_allowed op_already_sponsored op_recursive
    op_not_issuer op_not_clawback_enabled op_not_sponsored op_resource_limit_exceeded
    op_insufficient_refundable_fee op_not_time op_trapped op_entry_archived op_bad_price op_pool_full
    op_under_minimum op_sell_no_trust op_buy_no_trust op_sell_not_authorized op_buy_not_authorized op_cross_self
    op_sell_no_issuer op_buy_no_issuer op_not_found op_not_supported_yet op_name_not_found op_invalid_name
    op_not_sponsor op_only_transferable op_too_many_signers op_bad_flags op_invalid_inflation op_cant_change
    op_unknown_flag op_threshold_out_of_range op_bad_signer op_invalid_home_domain op_auth_revocable_required
    op_invalid_state
"""

# fmt: off
OPERATIONS = {code: Verdict(act, words) for code, act, words in [
    ("op_success",             "good",  "nothing was wrong with it"),
    # the destination's fault, or the order's
    ("op_no_destination",      "flip",  "the receiving account does not exist on Stellar"),
    ("op_already_exists",      "flip",  "the account to be created exists already"),
    ("op_no_trust",            "flip",  "the receiving account has no trustline for the asset"),
    ("op_not_authorized",      "flip",  "the issuer has not authorized the receiving account to hold the asset"),
    ("op_line_full",           "flip",  "the receiving account's trustline has no room for the amount"),
    ("op_low_reserve",         "fail",  "the amount is less than the reserve a new account must hold"),
    ("op_malformed",           "fail",  "the network does not accept such an operation"),
    ("op_dest_full",           "fail",  "the receiving account cannot hold that much XLM"),
    ("op_too_few_offers",      "fail",  "the market has no path from the one asset to the other"),
    ("op_offer_cross_self",    "fail",  "the path would cross an offer of the sending account"),
    ("op_over_sendmax",        "fail",  "the market asks for more than the most that may be sent"),
    ("op_under_destmin",       "fail",  "the market gives less than the least that must arrive"),
    ("op_does_not_exist",      "fail",  "the claimable balance does not exist any more"),
    ("op_cannot_claim",        "fail",  "the claimable balance cannot be claimed by this account now"),
    ("op_trustline_frozen",    "fail",  "the network has frozen the trustline"),
    ("op_exceeded_work_limit", "fail",  "the path crosses more offers than the network allows"),
    ("op_has_sub_entries",     "fail",  "the account to be merged still has trustlines, offers, signers or data"),
    ("op_immutable_set",       "fail",  "the account to be merged is immutable"),
    ("op_is_sponsor",          "fail",  "the account to be merged sponsors entries of others"),
    ("op_seqnum_too_far",      "fail",  "the account to be merged has a sequence number too far ahead"),
    # the source's fault
    ("op_underfunded",         "pause", "the sending account does not have enough of the asset"),
    ("op_src_no_trust",        "pause", "the sending account has no trustline for the asset"),
    ("op_src_not_authorized",  "pause", "the issuer has not authorized the sending account to send the asset"),
    ("op_no_issuer",           "pause", "the issuer of the asset does not exist"),
    ("op_invalid_limit",       "fail",  "the limit is below what the trustline holds"),
    ("op_cannot_delete",       "fail",  "the trustline is still used by a pool share"),
    ("op_trust_line_missing",  "fail",  "a trustline for an asset of the pool is missing"),
    ("op_not_auth_maintain_liabilities", "fail", "the issuer has not authorized the trustline"),
    ("op_too_many_subentries", "park",  "the sending account has as many entries as an account can have"),
    ("op_too_many_sponsoring", "park",  "the sending account sponsors as much as an account can"),
    # our own
    ("op_bad_auth",            "park",  "our signatures do not suffice: see the account's signers and thresholds"),
    ("op_no_source_account",   "park",  "the sending account does not exist on Stellar"),
    ("op_not_supported",       "park",  "the network does not support this operation"),
    ("op_bad_seq",             "park",  "a bump to a number that cannot be"),
    ("op_inner",               "park",  "a result without its code"),
    # of operations we never send
    *((code, "park", "of an operation we never send") for code in UNSENT.split()),
]}

OF_ONE = {(operation, code): Verdict(act, words) for operation, code, act, words in [
    (SET_ASIDE, "op_no_trust",       "pause",   "the sending account has no trustline for the asset"),
    (SET_ASIDE, "op_not_authorized", "pause",   "the issuer has not authorized the sending account to send the asset"),
    (SET_ASIDE, "op_low_reserve",    "reserve", "the sending account has too little XLM to set money aside"),
    (TAKE_BACK, "op_no_trust",       "fail",    "the account that takes it back has no trustline for the asset"),
    (TAKE_BACK, "op_not_authorized", "fail",    "the issuer has not authorized the account that takes it back"),
    (TAKE_BACK, "op_line_full",      "fail",    "the trustline of the account that takes it back has no room for it"),
]}

TRANSACTIONS = {code: Ruling(refused, landed, words) for code, refused, landed, words in [
    ("",                          "again", "park",   "no node has said anything against it"),
    ("tx_success",                "again", "settle", "it is in the ledger"),
    ("tx_fee_bump_inner_success", "again", "settle", "it is in the ledger, its fee paid by a fee bump"),
    ("tx_failed",                 "drop",  "split",  "an operation of it cannot be"),
    ("tx_fee_bump_inner_failed",  "drop",  "split",  "an operation of it cannot be"),
    ("tx_too_early",              "again", "park",   "its time has not come: the node is behind"),
    ("tx_too_late",               "again", "park",   "its time is over"),
    ("tx_bad_seq",                "again", "park",   "its sequence number is not the next one, or the node is behind"),
    ("tx_insufficient_fee",       "raise", "park",   "the network is busy, and others pay more"),
    ("tx_insufficient_balance",   "again", "park",   "the channel has too little XLM for the fee: send it some"),
    ("tx_internal_error",         "again", "park",   "the node had a problem of its own"),
    ("tx_missing_operation",      "park",  "park",   "a transaction without operations"),
    ("tx_bad_auth",               "park",  "park",   "our signatures do not suffice: see the channel's signers"),
    ("tx_bad_auth_extra",         "park",  "park",   "a signature too many: see the accounts' signers"),
    ("tx_no_source_account",      "park",  "park",   "the channel's account does not exist on Stellar"),
    ("tx_not_supported",          "park",  "park",   "the network does not support this kind of transaction"),
    ("tx_bad_sponsorship",        "park",  "park",   "a sponsorship was left open"),
    ("tx_bad_minseq_age_or_gap",  "park",  "park",   "the account's sequence number is too young"),
    ("tx_malformed",              "park",  "park",   "the node cannot read the envelope"),
    ("tx_soroban_invalid",        "park",  "park",   "a kind of transaction we never send"),
    ("tx_frozen_key_accessed",    "park",  "park",   "the network has frozen an entry the transaction touches"),
]}
# fmt: on


def of_operation(code: str, operation: str = "payment") -> Verdict:
    """Return what ``code`` of an ``operation`` means for its order."""
    return OF_ONE.get((operation, code)) or OPERATIONS.get(code) or Verdict("park", f"{code} is a code we do not know")


def of_transaction(code: str) -> Ruling:
    """Return what ``code`` of a transaction means for its batch."""
    return TRANSACTIONS.get(code) or Ruling("park", "park", f"{code} is a code we do not know")
