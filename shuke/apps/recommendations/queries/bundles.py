"""Which bundle is served, and which there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from django.conf import settings

from shuke.apps.recommendations.adapters.bundle_files import active_bundle, active_id, kept_ids
from shuke.apps.recommendations.models import BundleRecord, BundleSetup
from shuke.apps.recommendations.schemas import BundleSettings, BundlesPage, BundleView, StrategyFigure
from shuke.apps.recommendations.schemas.bundles import BundleState
from shuke.platform.errors import NotFound
from shuke.science.recommendations.bundles import Bundle

#: The unique key of the job that fits: how a page finds it, and why there is never a second one.
FIT_KEY = "fit bundle"


def bundle_root() -> Path:
    """Where bundles lie."""
    return Path(settings.BUNDLE_ROOT)


def serving_bundle() -> Bundle | None:
    """The bundle that is served; None before the first was fitted.  Cheap: one ``stat``."""
    return active_bundle(bundle_root())


def bundles(*, limit: int = 20, offset: int = 0) -> BundlesPage:
    """Bundles, newest first, also those that failed."""
    rows = BundleRecord.objects.order_by("-built_at", "-pk")
    return BundlesPage(items=[bundle_view(row) for row in rows[offset : offset + limit]], total=rows.count())


def bundle(bundle_id: str) -> BundleView:
    """One bundle.  Raises ``NotFound``."""
    row = BundleRecord.objects.filter(public_id=bundle_id).first()
    if row is None:
        raise NotFound("bundle_not_found", f"There is no bundle {bundle_id}.")
    return bundle_view(row)


def bundle_settings() -> BundleSettings:
    """What the retailer wants of every bundle; defaults before anybody has saved them."""
    row = BundleSetup.objects.filter(pk=1).first()
    return BundleSettings.model_validate(row.settings if row else {})


def bundle_view(row: BundleRecord) -> BundleView:
    """The public view of a bundle's row."""
    root, said = bundle_root(), row.manifest
    costs = {step["name"]: step for step in said.get("steps", ())}
    judged: dict[str, Any] = said.get("figures", {})
    names = sorted({*judged, *said.get("lists", ())}, key=lambda name: -judged.get(name, -1.0))
    return BundleView(
        id=row.public_id,
        as_of=row.as_of,
        state=cast("BundleState", row.state),
        is_active=row.public_id == active_id(root),
        is_kept=row.public_id in kept_ids(root),
        built_at=row.built_at,
        seconds=row.seconds,
        cpu_seconds=said.get("cpu_seconds", 0.0),
        size_bytes=row.size_bytes,
        peak_bytes=row.peak_bytes,
        members=said.get("members", 0),
        items=said.get("items", 0),
        metric=said.get("metric", ""),
        asked_members=said.get("asked_members", 0),
        best=said.get("best", ""),
        figures=[_figure(name, judged.get(name), costs.get(name)) for name in names],
        steps=[_figure(name, None, step) for name, step in costs.items()],
        left_out_departments=said.get("parameters", {}).get("left_out_departments", []),
        problem=row.problem,
    )


def _figure(name: str, value: float | None, cost: dict[str, Any] | None) -> StrategyFigure:
    cost = cost or {"seconds": 0.0, "peak_bytes": 0}
    return StrategyFigure(name=name, value=value, seconds=cost["seconds"], peak_bytes=cost["peak_bytes"])


def member_items(member_id: str, *, first: int = 10) -> dict[str, Any]:
    """The first products of each list of a member in the served bundle; empty for a stranger."""
    served = serving_bundle()
    number = served.member_number(member_id) if served else -1
    if served is None or number < 0:
        return {}
    lists = {
        name: [str(served.item_ids[item]) for item in found.items[number, :first] if item >= 0]
        for name, found in sorted(served.lists.items())
    }
    return {"bundle": served.id, "as_of": served.as_of.isoformat(), "lists": lists}
