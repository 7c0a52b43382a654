"""The engine's drains, as errands: claim rows, act without a session, record what came of it.

    submit_payments     FORM  read what each treasury can spend, tie orders to channels
                        SIGN  sign batches and write the attempts down
    collect_signatures  COLLECT  finish what enough others have signed
    resolve_payments    TURN  hand in what is new, ask for what is out, settle what the ledger has decided
    open_channels       OPEN  look for the accounts of new channels
    audit_channels      AUDIT  compare channels with their accounts

What is asked in one act is asked of one node. ``run`` does them here and now, for commands and tests.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.db import transaction
from app.failpoint import failpoint
from app.log import told
from app.stellar.nodes import Pool
from app.submission import acts, audits, engine, forming, founding, keys, parking, signing, turns
from app.submission.facts import Batch, Decision, Draft, Envelope, Holdings, Item, Park, Signed, Source
from app.submission.fittings import pool, store, terms
from app.submission.preflight import Candidate

log = logging.getLogger(__name__)


class Errand(NamedTuple):
    """``record`` is given what ``act`` returned, or the exception it raised."""

    claim: Callable[[Session, int], Sequence[Any]]
    act: Callable[[Any], Any]
    record: Callable[[Session, Any, Any], Any]


@dataclass(frozen=True)
class FormJob:
    source: Source
    candidates: tuple[Candidate, ...] = field(repr=False)
    pool: Pool = field(repr=False)

    @property
    def id(self) -> str:
        return self.source.address


@dataclass(frozen=True)
class SignJob:
    unsigned: signing.Unsigned
    terms: signing.Terms
    pool: Pool = field(repr=False)

    @property
    def id(self) -> int:
        return self.unsigned.batch.id


@dataclass(frozen=True)
class CollectJob:
    unsigned: signing.Unsigned
    draft: Draft
    pool: Pool = field(repr=False)

    @property
    def id(self) -> int:
        return self.unsigned.batch.id


def claim_sources(session: Session, limit: int) -> list[FormJob]:
    sources = store(session).lease_sources(limit)
    most = engine.BATCHES_MAX if pool().receivers_max else 0
    waiting = [tuple(forming.candidates(session, source, most)) for source in sources]
    return [FormJob(source, orders, pool()) for source, orders in zip(sources, waiting, strict=True)]


def read_holdings(job: FormJob) -> Holdings:
    node = job.pool.one()
    held = acts.holdings(node, job.source)
    return replace(held, findings=acts.survey(node, job.candidates))


def form_batches(session: Session, job: FormJob, fact: Holdings | Exception) -> None:
    engine.form(store(session), job.source, fact)


def claim_unsigned(session: Session, limit: int) -> list[SignJob]:
    """Lease batches to sign; one without a key is set aside, and keeps nobody else waiting."""
    failpoint("after_claim")
    unsigned = _with_keys(session, store(session).lease_bound(limit))
    return [SignJob(each, terms(), pool()) for each in unsigned]


def _with_keys(session: Session, leased: Sequence[tuple[Batch, Sequence[Item]]]) -> list[signing.Unsigned]:
    needed = {batch.id: signing.levels(batch, items) for batch, items in leased}
    ring = keys.keyring(session, [account for accounts in needed.values() for account in accounts])
    found = []
    for batch, items in leased:
        orphans = sorted(account for account in needed[batch.id] if account not in ring)
        if orphans:
            store(session).park(batch, parking.keyless(batch, orphans))
        else:
            found.append(signing.Unsigned(batch, tuple(items), {row: ring[row] for row in needed[batch.id]}))
    return found


def sign_batch(job: SignJob) -> Signed | Draft | Park:
    return signing.sign(job.pool.one(), job.unsigned, job.terms)


def persist_attempt(session: Session, job: SignJob, fact: Signed | Draft | Park | Exception) -> None:
    engine.persist(store(session), job.unsigned.batch, fact)


def claim_drafts(session: Session, limit: int) -> list[CollectJob]:
    leased = store(session).lease_signing(limit)
    drafts = {batch.id: draft for batch, _, draft in leased}
    unsigned = _with_keys(session, [(batch, items) for batch, items, _ in leased])
    return [CollectJob(each, drafts[each.batch.id], pool()) for each in unsigned]


def collect_signatures(job: CollectJob) -> Envelope | Decision:
    return signing.collect(job.pool.one(), job.unsigned, job.draft)


def persist_envelope(session: Session, job: CollectJob, fact: Envelope | Decision | Exception) -> None:
    engine.collect(store(session), job.unsigned.batch, fact)


def claim_founding(session: Session, limit: int) -> list[founding.Visit]:
    return founding.claim_founding(session, limit, pool())


def claim_unaudited(session: Session, limit: int) -> list[audits.Audit]:
    return audits.claim_unaudited(session, limit, pool(), terms().bid_max)


FORM = Errand(claim_sources, read_holdings, form_batches)
SIGN = Errand(claim_unsigned, sign_batch, persist_attempt)
COLLECT = Errand(claim_drafts, collect_signatures, persist_envelope)
TURN = Errand(turns.claim_live, turns.take_turns, turns.record_turns)
OPEN = Errand(claim_founding, founding.look, founding.open_founded)
AUDIT = Errand(claim_unaudited, audits.ask, audits.record)


def run(errands: Sequence[Errand] = (FORM, SIGN, COLLECT, TURN, OPEN), limit: int = 20) -> int:
    """Give each errand one round in this thread; return how many pieces of work there were."""
    return sum(_round(errand, limit) for errand in errands)


def _round(errand: Errand, limit: int) -> int:
    with transaction() as session:
        jobs = errand.claim(session, limit)
    for job in jobs:
        fact = _act(errand, job)
        with transaction() as session:
            errand.record(session, job, fact)
    return len(jobs)


def _act(errand: Errand, job: Any) -> Any:
    try:
        return errand.act(job)
    except Exception as error:  # noqa: BLE001  whatever it is, it is what came of the act
        log.warning("an act raised", extra={"job": job.id, "error": told(error)})
        return error
