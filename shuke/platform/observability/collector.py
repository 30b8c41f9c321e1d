"""What is read from the database when somebody scrapes: the same answer from every process."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily

from shuke.platform.clock import now
from shuke.platform.jobs import queries as jobs
from shuke.platform.observability.health import outbox_lag_seconds


class DatabaseCollector:
    """Jobs by state, living workers, the age of the oldest fact that is not in the lake."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges, freshly counted."""
        at = now()
        counts = GaugeMetricFamily(
            "shuke_jobs", "Jobs by state; ended ones are kept 14 days.", labels=["state"]
        )
        for state, count in jobs.job_counts().items():
            counts.add_metric([state], count)
        yield counts
        alive = jobs.workers(at=at)
        yield GaugeMetricFamily(
            "shuke_workers", "Workers heard of in the last two minutes.", value=len(alive)
        )
        yield GaugeMetricFamily(
            "shuke_outbox_lag_seconds",
            "Age of the oldest fact that waits for the lake.",
            value=outbox_lag_seconds(at=at),
        )
