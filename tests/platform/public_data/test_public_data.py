"""Public data in the lake: taken in once, extended, refused, shown."""

from datetime import date

import pytest
from django.test import Client
from typer.testing import CliRunner

from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user
from shuke.platform.audit.models import AuditEntry
from shuke.platform.clock import now
from shuke.platform.errors import Invalid
from shuke.platform.permissions import SYSTEM
from shuke.platform.public_data.management.cli import cli
from shuke.platform.public_data.operations import refresh_public_data
from shuke.platform.public_data.queries import public_data, sales_by_day_kind, special_days
from shuke.platform.public_data.rules import country_of, wanted_years
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from tests.browser.shop import open_shop

TODAY = date(2026, 9, 1)


def refresh(**more):
    return refresh_public_data(actor=SYSTEM, at=now(), today=TODAY, **more)


def version(table):
    return lake().file_list(table).version


@pytest.fixture
def home(db, lake_home):
    """The retailer reckons in yuan, so China's days count."""
    return lake_home


def test_the_first_refresh_takes_everything_in_and_the_second_nothing(home):
    done = refresh()
    assert (done.countries, done.regions) == (["CN"], 5410)
    assert done.calendar_days == 365 * 5 + 1, "2023 to 2027, with a leap day"
    versions = version("calendar_days"), version("regions")
    again = refresh()
    assert (again.calendar_days, again.regions) == (0, 0)
    assert (version("calendar_days"), version("regions")) == versions, "nothing was written"
    assert AuditEntry.objects.filter(verb="public_data.refreshed").count() == 1


def test_a_further_country_stays(home):
    refresh()
    refresh(more_countries=["US"])
    held = public_data()
    assert [row.country for row in held.calendars] == ["CN", "US"]
    assert held.calendars[0].makeup_workdays > 10
    assert held.calendars[0].provisional_from is not None
    assert held.calendars[1].provisional_from is None
    assert refresh().countries == ["CN", "US"]
    assert held.regions.countries == 200


def test_an_unknown_country_is_refused_and_changes_nothing(home):
    with pytest.raises(Invalid) as refused:
        refresh(more_countries=["CN", "Atlantis"])
    assert refused.value.details == {"country": ["Atlantis"]}
    assert version("calendar_days") is None


def test_the_next_year_comes_by_itself(home):
    refresh()
    refresh_public_data(actor=SYSTEM, at=now(), today=date(2027, 1, 1))
    assert public_data().calendars[0].last == date(2028, 12, 31)


def test_special_days_are_holidays_make_up_days_and_seasons(home):
    refresh()
    days = {row.day: row for row in special_days(country="CN", today=TODAY, days=120)}
    assert days[date(2026, 10, 1)].holiday_zh == "国庆节"
    assert days[date(2026, 9, 20)].day_kind == "makeup_workday"
    assert days[date(2026, 11, 11)].festivals == ["double_eleven"]
    assert date(2026, 9, 2) not in days


def test_sales_by_kind_of_day_add_up(home):
    open_shop()
    today = now().date()
    refresh_public_data(actor=SYSTEM, at=now(), today=today)
    first = date(today.year - 1, 1, 1)
    rows = sales_by_day_kind(country="CN", first=first, last=today)
    assert sum(row.days for row in rows) == (today - first).days + 1
    with lake().read() as snapshot:
        orders = snapshot.table("orders").filter(lambda t: t.local_date >= first)
        assert sum(row.orders for row in rows) == orders.count().execute()
        assert sum(row.net_minor for row in rows) == orders.paid_minor.sum().execute()


@pytest.mark.parametrize(
    ("time_zone", "currency", "country"),
    [
        ("Asia/Shanghai", "USD", "CN"),
        ("America/New_York", "CNY", "US"),
        ("UTC", "USD", "US"),
        ("UTC", "EUR", ""),
        ("UTC", "XAU", ""),
    ],
)
def test_the_country_of_the_retailer(time_zone, currency, country):
    assert country_of(time_zone=time_zone, currency=currency) == country


def test_a_calendar_reaches_back_to_the_first_fact():
    assert wanted_years(TODAY, first_fact=date(2017, 5, 1)) == (date(2017, 1, 1), date(2027, 12, 31))
    assert wanted_years(TODAY, first_fact=date(1970, 1, 1))[0] == date(1990, 1, 1)


def test_a_retailer_whose_country_is_unknown_gets_the_regions_only(home):
    change_retailer(actor=SYSTEM, at=now(), currency="EUR", time_zone="UTC")
    done = refresh()
    assert (done.countries, done.calendar_days) == ([], 0)
    assert done.regions > 5000


def client_of(role):
    view = create_user(actor=SYSTEM, at=now(), username=role, password="correct horse 9", role=role)
    client = Client()
    client.force_login(User.objects.get(public_id=view.id))
    return client


def test_the_page_takes_in_and_shows(home):
    client = client_of("administrator")
    assert "No calendar yet" in client.get("/settings/public-data/").text
    assert client.post("/settings/public-data/refresh/", {"country": "US"}).status_code == 302
    page = client.get("/settings/public-data/").text
    assert "Coming days in China" in page
    assert "United States" in page
    assert "chinesecalendar" in page
    assert "Coming days in United States" in client.get("/settings/public-data/?country=US").text
    answer = client.post("/settings/public-data/refresh/", {"country": "'; DROP TABLE"}, follow=True)
    assert "There is no calendar of this country" in answer.text
    assert client.get("/settings/public-data/?country=%00%27").status_code == 200


def test_who_may_not_edit_may_not_take_in(home):
    client = client_of("viewer")
    assert client.post("/settings/public-data/refresh/").status_code == 403
    assert client.get("/settings/public-data/").status_code == 403
    assert version("regions") is None


def test_the_command(home):
    runner = CliRunner()
    done = runner.invoke(cli, ["refresh", "--country", "US"])
    assert done.exit_code == 0, done.output
    assert "CN, US" in done.output
    assert "nothing has changed" in runner.invoke(cli, ["refresh"]).output
    assert "chinesecalendar" in runner.invoke(cli, ["show"]).output.replace("\n", "")
    refused = runner.invoke(cli, ["refresh", "--country", "XX"])
    assert refused.exit_code == 1
