"""Traits and studies every night, and traits soon after an import brought something they are made of."""

from datetime import timedelta

from django_tasks import task

from shuke.apps.connections.events import ImportFinished
from shuke.apps.insights.events import FunnelChanged, RfmSchemeChanged, StudyRequested
from shuke.apps.insights.operations import build_traits, count_funnel, run_study, thin_history
from shuke.apps.insights.operations.kinds import RUNS
from shuke.apps.insights.queries import latest_build
from shuke.apps.insights.queries.funnels import funnel_key, funnels
from shuke.apps.insights.queries.studies import study_key
from shuke.platform.clock import business_date, now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, report_progress, retried, schedule
from shuke.platform.retailer.queries import retailer


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=60)
def build_traits_of_yesterday() -> None:
    """Build the traits as of the last whole business day."""
    _build_yesterday()


def _build_yesterday() -> None:
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
def build_after_import(event: ImportFinished) -> None:
    """Queue a build for a minute later, once however many files come in until then."""
    if event.kind not in IRRELEVANT_KINDS:
        enqueue(build_traits_of_yesterday, unique_key="traits", run_after=event.at + PATIENCE)


@task(queue_name=LONG)
@retried(max_attempts=2, backoff_seconds=60)
def make_study(kind: str) -> None:
    """Answer one question as of the newest day with traits."""
    build = latest_build()
    if build is not None:
        run_study(kind, at=now(), as_of=build.as_of, report=_tell)


@subscribe(StudyRequested)
def queue_study(event: StudyRequested) -> None:
    """Queue one study or all, one job each: a slow or failing one keeps no other from its answer."""
    for kind in (event.kind,) if event.kind else RUNS:
        enqueue(make_study, kind, unique_key=study_key(kind))


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=60)
def score_anew() -> None:
    """Build the traits by the new borders, then the layers that are made of them."""
    _build_yesterday()
    queue_study(StudyRequested(kind="layers"))


@subscribe(RfmSchemeChanged)
def queue_scoring(_event: RfmSchemeChanged) -> None:
    """Queue the scoring for a moment later, once: who has just saved borders often corrects them at once."""
    enqueue(score_anew, unique_key="score anew", run_after=now() + timedelta(seconds=5))


@task(queue_name=LONG)
@retried(max_attempts=2, backoff_seconds=60)
def make_funnel(funnel_id: int) -> None:
    """Count one funnel over events."""
    count_funnel(at=now(), funnel_id=funnel_id, report=_tell)


@subscribe(FunnelChanged)
def queue_funnel(event: FunnelChanged) -> None:
    """Queue the count of a funnel."""
    enqueue(make_funnel, event.funnel_id, unique_key=funnel_key(event.funnel_id))


@task(queue_name=LONG)
def queue_nightly_studies() -> None:
    """Queue every study and funnel after the night's traits, and let go of days that no picture needs."""
    thin_history(today=business_date(now(), retailer().time_zone))
    queue_study(StudyRequested(kind=""))
    for funnel in funnels():
        queue_funnel(FunnelChanged(funnel_id=funnel.id))


schedule("nightly studies", queue_nightly_studies, cron="0 3 * * *")
