"""How an observation and a stream may stand and move."""

from app.states import Machine

ARRIVED, DEPARTED, UNPARSED = "arrived", "departed", "unparsed"
NEED_AN_OPERATOR = ("unexplained", UNPARSED)
FOLLOWING = "following"

# fmt: off
OBSERVATION = Machine("observation",
    states=[
        (ARRIVED,       "wakes", "money came in and lies in suspense: whoever expects it may claim it"),
        ("claimed",     "rests", "a room has taken it out of suspense, for something of its own"),
        ("unmatched",   "rests", "nobody expects it; it stays in suspense until an operator decides"),
        ("returned",    "rests", "an operator has taken it out of suspense to send it back"),
        (DEPARTED,      "rests", "money went out; `flask reconcile` says who sent it"),
        ("explained",   "rests", "we know who sent it, or what it was"),
        ("unexplained", "rests", "nobody here sent it: an operator must look"),
        (UNPARSED,      "rests", "it could not be read; kept as it came, in no books: an operator must look"),
    ],
    steps=[
        (ARRIVED,       "claim",     "claimed",     "a room expects it"),
        ("unmatched",   "claim",     "claimed",     "an operator found whom it was meant for"),
        (ARRIVED,       "leave",     "unmatched",   "no room expects it"),
        ("unmatched",   "give_back", "returned",    "an operator sends it back"),
        (DEPARTED,      "explain",   "explained",   "an order of ours sent it"),
        ("unexplained", "explain",   "explained",   "an operator found out"),
        (UNPARSED,      "explain",   "explained",   "an operator has read it and seen to the books"),
        (DEPARTED,      "flag",      "unexplained", "no order of ours sent it"),
    ])

STREAM = Machine("stream",
    states=[
        (FOLLOWING,     "rests", "its account's operations are read as they come"),
        ("stopped",     "rests", "nothing is read; the reason says why"),
    ],
    steps=[
        (FOLLOWING,     "stop",      "stopped",     "the network is not the one we know, history has a gap, or an operator says so"),
        ("stopped",     "follow",    FOLLOWING,     "an operator has seen to it"),
    ])
# fmt: on
