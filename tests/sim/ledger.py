"""The truth of a seed: ledgers that close, accounts, and what is in them for ever."""

from dataclasses import dataclass, field, replace
from random import Random

from app.money import NATIVE
from app.stellar.facts import TransactionFacts
from app.stellar.operations import CLAIMANTS, SET_ASIDE, Instruction
from tests.sim.letters import Letter, result_xdr

BASE_FEE = 100
FIRST = 1000  # the number of the first ledger
BASE_RESERVE = 5_000_000
RESERVED_ENTRIES = 2  # of every account


@dataclass(frozen=True)
class Payee:
    """An account that orders pay, and what may be wrong with it."""

    exists: bool = True
    trusts: bool = True
    authorized: bool = True
    full: bool = False

    def refusal(self, asset: str) -> str:
        """Say why it cannot be paid, as the network does: the first reason, in the protocol's order."""
        if not self.exists:
            return "op_no_destination"
        if asset == NATIVE:
            return ""
        reasons = (
            (not self.trusts, "op_no_trust"),
            (not self.authorized, "op_not_authorized"),
            (self.full, "op_line_full"),
        )
        return next((code for wrong, code in reasons if wrong), "")


@dataclass(frozen=True)
class Closed:
    """One ledger as it closed: its time in Unix seconds, every channel's number, what each source holds and for how
    many entries it holds a reserve, how each payee stood."""

    number: int
    closed_at: int
    numbers: dict[str, int]
    held: dict[tuple[str, str], int]
    reserved: dict[str, int]
    payees: dict[str, Payee]


@dataclass(frozen=True)
class Paid:
    """An order's payment, or its claimable balance, known by its amount: in a seed no two orders are of the same."""

    kind: str
    amount: int
    hash: str
    index: int
    ledger: int


@dataclass
class Ledger:
    """``numbers``: the last sequence number each channel has spent. ``held``: by account and asset. ``reserved``:
    entries of each account that are its claimable balances', beside its own two."""

    random: Random
    closed_at: int
    number: int = FIRST
    numbers: dict[str, int] = field(default_factory=dict)
    held: dict[tuple[str, str], int] = field(default_factory=dict)
    reserved: dict[str, int] = field(default_factory=dict)
    payees: dict[str, Payee] = field(default_factory=dict)
    history: list[Closed] = field(default_factory=list)
    landed: dict[str, TransactionFacts] = field(default_factory=dict)
    paid: list[Paid] = field(default_factory=list)
    accused: dict[int, set[str]] = field(default_factory=dict)  # what was ever said against an order, by its amount
    suspected: set[tuple[str, str, str]] = field(default_factory=set)  # payee, asset and code, as a node showed it
    fees: dict[str, int] = field(default_factory=dict)

    def open(self) -> None:
        """Write the first ledger down."""
        self._write_down()

    def close(self, letters: list[Letter], closed_at: int, rate: int) -> list[Letter]:
        """Close a ledger on those of ``letters`` that are valid, at ``rate`` stroops an operation; return them."""
        self.number += 1
        self.closed_at = max(closed_at, self.closed_at + 1)
        self.random.shuffle(letters)
        included = [letter for letter in letters if self._apply(letter, rate)]
        self._write_down()
        return included

    def invalid(self, letter: Letter) -> str:
        """Say why a letter cannot be in a ledger that closes now, or nothing."""
        if letter.max_time < self.closed_at:
            return "tx_too_late"
        if letter.sequence != self.numbers[letter.source] + 1:
            return "tx_bad_seq"
        return "tx_failed" if any(letter.malformed) else ""

    def may_land(self, letter: Letter) -> bool:
        """Say whether a letter may be in a ledger yet to close."""
        return letter.max_time > self.closed_at and letter.sequence > self.numbers[letter.source]

    def _apply(self, letter: Letter, rate: int) -> bool:
        if self.invalid(letter):
            return False
        fee = min(letter.fee, rate * letter.units)
        self.numbers[letter.source] = letter.sequence
        self.fees[letter.source] = self.fees.get(letter.source, 0) + fee
        codes = self._operations(letter)
        kinds = tuple(part.kind for part in letter.instructions)
        result = "" if codes is None else result_xdr(kinds, codes, letter.bumped)
        self.landed[letter.inner] = TransactionFacts(
            hash=letter.inner,
            successful=codes is None,
            ledger=self.number,
            closed_at=self.closed_at,
            fee_charged=fee,
            fee_account=letter.source,
            source=letter.source,
            sequence=letter.sequence,
            result_xdr=result,
        )
        return True

    def _operations(self, letter: Letter) -> tuple[str, ...] | None:
        """Apply every operation, or none: then return the code of each."""
        codes = self.refusal(letter)
        if codes:
            return codes
        for index, part in enumerate(letter.instructions):
            self._operation(part)
            if part.kind != "bump_sequence":
                self.paid.append(Paid(part.kind, part.amount, letter.inner, index, self.number))
        return None

    def refusal(self, letter: Letter) -> tuple[str, ...]:
        """Return what each operation would come to now, if not all of them would succeed; nothing is changed by it."""
        before = dict(self.held), dict(self.reserved), dict(self.payees)
        codes = tuple(self._operation(part) for part in letter.instructions)
        self.held, self.reserved, self.payees = before
        if set(codes) == {"op_success"}:
            return ()
        for part, code in zip(letter.instructions, codes, strict=True):
            self.accuse(part.amount, code)
        return codes

    def floor(self, account: str, asset: str) -> int:
        """Return how much of an asset cannot leave an account."""
        return (RESERVED_ENTRIES + self.reserved.get(account, 0)) * BASE_RESERVE if asset == NATIVE else 0

    def accuse(self, amount: int, code: str) -> None:
        """Remember what the network has said of the order of ``amount``."""
        self.accused.setdefault(amount, set()).add(code)

    def _operation(self, part: Instruction) -> str:
        if part.kind == "bump_sequence":
            return "op_success"
        if part.kind == SET_ASIDE:
            return self._debit(part) or self._reserve(part) or "op_success"
        payee = self.payees[part.destination]
        if part.kind == "create_account" and payee.exists:
            return "op_already_exists"
        refusal = "" if part.kind == "create_account" else payee.refusal(part.asset)
        refusal = refusal or self._debit(part)
        if refusal:
            return refusal
        if (part.destination, part.asset) in self.held:
            self.held[part.destination, part.asset] += part.amount
        self.payees[part.destination] = replace(payee, exists=True)
        return "op_success"

    def _debit(self, part: Instruction) -> str:
        left = self.held.get((part.source, part.asset), 0) - part.amount
        if left < self.floor(part.source, part.asset):
            return "op_underfunded"
        self.held[part.source, part.asset] = left
        return ""

    def _reserve(self, part: Instruction) -> str:
        self.reserved[part.source] = self.reserved.get(part.source, 0) + CLAIMANTS
        return "op_low_reserve" if self.held[part.source, NATIVE] < self.floor(part.source, NATIVE) else ""

    def _write_down(self) -> None:
        state = dict(self.numbers), dict(self.held), dict(self.reserved), dict(self.payees)
        self.history.append(Closed(self.number, self.closed_at, *state))
