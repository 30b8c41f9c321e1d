"""What points cost, from which month on, and how the retailer names the accounts."""

from django.utils.translation import gettext as _

from shuke.apps.loyalty.models import LedgerAccountName, PointsCost
from shuke.apps.loyalty.queries.types import points_type_row
from shuke.apps.loyalty.rules.finance import Rate
from shuke.apps.loyalty.schemas.finance import PointsCostView

#: The accounts of the journal.
ROLES = ("liability", "deferral", "revenue", "breakage", "adjustment", "revaluation")


def rates_of(points_type_id: int) -> list[Rate]:
    """Rates by their first month."""
    rows = PointsCost.objects.filter(points_type_id=points_type_id).order_by("valid_from")
    return [Rate(*row) for row in rows.values_list("valid_from", "minor", "points")]


def points_costs(*, points_type: str) -> list[PointsCostView]:
    """What points of a type cost, by the first month.  Raises ``NotFound`` for an unknown type."""
    rates = rates_of(points_type_row(points_type).pk)
    return [PointsCostView(valid_from=r.valid_from, minor=r.minor, points=r.points) for r in rates]


def account_names() -> dict[str, str]:
    """The name of every account, the retailer's own where there is one."""
    usual = {
        "liability": _("Contract liability for points"),
        "deferral": _("Revenue deferred for points"),
        "revenue": _("Revenue from redeemed points"),
        "breakage": _("Revenue from expired points"),
        "adjustment": _("Points given or taken by hand"),
        "revaluation": _("Revaluation of points"),
    }
    own = dict(LedgerAccountName.objects.exclude(name="").values_list("role", "name"))
    return {role: own.get(role) or usual[role] for role in ROLES}
