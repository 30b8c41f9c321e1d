"""Fitting, in a process of its own (see ``apart``): it reads the lake and writes one directory."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from shuke.apps.recommendations.operations.apart import Apart, Refusal, Tell
from shuke.platform.errors import Refused

if TYPE_CHECKING:
    from shuke.science.recommendations.bundle_fitting import Facts, FitSettings, Step
    from shuke.science.recommendations.bundles import Bundle

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


def _told(refused: Refused) -> tuple[str, str, Any]:
    return refused.code, str(refused.message), refused.details


def _raised(content: tuple[str, str, Any]) -> Refused:
    code, sentence, values = content
    return Refused(code, SENTENCES[sentence], values)


#: Have the bundle fitted and written; its manifest.  Raises ``Refused`` where the lake does not suffice, and
#: ``ProcessFailed``.
fit_in_child: Apart[Order] = Apart("bundle", fit_files, Refusal(Refused, _told, _raised))
