"""``shuke loyalty``: let the history in the lake earn."""

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

cli = typer.Typer(help="The points programme.", no_args_is_help=True)


@cli.callback()
def loyalty() -> None:
    """The points programme."""


@cli.command()
def replay() -> None:
    """Let every order and birthday since the first rules earn, with tiers; safe to stop and to run again."""
    # Django's apps exist only once the command line has set it up.
    from shuke.apps.loyalty.operations.earning.doings import earn_events
    from shuke.apps.loyalty.operations.replaying import replay_history
    from shuke.apps.loyalty.operations.tiers import place_members
    from shuke.apps.loyalty.queries.earning_plans import published_plans
    from shuke.platform.clock import business_date, now
    from shuke.platform.outbox.relay import drain
    from shuke.platform.retailer.queries import retailer

    console, at, plans = Console(), now(), published_plans()
    if plans.begin is None:
        Console(stderr=True).print(
            "There are no published rules yet; publish some in the console under Membership, Points."
        )
        raise typer.Exit(1)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        lines = progress.add_task("Order lines", total=None)
        earned = replay_history(
            at=at, tell=lambda done, total: progress.update(lines, completed=done, total=total)
        )
        rest = progress.add_task("Events, tiers, facts for the lake", total=3)
        earn_events(at=at, since=plans.begin)
        progress.advance(rest)
        place_members(at=at, today=business_date(at, retailer().time_zone))
        progress.advance(rest)
        drain()
        progress.advance(rest)
    given = ", ".join(f"{points:,} {name}" for name, points in sorted(earned.points.items())) or "nothing"
    console.print(
        f"{earned.orders:,} orders, {earned.returns:,} returns and {earned.events:,} birthdays of "
        f"{earned.members:,} members gave {given} in {earned.seconds:.1f} s"
    )
