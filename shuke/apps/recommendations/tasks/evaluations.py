"""The retailer's own history evaluated every month, and whenever somebody wants it."""

from datetime import timedelta

from django_tasks import task

from shuke.apps.recommendations.events import EvaluationRequested
from shuke.apps.recommendations.operations.evaluations import run_evaluation
from shuke.apps.recommendations.queries.evaluations import evaluation_key
from shuke.apps.recommendations.schemas.comparison import LEVELS, PROTOCOLS, EvaluationInput
from shuke.platform.clock import business_date, now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, report_progress, retried, schedule
from shuke.platform.retailer.queries import retailer
from shuke.web.labels import label_of


@task(queue_name=LONG)
@retried(max_attempts=2, backoff_seconds=300)
def evaluate_history(level: str, protocol: str, strategies: list[str], is_tuned: bool) -> None:
    """Evaluate what was bought up to the last whole business day."""
    at = now()
    wanted = EvaluationInput.model_validate(
        {"level": level, "protocol": protocol, "strategies": strategies, "is_tuned": is_tuned}
    )
    yesterday = business_date(at, retailer().time_zone) - timedelta(days=1)
    run_evaluation(wanted, at=at, as_of=yesterday, report=_tell)


def _tell(done: int, total: int, step: str) -> None:
    # Steps that are strategies are called by their names; "ease: choosing among 2" is EASE's.
    code = step.partition(":")[0]
    word = label_of("evaluation_step", code)
    report_progress(done=done, total=total, label=label_of("strategy", code) if word == code else word)


def _queue(*, level: str, protocol: str, strategies: list[str], is_tuned: bool) -> None:
    enqueue(
        evaluate_history,
        level,
        protocol,
        strategies,
        is_tuned,
        unique_key=evaluation_key(level=level, protocol=protocol),
    )


@subscribe(EvaluationRequested)
def queue_evaluation(event: EvaluationRequested) -> None:
    """Queue one, once however often it is asked for."""
    _queue(
        level=event.level,
        protocol=event.protocol,
        strategies=list(event.strategies),
        is_tuned=event.is_tuned,
    )


@task()
def queue_monthly_evaluations() -> None:
    """Queue every level by every protocol, one job each."""
    for level in LEVELS:
        for protocol in PROTOCOLS:
            _queue(level=level, protocol=protocol, strategies=[], is_tuned=False)


# On the first day of a month, after the night's bundle.
schedule("monthly evaluations", queue_monthly_evaluations, cron="30 5 1 * *")
