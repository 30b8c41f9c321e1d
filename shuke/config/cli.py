"""The command ``shuke``."""

import os

import typer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")

app = typer.Typer(help="Shuke: member marketing for retailers.", no_args_is_help=True, add_completion=False)


@app.callback()
def prepare() -> None:
    """Set Django up before any command runs."""
    import django

    django.setup()


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


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
