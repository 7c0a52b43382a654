"""``/health`` says whether we work, ``/metrics`` how much there is to do. Both read rows: any web process can tell."""

from typing import Any

import redis
from flask import Blueprint, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import extract, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.clock import now
from app.db import transaction
from app.metrics import Tick, exposition, standing
from app.sep.auth import public
from app.states import machines
from app.watcher import queries as watcher

blueprint = Blueprint("health", __name__)

OVERDUE_SECONDS_MAX = 120
TICK_SECONDS_MAX = 120
LAG_LEDGERS_MAX = 5


@blueprint.get("/health")
@public
def health() -> tuple[dict[str, Any], int]:
    """200 if money moves, 503 if something needs a person; the body says what."""
    try:
        with transaction() as session:
            facts = {"database": "ok", "broker": broker(), **rows(session)}
    except SQLAlchemyError:
        facts = {"database": "away", "broker": broker(), "troubles": ["the database does not answer"]}
    return facts, 503 if facts["troubles"] else 200


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    with transaction() as session:
        return Response(exposition(session), content_type=CONTENT_TYPE_LATEST)


def broker() -> str:
    """Say whether Redis answers. Without it all goes on, more slowly, by ``flask drain --all --loop``."""
    address = current_app.config.get("CELERY_BROKER_URL")
    if not address:
        return "none"
    try:
        with redis.Redis.from_url(address, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except redis.RedisError:
        return "away"
    return "ok"


def rows(session: Session) -> dict[str, Any]:
    """Return what the rows say: the drains' last ticks, the stream's lag, the oldest overdue row of each table."""
    session.execute(text("SET LOCAL statement_timeout = '5s'"))
    ages = {drain: int(age) for drain, age in session.execute(select(Tick.drain, extract("epoch", now() - Tick.at)))}
    lags = watcher.lags(session)
    late = {
        model.__table__.name: max((seconds for _, seconds in standing(session, model).values()), default=0)
        for model in machines()
    }
    troubles = [f"no {drain} for {age} s" for drain, age in ages.items() if age > TICK_SECONDS_MAX]
    troubles += [f"the oldest {table} is {age} s overdue" for table, age in late.items() if age > OVERDUE_SECONDS_MAX]
    troubles += [f"the stream of {name} is {lag} ledgers behind" for name, lag in lags.items() if lag > LAG_LEDGERS_MAX]
    return {"ticks": ages, "stream_lag_ledgers": lags, "overdue_seconds": late, "troubles": troubles}
