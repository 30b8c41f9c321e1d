"""What was found when the ledger was verified."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, IntegerField, Sum, Value, When
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import PointsEntry, PointsTransaction, Verification
from shuke.apps.loyalty.schemas.care import AccountSum, CheckView, PostingsOfDay, VerificationView
from shuke.platform.errors import NotFound
from shuke.platform.retailer.queries import retailer

#: What each check promises, in words for people.
TITLES = {
    1: _("Every transaction sums to zero"),
    2: _("Every cached balance is the sum of its entries"),
    3: _("What lies in the lots is what the balances say"),
    4: _("No part of a lot was ever below zero"),
    5: _("Debt comes from returns or merges only and is paid first"),
    6: _("All accounts sum to zero"),
    7: _("Every lot is whole: used, expired, taken back, moved or left"),
    8: _("One request, one transaction"),
    9: _("A hold ends once"),
    10: _("No more goes back than came"),
    11: _("No lot is used outside its life"),
    12: _("What ends first is used first"),
    13: _("A lot expires once"),
    14: _("No transaction is missing from a wallet"),
    15: _("The hash chains recompute, and no known head is gone"),
    16: _("Past answers still stand"),
    17: _("Replayed, the ledger is the same"),
    18: _("The liability rolls forward without a gap"),
    19: _("Benefits were used as often as they are counted"),
    20: _("Paid memberships do not overlap, and no more was paid back than paid"),
    21: _("Vouchers, their limits and the purchases that used them agree"),
}
ACCOUNTS = (
    *("pending", "available", "held", "debt"),
    *("issued", "redeemed", "breakage", "clawback", "adjustment", "transfer", "write_off"),
)


def verification_view(row: Verification) -> VerificationView:
    """The public view of a row."""
    return VerificationView(
        id=row.public_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        is_full=row.is_full,
        started_by=row.started_by,
        wallets=row.wallets,
        wallets_looked_at=row.wallets_looked_at,
        transactions=row.transactions,
        findings=row.findings,
        heads_digest=row.heads_digest,
        checks=[
            CheckView(
                number=result["check"],
                title=str(TITLES[result["check"]]),
                found=result["found"],
                examples=result["examples"],
                seconds=result["seconds"],
            )
            for result in row.results
        ],
    )


def newest_verification() -> VerificationView | None:
    """The last look at the ledger; ``None`` if there was none yet."""
    row = Verification.objects.order_by("-finished_at", "-pk").first()
    return verification_view(row) if row else None


def verification(verification_id: str) -> VerificationView:
    """One look.  Raises ``NotFound``."""
    row = Verification.objects.filter(public_id=verification_id).first()
    if row is None:
        raise NotFound("verification_not_found", _("There is no such verification."))
    return verification_view(row)


def verifications(*, limit: int = 30) -> list[VerificationView]:
    """The newest looks first."""
    return [verification_view(row) for row in Verification.objects.order_by("-finished_at", "-pk")[:limit]]


def trial_balance() -> list[AccountSum]:
    """The sum of every account by points type; each type's accounts sum to zero."""
    rows = PointsEntry.objects.values_list("transaction__wallet__points_type__code", "account")
    sums: dict[str, dict[str, int]] = {}
    for code, account, points in rows.annotate(total=Sum("points")).order_by():
        sums.setdefault(code, {})[account] = points
    return [
        AccountSum(points_type=code, account=account, points=accounts[account])
        for code, accounts in sorted(sums.items())
        for account in (*ACCOUNTS, *sorted(set(accounts) - set(ACCOUNTS)))
        if account in accounts
    ]


def postings_by_day(*, today_ends_at: datetime, days: int = 60) -> list[PostingsOfDay]:
    """How many transactions were recorded on each business day and kind, of the last ``days`` days."""
    zone = ZoneInfo(retailer().time_zone)
    last = today_ends_at.astimezone(zone).date()
    axis = [last - timedelta(days=n) for n in range(days, -1, -1)]
    begins = [datetime.combine(day, time(), zone) for day in axis]
    rows = PointsTransaction.objects.filter(recorded_at__gt=today_ends_at - timedelta(days=days))
    placed = rows.annotate(place=_place(begins, first=0, last=days))
    counted = placed.values_list("place", "kind").annotate(n=Count("id"))
    return [
        PostingsOfDay(day=axis[place], kind=kind, count=count)
        for place, kind, count in counted.order_by("place", "kind")
    ]


def _place(begins: Sequence[datetime], *, first: int, last: int) -> Case | Value:
    """The number of a row's day, by halving: SQLite would ask Python for the local date of every single row."""
    if first == last:
        return Value(first, output_field=IntegerField())
    middle = (first + last + 1) // 2
    before = When(recorded_at__lt=begins[middle], then=_place(begins, first=first, last=middle - 1))
    return Case(before, default=_place(begins, first=middle, last=last), output_field=IntegerField())
