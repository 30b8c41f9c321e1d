"""The test suite's own ground: a home per process and the database that was asked for."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection


def test_each_process_has_a_home_of_its_own():
    assert settings.SHUKE_HOME.name.startswith("shuke-tests-")
    assert Path(os.environ["SHUKE_HOME"]) == settings.SHUKE_HOME
    assert Path(settings.LAKE_ROOT).is_relative_to(settings.SHUKE_HOME)


@pytest.mark.django_db
def test_the_suite_runs_on_the_database_that_was_asked_for():
    assert connection.vendor == os.environ.get("SHUKE_TEST_DATABASE", "sqlite")
