"""Reading channel accounts."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.models import ChannelAccount
from shuke.apps.connections.schemas import AccountView
from shuke.platform.errors import NotFound


def account_view(row: ChannelAccount) -> AccountView:
    """The public view of an account row."""
    return AccountView(
        id=row.public_id,
        name=row.name,
        sales_channel=row.sales_channel,
        time_zone=row.time_zone,
        currency=row.currency,
        region=row.region,
    )


def account_row(account_id: str) -> ChannelAccount:
    """The row of an account, by id or name.  Raises ``NotFound``."""
    row = ChannelAccount.objects.filter(public_id=account_id).first()
    row = row or ChannelAccount.objects.filter(name=account_id).first()
    if row is None:
        raise NotFound("account_not_found", _("There is no such channel account."))
    return row


def account(account_id: str) -> AccountView:
    """One account, by id or name.  Raises ``NotFound``."""
    return account_view(account_row(account_id))


def account_names(account_ids: Iterable[str]) -> dict[str, str]:
    """What accounts are called, by id; unknown ids are left out."""
    rows = ChannelAccount.objects.filter(public_id__in=list(account_ids))
    return dict(rows.values_list("public_id", "name"))


def accounts() -> list[AccountView]:
    """Every account by name."""
    return [account_view(row) for row in ChannelAccount.objects.order_by("name")]
