"""How long things are kept: rules for every place, looked at before they are used, applied by night."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.compliance.models import RetentionRule
from shuke.apps.compliance.queries.retention import all_places, days_kept
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound
from shuke.platform.permissions import SYSTEM, Actor

LONGEST_DAYS = 36_500
#: Told how far it is: places done, places in all, the place's name.
Tell = Callable[[int, int, str], None]


@transaction.atomic
def change_retention(*, actor: Actor, at: datetime, place: str, keep_days: int | None) -> None:
    """Say for how many days a place keeps what it holds; ``None`` for as long as it does by itself.

    Refuses fewer days than other parts of the system rely on.
    """
    found = all_places().get(place)
    if found is None:
        raise NotFound("unknown_place", _("There is no such place."))
    if keep_days is not None and not found.least_days <= keep_days <= LONGEST_DAYS:
        raise Invalid(
            "invalid_days",
            _("Keep it for %(least)s to %(most)s days; shorter breaks what relies on it.")
            % {"least": found.least_days, "most": LONGEST_DAYS},
            {"keep_days": keep_days},
        )
    before = RetentionRule.objects.filter(place=place).values_list("keep_days", flat=True).first()
    RetentionRule.objects.update_or_create(place=place, defaults={"keep_days": keep_days, "changed_at": at})
    changes = {"keep_days": [before, keep_days]}
    record_audit(actor=actor, at=at, verb="retention.changed", subject=("retention", place), changes=changes)


def apply_retention(*, at: datetime, tell: Tell = lambda _done, _total, _label: None) -> dict[str, int]:
    """Delete what is too old everywhere; returns how much was deleted where.  Twice is once."""
    kept, places = days_kept(), all_places()
    deleted: dict[str, int] = {}
    for number, (name, place) in enumerate(places.items()):
        tell(number, len(places), name)
        days = kept.get(name)
        if days is not None:
            count = place.delete(at - timedelta(days=days))
            if count:
                deleted[name] = count
    if deleted:
        changes = {name: [count, 0] for name, count in deleted.items()}
        subject = ("retention", f"{at:%Y-%m-%d}")
        record_audit(actor=SYSTEM, at=at, verb="retention.applied", subject=subject, changes=changes)
    return deleted
