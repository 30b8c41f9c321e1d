"""The columns of the benefit terms that a member is in: everybody, the tier, and paid memberships."""

from collections.abc import Collection
from datetime import date, datetime

from shuke.apps.loyalty.models import PaidTerm
from shuke.apps.loyalty.queries.tiers import tiers_of
from shuke.apps.loyalty.rules.benefits import EVERYBODY, PLAN
from shuke.platform.calls import read_once


def columns_of(
    member_id: str, *, member_pks: Collection[int], at: datetime, today: date
) -> tuple[str, list[str]]:
    """The member's tier (empty if none) and all columns, in the order in which later ones win.

    ``member_pks`` are the database keys of the member and of all that were merged into it.
    """
    tier = tiers_of([member_id], at=at)[member_id]
    columns = [EVERYBODY, tier] if tier else [EVERYBODY]
    for code, granted in _running(tuple(member_pks), today):
        columns += [column for column in (granted, f"{PLAN}{code}") if column and column not in columns]
    return tier, columns


@read_once
def _running(member_pks: tuple[int, ...], today: date) -> list[tuple[str, str]]:
    """Code and granted tier of the paid memberships that run, by code."""
    rows = PaidTerm.objects.filter(
        member__in=member_pks, state__in=["active", "cancelled"], first_day__lte=today, last_day__gte=today
    )
    return list(rows.order_by("plan__code").values_list("plan__code", "tier"))
