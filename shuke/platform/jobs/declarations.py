"""What a task declares: how often it may fail, and when it runs by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from croniter import croniter  # type: ignore[import-untyped]
from django.utils.module_loading import autodiscover_modules
from django_tasks.base import Task

Decorated = TypeVar("Decorated", bound=Callable[..., Any] | Task)
LONGEST_BACKOFF_SECONDS = 3600.0


@dataclass(frozen=True)
class RetryPolicy:
    """How often a task is tried, and how long to wait between: doubled each time, an hour at most."""

    max_attempts: int = 1
    backoff_seconds: float = 10.0
    retry_on: tuple[type[BaseException], ...] = (Exception,)

    def wait_after(self, failures: int) -> timedelta:
        """The wait after the given number of failures (at least one)."""
        doubled = self.backoff_seconds * 2.0 ** min(failures - 1, 30)
        return timedelta(seconds=min(doubled, LONGEST_BACKOFF_SECONDS))


@dataclass(frozen=True)
class Schedule:
    """A task that runs by itself, by a cron rule in the retailer's time zone or every so many seconds."""

    name: str
    task: Task
    cron: str | None = None
    every_seconds: float | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        """The rule as text: ``cron 30 2 * * *`` or ``every 60 s``."""
        return f"cron {self.cron}" if self.cron else f"every {self.every_seconds:g} s"

    def next_after(self, moment: datetime, time_zone: str) -> datetime:
        """The first time after ``moment``; times that were missed meanwhile are not made up for."""
        if self.cron is None:
            return moment + timedelta(seconds=self.every_seconds or 0)
        zone = ZoneInfo(time_zone)
        following: datetime = croniter(self.cron, moment.astimezone(zone)).get_next(datetime)
        return following.astimezone(moment.tzinfo)


_schedules: dict[str, Schedule] = {}
ONCE = RetryPolicy()


def retried(
    *,
    max_attempts: int = 5,
    backoff_seconds: float = 10.0,
    retry_on: tuple[type[BaseException], ...] = (Exception,),
) -> Callable[[Decorated], Decorated]:
    """Decorator of a task function: try again after a failure.

    A ``Refused`` is final whatever ``retry_on`` says: asking again would not change the answer.  A job
    whose worker was killed is always taken again, with or without this decorator.
    """
    if max_attempts < 1 or backoff_seconds < 0:
        raise ValueError("max_attempts must be at least 1 and backoff_seconds not negative.")
    policy = RetryPolicy(max_attempts, backoff_seconds, retry_on)

    def mark(function: Decorated) -> Decorated:
        target = function.func if isinstance(function, Task) else function
        target.retry_policy = policy  # type: ignore[attr-defined]
        return function

    return mark


def policy_of(task: Task) -> RetryPolicy:
    """The task's policy; without ``@retried`` a failure is final."""
    policy: RetryPolicy = getattr(task.func, "retry_policy", ONCE)
    return policy


def schedule(
    name: str,
    task: Task,
    *,
    cron: str | None = None,
    every_seconds: float | None = None,
    kwargs: Mapping[str, Any] | None = None,
) -> Schedule:
    """Let a task run by itself.  Give exactly one of ``cron`` and ``every_seconds`` (at least 1).

    Raises ``ValueError`` for a rule that cannot be read and for a name that another task has.
    """
    if (cron is None) == (every_seconds is None):
        raise ValueError(f"Schedule {name!r} needs either cron or every_seconds.")
    if cron is not None and not croniter.is_valid(cron):
        raise ValueError(f"Schedule {name!r}: {cron!r} is not a cron rule.")
    if every_seconds is not None and every_seconds < 1:
        raise ValueError(f"Schedule {name!r}: every_seconds must be at least 1.")
    known = _schedules.get(name)
    if known is not None and known.task.module_path != task.module_path:
        raise ValueError(f"Schedule {name!r} already runs {known.task.module_path}.")
    _schedules[name] = Schedule(name, task, cron, every_seconds, dict(kwargs or {}))
    return _schedules[name]


def schedules() -> list[Schedule]:
    """Every declared schedule, after the ``tasks.py`` of all apps were imported."""
    autodiscover_modules("tasks")
    return sorted(_schedules.values(), key=lambda item: item.name)
