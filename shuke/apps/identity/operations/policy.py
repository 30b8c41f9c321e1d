"""Changing the rules by which members are taken for one person."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.identity.models import MatchPolicy
from shuke.apps.identity.queries import match_policy
from shuke.apps.identity.rules import KINDS
from shuke.apps.identity.schemas import PolicyChange, PolicyView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid
from shuke.platform.permissions import Actor


@transaction.atomic
def change_policy(*, actor: Actor, at: datetime, change: PolicyChange) -> PolicyView:
    """Set the rules.  Nothing is merged by this; the next search goes by them.

    Raises ``Invalid`` for an unknown kind, a kind that may never link, and thresholds in the wrong order.
    """
    actor.require("settings.edit")
    faults = _faults(change)
    if faults:
        raise Invalid("invalid_policy", next(iter(faults.values())), faults)
    before = match_policy()
    row, _created = MatchPolicy.objects.select_for_update().get_or_create(pk=1)
    row.kinds = {**row.kinds, **{k.kind: {"links": k.links, "limit": k.limit} for k in change.kinds}}
    row.review_from, row.link_from = change.review_from, change.link_from
    row.is_nightly = change.is_nightly
    row.save()
    after = match_policy()
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    changes = {key: [old[key], new[key]] for key in new if old[key] != new[key]}
    if changes:
        record_audit(
            actor=actor, at=at, verb="identity.rules_changed", subject=("identity", "rules"), changes=changes
        )
    return after


def _faults(change: PolicyChange) -> dict[str, object]:
    faults: dict[str, object] = {}
    for each in change.kinds:
        rule = KINDS.get(each.kind)
        if rule is None:
            faults[each.kind] = _("There is no such kind of identifier.")
        elif each.links and not rule.names_person:
            faults[each.kind] = _("Devices, receivers and numbers of one order can never link people.")
    if change.review_from > change.link_from:
        faults["link_from"] = _("Merging by itself needs at least the certainty of a suggestion.")
    return faults
