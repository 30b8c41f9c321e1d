"""A database with every table, made once for a whole test run and copied for each process that needs one.

Running all migrations takes longer than most of the tests that want a database of their own.
"""

import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def migrate(home: Path, *, url: str = "") -> None:
    """Run all migrations in a process of its own; on SQLite the database is ``db.sqlite3`` in the home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
    environment = kept | {"SHUKE_HOME": str(home), "SHUKE_LOG_LEVEL": "WARNING"}
    if url:
        environment["SHUKE_DATABASE_URL"] = url
    command = [sys.executable, "-m", "shuke.config.cli", "migrate"]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)


def place_database(home: Path) -> None:
    """Put a migrated SQLite database into a new home."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_template(), home / "db.sqlite3")


def begin_as_copy(connection: Any) -> None:
    """Have Django's test database of this process begin with every table; its own run of the migrations finds nothing.

    For the workers of a run, which share what one of them makes.
    """
    if connection.vendor == "sqlite":
        _fill_in_memory(connection.creation)
    else:
        connection.settings_dict["TEST"]["TEMPLATE"] = _template_database(os.environ["SHUKE_DATABASE_URL"])


def _fill_in_memory(creation: Any) -> None:
    import sqlite3

    made, create = _template(), creation._create_test_db

    def filled(*arguments: Any, **options: Any) -> str:
        name: str = create(*arguments, **options)
        # It lives as long as a connection to it does: this one stays open until the process ends.
        _kept.append(sqlite3.connect(name, uri=True, check_same_thread=False))
        with sqlite3.connect(made) as source:
            source.backup(_kept[-1])
        source.close()
        return name

    creation._create_test_db = filled


_kept: list[Any] = []


def _template_database(url: str) -> str:
    """The name of a database of this PostgreSQL with every table; the first worker makes it."""
    import psycopg

    name, folder = "shuke_template", _folder()
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock, psycopg.connect(url, autocommit=True) as connection:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made.postgresql").exists():
            connection.execute(f'CREATE DATABASE "{name}"')
            migrate(folder / "home", url=f"{url.rsplit('/', 1)[0]}/{name}")
            (folder / "made.postgresql").touch()
    return name


def _folder() -> Path:
    """Where the processes of one run share it; the first of them names the run for those it starts."""
    run = os.environ.setdefault("TEST_RUN", secrets.token_hex(8))
    return Path(tempfile.gettempdir()) / f"shuke-migrated-{run}"


def _template() -> Path:
    """The file that is copied; the processes of one run share it."""
    folder = _folder()
    folder.mkdir(exist_ok=True)
    made = folder / "made.sqlite3"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            migrate(folder / "home")
            _whole(folder / "home" / "db.sqlite3", made)
    return made


def _whole(database: Path, target: Path) -> None:
    """The database as one file: what stands in its write-ahead log is brought in."""
    import sqlite3

    draft = target.with_suffix(".draft")
    with sqlite3.connect(database) as source, sqlite3.connect(draft) as copy:
        source.backup(copy)
    copy.close()
    source.close()
    draft.rename(target)


def remove_template() -> None:
    """What the first process of a run does at its end."""
    shutil.rmtree(_folder(), ignore_errors=True)
