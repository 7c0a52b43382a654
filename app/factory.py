"""The application, as a list of what it is made of."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, current_app

import config
from app import health, log
from app.anchor.cli import rails_, suspense, transactions
from app.assets.cli import assets
from app.customers.cli import customers
from app.db import db, migrate
from app.ledger.cli import ledger
from app.messages.cli import messages
from app.organizations.cli import anchors, keys, organizations
from app.reconcile import command as reconcile
from app.sep import errors, frame, sep1, sep10, sep12, sep31
from app.states import wake_after_commit
from app.submission.cli import channel, treasury
from app.watcher.cli import watch

Publish = Callable[[Iterable[str]], None]

DOORS = [health.blueprint, sep1.blueprint, sep10.blueprint, sep12.blueprint, sep31.blueprint]
COMMANDS = [
    organizations,
    anchors,
    keys,
    assets,
    rails_,
    transactions,
    suspense,
    customers,
    messages,
    ledger,
    watch,
    treasury,
    channel,
    reconcile,
]


def create_app(settings: dict[str, Any] | None = None, publish: Publish | None = None) -> Flask:
    """Return the application. ``publish`` lets wake-ups out after a commit; without it the sweeper finds the rows."""
    app = Flask("app", static_folder=None)
    app.config.from_mapping(config.read() if settings is None else settings)
    app.config.setdefault("MAX_CONTENT_LENGTH", app.config.get("REQUEST_BYTES_MAX"))
    log.configure(app.config.get("LOG_LEVEL", "INFO"))
    connect(app)
    errors.connect(app)
    frame.connect(app)
    for door in DOORS:
        app.register_blueprint(door)
    for commands in COMMANDS:
        app.cli.add_command(commands)
    app.extensions["publish"] = publish
    return app


def _let_out(topics: Iterable[str]) -> None:
    publish = current_app.extensions["publish"]
    if publish is not None:
        publish(topics)


wake_after_commit(db.session, _let_out)


def connect(app: Flask) -> None:
    """Bind the database: one small pool a process, checked before use. Where none is set, its first use says so."""
    app.config["SQLALCHEMY_DATABASE_URI"] = app.config.get("DATABASE_URL", "postgresql+psycopg://")
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": app.config.get("DATABASE_POOL", 5),
        "max_overflow": 10,
        "pool_pre_ping": True,
        "hide_parameters": True,  # errors end up in logs, and parameters are personal data and secrets
        "connect_args": {"options": "-c timezone=UTC -c lock_timeout=10000", "keepalives_idle": 10},
    }
    if "DATABASE_URL" not in app.config:
        app.config["SQLALCHEMY_ENGINE_OPTIONS"]["creator"] = lambda: config.need(app.config, "DATABASE_URL")
    db.init_app(app)
    migrate.init_app(app, db)
