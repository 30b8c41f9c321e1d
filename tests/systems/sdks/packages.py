"""The npm packages of the conformance tests, installed once into ``.test-cache`` and shared by every worker."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = Path(__file__).parent / "node"
CACHE = Path(__file__).resolve().parents[3] / ".test-cache"


def node_modules() -> Path:
    """The folder with the SDKs.  Skips the test where node, npm or the registry is not to be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("There is no node or npm here.")
    pins = (NODE / "package.json").read_bytes() + (NODE / "package-lock.json").read_bytes()
    folder = CACHE / f"sdks-{hashlib.sha256(pins).hexdigest()[:16]}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "sdks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _install(folder)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NODE / name, folder)
    finished = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if finished.returncode != 0:
        pytest.skip(f"npm could not install the SDKs: {finished.stderr.strip()[-300:]}")
    (folder / "complete").touch()


def run_node(script: str, *, modules: Path, stdin: str) -> str:
    """What one of our scripts prints.  It finds the packages by NODE_PATH, since they lie elsewhere."""
    finished = subprocess.run(
        ["node", str(NODE / script)],
        input=stdin, capture_output=True, text=True, timeout=120, check=True,
        env=os.environ | {"NODE_PATH": str(modules)},
    )  # fmt: skip
    return finished.stdout
