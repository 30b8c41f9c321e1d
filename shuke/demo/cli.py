"""``shuke demo``: a real supermarket year in the console."""

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


def play_demo(households: int | None) -> None:
    """Play The Complete Journey, a year of a US supermarket chain, in and show how far it is."""
    # Django's apps exist only once the command line has set it up.
    from shuke.apps.insights.operations import request_study
    from shuke.demo.bundles import ask_for_bundle
    from shuke.demo.playing import play
    from shuke.platform.clock import now
    from shuke.platform.errors import Refused
    from shuke.sources.completejourney.frames import DataNotInstalledError

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns) as progress:

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        try:
            outcome = play(at=now(), tell=tell, households=households)
        except (DataNotInstalledError, Refused) as refusal:
            progress.stop()
            Console(stderr=True).print(str(refusal))
            raise typer.Exit(1) from refusal
    console = Console()
    if outcome.has_changed_nothing:
        console.print("Everything was there already; nothing has changed.")
        return
    console.print(
        f"Taken in: {sum(outcome.changes.values()):,} rows; put aside with a reason: {outcome.rejected:,}."
    )
    # Minutes of computing that nobody has to wait for: the console shows how far each question is.
    request_study("")
    ask_for_bundle(at=now())
    console.print("Insights and recommendations are computed in the background once the console runs.")
