"""All campaigns, as a list and as a month."""

from calendar import Calendar
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import get_day_names
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shuke.apps.campaigns import queries
from shuke.apps.campaigns.schemas import CampaignRow
from shuke.platform.clock import business_date, now
from shuke.platform.languages import babel_locale
from shuke.platform.retailer.queries import retailer
from shuke.web.access import requires
from shuke.web.labels import choices_of
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 50


@requires("campaigns.view")
def campaign_list(request: HttpRequest) -> HttpResponse:
    """Campaigns with their states."""
    state, text = request.GET.get("state", "")[:20], request.GET.get("q", "")[:120]
    page = page_number(request)
    rows, total = queries.campaigns_page(
        limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE, state=state, text=text
    )
    context = {
        "rows": rows,
        "pager": Pager(page, PAGE_SIZE, total),
        "state": state,
        "text": text,
        "states": choices_of("campaign_state"),
    }
    return render(request, "campaigns/list.html", context)


@dataclass(frozen=True)
class Day:
    """One field of the calendar."""

    date: date
    is_in_month: bool
    is_today: bool
    campaigns: list[CampaignRow]


@requires("campaigns.view")
def calendar(request: HttpRequest) -> HttpResponse:
    """One month with the campaigns of each day."""
    today = business_date(now(), retailer().time_zone)
    first = _month(request.GET.get("month", ""), today)
    days = list(Calendar().itermonthdates(first.year, first.month))
    rows = queries.campaigns_between(days[0], days[-1])
    fields = [
        Day(
            day,
            day.month == first.month,
            day == today,
            [row for row in rows if row.starts_on <= day <= row.ends_on],
        )
        for day in days
    ]
    context = {
        "first": first,
        "weeks": [fields[i : i + 7] for i in range(0, len(fields), 7)],
        "weekdays": [
            name for _number, name in sorted(get_day_names("abbreviated", locale=babel_locale()).items())
        ],
        "previous": (first - timedelta(days=1)).strftime("%Y-%m"),
        "next": (first + timedelta(days=32)).strftime("%Y-%m"),
    }
    return render(request, "campaigns/calendar.html", context)


def _month(text: str, today: date) -> date:
    """The first day of ``YYYY-MM``, or of this month for nonsense; years 2000 to 2100."""
    year, _, month = text.partition("-")
    is_number = text.isascii() and year.isdigit() and month.isdigit() and len(text) < 8
    if is_number and 2000 <= int(year) <= 2100 and 1 <= int(month) <= 12:
        return date(int(year), int(month), 1)
    return today.replace(day=1)
