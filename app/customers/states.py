"""Where a customer stands, where each of their fields stands, and news of either."""

from app.states import Machine

# fmt: off
CUSTOMER = Machine("customer",
    states=[
        # state       duty     meaning (each is SEP-12's status of the same name)
        ("needs_info", "rests", "something must still be given, corrected or verified by the customer"),
        ("processing", "rests", "everything is there; an operator has yet to look at it"),
        ("accepted",   "rests", "known well enough"),
        ("rejected",   "rests", "will not be served; an operator may think again"),
    ],
    steps=[
        # from         event     to            why
        ("processing", "ask",    "needs_info", "a field must be corrected, or one more is wanted"),
        ("accepted",   "ask",    "needs_info", "a field must be corrected, or one more is wanted"),
        ("rejected",   "ask",    "needs_info", "an operator thought again, and something is missing"),
        ("needs_info", "review", "processing", "the last missing field was given"),
        ("accepted",   "review", "processing", "a field was changed: an operator must look again"),
        ("rejected",   "review", "processing", "an operator thought again"),
        ("needs_info", "accept", "accepted",   "the last missing field was given, and nobody need look at it"),
        ("processing", "accept", "accepted",   "an operator looked at it"),
        ("rejected",   "accept", "accepted",   "an operator thought again"),
        ("needs_info", "reject", "rejected",   "an operator refused"),
        ("processing", "reject", "rejected",   "an operator refused"),
        ("accepted",   "reject", "rejected",   "an operator refused"),
    ])

NEWS = Machine("customer_news",
    states=[
        ("fresh", "wakes", "a customer changed, and those who wait for them have not heard; gone once they have"),
    ],
    steps=[])
# fmt: on

EVENTS = {step.target: step.event for step in CUSTOMER.steps}
DECIDED = ("accepted", "rejected")

# a field: wanted (asked for, not given) → given → rejected (must be given again) or unverified (a code was sent)
WANTED, GIVEN, REJECTED, UNVERIFIED = "wanted", "given", "rejected", "unverified"
