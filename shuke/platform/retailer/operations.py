"""Changing the retailer's settings."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import list_currencies
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid
from shuke.platform.permissions import Actor
from shuke.platform.retailer.models import Retailer
from shuke.platform.retailer.queries import retailer
from shuke.platform.retailer.schemas import RetailerView


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise Invalid("unknown_time_zone", _("There is no such time zone."), {"time_zone": [name]}) from error


#: Texts that stand in the header of a letter or in one line of a page.
_ONE_LINE = ("name", "sender_name", "sender_address")


def _check_lines(values: dict[str, Any]) -> None:
    """A line break in a sender would add headers to every letter."""
    broken = [field for field in _ONE_LINE if not str(values.get(field, "")).isprintable()]
    if broken:
        told = _("Leave out line breaks and control characters.")
        raise Invalid(
            "invalid_settings", _("Some settings are not valid."), {field: [told] for field in broken}
        )


@transaction.atomic
def change_retailer(*, actor: Actor, at: datetime, **values: Any) -> RetailerView:
    """Set the given fields of ``RetailerView``.  Refuses an unknown time zone or currency."""
    _check_lines(values)
    if "time_zone" in values:
        _check_time_zone(values["time_zone"])
    if "currency" in values and values["currency"] not in list_currencies():
        raise Invalid("unknown_currency", _("There is no such currency."), {"currency": [values["currency"]]})
    row = Retailer.objects.select_for_update().filter(pk=1).first() or Retailer(pk=1)
    changes = {}
    for field, value in values.items():
        if getattr(row, field) != value:
            changes[field] = [getattr(row, field), value]
            setattr(row, field, value)
    try:
        row.full_clean(exclude=["id"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise Invalid("invalid_settings", _("Some settings are not valid."), error.message_dict) from error
    row.save()
    if changes:
        record_audit(actor=actor, at=at, verb="settings.changed", subject=("retailer", "1"), changes=changes)
    return retailer()
