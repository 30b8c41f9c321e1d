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
