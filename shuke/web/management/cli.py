"""``shuke users``: people who may sign in, from the command line."""

import secrets
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

ROLE = typer.Option(help="administrator, analyst, marketer, approver or viewer.")
LANGUAGE = typer.Option(help="en or zh-hans.")
PASSWORD = typer.Option(
    envvar="SHUKE_PASSWORD",
    help="Left out, one is made and printed. The variable keeps it out of lists of processes.",
)

cli = typer.Typer(help="People who may sign in.", no_args_is_help=True)


@cli.callback()
def users() -> None:
    """People who may sign in."""


@cli.command()
def create(
    username: str,
    role: Annotated[str, ROLE] = "administrator",
    language: Annotated[str, LANGUAGE] = "en",
    password: Annotated[str, PASSWORD] = "",
) -> None:
    """Add a person."""
    # Django's apps exist only once the command line has set it up.
    from shuke.platform.accounts.operations import create_user
    from shuke.platform.clock import now
    from shuke.platform.errors import Refused
    from shuke.platform.permissions import SYSTEM

    chosen = password or fresh_password()
    try:
        person = create_user(
            actor=SYSTEM, at=now(), username=username, password=chosen, role=role, language=language
        )
    except Refused as refusal:
        raise _ended(refusal) from refusal
    Console().print(f"{person.username} may sign in as {person.role}.")
    _tell(chosen, is_made=not password)


@cli.command("list")
def list_users() -> None:
    """Everybody, with role and state."""
    from shuke.platform.accounts.queries import users as everybody

    table = Table("name", "role", "language", "may sign in", "id")
    for person in everybody():
        table.add_row(
            person.username, person.role, person.language, "yes" if person.is_active else "no", person.id
        )
    Console().print(table)


@cli.command("password")
def set_new_password(username: str, password: Annotated[str, PASSWORD] = "") -> None:
    """Give a person a new password; their sessions end."""
    from shuke.platform.accounts.operations import set_password
    from shuke.platform.accounts.queries import users as everybody
    from shuke.platform.clock import now
    from shuke.platform.errors import NotFound, Refused
    from shuke.platform.permissions import SYSTEM

    chosen = password or fresh_password()
    person = next((one for one in everybody() if one.username.casefold() == username.casefold()), None)
    try:
        if person is None:
            raise NotFound("user_not_found", f"Nobody signs in as {username}.")
        set_password(actor=SYSTEM, at=now(), user_id=person.id, password=chosen)
    except Refused as refusal:
        raise _ended(refusal) from refusal
    Console().print(f"{person.username} has a new password.")
    _tell(chosen, is_made=not password)


@cli.command("operator")
def operator() -> None:
    """Print a fresh password of the administrator ``operator``, who is made if there is none."""
    from shuke.platform.accounts.queries import users as everybody

    is_known = any(person.username == "operator" for person in everybody())
    if is_known:
        set_new_password("operator")
    else:
        create("operator")


def fresh_password() -> str:
    """Eighteen random characters, which nobody guesses."""
    return secrets.token_urlsafe(14)[:18]


def _tell(password: str, *, is_made: bool) -> None:
    if is_made:
        Console().print(f"Password: {password}", markup=False, highlight=False)


def _ended(refusal: Exception) -> typer.Exit:
    Console(stderr=True).print(str(refusal))
    return typer.Exit(1)
