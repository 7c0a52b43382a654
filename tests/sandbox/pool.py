"""A Celery application whose one task keeps a pool child busy."""

import os
import time

from celery import Celery

celery = Celery("pool", broker=os.environ["CELERY_BROKER_URL"])
celery.conf.update(worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)


@celery.task
def dawdle(seconds):
    time.sleep(seconds)
