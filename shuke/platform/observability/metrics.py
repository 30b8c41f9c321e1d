"""What is counted.  Labels are names of routes, tasks and states: never a person, an id or a path."""

from prometheus_client import Counter, Histogram

REQUESTS = Histogram(
    "shuke_request_seconds",
    "Time to answer a request, by the name of its route.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
JOBS = Histogram(
    "shuke_job_seconds",
    "Time that an attempt of a job took, by its task and how it ended.",
    ["task", "state"],
    buckets=(0.01, 0.05, 0.25, 1, 5, 30, 120, 600, 3600),
)
ANSWERS = Counter(
    "shuke_recommendation_answers",
    "Answers of a slot, by the step of the ladder that gave them; 'own' is the slot's own strategy.",
    ["slot", "step"],
)
ANSWER_SECONDS = Histogram(
    "shuke_recommendation_seconds",
    "Time from a question to its durable answer.",
    ["slot"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5),
)
UNKEPT = Counter("shuke_recommendation_unkept", "Answers that could not be noted, and so have no list_id.")
RELAYED = Counter("shuke_outbox_relayed_rows", "Rows that the relay moved to the lake.")


def observe_request(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count a request.  ``status`` is reduced to its class, such as ``2xx``."""
    REQUESTS.labels(method, route, f"{status // 100}xx").observe(seconds)


def observe_job(*, task: str, state: str, seconds: float) -> None:
    """Count an attempt of a job."""
    JOBS.labels(task, state).observe(seconds)


def observe_relayed(rows: int) -> None:
    """Count rows that arrived in the lake."""
    RELAYED.inc(rows)


def observe_answer(*, slot: str, step: str, seconds: float, is_kept: bool) -> None:
    """Count an answer of a slot; ``step`` is empty for the slot's own strategy."""
    ANSWERS.labels(slot, step or "own").inc()
    ANSWER_SECONDS.labels(slot).observe(seconds)
    if not is_kept:
        UNKEPT.inc()
