"""How an order, a batch and a channel may stand and move."""

from app.states import Machine

# fmt: off
ORDER = Machine("order",
    states=[
        ("ready",     "wakes", "may go into the next batch"),
        ("bound",     "waits", "in a batch: tied to one sequence number until the ledger has spent that number"),
        ("recalled",  "waits", "bound, but its owner wants it no more; an envelope already out may still pay it"),
        ("entrusted", "waits", "a custodian has it, or may have: asked until the ledger shows it"),
        ("settled",   "tells", "paid: the ledger says so"),
        ("failed",    "tells", "not paid and never will be; the reason says why"),
        ("cancelled", "tells", "not paid, as its owner wished"),
    ],
    steps=[
        ("ready",     "bind",    "bound",     "a batch takes it along"),
        ("bound",     "release", "ready",     "the number is spent, and not on this order"),
        ("bound",     "settle",  "settled",   "its transaction is in the ledger and succeeded"),
        ("recalled",  "settle",  "settled",   "the recall came too late"),
        ("ready",     "entrust", "entrusted", "claimed for its custodian: from here on the custodian may know of it"),
        ("entrusted", "release", "ready",     "looked up: the custodian never had it"),
        ("entrusted", "settle",  "settled",   "a transaction that pays just this is in the ledger"),
        ("entrusted", "fail",    "failed",    "the custodian refused it, its transaction failed in the ledger, or an operator gave it up"),
        ("ready",     "fail",    "failed",    "found impossible before it was ever signed"),
        ("bound",     "fail",    "failed",    "the number is spent, and the network named this order as guilty"),
        ("bound",     "recall",  "recalled",  "its owner wants it no more"),
        ("ready",     "cancel",  "cancelled", "nothing was signed"),
        ("recalled",  "cancel",  "cancelled", "the number is spent, and not on this order"),
    ])

BATCH = Machine("batch",
    states=[
        ("bound",     "wakes", "has a channel, a number and its orders: to be signed"),
        ("signing",   "waits", "written down, and waits for signatures of others; without ours nothing of it can apply"),
        ("live",      "wakes", "signed and written down: an envelope of it may apply; to be handed in and asked for"),
        ("parked",    "waits", "goes on only if the world changes, or an operator decides; looked at again now and then"),
        ("closed",    "tells", "its number is spent and every order of it accounted for: its channel is free"),
    ],
    steps=[
        ("bound",     "sign",    "live",      "an attempt is stored, so it may be handed in"),
        ("bound",     "circulate", "signing", "our keys do not suffice: others are to sign first"),
        ("signing",   "sign",    "live",      "enough have signed, so it may be handed in"),
        ("signing",   "rebuild", "bound",     "no longer what is wanted, or too old: it is drawn up anew"),
        ("live",      "rebuild", "bound",     "what was signed will not do: sign anew, on the same number"),
        ("parked",    "rebuild", "bound",     "what stood in the way is gone"),
        ("bound",     "park",    "parked",    "it cannot be signed"),
        ("signing",   "park",    "parked",    "it cannot be signed, or its number is spent on something else"),
        ("live",      "park",    "parked",    "the network's answer is not ours to interpret"),
        ("live",      "close",   "closed",    "the ledger has spent the number on one of its attempts"),
        ("signing",   "close",   "closed",    "the ledger has spent the number on an attempt made before"),
        ("parked",    "close",   "closed",    "the ledger has spent the number on one of its attempts"),
        ("parked",    "abandon", "closed",    "an operator has made sure that none of it was paid"),
    ])

CHANNEL = Machine("channel",
    states=[
        ("founding",  "waits", "its account is being created: the network is asked for it until it is there"),
        ("open",      "tells", "takes the next batch as soon as it has none"),
        ("parked",    "rests", "its sequence number is not what we wrote down: an operator must look"),
        ("retired",   "rests", "takes no batch any more"),
    ],
    steps=[
        ("founding",  "open",    "open",      "its account is in the ledger"),
        ("parked",    "open",    "open",      "an operator has looked"),
        ("retired",   "open",    "open",      "it is needed again"),
        ("open",      "park",    "parked",    "the audit found another sequence number in the ledger"),
        ("open",      "retire",  "retired",   "it is to be merged back, or needed no more"),
        ("parked",    "retire",  "retired",   "it is to be merged back, or needed no more"),
        ("founding",  "retire",  "retired",   "its account was never created"),
    ])
# fmt: on

READY = ["ready"]  # orders that may be packed
IN_BATCH = ["bound", "recalled"]  # orders whose number is not spent yet
RECALLED = ["recalled"]
ENTRUSTED = ["entrusted"]  # orders a custodian has, or may have
PAID = ["settled"]
OVER = ["settled", "failed", "cancelled"]  # orders to which nothing happens any more
ENDED = ["settled", "failed"]  # orders nobody can call off any more
UNSIGNED = ["bound"]  # batches to be signed
OUT = ["live", "parked"]  # batches to be asked for
CIRCULATING = ["signing"]  # batches whose draft others are to sign
OPEN = ["bound", "signing", "live", "parked"]  # batches that keep their channel
STUCK = ["parked"]  # batches that wait for an operator, and channels that do
FOUNDING = ["founding"]  # channels whose account is not there yet
WORKING = ["open"]  # channels that take batches
GONE = ["retired"]  # channels that never will again
