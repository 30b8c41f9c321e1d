"""What time ends of the checkout."""

from django_tasks import task

from shuke.apps.loyalty.operations.checkout import end_reservations
from shuke.platform.clock import now
from shuke.platform.jobs import retried, schedule


@task()
@retried(max_attempts=3, backoff_seconds=60)
def end_timed_out_reservations() -> int:
    """Write down which reservations have run out and free their vouchers and benefits; returns how many."""
    return end_reservations(at=now())


schedule("checkout: end reservations", end_timed_out_reservations, every_seconds=300)
