"""The care of the ledger: what time has made of wallets, reminders, and verification by night."""

from django_tasks import task

from shuke.apps.loyalty.events import VerificationRequested
from shuke.apps.loyalty.operations import gather_stranded, remind_expiring, settle_wallets, verify_ledger
from shuke.platform.clock import business_date, now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, report_progress, retried, schedule
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.retailer.queries import retailer

#: On Sundays everything is replayed and rehashed, on other days what changed since.
FULL_ON = 6


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=60)
def settle_due_wallets() -> int:
    """Post activations, expiries and time-outs of holds that are due; returns how many wallets were settled."""
    settled = settle_wallets(at=now(), tell=_tell_wallets)
    gather_stranded(at=now())
    return settled


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=300)
def tell_expiring_points() -> int:
    """Tell of points that end in 30, 7 or 1 days; returns how many endings were told."""
    at = now()
    return remind_expiring(at=at, today=business_date(at, retailer().time_zone))


@task(queue_name=LONG)
@retried(max_attempts=2, backoff_seconds=600)
def verify_ledger_by_night() -> int:
    """Run all checks, on Sundays on every transaction; returns how much was found."""
    is_full = business_date(now(), retailer().time_zone).weekday() == FULL_ON
    return verify_ledger(actor=SYSTEM, clock=now, is_full=is_full).findings


@task(queue_name=LONG)
def verify_ledger_now(actor_name: str) -> int:
    """Run all checks on every transaction because somebody asked; returns how much was found."""
    actor = Actor(kind="system", id="system", name=actor_name)
    return verify_ledger(actor=actor, clock=now, is_full=True).findings


@subscribe(VerificationRequested)
def verify_when_asked(event: VerificationRequested) -> None:
    """Queue one look, however often it is asked for until it runs."""
    enqueue(verify_ledger_now, event.actor_name, unique_key="verify-ledger")


def _tell_wallets(done: int, total: int) -> None:
    report_progress(done=done, total=total, label="wallets")


schedule("points: settle wallets", settle_due_wallets, every_seconds=900)
schedule("points: tell of endings", tell_expiring_points, cron="40 5 * * *")
schedule("points: verify the ledger", verify_ledger_by_night, cron="50 3 * * *")
