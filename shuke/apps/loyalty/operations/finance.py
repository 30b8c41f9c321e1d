"""What points cost in the books, and what the accounts are called."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from shuke.apps.loyalty.models import LedgerAccountName, PointsCost
from shuke.apps.loyalty.queries.finance import ROLES
from shuke.apps.loyalty.queries.types import points_type_row
from shuke.apps.loyalty.rules import finance
from shuke.apps.loyalty.schemas.finance import PointsCostView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer

NAME_LENGTH = 120


@transaction.atomic
def set_points_cost(
    *, actor: Actor, at: datetime, points_type: str, valid_from: date, minor: int, points: int
) -> PointsCostView:
    """From the first of a month on, so many minor units per so many points.

    Refuses a month that is closed, but for the very first rate: what was reported does not change.
    """
    if minor < 0 or points <= 0:
        raise Invalid(
            "invalid_points_cost",
            _("A cost is an amount that is not negative for a number of points above zero."),
            {"minor": minor, "points": points},
        )
    kind = points_type_row(points_type)
    month = valid_from.replace(day=1)
    is_closed = at >= finance.closes_at(month, time_zone=retailer().time_zone)
    if is_closed and PointsCost.objects.filter(points_type=kind).exists():
        raise Refused(
            "month_closed", _("This month is closed; a new cost begins in a month that is still open.")
        )
    row, _made = PointsCost.objects.update_or_create(
        points_type=kind,
        valid_from=month,
        defaults={"minor": minor, "points": points},
        create_defaults={"minor": minor, "points": points, "created_at": at},
    )
    record_audit(
        actor=actor,
        at=at,
        verb="points_cost.changed",
        subject=("points_type", kind.code),
        changes={"valid_from": [None, month], "cost": [None, f"{minor}/{points}"]},
    )
    return PointsCostView(valid_from=row.valid_from, minor=row.minor, points=row.points)


@transaction.atomic
def name_accounts(*, actor: Actor, at: datetime, names: Mapping[str, str]) -> None:
    """The retailer's own names of the journal's accounts; an empty one takes the usual name again."""
    for role, name in names.items():
        if role not in ROLES:
            raise Invalid("unknown_account", _("The journal has no such account."), {"role": role})
        if len(name) > NAME_LENGTH or any(ord(sign) < 32 for sign in name):
            raise Invalid("invalid_account_name", _("An account's name is one line of 120 signs at most."))
        LedgerAccountName.objects.update_or_create(role=role, defaults={"name": name.strip()})
    record_audit(
        actor=actor,
        at=at,
        verb="journal_accounts.changed",
        subject=("retailer", "1"),
        changes={role: [None, name] for role, name in names.items()},
    )
