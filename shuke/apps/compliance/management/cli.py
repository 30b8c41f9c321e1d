"""Commands for a member's own rights: see everything, be forgotten."""

import json
from typing import Annotated

import typer

cli = typer.Typer(help="A member's rights: export and erasure.", no_args_is_help=True)


@cli.command()
def export(member_id: str) -> None:
    """Everything held of a member, as JSON."""
    from shuke.platform.privacy import export_all

    typer.echo(json.dumps(export_all(member_id), ensure_ascii=False, indent=2, default=str))


@cli.command()
def erase(
    member_id: str,
    *,
    confirmed: Annotated[bool, typer.Option("--yes", help="Do not ask; it cannot be undone.")] = False,
) -> None:
    """Erase a member everywhere, and the facts in the lake with them."""
    from shuke.apps.compliance.operations import erase_member
    from shuke.platform.clock import now
    from shuke.platform.permissions import SYSTEM

    if not confirmed:
        typer.confirm(f"Erase {member_id} for ever?", abort=True)
    rows = erase_member(actor=SYSTEM, at=now(), member_id=member_id)
    typer.echo(f"{member_id} is erased, and {rows} rows of the lake.")
