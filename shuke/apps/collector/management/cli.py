"""``shuke sources``: who may send events, from the command line."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

KIND = typer.Option(help="web, mobile or server.")
ACCOUNT = typer.Option(
    help="Channel account of its customer numbers, by name or id; created if there is none."
)
ROLE = typer.Option(help="server (secret), web (public) or trusted_web (public, and believed).")
RATE = typer.Option(help="Events per second at most; left out, no limit.")
CHANNELS = {"server": "store", "web": "web", "mobile": "app"}

cli = typer.Typer(help="Sites, apps and servers that send events.", no_args_is_help=True)


@cli.callback()
def sources() -> None:
    """Sites, apps and servers that send events."""


@cli.command()
def add(
    name: str,
    account: Annotated[str, ACCOUNT],
    kind: Annotated[str, KIND] = "server",
    rate: Annotated[int | None, RATE] = None,
) -> None:
    """Add a source and print its first write key."""
    from shuke.apps.collector.operations import create_source
    from shuke.platform.clock import now
    from shuke.platform.errors import Refused
    from shuke.platform.permissions import SYSTEM

    try:
        account_id = _account_id(account, kind)
        source_id = create_source(
            actor=SYSTEM, at=now(), account_id=account_id, name=name, kind=kind, events_per_second=rate
        )
    except Refused as refusal:
        raise _ended(refusal) from refusal
    _tell_key(source_id, role="server" if kind == "server" else "web")


def _account_id(account: str, kind: str) -> str:
    from shuke.apps.connections.operations import ensure_account
    from shuke.apps.connections.queries import account as account_named
    from shuke.platform.clock import now
    from shuke.platform.errors import NotFound
    from shuke.platform.permissions import SYSTEM

    try:
        return account_named(account).id
    except NotFound:
        channel = CHANNELS.get(kind, "store")
        return ensure_account(actor=SYSTEM, at=now(), name=account, sales_channel=channel).id


@cli.command("list")
def list_sources() -> None:
    """Every source with its keys and what came in seven days."""
    from shuke.apps.collector.queries import sources as everything

    table = Table("name", "id", "kind", "takes events", "keys", "events, 7 days", "put aside")
    for item in everything(today=_today()):
        keys = ", ".join(
            f"{key.prefix}… {key.role} {key.id}" for key in item.write_keys if key.revoked_at is None
        )
        table.add_row(
            item.name,
            item.id,
            item.kind,
            "yes" if item.is_active else "no",
            keys,
            f"{item.accepted_7_days:,}",
            f"{item.rejected_7_days:,}",
        )
    Console().print(table)


@cli.command()
def key(source: str, role: Annotated[str, ROLE] = "server") -> None:
    """Print a further write key of a source, given by name or id."""
    from shuke.apps.collector.queries import sources as everything
    from shuke.platform.errors import NotFound, Refused

    found = next((item for item in everything(today=_today()) if source in {item.id, item.name}), None)
    try:
        if found is None:
            raise NotFound("source_not_found", f"There is no source {source}.")
        _tell_key(found.id, role=role)
    except Refused as refusal:
        raise _ended(refusal) from refusal


@cli.command()
def revoke(key_id: str) -> None:
    """Refuse a write key from now on; ``shuke sources list`` shows the ids."""
    from shuke.apps.collector.operations import revoke_write_key
    from shuke.platform.clock import now
    from shuke.platform.errors import Refused
    from shuke.platform.permissions import SYSTEM

    try:
        revoke_write_key(actor=SYSTEM, at=now(), key_id=key_id)
    except Refused as refusal:
        raise _ended(refusal) from refusal
    Console().print("The key is revoked; the collector refuses it within seconds.")


def _tell_key(source_id: str, *, role: str) -> None:
    from shuke.apps.collector.operations import create_write_key
    from shuke.platform.clock import now
    from shuke.platform.permissions import SYSTEM

    issued = create_write_key(actor=SYSTEM, at=now(), source_id=source_id, role=role)
    Console().print(f"Source {source_id}, {role} key; it is shown this once:", soft_wrap=True)
    typer.echo(issued.key)


def _today() -> Any:
    from shuke.platform.clock import business_date, now
    from shuke.platform.retailer.queries import retailer

    return business_date(now(), retailer().time_zone)


def _ended(refusal: Exception) -> typer.Exit:
    Console(stderr=True).print(str(refusal))
    return typer.Exit(1)
