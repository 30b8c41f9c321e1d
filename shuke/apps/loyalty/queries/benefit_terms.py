"""Versions of the benefit terms, and how much is used of them."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Sum

from shuke.apps.loyalty.models import BenefitTerms, BenefitUse
from shuke.apps.loyalty.schemas import BenefitTermsView, BenefitUsage
from shuke.platform.languages import in_language
from shuke.platform.retailer.queries import retailer


def terms_view(row: BenefitTerms) -> BenefitTermsView:
    """The public view of a row."""
    return BenefitTermsView(
        id=row.public_id,
        number=row.number,
        state=row.state,
        starts_on=row.starts_on,
        published_at=row.published_at,
        benefits=row.benefits,
    )


def benefit_versions() -> list[BenefitTermsView]:
    """All versions, the newest first; a draft is among them."""
    return [terms_view(row) for row in BenefitTerms.objects.order_by("-number")]


def benefit_version_on(day: date) -> BenefitTermsView | None:
    """The version that holds on a business day."""
    rows = BenefitTerms.objects.filter(state="published", starts_on__lte=day)
    row = rows.order_by("-starts_on", "-number").first()
    return terms_view(row) if row else None


def benefit_draft() -> BenefitTermsView | None:
    """The version that is being written, if there is one."""
    row = BenefitTerms.objects.filter(state="draft").first()
    return terms_view(row) if row else None


def columns_in_terms(benefits: list[dict[str, Any]]) -> list[str]:
    """Every column that any row of the terms has a cell in, in the order of first use."""
    return list(dict.fromkeys(column for row in benefits for column in row.get("cells", {})))


def benefit_usage(*, today: date) -> list[BenefitUsage]:
    """What is used of each benefit that holds today: in this calendar month, year or in all, net of returns."""
    version, zone = benefit_version_on(today), ZoneInfo(retailer().time_zone)
    found = []
    for row in version.benefits if version else []:
        uses = BenefitUse.objects.filter(benefit=row["code"], hold__state="used")
        if since := _begin(row["period"], today):
            uses = uses.filter(hold__created_at__gte=datetime.combine(since, time.min, tzinfo=zone))
        sums = uses.aggregate(
            uses=Sum(F("quantity") - F("returned")), members=Count("hold__member", distinct=True)
        )
        found.append(
            BenefitUsage(
                code=row["code"],
                name=in_language(row.get("names", {})) or row["code"],
                period=row["period"],
                uses=sums["uses"] or 0,
                members=sums["members"],
            )
        )
    return found


def _begin(period: str, today: date) -> date | None:
    """Membership years begin with each member, so the last twelve months stand for them."""
    if period == "month":
        return today.replace(day=1)
    if period == "year":
        return date(today.year, 1, 1)
    return today - timedelta(days=364) if period == "membership_year" else None
