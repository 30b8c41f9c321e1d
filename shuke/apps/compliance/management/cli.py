"""Commands for people's own rights, and for the secrets that keep their data."""

from pathlib import Path
from typing import Annotated

import typer

cli = typer.Typer(help="A member's rights, and the keys: export, erasure, rotation.", no_args_is_help=True)
CONFIRMED = typer.Option("--yes", help="Do not ask; it cannot be undone.")


@cli.command()
def export(
    member_id: str,
    to: Annotated[Path | None, typer.Option(help="Write a ZIP file with pages to read as well.")] = None,
) -> None:
    """Everything held of a member: as JSON, or as a ZIP file."""
    import json

    from shuke.apps.compliance.operations import export_person
    from shuke.apps.compliance.queries.exporting import person_data
    from shuke.platform.clock import now
    from shuke.platform.errors import Refused
    from shuke.platform.permissions import SYSTEM

    try:
        if to is None:
            data = person_data(member_id, at=now())
            typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))
            return
        to.write_bytes(export_person(actor=SYSTEM, at=now(), member_id=member_id))
        typer.echo(str(to))
    except Refused as refusal:
        typer.secho(str(refusal), fg="red", err=True)
        raise typer.Exit(1) from refusal


@cli.command()
def erase(member_id: str, *, confirmed: Annotated[bool, CONFIRMED] = False) -> None:
    """Erase a member everywhere, and the facts in the lake with them."""
    from shuke.apps.compliance.operations import erase_member
    from shuke.platform.clock import now
    from shuke.platform.errors import Refused
    from shuke.platform.permissions import SYSTEM

    if not confirmed:
        typer.confirm(f"Erase {member_id} for ever?", abort=True)
    try:
        rows = erase_member(actor=SYSTEM, at=now(), member_id=member_id)
    except Refused as refusal:
        typer.secho(str(refusal), fg="red", err=True)
        raise typer.Exit(1) from refusal
    typer.echo(f"{member_id} is erased, and {rows} rows of the lake.")
    typer.echo("Everything is looked at once more in an hour, for work that was under way.")


@cli.command("run-erasures")
def run() -> None:
    """Take every open erasure as far as it goes now, as the nightly run does."""
    from shuke.apps.compliance.operations import run_erasures
    from shuke.apps.compliance.queries.erasures import open_erasures
    from shuke.platform.clock import now

    done = run_erasures(at=now(), tell=lambda _done, _total, step: typer.echo(step) if step else None)
    typer.echo(f"{done} came to their end; {open_erasures()} are open.")


@cli.command()
def replay(
    list_file: Annotated[Path, typer.Argument(help="The newest copy of erasures.jsonl.", exists=True)],
) -> None:
    """After a restore: erase again whoever of the list the backup has brought back."""
    from shuke.apps.compliance.operations import replay_list
    from shuke.platform.clock import now

    members, rows = replay_list(list_file, at=now())
    typer.echo(f"{members} people had come back and are erased again, with {rows} rows of the lake.")


@cli.command("rotate-keys")
def rotate(
    *,
    keep_old: Annotated[bool, typer.Option(help="Leave the old keys in the file, for old backups.")] = False,
) -> None:
    """Encrypt everything with a new key.  Interrupted, it goes on where it was; the console may run."""
    from rich.progress import Progress

    from shuke.platform.rotation import rotate_keys

    with Progress() as bar:
        task = bar.add_task("encrypting anew", total=None)
        done = rotate_keys(
            keep_old=keep_old,
            tell=lambda n, total, label: bar.update(task, completed=n, total=total, description=label),
        )
    typer.echo(f"{done.rewritten} values are written with the new key; {done.keys} key(s) in the file.")
    if done.unreadable:
        typer.secho(f"{done.unreadable} values could be read with no key and were left.", fg="red", err=True)
        raise typer.Exit(1)


@cli.command()
def retention(
    *, apply: Annotated[bool, typer.Option(help="Delete now; else only say how much would be.")] = False
) -> None:
    """What the rules of retention delete."""
    from shuke.apps.compliance.operations import apply_retention
    from shuke.apps.compliance.queries.retention import retention_views
    from shuke.platform.clock import now

    if apply:
        for place, count in apply_retention(at=now()).items():
            typer.echo(f"{place}: {count} deleted")
        return
    for view in retention_views(at=now(), counted=True):
        kept = "as it comes" if view.keep_days is None else f"{view.keep_days} days"
        typer.echo(f"{view.place}: {kept}" + (f", {view.too_old} are older" if view.too_old else ""))
