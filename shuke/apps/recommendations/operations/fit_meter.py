"""What fitting costs: seconds, CPU and memory of each step of a process."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class StepCost:
    """``peak_bytes``: the most memory the process held in the step (elsewhere than on Linux: until its end)."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass
class Meter:
    """Measures steps of this process, one after the other; ``tell`` hears of each that begins."""

    tell: Callable[[str], None]
    steps: list[StepCost] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the block."""
        self.tell(name)
        _forget_peak()
        began, cpu = time.monotonic(), time.process_time()
        yield
        self.steps.append(
            StepCost(
                name=name,
                seconds=round(time.monotonic() - began, 2),
                cpu_seconds=round(time.process_time() - cpu, 2),
                peak_bytes=peak_bytes(),
            )
        )

    @property
    def peak(self) -> int:
        """Of all steps."""
        return max((step.peak_bytes for step in self.steps), default=0)


def peak_bytes() -> int:
    """The most memory that this process has held since its start or the last ``_forget_peak``."""
    try:
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return held if sys.platform == "darwin" else held * 1024


def _forget_peak() -> None:
    """Linux counts the peak anew from now on."""
    try:
        CLEAR.write_text("5")
    except OSError:
        return
