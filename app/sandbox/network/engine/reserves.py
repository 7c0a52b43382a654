"""Who pays the reserve of an entry: its owner, or whoever sponsors it.

Every entry that takes a reserve comes and goes through here. Raises Failed: ``low_reserve`` is the code the operation
has for it, the rest are codes of all operations.
"""

from dataclasses import replace
from typing import Any, TypeVar

from app.sandbox.network.engine.balances import SUBENTRIES_MAX, available, minimum
from app.sandbox.network.engine.entries import Account, ClaimableBalance, Data, Offer, Signer, TrustLine
from app.sandbox.network.engine.results import Failed, OpCode
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.engine.world import World

Subentry = TypeVar("Subentry", TrustLine, Offer, Data)


def weight(entry: Account | TrustLine | Offer | Data | ClaimableBalance) -> int:
    """Return how many reserves an entry takes."""
    if isinstance(entry, Account):
        return 2
    return len(entry.claimants) if isinstance(entry, ClaimableBalance) else 1


def create_subentry(world: World, rules: Rules, owner: bytes, entry: Subentry, low_reserve: Any) -> Subentry:
    """Put ``entry``, a line, offer or data of ``owner``, into the world with its reserve taken."""
    sponsor = take_subentry(world, rules, owner, low_reserve)
    entry = replace(entry, sponsor=sponsor)
    world.put(entry)
    return entry


def take_subentry(world: World, rules: Rules, owner: bytes, low_reserve: Any) -> bytes | None:
    """Take the reserve of one more subentry of ``owner``; return its sponsor, if it has one."""
    account = world.need(owner)
    if account.subentries + 1 > SUBENTRIES_MAX:
        raise Failed(OpCode.opTOO_MANY_SUBENTRIES)
    sponsor = world.sponsorships.get(owner)
    if sponsor is None:
        if available(rules, account) < rules.base_reserve:
            raise Failed(low_reserve)
        world.put(replace(account, subentries=account.subentries + 1))
        return None
    charge_sponsor(world, rules, sponsor, 1, low_reserve)
    account = world.need(owner)
    world.put(replace(account, subentries=account.subentries + 1, sponsored=account.sponsored + 1))
    return sponsor


def remove_subentry(world: World, entry: TrustLine | Offer | Data, owner: bytes) -> None:
    """Drop ``entry`` and give its reserve back."""
    world.drop(entry.key)
    release_subentry(world, owner, entry.sponsor)


def release_subentry(world: World, owner: bytes, sponsor: bytes | None) -> None:
    account = world.need(owner)
    world.put(replace(account, subentries=account.subentries - 1, sponsored=account.sponsored - (sponsor is not None)))
    if sponsor is not None:
        discharge_sponsor(world, sponsor, 1)


def charge_sponsor(world: World, rules: Rules, sponsor: bytes, reserves: int, low_reserve: Any) -> None:
    account = world.need(sponsor)
    if available(rules, account) < reserves * rules.base_reserve:
        raise Failed(low_reserve)
    if account.sponsoring + account.subentries + reserves >= 2**32:
        raise Failed(OpCode.opTOO_MANY_SPONSORING)
    world.put(replace(account, sponsoring=account.sponsoring + reserves))


def discharge_sponsor(world: World, sponsor: bytes, reserves: int) -> None:
    account = world.need(sponsor)
    world.put(replace(account, sponsoring=account.sponsoring - reserves))


def create_account(world: World, rules: Rules, account: Account, low_reserve: Any) -> None:
    """Put a new account into the world; its starting balance must be its reserve unless somebody sponsors it."""
    sponsor = world.sponsorships.get(account.id)
    if sponsor is None:
        if account.balance < minimum(rules, account):
            raise Failed(low_reserve)
        world.put(account)
        return
    charge_sponsor(world, rules, sponsor, weight(account), low_reserve)
    world.put(replace(account, sponsor=sponsor, sponsored=weight(account)))


def remove_account(world: World, account: Account) -> None:
    if account.sponsor is not None:
        discharge_sponsor(world, account.sponsor, weight(account))
    world.drop(account.key)


def create_signer(world: World, rules: Rules, owner: bytes, signer: Signer, low_reserve: Any) -> None:
    sponsor = take_subentry(world, rules, owner, low_reserve)
    account = world.need(owner)
    world.put(replace(account, signers=tuple(sorted((*account.signers, signer._replace(sponsor=sponsor)), key=_order))))


def remove_signer(world: World, owner: bytes, signer: Signer) -> None:
    account = world.need(owner)
    world.put(replace(account, signers=tuple(s for s in account.signers if s.key != signer.key)))
    release_subentry(world, owner, signer.sponsor)


def _order(signer: Signer) -> tuple[int, bytes, bytes]:
    return signer.key
