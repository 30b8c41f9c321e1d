"""Channel accounts."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import list_currencies
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.models import ChannelAccount
from shuke.apps.connections.queries.accounts import account_view
from shuke.apps.connections.schemas import AccountView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer


def _checked(*, name: str, time_zone: str, currency: str) -> None:
    if not name.strip() or len(name) > 80:
        raise Invalid(
            "invalid_name", _("Give the account a name of up to 80 characters."), {"name": name[:80]}
        )
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(
            "unknown_time_zone", _("There is no such time zone."), {"time_zone": time_zone}
        ) from error
    if currency not in list_currencies():
        raise Invalid("unknown_currency", _("There is no such currency."), {"currency": currency})


@transaction.atomic
def create_account(
    *,
    actor: Actor,
    at: datetime,
    name: str,
    sales_channel: str,
    time_zone: str = "",
    currency: str = "",
    region: str = "CN",
) -> AccountView:
    """Add an account; time zone and currency are the retailer's unless given.  Refuses a name that is taken."""
    shop = retailer()
    zone, money = time_zone or shop.time_zone, currency or shop.currency
    _checked(name=name, time_zone=zone, currency=money)
    row = ChannelAccount(
        name=name.strip(),
        sales_channel=sales_channel.strip()[:40] or "store",
        time_zone=zone,
        currency=money,
        region=region.upper()[:2],
        created_at=at,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("account_exists", _("There is already an account of this name.")) from error
    record_audit(
        actor=actor,
        at=at,
        verb="account.created",
        subject=("account", row.public_id),
        changes={"name": [None, row.name]},
    )
    return account_view(row)


def ensure_account(
    *, actor: Actor, at: datetime, name: str, sales_channel: str, **values: str
) -> AccountView:
    """The account of that name, created if there is none."""
    row = ChannelAccount.objects.filter(name=name.strip()).first()
    if row is not None:
        return account_view(row)
    return create_account(actor=actor, at=at, name=name, sales_channel=sales_channel, **values)
