"""The list of members: filters by traits, by what apps add, and members whom no build has seen yet."""

from datetime import date, timedelta

import pytest
from django.test import Client

from shuke.apps.audiences.operations import create_audience
from shuke.apps.members.operations import create_members, erase_profile
from shuke.apps.members.queries.directory import LONG_LIST, Wanted, directory, preferred_channels
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from shuke.platform.public_data.operations import refresh_public_data
from tests.browser.shop import remembered_shop


@pytest.fixture
def shop(db, lake_home):
    return remembered_shop(lake_home)


def listed(limit=50, offset=0, **wanted):
    rows, total = directory(wanted=Wanted(**wanted), limit=limit, offset=offset)
    return [row.id for row in rows], total


def test_filters_by_traits_and_by_ids(shop):
    today = now().date()
    assert listed(bought="30", today=today) == (shop, 4)
    later = today + timedelta(days=100)
    assert listed(bought="90", today=later) == ([], 0)
    assert set(listed(bought="not90", today=later)[0]) == set(shop)
    assert listed(bought="not365", today=later) == ([], 0)
    assert preferred_channels() == ["store"]
    assert listed(channel="store") == (shop, 4)
    assert listed(channel="web") == ([], 0)
    assert listed(channel="store", sort="newest")[1] == 4

    many = [*shop[:2], *(f"mem_unknown{n}" for n in range(LONG_LIST + 1))]
    assert listed(ids=many) == (shop[:2], 2)
    assert listed(ids=many, sort="newest")[1] == 2
    assert listed(ids=[f"mem_x{n}'" for n in range(LONG_LIST + 1)]) == ([], 0)
    erase_profile(at=now(), member_id=shop[0])
    assert shop[0] not in listed()[0]
    assert shop[0] not in listed(sort="newest")[0]


def test_newcomers_without_traits_stand_at_the_end(shop):
    fresh = [
        ref.public_id
        for ref in create_members(at=now(), source="t", profiles=[MemberProfile(name="New")] * 3)
    ]
    whole, total = listed()
    assert (whole, total) == ([*shop, *reversed(fresh)], 7)
    parts = [member for offset in range(0, 8, 2) for member in listed(limit=2, offset=offset)[0]]
    assert parts == whole, "paging neither repeats nor leaves out"
    assert listed(ids=[fresh[1], shop[2]]) == ([shop[2], fresh[1]], 2)
    assert listed(stage="active")[1] + listed(stage="loyal")[1] + listed(stage="new")[1] <= 4


def client_of(role):
    view = create_user(actor=SYSTEM, at=now(), username=role, password="correct horse 9", role=role)
    client = Client()
    client.force_login(User.objects.get(public_id=view.id))
    return client


def test_an_audience_narrows_the_list_and_a_search(shop):
    tree = {"type": "trait", "field": "frequency", "operator": "ge", "value": 8}
    audience = create_audience(actor=SYSTEM, at=now(), as_of=date(2026, 1, 1), name="Often", conditions=tree)
    client = client_of("viewer")
    page = client.get("/members/", {"audience": audience}).text
    assert f"/members/{shop[0]}/" in page
    assert f"/members/{shop[3]}/" not in page
    assert "selected>Often" in page
    both = client.get("/members/", {"audience": audience, "q": shop[3]}).text
    assert "Nobody found" in both
    everybody = client.get("/members/", {"audience": "aud_unknown"}).text
    assert f"/members/{shop[3]}/" in everybody


def test_the_city_is_named_with_its_province(shop):
    """Shanghai is a city and a province in one: it is named once."""
    refresh_public_data(actor=SYSTEM, at=now(), today=now().date())
    client = client_of("viewer")
    head = client.get(f"/members/{shop[0]}/").text.partition("kpi-grid")[0]
    assert "· Shanghai ·" in " ".join(head.split())
    User.objects.update(language="zh-hans")
    head = client.get(f"/members/{shop[0]}/").text.partition("kpi-grid")[0]
    assert "· 上海 ·" in " ".join(head.split())
