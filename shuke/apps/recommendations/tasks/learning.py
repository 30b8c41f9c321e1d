"""Bandits learn every few minutes; what became of lists is counted every hour."""

from django_tasks import task

from shuke.apps.recommendations.events import OnlineCountWanted
from shuke.apps.recommendations.operations.competition import count_online
from shuke.apps.recommendations.operations.counted_days import HORIZON_DAYS
from shuke.apps.recommendations.operations.learning import learn
from shuke.apps.recommendations.operations.product_learning import learn_products
from shuke.apps.recommendations.queries.online import count_key
from shuke.apps.recommendations.queries.slots import slots
from shuke.platform.clock import now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, retried, schedule


@task()
@retried(max_attempts=3, backoff_seconds=60)
def learn_bandits() -> None:
    """Count the newest days of every slot's bandits: over strategies and over products."""
    at = now()
    learn(at=at)
    learn_products(at=at)


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=60)
def learn_bandits_anew() -> None:
    """Count all days that beliefs are made of: what came late has its place too."""
    at = now()
    learn(at=at, days=HORIZON_DAYS)
    learn_products(at=at, days=HORIZON_DAYS)


@task(queue_name=LONG)
@retried(max_attempts=2, backoff_seconds=60)
def count_slot(code: str) -> None:
    """Count what became of a slot's lists."""
    count_online(code, at=now())


@task()
def queue_counts() -> None:
    """Queue the count of every slot that answers."""
    for view in slots():
        if view.state == "live":
            enqueue(count_slot, view.code, unique_key=count_key(view.code))


@subscribe(OnlineCountWanted)
def queue_count(event: OnlineCountWanted) -> None:
    """Queue one count, once however often it is asked for."""
    enqueue(count_slot, event.slot, unique_key=count_key(event.slot))


schedule("bandits learn", learn_bandits, every_seconds=300)
schedule("bandits learn anew", learn_bandits_anew, cron="45 1 * * *")
schedule("online counts", queue_counts, cron="20 * * * *")
