"""Fitting bundles: asking for one, having it fitted in a process of its own, and serving it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.conf import settings as configured
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.recommendations.events import BundleWanted
from shuke.apps.recommendations.models import BundleRecord, BundleSetup
from shuke.apps.recommendations.operations.apart import Tell
from shuke.apps.recommendations.operations.bundle_keeping import (
    activate_bundle,
    blank_members,
    bundled_members,
    prune_bundles,
    settle_interrupted,
)
from shuke.apps.recommendations.operations.fit_process import (
    LEAST_BASKETS,
    NOT_ENOUGH,
    SENTENCES,
    Order,
    fit_in_child,
)
from shuke.apps.recommendations.queries.bundles import bundle_root, bundle_settings, bundle_view
from shuke.apps.recommendations.schemas import BundleSettings, BundleView
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.errors import Refused
from shuke.platform.events import emit
from shuke.platform.locks import exclusive
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.persons import members
from shuke.science.recommendations.bundle_fitting import FitSettings
from shuke.science.recommendations.partitions.bundling import STRATEGIES


def request_bundle(*, actor: Actor, at: datetime) -> None:
    """Have a bundle fitted in the background."""
    with transaction.atomic():
        emit(BundleWanted())
        record_audit(actor=actor, at=at, verb="bundle.requested", subject=("bundle", "all"), changes={})


def fit_bundle(
    *,
    at: datetime,
    as_of: date,
    actor: Actor = SYSTEM,
    report: Tell | None = None,
    settings: FitSettings | None = None,
    spark: str = "",
) -> BundleView:
    """Fit everything as of a business day, write it, and serve it.  One at a time over all processes.

    ``spark``: the master of a cluster that does the work, with the strategies that can be made part by part.
    The work is done in a child process that ends with it.  Refuses a day that is not over in the retailer's time
    zone, a second fit at the same time (``Busy``), and a lake that does not suffice; raises ``ProcessFailed`` where the
    child died.  Whatever goes wrong, what was served stays served, and the record says why.
    """
    shop = retailer()
    if as_of >= business_date(at, shop.time_zone):
        raise Refused("day_not_over", _("Bundles are fitted on whole days; choose yesterday or earlier."))
    with exclusive("bundle fit", wait=False):
        settle_interrupted()
        wanted = bundle_settings()
        row = BundleRecord.objects.create(as_of=as_of, built_at=at)
        order = Order(
            folder=bundle_root() / row.public_id,
            lake_root=str(configured.LAKE_ROOT),
            as_of=as_of,
            time_zone=shop.time_zone,
            left_out=tuple(wanted.left_out_departments),
            settings=_chosen(settings or FitSettings(), minimum_count=wanted.minimum_count, spark=spark),
            spark=spark,
        )
        try:
            _check_lake(order.settings.minimum_count)
            manifest = fit_in_child(order, tell=report or (lambda *_told: None))
        except BaseException as problem:
            _record_failure(row, problem)
            raise
        blank_members(_strangers(row.public_id))
        _record(row, manifest, actor=actor, at=at)
        activate_bundle(actor=actor, at=at, bundle_id=row.public_id)
        prune_bundles()
    return bundle_view(row)


def _chosen(settings: FitSettings, *, minimum_count: int, spark: str) -> FitSettings:
    found = replace(settings, minimum_count=minimum_count)
    return replace(found, strategies=STRATEGIES) if spark else found


def _check_lake(minimum_count: int) -> None:
    """Refuse a lake that cannot suffice before a process is started: no item is in more baskets than there are."""
    with lake().read() as snapshot:
        orders = snapshot.table("orders").count().to_pyarrow().as_py()
        if orders < LEAST_BASKETS or snapshot.version("order_lines") is None:
            raise Refused(NOT_ENOUGH, SENTENCES["no_purchases"], {"orders": orders})
    if orders < minimum_count:
        raise Refused(NOT_ENOUGH, SENTENCES["no_vocabulary"], {"minimum_count": minimum_count})


def _strangers(bundle_id: str) -> set[str]:
    """Members of the files whom the identity map does not know (any more): erased or merged while it was fitted."""
    with lake().read() as snapshot:
        known = members(snapshot.table("identity_map")).to_pyarrow()["member_id"].to_pylist()
    return set(bundled_members(bundle_id)) - set(known)


def _record_failure(row: BundleRecord, problem: BaseException) -> None:
    code = problem.code if isinstance(problem, Refused) else ""
    row.state, row.problem = "failed", (code or str(problem) or type(problem).__name__)[:400]
    row.save(update_fields=["state", "problem"])


@transaction.atomic
def _record(row: BundleRecord, manifest: dict[str, Any], *, actor: Actor, at: datetime) -> None:
    row.state = "ready"
    row.seconds, row.peak_bytes = manifest["seconds"], manifest["peak_bytes"]
    row.size_bytes = manifest["size_bytes"]
    row.manifest = {name: said for name, said in manifest.items() if name not in {"golden", "files"}}
    row.save()
    record_audit(
        actor=actor,
        at=at,
        verb="bundle.fitted",
        subject=("bundle", row.public_id),
        changes={"as_of": [None, row.as_of.isoformat()], "members": [None, manifest["members"]]},
    )


@transaction.atomic
def change_bundle_settings(*, actor: Actor, at: datetime, settings: BundleSettings) -> BundleSettings:
    """What every bundle from the next one on is fitted by."""
    before = bundle_settings()
    BundleSetup.objects.update_or_create(pk=1, defaults={"settings": settings.dict(), "changed_at": at})
    changes = {
        name: [getattr(before, name), value]
        for name, value in settings.dict().items()
        if getattr(before, name) != value
    }
    record_audit(actor=actor, at=at, verb="bundle.rules_changed", subject=("bundle", "all"), changes=changes)
    return settings
