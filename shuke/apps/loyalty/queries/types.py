"""The currencies of the programme."""

from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import PointsType
from shuke.apps.loyalty.schemas import PointsTypeView
from shuke.platform.calls import read_once
from shuke.platform.errors import NotFound
from shuke.platform.languages import in_language


def points_name(row: PointsType) -> str:
    """What the points are called, in the reader's language where the retailer gave a name in it."""
    return in_language(row.names, row.name)


def points_type_view(row: PointsType) -> PointsTypeView:
    """The public view of a row."""
    return PointsTypeView(
        code=row.code,
        name=points_name(row),
        names=row.names or {},
        is_spendable=row.is_spendable,
        expiry=row.expiry,
        activation_days=row.activation_days,
        return_policy=row.return_policy,
        adjustment_limit=row.adjustment_limit,
    )


def points_type_row(code: str) -> PointsType:
    """The row of a currency.  Raises ``NotFound``."""
    row = PointsType.objects.filter(code=code).first()
    if row is None:
        raise NotFound("points_type_not_found", _("There are no points of this code."), {"code": code})
    return row


@read_once
def points_type_rows() -> dict[str, PointsType]:
    """The rows of all currencies by code; not to be changed."""
    return {row.code: row for row in PointsType.objects.all()}


def points_types() -> list[PointsTypeView]:
    """All currencies, oldest first."""
    return [points_type_view(row) for row in PointsType.objects.order_by("pk")]


def spendable_types() -> list[str]:
    """Codes of the currencies that are spent."""
    return list(PointsType.objects.filter(is_spendable=True).values_list("code", flat=True))
