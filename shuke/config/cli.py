"""The command ``shuke``."""

import gc
import os
from typing import Annotated, NoReturn

import typer

from shuke.config.commands import add_to

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")

HOUSEHOLDS = typer.Option(min=1, help="Take only the first so many households, for a quick try.")

app = typer.Typer(help="Shuke: member marketing for retailers.", no_args_is_help=True, add_completion=False)


#: These start processes that load Django themselves, and stay small.
LIGHT_COMMANDS = frozenset({"serve", "console"})
#: These run on after a fault and say so in the log again and again, so the database is looked at before they begin.
LASTING_COMMANDS = frozenset({"worker", "collector", "loader", "relay"})


@app.callback()
def prepare(context: typer.Context) -> None:
    """Set Django up before any command runs."""
    if context.invoked_subcommand in LIGHT_COMMANDS:
        return
    import django

    # What is loaded here stays until the process ends: looking for garbage in it would be a fifth of the start.
    gc.disable()
    django.setup()
    gc.freeze()
    gc.enable()
    if context.invoked_subcommand in LASTING_COMMANDS:
        from shuke.config.migrated import NotMigrated, check_database

        try:
            check_database()
        except NotMigrated as error:
            _end_with(str(error))


def _end_with(sentence: str) -> NoReturn:
    typer.secho(sentence, fg="red", err=True)
    raise SystemExit(1)


@app.command()
def migrate() -> None:
    """Bring the operational database to this version."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def manage(context: typer.Context) -> None:
    """Run a Django management command."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["shuke manage", *context.args])


@app.command()
def translations() -> None:
    """Compile the catalogues of all languages."""
    from shuke.config.translations import compile_catalogues

    compile_catalogues()


@app.command()
def demo(households: Annotated[int | None, HOUSEHOLDS] = None) -> None:
    """Play a real supermarket year in through the ordinary imports."""
    from shuke.demo.cli import play_demo

    play_demo(households)


add_to(app)


def main() -> None:
    """Entry point of the console script.  A database that was not set up is told in a sentence."""
    from django.db import DatabaseError

    try:
        app()
    except DatabaseError as error:
        from shuke.config.migrated import explanation_of

        sentence = explanation_of(error)
        if not sentence:
            raise
        _end_with(sentence)


if __name__ == "__main__":
    main()
