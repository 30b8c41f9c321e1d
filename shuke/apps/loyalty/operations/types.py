"""The currencies of the programme."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import PointsType
from shuke.apps.loyalty.queries.types import points_type_row, points_type_view
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas import PointsTypeView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, Refused
from shuke.platform.languages import checked_texts, in_language
from shuke.platform.permissions import Actor

MOST_NAME = 40


@transaction.atomic
def define_points_type(
    *,
    actor: Actor,
    at: datetime,
    code: str,
    name: str = "",
    names: Mapping[str, str] | None = None,
    is_spendable: bool = True,
    expiry: Expiry | None = None,
    activation_days: int = 0,
    return_policy: str = "debt",
) -> PointsTypeView:
    """Add a currency, named by ``names`` (by language) or by ``name`` for every reader.

    Refuses a code that is taken, and points that inactivity would end on the same day.
    """
    spoken = checked_texts(names, field="names", most=MOST_NAME)
    name = name or in_language(spoken)
    if expiry is not None and expiry.policy == "inactivity" and expiry.months < 1:
        message = _("Say after how many months without a purchase the points end, 1 or more.")
        raise Refused("months_missing", message)
    row = PointsType(
        code=code,
        name=name,
        names=spoken,
        is_spendable=is_spendable,
        expiry=vars(expiry or Expiry()),
        activation_days=activation_days,
        return_policy=return_policy,
        created_at=at,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("points_type_exists", _("There are already points of this code.")) from error
    record_audit(
        actor=actor,
        at=at,
        verb="points_type.defined",
        subject=("points_type", code),
        changes={"name": [None, name]},
    )
    return points_type_view(row)


@transaction.atomic
def rename_points_type(*, actor: Actor, at: datetime, code: str, names: Mapping[str, str]) -> PointsTypeView:
    """Call points by other names; nothing else of them ever changes.  Raises ``Invalid`` without any name."""
    spoken = checked_texts(names, field="names", most=MOST_NAME)
    if not spoken:
        raise Invalid("name_missing", _("Give the points a name, in one language at least."), {"names": []})
    row = points_type_row(code)
    before, row.names, row.name = row.names or {"": row.name}, spoken, in_language(spoken)
    row.save(update_fields=["names", "name"])
    changes = {"names": [before, spoken]}
    record_audit(
        actor=actor, at=at, verb="points_type.renamed", subject=("points_type", code), changes=changes
    )
    return points_type_view(row)
