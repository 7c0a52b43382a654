"""The loop that follows every stream.

Paged reading from the stored cursor is the truth. That a ledger has closed is only the hint that it is time to read;
without a hint we read all the same.
"""

import logging
import threading

from flask import Flask

import config
from app.db import db
from app.errors import Unavailable
from app.stellar import nodes
from app.watcher.hints import Hints, growing_pauses
from app.watcher.leader import Leader
from app.watcher.reader import Reader

log = logging.getLogger(__name__)

STANDBY_SECONDS = 1


def run(app: Flask, stop: threading.Event) -> None:
    """Follow every stream until ``stop`` is set. What fails is tried again, after pauses that grow.

    Several processes may run this: one of them leads each stream. A leader that cannot read makes way for another.
    """
    pool = nodes.pool(app.config)
    hints = Hints(pool, config.need(app.config, "WATCH_SILENCE_SECONDS"), stop)
    pauses = growing_pauses()
    while not stop.is_set():
        try:
            with app.app_context(), Leader(db.engine) as leader:
                reader = Reader(pool, leader, stop)
                while not stop.is_set():
                    leads = reader.read_all()
                    pauses = growing_pauses()
                    if leads:
                        hints.wait()
                    else:
                        stop.wait(STANDBY_SECONDS)
        except Unavailable as error:
            log.warning("the watcher will try again", extra={"why": error.message})
        except Exception:
            log.exception("the watcher begins again; nothing is lost, it reads on from its cursors")
        stop.wait(next(pauses))


def catch_up(app: Flask) -> int:
    """Read every stream that nobody else reads to its end, once; return how many facts were found.

    Raises Unavailable if Horizon does not answer.
    """
    with app.app_context(), Leader(db.engine) as leader:
        reader = Reader(nodes.pool(app.config), leader, threading.Event())
        return sum(reader.read_all().values())
