"""What can go wrong in a seed, and how often.

In each seed two in five kinds of fault are off, and the others anything from rare to frequent: a bug that one fault
keeps from showing shows where that one is off.
"""

from dataclasses import asdict, dataclass
from random import Random


@dataclass(frozen=True)
class Faults:
    """Rates are of one in a million chances: of each request, of each step of a worker, of each ledger."""

    # between us and a node, each request
    unreachable: int = 0  # it never arrives
    unanswered: int = 0  # it arrives, its answer does not
    delayed: int = 0  # given up by us, it arrives much later
    too_many: int = 0  # 429
    slow: int = 0  # the answer takes as long as we are ready to wait
    # of nodes
    false_bad_seq: int = 0  # an envelope is taken, and refused
    hasty_refusal: int = 0  # try again later, without a reason
    tried: int = 0  # an envelope is tried before it is taken, and refused if its operations would fail now
    stale_core: int = 0  # a node's core is a ledger behind
    lagging: int = 0  # each ledger: history is read this much later than the ledger closed
    pruned: int = 0  # a node with a short memory
    # of the network, each ledger
    surge: int = 0  # only high bids get in
    skipped: int = 0  # an envelope does not get in, whatever it bids
    evicted: int = 0  # a queue forgets what does not get in
    remembered: int = 0  # somebody floods again an envelope long forgotten
    stalled: int = 0  # the next ledger takes half a minute
    # of our own
    killed: int = 0  # a worker, at any step
    suspended: int = 0  # a worker stops for longer than its leases last
    rolled_back: int = 0  # a transaction does not commit
    unconfirmed: int = 0  # a transaction commits, and its worker never knows
    wake_lost: int = 0
    wake_doubled: int = 0
    keyless: int = 0  # the key of an account is missing for a while
    # of those around us, now and then
    guilty: int = 0  # a destination cannot receive any more
    drained: int = 0  # somebody takes money from the treasury
    recalled: int = 0  # an owner calls an order off
    unsigned: int = 0  # a co-signer has no time
    claimed: int = 0  # what was set aside is claimed


# fmt: off
WORST = Faults(
    unreachable=300_000, unanswered=400_000, delayed=150_000, too_many=200_000, slow=200_000,
    false_bad_seq=200_000, hasty_refusal=200_000, tried=500_000, stale_core=200_000, lagging=500_000, pruned=500_000,
    surge=700_000, skipped=800_000, evicted=300_000, remembered=300_000, stalled=50_000,
    killed=30_000, suspended=10_000, rolled_back=50_000, unconfirmed=50_000, wake_lost=500_000, wake_doubled=500_000,
    keyless=100_000, guilty=500_000, drained=500_000, recalled=300_000, claimed=500_000, unsigned=950_000,
)
# fmt: on
SHARES = (0, 0, 1, 2, 10)  # tenths of the worst
MILLION = 1_000_000


class Weather:
    """The faults of a seed while they last, and its dice."""

    def __init__(self, random: Random):
        self.random = random
        drawn = {kind: random.choice(SHARES) * worst // 10 for kind, worst in asdict(WORST).items()}
        self.rates = {kind: rate for kind, rate in drawn.items() if rate}
        self.struck: set[str] = set()

    def strikes(self, kind: str) -> bool:
        """Say whether a fault of this kind happens now."""
        if kind not in self.rates or self.random.random() * MILLION >= self.rates[kind]:
            return False
        self.struck.add(kind)
        return True

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.rates = {}
