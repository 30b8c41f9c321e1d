"""Fitting in a process of its own: its gigabytes are given back when it ends, and the worker stays small.

The process knows no database: what it needs stands in its ``Order``, it reads the lake and writes one directory.
It dies with the process that started it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from shuke.platform.errors import Refused

if TYPE_CHECKING:
    from shuke.science.recommendations.bundle_fitting import Facts, FitSettings, Step
    from shuke.science.recommendations.bundles import Bundle

#: How often the parent looks, so that a cancelled job stops soon.
LOOK_SECONDS = 0.5
NOT_ENOUGH = "not_enough"
LEAST_BASKETS = 20
#: The process knows no languages, so it names its sentences.
SENTENCES = {
    "no_purchases": _(
        "Too little has been bought up to that day to recommend anything. Import orders with their lines first."
    ),
    "no_vocabulary": _(
        "No product is in enough baskets to be recommended. Lower the least number of baskets, or import more orders."
    ),
}


@dataclass(frozen=True)
class Order:
    """``folder``: where the bundle shall lie, its name is the bundle's id; ``spark``: the master of a cluster that
    does the work, empty for this machine."""

    folder: Path
    lake_root: str
    as_of: date
    time_zone: str
    left_out: tuple[str, ...]
    settings: FitSettings
    spark: str = ""


class FitFailed(RuntimeError):
    """The process ended without a bundle; the text says how."""


#: Told (steps done, steps in all, name of the step).  May raise to stop the process.
Tell = Callable[[int, int, str], None]


def fit_in_child(order: Order, *, tell: Tell) -> dict[str, Any]:
    """Have the bundle fitted and written; its manifest.  Raises ``Refused`` where the lake does not suffice, and
    ``FitFailed``; the process is gone in any case."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(order, theirs), name="bundle")
    process.start()
    theirs.close()
    try:
        return _heard(ours, tell=tell)
    except EOFError as gone:
        process.join()
        raise FitFailed(_death(process.exitcode)) from gone
    finally:
        process.kill()
        process.join()
        ours.close()


def _heard(pipe: Connection, *, tell: Tell) -> dict[str, Any]:
    said = (0, 1, "")
    while True:
        if not pipe.poll(LOOK_SECONDS):
            tell(*said)
            continue
        kind, content = pipe.recv()
        if kind == "step":
            said = content
            tell(*said)
        elif kind == "refused":
            code, sentence, values = content
            raise Refused(code, SENTENCES[sentence], values)
        elif kind == "failed":
            raise FitFailed(content)
        else:
            found: dict[str, Any] = content
            return found


def _death(code: int | None) -> str:
    if code == -9:
        return "The process that fitted was killed; it may have lacked memory."
    return f"The process that fitted ended with code {code}."


def _child(order: Order, pipe: Connection) -> None:
    """The process's life."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        pipe.send(("done", fit_files(order, tell=lambda *said: pipe.send(("step", said)))))
    except Refused as refused:
        pipe.send(("refused", (refused.code, str(refused.message), refused.details)))
    except MemoryError:
        pipe.send(("failed", "The process that fitted lacked memory."))
    except Exception as error:
        pipe.send(("failed", f"{type(error).__name__}: {error}"[:300]))
        raise


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def fit_files(order: Order, *, tell: Tell) -> dict[str, Any]:
    """Read, fit, write, in this process; the manifest.  Raises ``Refused``."""
    from shuke.apps.recommendations.adapters.bundle_files import write_bundle
    from shuke.apps.recommendations.operations.fit_meter import Meter

    names = ["history", *_steps(order), "files"]
    began, cpu = time.monotonic(), time.process_time()
    meter = Meter(lambda name: tell(names.index(name) if name in names else 0, len(names), name))
    bundle = _bundle(order, meter.step)
    tell(len(names) - 1, len(names), "files")
    said = {
        **bundle.manifest,
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_bytes": meter.peak,
        "steps": [asdict(step) for step in meter.steps],
        "parameters": {**asdict(order.settings), "left_out_departments": list(order.left_out)},
        "versions": _versions(),
    }
    return write_bundle(order.folder, replace(bundle, manifest=said))


def _steps(order: Order) -> tuple[str, ...]:
    from shuke.science.recommendations.bundle_fitting import steps_of
    from shuke.science.recommendations.partitions.bundling import STEPS

    return STEPS if order.spark else steps_of(order.settings)


def _bundle(order: Order, step: Step) -> Bundle:
    from shuke.science.recommendations.bundle_fitting import fit

    if order.spark:
        from shuke.apps.recommendations.operations.fit_on_cluster import cluster_bundle

        return cluster_bundle(order, least_baskets=LEAST_BASKETS, step=step)
    with step("history"):
        facts = _facts(order)
    return fit(facts, order.settings, bundle_id=order.folder.name, as_of=order.as_of, step=step)


def _facts(order: Order) -> Facts:
    from shuke.apps.recommendations.queries.history import goods_of, member_segments, purchase_history
    from shuke.lake import Lake
    from shuke.science.recommendations.bundle_fitting import Facts

    with Lake(order.lake_root).read() as snapshot:
        history = purchase_history(
            snapshot, as_of=order.as_of, left_out=order.left_out, time_zone=order.time_zone
        )
        if history.baskets < LEAST_BASKETS:
            raise Refused(NOT_ENOUGH, "no_purchases", {"baskets": history.baskets})
        history = history.with_vocabulary(history.item_baskets >= order.settings.minimum_count)
        if not history.items:
            raise Refused(NOT_ENOUGH, "no_vocabulary", {"minimum_count": order.settings.minimum_count})
        goods = goods_of(snapshot, history)
        names, segment = member_segments(snapshot, history.member_ids, as_of=order.as_of)
    return Facts(history, goods, segment, names)


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    packages = ("shuke", "numpy", "scipy", "polars", "lightgbm", "implicit", "scikit-learn")
    return {package: version(package) for package in packages}
