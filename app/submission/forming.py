"""Orders become batches: tied to a channel's next sequence number, in one transaction.

One treasury forms at a time, under the lock of its row; so what is already on its way out of it is known for sure.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.clock import after, now
from app.ledger import service as ledger
from app.money import NATIVE
from app.states import begin_all, move
from app.stellar.operations import CLAIMANTS, SET_ASIDE, TAKE_BACK
from app.submission.caps import allowances
from app.submission.facts import Fate, Holdings, Item, Source
from app.submission.models import Batch, Channel, Order, Pause, Settlement, Treasury
from app.submission.pace import Pace
from app.submission.packing import BATCH_MAX, SUSPECTS_MAX, Packed, Rooms, pack
from app.submission.preflight import Candidate
from app.submission.states import IN_BATCH, OPEN, PAID, READY, WORKING

PAUSE_SECONDS = 30
DOUBT_SECONDS = 10  # after that the next ledger has closed, and even a node that is behind has it
BOUND_SECONDS = 3600  # an order still bound after that is worth an operator's look
IDLE_SECONDS = 1  # how long a source is left alone when none of its orders could be packed
CROWDED_SECONDS = 30  # and when what waits for others to sign has all the channels it may have
# fmt: off
ITEM = (
    "id", "kind", "operation", "source", "destination", "asset", "amount", "reservation", "otherwise", "code", "reason",
)
# fmt: on


def form(session: Session, source: Source, holdings: Holdings, pace: Pace) -> int:
    """Form batches of orders of ``source``, no more than ``pace`` says; return how many."""
    session.execute(select(Treasury.address).where(Treasury.address == source.address).with_for_update())
    formed = _form(session, source, holdings, pace) if pace.batches > 0 else 0
    rest(session, source.address, 0 if formed else IDLE_SECONDS if pace.batches > 0 else CROWDED_SECONDS)
    return formed


def lease_sources(session: Session, limit: int, lease_seconds: int) -> list[Source]:
    """Lease treasuries with orders that could go now: ready, their asset not paused, a channel free."""
    free = exists(free_channels(Treasury.organization_id).correlate(Treasury))
    due = (
        select(Treasury.address)
        .where(Treasury.custodian == "", Treasury.due_at <= now(), exists().where(*_waiting(Treasury.address)), free)
        .order_by(Treasury.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    leased = update(Treasury).where(Treasury.address.in_(due)).values(due_at=after(lease_seconds))
    return [Source(*row) for row in session.execute(leased.returning(Treasury.address, Treasury.organization_id))]


def candidates(session: Session, source: Source, batches_max: int) -> list[Candidate]:
    """Return the orders that are likely to be packed next: as many as free channels can take."""
    free = session.scalar(select(func.count()).select_from(free_channels(source.organization_id).subquery())) or 0
    rows = session.execute(
        select(*[getattr(Order, name) for name in ITEM], Order.memo_type)
        .where(*_waiting(source.address))
        .order_by(Order.due_at)
        .limit(min(free, batches_max) * BATCH_MAX)
    )
    return [Candidate(Item(*row[:-1]), row[-1]) for row in rows]


def judge(session: Session, findings: Mapping[str, Fate]) -> None:
    """Put off, fail or adjust orders that are still ready."""
    alike: dict[Fate, list[str]] = defaultdict(list)
    for id, fate in findings.items():
        alike[fate].append(id)
    for fate, ids in alike.items():
        ready = (Order.id.in_(ids), Order.state.in_(READY))
        if fate.event == "fail":
            failed = move(session, Order, "fail", *ready, code=fate.code, reason=fate.reason, note=fate.reason)
            _void(session, failed)
        elif fate.event == "doubt":
            values = {"reason": fate.reason, "due_at": after(DOUBT_SECONDS)}
            session.execute(update(Order).where(*ready).values(values))
        else:
            session.execute(update(Order).where(*ready).values(operation=fate.operation))


def keep_bound(session: Session, batch_id: int, seconds: int) -> None:
    """Orders of a batch that waits for others are not worth a look before they had their ``seconds``."""
    waiting = update(Order).where(Order.batch_id == batch_id, Order.state.in_(IN_BATCH))
    session.execute(waiting.values(due_at=after(seconds + BOUND_SECONDS)))


def _void(session: Session, order_ids: Sequence[str]) -> None:
    held = select(Order.reservation).where(Order.id.in_(order_ids), Order.reservation != "")
    resolutions = [ledger.Resolution(key, "void") for key in session.scalars(held)]
    if resolutions:
        ledger.resolve(session, resolutions)


def rest(session: Session, address: str, seconds: int) -> None:
    """Give a treasury back, to be looked at in ``seconds``."""
    session.execute(update(Treasury).where(Treasury.address == address).values(due_at=after(seconds)))


def _form(session: Session, source: Source, holdings: Holdings, pace: Pace) -> int:
    leaving = in_flight(session, source.address, holdings)
    rooms = Rooms(source.address, holdings, leaving, allowances(session, source.organization_id))
    creating = set(session.scalars(select(Order.destination).where(_being_created())))
    channels = free_channels(source.organization_id).limit(pace.batches).with_for_update(skip_locked=True)
    free = list(session.scalars(channels))
    left = replace(pace, batches=len(free))
    while left.batches and left.orders > 0:
        group = _oldest_group(session, source.address)
        if group is None:
            break
        most = min(left.batch_max, left.orders, SUSPECTS_MAX if group.suspect else BATCH_MAX)
        packed = pack(_candidates(session, source.address, group), rooms, creating, most)
        judge(session, packed.never)
        for asset, why in packed.short.items():
            pause(session, source.address, asset, why)
        if packed.chosen:
            _bind(session, source, group, free[-left.batches], packed)
        elif not (packed.short or packed.never):
            break  # all of them wait for an account to be created
        left = left.after(packed)
    return len(free) - left.batches


def free_channels(organization_id: Any) -> Select[Any]:
    """Select the channels of an organization that could take a batch."""
    busy = exists().where(Batch.channel == Channel.address, Batch.state.in_(OPEN))
    return select(Channel).where(Channel.organization_id == organization_id, Channel.state.in_(WORKING), ~busy)


def in_flight(session: Session, source: str, holdings: Holdings) -> Counter[str]:
    """Return how much of each asset may still leave ``source``, or be reserved, that ``holdings`` does not show."""
    unseen = exists().where(Settlement.order_id == Order.id, Settlement.ledger > holdings.ledger)
    leaving = or_(Order.state.in_(IN_BATCH), and_(Order.state.in_(PAID), unseen))
    reserves = func.count().filter(Order.operation == SET_ASIDE) * CLAIMANTS * holdings.base_reserve
    sums = select(Order.asset, func.sum(Order.amount), reserves).where(Order.source == source, leaving)
    found: Counter[str] = Counter()
    for asset, amount, reserved in session.execute(sums.where(Order.kind != TAKE_BACK).group_by(Order.asset)):
        found.update({asset: int(amount)})
        found.update({NATIVE: reserved})
    return found


def pause(session: Session, source: str, asset: str, why: str) -> None:
    """Let no order of ``asset`` be packed for a while; afterwards it is tried again."""
    values = {"source": source, "asset": asset, "until": after(PAUSE_SECONDS), "reason": why}
    keys = ["source", "asset"]
    session.execute(insert(Pause).values(values).on_conflict_do_update(index_elements=keys, set_=values))


def _being_created() -> Any:
    return and_(Order.operation == "create_account", Order.state.in_(IN_BATCH))


def paused() -> Any:
    """Return the condition that what an order needs cannot leave its source for now."""
    needs = or_(Pause.asset == Order.asset, and_(Pause.asset == NATIVE, Order.operation == SET_ASIDE))
    return exists().where(Pause.source == Order.source, Pause.until > now(), needs, Order.kind != TAKE_BACK)


def _waiting(source: Any) -> tuple[Any, ...]:
    return Order.source == source, Order.state.in_(READY), Order.due_at <= now(), ~paused()


def _oldest_group(session: Session, source: str) -> Any:
    """Return suspicion and memo of the order that has waited longest."""
    groups = select(Order.suspect, Order.memo_type, Order.memo).where(*_waiting(source))
    return session.execute(groups.order_by(Order.due_at).limit(1)).first()


def _candidates(session: Session, source: str, group: Any) -> Sequence[Item]:
    """Lock and return the orders that could travel together, the longest waiting first."""
    same = (Order.suspect == group.suspect, Order.memo_type == group.memo_type, Order.memo == group.memo)
    rows = session.execute(
        select(*[getattr(Order, name) for name in ITEM])
        .where(*_waiting(source), *same)
        .order_by(Order.due_at)
        .limit(BATCH_MAX)
        .with_for_update(skip_locked=True)
    )
    return [Item(*row) for row in rows]


def _bind(session: Session, source: Source, group: Any, channel: Channel, packed: Packed) -> None:
    batch = {
        "organization_id": source.organization_id,
        "channel": channel.address,
        "sequence": channel.next_sequence,
        "source": source.address,
        "memo_type": group.memo_type,
        "memo": group.memo,
    }
    [batch_id] = begin_all(session, Batch, [batch], unique=["channel", "sequence"])
    chosen = Order.id.in_([item.id for item in packed.chosen])
    move(session, Order, "bind", chosen, due_at=after(BOUND_SECONDS), batch_id=batch_id)
