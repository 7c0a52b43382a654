"""The Celery application. A message says "there may be work for this drain" and nothing else: rows are the queue.

Run a worker with ``celery -A tasks worker -Q stellar,rails,messages``, the stream with ``-Q stream -P solo``.
"""

import sys
from typing import Any

from celery import Celery, Task, signals
from flask import Flask

from app.db import db
from app.factory import create_app
from app.log import told
from tasks.schedule import intervals

celery = Celery("railhead")  # the name `app` would hide the package from `celery -A tasks`
house: Flask = create_app()

celery.conf.update(
    broker_url=house.config.get("CELERY_BROKER_URL"),
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 600,  # a lost message comes again after this; the sweeper is faster
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
        "health_check_interval": 10,
        "retry_on_timeout": False,
    },
    imports=("tasks.anchor", "tasks.forget", "tasks.messages", "tasks.submission", "tasks.stream", "tasks.sweep"),
    task_acks_late=True,  # a drain can run twice; it must not get lost with its worker
    task_reject_on_worker_lost=True,
    task_ignore_result=True,  # what came of it stands in the rows
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="rails",
    beat_schedule={
        line.drain: {
            "task": f"tasks.{line.drain}",
            "schedule": seconds,
            "options": {"queue": line.queue, "expires": seconds},  # no backlog for who was away
        }
        for line, seconds in intervals(house.config["INTERVALS"])
    },
    task_soft_time_limit=120,
    task_time_limit=150,  # well under the visibility timeout
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=2000,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,  # costs as much as the work itself
    worker_cancel_long_running_tasks_on_connection_loss=True,
    timezone="UTC",
)


class Failed(Exception):
    """A drain failed; says how, in words that Celery may log: those of what it raised may be a stranger's."""


class Drain(Task):
    """A task that runs inside the Flask application, with a session of its own."""

    abstract = True

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        with house.app_context():
            try:
                return super().__call__(*arguments, **named)
            except Exception as error:  # noqa: BLE001 whatever it is, it failed
                raise Failed(told(error)) from None


celery.Task = Drain


@signals.worker_process_init.connect
def forget_connections(**_: Any) -> None:
    """A forked child must not speak on its parent's database connections."""
    with house.app_context():
        db.engine.dispose(close=False)


@signals.worker_process_shutdown.connect
def finish_acts(**_: Any) -> None:
    """Hear what strangers still have to say, for a while: an answer recorded need not be looked up."""
    drain = sys.modules.get("tasks.drain")
    if drain is not None:
        drain.finish(20)


@signals.setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Logging was set up with the Flask application; connecting here keeps Celery from doing it again."""
