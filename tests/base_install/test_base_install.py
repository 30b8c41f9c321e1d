"""What an analyst gets from ``pip install shuke``: tables, lake, sources and science, without a server."""

import importlib
import pkgutil
import subprocess
import sys
from importlib.metadata import requires

import pytest

import shuke.lake
import shuke.science
import shuke.sources
import shuke.tables

PACKAGES = (shuke.tables, shuke.lake, shuke.sources, shuke.science)
FORBIDDEN = ("django", "ninja", "typer", "procrastinate", "granian", "psycopg")
#: Loaded when Spark is asked for, which is the extra ``spark``.
OF_EXTRAS = {"shuke.lake.engines.spark_backend"}
MODULES = [
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages(package.__path__, prefix=f"{package.__name__}.")
    if module.name not in OF_EXTRAS
]


def test_there_is_something_to_import() -> None:
    assert len(MODULES) > 30


@pytest.mark.parametrize("name", MODULES)
def test_every_module_can_be_imported(name: str) -> None:
    importlib.import_module(name)


def test_no_module_brings_the_server_along() -> None:
    """In a process of its own: this one may have loaded Django for other tests."""
    source = (
        "import importlib, sys\n"
        f"[importlib.import_module(name) for name in {MODULES!r}]\n"
        f"print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"


def test_the_base_package_requires_no_server() -> None:
    base = [requirement for requirement in requires("shuke") or [] if "extra ==" not in requirement]
    assert base
    assert [r for r in base if r.lower().startswith(FORBIDDEN)] == []
