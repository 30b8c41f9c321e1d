"""Traits every night, and soon after an import brought something they are made of."""

from datetime import timedelta

from django_tasks import task

from shuke.apps.connections.events import ImportFinished
from shuke.apps.insights.operations import build_traits
from shuke.platform.clock import business_date, now
from shuke.platform.events import subscribe
from shuke.platform.jobs import enqueue, report_progress, retried, schedule
from shuke.platform.retailer.queries import retailer


@task()
@retried(max_attempts=3, backoff_seconds=60)
def build_traits_of_yesterday() -> None:
    """Build the traits as of the last whole business day."""
    at = now()
    yesterday = business_date(at, retailer().time_zone) - timedelta(days=1)
    build_traits(at=at, as_of=yesterday, report=_tell)


def _tell(done: int, total: int, label: str) -> None:
    report_progress(done=done, total=total, label=label)


# After midnight everywhere the retailer sells, and before anybody opens the console.
schedule("nightly traits", build_traits_of_yesterday, cron="30 2 * * *")

#: Kinds of import that traits do not depend on.
IRRELEVANT_KINDS = frozenset({"costs", "campaigns", "vouchers", "stores"})
#: A retailer imports several files in a row; one build afterwards is enough.
PATIENCE = timedelta(seconds=60)


@subscribe(ImportFinished)
@subscribe(ImportFinished)
def build_after_import(event: ImportFinished) -> None:
    """Queue a build for a minute later, once however many files come in until then."""
    if event.kind not in IRRELEVANT_KINDS:
        enqueue(build_traits_of_yesterday, unique_key="traits", run_after=event.at + PATIENCE)
