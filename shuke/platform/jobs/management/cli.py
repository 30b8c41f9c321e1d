"""``shuke jobs``: looking at jobs and mending them from a terminal.

Models are imported by each command: the command line is built before Django is set up.
"""

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM

cli = typer.Typer(help="Look at jobs, try them again, cancel them.", no_args_is_help=True)
out = Console()


@cli.command("list")
def list_jobs(
    state: Annotated[str, typer.Option(help="ready, running, succeeded, failed or cancelled.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
) -> None:
    """The newest jobs."""
    from shuke.platform.jobs import queries

    page = queries.jobs_page(state=state, limit=limit)
    table = Table("job", "task", "queue", "state", "attempts", "queued", "progress", "error")
    for job in page.items:
        progress = f"{job.progress_percent} %" if job.progress_percent is not None else ""
        queued = f"{job.enqueued_at:%Y-%m-%d %H:%M:%S}"
        error = f"{job.error_kind} {job.error}".strip()
        table.add_row(job.id, job.task, job.queue, job.state, str(job.attempts), queued, progress, error)
    out.print(table)
    out.print(f"{page.total} jobs; {queries.job_counts()}; {len(queries.workers(at=now()))} workers")


@cli.command()
def schedules() -> None:
    """What runs by itself, and when next."""
    from shuke.platform.jobs import queries

    table = Table("schedule", "task", "rule", "next (UTC)", "last (UTC)")
    for item in queries.schedule_views():
        times = [f"{time:%Y-%m-%d %H:%M:%S}" if time else "" for time in (item.next_at, item.fired_at)]
        table.add_row(item.name, item.task, item.rule, *times)
    out.print(table)


@cli.command()
def retry(job_id: str) -> None:
    """Run a failed or cancelled job again."""
    from shuke.platform.jobs import operations

    _carry_out(lambda: operations.retry_job(actor=SYSTEM, at=now(), job_id=job_id).state)


@cli.command()
def cancel(job_id: str) -> None:
    """Cancel a waiting job, or ask a running one to stop."""
    from shuke.platform.jobs import operations

    _carry_out(lambda: operations.cancel_job(actor=SYSTEM, at=now(), job_id=job_id).state)


def _carry_out(act: Callable[[], str]) -> None:
    try:
        out.print(act())
    except Refused as refusal:
        out.print(str(refusal), style="red")
        raise typer.Exit(1) from refusal
