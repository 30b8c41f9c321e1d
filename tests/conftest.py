"""Every test process gets a home of its own, a database of its own, and jobs that run at once.

``SHUKE_TEST_DATABASE=postgresql`` runs the suite on a PostgreSQL that is started here; see
``tests/postgresql.py``.  Django is optional: the tests of tables, science, sources and lake run
with the base package only.
"""

import atexit
import gc
import importlib.util
import os
import secrets
import shutil
import tempfile
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.postgresql import PostgresServer

# What is loaded from here to the last test module stays until the end: looking through it for garbage, again and
# again, is a fifth of the time that loading takes.
gc.disable()
HOME = Path(tempfile.mkdtemp(prefix="shuke-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
HAS_DJANGO = importlib.util.find_spec("pytest_django") is not None
IS_XDIST_WORKER = "PYTEST_XDIST_WORKER" in os.environ
IMMEDIATE_JOBS = {"default": {"BACKEND": "shuke.platform.jobs.immediate.ImmediateBackend", "QUEUES": []}}

# A run has a worker for each core.  Computing libraries would start a thread for each core in every worker; these
# wait for each other by spinning, which doubles the work.  They read this when they are imported.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


def _choose_database() -> None:
    """One PostgreSQL for the session, started by the first process; else SQLite."""
    if os.environ.get("SHUKE_TEST_DATABASE", "sqlite") != "postgresql":
        os.environ.pop("SHUKE_DATABASE_URL", None)
    elif not IS_XDIST_WORKER:
        from tests.postgresql import start_postgresql

        server = start_postgresql()
        atexit.register(server.stop)
        os.environ["SHUKE_DATABASE_URL"] = server.url("postgres")


def _set_up_django() -> None:
    """Load the settings from the new home; they must not be read any earlier than this."""
    os.environ["SHUKE_HOME"] = str(HOME)
    os.environ.pop("SHUKE_LAKE", None)
    # The variable goes again: an xdist worker that inherited it would load the settings before this file.
    os.environ["DJANGO_SETTINGS_MODULE"] = "shuke.config.settings"
    from django.conf import settings

    settings.TASKS = IMMEDIATE_JOBS
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    del os.environ["DJANGO_SETTINGS_MODULE"]
    import django

    django.setup()


# The workers that this process starts share with it what is made once for a run.  A number of a process would come
# again, and find the older tables of a run that was killed.
os.environ.setdefault("TEST_RUN", secrets.token_hex(8))
if HAS_DJANGO:
    _choose_database()
    _set_up_django()


def _choose_examples() -> None:
    """Fewer examples for every change, many with ``SHUKE_HYPOTHESIS=thorough``; tests may ask for their own number.

    No deadlines and no limit to drawing: they measure how busy the machine is.  The few are the same ones in every
    run, or a change would be refused for what another one did; the many are drawn anew each time.
    """
    from hypothesis import HealthCheck, settings

    patient: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("usual", max_examples=50, derandomize=True, **patient)
    settings.register_profile("thorough", max_examples=1000, **patient)
    profile = os.environ.get("SHUKE_HYPOTHESIS", "usual")
    settings.load_profile(profile)
    if profile == "usual":
        _draw_no_constants_of_the_code()


def _draw_no_constants_of_the_code() -> None:
    """Let a test try the same examples whichever worker runs it.

    Hypothesis reads every module that is loaded for numbers and words to try, four seconds for each worker; which
    are loaded depends on the tests that ran before.
    """
    from hypothesis.internal.conjecture import providers

    none = providers.Constants()
    providers._get_local_constants = lambda: none


_choose_examples()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: compressed ones hold the second they were made in.

    Workers that start in different seconds would otherwise collect tests of different names, and xdist
    then runs none of them.
    """
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests by modules where that was asked for."""
    if config.getoption("dist") != "loadfile":
        return None
    from tests.sharing import Shares

    return Shares(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """The process that hands tests out collects none itself."""
    gc.enable()


def pytest_collection_finish() -> None:
    """From here on garbage is collected, but not looked for in what was loaded."""
    gc.freeze()
    gc.enable()


def pytest_configure() -> None:
    """Compile the catalogues once, before any worker starts."""
    if HAS_DJANGO and not IS_XDIST_WORKER:
        from shuke.config.translations import compile_catalogues

        try:
            compile_catalogues()
        except ValueError as error:
            # The test of the translations fails on it; the other tests need not wait for its mend.
            warnings.warn(str(error), stacklevel=1)


def pytest_unconfigure() -> None:
    """Remove the database that processes of this run have copied."""
    if HAS_DJANGO and not IS_XDIST_WORKER:
        from tests.migrated import remove_template

        remove_template()


if HAS_DJANGO and IS_XDIST_WORKER:

    @pytest.fixture(scope="session")
    def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
        """Workers of a run copy one database instead of running all migrations each."""
        from django.db import connection

        from tests.migrated import begin_as_copy

        begin_as_copy(connection)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium, one for a process; the sandbox needs rights that a container's root does not have."""
    # From the first browser to the end of this process Playwright runs an event loop in this thread, which Django
    # would take for an async context.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    flags = ["--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    return {"executable_path": shutil.which("chromium") or "/usr/bin/chromium", "args": flags}


if HAS_DJANGO:

    @pytest.fixture(autouse=True)
    def _no_language_of_the_test_before() -> None:
        """A page that was asked for in Chinese leaves its language and zone with the thread."""
        from django.utils import timezone, translation

        translation.deactivate()
        timezone.deactivate()

    @pytest.fixture(autouse=True)
    def _no_calls_of_the_test_before() -> None:
        """Calls are counted by minute in files that no rollback empties, while ids of people come again."""
        for name in ("api-rates", "own-rates", "voucher-tries"):
            (HOME / name).unlink(missing_ok=True)

    @pytest.fixture(autouse=True, scope="session")
    def _empty_only_what_is_filled() -> None:
        """A test that commits is charged for its own rows, not for every table there is."""
        from django.test import TransactionTestCase

        from tests.emptying import empty_tables

        TransactionTestCase._fixture_teardown = empty_tables

    @pytest.fixture(scope="session")
    def live_server(live_server: Any) -> Any:
        """Answers one request after the other.

        On SQLite the server's threads share the one connection of the test, and would be in one another's transaction.
        A test that writes while a page is open and may ask takes its ``turn`` too.
        """
        server, turn = live_server.thread.httpd, threading.Lock()
        answer = server.get_app()

        def by_turns(environ: dict[str, Any], start_response: Any) -> Any:
            def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                # As a house in service says it.  Unsaid, a browser asks again for every script of every page: it trusts
                # a file the shorter, the younger the file is, and those of a fresh checkout are minutes old.
                if environ["PATH_INFO"].startswith("/static/") and status.startswith("200"):
                    headers = [*headers, ("Cache-Control", "max-age=60, public")]
                return start_response(status, headers, *more)

            with turn:
                return answer(environ, started)

        server.set_app(by_turns)
        live_server.turn = turn
        return live_server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator["PostgresServer"]:
    """A running PostgreSQL for tests marked ``postgresql``, started at the first use."""
    from tests.postgresql import start_postgresql

    server = start_postgresql()
    yield server
    server.stop()


@pytest.fixture
def lake_home(tmp_path: Path, settings: Any) -> Path:
    """An empty lake for one test, and no bundle that was made of another."""
    settings.LAKE_ROOT = str(tmp_path / "lake")
    settings.BUNDLE_ROOT = tmp_path / "recommendations"
    return tmp_path / "lake"
