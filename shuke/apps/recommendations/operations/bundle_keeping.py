"""Which bundle is served, which are kept, and people who must leave them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.recommendations.adapters.bundle_erasing import blank, members_of
from shuke.apps.recommendations.adapters.bundle_files import (
    UnfitBundle,
    activate,
    active_id,
    clear_leftovers,
    kept_ids,
    remove,
)
from shuke.apps.recommendations.models import BundleRecord
from shuke.apps.recommendations.queries.bundles import bundle_root, bundle_view
from shuke.apps.recommendations.schemas import BundleView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound, Refused
from shuke.platform.locks import exclusive
from shuke.platform.permissions import Actor

#: Bundles whose files are kept, the served one among them.
KEPT = 3
#: Held while the pointer or rows of a bundle change; never for long.
LOCK = "bundles"


def activate_bundle(*, actor: Actor, at: datetime, bundle_id: str) -> BundleView:
    """Serve this bundle from now on: a new one, or an earlier one again.

    Raises ``NotFound``, and ``Refused`` where its files are damaged or gone; then what was served stays served.
    """
    row = BundleRecord.objects.filter(public_id=bundle_id).first()
    if row is None:
        raise NotFound("bundle_not_found", _("There is no such bundle."))
    root = bundle_root()
    with exclusive(LOCK):
        before = active_id(root)
        try:
            activate(root, bundle_id)
        except UnfitBundle as unfit:
            raise Refused(
                "bundle_unfit",
                _("This bundle cannot be served, its files are damaged or gone. Fit a new one."),
                {"problem": str(unfit)},
            ) from unfit
    _record_activation(row, actor=actor, at=at, before=before)
    return bundle_view(row)


@transaction.atomic
def _record_activation(row: BundleRecord, *, actor: Actor, at: datetime, before: str) -> None:
    record_audit(
        actor=actor,
        at=at,
        verb="bundle.activated",
        subject=("bundle", row.public_id),
        changes={"active": [before, row.public_id]},
    )


def prune_bundles() -> int:
    """Remove the files of all but the newest ``KEPT`` bundles, never of the served one.  Returns how many."""
    root, removed = bundle_root(), 0
    with exclusive(LOCK):
        active = active_id(root)
        there = set(kept_ids(root))
        newest = list(BundleRecord.objects.filter(public_id__in=there).order_by("-built_at", "-pk"))
        kept = {active, *[row.public_id for row in newest if row.public_id != active][: KEPT - 1]}
        for name in sorted(there - kept):
            remove(root, name)
            removed += 1
    BundleRecord.objects.filter(state="ready").exclude(public_id__in=kept).update(state="removed")
    return removed


def settle_interrupted() -> None:
    """Say of killed fittings that they failed, and remove what they left; call it only while none runs."""
    with exclusive(LOCK):
        clear_leftovers(bundle_root())
    for row in BundleRecord.objects.filter(state="fitting"):
        row.state, row.problem = "failed", INTERRUPTED
        row.save(update_fields=["state", "problem"])


INTERRUPTED = "interrupted"


def blank_members(member_ids: Iterable[str]) -> int:
    """Take members out of the files of every kept bundle, also of the one that is served.  Safe to run twice.

    Returns in how many bundles somebody was found.
    """
    wanted, root, found = sorted(set(member_ids)), bundle_root(), 0
    if not wanted:
        return 0
    with exclusive(LOCK):
        for name in kept_ids(root):
            found += bool(blank(root / name, wanted))
    return found


def bundled_members(bundle_id: str) -> list[str]:
    """Every member id of a bundle's files."""
    return members_of(bundle_root() / bundle_id)
