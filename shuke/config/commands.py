"""The commands that run processes: serve, worker, collector, loader, and the two that serve starts itself."""

from typing import Annotated

import typer

HOST = typer.Option(help="The address to listen on; 0.0.0.0 for all.")
PORT = typer.Option(min=1, max=65535, help="The port to listen on.")
COLLECTOR_PORT = typer.Option(
    min=1, max=65535, help="The port that events are sent to; the next one unless you say."
)
WORKERS = typer.Option(
    min=1, help="How many workers for quick work; 1 on SQLite and 2 on PostgreSQL unless you say."
)
LONG_WORKERS = typer.Option(
    min=0, help="How many workers for long work; 0 lets the others do it too, which then waits for it."
)
QUEUES = typer.Option(
    "--queue", help="Only this queue: default or long; repeat it for several, leave it out for all."
)


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    from shuke.apps.collector.management.cli import cli as sources
    from shuke.apps.compliance.management.cli import cli as privacy
    from shuke.apps.connections.management.cli import import_file
    from shuke.apps.insights.management.cli import cli as traits
    from shuke.apps.insights.management.studies import cli as insights
    from shuke.apps.loyalty.management.cli import cli as ledger
    from shuke.apps.loyalty.management.earning import cli as loyalty
    from shuke.apps.recommendations.management.cli import cli as recommend
    from shuke.platform.jobs.management.cli import cli as jobs
    from shuke.platform.public_data.management.cli import cli as public_data
    from shuke.web.management.cli import cli as users

    app.command()(serve)
    app.command()(worker)
    app.command()(collector)
    app.command()(loader)
    app.command(hidden=True)(console)
    app.command(hidden=True)(relay)
    app.add_typer(insights, name="insights")
    app.add_typer(jobs, name="jobs")
    app.add_typer(ledger, name="ledger")
    app.add_typer(loyalty, name="loyalty")
    app.add_typer(privacy, name="privacy")
    app.add_typer(public_data, name="public-data")
    app.add_typer(recommend, name="recommend")
    app.add_typer(traits, name="traits")
    app.add_typer(users, name="users")
    app.command("import")(import_file)
    app.add_typer(sources, name="sources")


def serve(
    host: Annotated[str, HOST] = "127.0.0.1",
    port: Annotated[int, PORT] = 8000,
    workers: Annotated[int | None, WORKERS] = None,
    long_workers: Annotated[int, LONG_WORKERS] = 1,
    collector_port: Annotated[int | None, COLLECTOR_PORT] = None,
) -> None:
    """Open the console and run everything behind it, until Ctrl-C."""
    from shuke.config.migrated import NotMigrated
    from shuke.config.serve import PortTaken
    from shuke.config.serve import serve as run

    try:
        run(host=host, port=port, workers=workers, long_workers=long_workers, collector_port=collector_port)
    except (PortTaken, NotMigrated) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error


def worker(
    worker_id: Annotated[str | None, typer.Option("--id", hidden=True)] = None,
    queues: Annotated[list[str] | None, QUEUES] = None,
) -> None:
    """Run one worker, for all work or for one queue; on PostgreSQL also on a further machine."""
    from shuke.config.processes import end_with_supervisor
    from shuke.platform.jobs.queues import UnknownQueue, chosen_queues
    from shuke.platform.jobs.worker import new_worker_id, work
    from shuke.platform.observability.logs import bind_process

    try:
        chosen = chosen_queues(queues or ())
    except UnknownQueue as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(2) from error
    end_with_supervisor()
    bind_process("worker")
    work(worker_id=worker_id or new_worker_id(), queues=chosen)


def collector(host: Annotated[str, HOST] = "127.0.0.1", port: Annotated[int, PORT] = 8001) -> None:
    """Run only the collector, which takes events in and keeps them on this machine's disk."""
    from shuke.config.processes import run_collector

    run_collector(host=host, port=port)


def loader() -> None:
    """Run only the loader, which moves what this machine's collector kept to the lake."""
    from shuke.config.processes import run_loader

    run_loader()


def console(host: Annotated[str, HOST] = "127.0.0.1", port: Annotated[int, PORT] = 8000) -> None:
    """Run only the console."""
    from shuke.config.processes import run_console

    run_console(host=host, port=port)


def relay() -> None:
    """Run only the relay from the outbox to the lake."""
    from shuke.config.processes import run_relay

    run_relay()
