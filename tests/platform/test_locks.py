"""The lock holds between processes, and a killed holder leaves nothing locked."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection

from shuke.platform.locks import Busy, exclusive

HOLDER = """
import django, sys, time
django.setup()
from shuke.platform.locks import exclusive
with exclusive("test-lock"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(settings, transactional_db):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "shuke.config.settings",
        "SHUKE_HOME": str(settings.SHUKE_HOME),
    }
    if connection.vendor == "postgresql":
        # Advisory locks belong to one database: the other process must use that of the test.
        server = os.environ["SHUKE_DATABASE_URL"].rpartition("/")[0]
        environment["SHUKE_DATABASE_URL"] = f"{server}/{connection.settings_dict['NAME']}"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


@pytest.mark.django_db(transaction=True)
def test_a_second_process_is_refused_while_the_first_holds_it(holder):
    with pytest.raises(Busy), exclusive("test-lock", wait=False):
        pytest.fail("two processes held the lock")
    with exclusive("another-lock", wait=False):
        pass


@pytest.mark.django_db(transaction=True)
def test_a_killed_holder_lets_go(holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    started = time.monotonic()
    with exclusive("test-lock"):
        assert time.monotonic() - started < 120
