"""What points are worth at the till."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import PointsRate
from shuke.apps.loyalty.queries.types import points_type_row
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor


@transaction.atomic
def set_points_rate(
    *,
    actor: Actor,
    at: datetime,
    points_type: str,
    starts_on: date,
    points: int,
    minor: int,
    minimum_points: int = 1,
    maximum_percent: int = 100,
) -> None:
    """From a day on, ``points`` points pay ``minor`` minor units at the till.

    ``minimum_points`` is the fewest that are taken at once, ``maximum_percent`` the largest part of the goods
    that they may pay.  Raises ``Invalid``; ``Refused`` (``points_not_spendable``); ``NotFound``.
    """
    kind = points_type_row(points_type)
    if not kind.is_spendable:
        raise Refused("points_not_spendable", _("Points of this kind are never spent."))
    if min(points, minor) < 1 or minimum_points < 0 or not 0 <= maximum_percent <= 100:
        raise Invalid(
            "invalid_rate", _("Points and their amount must be above zero, the share from 0 to 100 %.")
        )
    PointsRate.objects.create(
        points_type=kind,
        starts_on=starts_on,
        points=points,
        minor=minor,
        minimum_points=minimum_points,
        maximum_percent=maximum_percent,
        created_at=at,
    )
    record_audit(
        actor=actor,
        at=at,
        verb="points_rate.set",
        subject=("points_type", points_type),
        changes={"rate": [None, f"{points} = {minor}"], "starts_on": [None, starts_on.isoformat()]},
    )
