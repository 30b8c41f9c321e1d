"""Packages of npm that tests run, installed once for all processes and kept between runs."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).resolve().parents[2] / ".test-cache"
PINS = ("package.json", "package-lock.json")


def installed(source: Path, *, name: str) -> Path:
    """The folder with ``node_modules`` of the pins that lie in ``source``.

    Skips the test where node, npm or the registry is not to be had.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("There is no node or npm here.")
    pins = b"".join((source / pin).read_bytes() for pin in PINS)
    folder = CACHE / f"{name}-{hashlib.sha256(pins).hexdigest()[:16]}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _install(source, folder=folder, name=name)
    return folder


def _install(source: Path, *, folder: Path, name: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for pin in PINS:
        shutil.copy(source / pin, folder)
    # No package needs its install script: SQLite is WebAssembly, bcrypt ships its binaries.
    finished = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--no-progress"],
        cwd=folder, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    if finished.returncode != 0:
        pytest.skip(f"npm could not install the packages of {name}: {finished.stderr.strip()[-300:]}")
    (folder / "complete").touch()
