"""The engine's drains, as errands: claim rows, act without a session, record what came of it.

    submit_payments     FORM  read what each treasury can spend, tie orders to channels
                        SIGN  sign batches and write the attempts down
    resolve_payments    TURN  hand in what is new, ask for what is out, settle what the ledger has decided
    open_channels       OPEN  look for the accounts of new channels

What is asked in one act is asked of one node. ``run`` does them here and now, for commands and tests.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.db import transaction
from app.failpoint import failpoint
from app.stellar.nodes import Pool
from app.submission import acts, engine, forming, founding, keys, turns
from app.submission.facts import Holdings, Park, Signed, Source
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
    unsigned: acts.Unsigned
    terms: acts.Terms
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
    mine, jobs = store(session), []
    leased = [(batch, items, acts.signing_accounts(batch, items)) for batch, items in mine.lease_bound(limit)]
    ring = keys.keyring(session, [account for _, _, accounts in leased for account in accounts])
    for batch, items, accounts in leased:
        orphans = [account for account in accounts if account not in ring]
        if orphans:
            mine.park(batch, Park(f"there is no key to sign for {', '.join(orphans)}"))
        else:
            signers = tuple(signer for account in accounts for signer in ring[account])
            jobs.append(SignJob(acts.Unsigned(batch, tuple(items), signers), terms(), pool()))
    return jobs


def sign_batch(job: SignJob) -> Signed:
    return acts.sign(job.pool.one(), job.unsigned, job.terms)


def persist_attempt(session: Session, job: SignJob, fact: Signed | Exception) -> None:
    engine.persist(store(session), job.unsigned.batch, fact)


def claim_founding(session: Session, limit: int) -> list[founding.Visit]:
    return founding.claim_founding(session, limit, pool())


FORM = Errand(claim_sources, read_holdings, form_batches)
SIGN = Errand(claim_unsigned, sign_batch, persist_attempt)
TURN = Errand(turns.claim_live, turns.take_turns, turns.record_turns)
OPEN = Errand(claim_founding, founding.look, founding.open_founded)


def run(errands: Sequence[Errand] = (FORM, SIGN, TURN, OPEN), limit: int = 20) -> int:
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
        log.warning("an act raised", extra={"job": job.id, "error": f"{type(error).__name__}: {error}"})
        return error
