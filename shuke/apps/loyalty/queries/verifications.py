"""What was found when the ledger was verified."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
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
    rows = PointsTransaction.objects.filter(recorded_at__gt=today_ends_at - timedelta(days=days))
    counted = rows.annotate(day=TruncDate("recorded_at", tzinfo=zone)).values_list("day", "kind")
    return [
        PostingsOfDay(day=day, kind=kind, count=count)
        for day, kind, count in counted.annotate(n=Count("id")).order_by("day", "kind")
    ]
