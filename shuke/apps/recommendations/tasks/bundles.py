"""A bundle every night after the traits, and whenever somebody wants one."""

from datetime import timedelta

from django_tasks import task

from shuke.apps.recommendations.events import BundleWanted
from shuke.apps.recommendations.operations.fitting import fit_bundle
from shuke.apps.recommendations.queries.bundles import FIT_KEY
from shuke.platform.clock import business_date, now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, report_progress, retried, schedule
from shuke.platform.retailer.queries import retailer
from shuke.web.labels import label_of


@task(queue_name=LONG)
@retried(max_attempts=2, backoff_seconds=300)
def fit_bundle_of_yesterday() -> None:
    """Fit everything as of the last whole business day, and serve it."""
    at = now()
    fit_bundle(at=at, as_of=business_date(at, retailer().time_zone) - timedelta(days=1), report=_tell)


def _tell(done: int, total: int, step: str) -> None:
    # Steps that are strategies are called by their names.
    word = label_of("bundle_step", step)
    report_progress(done=done, total=total, label=label_of("strategy", step) if word == step else word)


@task()
def queue_nightly_bundle() -> None:
    """Queue the night's bundle under the key of those that people ask for, so that there is one at a time."""
    enqueue(fit_bundle_of_yesterday, unique_key=FIT_KEY)


@subscribe(BundleWanted)
def queue_bundle(_event: BundleWanted) -> None:
    """Queue one, once however often it is asked for."""
    enqueue(fit_bundle_of_yesterday, unique_key=FIT_KEY)


# After the night's traits (02:30), whose segments it knows, and the studies that are queued at three.
schedule("nightly bundle", queue_nightly_bundle, cron="30 3 * * *")
