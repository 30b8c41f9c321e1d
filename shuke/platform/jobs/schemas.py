"""What pages and the API see of jobs."""

from datetime import datetime

from ninja import Schema


class JobView(Schema):
    """A job without its arguments; ``error`` is freed of contacts."""

    id: str
    task: str
    queue: str
    state: str
    unique_key: str | None
    enqueued_at: datetime
    run_after: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    interruptions: int
    error_kind: str
    error: str
    progress_done: int | None
    progress_total: int | None
    progress_label: str
    is_cancel_requested: bool
    #: Which worker has or had it last; empty before its first start.
    worker: str
    #: It waits, and one with its key runs: it begins after that one, whoever is free.
    waits_for_its_like: bool = False

    @property
    def can_retry(self) -> bool:
        """Whether it has ended without success."""
        return self.state in {"failed", "cancelled"}

    @property
    def can_cancel(self) -> bool:
        """Whether it waits, or runs and was not asked to stop yet."""
        return self.state in {"ready", "running"} and not self.is_cancel_requested

    @property
    def progress_percent(self) -> int | None:
        """Whole percent done, if the job said how much there is."""
        if not self.progress_total or self.progress_done is None:
            return None
        return min(100, self.progress_done * 100 // self.progress_total)


class JobsPage(Schema):
    """A part of the jobs, newest first, and how many there are."""

    items: list[JobView]
    total: int


class WorkerView(Schema):
    """A worker that was heard of lately, and the queues whose jobs it takes."""

    id: str
    name: str
    queues: list[str]
    started_at: datetime
    beat_at: datetime


class QueueView(Schema):
    """A queue: who takes its jobs, what runs, what is due in the order of its turn, and how much comes later."""

    name: str
    workers: list[WorkerView]
    running: list[JobView]
    next_up: list[JobView]
    waiting: int
    later: int

    @property
    def unseen(self) -> int:
        """How many wait besides those of ``next_up``."""
        return self.waiting - len(self.next_up)


class ScheduleView(Schema):
    """A schedule and its times."""

    name: str
    task: str
    rule: str
    next_at: datetime | None
    fired_at: datetime | None
