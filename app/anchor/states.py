"""How a transaction moves, how a refund moves, and what the SEPs call where it stands."""

from app.states import Machine

# fmt: off
TRANSACTION = Machine("transaction",
    states=[
        # state              duty     meaning
        ("awaiting_customer", "waits", "somebody's SEP-12 information is not complete; expires unpaid"),
        ("awaiting_payment",  "waits", "account and memo are told; expires unpaid"),
        ("received",          "wakes", "the money is in; its rail is next"),
        ("executing",         "waits", "the rail may have heard of it; looked up when the lease ends"),
        ("initiated",         "waits", "the rail has the order; asked again until the payee has the money"),
        ("available",         "waits", "the payee can collect it"),
        ("needs_customer",    "waits", "the rail refused it for information that can be corrected; refunded if it is not"),
        ("completed",         "rests", "the payee has the money"),
        ("refunding",         "waits", "what came in is on its way back"),
        ("refunded",          "rests", "what came in went back"),
        ("expired",           "rests", "nobody paid in time"),
        ("held",              "waits", "an operator must decide; called out daily"),
        ("failed",            "rests", "the rail refused for good, and it is not for us to give the money back"),
    ],
    steps=[
        # from                event      to                  why
        ("awaiting_customer", "approve", "awaiting_payment", "sender and receiver are known well enough"),
        ("awaiting_customer", "expire",  "expired",          "not completed in time"),
        ("awaiting_payment",  "expire",  "expired",          "not paid in time"),
        ("awaiting_payment",  "receive", "received",         "a payment with its memo, of an amount our policy takes"),
        ("expired",           "receive", "received",         "paid in time, but seen late"),
        ("received",          "execute", "executing",        "claimed for its rail: from here on the rail may know of it"),
        ("executing",         "release", "received",         "looked up: the rail never had the order"),
        ("executing",         "initiate", "initiated",       "the rail took the order"),
        ("available",         "initiate", "initiated",       "the rail took it back to try again"),
        ("held",              "initiate", "initiated",       "the rail took the order, as was found out late"),
        ("executing",         "offer",   "available",        "waiting for the payee to collect"),
        ("initiated",         "offer",   "available",        "waiting for the payee to collect"),
        ("held",              "offer",   "available",        "waiting for the payee, as was found out late"),
        ("executing",         "deliver", "completed",        "the payee has it"),
        ("initiated",         "deliver", "completed",        "the payee has it"),
        ("available",         "deliver", "completed",        "the payee collected it"),
        ("held",              "deliver", "completed",        "the payee has it, as was found out late"),
        ("executing",         "ask",     "needs_customer",   "the rail names what is wrong with the payee's information"),
        ("initiated",         "ask",     "needs_customer",   "the rail names what is wrong with the payee's information"),
        ("needs_customer",    "answer",  "received",         "corrected: a new order goes to the rail"),
        ("executing",         "hold",    "held",             "in doubt, and this rail cannot be asked"),
        ("initiated",         "hold",    "held",             "no news for too long, or news that cannot be right"),
        ("available",         "hold",    "held",             "no news for too long, or news that cannot be right"),
        ("received",          "hold",    "held",             "it cannot be handed to its rail as it is"),
        ("held",              "resume",  "received",         "an operator made sure: the rail has no such order"),
        ("received",          "refund",  "refunding",        "an operator sends it back before its rail knows of it"),
        ("executing",         "refund",  "refunding",        "the rail refused"),
        ("initiated",         "refund",  "refunding",        "the rail refused, or the money came back to it"),
        ("available",         "refund",  "refunding",        "not collected, or the money came back to the rail"),
        ("needs_customer",    "refund",  "refunding",        "not corrected in time"),
        ("held",              "refund",  "refunding",        "an operator made sure: the payee will not get it"),
        ("failed",            "refund",  "refunding",        "an operator sends it back after all"),
        ("executing",         "fail",    "failed",           "the rail refused, and asks for no refund or gave it itself"),
        ("initiated",         "fail",    "failed",           "the rail refused, and asks for no refund or gave it itself"),
        ("available",         "fail",    "failed",           "the rail refused, and asks for no refund or gave it itself"),
        ("held",              "fail",    "failed",           "an operator made sure: it failed, and nothing goes back"),
        ("refunding",         "settle",  "refunded",         "the refund is in the ledger"),
        ("completed",         "settle",  "refunded",         "it came back after delivery, and went back to the sender"),
    ])

REFUND = Machine("refund",
    states=[
        ("sending",  "waits", "ordered; Stellar decides"),
        ("settled",  "rests", "in the ledger"),
        ("stuck",    "waits", "Stellar refused it: an operator must decide; called out daily"),
    ],
    steps=[
        ("sending",  "settle", "settled", "in the ledger"),
        ("sending",  "fail",   "stuck",   "refused: say, the sender has no trustline any more"),
        ("stuck",    "retry",  "sending", "an operator orders it once more"),
    ])

SHOWN = {
    # state                sep31, send
    "awaiting_customer":  {"sep31": "pending_customer_info_update"},
    "awaiting_payment":   {"sep31": "pending_sender"},
    "received":           {"sep31": "pending_receiver"},
    "executing":          {"sep31": "pending_receiver"},
    "initiated":          {"sep31": "pending_external"},
    "available":          {"sep31": "pending_external"},
    "needs_customer":     {"sep31": "pending_customer_info_update"},
    "completed":          {"sep31": "completed"},
    "refunding":          {"sep31": "pending_receiver"},
    "refunded":           {"sep31": "refunded"},
    "expired":            {"sep31": "expired"},
    "held":               {"sep31": "pending_receiver"},
    "failed":             {"sep31": "error"},
}
# fmt: on
