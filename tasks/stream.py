"""The long-running worker that follows Horizon: a bootstep with a thread, in the worker that serves ``stream``.

A task that never ends would be acknowledged too early or delivered twice, and would hold up a warm shutdown; a
bootstep starts and stops with its worker and has no message to lose.
"""

import threading
from typing import Any

from celery import bootsteps
from flask import current_app

from app.watcher import run
from tasks import celery, house
from tasks.drain import drain, note
from tasks.schedule import QUEUES


class Follow(bootsteps.StartStopStep):
    """Follows every stream while the worker runs. Which of several workers leads is settled in the database."""

    requires = {"celery.worker.components:Pool"}

    def include_if(self, worker: Any) -> bool:
        return QUEUES[-1] in worker.app.amqp.queues.consume_from

    def start(self, worker: Any) -> None:
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=run.run, args=(house, self.stopped), name="follow", daemon=True)
        self.thread.start()

    def stop(self, worker: Any) -> None:
        self.stopped.set()
        self.thread.join(timeout=10)

    terminate = stop


celery.steps["worker"].add(Follow)


@drain()
def catch_up() -> bool:
    """Read on the streams that nobody follows just now."""
    note("catch_up", run.catch_up(current_app._get_current_object()))  # type: ignore[attr-defined]
    return False
