"""Public data: calendars and regions that the lake holds, where they come from, and what days bring."""

from datetime import timedelta

from babel import Locale
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.platform.clock import business_date, now
from shuke.platform.errors import Refused
from shuke.platform.languages import babel_locale
from shuke.platform.public_data.operations import refresh_public_data
from shuke.platform.public_data.queries import public_data, sales_by_day_kind, special_days
from shuke.platform.retailer.queries import retailer
from shuke.sources.public.calendars import countries
from shuke.web.access import actor_of, requires


@requires("settings.view")
def public_data_page(request: HttpRequest) -> HttpResponse:
    """What is held, the coming special days of a country, and sales by kind of day in a year."""
    settings = retailer()
    today = business_date(now(), settings.time_zone)
    held = public_data()
    names = country_names()
    codes = [row.country for row in held.calendars]
    country = request.GET.get("country", "")
    if country not in codes:
        country = held.default_country if held.default_country in codes else next(iter(codes), "")
    yesterday = today - timedelta(days=1)
    context = {
        "held": held,
        "country": country,
        "country_name": names.get(country, country),
        "calendars": [(row, names.get(row.country, row.country)) for row in held.calendars],
        "further": sorted(((c, n) for c, n in names.items() if c not in codes), key=lambda pair: pair[1]),
        "days": special_days(country=country, today=today) if country else [],
        "sales": sales_by_day_kind(country=country, first=yesterday - timedelta(days=364), last=yesterday)
        if country
        else [],
        "currency": settings.currency,
    }
    return render(request, "web/public_data.html", context)


@requires("settings.edit")
@require_POST
def refresh(request: HttpRequest) -> HttpResponse:
    """Take the installed editions in, with a further country where one was chosen."""
    at = now()
    country = request.POST.get("country", "")[:10]
    try:
        done = refresh_public_data(
            actor=actor_of(request),
            at=at,
            today=business_date(at, retailer().time_zone),
            more_countries=[country] if country else [],
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        has_changed = done.calendar_days or done.regions
        told = _("Calendars and regions are taken in.") if has_changed else _("Nothing has changed.")
        messages.success(request, told)
    return redirect("web:public_data")


def country_names() -> dict[str, str]:
    """Countries with a calendar by code, in the reader's language."""
    territories = Locale.parse(babel_locale()).territories
    return {code: str(territories.get(code, code)) for code in countries()}
