"""Before ``shuke migrate``, and after an update without it, every command says so in a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import DatabaseError

from shuke.config import migrated

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.once
def test_a_command_on_an_empty_database_says_what_to_do(tmp_path):
    cleared = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
    finished = subprocess.run(
        [sys.executable, "-m", "shuke.config.cli", "users", "list"],
        env=cleared | {"SHUKE_HOME": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.strip() == migrated.EMPTY


@pytest.mark.django_db
def test_a_database_of_this_version_is_whole():
    assert migrated._shipped() <= migrated._applied()
    assert ("jobs", "0002_worker_queues") in migrated._shipped()


def test_an_older_database_is_told_with_what_is_missing(monkeypatch):
    shipped = migrated._shipped()
    monkeypatch.setattr(migrated, "_applied", lambda: shipped - {("jobs", "0002_worker_queues")})
    with pytest.raises(migrated.NotMigrated, match=r"missing: 1, first jobs\.0002_worker_queues"):
        migrated.check_database()


def test_a_fault_of_a_whole_database_stays_a_fault(monkeypatch):
    monkeypatch.setattr(migrated, "_applied", migrated._shipped)
    assert migrated.explanation_of(DatabaseError("near SELEC: syntax error")) == ""


def test_a_server_that_does_not_answer_is_told_with_its_reason(monkeypatch):
    def refuse():
        raise DatabaseError("connection refused")

    monkeypatch.setattr(migrated, "_applied", refuse)
    told = migrated.explanation_of(DatabaseError("connection to server failed: refused\nIs it running?"))
    assert "connection to server failed: refused." in told
    assert "Is it running" not in told
