"""Benefits by night: what has run out ends, paid memberships end, birthdays are remembered."""

from django_tasks import task

from shuke.apps.loyalty.operations.benefit_costs import refresh_benefit_costs
from shuke.apps.loyalty.operations.benefits import end_overdue_holds
from shuke.apps.loyalty.operations.birthday_gifts import give_birthday_gifts
from shuke.apps.loyalty.operations.plans import end_memberships
from shuke.platform.clock import business_date, now
from shuke.platform.jobs import LONG, report_progress, retried, schedule
from shuke.platform.retailer.queries import retailer


@task()
@retried(max_attempts=3, backoff_seconds=300)
def end_benefits() -> dict[str, int]:
    """End reservations that ran out and paid memberships whose last day is over; returns how many of each."""
    at = now()
    today = business_date(at, retailer().time_zone)
    return {"reservations": end_overdue_holds(at=at), "memberships": end_memberships(at=at, today=today)}


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=300)
def give_gifts() -> int:
    """Give the birthday gifts that are due today; returns how many."""
    at = now()

    def tell(done: int, total: int) -> None:
        report_progress(done=done, total=total, label="members")

    return give_birthday_gifts(at=at, today=business_date(at, retailer().time_zone), tell=tell)


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=300)
def count_costs() -> int:
    """Work out what benefits cost by month; returns how many months."""
    return refresh_benefit_costs(at=now())


schedule("benefits: what they cost", count_costs, cron="40 4 * * *")
schedule("benefits: end what is over", end_benefits, cron="5 4 * * *")
schedule("benefits: birthday gifts", give_gifts, cron="10 4 * * *")
