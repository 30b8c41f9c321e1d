"""Public data every night: a new edition of a library, a new year, a new country."""

from django_tasks import task

from shuke.platform.clock import business_date, now
from shuke.platform.jobs import LONG, retried, schedule
from shuke.platform.permissions import SYSTEM
from shuke.platform.public_data.operations import refresh_public_data
from shuke.platform.retailer.queries import retailer


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=60)
def refresh_public() -> None:
    """Bring calendars and regions to the installed editions; mostly there is nothing to do."""
    at = now()
    refresh_public_data(actor=SYSTEM, at=at, today=business_date(at, retailer().time_zone))


schedule("public data", refresh_public, cron="40 1 * * *")
