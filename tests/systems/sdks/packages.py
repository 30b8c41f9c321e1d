"""The npm packages of the conformance tests, installed once into ``.test-cache`` and shared by every worker."""

import os
import subprocess
from pathlib import Path

from tests.systems.npm import installed

NODE = Path(__file__).parent / "node"


def node_modules() -> Path:
    """The folder with the SDKs.  Skips the test where node, npm or the registry is not to be had."""
    return installed(NODE, name="sdks") / "node_modules"


def run_node(script: str, *, modules: Path, stdin: str) -> str:
    """What one of our scripts prints.  It finds the packages by NODE_PATH, since they lie elsewhere."""
    finished = subprocess.run(
        ["node", str(NODE / script)],
        input=stdin, capture_output=True, text=True, timeout=120, check=True,
        env=os.environ | {"NODE_PATH": str(modules)},
    )  # fmt: skip
    return finished.stdout
